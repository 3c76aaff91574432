"""What keys and the mouse do to a view. Keys come by their names, so that this needs no window and can be tested without one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.visuals import palette, sliders, strips
from cutaway.visuals.details import rows_of
from cutaway.visuals.figures import faster
from cutaway.visuals.geometry import Point
from cutaway.visuals.layout import Layout
from cutaway.visuals.ledger import ledger_at
from cutaway.visuals.view import Chosen, Key, Target, View, common, find, key_of, packed

ANNOUNCED_S = 2.0
TYPED_MAX = 18
UNIT_NS = {"ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


@dataclass
class Controls:
    """The viewer's hand on a view. `quit` is set when the window should close, `want` when it should do something that only it can."""

    view: View
    until_ns: int | None = None
    """Playing stops here: at the next cue."""
    slowest_first: bool = False
    quit: bool = False
    want: str = ""
    remainder_ns: float = 0.0
    held: int | None = None
    """The slider that the mouse holds; None for the timeline."""

    # --- time ------------------------------------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Lets the film run for a stretch of the viewer's time."""
        view = self.view
        if not view.playing:
            return
        step = seconds * view.speed * 1e9 + self.remainder_ns
        self.remainder_ns = step % 1
        before, (_, last) = view.time_ns, view.range_ns()
        now = min(before + int(step), last if self.until_ns is None else min(self.until_ns, last))
        for cue in view.cues():
            if before < cue.at_ns <= now and cue.speed:
                self.set_speed(cue.speed)
        view.time_ns = now
        if now == last or now == self.until_ns:
            view.playing, self.until_ns = False, None

    def play_or_pause(self) -> None:
        """Pauses what plays; else plays up to the next cue, or to the end; from the end, anew."""
        view = self.view
        if view.playing:
            view.playing = False
            return
        first, last = view.range_ns()
        if view.time_ns >= last:
            view.time_ns = first
        self.until_ns = min((cue.at_ns for cue in view.cues() if cue.at_ns > view.time_ns), default=None)
        view.playing, view.hint = True, False

    def set_speed(self, speed: float) -> None:
        """Another speed; it is announced."""
        self.view.speed = speed
        self.view.speed_shown_until_ns = self.view.time_ns + round(speed * 1e9 * ANNOUNCED_S)

    def step_event(self, direction: int, any_request: bool) -> None:
        """To the next or previous event of the followed request, or of any."""
        view, now = self.view, self.view.time_ns
        self.pause()
        found = []
        for column in view.columns:
            replay = view.replay(column)
            shift = view.column_time(column) - now
            request = view.request(column)
            if any_request:
                starts = replay.spans.starts
            elif request is not None:
                rows = replay.trace.spans[replay.journeys.rows(request)]
                starts = np.append(rows["start"], rows["end"][-1:])
            else:
                continue
            at = int(np.searchsorted(starts, now + shift, "right" if direction > 0 else "left")) - (direction < 0)
            if 0 <= at < len(starts):
                found.append(int(starts[at]) - shift)
        if found:
            view.move_to(min(found) if direction > 0 else max(found))

    def pause(self) -> None:
        self.view.playing, self.until_ns = False, None

    def cue_before(self) -> None:
        self.pause()
        self.view.move_to(max((cue.at_ns for cue in self.view.cues() if cue.at_ns < self.view.time_ns), default=self.view.range_ns()[0]))

    # --- whom we follow --------------------------------------------------------------------------------------------------------------

    def follow(self, key: Key, at: tuple[int, int] | None = None) -> None:
        """Follows another request. `at` is (column, time of its trace) to stay at; else the clock goes to the request's birth."""
        view = self.view
        view.follow = key
        if view.details:
            view.details = Chosen(view.details.column, view.details.floor)
        column = view.columns[at[0]] if at else view.columns[0]
        time_ns = at[1] if at else view.born_ns(column)
        view.move_to(time_ns - view.born_ns(column) if view.by_request else time_ns)

    def next_request(self, direction: int) -> None:
        """In the order of births, or after `p` from the slowest down; direction 0: the first of them."""
        view = self.view
        rows = common([view.replay(column) for column in view.columns])
        if not len(rows):
            return
        if self.slowest_first:
            rows = rows[np.argsort(rows["born"] - rows["ended"], kind="stable")]
        client, connection, number = view.follow
        at = np.flatnonzero(packed(rows) == (client << 52 | connection << 32 | number))
        row = rows[(int(at[0]) + direction) % len(rows) if len(at) and direction else 0]
        self.follow((int(row["client"]), int(row["connection"]), int(row["number"])))

    def align(self) -> None:
        """Same request, or same time of the run; the first column keeps its instant."""
        view = self.view
        column, now = view.columns[0], view.column_time(view.columns[0])
        view.by_request = not view.by_request
        view.move_to(now - view.born_ns(column) if view.by_request else now)
        self.set_speed(view.speed)

    # --- columns ---------------------------------------------------------------------------------------------------------------------

    def columns(self, count: int) -> None:
        known = len(self.view.stage.columns)
        self.view.shown = (self.view.shown + [number for number in range(known) if number not in self.view.shown])[: min(count, known)]
        self.view.details = None
        self.view.move_to(self.view.time_ns)

    def change_column(self, place: int) -> None:
        """Another stack in this place; one that stands elsewhere changes places with it."""
        view = self.view
        if place >= len(view.shown):
            return
        wanted = (view.shown[place] + 1) % len(view.stage.columns)
        if wanted in view.shown:
            view.shown[view.shown.index(wanted)] = view.shown[place]
        view.shown = [*view.shown[:place], wanted, *view.shown[place + 1 :]]

    # --- keys ------------------------------------------------------------------------------------------------------------------------

    def press(self, key: str, shift: bool = False, character: str = "") -> None:
        """One key, by Pygame's name of it."""
        view = self.view
        view.message = ""
        if view.prompt is not None:
            self._type(key, character)
            return
        if view.screen:
            view.screen = ""
            return
        if key.startswith("[") and key.endswith("]"):  # the number pad
            key = key[1:-1]
        if sliders.press(view, key):
            return
        match key:
            case "space" | "page down":
                self.play_or_pause()
            case "page up":
                self.cue_before()
            case "left" | "right":
                self.step_event(1 if key == "right" else -1, shift)
            case "up" | "down":
                self.set_speed(faster(view.speed, 1 if key == "up" else -1))
            case "0":
                self.set_speed(view.first_speed)
            case "home" | "end":
                self.pause()
                view.time_ns = view.range_ns()[key == "end"]
            case "tab":
                self.next_request(-1 if shift else 1)
            case "1" | "2" | "3":
                (self.change_column if shift else self.columns)(int(key) - (1 if shift else 0))
            case _:
                self._press_letter(key, character)

    def _press_letter(self, key: str, character: str) -> None:
        view = self.view
        match key:
            case "g":
                view.prompt = ""
            case "p":
                self.slowest_first = not self.slowest_first
                self.next_request(0 if self.slowest_first else 1)
            case "a":
                self.align()
            case "d" if view.sliders is None:
                view.details = None if view.details else Chosen(0)
            case "c" if view.what_if is not None:
                sliders.toggle(view)
            case "l":
                view.language = "en" if view.language == "ko" else "ko"
            case "t":
                order = palette.ORDER
                view.palette_name = order[(order.index(view.palette_name) + 1) % len(order)]
            case "b" | ".":
                view.screen = "black"
            case "w":
                view.screen = "white"
            case "s" | "f5":
                self.want = {"s": "picture", "f5": "full screen"}[key]
            case "escape":
                self._leave()
            case _:
                if character == "?" or key == "f1":
                    view.help = not view.help

    def _leave(self) -> None:
        """Closes what is open, the topmost first."""
        if self.view.help:
            self.view.help = False
        elif self.view.details:
            self.view.details = None
        elif self.view.sliders:
            sliders.toggle(self.view)
        else:
            self.want = "leave"

    def _type(self, key: str, character: str) -> None:
        view = self.view
        if key == "escape":
            view.prompt = None
        elif key in ("return", "enter"):
            typed, view.prompt = view.prompt or "", None
            self.go_to(typed)
        elif key == "backspace":
            view.prompt = (view.prompt or "")[:-1]
        elif character.isprintable():
            view.prompt = ((view.prompt or "") + character)[:TYPED_MAX]

    def go_to(self, typed: str) -> None:
        """To a time (`1.2 ms`), a request of the first column (`#4217`), or a cue (`3`)."""
        view, text = self.view, typed.strip()[:TYPED_MAX]
        self.pause()
        timed = re.fullmatch(r"(-?[\d.]+)\s*(ns|us|µs|μs|ms|s)", text)
        if timed:
            try:
                view.move_to(round(float(timed[1]) * UNIT_NS[timed[2]]))
            except (ValueError, OverflowError):
                view.message = typed
        elif text.startswith("#") and text[1:].isdigit() and view.replay(view.columns[0]).row(int(text[1:])) is not None:
            self.follow(key_of(view.replay(view.columns[0]), int(text[1:])))
        elif text.isdigit() and 1 <= int(text) <= len(view.cues()):
            view.move_to(view.cues()[int(text) - 1].at_ns)
        elif text:
            view.message = f"? {text}"

    # --- mouse -----------------------------------------------------------------------------------------------------------------------

    def grab(self, at: Point, layout: Layout) -> bool:
        """Whether the mouse took hold of a slider or the timeline."""
        self.held = sliders.grabbed(self.view, at, layout)
        if self.held is not None:
            return True
        area = layout.timeline
        held = area.x - 8 <= at.x <= area.right + 8 and area.y - 6 <= at.y <= area.bottom
        if held:
            self.drag(at, layout)
        return held

    def drag(self, at: Point, layout: Layout) -> None:
        if self.held is not None:
            sliders.drag(self.view, self.held, at, layout)
            return
        self.pause()
        self.view.move_to(strips.x_to_time(self.view, layout.timeline, at.x))

    def click(self, at: Point) -> None:
        """On a request: follow it. On a floor or a number: details. On a line of the details: its cost records."""
        hit = next((target for target in reversed(self.view.targets) if target.area.contains(at)), None)
        if hit:
            self._hit(hit)

    def _hit(self, hit: Target) -> None:
        view = self.view
        match hit.kind:
            case "request":
                column = view.columns[hit.column]
                key = key_of(view.replay(column), hit.value)
                if key == view.follow and view.sliders is None:
                    view.details = Chosen(hit.column)
                else:
                    self.follow(key, (hit.column, view.column_time(column)))
            case "floor":
                view.details = Chosen(hit.column, hit.floor)
            case "line":
                view.details = Chosen(hit.column, hit.floor, hit.value)
            case "close":
                view.details = None
            case "what if":
                sliders.toggle(view)
            case "back":
                sliders.back(view)
            case "stack":
                sliders.beside(view, hit.value)

    def wheel(self, direction: int) -> None:
        """In the details, the line above or below."""
        view, chosen = self.view, self.view.details
        if chosen is None:
            return
        column = view.columns[chosen.column]
        request = find(view.replay(column), view.follow)
        ledger = ledger_at(view.replay(column), request, view.column_time(column)) if request is not None else None
        lines: list[Any] = [row.line for row in rows_of(view, chosen, ledger)] if ledger else []
        if lines:
            at = lines.index(chosen.line) if chosen.line in lines else len(lines)
            view.details = Chosen(chosen.column, chosen.floor, lines[min(max(at - direction, 0), len(lines) - 1)])
