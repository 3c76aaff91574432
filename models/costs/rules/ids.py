"""The rows that rules ask for, by name. Both machines' files name some differently; the first that is there counts.

At the end: how another machine's values are taken over, which is said in rows as well.
"""

from __future__ import annotations

from cutaway.models.costs.rule import Scaling, Sight

Ids = tuple[str, ...]


def micro(what: str, stack: str = "native", params: str = "", metric: str = "time_per_op") -> str:
    """A row of the group `micro`."""
    return f"micro.{what}.{stack}.{params and params + '.'}{metric}"


def wake(wakee: str, pause_us: int, metric: str, what: str = "wake-up") -> str:
    """A wake-up by an eventfd."""
    return micro(what, params=f"by=eventfd.wakee={wakee}.pause_us={pause_us}", metric=metric)


def on_one_cpu(stack: str) -> str:
    """The round trip of a byte, both ends on one CPU."""
    return micro("tcp-round-trip-1b", stack, "client_cpu=1")


GETPPID = "syscall-getppid"
HAND_OVER, WRITE_AND_READ = micro("ctxswitch-pipe-samecpu"), micro("pipe-write-read-noswitch")
OPEN, READ, STAT = "file-open-read4k-close", "file-pread4k", "file-stat"
ACROSS = micro("tcp-round-trip-1b", params="client_cpu=0")
ACROSS_SERVER = micro("tcp-round-trip-1b", params="client_cpu=0", metric="server_cpu_per_op")
FORTH = micro("tcp-round-trip-1b", params="client_cpu=0", metric="forth")
FORTH_SPINNING = micro("tcp-round-trip-1b", params="client_cpu=0.client_spins=1.server_spins=1", metric="forth")
LATER_US = (20, 100)
"""Pauses of a spinning client between which the idleness of a sleeping one lies."""


def on_ext4(what: str) -> Ids:
    """A file on ext4, outside of containers."""
    return (micro(what, params="fs=ext4"),)


def on_overlay(what: str) -> Ids:
    """A file in an overlay's lower layer."""
    return (micro(what, "docker-unconfined", "fs=overlay-lower"), micro(what, params="fs=overlay"))


def gaps(cpus: int, metric: str) -> str:
    """What busy loops do not get."""
    return micro("gaps-of-a-busy-loop", params=f"busy_cpus={cpus}", metric=metric)


def small_page(metric: str) -> Ids:
    """nginx on the bare system, 612 B, 16 connections."""
    what = "nginx.nginx-static-closed-loop.native"
    return (f"{what}.b=612.c=16.{metric}", f"{what}.body_bytes=612.connections=16.{metric}")


def beyond_one_cpu(row: Sight) -> float:
    """What a message takes between two CPUs beyond one: the exits of waking."""
    return (row(ACROSS) - row(on_one_cpu("native"))) / 2


UNCHANGED = Scaling("taken over unchanged from {machine}", lambda here, there: 1.0)
BY_STARTING = Scaling(
    "from {machine}, times {ratio:.3f}: fork and exec of a program, here by there",
    lambda here, there: here(micro("fork-exec-wait-static")) / there(micro("fork-exec-wait-static")),
)
BY_EXITS = Scaling(
    "from {machine}, times {ratio:.3f}: what a round trip on two CPUs takes beyond one on one CPU, here by there; both are made of exits",
    lambda here, there: beyond_one_cpu(here) / beyond_one_cpu(there),
)

BY_VETH = Scaling(
    "from {machine}, times {ratio:.3f}: a round trip over veth on one CPU, here by there",
    lambda here, there: here(on_one_cpu("native-veth")) / there(on_one_cpu("native-veth")),
)
