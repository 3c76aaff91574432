"""Control groups at work: weights and quotas on CPU hogs and on nginx, busy neighbours on its core, limits of memory and of processes.

`docker`: a container (cgroup) each; `native`: hogs and nginx in one cgroup. Hogs are busy loops on CPU 1 (neighbour.c). Shares and
throttling are read from the cgroups. Read first: load.py.
"""
import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from cutaway.models.costs.measuring import cgroups
from cutaway.models.costs.measuring.load import FIXED, UNITS, Target, closed_loop, listed, open_loop, workers_of
from cutaway.models.costs.measuring.needs import ENGINE, NAMESPACES
from cutaway.models.costs.measuring.points import Bench, Found, Part, Point, Settings
from cutaway.models.costs.measuring.problems import MeasuringError
from cutaway.models.costs.measuring.programs import programs
from cutaway.models.costs.measuring.rows import Subject, Value
from cutaway.models.costs.measuring.serving import first_200, pin, run_time_us
from cutaway.models.costs.measuring.stacks import (
    CONTAINER_PORT,
    HOST,
    IN_CLIENT,
    IN_HOST,
    NATIVE_PORT,
    PUBLISHED_PORT,
    container,
    engine,
    native_nginx,
    started,
)

PERIOD_US, RATE_PER_S, CONNECTIONS, MIB = 100_000, 10_000, 128, 1 << 20
SHARE_UNITS = {
    "cpu_share": "1", "cpu_share_first": "1", "cpu_first": "1", "cpu_second": "1", "cpu_share_min": "1", "cpu_share_max": "1",
    "cpu_share_sum": "1", "periods": "1", "throttled": "1", "throttled_fraction": "1", "throttled_time_share": "1",
}
LIMIT_UNITS = {
    "touched_at_kill": "byte", "exit_code": "1", "oom_killed": "1", "processes_started": "1", "time_to_touch_limit": "s",
    "last_8MiB_mark_to_death": "s", "start_to_death": "s", "last_8MiB_mark_to_cli_exit": "s", "start_to_cli_exit": "s",
}
NGINX = frozenset({"wrk", "two CPUs"}) | ENGINE
NATIVE = frozenset({"wrk", "two CPUs", "nginx", "busybox", "own cgroups", "cgroups"}) | NAMESPACES


def parts(settings: Settings) -> Iterator[Part]:
    rounds = settings.least(5, 1)
    window_s = settings.least(2, 1)
    needs = ENGINE | {"two CPUs"}
    hogs = [Point(f"hogs, shares {first}:{second}", "docker", partial(weighted, first, second, window_s), 2.5 + window_s, needs)
            for first, second in ((512, 512), (1024, 512))]
    hogs += [Point(f"hog, quota {percent} %", "docker", partial(throttled, percent, window_s), 1.5 + window_s, needs)
             for percent in (25, 50)]
    yield Part("control", "hogs", "CPU hogs under weights and under quotas", hogs, rounds, 2, 4)
    quotas, numbers = ((25, 50, 100), (1, 16)) if not settings.quick else ((50,), (16,))
    points = [Point(f"nginx under quota {percent} %, {number}", "docker-nat", partial(nginx_under_quota, percent, number, window_s),
                    0.5 + window_s, NGINX) for percent in quotas for number in numbers]
    points += [Point(f"nginx under quota {percent} %, open loop", "docker-nat", partial(nginx_under_quota_open, percent, window_s),
                     0.5 + window_s, NGINX) for percent in quotas]
    yield Part("control", "nginx under quota", "nginx under a quota, closed and open loop", points, rounds, 2, 6)
    for stack, grouping in (("docker-bridge", "a container each"), ("native", "one cgroup")):
        needs = NGINX if stack.startswith("docker") else NATIVE
        points = [Point(f"nginx beside {hogs} hogs, {stack}, {number or 'open loop'}", stack,
                        partial(beside_hogs, stack, grouping, hogs, number), 2.5, needs)
                  for hogs in ((0, 1, 2) if not settings.quick else (0, 1)) for number in (*numbers, 0)]
        yield Part("control", f"neighbours, {grouping}", f"nginx beside busy loops on its core, {grouping}", points, rounds, 2, 4)
    limits = [Point(f"memory limit {limit}, docker", "docker", partial(memory_limit_docker, limit), 2, ENGINE) for limit in (64, 128)]
    limits += [Point(f"memory limit {limit}, native", "native-cgroup", partial(memory_limit_native, limit), 1,
                     frozenset({"gcc", "root", "own cgroups", "cgroups"})) for limit in (64, 128)]
    limits += [Point(f"pids limit {limit}", "docker", partial(pids_limit, limit), 2.5, ENGINE) for limit in (20, 50)]
    yield Part("control", "limits", "a memory limit and its kill, a limit of processes", limits, settings.least(8, 1), 2, 4)


# --- hogs --------------------------------------------------------------------------------------------------------------------------


@contextmanager
def hog(bench: Bench, *options: str) -> Iterator[int]:
    """A busy loop on CPU 1 in a container; its process."""
    one = bench.keep(engine)
    made = one.docker("run", "-d", "--cpuset-cpus", "1", *options, "nginx", "/neighbour", "cpu")
    try:
        yield one.pid(made)
    finally:
        with contextlib.suppress(MeasuringError):
            one.remove(made)


def weighted(first: int, second: int, window_s: float, bench: Bench) -> Iterator[Found]:
    with hog(bench, "--cpu-shares", str(first)) as one, hog(bench, "--cpu-shares", str(second)) as other:
        pids = (one, other)
        time.sleep(0.2)
        before, started_s = [cgroups.used_ns(pid) for pid in pids], time.monotonic()
        time.sleep(window_s)
        elapsed_ns = (time.monotonic() - started_s) * 1e9
        used = [(cgroups.used_ns(pid) - was) / elapsed_ns for pid, was in zip(pids, before, strict=True)]
    command = f"docker run --cpuset-cpus 1 --cpu-shares {first}|{second} neighbour cpu; CPU time of the cgroups over {window_s} s"
    params: dict[str, Value] = {"hogs": 2, "shares": f"{first // second}:1", "window_s": window_s}
    yield Found(Subject("control", "two CPU hogs on one core under cpu.shares", "docker", params, command, SHARE_UNITS, "validate"),
                {"cpu_share_first": [used[0] / sum(used)], "cpu_first": [used[0]], "cpu_second": [used[1]]})


def throttled(percent: int, window_s: float, bench: Bench) -> Iterator[Found]:
    with hog(bench, "--cpu-period", str(PERIOD_US), "--cpu-quota", str(percent * PERIOD_US // 100)) as pid:
        time.sleep(0.2)
        before, used, started_s = cgroups.throttling(pid), cgroups.used_ns(pid), time.monotonic()
        time.sleep(window_s)
        elapsed_s = time.monotonic() - started_s
        share = (cgroups.used_ns(pid) - used) / 1e9 / elapsed_s
        after = {name: value - before[name] for name, value in cgroups.throttling(pid).items()}
    command = (f"docker run --cpuset-cpus 1 --cpu-period {PERIOD_US} --cpu-quota {percent * PERIOD_US // 100} neighbour cpu; "
               f"CPU time and cpu.stat of the cgroup over {window_s} s")
    params = {"period_us": PERIOD_US, "quota_percent": percent, "window_s": window_s}
    yield Found(Subject("control", "CPU hog under CFS quota", "docker", params, command, SHARE_UNITS, "validate"), listed({
        "cpu_share": share, "periods": after["periods"], "throttled": after["throttled"],
        "throttled_fraction": after["throttled"] / max(1, after["periods"]), "throttled_time_share": after["throttled_time"] / elapsed_s}))


# --- nginx -------------------------------------------------------------------------------------------------------------------------


@contextmanager
def nginx_with_quota(bench: Bench, percent: int) -> Iterator[tuple[Target, int]]:
    """On CPU 1, asked from the client's namespace; and its first process."""
    options = ["--cpuset-cpus", "1", "--cpu-period", str(PERIOD_US)]
    options += ["--cpu-quota", str(percent * PERIOD_US // 100)] if percent < 100 else []
    port = PUBLISHED_PORT + 10 + percent
    made = bench.use(container, *options, "-p", f"{port}:{CONTAINER_PORT}")
    pid = bench.keep(engine).pid(made)
    first_200("127.0.0.1", port)
    yield Target(IN_CLIENT, HOST, port, workers_of(pid)), pid


def with_throttling(values: dict[str, float], pid: int, before: dict[str, float]) -> dict[str, list[float]]:
    after = cgroups.throttling(pid)
    return listed(values | {name: after[name] - before[name] for name in ("periods", "throttled", "throttled_time")})


def nginx_under_quota(percent: int, connections: int, seconds: int, bench: Bench) -> Iterator[Found]:
    one, pid = bench.use(nginx_with_quota, percent)
    before = dict(cgroups.throttling(pid))
    values = with_throttling(closed_loop(one, "f612", connections, seconds), pid, before)
    params = {"body_bytes": 612, "connections": connections, "period_us": PERIOD_US, "quota_percent": percent}
    command = (f"docker run --cpuset-cpus 1 --cpu-quota {percent * PERIOD_US // 100 if percent < 100 else -1} -p PORT:80 nginx; "
               f"in the client's namespace taskset -c 0 wrk -t1 -c{connections} -d{seconds}s")
    yield Found(Subject("control", "nginx under CFS quota, closed loop", "docker-nat", params, command, UNITS, "validate",
                        {**FIXED, "duration_s": seconds}), values)


def nginx_under_quota_open(percent: int, seconds: int, bench: Bench) -> Iterator[Found]:
    one, pid = bench.use(nginx_with_quota, percent)
    before = dict(cgroups.throttling(pid))
    saw, command = open_loop(bench, one, "f612", RATE_PER_S, CONNECTIONS, 1000 * seconds)
    params = {"body_bytes": 612, "connections": CONNECTIONS, "period_us": PERIOD_US, "quota_percent": percent, "rate_per_s": RATE_PER_S}
    yield Found(Subject("control", "nginx under CFS quota, open loop", "docker-nat", params, command, UNITS, "validate",
                        {**FIXED, "duration_s": seconds}), with_throttling(saw, pid, before))


@contextmanager
def nginx_in_a_cgroup(bench: Bench) -> Iterator[tuple[Target, Path]]:
    """A native nginx in a cgroup of ours, where hogs come to it."""
    folder, nginx = bench.use(cgroups.own, "neighbours", "cpu"), bench.use(native_nginx)
    first_200("127.0.0.1", NATIVE_PORT)
    workers = workers_of(nginx.pid)
    for pid in (nginx.pid, *workers):
        (folder / "cgroup.procs").write_text(str(pid))
        pin(pid, 1)
    yield Target(IN_HOST, "127.0.0.1", NATIVE_PORT, workers), folder


@contextmanager
def nginx_in_a_container(bench: Bench) -> Iterator[Target]:
    one = bench.keep(engine)
    made = bench.use(container, "--cpuset-cpus", "1")
    address = one.inspect(made)["NetworkSettings"]["IPAddress"]
    first_200(address, CONTAINER_PORT)
    yield Target(IN_HOST, address, CONTAINER_PORT, workers_of(one.pid(made)))


def beside_hogs(stack: str, grouping: str, hogs: int, connections: int, bench: Bench) -> Iterator[Found]:
    """`connections` 0 is the open loop."""
    with ExitStack() as ends:
        if stack == "native":
            one, folder = bench.use(nginx_in_a_cgroup)
            others = []
            for _ in range(hogs):
                command = ["taskset", "-c", "1", str(bench.keep(programs) / "neighbour"), "cpu"]
                others.append(ends.enter_context(started(command)).pid)
                (folder / "cgroup.procs").write_text(str(others[-1]))
        else:
            one = bench.use(nginx_in_a_container)
            others = [ends.enter_context(hog(bench)) for _ in range(hogs)]
        time.sleep(0.2)
        used_us = sum(map(run_time_us, others))
        params: dict[str, Value] = {"body_bytes": 612, "connections": connections or CONNECTIONS, "grouping": grouping, "hogs": hogs}
        if connections:
            kind, values = "closed loop", closed_loop(one, "f612", connections)
            requests, command_shown = values["throughput"], f"taskset -c 0 wrk -t1 -c{connections} -d1s"
        else:
            kind = "open loop"
            values, command_shown = open_loop(bench, one, "f612", RATE_PER_S, CONNECTIONS, 1000)
            params, requests = {**params, "rate_per_s": RATE_PER_S}, RATE_PER_S
        if hogs:
            values["other_cpu_per_request"] = (sum(map(run_time_us, others)) - used_us) / requests
    how = f"nginx and {hogs} x neighbour cpu, {grouping}, all on CPU1; {command_shown}"
    yield Found(Subject("control", f"nginx beside CPU hogs on its core, {kind}", stack, params, how, UNITS, "validate",
                        {**FIXED, "duration_s": 1}), listed(values))


# --- limits ------------------------------------------------------------------------------------------------------------------------


def about_limit(stack: str, limit_mib: int) -> Subject:
    return Subject("control", "memory limit, OOM kill of a process that touches memory", stack, {"limit_bytes": limit_mib * MIB},
                   f"memory limit {limit_mib} MiB; neighbour memory 1024 (1 MiB steps, a mark every 8 MiB)", LIMIT_UNITS, "validate")


def marks(printed: str) -> list[tuple[int, float]]:
    return [(int(mib), float(at)) for mib, at in re.findall(r"^(\d+) (\d+\.\d+)\s*$", printed, re.MULTILINE)]


def memory_limit_docker(limit_mib: int, bench: Bench) -> Iterator[Found]:
    one = bench.keep(engine)
    name = f"limited-{limit_mib}"
    started_s = time.time()
    limits = ["--memory", f"{limit_mib}m", "--memory-swap", f"{limit_mib}m"]
    ran = subprocess.run([*one.client, "run", "--name", name, *limits, "nginx", "/neighbour", "memory", "1024"],
                         capture_output=True, text=True, check=False, timeout=60)
    ended_s = time.time()
    try:
        state, seen = one.inspect(name)["State"], marks(ran.stdout)
    finally:
        one.remove(name)
    if not seen:
        raise MeasuringError(f"the container has touched nothing: {ran.stderr.strip()[-200:]}")
    yield Found(about_limit("docker", limit_mib), listed({
        "touched_at_kill": seen[-1][0] * MIB, "time_to_touch_limit": seen[-1][1] - seen[0][1],
        "last_8MiB_mark_to_cli_exit": ended_s - seen[-1][1], "start_to_cli_exit": ended_s - started_s,
        "exit_code": state["ExitCode"], "oom_killed": float(state["OOMKilled"])}))


def memory_limit_native(limit_mib: int, bench: Bench) -> Iterator[Found]:
    folder = bench.use(cgroups.own, "limited", "memory")
    if cgroups.version() == 1:
        (folder / "memory.limit_in_bytes").write_text(str(limit_mib * MIB))
    else:
        (folder / "memory.max").write_text(str(limit_mib * MIB))
        (folder / "memory.swap.max").write_text("0")
    started_s = time.time()
    # A shell enters the cgroup first, so that nothing of the program is charged elsewhere.
    command = f"echo $$ > {folder}/cgroup.procs && exec {bench.keep(programs)}/neighbour memory 1024"
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    ended_s, seen = time.time(), marks(ran.stdout)
    if not seen:
        raise MeasuringError(f"the program has touched nothing: {ran.stderr.strip()[-200:]}")
    yield Found(about_limit("native-cgroup", limit_mib), listed({
        "touched_at_kill": seen[-1][0] * MIB, "time_to_touch_limit": seen[-1][1] - seen[0][1],
        "last_8MiB_mark_to_death": ended_s - seen[-1][1], "start_to_death": ended_s - started_s, "exit_code": ran.returncode}))


def pids_limit(limit: int, bench: Bench) -> Iterator[Found]:
    """The shell itself counts."""
    one = bench.keep(engine)
    script = "n=0; while [ $n -lt 200 ]; do busybox sleep 100 & n=$((n+1)); echo $n; done"
    ran = subprocess.run([*one.client, "run", "--rm", "--pids-limit", str(limit), "nginx", "/bin/sh", "-c", script],
                         capture_output=True, text=True, check=False, timeout=60)
    counted = [int(line) for line in ran.stdout.split() if line.isdigit()]
    yield Found(Subject("control", "pids limit, processes started before fork fails", "docker", {"pids_limit": limit},
                        f"docker run --pids-limit {limit} nginx sh -c 'start sleeps until fork fails' (the shell itself counts)",
                        LIMIT_UNITS, "validate"), {"processes_started": [max(counted, default=0)]})
