"""Compose files in the manner of those that everybody begins with, and what they become."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

import cutaway
from cutaway import importing, scenarios
from cutaway.importing import compose
from cutaway.importing.service import Port, Service
from cutaway.models.units import MIB, MS
from cutaway.scenarios import Scenario, ScenarioError

EXAMPLES = Path(__file__).parent / "examples"
MODELLED = {
    "nginx-flask-postgres/compose.yaml": {"proxy": "nginx", "web": "python app", "db": "postgresql"},
    "voting/docker-compose.yml": {"vote": "python app", "redis": "redis", "db": "postgresql"},
    "redis-only/compose.yaml": {"cache": "redis"},
    "anchors/compose.yaml": {"one": "nginx", "two": "nginx"},
    "django/compose.yml": {"nginx": "nginx", "app": "python app", "cache": "redis"},
}


def text_of(name: str, **options: object) -> str:
    project = compose.read(EXAMPLES / name, name, options.pop("profiles", ()))  # type: ignore[arg-type]
    return importing.scenario_of(project, "two-core-vm", options.pop("said", {}), **options)[0]  # type: ignore[arg-type]


def scenario_of(name: str, **options: object) -> Scenario:
    return scenarios.loader.load_text(text_of(name, **options))


def services_of(name: str, *profiles: str) -> dict[str, Service]:
    return {one.name: one for one in compose.read(EXAMPLES / name, name, profiles).services}


@pytest.mark.parametrize("name", MODELLED)
def test_each_service_that_is_known_is_a_stack_and_the_scenario_is_in_order(name: str) -> None:
    scenario = scenario_of(name)
    assert {stack: scenario.layers_of(stack)[-1].kind for stack in scenario.stacks} == MODELLED[name]
    assert all([layer.kind for layer in scenario.layers_of(stack)][:3] == ["hardware", "linux", "docker"] for stack in scenario.stacks)


@pytest.mark.parametrize("name", MODELLED)
def test_every_assumption_names_a_key_that_can_be_changed(name: str) -> None:
    """The keys in the list at the end are those of the file: setting each to the value that stands there changes nothing."""
    text, scenario = text_of(name), scenario_of(name)
    listed = text.split("# Assumed.")[1].splitlines()
    keys = [line.split(". ", 1)[1].split(": ", 1) for line in listed if line[2:5].strip(" .").isdigit()]
    assert len(keys) >= 4
    for key, value in keys:
        if key != "machine":
            written = int(value) if value.isdigit() else value
            assert scenarios.digest(scenario.with_({key: written})) == scenarios.digest(scenario), key


@pytest.mark.parametrize("name", MODELLED)
def test_the_worst_case_in_comments_is_a_scenario_too(name: str) -> None:
    text = text_of(name)
    lines = [line.removeprefix("# ") if line.startswith(("# neighbours:", "#   - {count")) else line for line in text.splitlines()]
    assert len(scenarios.loader.load_text("\n".join(lines)).neighbours) == text.count("#   - {count")


def test_it_runs() -> None:
    quick = scenario_of("nginx-flask-postgres/compose.yaml").with_({"run.requests": 200, "run.replications": 2, "run.warm up": "5 ms"})
    assert set(cutaway.compare(quick).to_pandas()["stack"]) == {"proxy", "web", "db"}


def test_an_nginx_has_the_application_that_it_needs_behind_itself() -> None:
    scenario = scenario_of("nginx-flask-postgres/compose.yaml")
    docker, nginx = scenario.layers_of("proxy")[-2:]
    assert (nginx.upstream.workers, docker.cpus, docker.memory) == (3, Fraction(2), 320 * MIB)  # type: ignore[union-attr]
    assert "asks web, which is in the same container here" in text_of("nginx-flask-postgres/compose.yaml")


def test_limits_and_cpus() -> None:
    docker, redis = scenario_of("redis-only/compose.yaml").layers_of("cache")[-2:]
    assert (docker.cpus, docker.cpu_period, docker.cpu_shares) == (Fraction("0.333333333"), 150 * MS, 512)  # type: ignore[union-attr]
    assert (docker.seccomp, docker.publish, redis.cpus) == ("unconfined", "none", (1, 3))  # type: ignore[union-attr]
    assert scenario_of("redis-only/compose.yaml").machine.cpus == 4


def test_clients_are_where_the_ports_are() -> None:
    assert scenario_of("voting/docker-compose.yml").clients.where == "another machine"
    assert scenario_of("anchors/compose.yaml").clients.where == "loopback"
    assert scenario_of("redis-only/compose.yaml").clients.where == "veth"
    assert scenario_of("django/compose.yml").layers_of("nginx")[2].network == "host"  # type: ignore[union-attr]


def test_what_is_left_out_is_told_with_its_line_and_reason() -> None:
    text = " ".join(text_of("nginx-flask-postgres/compose.yaml").replace("\n#", " ").split())
    assert "nothing fails or is restarted while a scenario runs: proxy.restart (line 11), db.healthcheck (line 29)" in text
    assert "in what order services start is not simulated: proxy.depends_on (line 7), web.depends_on (line 18)" in text
    assert "what it asks db is not modelled" in text
    text = " ".join(text_of("voting/docker-compose.yml").replace("\n#", " ").split())
    assert "result (line 10): the image node:18-slim with the command nodemon" in text
    assert "not started without --compose-profile seed: seed (line 28)" in text


def test_no_secret_gets_into_the_scenario() -> None:
    assert "s3cret" not in text_of("nginx-flask-postgres/compose.yaml")
    assert services_of("nginx-flask-postgres/compose.yaml")["web"].environment == {"WEB_CONCURRENCY": "3"}


def test_anchors_merge_keys_variables_extends_and_profiles() -> None:
    found = services_of("anchors/compose.yaml")
    assert set(found) == {"one", "two"}
    assert (found["one"].cpus, found["one"].memory, found["one"].image) == (Fraction(3, 4), 128 * MIB, "nginx:1.27")
    assert found["one"].ports == (Port(80, 8888, "127.0.0.1"),)
    assert (found["two"].cpus, found["two"].ports) == (Fraction(1), (Port(80, 8090, "127.0.0.1"),))
    three = services_of("anchors/compose.yaml", "more")["three"]
    assert (three.cpus, [port.host for port in three.ports]) == (Fraction(1, 4), [9001, 9000])
    assert "storage: volume" in text_of("anchors/compose.yaml")


def test_a_project_without_a_known_program_says_so() -> None:
    with pytest.raises(ScenarioError, match=r"no service is a program .* has \(db, wordpress\); .* --as with one of db, wordpress"):
        text_of("wordpress/compose.yaml")


def test_a_user_may_name_a_program_and_a_neighbour() -> None:
    scenario = scenario_of("django/compose.yml", said={"beat": "python app"}, busy=["search"])
    assert scenario.layers_of("beat")[-1].kind == "python app"
    assert [(one.count, one.limit) for one in scenario.neighbours] == [(2, Fraction(1, 2))]
    with pytest.raises(ScenarioError, match="cache is modelled as redis"):
        text_of("django/compose.yml", busy=["cache"])


# --- single keys -----------------------------------------------------------------------------------------------------------------------


Read = Callable[[str], Service]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def of(keys: str) -> Service:
        file = tmp_path / "compose.yaml"
        file.write_text(f"services:\n  s: {{image: nginx, {keys}}}\n  t: {{image: nginx}}\n")
        return compose.read(file, "compose.yaml").services[0]

    return of


@pytest.mark.parametrize(
    ("written", "port"),
    [
        ("80", Port(80)),
        ('"80"', Port(80)),
        ('"8080:80"', Port(80, 8080)),
        ('"8080:80/tcp"', Port(80, 8080)),
        ('"127.0.0.1:8001:8001"', Port(8001, 8001, "127.0.0.1")),
        ('"127.0.0.1::80"', Port(80, 0, "127.0.0.1")),
        ('"[::1]:81:80"', Port(80, 81, "::1")),
        ('"3000-3005"', Port(3000)),
        ('"9090-9091:8080-8081"', Port(8080, 9090)),
        ("{target: 80}", Port(80)),
        ('{target: 80, published: 8080, mode: host, name: web, app_protocol: http}', Port(80, 8080)),
    ],
)
def test_ports(read: Read, written: str, port: Port) -> None:
    assert read(f"ports: [{written}]").ports == (port,)


@pytest.mark.parametrize(
    ("written", "size"), [("64m", 64 * MIB), ("1.5g", 1536 * MIB), ("1048576", MIB), ("8 MiB", 8 * MIB), ("1GB", 1024 * MIB), ("0", None)]
)
def test_sizes_are_powers_of_1024_as_docker_has_them(read: Read, written: str, size: int | None) -> None:
    assert read(f"mem_limit: {written}").memory == size


def test_other_keys(read: Read) -> None:
    assert read("cpu_quota: 50ms").cpus == Fraction(1, 2)
    assert read("cpus: 0").cpus is None and read('cpus: "2"').cpus == 2
    assert read("cpu_shares: 0").cpu_shares is None and read("cpu_shares: 1").cpu_shares == 2
    assert read('cpuset: "0-2,5"').cpuset == (0, 1, 2, 5)
    assert read("privileged: true").unconfined and not read("privileged: false").unconfined
    assert read('command: nginx -g "daemon off;"').command == ("nginx", "-g", "daemon off;")
    assert read("network_mode: none").network == "none"
    assert read("depends_on: {t: {condition: service_started}}, links: [t]").needs == ("t",)
    assert read("x-mine: {a: 1}").image == "nginx"
