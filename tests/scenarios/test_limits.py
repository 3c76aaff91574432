"""The limits that are printed are those that hold."""

from typing import Any

from cutaway.models.hardware import HardwarePart
from cutaway.models.hypervisor import KvmPart
from cutaway.models.part import STRING_CHARS_MAX, Part
from cutaway.scenarios import limits
from cutaway.scenarios.schema import Run


def most(part: type[Part], name: str) -> Any:
    return next(bound.le for bound in part.model_fields[name].metadata if hasattr(bound, "le"))


def test_the_models_hold_them() -> None:
    assert most(HardwarePart, "cpus") == limits.CPUS.value
    assert most(KvmPart, "vcpus") == limits.VCPUS.value
    assert limits.STRING_CHARS.value == STRING_CHARS_MAX


def test_the_run_holds_them() -> None:
    assert most(Run, "requests") == limits.REQUESTS.value
    assert most(Run, "replications") == limits.REPLICATIONS.value
    assert most(Run, "duration") == most(Run, "warm_up") == limits.LONGEST_NS


def test_bits_of_the_largest_page_times_a_second_fit_in_64_bits() -> None:
    """What the engine computes for a transfer: bytes times 8 times a second in nanoseconds."""
    assert limits.PAGE_BYTES.value * 8 * 10**9 < 2**62
