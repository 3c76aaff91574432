"""Profiles: every cost has a source, an assumption its range, and no row for validation makes a cost."""

from fractions import Fraction
from pathlib import Path

import pytest

from cutaway.models import costs
from cutaway.models.costs import CostError, UnknownCost, read

HEAD = '[profile]\nwhat = "a test"\nmachine = "none"\ndate = "2026"\n'
GOOD = 'value = "1.9 us"\nwhat = "something"\nkind = "measured"\nsource = ["a row"]\n'


def profile_of(tmp_path: Path, text: str, head: str = HEAD) -> costs.Profile:
    path = tmp_path / "test.toml"
    path.write_text(head + text, encoding="utf-8")
    return read(path)


@pytest.mark.parametrize("name", costs.names())
def test_every_cost_of_every_profile_says_where_it_comes_from(name: str) -> None:
    profile = costs.load(name)
    assert profile.costs
    for cost in profile.costs.values():
        assert cost.record.source and all(source.strip() for source in cost.record.source)
        assert cost.machine and cost.date and cost.record.what
        low, high = cost.range()
        assert low <= cost.value <= high
        assert cost.value > 0 or cost.name == "time between stalls"


@pytest.mark.parametrize("name", costs.names())
def test_every_row_behind_a_cost_is_there_and_meant_for_calibration(name: str) -> None:
    """Goal: nothing is predicted that went into a cost. Method: identifiers of rows and points must stand among the profile's rows."""
    profile = costs.load(name)
    used = {source for cost in profile.costs.values() for source in cost.record.source}
    assert {row.use for row in profile.rows.values()} <= {"calibrate"}
    looks_like_a_row = {source for source in used if ": micro." in source or source.startswith(("micro.", "nginx.", "apps.", "control."))}
    looks_like_a_point = {source for source in used if " " not in source and source.count("-") > 4}
    assert looks_like_a_row | looks_like_a_point <= set(profile.rows)


@pytest.mark.parametrize("name", costs.names())
def test_an_assumption_has_a_range_that_is_one(name: str) -> None:
    for cost in costs.load(name).assumptions():
        low, high = cost.range()
        assert low < high


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('["x"]\n' + GOOD.replace('source = ["a row"]\n', ""), r"test\.toml:5: \[x\] source is missing; expected it in the cost"),
        ('["x"]\n' + GOOD.replace('["a row"]', "[]"), r"\[x\] source"),
        ('["x"]\n' + GOOD.replace("measured", "assumption"), r"\[x\] an assumption gives its range"),
        ('["x"]\n' + GOOD.replace("measured", "guessed"), r"\[x\] kind"),
        ('["x"]\n' + GOOD + 'range = ["2 us", "3 us"]\n', r"not within its range 2 us to 3 us"),
        ('["x"]\n' + GOOD + 'range = ["1 us"]\n', "smallest and its largest"),
        ('["x"]\n' + GOOD.replace("measured", "scaled"), "says in 'derived'"),
        ('["x"]\n' + GOOD + "cycles = 3\n", "either a value or cycles"),
        ('["x"]\n' + GOOD.replace('value = "1.9 us"', "cycles = 3"), "clock_mhz"),
        ('["x"]\n' + GOOD.replace("1.9 us", "1.9 uss"), "is no cost"),
        ('["x"]\n' + GOOD + 'colour = "red"\n', r"test\.toml:10: \[x\] colour is no key of the cost; expected one of value, cycles, "),
        ('["x"]\n' + GOOD + 'sorce = "b"\n', r"Did you mean 'source'\?"),
        ('["x"]\n' + GOOD + "what 3\n", r"test\.toml:10: 'what 3' is no TOML; expected a cost profile in TOML, as KEY = VALUE"),
        ('["x"]\n' + GOOD + 'what = "b"\n', r"test\.toml:10: what stands at 'what = \"b\"' stands there a second time; expected "),
        ('["x"]\n' + GOOD + 'spread = { kind = "measured" }\n', "has quantiles"),
        ('["x"]\n' + GOOD + 'spread = { kind = "measured", quantiles = [3, 1] }\n', "grow from the smallest"),
        ('["x"]\n' + GOOD + '[rows]\n"a row" = { value = 1.9, unit = "us", use = "validate" }\n', "a row is meant for validation"),
        ('["x"]\n' + GOOD + '[rows]\n"a row" = { value = 1.9, unit = "us", use = "fit" }\n', r"test\.toml:11: \[rows\] a row: use is "),
        ('["x"]\n' + GOOD + 'what = """b\n', r"test\.toml:10: 'what = \"\"\"b' is no TOML or ends too early"),
        ("[", "test.toml"),
    ],
)
def test_a_record_with_a_mistake_gets_one_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(CostError, match=sentence):
        profile_of(tmp_path, text)


def test_a_profile_says_first_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(CostError, match=r"\[profile\] with what, machine and date"):
        profile_of(tmp_path, '["x"]\n' + GOOD, head="")


def test_a_key_of_the_head_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    """A slip in `digest` would let a changed file pass for the one that was made."""
    with pytest.raises(CostError, match=r"test\.toml:5: \[profile\] digset is no key of the table; expected .*Did you mean 'digest'\?"):
        profile_of(tmp_path, '["x"]\n' + GOOD, head=HEAD + 'digset = "0"\n')


def test_cycles_become_time_at_the_clock_of_their_source(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, '["x"]\n' + GOOD.replace('value = "1.9 us"', "cycles = 4200\nclock_mhz = 2100"))
    assert profile["x"].value == 2000 and profile["x"].unit == "ns"


def test_sizes_and_factors_are_costs_too(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, '["a"]\n' + GOOD.replace("1.9 us", "2 MiB") + '["b"]\n' + GOOD.replace("1.9 us", "1.05"))
    assert (profile["a"].value, profile["a"].unit) == (2 * 2**20, "B")
    assert (profile["b"].value, profile["b"].unit) == (Fraction(105, 100), "1")


def test_a_cost_that_is_not_there_is_named_with_its_nearest() -> None:
    profile = costs.load("two-core-vm")
    with pytest.raises(UnknownCost, match="Did you mean 'doorbell exit'"):
        profile["doorbel exit"]
    with pytest.raises(CostError, match="Did you mean 'two-core-vm'"):
        costs.load("two-cores-vm")


def test_another_value_leaves_the_profile_as_it_was() -> None:
    profile = costs.load("two-core-vm")
    other = profile.instead(vhost_packet=Fraction(900))
    assert other["vhost packet"].ns == 900 and profile["vhost packet"].ns != 900


def test_the_round_trips_on_one_cpu_come_out_as_measured() -> None:
    """Goal: the parts of a message and its hops are a split, not an invention. Method: put them together again, path by path."""
    profile = costs.load("two-core-vm")
    message = sum(profile[name].value for name in ("TCP send", "TCP receive", "socket receive"))
    hops = {
        "native": ("loopback",), "native-veth": ("veth",), "docker-bridge": ("bridge", "veth"),
        "docker-nat-lo": ("DNAT in OUTPUT", "bridge", "veth"), "docker-nat": ("veth", "DNAT in PREROUTING", "bridge", "veth"),
    }  # fmt: skip
    for path, crossed in hops.items():
        round_trip = 2 * (message + sum(profile[hop].value for hop in crossed) + profile["context switch"].value)
        measured = profile.rows[f"micro.tcp-round-trip-1b.{path}.client_cpu=1.time_per_op"].value
        assert abs(float(round_trip) / measured - 1) < 0.005, path
