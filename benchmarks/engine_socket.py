"""What the simulated Engine's socket bears from a client that means no good: bodies without end, bytes that drip, clients that go.

    python benchmarks/engine_socket.py [bodies] [slow] [gone] [--gigabytes 10]

runs all, or those that are named, each against an Engine of its own, and prints a line a figure.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import json
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator

from engine_client import Client, Engine, engine, run, say, two

PIECE = b"\0" * (1 << 20)


# --- E5: bodies without end --------------------------------------------------------------------------------------------------------------


def bodies(asked: argparse.Namespace) -> None:
    """Chunks until the Engine refuses; what it takes in memory meanwhile."""
    with engine() as there:
        with there.client() as one:
            run(one, "there", "sleep", "1000000")
        for method, target in (("POST", "/images/load"), ("POST", "/build"), ("PUT", "/containers/there/archive?path=/tmp")):
            with _peak(there, f"{asked.gigabytes} GB to {target.partition('?')[0]}"), there.client() as one:
                one.send(method, target, head="Transfer-Encoding: chunked\r\n")
                sent = 0
                with contextlib.suppress(ConnectionError):
                    while sent < asked.gigabytes << 30:
                        one.socket.sendall(b"%x\r\n" % len(PIECE) + PIECE + b"\r\n")
                        sent += len(PIECE)
                say(f"  taken before it closed; its answer {_told(one)}", f"{sent >> 20} MiB")
        for name, content in (("1,000,000 entries", _entries(1_000_000)), ("one of 10 GB, sparse", _sparse())):
            with _peak(there, f"an archive of {name}"), there.client() as one:
                one.send("PUT", "/containers/there/archive?path=/tmp", head="Transfer-Encoding: chunked\r\n")
                with contextlib.suppress(ConnectionError):
                    for at in range(0, len(content), len(PIECE)):
                        piece = content[at : at + len(PIECE)]
                        one.socket.sendall(b"%x\r\n" % len(piece) + piece + b"\r\n")
                    one.socket.sendall(b"0\r\n\r\n")
                say("  its answer", _told(one))


@contextlib.contextmanager
def _peak(there: Engine, what: str) -> Iterator[None]:
    there.forget_peak()
    base, began = there.memory(), time.monotonic()
    yield
    say(f"{what}: memory above the {base:.0f} MiB before", f"{there.memory('VmHWM') - base:.0f} MiB, {time.monotonic() - began:.1f} s")


def _told(one: Client) -> str:
    with contextlib.suppress(ConnectionError):
        status, content = one.answer()
        return f"{status} {json.loads(content)['message']}"
    return "none"


def _entries(count: int) -> bytes:
    """Packed, for in plain 1,000,000 headers are 512 MB."""
    into = io.BytesIO()
    with gzip.GzipFile(fileobj=into, mode="wb", compresslevel=1) as packed:
        for k in range(count):
            packed.write(tarfile.TarInfo(f"d{k % 1000}/{k}").tobuf())
        packed.write(bytes(1024))
    return into.getvalue()


def _sparse() -> bytes:
    member = tarfile.TarInfo("sparse")
    member.size = 10 << 30
    return member.tobuf() + bytes(10240)


# --- E4: slow clients --------------------------------------------------------------------------------------------------------------------


def slow(asked: argparse.Namespace) -> None:
    with engine() as there, contextlib.ExitStack() as held:
        slowly = [held.enter_context(there.client()) for _ in range(200)]
        ended, took = threading.Event(), []

        def drip() -> None:
            while not ended.wait(1):
                for one in slowly:
                    with contextlib.suppress(OSError):
                        one.socket.sendall(b"G")
        thread = threading.Thread(target=drip)
        thread.start()
        for _ in range(20):
            began = time.monotonic()
            subprocess.run(["docker", "-H", f"unix://{there.path}", "ps"], check=True, stdout=subprocess.DEVNULL)
            took.append(time.monotonic() - began)
        say("docker ps beside 200 clients that send a byte a second: median, longest", two(took))
        time.sleep(11)
        ended.set()
        thread.join()
        say("  of these 200 are still connected after 10 s", str(sum(map(_connected, slowly))))


def _connected(one: Client) -> bool:
    one.socket.setblocking(False)
    try:
        return one.socket.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


# --- E7: clients that go -----------------------------------------------------------------------------------------------------------------


def gone(asked: argparse.Namespace) -> None:
    """From a client's end to the end of what the Engine did for it."""
    with engine() as there:
        with there.client() as one:
            run(one, "there", "sh", "-c", "while :; do echo x; sleep 1; done")
            run(one, "still", "sleep", "1000000")
            made = one.ask("POST", "/containers/still/exec", {"Cmd": ["sleep", "1000000"], "AttachStdout": True})[1]["Id"]
        head = b"POST /build HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
        upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n"
        dockerfile = tarfile.TarInfo("Dockerfile")
        text = b"FROM alpine\nRUN sleep 1000000\n"
        dockerfile.size = len(text)
        context = dockerfile.tobuf() + text.ljust(512, b"\0") + bytes(1024)
        asks: dict[str, Callable[[Client], None]] = {
            "attach": lambda one: one.send("POST", "/containers/still/attach?stream=1&stdout=1", head=upgrade),
            "exec": lambda one: one.send("POST", f"/exec/{made}/start", {"Tty": False}, upgrade),
            "wait": lambda one: one.send("POST", "/containers/still/wait"),
            "logs -f": lambda one: one.send("GET", "/containers/there/logs?follow=1&stdout=1"),
            "stats": lambda one: one.send("GET", "/containers/there/stats"),
            "events": lambda one: one.send("GET", "/events"),
            "pull": lambda one: one.send("POST", "/images/create?fromImage=jboss/wildfly&tag=25.0.0.Final"),
            "build": lambda one: one.socket.sendall(head % len(context) + context),
        }  # fmt: skip
        for name, ask in asks.items():
            tasks = there.info()["NGoroutines"]
            with there.client() as one:
                ask(one)
                status, _ = one.head()
                assert status in (101, 200), (name, status)
            began = time.monotonic()
            while there.info()["NGoroutines"] > tasks and time.monotonic() - began < 20:
                time.sleep(0.01)
            say(f"a client goes in {name}: the Engine's tasks are as before after", f"{(time.monotonic() - began) * 1000:.0f} ms")


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {"bodies": bodies, "slow": slow, "gone": gone}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--gigabytes", type=int, default=10)
    chosen = parser.parse_args()
    for part in chosen.parts or PARTS:
        PARTS[part](chosen)
