"""The stage that any trace can be shown on: floors and parts of the usual stacks, and of these what the trace really uses.

A scene changes it by data (see `stage_data`); nothing here is asked of a scenario. Operations are recognised by words in their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cutaway.sim.trace import Trace
from cutaway.visuals.apart import INSIDE, meta_apart
from cutaway.visuals.stage import Column, Floor, Match, Part, Said, Stage, steps_of

SERVERS = {"mysql": "MySQL", "nginx": "nginx", "postgresql": "PostgreSQL", "python": "Python", "redis": "Redis"}
"""Layers that are server programs, and what they are called; the stage names those that its traces have."""

FLOORS = (
    Floor("server", Said("서버 프로그램", "Server"), Said("nginx", "nginx"), tuple(SERVERS), 130),
    Floor("guest", Said("게스트 커널", "Guest kernel"), Said("VM 안의 OS", "OS in the VM"), ("guest kernel", INSIDE), 106),
    Floor("hypervisor", Said("하이퍼바이저", "Hypervisor"), Said("통역가", "translates"), ("vhost", "hypervisor", "halt polling"), 96),
    Floor("host", Said("호스트 커널", "Host kernel"), Said("나누고 지킨다", "shares, guards"), ("host kernel", "bridge and NAT"), 188),
    Floor("hardware", Said("하드웨어", "Hardware"), Said("CPU · NIC", "CPU · NIC"), ("NIC", "hardware"), 110),
    Floor("client", Said("클라이언트", "Client"), Said("", ""), ("client", "wire"), 46),
)
"""From the top down; the last is the row of the client and the wire."""

WITH_A_CONTAINER_IN_A_GUEST = {"server": 100.0, "guest": 178.0, "hypervisor": 92.0, "host": 164.0, "hardware": 96.0}
"""Heights where the guest's kernel has a bridge too: it then holds more than the host's."""

NETWORK = ("receive", "send", "recv", "tcp", "socket")
"""Words of a kernel's operations that are its network's."""
NAT = ("nat", "conntrack", "netfilter", "masquerad")

PARTS = (
    Part("process", Said("nginx", "nginx"), "server", "process", tuple(Match(layer) for layer in SERVERS)),
    Part("guest calls", Said("시스템 콜", "syscalls"), "guest", "lane", (Match("guest kernel"),)),
    Part("guest tcp", Said("TCP/IP", "TCP/IP"), "guest", "lane", (Match("guest kernel", NETWORK),)),
    Part("guest veth", Said("veth", "veth"), "guest", "lane", (Match(INSIDE, ("veth",)),), "pair"),
    Part("guest bridge", Said("브리지", "bridge"), "guest", "lane", (Match(INSIDE),), "rails"),
    Part("guest nat", Said("NAT", "NAT"), "guest", "lane", (Match(INSIDE, NAT),), "arrows"),
    Part("vcpus", Said("vCPU", "vCPU"), "guest", "vcpus"),
    Part(
        "virtqueue",
        Said("virtqueue", "virtqueue"),
        "guest",
        "slab",
        (Match("guest kernel", ("virtqueue", "virtio", "ring")), Match("hypervisor", ("virtqueue",)), Match("vhost", ("virtqueue",))),
    ),
    Part("vhost", Said("vhost", "vhost"), "hypervisor", "lane", (Match("vhost"), Match("hypervisor", ("vhost",)))),
    Part("kvm", Said("KVM", "KVM"), "hypervisor", "exit", (Match("hypervisor"),)),
    Part("qemu", Said("QEMU", "QEMU"), "hypervisor", "box", (Match("hypervisor", ("qemu", "user space")),)),
    Part("host calls", Said("시스템 콜", "syscalls"), "host", "lane", (Match("host kernel"),)),
    Part("host tcp", Said("TCP/IP", "TCP/IP"), "host", "lane", (Match("host kernel", NETWORK),)),
    Part("tap", Said("tap", "tap"), "host", "lane", (Match("bridge and NAT", ("tap",)), Match("host kernel", ("tap",)))),
    Part("veth", Said("veth", "veth"), "host", "lane", (Match("bridge and NAT", ("veth",)), Match("host kernel", ("veth",))), "pair"),
    Part("bridge", Said("브리지", "bridge"), "host", "lane", (Match("bridge and NAT"), Match("host kernel", ("bridge",))), "rails"),
    Part(
        "nat",
        Said("NAT", "NAT"),
        "host",
        "lane",
        (Match("bridge and NAT", NAT), Match("host kernel", ("nat ", "conntrack"))),
        "arrows",
    ),
    Part("run queue", Said("실행 대기열", "run queue"), "host", "queue"),
    Part("page cache", Said("페이지 캐시", "page cache"), "host", "cache", (Match("host kernel", ("page cache", "cached file")),)),
    Part("nic", Said("NIC", "NIC"), "hardware", "nic", (Match("NIC"), Match("hardware"))),
    Part("cpus", Said("CPU", "CPU"), "hardware", "cpus"),
    Part("wire", Said("선", "wire"), "client", "wire", (Match("wire"),)),
    Part("client", Said("클라이언트", "client"), "client", "client", (Match("client"),)),
)
"""In a floor, from the top down as the way meets them."""

ALWAYS = ("run queue", "page cache", "nic", "cpus", "wire", "client", "process")
WITH_A_GUEST = ("guest calls", "guest tcp", "vcpus", "virtqueue", "vhost", "kvm", "qemu")
WITHOUT_A_GUEST = ("host calls", "host tcp")

NAMES = {
    "bare": (Said("베어메탈", "Bare metal"), ""),
    "vm": (Said("VM", "VM"), "KVM"),
    "container": (Said("컨테이너", "Container"), "Docker"),
}
WALLS = ("net", "pid", "mnt")
ONE = Said("요청 하나가 지나는 길.", "The way of one request.")
SEVERAL = Said("같은 요청, 같은 때: 다른 길.", "Same request, same time: other ways.")


def hue_of(trace: Trace) -> str:
    """What kind of stack a trace is of, by the layers its requests pass."""
    layers = {layer for layer, _ in steps_of(trace.meta)}
    if layers & {"hypervisor", "guest kernel", "vhost"}:
        return "vm"
    return "container" if "bridge and NAT" in layers else "bare"


def _known(words: object, otherwise: Said) -> Said:
    """What a trace calls itself: in one text, or in one for each language."""
    if isinstance(words, Mapping) and words:
        first = next(iter(words.values()))
        return Said(str(words.get("ko", first)), str(words.get("en", first)))
    return Said(str(words), str(words)) if words else otherwise


def _group_of_the_server(trace: Trace) -> str:
    """The cgroup with a quota that the server's threads are in; empty if there is none."""
    roles = {step["thread"] for step in trace.meta["steps"] if step["layer"] in FLOORS[0].layers}
    groups = {thread["group"] for thread in trace.meta["threads"] if (thread.get("role") or thread["name"]) in roles}
    return next((str(group["name"]) for group in trace.meta.get("groups", ()) if group.get("quota_ns") and group["name"] in groups), "")


def _column(number: int, trace: Trace, alone: bool) -> Column:
    hue = hue_of(trace)
    named, second = NAMES[hue]
    steps = steps_of(meta_apart(trace.meta))
    in_a_guest = any(layer == INSIDE for layer, _ in steps)
    if in_a_guest:
        second = " · ".join(NAMES[each][1] for each in ("vm", "container"))
    if not alone:  # two stacks of one kind: only the scenario's own name tells them apart
        named, second = Said(str(trace.meta["stack"]), str(trace.meta["stack"])), ""
    named = _known(trace.meta.get("stack_title"), named)
    expected = set(ALWAYS) | set(WITH_A_GUEST if hue == "vm" else WITHOUT_A_GUEST)
    used = {
        part.key
        for part in PARTS
        for step in steps
        if any(match.claims(*step) or (not match.words and match.layer == step[0]) for match in part.matches)
    }
    inside = WALLS if hue == "container" or in_a_guest else ()
    return Column(
        number, named, second, hue, tuple(part.key for part in PARTS if part.key in expected | used), inside, _group_of_the_server(trace)
    )


def stage_for(traces: Sequence[Trace]) -> Stage:
    """A stage for these traces: floors that none of them has are left out."""
    hues = [hue_of(trace) for trace in traces]
    columns = tuple(_column(number, trace, hues.count(hue) == 1) for number, (trace, hue) in enumerate(zip(traces, hues, strict=True)))
    standing = {part.floor for part in PARTS if any(part.key in column.parts for column in columns)}
    together = Said(*(" · ".join(column.name.told(each) for column in columns) for each in ("ko", "en")))
    title = _known(traces[0].meta.get("title"), together)
    motto = SEVERAL if len(columns) > 1 else ONE
    in_a_guest = any("guest bridge" in column.parts for column in columns)
    heights = WITH_A_CONTAINER_IN_A_GUEST if in_a_guest else {}
    floors = tuple(replace(floor, height=heights.get(floor.key, floor.height)) for floor in FLOORS if floor.key in standing)
    who = _servers(traces)
    floors = tuple(replace(floor, second=who) if floor.key == "server" else floor for floor in floors)
    parts = tuple(replace(part, name=who) if part.key == "process" else part for part in PARTS)
    return Stage(title, (Said("서버실", "Room"), Said("서버", "Server")), floors, parts, columns, motto=motto)


def _servers(traces: Sequence[Trace]) -> Said:
    """The programs that answer, from the first that is asked to those behind it."""
    layers = dict.fromkeys(layer for trace in traces for layer, _ in steps_of(trace.meta) if layer in SERVERS)
    name = " · ".join(SERVERS[layer] for layer in layers or ("nginx",))
    return Said(name, name)
