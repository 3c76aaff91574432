"""mysqld, mariadbd, postgres, redis-server, memcached: they make an empty database where there is none, listen, and end when they are told.

Their protocols are not simulated: a connection is taken and closed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.process import Process
from cutaway.models.docker.programs.servers import assumed
from cutaway.models.docker.programs.servers.serving import Listener, Signals, account, end_all, leave, listen, moment, worker
from cutaway.sim.clock import Process as Steps


def _option(argv: Sequence[str], names: Sequence[str], otherwise: int) -> int:
    """The number after an option, as `--port 1` or `--port=1`."""
    for k, word in enumerate(argv):
        name, _, value = word.partition("=")
        if name in names:
            text = value or (argv[k + 1] if k + 1 < len(argv) else "")
            return int(text) if text.isdigit() else otherwise
    return otherwise


# --- MySQL, MariaDB --------------------------------------------------------------------------------------------------------------------


MARIADB = "10.10.2-MariaDB-1:10.10.2+maria~ubu2204"


@dataclass(frozen=True)
class Dialect:
    """What differs between the two."""

    name: str
    costs: assumed.Assumed
    line: Callable[[str], str]
    """Its log's form."""
    starting: str
    up: str
    """Of its port."""
    down: str


def mysqld(process: Process, argv: tuple[str, ...]) -> Steps:
    if "--version" in argv or "-V" in argv:
        yield from process.write("/usr/sbin/mysqld  Ver 8.0.32 for Linux on x86_64 (MySQL Community Server - GPL)\n")
        return 0
    def line(text: str) -> str:
        return f"{moment(process, '%Y-%m-%dT%H:%M:%S.%UZ')} 0 [System] [MY-010931] [Server] {text}\n"
    starting = f"/usr/sbin/mysqld (mysqld 8.0.32) starting as process {process.inner_pid}"
    up = ("/usr/sbin/mysqld: ready for connections. Version: '8.0.32'  socket: '/var/run/mysqld/mysqld.sock'  port: {}  "
          "MySQL Community Server - GPL.")  # fmt: skip
    down = "/usr/sbin/mysqld: Shutdown complete (mysqld 8.0.32)  MySQL Community Server - GPL."
    return (yield from _sql(process, argv, Dialect("mysqld", assumed.MYSQL, line, starting, up, down)))


def mariadbd(process: Process, argv: tuple[str, ...]) -> Steps:
    if "--version" in argv or "-V" in argv:
        yield from process.write(f"mariadbd  Ver {MARIADB} for debian-linux-gnu on x86_64 (mariadb.org binary distribution)\n")
        return 0
    def line(text: str) -> str:
        return f"{moment(process, '%Y-%m-%d %H:%M:%S')} 0 [Note] {text}\n"
    up = (f"mariadbd: ready for connections.\nVersion: '{MARIADB}'  socket: '/run/mysqld/mysqld.sock'  port: {{}}  "
          "mariadb.org binary distribution")  # fmt: skip
    starting = f"mariadbd (server {MARIADB}) starting as process {process.inner_pid} ..."
    return (yield from _sql(process, argv, Dialect("mariadbd", assumed.MARIADB, line, starting, up, "mariadbd: Shutdown complete")))


def _sql(process: Process, argv: tuple[str, ...], says: Dialect) -> Steps:
    view, told = process.space.view, Signals(process, signals.TERM)
    process.identity = account(view, "mysql", process.identity)
    if not view.is_directory("/var/lib/mysql/mysql"):
        yield from _note(process, "Initializing database files")
        yield from process.compute(assumed.FIRST_START_NS[says.name])
        view.make_directory("/var/lib/mysql/mysql", now_ns=process.space.now_ns, owner=(process.identity.uid, process.identity.gid))
        yield from _note(process, "Database files initialized")
        yield from _note(process, f"{'MySQL' if says.name == 'mysqld' else 'MariaDB'} init process done. Ready for start up.")
    yield from process.files.stderr.write(says.line(says.starting).encode())
    yield from process.compute(says.costs.start_ns)
    process.hold(says.costs.resident)
    port, server = _option(argv, ("--port", "-P"), 3306), Listener(process, "mysql")
    if told.waiting:
        return 0
    if not listen(process, port, server):
        yield from process.files.stderr.write(says.line(f"Do you already have another mysqld server running on port: {port} ?").encode())
        return 1
    try:
        yield from process.files.stderr.write(says.line(says.up.format(port)).encode())
        yield from told.next()
        yield from process.files.stderr.write(says.line(says.down).encode())
        return 0
    finally:
        leave(process, server)


def _note(process: Process, text: str) -> Steps:
    yield from process.write(f"{moment(process, '%Y-%m-%d %H:%M:%S')}+00:00 [Note] [Entrypoint]: {text}\n")


# --- PostgreSQL ------------------------------------------------------------------------------------------------------------------------

BESIDE = ("checkpointer", "background writer", "walwriter", "autovacuum launcher", "logical replication launcher")
"""Processes beside the one that listens (src/backend/postmaster)."""


def postgres(process: Process, argv: tuple[str, ...]) -> Steps:
    if "--version" in argv or "-V" in argv:
        yield from process.write("postgres (PostgreSQL) 15.1 (Debian 15.1-1.pgdg110+1)\n")
        return 0
    view, facts = process.space.view, process.space.facts
    data = process.environment.get("PGDATA", "/var/lib/postgresql/data")
    told = Signals(process, signals.TERM, signals.INT, signals.QUIT, signals.HUP)
    process.identity = account(view, "postgres", process.identity)
    owner = (process.identity.uid, process.identity.gid)
    if not view.exists(f"{data}/PG_VERSION"):
        yield from process.write('The files belonging to this database system will be owned by user "postgres".\n\n'
                                 f"fixing permissions on existing directory {data} ... ok\n")  # fmt: skip
        yield from process.compute(assumed.FIRST_START_NS["postgres"])
        view.write(f"{data}/PG_VERSION", b"15\n", now_ns=process.space.now_ns, owner=owner)
        yield from process.write("performing post-bootstrap initialization ... ok\nsyncing data to disk ... ok\n\n"
                                 "PostgreSQL init process complete; ready for start up.\n\n")  # fmt: skip
    port, server = _option(argv, ("-p", "--port"), 5432), Listener(process, "postgresql")
    yield from _log(process, "starting PostgreSQL 15.1 (Debian 15.1-1.pgdg110+1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 10.2.1-6) "
                             "10.2.1 20210110, 64-bit")  # fmt: skip
    if not listen(process, port, server):
        yield from _log(process, f'could not bind IPv4 address "0.0.0.0": Address already in use (port {port})')
        return 1
    try:
        socket = f'Unix socket "/var/run/postgresql/.s.PGSQL.{port}"'
        for where in (f'IPv4 address "0.0.0.0", port {port}', f'IPv6 address "::", port {port}', socket):
            yield from _log(process, f"listening on {where}")
        yield from process.compute(facts.cost("postgresql start"))
        process.hold(facts.cost("postgresql shared memory"))
        held = facts.cost("postgresql backend memory")
        beside = [worker(process, (f"postgres: {name} ",), process.identity, held, signals.TERM) for name in BESIDE]
        yield from _log(process, "database system is ready to accept connections")
        while (number := (yield from told.next())) == signals.HUP:
            yield from _log(process, "received SIGHUP, reloading configuration files")
        how = {signals.TERM: "smart", signals.INT: "fast", signals.QUIT: "immediate"}[number]
        yield from _log(process, f"received {how} shutdown request")
        yield from end_all(process, beside, signals.TERM)
        yield from _log(process, "database system is shut down")
        return 0
    finally:
        leave(process, server)


def _log(process: Process, text: str) -> Steps:
    yield from process.files.stderr.write(f"{moment(process, '%Y-%m-%d %H:%M:%S.%L UTC')} [{process.inner_pid}] LOG:  {text}\n".encode())


# --- Redis, memcached ------------------------------------------------------------------------------------------------------------------


def redis_server(process: Process, argv: tuple[str, ...]) -> Steps:
    if "--version" in argv or "-v" in argv:
        yield from process.write("Redis server v=7.0.8 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64\n")
        return 0
    facts, told = process.space.facts, Signals(process, signals.TERM, signals.INT)
    if process.identity.uid == 0:
        process.identity = account(process.space.view, "redis", process.identity)
    yield from _redis(process, "C", "#", "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo")
    text = f"Redis version=7.0.8, bits=64, commit=00000000, modified=0, pid={process.inner_pid}, just started"
    yield from _redis(process, "C", "#", text)
    yield from process.compute(facts.cost("redis start"))
    port, server = _option(argv, ("--port",), 6379), Listener(process, "redis")
    if not listen(process, port, server):
        text = f"Warning: Could not create server TCP listening socket *:{port}: bind: Address already in use"
        yield from _redis(process, "M", "#", text)
        return 1
    process.hold(facts.cost("redis memory"))
    try:
        yield from _redis(process, "M", "*", f"Running mode=standalone, port={port}.")
        yield from _redis(process, "M", "#", "Server initialized")
        yield from _redis(process, "M", "*", "Ready to accept connections")
        number = yield from told.next()
        seconds, name = process.space.now_ns // 1_000_000_000, "SIGTERM" if number == signals.TERM else "SIGINT"
        yield from process.write(f"{process.inner_pid}:signal-handler ({seconds}) Received {name} scheduling shutdown...\n")
        yield from _redis(process, "M", "#", "User requested shutdown...")
        yield from _redis(process, "M", "#", "Redis is now ready to exit, bye bye...")
        return 0
    finally:
        leave(process, server)


def _redis(process: Process, role: str, mark: str, text: str) -> Steps:
    yield from process.write(f"{process.inner_pid}:{role} {moment(process, '%d %b %Y %H:%M:%S.%L')} {mark} {text}\n")


def memcached(process: Process, argv: tuple[str, ...]) -> Steps:
    if {"-V", "--version"} & set(argv):
        yield from process.write("memcached 1.6.18\n")
        return 0
    told = Signals(process, signals.TERM, signals.INT)
    yield from process.compute(assumed.MEMCACHED.start_ns)
    port, server = _option(argv, ("-p", "--port"), 11211), Listener(process, "memcached")
    if not listen(process, port, server):
        yield from process.complain(f"failed to listen on TCP port {port}: Address already in use")
        return 71
    process.hold(assumed.MEMCACHED.resident)
    try:
        number = yield from told.next()
        yield from process.complain(f"Signal handled: {'Terminated' if number == signals.TERM else 'Interrupt'}.")
        return 0
    finally:
        leave(process, server)
