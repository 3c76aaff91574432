"""Published ports as a real client meets them."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from cutaway.engine.live import MAX, Live
from cutaway.engine.publishing import Publish, Publisher
from cutaway.models.costs import Profile
from cutaway.models.docker.container import Container
from cutaway.models.docker.errors import DaemonError
from cutaway.models.docker.ports import Ports
from cutaway.models.docker.processes.station import Demand
from tests.models.docker.host import Host, log

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Running:
    """A host whose clock goes on beside the test."""

    def __init__(self, profile: Profile, publish: Publish, speed: float, **more: Any) -> None:
        self.host = Host(profile, **more)
        self.live = Live(self.host.clock, speed)
        self.publisher = Publisher(self.live, publish)
        self.host.daemon.lifecycle.ports = Ports(self.publisher.open, self.publisher.close)

    def nginx(self, port: int, **host: Any) -> Container:
        """Running, before the clock goes on by itself."""
        container = self.host.run("nginx", PortBindings={"80/tcp": [{"HostPort": str(port)}]}, **host)
        self.host.let_pass(0.1)
        self.live._rebase()
        return container


@contextlib.asynccontextmanager
async def running(profile: Profile, publish: Publish = "unprivileged", speed: float = MAX, **more: Any) -> AsyncIterator[Running]:
    one = Running(profile, publish, speed, **more)
    pacing = asyncio.ensure_future(one.live.run())
    try:
        yield one
    finally:
        one.live.stopped = True
        one.live.poke()
        one.publisher.close_all()
        await pacing


async def asked(port: int, request: bytes = GET, close: bool = True) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") if close else request)
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


def within(steps: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(steps, 20))


def test_a_port_is_open_on_loopback_as_long_as_the_container_runs(profile: Profile) -> None:
    async def steps() -> None:
        port = free_port()
        async with running(profile) as one:
            container = one.nginx(port)
            assert one.publisher.doors[port].listening.getsockname()[0] == "127.0.0.1"
            answer = await asked(port)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"</html>\n") and b"Content-Length: 615\r\n" in answer
            assert '172.17.0.1 - - [' in log(container)
            await one.live.do(one.host.daemon.lifecycle.stop(container, None, None))
            with pytest.raises(ConnectionRefusedError):
                await asked(port)
            await one.live.do(one.host.daemon.lifecycle.start(container))
            await asyncio.sleep(0.2)
            assert (await asked(port)).startswith(b"HTTP/1.1 200")
    within(steps())


def test_a_connection_is_kept_and_bad_http_ends_it(profile: Profile) -> None:
    async def steps() -> None:
        port = free_port()
        async with running(profile) as one:
            one.nginx(port)
            twice = await asked(port, GET + GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), close=False)
            assert twice.count(b"HTTP/1.1 200 OK") == 2
            with contextlib.suppress(ConnectionResetError):
                assert await asked(port, b"\x16\x03\x01 what\r\n\r\n", close=False) == b""
            assert (await asked(port)).startswith(b"HTTP/1.1 200")
    within(steps())


def test_what_cannot_be_bound_is_dockers_error_and_nothing_stays_open(profile: Profile) -> None:
    async def steps() -> None:
        async with running(profile) as one:
            with socket.socket() as other:
                other.bind(("127.0.0.1", 0))
                other.listen()
                port = other.getsockname()[1]
                taken = re.escape(f"failed to bind host port for 0.0.0.0:{port}:172.17.0.2:80/tcp: address already in use")
                with pytest.raises(DaemonError, match=taken):
                    one.nginx(port)
            with pytest.raises(DaemonError, match=r"0\.0\.0\.0:80:172\.17\.0\.[23]:80/tcp: permission denied"):
                one.nginx(80)
            assert one.publisher.doors == {}
    within(steps())


def test_nothing_is_opened_where_the_session_was_told_so(profile: Profile) -> None:
    async def steps() -> None:
        port = free_port()
        async with running(profile, "none") as one:
            assert one.nginx(port).ports == {"80/tcp": [("0.0.0.0", port)]}
            with pytest.raises(ConnectionRefusedError):
                await asked(port)
    within(steps())


def test_requests_at_once_share_the_quota_of_the_container(profile: Profile) -> None:
    """Twelve requests of 10 ms, a tenth of a CPU: one a period, so they take more than a second, and cost what they cost."""
    async def steps() -> None:
        port = free_port()
        async with running(profile, demand=lambda program, size: Demand(10_000_000)) as one:
            container = one.nginx(port, NanoCpus=100_000_000)
            assert container.space is not None
            before, begun = container.space.cpu_ns, one.host.clock.now
            answers = await asyncio.gather(*(asked(port) for _ in range(12)))
            assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
            assert container.space.cpu_ns - before == 120_000_000
            assert 1_000_000_000 < one.host.clock.now - begun < 1_500_000_000
    within(steps())


def test_a_slower_clock_makes_the_client_wait(profile: Profile) -> None:
    """1 ms of simulated time at a hundredth of the speed."""
    async def steps() -> None:
        port, loop = free_port(), asyncio.get_running_loop()
        async with running(profile, speed=0.01, demand=lambda program, size: Demand(900_000, 100_000)) as one:
            one.nginx(port)
            begun = loop.time()
            await asked(port)
            assert 0.1 <= loop.time() - begun < 0.4
    within(steps())
