"""What is asked of a server from outside: when it first answers, what its processes have used, what they hold."""
import ctypes
import http.client
import os
import re
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

CLONE_NEWNET = 0x40000000


def first_200(address: str, port: int, patience_s: float = 10, path: str = "/f612", namespace: str = "cw-engine") -> float:
    """The time at which it answered a client in the namespace: asked from a thread that has entered it."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_first_200, address, port, patience_s, path, namespace).result()


def _first_200(address: str, port: int, patience_s: float, path: str, namespace: str) -> float:
    enter(namespace)
    give_up_s = time.monotonic() + patience_s
    while time.monotonic() < give_up_s:
        connection = http.client.HTTPConnection(address, port, timeout=0.2)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return time.time()
        except (OSError, http.client.HTTPException):
            time.sleep(0.001)
        finally:
            connection.close()
    raise TimeoutError(f"{address}:{port} has not answered within {patience_s:g} s")


def connects(address: str, port: int, patience_s: float) -> None:
    """Returns once it takes a connection from the engine's namespace."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_connects, address, port, patience_s).result()


def _connects(address: str, port: int, patience_s: float) -> None:
    enter("cw-engine")
    give_up_s = time.monotonic() + patience_s
    while time.monotonic() < give_up_s:
        try:
            socket.create_connection((address, port), timeout=0.5).close()
            return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"nobody takes a connection at {address}:{port} within {patience_s:g} s")


def enter(namespace: str) -> None:
    """This thread enters a network namespace, for good."""
    with Path(f"/run/netns/{namespace}").open() as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):                                             # a thread that ends leaves its children to another
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def descendants(pid: int) -> list[int]:
    return [one for child in children(pid) for one in (child, *descendants(child))]


def named(pids: Sequence[int], name: str) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}/comm").read_text().strip() == name]


def pin(pid: int, cpu: int) -> None:
    subprocess.run(["taskset", "-acp", str(cpu), str(pid)], check=True, stdout=subprocess.DEVNULL)


def run_time_us(pid: int) -> float:
    """The scheduler's run time of all its threads: it includes softirq work done in their context."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1000


def switches(pid: int) -> tuple[int, int]:
    """Voluntary and involuntary, of its first thread."""
    status = dict(line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    return int(status["voluntary_ctxt_switches"]), int(status["nonvoluntary_ctxt_switches"])


def ticks(pid: int) -> tuple[int, int]:
    """User and system, sampled by the tick."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]), int(fields[12])


def machine_us() -> Mapping[str, float]:
    """Busy time of the machine, and softirq time of it and of its first two CPUs, since it started; sampled by the tick."""
    lines = [line.split() for line in Path("/proc/stat").read_text().splitlines() if line.startswith("cpu")]
    tick_us = 1e6 / os.sysconf("SC_CLK_TCK")
    whole = [int(value) for value in lines[0][1:9]]
    busy = sum(whole) - whole[3] - whole[4] - whole[7]
    each = {f"{fields[0]}_softirq": int(fields[7]) * tick_us for fields in lines[1:3]}
    return {"busy": busy * tick_us, "softirq": whole[6] * tick_us, **each}


def rollup(pid: int) -> dict[str, float]:
    """Resident, proportional and private memory of a process."""
    found = dict(re.findall(r"(\w+): +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text()))
    kib = {name: int(value) * 1024 for name, value in found.items()}
    return {"rss": kib["Rss"], "pss": kib["Pss"], "private": kib["Private_Clean"] + kib["Private_Dirty"], "pss_anon": kib["Pss_Anon"]}
