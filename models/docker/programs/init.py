"""`docker run --init`: docker-init is PID 1, hands signals on to the program it starts, and ends as that does."""

from __future__ import annotations

from functools import partial

from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.process import Files, Process, Program
from cutaway.models.docker.processes.streams import Empty, Nowhere
from cutaway.sim.clock import Process as Steps

PATH = "/sbin/docker-init"


def under_init(program: Program, arguments: tuple[str, ...], files: Files) -> tuple[Program, tuple[str, ...], Files]:
    """What runs in a program's place, with its arguments and files."""
    def docker_init(process: Process, argv: tuple[str, ...]) -> Steps:
        space = process.space
        child = space.spawn(program, arguments, process.environment, process.cwd, process.identity, files, parent=process)
        for number in set(signals.NAMES.values()) - {signals.KILL}:
            process.handlers[number] = partial(child.signal, number)
        while child.code is None:
            yield from process.wait(child.ended)
        return child.code
    return docker_init, (PATH, "--", *arguments), Files(Empty(), Nowhere(), Nowhere())
