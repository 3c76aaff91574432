"""What the tests of the Engine share."""

import pytest

from cutaway.models import costs
from cutaway.models.costs import Profile


@pytest.fixture
def profile() -> Profile:
    return costs.load("bare-metal")
