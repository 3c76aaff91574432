"""Server programs: their CPU time in user space, split in shares that do not change a sum."""

from __future__ import annotations

from cutaway.models.costs.rule import Sight, rule
from cutaway.models.costs.rules.ids import Ids, gaps, small_page


def _share_of_user_space(cost: str, share: float, words: str) -> None:
    formula = f"{words} of nginx's CPU time in user space, 612 B at 16 connections; the split does not change a sum"

    @rule(cost, formula)
    def _share(row: Sight) -> float:
        return share * row(*small_page("server_cpu_per_request")) * row(*small_page("server_user_fraction"))


_share_of_user_space("nginx request", 0.6, "six tenths")
_share_of_user_space("nginx response", 0.25, "a quarter")
_share_of_user_space("nginx keep-alive", 0.15, "the rest")


def redis(operation: str, metric: str) -> Ids:
    """Redis on the bare system, 10 connections."""
    params = (f"c=10.operation={operation}", f"operation={operation}.connections=10")
    return tuple(f"apps.redis.native.{one}.{metric}" for one in params)


def python_app(metric: str) -> Ids:
    """The Python application on the bare system, 4 connections."""
    return tuple(f"apps.python-web-application.native.{params}.{metric}" for params in ("c=4", "path=/cpu.connections=4"))


def _share_of_redis(cost: str, share: float, words: str) -> None:
    formula = f"{words} of Redis's CPU time in user space, mean of GET and SET at 10 connections; the split does not change a sum"

    @rule(cost, formula, kind="assumption")
    def _share(row: Sight) -> float:
        both = [row(*redis(one, "server_cpu_per_request")) * row(*redis(one, "server_user_fraction")) for one in ("get", "set")]
        return share * sum(both) / 2


_share_of_redis("redis command", 0.75, "three quarters")
_share_of_redis("redis answer", 0.25, "a quarter")

TURNS = 18_000
"""Of the measured Python application."""


@rule("python loop", "what ticks and stalls and gunicorn's own work for a request leave of the CPU time in user space, over 18,000 turns")
def _python_loop(row: Sight) -> float:
    user = row(*python_app("server_cpu_per_request")) * row(*python_app("server_user_fraction")) * (1 - row(gaps(2, "gap_share")))
    return (user - row.priced("python request") - row.priced("python response")) / TURNS
