"""Many clients at once: nothing is lost, nothing is left, and who stops reading holds up nobody else (reliability E6, E8)."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

from tests.cutaway.engine.conftest import Served, with_alpine
from tests.cutaway.engine.test_http import asked, connected, get

CLIENTS, ROUNDS, WATCHERS = 20, 3, 3


def heard(served: Served, into: list[str], ready: threading.Event) -> None:
    """All events until the volume `last` is made."""
    with connected(served) as one:
        one.settimeout(30)
        one.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        found = one.recv(4096)
        ready.set()
        while b'"volume"' not in found:
            found += one.recv(1 << 16)
    for line in found.split(b"\n"):
        if line.startswith(b"{"):
            event = json.loads(line)
            into.append(f"{event['timeNano']} {event['Action']} {event['Actor']['ID']}")


def test_a_crowd_loses_nothing_and_leaves_nothing(fresh: Served) -> None:
    with_alpine(fresh)
    time.sleep(0.1)
    before = len(asyncio.all_tasks(fresh.loop))
    logs: list[list[str]] = [[] for _ in range(WATCHERS)]
    watching = []
    for into in logs:
        ready = threading.Event()
        watching.append(threading.Thread(target=heard, args=(fresh, into, ready)))
        watching[-1].start()
        assert ready.wait(5)
    wrong: list[Any] = []

    def work(k: int) -> None:
        for turn in range(ROUNDS):
            name = f"c{k}-{turn}"
            steps = [get(fresh, f"/containers/create?name={name}", "POST", {"Image": "alpine", "Cmd": ["echo", name]})[0],
                     get(fresh, f"/containers/{name}/start", "POST")[0], int(asked(fresh, _post(f"/containers/{name}/wait")).split()[1])]
            said = asked(fresh, f"GET /containers/{name}/logs?stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            steps.append(get(fresh, f"/containers/{name}", "DELETE")[0])
            if steps != [201, 204, 200, 204] or f"{name}\n".encode() not in said:
                wrong.append((name, steps, said))
    with connected(fresh) as stuck:
        stuck.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")      # and never reads
        working = [threading.Thread(target=work, args=(k,)) for k in range(CLIENTS)]
        for thread in working:
            thread.start()
        for thread in working:
            thread.join()
        get(fresh, "/volumes/create", "POST", {"Name": "last"})
        for thread in watching:
            thread.join()
    assert wrong == []
    assert len(logs[0]) == CLIENTS * ROUNDS * 6 + 1 and all(one == logs[0] for one in logs)
    assert get(fresh, "/containers/json?all=1")[1] == []
    ends = time.monotonic() + 2
    while len(asyncio.all_tasks(fresh.loop)) > before and time.monotonic() < ends:
        time.sleep(0.01)
    assert len(asyncio.all_tasks(fresh.loop)) <= before and fresh.engine.daemon.events.listeners == []


def _post(target: str) -> bytes:
    return f"POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode()


def test_who_reads_no_events_is_cut_off_in_the_end(fresh: Served) -> None:
    with connected(fresh) as stuck:
        stuck.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        assert stuck.recv(4096)
        for k in range(4000):
            fresh.loop.call_soon_threadsafe(fresh.engine.daemon.tell_image, "tag", f"{k}", "x" * 200)
        time.sleep(0.5)
        found = b""
        while not found.endswith(b"0\r\n\r\n"):
            found += stuck.recv(1 << 20)
    numbers = [int(line.partition(b'"id": "')[2].partition(b'"')[0]) for line in found.split(b"\n") if line.startswith(b"{")]
    assert numbers == list(range(len(numbers))) and 1024 <= len(numbers) < 4000      # in order and without a gap, as far as it goes


def test_a_list_is_made_once_for_all_who_ask(fresh: Served) -> None:
    """And anew after each happening."""
    with_alpine(fresh)
    fresh.engine.live.speed = 1.0
    get(fresh, "/containers/create?name=first", "POST", {"Image": "alpine", "Cmd": ["sleep", "1000000"]})
    seen = []
    for act in ("", "/containers/first/rename?name=second", "/containers/second/start", "/containers/second/pause"):
        if act:
            get(fresh, act, "POST")
        (one,) = get(fresh, "/containers/json?all=1")[1]      # type: ignore[misc]
        seen.append((one["Names"], one["State"]))
        kept = list(fresh.engine.lists.answers.values())
        assert get(fresh, "/containers/json?all=1")[1] == [one] and len(kept) == 1
    assert seen == [(["/first"], "created"), (["/second"], "created"), (["/second"], "running"), (["/second"], "paused")]
