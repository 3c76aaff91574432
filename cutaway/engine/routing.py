"""Which handler answers which request: method and path, with or without a version before it; and errors as answers."""

from __future__ import annotations

import re
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cutaway.engine.http import Answer, Reply, Request
from cutaway.models.docker.errors import (
    ConflictError,
    DaemonError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    NothingToDo,
    UnauthorizedError,
    UnavailableError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from cutaway.engine.engine import Engine

API, LEAST_API = "1.50", "1.24"
Handler = Callable[["Engine", Request], Awaitable[Answer]]
STATUSES: tuple[tuple[type[DaemonError], int], ...] = (
    (InvalidError, 400), (UnauthorizedError, 401), (ForbiddenError, 403), (NotFoundError, 404), (ConflictError, 409),
    (UnsupportedError, 501), (UnavailableError, 503),
    (DaemonError, 500),
)  # fmt: skip


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    handler: Handler


ROUTES: list[Route] = []


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Enters a handler; `{name}` is a part of the path, `{name*}` one with slashes in it."""
    pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", path)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)

    def enter(handler: Handler) -> Handler:
        ROUTES.append(Route(method, re.compile(pattern), handler))
        return handler
    return enter


async def answer(engine: Engine, request: Request) -> Answer:
    """The answer to a request; never an exception of the daemon's."""
    try:
        _versioned(request)
        for one in ROUTES:
            if one.method == request.method and (matched := one.pattern.fullmatch(request.path)):
                request.parts = matched.groupdict()
                engine.live.catch_up()
                return await one.handler(engine, request)
        return Reply(404, {"message": "page not found"})
    except NothingToDo:
        return Reply(304)
    except DaemonError as error:
        return Reply(next(status for kind, status in STATUSES if isinstance(error, kind)), {"message": error.message})
    except OSError as error:
        return Reply(500, {"message": f"{error.strerror}: {error.filename}"})
    except ConnectionError:
        raise
    except Exception as error:
        traceback.print_exc()
        return Reply(500, {"message": f"internal error of the simulation: {type(error).__name__}: {error}"})


def _versioned(request: Request) -> None:
    """Takes the version off the path. Raises InvalidError."""
    matched = re.fullmatch(r"/v(\d+\.\d+)(/.*)", request.path)
    if matched is None:
        request.version = API
        return
    request.version, request.path = matched[1], matched[2]
    if not request.at_least(LEAST_API):
        raise InvalidError(f"client version {request.version} is too old. Minimum supported API version is {LEAST_API}, please upgrade "
                           f"your client "
                           "to a newer version")  # fmt: skip
    if request.at_least("1.51"):
        raise InvalidError(f"client version {request.version} is too new. Maximum supported API version is {API}")
