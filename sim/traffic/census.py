"""Who is where: requests and bytes under way, counted from the tokens and the agenda alone.

The books count what comes and goes; this counts what is there. `sim.laws` holds the two against each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutaway.sim.traffic.tables import DEVICE_DONE, Tables

Integers = npt.NDArray[np.int64]


def requests_in_flight(w: Tables) -> Integers:
    """(clients): requests under way, without branches and without those that nobody waits for any more."""
    return np.bincount(_clients_in_flight(w), minlength=len(w.clients)).astype(np.int64)


def ages_ns(w: Tables) -> Integers:
    """(clients): how long the requests under way have been so by now, summed."""
    ages = np.zeros(len(w.clients), np.int64)
    np.add.at(ages, _clients_in_flight(w), w.world[0].now - w.tokens["born"][_rows_in_flight(w)])
    return ages


def bytes_crossing(w: Tables) -> Integers:
    """(devices): bytes that are on a link or in a disk at this moment."""
    crossing = np.zeros(len(w.devices), np.int64)
    coming = w.agenda[: int(w.world[0].agenda)]
    coming = coming[coming["kind"] == DEVICE_DONE]
    steps = w.steps[w.tokens["step"][coming["who"]]]
    np.add.at(crossing, steps["station"], steps["bytes"])
    return crossing


def _rows_in_flight(w: Tables) -> npt.NDArray[np.bool_]:
    return np.asarray((w.tokens["step"] >= 0) & (w.tokens["branch"] == 0) & (w.tokens["orphan"] == 0))


def _clients_in_flight(w: Tables) -> Integers:
    return np.asarray(w.tokens["client"][_rows_in_flight(w)])
