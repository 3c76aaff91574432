"""Start-up by phases and memory by part: a plain nginx, docker run, runc and crun, and what they hold once they run.

    python -m cutaway.models.costs.measuring.life_cycle OUT.jsonl [--rounds N]

Docker's phases are read from the daemon's debug log, the stamp of the first process (stamp.c), and polling each 1 ms for the first 200,
which begins when the command has returned. `at_*` are times since the command was started, `phase_*` the differences.
Single phases and memory at rest are for calibrating; totals, numbers at once and numbers running are for validating. Read first: stacks.py.
"""
import argparse
import ctypes
import http.client
import json
import os
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from cutaway.models.costs.measuring.calm import Watch, clean_up_when_told_to_stop, wait_until_calm
from cutaway.models.costs.measuring.rows import Run, Subject, rows, write
from cutaway.models.costs.measuring.stacks import (
    CONTAINER_PORT,
    IN_HOST,
    NATIVE_PORT,
    PUBLISHED_PORT,
    Trial,
    children,
    descendants,
    named,
    trial,
)

PATIENCE_S = 30.0
DOCKER, CLONE_NEWNET = "docker-proxy", 0x40000000
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


class Book:
    """Runs by subject, as they come in; rows at the end."""

    def __init__(self) -> None:
        self.subjects: dict[str, Subject] = {}
        self.runs: dict[str, list[Run]] = {}

    def add(self, subject: Subject, values: Mapping[str, Iterable[float]], watch: Watch) -> None:
        self.subjects[subject.name] = subject
        self.runs.setdefault(subject.name, []).append(Run({name: list(value) for name, value in values.items()}, watch.read()))
        print(subject.name, {name: list(value)[:1] for name, value in values.items()}, self.runs[subject.name][-1].calm, flush=True)

    def write(self, path: Path) -> None:
        write(path, (row for name, subject in self.subjects.items() for row in rows(subject, self.runs[name])))


class Unit(dict[str, str]):
    """Every metric of a group is in the same unit."""

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def __missing__(self, metric: str) -> str:
        return self.unit


def about(what: str, stack: str, params: Mapping[str, str | int], command: str, use: str) -> Subject:
    return Subject("lifecycle", what, stack, params, command, Unit("s"), use)


def about_memory(what: str, stack: str, running: int, command: str = "/proc/PID/smaps_rollup of each process") -> Subject:
    return Subject("memory", what, stack, {"running": running}, command, Unit("byte"), "validate" if running > 10 else "calibrate")


def first_200(port: int) -> float:
    """The time at which the server answered on the engine's loopback: asked from a thread that has entered its namespace."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_first_200, port).result()


def _first_200(port: int) -> float:
    enter("cw-engine")
    give_up_s = time.monotonic() + 5
    while time.monotonic() < give_up_s:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=0.2)
        try:
            connection.request("GET", "/f612")
            if connection.getresponse().status == 200:
                return time.time()
        except OSError:
            time.sleep(0.001)
        finally:
            connection.close()
    raise TimeoutError(f"port {port} has not answered within 5 s")


def enter(namespace: str) -> None:
    """This thread enters a network namespace, for good."""
    with Path(f"/run/netns/{namespace}").open() as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")


def native_start(one: Trial, book: Book) -> None:
    subject = about("nginx as a plain process, fork to first 200", "native", {}, "nginx -c native.conf; polling each 1 ms", "calibrate")
    wait_until_calm(PATIENCE_S)
    watch, started_s = Watch(), time.time()
    nginx = one.native_nginx()
    answered_s = first_200(NATIVE_PORT)
    book.add(subject, {"total_first_200": [answered_s - started_s]}, watch)
    nginx.terminate()
    nginx.wait(10)


def docker_run(one: Trial, book: Book, running: int) -> None:
    """One docker run -d -p, taken apart by the daemon's log."""
    subject = about("docker run -d -p 18080:80 nginx, by phase", DOCKER, {"running_before": running},
                    "docker run -d -p 18080:80 nginx; dockerd -D log, stamp as first process, polling each 1 ms for the first 200",
                    "calibrate" if running == 0 else "validate")
    wait_until_calm(PATIENCE_S)
    seen, watch, started_s = one.log.stat().st_size, Watch(one.processes), time.time()
    container = one.run_nginx("-p", f"{PUBLISHED_PORT}:{CONTAINER_PORT}")
    at = {"at_cli_start": started_s, "at_cli_exit": time.time()}
    at["at_first_200"] = first_200(PUBLISHED_PORT)
    pid = one.inspect(container)["State"]["Pid"]
    at["at_process_main"] = int(Path(f"/proc/{pid}/root/stamp.time").read_text()) / 1e9
    at |= dict(marks(one.log.read_bytes()[seen:].decode()))
    values = {name: [moment - started_s] for name, moment in at.items()}
    values |= {phase: [at[end] - at[begin]] for phase, begin, end in PHASES if begin in at and end in at}
    values |= {"phase_total_cli": [at["at_cli_exit"] - started_s], "phase_total_first_200": [at["at_first_200"] - started_s]}
    book.add(subject, values, watch)
    subject = about("docker commands one by one (port published)", DOCKER, {"running_before": running},
                    "docker stop|start|rm -f, wall time of the command", "validate")
    for name, command in (("stop", "stop"), ("start_again", "start"), ("rm_force_running", "rm -f")):
        watch, started_s = Watch(one.processes), time.time()
        one.docker(*command.split(), container)
        book.add(subject, {name: [time.time() - started_s]}, watch)


def marks(log: str) -> Iterator[tuple[str, float]]:
    lines = iter(log.splitlines())
    for name, text in MARKS:
        for line in lines:
            if text in line and (stamp := re.search(r'time="([^"]+)"', line)):
                yield name, datetime.fromisoformat(stamp[1][:26] + stamp[1][-1:].replace("Z", "+00:00")).timestamp()
                break


def at_once(one: Trial, book: Book, number: int) -> None:
    subject = about("docker run -d -p, N started at once", DOCKER, {"at_once": number},
                    f"{number} x docker run -d -p PORT:80 nginx in parallel; each polled once its command has returned", "validate")
    wait_until_calm(PATIENCE_S)
    watch, started_s = Watch(one.processes), time.time()

    def start(port: int) -> tuple[float, float]:
        one.run_nginx("-p", f"{port}:{CONTAINER_PORT}")
        return time.time() - started_s, first_200(port) - started_s

    with ThreadPoolExecutor(number) as pool:
        ended = list(pool.map(start, range(PUBLISHED_PORT + 100, PUBLISHED_PORT + 100 + number)))
    returned, answered = [cli for cli, _ in ended], [answer for _, answer in ended]
    book.add(subject, {"cli_exit_last": [max(returned)], "first_200_first": [min(answered)], "first_200_last": [max(answered)]}, watch)
    one.remove_all()


def runtimes(one: Trial, book: Book) -> None:
    """runc and crun on a plain bundle of busybox; in a mount namespace without the empty cgroup v2 mount, which crun refuses."""
    for network in ("new", "host"):
        for runtime in ("runc", "crun"):
            subject = about("OCI runtime create / start / delete", runtime, {"network_namespace": network},
                            f"{runtime} create -b BUNDLE; start; delete -f (busybox root, no seccomp)", "calibrate")
            bundle = one.folder / f"bundle-{runtime}-{network}"
            if not bundle.exists():
                make_bundle(one, bundle, network)
            wait_until_calm(PATIENCE_S)
            name, values = f"cw-{os.getpid()}", {}
            watch = Watch()
            for step, arguments in {"create": f"create -b {bundle}", "start": "start", "delete_force": "delete -f"}.items():
                timed = f"date +%s.%N; {runtime} {arguments} {name} >&2; date +%s.%N"
                command = [*IN_HOST, "unshare", "-m", "sh", "-c", f"umount /sys/fs/cgroup/unified; {timed}"]
                # The container's process keeps what it is given: no pipe that somebody would wait for.
                with (one.folder / "times").open("w+b") as times:
                    subprocess.run(command, stdout=times, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True)
                begun, ended = map(float, (one.folder / "times").read_text().split())
                values[step] = [ended - begun]
            values["create_and_start"] = [values["create"][0] + values["start"][0]]
            book.add(subject, values, watch)


def make_bundle(one: Trial, bundle: Path, network: str) -> None:
    bundle.mkdir()
    subprocess.run(["runc", "spec"], cwd=bundle, check=True)
    spec = json.loads((bundle / "config.json").read_text())
    spec["root"] = {"path": str(one.root), "readonly": False}
    spec["process"] |= {"terminal": False, "args": ["/bin/busybox", "sleep", "1000"]}
    if network == "host":
        spec["linux"]["namespaces"] = [space for space in spec["linux"]["namespaces"] if space["type"] != "network"]
    (bundle / "config.json").write_text(json.dumps(spec))


def memory(one: Trial, book: Book, running: int) -> None:
    """/proc/meminfo, and each part's resident, proportional and private memory."""
    time.sleep(1)
    watch, info = Watch(one.processes), dict(re.findall(r"(\w+): +(\d+) kB", Path("/proc/meminfo").read_text()))
    names = {"mem_available": "MemAvailable", "mem_free": "MemFree", "cached": "Cached", "slab": "Slab", "kernel_stack": "KernelStack"}
    subject = about_memory("machine memory with N nginx containers running", DOCKER, running, "/proc/meminfo after N docker run -d -p")
    book.add(subject, {metric: [int(info[name]) * 1024] for metric, name in names.items()}, watch)
    for part, pids in parts(one).items():
        if sizes := [rollup(pid) for pid in pids]:
            subject = about_memory(f"memory of {part}, one process", DOCKER, running)
            book.add(subject, {metric: [size[metric] for size in sizes] for metric in sizes[0]}, watch)
    if groups := [path.parent for path in Path("/sys/fs/cgroup/memory/docker").glob("*/memory.usage_in_bytes")]:
        used = {"usage": "memory.usage_in_bytes", "kmem": "memory.kmem.usage_in_bytes"}
        values = {metric: [int((group / name).read_text()) for group in groups] for metric, name in used.items()}
        book.add(about_memory("memory cgroup of one nginx container", DOCKER, running, " and ".join(used.values())), values, watch)


def parts(one: Trial) -> dict[str, list[int]]:
    below = descendants(one.engine.pid)
    masters = [one.inspect(container)["State"]["Pid"] for container in one.docker("ps", "-q").split()]
    shims = [int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in masters]
    return {
        "dockerd": [one.engine.pid], "containerd": named(below, "containerd"), "containerd-shim": shims,
        "docker-proxy": named(below, "docker-proxy"), "nginx-master": masters,
        "nginx-worker": [worker for pid in masters for worker in children(pid)],
    }


def rollup(pid: int) -> dict[str, float]:
    found = dict(re.findall(r"(\w+): +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text()))
    kib = {name: int(value) * 1024 for name, value in found.items()}
    return {"rss": kib["Rss"], "pss": kib["Pss"], "private": kib["Private_Clean"] + kib["Private_Dirty"], "pss_anon": kib["Pss_Anon"]}


def native_memory(one: Trial, book: Book) -> None:
    nginx = one.native_nginx()
    time.sleep(0.5)
    watch = Watch()
    for part, pid in (("nginx-master", nginx.pid), ("nginx-worker", children(nginx.pid)[0])):
        sizes = {metric: [size] for metric, size in rollup(pid).items()}
        book.add(about_memory(f"memory of {part}, one process", "native", 1), sizes, watch)
    nginx.terminate()
    nginx.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    asked = parser.parse_args()
    clean_up_when_told_to_stop()
    book = Book()
    with trial() as one:
        one.run_nginx("-p", f"{PUBLISHED_PORT}:{CONTAINER_PORT}")              # the first start reads everything from disk
        one.remove_all()
        for number in range(asked.rounds):
            native_start(one, book)
            docker_run(one, book, 0)
            runtimes(one, book)
            if number % 3 == 0:
                for together in (1, 2, 4):
                    at_once(one, book, together)
            book.write(asked.out)
        native_memory(one, book)
        running = 0
        for target in (0, 10, 25):
            for port in range(running, target):
                one.run_nginx("-p", f"{PUBLISHED_PORT + 1000 + port}:{CONTAINER_PORT}")
            running = target
            memory(one, book, running)
            for _ in range(4 if running else 0):
                docker_run(one, book, running)
        one.remove_all()
        book.write(asked.out)


if __name__ == "__main__":
    main()
