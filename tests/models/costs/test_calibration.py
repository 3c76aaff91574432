"""A calibrated profile: the same rows make the same bytes, rows for validation change nothing, and what rows do not give is said."""

import json
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutaway.models import costs
from cutaway.models.costs import CostError, digest_of, load, read
from cutaway.models.costs.calibration import SHIPPED, Calibration, calibrate, machine_of, quantity
from cutaway.models.costs.fit import FITTED, Effort
from cutaway.models.costs.row import MeasurementError

MACHINE = {"name": "mine", "date": "2026-01-02", "kernel": {"hz": 1000}}
HAND_OVER, WRITE_READ = "micro.ctxswitch-pipe-samecpu.native.time_per_op", "micro.pipe-write-read-noswitch.native.time_per_op"


def row(id: str, median: float, use: str = "calibrate", **more: Any) -> dict[str, Any]:
    return {
        "id": id, "group": "micro", "what": id, "stack": "native", "params": {}, "metric": "time_per_op", "unit": "ns",
        "median": median, "q1": 0.99 * median, "q3": 1.01 * median, "n": 9, "use": use, **more,
    }  # fmt: skip


FEW = (row(HAND_OVER, 1000), row(WRITE_READ, 300))


def written(folder: Path, *rows: dict[str, Any], machine: dict[str, Any] | None = None) -> Path:
    """A file of measurements, with its machine file."""
    file = folder / "mine.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    file.with_suffix(".machine.json").write_text(json.dumps(machine or MACHINE), encoding="utf-8")
    return file


def calibrated(folder: Path, *rows: dict[str, Any], base: str = "two-core-vm") -> Calibration:
    return calibrate(written(folder, *rows), load(base))


def shipped_micro_rows(folder: Path) -> Path:
    """The shipped rows without loads, which take long to fit."""
    file = folder / "two-core-vm.jsonl"
    lines = (SHIPPED / file.name).read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(line for line in lines if "_cpu_per_request" not in line), encoding="utf-8")
    machine = (SHIPPED / "two-core-vm.machine.json").read_text(encoding="utf-8")
    file.with_suffix(".machine.json").write_text(machine, encoding="utf-8")
    return file


# --- the file --------------------------------------------------------------------------------------------------------------------------


def test_what_is_written_loads_as_a_profile(tmp_path: Path) -> None:
    made = calibrated(tmp_path, *FEW)
    file = tmp_path / "mine.toml"
    file.write_text(made.text, encoding="utf-8")
    profile = load(str(file))
    assert (profile.name, profile.machine, profile.date) == ("mine", "mine", "2026-01-02")
    switch = profile["context switch"]
    assert switch.value == 700 and switch.record.kind == "measured" and switch.record.source == (HAND_OVER, WRITE_READ)
    assert switch.machine == "mine"
    assert profile.rows[HAND_OVER].value == 1000
    assert set(profile.costs) == set(load("two-core-vm").costs)
    assert profile == made.profile(file)


def test_the_same_rows_make_the_same_bytes(tmp_path: Path) -> None:
    one = calibrated(tmp_path, *FEW).text
    assert calibrated(tmp_path, *FEW).text == one
    assert calibrated(tmp_path, *reversed(FEW)).text == one
    assert calibrated(tmp_path, FEW[0], row(WRITE_READ, 301)).text != one


def test_the_head_says_what_it_was_made_of(tmp_path: Path) -> None:
    document = tomllib.loads(calibrated(tmp_path, *FEW).text)
    head = document["profile"]
    assert (head["schema"], head["machine"], head["date"]) == (1, "mine", "2026-01-02")
    assert (head["measurements"], head["calibrated_from"]) == ("mine.jsonl", "two-core-vm")
    assert head["digest"] == digest_of(document)
    assert str(tmp_path) not in json.dumps(document)


def test_a_profile_that_was_changed_by_hand_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(calibrated(tmp_path, *FEW).text.replace('value = "700 ns"', 'value = "701 ns"'), encoding="utf-8")
    with pytest.raises(CostError, match=r"mine\.toml: is not as it was made"):
        load(str(file))


def test_a_later_schema_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "later.toml"
    file.write_text('[profile]\nschema = 2\nwhat = "x"\nmachine = "x"\ndate = "x"\n', encoding="utf-8")
    with pytest.raises(CostError, match="schema is 2; expected 1"):
        load(str(file))


# --- rows for validation ---------------------------------------------------------------------------------------------------------------


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.floats(0, 1e12, allow_nan=False))
def test_what_rows_for_validation_say_changes_nothing(tmp_path: Path, poison: float) -> None:
    """Goal: no validation row is ever fitted. Method: such rows of every rule's own ids, with any number in them; the same bytes."""
    kept_back = (row("micro.syscall-getppid.native.time_per_op", poison, "validate"), row("micro.x.native", poison, "validate"))
    load_row = row("nginx.x", poison, "validate", what="nginx static, closed loop", metric="server_cpu_per_request")
    made = calibrated(tmp_path, *FEW, *kept_back, load_row)
    assert made.text == calibrated(tmp_path, *FEW).text
    assert made.kept_back in (0, 3)


def test_poison_in_every_shipped_row_for_validation_changes_nothing(tmp_path: Path) -> None:
    file = shipped_micro_rows(tmp_path)
    before = calibrate(file, load("two-core-vm")).text
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    poisoned = [found | {"median": 7e9, "q1": 6e9, "q3": 8e9} if found["use"] == "validate" else found for found in rows]
    assert sum(found["use"] == "validate" for found in rows) > 2000
    file.write_text("\n".join(map(json.dumps, poisoned)), encoding="utf-8")
    assert calibrate(file, load("two-core-vm")).text == before


def test_a_rule_whose_row_is_for_validation_says_so(tmp_path: Path) -> None:
    made = calibrated(tmp_path, FEW[0], row(WRITE_READ, 300, "validate"), row("micro.memcpy-per-kib.native.time_per_op", 50))
    switch = next(one for one in made.made if one.name == "context switch")
    assert switch.how == "base" and switch.why == f"{WRITE_READ} is meant for validation"


# --- what rows do not give -------------------------------------------------------------------------------------------------------------


def test_what_another_machine_measured_is_called_scaled(tmp_path: Path) -> None:
    profile = calibrated(tmp_path, *FEW).profile(Path("mine.toml"))
    bridge, base = profile["bridge"], load("two-core-vm")["bridge"]
    assert bridge.value == base.value and bridge.machine == "two-core-vm"
    assert bridge.record.kind == "scaled" and bridge.record.derived.startswith("taken over unchanged from profile two-core-vm: ")
    assert bridge.record.source == tuple(f"two-core-vm: {source}" for source in base.record.source)
    assert set(bridge.record.source) <= set(profile.rows)


def test_assumptions_and_publications_stay_what_they_are(tmp_path: Path) -> None:
    profile, base = calibrated(tmp_path, *FEW).profile(Path("mine.toml")), load("two-core-vm")
    for name, cost in base.costs.items():
        if cost.record.kind in ("assumption", "published") and name not in ("tap",):
            assert profile[name].value == cost.value and profile[name].record.kind == cost.record.kind


def test_a_share_that_is_assumed_keeps_its_range_in_proportion(tmp_path: Path) -> None:
    message = row("micro.tcp-round-trip-1b.native-no-rules.client_cpu=1.time_per_op", 5400)
    send = calibrated(tmp_path, *FEW, message).profile(Path("mine.toml"))["TCP send"]
    base = load("two-core-vm")["TCP send"]
    assert send.value == 1000 and send.assumed
    assert [float(end / send.value) for end in send.range()] == pytest.approx([float(end / base.value) for end in base.range()], rel=0.001)


def test_a_publication_is_not_replaced_by_what_a_third_machine_measured(tmp_path: Path) -> None:
    trip = "micro.tcp-round-trip-1b.native.client_cpu"
    across = [row(f"{trip}=0.time_per_op", 60_000), row(f"{trip}=1.time_per_op", 5000)]
    on_metal = {one.name: one for one in calibrated(tmp_path, *FEW, *across, base="bare-metal").made}
    virtual = {one.name: one for one in calibrated(tmp_path, *FEW, *across).made}
    assert virtual["waking an idle CPU, waker"].how == "scaled"
    assert on_metal["waking an idle CPU, waker"].how == "base"
    assert on_metal["waking an idle CPU, waker"].record.kind == "published"


def test_rows_that_come_to_less_than_nothing_make_no_cost(tmp_path: Path) -> None:
    made = calibrated(tmp_path, row(HAND_OVER, 300), row(WRITE_READ, 1000), row("micro.memcpy-per-kib.native.time_per_op", 50))
    switch = next(one for one in made.made if one.name == "context switch")
    assert switch.how == "base" and "-700" in switch.why


def test_the_shipped_rows_give_the_shipped_micro_costs(tmp_path: Path) -> None:
    made = calibrate(shipped_micro_rows(tmp_path), load("two-core-vm"))
    assert len(made.by("rows")) >= 35 and len(made.by("scaled")) >= 28
    for one in made.by("rows"):
        assert abs(float(one.before.value) / float(made.profile(Path("x.toml"))[one.name].value) - 1) < 0.02
        assert one.record.kind == one.before.record.kind
    assert {one.name for one in made.by("base") if one.why} >= {"nginx request", "client read"}          # those need the loads


@pytest.mark.slow
def test_the_shipped_rows_give_the_shipped_fitted_costs() -> None:
    """Goal: what was fitted by hand is what least squares find. Method: short runs; within two standard errors, most within one."""
    base = load("two-core-vm")
    made = calibrate(SHIPPED / "two-core-vm.jsonl", base, effort=Effort(requests=15_000, runs=1))
    fitted = {one.name: one for fit in made.fits.values() for one in fit.costs}
    assert set(fitted) == set(FITTED)
    off = [abs(one.value - float(base[one.name].value)) / one.error for one in fitted.values()]
    assert max(off) < 2 and sum(one < 1 for one in off) > 0.8 * len(off)
    pairs = {(pair.one, pair.other) for pair in made.fits["Redis"].pairs}
    assert pairs == {("redis-benchmark write", "redis-benchmark read")}
    for program, fit in made.fits.items():
        for of, (client_us, server_us) in zip(fit.loads, fit.simulated_us, strict=True):
            client, server = of.rows
            assert abs(server_us / server.median - 1) < 0.03
            assert abs(client_us / client.median - 1) < 0.03 or program == "nginx before Python"


# --- mistakes --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ((row(HAND_OVER, 1, "validate"),), r"mine\.jsonl: none of its 1 rows is marked calibrate"),
        ((row("micro.nobody-knows.it", 1),), r"mine\.jsonl: no rule knows one of its rows"),
        ((), r"mine\.jsonl: is empty"),
        ((row(HAND_OVER, 1, "calibrat"),), r"mine\.jsonl:1: use is .calibrat.; expected .*Did you mean .calibrate.\?"),
    ],
)
def test_a_file_that_makes_no_profile_gets_one_sentence(tmp_path: Path, rows: tuple[dict[str, Any], ...], sentence: str) -> None:
    with pytest.raises(MeasurementError, match=sentence):
        calibrated(tmp_path, *rows)


@pytest.mark.parametrize(
    ("machine", "sentence"),
    [
        ('{"name": "mine"}', 'date is null; expected a text'),
        ('{"name": 3, "date": "2026"}', "name is 3; expected a text"),
        ("[]", "name is null"),
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        (None, "cannot be read"),
    ],
)
def test_a_machine_file_that_says_nothing_gets_one_sentence(tmp_path: Path, machine: str | None, sentence: str) -> None:
    file = written(tmp_path, *FEW)
    beside = file.with_suffix(".machine.json")
    beside.unlink() if machine is None else beside.write_text(machine, encoding="utf-8")
    with pytest.raises(MeasurementError, match=sentence):
        machine_of(file)


# --- values as text --------------------------------------------------------------------------------------------------------------------


@given(st.floats(0.01, 1e12), st.sampled_from(["ns", "B"]))
def test_a_value_reads_back_within_its_four_digits(value: float, unit: str) -> None:
    text = quantity(value, unit)
    read_back, of = costs._quantity(text)
    assert of == unit
    assert abs(read_back - Fraction(value)) <= max(Fraction(value) / 2000, Fraction(1, 2) if unit == "B" else 0)


@pytest.mark.parametrize(
    ("value", "text"), [(73.8, "73.8 ns"), (9999.6, "10000 ns"), (11_543.9, "11.54 us"), (17_097_500, "17.1 ms"), (0.0415, "0.0415 ns")]
)
def test_values_are_written_as_people_write_them(value: float, text: str) -> None:
    assert quantity(value, "ns") == text


# --- profiles in files -----------------------------------------------------------------------------------------------------------------


def test_a_base_is_looked_for_beside_the_profile(tmp_path: Path) -> None:
    head = '[profile]\nwhat = "x"\nmachine = "x"\ndate = "x"\nbase = "{}"\n'
    (tmp_path / "below.toml").write_text(head.format("two-core-vm"), encoding="utf-8")
    (tmp_path / "above.toml").write_text(head.format("below.toml"), encoding="utf-8")
    assert set(read(tmp_path / "above.toml").costs) == set(load("two-core-vm").costs)
    (tmp_path / "below.toml").write_text(head.format("above.toml"), encoding="utf-8")
    with pytest.raises(CostError, match="builds on itself"):
        read(tmp_path / "above.toml")
    (tmp_path / "below.toml").write_text(head.format("nobody"), encoding="utf-8")
    with pytest.raises(CostError, match="base is 'nobody'; expected one of bare-metal, two-core-vm"):
        read(tmp_path / "below.toml")


def test_a_profile_that_changed_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    text = '[profile]\nwhat = "x"\nmachine = "x"\ndate = "x"\n["a"]\nvalue = "{} ns"\nwhat = "x"\nkind = "measured"\nsource = ["x"]\n'
    file.write_text(text.format(1), encoding="utf-8")
    assert load(str(file))["a"].value == 1
    file.write_text(text.format(12), encoding="utf-8")
    assert load(str(file))["a"].value == 12


def test_a_file_that_is_not_there_or_no_text_gets_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CostError, match=r"gone\.toml: cannot be read"):
        load(str(tmp_path / "gone.toml"))
    with pytest.raises(CostError, match="cannot be read"):
        load(f"{tmp_path}/.toml")
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(CostError, match="is UTF-16 text; expected UTF-8"):
        load(str(tmp_path / "x.toml"))
