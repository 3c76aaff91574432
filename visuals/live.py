"""What moves in a column: the way of the followed request, the other requests, processes, processors, walls' meters, frost.

Every place here derives from two events of the trace, the begin and the end of a span; nothing is eased, and nothing moves by itself.
"""

from __future__ import annotations

import numpy as np

from cutaway.sim.trace import DEVICE, LOST, PLACE, REFUSED, RUNNING, T_RUNNABLE, T_STOLEN, T_THROTTLED, T_WAKING, THROTTLED, TIMED_OUT
from cutaway.visuals.figures import told
from cutaway.visuals.flow import draw_flow
from cutaway.visuals.geometry import Area, Point, between
from cutaway.visuals.layout import ColumnLayout, Layout
from cutaway.visuals.moment import Moment, Replay
from cutaway.visuals.names import called
from cutaway.visuals.palette import Palette, mixed
from cutaway.visuals.picture import Picture
from cutaway.visuals.processors import Chips, draw_run_queue
from cutaway.visuals.section import PART, cache_squares, draw_frost, frost_area
from cutaway.visuals.view import Target, View
from cutaway.visuals.ways import Ways
from cutaway.visuals.words import word

WAY, TO_COME = 5.5, 2.6
FOLLOWED, OTHER, SEVERAL, MANY = 11.0, 7.0, 16.0, 300
"""Radius of the followed request, of another, of several at one place; above so many requests a column shows their density."""
BEHIND = 28.0
COUNT_WIDTH = 52.0
"""A box that only says how many more processes there are is no narrower."""
FROST_S = 0.12
WHERE_OF = tuple(
    {
        "running": "running",
        "run queue": "waiting for a CPU",
        "waking": "waiting for a CPU",
        "stolen": "waiting for a CPU",
        "throttled": "throttled",
        "turn": "waiting for its thread",
        "device": "on a device",
        "place": "waiting for a place",
    }.values()
)
"""How a test or a reader is told of a kind of span; in the order of `KINDS`."""


def sign_of(kind: int, answering: bool) -> str:
    """The shape of a request's state."""
    if kind in (RUNNING, DEVICE):
        return "ring" if answering else "disc"
    return "square" if kind == THROTTLED else "bar" if kind == PLACE else "clock"


SIGN_CODES = np.array([{"clock": 0, "bar": 1, "square": 2}.get(sign_of(kind, False), 3) for kind in range(len(WHERE_OF))])
"""The sign of each kind of span, as a number."""


def draw_live(view: View, layout: Layout, number: int, ways: Ways, picture: Picture) -> None:
    """One column at its moment."""
    plan, palette = layout.columns[number], view.palette
    column = plan.column
    replay, moment, followed = view.replay(column), view.moment(column), view.request(column)
    hue, frozen = palette.hue(column.hue), replay.frozen(moment)
    guest_stands = bool(frozen) and len(frozen) == len(replay.cast.vcpu_threads)
    strength = 0.0
    if guest_stands:
        since = moment.time_ns - max(frozen.values())
        strength = min(since / 1e9 / view.speed / FROST_S, 1.0) if view.playing else 1.0
        picture.still(
            f"frost {number}",
            (column, layout, view.language, palette.name),
            frost_area(plan),
            lambda canvas: draw_frost(view.stage, plan, view.language, palette, canvas),
            strength=strength,
        )
    ground = palette.frost if strength >= 1 else palette.room
    _processes(view, plan, replay, moment, followed, ground, picture)
    chips = Chips(replay, moment, followed, hue, view.language, palette, picture, view.numbers)
    for part in view.stage.parts_of(column):
        area = plan.parts.get(part.key)
        if area is None:
            continue
        if part.kind in ("cpus", "vcpus"):
            cpus = replay.cast.host_cpus if part.kind == "cpus" else replay.cast.vcpus
            chips.draw(area, cpus)
        elif part.kind == "queue":
            draw_run_queue(area, replay, moment, followed, hue, palette, picture, view.numbers)
        elif part.kind == "cache":
            _cache_hit(part.key, area, replay, moment, followed, ways, view, plan, picture)
    if strength >= 1:
        _host_took_it(view, plan, moment.time_ns - max(frozen.values()), picture)
    _meter(view, plan, replay, moment, picture)
    _way(view, plan, moment, followed, ways, picture)
    _others(view, number, plan, replay, moment, followed, ways, picture)
    _followed(view, number, plan, replay, moment, followed, ways, picture)


# --- the way -------------------------------------------------------------------------------------------------------------------------


def _way(view: View, plan: ColumnLayout, moment: Moment, followed: int | None, ways: Ways, picture: Picture) -> None:
    """What the followed request has walked, and what is to come."""
    palette = view.palette
    hue = palette.hue(plan.column.hue)
    walked = _walked(view, plan, moment, followed, ways)
    behind, ahead = ways.cut(walked)
    if walked < ways.length:
        # On the way out the wire is not dotted twice.
        shown = ahead[:-1] if walked <= ways.turn and ways.points[0] == ways.points[-1] else ahead
        picture.way(shown, hue, TO_COME, dotted=True)
    if walked > 0:
        picture.way(behind, hue, WAY)


def _walked(view: View, plan: ColumnLayout, moment: Moment, followed: int | None, ways: Ways) -> float:
    if followed is None:
        return 0.0
    at = moment.where(followed)
    if at is not None:
        return min(ways.walked(int(moment.step[at]), float(moment.share[at])), ways.length)
    return ways.length if moment.time_ns >= view.born_ns(plan.column) + view.latency_ns(plan.column) else 0.0


# --- requests ------------------------------------------------------------------------------------------------------------------------


def _others(
    view: View, number: int, plan: ColumnLayout, replay: Replay, moment: Moment, followed: int | None, ways: Ways, picture: Picture
) -> None:
    """All requests but the followed one: small and grey; those that wait at one place stand as one sign and their count."""
    palette = view.palette
    others = moment.request != (followed if followed is not None else -1)
    steps, kinds = moment.step[others], moment.kind[others]
    xs, ys = ways.places(steps, moment.share[others])
    answering = replay.answering[steps]
    moving = (kinds == RUNNING) | (kinds == DEVICE)
    requests = moment.request[others]
    if moving.sum() > MANY:
        draw_flow(ways, moment, np.flatnonzero(others)[moving], palette, plan, picture)
    else:
        for kind, chosen in (("disc", moving & ~answering), ("ring", moving & answering)):
            if chosen.any():
                picture.dots(xs[chosen], ys[chosen], kind, OTHER, palette.other, palette.room)
        for at in np.flatnonzero(moving).tolist():
            view.targets.append(Target(Area(xs[at] - 12, ys[at] - 12, 24, 24), "request", number, int(requests[at])))
    here_followed = _place_of(moment, followed, ways)
    waiting = np.flatnonzero(~moving & ~ways.at_client[steps])  # who waits at the client is not on the machine
    places = np.stack([np.rint(xs[waiting]), np.rint(ys[waiting] / 8), SIGN_CODES[kinds[waiting]]])
    _, firsts, counts = np.unique(places, axis=1, return_index=True, return_counts=True)
    for first, count in zip(waiting[firsts].tolist(), counts.tolist(), strict=True):
        sign = sign_of(int(kinds[first]), bool(answering[first]))
        here = Point(float(xs[first]), float(ys[first]))
        part = ways.part_of_step[int(steps[first])]
        name = f"{count} at {part}, {WHERE_OF[int(kinds[first])]}"
        radius = SEVERAL + 6 * max(len(str(count)) - 2, 0)
        if here_followed is not None and abs(here.x - here_followed.x) + abs(here.y - here_followed.y) < BEHIND:
            # They stand behind the followed one, against the way's direction.
            behind = BEHIND + radius - SEVERAL
            here = Point(here.x, here_followed.y + (-behind if answering[first] else behind))
        if count == 1:
            picture.sign(sign, here, OTHER + 0.5, palette.other, ground=palette.room, name=name)
        else:
            picture.sign(
                "several throttled" if sign == "square" else "several", here, radius, palette.other, ground=palette.room, name=name
            )
            picture.number(here, str(count), 24, palette.ink, align="middle")
        view.targets.append(Target(Area(here.x - 12, here.y - 12, 24, 24), "request", number, int(requests[first])))


def _place_of(moment: Moment, followed: int | None, ways: Ways) -> Point | None:
    at = moment.where(followed) if followed is not None else None
    if at is None:
        return None
    xs, ys = ways.places(moment.step[at : at + 1], moment.share[at : at + 1])
    return Point(float(xs[0]), float(ys[0]))


def _followed(
    view: View, number: int, plan: ColumnLayout, replay: Replay, moment: Moment, followed: int | None, ways: Ways, picture: Picture
) -> None:
    """The request we follow, with its halo; before its birth and after its end it is with the client."""
    palette = view.palette
    hue = palette.hue(plan.column.hue)
    if followed is None:
        return
    at = moment.where(followed)
    client = ways.points[0]
    if at is None:
        row = replay.record(followed)
        if moment.time_ns >= int(row["ended"]):
            lost = int(row["outcome"]) in (TIMED_OUT, LOST, REFUSED)
            picture.sign(
                "cross" if lost else "ring",
                ways.points[-1],
                FOLLOWED,
                hue,
                ground=palette.paper,
                halo=True,
                name=f"{followed} at client, over",
            )
        elif moment.time_ns >= int(row["born"]) or view.by_request:
            picture.sign("disc", client, FOLLOWED - 3, hue, ground=palette.paper, name=f"{followed} at client, not yet sent")
        return
    step, kind = int(moment.step[at]), int(moment.kind[at])
    here = _place_of(moment, followed, ways) or client
    sign = sign_of(kind, bool(replay.answering[step]))
    picture.sign(
        sign, here, FOLLOWED, hue, ground=palette.room, halo=True, name=f"{followed} at {ways.part_of_step[step]}, {WHERE_OF[kind]}"
    )
    view.targets.append(Target(Area(here.x - 16, here.y - 16, 32, 32), "request", number, followed))


# --- what stands in the floors -------------------------------------------------------------------------------------------------------


def _processes(
    view: View, plan: ColumnLayout, replay: Replay, moment: Moment, followed: int | None, ground: tuple[int, int, int], picture: Picture
) -> None:
    """The server's processes: the followed request turns in the first; the others tell what they do."""
    part = next((part for part in view.stage.parts_of(plan.column) if part.kind == "process" and part.key in plan.parts), None)
    if part is None:
        return
    palette, first = view.palette, plan.parts[part.key]
    threads = replay.cast.servers(view.stage.floor(part.floor).layers)
    serving = serving_thread(replay, followed, threads)
    threads.sort(key=lambda thread: thread != serving)
    room = plan.area.right - 24 - (78 if plan.column.group else 0) - (10 if plan.column.walls else 0) - first.x
    places = max(min(int((room + 16) // (first.width * 0.9 + 16)), len(threads)), 1)
    if places == 1 and len(threads) > 1 and room - first.width - 16 >= COUNT_WIDTH:
        places = 2
    frosted = ground == palette.frost
    ink = palette.on_frost if frosted else palette.ink
    width = (room - first.width) / (places - 1) - 16 if places > 1 else 0
    for place in range(places):
        box = first if not place else Area(first.right + 16 + (place - 1) * (width + 16), first.y, min(width, first.width), first.height)
        picture.frame(box, palette.line if frosted else palette.ink, PART, radius=9, ground=ground)
        hidden = len(threads) - places
        name = part.name.told(view.language)
        if len({replay.cast.thread_roles[thread] for thread in threads}) > 1:             # one program behind another: each by its name
            name = called(replay.cast.thread_roles[threads[place]], view.language)
        label = f"+{hidden + 1}" if place == places - 1 and hidden and place else name
        if label == name and place:
            _process_state(threads[place], box, replay, moment, palette, ground, picture)
        picture.text(
            Point(box.right - 12, box.middle.y),
            label,
            26,
            ink,
            bold=not place,
            align="right",
            room=box.width - (62 if not place else 44 if label == name else 8),
        )


def serving_thread(replay: Replay, followed: int | None, servers: list[int]) -> int:
    """The server's thread that the followed request is for, now or later: its box stands first all the time."""
    if followed is None:
        return -1
    threads = replay.trace.spans["thread"][replay.journeys.rows(followed)].tolist()
    return next((int(thread) for thread in threads if thread in servers), -1)


def _process_state(
    thread: int, box: Area, replay: Replay, moment: Moment, palette: Palette, ground: tuple[int, int, int], picture: Picture
) -> None:
    at, name = Point(box.x + 19, box.middle.y), replay.cast.thread_names[thread]
    if any(now.thread == thread for now in moment.cpus.values()):
        picture.sign("disc", at, OTHER, palette.other, ground=ground, name=f"{name} running")
        return
    state = next((one.state for one in moment.waiting if one.thread == thread), None)
    if state in (T_RUNNABLE, T_WAKING, T_STOLEN):
        picture.sign("clock", at, OTHER + 1, palette.other, ground=ground, name=f"{name} waiting")
    elif state == T_THROTTLED:
        picture.sign("square", at, OTHER + 1, palette.other, ground=ground, name=f"{name} throttled")


def _cache_hit(
    key: str, area: Area, replay: Replay, moment: Moment, followed: int | None, ways: Ways, view: View, plan: ColumnLayout, picture: Picture
) -> None:
    """The followed request's page, once it has been read."""
    if followed is None:
        return
    rows = replay.journeys.rows(followed)
    begun = rows[replay.trace.spans["start"][rows] <= moment.time_ns]
    steps, layers = replay.trace.meta["steps"], view.stage.floor(next(part.floor for part in view.stage.parts if part.key == key)).layers

    def reads(step: int) -> bool:
        """A step of its own, or one that sends the file from there."""
        copies = any(str(cost["name"]).startswith("sendfile") for cost in steps[step].get("costs", ()))
        return ways.part_of_step[step] == key or (copies and steps[step]["layer"] in layers)

    if any(reads(step) for step in replay.journeys.step[begun].tolist()):
        hue, palette = view.palette.hue(plan.column.hue), view.palette
        picture.frame(cache_squares(area)[2], hue, 2.2, ground=mixed(hue, palette.room, 0.35))


def _host_took_it(view: View, plan: ColumnLayout, since_ns: int, picture: Picture) -> None:
    floor = plan.floors.get("server")
    if floor is None:
        return
    palette, y = view.palette, floor.y + 28
    picture.sign("clock", Point(floor.x + 36, y), 9, palette.vm, ground=palette.frost)
    picture.text(Point(floor.x + 52, y), word("host took the CPU", view.language), 24, palette.on_frost, bold=True, room=floor.width - 170)
    picture.number(Point(floor.right - 22, y), told(since_ns), 24, palette.on_frost, bold=False, align="right")


def _meter(view: View, plan: ColumnLayout, replay: Replay, moment: Moment, picture: Picture) -> None:
    """The cgroup's meter: how much of its quota is used in this period; full and hatched, it has to wait."""
    group = plan.column.group
    if not group or group not in replay.cast.quotas or "server" not in plan.floors:
        return
    palette, floor = view.palette, plan.floors["server"]
    until = replay.throttled(moment, group)
    used = 1.0 if until is not None else min(replay.quota_used(group, moment.time_ns), 1.0)
    right = floor.right - 46 if plan.column.walls else floor.right - 28
    bar = between(floor.y + 46, floor.bottom - 20, right - 15, 15)
    y = min(bar.y + 54, floor.bottom - 29)
    picture.frame(bar, palette.glass, 1.8, ground=palette.room)
    level = bar.height * used
    filled = Area(bar.x + 2, bar.bottom - level, bar.width - 4, max(level - 2, 0))
    if until is None:
        picture.fill(filled, palette.glass)
    else:
        picture.hatch(filled, palette.hue(plan.column.hue))
    picture.text(Point(bar.x - 8, y - 26), "cpu", 24, palette.ink, align="right")
    picture.number(Point(bar.x - 8, y), f"{used * 100:.0f} %", 24, palette.ink, align="right")
    if until is not None:
        told_now = f"{word('throttled', view.language)}, {told(until - moment.time_ns)} {word('to go', view.language)}"
        picture.text(Point(floor.x + 40, floor.y + 49), told_now, 24, palette.ink, bold=True, room=bar.x - floor.x - 90)
