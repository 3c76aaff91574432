"""Images: listed, looked at, named, taken away; `image_transfer` has how they come and go."""

from __future__ import annotations

from typing import Any

from cutaway.engine.engine import Engine
from cutaway.engine.filters import Filters, filters_of, moment_of
from cutaway.engine.http import Answer, Reply, Request
from cutaway.engine.routing import route
from cutaway.engine.times import rfc3339
from cutaway.models.docker.daemon import Daemon
from cutaway.models.docker.errors import ConflictError, DaemonError, InvalidError, NotFoundError
from cutaway.models.docker.images import catalogue
from cutaway.models.docker.images.image import Image
from cutaway.models.docker.references import reference_of

SHOWN_EMPTY = ("Cmd", "Entrypoint", "OnBuild")
"""What an image's configuration shows as null where it has none; Engines from 29 on leave it out."""
LAYER_FOLDERS = (("MergedDir", "merged"), ("UpperDir", "diff"), ("WorkDir", "work"))
LIST_FILTERS = ("before", "dangling", "label", "reference", "since", "until")


# --- forms -----------------------------------------------------------------------------------------------------------------------------


def summary(daemon: Daemon, image: Image) -> dict[str, Any]:
    return {
        "Containers": -1, "Created": image.created_ns // 1_000_000_000, "Id": image.id, "Labels": image.config.labels or None,
        "ParentId": image.parent, "RepoDigests": image.digests, "RepoTags": image.tags, "SharedSize": -1, "Size": image.size,
    }  # fmt: skip


def inspected(image: Image) -> dict[str, Any]:
    config = {key: value for key, value in image.config.as_json().items() if value is not None or key in SHOWN_EMPTY}
    config.pop("MacAddress")
    folder = f"/var/lib/docker/overlay2/{image.id[7:]}"
    return {
        "Id": image.id, "RepoTags": image.tags, "RepoDigests": image.digests, "Parent": image.parent, "Comment": image.comment,
        "Created": rfc3339(image.created_ns), "DockerVersion": "", "Author": image.author, "Container": image.container, "Config": config,
        "Architecture": image.architecture, "Os": image.os, "Size": image.size, "VirtualSize": image.size,
        "GraphDriver": {"Name": "overlay2", "Data": {name: f"{folder}/{place}" for name, place in LAYER_FOLDERS}},
        "RootFS": {"Type": "layers", "Layers": [layer.digest for layer in image.layers]},
        "Metadata": {"LastTagTime": rfc3339(image.tagged_ns or -1)},
    }  # fmt: skip


# --- looking ---------------------------------------------------------------------------------------------------------------------------


@route("GET", "/images/json")
async def list_(engine: Engine, request: Request) -> Answer:
    filters, images = filters_of(request, LIST_FILTERS), engine.daemon.images
    found = sorted(images.by_id.values(), key=lambda one: (one.created_ns, one.id), reverse=True)
    if not request.flag("all"):
        found = [one for one in found if one.tags or not images.children(one)]
    found = [one for one in found if _wanted(engine.daemon, one, filters)]
    return Reply(document=[summary(engine.daemon, one) for one in found])


def _wanted(daemon: Daemon, one: Image, filters: Filters) -> bool:
    dangling = filters.truth("dangling")
    later = [daemon.images.get(name).created_ns for name in filters.get("since")]
    earlier = [daemon.images.get(name).created_ns for name in filters.get("before")]
    untils = [moment_of(text, daemon.now_ns) for text in filters.get("until")]
    return (
        (dangling is None or dangling == (not one.tags)) and filters.labelled(one.config.labels)
        and all(one.created_ns > at for at in later) and all(one.created_ns < at for at in (*earlier, *untils))
        and (not filters.get("reference") or any(_named(one, pattern) for pattern in filters.get("reference")))
    )  # fmt: skip


def _named(image: Image, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    return any(fnmatchcase(tag, pattern) or fnmatchcase(tag.rpartition(":")[0], pattern) for tag in image.tags)


@route("GET", "/images/search")
async def search(engine: Engine, request: Request) -> Answer:
    term = request.get("term")
    found = [name for name in catalogue.repositories() if term in name]
    return Reply(document=[{"name": name, "description": "simulated by Cutaway", "star_count": 0, "is_official": True,
                            "is_automated": False}
                           for name in found])  # fmt: skip


@route("GET", "/images/{name*}/json")
async def inspect(engine: Engine, request: Request) -> Answer:
    return Reply(document=inspected(engine.daemon.images.get(request.parts["name"])))


@route("GET", "/images/{name*}/history")
async def history(engine: Engine, request: Request) -> Answer:
    image = engine.daemon.images.get(request.parts["name"])
    found: list[dict[str, Any]] = [
        {"Id": "<missing>", "Created": step.created_ns // 1_000_000_000, "CreatedBy": step.created_by, "Tags": None,
         "Size": step.layer.size if step.layer else 0, "Comment": step.comment} for step in reversed(image.steps)]  # fmt: skip
    # Lines that were made here have an image each; of those that were pulled only the last.
    known: Image | None = image
    for shown in found:
        if known is None:
            break
        shown |= {"Id": known.id, "Tags": known.tags or None}
        known = engine.daemon.images.by_id.get(known.parent)
    return Reply(document=found)


@route("GET", "/distribution/{name*}/json")
async def distribution(engine: Engine, request: Request) -> Answer:
    reference = reference_of(request.parts["name"])
    entry = catalogue.find(reference.repository, reference.tag or "latest") if reference.domain == "docker.io" else None
    if entry is None:
        raise NotFoundError(f"errors:\ndenied: requested access to the resource is denied\nunauthorized: {reference.text}")
    return Reply(document={
        "Descriptor": {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": entry.digest, "size": 1024},
        "Platforms": [{"architecture": entry.image.architecture, "os": entry.image.os}],
    })  # fmt: skip


# --- changing --------------------------------------------------------------------------------------------------------------------------


@route("POST", "/images/{name*}/tag")
async def tag(engine: Engine, request: Request) -> Answer:
    daemon = engine.daemon
    image = daemon.images.get(request.parts["name"])
    repository, label = request.get("repo"), request.get("tag")
    reference = reference_of(f"{repository}:{label}" if label else repository)
    if reference.digest:
        raise InvalidError("refusing to create a tag with a digest reference")
    daemon.images.tag(image, reference, daemon.now_ns)
    daemon.tell_image("tag", image.id, reference.tagged)
    return Reply(201)


@route("DELETE", "/images/{name*}")
async def remove(engine: Engine, request: Request) -> Answer:
    daemon, name = engine.daemon, request.parts["name"]
    image = daemon.images.get(name)
    return Reply(document=_removed(daemon, image, name, force=request.flag("force"), prune=not request.flag("noprune")))


def _removed(daemon: Daemon, image: Image, name: str, *, force: bool, prune: bool) -> list[dict[str, str]]:
    by_id = not _is_name(image, name)
    users = list(daemon.of_image(image))
    found: list[dict[str, str]] = []
    if not by_id and (len(image.tags) > 1 or (users and image.tags)):
        others = [tag for tag in image.tags if tag != reference_of(name).tagged]
        if users and not others and not force:
            raise ConflictError(f'conflict: unable to remove repository reference "{name}" (must force) - container {users[0].id[:12]} '
                                f'is using its '
                                f"referenced image {image.id[7:19]}")  # fmt: skip
        return [*_untagged(daemon, image, [reference_of(name).tagged])]
    if by_id and len(image.tags) > 1 and not force:
        raise ConflictError(f"conflict: unable to delete {image.id[7:19]} (must be forced) - image is referenced in multiple repositories")
    if running := [one for one in users if one.running]:
        raise ConflictError(f"conflict: unable to delete {image.id[7:19]} (cannot be forced) - image is being used by running container "
                            f"{running[0].id[:12]}")
    if users and not force:
        raise ConflictError(f"conflict: unable to delete {image.id[7:19]} (must be forced) - image is being used by stopped container "
                            f"{users[0].id[:12]}")
    if daemon.images.children(image):
        if by_id and not image.tags:
            raise ConflictError(f"conflict: unable to delete {image.id[7:19]} (cannot be forced) - image has dependent child images")
        return [*_untagged(daemon, image, list(image.tags))]
    found += _untagged(daemon, image, list(image.tags))
    return found + _deleted(daemon, image, prune=prune)


def _is_name(image: Image, name: str) -> bool:
    try:
        return reference_of(name).tagged in image.tags
    except DaemonError:
        return False


def _untagged(daemon: Daemon, image: Image, tags: list[str]) -> list[dict[str, str]]:
    found = []
    for one in tags:
        image.tags.remove(one)
        daemon.tell_image("untag", image.id, one)
        found.append({"Untagged": one})
    if not image.tags:
        found += [{"Untagged": digest} for digest in image.digests]
        image.digests.clear()
    return found


def _deleted(daemon: Daemon, image: Image, *, prune: bool) -> list[dict[str, str]]:
    found = [{"Deleted": image.id}]
    del daemon.images.by_id[image.id]
    daemon.tell_image("delete", image.id, image.id)
    there = {layer.digest for other in daemon.images.by_id.values() for layer in other.layers}
    found += [{"Deleted": layer.digest} for layer in reversed(image.layers) if layer.digest not in there]
    parent = daemon.images.by_id.get(image.parent)
    if prune and parent is not None and not parent.tags and not daemon.images.children(parent) and not any(daemon.of_image(parent)):
        found += _deleted(daemon, parent, prune=True)
    return found


@route("POST", "/images/prune")
async def prune(engine: Engine, request: Request) -> Answer:
    filters, daemon = filters_of(request, ("dangling", "label", "label!", "until")), engine.daemon
    only_dangling = filters.truth("dangling") is not False
    until = moment_of(filters.get("until")[0], daemon.now_ns) if filters.get("until") else 0
    found: list[dict[str, str]] = []
    freed = 0
    for image in list(daemon.images.by_id.values()):
        is_used = any(daemon.of_image(image)) or daemon.images.children(image)
        if image.id not in daemon.images.by_id or is_used or (only_dangling and image.tags):
            continue
        if not filters.labelled(image.config.labels) or (until and image.created_ns >= until):
            continue
        freed += sum(layer.size for layer in image.layers if not daemon.images.is_layer_shared(layer.digest, image))
        found += _untagged(daemon, image, list(image.tags)) + _deleted(daemon, image, prune=True)
    return Reply(document={"ImagesDeleted": found or None, "SpaceReclaimed": freed})
