"""`cutaway study`: many runs of a scenario with varied values."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.commands.options import Workers
from cutaway.commands.outcome import guarded

if TYPE_CHECKING:
    from cutaway.scenarios.study_loader import LoadedStudy
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
OutFile = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="File to write; standard output when left out.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say how many runs it takes, and about how long and how much disk.")]
Yes = Annotated[bool, typer.Option("--yes", help="Run it, however many runs it takes.")]
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
    yes: Yes = False,
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
    if not yes:
        _see_that_it_is_meant(loaded)
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


@study.command("table")
@guarded
def table(
    folder: Folder,
    form: Annotated[str, typer.Option("--format", metavar="csv|markdown|latex", help="What kind of table.")] = "markdown",
    metric: Annotated[list[str] | None, typer.Option("--metric", metavar="NAME", help="A metric; may be given several times.")] = None,
    out: OutFile = None,
) -> None:
    """Print a table: a row a point and stack, each metric with its half width and its difference from the base stack."""
    from cutaway.studying import session
    from cutaway.studying.tabulating import FORMS

    known = next((one for one in FORMS if one == form), None)
    if known is None:
        raise typer.BadParameter(f"'{form}' is no kind of table; expected {', '.join(FORMS)}.", param_hint="--format")
    raise typer.Exit(session.table(folder, known, metric or [], out))


@study.command("report")
@guarded
def report(
    folder: Folder,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="FILE.html or FILE.pdf; FOLDER/report.html.")] = None,
) -> None:
    """Write a report: question, set-up, pictures, tables, where the time goes, what every cost rests on."""
    from cutaway.studying import session

    raise typer.Exit(session.report(folder, out or folder / "report.html", over=out is None))


@study.command("figure")
@guarded
def figure(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="FILE.png or FILE.svg.")],
    number: Annotated[
        int, typer.Option("--number", metavar="N", min=1, help="Which of the study's figures, in its order; after them, CPU time by layer.")
    ] = 1,
) -> None:
    """Draw one figure of a study.

    Example: cutaway study figure overhead.study --number 2 --out p99.png
    """
    from cutaway.studying import session

    raise typer.Exit(session.figure(folder, number, out))


@study.command("export")
@guarded
def export(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="FILE.parquet with every column, or FILE.csv.")],
) -> None:
    """Write all runs into one file, a row a run."""
    from cutaway.studying import session

    raise typer.Exit(session.export(folder, out))


def _see_that_it_is_meant(loaded: LoadedStudy) -> None:
    """A slip in an axis may make a study of a year: a person is asked, and a program must have said so."""
    from cutaway.scenarios.limits import STUDY_RUNS_UNASKED

    if loaded.most_runs <= STUDY_RUNS_UNASKED.value:
        return
    told = f"It may take {loaded.most_runs:,} runs (--dry-run says how long)."
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise typer.BadParameter(f"{told} Above {STUDY_RUNS_UNASKED.value:,} they are asked for with --yes.", param_hint="FILE")
    if not typer.confirm(f"{told} Go on?", err=True):
        raise typer.Exit(0)


def _means(workers: int, cluster: str | None, shard: str | None) -> Means:
    from cutaway.studying.session import Means
    from cutaway.studying.shard import Shard, shard_of

    return Means(workers, cluster, shard_of(shard) if shard else Shard())
