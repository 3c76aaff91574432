"""`cutaway list`: what there is to run."""

import json
from typing import Annotated, Any

import typer

from cutaway.commands.options import AsJson


def list_(
    language: Annotated[str, typer.Option("--lang", metavar="en|ko", help="Language of the titles.")] = "en",
    as_json: AsJson = False,
) -> None:
    """List scenarios, stacks, studies and cost profiles.

    One line each. A scenario's name goes wherever a command wants SCENARIO.
    """
    from cutaway import scenarios
    from cutaway.models import costs
    from cutaway.scenarios.catalogue import studies
    from cutaway.scenarios.problems import printable
    from cutaway.scenarios.study_loader import load_study

    loaded = {name: scenarios.load(name) for name in scenarios.names()}
    questions = {name: load_study(name).study.question.in_language(language) for name in studies()}
    profiles = [costs.load(name) for name in costs.names()]
    if as_json:
        listed: dict[str, Any] = {
            "scenarios": [{"name": name, "title": scenario.title.in_language(language)} for name, scenario in loaded.items()],
            "stacks": [
                {"scenario": name, "name": stack, "layers": [layer.kind for layer in scenario.stacks[stack].layers]}
                for name, scenario in loaded.items()
                for stack in scenario.stacks
            ],
            "studies": [{"name": name, "question": question} for name, question in questions.items()],
            "profiles": [{"name": profile.name, "machine": profile.machine} for profile in profiles],
        }
        typer.echo(json.dumps(listed, ensure_ascii=False, indent=2))
        return
    for name, scenario in loaded.items():
        typer.echo(f"scenario  {name}: {printable(scenario.title.in_language(language), 200)}")
    for name, scenario in loaded.items():
        for stack, parts in scenario.stacks.items():
            typer.echo(f"stack     {name}, {printable(stack)}: {' < '.join(layer.kind for layer in parts.layers)}")
    for name, question in questions.items():
        typer.echo(f"study     {name}: {printable(question, 200)}")
    for profile in profiles:
        typer.echo(f"profile   {profile.name}: {printable(profile.what, 200)}")
