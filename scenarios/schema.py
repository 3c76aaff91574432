"""The scenario: what runs on which stacks, who asks, for how long, and what should come of it.

One frozen model; every docstring here is the help that an editor shows. Parameters of a layer stand in that layer's file.
What goes beyond one key (CPUs that exist, layers in a possible order) is checked in meaning.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from cutaway.models.hardware import HardwarePart
from cutaway.models.neighbours import HogPart
from cutaway.models.part import Part
from cutaway.models.parts import LAYER_KINDS, PROGRAMS, LoadPart, ServerPart, StackPart, kind_of
from cutaway.models.servers.nginx import NginxPart
from cutaway.models.units import LARGEST, MS, Count, Duration, Rate
from cutaway.scenarios import limits
from cutaway.scenarios.prices import HourlyPrice

PATH_CHARS_MAX = 1024


def _speakable(name: str) -> str:
    if name != name.strip() or not name.replace("\u200d", "").isprintable():
        expected = "a name of printable characters, without blanks around it"
        raise PydanticCustomError("expected", "expected {expected}", {"expected": expected, "hint": ""})
    return name


def first_version(found: Any) -> Any:
    """The version of a format, as it stands in a file: `true` and `1.0` are equal to 1, and are no version."""
    if type(found) is not int:
        hint = "Did you mean 1, without quotes?" if found == "1" else ""
        raise PydanticCustomError("expected", "expected {expected}", {"expected": "the version of this format: 1", "hint": hint})
    return found


Name = Annotated[str, Field(min_length=1, max_length=limits.NAME_CHARS.value), AfterValidator(_speakable)]
NameOrFile = Annotated[str, Field(min_length=1, max_length=PATH_CHARS_MAX), AfterValidator(_speakable)]


class Words(Part):
    """A text in one or two languages; a text alone is English."""

    en: str
    """The text in English."""
    ko: str = ""
    """The text in Korean; the English one is shown where it is empty."""

    @model_validator(mode="before")
    @classmethod
    def _text_alone(cls, found: Any) -> Any:
        if isinstance(found, dict | Words):
            return found
        if not isinstance(found, str):
            hint = "" if found is None or isinstance(found, tuple) else "Write it in quotes."
            expected = {"expected": "a text, or one for each language ({en: ..., ko: ...})", "hint": hint}
            raise PydanticCustomError("expected", "expected {expected}", expected)
        return {"en": found}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return _or_text(handler(schema), {"type": "string"})

    def in_language(self, language: str) -> str:
        return self.ko if language == "ko" and self.ko else self.en


def _or_text(mapping: dict[str, Any], text: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [text, mapping]}


# --- the run -----------------------------------------------------------------------------------------------------------------------


class Run(Part):
    """How long, how often, and with which random numbers."""

    warm_up: Duration = Field(default=50 * MS, le=limits.LONGEST_NS)
    """Time at the start that no result counts."""
    requests: Count = Field(default=10_000, le=limits.REQUESTS.value)
    """Requests after the warm-up; a duration, where one is given, counts instead."""
    duration: Duration | None = Field(default=None, gt=0, le=limits.LONGEST_NS)
    """Simulated time after the warm-up, in place of a number of requests."""
    replications: Count = Field(default=8, le=limits.REPLICATIONS.value)
    """Independent repetitions; their scatter gives the confidence intervals."""
    seed: Annotated[int, Field(ge=0, le=LARGEST)] = 1
    """Start of all random numbers; the same seed gives the same bytes."""
    trace: Annotated[str, Field(pattern=r"^(off|full|sampled 1/[1-9][0-9]{0,8})$")] = "sampled 1/100"
    """Which requests are recorded step by step: off, full, or sampled 1/100."""

    @property
    def trace_one_in(self) -> int:
        """Every how many requests one is recorded; 0 for none."""
        if self.trace.startswith("sampled"):
            return int(self.trace.partition("/")[2])
        return 1 if self.trace == "full" else 0


class LatencyTarget(Part):
    """A latency that should be kept."""

    what: Literal["mean latency", "p50 latency", "p90 latency", "p99 latency"]
    """What is looked at."""
    stack: Name
    """The stack that it is about."""
    at_most: Duration = Field(gt=0)
    """Where the target is; above it the exit code is 3."""


class ThroughputTarget(Part):
    """A throughput that should be reached."""

    what: Literal["throughput"]
    """What is looked at."""
    stack: Name
    """The stack that it is about."""
    at_least: Rate = Field(gt=0)
    """Where the target is; below it the exit code is 3."""


class CpuTarget(Part):
    """CPU time that a request may cost."""

    what: Literal["cpu time"]
    """What is looked at: CPU time of all layers for one request."""
    stack: Name
    """The stack that it is about."""
    at_most: Duration = Field(gt=0)
    """Where the target is; above it the exit code is 3."""


Target = Annotated[LatencyTarget | ThroughputTarget | CpuTarget, Field(discriminator="what")]


class MeasuredLatency(Part):
    """A latency that was measured on the real thing."""

    what: Literal["mean latency", "p50 latency", "p90 latency", "p99 latency"]
    """What was measured."""
    stack: Name
    """The stack that it was measured on."""
    value: Duration = Field(gt=0)
    """The measured figure, of several runs the median."""
    spread: tuple[Duration, ...] | None = Field(default=None, min_length=2, max_length=2)
    """The quartiles of the runs."""
    source: str = Field(min_length=1)
    """Where it is from: a measured row, a publication."""


class MeasuredThroughput(Part):
    """A throughput that was measured on the real thing."""

    what: Literal["throughput"]
    """What was measured."""
    stack: Name
    """The stack that it was measured on."""
    value: Rate = Field(gt=0)
    """The measured figure, of several runs the median."""
    spread: tuple[Rate, ...] | None = Field(default=None, min_length=2, max_length=2)
    """The quartiles of the runs."""
    source: str = Field(min_length=1)
    """Where it is from: a measured row, a publication."""


Measured = Annotated[MeasuredLatency | MeasuredThroughput, Field(discriminator="what")]


class Prices(Part):
    """What is paid for the machine."""

    host: HourlyPrice
    """Of one machine, as `0.20 USD/h`; it is paid whether the machine works or not."""


class Caption(Part):
    """A line that the view shows from a moment on: `at` a time, or once a stack has `answered`."""

    at: Duration | None = None
    """Time on the clock of the request that is followed, which begins when its client asks."""
    answered: Name | None = None
    """The stack whose answer to that request it waits for; of a stack that was taken away it is not shown."""
    text: Words
    """What it says."""


class Scene(Part):
    """What the view shows beside the simulation."""

    captions: tuple[Caption, ...] = ()
    """Lines of text, each from its moment on."""


# --- stacks ------------------------------------------------------------------------------------------------------------------------


class _ByName:
    """A layer may be written as its name alone, when nothing about it is special."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_layer_by_name, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return _or_text(handler(schema), {"enum": list(LAYERS)})


def _layer_by_name(found: Any) -> Any:
    if isinstance(found, str):
        return {"kind": found}
    if not isinstance(found, dict | Part):
        expected = {"expected": "a layer: its name, or a mapping with its kind", "hint": ""}
        raise PydanticCustomError("expected", "expected {expected}", expected)
    return found


Layer = Annotated[StackPart, _ByName()]


class _Program:
    """The server program may be written as its name alone, and is nginx where no kind is said."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_program_by_name, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return _or_text(handler(schema), {"enum": [kind_of(part) for part in PROGRAMS]})


def _program_by_name(found: Any) -> Any:
    if isinstance(found, str):
        return {"kind": found}
    return {"kind": kind_of(NginxPart), **found} if isinstance(found, dict) else found


LAYERS: dict[str, type[Part]] = {kind_of(part): part for part in LAYER_KINDS}
"""The parameters of each layer, by the name that it has in a scenario."""


class Stack(Part):
    """One stack: its layers from the hardware up."""

    title: Words | None = None
    """How the view calls it; its name when left out."""
    layers: tuple[Layer, ...] = Field(min_length=1)
    """From the hardware up to the server program; each a name, or a mapping with `kind` and what is special about it."""
    neighbours: tuple[HogPart, ...] | None = Field(default=None, max_length=1000)
    """What else runs on the machine beside this stack, in place of the scenario's neighbours; an empty list for nothing."""


class Scenario(Part):
    """One scenario."""

    cutaway: Annotated[Literal[1], BeforeValidator(first_version)]
    """Version of this format: 1."""
    title: Words
    """One line about it."""
    description: Words | None = None
    """What it shows, and what to look at."""
    profile: NameOrFile = "two-core-vm"
    """The cost profile: what was measured, on which machine (`cutaway profiles list`); or a file of one's own that ends with .toml."""
    machine: HardwarePart = HardwarePart()
    """The hardware of all stacks."""
    clients: LoadPart
    """Who asks, and how."""
    server: Annotated[ServerPart, _Program()] = NginxPart()
    """The program that answers, in all stacks: its name, or a mapping with `kind` and what is special about it; nginx without a kind."""
    stacks: dict[Name, Stack] = Field(min_length=1, max_length=64)
    """The stacks that are compared, each under a name of your own."""
    neighbours: tuple[HogPart, ...] = Field(default=(), max_length=1000)
    """What else runs on the machine, beside each stack that does not say so itself."""
    run: Run = Run()
    """How long and how often."""
    scene: Scene | None = None
    """What the view shows beside the simulation."""
    expect: tuple[Target, ...] = Field(default=(), max_length=1000)
    """Targets; when one is missed, the exit code is 3."""
    measured: tuple[Measured, ...] = Field(default=(), max_length=1000)
    """Figures of the real thing, printed beside the simulated ones with the error."""
    prices: Prices | None = None
    """What is paid for the machine; `whatif` and `capacity` then tell what a million requests cost."""

    def with_(self, changes: Mapping[str, Any] | None = None, **more: Any) -> Scenario:
        """A copy with other values: `scenario.with_({"clients.connections": 64, "stacks.vm.layers.kvm.memory": "2 GiB"})`.

        Values are written as in a file. A list is entered by position (`layers[2]`) or by the entry's kind. Raises ScenarioError.
        """
        from cutaway.scenarios.loader import changed

        return changed(self, {**(changes or {}), **more})

    def set(self, key: str, value: Any) -> Scenario:
        """A copy with one other value."""
        return self.with_({key: value})

    def neighbours_of(self, stack: str) -> tuple[HogPart, ...]:
        """What runs beside a stack."""
        own = self.stacks[stack].neighbours
        return self.neighbours if own is None else own

    def layers_of(self, stack: str) -> tuple[StackPart, ...]:
        """The layers of a stack, with what `machine` and `server` say where the layer itself says nothing."""
        shared: dict[str, Part] = {self.machine.kind: self.machine, self.server.kind: self.server}
        return tuple(_over(shared.get(layer.kind), layer) for layer in self.stacks[stack].layers)


def _over(shared: Part | None, layer: StackPart) -> StackPart:
    if not isinstance(shared, type(layer)):
        return layer
    said = {name: getattr(layer, name) for name in layer.model_fields_set}
    return shared.model_copy(update=said)
