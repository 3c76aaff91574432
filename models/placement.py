"""Where threads run: the kernels of a machine by name, and the numbers of CPUs as a scenario writes them.

The host's CPUs are `cpu0`, `cpu1`, ..., a guest's `guest cpu0`, ..., those of a client on another machine `client cpu0`, ...
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field


def _as_tuple(found: Any) -> Any:
    return tuple(found) if isinstance(found, list) else found


CpuNumbers = Annotated[tuple[Annotated[int, Field(ge=0, le=4095)], ...], BeforeValidator(_as_tuple)]
"""`[0, 1]`: CPUs by number; empty for all that are free."""


@dataclass(frozen=True, slots=True)
class Site:
    """One kernel: its name among the machine's kernels, the layer that its work is charged to, and its interrupt thread."""

    kernel: str
    layer: str
    softirq: str
    cpu_prefix: str

    def cpus(self, numbers: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(f"{self.cpu_prefix}{number}" for number in numbers)


HOST = Site("host", "host kernel", "softirq", "cpu")
GUEST = Site("guest", "guest kernel", "guest softirq", "guest cpu")
CLIENT = Site("client machine", "client", "client softirq", "client cpu")
