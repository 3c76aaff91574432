"""Files of containers as archives: `docker cp`, `docker export`."""

from __future__ import annotations

import base64
import json
import posixpath
from collections.abc import Iterator

from cutaway.engine.engine import Engine
from cutaway.engine.http import MOST_BODY_BYTES, Answer, Reply, Request
from cutaway.engine.routing import route
from cutaway.engine.times import rfc3339
from cutaway.models.docker.container import Container
from cutaway.models.docker.errors import ForbiddenError, InvalidError, NotFoundError
from cutaway.models.docker.filesystem.archive import packed, unpacked
from cutaway.models.docker.filesystem.nodes import Directory, Link, Node, size_of
from cutaway.models.docker.filesystem.tree import name_of

_GO_DIRECTORY, _GO_LINK = 1 << 31, 1 << 27
"""Bits of Go's FileMode."""


def _named(engine: Engine, request: Request) -> tuple[Container, str, Node]:
    container = engine.daemon.container(request.parts["name"])
    path = request.get("path")
    if not path:
        raise InvalidError("missing required parameter: path")
    try:
        real = container.view.resolve(path, "/", follow=path.endswith("/"))
        return container, real, container.view.node(real, follow=False)
    except OSError:
        raise NotFoundError(f"Could not find the file {path} in container {request.parts['name']}") from None


def _stat(path: str, node: Node) -> dict[str, str]:
    mode = node.at.mode | (_GO_DIRECTORY if isinstance(node, Directory) else _GO_LINK if isinstance(node, Link) else 0)
    found = {"name": name_of(path) or "/", "size": size_of(node), "mode": mode, "mtime": rfc3339(node.at.changed_ns),
             "linkTarget": node.target if isinstance(node, Link) else ""}  # fmt: skip
    return {"X-Docker-Container-Path-Stat": base64.b64encode(json.dumps(found).encode()).decode()}


@route("HEAD", "/containers/{name}/archive")
async def head(engine: Engine, request: Request) -> Answer:
    _, path, node = _named(engine, request)
    return Reply(content=b"", headers=_stat(path, node))


@route("GET", "/containers/{name}/archive")
async def get(engine: Engine, request: Request) -> Answer:
    container, path, node = _named(engine, request)
    top = "." if request.get("path").endswith("/.") else name_of(path) or "."

    def entries() -> Iterator[tuple[str, Node]]:
        for one in container.view.walk(path):
            inner = container.view.node(one, follow=False)
            yield posixpath.normpath(f"{top}{one[len(path.rstrip('/')):]}"), inner
    engine.daemon.tell(container, "archive-path")
    return Reply(content=packed(entries()), kind="application/x-tar", headers=_stat(path, node))


@route("PUT", "/containers/{name}/archive")
async def put(engine: Engine, request: Request) -> Answer:
    container, path, _ = _named(engine, request)
    view = container.view
    path = view.resolve(path)
    if not view.is_directory(path):
        raise InvalidError("extraction point is not a directory")
    content = await request.body(MOST_BODY_BYTES)
    for name, node in unpacked(content, MOST_BODY_BYTES):
        target = f"{path.rstrip('/')}{name}"
        try:
            there = view.place(target).node
            if request.flag("noOverwriteDirNonDir") and there is not None and isinstance(there, Directory) != isinstance(node, Directory):
                raise InvalidError(f"cannot overwrite directory \"{name}\" with non-directory" if isinstance(there, Directory)
                                   else f"cannot overwrite non-directory \"{name}\" with directory")  # fmt: skip
            _make_above(container, target)
            if not (isinstance(there, Directory) and isinstance(node, Directory)):
                view.put(target, node)
        except OSError as error:
            raise ForbiddenError("container rootfs is marked read-only" if error.errno == 30 else f"{target}: {error.strerror}") from None
    engine.daemon.tell(container, "extract-to-dir")
    return Reply(200)


def _make_above(container: Container, path: str) -> None:
    above = path.rpartition("/")[0]
    if above and not container.view.is_directory(above):
        _make_above(container, above)
        container.view.make_directory(above)


@route("GET", "/containers/{name}/export")
async def export(engine: Engine, request: Request) -> Answer:
    container = engine.daemon.container(request.parts["name"])

    def entries() -> Iterator[tuple[str, Node]]:
        for path in container.tree.walk("/"):
            node = container.tree.get(path)
            if node is not None and path != "/":
                yield path.lstrip("/"), node
    engine.daemon.tell(container, "export")
    return Reply(content=packed(entries()), kind="application/octet-stream")
