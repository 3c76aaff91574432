"""nginx native and in a Docker container, measured and simulated, with the error of every figure.

    python benchmarks/beside_measured.py [--seconds 2]

The measured medians stand in `measured/nginx-closed-loop.json`, each with its row's identifier and what the row is meant for: `calibrate`
rows were used for fitting costs and prove nothing; `validate` rows were not. Set-up: client pinned to CPU 0, one worker to CPU 1, 612 B.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from cutaway.models import costs, stack
from cutaway.models.clients import ClosedLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.hardware import HardwarePart
from cutaway.models.kernel import LinuxPart
from cutaway.models.part import Part
from cutaway.models.servers.nginx import NginxPart
from cutaway.models.units import MS, S
from cutaway.sim.results import Result
from cutaway.sim.simulate import Span, simulate

ROWS = Path(__file__).parent / "measured" / "nginx-closed-loop.json"
STACKS: dict[str, tuple[str, DockerPart | None]] = {
    "native": ("loopback", None),
    "docker-nat-lo": ("loopback", DockerPart(network="bridge", publish="nat")),
    "docker-nat": ("veth", DockerPart(network="bridge", publish="nat")),
}


def simulated(name: str, connections: int, seconds: int) -> Result:
    """The measured set-up."""
    where, docker = STACKS[name]
    parts: list[Part] = [HardwarePart(cpus=2), LinuxPart(), *([docker] if docker else []), NginxPart(cpus=(1,))]
    load = ClosedLoopPart(where=where, connections=connections, cpus=(0,))  # type: ignore[arg-type]
    machine = stack.build(name, parts, load, costs.load("two-core-vm"))
    return simulate(machine, 1, Span(warm_up_ns=100 * MS, duration_ns=seconds * S)).result


def figures(result: Result) -> dict[str, float]:
    """By the names of the measured metrics; CPU time is the scheduler's run time of the threads."""
    return {
        "throughput": result.throughput,
        "latency_p50": result.percentile_ns(0.50) / 1e3,
        "latency_p99": result.percentile_ns(0.99) / 1e3,
        "server_cpu_per_request": result.threads["nginx"]["running_ns"] / 1e3 / result.served,
        "client_cpu_per_request": result.threads["client"]["running_ns"] / 1e3 / result.served,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=2, help="simulated seconds a point")
    seconds = parser.parse_args().seconds
    rows = json.loads(ROWS.read_text(encoding="utf-8"))
    print(f"{'stack':14}{'c':>4}  {'metric':24}{'measured':>11}{'simulated':>11}{'error':>9}  use")
    for name in STACKS:
        for connections in sorted({row["connections"] for row in rows}):
            found = figures(simulated(name, connections, seconds))
            for row in (row for row in rows if row["stack"] == name and row["connections"] == connections):
                value = found[row["metric"]]
                error = 100 * (value / row["median"] - 1)
                print(f"{name:14}{connections:>4}  {row['metric']:24}{row['median']:>11.1f}{value:>11.1f}{error:>+8.1f}%  {row['use']}")


if __name__ == "__main__":
    main()
