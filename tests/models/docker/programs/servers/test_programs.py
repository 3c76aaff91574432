"""The other server programs: how they start, what they need, how they end."""

import re

import pytest

from cutaway.models.costs import Profile
from tests.models.docker.host import Host, log


@pytest.fixture
def host(profile: Profile) -> Host:
    return Host(profile)


@pytest.mark.parametrize(("image", "sentence"), [
    ("mysql", "[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n    You need to specify one of"),
    ("mariadb", "You need to specify one of MARIADB_ROOT_PASSWORD, MARIADB_ROOT_PASSWORD_HASH"),
    ("postgres", "Error: Database is uninitialized and superuser password is not specified.\n       You must specify POSTGRES_PASSWORD"),
])  # fmt: skip
def test_a_database_without_a_password_does_not_start(host: Host, image: str, sentence: str) -> None:
    container = host.run(image)
    host.let_pass(30)
    assert container.exit_code == 1 and sentence in log(container)


@pytest.mark.parametrize(("image", "variable", "port", "ready"), [
    ("mysql", "MYSQL_ROOT_PASSWORD", 3306, "mysqld: ready for connections"),
    ("mariadb", "MARIADB_ROOT_PASSWORD", 3306, "mariadbd: ready for connections"),
    ("postgres", "POSTGRES_PASSWORD", 5432, "database system is ready to accept connections"),
])  # fmt: skip
def test_a_database_is_made_once(host: Host, image: str, variable: str, port: int, ready: str) -> None:
    container = host.run(image, config={"Env": [f"{variable}=secret"]})
    host.let_pass(30)
    assert log(container).count(ready) == 1 and (port, "tcp") in container.space.listening  # type: ignore[union-attr]
    assert host.stop(container) == 0
    host.done(host.daemon.lifecycle.start(container))
    host.let_pass(3)
    assert log(container).count(ready) == 2 and log(container).count("init process") == 1


@pytest.mark.parametrize(("image", "port", "seconds", "code"), [
    ("httpd", 80, 1, 0), ("redis", 6379, 1, 0), ("memcached", 11211, 1, 0), ("registry", 5000, 1, 2), ("tomcat", 8080, 3, 143),
    ("jboss/wildfly", 8080, 9, 143), ("springio/gs-spring-boot-docker", 8080, 5, 143),
])  # fmt: skip
def test_a_server_listens_and_ends_at_once_when_it_is_stopped(host: Host, image: str, port: int, seconds: int, code: int) -> None:
    container = host.run(image)
    host.let_pass(seconds)
    assert list(container.space.listening) == [(port, "tcp")]  # type: ignore[union-attr]
    begun = host.clock.now
    assert host.stop(container) == code
    assert host.clock.now - begun < 1_000_000_000


@pytest.mark.parametrize(("image", "port", "path", "status", "body"), [
    ("httpd", 80, "/", 200, b"<html><body><h1>It works!</h1></body></html>\n"),
    ("springio/gs-spring-boot-docker", 8080, "/", 200, b"Hello Docker World"),
    ("registry", 5000, "/v2/_catalog", 200, b'{"repositories":[]}\n'),
])  # fmt: skip
def test_what_they_answer(host: Host, image: str, port: int, path: str, status: int, body: bytes) -> None:
    container = host.run(image)
    host.let_pass(5)
    answer = host.ask(container, port, path)
    assert (answer.status, answer.body) == (status, body)
    head = host.ask(container, port, path, "HEAD")
    assert (head.body, head.headers["Content-Length"]) == (b"", str(len(body)))


def test_a_quota_draws_the_start_of_java_out(host: Host) -> None:
    """4 s of CPU time: on two CPUs two seconds; on half of one eight, less the half that is idle in the last period."""
    free = host.run("springio/gs-spring-boot-docker")
    host.let_pass(3)
    assert "Started Application in 2.000 seconds" in log(free)
    limited = host.run("springio/gs-spring-boot-docker", NanoCpus=500_000_000)
    host.let_pass(9)
    found = re.search(r"Started Application in ([\d.]+) seconds", log(limited))
    assert found is not None and 7.9 <= float(found[1]) <= 8


def test_starts_at_once_share_the_cpus(host: Host) -> None:
    """Two of 4 s on two CPUs: four seconds for both."""
    both = [host.run("springio/gs-spring-boot-docker") for _ in range(2)]
    host.let_pass(4.5)
    found = [re.search(r"Started Application in ([\d.]+) seconds", log(one)) for one in both]
    assert all(one is not None and 3.5 <= float(one[1]) <= 4 for one in found)


def test_what_is_not_simulated_says_so(host: Host) -> None:
    for image, command in (("node", "app.js"), ("python", "python app.py")):
        container = host.run(image, *command.split())
        host.let_pass(2)
        assert container.exit_code == 1 and "is not simulated here" in log(container)
    quiet = host.run("python")
    host.let_pass(2)
    assert quiet.exit_code == 0 and log(quiet) == ""


def test_what_an_image_has_and_the_simulation_has_not_is_said(host: Host) -> None:
    """It is no fault of the image's that redis-cli does not run."""
    asked = host.run("redis", "sh", "-c", "redis-cli ping; nonsense")
    host.let_pass(1)
    assert "redis-cli: is not simulated" in log(asked) and "nonsense: not found" in log(asked)
