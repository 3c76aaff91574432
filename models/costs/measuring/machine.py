"""What the measured machine is: processor, caches, kernel and its settings, mitigations, versions of the real parts.

    python -m cutaway.models.costs.measuring.machine OUT.machine.json NAME
"""
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FLAGS_OF_NOTE = ("avx2", "avx512f", "amx_tile", "pcid", "tsc_deadline_timer", "constant_tsc", "nonstop_tsc", "vmmcall", "arat")
CLOCK, IDLE = "/sys/devices/system/clocksource/clocksource0", "/sys/devices/system/cpu/cpuidle"
HALT_POLL = "/sys/module/haltpoll/parameters"
VERSIONS = {
    "docker_engine": "dockerd --version", "docker_cli": "/usr/bin/docker --version", "containerd": "containerd --version",
    "runc": "runc --version", "crun": "crun --version", "nginx": "nginx -v", "qemu": "qemu-system-x86_64 --version",
    "wrk": "dpkg-query -W -f ${Version} wrk", "iptables": "iptables --version", "python": "python3 --version", "gcc": "gcc --version",
}


def machine(name: str) -> dict[str, Any]:
    return {
        "name": name, "date": time.strftime("%Y-%m-%d"), "kind": "virtual machine on a shared host", "cpu": _cpu(), "caches": _caches(),
        "memory_bytes": int(_colons(_text("/proc/meminfo"))["MemTotal"].split()[0]) * 1024, "kernel": _kernel(),
        "mitigations": {path.name: path.read_text().strip() for path in sorted(Path("/sys/devices/system/cpu/vulnerabilities").iterdir())},
        "cgroup_version": 1 if Path("/sys/fs/cgroup/cpuacct").exists() else 2, "kvm": "not used",
        "versions": {part: (_printed(command).splitlines() or ["not there"])[0] for part, command in VERSIONS.items()},
    }


def _cpu() -> dict[str, Any]:
    cpu = _colons(_text("/proc/cpuinfo").split("\n\n")[0])
    return {
        "model": cpu["model name"], "family": int(cpu["cpu family"]), "model_number": int(cpu["model"]), "stepping": int(cpu["stepping"]),
        "cores": os.cpu_count(), "threads_per_core": int(_colons(_printed("lscpu")).get("Thread(s) per core", 1)),
        "bogomips": float(cpu["bogomips"]), "flags_of_note": [flag for flag in FLAGS_OF_NOTE if flag in cpu["flags"].split()],
    }


def _caches() -> dict[str, str]:
    return {key.split()[0].lower(): value for key, value in _colons(_printed("lscpu")).items() if key.endswith(" cache")}


def _kernel() -> dict[str, Any]:
    config = _printed("zcat /proc/config.gz")
    return {
        "release": os.uname().release, "hz": int(re.findall(r"CONFIG_HZ=(\d+)", config)[0]),
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


def _text(path: str) -> str:
    return Path(path).read_text().strip() if Path(path).exists() else ""


def _printed(command: str) -> str:
    try:
        ran = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return (ran.stdout or ran.stderr).strip()


def _colons(text: str) -> dict[str, str]:
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(machine(sys.argv[2]), indent=1) + "\n")
