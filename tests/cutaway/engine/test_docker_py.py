"""docker-py against the socket: a request has its effect, and what cannot be is refused as a daemon refuses it."""

from __future__ import annotations

import io
import tarfile
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cutaway.engine.conftest import Served

docker = pytest.importorskip("docker", reason="docker-py is not installed")
GIB = 1 << 30


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[Any]:
    made = docker.DockerClient(base_url=served.host, timeout=20)
    made.images.pull("alpine", tag="latest")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def cleaned(client: Any) -> Iterator[None]:
    yield
    for one in client.containers.list(all=True):
        one.remove(force=True, v=True)
    client.networks.prune()
    client.volumes.prune(filters={"all": True})


def why(refused: Any) -> tuple[int, str]:
    return refused.value.response.status_code, refused.value.explanation


# --- containers ------------------------------------------------------------------------------------------------------------------------


def test_what_a_container_prints_comes_back(client: Any) -> None:
    assert client.containers.run("alpine", "echo hello", remove=True) == b"hello\n"
    assert client.containers.run("alpine", ["sh", "-c", "echo a; echo b >&2"], stderr=True, remove=True) == b"a\nb\n"
    assert client.containers.list(all=True) == []


def test_an_exit_code_is_the_programs(client: Any) -> None:
    with pytest.raises(docker.errors.ContainerError) as failed:
        client.containers.run("alpine", "sh -c 'exit 7'", remove=True)
    assert failed.value.exit_status == 7


def test_a_life(client: Any) -> None:
    one = client.containers.create("alpine", "sleep 100", name="life")
    states = [one.status]
    for act in (one.start, one.pause, one.unpause, lambda: one.stop(timeout=2), one.start, lambda: one.kill("KILL")):
        act()
        one.wait() if act.__name__ == "<lambda>" else None
        one.reload()
        states.append(one.status)
    assert states == ["created", "running", "paused", "running", "exited", "running", "exited"]
    assert one.attrs["State"]["ExitCode"] == 137 and one.attrs["State"]["FinishedAt"] > one.attrs["State"]["StartedAt"]


def test_a_frozen_process_does_not_go_on(client: Any, served: Served) -> None:
    one = client.containers.run("alpine", "sleep 500", detach=True)
    one.pause()
    time.sleep(1.2)                             # 1200 s of the simulation
    one.reload()
    assert one.status == "paused"
    one.unpause()
    assert one.wait(timeout=5)["StatusCode"] == 0


@pytest.mark.parametrize(
    ("asked", "status", "sentence"),
    [
        ({"mem_limit": "4m"}, 400, "Minimum memory limit allowed is 6MB"),
        ({"cpuset_cpus": "7"}, 400, "Requested CPUs are not available - requested 7, available: 0-1"),
        ({"nano_cpus": 3_000_000_000}, 400, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"),
        ({"runtime": "nonsense"}, 400, "unknown or invalid runtime name: nonsense"),
        ({"restart_policy": {"Name": "sometimes"}}, 400, "unknown policy 'sometimes'"),
        ({"working_dir": "relative"}, 400, "needs to be an absolute path"),
        ({"name": "a b"}, 400, "Invalid container name (a b)"),
        ({"cap_add": ["net_admin", "cap_magic"]}, 400, 'invalid CapAdd: unknown capability: "CAP_MAGIC"'),
        ({"security_opt": ["seccomp"]}, 400, 'invalid --security-opt 1: "seccomp"'),
        ({"security_opt": ["colour=red"]}, 400, 'invalid --security-opt 2: "colour=red"'),
        ({"tmpfs": {}, "volumes": ["nowhere"]}, 400, "invalid"),
    ],
)
def test_what_cannot_be_is_refused(client: Any, asked: dict[str, Any], status: int, sentence: str) -> None:
    if "volumes" in asked:
        asked = {"mounts": [docker.types.Mount("relative", "x", type="volume")]}
    with pytest.raises(docker.errors.APIError) as refused:
        client.containers.create("alpine", "true", **asked)
    assert why(refused)[0] == status and sentence in why(refused)[1]


def test_what_cannot_be_changed_is_refused(client: Any) -> None:
    one = client.containers.create("alpine", "true")
    with pytest.raises(docker.errors.APIError, match="unknown policy 'sometimes'"):
        one.update(restart_policy={"Name": "sometimes"})
    assert one.diff() is None
    with pytest.raises(docker.errors.APIError, match='invalid option: "colour"'):
        client.volumes.create("painted", driver_opts={"colour": "red"})
    with pytest.raises(docker.errors.APIError, match='missing required option: "device"'):
        client.volumes.create("mounted", driver_opts={"type": "nfs"})


def test_nobody_can_log_in(client: Any) -> None:
    with pytest.raises(docker.errors.APIError, match="the simulated registry has no accounts") as refused:
        client.login("me", "secret", reauth=True)
    assert refused.value.status_code == 401


def test_top_tells_since_when(client: Any) -> None:
    one = client.containers.run("alpine", "sleep 1000", detach=True)
    one.reload()
    [process] = one.top()["Processes"]
    assert process[4] == one.attrs["State"]["StartedAt"][11:16]
    one.remove(force=True)


def test_names_are_taken_once(client: Any) -> None:
    one = client.containers.create("alpine", "true", name="twice")
    with pytest.raises(docker.errors.APIError) as refused:
        client.containers.create("alpine", "true", name="twice")
    assert why(refused) == (409, f'Conflict. The container name "/twice" is already in use by container "{one.id}". You have to remove '
                                 f'(or rename) '
                                 "that container to be able to reuse that name.")  # fmt: skip
    one.rename("once")
    assert client.containers.create("alpine", "true", name="twice").name == "twice"


def test_a_running_container_is_removed_by_force_only(client: Any) -> None:
    one = client.containers.run("alpine", "sleep 1000000", detach=True, name="held")
    with pytest.raises(docker.errors.APIError) as refused:
        one.remove()
    assert why(refused)[0] == 409 and "container is running: stop the container before removing or force remove" in why(refused)[1]
    one.remove(force=True)
    with pytest.raises(docker.errors.NotFound, match="No such container: held"):
        client.containers.get("held")


def test_a_missing_program_leaves_the_container_created(client: Any) -> None:
    one = client.containers.create("alpine", "nonsense")
    with pytest.raises(docker.errors.APIError) as refused:
        one.start()
    assert why(refused)[0] == 400 and 'exec: "nonsense": executable file not found in $PATH' in why(refused)[1]
    one.reload()
    assert (one.status, one.attrs["State"]["ExitCode"]) == ("created", 127)


def test_restart_policies(client: Any) -> None:
    one = client.containers.run("alpine", "sh -c 'exit 3'", detach=True, restart_policy={"Name": "on-failure", "MaximumRetryCount": 2})
    until = time.monotonic() + 5
    while time.monotonic() < until:
        one.reload()
        if one.status == "exited":
            break
        time.sleep(0.02)
    assert (one.status, one.attrs["RestartCount"], one.attrs["State"]["ExitCode"]) == ("exited", 2, 3)


def test_pids_are_limited(client: Any) -> None:
    with pytest.raises(docker.errors.ContainerError) as failed:
        client.containers.run("alpine", ["sh", "-c", "sleep 1 | sleep 1 | sleep 1"], pids_limit=2, remove=True)
    assert b"can't fork: Resource temporarily unavailable" in failed.value.stderr


def test_limits_change_while_it_runs(client: Any) -> None:
    one = client.containers.run("alpine", "sleep 1000000", detach=True, mem_limit="64m")
    one.update(mem_limit="128m", memswap_limit="256m", cpu_shares=300)
    one.reload()
    assert (one.attrs["HostConfig"]["Memory"], one.attrs["HostConfig"]["CpuShares"]) == (128 << 20, 300)
    assert one.stats(stream=False)["memory_stats"]["limit"] == 128 << 20
    with pytest.raises(docker.errors.APIError, match="Minimum memory limit allowed is 6MB"):
        one.update(mem_limit="1m")


def test_a_quota_makes_work_take_longer(client: Any) -> None:
    loop = ["sh", "-c", "i=0; while [ $i -lt 12000 ]; do i=$((i+1)); done"]

    def took(**limits: Any) -> float:
        one = client.containers.create("alpine", loop, **limits)
        one.start()
        one.wait()
        one.reload()
        return _seconds(one.attrs["State"]["FinishedAt"]) - _seconds(one.attrs["State"]["StartedAt"])
    assert took(nano_cpus=20_000_000) > 5 * took()     # 12 ms of work, 2 ms in each period: at least five waits


def _seconds(text: str) -> float:
    clock, _, fraction = text.rstrip("Z").rpartition(".")
    return time.mktime(time.strptime(clock, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{fraction}")


# --- what is inside --------------------------------------------------------------------------------------------------------------------


def test_the_kernel_is_the_hosts(client: Any) -> None:
    assert client.containers.run("alpine", "uname -r", remove=True).decode().strip() == client.info()["KernelVersion"]
    assert client.containers.run("alpine", "sh -c 'echo $$'", remove=True) == b"1\n"


def test_files_are_the_containers_own(client: Any) -> None:
    one = client.containers.run("alpine", ["sh", "-c", "echo x > /new; rm /etc/group; sleep 1000000"], detach=True)
    assert one.exec_run("cat /new").output == b"x\n"
    assert one.diff() == [{"Path": "/etc", "Kind": 0}, {"Path": "/etc/group", "Kind": 2}, {"Path": "/new", "Kind": 1}]
    assert client.containers.run("alpine", "ls /", remove=True).decode().split().count("new") == 0


def test_archives_go_in_and_out(client: Any) -> None:
    one = client.containers.create("alpine", "cat /tmp/in/told")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in (("in/told", b"told\n"), ("../../escaped", b"no"), ("/absolute", b"no")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    assert one.put_archive("/tmp", packed.getvalue())
    one.start()
    one.wait()
    assert one.logs() == b"told\n"
    stream, about = one.get_archive("/tmp/in/told")
    assert about["name"] == "told" and about["size"] == 5
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        assert archive.extractfile("told").read() == b"told\n"  # type: ignore[union-attr]
    assert {change["Path"] for change in one.diff()} >= {"/tmp/escaped", "/tmp/absolute"}       # inside, where it was unpacked


def test_volumes_outlive_containers(client: Any) -> None:
    client.containers.run("alpine", "sh -c 'echo kept > /data/file'", volumes={"keeps": {"bind": "/data"}}, remove=True)
    assert client.containers.run("alpine", "cat /data/file", volumes={"keeps": {"bind": "/data", "mode": "ro"}}, remove=True) == b"kept\n"
    with pytest.raises(docker.errors.ContainerError) as failed:
        client.containers.run("alpine", "touch /data/other", volumes={"keeps": {"bind": "/data", "mode": "ro"}}, remove=True)
    assert b"Read-only file system" in failed.value.stderr
    holder = client.containers.create("alpine", "true", volumes={"keeps": {"bind": "/data"}})
    with pytest.raises(docker.errors.APIError) as refused:
        client.volumes.get("keeps").remove()
    assert why(refused) == (409, f"remove keeps: volume is in use - [{holder.id}]")


def test_nothing_of_a_bind_is_on_the_host(client: Any, tmp_path: Any) -> None:
    client.containers.run("alpine", "sh -c 'echo x > /there/written'", volumes={str(tmp_path): {"bind": "/there"}}, remove=True)
    assert list(tmp_path.iterdir()) == []
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    with pytest.raises(docker.errors.ContainerError):
        client.containers.run("alpine", "cat /there/secret", volumes={str(tmp_path): {"bind": "/there"}}, remove=True)


# --- output ----------------------------------------------------------------------------------------------------------------------------


def test_logs_follow_and_end(client: Any) -> None:
    one = client.containers.run("alpine", ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 100; done"], detach=True)
    assert b"".join(one.logs(stream=True, follow=True)) == b"1\n2\n3\n"
    assert one.logs(tail=1) == b"3\n"
    stamps = [line.split(b" ")[0] for line in one.logs(timestamps=True).splitlines()]
    assert stamps == sorted(stamps) and all(len(stamp) == 30 for stamp in stamps)


def test_attach_types_and_hears(client: Any) -> None:
    one = client.containers.create("alpine", "cat", stdin_open=True, tty=False)
    socket = client.api.attach_socket(one.id, {"stdin": 1, "stdout": 1, "stream": 1})
    one.start()
    socket._sock.sendall(b"over\n")
    found = b""
    while not found.endswith(b"over\n"):
        found += socket._sock.recv(100)
    assert found == b"\x01\0\0\0\0\0\0\x05over\n"
    socket._sock.close()


def test_exec_has_its_own_code_and_user(client: Any) -> None:
    one = client.containers.run("alpine", "sleep 1000000", detach=True, environment={"A": "1"})
    assert one.exec_run(["sh", "-c", "echo $A $B; exit 4"], environment={"B": "2"}) == (4, b"1 2\n")
    assert one.exec_run("whoami", user="postgres").output == b"postgres\n"
    assert one.exec_run("pwd", workdir="/var").output == b"/var\n"
    assert one.exec_run("nonsense").exit_code == 127


def test_events_tell_the_life_in_order(client: Any, served: Served) -> None:
    seen: list[str] = []
    stream = client.events(decode=True, filters={"type": "container"})

    def watch() -> None:
        for event in stream:
            seen.append(event["Action"])
            if event["Action"] == "destroy":
                return
    watcher = threading.Thread(target=watch)
    watcher.start()
    time.sleep(0.1)
    client.containers.run("alpine", "true", remove=True)
    watcher.join(5)
    assert [one for one in seen if one != "attach"] == ["create", "start", "die", "destroy"]


def test_stats_have_two_samples(client: Any) -> None:
    one = client.containers.run("alpine", "sleep 1000000", detach=True)
    found = one.stats(stream=False)
    assert found["cpu_stats"]["system_cpu_usage"] > found["precpu_stats"]["system_cpu_usage"]
    assert found["pids_stats"]["current"] == 1 and found["memory_stats"]["limit"] == 4 * GIB


def test_health(client: Any) -> None:
    check = {"test": ["CMD-SHELL", "test -f /well"], "interval": 10**9, "retries": 2}
    one = client.containers.run("alpine", ["sh", "-c", "touch /well; sleep 60; rm /well; sleep 1000000"], detach=True, healthcheck=check)
    seen = []
    until = time.monotonic() + 5
    while time.monotonic() < until and seen[-1:] != ["unhealthy"]:
        one.reload()
        if seen[-1:] != [one.health]:
            seen.append(one.health)
        time.sleep(0.002)
    assert seen[-2:] == ["healthy", "unhealthy"]


# --- networks --------------------------------------------------------------------------------------------------------------------------


def test_names_resolve_in_a_network_of_ones_own(client: Any) -> None:
    network = client.networks.create("shared", ipam=docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool("10.9.0.0/24")]))
    first = client.containers.run("alpine", "sleep 1000000", detach=True, name="first", network="shared")
    assert client.containers.run("alpine", "nslookup first", network="shared", remove=True).count(b"10.9.0.2") == 1
    with pytest.raises(docker.errors.ContainerError):
        client.containers.run("alpine", "nslookup first", remove=True)
    with pytest.raises(docker.errors.APIError) as refused:
        network.remove()
    assert why(refused)[0] == 403 and "has active endpoints" in why(refused)[1]
    network.disconnect(first)
    first.reload()
    assert "shared" not in first.attrs["NetworkSettings"]["Networks"]
    network.remove()


def test_an_unknown_network_is_found_out_at_the_start(client: Any) -> None:
    one = client.containers.create("alpine", "true", network="nowhere")
    with pytest.raises(docker.errors.NotFound, match="network nowhere not found"):
        one.start()


def test_a_port_is_given_once(client: Any) -> None:
    client.containers.run("alpine", "sleep 1000000", detach=True, ports={"80/tcp": 8080})
    other = client.containers.create("alpine", "sleep 1000000", ports={"80/tcp": 8080})
    with pytest.raises(docker.errors.APIError) as refused:
        other.start()
    assert why(refused)[0] == 500 and "Bind for 0.0.0.0:8080 failed: port is already allocated" in why(refused)[1]
    other.reload()
    assert other.status == "created"


def test_host_and_none(client: Any) -> None:
    assert client.containers.run("alpine", "ip addr", network_mode="none", remove=True).count(b"eth0") == 0
    with pytest.raises(docker.errors.APIError):
        client.networks.get("bridge").remove()


# --- images ----------------------------------------------------------------------------------------------------------------------------


def test_an_unknown_image(client: Any) -> None:
    with pytest.raises(docker.errors.ImageNotFound, match="No such image: nonsense:latest"):
        client.api.create_container("nonsense", "true")
    with pytest.raises(docker.errors.NotFound, match="pull access denied for nonsense"):
        client.images.pull("nonsense", tag="latest")


def test_commit_save_load(client: Any) -> None:
    one = client.containers.run("alpine", "sh -c 'echo baked > /baked'", detach=True)
    one.wait()
    image = one.commit("mine", tag="1", changes="CMD cat /baked")
    assert client.containers.run("mine:1", remove=True) == b"baked\n"
    saved = b"".join(image.save(named=True))
    one.remove()
    client.images.remove("mine:1")
    with pytest.raises(docker.errors.ImageNotFound):
        client.images.get("mine:1")
    [back] = client.images.load(saved)
    assert back.id == image.id and client.containers.run("mine:1", remove=True) == b"baked\n"
    client.images.remove("mine:1")


def test_layers_are_pulled_once(client: Any) -> None:
    client.images.pull("alpine", tag="latest")
    said = [line.get("status", "") for line in client.api.pull("alpine", tag="latest", stream=True, decode=True)]
    assert "Status: Image is up to date for alpine:latest" in said and not any("Pulling fs layer" in line for line in said)


def test_what_stands_in_the_background_runs_beside(client: Any) -> None:
    text = client.containers.run("alpine", ["sh", "-c", "(sleep 2; echo late) & echo first; wait; echo last"], remove=True)
    assert text == b"first\nlate\nlast\n"
