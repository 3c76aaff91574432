"""What starts and what stays: parts of `docker run` by phase, and the memory of what runs then."""

from __future__ import annotations

from cutaway.models.costs.rule import Sight, direct, rule
from cutaway.models.costs.rules.ids import BY_STARTING, UNCHANGED, micro
from cutaway.models.units import MS

direct(
    {
        "fork and exec": (micro("fork-exec-wait-static"),),
        "fork": (micro("fork-exit-wait"),),
        "overlay mount": (micro("overlay-mount-1lower", params="lower_dirs=1"),),
        "veth pair": (micro("veth-pair-create"),),
        "bridge port": (micro("veth-attach-bridge"),),
        "interface up": (micro("veth-up-host-side"),),
        "veth move": (micro("veth-move-to-netns"),),
        "iptables rule": (micro("iptables-rule-add-incl-process"),),
        "name spaces": (micro("unshare-docker5"),),
    }
)

HIERARCHIES = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "systemd", "unified")


@rule("cgroups", "sum of ten mkdir and ten attach")
def _cgroups(row: Sight) -> float:
    return sum(row(micro(f"cgroup-{what}-{one}")) for what in ("mkdir", "attach") for one in HIERARCHIES)


def phase(name: str) -> str:
    """A phase of `docker run`, with nothing else running."""
    return f"lifecycle.docker-run-d-p-18080-80-nginx-by-phase.docker-proxy.running_before=0.phase_{name}"


def oci(runtime: str, metric: str) -> str:
    """A step of a container's life by the runtime alone, without Docker and without a network of its own."""
    return f"lifecycle.oci-runtime-create-start-delete.{runtime}.network_namespace=host.{metric}"


RUNC_CREATE = oci("runc", "create")

direct({"containerd task": (phase("start_bundle_to_containerd"),)}, UNCHANGED)
direct(
    {
        "docker command": (phase("cli_and_ping"),),
        "shim start": (phase("shim_start"),),
        "runc start": (oci("runc", "start"),),
        "crun start": (oci("crun", "start"),),
    },
    BY_STARTING,
)


@rule("nginx start", "from fork to the first answer, less fork and exec and half the polling interval of 1 ms", scaling=UNCHANGED)
def _nginx_start(row: Sight) -> float:
    return row("lifecycle.nginx-as-a-plain-process-fork-to-first-200.native.total_first_200") - row.priced("fork and exec") - 0.5 * MS


@rule("docker create", "the phase less the mount, priced apart", scaling=UNCHANGED)
def _docker_create(row: Sight) -> float:
    return row(phase("api_create")) - row.priced("overlay mount")


@rule("docker network", "the phase less veth pair, bridge port and six rules, priced apart", scaling=UNCHANGED)
def _docker_network(row: Sight) -> float:
    return row(phase("start_network")) - row.priced("veth pair") - row.priced("bridge port") - 6 * row.priced("iptables rule")


@rule("task start", "runc start under Docker less runc's by itself", scaling=UNCHANGED)
def _task_start(row: Sight) -> float:
    return row(phase("runc_start")) - row(oci("runc", "start"))


def _in_the_kernel(row: Sight) -> float:
    """What a runtime's create holds that is priced apart."""
    return row.priced("name spaces") + row.priced("cgroups") + row.priced("cgroup wait")


APART = "without a network of its own, less name spaces, cgroups and their wait, priced apart"


@rule("runc create", APART, scaling=BY_STARTING)
def _runc_create(row: Sight) -> float:
    return row(RUNC_CREATE) - _in_the_kernel(row)


@rule("crun create", APART, scaling=BY_STARTING)
def _crun_create(row: Sight) -> float:
    return row(oci("crun", "create")) - _in_the_kernel(row)


@rule(
    "network hook",
    "runc create with the network less the same without, the move and the filter, priced apart",
    scaling=BY_STARTING,
)
def _network_hook(row: Sight) -> float:
    with_network = row(phase("runc_create_until_network_done")) + row(phase("runc_create_after_network"))
    return with_network - row(RUNC_CREATE) - row.priced("veth move") - row.priced("seccomp load")


# memory


def memory_of(process: str, metric: str, stack: str = "docker-proxy", running: int = 10) -> str:
    """A row of one process's memory."""
    return f"memory.memory-of-{process}-one-process.{stack}.running={running}.{metric}"


direct(
    {
        "nginx master memory": (memory_of("nginx-master", "private"),),
        "nginx worker memory": (memory_of("nginx-worker", "private"),),
        "shim memory": (memory_of("containerd-shim", "private"),),
        "docker-proxy memory": (memory_of("docker-proxy", "private"),),
        "container kernel memory": ("memory.memory-cgroup-of-one-nginx-container.docker-proxy.running=10.kmem",),
        "dockerd memory": (memory_of("dockerd", "pss", running=0),),
        "containerd memory": (memory_of("containerd", "pss", running=0),),
    },
    UNCHANGED,
)


@rule("nginx shared memory", "proportional pages of one master and one worker alone less what each has for itself", scaling=UNCHANGED)
def _nginx_shared(row: Sight) -> float:
    alone = sum(row(memory_of(f"nginx-{which}", "pss", "native", 1)) for which in ("master", "worker"))
    return alone - row.cost("nginx master memory") - row.cost("nginx worker memory")


@rule("shim shared memory", "resident less private", scaling=UNCHANGED)
def _shim_shared(row: Sight) -> float:
    return row(memory_of("containerd-shim", "rss")) - row.cost("shim memory")


@rule("docker-proxy shared memory", "resident less private", scaling=UNCHANGED)
def _proxy_shared(row: Sight) -> float:
    return row(memory_of("docker-proxy", "rss")) - row.cost("docker-proxy memory")
