"""The study file: which scenario is run with which values, how often, and what is asked of the answers.

One frozen model; every docstring here is the help that an editor shows. What the axes come to is in study_axes.py.
Read first: docs/scenarios/studies.md.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from cutaway.models.part import Part
from cutaway.models.units import LARGEST, Count, Share
from cutaway.scenarios import limits
from cutaway.scenarios.schema import Name, NameOrFile, Words, first_version

KEY_CHARS_MAX = 512

Key = Annotated[str, Field(min_length=1, max_length=KEY_CHARS_MAX)]

MetricName = Literal[
    "throughput", "mean latency", "p50 latency", "p90 latency", "p99 latency", "p99.9 latency", "CPU time a request",
    "throttled time", "stolen time", "memory held", "start-up", "start-up of the last copy",
]  # fmt: skip
"""What is known of a run, by the names that the tables have."""


def _wrong(expected: str, hint: str = "") -> PydanticCustomError:
    return PydanticCustomError("expected", "expected {expected}", {"expected": expected, "hint": hint})


class Axis(Part):
    """One key of the scenario, and the values that it takes."""

    key: Key
    """The key, as `--set` has it: clients.connections, stacks.vm.layers.kvm.vcpus; or count, for copies of each stack on its machine."""
    values: tuple[Any, ...] | None = Field(default=None, min_length=1, max_length=limits.AXIS_VALUES.value)
    """The values, each as the scenario would have it."""
    from_: Any = Field(default=None, alias="from")
    """In place of a list: the first value of a range."""
    to: Any = None
    """The last value of the range, in the unit of the first."""
    points: Annotated[int, Field(ge=2, le=limits.AXIS_VALUES.value)] | None = None
    """How many values the range has, its ends included."""
    spacing: Literal["linear", "log"] = "linear"
    """Whether neighbours of the range have equal differences or equal ratios."""
    with_: dict[Key, tuple[Any, ...]] = Field(default_factory=dict, alias="with", max_length=64)
    """Other keys that change together with this one, each with as many values."""
    name: Words | None = None
    """How tables and figures call it; its key when left out."""

    @model_validator(mode="after")
    def _list_or_range(self) -> Axis:
        said = [name for name in ("from", "to", "points") if getattr(self, "from_" if name == "from" else name) is not None]
        if (self.values is None) == (not said):
            raise _wrong("either values, or a range (from, to, points)")
        if self.values is None and len(said) < 3:
            raise _wrong("a range of from, to and points", f"It has {' and '.join(said)} only.")
        return self


class Precision(Part):
    """Replications until the answer is tight enough."""

    within: Annotated[Share, Field(gt=0, lt=1)]
    """Half of an interval over its mean, at most."""
    of: tuple[MetricName, ...] = Field(default=("mean latency",), min_length=1)
    """Metrics that must be as tight, on each stack of a point."""
    at_least: Annotated[int, Field(ge=2, le=limits.REPLICATIONS.value)] = 5
    """Replications before the first look."""
    at_most: Annotated[int, Field(ge=2, le=limits.REPLICATIONS.value)] = 100
    """Replications after which a point is left as it is, and told."""

    @model_validator(mode="after")
    def _room(self) -> Precision:
        if self.at_most < self.at_least:
            raise _wrong(f"'at most' of at least {self.at_least}, which 'at least' asks for")
        return self


class Figure(Part):
    """A picture of the report: one metric along one axis, a line for each stack and value of the other axes."""

    y: MetricName
    """The metric."""
    x: Key | None = None
    """The key of the axis along which; the first axis with numbers when left out."""
    as_: Literal["itself", "difference", "per cent"] = Field(default="itself", alias="as")
    """The metric itself; or how far it is above that of the stack to compare with, run for run, in its unit or in per cent."""
    log: tuple[Literal["x", "y"], ...] = ()
    """Axes with a logarithmic scale."""


class Study(Part):
    """One study."""

    study: Annotated[Literal[1], BeforeValidator(first_version)]
    """Version of this format: 1."""
    title: Words
    """One line about it."""
    question: Words
    """What it should answer; it stands above the report."""
    base: NameOrFile
    """The scenario that is varied: a shipped one by name, or a file beside this one."""
    stacks: tuple[Name, ...] | None = Field(default=None, min_length=1)
    """The stacks that are run; all when left out."""
    set_: dict[Key, Any] = Field(default_factory=dict, alias="set", max_length=1000)
    """Keys of the scenario that have another value in the whole study."""
    axes: tuple[Axis, ...] = Field(default=(), max_length=limits.AXES.value)
    """What is varied; every value of each with every value of the others."""
    replications: Annotated[int, Field(ge=1, le=limits.REPLICATIONS.value)] | None = None
    """Runs of each point and stack; those of the scenario when left out."""
    precision: Precision | None = None
    """In place of a number of replications: as many as it takes."""
    warm_up: Literal["as the scenario says", "mser-5"] = "as the scenario says"
    """Where counting begins: as the scenario says, or at each point where a pilot's MSER-5 says, if that is later."""
    confidence: Annotated[Share, Field(ge=Fraction(1, 2), lt=1)] = Fraction(95, 100)
    """Confidence of the intervals."""
    correction: Literal["none", "bonferroni"] = "bonferroni"
    """Whether intervals of a point are widened so that all of its stopping metrics hold together."""
    compare_with: Name | None = None
    """The stack from which differences are told; the first when left out."""
    seed: Annotated[int, Field(ge=0, le=LARGEST)] | None = None
    """Start of all random numbers; that of the scenario when left out."""
    runs_a_file: Count | None = Field(default=None, le=1000)
    """Replications that are kept together in one file; as many as make about 200,000 requests when left out."""
    figures: tuple[Figure, ...] = Field(default=(), max_length=64)
    """Pictures of the report; throughput, mean and p99 latency along the first axis when left out."""

    @model_validator(mode="after")
    def _one_rule(self) -> Study:
        if self.precision is not None and self.replications is not None:
            raise _wrong("either replications or a precision")
        return self
