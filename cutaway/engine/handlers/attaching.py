"""Attach, logs, stats: what a container says, to whom it may concern."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator

from cutaway.engine.engine import Engine
from cutaway.engine.filters import moment_of
from cutaway.engine.http import MULTIPLEXED, RAW, READ_BYTES, Answer, Hijacked, Reply, Request, Streamed, Typed
from cutaway.engine.routing import route
from cutaway.engine.streams import Feed, Keys, framed, talk
from cutaway.engine.times import rfc3339
from cutaway.engine.usage import sample
from cutaway.models.docker.container import Container
from cutaway.models.docker.errors import ConflictError, InvalidError, UnsupportedError
from cutaway.models.docker.logs import Entry

SAMPLE_S = 1.0
"""Between two samples of stats, in real time: the CLI shows nothing when it waits for more than two."""


@route("POST", "/containers/{name}/attach")
async def attach(engine: Engine, request: Request) -> Answer:
    container = engine.daemon.container(request.parts["name"])
    if container.paused:
        raise ConflictError(f"container {container.name} is paused, unpause the container before attach")
    if container.status == "restarting":
        raise ConflictError(f"container {container.id} is restarting, wait until the container is running")
    keys = _keys(request.get("detachKeys"))
    wanted = {number for number, name in ((1, "stdout"), (2, "stderr")) if request.flag(name)}
    tty = container.config.tty
    feed = Feed(engine.live)
    if request.flag("logs"):
        for entry in container.log.entries:
            feed.take(entry.stream, entry.data)
    if request.flag("stream"):
        feed.watch(container.output)
    else:
        feed.end()
    engine.daemon.tell(container, "attach")

    async def speak(reader: Typed, writer: asyncio.StreamWriter) -> None:
        wants_input = request.flag("stdin") and container.config.open_stdin
        await talk(
            reader, writer, feed, engine.live, raw=tty, wanted=wanted,
            pipe=lambda: (container.terminal if tty else container.stdin) if wants_input else None,
            keys=keys if tty or request.get("detachKeys") else None, close_stdin=wants_input and container.config.stdin_once,
        )  # fmt: skip
        engine.daemon.tell(container, "detach") if container.has_process else None
    return Hijacked(speak, multiplexed=not tty)


def _keys(text: str) -> Keys:
    try:
        return Keys(text)
    except ValueError:
        raise InvalidError(f"Invalid escape keys ({text}) provided") from None


@route("GET", "/containers/{name}/logs")
async def logs(engine: Engine, request: Request) -> Answer:
    container = engine.daemon.container(request.parts["name"])
    streams = {number for number, name in ((1, "stdout"), (2, "stderr")) if request.flag(name)}
    if not streams:
        raise InvalidError("Bad parameters: you must choose at least one stream")
    if container.host.log_config.type == "none":
        raise UnsupportedError("configured logging driver does not support reading")
    since, until = (moment_of(request.get(name), engine.daemon.now_ns) for name in ("since", "until"))
    tail = int(request.get("tail")) if request.get("tail").isdigit() else None
    follow, stamps, tty = request.flag("follow"), request.flag("timestamps"), container.config.tty

    def form(entry: Entry) -> bytes:
        text = rfc3339(entry.time_ns).encode() + b" " + entry.data if stamps else entry.data
        return text if tty else framed(entry.stream, text)
    pieces = _logged(container, streams, since, until, tail, follow, form)
    await anext(pieces)
    return Streamed(pieces, RAW if tty or not request.at_least("1.42") else MULTIPLEXED)


async def _logged(
    container: Container, streams: set[int], since: int, until: int, tail: int | None, follow: bool, form: Callable[[Entry], bytes]
) -> AsyncGenerator[bytes, None]:
    log, more = container.log, asyncio.Event()
    has_ended = not container.running

    def hear(ended: bool) -> None:
        nonlocal has_ended
        has_ended |= ended
        more.set()
    leave = log.listen(hear)
    try:
        yield b""          # it listens before the client hears that it does
        number = log.written
        for piece in _joined(form, list(log.select(streams, since, until, tail))):
            yield piece
        while follow:
            is_last = has_ended
            # Who reads slowly misses what the log itself has let go meanwhile, and keeps nobody waiting.
            entries, number = log.later(number), log.written
            for piece in _joined(form, [one for one in entries if one.stream in streams and (not until or one.time_ns <= until)]):
                yield piece
            if is_last or (until and entries and entries[-1].time_ns > until):
                return
            await more.wait()
            more.clear()
    finally:
        leave()


def _joined(form: Callable[[Entry], bytes], entries: list[Entry]) -> Iterator[bytes]:
    """Several in a piece, for a piece costs more than an entry."""
    piece = b""
    for entry in entries:
        piece += form(entry)
        if len(piece) >= READ_BYTES:
            yield piece
            piece = b""
    if piece:
        yield piece


@route("GET", "/containers/{name}/stats")
async def stats(engine: Engine, request: Request) -> Answer:
    container = engine.daemon.container(request.parts["name"])
    stream = request.flag("stream") if request.get("stream") else True
    if request.flag("one-shot") and stream:
        raise InvalidError("cannot have stream=true and one-shot=true")
    if not stream:
        first = None if request.flag("one-shot") or not container.has_process else sample(engine.daemon, container, None)
        if first is not None:
            await asyncio.sleep(SAMPLE_S)
            engine.live.catch_up()
        return Reply(document=sample(engine.daemon, container, first))

    async def samples() -> AsyncGenerator[bytes, None]:
        before = None
        while container.id in engine.daemon.containers:
            engine.live.catch_up()
            before = sample(engine.daemon, container, before)
            yield (json.dumps(before) + "\n").encode()
            await asyncio.sleep(SAMPLE_S)
    return Streamed(samples())
