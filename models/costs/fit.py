"""Costs that no single row gives: fitted, by bounded least squares, until the simulated machine meets measured CPU times.

A program on the bare system over loopback, client on CPU 0 and server on CPU 1: CPU time a request of both ends, program by program (to
add one, add a group to `GROUPS`). Throughput follows from it and is not fitted. Every fitted cost gets its standard error, and pairs that
the rows cannot tell apart are named. Only rows for calibration are looked at. Read first: docs/models/costs.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import hypot
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt

from cutaway.models import stack
from cutaway.models.clients import ClosedLoopPart
from cutaway.models.complaints import complaint
from cutaway.models.costs import Cost, Profile
from cutaway.models.costs.row import MeasurementError, Row
from cutaway.models.costs.rule import error_of
from cutaway.models.hardware import HardwarePart
from cutaway.models.kernel import LinuxPart
from cutaway.models.parts import ProgramPart
from cutaway.models.servers.nginx import NginxPart
from cutaway.models.servers.postgresql import PostgresqlPart
from cutaway.models.servers.python_app import PythonAppPart
from cutaway.models.servers.redis import RedisPart
from cutaway.models.units import MS
from cutaway.sim.experiments import Progress, seed_of
from cutaway.sim.machine import Machine
from cutaway.sim.simulate import Span, simulate

METRICS = ("client_cpu_per_request", "server_cpu_per_request")
"""What is fitted, in the order of the CPUs that it is of."""
WARM_UP_NS = 100 * MS
ONLY = {"client_cpu": 0, "server_cpu": 1, "workers": 1, "pipeline": 1}
"""Parameters that a load has in the model, if a row has them."""
REPEATS_DIFFER = 0.02
"""What two measurements of the same load differ by, beyond the spread within one: 1 to 3 % at saturation."""
STEP = 0.2
"""Of a difference quotient, as a share of the cost: large against the steps of one nanosecond in which costs are charged."""
LINEARIZED_MOST = 8
PULL_LEFT = 0.01
"""Of an observation at the middle: so little that it decides nothing, and that a singular matrix has an inverse."""
TOGETHER = 0.95
"""Correlation of two costs, or cosine between what they do to the figures, from which on they cannot be told apart."""
UNKNOWN = 0.9
"""A cost, or a sum of some, whose standard error stays above this share of its uncertainty: the rows say next to nothing about it."""
RESOLVED = 0.9
"""The share of a cost that the rows tell, from which on it is called theirs."""
NOTICED = 1.0
"""An effect on the figures of so many standard errors is worth telling."""

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a load is simulated, each time that it is."""

    requests: int = 40_000
    runs: int = 2


WHOLE = Effort()


@dataclass(frozen=True, slots=True)
class Group:
    """The costs that the loads of one program tell."""

    name: str
    what: str
    """What was measured, as the rows have it: a pattern."""
    costs: tuple[str, ...]
    program: Callable[[Row], ProgramPart]
    """What a row's server was, on CPU 1."""
    asked: Callable[[Row], str]
    """What a row's clients asked for, as a reader needs it."""
    ends: tuple[str, ...] = METRICS
    """Which figures its costs are of; the other end's tells nothing of them."""


GROUPS = (
    Group(
        "nginx",
        "nginx static, closed loop",
        (
            "nginx other system calls",
            "client write",
            "client read",
            "sendfile per KiB",
            "sendfile per KiB beyond 64 KiB",
            "receive copy per KiB",
            "receive copy per KiB beyond 16 KiB",
        ),
        lambda row: NginxPart(page=int(row.number("body_bytes")), cpus=(1,)),
        lambda row: f"{int(row.number('body_bytes')):,} B",
    ),
    Group(
        "Redis",
        "redis",
        ("redis other kernel work", "redis-benchmark write", "redis-benchmark read"),
        lambda row: RedisPart.model_validate(
            {"operation": str(row.params.get("operation")), "value": int(row.number("value_bytes", 3)), "cpus": (1,)}
        ),
        lambda row: str(row.params.get("operation")),
    ),
    Group(
        "Python",
        "python web application",
        ("python other kernel work", "client reconnect"),
        lambda row: PythonAppPart(loops=int(row.number("loops")), cpus=(1,)),
        lambda row: f"{int(row.number('loops')):,} turns",
    ),
    Group(
        "nginx before Python",
        "nginx -> python web application without work",
        ("nginx upstream system calls",),
        lambda row: NginxPart(upstream=PythonAppPart(loops=int(row.number("loops")), cpus=(1,)), cpus=(1,)),
        lambda row: f"{int(row.number('loops')):,} turns",
        METRICS[1:],
    ),
    Group(
        "PostgreSQL",
        r"PostgreSQL( \d+)?, pgbench .*",
        ("postgresql statement", "postgresql select", "postgresql update", "pgbench transaction", "pgbench write", "pgbench read"),
        lambda row: PostgresqlPart.model_validate({"script": str(row.params.get("mode")), "cpus": (1,)}),
        lambda row: str(row.params.get("mode")),
    ),
)
"""One after the other: what the first gives, the next takes for known."""
FITTED = tuple(cost for group in GROUPS for cost in group.costs)


@dataclass(frozen=True, slots=True)
class Load:
    """A measured load, and its CPU time a request (us) of client and server with the standard errors."""

    program: ProgramPart
    connections: int
    rows: tuple[Row, ...]
    asked: str = ""
    ends: tuple[str, ...] = METRICS
    """The figures that are fitted; the others are only compared."""

    @property
    def measured_us(self) -> Vector:
        return np.array([row.median for row in self.rows])

    @property
    def errors_us(self) -> Vector:
        return np.array([hypot(error_of(row), REPEATS_DIFFER * row.median) for row in self.rows])

    def machine(self, profile: Profile) -> Machine:
        """The measured set-up, of these costs."""
        load = ClosedLoopPart(where="loopback", connections=self.connections, cpus=(0,))
        return stack.build("native", [HardwarePart(cpus=2), LinuxPart(), self.program], load, profile)


@dataclass(frozen=True, slots=True)
class Fitted:
    """One cost that was fitted, in nanoseconds."""

    name: str
    value: float
    error: float
    bounds: tuple[float, float]
    rows: tuple[str, ...]
    """The rows that determine it."""
    resolution: float = 1.0
    """What share of it the rows tell, the diagonal of the resolution matrix [Menke 2018, 4.3]; the rest is the middle of its range."""

    @property
    def resolved(self) -> bool:
        """Whether it is the rows' value, not the middle's."""
        return self.resolution >= RESOLVED

    @property
    def at_bound(self) -> bool:
        """Whether the fit would have liked to go on."""
        low, high = self.bounds
        return min(self.value - low, high - self.value) < 0.005 * (high - low)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two costs that the rows cannot tell apart."""

    one: str
    other: str
    correlation: float


@dataclass(frozen=True)
class Fit:
    """What a fit came to."""

    costs: tuple[Fitted, ...]
    undetermined: tuple[str, ...]
    """Costs that would have been fitted, but the rows say next to nothing about them."""
    pairs: tuple[Pair, ...]
    absorbed: dict[str, tuple[str, float]]
    """Assumed costs whose error a fitted one takes up: by name, which one, and how much of it a unit is."""
    loads: tuple[Load, ...]
    simulated_us: tuple[tuple[float, ...], ...]
    """By load, as its rows."""
    misfit: float
    """Sum of squares of what is left, in standard errors of the rows, by the degrees of freedom; about 1 where all is noise."""


def loads_of(rows: Iterable[Row], group: Group) -> tuple[Load, ...]:
    """The loads of a program that costs are fitted on; rows come in any order. Raises MeasurementError."""
    found: dict[str, dict[str, Row]] = {}
    for row in sorted(rows, key=lambda row: (row.number("connections"), row.number("body_bytes"), row.id)):
        if row.use != "calibrate" or not re.fullmatch(group.what, row.what) or row.stack != "native" or row.metric not in METRICS:
            continue
        if any(row.params.get(param, only) != only for param, only in ONLY.items()):
            continue
        found.setdefault(row.id.removesuffix(row.metric), {})[row.metric] = row
    return tuple(_load(group, metrics) for metrics in found.values() if len(metrics) == len(METRICS))


def _load(group: Group, metrics: Mapping[str, Row]) -> Load:
    row = metrics[METRICS[0]]
    try:
        both = tuple(metrics[one] for one in METRICS)
        return Load(group.program(row), int(row.number("connections")), both, group.asked(row), group.ends)
    except ValueError as wrong:
        raise MeasurementError(f"{row.id}: its params are no load of {group.name}: {complaint(wrong)}") from None


def simulated_us(machine: Machine, effort: Effort = WHOLE) -> Vector:
    """CPU time a request of client and server. A thread's holds ticks and stalls of its CPU, as the scheduler's run time does."""
    runs = []
    for run in range(effort.runs):
        result = simulate(machine, seed_of(0, run), Span(WARM_UP_NS, requests=effort.requests)).result
        busy = [cpu["task_ns"] + cpu["irq_ns"] for cpu in result.cpus.values()]
        runs.append([ns / 1000 / max(result.served, 1) for ns in busy])
    return np.array(runs).mean(axis=0)  # type: ignore[no-any-return]


def fit(
    profile: Profile,
    loads: Sequence[Load],
    bounds: Mapping[str, tuple[float, float]],
    *,
    workers: int = 1,
    progress: Progress | None = None,
    effort: Effort = WHOLE,
) -> Fit:
    """Fits the costs that have bounds, from the middle of these: what the profile has for them is not looked at."""
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn")) if workers > 1 else None
    with pool or nullcontext():
        return _Fitting(profile, loads, bounds, _Runs(pool, progress, effort)).done()


class _Runs:
    """Simulates machines, here or in a pool, and tells how far it is."""

    def __init__(self, pool: Executor | None, progress: Progress | None, effort: Effort) -> None:
        self.pool = pool
        self.progress = progress
        self.simulate = partial(simulated_us, effort=effort)
        self.done = 0
        self.expected = 0

    def __call__(self, machines: Sequence[Machine]) -> list[Vector]:
        found = []
        # No map of the pool: when it is interrupted it cancels what its processes still tell of.
        later = [self.pool.submit(self.simulate, machine) for machine in machines] if self.pool else []
        for place, machine in enumerate(machines):
            found.append(later[place].result() if later else self.simulate(machine))
            self.done += 1
            if self.progress:
                self.progress(self.done, max(self.expected, self.done))
        return found


class _Fitting:
    """A fit under way. The parameters are in units of their uncertainty, half the width of their bounds, from the middle of these."""

    def __init__(self, profile: Profile, loads: Sequence[Load], bounds: Mapping[str, tuple[float, float]], runs: _Runs) -> None:
        self.profile = profile
        self.loads = tuple(loads)
        self.bounds = dict(bounds)
        self.runs = runs
        self.measured = np.concatenate([load.measured_us for load in loads])
        fitted = [[row.metric in load.ends for row in load.rows] for load in loads]
        self.errors = np.where(np.concatenate(fitted), np.concatenate([load.errors_us for load in loads]), np.inf)
        self.middle = {name: (low + high) / 2 for name, (low, high) in bounds.items()}
        self.unit = {name: (high - low) / 2 for name, (low, high) in bounds.items()}

    def done(self) -> Fit:
        from scipy.optimize import least_squares

        assumed = [name for name in self._asked_for() if self.profile[name].assumed and name not in self.bounds]
        self.runs.expected = len(self.loads) * (2 + len(self.bounds) + (LINEARIZED_MOST // 2) * (2 + len(self.bounds)) + len(assumed))
        first = self._jacobian(list(self.bounds), self.middle)
        errors = np.sqrt(np.diag(np.linalg.inv(first.T @ first + np.eye(len(self.bounds)))))
        places = [place for place, error in enumerate(errors) if error <= UNKNOWN]
        names = [list(self.bounds)[place] for place in places]
        undetermined = tuple(name for name in self.bounds if name not in names)
        if not names:
            return self._nothing(undetermined)
        at_middle = first[:, places] if not undetermined else self._jacobian(names, {name: self.middle[name] for name in names})
        pull = _left_open(at_middle)

        def values(x: Vector) -> dict[str, float]:
            return {name: self.middle[name] + at * self.unit[name] for name, at in zip(names, x, strict=True)}

        def residuals(x: Vector) -> Vector:
            return np.concatenate([self._residuals(values(x)), pull @ x])

        def slopes(x: Vector) -> Vector:
            return np.vstack([self._jacobian(names, values(x)), pull])

        limits = (-np.ones(len(names)), np.ones(len(names)))
        found = least_squares(residuals, np.zeros(len(names)), slopes, bounds=limits, ftol=1e-3, xtol=1e-3, max_nfev=LINEARIZED_MOST)
        at_end = values(found.x)
        return self._told(names, at_end, self._jacobian(names, at_end), undetermined, assumed)

    def _told(
        self, names: list[str], values: dict[str, float], jacobian: Vector, undetermined: tuple[str, ...], assumed: Sequence[str]
    ) -> Fit:
        simulated, pull = self._simulated([values])[0], _left_open(jacobian)
        left = (simulated - self.measured) / self.errors
        known, pulled = jacobian.T @ jacobian, pull.T @ pull
        resolution = np.diag(np.linalg.inv(known + pulled) @ known)
        misfit = float(left @ left) / max(int(np.isfinite(self.errors).sum()) - float(resolution.sum()), 1.0)
        # What the model leaves unexplained counts as noise of the rows, if it is more than they have.
        errors = np.sqrt(np.diag(np.linalg.inv(known / max(misfit, 1.0) + pulled)))
        ids = [row.id for load in self.loads for row in load.rows]
        costs = tuple(
            Fitted(
                name, float(values[name]), float(errors[place]) * self.unit[name], self.bounds[name], _weighty(ids, jacobian[:, place]),
                float(resolution[place]),
            )
            for place, name in enumerate(names)
        )  # fmt: skip
        absorbed = self._absorbed(names, values, jacobian, assumed)
        return Fit(costs, undetermined, _pairs(names, jacobian), absorbed, self.loads, self._by_load(simulated), misfit)

    def _absorbed(
        self, names: list[str], values: dict[str, float], jacobian: Vector, assumed: Sequence[str]
    ) -> dict[str, tuple[str, float]]:
        """Assumed costs whose effect on the rows is, but for a factor, that of a fitted cost."""
        found: dict[str, tuple[str, float]] = {}
        halves = {name: float(high - low) / 2 for name in assumed for low, high in (self.profile[name].range(),)}
        effects = self._jacobian(list(assumed), {name: float(self.profile[name].value) for name in assumed}, halves, values)
        for name, effect in zip(assumed, effects.T, strict=True):
            if np.linalg.norm(effect) <= NOTICED:
                continue
            alike = jacobian.T @ effect / (np.linalg.norm(jacobian, axis=0) * np.linalg.norm(effect))
            best = int(np.argmax(np.abs(alike)))
            if abs(alike[best]) > TOGETHER:
                column = jacobian[:, best]
                share = float(column @ effect / (column @ column)) * self.unit[names[best]] / halves[name]
                found[name] = (names[best], share)
        return found

    def _nothing(self, undetermined: tuple[str, ...]) -> Fit:
        return Fit((), undetermined, (), {}, self.loads, self._by_load(self._simulated([{}])[0]), float("nan"))

    def _by_load(self, simulated: Vector) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(map(float, one)) for one in np.split(simulated, len(self.loads)))

    def _residuals(self, values: Mapping[str, float]) -> Vector:
        left: Vector = (self._simulated([values])[0] - self.measured) / self.errors
        return left

    def _jacobian(
        self,
        names: Sequence[str],
        values: Mapping[str, float],
        units: Mapping[str, float] | None = None,
        beside: Mapping[str, float] | None = None,
    ) -> Vector:
        """(rows, names): standard errors that a row moves when a cost moves by its uncertainty. The same random numbers in all runs."""
        units = units or self.unit
        steps = {name: STEP * values[name] or STEP * units[name] for name in names}
        moved = [dict(beside or {}) | dict(values) | {name: values[name] + steps[name]} for name in names]
        base, *others = self._simulated([dict(beside or {}) | dict(values), *moved])
        columns = [(one - base) / self.errors * units[name] / steps[name] for name, one in zip(names, others, strict=True)]
        return np.column_stack(columns) if columns else np.empty((len(self.measured), 0))

    def _simulated(self, of: Sequence[Mapping[str, float]]) -> list[Vector]:
        machines = [load.machine(with_costs(self.profile, values)) for values in of for load in self.loads]
        found, many = self.runs(machines), len(self.loads)
        return [np.concatenate(found[place : place + many]) for place in range(0, len(found), many)]

    def _asked_for(self) -> list[str]:
        """The costs that the loads' machines are made of."""
        book = _Noting(self.profile.costs)
        noting = replace(self.profile, costs=book)
        for load in self.loads:
            load.machine(noting)
        return list(book.asked)


def _left_open(jacobian: Vector) -> Vector:
    """(directions, costs): what the rows leave open of the costs, each a unit vector that pulls there to the middle of the ranges.

    These are the eigenvectors of the information matrix with a standard error above `UNKNOWN`; along the others nothing pulls.
    """
    found, directions = np.linalg.eigh(jacobian.T @ jacobian)
    return directions[:, found * UNKNOWN**2 < 1].T


def _pairs(names: Sequence[str], jacobian: Vector) -> tuple[Pair, ...]:
    """Whether two can be told apart is asked of the rows alone."""
    by_rows = np.linalg.inv(jacobian.T @ jacobian + PULL_LEFT * np.eye(len(names)))
    apart = np.sqrt(np.diag(by_rows))
    correlation = by_rows / np.outer(apart, apart)
    # Two that move the figures alike are such a pair for certain, whatever the noise of the runs lets a third one say about them.
    lengths = np.maximum(np.linalg.norm(jacobian, axis=0), 1e-9)
    alike = jacobian.T @ jacobian / np.outer(lengths, lengths)
    correlation = np.where(np.abs(alike) > TOGETHER, -alike, correlation)
    return tuple(
        Pair(names[i], names[j], float(correlation[i, j]))
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if abs(correlation[i, j]) > TOGETHER
    )


class _Noting(dict[str, Cost]):
    """The costs of a profile, with a note of which were asked for."""

    def __init__(self, costs: Mapping[str, Cost]) -> None:
        super().__init__(costs)
        self.asked: dict[str, None] = {}

    def __getitem__(self, name: str) -> Cost:
        self.asked[name] = None
        return super().__getitem__(name)


def with_costs(profile: Profile, values: Mapping[str, float]) -> Profile:
    """The profile with other values, to a thousandth of a nanosecond."""
    others = {name: replace(profile[name], value=Fraction(round(value * 1000), 1000)) for name, value in values.items()}
    return replace(profile, costs=profile.costs | others)


def _weighty(ids: Sequence[str], column: Vector) -> tuple[str, ...]:
    """The rows that make more than a twentieth of what is known of a cost."""
    squares = column**2
    return tuple(one for one, square in zip(ids, squares, strict=True) if square > 0.05 * squares.sum())

