"""What a scenario says as a whole: layers in a possible order, CPUs and memory that exist, names that are there.

Each check reads the finished scenario and yields the path of a mistake with its sentence. What one key alone may hold is in the schema.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction
from itertools import pairwise
from unicodedata import category

from cutaway.models import costs, parts, stack
from cutaway.models.clients import ClosedLoopPart, OpenLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.hardware import HardwarePart
from cutaway.models.hypervisor import KvmPart
from cutaway.models.kernel import LinuxPart
from cutaway.models.neighbours import HogPart
from cutaway.models.parts import ProgramPart, kind_of
from cutaway.models.servers.mysql import MysqlPart
from cutaway.models.servers.nginx import NginxPart
from cutaway.models.servers.postgresql import PostgresqlPart
from cutaway.models.servers.python_app import PythonAppPart
from cutaway.models.servers.redis import RedisPart
from cutaway.models.units import CPUS, DURATION, MIB, MS, SIZE, mean_interval_ns
from cutaway.scenarios import limits
from cutaway.scenarios.problems import choices, key_text, nearest, printable
from cutaway.scenarios.schema import Scenario

Path = tuple[str | int, ...]
Mistake = tuple[Path, str]

PROGRAMS = tuple(kind_of(part) for part in parts.PROGRAMS)
"""What may be on top: the programs that answer requests."""

STANDS_ON = {
    "linux": ("hardware",),
    "kvm": ("linux",),
    "guest linux": ("kvm",),
    "docker": ("linux", "guest linux"),
    **dict.fromkeys(PROGRAMS, ("linux", "guest linux", "docker")),
}
"""What may be directly beneath each layer; `hardware` stands on nothing."""

LEAST_QUOTA = 1 * MS
"""min_cfs_quota_period of kernel/sched/core.c."""

LEAST_MEMORY = 16 * MIB
"""A machine with less does not boot a kernel of today."""



def mistakes(scenario: Scenario, stacks: Collection[str], named: Collection[str], broken: Collection[str] = ()) -> Iterator[Mistake]:
    """`stacks` are the names that stand in the file, and `broken` its keys that could not be used: nothing is said that rests on them.

    `named` are stacks that the file or what it begins with has: a caption may be of one that was taken away.
    """
    machine_is_known = "machine" not in broken
    for name in scenario.stacks:
        yield from _order(scenario, name)
        if machine_is_known:
            yield from _stack_fits(scenario, name)
    yield from _server(scenario)
    yield from _profile(scenario)
    yield from _clients(scenario, machine_is_known)
    if machine_is_known:
        yield from _neighbours(scenario)
    yield from _size(scenario)
    yield from _run(scenario)
    yield from _targets(scenario, stacks)
    yield from _titles(scenario)
    yield from _captions(scenario, stacks, named)


def refusals(scenario: Scenario) -> Iterator[Mistake]:
    """What the models themselves say against a stack; asked last, since it ends at the first mistake of each stack."""
    profile = costs.load(scenario.profile)
    for name in scenario.stacks:
        try:
            stack.build(name, scenario.layers_of(name), scenario.clients, profile, scenario.neighbours_of(name))
        except (stack.StackError, costs.CostError) as refused:
            path: Path = ("stacks", name)
            yield path, f"{key_text(path)} cannot be built: {printable(str(refused).rstrip('.'), 300)}."


def _profile(scenario: Scenario) -> Iterator[Mistake]:
    known = costs.names()
    if scenario.profile.endswith(costs.SUFFIX):
        try:
            costs.load(scenario.profile)
        except costs.CostError as wrong:
            yield ("profile",), f"profile is '{printable(scenario.profile)}', which cannot be used: {printable(str(wrong), 300)}."
    elif scenario.profile not in known:
        text = f"profile is '{printable(scenario.profile)}'; expected {choices(known)}.{nearest(scenario.profile, known)}"
        yield ("profile",), text


def _order(scenario: Scenario, name: str) -> Iterator[Mistake]:
    kinds = [layer.kind for layer in scenario.stacks[name].layers]
    path = ("stacks", name, "layers")
    if kinds[0] != "hardware":
        yield (*path, 0), f"{key_text((*path, 0))} is '{kinds[0]}'; expected 'hardware': a stack is written from the bottom up."
    for index, (below, kind) in enumerate(pairwise(kinds), start=1):
        key = key_text((*path, index))
        if kind == "hardware":
            yield (*path, index), f"{key} is 'hardware', which is at the bottom of a stack and nowhere else."
        elif below not in STANDS_ON[kind]:
            yield (*path, index), f"{key} is '{kind}' on top of '{below}'; expected it on {' or '.join(STANDS_ON[kind])}."
    if kinds[-1] not in PROGRAMS:
        yield path, f"{key_text(path)} ends with '{kinds[-1]}'; expected a server program on top: {choices(PROGRAMS)}."


def _server(scenario: Scenario) -> Iterator[Mistake]:
    """What is said of the server is said of a program that some stack has."""
    on_top = {one.layers[-1].kind for one in scenario.stacks.values()}
    kind = scenario.server.kind
    if "server" in scenario.model_fields_set and kind not in on_top and on_top & set(PROGRAMS):
        yield ("server",), f"server is '{kind}', which no stack has on top; expected {choices(sorted(on_top & set(PROGRAMS)))}."


def _stack_fits(scenario: Scenario, name: str) -> Iterator[Mistake]:
    """Each layer finds the CPUs and the memory that it asks for in what is beneath it."""
    machine = next((layer for layer in scenario.layers_of(name) if layer.kind == "hardware"), scenario.machine)
    if machine.memory < LEAST_MEMORY:
        text = f"machine.memory is {SIZE.text(machine.memory)}; expected at least {SIZE.text(LEAST_MEMORY)}."
        yield ("machine", "memory"), text
        return
    cpus, memory, whose = machine.cpus, machine.memory, "the machine"
    for index, layer in enumerate(scenario.layers_of(name)):
        path: Path = ("stacks", name, "layers", index)
        match layer:
            case KvmPart():
                for key, numbers in (("cpus", layer.cpus), ("io cpus", layer.io_cpus)):
                    yield from _cpus_exist(numbers, cpus, whose, (*path, key))
                if layer.memory > memory:
                    yield (*path, "memory"), _too_much_memory((*path, "memory"), layer.memory, memory, whose)
                cpus, memory, whose = layer.vcpus, layer.memory, f"the virtual machine of stack '{printable(name)}'"
            case DockerPart():
                if layer.cpus is not None and layer.cpus > cpus:
                    text = f"{key_text((*path, 'cpus'))} is {CPUS.text(layer.cpus)}; {whose} has {_count(cpus, 'CPU')}."
                    yield (*path, "cpus"), text
                else:
                    yield from _quota(layer.cpus, layer.cpu_period, (*path, "cpus"))
                if layer.memory is not None and layer.memory > memory:
                    yield (*path, "memory"), _too_much_memory((*path, "memory"), layer.memory, memory, whose)
                if layer.network == "host" and "publish" in layer.model_fields_set and layer.publish != "none":
                    yield (*path, "publish"), f"{key_text((*path, 'publish'))} has no effect on the host's own network; leave it out."
                elif layer.network == "bridge" and layer.publish != "nat" and not _client_is_beside(scenario, name):
                    why = "docker-proxy serves clients of its own machine" if layer.publish == "proxy" else "nobody outside reaches it"
                    yield (*path, "publish"), f"{key_text((*path, 'publish'))} is '{layer.publish}', and {why}; expected 'nat'."
            case MysqlPart() | NginxPart() | PostgresqlPart() | PythonAppPart() | RedisPart():
                yield from _program_fits(scenario, name, index, layer, (cpus, memory, whose))
            case LinuxPart():
                yield from _cpus_exist(layer.interrupt_cpus, cpus, whose, (*path, "interrupt cpus"))


def _program_fits(scenario: Scenario, name: str, index: int, program: ProgramPart, found: tuple[int, int, str]) -> Iterator[Mistake]:
    """What it answers with fits into memory, and its CPUs are there; a key stands at the layer or under `server`."""
    cpus, memory, whose = found
    said_here = scenario.stacks[name].layers[index].model_fields_set

    def path(key: str) -> Path:
        return ("stacks", name, "layers", index, key) if key in said_here else ("server", key)

    for key in ("page", "value"):
        size = getattr(program, key, 0)
        if size > limits.PAGE_BYTES.value:
            yield path(key), f"{key_text(path(key))} is {SIZE.text(size)}; expected at most {SIZE.text(limits.PAGE_BYTES.value)}."
        elif size > memory:
            yield path(key), _too_much_memory(path(key), size, memory, whose)
    yield from _cpus_exist(program.cpus, cpus, whose, path("cpus"))
    if isinstance(program, NginxPart) and program.upstream:
        yield from _cpus_exist(program.upstream.cpus, cpus, whose, (*path("upstream"), "cpus"))
        if "page" in said_here | scenario.server.model_fields_set:
            yield path("page"), f"{key_text(path('page'))} has no effect beside an upstream, which answers instead; leave it out."


def _quota(cpus: Fraction | None, period: int, path: Path) -> Iterator[Mistake]:
    """Linux takes no quota below a millisecond."""
    if cpus is not None and cpus * period < LEAST_QUOTA:
        quota = f"{DURATION.text(round(cpus * period))} of CPU time in each {DURATION.text(period)}"
        yield path, f"{key_text(path)} is {CPUS.text(cpus)}, that is {quota}; Linux takes no less than 1 ms."


def _client_is_beside(scenario: Scenario, name: str) -> bool:
    """Whether clients and container share a kernel."""
    return scenario.clients.where != "another machine" and not any(isinstance(layer, KvmPart) for layer in scenario.stacks[name].layers)


def _cpus_exist(numbers: tuple[int, ...], cpus: int, whose: str, path: Path) -> Iterator[Mistake]:
    for index, number in enumerate(numbers):
        key = key_text((*path, index))
        if number >= cpus:
            last = f"CPUs 0 to {cpus - 1}" if cpus > 1 else "CPU 0 alone"
            yield (*path, index), f"{key} is {number}; {whose} has {last}."
        if number in numbers[:index]:
            yield (*path, index), f"{key} is {number}, which stands in the list already."


def _too_much_memory(path: Path, asked: int, there: int, whose: str) -> str:
    return f"{key_text(path)} is {SIZE.text(asked)}; {whose} has {SIZE.text(there)}."


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _clients(scenario: Scenario, machine_is_known: bool) -> Iterator[Mistake]:
    clients = scenario.clients
    if clients.where != "another machine" and machine_is_known:
        yield from _cpus_exist(clients.cpus, scenario.machine.cpus, "the machine", ("clients", "cpus"))
    if not clients.cpus:
        yield ("clients", "cpus"), "clients.cpus is an empty list; expected the CPUs that the clients run on."
    if clients.connections > limits.CONNECTIONS.value:
        text = f"clients.connections is {clients.connections}; expected at most {limits.CONNECTIONS.value:,}."
        yield ("clients", "connections"), text
    if isinstance(clients, ClosedLoopPart) and clients.think > limits.LONGEST_NS:
        yield ("clients", "think"), f"clients.think is {DURATION.text(clients.think)}; expected at most {limits.SIMULATED_DAYS.value} days."
    if isinstance(clients, OpenLoopPart):
        interval_ns = mean_interval_ns(clients.rate)
        if clients.rate > limits.ARRIVALS_PER_S.value or interval_ns > limits.LONGEST_NS:
            span = f"1 in {limits.SIMULATED_DAYS.value} days to {limits.ARRIVALS_PER_S.value:,} /s"
            yield ("clients", "rate"), f"clients.rate is outside of what can be simulated; expected {span}."


def _neighbours(scenario: Scenario) -> Iterator[Mistake]:
    yield from _beside(scenario, scenario.neighbours, [name for name, one in scenario.stacks.items() if one.neighbours is None], ())
    for name, one in scenario.stacks.items():
        yield from _beside(scenario, one.neighbours or (), [name], ("stacks", name))


def _beside(scenario: Scenario, neighbours: tuple[HogPart, ...], stacks: Collection[str], of: Path) -> Iterator[Mistake]:
    """Neighbours, and the stacks that they are beside."""
    if (many := sum(neighbour.count for neighbour in neighbours)) > limits.NEIGHBOURS.value:
        path: Path = (*of, "neighbours")
        yield path, f"{key_text(path)} are {many:,} in all; expected at most {limits.NEIGHBOURS.value:,}."
    guests = {name: [layer for layer in scenario.layers_of(name) if isinstance(layer, KvmPart)] for name in stacks}
    for index, neighbour in enumerate(neighbours):
        path = (*of, "neighbours", index)
        yield from _quota(neighbour.limit, neighbour.limit_period, (*path, "limit"))
        if neighbour.place == "host":
            yield from _cpus_exist(neighbour.cpus, scenario.machine.cpus, "the machine", (*path, "cpus"))
            continue
        for name, found in guests.items():
            if found:
                yield from _cpus_exist(neighbour.cpus, found[0].vcpus, f"the virtual machine of stack '{printable(name)}'", (*path, "cpus"))
            else:
                yield (*path, "place"), f"{key_text((*path, 'place'))} is 'guest'; stack '{printable(name)}' has no guest."


def _size(scenario: Scenario) -> Iterator[Mistake]:
    """Every CPU, worker, process of a connection and neighbour is a row in a table of each stack's machine."""
    beside = sum(neighbour.count for name in scenario.stacks for neighbour in scenario.neighbours_of(name))
    layers = [layer for name in scenario.stacks for layer in scenario.layers_of(name)]
    rows = sum(getattr(layer, key, 0) for layer in layers for key in ("vcpus", "workers"))
    rows += sum(layer.cpus for layer in layers if isinstance(layer, HardwarePart)) + beside
    rows += sum(layer.upstream.workers for layer in layers if isinstance(layer, NginxPart) and layer.upstream)
    rows += scenario.clients.connections * sum(isinstance(layer, MysqlPart | PostgresqlPart) for layer in layers)
    if rows > limits.ENTITIES.value:
        text = f"stacks have {rows:,} CPUs, virtual CPUs, workers and neighbours in all; expected at most {limits.ENTITIES.value:,}."
        yield ("stacks",), text


def _run(scenario: Scenario) -> Iterator[Mistake]:
    run = scenario.run
    if run.duration is not None and "requests" in run.model_fields_set:
        yield ("run", "duration"), "run.duration stands beside run.requests; expected one of them."
    if run.duration is None:
        in_all = run.requests * run.replications * len(scenario.stacks)
        if in_all > limits.REQUESTS_IN_ALL.value:
            text = f"run.requests makes {in_all:,} requests in all; expected at most {limits.REQUESTS_IN_ALL.value:,}."
            yield ("run", "requests"), text


def _targets(scenario: Scenario, stacks: Collection[str]) -> Iterator[Mistake]:
    for key, named in (("expect", scenario.expect), ("measured", scenario.measured)):
        for index, one in enumerate(named):
            if one.stack not in stacks:
                path: Path = (key, index, "stack")
                yield path, f"{key_text(path)} is '{printable(one.stack)}'; expected {choices(stacks)}.{nearest(one.stack, stacks)}"
    for index, figure in enumerate(scenario.measured):
        if figure.spread is not None and not figure.spread[0] <= figure.value <= figure.spread[1]:
            path = ("measured", index, "spread")
            yield path, f"{key_text(path)} does not hold the value; expected the quartiles below and above it."


def _titles(scenario: Scenario) -> Iterator[Mistake]:
    if not _visible(scenario.title.en):
        yield ("title",), "title is empty; expected a line that says what the scenario is."
    for name, one in scenario.stacks.items():
        if one.title is not None and not _visible(one.title.en):
            path: Path = ("stacks", name, "title")
            yield path, f"{key_text(path)} is empty; expected what the stack is called, or no title: then it has its name."


def _visible(text: str) -> bool:
    """Whether there is anything to see in it: a joiner or a mark of the reading direction is not."""
    return any(not character.isspace() and category(character)[0] != "C" for character in text)


def _captions(scenario: Scenario, stacks: Collection[str], named: Collection[str]) -> Iterator[Mistake]:
    for index, caption in enumerate(scenario.scene.captions if scenario.scene else ()):
        path: Path = ("scene", "captions", index)
        if caption.at is None and caption.answered is None:
            yield path, f"{key_text(path)} says no moment; expected `at` a time, or the stack that has `answered`."
        elif caption.at is not None and caption.answered is not None:
            yield (*path, "answered"), f"{key_text((*path, 'answered'))} stands beside {key_text((*path, 'at'))}; expected one of them."
        elif caption.answered is not None and stacks and caption.answered not in {*stacks, *named}:
            key = key_text((*path, "answered"))
            found = printable(caption.answered)
            yield (*path, "answered"), f"{key} is '{found}'; expected {choices(stacks)}.{nearest(caption.answered, stacks)}"
        if not _visible(caption.text.en):
            yield (*path, "text"), f"{key_text((*path, 'text'))} is empty; expected what it says."
