"""`cutaway show`: the view, in a window or recorded without a screen."""

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.commands.options import Changes, Seed, Stacks, changes_of, complete_scenario, duration_ns, only_known, scenario_of

if TYPE_CHECKING:
    from cutaway.scenarios import Scenario


class Language(StrEnum):
    en = "en"
    ko = "ko"


class Look(StrEnum):
    light = "light"
    dark = "dark"


def size_of(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{3,5})x([0-9]{3,5})", text)
    if not found or not (640 <= int(found[1]) <= 7680 and 360 <= int(found[2]) <= 4320):
        raise typer.BadParameter(f"'{text}'; expected WIDTHxHEIGHT from 640x360 to 7680x4320, such as 1920x1080.", param_hint="--size")
    return int(found[1]), int(found[2])


def show(
    what: Annotated[
        str,
        typer.Argument(metavar="SCENARIO|TRACE", help="A scenario, or the folder of a saved trace.", autocompletion=complete_scenario),
    ],
    language: Annotated[Language, typer.Option("--lang", help="Language of the view.")] = Language.en,
    look: Annotated[Look, typer.Option("--look", help="Light for a bright room, dark for a dark one.")] = Look.light,
    size: Annotated[str, typer.Option("--size", metavar="WxH", help="Size of the window or picture.")] = "1920x1080",
    record: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help="No window: write a .mp4, .gif or (with --at) a .png.")
    ] = None,
    at: Annotated[
        int | None, typer.Option("--at", metavar="TIME", parser=duration_ns, help="Begin at this simulated time, as '1.5 ms'.")
    ] = None,
    length: Annotated[
        int | None, typer.Option("--length", metavar="TIME", parser=duration_ns, help="Record this much simulated time.")
    ] = None,
    stack: Stacks = None,
    change: Changes = None,
    seed: Seed = None,
    whatif: Annotated[
        list[str] | None,
        typer.Option("--whatif", metavar="KEY=VALUE", help="Open the sliders with this one moved; may be given several times."),
    ] = None,
) -> None:
    """Watch requests move, slowly enough to follow.

    Space pauses, the arrow keys step and change the speed, the mouse drags time back and forth, a click opens details, L switches the
    language, C opens the sliders of a what-if, F1 lists all keys. Every moving dot is a simulated event.

    Examples: cutaway show lecture/three-stacks --lang ko

    cutaway show lecture/three-stacks --record demo.mp4

    cutaway show lecture/three-stacks --record picture.png --at '2 ms'

    cutaway show lecture/three-stacks --whatif clients.connections=128 --record sliders.png
    """
    if record is not None and record.suffix.lower() not in (".mp4", ".gif", ".png"):
        raise typer.BadParameter(
            f"'{record.name}' is not a recording; expected a name that ends in .mp4, .gif or .png.", param_hint="--record"
        )
    pixels = size_of(size)
    source: Path | Scenario = Path(what)
    stacks = stack or []
    if not Path(what).is_dir():
        source = scenario_of(what, change, seed)
        stacks = only_known(source, stack)
    elif whatif:
        raise typer.BadParameter("a saved trace has no scenario to change; expected a scenario.", param_hint="--whatif")

    from cutaway import session

    raise typer.Exit(
        session.show(
            source,
            language=language.value,
            look=look.value,
            size=pixels,
            record=record,
            at_ns=at,
            length_ns=length,
            stacks=stacks,
            changes=changes_of(whatif or []),
        )
    )
