"""The parts that a stack can have: their kinds, the server programs with the load generators that ask them, and their one order.

Serves: `Parts.of`, from the parts of a scenario to a stack that can stand. A new program is entered in `PROGRAMS` and in `StackPart`.
Read first: docs/models/stack.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, Union

from pydantic import Field

from cutaway.models.clients import Client, ClosedLoopPart, OpenLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.generators.pgbench import Pgbench
from cutaway.models.generators.reconnecting import Reconnecting
from cutaway.models.generators.redis_benchmark import RedisBenchmark
from cutaway.models.generators.sysbench import Sysbench
from cutaway.models.guest import GuestLinuxPart
from cutaway.models.hardware import HardwarePart
from cutaway.models.hypervisor import KvmPart
from cutaway.models.kernel import LinuxPart
from cutaway.models.part import Part
from cutaway.models.servers.mysql import Mysql, MysqlPart
from cutaway.models.servers.nginx import Nginx, NginxPart
from cutaway.models.servers.postgresql import Postgresql, PostgresqlPart
from cutaway.models.servers.program import Program
from cutaway.models.servers.python_app import PythonApp, PythonAppPart
from cutaway.models.servers.redis import Redis, RedisPart


@dataclass(frozen=True, slots=True)
class Served:
    """A server program, and the load generator that speaks its protocol."""

    program: type[Program[Any]]
    client: type[Client]


ProgramPart = MysqlPart | NginxPart | PostgresqlPart | PythonAppPart | RedisPart
PROGRAMS: dict[type[Part], Served] = {
    MysqlPart: Served(Mysql, Sysbench),
    NginxPart: Served(Nginx, Client),
    PostgresqlPart: Served(Postgresql, Pgbench),
    PythonAppPart: Served(PythonApp, Reconnecting),
    RedisPart: Served(Redis, RedisBenchmark),
}
"""What may be on top of a stack."""

ServerPart = Annotated[Union[MysqlPart, NginxPart, PostgresqlPart, PythonAppPart, RedisPart], Field(discriminator="kind")]  # noqa: UP007
"""A server program, by its `kind`."""
StackPart = Annotated[
    Union[  # noqa: UP007
        HardwarePart, LinuxPart, KvmPart, GuestLinuxPart, DockerPart, MysqlPart, NginxPart, PostgresqlPart, PythonAppPart, RedisPart
    ],
    Field(discriminator="kind"),
]
"""One layer of a stack, by its `kind`."""
LoadPart = Annotated[Union[ClosedLoopPart, OpenLoopPart], Field(discriminator="kind")]  # noqa: UP007
"""The load, by its `kind`."""
LAYER_KINDS: tuple[type[Part], ...] = (HardwarePart, LinuxPart, KvmPart, GuestLinuxPart, DockerPart, *PROGRAMS)
"""The parts that stacks are made of, bottom to top; of the programs a stack has one."""

P = TypeVar("P", bound=Part)


class StackError(Exception):
    """A stack that cannot stand: what is wrong, and what would do."""


@dataclass(frozen=True)
class Parts:
    """The parts of a stack, each in its place."""

    hardware: HardwarePart
    linux: LinuxPart
    kvm: KvmPart | None
    guest: GuestLinuxPart | None
    docker: DockerPart | None
    program: ProgramPart

    @property
    def served(self) -> Served:
        """The program's layer and its load generator."""
        return PROGRAMS[type(self.program)]

    @classmethod
    def of(cls, stack: Sequence[Part]) -> Parts:
        """In the one order in which they can stand."""
        kinds = [type(part) for part in stack]
        for kind in kinds:
            if kind not in LAYER_KINDS:
                raise StackError(f"'{kind_of(kind)}' is no layer of a stack; expected one of {', '.join(map(kind_of, LAYER_KINDS))}.")
            if kinds.count(kind) > 1:
                raise StackError(f"'{kind_of(kind)}' stands in the stack {kinds.count(kind)} times; expected once.")
        programs = [part for part in stack if isinstance(part, ProgramPart)]
        if len(programs) > 1:
            raise StackError(f"the stack has {' and '.join(part.kind for part in programs)}; expected one server program.")
        if [LAYER_KINDS.index(kind) for kind in kinds] != sorted(LAYER_KINDS.index(kind) for kind in kinds):
            order = [kind_of(kind) for kind in LAYER_KINDS if kind in kinds]
            raise StackError(f"the stack is written bottom to top: expected {', '.join(order)}.")
        if missing := [kind for kind in (HardwarePart, LinuxPart) if kind not in kinds]:
            raise StackError(f"the stack has no '{kind_of(missing[0])}'.")
        if not programs:
            raise StackError(f"the stack has no server program; expected one of {', '.join(map(kind_of, PROGRAMS))}.")
        if (KvmPart in kinds) != (GuestLinuxPart in kinds):
            raise StackError("'kvm' and 'guest linux' go together: a virtual machine has an operating system of its own.")

        def only(kind: type[P]) -> P | None:
            return next((part for part in stack if isinstance(part, kind)), None)

        def the(kind: type[P]) -> P:
            found = only(kind)
            assert found is not None
            return found

        return cls(the(HardwarePart), the(LinuxPart), only(KvmPart), only(GuestLinuxPart), only(DockerPart), programs[0])


def kind_of(part: type[Part]) -> str:
    """How a scenario calls it."""
    return str(part.model_fields["kind"].default)
