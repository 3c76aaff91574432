"""The command line of a request, as far as the API tells of it: the words that make the docker command send that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cutaway.engine.http import Request

CPU_NS, MEGA, LONGEST = 1_000_000_000, 1 << 20, 200
SIMPLE: tuple[tuple[str, str, str], ...] = (
    ("POST", r"/containers/(?P<name>[^/]+)/(?P<verb>start|stop|kill|restart|pause|unpause)", "docker {verb}{flags} {name}"),
    ("POST", r"/containers/(?P<name>[^/]+)/rename", "docker rename {name} {to}"),
    ("POST", r"/containers/(?P<name>[^/]+)/update", "docker update{limits} {name}"),
    ("DELETE", r"/containers/(?P<name>[^/]+)", "docker rm{flags} {name}"),
    ("POST", r"/containers/(?P<name>[^/]+)/attach", "docker attach {name}"),
    ("POST", r"/images/(?P<name>.+)/tag", "docker tag {name} {to}"),
    ("DELETE", r"/images/(?P<name>.+)", "docker rmi{flags} {name}"),
    ("POST", r"/commit", "docker commit {container}"),
    ("POST", r"/build", "docker build{flags} ."),
    ("POST", r"/networks/create", "docker network create {body}"),
    ("POST", r"/networks/(?P<name>[^/]+)/(?P<verb>connect|disconnect)", "docker network {verb} {name}"),
    ("DELETE", r"/networks/(?P<name>[^/]+)", "docker network rm {name}"),
    ("POST", r"/volumes/create", "docker volume create {body}"),
    ("DELETE", r"/volumes/(?P<name>[^/]+)", "docker volume rm {name}"),
    ("POST", r"/(?P<verb>containers|images|networks|volumes)/prune", "docker {one} prune"),
)
LOOKS: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/containers/json", "docker ps{flags}"),
    ("GET", r"/images/json", "docker images{flags}"),
    ("GET", r"/containers/(?P<name>[^/]+)/logs", "docker logs{flags} {name}"),
    ("GET", r"/containers/(?P<name>[^/]+)/stats", "docker stats {name}"),
    ("GET", r"/containers/(?P<name>[^/]+)/top", "docker top {name}"),
    ("GET", r"/containers/(?P<name>[^/]+)/changes", "docker diff {name}"),
    ("GET", r"/images/(?P<name>.+)/history", "docker history {name}"),
    ("GET", r"/networks", "docker network ls"),
    ("GET", r"/volumes", "docker volume ls"),
    ("GET", r"/info", "docker info"),
    ("GET", r"/system/df", "docker system df"),
)
"""What only looks."""
FLAGS = {"all": "-a", "force": "-f", "follow": "-f", "v": "-v", "timestamps": "-t"}
VALUES = {"t": "-t", "signal": "-s"}
ID = re.compile(r"\b[0-9a-f]{64}\b")


UNREADABLE = AttributeError, KeyError, TypeError, ValueError
"""What comes of a document that is JSON and nothing that an Engine knows; the daemon refuses it by itself."""


def short(text: str, longest: int = LONGEST) -> str:
    """Ids as people see them; and no longer than can be read."""
    return ID.sub(lambda found: found[0][:12], text)[:longest]


def line_of(request: Request, table: tuple[tuple[str, str, str], ...]) -> str:
    """The command that sends such a request; "" if it is not in the table."""
    for method, pattern, form in table:
        if request.method == method and (found := re.fullmatch(pattern, request.plain_path)):
            body = request.document if isinstance(request.document, dict) else {}
            parts = found.groupdict()
            to = request.get("name") or ":".join(part for part in (request.get("repo"), request.get("tag")) if part)
            return short(form.format(
                **parts, flags="".join(f" {flag}" for flag in _flags(request)), to=to, container=request.get("container"),
                body=body.get("Name") or "", one=(parts.get("verb") or "").removesuffix("s"),
                limits=_new_limits(body) if "{limits}" in form else "",
            )).rstrip()  # fmt: skip
    return ""


def _new_limits(body: dict[str, Any]) -> str:
    """Of a `docker update`."""
    try:
        return "".join(f" {limit}" for limit in _limits(body))
    except UNREADABLE:
        return ""


def _flags(request: Request) -> Iterator[str]:
    for name, flag in FLAGS.items():
        if request.flag(name):
            yield flag
    if request.plain_path == "/build" and request.get("t"):
        yield f"-t {request.get('t')}"
        return
    for name, flag in VALUES.items():
        if request.get(name):
            yield f"{flag} {request.get(name)}"


def pull_line(request: Request) -> str:
    """`docker pull`."""
    return f"docker pull {image_of(request)}"


def image_of(request: Request) -> str:
    """The image of a pull, as people write it."""
    name, tag = request.get("fromImage"), request.get("tag")
    name = name.removeprefix("docker.io/").removeprefix("library/")
    return f"{name}@{tag}" if tag.startswith("sha256:") else f"{name}:{tag}" if tag and tag != "latest" else name


def run_line(request: Request, verb: str) -> str:
    """`docker run` or `docker create`, from what it asked to create."""
    body = request.document if isinstance(request.document, dict) else {}
    host = body.get("HostConfig") or {}
    words = ["docker", verb, *_way(body, host, verb), *_limits(host), *_rest(body, host)]
    if name := request.get("name"):
        words += ["--name", name]
    words.append(str(body.get("Image") or ""))
    return " ".join([*words, *map(_quoted, _command(body))])


def exec_line(request: Request, container: str) -> str:
    """`docker exec`."""
    body = request.document if isinstance(request.document, dict) else {}
    command = body.get("Cmd") or []
    words = ["docker", "exec", *_attached(body.get("AttachStdin"), body.get("Tty"))]
    words += [] if body.get("AttachStdout") or body.get("AttachStderr") else ["-d"]
    return " ".join([*words, container, *map(_quoted, [command] if isinstance(command, str) else command)])


def _attached(stdin: Any, terminal: Any) -> list[str]:
    flags = ("i" if stdin else "") + ("t" if terminal else "")
    return [f"-{flags}"] if flags else []


def _way(body: dict[str, Any], host: dict[str, Any], verb: str) -> Iterator[str]:
    if verb == "run" and not (body.get("AttachStdout") or body.get("AttachStderr")):
        yield "-d"
    yield from _attached(body.get("OpenStdin"), body.get("Tty"))
    if host.get("AutoRemove"):
        yield "--rm"
    if host.get("PublishAllPorts"):
        yield "-P"
    for name, places in (host.get("PortBindings") or {}).items():
        for place in places or [{}]:
            outside = ":".join(part for part in (place.get("HostIp"), place.get("HostPort")) if part)
            inside = name.removesuffix("/tcp")
            yield f"-p {outside}:{inside}" if outside else f"-p {inside}"


def _limits(host: dict[str, Any]) -> Iterator[str]:
    if host.get("NanoCpus"):
        yield f"--cpus {host['NanoCpus'] / CPU_NS:g}"
    if host.get("CpuShares"):
        yield f"--cpu-shares {host['CpuShares']}"
    if host.get("Memory"):
        yield f"-m {host['Memory'] / MEGA:g}m"
    if (host.get("PidsLimit") or 0) > 0:
        yield f"--pids-limit {host['PidsLimit']}"
    policy = host.get("RestartPolicy") or {}
    if policy.get("Name") not in (None, "", "no"):
        yield f"--restart {policy['Name']}"


def _rest(body: dict[str, Any], host: dict[str, Any]) -> Iterator[str]:
    if host.get("Runtime"):
        yield f"--runtime {host['Runtime']}"
    if host.get("NetworkMode") not in (None, "", "default", "bridge"):
        yield f"--network {host['NetworkMode']}"
    for each in body.get("Env") or []:
        yield f"-e {_quoted(each)}"
    for each in host.get("Binds") or []:
        yield f"-v {each}"
    entrypoint = body.get("Entrypoint") or []
    if entrypoint and isinstance(entrypoint, list):
        yield f"--entrypoint {entrypoint[0]}"


def _command(body: dict[str, Any]) -> list[str]:
    command = body.get("Cmd") or []
    return [command] if isinstance(command, str) else [str(word) for word in command]


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[\w./:=@%+,-]+", word) else "'" + word.replace("'", "'\\''") + "'"
