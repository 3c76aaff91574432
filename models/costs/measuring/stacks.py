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
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.models.costs.measuring.cgroups import OURS
from cutaway.models.costs.measuring.leftovers import end_processes_of, ends_with_us, note, remove_cgroups, unmount_below
from cutaway.models.costs.measuring.needs import SYSTEM_PATH, program
from cutaway.models.costs.measuring.paths import namespaces, run
from cutaway.models.costs.measuring.points import Bench
from cutaway.models.costs.measuring.problems import MeasuringError
from cutaway.models.costs.measuring.programs import programs

HOST, CLIENT, BRIDGE = "10.77.3.1", "10.77.3.2", "10.77.4.1"
NATIVE_PORT, PUBLISHED_PORT, CONTAINER_PORT = 8081, 18080, 80
SIZES = (612, 10240, 102400, 1048576)
ENGINE_STARTS_S, ENDS_S = 30, 10
KEY = Path("/etc/docker/key.json")
CONFIGURATIONS = (
    ("native", NATIVE_PORT, 1), ("native-2", NATIVE_PORT + 1, 2), ("container", CONTAINER_PORT, 1), ("container-2", CONTAINER_PORT, 2),
    *((f"host-{port}", port, 1) for port in range(82, 86)))
IN_HOST, IN_CLIENT = ["nsenter", "--net=/run/netns/cw-engine"], ["nsenter", "--net=/run/netns/cw-outside"]
CONFIGURATION = """
worker_processes {workers};
daemon off;
pid /run/nginx-{port}.pid;
error_log /dev/null;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    client_body_temp_path /run/body;
    proxy_temp_path /run/proxy;
    fastcgi_temp_path /run/fastcgi;
    uwsgi_temp_path /run/uwsgi;
    scgi_temp_path /run/scgi;
    server {{ listen {port}; root /srv; }}
}}
"""


@dataclass
class Engine:
    """A running engine of ours, and the root folder that its image was made from."""
    folder: Path
    root: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> Path:
        return self.folder / "dockerd.log"

    @property
    def client(self) -> list[str]:
        return [*IN_HOST, program("docker"), "-H", f"unix://{self.folder}/docker.sock"]

    def docker(self, *arguments: str, timeout_s: float = 60) -> str:
        try:
            ran = subprocess.run([*self.client, *arguments], capture_output=True, text=True, check=False, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise MeasuringError(f"docker {arguments[0]} has not ended within {timeout_s:g} s") from None
        if ran.returncode:
            said = (ran.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise MeasuringError(f"docker {arguments[0]} fails: {said}")
        return ran.stdout.strip()

    def run_nginx(self, *options: str, configuration: str = "container") -> str:
        return self.docker("run", "-d", *options, "nginx", "/stamp", "/usr/sbin/nginx", "-c", f"/etc/nginx/{configuration}.conf")

    def inspect(self, container: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.docker("inspect", container))[0]
        return found

    def pid(self, container: str) -> int:
        return int(self.inspect(container)["State"]["Pid"])

    def remove(self, *containers: str) -> None:
        """In a folder and behind a socket that are ours, so nobody else's can be meant."""
        if containers:
            self.docker("rm", "-f", *containers)


@contextmanager
def root(bench: Bench) -> Iterator[Path]:
    """What image, chroot and guest have: nginx with the libraries that it is linked to, busybox, our programs, and files to serve."""
    folder, built = bench.folder / "root", bench.keep(programs)
    linked = re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", program("nginx")], check=True, capture_output=True, text=True).stdout)
    copied = {"/usr/sbin/nginx": program("nginx"), "/bin/busybox": program("busybox"), **{name: name for name in linked}}
    copied |= {name: name for name in ("/etc/nginx/mime.types", "/etc/nsswitch.conf") if Path(name).exists()}
    for name, source in copied.items():
        target = folder / name.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(Path(source).resolve(), target)
    for name in ("dev", "etc/nginx", "proc", "run", "srv", "sys", "tmp", "var/log/nginx", "var/lib/nginx", "volume"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "etc/passwd").write_text("root:x:0:0::/:/bin/busybox\nnobody:x:65534:65534::/:/bin/false\nwww-data:x:33:33::/:/bin/false\n")
    (folder / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\nwww-data:x:33:\n")
    for size in SIZES:
        (folder / f"srv/f{size}").write_bytes(b"x" * size)
    for name, port, workers in CONFIGURATIONS:
        (folder / f"etc/nginx/{name}.conf").write_text(CONFIGURATION.format(port=port, workers=workers))
    for name in ("lower", "ext4-volume"):                                   # what `costs` reads, by file system
        (folder / name).mkdir()
        (folder / name / "measured").write_bytes(bytes(4096))
    for source in built.iterdir():
        shutil.copy2(source, folder / source.name)
    (folder / "bin/sh").symlink_to("busybox")
    for path in (folder / "srv").iterdir():
        path.chmod(0o644)
    if os.geteuid() == 0:                                                   # a null device, as nginx wants one in its chroot
        os.mknod(folder / "dev/null", 0o666 | 0o020000, os.makedev(1, 3))
    yield folder


@contextmanager
def wire(bench: Bench) -> Iterator[None]:
    """The two namespaces of engine and client."""
    bench.keep(namespaces, "cw-engine", "cw-outside")
    run("ip -n cw-outside link add up0 type veth peer name down0 netns cw-engine")
    for name, link, address in (("cw-outside", "up0", CLIENT), ("cw-engine", "down0", HOST)):
        run(f"ip -n {name} addr add {address}/24 dev {link}")
        run(f"ip -n {name} link set {link} up")
    run(f"ip -n cw-outside route add default via {HOST}")
    yield


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A server of ours: out of reach of a Ctrl-C on the terminal, which is ours to handle; it ends with the block, or with us."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        preexec_fn=ends_with_us, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def native_nginx(bench: Bench, configuration: str = "native") -> Iterator[subprocess.Popen[bytes]]:
    """The same binaries as in the image, from the same root folder."""
    bench.keep(wire)
    command = [*IN_HOST, "chroot", str(bench.keep(root)), "/usr/sbin/nginx", "-c", f"/etc/nginx/{configuration}.conf"]
    with started(command) as process:
        yield process


@contextmanager
def key(bench: Bench) -> Iterator[None]:
    """Older engines make one outside of all their folders; where none was, none stays."""
    if KEY.exists():
        yield
        return
    note("file", str(KEY))
    try:
        yield
    finally:
        KEY.unlink(missing_ok=True)


@contextmanager
def engine(bench: Bench) -> Iterator[Engine]:
    """dockerd with a folder, a socket, a parent of cgroups and a network namespace of its own; its image is our root folder."""
    bench.keep(wire)
    source, folder = bench.keep(root), bench.folder
    command = [
        *IN_HOST, program("dockerd"), "-D", "--config-file", f"{folder}/daemon.json", "--userland-proxy=true", "--bip", f"{BRIDGE}/24",
        "--cgroup-parent", f"/{OURS}", "--exec-opt", "native.cgroupdriver=cgroupfs", "--data-root", f"{folder}/data",
        "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid", "-H", f"unix://{folder}/docker.sock"]
    (folder / "daemon.json").write_text("{}")                               # what the machine's own engine is told is none of ours
    note("cgroup", OURS)
    bench.keep(key)
    with (folder / "dockerd.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=ends_with_us,
            env=os.environ | {"PATH": f"{SYSTEM_PATH}:{os.environ.get('PATH', '')}"})
    one = Engine(folder, source, process)
    try:
        give_up_s = time.monotonic() + ENGINE_STARTS_S
        while not (folder / "docker.sock").exists():
            if process.poll() is not None or time.monotonic() > give_up_s:
                last = one.log.read_text(errors="replace").strip().splitlines() or ["nothing"]
                raise MeasuringError(f"dockerd does not start; its log ends with: {last[-1][-300:]}")
            time.sleep(0.1)
        archive = subprocess.Popen(["tar", "-C", str(source), "--exclude=./dev/*", "-c", "."], stdout=subprocess.PIPE)
        subprocess.run([*one.client, "import", "-", "nginx"], stdin=archive.stdout, check=True, stdout=subprocess.DEVNULL)
        archive.wait()
        yield one
    finally:
        end_engine(one)


def end_engine(one: Engine) -> None:
    """By its own means, then by force: whatever still names our folder is ours."""
    if one.process.poll() is None:
        with suppress(MeasuringError):
            one.docker("rm", "-f", *one.docker("ps", "-aq", timeout_s=ENDS_S).split(), timeout_s=ENDS_S)
        one.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            one.process.wait(ENDS_S)
    end_processes_of(one.folder)
    one.process.wait()
    remove_cgroups(OURS)
    unmount_below(one.folder)


@contextmanager
def container(bench: Bench, *options: str, configuration: str = "container") -> Iterator[str]:
    """nginx in a container; its id."""
    one = bench.keep(engine)
    made = one.run_nginx(*options, configuration=configuration)
    try:
        yield made
    finally:
        with suppress(MeasuringError):
            one.remove(made)


@contextmanager
def busy_container(bench: Bench, *options: str) -> Iterator[str]:
    """A container that sleeps, for what is then run in it; its id."""
    one = bench.keep(engine)
    made = one.docker("run", "-d", *options, "nginx", "/bin/busybox", "sleep", "100000")
    try:
        yield made
    finally:
        with suppress(MeasuringError):
            one.remove(made)
