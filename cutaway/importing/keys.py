"""The keys of a service in a Compose file: which are taken, which are left out and why, and how each value is written.

The names are those of the Compose Specification's schema (schema/compose-spec.json). A key that is not there is a mistake.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cutaway.importing.service import Port
from cutaway.scenarios.problems import Place, Problem, choices, key_text, nearest, shown
from cutaway.scenarios.reading import Node

Path = tuple[str | int, ...]

_NOTHING_FAILS = "nothing fails or is restarted while a scenario runs"
_NO_TIME = "no part of a request's time depends on it here"
_NOT_MODELLED = "not modelled"
_UNREAD = "not copied: it may hold secrets, and the models have no place for it"
_RESERVED = "a reservation limits nothing"

TAKEN = {
    "build", "command", "container_name", "cpu_period", "cpu_quota", "cpu_shares", "cpus", "cpuset", "depends_on", "deploy",
    "entrypoint", "environment", "expose", "extends", "image", "links", "mem_limit", "network_mode", "networks", "ports", "privileged",
    "profiles", "scale", "security_opt", "volumes",
}  # fmt: skip
LEFT_OUT = {
    **dict.fromkeys(
        ("restart", "healthcheck", "stop_grace_period", "stop_signal", "oom_kill_disable", "oom_score_adj", "init"), _NOTHING_FAILS,
    ),
    **dict.fromkeys(
        (
            "annotations", "attach", "cap_add", "cap_drop", "cgroup", "cgroup_parent", "configs", "credential_spec", "develop",
            "device_cgroup_rules", "dns", "dns_opt", "dns_search", "domainname", "external_links", "extra_hosts", "group_add", "hostname",
            "ipc", "isolation", "label_file", "labels", "mac_address", "pid", "platform", "post_start", "pre_stop", "pull_policy",
            "pull_refresh_after", "read_only", "secrets", "stdin_open", "tmpfs", "tty", "ulimits", "use_api_socket", "user", "userns_mode",
            "uts", "working_dir",
        ),
        _NO_TIME,
    ),
    **dict.fromkeys(
        (
            "blkio_config", "cpu_count", "cpu_percent", "cpu_rt_period", "cpu_rt_runtime", "devices", "gpus", "logging", "mem_swappiness",
            "memswap_limit", "models", "pids_limit", "provider", "runtime", "shm_size", "storage_opt", "sysctls", "volumes_from",
        ),
        _NOT_MODELLED,
    ),
    "env_file": _UNREAD,
    "mem_reservation": _RESERVED,
}  # fmt: skip
"""Keys that the scenario has no place for, each with the reason."""

DEPLOY_TAKEN = {"replicas", "resources", "mode"}
DEPLOY_LEFT_OUT = {
    **dict.fromkeys(("restart_policy", "update_config", "rollback_config"), _NOTHING_FAILS),
    **dict.fromkeys(("labels", "placement", "endpoint_mode"), _NO_TIME),
}
RESOURCES = {"limits", "reservations"}
LIMITS = {"cpus", "memory", "pids"}
TOP = {"version", "name", "include", "services", "models", "networks", "volumes", "secrets", "configs"}

_BYTES = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgtp]?)(?:i?b)?", re.IGNORECASE)
_PORT = re.compile(
    r"(?:(?P<address>\[[0-9A-Fa-f:.]+\]|[0-9]+\.[0-9.]+|localhost):)?"
    r"(?:(?P<host>[0-9]*(?:-[0-9]+)?):)?(?P<inside>[0-9]+(?:-[0-9]+)?)"
)
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s|m|h)")
_UNITS_NS = {"us": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_MOST_CPUS = 4096
_NAMED = 12
_MOST_BYTES = 2**50


@dataclass
class Values:
    """Reads values, and keeps a sentence for each that is not what it should be."""

    problems: list[Problem]

    def note(self, place: Place, text: str) -> None:
        self.problems.append(Problem(place, text))

    def wrong(self, node: Node, path: Path, expected: str, more: str = "") -> None:
        self.problems.append(Problem(node.place, f"{key_text(path)} is {shown(node.value)}; expected {expected}.{more}"))

    def entries(self, node: Node, path: Path) -> dict[str, Node]:
        """A mapping; an empty value is an empty one."""
        if isinstance(node.value, dict):
            return node.value
        if node.value is not None:
            self.wrong(node, path, "a mapping")
        return {}

    def items(self, node: Node, path: Path) -> list[Node]:
        if isinstance(node.value, list):
            return node.value
        if node.value is not None:
            self.wrong(node, path, "a list")
        return []

    def known(self, entries: Iterable[tuple[str, Node]], names: Iterable[str], path: Path) -> Iterator[tuple[str, Node]]:
        """The entries whose keys exist; `x-` keys are nobody's business but the writer's."""
        names = set(names)
        for key, node in entries:
            if key in names:
                yield key, node
            elif not key.startswith("x-"):
                whose = key_text(path) or "a Compose file"
                expected = choices(names) if len(names) <= _NAMED else "a key of the Compose Specification"
                text = f"{key_text((*path, key))} is not a key of {whose}; expected {expected}.{nearest(key, names)}"
                self.problems.append(Problem(node.place, text))

    def text(self, node: Node, path: Path) -> str:
        """A text, or a number as one."""
        match node.value:
            case bool() | None | dict() | list():
                self.wrong(node, path, "a text")
                return ""
            case str() as text:
                return text
        return format(node.value, "f") if isinstance(node.value, Decimal) else str(node.value)

    def texts(self, node: Node, path: Path) -> list[str]:
        return [self.text(item, (*path, index)) for index, item in enumerate(self.items(node, path))]

    def truth(self, node: Node, path: Path) -> bool:
        if node.value not in (True, False, "true", "false"):
            self.wrong(node, path, "true or false")
        return node.value in (True, "true")

    def words(self, node: Node, path: Path) -> tuple[str, ...]:
        """A command: a list of words, or a line that a shell would split."""
        if isinstance(node.value, list):
            return tuple(self.text(item, (*path, index)) for index, item in enumerate(node.value))
        if node.value is None:
            return ()
        try:
            return tuple(shlex.split(self.text(node, path)))
        except ValueError:
            self.wrong(node, path, "a command whose quotation marks are closed")
            return ()

    def number(self, node: Node, path: Path, most: int, least: int = 0) -> int:
        """A whole number, also as a text."""
        value = node.value
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(node, path, f"a whole number from {least:,} to {most:,}")
            return least
        return value

    def cpus(self, node: Node, path: Path) -> Fraction | None:
        """CPU time a time; none for 0, which is no limit."""
        value = node.value
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}(\.[0-9]{0,9})?|\.[0-9]{1,9}", value):
            value = Decimal(value)
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value <= _MOST_CPUS:
            self.wrong(node, path, f"a number of CPUs from 0.01 to {_MOST_CPUS:,}, such as 0.5")
            return None
        if value and value < Decimal("0.01"):
            self.wrong(node, path, "at least 0.01, which Docker asks for")
            return None
        return Fraction(value) or None

    def size(self, node: Node, path: Path) -> int | None:
        """Bytes; `k`, `m` and `g` are powers of 1024, as Docker has them. None for 0, which is no limit."""
        found = _BYTES.fullmatch(self.text(node, path)) if isinstance(node.value, str | int) and not isinstance(node.value, bool) else None
        value = int(Decimal(found[1]) * 1024 ** "kmgtp".find(found[2].lower()) * 1024) if found and found[2] else None
        value = int(Decimal(found[1])) if found and not found[2] else value
        if value is None or value > _MOST_BYTES:
            self.wrong(node, path, "a size such as 512m or 1.5g")
            return None
        return value or None

    def microseconds(self, node: Node, path: Path) -> int:
        """As nanoseconds: a number of microseconds, or a duration of Compose's (`50ms`)."""
        if isinstance(node.value, str) and (found := _DURATION.fullmatch(node.value)):
            return int(Decimal(found[1]) * _UNITS_NS[found[2]])
        return self.number(node, path, 10**9) * 1000

    def cpu_numbers(self, node: Node, path: Path) -> tuple[int, ...]:
        """`0-3` or `0,2`; a number alone."""
        numbers: set[int] = set()
        for part in self.text(node, path).split(","):
            found = re.fullmatch(r"\s*([0-9]{1,4})(?:-([0-9]{1,4}))?\s*", part)
            last = int(found[2] or found[1]) if found else -1
            if not found or not int(found[1]) <= last < _MOST_CPUS:
                self.wrong(node, path, "CPUs by number, such as 0-3 or 0,2")
                return ()
            numbers |= set(range(int(found[1]), last + 1))
        return tuple(sorted(numbers))

    def port(self, node: Node, path: Path) -> Port | None:
        """Short (`127.0.0.1:8080:80/tcp`) or long form; of a range the first. None for what is not TCP, and for a mistake."""
        if isinstance(node.value, dict):
            return self._long_port(node.value, path)
        written, _, protocol = self.text(node, path).partition("/")
        found = _PORT.fullmatch(written)
        numbers = [int(number) for number in re.findall(r"[0-9]+", f"{found['host'] or ''} {found['inside']}")] if found else [0]
        if not found or not all(0 < number < 65536 for number in numbers):
            self.wrong(node, path, "a port such as 80, 8080:80 or 127.0.0.1:8080:80")
            return None
        if protocol not in ("", "tcp"):
            return None
        host = (found["host"] or "").partition("-")[0]
        return Port(int(found["inside"].partition("-")[0]), int(host or 0), (found["address"] or "").strip("[]"))

    def _long_port(self, entries: dict[str, Node], path: Path) -> Port | None:
        names = ("target", "published", "host_ip", "protocol", "mode", "name", "app_protocol")
        keys = dict(self.known(entries.items(), names, path))
        if "target" not in keys:
            place = next((node.place for node in entries.values()), Place(""))
            self.problems.append(Problem(place, f"{key_text(path)} has no target; expected the port in the container."))
            return None
        inside = self.number(keys["target"], (*path, "target"), 65535, 1)
        published = 0
        if "published" in keys and (written := self.text(keys["published"], (*path, "published"))):
            first = Node(written.partition("-")[0], keys["published"].place)
            published = self.number(first, (*path, "published"), 65535, 1)
        address = self.text(keys["host_ip"], (*path, "host_ip")) if "host_ip" in keys else ""
        protocol = self.text(keys["protocol"], (*path, "protocol")) if "protocol" in keys else "tcp"
        return Port(inside, published, address) if protocol == "tcp" else None
