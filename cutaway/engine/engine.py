"""One simulated Engine: its clock, its daemon, what it says of itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from cutaway import __version__
from cutaway.engine.live import Live
from cutaway.models.docker.daemon import RUNTIMES, Daemon

VERSION, COMMIT, BUILT = "28.2.2", "45873be", "2025-05-30T12:07:26.000000000+00:00"
"""The Engine that is imitated."""
COMPONENTS = (("containerd", "1.7.27", "05044ec0a9a75232cad458027ca83437aae3f4da"), ("runc", "1.2.5", "v1.2.5-0-g59923ef"),
              ("docker-init", "0.19.0", "de40ad0"))
SIMULATED = "Cutaway (simulation)"


@dataclass
class Engine:
    """What handlers work on."""

    daemon: Daemon
    live: Live
    most_archive_bytes: int = 64 * 1024 * 1024
    """Of a context, an image or files that a client sends, and of what they unpack to."""

    def version(self) -> dict[str, Any]:
        """`GET /version`."""
        machine = self.daemon.machine
        details = {"ApiVersion": "1.50", "Arch": "amd64", "BuildTime": BUILT, "Experimental": "false", "GitCommit": COMMIT,
                   "GoVersion": "go1.24.3",
                   "KernelVersion": machine.kernel, "MinAPIVersion": "1.24", "Os": "linux"}  # fmt: skip
        parts = [{"Name": name, "Version": version, "Details": {"GitCommit": commit}} for name, version, commit in COMPONENTS]
        return {
            "Platform": {"Name": f"{SIMULATED} {__version__}"}, "Components": [{"Name": "Engine", "Version": VERSION, "Details": details},
                                                                               *parts],
            "Version": VERSION, "ApiVersion": "1.50", "MinAPIVersion": "1.24", "GitCommit": COMMIT, "GoVersion": "go1.24.3", "Os": "linux",
            "Arch": "amd64", "KernelVersion": machine.kernel, "BuildTime": BUILT,
        }  # fmt: skip

    def info(self) -> dict[str, Any]:
        """`GET /info`."""
        from cutaway.engine.times import rfc3339

        daemon, machine = self.daemon, self.daemon.machine
        containers = daemon.containers.values()
        commits = {f"{key}Commit": {"ID": commit} for key, (_, _, commit) in zip(("Containerd", "Runc", "Init"), COMPONENTS, strict=True)}
        return {
            "ID": daemon.identities.seed and f"cutaway-{daemon.seed}", "Containers": len(containers),
            "ContainersRunning": sum(one.status in ("running", "restarting") for one in containers),
            "ContainersPaused": sum(one.paused for one in containers),
            "ContainersStopped": sum(one.status in ("created", "exited", "dead") for one in containers), "Images": len(daemon.images.by_id),
            "Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]],
            "Plugins": {"Volume": ["local"], "Network": ["bridge", "host", "null"], "Authorization": None,
                        "Log": ["json-file", "local", "none"]},
            "MemoryLimit": True, "SwapLimit": True, "CpuCfsPeriod": True, "CpuCfsQuota": True, "CPUShares": True, "CPUSet": True,
            "PidsLimit": True,
            "IPv4Forwarding": True, "Debug": False, "NFd": 0, "OomKillDisable": False, "NGoroutines": len(asyncio.all_tasks()),
            "SystemTime": rfc3339(daemon.now_ns),
            "LoggingDriver": "json-file", "CgroupDriver": "systemd", "CgroupVersion": str(machine.cgroup),
            "NEventsListener": len(daemon.events.listeners),
            "KernelVersion": machine.kernel, "OperatingSystem": f"{machine.operating_system}, simulated by Cutaway", "OSVersion": "",
            "OSType": "linux",
            "Architecture": machine.architecture, "IndexServerAddress": "https://index.docker.io/v1/",
            "RegistryConfig": {"IndexConfigs": {"docker.io": {"Mirrors": [], "Name": "docker.io", "Official": True, "Secure": True}},
                               "InsecureRegistryCIDRs": ["::1/128", "127.0.0.0/8"], "Mirrors": None},
            "NCPU": machine.cpus, "MemTotal": machine.memory, "GenericResources": None, "DockerRootDir": "/var/lib/docker", "HttpProxy": "",
            "HttpsProxy": "", "NoProxy": "", "Name": f"{machine.name} (simulated)", "Labels": [], "ExperimentalBuild": False,
            "ServerVersion": VERSION,
            "Runtimes": {name: {"path": name} for name in RUNTIMES}, "DefaultRuntime": "runc",
            "Swarm": {"NodeID": "", "NodeAddr": "", "LocalNodeState": "inactive", "ControlAvailable": False, "Error": "",
                      "RemoteManagers": None},
            "LiveRestoreEnabled": False, "Isolation": "", "InitBinary": "docker-init", **commits,
            "SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"], "ProductLicense": "", "Warnings": None, "CDISpecDirs": [],
        }  # fmt: skip
