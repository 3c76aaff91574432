"""`cutaway limits`: what is too much."""

import typer

from cutaway.commands.options import AsJson


def limits(as_json: AsJson = False) -> None:
    """Print all limits.

    What exceeds one ends with a sentence, not with a hang or a wrong number.
    """
    import json

    from cutaway.models.units import LARGEST
    from cutaway.scenarios.limits import ALL, Limit

    listed = [*ALL, Limit("any quantity in its base unit (ns, bytes, bit/s)", LARGEST)]
    if as_json:
        typer.echo(json.dumps([{"what": limit.what, "value": limit.value, "unit": limit.unit} for limit in listed], indent=2))
        return
    for limit in listed:
        typer.echo(str(limit))
