"""Engines: what a command goes through until a runtime is called, and afterwards.

Docker's goes to a daemon, which goes to containerd, which starts a shim. containerd alone has no dockerd above it. Podman has no daemon at
all: the command itself makes the container, and leaves conmon behind, which holds it. A new engine is a new entry in ENGINES.
Not modelled: pulling an image, restart policies, rootless containers. Read first: docs/models/docker/platforms.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from cutaway.models.docker.platforms.step import BRIDGED, OVERLAY, PUBLISHED, RTNL, Step

IPTABLES_RULES = 6
"""Calls of iptables for one published port, as dockerd's log shows."""


@dataclass(frozen=True, slots=True)
class Holder:
    """What stays beside a container and holds its ends, with the costs of its own memory, and of its program's, once a host."""

    who: str
    memory: str
    program: str


@dataclass(frozen=True, slots=True)
class Engine:
    """One entry. The runtime creates between `prepare` and `hand_over`, and starts after `begin`."""

    name: str
    command: tuple[Step, ...]
    create: tuple[Step, ...]
    prepare: tuple[Step, ...]
    hand_over: tuple[Step, ...]
    begin: tuple[Step, ...]
    runtime: str
    """That it takes if none is named."""
    holder: Holder
    daemons: tuple[str, ...] = ()
    """What runs however many containers there are."""


_OVERLAY = Step("kernel", "mount the overlay", ("overlay mount",), frozenset({OVERLAY}))
_VETH = Step("kernel", "veth pair, bridge port, interfaces up", ("veth pair", "bridge port", "interface up"), frozenset({BRIDGED}),
             holds=RTNL)  # fmt: skip
_RULES = Step("iptables", "rules for the published port", (("iptables rule", IPTABLES_RULES),), frozenset({BRIDGED, PUBLISHED}))
_MOVE = Step("kernel", "move the veth end into the name space", ("veth move",), frozenset({BRIDGED}), waits="veth move", holds=RTNL)
_SHIM = (Step("containerd", "bundle, task", ("containerd task",), several_threads=True),
         Step("containerd-shim", "the shim starts, twice", ("shim start",), several_threads=True))  # fmt: skip
_TASK = (Step("containerd", "has the shim start the task", ("task start",), several_threads=True),)
_HOLDING_SHIM = Holder("containerd-shim", "shim memory", "shim shared memory")

DOCKER = Engine(
    "docker",
    command=(Step("docker", "the command starts and finds the daemon", ("docker command",), several_threads=True),),
    create=(Step("dockerd", "create: configuration, layers", ("docker create",), several_threads=True),),
    prepare=(_OVERLAY, _VETH,
             Step("dockerd", "addresses, endpoint", ("docker network",), frozenset({BRIDGED}), several_threads=True),
             _RULES, *_SHIM),
    hand_over=(Step("dockerd", "started again as a hook, to hand the interface over", ("network hook",), frozenset({BRIDGED}),
                    several_threads=True), _MOVE),
    begin=_TASK, runtime="runc", holder=_HOLDING_SHIM, daemons=("dockerd", "containerd"),
)  # fmt: skip
CONTAINERD = Engine(
    "containerd",
    command=(Step("ctr", "the command starts and finds containerd", ("ctr command",), several_threads=True),),
    create=(),
    prepare=(_OVERLAY, *_SHIM),
    hand_over=(_VETH, _MOVE, Step("CNI", "plugins: addresses, routes", ("CNI plugins",), frozenset({BRIDGED}), several_threads=True),
               _RULES),
    begin=_TASK, runtime="runc", holder=_HOLDING_SHIM, daemons=("containerd",),
)  # fmt: skip
PODMAN = Engine(
    "podman",
    command=(Step("podman", "the command starts, locks its store, makes the container", ("podman command",), several_threads=True),),
    create=(),
    prepare=(_OVERLAY, _VETH, _MOVE, Step("netavark", "addresses, routes", ("netavark",), frozenset({BRIDGED})), _RULES,
             Step("conmon", "starts, and will hold the container", ("fork and exec",))),
    hand_over=(), begin=(), runtime="crun", holder=Holder("conmon", "conmon memory", "conmon shared memory"),
)  # fmt: skip
ENGINES = {one.name: one for one in (CONTAINERD, DOCKER, PODMAN)}
