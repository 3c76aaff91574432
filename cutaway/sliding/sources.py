"""Who answers the sliders: a process beside a window, so that no frame waits; or this process, for a picture or a film.

A newer setting ends the work on an older one after the run that is under way. A recording comes back indexed, which takes longer than a
frame may take, and a thread reads it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import redirect_stderr, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from cutaway.scenarios import Scenario
from cutaway.sliding.answering import Answering
from cutaway.visuals.what_if import Answer, Recording, Setting, Slider

DIED = "the process that works it out has ended, killed by the system (out of memory?); it starts anew with the next change."


class _Newer(Exception):  # noqa: N818
    """A newer setting has come meanwhile."""


class Here:
    """A `Source` that has worked it out when `ask` returns."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self._come: list[Answer | Recording] = []

    def ask(self, setting: Setting) -> None:
        self._come.append(self.answering.answer(setting))
        if self.answering.has_recording(setting):
            self._come.append(self.answering.recording(setting))

    def poll(self) -> list[Answer | Recording]:
        found, self._come = self._come, []
        return found

    def close(self) -> None:
        """Nothing runs on."""


class Worker:
    """The window's end: a `Source` of the view."""

    def __init__(self, scenario: Scenario, stacks: Sequence[str], sliders: tuple[Slider, ...]) -> None:
        self._asked = scenario, tuple(stacks), sliders
        self._come: SimpleQueue[Answer | Recording] = SimpleQueue()
        self._last = tuple(slider.base for slider in sliders)
        self._start()

    def _start(self) -> None:
        context = get_context("spawn")
        self._ours, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, *self._asked), daemon=True)
        self.process.start()
        theirs.close()
        self._listener = Thread(target=self._listen, args=(self._ours,), daemon=True)
        self._listener.start()

    def _listen(self, connection: Connection) -> None:
        while True:
            try:
                self._come.put(connection.recv())
            except (EOFError, OSError):
                if connection is self._ours and not connection.closed:
                    self._come.put(Answer(self._last, error=DIED))
                return

    def ask(self, setting: Setting) -> None:
        self._last = setting
        if not self.process.is_alive():
            self._ours.close()
            self._start()
        try:
            self._ours.send(setting)
        except OSError:                                                                   # it ended just now, and the listener tells of it
            return

    def poll(self) -> list[Answer | Recording]:
        found: list[Answer | Recording] = []
        try:
            while True:
                found.append(self._come.get_nowait())
        except Empty:
            return found

    def close(self) -> None:
        self._ours.close()
        self.process.terminate()
        self.process.join()


def _serve(connection: Connection, scenario: Scenario, stacks: Sequence[str], sliders: tuple[Slider, ...]) -> None:
    """The process's end: until the window's is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)                                          # the window ends it
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):  # bars are the window's command's
        _answer_all(connection, Answering(scenario, stacks, sliders))


def _answer_all(connection: Connection, answering: Answering) -> None:
    setting = answering.base                                                              # it will be asked for first
    try:
        while True:
            with suppress(_Newer):
                _answer(connection, answering, setting)
            setting = _newest(connection)
    except (EOFError, OSError):
        return


def _newest(connection: Connection) -> Setting:
    setting: Setting = connection.recv()
    while connection.poll():
        setting = connection.recv()
    return setting


def _answer(connection: Connection, answering: Answering, setting: Setting) -> None:
    def give_way(done: int = 0, total: int = 0) -> None:
        if connection.poll():
            raise _Newer

    connection.send(answering.answer(setting, give_way))
    give_way()
    if answering.has_recording(setting):
        connection.send(answering.recording(setting))
