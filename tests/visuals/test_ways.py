"""The way: steps lead on or fall and come back, and a request is never torn from its place without reason."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.visuals.scene import Scene
from cutaway.visuals.view import View


@pytest.mark.parametrize("size", [(1920, 1080), (1920, 1440), (2560, 1080)])
def test_the_way_is_walked_without_gaps(view: View, size: tuple[int, int]) -> None:
    """What is walked never shrinks from step to step, begins at the client and ends there."""
    _, all_ways = Scene().geometry(view, *size)
    for ways, column in zip(all_ways, view.columns, strict=True):
        steps = view.replay(column).trace.meta["steps"]
        forward = [number for number in range(len(steps)) if ways.begins[number] == ways.home_begins[number]]
        ends = ways.home_ends[forward]
        assert (np.diff(ends) >= -1e-6).all()
        assert ways.home_begins[0] == 0 and ends[-1] == pytest.approx(ways.length)
        assert np.abs(ways.home_begins[forward][1:] - ends[:-1]).max() < 1e-6


def test_an_excursion_comes_back_to_where_it_began(view: View) -> None:
    _, all_ways = Scene().geometry(view, 1920, 1080)
    ways = all_ways[0]
    steps = view.replay(view.columns[0]).trace.meta["steps"]
    opening = next(number for number, step in enumerate(steps) if step["operation"].startswith("open"))
    begin, end = (ways.places(np.array([opening], np.int32), np.array([share])) for share in (0.0, 1.0))
    assert begin == end
    _, deepest = ways.places(np.array([opening], np.int32), np.array([0.5]))
    assert deepest[0] > begin[1][0], "a system call falls to the kernel's floor"


def test_operations_happen_at_the_parts_that_name_them(view: View) -> None:
    _, all_ways = Scene().geometry(view, 1920, 1080)
    expected = {
        "DNAT in PREROUTING": "nat",
        "bridge": "bridge",
        "veth": "veth",
        "tap": "tap",
        "copy in": "vhost",
        "doorbell exit": "kvm",
        "virtio: take from the ring": "virtqueue",
        "read from the page cache": "page cache",
        "take from the receive ring": "nic",
    }
    for ways, column in zip(all_ways, view.columns, strict=True):
        for part, step in zip(ways.part_of_step, view.replay(column).trace.meta["steps"], strict=True):
            if (step["operation"] in expected and step["layer"] != "guest kernel") or step["operation"].startswith("virtio: take"):
                assert part == expected[step["operation"]]
