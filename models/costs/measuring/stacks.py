"""The real parts on trial: nginx native and in containers of a Docker Engine that lives in a network namespace of its own.

    cw-outside --veth-- cw-engine (dockerd, docker0, its iptables rules) --veth-- the containers

Data, sockets and the image lie in one temporary folder; everything started here is stopped by its process id, and the namespaces take
bridge and rules with them. No registry is asked: the image is the installed nginx with its libraries and busybox.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.models.costs.measuring.paths import namespaces, run

HOST, CLIENT, BRIDGE = "10.77.3.1", "10.77.3.2", "10.77.4.1"
NATIVE_PORT, PUBLISHED_PORT, CONTAINER_PORT = 8081, 18080, 80
HERE = Path(__file__).parent
IN_HOST, IN_CLIENT = ["nsenter", "--net=/run/netns/cw-engine"], ["nsenter", "--net=/run/netns/cw-outside"]
CONFIGURATION = """
worker_processes 1;
daemon off;
pid /run/nginx.pid;
error_log /dev/null;
events { worker_connections 4096; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    client_body_temp_path /run/body;
    proxy_temp_path /run/proxy;
    fastcgi_temp_path /run/fastcgi;
    uwsgi_temp_path /run/uwsgi;
    scgi_temp_path /run/scgi;
    server { listen %d; root /srv; }
}
"""


@dataclass
class Trial:
    """A running engine and what was made for it."""
    folder: Path
    engine: subprocess.Popen[bytes]

    @property
    def log(self) -> Path:
        return self.folder / "dockerd.log"

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def client(self) -> list[str]:
        return [*IN_HOST, "/usr/bin/docker", "-H", f"unix://{self.folder}/docker.sock"]

    def processes(self) -> list[int]:
        """The engine, containerd and its shims: their command lines name our folder. Shims are children of process 1."""
        ours = []
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and str(self.folder).encode() in (folder / "cmdline").read_bytes():
                    ours.append(int(folder.name))
            except OSError:
                continue
        return ours

    def docker(self, *arguments: str) -> str:
        return subprocess.run([*self.client, *arguments], check=True, capture_output=True, text=True).stdout.strip()

    def run_nginx(self, *options: str) -> str:
        return self.docker("run", "-d", *options, "nginx", "/stamp", "/usr/sbin/nginx", "-c", "/etc/nginx/container.conf")

    def inspect(self, container: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.docker("inspect", container))[0]
        return found

    def remove_all(self) -> None:
        if containers := self.docker("ps", "-aq").split():
            self.docker("rm", "-f", *containers)

    def native_nginx(self) -> subprocess.Popen[bytes]:
        """The same binaries as in the image, from the same root folder."""
        command = [*IN_HOST, "chroot", str(self.root), "/usr/sbin/nginx", "-c", "/etc/nginx/native.conf"]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]


def descendants(pid: int) -> list[int]:
    return [one for child in children(pid) for one in (child, *descendants(child))]


def named(pids: Sequence[int], name: str) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}/comm").read_text().strip() == name]


def pin(pid: int, cpu: int) -> None:
    subprocess.run(["taskset", "-acp", str(cpu), str(pid)], check=True, stdout=subprocess.DEVNULL)


def fill_root(root: Path) -> None:
    """nginx with the libraries that it is linked to, busybox, a stamp for the first instruction, and files to serve."""
    linked = re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", "/usr/sbin/nginx"], check=True, capture_output=True, text=True).stdout)
    for name in ("/usr/sbin/nginx", "/etc/nginx/mime.types", "/bin/busybox", "/etc/nsswitch.conf", *linked):
        target = root / name.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(Path(name).resolve(), target)
    for name in ("dev", "proc", "run", "srv", "sys", "tmp", "var/log/nginx", "var/lib/nginx"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/busybox\nnobody:x:65534:65534::/:/bin/false\nwww-data:x:33:33::/:/bin/false\n")
    (root / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\nwww-data:x:33:\n")
    for size in (612, 10240, 102400):
        (root / f"srv/f{size}").write_bytes(b"x" * size)
    (root / "etc/nginx/native.conf").write_text(CONFIGURATION % NATIVE_PORT)
    (root / "etc/nginx/container.conf").write_text(CONFIGURATION % CONTAINER_PORT)
    (root / "bin/sh").symlink_to("busybox")
    for path in root.rglob("*"):
        if path.is_file() and "srv" in path.parts:
            path.chmod(0o644)
    subprocess.run(["gcc", "-O2", "-static", "-o", root / "stamp", HERE / "stamp.c"], check=True)
    # A null device, as nginx wants one in its chroot.
    os.mknod(root / "dev/null", 0o666 | 0o020000, os.makedev(1, 3))


def wire() -> None:
    run("ip -n cw-outside link add up0 type veth peer name down0 netns cw-engine")
    for name, link, address in (("cw-outside", "up0", CLIENT), ("cw-engine", "down0", HOST)):
        run(f"ip -n {name} addr add {address}/24 dev {link}")
        run(f"ip -n {name} link set {link} up")
    run(f"ip -n cw-outside route add default via {HOST}")


@contextmanager
def workshop() -> Iterator[Path]:
    """A temporary folder, and the two namespaces with their wire."""
    folder = Path(tempfile.mkdtemp(prefix="cw-"))
    folder.chmod(0o755)
    with namespaces("cw-engine", "cw-outside"):
        try:
            wire()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def trial(userland_proxy: bool = True, debug: bool = True) -> Iterator[Trial]:
    with workshop() as folder:
        fill_root(folder / "root")
        with engine(folder, userland_proxy, debug) as one:
            yield one


@contextmanager
def engine(folder: Path, userland_proxy: bool, debug: bool) -> Iterator[Trial]:
    command = [
        *IN_HOST, "/usr/sbin/dockerd", *(["-D"] if debug else []), f"--userland-proxy={str(userland_proxy).lower()}",
        "--bip", f"{BRIDGE}/24", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec",
        "--pidfile", f"{folder}/pid", "-H", f"unix://{folder}/docker.sock"]
    with (folder / "dockerd.log").open("wb") as log:
        # The system's own directories first: what the distribution packages is what is measured.
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    one = Trial(folder, process)
    try:
        while not (folder / "docker.sock").exists():
            if process.poll() is not None:
                raise RuntimeError(f"dockerd has ended; its log ends with\n{one.log.read_text()[-2000:]}")
            time.sleep(0.1)
        archive = subprocess.Popen(["tar", "-C", str(one.root), "--exclude=./dev/*", "-c", "."], stdout=subprocess.PIPE)
        subprocess.run([*one.client, "import", "-", "nginx"], stdin=archive.stdout, check=True, stdout=subprocess.DEVNULL)
        yield one
    finally:
        if process.poll() is None:
            one.remove_all()
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        for mounted in re.findall(rf" ({folder}/\S*) ", Path("/proc/mounts").read_text()):
            subprocess.run(["umount", "-l", mounted], check=False)
        for hierarchy in Path("/sys/fs/cgroup").glob("*/docker"):
            subprocess.run(["rmdir", hierarchy], stderr=subprocess.DEVNULL, check=False)
