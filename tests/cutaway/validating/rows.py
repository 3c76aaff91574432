"""Measured rows for the tests."""

from __future__ import annotations

from typing import Any

from cutaway.models.costs.row import Row


def row(
    what: str = "nginx static, closed loop", stack: str = "native", metric: str = "throughput", median: float = 1.0, **more: Any
) -> Row:
    """One row; its quartiles are a tenth to either side unless given."""
    params = more.pop("params", {"connections": 16, "body_bytes": 612})
    known = {
        "id": more.pop("id", f"{what}.{stack}.{params}.{metric}"),
        "group": more.pop("group", "nginx"),
        "unit": "1/s",
        "q1": more.pop("q1", 0.9 * median),
        "q3": more.pop("q3", 1.1 * median),
        "n": 5,
        "use": more.pop("use", "validate"),
    }
    return Row.model_validate({"what": what, "stack": stack, "metric": metric, "median": median, "params": params, **known, **more})
