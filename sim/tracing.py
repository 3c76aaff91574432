"""Makes a trace out of the engine's log: sorts its records into the tables of `sim.trace`, within a bound of memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from cutaway.sim import trace
from cutaway.sim.machine import Machine
from cutaway.sim.traffic import tables as t
from cutaway.sim.traffic.engine import Traffic

MEMORY_BYTES = 256 << 20
"""A trace in memory ends here, and says so; what comes later is not recorded."""


class Recorder:
    """Takes the log's records as they come."""

    def __init__(self, machine: Machine, seed: int, one_in: int, memory_bytes: int = MEMORY_BYTES) -> None:
        self.machine, self.seed, self.one_in = machine, seed, one_in
        self._room = memory_bytes
        self._complete = True
        self._chunks: dict[int, list[trace.Table]] = {t.LOG_SPAN: [], t.LOG_STINT: [], t.LOG_STATE: [], t.LOG_REQUEST: []}

    def take(self, log: t.Array) -> None:
        """Keeps the records of one full log, as long as there is room."""
        if not self._complete:
            return
        for kind, dtype, columns in _TABLES:
            of_kind = log[log["table"] == kind]
            table = np.zeros(len(of_kind), dtype)
            for column, source in columns.items():
                table[column] = of_kind[source]
            self._chunks[kind].append(table)
            self._room -= table.nbytes
        self._complete = self._room > 0

    def whole(self, traffic: Traffic) -> trace.Trace:
        """All that was recorded; requests that had not ended by then are left out, with their spans."""
        spans, stints, states, requests = (self._table(kind, dtype) for kind, dtype, _ in _TABLES)
        ended = np.isin(spans["request"], requests["request"])
        return trace.Trace(self._meta(traffic), requests, spans[ended], stints, states)

    def _table(self, kind: int, dtype: np.dtype[Any]) -> trace.Table:
        chunks = self._chunks[kind]
        whole = np.concatenate(chunks) if chunks else np.zeros(0, dtype)
        order = np.argsort(whole["born" if kind == t.LOG_REQUEST else "start"], kind="stable")
        return whole[order]

    def _meta(self, traffic: Traffic) -> dict[str, Any]:
        machine, built = self.machine, traffic.built
        cpus = {cpu.name: cpu for cpu in machine.cpus}
        threads = []
        for index, name in enumerate(built.threads):
            task = traffic.w.tasks[index]
            role = machine.threads[int(task.role)] if task.role >= 0 else None
            own = [built.cpus[int(task.cpu)]]
            threads.append(
                {
                    "name": name,
                    "role": role.name if role else "",
                    "kind": role.kind if role else "interrupt",
                    "cpus": list(role.cpus) if role else own,
                    "layer": machine.layers[int(task.layer)],
                    "group": role.group if role else "",
                }
            )
        return {
            "schema": trace.SCHEMA,
            "stack": machine.name,
            "seed": self.seed,
            "layers": list(machine.layers),
            "cpus": [{"name": name, "kernel": cpus[name].kernel, "vcpu": cpus[name].vcpu} for name in built.cpus],
            "threads": threads,
            "steps": built.steps,
            "groups": [
                {"name": one.name, "weight": one.weight, "quota_ns": one.quota_ns, "period_ns": one.period_ns} for one in machine.groups
            ],
            "clients": [{"name": client.name, "connections": client.connections} for client in machine.clients],
            "notes": dict(machine.notes),
            "sampled": self.one_in,
            "complete": self._complete,
            "start_ns": traffic.now_ns - traffic.counted_ns,
            "end_ns": traffic.now_ns,
        }


_TABLES = (
    (
        t.LOG_SPAN,
        trace.SPAN,
        {
            "start": "start",
            "end": "end",
            "request": "request",
            "step": "step",
            "thread": "task",
            "cpu": "cpu",
            "layer": "layer",
            "kind": "kind",
            "branch": "branch",
        },
    ),
    (t.LOG_STINT, trace.STINT, {"start": "start", "end": "end", "request": "request", "thread": "task", "cpu": "cpu"}),
    (t.LOG_STATE, trace.STATE, {"start": "start", "end": "end", "thread": "task", "cpu": "cpu", "state": "kind"}),
    (
        t.LOG_REQUEST,
        trace.REQUEST,
        {
            "born": "start",
            "ended": "end",
            "request": "request",
            "number": "number",
            "connection": "step",
            "client": "task",
            "outcome": "kind",
        },
    ),
)
