"""`cutaway study`: many runs of a scenario with varied values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.commands.options import Workers
from cutaway.commands.outcome import guarded

if TYPE_CHECKING:
    from cutaway.studying.session import Means


def complete_study(incomplete: str) -> list[str]:
    from cutaway.scenarios.catalogue import studies

    return [name for name in studies() if name.startswith(incomplete)]


StudyName = Annotated[
    str, typer.Argument(metavar="FILE", help="A study file, or a shipped study by name.", autocompletion=complete_study)
]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of a study's results.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="Folder for the results; the file's name with .study.")]
Cluster = Annotated[str | None, typer.Option("--cluster", metavar="ADDRESS", help="A running Dask scheduler, tcp://HOST:PORT.")]
ShareOf = Annotated[str | None, typer.Option("--shard", metavar="K/N", help="The K-th of N processes that fill one folder.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say how many runs it takes, and about how long and how much disk.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

study = typer.Typer(help="Run studies: many runs of a scenario with varied values, into tables and reports.", no_args_is_help=True)


@study.command("run")
@guarded
def run(
    file: StudyName,
    out: Out = None,
    workers: Workers = 1,
    cluster: Cluster = None,
    shard: ShareOf = None,
    dry_run: DryRun = False,
) -> None:
    """Run a study into a folder.

    Each run is kept as soon as it is finished. Stopped by whatever, it goes on with `cutaway study resume FOLDER`, or with the same
    command again, and ends with the same bytes.

    Example: cutaway study run study/overhead --workers 2
    """
    from cutaway.scenarios.study_loader import load_study
    from cutaway.studying import session

    loaded = load_study(file)
    means = _means(workers, cluster, shard)
    if dry_run:
        raise typer.Exit(session.dry_run(loaded, means))
    raise typer.Exit(session.run(loaded, out or Path(f"{Path(file).stem}.study"), means))


@study.command("resume")
@guarded
def resume(folder: Folder, workers: Workers = 1, cluster: Cluster = None, shard: ShareOf = None) -> None:
    """Go on with a study that was stopped."""
    from cutaway.studying import session

    raise typer.Exit(session.resume(folder, _means(workers, cluster, shard)))


@study.command("status")
@guarded
def status(folder: Folder, as_json: Json = False) -> None:
    """Say how far a study is: the runs that are done, those that failed, whether somebody works on it."""
    from cutaway.studying import session

    raise typer.Exit(session.status(folder, as_json=as_json))


def _means(workers: int, cluster: str | None, shard: str | None) -> Means:
    from cutaway.studying.session import Means
    from cutaway.studying.shard import Shard, shard_of

    return Means(workers, cluster, shard_of(shard) if shard else Shard())
