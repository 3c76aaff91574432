"""What outlives a process is noted before it is made, so that the next start removes what a killed one left behind.

Namespaces, cgroups and a setting of the kernel; servers end with this process by themselves (`ends_with_us`). One process measures at a
time: two would disturb each other.
"""
import ctypes
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cutaway.models.costs.measuring.problems import BusyError

RECORD = Path("/run/cutaway-measure.json")
PR_SET_PDEATHSIG = 1
GIVEN_OUR_FOLDER = ("dockerd", "containerd", "docker", "runc", "crun", "qemu-system", "redis", "postgres", "gunicorn")
_noted: list[list[str]] = []


def ends_with_us() -> None:
    """For a child, before it becomes its program: it is told to end when this process ends, however that happens."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def alone() -> Iterator[None]:
    """Removes what a killed process left; nobody else measures until the end. Without root nothing can be left behind."""
    if os.geteuid() != 0:
        yield
        return
    file = os.open(RECORD, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError("another cutaway measure is running on this machine") from None
        with suppress(ValueError):
            remove(json.loads(os.read(file, 1 << 20).decode() or "[]"))
        _noted.clear()
        RECORD.write_text("[]")
        try:
            yield
        finally:
            remove(_noted)                                                  # nothing is left, unless a clean-up has failed
            RECORD.unlink()
            fcntl.flock(file, fcntl.LOCK_UN)
    finally:
        os.close(file)


def note(kind: str, *about: str) -> None:
    """Before it is made: `namespace NAME`, `cgroup FOLDER`, `folder FOLDER`, `file FILE`, `setting FILE VALUE`."""
    _noted.append([kind, *about])
    if os.geteuid() == 0:
        RECORD.write_text(json.dumps(_noted))


def remove(noted: list[list[str]]) -> None:
    """What was made last goes first."""
    for kind, name, *value in reversed(noted):
        if kind == "namespace":
            remove_namespace(name)
        elif kind == "cgroup":
            remove_cgroups(name)
        elif kind == "folder":
            end_processes_of(Path(name))
            unmount_below(Path(name))
            shutil.rmtree(name, ignore_errors=True)
        elif kind == "file":
            Path(name).unlink(missing_ok=True)
        elif kind == "setting":
            Path(name).write_text(value[0])


def remove_namespace(name: str) -> None:
    if not Path(f"/run/netns/{name}").exists():
        return
    inside = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False).stdout.split()
    for pid in map(int, inside):                                            # our own threads may be among them
        if pid != os.getpid():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)


def remove_cgroups(pattern: str) -> None:
    """Ours have a name of their own; a hierarchy a folder, or one folder for all."""
    for top in (*Path("/sys/fs/cgroup").glob(f"*/{pattern}"), *Path("/sys/fs/cgroup").glob(pattern)):
        for folder in (*sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True), top):
            for pid in _members(folder):
                with suppress(ProcessLookupError, ValueError):
                    os.kill(int(pid), signal.SIGKILL)
            for _ in range(50):
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.02)


def _members(folder: Path) -> list[str]:
    try:
        return (folder / "cgroup.procs").read_text().split()
    except OSError:
        return []


def processes_of(folder: Path) -> list[int]:
    """Programs that lie in our folder, and an engine's or QEMU's that were given it; not somebody's who only looks into it."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):                                             # it has ended meanwhile, or is a thread of the kernel
            if entry.name.isdigit() and int(entry.name) != os.getpid() and (
                    str(folder) in str((entry / "exe").readlink())
                    or (str(folder).encode() in (entry / "cmdline").read_bytes()
                    and (entry / "comm").read_text().startswith(GIVEN_OUR_FOLDER))):
                found.append(int(entry.name))
    return found


def end_processes_of(folder: Path) -> None:
    for pid in processes_of(folder):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def unmount_below(folder: Path) -> None:
    for mounted in sorted(re.findall(rf" ({re.escape(str(folder))}\S*) ", Path("/proc/mounts").read_text()), reverse=True):
        subprocess.run(["umount", "-l", mounted], stderr=subprocess.DEVNULL, check=False)
