"""Arguments of programs, as getopt reads them; and how programs complain."""

from __future__ import annotations

from getopt import GetoptError, gnu_getopt

from cutaway.models.docker.processes.process import Exit, Process
from cutaway.sim.clock import Process as Steps


def options(process: Process, argv: tuple[str, ...], short: str, long: tuple[str, ...] = ()) -> Steps:
    """Options by name without dashes, and the arguments; who asks for another ends with 1. Raises Exit."""
    try:
        found, rest = gnu_getopt(list(argv[1:]), short, list(long))
    except GetoptError as error:
        yield from process.complain(f"{argv[0].rpartition('/')[2]}: unrecognized option: {error.opt}")
        raise Exit(1) from None
    return {name.lstrip("-"): value for name, value in found}, rest


def failed(process: Process, error: OSError, what: str | None = None) -> Steps:
    """`cat: /x: No such file or directory`; 1."""
    yield from process.complain(f"{process.name}: {what or error.filename}: {error.strerror}")
    return 1
