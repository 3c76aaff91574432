"""Conservation laws: what must hold in every run, whatever the scenario, by two ways of counting.

`check` reads a settled `Traffic`, `check_trace` a trace. Each law is a function that tells its violations as sentences, none when it
holds. Integers can be equal, so these are equalities; where one is not (quota), the bound says what may be over.
Not laws: that a model is right, that a figure is plausible.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from cutaway.sim import machine as m
from cutaway.sim import trace as tr
from cutaway.sim.traffic import books, census
from cutaway.sim.traffic import tables as t
from cutaway.sim.traffic.engine import Traffic
from cutaway.sim.traffic.fair import BANDWIDTH_SLICE

Integers = npt.NDArray[np.int64]
_STATES = ("sleeping_ns", "runnable_ns", "running_ns", "waking_ns", "throttled_ns", "stolen_ns")
_ENDS = slice(t.SERVED, t.REFUSED + 1)


def check(traffic: Traffic) -> list[str]:
    """All violations of a run. `traffic.settle()` comes first."""
    return [f"{traffic.machine.name}: {sentence}" for law in LAWS for sentence in law(traffic)]


def check_trace(trace: tr.Trace) -> list[str]:
    """All violations in a trace of every request."""
    return [f"{trace.meta['stack']}: {sentence}" for law in TRACE_LAWS for sentence in law(trace)]


# --- requests ----------------------------------------------------------------------------------------------------------------------


def requests_are_conserved(traffic: Traffic) -> Iterator[str]:
    """Issued = served + timed out + lost + refused + in flight, for each client."""
    found = census.requests_in_flight(traffic.w)
    for k, client in enumerate(traffic.machine.clients):
        book = traffic.w.books[k]
        left = int(traffic.in_flight_before[k] + book[books.ISSUED] - book[_ENDS].sum())
        if left != found[k]:
            ended = ", ".join(f"{book[code]} {name}" for code, name in enumerate(tr.OUTCOMES) if code != tr.IN_FLIGHT)
            yield (
                f"client '{client.name}' issued {book[books.ISSUED]} requests beside {traffic.in_flight_before[k]} under way: "
                f"{ended} leave {left} in flight, but {found[k]} are there"
            )


def ledgers_sum_to_latencies(traffic: Traffic) -> Iterator[str]:
    """The ledgers of all served requests sum to their latencies, and each is in the histogram once."""
    ledger_end = books.COUNTS + len(traffic.machine.layers) * t.KINDS
    for k, client in enumerate(traffic.machine.clients):
        book = traffic.w.books[k]
        ledger, histogram = int(book[books.COUNTS : ledger_end].sum()), int(book[ledger_end:].sum())
        if ledger != book[books.LATENCY_SUM]:
            yield f"the ledger of client '{client.name}' sums to {ledger} ns, its latencies to {book[books.LATENCY_SUM]} ns"
        if histogram != book[t.SERVED]:
            yield f"the histogram of client '{client.name}' holds {histogram} requests of {book[t.SERVED]} served"


def closed_loops_meet_littles_law(traffic: Traffic) -> Iterator[str]:
    """N clients that never pause spend N seconds a second in their requests: N * T = sum of latencies, less what was cut at the edges."""
    plans = {plan.name: plan for plan in traffic.machine.plans}
    ages = census.ages_ns(traffic.w) - traffic.ages_before
    for k, client in enumerate(traffic.machine.clients):
        if not isinstance(client, m.ClosedLoop) or client.think_ns > 0 or _has_stopwatch(plans[client.plan].steps):
            continue
        book = traffic.w.books[k]
        opened = int(traffic.in_flight_before[k]) == client.connections
        if not opened or book[t.TIMED_OUT] or book[t.LOST]:
            continue
        spent = client.connections * traffic.counted_ns
        if spent != book[books.LATENCY_SUM] + ages[k]:
            yield (
                f"{client.connections} connections of client '{client.name}' spent {spent} ns, "
                f"but their requests took {book[books.LATENCY_SUM]} ns and {ages[k]} ns at the edges"
            )


def _has_stopwatch(steps: tuple[m.Step, ...]) -> bool:
    return any(isinstance(step, m.Work) and step.stopwatch for step in steps)


# --- CPU time ----------------------------------------------------------------------------------------------------------------------


def cpus_spend_all_time(traffic: Traffic) -> Iterator[str]:
    """Idle + tasks + interrupts + lost to others = elapsed, for each CPU, physical or virtual."""
    for name, cpu in zip(traffic.built.cpus, traffic.w.cpus, strict=True):
        spent = int(cpu.idle_ns + cpu.task_ns + cpu.irq_ns + cpu.lost_ns)
        if spent != traffic.counted_ns:
            yield f"CPU '{name}' spent {spent} ns of {traffic.counted_ns} ns"
        if cpu.owner < 0 and cpu.lost_ns:
            yield f"CPU '{name}' is hardware and lost {cpu.lost_ns} ns to others"


def threads_spend_all_time(traffic: Traffic) -> Iterator[str]:
    """Each thread is in one state at each moment."""
    spent = np.sum([traffic.thread_counts(column) for column in _STATES], axis=0)
    for name, ns in zip(traffic.built.threads, spent, strict=True):
        if ns != traffic.counted_ns:
            yield f"thread '{name}' spent {ns} ns of {traffic.counted_ns} ns"


def layers_are_charged_what_cores_worked(traffic: Traffic) -> Iterator[str]:
    """The CPU time charged to all layers = the time that all physical CPUs worked."""
    cores = traffic.w.cpus[traffic.w.cpus["owner"] < 0]
    worked, charged = int(cores["task_ns"].sum() + cores["irq_ns"].sum()), int(traffic.w.layer_ns.sum())
    if worked != charged:
        yield f"the cores worked {worked} ns, and {charged} ns are charged to layers"


def threads_ran_what_cpus_worked(traffic: Traffic) -> Iterator[str]:
    """In each kernel, what its threads ran = what its CPUs worked."""
    running = traffic.thread_counts("running_ns")
    for index, kernel in enumerate(traffic.machine.kernels):
        cpus = traffic.w.cpus[traffic.w.cpus["kernel"] == index]
        worked, ran = int(cpus["task_ns"].sum() + cpus["irq_ns"].sum()), int(running[traffic.w.tasks["kernel"] == index].sum())
        if worked != ran:
            yield f"the CPUs of kernel '{kernel.name}' worked {worked} ns, and its threads ran {ran} ns"


def guests_run_inside_their_threads(traffic: Traffic) -> Iterator[str]:
    """A virtual CPU works only while its thread runs on the CPU below."""
    running = traffic.thread_counts("running_ns")
    for name, cpu in zip(traffic.built.cpus, traffic.w.cpus, strict=True):
        if cpu.owner >= 0 and cpu.task_ns + cpu.irq_ns > running[cpu.owner]:
            yield f"virtual CPU '{name}' worked {cpu.task_ns + cpu.irq_ns} ns while its thread ran {running[cpu.owner]} ns"


def groups_ran_what_their_threads_ran(traffic: Traffic) -> Iterator[str]:
    """The run time that a group is charged = that of its threads and of the groups in it."""
    running, w = traffic.thread_counts("running_ns"), traffic.w
    ran = [0] * len(traffic.machine.groups)
    for task in np.nonzero((w.tasks["group"] >= 0) & (w.tasks["kind"] != t.INTERRUPT))[0]:
        group = int(w.tasks[task].group)
        while group >= 0:
            ran[group] += int(running[task])
            group = int(w.groups[group].parent)
    for index, group_ in enumerate(traffic.machine.groups):
        if w.groups[index].ran_ns != ran[index]:
            yield f"group '{group_.name}' is charged {w.groups[index].ran_ns} ns, and its threads ran {ran[index]} ns"


def groups_keep_their_quotas(traffic: Traffic) -> Iterator[str]:
    """A group runs no more than its quota a period, but for what a CPU holds in advance and runs on until its tick."""
    for row, group in zip(traffic.w.groups, traffic.machine.groups, strict=False):
        kernel = traffic.w.kernels[row.kernel]
        if group.quota_ns == 0 or kernel.tick == 0:
            continue
        periods = traffic.counted_ns // group.period_ns + 2
        most = periods * group.quota_ns + int(kernel.cpus * (BANDWIDTH_SLICE + kernel.tick))
        if row.ran_ns > most:
            yield f"group '{group.name}' ran {row.ran_ns} ns in {periods} periods of {group.quota_ns} ns; at most {most} ns are allowed"


# --- devices and signs -------------------------------------------------------------------------------------------------------------


def bytes_are_conserved(traffic: Traffic) -> Iterator[str]:
    """Bytes in = bytes out + bytes on the way, for each link and disk."""
    crossing = census.bytes_crossing(traffic.w)
    for index, name in enumerate(traffic.built.devices):
        device = traffic.w.devices[index]
        left = int(traffic.crossing_before[index] + device.bytes_in - device.bytes_out)
        if left != crossing[index]:
            yield f"'{name}' took {device.bytes_in} and gave {device.bytes_out} bytes: {left} are left, but {crossing[index]} are there"


def places_are_not_overfull(traffic: Traffic) -> Iterator[str]:
    """Nobody has a place that is not there, and nobody waits beside a free one."""
    for name, device in zip(traffic.built.devices, traffic.w.devices, strict=False):
        if device.kind == t.LINK:
            continue
        if not 0 <= device.busy <= device.places:
            yield f"'{name}' has {device.busy} of {device.places} places taken"
        if device.waiting and device.busy < device.places:
            yield f"{device.waiting} wait for '{name}', which has {device.places - device.busy} places free"


def nothing_is_negative(traffic: Traffic) -> Iterator[str]:
    """Times, counts and bytes only grow from 0."""
    w = traffic.w
    tables: dict[str, tuple[t.Array, tuple[str, ...]]] = {
        "CPU": (w.cpus, ("idle_ns", "task_ns", "irq_ns", "lost_ns", "switches", "wakes")),
        "thread": (w.tasks, (*_STATES, "left", "overhead", "trapped", "debt", "trap_debt", "mark_left", "queued", "sleeps", "preemptions")),
        "group": (w.groups, ("pool", "periods", "throttled_periods", "throttled_ns", "ran_ns")),
        "device": (w.devices, ("waiting", "bytes_in", "bytes_out", "bytes_lost", "busy_ns", "count")),
        "queue": (w.queues, ("count", "weights")),
    }
    for kind, (table, columns) in tables.items():
        for column in columns:
            for index in np.nonzero(table[column] < 0)[0]:
                yield f"{kind} {index} has {column} {table[column][index]}"
    if (w.books[:, [*range(t.REFUSED + 1), books.LATENCY_SUM, books.ISSUED]] < 0).any() or (w.books[:, books.COUNTS :] < 0).any():
        yield "the books hold a negative number"
    if (w.layer_ns < 0).any():
        yield "a layer is charged a negative time"


LAWS = (
    requests_are_conserved,
    ledgers_sum_to_latencies,
    closed_loops_meet_littles_law,
    cpus_spend_all_time,
    threads_spend_all_time,
    layers_are_charged_what_cores_worked,
    threads_ran_what_cpus_worked,
    guests_run_inside_their_threads,
    groups_ran_what_their_threads_ran,
    groups_keep_their_quotas,
    bytes_are_conserved,
    places_are_not_overfull,
    nothing_is_negative,
)


# --- traces ------------------------------------------------------------------------------------------------------------------------


def spans_tile_their_requests(trace: tr.Trace) -> Iterator[str]:
    """The spans of a served request follow each other without gap from its birth to its end."""
    spans = trace.spans[trace.spans["branch"] == 0]
    order = np.lexsort((spans["end"], spans["start"], spans["request"]))
    spans = spans[order]
    firsts = np.searchsorted(spans["request"], trace.requests["request"])
    lasts = np.searchsorted(spans["request"], trace.requests["request"], side="right")
    for request, first, last in zip(trace.requests, firsts, lasts, strict=True):
        if request["outcome"] != tr.SERVED:
            continue
        at = int(request["born"])
        for span in spans[first:last]:
            if span["start"] < request["born"]:
                continue  # before the client took its start time
            if span["start"] != at:
                yield f"request {request['request']} has nothing, or twice something, between {at} and {span['start']} ns"
                break
            at = int(span["end"])
        else:
            if at != request["ended"]:
                yield f"the spans of request {request['request']} lead to {at} ns, and it ended at {request['ended']} ns"


def cpus_do_one_thing_at_a_time(trace: tr.Trace) -> Iterator[str]:
    """On one CPU no two requests run at once, nor two threads."""
    running = trace.spans[trace.spans["kind"] == tr.RUNNING]
    for what, table in (("requests", running), ("threads", trace.stints)):
        order = np.lexsort((table["end"], table["start"], table["cpu"]))
        earlier, later = table[order][:-1], table[order][1:]
        for index in np.nonzero((earlier["cpu"] == later["cpu"]) & (later["start"] < earlier["end"]))[0][:3]:
            yield f"two {what} run on CPU {later['cpu'][index]} at {later['start'][index]} ns"


TRACE_LAWS = (spans_tile_their_requests, cpus_do_one_thing_at_a_time)
