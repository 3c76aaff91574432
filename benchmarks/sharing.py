"""What a busy simulated Docker host costs: real time a simulated second, and an API call beside it.

    python benchmarks/sharing.py

All figures come from one run, several rounds of each, because machines are noisy; the median counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from cutaway.engine.usage import sample
from cutaway.models import costs
from cutaway.models.docker.daemon import Daemon
from cutaway.models.docker.images import catalogue
from cutaway.models.docker.ports import Ports
from cutaway.models.docker.processes.facts import Machine
from cutaway.models.docker.references import reference_of
from cutaway.models.docker.specification import Config, HostConfig, form_of
from cutaway.sim.clock import Clock

SECOND_NS = 1_000_000_000
LOOP = ["sh", "-c", "while :; do :; done"]
COUNTING = ["sh", "-c", "i=0; while :; do i=$((i+1)); done"]
SLEEPING = ["sleep", "1000000"]
ROUNDS = 5


def host(cpus: int) -> Daemon:
    machine = Machine("host", cpus, 64 << 30, "6.18.0", "#1 SMP", "Debian GNU/Linux 12 (bookworm)")
    nobody = Ports(lambda address, port, protocol, container: None, lambda address, port, protocol: None)
    daemon = Daemon(Clock(initial_time=0), machine, costs.load("two-core-vm"), nobody)
    reference = reference_of("busybox")
    entry = catalogue.find(reference.repository, "latest")
    assert entry is not None
    daemon.images.tag(daemon.images.add(entry.image), reference, 0)
    return daemon


def run(daemon: Daemon, count: int, command: list[str], **limits: Any) -> None:
    """`docker run -d`, so many times."""
    for _ in range(count):
        config, asked = form_of(Config, {"Image": "busybox", "Cmd": command}), form_of(HostConfig, limits)
        container, _ = daemon.clock.run(until=daemon.clock.process(daemon.create(None, config, asked, {})))
        daemon.clock.run(until=daemon.clock.process(daemon.lifecycle.start(container)))


def pace(daemon: Daemon, seconds: float) -> float:
    """Real seconds a simulated one."""
    begun = time.perf_counter()
    daemon.clock.run(until=int(daemon.clock.now) + round(seconds * SECOND_NS))
    return (time.perf_counter() - begun) / seconds


def told(what: str, found: list[float]) -> None:
    print(f"{what:62} {1000 * median(found):10.3f} ms   {1000 * min(found):10.3f} to {1000 * max(found):.3f}")


def main() -> None:
    hosts: dict[str, tuple[int, float, Callable[[Daemon], None]]] = {
        "1,000 containers that sleep, 2 CPUs": (2, 60, lambda daemon: run(daemon, 1_000, SLEEPING)),
        "one empty loop, 2 CPUs": (2, 5, lambda daemon: run(daemon, 1, LOOP)),
        "50 empty loops, 2 CPUs": (2, 5, lambda daemon: run(daemon, 50, LOOP)),
        "50 empty loops, half of them with --cpus 0.1, 16 CPUs": (16, 2, lambda daemon: (run(daemon, 25, LOOP),
                                                                                      run(daemon, 25, LOOP, NanoCpus=10**8))[0]),
        "a loop that counts, which is really run, 2 CPUs": (2, 0.02, lambda daemon: run(daemon, 1, COUNTING)),
    }  # fmt: skip
    for what, (cpus, seconds, fill) in hosts.items():
        daemon = host(cpus)
        fill(daemon)
        told(f"a simulated second: {what}", [pace(daemon, seconds) for _ in range(ROUNDS)])
    daemon = host(2)
    run(daemon, 1_000, SLEEPING)
    run(daemon, 50, LOOP)
    calls = []
    for container in list(daemon.containers.values())[-50:]:
        begun = time.perf_counter()
        sample(daemon, container, None)
        calls.append(time.perf_counter() - begun)
    told("one sample of stats, beside 1,000 that sleep and 50 loops", calls)
    print(f"a start beside them: {1000 * min(_start(daemon) for _ in range(ROUNDS)):.3f} ms")


def _start(daemon: Daemon) -> float:
    begun = time.perf_counter()
    run(daemon, 1, SLEEPING)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
