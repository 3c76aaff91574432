"""nginx under a closed loop of wrk: throughput, latency, CPU time and voluntary switches of both ends, native and in a container.

    python -m cutaway.models.costs.measuring.load OUT.jsonl [--rounds N]

Client on CPU 0, nginx (one worker) and docker-proxy on CPU 1; stacks interleaved. Read first: stacks.py.
CPU times are the scheduler's run times, so they include softirq work done in a thread's context. wrk rewrites its latencies after stalls.
Native at 16 connections is for calibrating, all else for validating.
"""
import argparse
import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from cutaway.models.costs.measuring.calm import Watch, clean_up_when_told_to_stop, wait_until_calm
from cutaway.models.costs.measuring.rows import Run, Subject, rows, write
from cutaway.models.costs.measuring.stacks import (
    CONTAINER_PORT,
    HERE,
    HOST,
    IN_CLIENT,
    IN_HOST,
    NATIVE_PORT,
    PUBLISHED_PORT,
    Trial,
    children,
    descendants,
    named,
    pin,
    trial,
)

ATTEMPTS, PATIENCE_S, SECONDS = 3, 30.0, 1
BODY_BYTES, CONNECTIONS = 612, (1, 4, 16, 64)
UNITS = {
    "throughput": "1/s", "throughput_bytes": "byte/s", "errors": "1", "client_cpu_per_request": "us", "server_cpu_per_request": "us",
    "proxy_cpu_per_request": "us", "client_cpu_share": "1", "server_cpu_share": "1", "client_switches_voluntary_per_request": "1",
    "server_switches_voluntary_per_request": "1", "server_switches_involuntary_per_request": "1", "server_user_fraction": "1",
    "latency_mean": "us", "latency_p50": "us", "latency_p90": "us", "latency_p99": "us", "latency_p999": "us", "latency_max": "us",
}


class Server:
    """Processes on CPU 1 and what they have used so far."""

    def __init__(self, worker: int, proxies: list[int]) -> None:
        self.worker, self.proxies = worker, proxies
        for pid in (worker, *proxies):
            pin(pid, 1)

    def used(self) -> Mapping[str, float]:
        status = dict(line.split(":\t") for line in Path(f"/proc/{self.worker}/status").read_text().splitlines() if ":\t" in line)
        fields = Path(f"/proc/{self.worker}/stat").read_text().rpartition(")")[2].split()
        return {
            "server_us": _run_time_us(self.worker), "proxy_us": sum(map(_run_time_us, self.proxies)),
            "voluntary": int(status["voluntary_ctxt_switches"]), "involuntary": int(status["nonvoluntary_ctxt_switches"]),
            "user_ticks": int(fields[11]), "all_ticks": int(fields[11]) + int(fields[12]),
        }


def _run_time_us(pid: int) -> float:
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1000


def load(into: list[str], url: str, connections: int, server: Server) -> Mapping[str, list[float]]:
    command = [*into, "taskset", "-c", "0", "wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", str(HERE / "report.lua"), url]
    before = server.used()
    client = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert client.stdout
    printed = client.stdout.read().decode()
    _, status, use = os.wait4(client.pid, 0)
    client.returncode = os.waitstatus_to_exitcode(status)
    used = {name: value - before[name] for name, value in server.used().items()}
    saw = json.loads(printed[printed.index("{"):])
    requests, duration_us = saw["requests"], saw["duration_us"]
    client_us = (use.ru_utime + use.ru_stime) * 1e6
    values = {
        "throughput": requests / duration_us * 1e6, "throughput_bytes": saw["bytes"] / duration_us * 1e6, "errors": saw["errors"],
        "client_cpu_per_request": client_us / requests, "server_cpu_per_request": used["server_us"] / requests,
        "client_cpu_share": client_us / duration_us, "server_cpu_share": used["server_us"] / duration_us,
        "client_switches_voluntary_per_request": use.ru_nvcsw / requests,
        "server_switches_voluntary_per_request": used["voluntary"] / requests,
        "server_switches_involuntary_per_request": used["involuntary"] / requests,
        "server_user_fraction": used["user_ticks"] / max(1, used["all_ticks"]),
    } | {name: value for name, value in saw.items() if name.startswith("latency")}
    if server.proxies:
        values["proxy_cpu_per_request"] = used["proxy_us"] / requests
    return {name: [value] for name, value in values.items()}


def stacks(one: Trial, native: int) -> dict[str, tuple[list[str], str, Server]]:
    """Where each stack's client runs, what it asks, and who serves."""
    def container(*options: str) -> tuple[int, str]:
        about = one.inspect(one.run_nginx(*options))
        return children(about["State"]["Pid"])[0], about["NetworkSettings"]["IPAddress"]

    plain = Server(children(native)[0], [])
    worker, address = container("-p", f"{PUBLISHED_PORT}:{CONTAINER_PORT}")
    proxies = named(descendants(one.engine.pid), "docker-proxy")
    inside = Server(worker, [])
    on_host = Server(container("--network", "host")[0], [])
    body = f"f{BODY_BYTES}"
    return {
        "native": (IN_HOST, f"http://127.0.0.1:{NATIVE_PORT}/{body}", plain),
        "native-veth": (IN_CLIENT, f"http://{HOST}:{NATIVE_PORT}/{body}", plain),
        "docker-host": (IN_HOST, f"http://127.0.0.1:{CONTAINER_PORT}/{body}", on_host),
        "docker-bridge": (IN_HOST, f"http://{address}:{CONTAINER_PORT}/{body}", inside),
        "docker-nat": (IN_CLIENT, f"http://{HOST}:{PUBLISHED_PORT}/{body}", inside),
        "docker-proxy": (IN_HOST, f"http://127.0.0.1:{PUBLISHED_PORT}/{body}", Server(worker, proxies)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rounds", type=int, default=6)
    asked = parser.parse_args()
    clean_up_when_told_to_stop()
    subjects: dict[tuple[str, int], Subject] = {}
    runs: dict[tuple[str, int], list[Run]] = {}
    with trial() as one:
        native = one.native_nginx()
        try:
            time.sleep(0.5)
            served = stacks(one, native.pid)
            for number in range(asked.rounds):
                for connections in CONNECTIONS:
                    for stack, (into, url, server) in served.items():
                        point = stack, connections
                        use = "calibrate" if point == ("native", 16) else "validate"
                        params = {"body_bytes": BODY_BYTES, "connections": connections}
                        command = f"taskset -c 0 wrk -t1 -c{connections} -d{SECONDS}s {url}"
                        subjects[point] = Subject("nginx", "nginx static, closed loop", stack, params, command, UNITS, use)
                        for _ in range(ATTEMPTS):
                            wait_until_calm(PATIENCE_S)
                            watch = Watch(one.processes)
                            values = load(into, url, connections, server)
                            runs.setdefault(point, []).append(Run(values, watch.read()))
                            if runs[point][-1].calm.enough:
                                break
                        print(number, *point, {name: round(value[0], 1) for name, value in values.items()}, runs[point][-1].calm)
                write(asked.out, (row for point, subject in subjects.items() for row in rows(subject, runs[point])))
        finally:
            native.terminate()
            native.wait(10)


if __name__ == "__main__":
    main()
