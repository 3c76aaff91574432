"""Programs that use the network of a container."""

from __future__ import annotations

from cutaway.models.docker.processes.process import Process
from cutaway.models.docker.programs.options import options
from cutaway.models.docker.programs.servers.web import Question, WebServer
from cutaway.sim.clock import Process as Steps

LOOKUP_NS = 200_000
"""A question to Docker's resolver and its answer; assumed, 50 us to 1 ms."""


def ip(process: Process, argv: tuple[str, ...]) -> Steps:
    words = [word for word in argv[1:] if not word.startswith("-")]
    interfaces = process.space.facts.interfaces
    if words[:1] and "route".startswith(words[0]) and words[0]:
        for one in interfaces:
            if one.gateway:
                yield from process.write(f"default via {one.gateway} dev {one.name} \n")
        return 0
    if not words or words[0][0] not in "al":
        yield from process.complain("ip: OBJECT is not simulated; there are addr, link, route")
        return 1
    yield from process.write("1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN qlen 1000\n"
                             "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n")  # fmt: skip
    if words[0][0] == "a":
        yield from process.write("    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n")
    for one in interfaces:
        yield from process.write(
            f"{one.index}: {one.name}@if{one.peer}: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu {one.mtu} qdisc noqueue state UP \n"
            f"    link/ether {one.mac} brd ff:ff:ff:ff:ff:ff\n"
        )
        if words[0][0] == "a":
            yield from process.write(f"    inet {one.address}/{one.prefix} scope global {one.name}\n       valid_lft forever "
                                     f"preferred_lft forever\n")
    return 0


def nslookup(process: Process, argv: tuple[str, ...]) -> Steps:
    names = [word for word in argv[1:] if not word.startswith("-")]
    if not names:
        yield from process.complain("usage: nslookup HOST")
        return 1
    yield from process.sleep(LOOKUP_NS)
    addresses = process.space.facts.resolve(names[0])
    yield from process.write("Server:\t\t127.0.0.11\nAddress:\t127.0.0.11:53\n\n")
    if not addresses:
        yield from process.complain(f"** server can't find {names[0]}: NXDOMAIN")
        return 1
    for address in addresses:
        yield from process.write(f"Name:\t{names[0]}\nAddress: {address}\n")
    return 0


def getent(process: Process, argv: tuple[str, ...]) -> Steps:
    if len(argv) < 3 or argv[1] not in ("hosts", "ahosts"):
        return 1
    yield from process.sleep(LOOKUP_NS)
    addresses = process.space.facts.resolve(argv[2])
    for address in addresses:
        yield from process.write(f"{address:16}  {argv[2]}\n")
    return 0 if addresses else 2


def ping(process: Process, argv: tuple[str, ...]) -> Steps:
    found, names = yield from options(process, argv, "c:W:w:i:q46")
    yield from process.sleep(LOOKUP_NS)
    addresses = process.space.facts.resolve(names[0]) if names else []
    if not addresses:
        yield from process.complain(f"ping: bad address '{' '.join(names)}'")
        return 1
    yield from process.write(f"PING {names[0]} ({addresses[0]}): 56 data bytes\n")
    count, sent, got = int(found.get("c", 0)), 0, 0
    while not count or sent < count:
        answered = process.space.facts.reach(addresses[0], 0, "icmp") is not None
        if answered:
            yield from process.sleep(LOOKUP_NS)
            yield from process.write(f"64 bytes from {addresses[0]}: seq={sent} ttl=64 time={LOOKUP_NS / 1e6:.3f} ms\n")
        sent, got = sent + 1, got + answered
        if not count or sent < count or not answered:
            yield from process.sleep(1_000_000_000)
    yield from process.write(f"\n--- {names[0]} ping statistics ---\n{sent} packets transmitted, {got} packets received, "
                             f"{round(100 - 100 * got / sent)}% packet loss\n")  # fmt: skip
    return int(got == 0)


def curl(process: Process, argv: tuple[str, ...]) -> Steps:
    """A page by HTTP: `curl`, and busybox's `wget`."""
    is_wget = argv[0].endswith("wget")
    found, names = yield from options(process, argv, "qO:T:S" if is_wget else "sSfLiIvko:m:X:H:d:w:",
                                      ("spider",) if is_wget else ("silent", "fail"))
    if not names:
        yield from process.complain(f"{process.name}: no URL specified")
        return 2
    host, port, path = _parts(names[0])
    yield from process.sleep(LOOKUP_NS)
    addresses = process.space.facts.resolve(host)
    if not addresses:
        yield from process.complain(f"wget: bad address '{host}'" if is_wget else f"curl: (6) Could not resolve host: {host}")
        return 1 if is_wget else 6
    server = process.space.facts.reach(addresses[0], port, "tcp")
    if server is None:
        yield from process.complain(f"wget: can't connect to remote host ({addresses[0]}): Connection refused" if is_wget
                                    else f"curl: (7) Failed to connect to {host} port {port}: Connection refused")  # fmt: skip
        return 1 if is_wget else 7
    question = Question("HEAD" if "I" in found else "GET", path, host, _address(process), "Wget" if is_wget else "curl/7.74.0")
    answer = (yield from _asked(process, server, question)) if isinstance(server, WebServer) else None
    if answer is None:
        yield from process.complain("wget: error getting response" if is_wget else "curl: (52) Empty reply from server")
        return 1 if is_wget else 52
    if "I" in found or "i" in found:
        yield from process.write(answer.head())
    if (answer.status >= 400) and (is_wget or "f" in found or "fail" in found):
        yield from process.complain(f"wget: server returned error: HTTP/1.1 {answer.status} {answer.reason}" if is_wget
                                    else f"curl: (22) The requested URL returned error: {answer.status}")  # fmt: skip
        return 1 if is_wget else 22
    target = found.get("O" if is_wget else "o")
    if is_wget and target is None and "spider" not in found:
        target = path.rpartition("/")[2] or "index.html"
    if target in (None, "-"):
        if "I" not in found:
            yield from process.write(answer.body)
    elif "spider" not in found:
        process.space.view.write(str(target), answer.body, process.cwd, now_ns=process.space.now_ns)
    return 0


def _asked(process: Process, server: WebServer, question: Question) -> Steps:
    """The answer; None if the server ends before."""
    def asking() -> Steps:
        try:
            return (yield from server.answer(question))
        except ConnectionResetError:
            return None
    return (yield from process.wait(process.clock.process(asking())))


def _address(process: Process) -> str:
    interfaces = process.space.facts.interfaces
    return str(interfaces[0].address) if interfaces else "127.0.0.1"


def _parts(url: str) -> tuple[str, int, str]:
    rest = url.removeprefix("http://")
    place, _, path = rest.partition("/")
    host, _, port = place.partition(":")
    return host, int(port) if port.isdigit() else 80, f"/{path}"
