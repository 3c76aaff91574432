"""Names of images: `nginx`, `user/app:2`, `registry:5000/app@sha256:...`, in short and in full, as the distribution library has them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cutaway.models.docker.errors import InvalidError

DOMAIN, LIBRARY = "docker.io", "library"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::\d+)?"
_FORM = re.compile(r"(?P<name>[^@:]+(?::\d+(?=/))?[^@:]*)(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?")


@dataclass(frozen=True)
class Reference:
    """A repository, and which of its images."""

    domain: str
    path: str
    tag: str | None
    digest: str | None

    @property
    def repository(self) -> str:
        """As people write it: `nginx`, `user/app`, `registry:5000/app`."""
        if self.domain != DOMAIN:
            return f"{self.domain}/{self.path}"
        return self.path.removeprefix(f"{LIBRARY}/")

    @property
    def tagged(self) -> str:
        return f"{self.repository}:{self.tag or 'latest'}"

    @property
    def text(self) -> str:
        return f"{self.repository}@{self.digest}" if self.digest else self.tagged


def reference_of(text: str) -> Reference:
    """Raises InvalidError, as the daemon says it."""
    matched = _FORM.fullmatch(text)
    if matched is None or not text:
        raise InvalidError("invalid reference format")
    name = matched["name"]
    first, _, rest = name.partition("/")
    is_domain = bool(rest) and (any(mark in first for mark in ".:") or first == "localhost" or first != first.lower())
    domain, path = (first, rest) if is_domain else (DOMAIN, name)
    if domain in ("index.docker.io", DOMAIN):
        domain = DOMAIN
        path = path if "/" in path else f"{LIBRARY}/{path}"
    if path != path.lower():
        raise InvalidError("invalid reference format: repository name (" + path + ") must be lowercase")
    if not re.fullmatch(_DOMAIN, domain) or not re.fullmatch(rf"{_PART}(?:/{_PART})*", path) or len(path) > 255:
        raise InvalidError("invalid reference format")
    return Reference(domain, path, matched["tag"], matched["digest"])
