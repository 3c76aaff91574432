"""Which sliders a scenario gets: the keys that most often decide, as far as it has them, each with its stops.

A stop is a value that `--set` takes. What goes beyond one key (a container with more CPUs than the machine) is found when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from cutaway.models.container import DockerPart
from cutaway.models.units import KIB, MIB, QuantityError
from cutaway.scenarios import Scenario
from cutaway.scenarios.keys import Number, NumberAt, number_at
from cutaway.scenarios.loader import every_key, steps_of
from cutaway.scenarios.problems import Place, Problem, ScenarioError, printable
from cutaway.visuals.stage import Said
from cutaway.visuals.what_if import Setting, Slider, Stop

SLIDERS_MAX = 6
"""As many stand in two rows of the panel."""
FACTORS = tuple(Fraction(tenths, 10) for tenths in (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100))
"""A rate, a time or an amount of work is varied from a tenth to tenfold."""
SHARES = tuple(Fraction(hundredths, 100) for hundredths in (10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 600, 800, 1200, 1600))
SIZES = (KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB)
NO_LIMIT = Stop(Said("한도 없음", "no limit"), None)


def _factors(base: Number, cpus: int) -> Iterator[Number]:
    return (base * factor for factor in FACTORS)


def _around(base: Number, cpus: int) -> Iterator[Number]:
    """Powers of two, from a sixteenth to eightfold."""
    return (2**power for power in range(21) if base <= 16 * 2**power and 2**power <= 8 * base)


def _upto_the_machine(base: Number, cpus: int) -> Iterator[Number]:
    """Each number of few, powers of two of many."""
    most = max(cpus, 2)
    return iter(range(1, most + 1)) if most <= 8 else (2**power for power in range(most.bit_length()))


def _workers(base: Number, cpus: int) -> Iterator[Number]:
    return _upto_the_machine(base, 2 * cpus)


def _sizes(base: Number, cpus: int) -> Iterator[Number]:
    return iter(SIZES)


def _shares(base: Number, cpus: int) -> Iterator[Number]:
    return (share for share in SHARES if share <= cpus)


KEYS: tuple[tuple[str, Said, Callable[[Number, int], Iterator[Number]]], ...] = (
    ("clients.connections", Said("연결 수", "Connections"), _around),
    ("clients.rate", Said("요청 빈도", "Arrival rate"), _factors),
    ("clients.think", Said("생각 시간", "Think time"), _factors),
    ("stacks.*.layers.nginx.workers", Said("nginx 워커", "nginx workers"), _workers),
    ("stacks.*.layers.nginx.page", Said("페이지 크기", "Page size"), _sizes),
    ("stacks.*.layers.python app.workers", Said("Python 워커", "Python workers"), _workers),
    ("stacks.*.layers.python app.loops", Said("요청당 계산", "Loops"), _factors),
    ("stacks.*.layers.redis.value", Said("값의 크기", "Size of the value"), _sizes),
    ("stacks.*.layers.kvm.vcpus", Said("VM의 vCPU", "vCPUs of the VM"), _upto_the_machine),
    ("stacks.*.layers.docker.cpus", Said("컨테이너의 CPU", "Container's CPUs"), _shares),
)
"""In the order of the panel: from who asks down to what stands around the server."""


def sliders_of(scenario: Scenario, asked: Mapping[str, Any]) -> tuple[tuple[Slider, ...], Setting]:
    """The sliders, and the setting in which `asked` holds: each key has a slider, and each value a stop. Raises ScenarioError."""
    found = {slider.key: slider for slider in _usual(scenario)}
    wanted: dict[str, str | int | None] = {}
    for key, value in asked.items():
        found[key], wanted[key] = _with_stop(scenario, key, found.get(key), value)
    for key in [key for key in reversed(found) if key not in asked][: max(len(found) - SLIDERS_MAX, 0)]:
        del found[key]
    sliders = tuple(found.values())
    setting = tuple(
        [stop.value for stop in slider.stops].index(wanted[slider.key]) if slider.key in wanted else slider.base for slider in sliders
    )
    return sliders, setting


def changes_of(sliders: tuple[Slider, ...], setting: Setting) -> dict[str, str | int | None]:
    """What a setting changes, as `--set` would."""
    return {slider.key: slider.stops[at].value for slider, at in zip(sliders, setting, strict=True) if at != slider.base}


def _usual(scenario: Scenario) -> Iterator[Slider]:
    for key, name, values in KEYS:
        try:
            number = number_at(scenario, key)
        except ScenarioError:
            continue                                                                      # no such layer, or clients of another kind
        if number.value == 0:
            continue                                                                      # a client without a pause has no pause to vary
        yield _slider(scenario, number, name, list(values(number.value or 1, scenario.machine.cpus)))
    yield from _publishing(scenario)


def _slider(scenario: Scenario, number: NumberAt, name: Said, values: list[Number]) -> Slider:
    """With the scenario's own value among the stops; a limit that is not set stands last."""
    ladder = sorted({number.as_number(value) for value in values} | ({number.value} if number.value is not None else set()))
    stops = [_stop(number, value) for value in ladder if value > 0]
    limit = number.key.endswith("docker.cpus")
    base = len(stops) if number.value is None else [stop.value for stop in stops].index(_written(number, number.value))
    stops = [*stops, NO_LIMIT] if limit or number.value is None else stops
    return Slider(number.key, name, tuple(stops), base, _having(scenario, number.key))


def _having(scenario: Scenario, key: str) -> tuple[str, ...]:
    """The stacks that a key is of: all, unless it names some."""
    steps = [steps_of(one) for one in every_key(scenario, key)]
    return tuple(str(step[1]) for step in steps if step[0] == "stacks") or tuple(scenario.stacks)


def _stop(number: NumberAt, value: Number) -> Stop:
    text = number.text(value)
    return Stop(Said(text, text), _written(number, value))


def _written(number: NumberAt, value: Number) -> str | int:
    return int(value) if number.whole else number.text(value)


def _publishing(scenario: Scenario) -> Iterator[Slider]:
    """How the port of the first container behind a bridge is published, where more than one way leads there."""
    name = Said("포트 공개", "Port published by")
    for stack in scenario.stacks:
        part = next((layer for layer in scenario.layers_of(stack) if isinstance(layer, DockerPart) and layer.network == "bridge"), None)
        if part is not None:
            key = f"stacks.{stack}.layers.docker.publish"
            ways = [way for way in ("nat", "proxy") if way == part.publish or _holds(scenario, key, way)]
            if len(ways) > 1 and part.publish in ways:
                yield Slider(key, name, tuple(Stop(Said(way, way), way) for way in ways), ways.index(part.publish), (stack,))
            return


def _holds(scenario: Scenario, key: str, value: str) -> bool:
    try:
        scenario.set(key, value)
    except ScenarioError:
        return False
    return True


def _with_stop(scenario: Scenario, key: str, slider: Slider | None, value: Any) -> tuple[Slider, str | int | None]:
    """The key's slider with this value among its stops, and the value as the stop has it."""
    if slider is not None and value in [stop.value for stop in slider.stops]:
        return slider, value
    number = number_at(scenario, key)
    if slider is None:
        name = key.split(".", 1)[-1] if key.startswith("clients") else key.split(".layers.")[-1]
        slider = _slider(scenario, number, Said(name, name), list(_factors(number.value or 1, scenario.machine.cpus)))
    try:
        wanted = number.as_number(number.read(str(value)))
    except (QuantityError, ValueError) as wrong:
        expected = str(wrong) if isinstance(wrong, QuantityError) else "expected a whole number."
        raise ScenarioError([Problem(Place(""), f"{printable(key)} is '{printable(str(value))}'; {expected}")]) from None
    written = _written(number, wanted)
    if written in [stop.value for stop in slider.stops]:
        return slider, written
    below = sum(stop.value is not None and number.read(str(stop.value)) < wanted for stop in slider.stops)
    stops = (*slider.stops[:below], _stop(number, wanted), *slider.stops[below:])
    return replace(slider, stops=stops, base=slider.base + (below <= slider.base)), written
