"""Which server program a service is: by its image, or by the command that it runs.

An image is known by its whole name, or by the last part of it where another registry mirrors it. What cannot be told is not guessed: the
service is then named as not modelled, and `--as SERVICE=PROGRAM` says it. Not read: configuration files, and what is in an image.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cutaway.importing.service import Service
from cutaway.scenarios.problems import printable

IMAGES = {
    "nginx": ("nginx", ""),
    "nginxinc/nginx-unprivileged": ("nginx", ""),
    "bitnami/nginx": ("nginx", ""),
    "redis": ("redis", ""),
    "bitnami/redis": ("redis", ""),
    "redis/redis-stack-server": ("redis", "its modules are not modelled"),
    "valkey/valkey": ("redis", "Valkey is taken as the Redis that it comes from"),
    "postgres": ("postgresql", ""),
    "postgresql": ("postgresql", ""),
    "bitnami/postgresql": ("postgresql", ""),
    "postgis/postgis": ("postgresql", "its extension is not modelled"),
    "pgvector/pgvector": ("postgresql", "its extension is not modelled"),
    "timescale/timescaledb": ("postgresql", "its extension is not modelled"),
}
"""Repositories, with the program in them and what differs."""

SERVERS = {"nginx": ("nginx", "nginx-debug"), "redis": ("redis-server", "valkey-server"), "postgresql": ("postgres",)}
"""The commands of each program: an image that runs another one is not that program."""

WEB_SERVERS = ("gunicorn", "uvicorn", "hypercorn", "daphne", "waitress-serve", "uwsgi", "granian", "flask", "fastapi", "runserver")
"""What serves a Python application over HTTP; the model is gunicorn with synchronous workers."""

PAGES = ("/usr/share/nginx", "/var/www", "/srv", "/app")
"""Where nginx's images and their users keep what is served; a volume there is no overlay."""

_WORKERS = re.compile(r"(?<!\S)(?:-w|--workers)(?:=|\s*)([0-9]{1,4})(?!\S)")
_THREADS = re.compile(r"(?<!\S)--threads(?:=|\s+)([0-9]{1,4})")
_CLASS = re.compile(r"(?<!\S)(?:-k|--worker-class)(?:=|\s+)(\S+)")
_PYTHON = re.compile(r"python[0-9.]*")


@dataclass(frozen=True, slots=True)
class Known:
    """The program of a service."""

    kind: str
    how: str
    """By what it is known, in words."""
    workers: int | None = None
    """None where nothing says how many."""
    differs: tuple[str, ...] = ()
    """In what the service differs from what is modelled."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A service that no program of the catalogue stands for."""

    why: str


def of(service: Service, behind_nginx: bool, said: str = "") -> Known | Unknown:
    """The program of the service; `said` is what the user says that it is, `behind_nginx` whether an nginx depends on it."""
    words = _words(service.command)
    if said:
        return _python(service, words, "as you said") if said == "python app" else Known(said, "as you said")
    if service.network == "none":
        return Unknown("it has no network")
    name = repository(service.image)
    kind, differs = IMAGES.get(name) or IMAGES.get(name.rpartition("/")[2]) or ("", "")
    if kind:
        program = next((word for word in words if PurePosixPath(word).name in SERVERS[kind]), "")
        if words and not program and not words[0].startswith("-"):
            return Unknown(f"the image {printable(service.image)} runs {printable(' '.join(service.command), 40)} here")
        return Known(kind, f"by its image {printable(service.image)}", differs=(differs,) if differs else ())
    served = any(PurePosixPath(word).name in WEB_SERVERS for word in words)
    runs_python = bool(words) and any(_PYTHON.fullmatch(PurePosixPath(word).name) for word in words[:2])
    asked = bool(service.ports or service.exposed or behind_nginx)
    if served or (runs_python and asked and any(word.endswith(".py") for word in words)):
        return _python(service, words, f"by its command {printable(' '.join(service.command), 40)}")
    shown = f"the image {printable(service.image)}" if service.image else "an image that is built"
    runs = f" with the command {printable(' '.join(service.command), 40)}" if service.command else ""
    return Unknown(f"{shown}{runs} is no program of the catalogue")


def repository(image: str) -> str:
    """The name without registry, tag and digest: `ghcr.io/acme/nginx:1.27@sha256:...` is `acme/nginx`."""
    name = image.partition("@")[0]
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        name = rest
    last_slash = name.rfind("/")
    if (colon := name.rfind(":")) > last_slash:
        name = name[:colon]
    return name.removeprefix("library/")


def _words(command: Sequence[str]) -> list[str]:
    """All words, also those of a line that is handed to a shell."""
    return [word for part in command for word in part.split()]


def _python(service: Service, words: Sequence[str], how: str) -> Known:
    line = " ".join([*words, service.environment.get("GUNICORN_CMD_ARGS", "")])
    found = _WORKERS.search(line)
    told = found[1] if found else service.environment.get("WEB_CONCURRENCY", "")
    workers = min(1024, max(1, int(told))) if re.fullmatch("[0-9]{1,4}", told) else None
    differs = []
    gunicorn = any(PurePosixPath(word).name == "gunicorn" for word in words)
    if not gunicorn:
        differs.append("taken as gunicorn with synchronous workers, which is what the model has")
    elif (kind := _CLASS.search(line)) and kind[1] != "sync":
        differs.append(f"workers of the class {printable(kind[1])} are taken as synchronous ones")
    if (threads := _THREADS.search(line)) and int(threads[1]) > 1:
        differs.append(f"its {threads[1]} threads a worker are not modelled: a worker answers one request at a time")
    if gunicorn and workers is None:
        workers = 1                                                          # gunicorn/config.py, Workers: WEB_CONCURRENCY, or 1
    return Known("python app", how, workers, tuple(differs))
