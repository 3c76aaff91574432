"""Namespaces for every path that a packet can take to a server on one machine, named and wired as Docker does it.

    cw-client --veth-- cw-host --bridge, veth-- cw-server

Loopback, and the host's end of the first veth pair, are the direct paths; the server's namespace is reached by its own address
through the bridge, or by a port of the host that is translated (DNAT) in OUTPUT (127.0.0.1) or in PREROUTING.
All is removed with the namespaces. Congestion control is CUBIC, as others pace by timers; a namespace may choose it only while the
machine's list of allowed ones has it, so it is added for the time being.
"""
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cutaway.models.costs.measuring.leftovers import ends_with_us, note, remove_namespace
from cutaway.models.costs.measuring.needs import ALLOWED_CONGESTION, program
from cutaway.models.costs.measuring.points import Bench
from cutaway.models.costs.measuring.problems import MeasuringError

HOST, CLIENT, BRIDGE, SERVER = "10.77.1.1", "10.77.1.2", "10.77.2.1", "10.77.2.2"
PORT, BIND_PORT = 18999, 18998

# By stack: the namespaces of client and server, the address that the client connects to, the one that the server binds, the port bound.
# The port differs where the translated one would be in the way.
PATHS: dict[str, dict[str, str | int]] = {
    "native": {"client_net": "cw-host", "server_net": "cw-host", "address": "127.0.0.1", "bind": "127.0.0.1", "port": PORT - 2},
    "native-no-rules": {"address": "127.0.0.1", "bind": "127.0.0.1", "port": PORT - 2},
    "native-veth": {"client_net": "cw-client", "server_net": "cw-host", "address": HOST, "bind": HOST, "port": PORT - 2},
    "docker-bridge": {"client_net": "cw-host", "server_net": "cw-server", "address": SERVER, "bind": SERVER},
    "docker-nat-lo": {"client_net": "cw-host", "server_net": "cw-server", "address": "127.0.0.1", "bind": SERVER, "bind_port": BIND_PORT},
    "docker-nat": {"client_net": "cw-client", "server_net": "cw-server", "address": HOST, "bind": SERVER, "bind_port": BIND_PORT},
    "docker-proxy": {
        "client_net": "cw-host", "server_net": "cw-server", "address": "127.0.0.1", "port": PORT - 1, "bind": SERVER,
        "bind_port": BIND_PORT - 1},
}

RULES = f"""
-t nat -N DOCKER
-t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-t nat -A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
-t nat -A POSTROUTING -s 10.77.2.0/24 ! -o cw-bridge -j MASQUERADE
-t nat -A POSTROUTING -o cw-bridge -m addrtype --src-type LOCAL -j MASQUERADE
-t nat -A DOCKER -p tcp -m tcp --dport {PORT} -j DNAT --to-destination {SERVER}:{BIND_PORT}
-P FORWARD DROP
-N DOCKER
-N DOCKER-ISOLATION
-N DOCKER-USER
-A DOCKER-USER -j RETURN
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION
-A FORWARD -o cw-bridge -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o cw-bridge -j DOCKER
-A FORWARD -i cw-bridge ! -o cw-bridge -j ACCEPT
-A FORWARD -i cw-bridge -o cw-bridge -j ACCEPT
-A DOCKER -d {SERVER}/32 ! -i cw-bridge -o cw-bridge -p tcp -m tcp --dport {BIND_PORT} -j ACCEPT
-A DOCKER-ISOLATION -j RETURN
"""


PROXY_PORT = PORT - 1


def run(command: str) -> None:
    subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)


@contextmanager
def cubic(bench: Bench) -> Iterator[None]:
    """Any namespace may choose CUBIC, for the time being."""
    allowed = ALLOWED_CONGESTION.read_text()
    if "cubic" in allowed.split():
        yield
        return
    note("setting", str(ALLOWED_CONGESTION), allowed)
    try:
        ALLOWED_CONGESTION.write_text(f"{allowed.strip()} cubic")
        yield
    finally:
        ALLOWED_CONGESTION.write_text(allowed)


@contextmanager
def namespaces(bench: Bench, *names: str) -> Iterator[None]:
    """Makes them, each with its loopback up and CUBIC; at the end removes what it made, and nothing else."""
    bench.keep(cubic)
    if there := [name for name in names if Path(f"/run/netns/{name}").exists()]:
        raise MeasuringError(f"a network namespace {there[0]} is there already, and not ours")
    made: list[str] = []
    try:
        for name in names:
            note("namespace", name)
            made.append(name)
            run(f"ip netns add {name}")
            run(f"ip -n {name} link set lo up")
            run(f"ip netns exec {name} sysctl -qw net.ipv4.tcp_congestion_control=cubic")
        yield
    finally:
        for name in made:
            remove_namespace(name)


@contextmanager
def paths(bench: Bench) -> Iterator[None]:
    bench.keep(namespaces, "cw-host", "cw-client", "cw-server")
    run("ip -n cw-client link add up0 type veth peer name down0 netns cw-host")
    run("ip -n cw-server link add eth0 type veth peer name port0 netns cw-host")
    run("ip -n cw-host link add cw-bridge type bridge")
    run("ip -n cw-host link set port0 master cw-bridge")
    ends = (("cw-client", "up0", CLIENT), ("cw-host", "down0", HOST), ("cw-host", "cw-bridge", BRIDGE), ("cw-server", "eth0", SERVER))
    for name, link, address in ends:
        run(f"ip -n {name} addr add {address}/24 dev {link}")
        run(f"ip -n {name} link set {link} up")
    run("ip -n cw-host link set port0 up")
    run(f"ip -n cw-client route add default via {HOST}")
    run(f"ip -n cw-server route add default via {BRIDGE}")
    for setting in ("ip_forward", "conf.all.route_localnet", "conf.cw-bridge.route_localnet"):
        run(f"ip netns exec cw-host sysctl -qw net.ipv4.{setting}=1")
    for rule in RULES.strip().splitlines():
        run(f"ip netns exec cw-host iptables {rule}")
    yield


@contextmanager
def docker_proxy(bench: Bench) -> Iterator[None]:
    """docker-proxy alone, from loopback to the server's namespace: it reports on a file descriptor 3 that it is ready."""
    reader, writer = os.pipe()
    command = ["nsenter", "--net=/run/netns/cw-host", "taskset", "-c", "1", "sh", "-c", f'exec "$0" "$@" 3>&{writer}',
               program("docker-proxy"), "-proto", "tcp", "-host-ip", "127.0.0.1", "-host-port", str(PROXY_PORT),
               "-container-ip", SERVER, "-container-port", str(BIND_PORT - 1)]
    process = subprocess.Popen(
        command, pass_fds=(writer,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, preexec_fn=ends_with_us)
    os.close(writer)
    try:
        if os.read(reader, 100)[:1] != b"0":
            raise MeasuringError("docker-proxy does not start")
        yield
    finally:
        os.close(reader)
        process.kill()
        process.wait()
