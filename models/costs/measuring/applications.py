"""Other servers under load, native and in containers: Redis, PostgreSQL, a Python web application, and nginx before it.

In a container they run from the system's own /usr, bound in read-only: what differs from native is the container, not the program.
Every part of the server side on CPU 1, clients on CPU 0. Ten connections of Redis, four of the others, natively, are for calibrating.
Read first: load.py.
"""
import csv
import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from cutaway.models.costs.measuring.load import FIXED, LOCAL, SECONDS, UNITS, Target, closed_loop, listed, workers_of
from cutaway.models.costs.measuring.needs import ENGINE, NAMESPACES, program
from cutaway.models.costs.measuring.points import Bench, Found, Part, Point, Settings
from cutaway.models.costs.measuring.problems import MeasuringError
from cutaway.models.costs.measuring.rows import Subject, Value
from cutaway.models.costs.measuring.serving import connects, descendants, first_200
from cutaway.models.costs.measuring.stacks import HOST, IN_CLIENT, IN_HOST, Engine, engine, root, started, wire

NOBODY, LOOPS, SCALE = "65534", 18_000, 1
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
SYSTEM = ("-v", "/usr:/usr:ro", "-v", "/lib:/lib:ro", "-v", "/lib64:/lib64:ro", "--cpuset-cpus", "1")
WEB = f'''
import os, random, socket, struct

class Database:
    """As much of PostgreSQL's protocol as a query takes, over one kept connection."""
    def __init__(self, address):
        host, _, port = address.partition(":")
        self.file = socket.create_connection((host, int(port))).makefile("rwb")
        about = b"user\\0postgres\\0database\\0postgres\\0\\0"
        self.file.write(struct.pack("!II", 8 + len(about), 196608) + about)
        self.until_ready()

    def until_ready(self):
        value = None
        self.file.flush()
        while True:
            kind, length = struct.unpack("!cI", self.file.read(5))
            body = self.file.read(length - 4)
            if kind == b"E":
                raise RuntimeError(body.decode(errors="replace"))
            if kind == b"D":
                value = body[6:]
            if kind == b"Z":
                return value

    def ask(self, query):
        text = query.encode() + b"\\0"
        self.file.write(b"Q" + struct.pack("!I", 4 + len(text)) + text)
        return self.until_ready()

database = None

def application(environ, start_response):
    global database
    path, total = environ["PATH_INFO"], 0
    if path == "/cpu":
        for number in range({LOOPS}):
            total += number * number
    if path == "/db":
        database = database or Database(os.environ["DATABASE"])
        key = random.randint(1, {100_000 * SCALE})
        total = int(database.ask("SELECT abalance FROM pgbench_accounts WHERE aid = " + str(key)))
    body = str(total).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
'''
PROXY = """
worker_processes 1;
daemon off;
pid /run/proxy.pid;
error_log /dev/null;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path /run/body;
    proxy_temp_path /run/proxy;
    fastcgi_temp_path /run/fastcgi;
    uwsgi_temp_path /run/uwsgi;
    scgi_temp_path /run/scgi;
    server {{ listen {port}; location / {{ proxy_pass http://127.0.0.1:{behind}; }} }}
}}
"""


@dataclass(frozen=True)
class Server:
    """A program on a stack: its command, given a port, and the ports it has natively, on the host's network, in a container, published."""
    name: str
    ports: tuple[int, int, int, int]
    front: int = 0
    """Port of a server before it in the same container, which is published in its place."""
    options: tuple[str, ...] = ()
    """More options of docker run."""

    def native(self, bench: Bench, port: int) -> list[str]:
        raise NotImplementedError

    def inside(self, bench: Bench, port: int) -> tuple[list[str], list[str]]:
        """Options of docker run, and the command."""
        raise NotImplementedError


class Redis(Server):
    def native(self, bench: Bench, port: int) -> list[str]:
        return [program("redis-server"), "--port", str(port), "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "",
                "--appendonly", "no"]

    def inside(self, bench: Bench, port: int) -> tuple[list[str], list[str]]:
        return [], self.native(bench, port)


class Postgres(Server):
    def native(self, bench: Bench, port: int) -> list[str]:
        return [*AS_NOBODY, *self.command(bench.keep(data_copy, str(port)), port)]

    def inside(self, bench: Bench, port: int) -> tuple[list[str], list[str]]:
        data = bench.keep(data_copy, f"container-{port}")
        return ["-v", f"{data}:/data", "--user", f"{NOBODY}:{NOBODY}", "--shm-size", "256m"], self.command(Path("/data"), port)

    def command(self, data: Path, port: int) -> list[str]:
        return [program("postgres"), "-D", str(data), "-p", str(port), "-c", "listen_addresses=*", "-c", "unix_socket_directories="]


class Web(Server):
    def native(self, bench: Bench, port: int) -> list[str]:
        return ["env", f"DATABASE={LOCAL}:{POSTGRES.ports[0]}", *self.command(bench.keep(web_folder), port)]

    def inside(self, bench: Bench, port: int) -> tuple[list[str], list[str]]:
        return ["-v", f"{bench.keep(web_folder)}:/app:ro", *self.options], self.command(Path("/app"), port)

    def command(self, folder: Path, port: int) -> list[str]:
        return [program("gunicorn"), "--workers", "1", "--bind", f"0.0.0.0:{port}", "--chdir", str(folder), "--worker-tmp-dir", "/tmp",
                "web:application"]


REDIS, POSTGRES = Redis("redis", (6380, 6381, 6379, 18379)), Postgres("postgresql", (5440, 5441, 5442, 18442))
WEB_APP = Web("python-web", (8061, 8062, 8063, 18063))
BEHIND_NGINX = replace(WEB_APP, ports=(8064, 8065, 8066, 18066), front=8068)


@contextmanager
def web_folder(bench: Bench) -> Iterator[Path]:
    folder = bench.folder / "web"
    folder.mkdir()
    (folder / "web.py").write_text(WEB)
    yield folder


@contextmanager
def database(bench: Bench) -> Iterator[Path]:
    """Made once, with pgbench's tables; each server gets a copy."""
    bench.keep(wire)
    folder, port = bench.folder / "database", POSTGRES.ports[0]
    folder.mkdir()
    shutil.chown(folder, int(NOBODY), int(NOBODY))
    run = partial(subprocess.run, check=True, capture_output=True, cwd=folder)
    run([*AS_NOBODY, program("initdb"), "-D", str(folder), "-A", "trust", "-U", "postgres", "--no-sync"])
    with (folder / "pg_hba.conf").open("a") as file:
        file.write("host all all 0.0.0.0/0 trust\n")
    with started([*IN_HOST, *AS_NOBODY, *POSTGRES.command(folder, port)]) as server:
        connects(LOCAL, port, 20)
        time.sleep(0.5)
        run([*IN_HOST, program("pgbench"), "-h", LOCAL, "-p", str(port), "-U", "postgres", "-i", "-q", "-s", str(SCALE), "postgres"])
        server.terminate()
        server.wait(20)
    yield folder


@contextmanager
def data_copy(bench: Bench, name: str) -> Iterator[Path]:
    target = bench.folder / f"database-{name}"
    subprocess.run(["cp", "-a", str(bench.keep(database)), str(target)], check=True)
    yield target


@contextmanager
def serving(bench: Bench, server: Server, place: str) -> Iterator[int]:
    """The server natively, on the host's network or in a container with a published port; its first process."""
    native, on_host, inside, published = server.ports
    bench.keep(wire)
    if place == "native":
        with started([*IN_HOST, "taskset", "-c", "1", *server.native(bench, native)]) as process:
            connects(LOCAL, native, 20)
            yield process.pid
        return
    one, port = bench.keep(engine), on_host if place == "host" else inside
    options, command = server.inside(bench, port)
    network = ["--network", "host"] if place == "host" else ["-p", f"{published}:{server.front or inside}"]
    made = one.docker("run", "-d", *SYSTEM, *network, *options, "nginx", *command)
    try:
        # Not at the published port, where docker-proxy takes connections before the server does.
        connects(LOCAL if place == "host" else str(one.inspect(made)["NetworkSettings"]["IPAddress"]), port, 20)
        yield one.pid(made)
    finally:
        with suppress(MeasuringError):
            one.remove(made)


def target(bench: Bench, server: Server, stack: str) -> Target:
    """Where the clients of a stack find it; workers are all its processes."""
    native, on_host, inside, published = server.ports
    pid = bench.use(serving, server, {"native": "native", "native-veth": "native", "docker-host": "host"}.get(stack, "container"))
    if stack == "native":
        return Target(IN_HOST, LOCAL, native, [pid])
    if stack == "native-veth":
        return Target(IN_CLIENT, HOST, native, [pid])
    if stack == "docker-host":
        return Target(IN_HOST, LOCAL, on_host, [pid])
    if stack == "docker-bridge":
        return Target(IN_HOST, address_of(bench.keep(engine), pid), inside, [pid])
    return Target(IN_CLIENT, HOST, published, [pid])


def address_of(one: Engine, pid: int) -> str:
    for container in one.docker("ps", "-q").split():
        about = one.inspect(container)
        if about["State"]["Pid"] == pid:
            return str(about["NetworkSettings"]["IPAddress"])
    raise MeasuringError(f"no container of process {pid}")


def with_workers(master: int) -> list[int]:
    return [master, *workers_of(master)]


def needs_of(stack: str, *programs: str) -> frozenset[str]:
    return (ENGINE if stack.startswith("docker") else NAMESPACES | {"nginx", "busybox"}) | {"two CPUs", *programs}


# --- Redis -------------------------------------------------------------------------------------------------------------------------


def redis(stack: str, operation: str, connections: int, requests: int, bench: Bench) -> Iterator[Found]:
    one = target(bench, REDIS, stack)
    command = [*one.into, "taskset", "-c", "0", program("redis-benchmark"), "-h", one.address, "-p", str(one.port), "-c", str(connections),
               "-n", str(requests), "-t", operation, "-P", "1", "--csv"]
    before, used_s, started_s = one.used(), _children_s(), time.monotonic()
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    elapsed_us, client_us = (time.monotonic() - started_s) * 1e6, (_children_s() - used_s) * 1e6
    lines = [line for line in csv.reader(printed.splitlines()) if line]
    saw = dict(zip(lines[0], lines[-1], strict=False)) if len(lines) > 1 else {}
    if "rps" not in saw:
        raise MeasuringError(f"redis-benchmark says: {printed.strip()[-200:]}")
    latencies = {"latency_mean": "avg_latency_ms", "latency_p50": "p50_latency_ms", "latency_p95": "p95_latency_ms",
                 "latency_p99": "p99_latency_ms", "latency_max": "max_latency_ms"}
    values = {"throughput": float(saw["rps"]), **{name: float(saw[column]) * 1000 for name, column in latencies.items()},
              "client_cpu_per_request": client_us / requests, **one.per_request(before, requests, elapsed_us)}
    params: dict[str, Value] = {"operation": operation, "connections": connections}
    fixed: Mapping[str, Value] = {
        "app": "redis", "client_cpu": 0, "server_cpu": 1, "pipeline": 1, "requests": requests, "value_bytes": 3}
    use = "calibrate" if (stack, connections) == ("native", 10) else "validate"
    shown = f"taskset -c 0 redis-benchmark -h {one.address} -p {one.port} -c {connections} -n {requests} -t {operation} -P 1 --csv"
    yield Found(Subject("apps", "redis", stack, params, shown, UNITS, use, fixed), listed(values))


def _children_s() -> float:
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return use.ru_utime + use.ru_stime


# --- PostgreSQL --------------------------------------------------------------------------------------------------------------------


def pgbench(stack: str, mode: str, connections: int, seconds: int, bench: Bench) -> Iterator[Found]:
    one = target(bench, POSTGRES, stack)
    option, logs = {"select-only": "-S", "simple-update": "-N"}[mode], bench.folder / "pgbench"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir()
    words = ["-h", one.address, "-p", str(one.port), option, "-c", str(connections), "-j", "1", "-T", str(seconds), "-n", "--log"]
    before, used_s = _tree_s(one.workers[0]), _children_s()
    printed = subprocess.run([*one.into, "taskset", "-c", "0", program("pgbench"), *words, "-U", "postgres", "postgres"],
                             check=True, capture_output=True, text=True, timeout=120, cwd=logs).stdout
    client_us = (_children_s() - used_s) * 1e6
    time.sleep(0.1)                                                         # its backends end, and their time is their parent's
    latencies = np.array([int(line.split()[2]) for file in logs.iterdir() for line in file.read_text().splitlines()], float)
    throughput = float(re.findall(r"tps = ([\d.]+)", printed)[-1])
    server_us = (_tree_s(one.workers[0]) - before) * 1e6
    p50, p90, p99 = np.quantile(latencies, (0.5, 0.9, 0.99))
    values = {"throughput": throughput, "latency_mean": latencies.mean(), "latency_p50": p50, "latency_p90": p90, "latency_p99": p99,
              "server_cpu_share": server_us / (seconds * 1e6), "server_cpu_per_request": server_us / len(latencies),
              "client_cpu_per_request": client_us / len(latencies)}
    params: dict[str, Value] = {"mode": mode, "connections": connections}
    fixed: Mapping[str, Value] = {"app": "postgresql", "client_cpu": 0, "server_cpu": 1, "scale": SCALE, "duration_s": seconds}
    use = "calibrate" if (stack, connections) == ("native", 4) else "validate"
    said = subprocess.run([program("postgres"), "--version"], check=True, capture_output=True, text=True).stdout
    version = re.findall(r"\d+", said)[0]
    command = f"taskset -c 0 pgbench {' '.join(words)}"
    subject = Subject("apps", f"PostgreSQL {version}, pgbench {mode}", stack, params, command, UNITS, use, fixed)
    yield Found(subject, listed(values))


def _tree_s(pid: int) -> float:
    """CPU time of a server and all that it ever started, those that have ended included."""
    total = 0
    for one in (pid, *descendants(pid)):
        total += sum(map(int, Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


# --- a Python web application ------------------------------------------------------------------------------------------------------


def web(stack: str, path: str, connections: int, bench: Bench) -> Iterator[Found]:
    one = target(bench, WEB_APP, stack)
    one = replace(one, workers=with_workers(one.workers[0]))
    yield web_found("python web application", stack, path, connections, one)


def web_behind_nginx(stack: str, path: str, connections: int, bench: Bench) -> Iterator[Found]:
    one = bench.use(behind_nginx, stack)
    yield web_found("nginx -> python web application" + (" without work" if path == "nop" else ""), stack, path, connections, one)


def three_tiers(stack: str, connections: int, bench: Bench) -> Iterator[Found]:
    """The application asks for one row by its key; in containers over the bridge."""
    database = target(bench, POSTGRES, stack).workers[0]
    where = f"{LOCAL}:{POSTGRES.ports[0]}" if stack == "native" else f"{address_of(bench.keep(engine), database)}:{POSTGRES.ports[2]}"
    one = bench.use(behind_nginx, stack, where)
    first_200(one.address, one.port, path="/db", namespace="cw-engine" if one.into is IN_HOST else "cw-outside")
    one = replace(one, workers=[*one.workers, database, *descendants(database)])
    yield web_found("nginx -> python web application -> PostgreSQL", stack, "db", connections, one)


@contextmanager
def behind_nginx(bench: Bench, stack: str, database: str = "") -> Iterator[Target]:
    """nginx on the server's own loopback before it; in a container it shares the application's network."""
    server = replace(BEHIND_NGINX, options=("-e", f"DATABASE={database}"))
    application = target(bench, server, stack)
    pid, (native, _, inside, published) = application.workers[0], BEHIND_NGINX.ports
    folder = bench.keep(root)
    if stack == "native":
        (folder / "etc/nginx/proxy-native.conf").write_text(PROXY.format(port=8067, behind=native))
        command = [*IN_HOST, "taskset", "-c", "1", "chroot", str(folder), "/usr/sbin/nginx", "-c", "/etc/nginx/proxy-native.conf"]
        with started(command) as nginx:
            connects(LOCAL, 8067, 10)
            yield Target(IN_HOST, LOCAL, 8067, [*with_workers(nginx.pid), *with_workers(pid)])
        return
    one = bench.keep(engine)
    (folder / "etc/nginx/proxy-container.conf").write_text(PROXY.format(port=BEHIND_NGINX.front, behind=inside))
    joined = next(container for container in one.docker("ps", "-q").split() if one.pid(container) == pid)
    made = one.docker("run", "-d", "--cpuset-cpus", "1", "--network", f"container:{joined}",
                      "-v", f"{folder}/etc/nginx/proxy-container.conf:/etc/nginx/proxy-container.conf:ro", "nginx",
                      "/usr/sbin/nginx", "-c", "/etc/nginx/proxy-container.conf")
    try:
        connects(str(one.inspect(joined)["NetworkSettings"]["IPAddress"]), BEHIND_NGINX.front, 10)
        yield Target(IN_CLIENT, HOST, published, [*with_workers(one.pid(made)), *with_workers(pid)])
    finally:
        with suppress(MeasuringError):
            one.remove(made)


def web_found(what: str, stack: str, path: str, connections: int, one: Target) -> Found:
    params: dict[str, Value] = {"path": f"/{path}", "connections": connections}
    fixed: Mapping[str, Value] = {
        **FIXED, "app": "python-web", "loops": LOOPS if path == "cpu" else 0, "workers": 1, "duration_s": SECONDS}
    alone = "->" not in what or what.endswith("without work")               # of which costs are fitted: fit.py
    use = "calibrate" if (stack, connections) == ("native", 4) and alone else "validate"
    command = f"taskset -c 0 wrk -t1 -c{connections} -d{SECONDS}s {one.url(path)} (gunicorn -w 1, every part of the server side on CPU1)"
    return Found(Subject("apps", what, stack, params, command, UNITS, use, fixed), listed(closed_loop(one, path, connections)))


def parts(settings: Settings) -> Iterator[Part]:
    rounds = settings.least(5, 1)
    numbers: Sequence[int] = (1, 10, 50) if not settings.quick else (10,)
    points = [
        Point(f"redis {operation}, {stack}, {number}", stack, partial(redis, stack, operation, number, settings.least(80_000, 10_000)
              if number > 1 else 10_000), 1.5, needs_of(stack, "redis-server", "redis-benchmark"))
        for operation in (("get", "set") if not settings.quick else ("get",)) for number in numbers
        for stack in ("native", "native-veth", "docker-host", "docker-bridge", "docker-nat")]
    yield Part("apps", "redis", "Redis without persistence, by redis-benchmark", points, rounds, 2, 6)
    numbers = (1, 4, 16) if not settings.quick else (4,)
    seconds = settings.least(2, 1)
    points = [
        Point(f"pgbench {mode}, {stack}, {number}", stack, partial(pgbench, stack, mode, number, seconds), seconds + 0.6,
              needs_of(stack, "postgres", "initdb", "pgbench", "setpriv"))
        for mode in ("select-only", "simple-update") for number in numbers for stack in ("native", "docker-host", "docker-nat")]
    yield Part("apps", "postgresql", "PostgreSQL with pgbench's tables, its data on the disk's file system", points, rounds, 2, 12)
    points = [
        Point(f"web {path}, {stack}, {number}", stack, partial(web, stack, path, number), 1.8, needs_of(stack, "gunicorn", "wrk"))
        for path in ("cpu",) for number in numbers for stack in ("native", "docker-host", "docker-nat")]
    points += [
        Point(f"nginx before web {path}, {stack}, {number}", stack, partial(web_behind_nginx, stack, path, number), 1.8,
              needs_of(stack, "gunicorn", "wrk"))
        for path in ("cpu", "nop") for number in numbers for stack in ("native", "docker-nat")]
    for_both = ("gunicorn", "wrk", "postgres", "initdb", "pgbench", "setpriv")
    tiers = [Point(f"three tiers, {stack}, {number}", stack, partial(three_tiers, stack, number), 1.8, needs_of(stack, *for_both))
             for number in numbers for stack in ("native", "docker-nat")]
    yield Part("apps", "web", "a Python web application (gunicorn, one worker), alone and behind nginx", points, rounds, 2, 8)
    yield Part("apps", "three tiers", "nginx, a Python web application, PostgreSQL", tiers, rounds, 2, 14)
