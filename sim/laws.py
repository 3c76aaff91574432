"""Conservation laws: what must add up in every run, to the nanosecond, whatever the scenario.

`check` reads a settled engine and says, a sentence each, which laws do not hold; none should ever be broken. The same quantity is counted
in two ways by two parts of the engine, so that forgetting or counting twice on either side shows.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.sim import trace
from cutaway.sim.traffic import books
from cutaway.sim.traffic import tables as t
from cutaway.sim.traffic.engine import Traffic

STATES = ("sleeping_ns", "runnable_ns", "running_ns", "waking_ns", "throttled_ns", "stolen_ns")


def check(traffic: Traffic) -> list[str]:
    """The laws that do not hold since counting began; empty when all do. Call `traffic.settle()` before."""
    laws = (
        no_count_is_negative,
        time_of_cpus,
        time_of_threads,
        work_of_layers,
        work_of_threads,
        ledgers,
        histograms,
        requests,
        bytes_of_links,
        groups,
    )
    return [sentence for law in laws for sentence in law(traffic)]


def no_count_is_negative(traffic: Traffic) -> Iterator[str]:
    """Nothing that is counted falls below 0."""
    w = traffic.w
    for name, table in (("layer_ns", w.layer_ns), ("books", w.books[:, : books.LATENCY_MIN])):
        if (table < 0).any():
            yield f"{name} holds a negative count"
    for column in STATES:
        if (traffic.thread_counts(column) < 0).any():
            yield f"a thread's {column} is negative"


def time_of_cpus(traffic: Traffic) -> Iterator[str]:
    """Idle, task, interrupt and lost time of each CPU are the time elapsed."""
    for name, cpu in zip(traffic.built.cpus, traffic.w.cpus, strict=True):
        total = int(cpu.idle_ns + cpu.task_ns + cpu.irq_ns + cpu.lost_ns)
        if total != traffic.counted_ns:
            yield f"{name}: its times sum to {total} ns in {traffic.counted_ns} ns"


def time_of_threads(traffic: Traffic) -> Iterator[str]:
    """The states of each thread fill the time elapsed."""
    columns = [traffic.thread_counts(column) for column in STATES]
    for index, name in enumerate(traffic.built.threads):
        ns = sum(int(column[index]) for column in columns)
        if ns != traffic.counted_ns:
            yield f"thread {name}: its states sum to {ns} ns in {traffic.counted_ns} ns"


def work_of_layers(traffic: Traffic) -> Iterator[str]:
    """CPU time charged to layers is the busy time of the cores. Virtual CPUs turn on theirs and add nothing."""
    charged = int(traffic.w.layer_ns.sum())
    busy = sum(int(cpu.task_ns + cpu.irq_ns) for cpu in traffic.w.cpus if cpu.owner < 0)
    if charged != busy:
        yield f"layers were charged {charged} ns, cores worked {busy} ns"


def work_of_threads(traffic: Traffic) -> Iterator[str]:
    """What the threads of a kernel ran, its CPUs turned."""
    running = traffic.thread_counts("running_ns")
    for number, kernel in enumerate(traffic.machine.kernels):
        ran = int(running[traffic.w.tasks["kernel"] == number].sum())
        turned = sum(int(cpu.task_ns + cpu.irq_ns) for cpu in traffic.w.cpus if cpu.kernel == number)
        if ran != turned:
            yield f"kernel {kernel.name}: threads ran {ran} ns, CPUs turned {turned} ns"


def ledgers(traffic: Traffic) -> Iterator[str]:
    """The ledgers of served requests sum to their latencies."""
    width = len(traffic.machine.layers) * t.KINDS
    for client, book in zip(traffic.machine.clients, traffic.w.books, strict=False):
        total, latency = int(book[books.COUNTS : books.COUNTS + width].sum()), int(book[books.LATENCY_SUM])
        if total != latency:
            yield f"{client.name}: ledgers sum to {total} ns, latencies to {latency} ns"


def histograms(traffic: Traffic) -> Iterator[str]:
    """Every served request lies in one bucket."""
    start = books.COUNTS + len(traffic.machine.layers) * t.KINDS
    for client, book in zip(traffic.machine.clients, traffic.w.books, strict=False):
        if int(book[start:].sum()) != int(book[t.SERVED]):
            yield f"{client.name}: {int(book[start:].sum())} requests in the histogram, {int(book[t.SERVED])} served"


def requests(traffic: Traffic) -> Iterator[str]:
    """What was issued has ended or is under way, and whatever is under way has its row."""
    if traffic.in_flight < 0:
        yield f"{traffic.in_flight} requests are under way"
    if traffic.in_flight > int(traffic.w.world[0].used_tokens):
        yield f"{traffic.in_flight} requests are under way in {int(traffic.w.world[0].used_tokens)} rows"
    served = int(traffic.w.books[:, t.SERVED].sum())
    if served != traffic.served:
        yield f"{served} requests {trace.OUTCOMES[t.SERVED]} in the books, {traffic.served} counted"


def bytes_of_links(traffic: Traffic) -> Iterator[str]:
    """No link or disk gives out more than it took; what is between is on its way."""
    for name, device in zip(traffic.built.devices, traffic.w.devices, strict=False):
        underway = int(device.bytes_in - device.bytes_out)
        if underway < 0:
            yield f"{name}: {-underway} bytes came out that never went in"


def groups(traffic: Traffic) -> Iterator[str]:
    """A throttled group was throttled in no more periods than there were."""
    for name, group in zip((one.name for one in traffic.machine.groups), traffic.w.groups, strict=False):
        if group.throttled_periods > group.periods:
            yield f"group {name}: throttled in {int(group.throttled_periods)} of {int(group.periods)} periods"
