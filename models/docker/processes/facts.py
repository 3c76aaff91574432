"""What a kernel and a network show of themselves to the processes of a container."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cutaway.models.docker.processes.station import Demand


@dataclass(frozen=True)
class Machine:
    """The Docker host: the machine, or the virtual machine, whose kernel all containers share."""

    name: str
    cpus: int
    memory: int
    """Bytes."""
    kernel: str
    """As `uname -r`."""
    kernel_version: str
    """As `uname -v`."""
    operating_system: str
    architecture: str = "x86_64"
    cgroup: int = 2
    """Version of its cgroups."""
    slice_ns: int = 1_400_000
    """EEVDF's base slice while threads compete; Linux's own for two CPUs."""
    tick_ns: int = 4_000_000
    """Between two ticks of the kernel, at which slices and quotas are looked at."""


@dataclass
class Interface:
    """A network interface in a container."""

    name: str
    index: int
    peer: int
    """Index of the veth's other end, on the host; 0 for none."""
    address: str
    prefix: int
    mac: str
    mtu: int = 1500
    received: int = 0
    """Bytes."""
    sent: int = 0
    gateway: str = ""


@dataclass
class Facts:
    """What is asked by `uname`, `ip`, `df`, `mount`, /proc and their like."""

    machine: Machine
    container: str
    """Its id."""
    interfaces: list[Interface] = field(default_factory=list)
    resolve: Callable[[str], list[str]] = lambda name: []
    """Addresses of a name; none if there is none."""
    reach: Callable[[str, int, str], object | None] = lambda address, port, protocol: None
    """Who listens at an address, as the networks of the container lead there."""
    cost: Callable[[str], int] = lambda name: 0
    """A cost of the host's profile, in nanoseconds or bytes."""
    demand: Callable[[str, int], Demand | None] = lambda program, size: None
    """What a request to a program costs that answers with so many bytes; None where no stack is known for it."""
    capabilities: frozenset[str] = frozenset()
    """Of root's processes in it."""
    files_limit: int = 0
    """Files that a process may have open."""
    memory_used: Callable[[], int] = lambda: 0
    """Bytes that the host's processes hold, and what they have in memory."""
    load: Callable[[], str] = lambda: ""
    """/proc/loadavg."""
    disk: Callable[[], tuple[int, int]] = lambda: (0, 0)
    """Bytes of the host's disk, and how many of them are used."""
    messages: tuple[str, ...] | None = None
    """What `dmesg` shows; None where Docker's filter keeps the host's from containers."""
