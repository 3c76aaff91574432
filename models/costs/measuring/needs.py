"""What must be there to measure something, what changes the machine, and what is said where it is missing or not allowed."""
import os
import shutil
from functools import cache
from pathlib import Path

from cutaway.models.costs.measuring.points import Settings

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
"""The system's own directories come first: what the distribution packages is what is measured."""
WHY_NOT = {
    "choice of congestion control": "CUBIC not allowed as congestion control",
    "root": "not root", "two CPUs": "only one CPU", "three CPUs": "fewer than three CPUs",
    "gcc": "no C compiler (gcc)", "ip": "no ip (iproute2)", "iptables": "no iptables",
    "busybox": "no busybox", "docker": "no docker", "dockerd": "no docker (dockerd)", "docker-proxy": "no docker-proxy",
    "containerd": "no containerd", "ctr": "no ctr (containerd)", "runc": "no runc", "crun": "no crun", "runsc": "no runsc (gVisor)",
    "podman": "no podman", "nginx": "no nginx", "wrk": "no wrk",
    "qemu-system-x86_64": "no QEMU (qemu-system-x86_64)", "nsenter": "no nsenter (util-linux)", "taskset": "no taskset (util-linux)",
    "redis-server": "no Redis (redis-server)", "redis-benchmark": "no redis-benchmark", "postgres": "no PostgreSQL (postgres)",
    "pgbench": "no pgbench", "initdb": "no initdb", "setpriv": "no setpriv (util-linux)", "unshare": "no unshare (util-linux)",
    "gunicorn": "no gunicorn",
    "kvm": "no KVM (/dev/kvm)", "tun": "no /dev/net/tun",
    "guest kernel": "no kernel for a guest: --kernel FOLDER, with boot/vmlinuz-* and lib/modules", "cgroups": "no cgroup controllers",
}
NAMESPACES = frozenset({"root", "gcc", "ip", "iptables", "nsenter", "taskset"})
ENGINE = NAMESPACES | {"docker", "dockerd", "containerd", "runc", "nginx", "busybox", "an engine"}
GUEST = NAMESPACES | {"qemu-system-x86_64", "guest kernel", "nginx", "busybox", "tun"}
CHANGES = {
    "an engine": "start a Docker Engine of its own (its own folder, socket and network namespace; its containers' cgroups and mounts)",
    "own cgroups": "make cgroups of its own and put its processes there",
    "cubic": "add cubic to net.ipv4.tcp_allowed_congestion_control for the time being",
}
"""What goes beyond loopback and network namespaces of its own, and is asked for."""
ALLOWED_CONGESTION = Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control")


@cache
def program(name: str) -> str:
    """Where it is; "" where it is not."""
    places = [SYSTEM_PATH, os.environ.get("PATH", ""), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))]
    return shutil.which(name, path=os.pathsep.join(places)) or ""


def missing(need: str, settings: Settings) -> str:
    """Why something cannot be had here; "" where it can, or where it is a change that is asked for."""
    if need in CHANGES:
        return ""
    if need == "root":
        there = os.geteuid() == 0
    elif need == "choice of congestion control":
        there = os.geteuid() == 0 or cubic_allowed()
    elif need == "two CPUs":
        there = len(os.sched_getaffinity(0)) >= 2
    elif need == "three CPUs":
        there = len(os.sched_getaffinity(0)) >= 3
    elif need == "guest kernel":
        there = guest_kernel(settings.kernel) is not None
    elif need == "kvm":
        there = os.access("/dev/kvm", os.R_OK | os.W_OK)
    elif need == "tun":
        there = Path("/dev/net/tun").exists()
    elif need == "cgroups":
        there = Path("/sys/fs/cgroup/cpu/cpu.shares").exists() or Path("/sys/fs/cgroup/cgroup.subtree_control").exists()
    else:
        there = bool(program(need))
    return "" if there else WHY_NOT[need]


def changes(needs: frozenset[str]) -> frozenset[str]:
    """Which of them change the machine beyond loopback and namespaces of its own."""
    asked = set(needs & CHANGES.keys())
    if "ip" in needs and not cubic_allowed():
        asked.add("cubic")
    return frozenset(asked)


def cubic_allowed() -> bool:
    """Whether any program may choose it."""
    return ALLOWED_CONGESTION.exists() and "cubic" in ALLOWED_CONGESTION.read_text().split()


def guest_kernel(folder: Path) -> Path | None:
    """The newest kernel of a folder that has its modules beside it, and may be read."""
    kernels = [
        path for path in folder.glob("boot/vmlinuz-*")
        if os.access(path, os.R_OK) and (folder / "lib/modules" / path.name.removeprefix("vmlinuz-")).is_dir()
    ]
    return max(kernels, key=lambda path: path.stat().st_mtime, default=None)
