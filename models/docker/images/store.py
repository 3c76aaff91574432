"""The images of one daemon: by id, by name, by digest."""

from __future__ import annotations

import re

from cutaway.models.docker.errors import ConflictError, InvalidError, NotFoundError
from cutaway.models.docker.images.image import Image
from cutaway.models.docker.references import Reference, reference_of


class Images:
    """What `docker images -a` lists."""

    def __init__(self) -> None:
        self.by_id: dict[str, Image] = {}

    def add(self, image: Image) -> Image:
        """Puts an image in; one that is there already stays as it is."""
        return self.by_id.setdefault(image.id, image)

    def get(self, name: str) -> Image:
        """By an id or its beginning, by `nginx`, `nginx:tag` or `nginx@sha256:...`. Raises NotFoundError, InvalidError."""
        if (found := self._by_id(name)) is not None:
            return found
        try:
            reference = reference_of(name)
        except InvalidError:
            if re.fullmatch(r"[0-9a-f]{64}", name):
                raise NotFoundError(f"No such image: {name}") from None
            raise
        for image in self.by_id.values():
            if (reference.text in image.digests) if reference.digest else (reference.tagged in image.tags):
                return image
        raise NotFoundError(f"No such image: {name if reference.digest else reference.tagged}")

    def find(self, name: str) -> Image | None:
        try:
            return self.get(name)
        except (NotFoundError, InvalidError):
            return None

    def _by_id(self, name: str) -> Image | None:
        digits = name.removeprefix("sha256:")
        if not re.fullmatch(r"[0-9a-f]{4,64}", digits):
            return None
        if (exact := self.by_id.get(f"sha256:{digits}")) is not None:
            return exact
        if self._is_tag(name):
            return None
        matching = [image for id_, image in self.by_id.items() if id_.startswith(f"sha256:{digits}")]
        if len(matching) > 1:
            raise ConflictError(f"multiple IDs found with provided prefix: {digits}")
        return matching[0] if matching else None

    def _is_tag(self, name: str) -> bool:
        return any(f"{name}:latest" in image.tags for image in self.by_id.values())

    def tag(self, image: Image, reference: Reference, now_ns: int) -> None:
        """Gives an image a name; who had it loses it."""
        for other in self.by_id.values():
            if reference.tagged in other.tags:
                other.tags.remove(reference.tagged)
        image.tags.append(reference.tagged)
        image.tags.sort()
        image.tagged_ns = now_ns

    def children(self, image: Image) -> list[Image]:
        return [other for other in self.by_id.values() if other.parent == image.id]

    def is_layer_shared(self, digest: str, but: Image) -> bool:
        return any(layer.digest == digest for other in self.by_id.values() if other is not but for layer in other.layers)
