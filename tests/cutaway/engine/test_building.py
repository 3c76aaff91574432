"""`docker build` over the socket: docker-py builds, what is refused is answered by its status, a client that leaves ends its build."""

from __future__ import annotations

import http.client
import io
import json
import socket
import tarfile
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cutaway.engine.conftest import Served

docker = pytest.importorskip("docker", reason="docker-py is not installed")


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[Any]:
    made = docker.DockerClient(base_url=served.host, timeout=20)
    yield made
    made.close()


def archive(dockerfile: str) -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w:gz") as tar:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(dockerfile)
        tar.addfile(member, io.BytesIO(dockerfile.encode()))
    return into.getvalue()


def asked(served: Served, dockerfile: str, query: str = "") -> http.client.HTTPResponse:
    """The answer to a build as it comes."""
    connection = http.client.HTTPConnection("localhost", timeout=20)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(served.path))
    connection.request("POST", f"/v1.50/build?{query}", archive(dockerfile), {"Content-Type": "application/x-tar"})
    return connection.getresponse()


def test_an_image_is_built_and_run(client: Any) -> None:
    dockerfile = b"FROM busybox\nARG WHO\nRUN mkdir /d && echo $WHO > /d/f\nCMD cat /d/f"
    image, messages = client.images.build(fileobj=io.BytesIO(dockerfile), tag="built:1", buildargs={"WHO": "me"}, rm=True)
    assert image.tags == ["built:1"] and {"aux": {"ID": image.id}} in list(messages)
    assert client.containers.run("built:1", remove=True) == b"me\n"
    assert image.history()[0]["CreatedBy"] == '/bin/sh -c #(nop)  CMD ["/bin/sh" "-c" "cat /d/f"]'
    assert len({step["Id"] for step in image.history()[:3]}) == 3


def test_a_command_that_fails_ends_the_build(client: Any) -> None:
    with pytest.raises(docker.errors.BuildError) as failed:
        client.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN echo why; exit 3"))
    assert failed.value.msg == "The command '/bin/sh -c echo why; exit 3' returned a non-zero code: 3"
    messages = list(failed.value.build_log)
    assert {"stream": "why\n"} in messages and messages[-1]["errorDetail"]["code"] == 3


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("version=2", 400, "BuildKit is not simulated: build with DOCKER_BUILDKIT=0"),
        ("remote=http://x.test/", 400, "a remote context is not read, for nothing outside of the simulation is: send the files along"),
        ("squash=1", 400, "squash is only supported with experimental mode"),
        ("platform=foobar", 400, '"foobar": unknown operating system or architecture: invalid argument'),
        ("buildargs=x", 400, "error reading build args: invalid JSON: it cannot be read"),
        ("labels=[1]", 400, "error reading labels: expected an object"),
        ("t=A:b:c", 400, "invalid reference format"),
        ("dockerfile=no.df", 500, "Cannot locate specified Dockerfile: no.df"),
        ("", 400, "dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)"),
    ],
)
def test_refusals(query: str, status: int, sentence: str, served: Served) -> None:
    answer = asked(served, "FROM busybox\nRUNN x\n", query)
    assert (answer.status, json.loads(answer.read())["message"]) == (status, sentence)


def test_what_is_no_archive_is_refused(client: Any) -> None:
    with pytest.raises(docker.errors.APIError) as refused:
        list(client.api.build(fileobj=io.BytesIO(b"no archive"), custom_context=True))
    assert refused.value.response.status_code == 400 and "Error processing tar file" in refused.value.explanation


def test_messages_are_lines_and_a_client_that_leaves_ends_its_build(served: Served, client: Any) -> None:
    """The step would write for ever: what waits for the client is bounded, and when it goes the container is killed."""
    answer = asked(served, "FROM busybox\nRUN yes\n")
    lines = [answer.readline() for _ in range(4)]
    assert all(line.endswith(b"\r\n") and json.loads(line) for line in lines)
    while b"Running in" not in (line := answer.readline()):
        assert line
    running = client.containers.get(json.loads(line)["stream"].split()[-1])
    time.sleep(0.5)
    running.reload()
    assert running.status == "running"
    answer.close()
    for _ in range(100):
        if not client.api.containers(all=True, filters={"id": running.id}):
            return
        time.sleep(0.05)
    pytest.fail("the container of the step is still there")


def test_a_client_that_leaves_at_once_ends_its_build_too(served: Served, client: Any) -> None:
    for _ in range(20):
        asked(served, "FROM busybox\nRUN sleep 100000\n", "nocache=1").close()
    time.sleep(0.5)
    assert client.api.containers() == []
