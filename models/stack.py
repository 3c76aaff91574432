"""Composes layers to a stack: the machine of a scenario, what its stack holds, and how it comes up.

Serves: `build`, from the parts of a scenario to a `Machine`; `memory_of` and `start_up`. The kinds of parts there are stand in
models/parts.py, who stands where in models/blueprint.py, from operations to steps in models/lowering.py.
Read first: models/layer.py, then docs/models/stack.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from cutaway.models import memory, startup
from cutaway.models.blueprint import Blueprint
from cutaway.models.clients import ClosedLoopPart, OpenLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.contention import Host
from cutaway.models.costs import Profile
from cutaway.models.docker import run as docker
from cutaway.models.docker.platforms.holding import held
from cutaway.models.docker.platforms.step import BRIDGED, OVERLAY, PUBLISHED, SECCOMP
from cutaway.models.lowering import NotServed, flat, lower
from cutaway.models.neighbours import HogPart
from cutaway.models.part import Part
from cutaway.models.parts import PROGRAMS, Parts, StackError
from cutaway.sim.clock import Clock, Process
from cutaway.sim.machine import Machine

__all__ = ["NotServed", "StackError", "build", "flat", "lower", "memory_of", "start_up", "start_up_phases"]


def build(
    name: str, stack: Sequence[Part], load: ClosedLoopPart | OpenLoopPart, profile: Profile, beside: Sequence[HogPart] = ()
) -> Machine:
    """The machine of one scenario: its stack (bottom to top), the load on it, and what computes beside it."""
    return Blueprint(Parts.of(stack), load, profile).machine(name, beside)


def memory_of(stack: Sequence[Part], profile: Profile) -> tuple[memory.Resident, ...]:
    """What the stack holds once it runs."""
    parts = Parts.of(stack)
    asked = asked_of(parts.docker) if parts.docker else None
    container = tuple(held(asked.engine, asked.runtime, asked.has >= {BRIDGED, PUBLISHED})) if asked else ()
    guest_memory = parts.kvm.memory if parts.kvm else 0
    programs = tuple(one for part in _programs(parts) for one in PROGRAMS[type(part)].program.holds(part))
    return memory.Memory(profile).of(memory.Footprint(programs, container, guest_memory))


def start_up(stack: Sequence[Part], start: startup.Start) -> Process:
    """From the command to a server that answers: a virtual machine, a container in it or on the host, the program."""
    parts = Parts.of(stack)
    if parts.kvm:
        yield from startup.virtual_machine(start)
    if parts.docker:
        yield from docker.run(start, asked_of(parts.docker))
    for part in _programs(parts):
        program = PROGRAMS[type(part)].program
        yield from startup.server_process(start, program.forks(part), program.thread, program.start_cost)


def asked_of(part: DockerPart) -> docker.Asked:
    """What an engine has to start for the part."""
    having = {
        BRIDGED: part.network == "bridge", PUBLISHED: part.publish != "none", OVERLAY: part.storage == "overlay2",
        SECCOMP: part.seccomp == "default",
    }  # fmt: skip
    return docker.Asked(frozenset(name for name, there in having.items() if there), part.engine, part.runtime or "")


def _programs(parts: Parts) -> tuple[Part, ...]:
    """The server program, after those that it asks itself."""
    return (*parts.served.program.behind(parts.program), parts.program)


def start_up_phases(stack: Sequence[Part], profile: Profile) -> list[startup.Phase]:
    """The phases of one start at the profile's values."""
    (start,) = starts_at_once(stack, profile, 1)
    return start.phases


def starts_at_once(stack: Sequence[Part], profile: Profile, count: int) -> list[startup.Start]:
    """Copies of a stack that are started at the same moment, and share the host."""
    clock = Clock(initial_time=0)
    host = Host(clock, Parts.of(stack).hardware.cpus)
    starts = [startup.Start(clock, profile, host=host) for _ in range(count)]
    for start in starts:
        clock.process(start_up(stack, start))
    clock.run()
    return starts
