"""Start-up by phases and memory by part: a plain nginx, docker run, runc and crun, and what they hold once they run.

Docker's phases are read from the daemon's debug log, the stamp of the first process (stamp.c), and polling each 1 ms for the first 200,
which begins when the command has returned. `at_*` are times since the command was started, `phase_*` the differences.
Single phases and memory at rest are for calibrating; totals, numbers at once and numbers running are for validating. Read first: stacks.py.
"""
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from cutaway.models.costs.measuring.cgroups import OURS, memory_bytes
from cutaway.models.costs.measuring.leftovers import note, remove_cgroups
from cutaway.models.costs.measuring.needs import ENGINE, NAMESPACES, program
from cutaway.models.costs.measuring.points import Bench, Found, Part, Point, Settings
from cutaway.models.costs.measuring.problems import MeasuringError
from cutaway.models.costs.measuring.rows import Subject, Unit, Value
from cutaway.models.costs.measuring.serving import children, descendants, first_200, named, rollup
from cutaway.models.costs.measuring.stacks import CONTAINER_PORT, IN_HOST, NATIVE_PORT, PUBLISHED_PORT, Engine, engine, native_nginx, root

LOCAL = "127.0.0.1"
NATIVE = NAMESPACES | {"nginx", "busybox"}
DOCKER = "docker-proxy"
# What the log says at each point; the first line after the one before.
MARKS = (
    ("at_ping", "HEAD /_ping"), ("at_create_call", "/containers/create"), ("at_create_rootfs_mounted", "container mounted via layerStore"),
    ("at_start_call", "/start"), ("at_network_address", "Assigning addresses for endpoint"),
    ("at_network_ports", "Programming external connectivity"), ("at_network_programmed", " DONE"), ("at_bundle", "bundle dir created"),
    ("at_containerd_created", "topic=/containers/create"), ("at_shim_loop", "starting signal loop"),
    ("at_sandbox_key", "sandbox set key processing took"), ("at_task_created", "topic=/tasks/create"),
    ("at_task_started", "topic=/tasks/start"),
)
PHASES = (
    ("phase_cli_and_ping", "at_cli_start", "at_create_call"), ("phase_api_create", "at_create_call", "at_start_call"),
    ("phase_start_network", "at_start_call", "at_network_programmed"),
    ("phase_start_bundle_to_containerd", "at_network_programmed", "at_containerd_created"),
    ("phase_shim_start", "at_containerd_created", "at_shim_loop"),
    ("phase_runc_create_until_network_done", "at_shim_loop", "at_sandbox_key"),
    ("phase_runc_create_after_network", "at_sandbox_key", "at_task_created"), ("phase_runc_start", "at_task_created", "at_task_started"),
    ("phase_cli_return", "at_task_started", "at_cli_exit"), ("phase_process_to_first_200", "at_process_main", "at_first_200"),
)


def about(what: str, stack: str, params: Mapping[str, Value], command: str, use: str) -> Subject:
    return Subject("lifecycle", what, stack, params, command, Unit("s"), use)


def about_memory(what: str, stack: str, running: int, command: str = "/proc/PID/smaps_rollup of each process") -> Subject:
    return Subject("memory", what, stack, {"running": running}, command, Unit("byte"), "validate" if running > 10 else "calibrate")


def parts(settings: Settings) -> Iterator[Part]:
    rounds = settings.least(10, 2)
    points = [Point("nginx as a plain process", "native", native_start, 0.5, NATIVE),
              Point("docker run by phase, 0 running", DOCKER, partial(docker_run, 0), 2, ENGINE),
              Point("docker run, small commands", "docker", small_commands, 4, ENGINE)]
    points += [Point(f"{runtime} {network}", runtime, partial(oci_runtime, runtime, network), 0.4, NATIVE | {runtime, "own cgroups"})
               for network in ("new", "host") for runtime in ("runc", "crun")]
    yield Part("lifecycle", "starts", "docker run by phase, a plain process, runc against crun, small commands", points, rounds, 2, 8)
    yield Part("lifecycle", "at once", "several containers started at once",
               [Point(f"{number} at once", DOCKER, partial(at_once, number), 1 + 0.5 * number, ENGINE) for number in (1, 2, 4)],
               settings.least(4, 1), 2, 4)
    targets = (0, 10, 25) if not settings.quick else (0, 3)
    yield Part("memory", "by part", "memory of dockerd, containerd, shims, docker-proxy and nginx, by the number of containers",
               [Point("nginx native", "native", native_memory, 1, NATIVE),
                *(Point(f"{running} running", DOCKER, partial(memory, running), 2 + 0.2 * running, ENGINE) for running in targets)],
               settings.least(2, 1), 1, 6)
    for running in targets[1:]:                                             # a part each: numbers that run at once do not interleave
        yield Part("lifecycle", f"beside {running}", f"docker run by phase with {running} containers running already",
                   [Point(f"docker run by phase, {running} running", DOCKER, partial(docker_run, running), 3, ENGINE)],
                   settings.least(4, 1), 2, 4 + 0.6 * running)


def native_start(bench: Bench) -> Iterator[Found]:
    bench.keep(root)                                                        # a folder to be made is no part of the start
    started_s = time.time()
    with native_nginx(bench):
        answered_s = first_200(LOCAL, NATIVE_PORT)
    subject = about("nginx as a plain process, fork to first 200", "native", {}, "nginx -c native.conf; polling each 1 ms", "calibrate")
    yield Found(subject, {"total_first_200": [answered_s - started_s]})


@contextmanager
def warm(bench: Bench) -> Iterator[Engine]:
    """The first start reads everything from disk."""
    one = bench.keep(engine)
    one.remove(one.run_nginx("-p", f"{PUBLISHED_PORT}:{CONTAINER_PORT}"))
    yield one


@contextmanager
def running_containers(bench: Bench, number: int) -> Iterator[None]:
    one, made = bench.keep(warm), list[str]()
    try:
        for port in range(number):
            made.append(one.run_nginx("-p", f"{PUBLISHED_PORT + 1000 + port}:{CONTAINER_PORT}"))
        yield
    finally:
        with suppress(MeasuringError):
            one.remove(*made)


def docker_run(running: int, bench: Bench) -> Iterator[Found]:
    """One docker run -d -p, taken apart by the daemon's log."""
    one = bench.keep(warm)
    if running:
        bench.use(running_containers, running)
    seen, started_s = one.log.stat().st_size, time.time()
    container = one.run_nginx("-p", f"{PUBLISHED_PORT}:{CONTAINER_PORT}")
    at = {"at_cli_start": started_s, "at_cli_exit": time.time()}
    try:
        at["at_first_200"] = first_200(LOCAL, PUBLISHED_PORT)
        at["at_process_main"] = int(Path(f"/proc/{one.pid(container)}/root/stamp.time").read_text()) / 1e9
        at |= dict(marks(one.log.read_bytes()[seen:].decode(errors="replace")))
        values = {name: [moment - started_s] for name, moment in at.items()}
        values |= {phase: [at[end] - at[begin]] for phase, begin, end in PHASES if begin in at and end in at}
        values |= {"phase_total_cli": [at["at_cli_exit"] - started_s], "phase_total_first_200": [at["at_first_200"] - started_s]}
        yield Found(about(
            "docker run -d -p 18080:80 nginx, by phase", DOCKER, {"running_before": running},
            "docker run -d -p 18080:80 nginx; dockerd -D log, stamp as first process, polling each 1 ms for the first 200",
            "calibrate" if running == 0 else "validate"), values)
        took = {}
        for name, command in (("stop", "stop"), ("start_again", "start"), ("rm_force_running", "rm -f")):
            started_s = time.time()
            one.docker(*command.split(), container)
            took[name] = [time.time() - started_s]
        yield Found(about("docker commands one by one (port published)", DOCKER, {"running_before": running},
                          "docker stop|start|rm -f, wall time of the command", "validate"), took)
    finally:
        with suppress(MeasuringError):
            one.remove(container)


def small_commands(bench: Bench) -> Iterator[Found]:
    one, took = bench.keep(warm), dict[str, list[float]]()

    def time_of(name: str, *arguments: str) -> str:
        started_s = time.time()
        said = one.docker(*arguments)
        took[name] = [time.time() - started_s]
        return said

    sleeps = ("nginx", "/bin/busybox", "sleep", "1000")
    made = [time_of("run_network_none", "run", "-d", "--network", "none", *sleeps),
            time_of("run_network_host", "run", "-d", "--network", "host", *sleeps),
            time_of("run_bridge_no_port", "run", "-d", *sleeps)]
    time_of("exec_true", "exec", made[0], "/bin/busybox", "true")
    time_of("version", "version")
    time_of("ps", "ps")
    time_of("run_rm_true_bridge", "run", "--rm", "nginx", "/bin/busybox", "true")
    one.remove(*made)
    yield Found(about("docker run variants and small commands", "docker", {},
                      "docker run -d --network none|host|bridge nginx sleep; docker exec; docker run --rm nginx true; "
                      "wall time of the command", "validate"), took)


def marks(log: str) -> Iterator[tuple[str, float]]:
    lines = iter(log.splitlines())
    for name, text in MARKS:
        for line in lines:
            if text in line and (stamp := re.search(r'time="([^"]+)"', line)):
                yield name, datetime.fromisoformat(stamp[1][:26] + stamp[1][-1:].replace("Z", "+00:00")).timestamp()
                break


def at_once(number: int, bench: Bench) -> Iterator[Found]:
    one = bench.keep(warm)
    started_s, made = time.time(), list[str]()

    def start(port: int) -> tuple[float, float]:
        made.append(one.run_nginx("-p", f"{port}:{CONTAINER_PORT}"))
        return time.time() - started_s, first_200(LOCAL, port) - started_s

    try:
        with ThreadPoolExecutor(number) as pool:
            ended = list(pool.map(start, range(PUBLISHED_PORT + 100, PUBLISHED_PORT + 100 + number)))
        returned, answered = [cli for cli, _ in ended], sorted(answer for _, answer in ended)
        yield Found(about("docker run -d -p, N started at once", DOCKER, {"at_once": number},
                          f"{number} x docker run -d -p PORT:80 nginx in parallel; each polled once its command has returned", "validate"),
                    {"cli_exit_last": [max(returned)], "first_200_first": [answered[0]],
                     "first_200_median": [(answered[(number - 1) // 2] + answered[number // 2]) / 2], "first_200_last": [answered[-1]]})
    finally:
        with suppress(MeasuringError):
            one.remove(*made)


def oci_runtime(runtime: str, network: str, bench: Bench) -> Iterator[Found]:
    """runc and crun on a plain bundle of busybox; in a mount namespace without the empty cgroup v2 mount, which crun refuses."""
    bundle, name, values = bench.keep(bundle_of, network), f"cutaway-{os.getpid()}", dict[str, list[float]]()
    with (bench.folder / "times").open("w+b") as times:
        try:
            for step, arguments in {"create": f"create -b {bundle}", "start": "start", "delete_force": "delete -f"}.items():
                values[step] = [timed(f"{program(runtime)} {arguments} {name}", times.name)]
        finally:
            if "delete_force" not in values:
                subprocess.run([program(runtime), "delete", "-f", name], capture_output=True, check=False)
    values["create_and_start"] = [values["create"][0] + values["start"][0]]
    yield Found(about("OCI runtime create / start / delete", runtime, {"network_namespace": network},
                      f"{runtime} create -b BUNDLE; start; delete -f (busybox root, no seccomp)", "calibrate"), values)


def timed(command: str, times: str, then: str = "true") -> float:
    """The container's process keeps what it is given: no pipe that somebody would wait for. `then` is done after it, in the same mounts."""
    hidden = "umount /sys/fs/cgroup/unified 2>/dev/null"
    whole = [*IN_HOST, "unshare", "-m", "sh", "-c", f"{hidden}; date +%s.%N; {command} >&2 || exit 1; date +%s.%N; {then} >&2"]
    with Path(times).open("wb") as file:
        if subprocess.run(whole, stdout=file, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False, timeout=30).returncode:
            raise MeasuringError(f"{Path(command.split()[0]).name} {command.split()[1]} fails")
    begun, ended = map(float, Path(times).read_text().split())
    return ended - begun


@contextmanager
def bundle_of(bench: Bench, network: str) -> Iterator[Path]:
    bundle = bench.folder / f"bundle-{network}"
    bundle.mkdir()
    subprocess.run([program("runc"), "spec"], cwd=bundle, check=True)
    spec = json.loads((bundle / "config.json").read_text())
    spec["root"] = {"path": str(bench.keep(root)), "readonly": False}
    spec["process"] |= {"terminal": False, "args": ["/bin/busybox", "sleep", "1000"]}
    spec["linux"]["cgroupsPath"] = f"/{OURS}/oci"
    note("cgroup", OURS)
    if network == "host":
        spec["linux"]["namespaces"] = [space for space in spec["linux"]["namespaces"] if space["type"] != "network"]
    (bundle / "config.json").write_text(json.dumps(spec))
    try:
        yield bundle
    finally:
        remove_cgroups(f"{OURS}/oci")


def memory(running: int, bench: Bench) -> Iterator[Found]:
    """/proc/meminfo, and each part's resident, proportional and private memory."""
    one = bench.keep(warm)
    with running_containers(bench, running):
        time.sleep(1)
        info = dict(re.findall(r"(\w+): +(\d+) kB", Path("/proc/meminfo").read_text()))
        names = {"mem_available": "MemAvailable", "mem_free": "MemFree", "cached": "Cached", "slab": "Slab", "kernel_stack": "KernelStack"}
        what = "machine memory with N nginx containers running"
        yield Found(about_memory(what, DOCKER, running, "/proc/meminfo after N docker run -d -p"),
                    {metric: [int(info[name]) * 1024] for metric, name in names.items()})
        masters = [one.pid(container) for container in one.docker("ps", "-q").split()]
        for part, pids in parts_of(one, masters).items():
            if sizes := [rollup(pid) for pid in pids]:
                yield Found(about_memory(f"memory of {part}, one process", DOCKER, running),
                            {metric: [size[metric] for size in sizes] for metric in sizes[0]})
        if groups := [memory_bytes(pid) for pid in masters]:
            yield Found(about_memory("memory cgroup of one nginx container", DOCKER, running, "usage and kernel memory of its cgroup"),
                        {metric: [group[metric] for group in groups] for metric in groups[0]})


def parts_of(one: Engine, masters: list[int]) -> dict[str, list[int]]:
    below = descendants(one.process.pid)
    shims = [int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in masters]
    return {
        "dockerd": [one.process.pid], "containerd": named(below, "containerd"), "containerd-shim": shims,
        "docker-proxy": named(below, "docker-proxy"), "nginx-master": masters,
        "nginx-worker": [worker for pid in masters for worker in children(pid)],
    }


def native_memory(bench: Bench) -> Iterator[Found]:
    with native_nginx(bench) as nginx:
        time.sleep(0.5)
        for part, pid in (("nginx-master", nginx.pid), ("nginx-worker", children(nginx.pid)[0])):
            yield Found(about_memory(f"memory of {part}, one process", "native", 1),
                        {metric: [size] for metric, size in rollup(pid).items()})
