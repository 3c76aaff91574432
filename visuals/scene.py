"""The whole picture of a view at its time. It asks the picture for shapes and holds no simulation.

What rests is one still, laid down whole; everything that the trace moves is drawn over it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cutaway.visuals.details import draw_details
from cutaway.visuals.frame import draw_button, draw_caption, draw_clock, draw_help, draw_hint, draw_prompt, draw_still_frame
from cutaway.visuals.geometry import Area
from cutaway.visuals.layout import Layout, layout_for
from cutaway.visuals.ledger_view import draw_ledger, draw_still_ledger
from cutaway.visuals.live import draw_live
from cutaway.visuals.picture import Picture
from cutaway.visuals.section import draw_column
from cutaway.visuals.strips import draw_latency, draw_load, draw_percentiles, draw_still_strips, draw_timeline
from cutaway.visuals.view import View
from cutaway.visuals.ways import Ways, ways_for
from cutaway.visuals.what_if_panel import draw_panel, draw_question


@dataclass
class Scene:
    """Keeps the geometry of the last picture: it is laid out anew only when the columns or the canvas change."""

    _key: object = None
    _layout: Layout | None = None
    _ways: list[Ways] = field(default_factory=list)

    def geometry(self, view: View, width: float, height: float) -> tuple[Layout, list[Ways]]:
        """The layout and the columns' ways on a canvas of this size."""
        columns = tuple(column.trace for column in view.columns)
        key = (id(view.stage), view.edition, columns, view.sliders is not None, round(width, 2), round(height, 2))
        if self._layout is None or self._key != key:
            self._key, self._layout = key, layout_for(view.stage, view.columns, width, height, panel=view.sliders is not None)
            replays = [view.replay(plan.column) for plan in self._layout.columns]
            self._ways = [
                ways_for(view.stage, plan, replay.trace.meta["steps"], replay.journeys.own_steps)
                for plan, replay in zip(self._layout.columns, replays, strict=True)
            ]
        return self._layout, self._ways

    def draw(self, view: View, picture: Picture) -> None:
        """One frame."""
        view.targets = []
        if view.screen:
            picture.fill(Area(0, 0, picture.width, picture.height), (0, 0, 0) if view.screen == "black" else (255, 255, 255))
            return
        layout, ways = self.geometry(view, picture.width, picture.height)
        key = (self._key, view.language, view.palette_name, view.follow, view.details is None)
        picture.still("rest", key, layout.canvas, lambda canvas: _rest(view, layout, canvas))
        for number in range(len(layout.columns)):
            draw_live(view, layout, number, ways[number], picture)
        draw_load(view, layout, picture)
        draw_clock(view, layout, picture)
        if view.sliders is None:
            draw_caption(view, layout, picture)
        draw_latency(view, layout, picture)
        draw_timeline(view, layout, picture)
        draw_percentiles(view, layout, picture)
        self._draw_beside(view, layout, picture)
        draw_hint(view, layout, picture)
        if view.help:
            draw_help(view, layout, picture)
        if view.prompt is not None:
            draw_prompt(view, layout, picture)

    @staticmethod
    def _draw_beside(view: View, layout: Layout, picture: Picture) -> None:
        """What stands at the right: the sliders, the details, or the ledger."""
        if view.sliders is not None:
            draw_panel(view, view.sliders, layout, picture)
            draw_question(view, view.sliders, layout.caption, picture)
            return
        if view.details is None:
            draw_ledger(view, layout, picture)
        else:
            draw_details(view, layout, picture)
        draw_button(view, layout, picture)


def _rest(view: View, layout: Layout, picture: Picture) -> None:
    picture.fill(layout.canvas, view.palette.paper)
    draw_still_frame(view, layout, picture)
    draw_still_strips(view, layout, picture)
    for plan in layout.columns:
        draw_column(view.stage, layout, plan, view.language, view.palette, picture)
    if view.details is None and view.sliders is None:
        draw_still_ledger(view, layout, picture)
