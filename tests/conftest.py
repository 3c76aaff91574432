"""Small runs of the lecture's scenario, made once, and the order of all tests."""

from __future__ import annotations

import pytest

import cutaway
from cutaway.scenarios import Scenario

QUICK = {"run.requests": 400, "run.replications": 3, "run.warm up": "5 ms"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests begin first, so that no worker ends long after the others."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def quick() -> Scenario:
    """Three stacks, a few hundred requests."""
    return cutaway.load("lecture/three-stacks").with_(QUICK)


@pytest.fixture(scope="session")
def compared(quick: Scenario) -> cutaway.Comparison:
    """What came of them."""
    return cutaway.compare(quick)


@pytest.fixture(scope="session")
def traces(quick: Scenario) -> list[cutaway.Trace]:
    """Every request of the first replication on each stack."""
    return [cutaway.trace(quick, stack) for stack in quick.stacks]
