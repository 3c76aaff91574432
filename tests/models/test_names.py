"""The name that was probably meant."""

from __future__ import annotations

import pytest

from cutaway.models.names import did_you_mean, nearest_name

COSTS = ("context switch", "doorbell exit", "TCP send")


@pytest.mark.parametrize("found", ["Context-Switch", "CONTEXT_SWITCH", "context swich", "contextswitch"])
def test_case_and_what_joins_words_make_no_difference(found: str) -> None:
    assert nearest_name(found, COSTS) == "context switch"


def test_of_names_as_near_the_one_of_its_length_is_meant() -> None:
    assert nearest_name("pre", ("per", "spread")) == nearest_name("pre", ("spread", "per")) == "per"


def test_where_no_name_is_near_there_is_none() -> None:
    assert nearest_name("fsync", COSTS) is None and did_you_mean("fsync", COSTS) == ""
    assert did_you_mean("tcp-send", COSTS) == " Did you mean 'TCP send'?"
