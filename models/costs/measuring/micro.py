"""Micro costs: each case is a C program with its options, run in rounds (A B C A B C ...), so that drift falls on all alike.

Read first: the heads of round_trip.c, wake_up.c, costs.c, makings.c and gaps.c.
Client or waker on CPU 0, server or wakee on CPU 1, if not said otherwise.
"""
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from cutaway.models.costs.measuring import cgroups
from cutaway.models.costs.measuring.guest import Guest, guest
from cutaway.models.costs.measuring.needs import ENGINE, GUEST, NAMESPACES
from cutaway.models.costs.measuring.paths import PATHS, docker_proxy, namespaces, paths, run
from cutaway.models.costs.measuring.points import Bench, Found, Part, Point, Settings
from cutaway.models.costs.measuring.problems import MeasuringError
from cutaway.models.costs.measuring.programs import programs
from cutaway.models.costs.measuring.rows import Subject, Unit, Value, counted
from cutaway.models.costs.measuring.stacks import busy_container, engine

LONGEST_S = 60
SAID_BY_WHAT = ("each_connects", "request_bytes")
UNITS = {
    "time_per_op": "ns", "client_cpu_per_op": "ns", "server_cpu_per_op": "ns", "wakee_cpu_per_op": "ns",
    "client_switches_per_op": "1", "server_switches_per_op": "1", "wakee_switches_per_op": "1", "ops": "1",
    "round": "ns", "forth": "ns", "back": "ns", "cost": "ns", "late": "ns", "after": "ns", "burst": "ns", "gaps": "ns",
    "gaps_per_s": "1/s", "gap_share": "1", "gt100us_per_s": "1/s", "gt1ms_per_s": "1/s", "gt5ms_per_s": "1/s",
}
COSTS = (
    "cpu_xorshift_iter", "memcpy_per_KiB", "syscall_getppid", "clock_gettime", "pipe_write_read_noswitch", "ctxswitch_pipe_samecpu",
    "fork_exit_wait", "fork_exec_wait_static", "pagefault_4k", "pagefault_thp_per4k")
FILE_COSTS = ("file_open_read4k_close", "file_pread4k", "file_stat", "file_create_write1_unlink")
DIRECTORIES = {
    "native": {"": "{folder}/disk", "overlay": "{folder}/overlay"},
    "docker": {"overlay-lower": "/lower", "overlay-upper": "/upper"},
    "docker-unconfined": {"overlay-lower": "/lower", "overlay-upper": "/upper"},
    "docker-volume": {"ext4-volume": "/volume"},
    "qemu-tcg": {"rootfs (ramfs)": "/lower"}, "qemu-kvm": {"rootfs (ramfs)": "/lower"},
}
"""Where `costs` reads and creates files, by stack and file system; "" is the temporary folder's, and goes by its own name."""
CONTAINERS = {
    "docker": (), "docker-unconfined": ("--security-opt", "seccomp=unconfined"),
    "docker-volume": ("-v", "{folder}/root/ext4-volume:/volume"),
}
NAMESPACE_KINDS = ("uts", "ipc", "mnt", "pid", "net", "user", "cgroup", "docker5")
HIERARCHIES = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "systemd", "unified")
LINKS = 20


@dataclass(frozen=True)
class Case:
    what: str
    program: str
    options: Mapping[str, Value]
    params: Mapping[str, Value] = field(default_factory=dict)
    stack: str = "native"
    events: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset({"gcc"})

    @property
    def seconds(self) -> float:
        loops = float(self.options.get("repeats", 1)) * float(self.options.get("milliseconds", 20)) / 1000
        return 0.1 + loops

    @property
    def command(self) -> str:
        return " ".join([self.program, *(f"{key}={value}" for key, value in self.options.items())])

    def subject(self) -> Subject:
        return Subject("micro", self.what, self.stack, self.params, self.command, UNITS)


def round_trip(what: str, stack: str = "native", milliseconds: int = 1000, events: bool = False, **params: Value) -> Case:
    options: dict[str, Value] = {**PATHS[stack], **params, "milliseconds": milliseconds}
    shown = {key: value for key, value in params.items() if key not in SAID_BY_WHAT}
    needs = frozenset({"gcc", "two CPUs"}) | (NAMESPACES if "client_net" in options else {"choice of congestion control"})
    if stack == "docker-proxy":
        needs |= {"docker-proxy"}
    return Case(what, "round_trip", options, shown, stack, ("round", "forth", "back") if events else (), needs)


def wake_up(what: str, by: str, wakee: str, milliseconds: int = 1200, pause_us: int = 50, **options: Value) -> Case:
    options = {"by": by, "pause_us": pause_us, "milliseconds": milliseconds, **options}
    events = ("burst",) if "burst" in options else ("cost", "late", "after")
    params: dict[str, Value] = {"by": by, "wakee": wakee, "pause_us": pause_us}
    return Case(what, "wake_up", options, params, "native", events, frozenset({"gcc", "two CPUs"}))


def round_trips() -> Iterator[Case]:
    """The ends of a round trip across two CPUs and on one: asleep, spinning, beside a hog."""
    ends = partial(round_trip, "tcp_round_trip_1B", events=True)
    yield ends(client_cpu=0, milliseconds=1600)
    yield ends(client_cpu=1)
    yield ends(client_cpu=0, client_spins=1)
    for pause_us in (20, 100, 500):
        yield ends(client_cpu=0, client_spins=1, pause_us=pause_us)
    yield ends(client_cpu=0, server_spins=1)
    yield ends(client_cpu=0, client_spins=1, server_spins=1, milliseconds=700)
    for hogs in (1, 2):
        yield ends(client_cpu=0, hogs=hogs, milliseconds=1600)
    yield ends(client_cpu=0, client_spins=1, hogs=1)


def wake_ups() -> Iterator[Case]:
    """A bare wake-up by its means and by where the wakee is."""
    for by in ("eventfd", "futex", "pipe"):
        yield wake_up("wake_up", by, "asleep")
        yield wake_up("wake_up", by, "awake", awake=1, pause_us=20, milliseconds=700)
        yield wake_up("wake_up", by, "beside-a-hog", hogs=1)
        yield wake_up("wake_up", by, "same-cpu", waker_cpu=1, pause_us=20, milliseconds=700)
    # How long a CPU must have been idle before it has halted: until then it is cheap to wake.
    for pause_us in (0, 1, 2, 3, 5, 8, 12, 20, 200, 1000, 4000):
        yield wake_up("wake_up", "eventfd", "asleep", pause_us=pause_us, milliseconds=700)
    yield wake_up("wake_up_then_burst", "eventfd", "asleep", burst=1)
    yield wake_up("wake_up_then_burst", "eventfd", "awake", awake=1, pause_us=20, burst=1, milliseconds=700)
    yield wake_up("wake_up_then_burst", "eventfd", "beside-a-hog", hogs=1, burst=1)
    yield wake_up("wake_up_then_burst", "eventfd", "same-cpu", waker_cpu=1, pause_us=20, burst=1, milliseconds=700)


def gaps() -> Iterator[Case]:
    for cpus in (1, 2):
        yield Case("gaps of a busy loop", "gaps", {"cpus": cpus, "milliseconds": 2000}, {"busy_cpus": cpus}, events=("gaps",),
                   needs=frozenset({"gcc", "two CPUs"}))


def by_path() -> Iterator[Case]:
    for stack in PATHS:
        if stack != "native":                                               # among the round trips
            yield round_trip("tcp_round_trip_1B", stack, client_cpu=1, milliseconds=700)
        yield round_trip("tcp_connect_1B_echo_close", stack, client_cpu=1, each_connects=1, milliseconds=500)
        for reply_bytes in (612, 10240, 102400):
            ends = partial(round_trip, "tcp_response", stack, client_cpu=1, request_bytes=45, reply_bytes=reply_bytes, milliseconds=700)
            yield ends()
            yield ends(file="body")


def by_path_apart() -> Iterator[Case]:
    for stack in PATHS:
        if stack != "native":
            yield round_trip("tcp_round_trip_1B", stack, client_cpu=0, milliseconds=700)
        yield round_trip("tcp_connect_1B_echo_close", stack, client_cpu=0, each_connects=1, milliseconds=500)


def one_of_each_kind(cases: Sequence[Case]) -> list[Case]:
    kinds = {(case.what, case.stack, case.params.get("wakee"), "hogs" in case.params): case for case in reversed(cases)}
    return list(kinds.values())[::-1]


def scaled(case: Case, settings: Settings) -> Case:
    """Shorter runs for a quick look."""
    if not settings.quick:
        return case
    shorter = {name: max(100, int(value) // 4) for name, value in case.options.items() if name == "milliseconds"}
    return Case(case.what, case.program, {**case.options, **shorter}, case.params, case.stack, case.events, case.needs)


def parts(settings: Settings) -> Iterator[Part]:
    rounds = settings.least(6, 1)
    yield Part("micro", "system", "system calls, switches, processes, faults, files: native, in containers, in a guest",
               list(system(settings)), rounds, set_up_seconds=12)
    for name, what, cases in (
        ("wake-ups", "what a wake-up costs both ends and how late it is; gaps of a busy loop", (*wake_ups(), *gaps())),
        ("paths", "round trips, connections and responses by path, on one CPU and on two", (*round_trips(), *by_path(), *by_path_apart())),
    ):
        chosen = [scaled(case, settings) for case in (one_of_each_kind(cases) if settings.quick else cases)]
        yield Part("micro", name, what, [point_of(case) for case in chosen], rounds, 2, 2)
    yield Part("micro", "making", "namespaces, cgroups, overlay mounts, links and rules: what a container is made of",
               list(making(settings)), settings.least(3, 1), 2)


def point_of(case: Case) -> Point:
    return Point(case.subject().name, case.stack, partial(once, case), case.seconds, case.needs)


def once(case: Case, bench: Bench) -> list[Found]:
    folder = bench.keep(files)
    if "client_net" in case.options:
        bench.keep(paths)
    if case.stack == "docker-proxy":
        bench.keep(docker_proxy)
    command = [str(bench.keep(programs) / case.program), *case.command.split()[1:], f"samples={folder}/samples"]
    values = figures(ran(command, folder))
    events = {name: counted(np.fromfile(folder / f"samples.{name}", np.int64)) for name in case.events}
    return [Found(case.subject(), values, events)]


def ran(command: Sequence[str], folder: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=LONGEST_S, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        raise MeasuringError(f"{Path(command[0]).name} fails: {said}")
    return done.stdout


def figures(printed: str) -> Mapping[str, list[float]]:
    found = json.loads(printed)
    return {metric: value if isinstance(value, list) else [value] for metric, value in found.items() if metric != "ops"}


# --- the same small things on several stacks ---------------------------------------------------------------------------------------


def system(settings: Settings) -> Iterator[Point]:
    """By cost, then by stack, so that the stacks of a cost stand beside each other in time."""
    stacks = ("native", *CONTAINERS, "qemu-tcg", "qemu-kvm")
    for cost in COSTS:
        for stack in stacks:
            if stack != "docker-volume":
                yield small(settings, cost, stack, {})
    for cost in FILE_COSTS:
        for stack in stacks:
            for kind, directory in DIRECTORIES[stack].items():
                file_system = kind or file_system_of(tempfile.gettempdir())
                creates = cost == "file_create_write1_unlink"
                if not creates or kind not in ("overlay-lower", "overlay"):
                    yield small(settings, cost, stack, {"directory": directory}, file_system)
    for what, client_cpu in (("tcp_lo_rtt_samecpu", 1), ("tcp_lo_rtt_crosscpu", 0)):
        for stack in stacks:
            if stack != "docker-volume" and not (client_cpu == 0 and stack.startswith("qemu")):
                yield loopback(settings, what, client_cpu, stack)


def needs_of(stack: str) -> frozenset[str]:
    if stack == "native":
        return frozenset({"gcc"})
    return GUEST | ({"kvm"} if stack == "qemu-kvm" else frozenset()) if stack.startswith("qemu") else ENGINE


def small(settings: Settings, cost: str, stack: str, options: Mapping[str, Value], file_system: str = "") -> Point:
    options = {"cost": cost, "repeats": settings.least(15, 5), "milliseconds": settings.least(20, 4), **options}
    needs = needs_of(stack)
    if cost == "fork_exec_wait_static":
        needs |= {"busybox"}
    if file_system == "overlay":
        needs |= {"root", "unshare"}
    return point_on(Case(cost, "costs", options, {"fs": file_system} if file_system else {}, stack, (), needs))


def loopback(settings: Settings, what: str, client_cpu: int, stack: str) -> Point:
    """Both ends in the same place, over its own loopback."""
    options: dict[str, Value] = {"client_cpu": client_cpu, "port": 18990, "milliseconds": settings.least(500, 150)}
    needs = needs_of(stack) if stack.startswith("qemu") else needs_of(stack) | {"two CPUs", "choice of congestion control"}
    return point_on(Case(what, "round_trip", options, {}, stack, (), needs))


def point_on(case: Case) -> Point:
    return Point(case.subject().name, case.stack, partial(on_stack, case), case.seconds + (case.stack != "native") * 0.15, case.needs)


def on_stack(case: Case, bench: Bench) -> list[Found]:
    if case.stack == "native":
        folder = bench.keep(files)
        words = [word.format(folder=folder) for word in case.command.split()[1:]]
        command = [str(bench.keep(programs) / case.program), *words]
        printed = ran(seen_through_overlay(folder, command) if case.params.get("fs") == "overlay" else command, folder)
    elif case.stack in CONTAINERS:
        options = [option.format(folder=bench.folder) for option in CONTAINERS[case.stack]]
        made = bench.use(small_container, *options)
        printed = bench.keep(engine).docker("exec", made, f"/{case.program}", *case.command.split()[1:])
    else:
        one: Guest = bench.use(guest, case.stack, 256)
        words = [word for word in case.command.split()[1:] if not word.startswith("client_cpu")]
        on_one_cpu = "client_cpu=0 server_cpu=0" if case.program == "round_trip" else "cpu=0"
        printed = one.said(f"/{case.program} {' '.join(words)} {on_one_cpu}", LONGEST_S)
    found = figures(printed)
    return [Found(case.subject(), {"time_per_op": found["time_per_op"]})]


@contextmanager
def small_container(bench: Bench, *options: str) -> Iterator[str]:
    """Sleeps; has a file of its own in its upper layer."""
    made = bench.use(busy_container, *options)
    bench.keep(engine).docker("exec", made, "sh", "-c", "mkdir /upper && busybox cp /lower/measured /upper/measured")
    yield made


@contextmanager
def files(bench: Bench) -> Iterator[Path]:
    """A body to send, and a directory on the disk's own file system."""
    folder = bench.folder / "files"
    for name in ("disk", "lower"):
        (folder / name).mkdir(parents=True)
        (folder / name / "measured").write_bytes(bytes(4096))
    (folder / "body").write_bytes(bytes(1 << 20))
    yield folder


def seen_through_overlay(folder: Path, command: Sequence[str]) -> list[str]:
    """In a mount namespace of its own with an overlay of a lower layer, as a container sees the files of its image."""
    for name in ("upper", "work", "overlay"):
        (folder / name).mkdir(exist_ok=True)
    layers = f"lowerdir={folder}/lower,upperdir={folder}/upper,workdir={folder}/work"
    return ["unshare", "-m", "sh", "-c", f'mount -t overlay overlay -o {layers} {folder}/overlay && exec "$0" "$@"', *command]


def file_system_of(path: str) -> str:
    """By the mount that holds it."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    return max((point, kind) for point, kind in mounts if path == point or path.startswith(point.rstrip("/") + "/"))[1]


# --- what a container is made of ---------------------------------------------------------------------------------------------------


def making(settings: Settings) -> Iterator[Point]:
    repeats = settings.least(15, 5)
    needs = frozenset({"gcc", "root"})
    for kind in NAMESPACE_KINDS:
        command = f"makings make=unshare kind={kind} repeats={repeats}"
        yield Point(f"unshare {kind}", "native", partial(made_namespace, kind, command), 0.05, needs)
    for hierarchy in HIERARCHIES if cgroups.version() == 1 else ("unified",):
        if (hierarchy == "unified" and cgroups.version() == 2) or (cgroups.TOP / hierarchy).is_dir():
            command = f"makings make=cgroup directory={hierarchy} repeats={repeats}"
            yield Point(f"cgroup {hierarchy}", "native", partial(made_cgroup, hierarchy, command), 0.05, needs | {"own cgroups"})
    for layers in (1, 2, 6):
        command = f"makings make=overlay layers={layers} repeats={repeats}"
        yield Point(f"overlay of {layers}", "native", partial(made_overlay, layers, command), 0.05, needs)
    yield Point("links", "native", made_links, 3, NAMESPACES)


def made(what: str, command: str, values: Sequence[float], **params: Value) -> Found:
    return Found(Subject("micro", what, "native", params, command, Unit("ns")), {"time_per_op": values})


def made_namespace(kind: str, command: str, bench: Bench) -> list[Found]:
    found = figures(ran([str(bench.keep(programs) / "makings"), *command.split()[1:]]))
    return [made(f"unshare_{kind}", command, found["unshare"])]


def made_cgroup(hierarchy: str, command: str, bench: Bench) -> list[Found]:
    folder = bench.use(cgroups.own, "making", hierarchy)
    words = [word for word in command.split()[1:] if not word.startswith("directory")]
    found = figures(ran([str(bench.keep(programs) / "makings"), *words, f"directory={folder}"]))
    return [made(f"cgroup_{step}_{hierarchy}", command, found[step]) for step in ("mkdir", "attach", "rmdir")]


def made_overlay(layers: int, command: str, bench: Bench) -> list[Found]:
    folder = bench.folder / f"layers-{layers}"
    folder.mkdir(exist_ok=True)
    found = figures(ran([str(bench.keep(programs) / "makings"), *command.split()[1:], f"directory={folder}"]))
    return [made(f"overlay_{step}_{layers}lower", command, found[step], lower_dirs=layers) for step in ("mount", "umount")]


def made_links(bench: Bench) -> list[Found]:
    """veth pairs, bridges and a rule, by the programs that make them, in a namespace of their own."""
    bench.use(namespaces, "cw-links", "cw-moved")
    into = ["ip", "-n", "cw-links"]
    batch = f"ip -batch of {LINKS} operations less one empty ip process, / {LINKS}; *_incl_* contain a process start"
    empty_ns = min(timed([*into, "-batch", "-"], "") for _ in range(3))

    def each(line: str) -> float:
        lines = "".join(line.format(number) + "\n" for number in range(LINKS))
        return (timed([*into, "-batch", "-"], lines) - empty_ns) / LINKS

    found = {
        "ip_process": empty_ns,
        "bridge_create_up": each("link add cwb{0} up type bridge"),
        "veth_pair_create": each("link add cwv{0} type veth peer name cww{0}"),
        "veth_attach_bridge": each("link set cwv{0} master cwb0"),
        "veth_move_to_netns": each("link set cww{0} netns cw-moved"),
        "veth_up_host_side": each("link set cwv{0} up"),
        "veth_delete_incl_ip_process": timed([*into, "link", "del", "cwv0"], ""),
        "bridge_delete": each("link del cwb{0}"),
        "iptables_rule_add_incl_process": timed(
            ["ip", "netns", "exec", "cw-links", "iptables", "-A", "FORWARD", "-s", "10.9.9.9", "-j", "ACCEPT"], ""),
    }
    for number in range(1, LINKS):
        run(f"ip -n cw-links link del cwv{number}")
    run("ip netns exec cw-links iptables -F FORWARD")
    # A difference below nothing was a disturbance, and says nothing of the operation.
    return [made(what, batch, [value_ns]) for what, value_ns in found.items() if value_ns > 0]


def timed(command: Sequence[str], given: str) -> float:
    started_ns = time.perf_counter_ns()
    subprocess.run(command, input=given, text=True, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter_ns() - started_ns
