"""The scenario as text: what is modelled as YAML, and in comments what was taken, what was left out and why, and what is assumed.

Names and values of the source pass through `printable` and quotation marks, so that nothing in them can become a key.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from cutaway.importing.demand import Demand
from cutaway.importing.service import Service
from cutaway.importing.stacks import Imported, Layer, Neighbour, Question, Stack, Value
from cutaway.models.units import CPUS, SIZE
from cutaway.scenarios.problems import printable

WIDTH = 118
LONGEST = 4000
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*( [A-Za-z0-9_-]+)*|[0-9]+(\.[0-9]+)? [A-Za-z/]+")
_NO_TEXT = {"true", "false", "null", "y", "n", "yes", "no", "on", "off"}


def text_of(imported: Imported, demand: Demand) -> str:
    """The whole file."""
    parts = (_head(imported, demand), _body(imported), _neighbours(imported.neighbours), [""], _questions(imported.questions))
    return "".join(f"{line}\n" for part in parts for line in part)


def summary(imported: Imported, demand: Demand, width: int) -> Iterator[str]:
    """The same for a terminal: what became of each service, and the list of what is assumed."""
    for stack in imported.stacks:
        yield from _wrapped(f"{stack.service.name}: {_program(stack)}", width, "")
        for note in stack.notes:
            yield from _wrapped(note, width, "  ")
    for name, _, why in _unmodelled(imported):
        yield from _wrapped(f"{name}: not modelled: {why}", width, "")
    for one in _unused(demand):
        yield from _wrapped(f"measured, but not used: {one}", width, "")
    yield from _wrapped("Assumed (the file tells where each value comes from, and what measures it):", width, "")
    for question in imported.questions:
        yield from _wrapped(f"{question.key}: {question.value} ({question.range})", width, "  ")


def _wrapped(text: str, width: int, indent: str) -> Iterator[str]:
    yield from _filled(text, width, indent, f"{indent}  ")


def _filled(text: str, width: int, first: str, others: str) -> list[str]:
    """Lines of the width; words are not broken, since they may be keys and commands."""
    shown = printable(text, LONGEST)
    return textwrap.wrap(shown, width, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False)


# --- comments ----------------------------------------------------------------------------------------------------------------------


def _comment(text: str, indent: str = "", hanging: str = "  ") -> Iterator[str]:
    yield from _filled(text, WIDTH, f"# {indent}", f"# {indent}{hanging}")


def _head(imported: Imported, demand: Demand) -> Iterator[str]:
    source = printable(imported.project.source, 1000)
    yield from _comment(f"Made of {source} by `cutaway import`. What it could not tell is assumed, and listed at the end.", hanging="")
    alone = "Each stack is one service with the machine to itself, asked by clients of its own; in the project they share one machine."
    yield from _comment(alone, hanging="")
    yield from ("#", "# Taken:")
    for stack in imported.stacks:
        yield from _comment(f"{_named(stack.service)}: {_program(stack)}", "  ")
        for note in stack.notes:
            yield from _comment(note, "    ")
    if unmodelled := _unmodelled(imported):
        yield from ("#", "# Not modelled, so its time is in no figure:")
        for name, line, why in unmodelled:
            yield from _comment(f"{name}{_line(line)}: {why}", "  ")
    remarks = list(_by_reason(imported))
    if remarks:
        yield from ("#", "# Left out, and why:")
        for text in remarks:
            yield from _comment(text, "  ")
    for one in _unused(demand):
        yield from _comment(f"measured, but not used: {one}", "  ")


def _program(stack: Stack) -> str:
    said = [f"{stack.known.kind}, {stack.known.how}"]
    service = stack.service
    said += [f"{CPUS.text(service.cpus)} {'CPU' if service.cpus == 1 else 'CPUs'}" if service.cpus else "no limit of CPUs"]
    if service.cpuset:
        said.append(f"on {'CPUs' if len(service.cpuset) > 1 else 'CPU'} {', '.join(map(str, service.cpuset))}")
    said.append(f"{SIZE.text(service.memory)} of memory" if service.memory else "no limit of memory")
    ports = [str(port.host or "any") for port in service.ports]
    said.append(f"port {', '.join(ports)} published" if ports and service.network == "bridge" else f"network {service.network}")
    return "; ".join(said)


def _named(service: Service) -> str:
    return f"{service.name}{_line(service.place.line)}"


def _line(line: int) -> str:
    return f" (line {line})" if line else ""


def _unmodelled(imported: Imported) -> list[tuple[str, int, str]]:
    beside = {True: "; a neighbour here", False: ""}
    found = [(one.service.name, one.service.place.line, one.why + beside[one.active]) for one in imported.neighbours]
    return [*found, *imported.unmodelled]


def _by_reason(imported: Imported) -> Iterator[str]:
    """One entry a reason, with all keys that it holds for."""
    by_reason: dict[str, list[str]] = {}
    for service in imported.project.services:
        for remark in service.remarks:
            key = f"{service.name}.{printable(remark.key)}" if remark.key else service.name
            by_reason.setdefault(remark.why, []).append(f"{key}{_line(remark.line)}")
    for remark in imported.project.remarks:
        by_reason.setdefault(remark.why, []).append(f"{printable(remark.key)}{_line(remark.line)}")
    yield from (f"{why}: {', '.join(found)}" for why, found in by_reason.items())


def _unused(demand: Demand) -> list[str]:
    return [one.source for one in demand.unused()]


def _questions(questions: Iterable[Question]) -> Iterator[str]:
    yield "# Assumed. Each with its key, the value that stands there, the range, and what tells the real one:"
    for number, one in enumerate(questions, 1):
        yield from _comment(f"{number:>2}. {one.key}: {one.value}", "", "    ")
        yield from _comment(f"{one.what}; {one.range}; {one.tells}", "    ", "")


# --- YAML --------------------------------------------------------------------------------------------------------------------------


def _body(imported: Imported) -> Iterator[str]:
    yield ""
    yield "cutaway: 1"
    title = f"{imported.project.name or 'A project'}, from {printable(imported.project.source)}"
    yield f"title: {json.dumps(title, ensure_ascii=False)}"
    yield f"profile: {_text(imported.profile)}"
    yield f"machine: {_flow(imported.machine)}"
    yield f"clients: {_flow(imported.clients)}"
    yield "stacks:"
    for stack in imported.stacks:
        yield f"  {_text(stack.service.name)}:"
        yield "    layers:"
        yield from (f"      - {one}" for one in ("hardware", "linux", _flow(stack.docker), _flow(stack.program)))


def _neighbours(neighbours: list[Neighbour]) -> Iterator[str]:
    """Those that were asked for; the others as comments: they would compute without a pause."""
    active, others = [one for one in neighbours if one.active], [one for one in neighbours if not one.active]
    if active:
        yield "neighbours:"
        yield from (f"  - {_flow(one.layer)}    # {printable(one.service.name)}" for one in active)
    if others:
        yield ""
        worst = "The worst case of what is not modelled: it computes without a pause, beside every stack. --busy SERVICE writes it."
        yield from _comment(worst, hanging="")
        if not active:
            yield "# neighbours:"
        yield from (f"#   - {_flow(one.layer)}    # {printable(one.service.name)}" for one in others)


def _flow(layer: Layer | Mapping[str, Value]) -> str:
    return "{" + ", ".join(f"{key}: {_value(value)}" for key, value in layer.items()) + "}"


def _value(value: Value | Mapping[str, Value]) -> str:
    match value:
        case Mapping():
            return _flow(value)
        case tuple():
            return f"[{', '.join(map(str, value))}]"
        case Fraction():
            return CPUS.text(value)
        case int():
            return str(value)
    return _text(value)


def _text(text: str) -> str:
    """As it is where no reader could take it for anything else; else in quotation marks, as JSON has them."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _NO_TEXT else json.dumps(text, ensure_ascii=False)
