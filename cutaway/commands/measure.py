"""`cutaway measure`: measures the machine that it runs on; `cutaway measure app`: the demand of one's own application."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cutaway.commands.options import AsJson, Stacks
from cutaway.commands.outcome import FAILED, MISSING_PART, guarded, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from cutaway.models.costs.measuring.driver import Plan, Step, Summary
    from cutaway.models.costs.measuring.journal import Held
    from cutaway.models.costs.measuring.points import Settings

measure = typer.Typer(invoke_without_command=True, no_args_is_help=False)


def _ends_with_jsonl(out: Path) -> Path:
    if out.suffix != ".jsonl":
        raise typer.BadParameter(f"'{out}' does not end with .jsonl; expected a name that does, beside which the other files lie.")
    return out


def _a_folder(kernel: Path) -> Path:
    if not kernel.is_dir():
        raise typer.BadParameter(f"'{kernel}' is no folder; expected one with boot/vmlinuz-* and lib/modules.")
    return kernel


Quick = Annotated[bool, typer.Option("--quick", help="A look at everything: few points, one or two runs of each.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="GROUP", help="Only this group, or this part of one as GROUP/PART; may be given several times."),
]
Rows = Annotated[Path, typer.Option("--out", metavar="FILE", help="File of the rows; goes on where it ended.", callback=_ends_with_jsonl)]
Kernel = Annotated[
    Path,
    typer.Option("--kernel", metavar="DIR", help="Kernel of the guest: a folder with boot/vmlinuz-* and lib/modules.", callback=_a_folder),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before it changes the machine.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")]


@measure.callback()
@guarded
def machine(
    context: typer.Context,
    quick: Quick = False,
    only: Only = None,
    stacks: Stacks = None,
    out: Rows = Path("measured.jsonl"),
    kernel: Kernel = Path("/"),
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Measure this machine: what its kernel, containers, guests and servers cost, as rows for `cutaway calibrate`.

    It says first what it will do, what it leaves out and why, and asks before it changes anything beyond loopback and network namespaces
    of its own. Without a terminal and without --yes what needs that is left out. Ctrl-C cleans up; the same command goes on.

    Example: cutaway measure --quick --only micro
    """
    if context.invoked_subcommand is not None:
        return
    _only_on_linux()
    from cutaway.models.costs.measuring import driver
    from cutaway.models.costs.measuring.points import Settings

    settings = Settings(quick, kernel)
    _only_known("--only", only, driver.names(settings), list(driver.GROUPS))
    _only_known("--stack", stacks, driver.stacks_of(settings), driver.stacks_of(settings))
    there = _held(out, settings)
    if dry_run:
        chosen = driver.plan(settings, only or [], stacks or [])
        if as_json:
            rest = chosen.rest(there)
            _print_json({**_document(chosen), "rest": {"runs": rest.whole - rest.there, "seconds": round(rest.seconds)}})
        else:
            _show(chosen, out, there, to_stdout=True)
        return
    _run(_allowed(settings, only or [], stacks or [], out, there, yes), out, as_json)


def _held(out: Path, settings: Settings) -> Held:
    """What is there already; that it can be gone on from, and that there is room for more, is asked before anything starts."""
    from cutaway import __version__
    from cutaway.models.costs.measuring import driver
    from cutaway.models.costs.measuring.journal import Files
    from cutaway.places import room_for

    if out.is_dir():
        raise typer.BadParameter(f"'{out}' is a folder; expected a file.", param_hint="--out")
    room_for(out)
    return driver.held(Files(out), __version__, settings)


def _allowed(settings: Settings, only: list[str], stacks: list[str], out: Path, there: Held, yes: bool) -> Plan:
    """The plan, shown; without what changes the machine, unless somebody says that it may."""
    from cutaway.models.costs.measuring import driver

    chosen = driver.plan(settings, only, stacks)
    if not chosen.changes or yes:
        _show(chosen, out, there)
        return chosen
    if sys.stdin.isatty() and sys.stderr.isatty():
        _show(chosen, out, there)
        return chosen if typer.confirm("May it do that?", err=True) else driver.plan(settings, only, stacks, allowed=False)
    chosen = driver.plan(settings, only, stacks, allowed=False)
    say("No terminal to ask at: what would change the machine is left out (--yes allows it).")
    _show(chosen, out, there)
    return chosen


def _run(chosen: Plan, out: Path, as_json: bool) -> None:
    """Measures, and tells what came of it."""
    from cutaway import __version__
    from cutaway.models.costs.measuring import driver
    from cutaway.models.costs.measuring.journal import Files

    if not chosen.parts:
        say("Nothing of what was asked for can be measured here.")
        raise typer.Exit(MISSING_PART)
    summary = _measured(chosen, lambda told: driver.measure(chosen, Files(out), __version__, told))
    for line in _told_at_the_end(summary):
        say(line)
    if as_json:
        done = {"out": str(out), "rows": summary.rows, "runs": summary.runs, "disturbed": summary.disturbed, "failed": summary.failed}
        _print_json({**done, **_document(chosen)})
    else:
        typer.echo(f"wrote {out}: {summary.rows:,} rows")
    if summary.failed:
        raise typer.Exit(FAILED)


def _only_on_linux() -> None:
    import platform

    if platform.system() != "Linux":
        say("measuring needs Linux.")
        raise typer.Exit(MISSING_PART)


def _only_known(option: str, asked: list[str] | None, known: list[str], told: list[str]) -> None:
    for name in asked or []:
        if name not in known:
            from cutaway.scenarios.problems import choices, nearest

            raise typer.BadParameter(f"'{name}' is not known; expected {choices(told)}.{nearest(name, known)}", param_hint=option)


def _show(chosen: Plan, out: Path, there: Held, to_stdout: bool = False) -> None:
    """What will be done, what of it is there already, and what is left out."""
    from cutaway.models.costs.measuring.driver import minutes, seconds_of

    quick, rest = chosen.settings.quick, chosen.rest(there)
    lines = [f"{part.group}/{part.name}: {part.what}; {len(part.points)} points x {part.rounds}, about "
             f"{minutes(seconds_of(part, quick))}" for part in chosen.parts]  # fmt: skip
    if lines:
        lines = ["Will be measured, the stacks of a part in turn:", *(f"  {line}" for line in lines)]
        lines.append(f"In all about {minutes(chosen.seconds)}, more if the machine is busy; rows go to {out}.")
    if rest.there:
        takes = f"the rest takes about {minutes(rest.seconds)}" if rest.there < rest.whole else "nothing is left to measure"
        lines.append(f"{rest.there:,} of {rest.whole:,} runs are there; {takes}.")
    if chosen.skipped:
        lines += ["Left out:", *(f"  {line}" for line in _left_out(chosen))]
    if chosen.changes:
        lines += ["It would:", *(f"  {change}" for change in chosen.changes)]
    if to_stdout:
        typer.echo("\n".join(lines))
    else:
        say("\n".join(lines))


def _told_at_the_end(summary: Summary) -> list[str]:
    """What the rows' user should know: how many runs were disturbed, and a line for each reason of failures."""
    lines = []
    if summary.disturbed:
        shared = f"{summary.disturbed:,} runs in the rows shared the machine with others, or lost time to its host"
        lines.append(f"{shared}; better repeat on a quiet one.")
    by_reason: dict[str, list[str]] = {}
    for name, why in summary.failed.items():
        by_reason.setdefault(why, []).append(name)
    lines += [f"failed: {names[0]}{f' and {len(names) - 1} more' if names[1:] else ''}: {why}" for why, names in by_reason.items()]
    return lines


def _left_out(chosen: Plan) -> list[str]:
    """A line for each part and reason."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for skipped in chosen.skipped:
        by_reason.setdefault((f"{skipped.group}/{skipped.part}", skipped.why), []).append(skipped.stack)
    return [f"{part} on {', '.join(stacks)}: {why}" for (part, why), stacks in by_reason.items()]


def _document(chosen: Plan) -> dict[str, Any]:
    from dataclasses import asdict

    from cutaway.models.costs.measuring.driver import seconds_of

    return {
        "parts": [
            {
                "group": part.group, "part": part.name, "what": part.what, "points": len(part.points), "rounds": part.rounds,
                "seconds": round(seconds_of(part, chosen.settings.quick)),
            }
            for part in chosen.parts
        ],
        "skipped": [asdict(skipped) for skipped in chosen.skipped],
        "changes": list(chosen.changes),
    }  # fmt: skip


def _print_json(document: dict[str, Any]) -> None:
    import json

    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _measured(chosen: Plan, run: Callable[[Callable[[Step], None]], Summary]) -> Summary:
    """Runs it; shows how far it is, and what an interruption leaves."""
    try:
        return _shown(chosen, run)
    except (KeyboardInterrupt, SystemExit):
        say("Interrupted; all that was started has ended. The same command goes on.")
        raise


def _shown(chosen: Plan, run: Callable[[Callable[[Step], None]], Summary]) -> Summary:
    """A bar on a terminal, else a line a part and round."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        seen: set[tuple[str, str, int]] = set()

        def told(step: Step) -> None:
            key = (step.part.group, step.part.name, step.round)
            if key not in seen:
                seen.add(key)
                say(f"{step.part.group}/{step.part.name}, round {step.round + 1} of {step.part.rounds}")

        return run(told)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # Drawn between runs only: a thread that redraws would be a guest in each of them.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
        bars = {(part.group, part.name): progress.add_task(f"{part.group}/{part.name}", total=part.rounds * len(part.points), visible=False)
                for part in chosen.parts}  # fmt: skip

        def shown(step: Step) -> None:
            name = escape(f"{step.part.group}/{step.part.name}: {step.point.name}"[:60])
            progress.update(bars[step.part.group, step.part.name], completed=step.done, description=name, visible=True)
            progress.refresh()

        return run(shown)


@measure.command("app")
@guarded
def app(
    target: Annotated[str, typer.Argument(metavar="URL|CONTAINER", help="http://127.0.0.1:PORT/PATH, or a container by name.")],
    paths: Annotated[
        list[str] | None,
        typer.Option("--path", metavar="PATH", help="A kind of request; may be given several times, besides the URL's own."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="One short run of each.")] = False,
    out: Rows = Path("app.jsonl"),
    as_json: AsJson = False,
) -> None:
    """Measure the demand of an application on this machine's loopback: CPU time a request by path, its spread, memory.

    It is asked one request at a time, and not changed. Its CPU time is read from its cgroup, or from the processes that listen at the port.

    Example: cutaway measure app http://127.0.0.1:8000/ --path /search
    """
    _only_on_linux()
    from cutaway import __version__
    from cutaway.models.costs.measuring import driver, own_app
    from cutaway.models.costs.measuring.journal import Files
    from cutaway.models.costs.measuring.points import Settings

    settings = Settings(quick)
    _held(out, settings)
    application, own_path = own_app.find(target)
    asked = list(dict.fromkeys(([own_path] if "://" in target or not paths else []) + [f"/{path.lstrip('/')}" for path in paths or []]))
    chosen = driver.Plan(settings, [own_app.part(application, asked, settings)], [], [])
    processes = len(application.processes())
    several = "es" if processes > 1 else ""
    say(f"{application.shown}: {processes} process{several}; about {driver.minutes(chosen.seconds)}; rows go to {out}.")
    summary = _measured(chosen, lambda told: driver.measure(chosen, Files(out), __version__, told))
    for line in _told_at_the_end(summary):
        say(line)
    rows = _rows_of(out)
    if as_json:
        _print_json({"out": str(out), "rows": rows, "failed": summary.failed})
    else:
        for line in own_app.table(rows, application):
            typer.echo(line)
        typer.echo(f"wrote {out}: {summary.rows:,} rows")
    if summary.failed:
        raise typer.Exit(FAILED)


def _rows_of(out: Path) -> list[dict[str, Any]]:
    import json

    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
