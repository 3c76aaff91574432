"""Builds on the simulated clock: a daemon, a context of a few files, and what the builder tells."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from cutaway.models.costs import Profile
from cutaway.models.docker.building.builder import Build, Options
from cutaway.models.docker.building.context import Context
from cutaway.models.docker.daemon import Daemon
from cutaway.models.docker.errors import DaemonError
from cutaway.models.docker.images.image import Image
from cutaway.models.docker.ports import Ports
from cutaway.models.docker.processes.facts import Machine
from cutaway.sim.clock import Clock

MACHINE = Machine("host", 2, 4 << 30, "6.1.0-test", "#1 SMP test", "Test Linux")
FILES: dict[str, str | bytes] = {"a.txt": "A", "d/b.txt": "B", "d/deep/c.txt": "C"}


def archive(files: Mapping[str, str | bytes], mode: str = "w") -> bytes:
    """A tar file of the context."""
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size, member.uid, member.mode = len(data), 1000, 0o640
            tar.addfile(member, io.BytesIO(data))
    return into.getvalue()


@dataclass
class Built:
    """What came of a build."""

    messages: list[dict[str, Any]]
    image: Image | None = None
    error: DaemonError | None = None

    @property
    def text(self) -> str:
        """All that a client shows."""
        return "".join(message.get("stream", "") for message in self.messages)

    def reads(self, path: str) -> str:
        assert self.image is not None, self.error
        node = self.image.files.nodes[path]
        return node.bytes.decode()  # type: ignore[union-attr]

    @property
    def paths(self) -> set[str]:
        """Files that the last layer holds."""
        assert self.image is not None, self.error
        return set(self.image.layers[-1].files)


@dataclass
class Builder:
    """A daemon that builds."""

    daemon: Daemon
    builds: list[Build] = field(default_factory=list)

    def __call__(self, text: str, files: Mapping[str, str | bytes] = FILES, **options: Any) -> Built:
        built = Built([])
        context = Context(io.BytesIO(archive({"Dockerfile": text, **files})), 4 << 20)
        build = Build(self.daemon, context, Options(**options), built.messages.append)
        self.builds.append(build)

        def steps() -> Any:
            try:
                built.image = yield from build.run()
            except DaemonError as error:
                built.error = error
        self.daemon.clock.run(until=self.daemon.clock.process(steps()))
        return built


@pytest.fixture
def build(profile: Profile) -> Builder:
    clock = Clock(initial_time=0)
    ports = Ports(lambda address, port, protocol, container: None, lambda address, port, protocol: None)
    return Builder(Daemon(clock, MACHINE, profile, ports))


@pytest.fixture
def refusal(build: Builder) -> Callable[..., str]:
    """Why a build is refused, before its first step or in one."""
    def why(text: str, **options: Any) -> str:
        try:
            error = build(text, **options).error
        except DaemonError as refused:
            return refused.message
        return error.message if error else ""
    return why
