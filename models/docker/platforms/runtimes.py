"""Runtimes: what makes a container of a bundle, and starts its program.

runc and crun make it of the host kernel's name spaces and cgroups. gVisor's runsc puts a kernel of its own, in user space, between program
and host. Kata starts a virtual machine for it. A new runtime is a new entry in RUNTIMES.
Not modelled: what the last two cost a request. Read first: docs/models/docker/platforms.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from cutaway.models.docker.platforms.step import SECCOMP, Step
from cutaway.models.layer import Held
from cutaway.models.units import MIB

DEFAULT = "runc"


@dataclass(frozen=True, slots=True)
class Kernel:
    """Of a sandbox: what a program in it sees instead of the host's."""

    release: str
    version: str
    messages: tuple[str, ...]
    """As its `dmesg` shows them."""
    root: tuple[str, str]
    """Source and type of the root file system, as its `mount` shows them."""
    memory: int | None = None
    """Bytes that it has; None for the host's."""
    cpus: int | None = None
    """That it has; None for the host's."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """One entry. An engine gives it two commands: `create`, in the midst of which the engine hands its network over, and `start`."""

    name: str
    shim: str
    """As containerd names it, and `docker run --runtime` takes it, too."""
    create: tuple[Step, ...]
    created: tuple[Step, ...]
    """The rest of it, after the hand-over."""
    start: tuple[Step, ...]
    kernel: Kernel | None = None
    """None where the container runs on the host's."""
    holds: tuple[Held, ...] = ()
    """What the host holds for a container that it made."""
    in_its_cgroup: bool = True
    """Whether that is charged to the container's cgroup."""


_CGROUPS = Step("kernel", "cgroups, one a controller", ("cgroups", "cgroup wait"), waits="cgroup wait")
_NAMESPACES_AND_CGROUPS = (Step("kernel", "name spaces", ("name spaces",)), _CGROUPS)


def _on_host(who: str, several_threads: bool) -> Runtime:
    """A runtime that asks the host's kernel for everything."""
    return Runtime(
        who, "io.containerd.runc.v2",
        create=(Step(who, "create: starts itself again inside", (f"{who} create",), several_threads=several_threads),
                *_NAMESPACES_AND_CGROUPS),
        created=(Step(who, "build and load the seccomp filter", ("seccomp load",), frozenset({SECCOMP})),),
        start=(Step(who, "start", (f"{who} start",), several_threads=several_threads),),
    )  # fmt: skip


RUNC, CRUN = _on_host("runc", several_threads=True), _on_host("crun", several_threads=False)
RUNSC = Runtime(
    "runsc", "io.containerd.runsc.v1",
    create=(Step("runsc", "create: starts gofer and sentry, a kernel in user space", ("runsc create",), several_threads=True),
            *_NAMESPACES_AND_CGROUPS),
    created=(),
    start=(Step("sentry", "boots: loads the program, mounts through the gofer", ("runsc start",), several_threads=True),),
    kernel=Kernel("4.4.0", "#1 SMP Sun Jan 10 15:06:54 PST 2016", (
        "[   0.000000] Starting gVisor...",
        "[   0.535214] Forking spaghetti code...",
        "[   0.898690] Singleplexing /dev/ptmx...",
        "[   1.034504] Reticulating splines...",
        "[   1.242722] Constructing home...",
        "[   2.808487] Setting up VFS...",
        "[   2.983282] Setting up FUSE...",
        "[   3.389132] Ready!",
    ), ("none", "9p")),
    holds=(Held("sentry", "host kernel", "sentry memory"), Held("gofer", "host kernel", "gofer memory"),
           Held("runsc: program", "host kernel", "runsc shared memory", once_a_host=True)),
)  # fmt: skip
"""Kernel and messages as `runsc` of December 2022 showed them; it counts its seconds itself, and shuffles its jokes."""
KATA_MEMORY, KATA_CPUS = 2048 * MIB, 1
"""`default_memory` and `default_vcpus` of Kata's configuration; that limits of a container plug more of both is not modelled."""
KATA = Runtime(
    "kata-runtime", "io.containerd.kata.v2",
    create=(Step("QEMU", "start, set up the machine", ("QEMU start", "QEMU to firmware")),
            Step("firmware", "find the kernel", ("firmware",)),
            Step("firmware", "load the kernel, which is not packed", ("kernel load",)),
            Step("guest kernel", "devices, root file system, first process", ("kernel start",)),
            Step("kata-agent", "starts in the guest, shares the root file system, makes the container", ("kata agent",)),
            _CGROUPS),
    created=(),
    start=(Step("kata-agent", "start", ("kata agent start",)),),
    kernel=Kernel("6.12.28", "#1 SMP", (
        "[    0.000000] Linux version 6.12.28 (kata)",
        "[    0.000000] Command line: tsc=reliable no_timer_check panic=1 systemd.unit=kata-containers.target",
        "[    0.000000] Hypervisor detected: KVM",
    ), ("kataShared", "virtiofs"), KATA_MEMORY, KATA_CPUS),
    in_its_cgroup=False,
    holds=(Held("QEMU", "hypervisor", "QEMU memory"), Held("guest's operating system", "guest kernel", "guest system memory")),
)  # fmt: skip
"""Kernel and command line are those of a Kata 3.18 (Hacker News 44484598); the kernel's further messages are left out."""
RUNTIMES = {one.name: one for one in (CRUN, KATA, RUNC, RUNSC)}
"""By the name that an Engine's configuration gives them."""


def runtime_of(name: str) -> Runtime | None:
    """By its name or its shim's, which runc and crun share: it means runc. None if there is none."""
    return RUNTIMES.get(name) or next((one for one in (RUNC, *RUNTIMES.values()) if name == one.shim), None)


def shim_binary(name: str) -> str:
    """The program that containerd takes a name for, as containerd-shim-runc-v2 for io.containerd.runc.v2; "" where it takes it for none."""
    parts = name.split(".")
    return "" if len(parts) < 2 or not parts[0] or "/" in name else f"containerd-shim-{parts[-2]}-{parts[-1]}"
