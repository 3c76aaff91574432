"""What `cutaway show` lets one see of a scenario: a request that is on every stack, with figures beside it, and captions that hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutaway.scenarios import load
from cutaway.session import SHOWN_WARM_UP, _traces_from
from cutaway.sim.trace import TraceError, save
from cutaway.staging import staged
from cutaway.visuals.ledger import ledger_at
from cutaway.visuals.picture import LinesPicture
from cutaway.visuals.scene import Scene
from cutaway.visuals.stage import Language
from cutaway.visuals.view import View, view_of
from tests.visuals.measured_picture import MeasuredPicture

LECTURE = "lecture/three-stacks"


def seen(**changes: object) -> View:
    scenario = load(LECTURE).with_({key.replace("__", ".").replace("warm_up", "warm up"): value for key, value in changes.items()})
    traces = _traces_from(scenario, [], whole=True)
    return view_of(traces, staged(traces))


@pytest.mark.parametrize("quota", [None, "0.1"])
def test_the_followed_request_has_figures_beside_it(quota: str | None) -> None:
    view = seen(clients__think="0 s", run__requests=1500, **({"stacks__container__layers__docker__cpus": quota} if quota else {}))
    for column in view.columns:
        assert view.request(column) is not None
        assert view.column_time(column) >= view.replay(column).start_ns
        assert view.replay(column).latencies.so_far(view.column_time(column)) is not None


@pytest.mark.parametrize("changes", [{}, {"clients__think": "0 s"}, {"run__seed": 7}])
def test_it_is_said_that_a_stack_has_answered_when_it_has(changes: dict[str, object]) -> None:
    view = seen(**changes)
    for cue in view.stage.cues:
        if cue.answered is not None:
            column = next(column for column in view.columns if column.trace == cue.answered)
            (placed,) = [one for one in view.cues() if one.caption == cue.caption]
            assert placed.at_ns == view.latency_ns(column) <= view.range_ns()[1]
    assert sum(cue.answered is not None for cue in view.stage.cues) == 2


def test_a_caption_of_a_stack_that_is_not_there_is_not_shown() -> None:
    traces = _traces_from(load(LECTURE), ["bare metal", "container"], whole=True)
    assert [cue.answered for cue in staged(traces).cues if cue.answered is not None] == [0]


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (3840, 2160)])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_last_row_can_read_all_of_it(size: tuple[int, int], language: Language) -> None:
    """24 px of 1080 at least, whatever the size of the screen; the hint at the foot is the lecturer's own."""
    view, scene = seen(run__requests=1000), Scene()
    view.language, view.hint = language, False
    first, last = view.range_ns()
    for shown in ([0, 1, 2], [1], [0, 2]):
        view.shown = shown
        for time_ns in range(first, last, (last - first) // 12):
            view.time_ns = time_ns
            picture = MeasuredPicture(size)
            scene.draw(view, picture)
            assert {line: pixels for line, pixels in picture.sizes.items() if pixels < 24 * size[1] / 1080 - 0.5} == {}


@pytest.mark.parametrize(("polling", "least"), [("200 us", 20), ("0 us", 0)])
def test_a_vcpu_that_is_polled_for_looks_neither_idle_nor_at_work(polling: str, least: int) -> None:
    scenario = load(LECTURE).with_({"stacks.vm.layers.kvm.halt polling": polling})
    traces = _traces_from(scenario, ["vm"], whole=True)
    view = view_of(traces, staged(traces))
    view.by_request, view.language, seen_so = False, "en", 0
    (replay,) = view.replays
    first, last = view.range_ns()
    for time_ns in range(first, last, (last - first) // 60):
        view.time_ns = time_ns
        moment, lines = replay.at(time_ns), LinesPicture()
        Scene().draw(view, lines)
        polled = replay.polling(moment)
        seen_so += bool(polled)
        assert ("text halt polling" in lines.lines) == bool(polled) == any("polling CPU" in line for line in lines.lines)
        for vcpu, since_ns in polled.items():
            owner = replay.cast.vcpu_threads[vcpu]
            assert vcpu not in moment.cpus and owner in {now.thread for now in moment.cpus.values()}
            assert since_ns in replay.trace.stints["end"][replay.trace.stints["cpu"] == vcpu]
            assert f"polling {replay.cast.cpu_names[vcpu]}, polling" in lines.lines
    assert seen_so >= least and (seen_so == 0) == (least == 0)


def test_a_long_warm_up_is_cut() -> None:
    view = seen(run__warm_up="10 min", run__requests=100)
    assert all(replay.start_ns <= SHOWN_WARM_UP for replay in view.replays)


def test_a_stack_that_a_saved_trace_does_not_have_is_told(tmp_path: Path) -> None:
    save(_traces_from(load(LECTURE), ["vm"], whole=True)[0], tmp_path)
    with pytest.raises(TraceError, match="no trace of stack 'nope'"):
        _traces_from(tmp_path, ["nope"], whole=True)


def test_a_container_in_a_guest_has_its_network_and_its_walls_there(tmp_path: Path) -> None:
    file = tmp_path / "inside.yaml"
    layers = "[hardware, linux, {use: parts/small-vm.yaml}, guest linux, {use: parts/published-container.yaml}, nginx]"
    file.write_text(f"cutaway: 1\nbase: lecture/three-stacks\nstacks: {{inside: {{layers: {layers}}}}}\n", encoding="utf-8")
    traces = _traces_from(load(file), ["vm", "container", "inside"], whole=True)
    view = view_of(traces, staged(traces))
    vm, container, inside = view.columns
    assert inside.walls == container.walls and not vm.walls
    assert {"guest veth", "guest bridge", "guest nat", "tap", "bridge"} <= set(inside.parts) and not {"veth", "nat"} & set(inside.parts)
    assert {"veth", "bridge", "nat"} <= set(container.parts) and not any(part.startswith("guest ") for part in container.parts)
    view.move_to(view.range_ns()[1])
    replay, request = view.replay(inside), view.request(inside)
    assert request is not None
    ledger = ledger_at(replay, request, view.column_time(inside))
    plain = ledger_at(view.replay(vm), view.request(vm) or 0, view.column_time(vm))
    assert ledger is not None and plain is not None and ledger.sum_ns == ledger.clock_ns
    guest, host = view.stage.floor("guest").layers, view.stage.floor("host").layers
    assert ledger.of(guest).work_ns > plain.of(guest).work_ns and ledger.of(("bridge and NAT of the guest",)).work_ns > 0
    assert ledger.of(host).work_ns == pytest.approx(plain.of(host).work_ns, rel=0.5)
    scene = Scene()
    languages: tuple[Language, ...] = ("ko", "en")
    for view.language in languages:
        for time_ns in range(0, view.range_ns()[1], 6000):
            view.time_ns = time_ns
            picture = MeasuredPicture((1920, 1080))
            scene.draw(view, picture)
            assert picture.collisions() == []


SERVERS = {
    "{kind: redis}": ("redis", "Redis"),
    "{kind: postgresql, script: simple-update}": ("postgresql", "PostgreSQL"),
    "{upstream: {loops: 0}}": ("nginx", "nginx · Python"),
}


@pytest.mark.parametrize("server", SERVERS)
def test_the_stage_names_the_programs_that_answer_and_their_time_is_in_the_ledger(server: str, tmp_path: Path) -> None:
    kind, named = SERVERS[server]
    file = tmp_path / "server.yaml"
    stacks = f"{{plain: {{layers: [hardware, linux, {kind}]}}}}"
    file.write_text(f"cutaway: 1\ntitle: A server\nclients: {{kind: closed loop}}\nserver: {server}\nstacks: {stacks}\n", encoding="utf-8")
    traces = _traces_from(load(file).with_({"run.requests": 300}), [], whole=True)
    view = view_of(traces, staged(traces))
    assert view.stage.floor("server").second.en == named
    picture = LinesPicture()
    Scene().draw(view, picture)
    assert f"text {named}" in picture.lines
    charged = {step["layer"] for step in traces[0].meta["steps"]}
    assert charged <= {layer for floor in view.stage.floors for layer in floor.layers} | {"", "neighbours"}
