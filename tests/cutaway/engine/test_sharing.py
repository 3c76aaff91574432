"""Containers that share a machine, as clients of the Engine see it; and nginx beside hogs, as it was measured."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from cutaway.engine.demands import Demands
from cutaway.models import costs
from cutaway.models.docker.programs.servers.web import Question, WebServer
from cutaway.sim.clock import Process as Steps
from tests.cutaway.engine.conftest import Served
from tests.models.docker.host import MACHINE, Host

MIB = 1 << 20
HOG = ["sh", "-c", "while :; do :; done"]


@pytest.fixture
def client(served: Served) -> Iterator[Any]:
    made = docker.DockerClient(base_url=served.host, timeout=20)
    made.images.pull("alpine", tag="latest")
    yield made
    for one in made.containers.list(all=True):
        one.remove(force=True)
    made.close()


def test_stats_tell_what_a_container_uses(client: Any) -> None:
    one = client.containers.run("alpine", HOG, detach=True, cpu_quota=25_000, mem_limit="64m", pids_limit=50)
    one.exec_run("dd if=/dev/zero of=/x bs=1M count=8")
    one.exec_run("dd if=/dev/zero of=/dev/shm/y bs=1M count=4")
    found = one.stats(stream=False)
    now, before = found["cpu_stats"], found["precpu_stats"]
    throttling = {name: now["throttling_data"][name] - before["throttling_data"][name] for name in now["throttling_data"]}
    used = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    system = now["system_cpu_usage"] - before["system_cpu_usage"]
    assert used / system * now["online_cpus"] == pytest.approx(0.25, rel=0.02)
    assert throttling["periods"] == throttling["throttled_periods"] > 100
    assert throttling["throttled_time"] / (system / now["online_cpus"]) == pytest.approx(0.75, rel=0.02)
    memory = found["memory_stats"]
    assert memory["limit"] == 64 * MIB and 12 * MIB < memory["usage"] < 14 * MIB
    assert memory["stats"]["inactive_file"] == 8 * MIB and memory["stats"]["shmem"] == 4 * MIB
    assert found["blkio_stats"]["io_service_bytes_recursive"][1]["value"] == 8 * MIB
    assert found["pids_stats"] == {"current": 1, "limit": 50}


def test_a_container_that_is_killed_for_want_of_memory_says_so(client: Any, served: Served) -> None:
    beside = client.containers.run("alpine", "sleep 1000000", detach=True)
    one = client.containers.run("alpine", "tail /dev/zero", detach=True, mem_limit="64m")
    assert one.wait()["StatusCode"] == 137
    one.reload()
    assert one.attrs["State"]["OOMKilled"] and one.attrs["HostConfig"]["MemorySwap"] == 128 * MIB
    events = [event.action for event in served.engine.daemon.events.kept if event.id == one.id]
    assert [action for action in events if action in ("oom", "die")] == ["oom", "die"]
    beside.reload()
    assert beside.status == "running" and not beside.attrs["State"]["OOMKilled"]
    one.start()
    one.wait()
    assert client.containers.list() == [beside]


def test_what_cgroup_v2_does_not_have_is_discarded_with_a_warning(client: Any) -> None:
    made = client.api.create_container(
        "alpine", "true", host_config=client.api.create_host_config(mem_limit="64m", oom_kill_disable=True, mem_swappiness=10))
    assert [warning.split(".")[0] for warning in made["Warnings"]] == [
        "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted",
        "Your kernel does not support OomKillDisable",
    ]
    host = client.api.inspect_container(made["Id"])["HostConfig"]
    assert host["OomKillDisable"] is None and host["MemorySwappiness"] is None


def test_a_size_of_the_disk_is_refused_as_on_ext4(client: Any) -> None:
    with pytest.raises(docker.errors.APIError, match="supported only for overlay over xfs with 'pquota' mount option") as failed:
        client.containers.create("alpine", "true", storage_opt={"size": "10m"})
    assert failed.value.status_code == 500


def test_top_shows_who_computes(client: Any) -> None:
    one = client.containers.run("alpine", HOG, detach=True, nano_cpus=500_000_000)
    time.sleep(0.01)
    found = one.top(ps_args="aux")
    row = dict(zip(found["Titles"], found["Processes"][0], strict=True))
    assert row["STAT"] == "R" and 30 < float(row["%CPU"]) <= 55
    one.kill("SIGSTOP")
    assert one.top(ps_args="aux")["Processes"][0][found["Titles"].index("STAT")] == "T"


# --- as measured -----------------------------------------------------------------------------------------------------------------------


def measured(hogs: int, metric: str) -> float:
    """Of nginx beside hogs on its core, a container each, 16 connections. The row is for validation: no cost was made of it."""
    wanted = {"grouping": "a container each", "hogs": hogs, "connections": 16}
    for line in (Path(costs.__file__).parent / "measured" / "two-core-vm.jsonl").read_text().splitlines():
        if '"what":"nginx beside CPU hogs on its core, closed loop","stack":"docker-bridge"' in line:
            row = json.loads(line)
            if row["metric"] == metric and wanted.items() <= row["params"].items():
                return float(row["median"])
    raise LookupError(hogs, metric)


def asking(host: Host, server: WebServer, took: list[int]) -> Steps:
    """A connection of a load generator on another CPU, whose own work takes as long as nginx's."""
    while True:
        yield host.clock.timeout(20_000)
        began = int(host.clock.now)
        yield from server.answer(Question("GET", "/", "localhost"))
        took.append(int(host.clock.now) - began)


def test_nginx_beside_hogs_is_as_slow_as_it_was_measured() -> None:
    """Each hog takes its share of the throughput, and its slices are in the 99th percentile."""
    profile, rates = costs.load("two-core-vm"), {}
    for hogs in (0, 1, 2):
        host = Host(profile, demand=Demands(MACHINE, profile))
        nginx = host.run("nginx", CpusetCpus="1")
        host.let_pass(0.1)
        for _ in range(hogs):
            host.run("busybox", *HOG, CpusetCpus="1")
        took: list[int] = []
        server = nginx.space.listening[80, "tcp"] if nginx.space else None
        assert isinstance(server, WebServer)
        for _ in range(16):
            host.clock.process(asking(host, server, took))
        host.let_pass(0.072)
        rates[hogs] = len(took) / 0.072
        if hogs:
            assert sorted(took)[len(took) * 99 // 100] / 1000 == pytest.approx(measured(hogs, "latency_p99"), rel=0.05)
            expected = measured(hogs, "throughput") / measured(0, "throughput")
            assert rates[hogs] / rates[0] == pytest.approx(expected, rel=0.05)
    assert rates[0] == pytest.approx(measured(0, "throughput"), rel=0.15)
