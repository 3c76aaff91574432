"""Small machines at random, for properties: CPUs, guests, groups with quotas, interrupts, every kind of step, open and closed clients."""

from __future__ import annotations

from hypothesis import strategies as st

from cutaway.sim import machine as m

US, MS = 1_000, 1_000_000
LAYERS = ("client", "guest kernel", "host kernel", "server")
SPREADS = st.sampled_from(
    [m.FIXED, m.EXPONENTIAL, m.Spread("lognormal", 800), m.Spread("uniform", 500), m.Spread("measured", 0, (50, 90, 100, 140, 400))]
)
PRICES = st.sampled_from([0, 0, 300, 2 * US, 20 * US])
WEIGHTS = st.sampled_from([2, 100, 1024, 3000])


@st.composite
def kernels(draw: st.DrawFn, name: str, layer: str) -> m.Kernel:
    return m.Kernel(
        name,
        layer,
        slice_ns=draw(st.sampled_from([MS // 2, 3 * MS])),
        tick_ns=draw(st.sampled_from([MS, 4 * MS])),
        tick_cost_ns=draw(PRICES),
        switch_ns=draw(PRICES),
        waker_ns=draw(PRICES),
        wake_latency_ns=draw(PRICES),
        wake_latency_spread=draw(SPREADS),
        wakee_ns=draw(PRICES),
        kick_ns=draw(PRICES),
        kick_latency_ns=draw(PRICES),
        kicked_ns=draw(PRICES),
        going_idle_ns=draw(PRICES),
        turn_back_ns=draw(PRICES),
        turn_back_spread=draw(SPREADS),
        nudge_ns=draw(PRICES),
        balance=draw(st.booleans()),
    )


@st.composite
def groups_of(draw: st.DrawFn, kernel: str) -> tuple[m.Group, ...]:
    """A group, and another in it."""
    quotas = st.sampled_from([0, 0, 2 * MS, 7 * MS])
    outer = m.Group(f"{kernel} outer", kernel, "", draw(WEIGHTS), draw(quotas), 10 * MS)
    return outer, m.Group(f"{kernel} inner", kernel, outer.name, draw(WEIGHTS), draw(quotas), 5 * MS)


@st.composite
def threads_of(draw: st.DrawFn, kernel: str, cpus: tuple[str, ...], groups: tuple[m.Group, ...]) -> list[m.Thread]:
    """Event loops, perhaps interrupt work and a hog."""
    group = st.sampled_from(["", *(one.name for one in groups)])
    some_cpus = st.sampled_from([cpus, cpus[:1], cpus[-1:]])
    made = [
        m.Thread(
            f"{kernel} loop {k}",
            draw(some_cpus),
            group=draw(group),
            weight=draw(WEIGHTS),
            count=draw(st.integers(1, 3)),
            choose=draw(st.sampled_from(["by connection", "first free"])),
            poll_ns=draw(PRICES),
            batch=draw(st.sampled_from([1, 4, 512])),
            sleep_ns=draw(PRICES),
            spin_ns=draw(st.sampled_from([0, 0, 20 * US])),
        )
        for k in range(draw(st.integers(1, 3)))
    ]
    if draw(st.booleans()):
        made.append(m.Thread(f"{kernel} interrupt", cpus[-1:], kind="interrupt", poll_ns=draw(PRICES)))
    if draw(st.booleans()):
        made.append(m.Thread(f"{kernel} hog", draw(some_cpus), kind="hog", group=draw(group), count=draw(st.integers(1, 2))))
    return made


@st.composite
def vcpus_of(draw: st.DrawFn, kernel: str, cpus: tuple[str, ...], groups: tuple[m.Group, ...], count: int) -> m.Thread:
    """The threads of `kernel` that make a guest's CPUs turn."""
    return m.Thread(
        f"{kernel} vcpu",
        cpus,
        kind="vcpu",
        count=count,
        group=draw(st.sampled_from(["", groups[0].name])),
        spin_ns=draw(st.sampled_from([0, 50 * US])),
        halt_ns=draw(PRICES),
        resume_ns=draw(PRICES),
    )


@st.composite
def steps(draw: st.DrawFn, threads: list[str], depth: int = 0) -> tuple[m.Step, ...]:
    """Some steps of every kind; at least one takes time."""
    layers, names = st.sampled_from(LAYERS), st.sampled_from(threads)
    spans = st.integers(US, 200 * US)
    made: list[m.Step] = [m.Work(draw(layers), "begin", draw(names), draw(spans), draw(SPREADS))]
    kinds = ["work", "work", "pause", "transfer", "disk", "place", "detach", "fork"][: 8 if depth < 2 else 6]
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=5)):
        layer, ns = draw(layers), draw(spans)
        if kind == "work":
            made.append(
                m.Work(
                    layer,
                    f"work {ns % 5}",
                    draw(names),
                    ns % 1000 if draw(st.booleans()) else ns,
                    draw(SPREADS),
                    next_round=draw(st.booleans()),
                    only_if_asleep=draw(st.sampled_from(["", "", threads[0]])),
                    stopwatch=depth == 0 and draw(st.booleans()),
                )
            )
        elif kind == "pause":
            made.append(m.Pause(layer, "pause", ns, draw(SPREADS)))
        elif kind == "transfer":
            made.append(m.Transfer(layer, "send", "link", draw(st.integers(1, 10_000))))
        elif kind == "disk":
            made.append(m.DiskAccess(layer, "read", "disk", draw(st.integers(1, 10_000))))
        elif kind == "place":
            made += [m.Acquire(layer, "wait", "pool"), m.Work(layer, "hold", draw(names), ns), m.Release(layer, "leave", "pool")]
        elif kind == "detach":
            made.append(m.Detach(draw(steps(threads, depth + 1))))
        else:
            made.append(m.Fork(tuple(draw(st.lists(steps(threads, depth + 1), max_size=3)))))
    return tuple(made)


@st.composite
def plans(draw: st.DrawFn, name: str, threads: list[str]) -> m.Plan:
    """Up to two deadlines before steps of every kind."""
    deadlines = draw(st.lists(st.integers(50 * US, 5 * MS), max_size=2))
    return m.Plan(name, (*(m.Deadline(ns) for ns in deadlines), *draw(steps(threads)), m.Respond()))


@st.composite
def clients(draw: st.DrawFn, name: str, plan: str) -> m.ClosedLoop | m.OpenLoop:
    if draw(st.booleans()):
        return m.ClosedLoop(name, plan, draw(st.integers(1, 12)), draw(st.sampled_from([0, 0, 300 * US])), draw(SPREADS))
    return m.OpenLoop(name, plan, draw(st.integers(200 * US, 2 * MS)), draw(SPREADS), connections=7)


@st.composite
def machines(draw: st.DrawFn) -> m.Machine:
    """A host of one to three cores, perhaps a guest of one or two virtual CPUs on it, perhaps another guest in that one."""
    made_kernels: list[m.Kernel] = []
    cpus: list[m.Cpu] = []
    threads: list[m.Thread] = []
    groups: list[m.Group] = []
    below: tuple[str, ...] = ()
    for level, kernel in enumerate(("host", "guest", "inner guest")[: draw(st.integers(1, 3))]):
        names = tuple(f"{kernel} cpu{k}" for k in range(draw(st.integers(1, 3 - level))))
        layer = "guest kernel" if level else "host kernel"
        made_kernels.append(draw(kernels(kernel, layer)))
        if level:
            under = made_kernels[-2].name
            threads.append(draw(vcpus_of(under, below, tuple(group for group in groups if group.kernel == under), len(names))))
        stalls = draw(st.sampled_from([0, 0, 3 * MS]))
        cpus += [
            m.Cpu(name, kernel, threads[-1].name if level else "", 0 if level else stalls, draw(PRICES), draw(SPREADS)) for name in names
        ]
        own = draw(groups_of(kernel))
        groups += own
        threads += draw(threads_of(kernel, names, own))
        below = names
    able = [thread.name for thread in threads if thread.kind in ("loop", "interrupt")]
    numbers = range(draw(st.integers(1, 2)))
    return m.Machine(
        "random",
        LAYERS,
        tuple(made_kernels),
        tuple(cpus),
        tuple(threads),
        tuple(draw(plans(f"plan {k}", able)) for k in numbers),
        tuple(draw(clients(f"client {k}", f"plan {k}")) for k in numbers),
        tuple(groups),
        (m.Link("link", 100_000_000, 20 * US, draw(st.sampled_from([0, 20_000]))),),
        (m.Disk("disk", 2, 80 * US, 200_000_000, draw(SPREADS)),),
        (m.Pool("pool", draw(st.integers(1, 3))),),
    )
