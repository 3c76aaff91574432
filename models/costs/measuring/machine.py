"""What the measured machine is: processor, caches, kernel and its settings, mitigations, versions of the real parts.

What a machine does not tell is left empty, or 0.
"""
import gzip
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from cutaway.models.costs.measuring.needs import program

FLAGS_OF_NOTE = ("avx2", "avx512f", "amx_tile", "pcid", "tsc_deadline_timer", "constant_tsc", "nonstop_tsc", "vmmcall", "arat")
CLOCK, IDLE = "/sys/devices/system/clocksource/clocksource0", "/sys/devices/system/cpu/cpuidle"
HALT_POLL = "/sys/module/haltpoll/parameters"
VERSIONS = {
    "docker_engine": "dockerd --version", "docker_cli": "docker --version", "containerd": "containerd --version",
    "runc": "runc --version", "crun": "crun --version", "nginx": "nginx -v", "qemu": "qemu-system-x86_64 --version",
    "redis": "redis-server --version", "postgresql": "postgres --version", "gunicorn": "gunicorn --version",
    "wrk": "dpkg-query -W -f ${Version} wrk", "iptables": "iptables --version", "python": "python3 --version", "gcc": "gcc --version",
}


def machine(name: str) -> dict[str, Any]:
    return {
        "name": name, "date": time.strftime("%Y-%m-%d"), "kind": _kind(), "cpu": _cpu(), "caches": _caches(),
        "memory_bytes": int(_colons(_text("/proc/meminfo"))["MemTotal"].split()[0]) * 1024, "kernel": _kernel(),
        "mitigations": {path.name: path.read_text().strip() for path in sorted(Path("/sys/devices/system/cpu/vulnerabilities").glob("*"))},
        "cgroup_version": 2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1, "kvm": Path("/dev/kvm").exists(),
        "versions": {part: (_printed(command).splitlines() or ["not there"])[0] for part, command in VERSIONS.items()},
    }


def _kind() -> str:
    """A processor under a hypervisor says so."""
    cpu = _colons(_text("/proc/cpuinfo").split("\n\n")[0])
    return "virtual machine" if "hypervisor" in cpu.get("flags", "").split() else "bare metal, or a machine that does not tell"


def _cpu() -> dict[str, Any]:
    cpu, listed = _colons(_text("/proc/cpuinfo").split("\n\n")[0]), _colons(_printed("lscpu"))
    return {
        "model": cpu.get("model name") or listed.get("Model name", ""), "family": _whole(cpu.get("cpu family")),
        "model_number": _whole(cpu.get("model")), "stepping": _whole(cpu.get("stepping")), "cores": os.cpu_count(),
        "threads_per_core": _whole(listed.get("Thread(s) per core")) or 1,
        "bogomips": float(cpu.get("bogomips") or cpu.get("BogoMIPS") or 0),
        "flags_of_note": [flag for flag in FLAGS_OF_NOTE if flag in cpu.get("flags", "").split()],
    }


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def _caches() -> dict[str, str]:
    return {key.split()[0].lower(): value for key, value in _colons(_printed("lscpu")).items() if key.endswith(" cache")}


def _kernel() -> dict[str, Any]:
    config = _configuration()
    return {
        "release": os.uname().release, "hz": int((re.findall(r"CONFIG_HZ=(\d+)", config) or [0])[0]),
        "preempt": "none" if "CONFIG_PREEMPT_NONE=y" in config else "voluntary or full",
        "irq_time_accounting": "CONFIG_IRQ_TIME_ACCOUNTING=y" in config, "clocksource": _text(f"{CLOCK}/current_clocksource"),
        "cpuidle": _text(f"{IDLE}/current_driver"), "guest_halt_poll_ns": _text(f"{HALT_POLL}/guest_halt_poll_ns"),
        "transparent_hugepage": _text("/sys/kernel/mm/transparent_hugepage/enabled"),
        "autogroup": _text("/proc/sys/kernel/sched_autogroup_enabled"),
        "tcp_congestion_control": "cubic while measuring, in every namespace", "default_qdisc": _text("/proc/sys/net/core/default_qdisc"),
        "bridge_nf_call_iptables": _text("/proc/sys/net/bridge/bridge-nf-call-iptables"),
        "bpf_jit": _text("/proc/sys/net/core/bpf_jit_enable"), "mtu": {"lo": 65536, "veth": 1500, "docker0": 1500},
        "root_filesystem": _printed("findmnt -no FSTYPE /"),
    }


def _configuration() -> str:
    """What the kernel was built with, where it tells."""
    if (packed := Path("/proc/config.gz")).exists():
        return gzip.decompress(packed.read_bytes()).decode(errors="replace")
    return _text(f"/boot/config-{os.uname().release}")


def _text(path: str) -> str:
    return Path(path).read_text().strip() if os.access(path, os.R_OK) else ""


def _printed(command: str) -> str:
    name, *words = command.split()
    if not program(name):
        return ""
    ran = subprocess.run([program(name), *words], capture_output=True, text=True, check=False)
    return (ran.stdout or ran.stderr).strip()


def _colons(text: str) -> dict[str, str]:
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
