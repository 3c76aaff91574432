"""The view's tests need no screen."""

from __future__ import annotations

import os

os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ["SDL_AUDIODRIVER"] = "dummy"
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pytest

from cutaway.sim.trace import Trace
from cutaway.visuals.default_stage import stage_for
from cutaway.visuals.view import View, view_of
from tests.visuals.made_up import made_up


@pytest.fixture(scope="session")
def traces() -> list[Trace]:
    """Bare metal, a virtual machine and a container under the same arrivals."""
    return [made_up(stack, 300) for stack in ("bare", "vm", "container")]


@pytest.fixture
def view(traces: list[Trace]) -> View:
    return view_of(traces, stage_for(traces))
