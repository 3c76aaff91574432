"""The demand of one's own application: CPU time a request by path, its spread, memory at rest and by connection.

One request at a time over a kept connection; after each the CPU time of all processes of the server is read (the scheduler's run time, to
the nanosecond), so that a single request's share is known. A container, or a service in a cgroup of its own, is read from that. What the
server computes without being asked is measured first, and taken off. Nothing of it is changed, started or stopped.
"""
import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from cutaway.models.costs.measuring import cgroups
from cutaway.models.costs.measuring.needs import program
from cutaway.models.costs.measuring.points import Bench, Found, Part, Point, Settings
from cutaway.models.costs.measuring.problems import MeasuringError
from cutaway.models.costs.measuring.rows import Subject, Unit, Value, counted
from cutaway.models.costs.measuring.serving import descendants, rollup

LOOPBACK, LISTEN = ("127.0.0.1", "::1", "localhost"), "0A"
PATIENCE_S, IDLE_S, CONNECTIONS = 10.0, 0.5, 50
SCHEDULERS_CLOCK = 2
"""CPUCLOCK_SCHED of Linux (include/linux/posix-timers.h): with the complement of a process's number above it, its CPU clock."""
UNITS = {
    "cpu_per_request": "us", "service_time": "ns", "response_time": "ns", "idle_cpu_share": "1", "requests": "1", "response_bytes": "byte",
}


@dataclass
class Application:
    """Where it answers, and the processes that are it."""
    shown: str
    host: str
    port: int
    pids: tuple[int, ...]
    in_container: bool

    def __post_init__(self) -> None:
        self.by_cgroup = self.in_container or self.alone_in_its_cgroup()    # once: a change in between would spoil a difference

    @property
    def name(self) -> str:
        """In rows: which application it was, whatever was asked of it."""
        return self.shown if "://" not in self.shown else f"{urlsplit(self.shown).netloc}"

    @property
    def stack(self) -> str:
        return "docker" if self.in_container else "native"

    def processes(self) -> list[int]:
        """With those that it has started since."""
        alive = [pid for pid in self.pids if Path(f"/proc/{pid}").exists()]
        if not alive:
            raise MeasuringError(f"{self.shown} has ended")
        if self.in_container:
            return cgroups.members(alive[0])
        return sorted({*alive, *(one for pid in alive for one in descendants(pid))})

    def cpu_ns(self) -> int:
        """From the cgroup where it has one for itself, else by process; a process that ends takes its share along."""
        pids = self.processes()
        if self.by_cgroup:
            return cgroups.used_ns(pids[0])
        return sum(_run_time_ns(pid) for pid in pids)

    def alone_in_its_cgroup(self) -> bool:
        """False for the cgroup of a login or of the whole machine, which others share."""
        with suppress(OSError, MeasuringError):
            return set(cgroups.members(self.pids[0])) <= set(self.processes())
        return False

    def memory(self) -> dict[str, int]:
        sizes = [rollup(pid) for pid in self.processes()]
        return {metric: round(sum(size[metric] for size in sizes)) for metric in sizes[0]}


def _run_time_ns(pid: int) -> int:
    """The CPU clock of a process, which has the time of threads that have ended as well; 0 of a process that has ended."""
    with suppress(OSError):
        return time.clock_gettime_ns(~pid << 3 | SCHEDULERS_CLOCK)
    return 0


# --- who answers -------------------------------------------------------------------------------------------------------------------


def find(target: str) -> tuple[Application, str]:
    """The application behind a URL or a container's name, and the path that was asked for."""
    if "://" in target:
        return _behind_url(target)
    return _container(target), "/"


def _behind_url(url: str) -> tuple[Application, str]:
    parts = urlsplit(url)
    if parts.scheme != "http":
        raise MeasuringError(f"{url} is not http; measure the server behind the encryption")
    try:
        host, port = parts.hostname or "", parts.port or 80
    except ValueError:
        raise MeasuringError(f"{url} has no port between 1 and 65535") from None
    if host not in LOOPBACK:
        raise MeasuringError(f"{host or url} is not on this machine's loopback; expected {', '.join(LOOPBACK)}")
    host = _answering(url, host, port)
    path = parts.path or "/"
    pids = listeners(port)
    if not pids:
        raise MeasuringError(f"nobody can be seen who listens at port {port}; as root other users' servers can be seen, too")
    if any(_name(pid) == "docker-proxy" for pid in pids):
        address = _argument_of(pids[0], "-container-ip")
        name = next((name for name, about in _running().items() if address in _addresses(about)), "")
        if not name:
            raise MeasuringError(f"port {port} is published by docker-proxy, but docker shows no container with the address {address}")
        pids = [int(_running()[name]["State"]["Pid"])]
        return Application(url, host, port, tuple(pids), True), f"{path}?{parts.query}" if parts.query else path
    return Application(url, host, port, tuple(pids), False), f"{path}?{parts.query}" if parts.query else path


def _answering(url: str, host: str, port: int) -> str:
    """The address that takes a connection."""
    for address in ("127.0.0.1", "::1") if host == "localhost" else (host,):
        with suppress(OSError), socket.create_connection((address, port), timeout=PATIENCE_S):
            return address
    raise MeasuringError(f"{url} does not answer: nobody takes a connection at port {port}")


def listeners(port: int) -> list[int]:
    """All processes that hold a socket which listens at the port, in our network namespace."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                if any(_link(entry) in inodes for entry in (folder / "fd").iterdir()):
                    found.append(int(folder.name))
    return sorted(found)


def _link(entry: Path) -> str:
    try:
        return os.readlink(entry)  # noqa: PTH115 a socket is no path
    except OSError:
        return ""


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _argument_of(pid: int, option: str) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return words[words.index(option) + 1] if option in words else ""


def _docker(*arguments: str) -> str:
    if not program("docker"):
        raise MeasuringError("no docker here to ask for containers; expected a URL such as http://127.0.0.1:8000/")
    ran = subprocess.run([program("docker"), *arguments], capture_output=True, text=True, check=False, timeout=30)
    if ran.returncode:
        raise MeasuringError(f"docker says: {(ran.stderr.strip().splitlines() or ['nothing'])[-1]}")
    return ran.stdout


def _running() -> dict[str, dict[str, dict[str, str]]]:
    names = _docker("ps", "-q").split()
    return {about["Id"]: about for about in json.loads(_docker("inspect", *names))} if names else {}


def _addresses(about: Mapping[str, object]) -> set[str]:
    networks = about["NetworkSettings"]
    assert isinstance(networks, dict)
    return {networks.get("IPAddress", ""), *(one.get("IPAddress", "") for one in networks.get("Networks", {}).values())} - {""}


def _container(name: str) -> Application:
    """By a port that it publishes, else by its own address and the first port that its image names."""
    about = json.loads(_docker("inspect", "--type", "container", name))[0]
    if not (pid := int(about["State"]["Pid"])):
        raise MeasuringError(f"container {name} is not running")
    published = [entry for entries in (about["NetworkSettings"].get("Ports") or {}).values() for entry in entries or ()]
    if published:
        return Application(f"container {name}", "127.0.0.1", int(published[0]["HostPort"]), (pid,), True)
    exposed = sorted(int(port.partition("/")[0]) for port in about["Config"].get("ExposedPorts") or {})
    addresses = sorted(_addresses(about))
    if about["HostConfig"]["NetworkMode"] == "host" or not exposed or not addresses:
        raise MeasuringError(f"container {name} publishes no port; give the URL at which it answers")
    return Application(f"container {name}", addresses[0], exposed[0], (pid,), True)


# --- measuring ---------------------------------------------------------------------------------------------------------------------


def ask(connection: http.client.HTTPConnection, path: str) -> int:
    """Bytes of the response; an error is told."""
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        size = len(response.read())
    except (OSError, http.client.HTTPException) as error:
        raise MeasuringError(f"{path} is not answered: {error or type(error).__name__}") from None
    if response.status >= 400:
        raise MeasuringError(f"{path} is answered by {response.status} {response.reason}; expected a success")
    return size


def demand(application: Application, path: str, seconds: float, bench: Bench) -> Iterator[Found]:
    """One request at a time, as many as the time holds."""
    bench.measured = application.processes
    connection = http.client.HTTPConnection(application.host, application.port, timeout=PATIENCE_S)
    try:
        for _ in range(10):                                                 # whatever is done once only
            size = ask(connection, path)
        before = application.cpu_ns()
        time.sleep(IDLE_S)
        idle_share = (application.cpu_ns() - before) / (IDLE_S * 1e9)
        service_ns, response_ns = list[int](), list[int]()
        first, began = application.cpu_ns(), time.perf_counter_ns()
        used, started_ns = first, began
        while began - started_ns < seconds * 1e9:
            ask(connection, path)
            ended = time.perf_counter_ns()
            now = application.cpu_ns()
            response_ns.append(ended - began)
            service_ns.append(max(0, now - used))
            used, began = now, time.perf_counter_ns()
    finally:
        connection.close()
    whole_ns, requests = used - first, len(service_ns)
    each_us = max(0.0, whole_ns - idle_share * (began - started_ns)) / requests / 1000
    command = f"one request at a time for {seconds:g} s: GET {path}; CPU time of the server after each"
    yield Found(
        Subject("app", "demand of an application", application.stack, {"application": application.name, "path": path}, command, UNITS),
        {"cpu_per_request": [each_us], "idle_cpu_share": [idle_share], "requests": [requests], "response_bytes": [size]},
        {"service_time": counted(np.array(service_ns, np.int64)), "response_time": counted(np.array(response_ns, np.int64))})


def memory(application: Application, path: str, bench: Bench) -> Iterator[Found]:
    """At rest; and what each of many kept connections adds."""
    bench.measured = application.processes
    time.sleep(IDLE_S)
    rest = application.memory()
    how = "smaps_rollup of its processes"
    params: dict[str, Value] = {"application": application.name, "connections": 0}
    subject = Subject("app", "memory of an application", application.stack, params, how, Unit("byte"))
    yield Found(subject, {metric: [size] for metric, size in rest.items()})
    with ExitStack() as ends:
        kept = 0
        for _ in range(CONNECTIONS):
            connection = http.client.HTTPConnection(application.host, application.port, timeout=1)
            ends.callback(connection.close)
            try:
                ask(connection, path)
            except MeasuringError:                                          # a server that serves one connection at a time
                break
            if connection.sock is None:                                     # it does not keep connections
                break
            kept += 1
        if kept < 2:
            return
        held = application.memory()
    params = {"application": application.name, "connections": kept}
    subject = Subject("app", "memory of an application, each further connection", application.stack, params,
                      f"{how} with connections kept, less that at rest, by connection", Unit("byte"))
    yield Found(subject, {metric: [(held[metric] - rest[metric]) / kept] for metric in rest})


def part(application: Application, paths: Sequence[str], settings: Settings) -> Part:
    """Paths interleaved. Raises MeasuringError where one of them is no success."""
    connection = http.client.HTTPConnection(application.host, application.port, timeout=PATIENCE_S)
    try:
        for path in paths:
            ask(connection, path)
    finally:
        connection.close()
    seconds = settings.least(2, 1)
    points = [Point(f"demand of {path}", application.stack, partial(demand, application, path, seconds), seconds + IDLE_S, frozenset())
              for path in paths]
    points.append(Point("memory", application.stack, partial(memory, application, paths[0]), 1.5, frozenset()))
    return Part("app", application.name, "CPU time a request by path, its spread, memory", points, settings.least(5, 1), 3, 0)


def table(rows: Sequence[Mapping[str, Any]], application: Application) -> Iterator[str]:
    """What the rows say of it, a line for each path and each size."""
    rows = [row for row in rows if row["params"].get("application") == application.name]
    by_path: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        if "path" in row["params"]:
            by_path.setdefault(row["params"]["path"], {})[row["metric"]] = row
    for path, found in by_path.items():
        single, answer = found["service_time"], found["response_time"]
        yield (f"{path}: {found['cpu_per_request']['median']:,.1f} us of CPU a request (single ones: median "
               f"{single['median'] / 1000:,.1f}, quartiles {single['q1'] / 1000:,.1f} and {single['q3'] / 1000:,.1f}, p99 "
               f"{single['quantiles'][990] / 1000:,.1f}); answered in {answer['median'] / 1000:,.1f} us")
    for row in rows:
        if row["what"].startswith("memory") and row["metric"] in ("rss", "pss"):
            each = "a further connection" if "each" in row["what"] else "at rest"
            yield f"memory {each}, {row['metric'].upper()}: {row['median'] / 1024:,.0f} KiB"
