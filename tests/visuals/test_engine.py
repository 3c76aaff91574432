"""The engine's own traces on the view: what the made-up ones promise must hold for what is really simulated."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from cutaway.models import costs, stack
from cutaway.models.clients import ClosedLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.guest import GuestLinuxPart
from cutaway.models.hardware import HardwarePart
from cutaway.models.hypervisor import KvmPart
from cutaway.models.kernel import LinuxPart
from cutaway.models.part import Part
from cutaway.models.servers.nginx import NginxPart
from cutaway.sim.simulate import Span, simulate
from cutaway.sim.trace import Trace
from cutaway.visuals.default_stage import stage_for
from cutaway.visuals.ledger import ledger_at
from cutaway.visuals.scene import Scene
from cutaway.visuals.view import View, view_of
from tests.visuals.measured_picture import MeasuredPicture

STACKS: dict[str, list[Part]] = {"bare": [], "vm": [KvmPart(), GuestLinuxPart()], "container": [DockerPart()]}


@cache
def simulated(name: str, where: str) -> Trace:
    load = ClosedLoopPart(where=where)  # type: ignore[arg-type]
    machine = stack.build(name, [HardwarePart(), LinuxPart(), *STACKS[name], NginxPart()], load, costs.load("two-core-vm"))
    trace = simulate(machine, 1, Span(1_000_000, 300), trace_one_in=1).trace
    assert trace is not None
    return trace


def looked_at(where: str) -> View:
    traces = [simulated(name, where) for name in STACKS]
    return view_of(traces, stage_for(traces))


@pytest.mark.parametrize("where", ["another machine", "loopback"])
def test_it_is_legible_and_its_ledger_sums_at_any_time(where: str) -> None:
    view, scene = looked_at(where), Scene()
    for number, at in enumerate(np.random.default_rng(4).uniform(size=12).tolist()):
        view.by_request = bool(number % 2)
        first, last = view.range_ns()
        view.time_ns = first + int(at * (last - first))
        picture = MeasuredPicture((1920, 1080))
        scene.draw(view, picture)
        assert picture.collisions() == []
        for column in view.columns:
            ledger = ledger_at(view.replay(column), view.request(column) or 0, view.column_time(column))
            assert ledger is None or ledger.sum_ns == ledger.clock_ns


def test_every_request_on_its_way_stands_at_a_part_of_its_own_layer() -> None:
    """No step falls through to a part of another floor than its layer's."""
    view = looked_at("another machine")
    _, all_ways = Scene().geometry(view, 1920, 1080)
    floors = {part.key: part.floor for part in view.stage.parts}
    for column, ways in zip(view.columns, all_ways, strict=True):
        for number in view.replay(column).journeys.own_steps:
            layer = view.replay(column).trace.meta["steps"][number]["layer"]
            floor = view.stage.floor(floors[ways.part_of_step[number]])
            assert layer in floor.layers or (ways.part_of_step[number], layer) == ("virtqueue", "hypervisor"), (column.name.en, number)


def test_the_way_has_no_gaps_on_real_plans() -> None:
    view = looked_at("another machine")
    _, all_ways = Scene().geometry(view, 1920, 1080)
    for column, ways in zip(view.columns, all_ways, strict=True):
        own = sorted(view.replay(column).journeys.own_steps)
        forward = [number for number in own if ways.begins[number] == ways.home_begins[number]]
        assert np.abs(ways.home_begins[forward][1:] - ways.home_ends[forward][:-1]).max() < 1e-6
        assert ways.home_ends[forward][-1] == pytest.approx(ways.length)
