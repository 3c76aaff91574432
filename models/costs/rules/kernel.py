"""System calls, context switches, ticks and stalls; files on ext4 and on an overlay."""

from __future__ import annotations

from collections.abc import Callable

from cutaway.models.costs.rule import Sight, direct, rule
from cutaway.models.costs.rules.ids import GETPPID, HAND_OVER, OPEN, READ, STAT, WRITE_AND_READ, Ids, gaps, micro, on_ext4, on_overlay
from cutaway.models.units import MS, S

STALL_OF_ONE_NS = 0.25 * MS
"""How long the gaps above 100 us are that a single busy loop sees (micro.gaps-of-a-busy-loop.native.busy_cpus=1.gap_max and its kin)."""


direct({"null system call": (micro(GETPPID),), "read call": (micro(GETPPID),), "copy per KiB": (micro("memcpy-per-kib"),)})


@rule("seccomp filter", "getppid in a container with the filter less the same without it")
def _seccomp(row: Sight) -> float:
    return row(micro(GETPPID, "docker")) - row(micro(GETPPID, "docker-unconfined"))


@rule("cgroup accounting", "a round trip of a byte in a plain container on the host's network less one without, two messages with two ends")
def _cgroup_accounting(row: Sight) -> float:
    return (row(micro("tcp-lo-rtt-samecpu", "runc")) - row(micro("tcp-lo-rtt-samecpu"))) / 4


@rule("context switch", "one hand-over by pipe less its write and read; caches stay warm in it")
def _switch(row: Sight) -> float:
    return row(HAND_OVER) - row(WRITE_AND_READ)


@rule("tick", "share of a busy loop's gaps less the stalls above 100 us of about 0.25 ms each, over the ticks a second")
def _tick(row: Sight) -> float:
    share = row(gaps(1, "gap_share")) - row(gaps(1, "gt100us_per_s")) * STALL_OF_ONE_NS / S
    return share * S / row.measured.machine.hz


@rule("time between stalls", "one over the gaps above 100 us a second, both cores busy")
def _between_stalls(row: Sight) -> float:
    return S / row(gaps(2, "gt100us_per_s"))


@rule("stall", "what two busy loops lose beyond one, over the gaps above 100 us a second; the shape was drawn by hand")
def _stall(row: Sight) -> float:
    return (row(gaps(2, "gap_share")) - row(gaps(1, "gap_share"))) * row.cost("time between stalls")


# files


def _open_and_close(row: Sight, where: Callable[[str], Ids]) -> float:
    return row(*where(OPEN)) - row(*where(READ))


CLOSE_SHARE = 100 / 565
"""Of open and close; the split is assumed and does not change a sum."""


@rule("open file", "open, read and close less the read, of which close gets 100 of 565")
def _open(row: Sight) -> float:
    return (1 - CLOSE_SHARE) * _open_and_close(row, on_ext4)


@rule("close file", "the rest of open and close; the split does not change a sum")
def _close(row: Sight) -> float:
    return CLOSE_SHARE * _open_and_close(row, on_ext4)


@rule("overlay open", "open and close on an overlay less the same on ext4")
def _overlay_open(row: Sight) -> float:
    return _open_and_close(row, on_overlay) - _open_and_close(row, on_ext4)


@rule("overlay stat", "stat on an overlay less the same on ext4; by path, so a little of it is the walk")
def _overlay_stat(row: Sight) -> float:
    return row(*on_overlay(STAT)) - row(*on_ext4(STAT))


@rule("overlay read", "read of 4 KiB on an overlay less the same on ext4")
def _overlay_read(row: Sight) -> float:
    return row(*on_overlay(READ)) - row(*on_ext4(READ))


@rule("read copy per KiB", "read of 4 KiB less a null system call, over four")
def _read_copy(row: Sight) -> float:
    return (row(*on_ext4(READ)) - row(micro(GETPPID))) / 4
