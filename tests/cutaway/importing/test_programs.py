"""Which program a service is: by image, by command, or not known."""

from __future__ import annotations

import pytest

from cutaway.importing import dockerfile, programs
from cutaway.importing.programs import Known, Unknown
from cutaway.importing.service import Port, Service
from cutaway.scenarios.problems import Place


def service(image: str = "", command: str = "", port: int = 0, **environment: str) -> Service:
    ports = (Port(port, port),) if port else ()
    return Service("s", Place("f"), image=image, command=tuple(command.split()), ports=ports, environment=environment)


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("nginx", "nginx"),
        ("nginx:1.27-alpine", "nginx"),
        ("docker.io/library/redis:7@sha256:0123", "redis"),
        ("localhost:5000/acme/web:3", "acme/web"),
        ("registry.example.com:443/nginx", "nginx"),
        ("bitnami/postgresql", "bitnami/postgresql"),
    ],
)
def test_an_image_without_registry_tag_and_digest(image: str, name: str) -> None:
    assert programs.repository(image) == name


@pytest.mark.parametrize(
    ("image", "command", "kind"),
    [
        ("nginx:1", "", "nginx"),
        ("mirror.example.com/acme/nginx", "nginx -g daemon off;", "nginx"),
        ("redis", "docker-entrypoint.sh redis-server --save 60 1", "redis"),
        ("valkey/valkey:8", "", "redis"),
        ("postgres:16", "-c shared_buffers=1GB", "postgresql"),
        ("timescale/timescaledb:latest-pg16", "", "postgresql"),
        ("acme/api", "gunicorn app:app", "python app"),
        ("acme/api", "sh -c exec /usr/bin/uvicorn app:app", "python app"),
        ("acme/api", "python manage.py runserver 0.0.0.0:8000", "python app"),
    ],
)
def test_what_is_known(image: str, command: str, kind: str) -> None:
    found = programs.of(service(image, command), False)
    assert isinstance(found, Known) and found.kind == kind


@pytest.mark.parametrize(
    ("image", "command"),
    [
        ("mysql:8", ""), ("redis", "redis-sentinel /etc/s.conf"), ("postgres", "sh backup.sh"), ("acme/nginx-exporter", ""),
        ("python:3.12", "celery -A site worker"), ("python:3.12", "python worker.py"), ("", ""), ("nginx-proxy", ""),
    ],
)  # fmt: skip
def test_what_is_not_known_is_not_guessed(image: str, command: str) -> None:
    assert isinstance(programs.of(service(image, command), False), Unknown)


def test_a_script_of_python_is_a_server_where_somebody_can_ask_it() -> None:
    assert isinstance(programs.of(service("python:3.12", "python app.py", port=80), False), Known)
    assert isinstance(programs.of(service("python:3.12", "python app.py"), True), Known)


@pytest.mark.parametrize(
    ("command", "variables", "workers"),
    [
        ("gunicorn -w 4 a:a", {}, 4),
        ("gunicorn -w4 a:a", {}, 4),
        ("gunicorn --workers=5 a:a", {}, 5),
        ("gunicorn a:a --workers 6 --keep-alive 0", {}, 6),
        ("gunicorn a:a", {"WEB_CONCURRENCY": "3"}, 3),
        ("gunicorn a:a", {"GUNICORN_CMD_ARGS": "--workers=2"}, 2),
        ("gunicorn a:a", {}, 1),
        ("gunicorn a:a", {"WEB_CONCURRENCY": "many"}, 1),
        ("uvicorn a:a", {}, None),
        ("uvicorn a:a --workers 2", {}, 2),
    ],
)
def test_workers(command: str, variables: dict[str, str], workers: int | None) -> None:
    found = programs.of(service("x", command, **variables), False)
    assert isinstance(found, Known) and found.workers == workers


def test_what_differs_from_the_model_is_told() -> None:
    def differs(command: str) -> str:
        found = programs.of(service("x", command), False)
        assert isinstance(found, Known)
        return "; ".join(found.differs)

    assert differs("gunicorn --keep-alive 5 a:a") == ""
    assert "class gevent" in differs("gunicorn -k gevent a:a") and "class uvicorn" in differs("gunicorn --worker-class=uvicorn.X a:a")
    assert "its 8 threads a worker" in differs("gunicorn --threads 8 a:a")
    assert "taken as gunicorn" in differs("flask run")


def test_a_user_may_say_what_it_is() -> None:
    found = programs.of(service("acme/api", "node server.js"), False, said="python app")
    assert isinstance(found, Known) and (found.kind, found.how) == ("python app", "as you said")


DOCKERFILE = """# syntax=docker/dockerfile:1
ARG VERSION=3.12
FROM --platform=linux/amd64 python:${VERSION}-slim AS base
RUN apt-get update \\
    && true
EXPOSE 8000/tcp 9000
ENTRYPOINT ["/entry.sh"]
FROM base AS dev
CMD flask run --debug
FROM base
CMD ["gunicorn", "app:app"]
"""


def test_a_dockerfile() -> None:
    last, dev = dockerfile.read(DOCKERFILE), dockerfile.read(DOCKERFILE, "dev")
    assert (last.base, last.exposed, last.command) == ("python:3.12-slim", (8000, 9000), ("/entry.sh", "gunicorn", "app:app"))
    assert dev.command == ("/entry.sh", "flask", "run", "--debug")


@pytest.mark.parametrize("text", ["", "FROM", "FROM a AS", "CMD [", 'CMD ["a', "CMD 'a", "FROM a\\\n", "\\\n" * 999, "EXPOSE 99999999 x"])
def test_a_strange_dockerfile_is_read_as_far_as_it_goes(text: str) -> None:
    dockerfile.read(text)
