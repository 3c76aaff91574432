"""The examples of the documentation work, and its tables are complete."""

import re
from pathlib import Path

import pytest

from cutaway.models.units import QUANTITIES
from cutaway.scenarios.json_schema import as_text
from cutaway.scenarios.loader import load_text
from cutaway.scenarios.meaning import STANDS_ON
from cutaway.scenarios.schema import LAYERS, Scenario

ROOT = Path(__file__).parents[2]
INDEX = (ROOT / "docs/scenarios/index.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", INDEX, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_scenario(example: str) -> None:
    assert load_text(example).stacks


def test_every_key_and_every_layer_is_told() -> None:
    assert all(f"`{field.alias or name}`" in INDEX for name, field in Scenario.model_fields.items())
    assert all(f"| `{layer}` |" in INDEX for layer in LAYERS)
    assert set(STANDS_ON) | {"hardware"} == set(LAYERS)


def test_every_unit_is_told() -> None:
    units = (ROOT / "docs/scenarios/units.md").read_text(encoding="utf-8")
    assert all(example in units for quantity in QUANTITIES for example in quantity.examples[:1])


def test_the_shipped_schema_is_that_of_the_code() -> None:
    """After a change of the schema: `cutaway schema --out scenarios/cutaway.schema.json`."""
    assert (ROOT / "scenarios/cutaway.schema.json").read_text(encoding="utf-8") == as_text()
