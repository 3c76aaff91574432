"""`cutaway import`: a scenario made of a Compose file, or of the containers that run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.commands.options import complete_profile

if TYPE_CHECKING:
    from cutaway.importing.service import Project

SOCKET = "unix:///var/run/docker.sock"


def import_(
    file: Annotated[Path | None, typer.Argument(metavar="COMPOSE-FILE", help="A Docker Compose file.")] = None,
    running: Annotated[bool, typer.Option("--running", help="The containers of a running Docker host instead; it is only read.")] = False,
    host: Annotated[str, typer.Option("--host", metavar="unix://PATH", help="With --running: where that host listens.")] = SOCKET,
    profile: Annotated[
        str, typer.Option("--profile", metavar="NAME", help="The cost profile, a name or a .toml file.", autocompletion=complete_profile)
    ] = "two-core-vm",
    compose_profiles: Annotated[
        list[str] | None,
        typer.Option("--compose-profile", metavar="NAME", help="With these services, as `docker compose --profile`; may be repeated."),
    ] = None,
    env_file: Annotated[
        Path | None, typer.Option("--env-file", metavar="FILE", help="Values of variables; .env beside the file when left out.")
    ] = None,
    project: Annotated[str, typer.Option("--project", metavar="NAME", help="With --running: the containers of this Compose project.")] = "",
    said: Annotated[
        list[str] | None,
        typer.Option("--as", metavar="SERVICE=PROGRAM", help="What a service is, as api='python app'; may be given several times."),
    ] = None,
    busy: Annotated[
        list[str] | None,
        typer.Option("--busy", metavar="SERVICE", help="A service that is not modelled computes without a pause, beside all stacks."),
    ] = None,
    demand: Annotated[Path | None, typer.Option("--demand", metavar="FILE", help="Measured rows of `cutaway measure app`.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The scenario, a new file; standard output when left out.")
    ] = None,
) -> None:
    """Make a scenario of a Docker Compose file or of running containers.

    Each service whose program Cutaway has becomes a stack. The scenario says in comments what was taken, what was left out and why, and
    what is assumed. No file is written over.

    Example: cutaway import compose.yaml --out mine.yaml, then cutaway compare mine.yaml
    """
    from cutaway import importing
    from cutaway.places import nothing_at, write_whole
    from cutaway.printing import console
    from cutaway.scenarios.problems import printable

    if running == (file is not None):
        raise typer.BadParameter("expected a Compose file, or --running; one of them.", param_hint="COMPOSE-FILE")
    _one_source(running, {"--compose-profile": compose_profiles, "--env-file": env_file}, {"--project": project, "--host": host != SOCKET})
    if out:
        nothing_at(out)
    source = _running(host, project) if running else _composed(file or Path(), compose_profiles or [], env_file)
    text, lines = importing.scenario_of(source, profile, _programs(source, said or []), _busy(source, busy or []), demand, console().width)
    if not out:
        typer.echo(text, nl=False)
        return
    write_whole(out, text.encode())
    for line in lines:
        typer.echo(line)
    typer.echo(f"wrote {printable(str(out), 1000)}")
    typer.echo(f"Next: cutaway compare {printable(str(out), 1000)}")


def _one_source(running: bool, of_files: dict[str, object], of_hosts: dict[str, object]) -> None:
    """What says something of the other source would be passed over in silence."""
    for option, given in (of_files if running else of_hosts).items():
        if given:
            whose = "a Compose file" if running else "--running"
            raise typer.BadParameter(f"it goes with {whose}; leave it out.", param_hint=option)


def _composed(file: Path, profiles: list[str], env_file: Path | None) -> Project:
    from cutaway.importing import compose

    return compose.read(file, str(file), profiles, env_file)


def _running(host: str, project: str) -> Project:
    from cutaway.importing import running

    return running.read(host, project)


def _programs(source: Project, said: list[str]) -> dict[str, str]:
    from cutaway.models.parts import PROGRAMS, kind_of
    from cutaway.scenarios.problems import choices, nearest, printable

    kinds = [kind_of(part) for part in PROGRAMS]
    programs = {}
    for one in said:
        name, _, kind = one.partition("=")
        _is_service(source, name, "--as")
        if kind not in kinds:
            expected = f"expected {choices(kinds)}.{nearest(kind, kinds)}"
            raise typer.BadParameter(f"'{printable(kind)}' is not a program; {expected}", param_hint="--as")
        programs[name] = kind
    return programs


def _busy(source: Project, busy: list[str]) -> list[str]:
    for name in busy:
        _is_service(source, name, "--busy")
    return busy


def _is_service(source: Project, name: str, option: str) -> None:
    from cutaway.scenarios.problems import choices, nearest, printable

    names = [service.name for service in source.services]
    if name not in names:
        expected = f"expected {choices(names)}.{nearest(name, names)}"
        raise typer.BadParameter(f"'{printable(name)}' is not a service; {expected}", param_hint=option)
