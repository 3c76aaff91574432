"""Numbers of a scenario by key: what stands there, what it is measured in, and how another value is written.

Serves: `number_at`, for whoever varies a key. Changing a value is loader.py's.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cutaway.models.units import Quantity
from cutaway.scenarios.loader import every_key, steps_of
from cutaway.scenarios.problems import Place, Problem, ScenarioError, printable
from cutaway.scenarios.schema import Scenario
from cutaway.scenarios.sentences import quantity_of

Number = int | Fraction


@dataclass(frozen=True, slots=True)
class NumberAt:
    """A number that a scenario holds or may hold."""

    key: str
    value: Number | None
    """In base units, defaults included; None where a limit is not set."""
    quantity: Quantity | None
    """What it is measured in; None for whole numbers of things."""

    @property
    def whole(self) -> bool:
        """Whether it counts things, so that nothing lies between two neighbours."""
        return self.quantity is None

    def as_number(self, value: Number) -> Number:
        """A value as the key can hold it: rounded where only whole base units will do."""
        return round(value) if self.whole or (self.quantity is not None and self.quantity.whole) else value

    def text(self, value: Number) -> str:
        """As it is written in a file."""
        return self.quantity.text(value) if self.quantity else str(value)

    def read(self, text: str) -> Number:
        """From an option, `800 /s` or `64`. Raises QuantityError, or ValueError for what is no whole number."""
        if self.quantity:
            return self.quantity.read_whole(text) if self.quantity.whole else self.quantity.read(text)
        return int(text)


def number_at(scenario: Scenario, key: str) -> NumberAt:
    """The number at a key; with `stacks.*` that of the first stack that has it. Raises ScenarioError where there is none."""
    here: Any = scenario
    field: FieldInfo | None = None
    steps = steps_of(every_key(scenario, key)[0])
    for depth, step in enumerate(steps):
        if depth == 2 and steps[0] == "stacks" and step == "layers":
            here = scenario.layers_of(str(steps[1]))                                      # with what `machine` and `server` say
        else:
            here, field = _entered(scenario, here, step, key)
    quantity = quantity_of(field) if field else None
    counts = isinstance(here, int) and not isinstance(here, bool)
    if quantity is None and not counts:
        raise ScenarioError([Problem(Place(""), f"{printable(key)} is no number; expected the key of one, such as clients.connections.")])
    return NumberAt(key, here, quantity)


def _entered(scenario: Scenario, here: Any, step: str | int, key: str) -> tuple[Any, FieldInfo | None]:
    """One step deeper; what is not there is told in the words that a change of it gets."""
    if isinstance(here, BaseModel):
        for name, field in type(here).model_fields.items():
            if step == (field.alias or name):
                return getattr(here, name), field
    elif isinstance(here, dict) and step in here:
        return here[step], None
    elif isinstance(here, tuple):
        found = [one for index, one in enumerate(here) if step in (index, getattr(one, "kind", None))]
        if found:
            return found[0], None
    scenario.set(key, 1)
    raise ScenarioError([Problem(Place(""), f"{printable(key)} leads to nothing that is there.")])
