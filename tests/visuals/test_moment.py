"""One instant: CPUs, queues, frozen guests, throttled groups, told by the trace's own rows."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.sim import trace as tr
from cutaway.visuals.moment import Replay


@pytest.fixture(scope="module")
def replays(traces: list[tr.Trace]) -> list[Replay]:
    return [Replay(trace) for trace in traces]


def instants(replay: Replay, count: int = 60) -> list[int]:
    return np.random.default_rng(5).integers(replay.start_ns, replay.end_ns, count).tolist()


def test_everyone_in_flight_is_somewhere_once(replays: list[Replay]) -> None:
    for replay in replays:
        requests = replay.trace.requests
        for now in instants(replay):
            expected = requests["request"][(requests["born"] <= now) & (requests["ended"] > now)]
            assert sorted(replay.at(now).request.tolist()) == sorted(expected.tolist())
            assert ((replay.at(now).share >= 0) & (replay.at(now).share <= 1)).all()


def test_a_cpu_runs_what_its_stint_says(replays: list[Replay]) -> None:
    for replay in replays:
        for now in instants(replay):
            for cpu, working in replay.at(now).cpus.items():
                stints = replay.trace.stints
                row = stints[(stints["cpu"] == cpu) & (stints["start"] <= now) & (stints["end"] > now)]
                assert len(row) == 1 and working.thread == row["thread"][0] and 0 <= working.share(now) < 1


def test_a_guest_stands_still_while_its_vcpu_waits_in_the_hosts_queue(replays: list[Replay]) -> None:
    replay = replays[1]
    stolen = replay.trace.states[replay.trace.states["state"] == tr.T_STOLEN]
    assert len(stolen)
    for row in stolen[:20]:
        moment = replay.at(int(row["start"] + row["end"]) // 2)
        vcpu = replay.cast.vcpus[0]
        assert vcpu in replay.frozen(moment) and vcpu not in moment.cpus
        waiting = [replay.cast.thread_names[one.thread] for one in replay.run_queue(moment)]
        assert "vCPU 0" in waiting and "nginx" not in waiting and "guest softirq" not in waiting


def test_a_throttled_group_waits_and_its_meter_is_the_stints(replays: list[Replay]) -> None:
    replay = replays[2]
    throttled = replay.trace.states[replay.trace.states["state"] == tr.T_THROTTLED]
    moment = replay.at(int(throttled["start"][0]) + 1)
    assert replay.throttled(moment, "web") == max(throttled["end"][throttled["start"] <= moment.time_ns])
    quota_ns, period_ns = replay.cast.quotas["web"]
    for now in instants(replay, 30):
        begin = now - now % period_ns
        worked = sum(max(min(int(row["end"]), now) - max(int(row["start"]), begin), 0) for row in replay.trace.stints
                     if row["thread"] in replay.cast.groups["web"])  # fmt: skip
        assert replay.quota_used("web", now) == pytest.approx(worked / quota_ns)


def test_the_clients_cpus_are_not_the_servers(replays: list[Replay]) -> None:
    assert [replay.cast.cpu_names[cpu] for replay in replays for cpu in replay.cast.host_cpus] == ["CPU 0", "CPU 1"] * 3
