"""nginx under load: throughput, latency, CPU time and voluntary switches of both ends, native, in containers and in a guest.

Client on CPU 0, nginx (one worker), docker-proxy and QEMU on CPU 1; stacks interleaved. Read first: stacks.py, and the head of open_loop.c.
Closed loop by wrk, which rewrites its latencies after stalls; open loop with Poisson arrivals at shares of the capacity at 64 connections.
CPU times are the scheduler's run times, so they include softirq work done in a thread's context; the machine's and softirq's are sampled.
Native at 16 connections is for calibrating, all else for validating.
"""
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median

from cutaway.models.costs.measuring.guest import NETWORKS, Guest, guest
from cutaway.models.costs.measuring.needs import ENGINE, GUEST, NAMESPACES, program
from cutaway.models.costs.measuring.paths import run
from cutaway.models.costs.measuring.points import Bench, Found, Part, Point, Settings
from cutaway.models.costs.measuring.problems import MeasuringError
from cutaway.models.costs.measuring.programs import HERE, programs
from cutaway.models.costs.measuring.rows import Subject, Value
from cutaway.models.costs.measuring.serving import (
    children,
    descendants,
    first_200,
    machine_us,
    named,
    pin,
    run_time_us,
    switches,
    ticks,
)
from cutaway.models.costs.measuring.stacks import (
    CONTAINER_PORT,
    HOST,
    IN_CLIENT,
    IN_HOST,
    NATIVE_PORT,
    PUBLISHED_PORT,
    SIZES,
    container,
    engine,
    native_nginx,
)

SECONDS, LOCAL, NAT_LO_PORT = 1, "127.0.0.1", PUBLISHED_PORT + 1
STACKS = ("native", "native-veth", "docker-host", "docker-bridge", "docker-nat-lo", "docker-nat", "docker-proxy", "qemu-tcg", "qemu-kvm")
APART = {
    "docker-host-unconfined": ("host-82", ("--security-opt", "seccomp=unconfined")),
    "docker-host-volume": ("host-83", ("-v", "{root}/srv:/srv:ro")),
    "docker-host-volume-unconfined": ("host-84", ("-v", "{root}/srv:/srv:ro", "--security-opt", "seccomp=unconfined")),
}
FIXED: Mapping[str, Value] = {"app": "nginx", "client_cpu": 0, "server_cpu": 1}
UNITS = {
    "throughput": "1/s", "throughput_bytes": "byte/s", "errors": "1", "left_unserved": "1", "client_cpu_per_request": "us",
    "server_cpu_per_request": "us", "proxy_cpu_per_request": "us", "client_cpu_share": "1", "server_cpu_share": "1",
    "client_switches_voluntary_per_request": "1", "server_switches_voluntary_per_request": "1",
    "server_switches_involuntary_per_request": "1", "server_user_fraction": "1", "cpu0_softirq_share": "1", "cpu1_softirq_share": "1",
    "machine_cpu_per_request": "us", "softirq_cpu_per_request": "us", "latency_mean": "us", "latency_p50": "us", "latency_p90": "us",
    "latency_p95": "us", "latency_p99": "us", "latency_p999": "us", "latency_max": "us", "latency_from_send_p50": "us",
    "latency_from_send_p99": "us", "periods": "1", "throttled": "1", "throttled_fraction": "1", "throttled_time": "s",
    "throttled_time_share": "1", "other_cpu_per_request": "us",
}


@dataclass
class Target:
    """Where a stack's client runs, whom it asks, and who serves: what these have used can be read at any time."""
    into: Sequence[str]
    address: str
    port: int
    workers: Sequence[int]
    proxies: Sequence[int] = ()
    guest: bool = False

    def url(self, path: str) -> str:
        return f"http://{self.address}:{self.port}/{path}"

    def used(self) -> dict[str, float]:
        voluntary, involuntary = (sum(column) for column in zip(*map(switches, self.workers), strict=True))
        user, system = (sum(column) for column in zip(*map(ticks, self.workers), strict=True))
        return {
            "server_us": sum(map(run_time_us, self.workers)), "proxy_us": sum(map(run_time_us, self.proxies)),
            "voluntary": voluntary, "involuntary": involuntary, "user_ticks": user, "all_ticks": user + system,
            **{f"machine_{name}": value for name, value in machine_us().items()},
        }

    def per_request(self, before: Mapping[str, float], requests: float, duration_us: float) -> dict[str, float]:
        """What was used since then, by request, and as a share of the time."""
        used = {name: value - before[name] for name, value in self.used().items()}
        values = {
            "server_cpu_per_request": used["server_us"] / requests, "server_cpu_share": used["server_us"] / duration_us,
            "server_user_fraction": used["user_ticks"] / max(1, used["all_ticks"]),
            "machine_cpu_per_request": used["machine_busy"] / requests, "softirq_cpu_per_request": used["machine_softirq"] / requests,
        }
        values |= {f"cpu{n}_softirq_share": used[name] / duration_us for n in (0, 1) if (name := f"machine_cpu{n}_softirq") in used}
        if not self.guest:
            values["server_switches_voluntary_per_request"] = used["voluntary"] / requests
            values["server_switches_involuntary_per_request"] = used["involuntary"] / requests
        if self.proxies:
            values["proxy_cpu_per_request"] = used["proxy_us"] / requests
        return values


@contextmanager
def target(bench: Bench, stack: str, workers: int = 1) -> Iterator[Target]:
    """The stack's nginx, running, pinned, and answering."""
    one = _target(bench, stack, workers)
    for number, pid in enumerate([*one.workers, *one.proxies]):
        pin(pid, 1 + number % workers)
    if one.into is not IN_CLIENT:
        first_200(one.address, one.port)
    yield one


def _target(bench: Bench, stack: str, workers: int) -> Target:
    more = "" if workers == 1 else f"-{workers}"
    if stack in ("native", "native-veth"):
        nginx, port = bench.use(native_nginx, f"native{more}"), NATIVE_PORT + workers - 1
        first_200(LOCAL, port)
        into, address = (IN_HOST, LOCAL) if stack == "native" else (IN_CLIENT, HOST)
        return Target(into, address, port, workers_of(nginx.pid))
    if stack.startswith("qemu"):
        one: Guest = bench.use(guest, stack, 256)
        return Target(IN_HOST, NETWORKS[stack][2], CONTAINER_PORT, [one.process.pid], guest=True)
    running = bench.keep(engine)
    if stack == "docker-host":
        made = bench.use(container, "--network", "host")
        return Target(IN_HOST, LOCAL, CONTAINER_PORT, workers_of(running.pid(made)))
    if stack in APART:
        name, options = APART[stack]
        made = bench.use(container, "--network", "host", *(option.format(root=running.root) for option in options), configuration=name)
        return Target(IN_HOST, LOCAL, int(name.removeprefix("host-")), workers_of(running.pid(made)))
    made = bench.use(container, "-p", f"{PUBLISHED_PORT}:{CONTAINER_PORT}", configuration=f"container{more}")
    address, serving = running.inspect(made)["NetworkSettings"]["IPAddress"], workers_of(running.pid(made))
    if stack == "docker-bridge":
        return Target(IN_HOST, address, CONTAINER_PORT, serving)
    if stack == "docker-nat":
        return Target(IN_CLIENT, HOST, PUBLISHED_PORT, serving)
    if stack == "docker-nat-lo":
        bench.use(translated_loopback, address)
        return Target(IN_HOST, LOCAL, NAT_LO_PORT, serving)
    return Target(IN_HOST, LOCAL, PUBLISHED_PORT, serving, named(descendants(running.process.pid), "docker-proxy"))


def workers_of(master: int) -> list[int]:
    """Once they are there; the first process of our image is a stamp that becomes nginx."""
    for _ in range(200):
        if found := children(master):
            return found
        time.sleep(0.01)
    raise MeasuringError("nginx in a container has started no worker")


@contextmanager
def translated_loopback(bench: Bench, address: str) -> Iterator[None]:
    """A port of 127.0.0.1 as with `userland-proxy=false`: DNAT in OUTPUT, and the source address translated, too."""
    rules = (f"OUTPUT -p tcp -d 127.0.0.1 --dport {NAT_LO_PORT} -j DNAT --to-destination {address}:{CONTAINER_PORT}",
             f"POSTROUTING -s 127.0.0.1 -o docker0 -p tcp -d {address} -j MASQUERADE")
    for setting in ("conf.all.route_localnet", "conf.docker0.route_localnet"):
        run(f"ip netns exec cw-engine sysctl -qw net.ipv4.{setting}=1")
    for rule in rules:
        run(f"ip netns exec cw-engine iptables -t nat -A {rule}")
    try:
        yield
    finally:
        for rule in rules:
            subprocess.run(f"ip netns exec cw-engine iptables -t nat -D {rule}".split(), stderr=subprocess.DEVNULL, check=False)


# --- one run -----------------------------------------------------------------------------------------------------------------------


def closed_loop(one: Target, path: str, connections: int, seconds: int = SECONDS) -> dict[str, float]:
    command = [*one.into, "taskset", "-c", "0", program("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s",
               "-s", str(HERE / "report.lua"), one.url(path)]
    before = one.used()
    client = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert client.stdout
    with client.stdout:
        printed = client.stdout.read().decode()
    _, status, use = os.wait4(client.pid, 0)
    client.returncode = os.waitstatus_to_exitcode(status)
    if client.returncode or "{" not in printed:
        raise MeasuringError(f"wrk fails on {one.url(path)}")
    saw = json.loads(printed[printed.index("{"):])
    requests, duration_us = saw["requests"], saw["duration_us"]
    if not requests:
        raise MeasuringError(f"{one.url(path)} has answered nothing")
    client_us = (use.ru_utime + use.ru_stime) * 1e6
    return {
        "throughput": requests / duration_us * 1e6,
        **{name: value for name, value in saw.items() if name.startswith("latency")}, "errors": saw["errors"],
        "client_cpu_per_request": client_us / requests, "client_cpu_share": client_us / duration_us,
        "client_switches_voluntary_per_request": use.ru_nvcsw / requests, **one.per_request(before, requests, duration_us),
    }


def open_loop(bench: Bench, one: Target, path: str, rate_per_s: int, connections: int, milliseconds: int) -> tuple[dict[str, float], str]:
    """What it saw, and the command."""
    seed = int.from_bytes(os.urandom(3))
    words = [f"address={one.address}", f"port={one.port}", f"path=/{path}", "client_cpu=0", f"connections={connections}",
             f"rate={rate_per_s}", f"milliseconds={milliseconds}"]
    before = one.used()
    command = [*one.into, str(bench.keep(programs) / "open_loop"), *words, f"seed={seed}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise MeasuringError(f"open_loop fails: {(done.stderr.strip().splitlines() or [f'ended with {done.returncode}'])[-1]}")
    saw = json.loads(done.stdout)
    if not (requests := saw.pop("requests")):
        raise MeasuringError(f"{one.url(path)} has answered nothing")
    return saw | one.per_request(before, requests, milliseconds * 1000), " ".join(["open_loop", *words, "seed=SEED"])


def with_bytes(values: dict[str, float], body_bytes: int) -> dict[str, float]:
    """Of pages alone: wrk's own count has the header lines in it, and would be of another thing by the server's name and date."""
    return values | {"throughput_bytes": values["throughput"] * body_bytes}


def listed(values: Mapping[str, float]) -> dict[str, list[float]]:
    return {name: [value] for name, value in values.items()}


# --- points ------------------------------------------------------------------------------------------------------------------------


def needs_of(stack: str) -> frozenset[str]:
    needs = frozenset({"nginx", "two CPUs", "busybox"}) | NAMESPACES
    if stack.startswith("docker"):
        needs |= ENGINE
    if stack.startswith("qemu"):
        needs |= GUEST
    return needs | {"kvm"} if stack == "qemu-kvm" else needs


def closed(stack: str, size: int, connections: int, what: str, bench: Bench) -> Iterator[Found]:
    one = bench.use(target, stack)
    use = "calibrate" if (stack, connections) == ("native", 16) and what == "nginx static, closed loop" else "validate"
    command = f"taskset -c 0 wrk -t1 -c{connections} -d{SECONDS}s {one.url(f'f{size}')}"
    params = {"body_bytes": size, "connections": connections}
    subject = Subject("nginx", what, stack, params, command, UNITS, use, {**FIXED, "duration_s": SECONDS, "workers": 1})
    yield Found(subject, listed(with_bytes(closed_loop(one, f"f{size}", connections), size)))


def closed_point(stack: str, size: int, connections: int, what: str) -> Point:
    measure = partial(closed, stack, size, connections, what)
    return Point(f"{what}, {stack}, {size} B, {connections}", stack, measure, 1.6, needs_of(stack) | {"wrk"})


def several_workers(stack: str, workers: int, connections: int, bench: Bench) -> Iterator[Found]:
    """On CPUs of their own."""
    one = bench.use(target, stack, workers)
    command = f"taskset -c 0 wrk -t1 -c{connections} -d{SECONDS}s {one.url('f612')}"
    params = {"body_bytes": 612, "connections": connections, "workers": workers}
    subject = Subject("nginx", "nginx static, closed loop", stack, params, command, UNITS, "validate",
                      {**FIXED, "duration_s": SECONDS, "server_cpus": workers})
    yield Found(subject, listed(with_bytes(closed_loop(one, "f612", connections), 612)))


def opened(stack: str, percent: int, bench: Bench) -> Iterator[Found]:
    of, connections = ("guest", 64) if stack.startswith("qemu") else ("native", 128)
    measured = bench.use(target, stack if of == "guest" else "native")
    name = stack if of == "guest" else "native"
    capacity = bench.fact(f"capacity of {name}", lambda: median(closed_loop(measured, "f612", 64)["throughput"] for _ in range(3)))
    rate = max(1, round(capacity * percent / 100))
    values, command = open_loop(bench, bench.use(target, stack), "f612", rate, connections, 1000 * SECONDS)
    params = {"body_bytes": 612, "connections": connections, f"percent_of_{of}_capacity": percent}
    fixed = {**FIXED, "duration_s": SECONDS, "workers": 1, "rate_per_s": rate}
    yield Found(Subject("nginx", "nginx static, open loop (Poisson)", stack, params, command, UNITS, "validate", fixed), listed(values))


def parts(settings: Settings) -> Iterator[Part]:
    rounds = settings.least(6, 1)
    sizes, numbers, percents = (SIZES, (1, 4, 16, 64, 256), (20, 40, 60, 80, 90)) if not settings.quick else (SIZES[:2], (1, 16), (40,))
    what = "nginx static, closed loop"
    yield Part("nginx", "closed loop", "static files by size, connections and stack",
               [closed_point(stack, size, number, what) for size in sizes for number in numbers for stack in STACKS], rounds, 3, 14)
    yield Part("nginx", "open loop", "latency at fixed rates, from the scheduled arrival",
               [Point(f"open loop, {stack}, {percent} %", stack, partial(opened, stack, percent), 1.4, needs_of(stack) | {"wrk"})
                for percent in percents for stack in STACKS], rounds, 3, 14)
    apart = "nginx static, host network, taken apart"
    yield Part("nginx", "taken apart", "a container on the host's network without seccomp, without overlay, without both",
               [closed_point(stack, size, number, apart)
                for size in SIZES[:settings.least(2, 1)] for number in (16, 64)[:settings.least(2, 1)]
                for stack in ("native", "docker-host", *APART)], rounds, 3, 4)
    yield Part("nginx", "workers", "two workers on CPUs of their own",
               [Point(f"2 workers, {stack}, {number}", stack, partial(several_workers, stack, 2, number), 1.6,
                      needs_of(stack) | {"wrk", "three CPUs"}) for number in (16, 64) for stack in ("native", "docker-nat")], rounds, 3, 3)
