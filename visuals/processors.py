"""Processors and run queues: who has a CPU, for how long of its stint, and who waits for one.

A CPU is a chip with pins; the disc inside its arc is the work on it, in the hue of the followed request if it is that one's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

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
TINY = 20.0
"""A chip that is smaller is one square: full while it works."""
GAP = 8.0
STEP = 26.0


def cells(area: Area, count: int) -> list[Area]:
    """Places for so many chips: as few rows as keep their names legible, or else the largest chips that there is room for."""
    if not count:
        return []
    named = (_grid(area, count, rows, GAP) for rows in (1, 2))
    found = next((grid for rows, grid in enumerate(named, 1) if grid.width >= (ROOMY[0] if rows == 1 else NAMED[0])), None)
    if found is None:
        side = (area.width * area.height / count) ** 0.5
        gap = GAP if side > 3 * TINY else 3.0 if side > TINY / 2 else 1.0 if side > 4 else 0.0
        some = (_grid(area, count, rows, gap) for rows in range(1, min(count, int(area.height)) + 1))
        found = max(some, key=lambda grid: min(grid.width, grid.height))
    columns, width, height, gap = found
    return [
        Area(area.x + (number % columns) * (width + gap), area.y + number // columns * (height + gap), width, height)
        for number in range(count)
    ]


class _Grid(NamedTuple):
    columns: int
    width: float
    height: float
    gap: float


def _grid(area: Area, count: int, rows: int, gap: float) -> _Grid:
    columns = -(-count // rows)
    return _Grid(columns, (area.width - gap * (columns - 1)) / columns, (area.height - gap * (rows - 1)) / rows, gap)


@dataclass(frozen=True)
class Chips:
    """Draws the CPUs of one kernel at a moment."""

    replay: Replay
    moment: Moment
    followed: int | None
    hue: Colour
    language: Language
    palette: Palette
    picture: Picture
    numbers: bool

    def draw(self, area: Area, cpus: tuple[int, ...]) -> None:
        virtual = bool(cpus) and cpus[0] in self.replay.cast.vcpu_threads
        frozen, waking = self.replay.frozen(self.moment), self.replay.waking(self.moment)
        for cpu, cell in zip(cpus, cells(area, len(cpus)), strict=True):
            ground = self.palette.frost if cpu in frozen else self.palette.room
            if min(cell.width, cell.height) < TINY:
                self._square(cell, cpu, cpu in frozen)
                continue
            for number in range(PINS):
                x = cell.x + cell.width * (number + 1) / (PINS + 1)
                self.picture.line(Point(x, cell.y - 4), Point(x, cell.y), self.palette.line, 1.6)
                self.picture.line(Point(x, cell.bottom), Point(x, cell.bottom + 4), self.palette.line, 1.6)
            self.picture.frame(cell, self.palette.ink, PART, radius=5, ground=ground, dashed=virtual)
            at = self._dial(cell, cpu, ground, cpu in frozen, cpu in waking)
            if cell.width >= NAMED[0]:
                self._words(cell, cpu, at, self._doing(cpu, cpu in frozen, cpu in waking), cpu in frozen)

    def _square(self, cell: Area, cpu: int, stopped: bool) -> None:
        works = not stopped and cpu in self.moment.cpus
        self.picture.fill(cell, self._hue(cpu) if works else self.palette.hair)

    def _hue(self, cpu: int) -> Colour:
        """Whose work is on it."""
        ours = self.followed is not None and self.replay.running_for(self.moment, cpu) == self.followed
        return self.hue if ours else self.palette.other

    def _dial(self, cell: Area, cpu: int, ground: Colour, stopped: bool, waking: bool) -> Point:
        """The arc of the stint and the disc of the work; gives the end of its level line."""
        now = None if stopped else self.moment.cpus.get(cpu)
        colour, who = self._hue(cpu) if now is not None else self.palette.other, self.replay.cast.cpu_names[cpu]
        radius = min(15.0, cell.height / 2 - 4, cell.width / 2 - 4)
        at = Point(cell.x + radius + 9 if cell.width >= NAMED[0] else cell.middle.x, cell.middle.y)
        self.picture.arc(at, radius, min(5, radius * 0.4), now.share(self.moment.time_ns) if now else 0.0, colour, self.palette.hair)
        if now:
            self.picture.sign("disc", at, radius * 0.5, colour, ground=ground, name=f"work on {who}")
        elif stopped or waking:
            ink = self.palette.on_frost if stopped else self.palette.other
            self.picture.sign("clock", at, radius * 0.62, ink, ground=ground, name=f"{who}, {'stopped' if stopped else 'waking'}")
        return Point(at.x + radius, at.y)

    def _doing(self, cpu: int, stopped: bool, waking: bool) -> str:
        now = self.moment.cpus.get(cpu)
        if stopped:
            return word("stopped", self.language)
        if now:
            return doing_on(self.replay.cast, now.thread)
        if self.moment.time_ns > self.replay.end_ns:  # it may have gone on
            return "–"
        # The host runs the guest's thread, and no guest: it enters or leaves it, or polls for work.
        thread = self.replay.cast.vcpu_threads.get(cpu)
        if any(host.thread == thread for host in self.moment.cpus.values()):
            return word("in KVM", self.language)
        return word("wakes" if waking else "idle", self.language)

    def _words(self, cell: Area, cpu: int, at: Point, doing: str, stopped: bool) -> None:
        left, room = at.x + 7, cell.right - at.x - 13
        ink, ink2 = (self.palette.on_frost, self.palette.on_frost) if stopped else (self.palette.ink, self.palette.ink2)
        if cell.height < ROOMY[1]:
            self.picture.text(Point(left, at.y), doing, 22, ink, bold=True, room=room)
            return
        spread = min(13.0, cell.height / 2 - 14)
        above = Point(left, at.y - spread)
        if self.numbers:
            since, now = self.replay.start_ns, self.moment.time_ns
            busy = f"{self.replay.busy[cpu].within(since, now) / (now - since) * 100:.0f} %" if now > since else "–"
            self.picture.number(above, busy, 20, ink2, bold=False)
        else:
            self.picture.text(above, self.replay.cast.cpu_names[cpu], 20, ink2, room=room)
        self.picture.text(Point(left, at.y + spread), doing, 26, ink, bold=True, room=room)


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
