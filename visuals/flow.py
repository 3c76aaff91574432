"""The flow band: where more requests move than can be told apart, the way grows as wide as they are dense."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutaway.visuals.geometry import Area
from cutaway.visuals.layout import ColumnLayout
from cutaway.visuals.moment import Moment
from cutaway.visuals.palette import Palette, mixed
from cutaway.visuals.picture import Picture
from cutaway.visuals.ways import Ways

CELL = 10.0
WIDEST = 20.0


def draw_flow(ways: Ways, moment: Moment, chosen: npt.NDArray[np.int64], palette: Palette, plan: ColumnLayout, picture: Picture) -> None:
    """One bar for each 10 units of the way; its width grows with the root of the number of requests there."""
    xs, ys = ways.places(moment.step[chosen], moment.share[chosen])
    cells, counts = np.unique(np.stack([np.rint(xs / CELL), np.rint(ys / CELL)]), axis=1, return_counts=True)
    colour = mixed(palette.other, palette.room, 0.75)
    for (x, y), count in zip((cells * CELL).T.tolist(), counts.tolist(), strict=True):
        width = min(4 + 2 * count**0.5, WIDEST)
        upright = abs(x - plan.lane_up) < CELL or abs(x - plan.lane_down) < CELL
        size = (width, CELL) if upright else (CELL, width)
        picture.fill(Area(x - size[0] / 2, y - size[1] / 2, *size), colour)
