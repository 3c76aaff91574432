"""What the tests of the models share: the profile, and machines by a few words."""

from collections.abc import Callable
from typing import Any

import pytest

from cutaway.models import costs, stack
from cutaway.models.clients import ClosedLoopPart, OpenLoopPart
from cutaway.models.costs import Profile
from cutaway.models.guest import GuestLinuxPart
from cutaway.models.hardware import HardwarePart
from cutaway.models.kernel import LinuxPart
from cutaway.models.part import Part
from cutaway.models.servers.nginx import NginxPart
from cutaway.sim.machine import Machine


@pytest.fixture(scope="session")
def profile() -> Profile:
    return costs.load("two-core-vm")


def parts(*above: Part, **page: Any) -> list[Part]:
    """Hardware, Linux, what is given (a virtual machine brings its system along), nginx."""
    middle = [more for part in above for more in ([part, GuestLinuxPart()] if getattr(part, "kind", "") == "kvm" else [part])]
    return [HardwarePart(), LinuxPart(), *middle, NginxPart(**page)]


@pytest.fixture
def machine(profile: Profile) -> Callable[..., Machine]:
    def build(*above: Part, where: str = "another machine", load: ClosedLoopPart | OpenLoopPart | None = None, **page: Any) -> Machine:
        return stack.build("test", parts(*above, **page), load or ClosedLoopPart(where=where), profile)  # type: ignore[arg-type]

    return build
