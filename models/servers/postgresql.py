"""PostgreSQL: a process a connection, which carries out one statement after the other and flushes its log before it commits.

Serves: serve. Hands down: receive, compute, flush file, send. The tables are pgbench's at scale 1 and lie in shared buffers, so nothing
is read from a disk. A transaction is pgbench's: one SELECT, or BEGIN, UPDATE, SELECT, INSERT and END (src/bin/pgbench/pgbench.c).
Not modelled: commits that share a flush (WALWriteLock), locks on rows, checkpoints, vacuum, the background writers, connection set-up.
Read first: docs/models/servers/postgresql.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cutaway.models.layer import Fittings, Held
from cutaway.models.operations import Compute, FlushFile, Operation, Serve
from cutaway.models.part import Part
from cutaway.models.placement import CpuNumbers
from cutaway.models.servers.program import Exchange, Program
from cutaway.sim.machine import Disk, Step, Thread

BACKEND = "postgresql"
LOG = "log"
"""The file system and disk that the write-ahead log lies on."""
PAGE_BYTES = 8192
"""A commit writes the page of the log that it stands on (XLOG_BLCKSZ)."""
DISK_BYTES_PER_S = 2_000_000_000
READY_BYTES = 6
"""ReadyForQuery, which ends every answer."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a script: its text with typical numbers, its cost beyond what every statement costs, and its answer."""

    what: str
    text: str
    cost: str
    tag: str
    """The command's tag in CommandComplete."""
    rows_bytes: int = 0
    """RowDescription and DataRow."""

    def exchange(self) -> Exchange:
        """A message is its kind, its length, and a text that ends with a zero."""
        return Exchange(5 + len(self.text) + 1, self.rows_bytes + 5 + len(self.tag) + 1 + READY_BYTES, self.what)


BEGIN = Statement("BEGIN", "BEGIN;", "postgresql begin", "BEGIN")
SELECT = Statement("SELECT", "SELECT abalance FROM pgbench_accounts WHERE aid = 50000;", "postgresql select", "SELECT 1", 46)
UPDATE = Statement("UPDATE", "UPDATE pgbench_accounts SET abalance = abalance + 2500 WHERE aid = 50000;", "postgresql update", "UPDATE 1")
INSERT = Statement(
    "INSERT",
    "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (5, 1, 50000, 2500, CURRENT_TIMESTAMP);",
    "postgresql insert",
    "INSERT 0 1",
)
END = Statement("END", "END;", "postgresql commit", "COMMIT")
SCRIPTS: dict[str, tuple[Statement, ...]] = {"select-only": (SELECT,), "simple-update": (BEGIN, UPDATE, SELECT, INSERT, END)}
COSTS = {statement.what: statement.cost for script in SCRIPTS.values() for statement in script}


class PostgresqlPart(Part):
    """PostgreSQL with pgbench's tables at scale 1."""

    kind: Literal["postgresql"] = "postgresql"
    script: Literal["select-only", "simple-update"] = "select-only"
    """The transaction of every request: `pgbench -S` or `pgbench -N`."""
    cpus: CpuNumbers = ()
    """CPUs of its kernel that its processes may run on; empty for all that are free."""


class Postgresql(Program[PostgresqlPart]):
    """One statement in the process of its connection."""

    thread = BACKEND
    start_cost = "postgresql start"

    def exchanges(self) -> tuple[Exchange, ...]:
        return tuple(statement.exchange() for statement in SCRIPTS[self.part.script])

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Serve(thread=thread, what=what) as asked:
                read = Compute(thread, "postgresql", "read the command", "postgresql statement")
                carry_out = Compute(thread, "postgresql", f"carry out {what}", COSTS[what])
                flush = [FlushFile(thread, PAGE_BYTES, LOG, "log write")] if what == END.what else []
                yield from self.exchange(asked, read, carry_out, *flush)
            case _:
                yield operation

    def fittings(self) -> Fittings:
        backends = Thread(
            name=BACKEND,
            cpus=self.place.cpus,
            group=self.place.group,
            count=self.place.connections,
            poll_ns=self.ns("event loop round"),
            batch=1,
            sleep_ns=self.ns("context switch"),
        )
        flush = self.profile["log flush"]
        log = Disk(LOG, self.place.connections, flush.ns, DISK_BYTES_PER_S, flush.spread)
        return Fittings(threads=(backends,), disks=(log,) if self.part.script == "simple-update" else ())

    @classmethod
    def holds(cls, part: PostgresqlPart) -> tuple[Held, ...]:
        return (
            Held("postgresql: shared buffers and postmaster", "postgresql", "postgresql shared memory"),
            Held("postgresql: a process of a connection", "postgresql", "postgresql backend memory"),
        )

    @classmethod
    def forks(cls, part: PostgresqlPart) -> int:
        return BACKGROUND


BACKGROUND = 5
"""Processes beside the backends: checkpointer, background writer, log writer, autovacuum's and logical replication's launchers."""
