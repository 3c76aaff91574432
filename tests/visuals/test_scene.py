"""What is drawn, at many sizes and instants: nothing lies over anything, and every request stands where the trace says."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from cutaway.sim import trace as tr
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.live import sign_of
from cutaway.visuals.picture import LinesPicture
from cutaway.visuals.processors import cells
from cutaway.visuals.scene import Scene
from cutaway.visuals.view import View
from tests.visuals.measured_picture import MeasuredPicture

SIZES = ((1280, 720), (1920, 1080), (3840, 2160), (1440, 1080), (2560, 1080))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("shown", [[0], [1, 2], [0, 1, 2]])
def test_no_text_lies_over_text_or_a_way(view: View, size: tuple[int, int], language: str, shown: list[int]) -> None:
    view.language, view.shown = language, shown  # type: ignore[assignment]
    first, last = view.range_ns()
    scene = Scene()
    for share in (0.02, 0.33, 0.5, 0.77, 1.0):
        view.time_ns = first + round(share * (last - first))
        picture = MeasuredPicture(size)
        scene.draw(view, picture)
        assert picture.collisions() == [], f"at {view.time_ns} ns"


def test_frozen_and_throttled_moments_are_legible_too(view: View) -> None:
    for number, kind in ((1, tr.STOLEN), (2, tr.THROTTLED)):
        replay, column = view.replays[number], view.stage.columns[number]
        rows = replay.trace.spans[replay.trace.spans["kind"] == kind]
        for row in rows[:: max(len(rows) // 4, 1)]:
            view.by_request = False
            view.time_ns = int(row["start"] + row["end"]) // 2
            request = replay.record(int(row["request"]))
            view.follow = int(request["client"]), int(request["connection"]), int(request["number"])
            picture = MeasuredPicture((1920, 1080))
            Scene().draw(view, picture)
            assert picture.collisions() == [], column.name.en


def where_the_trace_says(view: View, scene: Scene, number: int) -> list[tuple[float, float, str]]:
    """Places and shapes of all requests in flight, derived anew from the trace's rows one by one."""
    column = view.columns[number]
    trace, now = view.replay(column).trace, view.column_time(column)
    _, ways = scene.geometry(view, 1920, 1080)
    found = []
    for request in trace.requests:
        if not request["born"] <= now < request["ended"]:
            continue
        spans = [span for span in trace.spans[(trace.spans["request"] == request["request"]) & (trace.spans["branch"] == 0)].tolist()]
        current = next(span for span in spans if span[0] <= now < span[1])
        step = current[3]
        moving = [span for span in spans if span[3] == step and span[7] in (tr.RUNNING, tr.DEVICE)]
        done = sum(min(span[1], now) - span[0] for span in moving if span[0] < now)
        share = done / max(sum(span[1] - span[0] for span in moving), 1)
        at = ways[number].begins[step] + share * (ways[number].ends[step] - ways[number].begins[step])
        x, y = (round(float(np.interp(at, ways[number].along, axis)), 3) for axis in (ways[number].xs, ways[number].ys))
        found.append((x, y, sign_of(current[7], bool(trace.meta["steps"][step]["answering"]))))
        if current[7] == tr.RUNNING:
            stints = trace.stints[(trace.stints["cpu"] == current[5]) & (trace.stints["start"] <= now) & (trace.stints["end"] > now)]
            assert len(stints) == 1, "a moving disc is on a CPU"
    return found


@pytest.mark.parametrize("seed", range(12))
def test_random_frames_are_rederived_from_the_trace(view: View, seed: int) -> None:
    """Goal: no motion that no event caused. Method: place every request by plain loops over the rows, and compare with what was drawn."""
    view.by_request = False
    first, last = view.range_ns()
    view.time_ns = int(np.random.default_rng(seed).integers(first, last))
    scene, picture = Scene(), MeasuredPicture((1920, 1080))
    scene.draw(view, picture)
    drawn = [(round(at.x, 3), round(at.y, 3), kind.removeprefix("small ")) for kind, at, _, name in picture.signs
             if (kind.startswith("small") or " at " in name) and "at client" not in name]  # fmt: skip
    for number in range(3):
        for x, y, sign in where_the_trace_says(view, scene, number):
            near = [kind for left, top, kind in drawn if abs(left - x) < 1.01 and abs(top - y) < 34]
            assert sign in near or any(kind.startswith("several") for kind in near) or x < 206, (number, x, y, sign, near)
    count = sum(len(where_the_trace_says(view, scene, number)) for number in range(3))
    pictured = [name for kind, _, _, name in picture.signs if kind.startswith("small") or (" at " in name and "at client, " not in name)]
    assert len(pictured) <= count


def test_the_scene_reads_as_text(view: View) -> None:
    """A request that waits is told as waiting; the ledger's sum is on the page."""
    replay, column = view.replays[1], view.stage.columns[1]
    stolen = replay.trace.spans[replay.trace.spans["kind"] == tr.STOLEN][0]
    request = replay.record(int(stolen["request"]))
    view.follow = int(request["client"]), int(request["connection"]), int(request["number"])
    view.time_ns = int(stolen["start"]) + 10_000 - int(request["born"])
    lines = LinesPicture()
    Scene().draw(view, lines)
    assert f"clock {view.request(column)} at " in str(lines) and "waiting for a CPU" in str(lines)
    assert "text 호스트가 CPU를 가져감" in str(lines)


def test_nothing_moves_while_time_stands(view: View) -> None:
    """The same instant gives the same pixels."""
    view.time_ns = 31_000
    pictures = [MeasuredPicture((1280, 720)) for _ in range(2)]
    for picture in pictures:
        Scene().draw(view, picture)
    assert pictures[0].surface.get_buffer().raw == pictures[1].surface.get_buffer().raw


def crowded(interval_ns: int) -> View:
    from cutaway.visuals.default_stage import stage_for
    from cutaway.visuals.view import view_of
    from tests.visuals.made_up import made_up

    trace = made_up("bare", 1200, interval_ns=interval_ns)
    view = view_of([trace], stage_for([trace]))
    view.by_request, view.time_ns = False, 400_000
    assert len(view.moment(view.columns[0]).rows) > 300
    return view


def test_many_that_wait_at_a_place_are_one_sign_with_their_number() -> None:
    view, lines, picture = crowded(300), LinesPicture(), MeasuredPicture((1920, 1080))
    Scene().draw(view, picture)
    assert Point(0, 0) not in [at for _, at, *_ in picture.signs]
    Scene().draw(view, lines)
    counts = [int(count) for count in re.findall(r"^several (\d+) at ", str(lines), re.MULTILINE)]
    assert max(counts) > 50 and f"number {max(counts)}" in str(lines)


def test_many_that_move_flow_as_a_band() -> None:
    view = crowded(300)
    moment = view.moment(view.columns[0])
    moment.kind[:] = tr.DEVICE
    lines = LinesPicture()
    Scene().draw(view, lines)
    assert "small" not in str(lines) and "several" not in str(lines)
    moment.kind[100:] = tr.TURN
    lines = LinesPicture()
    Scene().draw(view, lines)
    assert "small" in str(lines) and "several" in str(lines)


@pytest.mark.parametrize("count", [1, 2, 4, 9, 16, 64, 256, 4096])
def test_every_cpu_has_a_place_of_its_own(count: int) -> None:
    area = Area(10, 20, 277, 68)
    places = cells(area, count)
    assert len({(place.x, place.y) for place in places}) == count
    assert all(place.width > 0 and place.height > 0 for place in places)
    assert max(place.right for place in places) <= area.right + 0.01 and max(place.bottom for place in places) <= area.bottom + 0.01


def test_thousands_of_cpus_are_told_together(traces: list[tr.Trace]) -> None:
    from cutaway.visuals.default_stage import stage_for
    from cutaway.visuals.view import view_of

    bare = traces[0]
    host = next(cpu for cpu in bare.meta["cpus"] if cpu["kernel"] == "host")
    cpus = [*bare.meta["cpus"], *({**host, "name": f"further {number}"} for number in range(4096))]
    view = view_of([many := replace(bare, meta={**bare.meta, "cpus": cpus})], stage_for([many]))
    view.time_ns, view.language = view.range_ns()[1] // 2, "en"
    picture = LinesPicture()
    Scene().draw(view, picture)
    busy = [cpu for cpu in view.moment(view.columns[0]).cpus if cpu in view.replays[0].cast.host_cpus]
    assert "text 4\u2009098 CPUs" in picture.lines and f"text {len(busy)} busy" in picture.lines
    assert view.replays[0].cast.cpu_names[-1] == "CPU 4097"


def test_a_vcpu_whose_thread_runs_without_the_guest_is_in_kvm(traces: list[tr.Trace]) -> None:
    from cutaway.visuals.default_stage import stage_for
    from cutaway.visuals.view import view_of

    vm = traces[1]
    guest = [number for number, cpu in enumerate(vm.meta["cpus"]) if cpu.get("vcpu")]
    view = view_of([replace(vm, stints=vm.stints[~np.isin(vm.stints["cpu"], guest)])], stage_for([vm]))
    column = view.columns[0]
    (owner,) = view.replay(column).cast.vcpu_threads.values()
    stint = vm.stints[vm.stints["thread"] == owner][0]
    view.by_request, view.time_ns, view.language = False, int(stint["start"] + stint["end"]) // 2, "en"
    lines = LinesPicture()
    Scene().draw(view, lines)
    assert "text in KVM" in str(lines)


def test_a_file_that_is_sent_from_the_page_cache_lights_it(traces: list[tr.Trace]) -> None:
    from cutaway.visuals.default_stage import stage_for
    from cutaway.visuals.view import view_of

    def lit(costs: list[dict[str, str]]) -> str:
        steps = [
            {**step, "operation": "send" if "page cache" in step["operation"] else step["operation"], "costs": costs}
            for step in traces[0].meta["steps"]
        ]
        trace = replace(traces[0], meta={**traces[0].meta, "steps": steps})
        view = view_of([trace], stage_for([trace]))
        view.time_ns = view.range_ns()[1]
        lines = LinesPicture()
        Scene().draw(view, lines)
        return str(lines)

    assert lit([{"name": "sendfile per KiB", "times": "1"}]).count("frame") == lit([]).count("frame") + 1


def test_all_workers_of_the_server_are_counted(traces: list[tr.Trace]) -> None:
    from cutaway.visuals.cast import cast_of

    bare = traces[0]
    idle = {**next(thread for thread in bare.meta["threads"] if thread["role"] == "nginx"), "name": "nginx#9"}
    cast = cast_of(replace(bare, meta={**bare.meta, "threads": [*bare.meta["threads"], idle]}))
    assert len(bare.meta["threads"]) in cast.servers(("nginx",))


def test_after_a_recording_nothing_is_said_to_be_idle(view: View) -> None:
    view.by_request, view.language = False, "en"
    view.time_ns = view.range_ns()[1] + 5_000_000
    last = view.replays[0]
    lines = LinesPicture()
    Scene().draw(view, lines)
    assert "text idle" not in str(lines) and str(lines).count("text record ends") == 3
    assert f"number {round(last.latencies.throughput(last.end_ns)):,} /s".replace(",", "\u2009") in str(lines)
