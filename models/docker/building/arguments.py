"""Build arguments: what the client gave, what ARG declares, where each may be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PREDEFINED = frozenset(
    name for kind in ("all", "ftp", "http", "https", "no") for name in (f"{kind}_proxy", f"{kind}_proxy".upper())
)
"""May be given without an ARG, and leave no trace in the image's history."""


@dataclass
class Arguments:
    """Those of one stage; stages share what the client gave and what stands before the first FROM."""

    given: Mapping[str, str | None]
    """By the client; None is a name without a value."""
    before: dict[str, str | None] = field(default_factory=dict)
    """Declared before the first FROM, with their defaults."""
    referenced: set[str] = field(default_factory=set)
    """Declared anywhere."""
    declared: dict[str, str | None] = field(default_factory=dict)
    """In this stage, with their defaults."""

    def stage(self) -> Arguments:
        """Those of a new stage, in which nothing is declared."""
        return Arguments(self.given, self.before, self.referenced)

    def declare(self, name: str, default: str | None) -> None:
        self.declared[name] = default
        self.referenced.add(name)

    def declare_before(self, name: str, default: str | None) -> None:
        """Before the first FROM."""
        self.before[name] = default
        self.declare(name, default)

    def of_from(self) -> dict[str, str]:
        """What a FROM may use."""
        return self._values(self.before)

    def allowed(self, environment: Mapping[str, str]) -> dict[str, str]:
        """What an instruction may use; a variable of the image's goes before an argument."""
        return {name: value for name, value in self._values(self.declared).items() if name not in environment}

    def _values(self, defaults: Mapping[str, str | None]) -> dict[str, str]:
        found = {}
        for name in [*defaults, *sorted(PREDEFINED - set(defaults))]:
            value = self.given.get(name)
            value = defaults.get(name) if value is None else value
            value = self.before.get(name) if value is None and name in defaults else value
            if value is not None:
                found[name] = value
        return found

    def in_history(self, name: str) -> bool:
        """Whether an argument is part of what makes a step what it is."""
        return name in self.declared or name not in PREDEFINED

    def unused(self) -> list[str]:
        """Given, and declared nowhere."""
        return sorted(set(self.given) - self.referenced - PREDEFINED)
