"""The live view of `cutaway up`: how long a picture takes, and what a request to the Engine costs with and without a view beside it.

    python benchmarks/docker_view.py

Needs no screen. Each Engine is a process of its own, at the greatest speed; requests come one after the other over one connection.
Targets: a request costs under 2 ms beside its simulated time, also with a view; a picture at 1920 x 1080 under 16 ms.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["SDL_VIDEODRIVER"] = "dummy"

import numpy as np
import pygame

from cutaway.visuals.docker.drawing import Look
from cutaway.visuals.docker.scene import draw
from cutaway.visuals.docker.snapshot import Box, Host, Layer, Line, Meter, Request, Snapshot, Step
from cutaway.visuals.docker.steps import STEPS
from cutaway.visuals.layout import scale_and_canvas
from cutaway.visuals.surface import SurfacePicture

BOX = Box("hellonginx", "nginx", is_running=True, walls=("mnt", "uts", "ipc", "pid", "net", "cgroup"), pid=1001, memory=11 << 20,
          bridge="docker0", address="172.17.0.2", ports=((8080, 80),))  # fmt: skip
METERS = tuple(Meter(name, 1, 43 << 20, 10**7) for name in ("dockerd", "containerd", "shim", "runc", "containers"))
VARIANTS = {"no view": [], "a window": ["--view"], "a film": ["--view-record", "film.mp4"]}


def picture_times_ms(size: tuple[int, int], count: int) -> np.ndarray:
    """Of pictures of which each shows another step, and other numbers."""
    surface = pygame.Surface(size, 0, 32)
    picture, keys, taken = SurfacePicture(surface, scale_and_canvas(*size)[0]), list(STEPS), []
    for number in range(count):
        steps = [Step(*key.split(": ", 1), 1_000_000 + number * 1017) for key in keys[:12]]
        now = Step(*keys[number % len(keys)].split(": ", 1), number * 1017, going=True, share=0.5)
        lines = tuple(Line(f"8740c948ffd4: Downloading {number / 10:.1f} / 31.4 MB") for _ in range(9))
        one = Snapshot("docker run", request=Request("POST", "/containers/4a93926ebdf6/start"), steps=(*steps, now), box=BOX, lines=lines,
                       layers=(Layer(31_400_000),) * 6, is_writable=True, meters=METERS, host=Host("host", "6.1"))  # fmt: skip
        begun = time.perf_counter()
        draw(one, Look(), picture)
        taken.append((time.perf_counter() - begun) * 1000)
    return np.array(taken[10:])


class Local(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self.path))

    def ask(self, method: str, path: str, body: str = "") -> float:
        """Milliseconds that it took."""
        begun = time.perf_counter()
        self.request(method, path, body, {"Content-Type": "application/json"})
        self.getresponse().read()
        return (time.perf_counter() - begun) * 1000


def request_times_ms(options: list[str], count: int) -> dict[str, np.ndarray]:
    """Of one Engine, by request: what only looks, and what begins processes on the simulated clock."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s"
        command = [sys.executable, "-m", "cutaway", "up", "--socket", str(path), "--speed", "max", *options]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as engine:
            while not path.exists():
                time.sleep(0.05)
            one = Local(path)
            one.ask("POST", "/images/create?fromImage=alpine&tag=3.10")
            taken: dict[str, list[float]] = {"GET /containers/json": [], "POST create": [], "POST start": [], "DELETE": []}
            for number in range(count):
                body = '{"Image": "alpine:3.10", "Cmd": ["true"]}'
                taken["POST create"].append(one.ask("POST", f"/containers/create?name=c{number}", body))
                taken["POST start"].append(one.ask("POST", f"/containers/c{number}/start"))
                taken["GET /containers/json"].append(one.ask("GET", "/containers/json?all=1"))
                taken["DELETE"].append(one.ask("DELETE", f"/containers/c{number}?force=1"))
            engine.send_signal(signal.SIGINT)
    return {name: np.array(found[5:]) for name, found in taken.items()}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pictures", type=int, default=300)
    options.add_argument("--requests", type=int, default=300)
    chosen = options.parse_args()
    for size in ((1280, 720), (1920, 1080), (3840, 2160)):
        found = picture_times_ms(size, chosen.pictures)
        print(f"a picture of {size[0]} x {size[1]}: median {np.median(found):5.1f} ms, p99 {np.percentile(found, 99):5.1f} ms")
    for name, more in VARIANTS.items():
        for asked, found in request_times_ms(more, chosen.requests).items():
            print(f"{name:9} {asked:22} median {np.median(found):5.2f} ms, p99 {np.percentile(found, 99):5.2f} ms")


if __name__ == "__main__":
    main()
