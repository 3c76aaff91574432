"""What the daemon refuses, by kind: each becomes a status of the API.

Read first: docs/models/docker/engine.md.
"""

from __future__ import annotations


class DaemonError(Exception):
    """A request that failed: one sentence, in Docker's words."""

    @property
    def message(self) -> str:
        return str(self.args[0])


class InvalidError(DaemonError):
    """Something in the request cannot be."""


class UnauthorizedError(DaemonError):
    """Whom a registry does not know."""


class ForbiddenError(DaemonError):
    """What may not be done to this object."""


class NotFoundError(DaemonError):
    """An object that is not there."""


class ConflictError(DaemonError):
    """The state of an object does not allow it."""


class UnsupportedError(DaemonError):
    """A real Engine can, this one cannot."""


class CommandFailedError(DaemonError):
    """A command of a build ended with a code that is not 0."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class UnavailableError(DaemonError):
    """Another mode of the Engine would be needed, as a swarm."""


class NothingToDo(Exception):  # noqa: N818
    """It is so already."""
