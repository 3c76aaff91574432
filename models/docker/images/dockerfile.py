"""Dockerfiles: their lines, and what an instruction does to a configuration."""

from __future__ import annotations

import json
import shlex

from cutaway.models.docker.errors import InvalidError
from cutaway.models.docker.specification import Config

SHELL = ["/bin/sh", "-c"]


def apply_change(config: Config, line: str) -> Config:
    """One instruction that changes a configuration only. Raises InvalidError."""
    name, _, rest = line.strip().partition(" ")
    rest = rest.strip()
    changed = config.model_copy(deep=True)
    match name.upper():
        case "CMD":
            changed.cmd = command_of(rest)
        case "ENTRYPOINT":
            changed.entrypoint = command_of(rest)
        case "ENV":
            for key, value in pairs_of(rest):
                changed.env = [one for one in changed.env if one.partition("=")[0] != key] + [f"{key}={value}"]
        case "LABEL":
            changed.labels |= dict(pairs_of(rest))
        case "EXPOSE":
            changed.exposed_ports |= {(port if "/" in port else f"{port}/tcp"): {} for port in rest.split()}
        case "USER":
            changed.user = rest
        case "WORKDIR":
            changed.working_dir = rest if rest.startswith("/") else f"{changed.working_dir.rstrip('/')}/{rest}"
        case "VOLUME":
            changed.volumes |= {path: {} for path in (json.loads(rest) if rest.startswith("[") else rest.split())}
        case "STOPSIGNAL":
            changed.stop_signal = rest
        case "ONBUILD":
            changed.on_build = [*(changed.on_build or []), rest]
        case other:
            raise InvalidError(f"{other} is not a valid change command")
    return changed


def command_of(text: str) -> list[str]:
    """`["a", "b"]`, or a line for the shell."""
    if text.startswith("["):
        try:
            words = json.loads(text)
            if all(isinstance(word, str) for word in words):
                return list(words)
        except ValueError:
            pass
    return [*SHELL, text]


def pairs_of(text: str) -> list[tuple[str, str]]:
    """`A=b "C"=d`, or `A b`. Raises InvalidError."""
    first, _, rest = text.partition(" ")
    if "=" not in first:
        return [(first, rest.strip())]
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InvalidError(f"Syntax error - {error}") from None
    return [(word.partition("=")[0], word.partition("=")[2]) for word in words]
