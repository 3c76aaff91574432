"""Images that come and go: pulled, imported, loaded, made of a container, saved; pushed they are not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import sha256
from typing import IO

from cutaway.engine.engine import Engine
from cutaway.engine.http import READ_BYTES, Answer, Reply, Request
from cutaway.engine.messages import Messages, line
from cutaway.engine.routing import route
from cutaway.models.docker.building.configuring import changed_by_lines
from cutaway.models.docker.container import Container
from cutaway.models.docker.creating import with_image
from cutaway.models.docker.errors import InvalidError
from cutaway.models.docker.filesystem.archive import as_layer
from cutaway.models.docker.filesystem.tree import Layer, layer_size
from cutaway.models.docker.images import packing
from cutaway.models.docker.images.committing import made, written_by
from cutaway.models.docker.images.image import ImageLayer, Step
from cutaway.models.docker.images.pulling import Pull, pulled
from cutaway.models.docker.references import Reference, reference_of
from cutaway.models.docker.specification import Config, form_of


@route("POST", "/images/create")
async def create(engine: Engine, request: Request) -> Answer:
    """A pull, or an import of an archive."""
    if source := request.get("fromSrc"):
        return await _import(engine, request, source)
    name = request.get("fromImage")
    if not name:
        raise InvalidError("invalid reference format")
    tag = request.get("tag")
    reference = reference_of(f"{name}@{tag}" if tag.startswith("sha256:") else f"{name}:{tag}" if tag else name)
    if not tag and not reference.tag and not reference.digest:
        reference = replace(reference, tag="latest")
    messages = Messages(engine.live)
    pull = Pull(engine.live.clock, engine.daemon.images, messages.put, request.get("platform"))
    messages.source = pull
    return await messages.answer(pulled(engine.daemon, reference, pull))


async def _import(engine: Engine, request: Request, source: str) -> Answer:
    if source != "-":
        raise InvalidError("only an archive that is sent along can be imported: nothing outside of the simulation is read")
    daemon = engine.daemon
    async with request.archive(engine.most_archive_bytes) as content:
        files, digest, length = await asyncio.to_thread(_unpacked, content, engine.most_archive_bytes)
    if not length:
        raise InvalidError("archive is empty")
    config = _changed(form_of(Config, {}), request.query.get("changes", []))
    layer = ImageLayer(digest, files, layer_size(files), length)
    comment = request.get("message") or "Imported from -"
    image = made(daemon, config, (Step("", daemon.now_ns, layer, comment),), comment=comment)
    if repository := request.get("repo"):
        reference = reference_of(f"{repository}:{request.get('tag')}" if request.get("tag") else repository)
        daemon.images.tag(image, reference, daemon.now_ns)
        daemon.tell_image("tag", image.id, reference.tagged)
    daemon.tell_image("import", image.id, image.id)
    return Reply(content=line({"status": image.id}))


def _unpacked(content: IO[bytes], most_bytes: int) -> tuple[Layer, str, int]:
    """A layer, its digest, and how long its archive is. Raises InvalidError."""
    digest = sha256()
    for piece in iter(lambda: content.read(READ_BYTES), b""):
        digest.update(piece)
    length = content.tell()
    content.seek(0)
    return as_layer(content, most_bytes) if length else {}, f"sha256:{digest.hexdigest()}", length


@route("POST", "/images/load")
async def load(engine: Engine, request: Request) -> Answer:
    daemon, lines = engine.daemon, []
    async with request.archive(engine.most_archive_bytes) as content:
        try:
            loaded = await asyncio.to_thread(lambda: list(packing.unpacked(content, engine.most_archive_bytes)))
        except InvalidError as error:
            # As dockerd does, after its 200.
            return Reply(content=line({"errorDetail": {"message": error.message}, "error": error.message}))
    for image, names in loaded:
        image = daemon.images.add(image)
        for name in names:
            daemon.images.tag(image, reference_of(name), daemon.now_ns)
            lines.append(line({"stream": f"Loaded image: {reference_of(name).tagged}\n"}))
        if not names:
            lines.append(line({"stream": f"Loaded image ID: {image.id}\n"}))
        daemon.tell_image("load", image.id, image.id)
    return Reply(content=b"".join(lines))


@route("GET", "/images/get")
async def save_several(engine: Engine, request: Request) -> Answer:
    names = [name for text in request.query.get("names", []) for name in text.split(",")]
    return _saved(engine, names)


@route("GET", "/images/{name*}/get")
async def save(engine: Engine, request: Request) -> Answer:
    return _saved(engine, [request.parts["name"]])


def _saved(engine: Engine, names: list[str]) -> Answer:
    if not names:
        raise InvalidError("no image names were given")
    images = [(engine.daemon.images.get(name), name) for name in names]
    for image, name in images:
        engine.daemon.tell_image("save", image.id, name)
    return Reply(content=packing.packed(images), kind="application/x-tar")


@route("POST", "/images/{name*}/push")
async def push(engine: Engine, request: Request) -> Answer:
    reference = reference_of(request.parts["name"])
    engine.daemon.images.get(reference.tagged if not request.get("tag") else f"{reference.repository}:{request.get('tag')}")
    message = "denied: requested access to the resource is denied"
    first = line({"status": f"The push refers to repository [{reference.domain}/{reference.path}]"})
    return Reply(content=first + line({"errorDetail": {"message": message}, "error": message}))


@route("POST", "/commit")
async def commit(engine: Engine, request: Request) -> Answer:
    daemon = engine.daemon
    container = daemon.container(request.get("container"))
    document = await request.json()
    config = form_of(Config, document) if document is not None else container.config.model_copy(deep=True)
    config = _changed(_over(config, container), request.query.get("changes", []))
    reference = _commit_name(request)
    step = Step(" ".join(container.argv), daemon.now_ns, written_by(daemon, container), request.get("comment"))
    image = made(daemon, config, (*container.image.steps, step), author=request.get("author"), comment=request.get("comment"),
                 parent=container.image.id, container=container.id)  # fmt: skip
    if reference is not None:
        daemon.images.tag(image, reference, daemon.now_ns)
        daemon.tell_image("tag", image.id, reference.tagged)
    daemon.tell(container, "commit", {"imageID": image.id, "imageRef": reference.tagged if reference else ""})
    return Reply(201, {"Id": image.id})


def _commit_name(request: Request) -> Reference | None:
    if not request.get("repo"):
        return None
    return reference_of(f"{request.get('repo')}:{request.get('tag')}" if request.get("tag") else request.get("repo"))


def _over(config: Config, container: Container) -> Config:
    return with_image(config, container.config)


def _changed(config: Config, lines: list[str]) -> Config:
    """Instructions of a Dockerfile that change the configuration, as --change gives them."""
    return changed_by_lines(config, [line for text in lines for line in filter(str.strip, text.splitlines())])
