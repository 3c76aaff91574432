"""The fitted costs, checked: the simulated machine beside the measured rows that some costs of a profile were fitted on.

    python -m cutaway.models.costs.fit

nginx on the bare system, 16 connections, client on CPU 0 and server on CPU 1 over loopback, by size of the page. A cost is fitted by
hand, one at a time, until this table agrees; only CPU time is fitted, throughput follows. These rows are no predictions.
Read first: docs/models/costs.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from cutaway.models import costs, stack
from cutaway.models.clients import PROGRAM, ClosedLoopPart
from cutaway.models.costs import Profile
from cutaway.models.hardware import HardwarePart
from cutaway.models.kernel import LinuxPart
from cutaway.models.servers.nginx import WORKER, NginxPart
from cutaway.models.units import MS, S
from cutaway.sim.traffic.engine import Traffic

PAGES_BYTES = (612, 10_240, 102_400, 1_048_576)
CONNECTIONS = 16
WARM_UP_NS = 100 * MS


@dataclass(frozen=True, slots=True)
class Point:
    """CPU time a request of both ends, and requests a second."""

    server_cpu_us: float
    client_cpu_us: float
    throughput: float


def simulated(profile: Profile, page_bytes: int, seconds: int = 2, seed: int = 1) -> Point:
    """The measured set-up, simulated. A thread's CPU time holds ticks and stalls of its CPU, as the scheduler's run time does."""
    load = ClosedLoopPart(where="loopback", connections=CONNECTIONS, cpus=(0,))
    machine = stack.build("native", [HardwarePart(cpus=2), LinuxPart(), NginxPart(page=page_bytes, cpus=(1,))], load, profile)
    traffic = Traffic(machine, seed)
    traffic.advance(WARM_UP_NS)
    traffic.start_counting()
    traffic.advance(WARM_UP_NS + seconds * S)
    traffic.settle()
    client_us, server_us = (float(cpu.task_ns + cpu.irq_ns) / 1000 / traffic.served for cpu in traffic.w.cpus)
    return Point(server_us, client_us, traffic.served / seconds)


def measured(profile: Profile, page_bytes: int) -> Point:
    """The rows, as the profile keeps them."""
    row = f"nginx.nginx-static-closed-loop.native.b={page_bytes}.c={CONNECTIONS}"
    server, client = (profile.rows[f"{row}.{who}_cpu_per_request"].value for who in ("server", "client"))
    return Point(server, client, profile.rows[f"{row}.throughput"].value)


def main() -> None:
    profile = costs.load("two-core-vm")
    print(f"{'page':>9}  {WORKER + ' us':>18}  {PROGRAM + ' us':>18}  {'requests/s':>20}")
    for page_bytes in PAGES_BYTES:
        rows, run = measured(profile, page_bytes), simulated(profile, page_bytes)
        pairs = ((rows.server_cpu_us, run.server_cpu_us), (rows.client_cpu_us, run.client_cpu_us), (rows.throughput, run.throughput))
        print(f"{page_bytes:>9}  " + "  ".join(f"{row:>8.2f} {sim:>8.2f}" for row, sim in pairs))


if __name__ == "__main__":
    main()
