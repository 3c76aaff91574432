"""`cutaway up`: a simulated Docker Engine for the real docker command."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.commands.options import Seed, complete_scenario, scenario_of
from cutaway.commands.outcome import say
from cutaway.commands.show import Language, Look, size_of

if TYPE_CHECKING:
    from cutaway.visuals.docker.process import Wanted

MOST_UPLOAD = 4 << 30
"""What is sent along is kept in memory."""


class Opened(StrEnum):
    real = "real"
    unprivileged = "unprivileged"
    none = "none"


def up(
    scenario: Annotated[
        str,
        typer.Argument(metavar="[SCENARIO]", help="The host is that of its first stack with Docker.", autocompletion=complete_scenario),
    ] = "lecture/three-stacks",
    socket: Annotated[
        Path | None, typer.Option("--socket", metavar="PATH", help="Where to listen; in a private folder when left out.")
    ] = None,
    speed: Annotated[
        str, typer.Option("--speed", metavar="FACTOR|max", help="Simulated time a real time; max leaps while a command waits.")
    ] = "1",
    publish: Annotated[
        Opened, typer.Option("--publish", help="Ports to open on 127.0.0.1: all, those from 1024 up, or none.")
    ] = Opened.unprivileged,
    tcp: Annotated[
        str | None, typer.Option("--tcp", metavar="127.0.0.1:PORT", help="Listen there too; every program on this machine may use it.")
    ] = None,
    upload: Annotated[
        str, typer.Option("--upload", metavar="SIZE", help="Most that a context, an image or files sent along may hold.")
    ] = "64m",
    view: Annotated[bool, typer.Option("--view", help="Open a window that shows what each docker command causes.")] = False,
    hold: Annotated[bool, typer.Option("--hold", help="Each step waits for Space in the window.")] = False,
    record: Annotated[
        Path | None,
        typer.Option("--view-record", metavar="FILE", help="No window: write a .mp4, or a .png of each step (FILE-001.png, ...)."),
    ] = None,
    language: Annotated[Language, typer.Option("--lang", help="Language of the view.")] = Language.en,
    look: Annotated[Look, typer.Option("--look", help="Light for a bright room, dark for a dark one.")] = Look.light,
    size: Annotated[str, typer.Option("--size", metavar="WxH", help="Size of the window or picture.")] = "1920x1080",
    seed: Seed = None,
) -> None:
    """Serve a simulated Docker Engine to the real docker command.

    Prints the line that points docker to it. What docker asks is simulated: no image is fetched, nothing runs on this machine, no file of
    it is read or written. A published port is really opened, on 127.0.0.1, and answers as the simulated server does. Ctrl-C ends it.

    With --view a window follows: who sends what to whom, what the kernel makes, and how long each step takes. Space holds the next step
    while the command waits, and lets one more through; H lets all go.

    Example: cutaway up --publish real --view, and elsewhere: docker run -p 80:80 --name hellonginx nginx
    """
    import sys

    from cutaway.engine.host import machine_of, stack_with_docker
    from cutaway.engine.session import Asked
    from cutaway.engine.session import up as serve
    from cutaway.models import costs

    loaded = scenario_of(scenario, None, seed)
    stack = stack_with_docker(loaded)
    if stack is None:
        raise typer.BadParameter("none of its stacks has a layer docker.", param_hint="SCENARIO")
    wanted = _view(view, hold, record, language, look, size)
    asked = Asked(machine_of(loaded, stack), costs.load(loaded.profile), _speed(speed), loaded.run.seed, publish.value, hold=hold,
                  most_archive_bytes=_size(upload))  # fmt: skip
    raise typer.Exit(serve(asked, socket or _default(), lambda line: _told(line, tcp, sys.stderr.isatty()), tcp, wanted))


def _size(text: str) -> int:
    from cutaway.models.docker.errors import InvalidError
    from cutaway.models.docker.units import size_of_text

    try:
        size = size_of_text(text)
    except InvalidError:
        size = 0
    if not 0 < size <= MOST_UPLOAD:
        raise typer.BadParameter(f"'{text}'; expected a size up to 4g, as 64m.", param_hint="--upload")
    return size


def _view(view: bool, hold: bool, record: Path | None, language: Language, look: Look, size: str) -> Wanted | None:
    """The window or the recording, if one is wanted."""
    if hold and not view:
        raise typer.BadParameter("nobody could let a step through; expected --view with it.", param_hint="--hold")
    if view and record is not None:
        raise typer.BadParameter("a window or a file; expected one of --view and --view-record.", param_hint="--view-record")
    if record is not None and record.suffix.lower() not in (".mp4", ".png"):
        raise typer.BadParameter(f"'{record.name}' is no recording; expected a name that ends in .mp4 or .png.", param_hint="--view-record")
    if not view and record is None:
        return None
    from cutaway.visuals.docker.process import Wanted

    return Wanted(size_of(size), language.value, look.value, record)


def _speed(text: str) -> float:
    if text == "max":
        return float("inf")
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0.0001 <= factor <= 10_000:
        raise typer.BadParameter(f"'{text}'; expected max, or a factor from 0.0001 to 10000.", param_hint="--speed")
    return factor


def _default() -> Path:
    """In a folder that is the user's own: the one of the running session, or that of the cache."""
    import warnings

    from platformdirs import user_cache_path, user_runtime_path

    with warnings.catch_warnings():
        warnings.simplefilter("error")          # it warns where it falls back to a folder that all users share
        try:
            folder = user_runtime_path("cutaway")
        except Warning:
            folder = user_cache_path("cutaway")
    return folder / "docker.sock"


def _told(line: str, tcp: str | None, terminal: bool) -> None:
    typer.echo(line)
    if tcp is not None:
        say(f"Warning: no password guards tcp://{tcp}: every program and every account on this machine may use the Engine there.")
    if terminal:
        typer.echo("A simulated Engine listens there, with no image and no container yet. Paste that line into another terminal, then use "
                   "docker as ever. Ctrl-C ends it, and all that is in it.", err=True)
