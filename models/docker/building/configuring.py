"""What an instruction does to the configuration of an image, and the comment that the image's history keeps of it.

Serves the builder and the changes of `docker commit` and `docker import`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from cutaway.models.docker.building import words
from cutaway.models.docker.building.instructions import Instruction, health_of, instruction_of
from cutaway.models.docker.errors import InvalidError
from cutaway.models.docker.processes.process import environment_of
from cutaway.models.docker.processes.signals import signal_of
from cutaway.models.docker.specification import Config, Health

SHELL = ("/bin/sh", "-c")
CHANGES = ("CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "USER", "VOLUME", "WORKDIR")
"""What `docker commit` takes."""
_VARIABLES_IN_WORDS = ("ADD", "COPY", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")
Done = tuple[Config, str]


def changed_by_lines(config: Config, lines: Sequence[str]) -> Config:
    """A configuration after changes as `--change` gives them. Raises InvalidError."""
    for line in lines:
        one = instruction_of(line)
        if one.name not in CHANGES:
            raise InvalidError(f"{one.name} is not a valid change command")
        config, _ = changed(config, expanded(one, environment_of(config.env)))
    return config


def expanded(one: Instruction, values: Mapping[str, str], escape: str = "\\") -> Instruction:
    """An instruction with its variables filled in, where its kind takes any. Raises InvalidError."""
    if one.name in ("ARG", "ENV", "LABEL"):
        pairs = tuple((words.expanded(key, values, escape), None if value is None else words.expanded(value, values, escape))
                      for key, value in one.pairs)  # fmt: skip
        return replace(one, pairs=pairs)
    if one.name in _VARIABLES_IN_WORDS:
        flags = {name: words.expanded(value, values, escape) if name in ("chown", "chmod") else value for name, value in one.flags.items()}
        return replace(one, words=tuple(words.expanded(word, values, escape) for word in one.words), flags=flags)
    if one.name == "EXPOSE":
        return replace(one, words=tuple(word for text in one.words for word in words.expanded_words(text, values, escape)))
    return one


def command_of(one: Instruction, config: Config) -> list[str]:
    """The words that run: a list as it stands, a text by the shell."""
    return list(one.words) if one.is_list else [*shell_of(config), *one.words]


def shell_of(config: Config) -> list[str]:
    return list(config.shell or SHELL)


def changed(config: Config, one: Instruction, *, keep_command: bool = False) -> Done:
    """A configuration after an instruction, and the comment. Raises InvalidError.

    An ENTRYPOINT takes away the command of the image below, unless `keep_command` says that this Dockerfile has set one.
    """
    after = config.model_copy(deep=True)
    if one.name == "ENTRYPOINT":
        after.entrypoint = command_of(one, after) if one.words or one.is_list else None
        after.cmd = after.cmd if keep_command else None
        return after, f"ENTRYPOINT {_list(after.entrypoint or [])}"
    return after, _BY_NAME[one.name](after, one)


def _arg(after: Config, one: Instruction) -> str:
    return " ".join(["ARG", *(key if value is None else f"{key}={value}" for key, value in one.pairs)])


def _cmd(after: Config, one: Instruction) -> str:
    after.cmd = command_of(one, after)
    return f"CMD {_list(after.cmd)}"


def _env(after: Config, one: Instruction) -> str:
    for key, value in one.pairs:
        line, names = f"{key}={value}", [other.partition("=")[0] for other in after.env]
        if key in names:
            after.env[names.index(key)] = line
        else:
            after.env.append(line)
    return " ".join(["ENV", *(f"{key}={value}" for key, value in one.pairs)])


def _expose(after: Config, one: Instruction) -> str:
    for text in one.words:
        after.exposed_ports |= {port: {} for port in _ports(text)}
    return f"EXPOSE {' '.join(sorted(one.words))}"


def _healthcheck(after: Config, one: Instruction) -> str:
    after.healthcheck = health_of(one)
    return f"HEALTHCHECK {_health(after.healthcheck)}"


def _label(after: Config, one: Instruction) -> str:
    after.labels |= {key: value or "" for key, value in one.pairs}
    return " ".join(["LABEL", *(f"{key}={value}" for key, value in one.pairs)])


def _maintainer(after: Config, one: Instruction) -> str:
    return f"MAINTAINER {one.words[0]}"


def _onbuild(after: Config, one: Instruction) -> str:
    after.on_build = [*(after.on_build or []), one.words[0]]
    return f"ONBUILD {one.words[0]}"


def _shell(after: Config, one: Instruction) -> str:
    after.shell = list(one.words)
    return f"SHELL [{' '.join(one.words)}]"


def _stopsignal(after: Config, one: Instruction) -> str:
    signal_of(one.words[0])
    after.stop_signal = one.words[0]
    return f"STOPSIGNAL {one.words[0]}"


def _user(after: Config, one: Instruction) -> str:
    after.user = one.words[0]
    return f"USER {one.words[0]}"


def _volume(after: Config, one: Instruction) -> str:
    if not all(one.words):
        raise InvalidError("VOLUME specified can not be an empty string")
    after.volumes |= {path: {} for path in one.words}
    return f"VOLUME [{' '.join(one.words)}]"


def _workdir(after: Config, one: Instruction) -> str:
    if not one.words[0]:
        raise InvalidError("cannot normalize nothing")
    after.working_dir = posixpath.normpath(posixpath.join("/", after.working_dir, one.words[0]))
    return f"WORKDIR {after.working_dir}"


_BY_NAME: dict[str, Callable[[Config, Instruction], str]] = {
    "ARG": _arg, "CMD": _cmd, "ENV": _env, "EXPOSE": _expose, "HEALTHCHECK": _healthcheck, "LABEL": _label, "MAINTAINER": _maintainer,
    "ONBUILD": _onbuild, "SHELL": _shell, "STOPSIGNAL": _stopsignal, "USER": _user, "VOLUME": _volume, "WORKDIR": _workdir,
}  # fmt: skip


def _ports(text: str) -> list[str]:
    """`80`, `53/udp`, `8000-8010`, as the keys of ExposedPorts. Raises InvalidError."""
    numbers, _, protocol = text.partition("/")
    protocol = (protocol or "tcp").lower()
    first, _, last = numbers.partition("-")
    if protocol not in ("tcp", "udp", "sctp"):
        raise InvalidError(f"Invalid proto: {protocol}")
    if not (first.isdecimal() and (last or first).isdecimal() and int(first) <= int(last or first) <= 65535):
        raise InvalidError(f"Invalid containerPort: {numbers}")
    return [f"{number}/{protocol}" for number in range(int(first), int(last or first) + 1)]


def _list(found: Sequence[str]) -> str:
    """As Go's %q writes a list."""
    return f"[{' '.join(map(words.quoted, found))}]"


def _health(health: Health) -> str:
    """As Go's %q writes a health check."""
    times = (health.interval, health.timeout, health.start_period, health.start_interval)
    return f"&{{{_list(health.test or [])} {' '.join(words.quoted(_duration(one)) for one in times)} '\\x{health.retries:02x}'}}"


def _duration(duration_ns: int) -> str:
    """As Go writes a duration of whole milliseconds."""
    seconds, rest = divmod(duration_ns, 10**9)
    if not seconds and rest:
        return f"{rest / 10**6:g}ms"
    minutes, seconds = divmod(seconds, 60)
    tail = f"{seconds + rest / 10**9:g}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{tail}" if hours else f"{minutes}m{tail}" if minutes else tail
