"""The command line: `cutaway compare lecture/three-stacks`.

Here is only what there is; each command stands in commands/, and how one ends in commands/outcome.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from cutaway.commands.calibrate import calibrate
from cutaway.commands.capacity import capacity
from cutaway.commands.check import check
from cutaway.commands.compare import compare
from cutaway.commands.cost import cost
from cutaway.commands.explain import explain
from cutaway.commands.import_ import import_
from cutaway.commands.limits import limits
from cutaway.commands.list import list_
from cutaway.commands.measure import machine, measure
from cutaway.commands.new import new
from cutaway.commands.outcome import guarded, run_to_the_end
from cutaway.commands.profiles import profiles
from cutaway.commands.run import run
from cutaway.commands.schema import schema
from cutaway.commands.show import show
from cutaway.commands.starts import starts
from cutaway.commands.study import study
from cutaway.commands.trace import trace
from cutaway.commands.up import up
from cutaway.commands.validate import validate
from cutaway.commands.whatif import whatif

SIMULATE, SCENARIOS, ABOUT = "Simulate", "Scenario files", "What the numbers rest on"

app = typer.Typer(
    name="cutaway",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(asked: bool) -> None:
    if asked:
        from cutaway import __version__

        typer.echo(f"cutaway {__version__}")
        raise typer.Exit


@app.callback()
def cutaway(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)] = False,
) -> None:
    """See inside the server stack while it runs: hardware, kernel, hypervisor, guest, container, server program.

    Cutaway simulates what a request passes, from costs that were measured, and shows it.

    Start with: cutaway compare lecture/three-stacks
    """


def _add(name: str, command: Callable[..., None], panel: str) -> None:
    app.command(name, help=_help(command), rich_help_panel=panel)(guarded(command))


def _help(command: Callable[..., None]) -> str:
    """Its words in paragraphs that fill any terminal: where the source breaks a line is of no meaning."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in (command.__doc__ or "").split("\n\n"))


_add("compare", compare, SIMULATE)
_add("run", run, SIMULATE)
_add("whatif", whatif, SIMULATE)
_add("capacity", capacity, SIMULATE)
_add("explain", explain, SIMULATE)
_add("show", show, SIMULATE)
_add("trace", trace, SIMULATE)
_add("starts", starts, SIMULATE)
_add("up", up, SIMULATE)
app.add_typer(study, name="study", rich_help_panel=SIMULATE)
_add("list", list_, SCENARIOS)
_add("check", check, SCENARIOS)
_add("new", new, SCENARIOS)
_add("import", import_, SCENARIOS)
_add("schema", schema, SCENARIOS)
_add("validate", validate, ABOUT)
_add("calibrate", calibrate, ABOUT)
_add("cost", cost, ABOUT)
_add("limits", limits, ABOUT)
app.add_typer(profiles, name="profiles", rich_help_panel=ABOUT)
app.add_typer(measure, name="measure", help=_help(machine), rich_help_panel=ABOUT)


def main() -> None:
    """The console command."""
    sys.exit(run_to_the_end(app))
