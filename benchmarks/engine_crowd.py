"""Many at the simulated Engine's socket: a thousand containers, what a call costs, a day's log, two hundred clients at once.

    python benchmarks/engine_crowd.py [scale] [calls] [day] [clients] [--clients 200] [--minutes 10]

runs all, or those that are named, each against an Engine of its own, and prints a line a figure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from engine_client import Engine, engine, run, say, two

MANY = 1000
WATCHERS = 3


def scale(asked: argparse.Namespace) -> None:
    """As many containers as a large host has, listed by one and by a hundred."""
    with engine("--speed", "max") as there, there.client() as one:
        told: Counter[str] = Counter()
        watching = _watching(there, lambda event: told.update([event["Action"]]))
        began = time.monotonic()
        for k in range(MANY):
            made = one.ask("POST", "/containers/create", {"Image": "alpine", "Cmd": ["sleep", "1000000"]})[1]["Id"]
            assert one.ask("POST", f"/containers/{made}/start")[0] == 204, k
        say(f"{MANY:,} containers without a name, created and started", f"{time.monotonic() - began:.1f} s, {there.memory():.0f} MiB")
        names = {name for each in one.ask("GET", "/containers/json?all=1")[1] for name in each["Names"]}
        say("  names, each once", f"{len(names):,}")
        took = [_seconds(lambda: subprocess.run(["docker", "-H", f"unix://{there.path}", "ps", "-a"], check=True, capture_output=True))
                for _ in range(20)]  # fmt: skip
        say("docker ps -a: median, longest", two(took))
        say("GET /containers/json?all=1, one client: median, longest", two(_lists(there, 20)))
        found: list[float] = []
        together = [threading.Thread(target=lambda: found.extend(_lists(there, 1))) for _ in range(100)]
        for thread in together:
            thread.start()
        for thread in together:
            thread.join()
        say("  100 clients at once: median, longest", two(found))
        for each in one.ask("GET", "/containers/json?all=1")[1]:
            assert one.ask("DELETE", f"/containers/{each['Id']}?force=1")[0] == 204
        one.ask("POST", "/volumes/create", {"Name": "last"})
        watching.join()
        say("events told of create, start, die, destroy", ", ".join(str(told[name]) for name in ("create", "start", "die", "destroy")))


def _watching(there: Engine, hear: Callable[[Any], None]) -> threading.Thread:
    """One who hears all events from now on, until the volume `last` is made."""
    one = there.client()
    one.send("GET", "/events")
    one.head()

    def watch() -> None:
        with one:
            for piece in one.chunks():
                for line in piece.splitlines():
                    event = json.loads(line)
                    if event["Type"] == "volume":
                        return
                    hear(event)
    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def _lists(there: Engine, count: int) -> list[float]:
    with there.client() as one:
        return [_seconds(lambda: (one.send("GET", "/containers/json?all=1"), one.answer())) for _ in range(count)]


def _seconds(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


# --- E8: what a call costs ---------------------------------------------------------------------------------------------------------------


def calls(asked: argparse.Namespace) -> None:
    """Real time of each call at the greatest speed, where the simulated time of a start or a stop takes none."""
    with engine("--speed", "max") as there, there.client() as one:
        took: dict[str, list[float]] = {}

        def timed(what: str, method: str, target: str, body: object = None) -> None:
            took.setdefault(what, []).append(_seconds(lambda: one.ask(method, target, body)))
        for k in range(200):
            timed("create", "POST", f"/containers/create?name=c{k}", {"Image": "alpine", "Cmd": ["sleep", "1000000"]})
            timed("start", "POST", f"/containers/c{k}/start")
            timed("inspect", "GET", f"/containers/c{k}/json")
            timed("list of one", "GET", "/containers/json?limit=1")
            timed("logs", "GET", f"/containers/c{k}/logs?stdout=1")
            timed("kill", "POST", f"/containers/c{k}/kill")
            timed("remove", "DELETE", f"/containers/c{k}?force=1")
            timed("version", "GET", "/version")
        for what, seconds in took.items():
            say(f"{what}: median, longest of {len(seconds)}", f"{statistics.median(seconds) * 1000:.2f} ms, {max(seconds) * 1000:.1f} ms")


# --- E8: a day ---------------------------------------------------------------------------------------------------------------------------


def day(asked: argparse.Namespace) -> None:
    """A container that logs each second, for a simulated day."""
    with engine("--speed", "max") as there, there.client() as one:
        run(one, "logs", "sh", "-c", f"while :; do echo {'x' * 80}; sleep 1; done")
        began = time.monotonic()
        for hour in range(1, 25):
            run(one, f"hour{hour}", "sleep", "3600")
            one.ask("POST", f"/containers/hour{hour}/wait")
            one.ask("DELETE", f"/containers/hour{hour}")
            if hour in (1, 6, 12, 18, 24):
                say(f"resident memory after {hour} simulated hours, {time.monotonic() - began:.0f} s", f"{there.memory():.1f} MiB")


# --- E6: many clients --------------------------------------------------------------------------------------------------------------------


def clients(asked: argparse.Namespace) -> None:
    """Each creates, starts, reads the logs of and removes containers until the time is over; some watch the events, one stops reading."""
    with engine("--speed", "max") as there:
        time.sleep(0.5)
        before, descriptors = there.info()["NGoroutines"], there.descriptors()
        heard: list[list[str]] = [[] for _ in range(WATCHERS)]
        watching = [_watching(there, lambda event, into=into: into.append(_mark(event))) for into in heard]
        stuck = there.client()
        stuck.send("GET", "/events")
        ends = time.monotonic() + 60 * asked.minutes
        rounds, lost = [0] * asked.clients, [0] * asked.clients
        working = [threading.Thread(target=_work, args=(there, k, ends, rounds, lost)) for k in range(asked.clients)]
        for thread in working:
            thread.start()
        for thread in working:
            thread.join()
        with there.client() as one:
            left = len(one.ask("GET", "/containers/json?all=1")[1])
            one.ask("POST", "/volumes/create", {"Name": "last"})
        for thread in watching:
            thread.join()
        stuck.socket.close()
        time.sleep(1)
        say(f"{asked.clients} clients, {asked.minutes:g} minutes: containers created, started, read and removed", f"{sum(rounds):,}")
        say("  of these lost, or with another log; containers left", f"{sum(lost)}; {left}")
        say("  events that each watcher heard; in one order", f"{len(heard[0]):,}; {all(one == heard[0] for one in heard)}")
        say("  tasks before and after", f"{before}, {there.info()['NGoroutines']}")
        say("  descriptors before and after", f"{descriptors}, {there.descriptors()}")
        say("  resident memory", f"{there.memory():.0f} MiB")


def _mark(event: Any) -> str:
    return f"{event['timeNano']} {event['Action']} {event['Actor']['ID']}"


def _work(there: Engine, k: int, ends: float, rounds: list[int], lost: list[int]) -> None:
    with there.client() as one:
        while time.monotonic() < ends:
            name = f"client{k}-{rounds[k]}"
            run(one, name, "echo", name)
            one.ask("POST", f"/containers/{name}/wait")
            one.send("GET", f"/containers/{name}/logs?stdout=1&follow=1")
            said = one.answer()[1][8:].decode()
            removed = one.ask("DELETE", f"/containers/{name}")[0]
            lost[k] += said != f"{name}\n" or removed != 204
            rounds[k] += 1


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {"scale": scale, "calls": calls, "day": day, "clients": clients}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10)
    chosen = parser.parse_args()
    for part in chosen.parts or PARTS:
        PARTS[part](chosen)
