"""The compiled plan of a request, step by step, with where each cost comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cutaway.building import BuiltStack
from cutaway.models.costs import Cost
from cutaway.sim import machine as m


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step. `number` is 3 for the third, 3a.1 for the first of what it sets free."""

    number: str
    kind: str
    layer: str
    operation: str
    on: str
    cost_ns: int
    size: str
    costs: tuple[tuple[Cost, str], ...]
    """The cost records, and how many times each is paid."""
    remark: str = ""

    def costs_as_text(self) -> str:
        """`name x times`, an assumption with a question mark."""
        texts = [f"{cost.name}{'?' if cost.assumed else ''}" + (f" x {times}" if times != "1" else "") for cost, times in self.costs]
        return ", ".join([*texts, *([self.remark] if self.remark else [])])

    def as_document(self) -> dict[str, Any]:
        """For programs: every cost with its kind and sources."""
        costs = [
            {"name": cost.name, "times": times, "value": cost.record.written, "kind": cost.record.kind, "source": list(cost.record.source)}
            for cost, times in self.costs
        ]
        return {
            "number": self.number,
            "kind": self.kind,
            "layer": self.layer,
            "operation": self.operation,
            "on": self.on,
            "cost_ns": self.cost_ns,
            "size": self.size,
            "costs": costs,
            "remark": self.remark,
        }


def steps_of(built: BuiltStack, plan: str) -> list[ExplainedStep]:
    """All steps of a plan in order; branches and what nobody waits for follow their step."""
    known = {cost.name: cost for cost in built.costs}
    steps = next(one.steps for one in built.machine.plans if one.name == plan)
    return list(_explain(steps, known, ""))


def _explain(steps: Sequence[m.Step], known: dict[str, Cost], prefix: str) -> Iterator[ExplainedStep]:
    number = 0
    for step in steps:
        if isinstance(step, m.Respond):
            continue
        number += 1
        label = f"{prefix}{number}"
        if isinstance(step, m.Detach):
            yield ExplainedStep(label, "detach", "", "goes on beside it", "", 0, "", (), "nobody waits for this")
            yield from _explain(step.steps, known, f"{label}a.")
        elif isinstance(step, m.Fork):
            yield ExplainedStep(label, "fork", "", "branches", "", 0, "", ())
            for index, branch in enumerate(step.branches):
                yield from _explain(branch, known, f"{label}{chr(97 + index % 26)}.")
        else:
            yield _explained(step, known, label)


def _explained(
    step: m.Work | m.Transfer | m.Pause | m.DiskAccess | m.Acquire | m.Release | m.Deadline, known: dict[str, Cost], label: str
) -> ExplainedStep:
    kind = type(step).__name__.lower()
    if isinstance(step, m.Deadline):
        return ExplainedStep(label, kind, "client", "gives up after", "", step.after_ns, "", ())
    costs = tuple((known[use.name], use.times) for use in getattr(step, "costs", ()) if use.name in known)
    size = f"{step.size_bytes:,} B" if isinstance(step, m.Transfer | m.DiskAccess) else ""
    on = getattr(step, "thread", "") or getattr(step, "link", "") or getattr(step, "disk", "") or getattr(step, "pool", "")
    cost_ns = step.cost_ns if isinstance(step, m.Work) else step.duration_ns if isinstance(step, m.Pause) else 0
    remark = f"only if {step.only_if_asleep} sleeps" if isinstance(step, m.Work) and step.only_if_asleep else ""
    return ExplainedStep(label, kind, step.layer, step.operation, on, cost_ns, size, costs, remark)
