"""The builder's cache: a step is not done again where an image is there that came of the same step on the same image.

What is compared is the configuration of the step's container, whose command holds the instruction, or the digest of what is copied.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from cutaway.models.docker.identity import digest_of
from cutaway.models.docker.images.image import Image, Step
from cutaway.models.docker.images.store import Images
from cutaway.models.docker.specification import Config

_NOT_COMPARED = {"Hostname", "Image"}


def key_of(config: Config) -> str:
    """What two steps have in common that make the same."""
    return json.dumps({name: value for name, value in config.as_json().items() if name not in _NOT_COMPARED}, sort_keys=True)


class Cache:
    """What one build may use of what was built before."""

    def __init__(self, images: Images, sources: Sequence[Image] | None, *, enabled: bool) -> None:
        """`sources` are the images of --cache-from, the only ones then that may be used; None for all."""
        self.images = images
        self.sources = sources
        self.enabled = enabled
        self.missed = False

    def begin_stage(self) -> None:
        """A step that was not found makes all after it new, up to the next stage."""
        self.missed = False

    def find(self, parent: Image | None, config: Config) -> Image | None:
        """An image that this step on `parent` has made."""
        found = None
        if self.enabled and not self.missed:
            found = self._local(parent, config)
            if self.sources is not None and (found is None or not any(self._descends(one, found) for one in self.sources)):
                found = self._restored(parent, config)
        self.missed = found is None
        return found

    def _local(self, parent: Image | None, config: Config) -> Image | None:
        key, id_ = key_of(config), parent.id if parent else ""
        fitting = [one for one in self.images.by_id.values() if one.parent == id_ and one.step == key]
        return max(fitting, key=lambda one: one.created_ns, default=None)

    def _descends(self, image: Image | None, ancestor: Image) -> bool:
        while image is not None:
            if image.id == ancestor.id:
                return True
            image = self.images.by_id.get(image.parent)
        return False

    def _restored(self, parent: Image | None, config: Config) -> Image | None:
        """A step of an image that was loaded or pulled, found in its history."""
        done = parent.steps if parent else ()
        for source in self.sources or ():
            head, length = source.steps[: len(done)], len(done)
            if len(source.steps) <= length or [_of(one) for one in head] != [_of(one) for one in done]:
                continue
            if source.steps[length].created_by != " ".join(config.cmd or []):
                continue
            if len(source.steps) == length + 1:
                return source
            steps = source.steps[: length + 1]
            identity = digest_of(json.dumps([key_of(config), [_of(one) for one in steps]]).encode())
            return self.images.add(Image(identity, config, steps, steps[-1].created_ns, parent=parent.id if parent else "",
                                         step=key_of(config)))  # fmt: skip
        return None


def _of(step: Step) -> tuple[str, str]:
    return step.created_by, step.layer.digest if step.layer else ""
