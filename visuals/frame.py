"""The frame around the section: top bar, floor names, client, caption, hint; and the overlays: help, prompt, a message."""

from __future__ import annotations

from cutaway.visuals.figures import clock, times
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.layout import GUTTER, MARGIN, RIGHT_MARGIN, TOP_BAR, Layout
from cutaway.visuals.picture import Picture
from cutaway.visuals.view import Target, View
from cutaway.visuals.words import HELP, SIGN_HELP, word

RULE = 1.2


def draw_still_frame(view: View, layout: Layout, picture: Picture) -> None:
    """What does not change with time: rules, title, names of the floors."""
    palette, width = view.palette, layout.canvas.width
    for y in (TOP_BAR, layout.caption.y, layout.timeline.y - 6):
        picture.line(Point(0, y), Point(width, y), palette.hair, 2 if y == TOP_BAR else RULE)
    title = view.stage.title.told(view.language)
    room = width - 2 * 640
    picture.text(Point(width / 2, TOP_BAR / 2), title, 40, palette.ink, bold=True, align="middle", room=room)
    x = MARGIN
    for number, place in enumerate(view.stage.place):
        last = number == len(view.stage.place) - 1
        if number:
            for sign in (-1, 1):
                picture.curve([Point(x + 2, TOP_BAR / 2 + sign * 8), Point(x + 10, TOP_BAR / 2)], palette.line, 2)
            x += 24
        said = place.told(view.language)
        if last and len(view.shown) < len(view.stage.columns):  # Shift and a number bring the others
            said = f"{said} {len(view.shown)}/{len(view.stage.columns)}"
        picture.text(Point(x, TOP_BAR / 2), said, 30, palette.ink if last else palette.ink2, bold=last)
        x += picture.measure(said, 30, bold=last) + 14
    for floor in view.stage.floors[:-1]:
        row = layout.rows[floor.key]
        picture.line(Point(MARGIN, row.y), Point(GUTTER - 10, row.y), palette.hair, RULE)
        picture.shape([Point(MARGIN, row.y + 4), Point(MARGIN + 16, row.y + 4), Point(MARGIN + 8, row.y + 12)], palette.line)
        room = GUTTER - MARGIN - 12
        picture.text(Point(MARGIN, row.middle.y - 14), floor.name.told(view.language), 30, palette.ink, bold=True, room=room)
        picture.text(Point(MARGIN, row.middle.y + 23), floor.second.told(view.language), 24, palette.ink2, room=room)
    _laptop(layout, view, picture)


def _laptop(layout: Layout, view: View, picture: Picture) -> None:
    palette, y = view.palette, layout.foot + 24
    picture.line(Point(MARGIN, layout.foot), Point(GUTTER - 10, layout.foot), palette.hair, RULE)
    picture.frame(Area(MARGIN + 5, y - 13, 28, 19), palette.ink, 2.2, radius=2)
    picture.line(Point(MARGIN, y + 10), Point(MARGIN + 38, y + 10), palette.ink, 3)
    picture.text(Point(MARGIN + 42, y), word("client", view.language), 24, palette.ink, room=GUTTER - MARGIN - 42 - 28)


def draw_clock(view: View, layout: Layout, picture: Picture) -> None:
    """The simulated clock and how fast it runs; a new speed is said large for a moment."""
    palette, y, right = view.palette, TOP_BAR / 2, layout.canvas.width - RIGHT_MARGIN
    first, last = view.range_ns()
    factor, unit_word = times(view.speed)
    told = word(unit_word, view.language)
    said = told if unit_word == "real time" else f"{factor} {told}"
    fresh = view.time_ns < view.speed_shown_until_ns
    picture.text(Point(right, y), said, 32 if fresh else 26, palette.ink if fresh else palette.ink2, bold=fresh, align="right")
    digits, unit = clock(view.time_ns, last - first)
    # Room for the speed as it is announced, so that the clock stays where it is meanwhile.
    unit_x = right - picture.measure(said, 32, bold=True) - 20 - picture.measure(unit, 32)
    picture.text(Point(unit_x, y), unit, 32, palette.ink2)
    picture.number(Point(unit_x - 10, y), digits, 44, palette.ink, align="right")
    picture.text(Point(unit_x - 22 - picture.measure(digits, 44, bold=True, number=True), y), "t =", 32, palette.ink2, align="right")
    if not view.playing:
        x = unit_x - 96 - picture.measure(digits, 44, bold=True, number=True)
        for step in (0, 10):
            picture.fill(Area(x + step, y - 11, 5, 22), palette.ink2)


def draw_caption(view: View, layout: Layout, picture: Picture) -> None:
    """The sentence of the current cue, in at most two lines."""
    cue = view.cue()
    fits = view.by_request and len(view.columns) == min(len(view.stage.columns), 3)
    standing = cue.caption if cue else view.stage.motto if fits else None
    if standing is None:
        return
    said, area = standing.told(view.language), layout.caption
    lines = broken(said, 40, area.width, picture)
    for number, line in enumerate(lines[:2]):
        y = area.middle.y + (number - (len(lines[:2]) - 1) / 2) * 46
        picture.text(Point(area.x, y), line, 40, view.palette.ink, bold=True, room=area.width)


def draw_button(view: View, layout: Layout, picture: Picture) -> None:
    """Opens the sliders; says how many of them are moved, since the animation then is no longer what was recorded first."""
    if view.what_if is None:
        return
    palette, moved = view.palette, len(view.what_if.moved)
    area = Area(layout.ledger.x, layout.ledger.bottom + 8, layout.ledger.width, layout.caption.bottom - layout.ledger.bottom - 14)
    picture.frame(area, palette.ink if moved else palette.line, 2.2, radius=5, ground=palette.room)
    said = f"{word('what if', view.language)}  C"
    picture.text(Point(area.x + 14, area.middle.y), said, 24, palette.ink, bold=True)
    if moved:
        told = word("moved", view.language).format(moved)
        picture.text(Point(area.right - 14, area.middle.y), told, 24, palette.ink2, align="right")
    view.targets.append(Target(area, "what if"))


def broken(sentence: str, size: float, width: float, picture: Picture) -> list[str]:
    """The sentence in lines that fit, broken between words."""
    lines, line = [], ""
    for each in sentence.split():
        while picture.measure(each, size, bold=True) > width and len(each) > 1:  # such as a long name without a blank
            fits = next((at for at in range(len(each) - 1, 1, -1) if picture.measure(each[:at], size, bold=True) <= width), 1)
            lines += [line, each[:fits]] if line else [each[:fits]]
            line, each = "", each[fits:]
        longer = f"{line} {each}".strip()
        if line and picture.measure(longer, size, bold=True) > width:
            lines.append(line)
            line = each
        else:
            line = longer
    return [*lines, line]


def draw_hint(view: View, layout: Layout, picture: Picture) -> None:
    if view.message:
        picture.text(Point(layout.hint.x, layout.hint.middle.y - 1), view.message, 18, view.palette.ink, bold=True, room=layout.hint.width)
    elif view.hint or view.sliders:
        said = word("hint", view.language)
        if view.what_if:
            said = word("hint sliders", view.language) if view.sliders else f"{said}   C {word('what if', view.language)}"
        picture.text(Point(layout.hint.x, layout.hint.middle.y - 1), said, 18, view.palette.ink2, room=layout.hint.width)


def draw_help(view: View, layout: Layout, picture: Picture) -> None:
    """All keys and signs, over the section."""
    palette = view.palette
    area = Area(GUTTER - 10, TOP_BAR + 8, layout.ledger.x - GUTTER - 10, layout.caption.y - TOP_BAR - 16)
    picture.frame(area, palette.ink, 3, radius=9, ground=palette.room)
    step = (area.height - 60) / len(HELP)
    for number, (keys, said) in enumerate(HELP):
        y = area.y + 40 + number * step
        picture.text(Point(area.x + 36, y), keys, 26, palette.ink, bold=True, room=170)
        picture.text(Point(area.x + 216, y), said.told(view.language), 26, palette.ink2, room=480)
    for number, (sign, said) in enumerate(SIGN_HELP):
        y = area.y + 40 + number * step * 1.6
        picture.sign(sign, Point(area.right - 400, y), 12, palette.hue(view.columns[0].hue), ground=palette.room)
        picture.text(Point(area.right - 370, y), said.told(view.language), 26, palette.ink2, room=340)
    bars = area.y + 40 + len(SIGN_HELP) * step * 1.6 + 16
    for number, key in enumerate(("working", "moving", "waiting")):
        y = bars + number * step * 1.4
        bar = Area(area.right - 440, y - 10, 56, 20)
        draw_bar_of(number, bar, palette.hue(view.columns[0].hue), palette.room, picture)
        picture.text(Point(area.right - 370, y), word(key, view.language), 26, palette.ink2, room=340)


def draw_bar_of(way: int, bar: Area, hue: tuple[int, int, int], ground: tuple[int, int, int], picture: Picture) -> None:
    """A bar of the ledger: solid on a CPU, an outline on a device, hatched while waiting."""
    if bar.width <= 0:
        return
    if way == 0:
        picture.fill(bar, hue)
        return
    if way == 2:
        picture.hatch(bar, hue)
    picture.frame(bar, hue, 1.6, ground=ground if way == 1 else None)


def draw_prompt(view: View, layout: Layout, picture: Picture) -> None:
    """The line in which a time, a request or a cue is typed."""
    palette = view.palette
    area = Area(GUTTER + 40, layout.caption.y - 90, 720, 70)
    picture.frame(area, palette.ink, 3, radius=9, ground=palette.room)
    picture.text(Point(area.x + 24, area.middle.y), word("go to", view.language), 26, palette.ink2)
    picture.text(
        Point(area.x + 160, area.middle.y),
        view.prompt or word("go to hint", view.language),
        30 if view.prompt else 24,
        palette.ink if view.prompt else palette.ink2,
        bold=bool(view.prompt),
        room=area.width - 190,
    )
