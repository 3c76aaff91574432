"""What the terminal shows: the commands that were given, and what their clients print of the answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cutaway.engine.showing.commands import Command
from cutaway.models.docker.daemon import Daemon
from cutaway.models.docker.record import Act, LayerProgress
from cutaway.visuals.docker.snapshot import Line

MEGA = 1_000_000
LOG_LINES, LONGEST = 12, 400
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]")
"""What colours a terminal or moves its cursor."""
NAMED = ("stop", "start", "kill", "restart", "pause", "unpause", "rm")
"""Commands that print the name that they were given."""


def lines_of(daemon: Daemon, commands: list[Command]) -> tuple[Line, ...]:
    """Of these commands, the last ones below."""
    return tuple(line for command in commands for line in _lines(daemon, command))


def printed(text: str, kind: str = "output") -> Line:
    """A line as it stands on a terminal."""
    return Line(CONTROL.sub("", text[:LONGEST]).replace("\t", "    "), kind)


def _lines(daemon: Daemon, command: Command) -> Iterator[Line]:
    prompt = "$ " if command.client == "docker" else f"{command.client}: "
    yield printed(prompt + command.line, "command")
    pull = next((act for act in command.acts if act.kind == "pull"), None)
    if command.kind == "run" and command.asked[0].status == 404:
        yield printed(f"Unable to find image '{_tagged(command.asked[0].request.document)}' locally")
    if pull is not None:
        yield from _pull(pull)
    if command.error:
        yield printed(f"Error response from daemon: {command.error}", "error")
        return
    if command.kind == "run":
        yield from _run(daemon, command)
    elif command.kind == "exec":
        yield from map(printed, command.output)
    elif command.verb in NAMED and not command.is_going:
        yield Line(command.line.rpartition(" ")[2])


def _tagged(document: object) -> str:
    name = str(document.get("Image", "")) if isinstance(document, dict) else ""
    return name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"


def _pull(act: Act) -> Iterator[Line]:
    """As the progress bars say it, in numbers."""
    if not act.layers:
        return
    name = act.subject.rpartition(":")
    yield Line(f"{name[2]}: Pulling from {name[0] if '/' in name[0] else f'library/{name[0]}'}")
    for layer in act.layers.values():
        yield Line(f"{layer.digest.removeprefix('sha256:')[:12]}: {_progress(layer)}")
    if act.over and not act.error:
        yield Line(f"Status: Downloaded newer image for {act.subject}")


def _progress(layer: LayerProgress) -> str:
    if not layer.of:
        return layer.status
    return f"{layer.status} {layer.done / MEGA:.1f} / {layer.of / MEGA:.1f} MB"


def _run(daemon: Daemon, command: Command) -> Iterator[Line]:
    """Its id, or what the container writes for one that stays attached."""
    body = command.asked[0].request.document
    is_attached = isinstance(body, dict) and (body.get("AttachStdout") or body.get("AttachStderr"))
    if not is_attached or command.verb == "create":
        if not command.is_going and command.container:
            yield Line(command.container)
        return
    container = daemon.containers.get(command.container)
    if container is not None:
        entries = list(container.log.entries)[-LOG_LINES:]
        for entry in entries:
            yield from map(printed, entry.data.decode(errors="replace").splitlines()[-LOG_LINES:])
