"""Chance without state: the generator's known answers, and that a draw hangs on names alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from cutaway.sim.machine import EXPONENTIAL, ClosedLoop, Cpu, Kernel, Machine, OpenLoop, Pause, Plan, Spread, Thread, Work
from cutaway.sim.traffic import draws
from cutaway.sim.traffic.build import LONGEST_NS
from cutaway.sim.traffic.engine import Traffic
from cutaway.sim.traffic.tables import LOG_REQUEST, LOG_SPAN, Array

MS = 1_000_000
PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0)


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E)),
        (PI[:4], PI[4:], (0xD16CFE09, 0x94FDCCEB)),
    ],
)
def test_philox_gives_the_known_answers(counter: tuple[int, ...], key: tuple[int, ...], words: tuple[int, int]) -> None:
    """philox4x32 with 10 rounds, kat_vectors of Random123 1.14."""
    plainly = getattr(draws.philox, "py_func", draws.philox)
    assert plainly(*key, *counter) == words


SHARES = (1, 1 << 20, (1 << 30) - 1, (1 << 33) + 12345)
COSTS = (0, 1, 999, 8_589_934_591, (1 << 43) - 1, 1 << 43, 30 * 24 * 3600 * 10**9)


@pytest.mark.parametrize(("cost", "share"), [(cost, share) for cost in COSTS for share in SHARES if cost * share >> 20 <= LONGEST_NS])
def test_a_share_of_a_cost_does_not_wrap(cost: int, share: int) -> None:
    plainly = getattr(draws.scaled, "py_func", draws.scaled)
    exact = cost * share >> 20
    with np.errstate(all="raise"):
        assert abs(int(plainly(*np.array([cost, share]))) - exact) <= exact * 2**-20


def records(machine: Machine, until_ns: int, seed: int = 7) -> Array:
    """The log of a run in which every request is traced."""
    chunks: list[Array] = []
    traffic = Traffic(machine, seed, log_every=1, sink=chunks.append)
    traffic.advance(until_ns)
    traffic.flush_log()
    return np.concatenate(chunks)


def machine_of(*clients: OpenLoop | ClosedLoop, cpus: int = 1) -> Machine:
    """Clients that each have a CPU, a thread and a plan of their own."""
    kernel = Kernel("kernel", "server", 3 * MS, 4 * MS)
    names = [client.name for client in clients]
    places = dict(zip(names, [f"cpu {name}" for name in names], strict=True))
    threads = tuple(Thread(f"thread {name}", (places[name],)) for name in names)
    spread = Spread("lognormal", 500)
    plans = tuple(Plan(client.plan, (Work("server", "serve", f"thread {client.name}", 200_000, spread),)) for client in clients)
    return Machine(
        "test", ("client", "server"), (kernel,), tuple(Cpu(place, "kernel") for place in places.values()), threads, plans, clients
    )


def client(name: str, mean_ns: int = MS) -> OpenLoop:
    return OpenLoop(name, f"plan of {name}", mean_ns, connections=5)


def lives(machine: Machine, name: str, until_ns: int = 300 * MS) -> list[tuple[int, int, int]]:
    """Number, birth and end of the requests of one client."""
    log = records(machine, until_ns)
    index = [one.name for one in machine.clients].index(name)
    own = log[(log["table"] == LOG_REQUEST) & (log["task"] == index)]
    return sorted(zip(own["number"].tolist(), own["start"].tolist(), own["end"].tolist(), strict=True))


def test_an_open_loop_arrives_as_a_poisson_process() -> None:
    """Kolmogorov and Smirnov: gaps are exponential; and each is independent of the one before."""
    machine = replace(machine_of(client("a", mean_ns=10_000)), plans=(Plan("plan of a", (Pause("server", "wait", 5),)),))  # served at once
    log = records(machine, 500 * MS)
    born = np.sort(log["start"][log["table"] == LOG_REQUEST])
    gaps = np.diff(born)
    assert len(gaps) > 49_000
    assert stats.kstest(gaps, "expon", args=(0, 10_000)).pvalue > 0.01
    assert abs(np.corrcoef(gaps[:-1], gaps[1:])[0, 1]) < 0.015
    counts = np.bincount(born // (100 * 10_000))[:-1]
    assert counts.var() / counts.mean() == pytest.approx(1, abs=0.2)


def test_works_of_one_request_are_drawn_apart() -> None:
    """Two works of one name and one mean in a plan do not take the same time, nor do two accesses to a disk."""
    plan = Plan("plan of a", tuple(Pause("server", "wait", 10_000, EXPONENTIAL) for _ in range(2)))
    log = records(replace(machine_of(client("a")), plans=(plan,)), 2000 * MS)
    spans = log[(log["table"] == LOG_SPAN)]
    first, second = (spans["end"] - spans["start"])[spans["step"] == 0], (spans["end"] - spans["start"])[spans["step"] == 1]
    size = min(len(first), len(second))
    assert size > 1500 and abs(np.corrcoef(first[:size], second[:size])[0, 1]) < 0.1


def test_another_client_moves_nobodys_draws() -> None:
    alone = machine_of(client("a"))
    beside = machine_of(client("new"), client("a"), ClosedLoop("newer", "plan of newer", 3))
    assert lives(alone, "a") == lives(beside, "a")


def test_the_order_of_independent_things_does_not_matter() -> None:
    machine = machine_of(client("a"), client("b", 700_000), client("c", 900_000))
    turned = replace(
        machine,
        cpus=machine.cpus[::-1],
        threads=machine.threads[::-1],
        plans=machine.plans[::-1],
        clients=machine.clients[::-1],
    )
    for name in "abc":
        assert lives(machine, name) == lives(turned, name)


def test_another_seed_draws_anew_and_the_same_one_does_not() -> None:
    machine = machine_of(client("a"))
    once, again, other = (Traffic(machine, seed) for seed in (1, 1, 2))
    for traffic in (once, again, other):
        traffic.advance(100 * MS)
    assert once.fingerprint == again.fingerprint != other.fingerprint


def test_the_same_request_draws_the_same_on_another_stack() -> None:
    """A guest below it changes when a request is served, not what it asks for."""
    bare = machine_of(client("a"))
    guest = Kernel("guest", "server", 3 * MS, 4 * MS, switch_ns=900)
    virtual = replace(
        bare,
        kernels=(*bare.kernels, guest),
        cpus=(Cpu("core", "kernel"), Cpu("cpu a", "guest", "vcpu")),
        threads=(Thread("vcpu", ("core",), kind="vcpu", halt_ns=2000, resume_ns=3000), *bare.threads),
    )
    born = [[(number, start) for number, start, _ in lives(machine, "a")] for machine in (bare, virtual)]
    size = min(map(len, born))
    assert size > 250 and born[0][:size] == born[1][:size]
    assert lives(bare, "a") != lives(virtual, "a")
