"""MySQL: a thread a connection, which reads one statement, carries it out and answers, and blocks in the read of the next.

Serves: serve. Hands down: receive, compute, send. A transaction is sysbench 0.4.12's of OLTP, read only: BEGIN, ten rows by
key, four ranges of a hundred, COMMIT, all prepared (sysbench/tests/oltp/sb_oltp.c). The table is in memory: nothing is read from a disk.
Not modelled: writing, mutexes of the server and of InnoDB, the query cache, connection set-up, statements that are not prepared.
Read first: docs/models/servers/mysql.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from cutaway.models.layer import Fittings, Held
from cutaway.models.operations import Compute, Operation, Serve
from cutaway.models.part import Part
from cutaway.models.placement import CpuNumbers
from cutaway.models.servers.program import Exchange, Program
from cutaway.sim.machine import Step, Thread

THREAD = "mysql"
POINTS = 10
"""Rows by key in a transaction (--oltp-point-selects)."""
RANGE_ROWS = 100
"""Rows of each range (--oltp-range-size)."""
PACKET_HEADER_BYTES = 4
EXECUTE_BYTES = PACKET_HEADER_BYTES + 1 + 4 + 1 + 4
"""COM_STMT_EXECUTE without parameters: the command, the statement, flags, how often."""
PARAMETERS_BYTES = 2
"""A map of nulls, and that the types are as before."""
INTEGER_BYTES = 4
OK_BYTES = PACKET_HEADER_BYTES + 7
END_BYTES = PACKET_HEADER_BYTES + 5
"""EOF, after the columns and after the rows."""
COUNT_BYTES = PACKET_HEADER_BYTES + 1
"""How many columns."""
FIXED_COLUMN_BYTES = 13
"""Of a column's definition: character set, length, type, flags, decimals, and their length before them."""
BLANK_ROW_BYTES = PACKET_HEADER_BYTES + 3
"""A row of column c, which is filled with blanks, and these end at the first: status, nulls, a string of no length."""
SUM_ROW_BYTES = BLANK_ROW_BYTES + 1
"""A row with a sum of noughts, as text of one digit."""


class MysqlPart(Part):
    """MySQL with sysbench's table, asked for its read-only transaction."""

    kind: Literal["mysql"] = "mysql"
    cpus: CpuNumbers = ()
    """CPUs of its kernel that its threads may run on; empty for all that are free."""


class Mysql(Program[MysqlPart]):
    """One statement in the thread of its connection."""

    thread = THREAD
    start_cost = "mysql start"

    def exchanges(self) -> tuple[Exchange, ...]:
        row = (execute_bytes(1), answer_bytes("sbtest", "c", 1, BLANK_ROW_BYTES))
        many = (execute_bytes(2), answer_bytes("sbtest", "c", RANGE_ROWS, BLANK_ROW_BYTES))
        distinct = (execute_bytes(2), answer_bytes("sbtest", "c", 1, BLANK_ROW_BYTES))
        total = (execute_bytes(2), answer_bytes("", "SUM(k)", 1, SUM_ROW_BYTES))
        return (
            Exchange(EXECUTE_BYTES, OK_BYTES, "BEGIN"),
            *[Exchange(*row, "SELECT")] * POINTS,
            Exchange(*many, "SELECT of a range"),
            Exchange(*total, "SELECT SUM"),
            Exchange(*many, "SELECT ORDER BY"),
            Exchange(*distinct, "SELECT DISTINCT"),
            Exchange(EXECUTE_BYTES, OK_BYTES, "COMMIT"),
        )

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Serve(thread=thread, what=what) as asked:
                yield from self.exchange(asked, Compute(thread, "mysql", f"carry out {what}", "mysql statement"))
            case _:
                yield operation

    def fittings(self) -> Fittings:
        threads = Thread(
            name=THREAD,
            cpus=self.place.cpus,
            group=self.place.group,
            count=self.place.connections,
            batch=1,
            sleep_ns=self.ns("context switch"),
        )
        return Fittings(threads=(threads,))

    @classmethod
    def holds(cls, part: MysqlPart) -> tuple[Held, ...]:
        return (
            Held("mysql: buffer pool and server", "mysql", "mysql memory"),
            Held("mysql: a thread of a connection", "mysql", "mysql connection memory"),
        )


def execute_bytes(parameters: int) -> int:
    """A prepared statement with some integers."""
    return EXECUTE_BYTES + PARAMETERS_BYTES + parameters * INTEGER_BYTES


def answer_bytes(table: str, column: str, rows: int, row_bytes: int) -> int:
    """The definition of one column (catalogue, database, table and column, these two with their own names), and the rows."""
    of_table = table != ""
    names = ("def", "test" if of_table else "", table, table, column, column if of_table else "")
    definition = PACKET_HEADER_BYTES + sum(1 + len(name) for name in names) + FIXED_COLUMN_BYTES
    return COUNT_BYTES + definition + END_BYTES + rows * row_bytes + END_BYTES
