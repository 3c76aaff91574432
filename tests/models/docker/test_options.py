"""Options of a container have their effect, are refused, or their client is told that they have none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic.alias_generators import to_pascal

from cutaway.models import costs
from cutaway.models.docker.creating import create
from cutaway.models.docker.effects import REFUSED, WITHOUT_EFFECT
from cutaway.models.docker.errors import ConflictError, DaemonError, InvalidError, NotFoundError
from cutaway.models.docker.specification import Config, HostConfig, form_of
from tests.models.docker.host import Host, log

SLEEP = ("sleep", "1000000")


@pytest.fixture
def host() -> Host:
    return Host(costs.load("bare-metal"))


def said(host: Host, *command: str, **options: Any) -> str:
    container = host.run("alpine", *command, **options)
    host.let_pass(60)
    return log(container).strip()


def test_init_is_pid_1_and_hands_signals_on(host: Host) -> None:
    with_init, without = host.run("alpine", *SLEEP, Init=True), host.run("alpine", *SLEEP)
    assert host.inside(with_init, "ps", "-o", "pid,comm")[1].splitlines()[1:3] == ["    1 docker-init", "    2 sleep"]
    began = host.clock.now
    assert host.stop(with_init) == 128 + 15 and host.clock.now - began < 1e9
    assert host.stop(without) == 128 + 9 and host.clock.now - began >= 10e9      # PID 1 ignores a signal that it has no handler for


def test_pid_1_is_not_killed_from_inside(host: Host) -> None:
    container = host.run("alpine", *SLEEP)
    host.inside(container, "kill", "-9", "1")
    assert container.has_process
    host.done(host.daemon.lifecycle.kill(container, "KILL"))
    assert not container.has_process


def test_capabilities(host: Host) -> None:
    assert said(host, "sh", "-c", "touch /x; chown 5 /x && stat -c %u /x") == "5"
    kept = host.run("alpine", *SLEEP, CapDrop=["ALL"], CapAdd=["cap_kill"])
    assert host.inside(kept, "chown", "5", "/etc/passwd") == (1, "chown: /etc/passwd: Operation not permitted\n")
    assert "CapEff:\t0000000000000020\n" in host.inside(kept, "cat", "/proc/self/status")[1]
    with pytest.raises(InvalidError, match='unknown capability: "CAP_NONSENSE"'):
        host.run("alpine", *SLEEP, CapAdd=["nonsense"])


def test_limits_parameters_and_devices(host: Host) -> None:
    assert said(host, "sh", "-c", "ulimit -n", Ulimits=[{"Name": "nofile", "Soft": 77, "Hard": 88}]) == "77"
    assert said(host, "cat", "/proc/sys/net/core/somaxconn", Sysctls={"net.core.somaxconn": "321"}) == "321"
    assert said(host, "ls", "/dev/net", Devices=[{"PathOnHost": "/dev/net/tun", "PathInContainer": "/dev/net/tun"}]) == "tun"
    with pytest.raises(DaemonError, match='adding custom device "/dev/nonsense": no such file or directory'):
        host.run("alpine", *SLEEP, Devices=[{"PathOnHost": "/dev/nonsense"}])
    with pytest.raises(DaemonError, match="is not in a separate kernel namespace"):
        host.run("alpine", *SLEEP, Sysctls={"vm.swappiness": "1"})


def test_a_network_is_shared(host: Host) -> None:
    first = host.run("alpine", *SLEEP)
    address = host.inside(first, "hostname", "-i")[1]
    other = host.run("alpine", *SLEEP, NetworkMode=f"container:{first.id}")
    assert host.inside(other, "hostname", "-i")[1] == address and host.inside(other, "hostname")[1] == f"{first.id[:12]}\n"
    host.stop(first)
    with pytest.raises(ConflictError, match="cannot join network of a non running container"):
        host.run("alpine", *SLEEP, NetworkMode=f"container:{first.id}")


def test_links_name_another_container(host: Host) -> None:
    store = host.run("redis", name="store")
    script = "grep -c cache /etc/hosts; echo $CACHE_NAME $CACHE_PORT_6379_TCP_PORT; ping -c 1 cache >/dev/null && echo there"
    told = said(host, "sh", "-c", script, name="asks", Links=["store:cache"])
    assert told.splitlines() == ["1", "/asks/cache 6379", "there"]
    with pytest.raises(InvalidError, match="could not get container for nothing"):
        host.run("alpine", *SLEEP, Links=["nothing:x"])
    with pytest.raises(InvalidError, match="invalid mode"):
        host.run("alpine", *SLEEP, Links=["store:y"], Binds=["/a:/b:nonsense"])
    assert [alias for _, alias in store.linked_from] == ["cache"]


def test_what_is_in_hosts_and_the_cgroup(host: Host) -> None:
    assert "172.17.0.1\tdocker.internal" in said(host, "cat", "/etc/hosts", ExtraHosts=["docker.internal:host-gateway"])
    assert said(host, "cat", "/proc/self/cgroup") == "0::/"
    assert said(host, "cat", "/proc/self/cgroup", CgroupnsMode="host").startswith("0::/system.slice/docker-")
    assert said(host, "hostname", UTSMode="host") == "host"


def test_directories_that_are_made_have_a_time(host: Host) -> None:
    assert said(host, "stat", "-c", "%Y", "/made", config={"WorkingDir": "/made/here"}).startswith("17000000")


def test_an_exec_needs_its_directory(host: Host) -> None:
    container = host.run("alpine", *SLEEP)
    one = host.daemon.execs.create(container, {"Cmd": ["pwd"], "WorkingDir": "/nowhere"})
    host.done(host.daemon.execs.start(one, lambda: None))
    assert one.code == 126


def test_execs_that_have_ended_are_forgotten(host: Host) -> None:
    container = host.run("alpine", *SLEEP)
    for _ in range(40):
        one = host.daemon.execs.create(container, {"Cmd": ["true"]})
        host.done(host.daemon.execs.start(one, lambda: None))
        host.let_pass(60)
    assert host.daemon.execs.get(one.id).code == 0 and len(host.daemon.execs.by_id) == len(container.execs) < 10


def test_who_is_told_what_has_no_effect(host: Host) -> None:
    form: HostConfig = form_of(HostConfig, {"BlkioWeight": 300, "PidMode": "host", "MemorySwappiness": -1, "IpcMode": "private",
                                           "MemoryReservation": 32 << 20, "OomKillDisable": True})
    host.run("alpine", "true")
    warnings = host.done(create(host.daemon, None, form_of(Config, {"Image": "alpine"}), form, {}))[1]
    assert [one.partition(" ")[0] for one in warnings if "no effect" in one] == ["BlkioWeight", "PidMode"]
    for refused in ({"StorageOpt": {"size": "1g"}}, {"Isolation": "hyperv"}, {"DeviceRequests": [{"Capabilities": [["gpu"]]}]}):
        with pytest.raises(DaemonError):
            host.run("alpine", *SLEEP, **refused)


def test_the_page_tells_of_each_option_what_it_does() -> None:
    """In the rows of docs/models/docker/options.md: `key`, the command's option, the kind."""
    page = (Path(__file__).parents[3] / "docs/models/docker/options.md").read_text(encoding="utf-8")
    told = {}
    for keys, kind in re.findall(r"^\| (`[^|]*) \|[^|]*\| (effective|shown|discarded|refused) \|", page, re.MULTILINE):
        told |= dict.fromkeys(re.findall(r"`(\w+)`", keys), kind)
    kinds = dict.fromkeys(map(_name, WITHOUT_EFFECT), "shown") | dict.fromkeys(map(_name, REFUSED), "refused")
    kinds |= dict.fromkeys(("MemorySwappiness", "OomKillDisable"), "discarded")
    assert told == {name: kinds.get(name, "effective") for form in (HostConfig, Config) for name in map(_name, form.model_fields)}


def _name(field: str) -> str:
    """Of the API."""
    found = HostConfig.model_fields.get(field) or Config.model_fields[field]
    return found.alias or to_pascal(field)


def test_names_do_not_run_out(host: Host) -> None:
    """Two lists of 32 words have 1,024 names."""
    host.run("alpine", "true")
    form = form_of(Config, {"Image": "alpine", "Cmd": ["true"]})
    for _ in range(1100):
        host.done(create(host.daemon, None, form, form_of(HostConfig, {}), {}))
    names = [one.name for one in host.daemon.containers.values()]
    assert len(set(names)) == 1101 and sum(name[-1].isdigit() for name in names) > 76


def test_addresses_are_given_again(host: Host) -> None:
    first, second = host.run("alpine", *SLEEP), host.run("alpine", *SLEEP)
    host.stop(first)
    third = host.run("alpine", *SLEEP)
    assert [host.inside(one, "hostname", "-i")[1] for one in (second, third)] == ["172.17.0.3\n", "172.17.0.2\n"]


def test_volumes_of_nobody_are_no_image(host: Host) -> None:
    """Not a 404: the client would go and pull the image."""
    with pytest.raises(InvalidError, match="No such container: nobody") as refused:
        host.run("alpine", *SLEEP, VolumesFrom=["nobody"])
    assert not isinstance(refused.value, NotFoundError)
