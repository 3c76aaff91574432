"""Processors and run queues: who has a CPU, for how long of its stint, and who waits for one.

A CPU is a chip with pins; the disc inside its arc is the work on it, in the hue of the followed request if it is that one's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from cutaway.sim.trace import T_STOLEN
from cutaway.visuals.cast import Cast
from cutaway.visuals.figures import grouped
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.moment import Moment, Replay
from cutaway.visuals.names import called
from cutaway.visuals.palette import Colour, Palette
from cutaway.visuals.picture import Picture
from cutaway.visuals.section import PART, PINS, queue_area
from cutaway.visuals.stage import Language
from cutaway.visuals.words import word

ROOMY, NAMED = (110.0, 54.0), (84.0, 34.0)
"""Least width and height of a chip with two lines of text, and of one with one."""
TINY = 20.0
"""A chip that is smaller is one square: full while it works."""
EACH = 128
"""More CPUs than this are told together."""
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
        places = cells(area, len(cpus)) if len(cpus) <= EACH else []
        if not places:
            self._together(area, cpus)
            return
        virtual = bool(cpus) and cpus[0] in self.replay.cast.vcpu_threads
        for cpu, cell in zip(cpus, places, strict=True):
            state = self.states.get(cpu, "")
            if min(cell.width, cell.height) < TINY:
                self._square(cell, cpu, state)
                continue
            ground = self.palette.frost if state == "stopped" else self.palette.room
            for number in range(PINS if cell.height >= ROOMY[1] or cell.width < NAMED[0] else 0):  # not into the words of a flat one
                x = cell.x + cell.width * (number + 1) / (PINS + 1)
                self.picture.line(Point(x, cell.y - 4), Point(x, cell.y), self.palette.line, 1.6)
                self.picture.line(Point(x, cell.bottom), Point(x, cell.bottom + 4), self.palette.line, 1.6)
            self.picture.frame(cell, self.palette.ink, PART, radius=5, ground=ground, dashed=virtual)
            if cell.width < NAMED[0]:
                self._dial(cell.middle, min(15.0, cell.height / 2 - 4, cell.width / 2 - 4), cpu, state, ground)
            elif cell.height < ROOMY[1]:
                radius = min(13.0, cell.height / 2 - 4)
                self._dial(Point(cell.x + radius + 8, cell.middle.y), radius, cpu, state, ground)
                self._doing(Point(cell.x + 2 * radius + 14, cell.middle.y), cpu, state, cell.right - cell.x - 2 * radius - 20, 26)
            else:
                above, below = (cell.middle.y + side * min(cell.height / 4 - 1, 20) for side in (-1, 1))
                radius = min(12.0, cell.height / 4 - 3)
                self._dial(Point(cell.x + radius + 8, above), radius, cpu, state, ground)
                self._name(Point(cell.x + 2 * radius + 12, above), cpu, state, cell.right - cell.x - 2 * radius - 17)
                self._doing(Point(cell.x + 9, below), cpu, state, cell.width - 16, 28)

    @cached_property
    def states(self) -> dict[int, str]:
        """What is special about a CPU now; a later state goes before an earlier one."""
        found = dict.fromkeys(self.replay.waking(self.moment), "wakes")
        found |= dict.fromkeys(self.replay.frozen(self.moment), "stopped")
        inside = {vcpu: host for host in self.moment.cpus.values() if (vcpu := self.replay.cast.vcpu_of.get(host.thread)) is not None}
        # The host runs the guest's thread, and no guest: it enters or leaves it, or polls for work.
        found |= {vcpu: "in KVM" for vcpu in inside if vcpu not in self.moment.cpus and vcpu not in found}
        for vcpu in self.replay.polling(self.moment):
            if found.get(vcpu) == "in KVM":
                found[vcpu] = found[inside[vcpu].cpu] = "polling"
        return found

    def _square(self, cell: Area, cpu: int, state: str) -> None:
        if state == "polling":
            self.picture.frame(cell, self.palette.other, 1.6)
            return
        works = state != "stopped" and cpu in self.moment.cpus
        self.picture.fill(cell, self._hue(cpu) if works else self.palette.hair)

    def _together(self, area: Area, cpus: tuple[int, ...]) -> None:
        """More CPUs than can be told apart: how many, how many of them work, and what the followed request's own does."""
        cast, palette = self.replay.cast, self.palette
        busy = [cpu for cpu in cpus if cpu in self.moment.cpus and self.states.get(cpu) not in ("stopped", "polling")]
        virtual = cpus[0] in cast.vcpu_threads
        self.picture.frame(area, palette.ink, PART, radius=5, ground=palette.room, dashed=virtual)
        above, below = area.middle.y - area.height / 4 + 2, area.middle.y + area.height / 4 - 4
        many = word("so many", self.language).format(grouped(len(cpus)), "vCPU" if virtual else "CPU")
        self.picture.text(Point(area.x + 12, above), many, 26, palette.ink, bold=True)
        works = word("busy", self.language).format(grouped(len(busy)))
        self.picture.text(Point(area.right - 12, above), works, 26, palette.ink, align="right")
        ours = next((cpu for cpu in busy if self.followed is not None and self.replay.running_for(self.moment, cpu) == self.followed), None)
        if ours is not None:
            self._dial(Point(area.x + 23, below), 11, ours, "", palette.room)
            told = f"{cast.cpu_names[ours]} · {doing_on(cast, self.moment.cpus[ours].thread, self.language)}"
            self.picture.text(Point(area.x + 42, below), told, 26, palette.ink, bold=True, room=area.width - 54)
            return
        bar = Area(area.x + 12, below - 8, area.width - 24, 16)
        self.picture.frame(bar, palette.line, 1.6)
        if busy:
            self.picture.fill(Area(bar.x + 2, bar.y + 2, max((bar.width - 4) * len(busy) / len(cpus), 2), bar.height - 4), palette.other)

    def _hue(self, cpu: int) -> Colour:
        """Whose work is on it."""
        ours = self.followed is not None and self.replay.running_for(self.moment, cpu) == self.followed
        return self.hue if ours else self.palette.other

    def _dial(self, at: Point, radius: float, cpu: int, state: str, ground: Colour) -> None:
        """The arc of the stint and the disc of the work; a core that only polls has neither."""
        now = self.moment.cpus.get(cpu) if state not in ("stopped", "polling") else None
        colour, who = self._hue(cpu) if now is not None else self.palette.other, self.replay.cast.cpu_names[cpu]
        self.picture.arc(at, radius, min(5, radius * 0.4), now.share(self.moment.time_ns) if now else 0.0, colour, self.palette.hair)
        if now:
            self.picture.sign("disc", at, radius * 0.5, colour, ground=ground, name=f"work on {who}")
        elif state == "polling":
            self.picture.sign("polling", at, radius, self.palette.other, ground=ground, name=f"{who}, polling")
        elif state in ("stopped", "wakes"):
            ink = self.palette.on_frost if state == "stopped" else self.palette.other
            self.picture.sign(
                "clock", at, radius * 0.62, ink, ground=ground, name=f"{who}, {'stopped' if state == 'stopped' else 'waking'}"
            )

    def _doing(self, at: Point, cpu: int, state: str, room: float, size: float) -> None:
        """In a word what it does."""
        now = self.moment.cpus.get(cpu)
        if state == "polling":
            whole = word("halt polling", self.language)
            told = whole if self.picture.measure(whole, 24) <= room else word("polling", self.language)
        elif state == "stopped":
            told = word(state, self.language)
        elif now:
            told = doing_on(self.replay.cast, now.thread, self.language)
        elif self.moment.time_ns > self.replay.end_ns:  # it may have gone on
            told = "–"
        else:
            told = word(state or "idle", self.language)
        ink = self.palette.on_frost if state == "stopped" else self.palette.ink
        self.picture.text(at, told, size, ink, bold=state != "polling", room=room)

    def _name(self, at: Point, cpu: int, state: str, room: float) -> None:
        """Its name, or its number alone where there is no room for more; or how busy it was."""
        ink = self.palette.on_frost if state == "stopped" else self.palette.ink2
        if self.numbers:
            since, now = self.replay.start_ns, self.moment.time_ns
            busy = f"{self.replay.busy(cpu).within(since, now) / (now - since) * 100:.0f} %" if now > since else "–"
            self.picture.number(at, busy, 26, ink, bold=False)
            return
        name = self.replay.cast.cpu_names[cpu]
        self.picture.text(at, name if self.picture.measure(name, 26) <= room else name.split()[-1], 26, ink, room=room)


def doing_on(cast: Cast, thread: int, language: Language) -> str:
    """What a thread is called on a chip: its role; a guest's inner word is not repeated."""
    return called(cast.thread_roles[thread].removeprefix("guest ").removeprefix("host "), language)


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
            picture.number(Point(rails.right - 4, rails.middle.y), f"+{len(queue) - number}", 26, palette.ink2, align="right")
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
        picture.number(Point(area.right, area.y + 12), str(len(queue)), 26, palette.ink2, align="right")
