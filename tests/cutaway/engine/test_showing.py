"""The view beside the Engine, driven by docker-py: what it says of each command, and steps that are held."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import IO, Any

import docker
import pytest

from cutaway.engine.http import Request
from cutaway.engine.showing import command_line
from cutaway.engine.showing.snapshots import Snapshots
from cutaway.visuals.docker.drawing import Look, step_now
from cutaway.visuals.docker.scene import draw
from cutaway.visuals.docker.snapshot import Snapshot
from cutaway.visuals.docker.steps import STEPS, key_of
from tests.cutaway.engine.conftest import Served, serving
from tests.visuals.measured_picture import MeasuredPicture


class Watched:
    """A served Engine with a view that is not drawn, and a snapshot of each step as it began."""

    def __init__(self, served: Served) -> None:
        self.served, self.record = served, served.engine.daemon.record
        self.view = Snapshots(served.engine)
        served.server.watch = self.view
        self.begun: list[Snapshot] = []
        self.record.listeners.append(lambda act, step: self.begun.append(self.view.take()))
        self.client = docker.DockerClient(base_url=served.host)

    def let_one(self) -> None:
        """As the window's Space does, in the Engine's thread."""
        self._call(self.record.let_one)

    def let_all(self) -> None:
        self._call(self.record.let_all)

    def _call(self, act: Any) -> None:
        live = self.served.engine.live
        self.served.loop.call_soon_threadsafe(lambda: live.now(act))


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with serving(tmp_path / "s") as served:
        found = Watched(served)
        yield found
        found.client.close()


def asked(method: str, path: str, query: dict[str, list[str]]) -> Request:
    async def nothing(most: int) -> bytes:
        return b""

    def no_file(most: int) -> AbstractAsyncContextManager[IO[bytes]]:
        raise AssertionError
    return Request(method, path, query, {}, "1.50", nothing, no_file)


def until(true: Any) -> None:
    ends = time.monotonic() + 30
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_docker_run_is_one_command_from_the_pull_to_the_program(watched: Watched) -> None:
    client = watched.client
    client.images.pull("nginx", "latest")
    pulled = {layer.state for shown in watched.begun for layer in shown.layers}
    assert pulled >= {"to come", "loaded", "there"} and all(len(shown.layers) == 6 for shown in watched.begun[2:])
    container = client.containers.run("nginx", detach=True, name="hellonginx", ports={"80/tcp": 18080}, mem_limit="512m")
    until(lambda: watched.begun[-1].steps[-1].what.startswith("start: load"))
    shown = watched.view.take()
    assert shown.title == "docker run" and shown.client == "docker-py" and shown.request is not None
    assert [line.text for line in shown.lines if line.kind == "command"][-1] == (
        "docker-py: docker run -d -p 18080:80 -m 512m --name hellonginx nginx"
    )
    keys = [key_of(step.who, step.what) for step in shown.steps]
    assert keys[0] == "dockerd: create: configuration, layers" and keys[-1].startswith("program: start")
    assert keys.index("kernel: name spaces") < keys.index("runtime: start")
    assert shown.box is not None and shown.box.is_running and shown.box.address == "172.17.0.2" and shown.box.ports == ((18080, 80),)
    assert shown.box.pid == 1001 and shown.box.walls == ("mnt", "uts", "ipc", "pid", "net", "cgroup") and len(shown.layers) == 6
    assert [meter.count for meter in shown.meters if meter.name in ("shim", "containers")] == [1, 1]
    container.exec_run("ps")
    assert watched.view.take().title == "docker exec" and "nginx: master" in "".join(line.text for line in watched.view.take().lines)
    container.pause()
    assert watched.view.take().box.is_paused  # type: ignore[union-attr]
    container.unpause()
    container.stop()
    container.remove()
    gone = watched.view.take()
    assert gone.title == "docker rm" and gone.box is None and not gone.is_writable and gone.lines[-1].text == container.id[:12]


def test_every_step_of_every_command_has_its_words_and_its_picture(watched: Watched) -> None:
    client = watched.client
    client.images.pull("alpine", "3.10")
    for runtime in ("runc", "crun"):
        client.containers.run("alpine:3.10", "true", remove=True, runtime=runtime)
    one = client.containers.run("alpine:3.10", "sleep 1000", detach=True, ports={"80/tcp": 18081})
    one.exec_run("true")
    one.stop(timeout=0)
    one.start()
    one.remove(force=True)
    steps = {key_of(step.who, step.what) for shown in watched.begun for step in shown.steps}
    assert steps <= STEPS.keys(), "a step has no words: visuals/docker/steps.py"
    assert len(steps) >= 18
    for number, shown in enumerate(watched.begun):
        picture = MeasuredPicture([(1920, 1080), (1024, 768)][number % 2])
        draw(shown, Look("ko" if number % 4 < 2 else "en"), picture)
        assert picture.collisions() == [], shown.steps[-1]


def test_what_takes_no_time_is_shown_too(watched: Watched) -> None:
    """A pause, a signal and a kill; each is a step, so that it can be held."""
    client = watched.client
    client.images.pull("alpine", "3.10")
    one = client.containers.run("alpine:3.10", "sleep 1000", detach=True, name="one")
    for act, key in ((one.pause, "runtime: pause: freezes the cgroup"), (one.unpause, "runtime: resume: thaws the cgroup"),
                     (lambda: one.kill("HUP"), "kernel: a signal to PID 1"), (one.kill, "kernel: SIGKILL: the processes end")):  # fmt: skip
        act()
        last = watched.view.take().steps
        assert [key_of(step.who, step.what) for step in last] == [key] and step_now(watched.view.take()) == last[-1]
    shown = watched.view.take()
    assert shown.box is not None and (shown.box.is_running, shown.box.exit_code, shown.title) == (False, 137, "docker kill")


def test_a_build_is_told_instruction_by_instruction(watched: Watched) -> None:
    file = io.BytesIO(b"FROM alpine:3.10\nENV A=b\nRUN echo hi > /x\n")
    watched.client.images.build(fileobj=file, tag="mine", forcerm=True)
    shown = watched.view.take()
    whats = [step.what for step in shown.steps]
    assert (shown.title, whats) == ("docker build", ["FROM", "configure", "RUN"]) and all(step.took_ns for step in shown.steps)
    during = [one.box for one in watched.begun if one.steps and one.steps[-1].what == "RUN" and one.box is not None]
    assert any("kernel: name spaces" in box.starting for box in during), "the instruction's container is not shown"
    act = next(act for act in watched.record.past if act.kind == "build")
    assert act.subject == "mine:latest" and all(one.ended_ns == two.begun_ns for one, two in itertools.pairwise(act.steps))


def test_an_oom_kill_is_seen_with_the_full_cgroup_and_afterwards(watched: Watched) -> None:
    client = watched.client
    client.images.pull("alpine", "3.10")
    with pytest.raises(docker.errors.ContainerError):
        client.containers.run("alpine:3.10", "tail /dev/zero", name="big", mem_limit="64m")
    then = next(shown for shown in watched.begun if shown.steps[-1].what.startswith("out of memory"))
    assert then.box is not None and then.box.is_running and then.box.memory == then.box.memory_limit == 64 << 20
    after = watched.view.take().box
    assert after is not None and (after.is_running, after.is_oom, after.exit_code, after.memory) == (False, True, 137, 64 << 20)


def test_the_others_are_counted_without_the_one_that_is_shown(watched: Watched) -> None:
    """At each step, also at that which follows its end at once."""
    client = watched.client
    client.images.pull("alpine", "3.10")
    made = [client.containers.run("alpine:3.10", "sleep 1000000", detach=True) for _ in range(3)]
    watched.begun.clear()
    made[0].remove(force=True)
    removed = [shown for shown in watched.begun if shown.title.startswith("docker rm")]
    assert len(removed) == 2 and [shown.others for shown in removed] == [2, 2] and watched.view.take().others == 2
    for one in made[1:]:
        one.remove(force=True)


def test_who_computes_has_the_processor_in_the_picture_and_a_quota_tells(watched: Watched) -> None:
    client = watched.client
    client.images.pull("alpine", "3.10")
    for name, more in (("half", {"nano_cpus": 500_000_000}), ("hog", {})):
        client.containers.run("alpine:3.10", ["sh", "-c", "while :; do :; done"], detach=True, name=name, **more)
    busy: set[str] = set()
    until(lambda: busy.update(watched.view.take().host.busy) or busy >= {"half", "hog"})
    client.containers.get("half").exec_run("true")
    until(lambda: watched.view.take().box.throttled > 2)  # type: ignore[union-attr]
    box = watched.view.take().box
    assert box is not None and box.cpus == 0.5 and box.throttled <= box.periods


def test_a_container_of_its_own_kernel_says_so(watched: Watched) -> None:
    client = watched.client
    client.images.pull("alpine", "3.10")
    seen = {}
    for runtime in ("runc", "runsc", "kata-runtime"):
        client.containers.run("alpine:3.10", "sleep 1000", detach=True, runtime=runtime)
        box = watched.view.take().box
        assert box is not None
        seen[box.runtime] = box.sandbox, box.kernel, box.is_guest
    assert seen == {"runc": ("", "", False), "runsc": ("sentry", "4.4.0", False), "kata": ("QEMU", "6.12.28", True)}
    with pytest.raises(docker.errors.APIError):
        client.containers.run("alpine:3.10", "true", detach=True, runtime="io.containerd.foo.v1")
    assert watched.view.take().error.endswith("file does not exist: unknown")


def test_a_held_step_lets_docker_run_wait_while_docker_ps_answers(watched: Watched) -> None:
    client = watched.client
    client.images.pull("alpine", "3.10")
    watched._call(watched.record.hold)
    ended = threading.Event()

    def run() -> None:
        with contextlib.closing(docker.DockerClient(base_url=watched.served.host)) as other:
            other.containers.run("alpine:3.10", "true", name="held")
        ended.set()
    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: watched.record.standing)
    began = time.monotonic()
    assert client.containers.list(all=True) == [] and next(iter(client.api.events(until=int(time.time()), decode=True)), None) is not None
    assert time.monotonic() - began < 1
    shown = watched.view.take()
    assert shown.is_holding and shown.held is not None and shown.held.what == "create: configuration, layers" and not ended.is_set()
    watched.let_one()
    until(lambda: client.containers.list(all=True))
    until(lambda: watched.record.standing)
    assert client.containers.list(all=True)[0].status == "created" and not ended.is_set()
    watched.let_all()
    thread.join(10)
    assert ended.is_set()


def test_nothing_leaps_while_a_step_is_held(watched: Watched) -> None:
    """At the greatest speed a command that waits makes the clock leap; one that is held must not."""
    live, clock = watched.served.engine.live, watched.served.engine.daemon.clock
    live.standing = watched.record.standing
    watched.client.images.pull("alpine", "3.10")
    watched.client.containers.run("alpine:3.10", "sleep 100000", detach=True)
    watched._call(lambda: live.change(float("inf")))
    watched._call(watched.record.hold)
    thread = threading.Thread(target=lambda: watched.client.containers.create("alpine:3.10", "true"))
    thread.start()
    until(lambda: watched.record.standing)
    before = clock.now
    time.sleep(0.2)
    assert clock.now - before < 2e9
    watched.let_all()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("body", "name", "line"),
    [
        ({"Image": "nginx", "AttachStdout": True, "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "80"}]}}}, "web",
         "docker run -p 80:80 --name web nginx"),
        ({"Image": "alpine", "OpenStdin": True, "Tty": True, "AttachStdout": True, "Cmd": ["sh", "-c", "echo hi"],
          "HostConfig": {"AutoRemove": True, "NanoCpus": 500_000_000, "Memory": 64 << 20}}, "",
         "docker run -it --rm --cpus 0.5 -m 64m alpine sh -c 'echo hi'"),
        ({"Image": "redis:7", "Env": ["A=b c"], "HostConfig": {"NetworkMode": "web", "Runtime": "crun", "Binds": ["data:/data"],
          "RestartPolicy": {"Name": "always"}, "PublishAllPorts": True}}, "",
         "docker run -d -P --restart always --runtime crun --network web -e 'A=b c' -v data:/data redis:7"),
        ({"Image": "x", "AttachStderr": True, "Cmd": None, "HostConfig": None}, "", "docker run x"),
    ],
)  # fmt: skip
def test_the_command_line_is_put_together_again(body: dict[str, Any], name: str, line: str) -> None:
    request = asked("POST", "/v1.50/containers/create", {"name": [name]} if name else {})
    request.document = body
    assert command_line.run_line(request, "run") == line


def test_what_no_engine_would_take_does_not_disturb_the_view(watched: Watched) -> None:
    client = watched.client
    client.images.pull("alpine", "3.10")
    strange = {"Image": "alpine:3.10", "Env": 5, "HostConfig": []}, {"Image": 5}, {"HostConfig": {"PortBindings": {"x": "y"}}}, [1], "x"
    for document in strange:
        answer = client.api.post(client.api._url("/containers/create"), json=document)
        assert 400 <= answer.status_code < 500 and watched.view.take().title == "docker run"
    client.containers.create("alpine:3.10", "true", ports={"80/tcp": ("127.0.0.1", "8000-8010")})
    box = watched.view.take().box
    assert box is not None and box.ports == ((8000, 80),)


def test_a_pull_belongs_to_the_run_that_needed_it(watched: Watched) -> None:
    client = watched.client
    for image in ("nosuch", "alpine:3.10"):
        with contextlib.suppress(docker.errors.APIError):
            client.containers.run(image, "true")
    shown = watched.view.take()
    commands = [line.text for line in shown.lines if line.kind == "command"]
    assert commands[:2] == ["docker-py: docker run nosuch true", "docker-py: docker run alpine:3.10 true"] and shown.title == "docker run"
    assert [key_of(step.who, step.what) for step in shown.steps][:4] == [
        "registry: say which layers there are", "registry: send layers", "dockerd: unpack a layer", "dockerd: create: configuration, layers"
    ]


def test_what_is_remembered_of_commands_is_bounded(watched: Watched) -> None:
    client = watched.client
    client.images.pull("alpine", "3.10")
    one = client.containers.run("alpine:3.10", "false", detach=True, restart_policy={"Name": "always"})
    until(lambda: one.attrs["RestartCount"] > 3 or one.reload())
    for _ in range(40):
        one.start()
        one.stop(timeout=0)
        client.containers.list()
    shown = watched.view.take()
    assert len(watched.view.commands.last) <= 24 and all(len(each.asked) <= 17 for each in watched.view.commands.last)
    assert max(len(each.acts) for each in watched.view.commands.last) <= 4 and len(shown.steps) < 30
    assert len(pickle.dumps(shown)) < 32_000


def test_what_no_font_can_draw_is_drawn_as_unknown(watched: Watched) -> None:
    client = watched.client
    client.images.pull("alpine", "3.10")
    one = client.containers.run("alpine:3.10", ["echo", "\x1b[31mred\x1b[0m \x00\x07", "x" * 100_000], detach=True, name="odd")
    one.wait()
    with contextlib.suppress(docker.errors.APIError):
        client.api.exec_create("odd", ["\x00" * 9])
    client.api.get(client.api._url("/containers/{0}/json", "\x01" * 9000))
    began = time.perf_counter()
    draw(watched.view.take(), Look("ko"), MeasuredPicture((1280, 720)))
    assert time.perf_counter() - began < 1 and all(len(line.text) <= 500 for line in watched.view.take().lines)


def test_a_refusal_is_said(watched: Watched) -> None:
    client = watched.client
    with pytest.raises(docker.errors.NotFound):
        client.images.pull("mcr.microsoft.com/windows/nanoserver", "ltsc2022")
    shown = watched.view.take()
    picture = MeasuredPicture((1920, 1080))
    draw(shown, Look("en"), picture)
    assert "no matching manifest" in shown.error and "it cannot run here" in " ".join(text for text, _ in picture.texts)
    client.images.pull("alpine", "3.10")
    client.containers.create("alpine:3.10", "true", name="taken")
    with pytest.raises(docker.errors.APIError):
        client.containers.create("alpine:3.10", "true", name="taken")
    assert watched.view.take().error.startswith("Conflict. The container name") and watched.view.take().lines[-1].kind == "error"


@pytest.mark.parametrize(
    ("method", "path", "query", "line"),
    [
        ("POST", "/v1.50/containers/web/stop", {"t": ["3"]}, "docker stop -t 3 web"),
        ("DELETE", "/containers/web", {"force": ["1"], "v": ["1"]}, "docker rm -f -v web"),
        ("POST", f"/v1.41/containers/{'ab' * 32}/kill", {"signal": ["HUP"]}, f"docker kill -s HUP {'ab' * 6}"),
        ("POST", "/containers/web/rename", {"name": ["other"]}, "docker rename web other"),
        ("DELETE", "/images/nginx:latest", {}, "docker rmi nginx:latest"),
        ("POST", "/images/prune", {}, "docker image prune"),
        ("POST", "/containers/web/update", {}, "docker update web"),
        ("GET", "/containers/web/json", {}, ""),
    ],
)
def test_other_commands(method: str, path: str, query: dict[str, list[str]], line: str) -> None:
    assert command_line.line_of(asked(method, path, query), command_line.SIMPLE) == line


def test_pictures_of_each_step_without_a_screen_and_a_clean_end(tmp_path: Path) -> None:
    """The whole of it, as a user starts it: a process that serves, one that draws."""
    socket, shown = tmp_path / "s", tmp_path / "run.png"
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")}
    command = [sys.executable, "-m", "cutaway", "up", "--socket", str(socket), "--speed", "max"]
    refused = subprocess.run([*command, "--view"], env=environment, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 69 and refused.stderr.startswith("No display") and not socket.exists()
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*command, "--view-record", str(shown), "--size", "640x360"], env=environment, **pipes) as process:
        try:
            assert process.stdout and process.stdout.readline().startswith(b"export DOCKER_HOST=")
            with contextlib.closing(docker.DockerClient(base_url=f"unix://{socket}")) as client:
                client.containers.run("alpine:3.10", "true", remove=True)
            until(lambda: len(list(tmp_path.glob("run-*.png"))) >= 16)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 130 and errors == b"" and not socket.exists()
        finally:
            process.kill()
