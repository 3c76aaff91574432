"""What there is to see of a Docker host at one instant, as plain data: whoever serves an Engine makes it, the view draws it.

Times are simulated nanoseconds, sizes bytes. It is made anew for each picture and travels between processes.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the API."""

    method: str
    path: str
    """Without the version; ids are short."""
    status: int | None = None
    """None until it is answered."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the terminal."""

    text: str
    kind: str = "output"
    """`command`, `output`, `error`."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the command that is followed, in the model's words."""

    who: str
    what: str
    took_ns: int
    """So far, if it goes on."""
    going: bool = False
    share: float = 1.0
    """How much of it is done, by what it is priced to take."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of the image, the lowest first."""

    size: int
    state: str = "there"
    """`to come`, `loading`, `loaded`, `unpacking`, `there`."""
    share: float = 1.0
    """Done of what the state does."""


@dataclass(frozen=True, slots=True)
class Box:
    """The container that the command is about."""

    name: str
    program: str
    """That it runs, or is to run."""
    runtime: str = "runc"
    is_running: bool = False
    is_paused: bool = False
    exit_code: int | None = None
    """Of its PID 1, once it has ended."""
    is_oom: bool = False
    """The kernel has killed a process of it for want of memory."""
    starting: tuple[str, ...] = ()
    """While it starts: what is done of it, as `who: what`."""
    walls: tuple[str, ...] = ()
    """Name spaces of its own."""
    pid: int = 0
    """On the host; 0 where there is none."""
    kernel: str = ""
    """Release of its own kernel; "" where it runs on the host's."""
    sandbox: str = ""
    """Process of the host in which that kernel is."""
    is_guest: bool = False
    """That kernel is a virtual machine's, and so are the name spaces."""
    memory: int = 0
    """Of its cgroup now; at its end, if that was for want of memory."""
    memory_limit: int = 0
    """0 for none."""
    cpus: float = 0.0
    """CPU time a time that its cgroup may have; 0 for no limit."""
    periods: int = 0
    """In which it has used CPU time, under such a limit."""
    throttled: int = 0
    """Of these, in which it had to wait for the next."""
    bridge: str = ""
    """The host's interface; "" where it has no network of its own."""
    address: str = ""
    ports: tuple[tuple[int, int], ...] = ()
    """Published: the host's, the container's."""


@dataclass(frozen=True, slots=True)
class Meter:
    """What a kind of process uses."""

    name: str
    count: int = 1
    memory: int | None = None
    cpu_ns: int = 0


@dataclass(frozen=True, slots=True)
class Host:
    """The machine."""

    name: str = "host"
    kernel: str = ""
    cpus: int = 2
    disk_used: int = 0
    busy: tuple[str, ...] = ()
    """Who has a CPU, one each."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All of it."""

    title: str = ""
    """The command's verb: `docker run`; a page's `GET /`; "" before anything was asked."""
    client: str = "docker"
    """Who asks, as it names itself."""
    is_page: bool = False
    """A request at a published port is followed, no command."""
    request: Request | None = None
    """The last of the command's."""
    aside: Request | None = None
    """The last of any other, such as of a `docker ps` meanwhile."""
    lines: tuple[Line, ...] = ()
    error: str = ""
    """What the daemon refused it with."""
    steps: tuple[Step, ...] = ()
    held: Step | None = None
    """The step that stands at the gate."""
    held_count: int = 0
    is_holding: bool = False
    speed: float = 1.0
    """Simulated time a time; infinite for leaping."""
    box: Box | None = None
    others: int = 0
    """Further containers that run."""
    layers: tuple[Layer, ...] = ()
    is_writable: bool = False
    """A container has its own layer on top."""
    host: Host = field(default_factory=Host)
    meters: tuple[Meter, ...] = ()
    pages: int = 0
    """Requests at published ports that are under way."""
