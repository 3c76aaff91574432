"""`docker run --runtime`: what takes how long, and which kernel a program finds itself on."""

from collections.abc import Iterator
from typing import Any

import pytest

from cutaway.models.docker.platforms.runtimes import KATA_MEMORY, RUNTIMES

from .conftest import MACHINE, Served

docker = pytest.importorskip("docker")


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[Any]:
    made = docker.DockerClient(base_url=served.host, timeout=20)
    made.images.pull("alpine", tag="latest")
    yield made
    made.close()


@pytest.fixture(scope="module")
def sandboxes(client: Any) -> Iterator[dict[str, Any]]:
    """A container that sleeps, by each runtime."""
    made = {name: client.containers.run("alpine", "sleep 1000000", detach=True, runtime=name) for name in RUNTIMES}
    yield made
    for one in made.values():
        one.remove(force=True)


def said(container: Any, command: str) -> str:
    return str(container.exec_run(command).output.decode())


def test_only_a_sandbox_has_a_kernel_of_its_own(sandboxes: dict[str, Any]) -> None:
    kernels = {name: said(one, "uname -r").strip() for name, one in sandboxes.items()}
    assert kernels["runc"] == kernels["crun"] == MACHINE.kernel
    assert len({kernels["runc"], kernels["runsc"], kernels["kata-runtime"]}) == 3
    assert kernels["kata-runtime"] in said(sandboxes["kata-runtime"], "cat /proc/version")
    assert "Starting gVisor" in said(sandboxes["runsc"], "dmesg") and "Operation not permitted" in said(sandboxes["runc"], "dmesg")


def test_only_a_virtual_machine_has_memory_and_cpus_of_its_own(sandboxes: dict[str, Any]) -> None:
    memory = {name: int(said(one, "free -m").split("Mem:")[1].split()[0]) << 20 for name, one in sandboxes.items()}
    assert memory["kata-runtime"] == KATA_MEMORY and memory["runsc"] == memory["runc"] == MACHINE.memory
    assert [int(said(sandboxes[name], "nproc")) for name in ("runc", "kata-runtime")] == [MACHINE.cpus, 1]


def test_what_stands_between_shows_in_mounts_and_in_the_cgroup(sandboxes: dict[str, Any]) -> None:
    roots = {name: said(one, "mount").splitlines()[0] for name, one in sandboxes.items()}
    assert "overlay" in roots["runc"] and "9p" in roots["runsc"] and "virtiofs" in roots["kata-runtime"]
    used = {name: one.stats(stream=False, one_shot=True)["memory_stats"]["usage"] for name, one in sandboxes.items()}
    assert used["runsc"] - used["runc"] > 10 << 20 and used["kata-runtime"] == used["runc"]


def test_a_start_takes_the_phases_of_its_runtime(client: Any, served: Served) -> None:
    starts = {}
    for name in ("crun", "runc", "runsc", "io.containerd.kata.v2"):
        client.containers.run("alpine", "true", runtime=name, remove=True)
        starts[name] = next(act.steps for act in reversed(served.engine.daemon.record.past) if act.kind == "start")
    took = [sum((step.ended_ns or 0) - step.begun_ns for step in steps) for steps in starts.values()]
    who = {name: {step.who for step in steps} for name, steps in starts.items()}
    assert took == sorted(took)
    assert "sentry" in who["runsc"] and "QEMU" in who["io.containerd.kata.v2"] and "crun" in who["crun"]


def test_what_is_not_known_of_a_sandbox_is_told(client: Any) -> None:
    warned = {name: client.api.create_container("alpine", "true", host_config=client.api.create_host_config(runtime=name))["Warnings"]
              for name in ("runc", "runsc")}  # fmt: skip
    assert not warned["runc"] and "what a request costs in its sandbox is not known" in warned["runsc"][0]


def test_runtimes_are_listed_and_shown(client: Any, sandboxes: dict[str, Any]) -> None:
    assert set(client.info()["Runtimes"]) == {*RUNTIMES, "io.containerd.runc.v2"}
    assert {name: one.attrs["HostConfig"]["Runtime"] for name, one in sandboxes.items()} == {name: name for name in RUNTIMES}


@pytest.mark.parametrize(
    ("runtime", "status", "sentence"),
    [
        ("rucn", 400, "unknown or invalid runtime name: rucn"),
        ("/bin/runc", 400, "unknown or invalid runtime name: /bin/runc"),
        ("io.containerd.x.v1", 500, 'runtime "io.containerd.x.v1" binary not installed "containerd-shim-x-v1": file does not exist'),
    ],
)
def test_a_runtime_that_is_not_there(client: Any, runtime: str, status: int, sentence: str) -> None:
    """A name without a dot is looked up when the container is made, a shim's when it starts."""
    with pytest.raises(docker.errors.APIError) as refused:
        client.containers.run("alpine", "true", runtime=runtime)
    assert refused.value.response.status_code == status and sentence in refused.value.explanation
