"""Capabilities and security options that a client asks for: which there are. What they allow is not simulated, but seccomp's price."""

from __future__ import annotations

from cutaway.models.docker.errors import InvalidError
from cutaway.models.docker.specification import HostConfig

CAPABILITIES = (
    "AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID "
    "IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW "
    "PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO "
    "SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM"
)
"""capabilities(7)."""
_WITH_A_VALUE = ("label", "apparmor", "seccomp", "no-new-privileges", "systempaths", "writable-cgroups")
_ALONE = ("no-new-privileges", "disable")


def check_privileges(host: HostConfig) -> None:
    """Raises InvalidError."""
    for asked, what in ((host.cap_add, "CapAdd"), (host.cap_drop, "CapDrop")):
        for one in asked or []:
            name = one.upper().removeprefix("CAP_")
            if name != "ALL" and name not in CAPABILITIES.split():
                raise InvalidError(f'invalid {what}: unknown capability: "CAP_{name}"')
    for option in host.security_opt or []:
        key, separator, _ = option.replace(":", "=", 1).partition("=") if "=" not in option else option.partition("=")
        if not separator and option not in _ALONE:
            raise InvalidError(f'invalid --security-opt 1: "{option}"')
        if separator and key not in _WITH_A_VALUE:
            raise InvalidError(f'invalid --security-opt 2: "{option}"')
