"""What the commands do: build the machines of a scenario, run them, and print, keep or show what came of it. Each returns the exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.building import BuiltStack, build_stacks, span_of
from cutaway.comparison import Comparison
from cutaway.models.costs import Cost
from cutaway.models.units import MS
from cutaway.scenarios import Scenario, digest
from cutaway.sim.experiments import Progress, replicate, seed_of
from cutaway.sim.simulate import Span, simulate
from cutaway.sim.trace import Trace, TraceError, load
from cutaway.sim.traffic.jit import is_cached

if TYPE_CHECKING:
    from cutaway.visuals.what_if import Panel

TARGET_MISSED = 3
SHOWN_REQUESTS = 1500
"""Requests of each stack that the view gets, all of them traced."""
SHOWN_WARM_UP = 100 * MS
"""All of the warm-up is traced, too; a longer one is cut to this."""


def compared(
    scenario: Scenario, stacks: Sequence[str], *, workers: int = 1, check_laws: bool = False, progress: Progress | None = None
) -> Comparison:
    """Runs the stacks with common random numbers. `progress` takes the place of the bar."""
    built = build_stacks(scenario, stacks)
    machines = {one.name: one.machine for one in built}
    with nullcontext(progress) if progress else progress_of("runs") as told:
        results = replicate(
            machines,
            span_of(scenario),
            scenario.run.seed,
            scenario.run.replications,
            workers=workers,
            check_laws=check_laws,
            progress=told,
        )
    return Comparison(scenario, built, results)


def compare(scenario: Scenario, *, stacks: Sequence[str], workers: int, check_laws: bool, as_json: bool) -> int:
    """Runs the stacks and prints them beside each other."""
    return _told(compared(scenario, stacks, workers=workers, check_laws=check_laws), as_json)


def run(scenario: Scenario, *, stacks: Sequence[str], out: Path | None, workers: int, check_laws: bool, as_json: bool) -> int:
    """Runs the stacks and keeps the results, and the trace of the first replication, in a folder."""
    if out is None:
        return compare(scenario, stacks=stacks, workers=workers, check_laws=check_laws, as_json=as_json)
    from cutaway.keeping import keep
    from cutaway.places import new_folder

    with new_folder(out) as folder:
        comparison = compared(scenario, stacks, workers=workers, check_laws=check_laws)
        traces = traces_of(scenario, comparison.stacks) if scenario.run.trace_one_in else []
        keep(folder, comparison, traces)
    return _told(comparison, as_json)


def _told(comparison: Comparison, as_json: bool) -> int:
    if as_json:
        print(json.dumps(comparison.document(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        from cutaway.printing import print_comparison

        print_comparison(comparison)
    return TARGET_MISSED if comparison.missed() else 0


def what_if(scenario: Scenario, changes: Mapping[str, Any], *, stacks: Sequence[str], workers: int, as_json: bool) -> int:
    """Runs the scenario before and after a change and prints the differences."""
    from cutaway.whatif import what_if as both_sides

    found = both_sides(scenario, changes, stacks, workers=workers)
    if as_json:
        print(json.dumps(found.document(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        from cutaway.whatif_printing import print_what_if

        print_what_if(found)
    return 0


def capacity(scenario: Scenario, *, as_json: bool, **asked: Any) -> int:
    """Looks for the value at which goals begin to be missed; `asked` is what planning.capacity takes."""
    from cutaway.planning.capacity import capacity as searched

    found = searched(scenario, **asked)
    if as_json:
        print(json.dumps(found.document(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        from cutaway.planning.printing import print_capacity

        print_capacity(found)
    return TARGET_MISSED if found.missed() else 0


def explain(scenario: Scenario, *, stacks: Sequence[str], as_json: bool) -> int:
    """Prints the plan of a request on each stack."""
    from cutaway.explaining import steps_of

    built = build_stacks(scenario, stacks)
    if as_json:
        plans = {
            one.name: {plan.name: [step.as_document() for step in steps_of(one, plan.name)] for plan in one.machine.plans} for one in built
        }
        print(json.dumps(plans, ensure_ascii=False, indent=2))
        return 0
    from cutaway.printing import print_plan

    for one in built:
        print_plan(one)
    return 0


def traces_of(scenario: Scenario, stacks: Sequence[BuiltStack], *, one_in: int = 0, span: Span | None = None) -> list[Trace]:
    """The traces of the first replication, one a stack."""
    traces = []
    with progress_of("traces") as progress:
        for done, built in enumerate(stacks, 1):
            made = simulate(
                built.machine, seed_of(scenario.run.seed, 0), span or span_of(scenario), trace_one_in=one_in or scenario.run.trace_one_in
            ).trace
            assert made is not None
            title = scenario.stacks[built.name].title
            meta = {
                "title": scenario.title.model_dump(),
                "stack_title": title.model_dump() if title else {"en": built.name, "ko": ""},
                "captions": [
                    {"at_ns": one.at, "answered": one.answered, "text": one.text.model_dump()}
                    for one in (scenario.scene.captions if scenario.scene else ())
                ],
                "scenario": digest(scenario),
                "cost_records": {cost.name: _cost_document(cost) for cost in built.costs},
            }
            made = replace(made, meta=made.meta | meta)
            traces.append(made)
            if progress:
                progress(done, len(stacks))
    return traces


def _cost_document(cost: Cost) -> dict[str, Any]:
    record = cost.record
    spread = record.spread.kind
    return {
        "value": record.written,
        "kind": record.kind,
        "what": record.what,
        "spread": "" if spread == "fixed" else spread,
        "source": list(record.source),
        "machine": cost.machine,
        "date": cost.date,
    }


def _traces_from(source: Scenario | Path, stacks: Sequence[str], *, whole: bool) -> list[Trace]:
    """Of a scenario, all requests of a short run (`whole`) or what the scenario records; of a folder, the traces that lie there."""
    if isinstance(source, Path):
        traces = [load(folder) for folder in trace_folders(source)]
        for name in stacks:
            if name not in (there := [str(trace.meta["stack"]) for trace in traces]):
                raise TraceError(f"{source}: no trace of stack '{name}' is in it; expected one of {', '.join(there)}.")
        return [trace for trace in traces if not stacks or trace.meta["stack"] in stacks]
    if whole:
        return shown_traces(source, stacks)
    return traces_of(source, build_stacks(source, stacks or list(source.stacks)), one_in=source.run.trace_one_in or 1)


def shown_traces(scenario: Scenario, stacks: Sequence[str]) -> list[Trace]:
    """What the view shows of a scenario: all requests of a short run of each stack, or of each that is named."""
    from cutaway.staging import typical_request

    built = build_stacks(scenario, stacks or list(scenario.stacks))
    span = Span(min(scenario.run.warm_up, SHOWN_WARM_UP), min(SHOWN_REQUESTS, scenario.run.requests))
    traces = traces_of(scenario, built, one_in=1, span=span)
    if len(traces) > 1 and typical_request(traces) is None:
        # One stack is so much slower that its requests of after the warm-up are those of before it on another: begin where all began.
        traces = traces_of(scenario, built, one_in=1, span=replace(span, warm_up_ns=0))
    return traces


def trace_folders(folder: Path) -> list[Path]:
    """The traces in a folder: itself, or those below `traces/`. Raises TraceError."""
    if (folder / "trace.json").is_file():
        return [folder]
    found = sorted(one.parent for one in (folder / "traces").glob("*/trace.json"))
    if not found:
        raise TraceError(f"{folder}: no trace is in it; `cutaway run SCENARIO --out DIR` writes some.")
    return found


def show(
    source: Scenario | Path,
    *,
    language: str,
    look: str,
    size: tuple[int, int],
    record: Path | None,
    at_ns: int | None,
    length_ns: int | None,
    stacks: Sequence[str] = (),
    changes: Mapping[str, Any] | None = None,
) -> int:
    """Opens the view, or records it. With `changes` the sliders of a what-if stand open there; of a saved trace there are none."""
    from cutaway import visuals
    from cutaway.staging import staged

    what_if = _sliders(source, stacks, changes or {}, here=record is not None) if isinstance(source, Scenario) else None
    try:
        traces = _traces_from(source, stacks, whole=True)
        stage = staged(traces)
        options: dict[str, Any] = {"size": size, "lang": language, "theme": look, "what_if": what_if}
        if record is None:
            return visuals.show(traces, stage, start_ns=at_ns, **options)
        if record.suffix.lower() == ".png":
            visuals.record(traces, stage, record, at_ns=at_ns or 0, **options)
        else:
            end_ns = None if length_ns is None else (at_ns or 0) + length_ns
            visuals.record(traces, stage, record, start_ns=at_ns, end_ns=end_ns, **options)
    finally:
        if what_if:
            what_if.source.close()
    print(f"wrote {record}")
    return 0


def _sliders(scenario: Scenario, stacks: Sequence[str], changes: Mapping[str, Any], *, here: bool) -> Panel | None:
    """The sliders of a show: worked out `here` and only when some are moved, or in a process beside the window."""
    if here and not changes:
        return None
    from cutaway.sliding.answering import Answering, sample
    from cutaway.sliding.choosing import sliders_of
    from cutaway.sliding.sources import Here, Worker
    from cutaway.visuals.what_if import Panel

    sliders, setting = sliders_of(scenario, changes)
    if not sliders:
        return None
    shown = list(stacks or scenario.stacks)
    source = Here(Answering(scenario, shown, sliders)) if here else Worker(scenario, shown, sliders)
    return Panel(source, sliders, sample(scenario), list(setting), open=bool(changes))


def trace(source: Scenario | Path, *, stacks: Sequence[str], format: str, out: Path | None) -> int:
    """Writes the trace for the Perfetto viewer."""
    from cutaway.perfetto import chrome_trace

    text = json.dumps(chrome_trace(_traces_from(source, stacks, whole=False)), ensure_ascii=False, separators=(",", ":"))
    if out is None:
        print(text)
        return 0
    from cutaway.places import write_whole

    write_whole(out, text.encode())
    print(f"wrote {out}")
    return 0


def say_if_it_compiles() -> bool:
    """Tells of the wait before the engine is compiled for the first time; whether it will be."""
    if is_cached():
        return False
    print("Compiling the engine for this machine, once; it is kept for the next time.", file=sys.stderr, flush=True)
    return True


@contextmanager
def progress_of(what: str) -> Iterator[Progress | None]:
    """A bar on a terminal's standard error, nothing elsewhere; and a line before the engine is compiled for the first time."""
    say_if_it_compiles()
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import Progress as Bars

    from cutaway.printing import console

    with Bars(console=console(to_stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
