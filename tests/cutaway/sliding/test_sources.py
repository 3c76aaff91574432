"""The process beside the window: the newest setting is answered as this process would answer it, and a death is told and mended."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest

from cutaway.scenarios import Scenario
from cutaway.sliding.answering import Answering
from cutaway.sliding.choosing import sliders_of
from cutaway.sliding.sources import DIED, Here, Worker
from cutaway.visuals.what_if import Answer, Recording, Setting, Source

STACKS = ["bare metal", "container"]


def heard(source: Source, setting: Setting, kind: type, seconds: float = 60) -> Answer | Recording:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for found in source.poll():
            if isinstance(found, kind) and found.setting == setting:
                return found
        time.sleep(0.01)
    raise AssertionError("nothing came")


@pytest.mark.slow
def test_the_newest_setting_is_answered_and_a_death_is_mended(quick: Scenario) -> None:
    sliders, setting = sliders_of(quick, {"clients.connections": 64})
    here, worker = Here(Answering(quick, STACKS, sliders)), Worker(quick, STACKS, sliders)
    try:
        begun = time.perf_counter()
        for stop in (*range(len(sliders[0].stops)), setting[0]):
            worker.ask((stop, *setting[1:]))
        assert time.perf_counter() - begun < 0.5, "to ask does not wait"
        here.ask(setting)
        expected, recording = here.poll()
        assert heard(worker, setting, Answer) == expected
        found = heard(worker, setting, Recording)
        assert isinstance(found, Recording) and isinstance(recording, Recording) and found.stage == recording.stage
        for one, other in zip(found.replays, recording.replays, strict=True):
            assert np.array_equal(one.trace.spans, other.trace.spans)
        assert worker.process.pid is not None
        os.kill(worker.process.pid, signal.SIGKILL)
        death = heard(worker, setting, Answer)
        assert isinstance(death, Answer) and death.error == DIED
        worker.process.join()
        worker.ask(setting)
        assert heard(worker, setting, Answer) == expected
    finally:
        worker.close()
    assert not worker.process.is_alive()
