"""What is measured, in four words: a part interleaves its points, a point is measured once for each run, and finds figures.

A point can be listed before anything is started: it names its needs, and reaches for what must run through the bench, which starts each
thing at its first use and ends all of it, the last first. Read first: driver.py.
"""
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from cutaway.models.costs.measuring.leftovers import processes_of
from cutaway.models.costs.measuring.rows import Counts, Subject

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """How much is asked for: `quick` for a look at everything in minutes; `kernel` holds boot/vmlinuz-* and lib/modules for a guest."""
    quick: bool = False
    kernel: Path = Path("/")

    def least(self, whole: int, quick: int) -> int:
        return quick if self.quick else whole


@dataclass(frozen=True)
class Found:
    """What one run says about one subject: values by metric, and single events by metric."""
    subject: Subject
    values: Mapping[str, Sequence[float]]
    events: Mapping[str, Counts] = field(default_factory=dict)


@dataclass(frozen=True)
class Point:
    """One thing that is measured again and again; `seconds` is about what a run takes."""
    name: str
    stack: str
    measure: Callable[["Bench"], Iterable[Found]]
    seconds: float
    needs: frozenset[str]


@dataclass(frozen=True)
class Part:
    """Points whose runs are interleaved (A B C A B C ...), as often as `rounds` says."""
    group: str
    name: str
    what: str
    points: Sequence[Point]
    rounds: int
    attempts: int = 3
    set_up_seconds: float = 1.0


class Bench:
    """Everything that is started while measuring, and a temporary folder. `keep` is until the end, `use` until the part is over."""

    def __init__(self, settings: Settings, facts: MutableMapping[str, float] | None = None) -> None:
        self.settings = settings
        self.facts: MutableMapping[str, float] = {} if facts is None else facts
        self.whole, self.part = ExitStack(), ExitStack()
        self.measured: Callable[[], Collection[int]] = tuple
        """Processes that somebody else has started, and that are measured."""
        self.something_started: Callable[[], None] = lambda: None
        self._started: dict[Any, Any] = {}
        self._of_part: list[Any] = []
        self.folder = Path(tempfile.mkdtemp(prefix="cutaway-measure-"))
        self.whole.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)                                            # servers that are not root look into it

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *about: object) -> None:
        with self.whole:                                                    # ends also when a part's things fail to
            self.end_part()

    def keep(self, start: Callable[Concatenate["Bench", P], AbstractContextManager[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._once(self.whole, start, *args, **kwargs)

    def use(self, start: Callable[Concatenate["Bench", P], AbstractContextManager[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        key = (start, args, *sorted(kwargs.items()))
        if key not in self._started:
            self._of_part.append(key)
        return self._once(self.part, start, *args, **kwargs)

    def end_part(self) -> None:
        for key in self._of_part:
            self._started.pop(key, None)
        self._of_part.clear()
        self.part.close()

    def _once(
        self, scope: ExitStack, start: Callable[Concatenate["Bench", P], AbstractContextManager[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        key = (start, args, *sorted(kwargs.items()))
        if key not in self._started:
            try:
                self._started[key] = scope.enter_context(start(self, *args, **kwargs))
            except Exception as error:                                      # what does not start once is not tried for every point
                self._started[key] = error
            self.something_started()
        if isinstance(value := self._started[key], Exception):
            raise value
        return value  # type: ignore[no-any-return]

    def fact(self, name: str, measure: Callable[[], float]) -> float:
        """Measured once for the whole measurement, also when it is interrupted: what other points are stated in."""
        if name not in self.facts:
            self.facts[name] = measure()
        return self.facts[name]

    def ours(self) -> Collection[int]:
        """Those of our folder (an engine, its shims, a guest), and the application that is measured. All else descends from this one."""
        return [*self.measured(), *processes_of(self.folder)]
