"""What is in the base layers of distributions, as far as simulated programs look at it."""

from __future__ import annotations

from collections.abc import Iterable

from cutaway.models.docker.filesystem.nodes import Node, directory, file, link
from cutaway.models.docker.processes.exec import binary

_FOLDERS = ("/bin", "/dev", "/etc", "/home", "/lib", "/media", "/mnt", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp",
            "/usr",
            "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/sbin", "/usr/share", "/var", "/var/cache", "/var/lib", "/var/log",
            "/var/opt", "/var/run", "/var/tmp")  # fmt: skip
BUSYBOX = (
    "basename", "cat", "chmod", "chown", "cp", "date", "dd", "df", "dirname", "dmesg",
    "echo", "env", "false", "find", "free", "getent", "grep",
    "head",
    "hostname", "id", "ip", "kill", "ln", "ls", "mkdir", "mount", "mv", "nproc", "nslookup", "ping", "printenv", "printf", "ps", "pwd",
    "readlink",
    "rm", "rmdir", "seq", "sh", "sleep", "sort", "stat", "tail", "tee", "test", "top", "touch", "true", "tty", "uname", "wc", "wget",
    "which",
    "whoami", "yes", "[",
)  # fmt: skip
_IN_SBIN = ("ip",)
USERS = (
    ("root", 0, 0, "/root", "sh"), ("bin", 1, 1, "/bin", "nologin"), ("daemon", 2, 2, "/sbin", "nologin"),
    ("adm", 3, 4, "/var/adm", "nologin"),
    ("mail", 8, 12, "/var/mail", "nologin"), ("postgres", 70, 70, "/var/lib/postgresql", "sh"), ("nobody", 65534, 65534, "/", "nologin"),
)  # fmt: skip
GROUPS = (
    ("root", 0, "root"), ("bin", 1, "root,bin,daemon"), ("daemon", 2, "root,bin,daemon"), ("sys", 3, "root,bin,adm"),
    ("adm", 4, "root,adm,daemon"),
    ("tty", 5, ""), ("disk", 6, "root,adm"), ("lp", 7, "lp"), ("mem", 8, ""), ("kmem", 9, ""), ("wheel", 10, "root"),
    ("floppy", 11, "root"),
    ("mail", 12, "mail"), ("dialout", 20, "root"), ("tape", 26, "root"), ("video", 27, "root"), ("users", 100, "games"),
    ("postgres", 70, ""),
    ("nogroup", 65533, ""), ("nobody", 65534, ""),
)  # fmt: skip


def of_busybox(release: str, shell: str = "/bin/sh") -> dict[str, Node | None]:
    """Alpine and busybox: one binary with a link for each of its names."""
    found = _common(release, shell)
    found["/bin/busybox"] = binary("busybox")
    for name in BUSYBOX:
        found[f"{'/sbin' if name in _IN_SBIN else '/bin'}/{name}"] = link("/bin/busybox")
    return found


def of_gnu(release: str) -> dict[str, Node | None]:
    """Debian and Ubuntu: a binary of its own for each program, /bin a link to /usr/bin.

    Their images come without procps and iproute2. Here they have ps, top, free and ip all the same: a lecture looks into them.
    """
    found = _common(release, "/bin/bash")
    for name in ("bin", "sbin", "lib"):
        found[f"/{name}"] = link(f"usr/{name}")
    for name in (*BUSYBOX, "bash", "dash"):
        found[f"/usr/bin/{name}"] = binary("sh" if name in ("bash", "dash") else name)
    found["/usr/bin/sh"] = link("dash")
    return found


def _common(release: str, shell: str) -> dict[str, Node | None]:
    found: dict[str, Node | None] = {path: directory(0o1777 if path.endswith("/tmp") else 0o755) for path in _FOLDERS}
    found["/etc/os-release"] = file(release.encode())
    found["/etc/passwd"] = _table(f"{name}:x:{uid}:{gid}:{name}:{home}:{shell if kind == 'sh' else '/sbin/nologin'}"
                                  for name, uid, gid, home, kind in USERS)  # fmt: skip
    found["/etc/group"] = _table(f"{name}:x:{gid}:{members}" for name, gid, members in GROUPS)
    return found


def _table(lines: Iterable[str]) -> Node:
    return file("".join(f"{line}\n" for line in lines).encode())
