"""`cutaway cost`: one cost, and where it comes from."""

from typing import Annotated

import typer

from cutaway.commands.options import complete_profile


def cost(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a cost, such as 'doorbell exit'.")],
    profile: Annotated[
        str,
        typer.Option("--profile", metavar="NAME", help="The profile to look in, a name or a .toml file.", autocompletion=complete_profile),
    ] = "two-core-vm",
) -> None:
    """Show one cost: value, spread, and where it comes from.

    Example: cutaway cost 'context switch'
    """
    from cutaway.commands.profiles import shown_in_full
    from cutaway.models.costs import load

    typer.echo(shown_in_full(load(profile)[name]))
