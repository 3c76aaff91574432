"""Other ways to a running container: gVisor's runtime, containerd and Podman without dockerd, and the CPU time of `docker run`.

All start busybox from the root folder of stacks.py. Times are wall times of the command, as life_cycle.py takes those of runc and crun,
which are measured in turn with them so that a ratio can be stated. CPU time is that of a cgroup which holds command, daemons and container.
"""
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from cutaway.models.costs.measuring.cgroups import OURS, folder_of, own, version
from cutaway.models.costs.measuring.life_cycle import NATIVE, about, about_memory, bundle_of, oci_runtime, timed, warm
from cutaway.models.costs.measuring.needs import ENGINE, program
from cutaway.models.costs.measuring.points import Bench, Found, Part, Point, Settings
from cutaway.models.costs.measuring.serving import rollup
from cutaway.models.costs.measuring.stacks import CONTAINER_PORT, IN_HOST, PUBLISHED_PORT, Engine, root, wire

SLEEP = "/bin/busybox sleep 1000"
ENDED_S = 10


def parts(settings: Settings) -> Iterator[Part]:
    ours = frozenset({"own cgroups"})
    points = [*(Point(f"docker run on {cpus} CPUs", "docker-proxy", partial(cpu_time, cpus), 3, ENGINE | ours) for cpus in (1, 2)),
              Point("ctr run", "containerd", ctr_run, 1, ENGINE | ours | {"ctr"}),
              *(Point(f"{runtime} beside runsc", runtime, partial(oci_runtime, runtime, "new"), 0.4, NATIVE | ours | {runtime})
                for runtime in ("runc", "crun")),
              Point("runsc", "runsc", gvisor, 1, NATIVE | ours | {"runc", "runsc"}),
              *(Point(f"podman run, {network}", "podman", partial(podman_run, network), 1, NATIVE | ours | {"podman", "crun"})
                for network in ("none", "bridge"))]
    yield Part("lifecycle", "platforms", "containerd, Podman and gVisor; CPU time of docker run", points, settings.least(10, 2), 2, 8)


@contextmanager
def metered(bench: Bench) -> Iterator[Path]:
    """We and what we have started in a cgroup of our own, whose file of CPU time is given."""
    name = "cpuacct" if version() == 1 else "cpu"
    before = folder_of(os.getpid(), name)
    with own(bench, "metered", name) as folder:
        try:
            for pid in (os.getpid(), *bench.ours()):
                (folder / "cgroup.procs").write_text(str(pid))
            yield folder.parent / ("cpuacct.usage" if version() == 1 else "cpu.stat")
        finally:                                                            # what is left in a cgroup of ours is ended with it
            for left in (folder / "cgroup.procs").read_text().split():
                with suppress(OSError):
                    (before / "cgroup.procs").write_text(left)


def used_s(file: Path) -> float:
    text = file.read_text()
    return int(text) / 1e9 if version() == 1 else int(text.split()[1]) / 1e6


def on_cpus(pids: Iterator[int], cpus: set[int]) -> None:
    for pid in pids:
        with suppress(OSError):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), cpus)


def cpu_time(cpus: int, bench: Bench) -> Iterator[Found]:
    """One docker run -d -p. On one CPU threads at once cannot hide in the wall time; on two they wake each other, which costs more."""
    one, all_cpus = bench.keep(warm), os.sched_getaffinity(0)
    with metered(bench) as file:
        on_cpus(iter((os.getpid(), *bench.ours())), set(sorted(all_cpus)[-cpus:]))
        try:
            before_s, begun_s = used_s(file), time.time()
            container = one.run_nginx("-p", f"{PUBLISHED_PORT}:{CONTAINER_PORT}")
            wall_s, cpu_s = time.time() - begun_s, used_s(file) - before_s
        finally:
            on_cpus(iter((os.getpid(), *bench.ours())), all_cpus)
    one.remove(container)
    yield Found(about("docker run -d -p 18080:80 nginx, CPU time", "docker-proxy", {"cpus": cpus},
                      "docker run -d -p 18080:80 nginx, dockerd and all below it on so many CPUs; CPU time of their cgroup", "calibrate"),
                {"run": [wall_s], "cpu_run": [cpu_s]})


@contextmanager
def unpacked(bench: Bench) -> Iterator[list[str]]:
    """The engine's own containerd, asked by `ctr` in a namespace of its own; the image is the engine's."""
    one: Engine = bench.keep(warm)
    ctr, archive = ["ctr", "-a", f"{one.folder}/exec/containerd/containerd.sock", "-n", "cutaway"], one.folder / "nginx.tar"
    one.docker("save", "-o", str(archive), "nginx")
    subprocess.run([*ctr, "images", "import", str(archive)], check=True, capture_output=True)
    yield ctr


def ctr_run(bench: Bench) -> Iterator[Found]:
    ctr, name = bench.keep(unpacked), "cutaway-ctr"
    try:
        took_s = timed(f"{' '.join(ctr)} run -d docker.io/library/nginx:latest {name} {SLEEP}", str(bench.folder / "times"))
    finally:
        for step in (f"task kill -s KILL {name}", f"task rm -f {name}", f"container rm {name}"):
            subprocess.run([*ctr, *step.split()], capture_output=True, check=False, timeout=ENDED_S)
    yield Found(about("ctr run -d", "containerd", {"runtime": "runc"}, "ctr run -d IMAGE NAME sleep, no network", "calibrate"),
                {"run": [took_s]})


def called(name: str, folder: Path) -> Iterator[int]:
    """gVisor's processes, which name themselves in their command line."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
                if line.startswith(name) and str(folder) in line:
                    yield int(entry.name)


def gvisor(bench: Bench) -> Iterator[Found]:
    """On its ptrace platform, which needs no KVM, and without its own cgroups and network stack."""
    bundle, name = bench.keep(bundle_of, "new"), f"cutaway-{os.getpid()}"
    runsc = f"{program('runsc')} --platform=ptrace --network=none --ignore-cgroups --root={bench.folder}/runsc"
    values: dict[str, list[float]] = {}
    try:
        for step, arguments in {"create": f"create --bundle {bundle}", "start": "start"}.items():
            values[step] = [timed(f"{runsc} {arguments} {name}", str(bench.folder / "times"))]
    finally:
        held = {which: [rollup(pid) for pid in called(which, bench.folder)] for which in ("runsc-sandbox", "runsc-gofer")}
        subprocess.run([*IN_HOST, *runsc.split(), "delete", "-force", name], capture_output=True, check=False, timeout=ENDED_S)
    for which, sizes in held.items():
        if sizes:
            yield Found(about_memory(f"memory of {which}, one process", "runsc", 1),
                        {metric: [size[metric] for size in sizes] for metric in sizes[0]})
    yield Found(about("OCI runtime create / start / delete", "runsc", {"network_namespace": "new", "platform": "ptrace"},
                      "runsc --platform=ptrace create --bundle BUNDLE; start (busybox root)", "calibrate"),
                values | {"create_and_start": [values["create"][0] + values["start"][0]]})


@contextmanager
def podman(bench: Bench) -> Iterator[str]:
    """The command with folders of its own, and our root folder as its image."""
    bench.keep(wire)
    folder = bench.folder / "podman"
    command = (f"{program('podman')} --root {folder}/root --runroot {folder}/run --cgroup-manager cgroupfs --events-backend none "
               f"--network-config-dir {folder}/networks --runtime {program('crun')}")
    archive = subprocess.Popen(["tar", "-C", str(bench.keep(root)), "--exclude=./dev/*", "-c", "."], stdout=subprocess.PIPE)
    subprocess.run([*IN_HOST, *command.split(), "import", "-", "measured"], stdin=archive.stdout, check=True, capture_output=True)
    archive.wait()
    yield command


def podman_run(network: str, bench: Bench) -> Iterator[Found]:
    """Limits of its own, since those that it takes by itself are more than some machines allow."""
    command, name = bench.keep(podman), "cutaway-podman"
    options = f"--ulimit nofile=1024:1024 --ulimit nproc=4096:4096 --cgroup-parent /{OURS} --network {network}"
    if network == "bridge":
        options += f" -p {PUBLISHED_PORT + 2000}:{CONTAINER_PORT}"
    took_s = timed(f"{command} run -d {options} --name {name} measured {SLEEP}", str(bench.folder / "times"),
                   f"{command} rm -f -t 0 {name}")
    yield Found(about("podman run -d", "podman", {"network": network, "runtime": "crun"},
                      "podman run -d --network none|bridge [-p 20080:80] IMAGE sleep", "calibrate"), {"run": [took_s]})
