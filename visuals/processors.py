"""Processors and run queues: who has a CPU, for how long of its stint, and who waits for one.

A CPU is a chip with pins; the disc inside its arc is the work on it, in the hue of the followed request if it is that one's.
"""

from __future__ import annotations

from cutaway.sim.trace import T_STOLEN
from cutaway.visuals.cast import Cast
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.moment import Moment, Replay
from cutaway.visuals.palette import Colour, Palette
from cutaway.visuals.picture import Picture
from cutaway.visuals.section import PART, PINS, queue_area
from cutaway.visuals.stage import Language
from cutaway.visuals.words import word

ROOMY, NAMED = (110.0, 54.0), (84.0, 34.0)
"""Least width and height of a chip with two lines of text, and of one with one."""
GAP = 8.0
STEP = 26.0


def cells(area: Area, count: int) -> list[Area]:
    """Places for so many chips, as few rows as keep their names legible."""
    if not count:
        return []
    for rows in (1, 2, 3, 4, 6, 8):
        columns = -(-count // rows)
        width, height = (area.width - GAP * (columns - 1)) / columns, (area.height - GAP * (rows - 1)) / rows
        if width >= (ROOMY[0] if rows == 1 else NAMED[0]) or width >= height * 1.1:
            break
    return [
        Area(area.x + (number % columns) * (width + GAP), area.y + number // columns * (height + GAP), width, height)
        for number in range(count)
    ]


def draw_chips(
    area: Area,
    cpus: tuple[int, ...],
    replay: Replay,
    moment: Moment,
    followed: int | None,
    hue: Colour,
    language: Language,
    palette: Palette,
    picture: Picture,
    *,
    frozen: dict[int, int],
    numbers: bool,
) -> None:
    """The CPUs of one kernel."""
    virtual = bool(cpus) and cpus[0] in replay.cast.vcpu_threads
    for cpu, cell in zip(cpus, cells(area, len(cpus)), strict=True):
        stopped = cpu in frozen
        ground = palette.frost if stopped else palette.room
        for number in range(PINS):
            x = cell.x + cell.width * (number + 1) / (PINS + 1)
            picture.line(Point(x, cell.y - 4), Point(x, cell.y), palette.line, 1.6)
            picture.line(Point(x, cell.bottom), Point(x, cell.bottom + 4), palette.line, 1.6)
        picture.frame(cell, palette.ink, PART, radius=5, ground=ground, dashed=virtual)
        _chip(cell, cpu, replay, moment, followed, hue, language, palette, picture, ground, stopped, numbers)


def _chip(
    cell: Area,
    cpu: int,
    replay: Replay,
    moment: Moment,
    followed: int | None,
    hue: Colour,
    language: Language,
    palette: Palette,
    picture: Picture,
    ground: Colour,
    stopped: bool,
    numbers: bool,
) -> None:
    now = None if stopped else moment.cpus.get(cpu)
    ours = followed is not None and now is not None and replay.running_for(moment, cpu) == followed
    colour = hue if ours else palette.other
    radius = min(15.0, cell.height / 2 - 5, cell.width / 2 - 4)
    named = cell.width >= NAMED[0]
    at = Point(cell.x + radius + 9 if named else cell.middle.x, cell.middle.y)
    picture.arc(at, radius, min(5, radius * 0.4), now.share(moment.time_ns) if now else 0.0, colour, palette.hair)
    who = replay.cast.cpu_names[cpu]
    if stopped:
        picture.sign("clock", at, radius * 0.62, palette.on_frost, ground=ground, name=f"{who}, stopped")
    elif now:
        picture.sign("disc", at, radius * 0.5, colour, ground=ground, name=f"work on {who}")
    if not named:
        return
    left, room = at.x + radius + 7, cell.right - at.x - radius - 13
    doing = word("stopped", language) if stopped else doing_on(replay.cast, now.thread) if now else word("idle", language)
    ink, ink2 = (palette.on_frost, palette.on_frost) if stopped else (palette.ink, palette.ink2)
    if cell.height < ROOMY[1]:
        picture.text(Point(left, at.y), doing, 22, ink, bold=True, room=room)
        return
    spread = min(13.0, cell.height / 2 - 14)
    if numbers:
        busy = replay.busy[cpu].within(replay.start_ns, moment.time_ns) / max(moment.time_ns - replay.start_ns, 1)
        picture.number(Point(left, at.y - spread), f"{busy:.0%}", 20, ink2, bold=False)
    else:
        picture.text(Point(left, at.y - spread), who, 20, ink2, room=room)
    picture.text(Point(left, at.y + spread), doing, 26, ink, bold=True, room=room)


def doing_on(cast: Cast, thread: int) -> str:
    """What a thread is called on a chip: its role; a guest's inner word is not repeated."""
    return cast.thread_roles[thread].removeprefix("guest ").removeprefix("host ")


def draw_run_queue(
    area: Area, replay: Replay, moment: Moment, followed: int | None, hue: Colour, palette: Palette, picture: Picture, numbers: bool
) -> None:
    """Signs of the threads that wait for a CPU of the host, in order."""
    rails, queue = queue_area(area), replay.run_queue(moment)
    ours = {moment.thread_for(followed)} if followed is not None else set()
    stolen = {one.thread for one in moment.waiting_in(T_STOLEN)}
    if ours & stolen:  # the guest's thread is not in this queue: its virtual CPU is
        ours |= set(replay.cast.vcpu_threads.values())
    places = int((rails.width - 20) // STEP)
    for number in range(places):
        at = Point(rails.x + 16 + number * STEP, rails.middle.y)
        if number >= len(queue):
            picture.sign("disc", at, 1.7, palette.line, ground=palette.room)
            continue
        if number == places - 1 and len(queue) > places:
            picture.number(Point(rails.right - 4, rails.middle.y), f"+{len(queue) - number}", 20, palette.ink2, align="right")
            break
        mine = queue[number].thread in ours
        picture.sign(
            "clock",
            at,
            9.5,
            hue if mine else palette.other,
            ground=palette.room,
            name=f"{replay.cast.thread_names[queue[number].thread]} in the run queue",
        )
    if numbers:
        picture.number(Point(area.right, area.y + 12), str(len(queue)), 22, palette.ink2, align="right")
