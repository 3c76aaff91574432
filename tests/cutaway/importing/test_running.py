"""A Docker host is only read: what its containers become, and what it may answer that no host should."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("needs Unix sockets", allow_module_level=True)

from cutaway import importing, scenarios
from cutaway.importing import engine, running
from cutaway.importing.engine import NoDockerHost
from cutaway.importing.service import Port, Project
from cutaway.models.units import MIB, MS
from cutaway.scenarios import ScenarioError
from tests.cutaway.importing.engine_stand_in import docker_host

INFO = {"Name": "box", "NCPU": 4, "MemTotal": 8 * 1024 * MIB + 12345}


def container(number: int, name: str, image: str, service: str = "", needs: str = "", **host: Any) -> dict[str, Any]:
    """As `GET /containers/{id}/json` of Docker 20.10 has it, without what is not read."""
    labels = {running.PROJECT: "shop", running.SERVICE: service, running.NEEDS: needs} if service else {}
    config = {"Image": image, "Labels": labels, "Cmd": host.pop("Cmd", None), "Entrypoint": None, "Env": host.pop("Env", None)}
    config |= {"ExposedPorts": host.pop("ExposedPorts", None), "Healthcheck": host.pop("Healthcheck", None)}
    usual = {"NetworkMode": "default", "RestartPolicy": {"Name": "no"}, "PortBindings": {}, "NanoCpus": 0, "Memory": 0, "SecurityOpt": None}
    return {"Id": f"{number:064x}", "Name": f"/{name}", "Config": config, "HostConfig": {**usual, **host}, "Mounts": []}


SHOP = [
    container(
        1, "shop-web-1", "nginx:1.27", "web", "app:service_started:false", NanoCpus=500_000_000, Memory=128 * MIB,
        PortBindings={"80/tcp": [{"HostIp": "", "HostPort": "8080"}], "53/udp": [{"HostPort": "53"}]},
        RestartPolicy={"Name": "unless-stopped"}, Cmd=["nginx", "-g", "daemon off;"], Healthcheck={"Test": ["CMD", "true"]},
    ),
    container(
        2, "shop-app-1", "shop-app", "app", Cmd=["gunicorn", "-w", "3", "app:app"], Env=["PASSWORD=hunter2", "WEB_CONCURRENCY=9"],
        CpuPeriod=50_000, CpuQuota=25_000, ExposedPorts={"8000/tcp": {}},
    ),
    container(3, "shop-cache-1", "sha256:" + "a" * 64, "cache", CpusetCpus="1-2", CpuShares=512, NetworkMode="host"),
    container(4, "shop-worker-2", "acme/worker", "worker"),
    container(5, "shop-worker-1", "acme/worker", "worker"),
    container(6, "lonely", "redis", SecurityOpt=["seccomp=unconfined"], PortBindings={"80/tcp": [{"HostIp": "::1", "HostPort": "1"}]}),
]  # fmt: skip
IMAGES = {f"/images/sha256:{'a' * 64}/json": {"RepoTags": ["redis:7"]}}


def answers_of(containers: list[dict[str, Any]]) -> dict[str, Any]:
    listed = [{"Id": one["Id"]} for one in containers]
    return {"/info": INFO, "/containers/json": listed, **{f"/containers/{one['Id']}/json": one for one in containers}, **IMAGES}


@contextmanager
def host(answers: dict[str, Any], folder: Path) -> Iterator[tuple[str, list[str]]]:
    with docker_host(folder / "docker.sock", answers) as asked:
        yield f"unix://{folder}/docker.sock", asked


def read(containers: list[dict[str, Any]], folder: Path, project: str = "") -> Project:
    with host(answers_of(containers), folder) as (address, _):
        return running.read(address, project)


def test_containers_become_services_and_nothing_but_get_is_sent(tmp_path: Path) -> None:
    with host(answers_of(SHOP), tmp_path) as (address, asked):
        project = running.read(address)
    found = {one.name: one for one in project.services}
    assert set(found) == {"web", "app", "cache", "worker", "lonely"}
    assert (found["web"].cpus, found["web"].memory, found["web"].ports) == (Fraction(1, 2), 128 * MIB, (Port(80, 8080),))
    assert (found["app"].cpus, found["app"].cpu_period, found["app"].exposed) == (Fraction(1, 2), 50 * MS, (8000,))
    assert (found["cache"].image, found["cache"].cpuset, found["cache"].network) == ("redis:7", (1, 2), "host")
    assert (found["worker"].replicas, found["worker"].container, found["lonely"].unconfined) == (2, "shop-worker-1", True)
    assert (project.machine.cpus, project.machine.memory) == (4, 8 * 1024 * MIB)
    assert found["app"].environment == {"WEB_CONCURRENCY": "9"}
    assert len(asked) == 9 and {line.split()[0] for line in asked} == {"GET"}


def test_the_scenario_of_a_host_is_in_order(tmp_path: Path) -> None:
    text, _ = importing.scenario_of(read(SHOP, tmp_path, "shop"), "two-core-vm", {}, ["worker"])
    scenario = scenarios.loader.load_text(text)
    assert list(scenario.stacks) == ["app", "cache", "web"] and scenario.machine.cpus == 4
    assert scenario.layers_of("web")[-1].upstream.workers == 3  # type: ignore[union-attr]
    assert scenario.neighbours[0].count == 2
    assert "hunter2" not in text and "web.RestartPolicy unless-stopped" in text
    assert "2. clients.connections" in text                                  # the machine is known, so nobody is asked for it


@pytest.mark.parametrize(
    ("project", "containers", "sentence"),
    [
        ("shp", SHOP, "'shp' is no Compose project that runs there; expected 'shop'. Did you mean 'shop'?"),
        ("shop", SHOP[-1:], "no container is of a Compose project."),
        ("", [], "no container runs there; expected at least one."),
    ],
)
def test_a_project_that_is_not_there(project: str, containers: list[dict[str, Any]], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as told:
        read(containers, tmp_path, project)
    assert str(told.value).endswith(sentence)


LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
STRANGE: dict[str, tuple[dict[str, Any], str]] = {
    "no HTTP": ({"/info": b"hello\r\n\r\n"}, "is no HTTP"),
    "nothing": ({"/info": b""}, "remote end closed connection without response"),
    "no JSON": ({"/info": LENGTH % 2 + b"{["}, "is no JSON"),
    "deep": ({"/info": LENGTH % 200_000 + b"[" * 200_000}, "is no JSON"),
    "a list": ({"/info": []}, "is no object"),
    "an object": ({"/info": INFO, "/containers/json": {}}, "is no list of objects"),
    "an error": ({}, "is 404: no such thing"),
    "too long": ({"/info": LENGTH % (17 * 2**20) + b" " * (17 * 2**20)}, "is longer than 16,777,216 bytes"),
    "an Id": ({"/info": INFO, "/containers/json": [{"Id": "../info"}]}, r"Id is '\.\./info'; expected hexadecimal digits"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_what_no_host_should_answer_is_told(name: str, tmp_path: Path) -> None:
    answers, sentence = STRANGE[name]
    with host(answers, tmp_path) as (address, _), pytest.raises(NoDockerHost, match=sentence):
        running.read(address)


def test_values_of_other_kinds_are_as_if_they_were_not_there(tmp_path: Path) -> None:
    odd = container(1, "a", "nginx", NanoCpus="many", Memory=True, PortBindings=[], SecurityOpt="x", CpusetCpus=3, NetworkMode=None)
    odd["Config"] |= {"Labels": [1], "Env": {"a": 1}, "Cmd": "nginx"}
    odd |= {"Mounts": [3, {"Destination": 4}], "Name": None}
    text, _ = importing.scenario_of(read([odd, {"Id": "b" * 64}], tmp_path), "two-core-vm", {})
    assert "container" in scenarios.loader.load_text(text).stacks


def test_a_host_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PATIENCE_S", 0.2)
    with host({"/info": 1.0}, tmp_path) as (address, _), pytest.raises(NoDockerHost, match=r"no answer within 0\.2 s"):
        running.read(address)


def test_a_host_that_cannot_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoDockerHost, match="there is no such socket"):
        running.read(f"unix://{tmp_path}/none")
    (tmp_path / "file").touch()
    with pytest.raises(NoDockerHost, match="nobody listens there"):
        running.read(f"unix://{tmp_path}/file")
    for address in ("tcp://127.0.0.1:2375", "ssh://me@box", "/var/run/docker.sock", "unix://relative"):
        with pytest.raises(NoDockerHost, match="is no Unix socket"):
            running.read(address)

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("http.client.HTTPConnection.request", refused)        # root may open everything
    with pytest.raises(NoDockerHost, match="no permission; expected to run as root, or as a member of the group"):
        running.read(f"unix://{tmp_path}/file")
