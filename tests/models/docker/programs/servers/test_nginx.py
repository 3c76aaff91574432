"""nginx in a container: what it answers, logs, and how it obeys."""

import pytest

from cutaway.models.costs import Profile
from cutaway.models.docker.container import Container
from tests.models.docker.host import Host, log


@pytest.fixture
def host(profile: Profile) -> Host:
    return Host(profile)


@pytest.fixture
def nginx(host: Host) -> Container:
    container = host.run("nginx")
    host.let_pass(0.1)
    return container


def commands(container: Container) -> list[str]:
    assert container.space is not None
    return [" ".join(one.argv) for one in container.space.processes.values()]


def test_it_serves_the_file_that_is_there(host: Host, nginx: Container) -> None:
    assert len(host.ask(nginx, 80).body) == 615
    assert host.inside(nginx, "sh", "-c", "echo other > /usr/share/nginx/html/index.html")[0] == 0
    answer = host.ask(nginx, 80)
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"other\n", "6")
    assert list(answer.headers)[:4] == ["Server", "Date", "Content-Type", "Content-Length"]


def test_its_log_is_the_log_of_the_container(host: Host, nginx: Container) -> None:
    assert host.ask(nginx, 80, "/none?a=1").status == 404
    assert '172.17.0.1 - - [14/Nov/2023:22:13:20 +0000] "GET /none?a=1 HTTP/1.1" 404 153 "-" "test" "-"\n' in log(nginx)
    assert '*1 open() "/usr/share/nginx/html/none" failed (2: No such file or directory), client: 172.17.0.1' in log(nginx)


@pytest.mark.parametrize("path", ["/../../../etc/passwd", "/%2e%2e/etc/passwd", "//etc/passwd"])
def test_nothing_above_its_folder_is_served(host: Host, nginx: Container, path: str) -> None:
    assert host.ask(nginx, 80, path).status in (403, 404)


def test_it_is_a_master_and_workers_until_it_is_stopped(host: Host, nginx: Container) -> None:
    assert commands(nginx) == ["nginx: master process nginx -g daemon off;"] + ["nginx: worker process"] * 2
    assert host.stop(nginx) == 0
    assert "signal 3 (SIGQUIT) received, shutting down" in log(nginx)


def test_a_reload_brings_new_workers_and_reads_the_configuration(host: Host, nginx: Container) -> None:
    assert nginx.space is not None
    before = set(nginx.space.processes)
    host.inside(nginx, "sh", "-c", "echo 'server { listen 8080; root /etc; }' > /etc/nginx/conf.d/default.conf")
    assert host.inside(nginx, "nginx", "-t")[0] == 0
    assert host.inside(nginx, "nginx", "-s", "reload")[0] == 0
    host.let_pass(0.1)
    assert set(nginx.space.processes) & before == {1} and len(nginx.space.processes) == 3
    assert list(nginx.space.listening) == [(8080, "tcp")] and host.ask(nginx, 8080, "/hostname").status == 200


def test_a_worker_that_is_killed_is_started_again(host: Host, nginx: Container) -> None:
    assert nginx.space is not None
    victim = max(nginx.space.processes)
    host.inside(nginx, "kill", "-9", str(victim))
    host.let_pass(0.1)
    assert f"worker process {victim} exited on signal 9" in log(nginx) and len(nginx.space.processes) == 3
    assert [host.ask(nginx, 80).status for _ in range(3)] == [200] * 3


def test_links_in_its_folder_are_followed(host: Host, nginx: Container) -> None:
    host.inside(nginx, "ln", "-s", "/etc/os-release", "/usr/share/nginx/html/release")
    assert b"bullseye" in host.ask(nginx, 80, "/release").body


def test_a_configuration_that_cannot_be_is_told_and_the_old_one_stays(host: Host, nginx: Container) -> None:
    host.inside(nginx, "sh", "-c", "echo 'server {' > /etc/nginx/conf.d/default.conf")
    code, said = host.inside(nginx, "nginx", "-t")
    assert code == 1 and 'unexpected end of file, expecting "}" in /etc/nginx/conf.d/default.conf:1' in said
    host.inside(nginx, "nginx", "-s", "reload")
    assert host.ask(nginx, 80).status == 200


def test_a_port_is_given_once_in_a_container(host: Host, nginx: Container) -> None:
    code, said = host.inside(nginx, "nginx", "-g", "daemon off;")
    assert (code, said) == (1, "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n")


def test_a_frozen_container_answers_when_it_goes_on(host: Host, nginx: Container) -> None:
    host.done(host.daemon.lifecycle.pause(nginx))
    asked = host.clock.now
    thaw = host.clock.timeout(5_000_000_000)
    thaw.callbacks.append(lambda event: host.clock.process(host.daemon.lifecycle.unpause(nginx)))
    assert host.ask(nginx, 80).status == 200
    assert host.clock.now - asked >= 5_000_000_000


def test_other_containers_reach_it(host: Host, nginx: Container) -> None:
    other = host.run("busybox", "sleep", "1000")
    assert "Welcome to nginx!" in host.inside(other, "wget", "-qO-", "http://172.17.0.2/")[1]
    host.run("redis")
    host.let_pass(0.1)
    assert host.inside(other, "wget", "-qO-", "http://172.17.0.4:6379/") == (1, "wget: error getting response\n")


def test_its_memory_and_its_cpu_time_are_charged_to_the_container(host: Host, nginx: Container, profile: Profile) -> None:
    assert nginx.space is not None
    held = {"nginx master memory": 1, "nginx shared memory": 1, "nginx worker memory": 2}
    assert nginx.space.memory.own == sum(round(profile[name].value) * times for name, times in held.items())
    before = nginx.space.cpu_ns
    host.ask(nginx, 80)
    assert nginx.space.cpu_ns > before
