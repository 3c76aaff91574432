"""Files of containers as archives: `docker cp`, `docker export`."""

from __future__ import annotations

import asyncio
import base64
import json
import posixpath
from collections.abc import Iterator
from itertools import islice, takewhile

from cutaway.engine.engine import Engine
from cutaway.engine.http import Answer, Reply, Request
from cutaway.engine.routing import route
from cutaway.engine.times import rfc3339
from cutaway.models.docker.container import Container
from cutaway.models.docker.errors import ForbiddenError, InvalidError, NotFoundError
from cutaway.models.docker.filesystem.archive import check, packed, unpacked
from cutaway.models.docker.filesystem.nodes import Directory, Link, Node, size_of
from cutaway.models.docker.filesystem.tree import name_of
from cutaway.models.docker.filesystem.view import View

BATCH = 1000
"""Nodes that are put in place without a break."""
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
    async with request.archive(engine.most_archive_bytes) as content:
        await asyncio.to_thread(check, content, engine.most_archive_bytes)
        nodes = unpacked(content, engine.most_archive_bytes)
        # A batch at a time in a thread, which touches nothing of the simulation, so that the others' requests go on.
        while batch := await asyncio.to_thread(lambda: list(islice(nodes, BATCH))):
            for name, node in batch:
                _place(view, path, name, node, engine.daemon.now_ns, keeps_kind=request.flag("noOverwriteDirNonDir"))
    engine.daemon.tell(container, "extract-to-dir")
    return Reply(200)


def _place(view: View, folder: str, name: str, node: Node, now_ns: int, *, keeps_kind: bool) -> None:
    """Puts a node of an archive in its place. Raises InvalidError, ForbiddenError."""
    target = f"{folder.rstrip('/')}{name}"
    try:
        there = view.place(target).node
        if keeps_kind and there is not None and isinstance(there, Directory) != isinstance(node, Directory):
            raise InvalidError(f"cannot overwrite directory \"{name}\" with non-directory" if isinstance(there, Directory)
                               else f"cannot overwrite non-directory \"{name}\" with directory")  # fmt: skip
        missing = list(takewhile(lambda one: not view.is_directory(one), _above(target)))
        for above in reversed(missing):
            view.make_directory(above, now_ns=now_ns)
        if not (isinstance(there, Directory) and isinstance(node, Directory)):
            view.put(target, node)
    except OSError as error:
        raise ForbiddenError("container rootfs is marked read-only" if error.errno == 30 else f"{target}: {error.strerror}") from None


def _above(path: str) -> Iterator[str]:
    """The directories that a path is in, the nearest first; not the root."""
    while path := path.rpartition("/")[0]:
        yield path


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
