"""A real dockerd for a comparison: of its own folder, in network and mount namespaces of its own, with one image out of busybox."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

BUSYBOX = Path("/bin/busybox")
PATIENCE_S = 20


def missing() -> str:
    """What is not there that a real dockerd needs; "" if all is."""
    if os.geteuid() != 0:
        return "root"
    for name in ("dockerd", "containerd", "runc", "iptables", "unshare", "ip", "docker"):
        if shutil.which(name) is None:
            return name
    if not BUSYBOX.exists() or b"/ld-linux" in BUSYBOX.read_bytes():
        return "a busybox that is linked statically"
    tried = subprocess.run(["unshare", "--net", "--mount", "iptables", "-t", "nat", "-L"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "namespaces with iptables in them"


@contextlib.contextmanager
def real_engine(folder: Path) -> Iterator[str]:
    """Its host, as DOCKER_HOST names it. It is ended by its pid."""
    start = 'ip link set lo up; exec dockerd --data-root "$0/data" --exec-root "$0/exec" -H "unix://$0/s" --pidfile "$0/pid"'
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", start, str(folder)], stdout=log, stderr=log)
    host = f"unix://{folder}/s"
    try:
        ends = time.monotonic() + PATIENCE_S
        while subprocess.run(["docker", "-H", host, "version"], capture_output=True, check=False).returncode:
            assert process.poll() is None and time.monotonic() < ends, (folder / "log").read_text()[-2000:]
            time.sleep(0.1)
        subprocess.run(["docker", "-H", host, "import", "-", "alpine:latest"], input=_files(), check=True, capture_output=True)
        yield host
    finally:
        # else it gives each container that still runs ten seconds
        subprocess.run(["sh", "-c", "docker ps -q | xargs -r docker rm -f"], env={**os.environ, "DOCKER_HOST": host}, capture_output=True)
        process.terminate()
        process.wait(PATIENCE_S)


def _files() -> bytes:
    """A file system with busybox under all its names, and the users that the simulated image has."""
    names = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True).stdout.split()
    texts = {"etc/passwd": "root:x:0:0:root:/root:/bin/sh\npostgres:x:70:70:postgres:/var/lib/postgresql:/bin/sh\n",
             "etc/group": "root:x:0:\npostgres:x:70:\n"}  # fmt: skip
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as archive:
        for name in ("bin", "dev", "etc", "proc", "root", "sys", "tmp", "var", "usr"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            archive.addfile(folder)
        for path, content in {"bin/busybox": BUSYBOX.read_bytes(), **{name: text.encode() for name, text in texts.items()}}.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(content), 0o755 if path.startswith("bin") else 0o644
            archive.addfile(member, io.BytesIO(content))
        for name in names:
            if name != "busybox":
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
    return into.getvalue()
