"""Study files: what their axes come to, and what is told of mistakes in them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from cutaway.scenarios import ScenarioError, catalogue
from cutaway.scenarios.json_schema import as_text, study_schema
from cutaway.scenarios.reading import read_value
from cutaway.scenarios.study_axes import RangeError, Values, laid_out
from cutaway.scenarios.study_file import Axis
from cutaway.scenarios.study_loader import LoadedStudy, is_study, load_study

GOOD = """\
study: 1
title: t
question: q
base: lecture/three-stacks
axes:
  - {key: clients.connections, values: [1, 4]}
  - {key: clients.think, from: 1 ms, to: 8 ms, points: 4, spacing: log}
"""


def loaded(folder: Path, text: str) -> LoadedStudy:
    file = folder / "study.yaml"
    file.write_text(text, encoding="utf-8")
    return load_study(file)


def told(folder: Path, text: str) -> list[str]:
    with pytest.raises(ScenarioError) as wrong:
        loaded(folder, text)
    return [str(problem).removeprefix(f"{folder}/") for problem in wrong.value.problems]


def axis(**said: object) -> Values:
    return laid_out(Axis.model_validate({"key": "k", **said}, by_alias=True))


def test_points_are_every_value_with_every_other_and_the_last_axis_changes_first(tmp_path: Path) -> None:
    points = list(loaded(tmp_path, GOOD).points)
    assert [point.at for point in points] == [(a, b) for a in range(2) for b in range(4)]
    assert points[5].changes == {"clients.connections": 4, "clients.think": "2 ms"}


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ({"from": "1 ms", "to": "8 ms", "points": 4, "spacing": "log"}, ("1 ms", "2 ms", "4 ms", "8 ms")),
        ({"from": 1, "to": 1000, "points": 4, "spacing": "log"}, (1, 10, 100, 1000)),
        ({"from": 1, "to": 4, "points": 10}, (1, 2, 3, 4)),
        ({"from": Decimal("0.1"), "to": Decimal("0.3"), "points": 3}, (Decimal("0.1"), Decimal("0.2"), Decimal("0.3"))),
        ({"from": "8000 /s", "to": "1000 /s", "points": 3}, ("8000 /s", "4500 /s", "1000 /s")),
        ({"from": "100 /s", "to": "1000 /s", "points": 3, "spacing": "log"}, ("100 /s", "316.228 /s", "1000 /s")),
    ],
)
def test_ranges(said: dict[str, object], values: tuple[object, ...]) -> None:
    assert axis(**said).values == values


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"from": "1 ms", "to": "1 s", "points": 3}, "expected the same unit at both ends"),
        ({"from": "slow", "to": "fast", "points": 3}, "expected two numbers of the same unit"),
        ({"from": 0, "to": 9, "points": 3, "spacing": "log"}, "expected a range above 0"),
        ({"values": (1, 2), "with": {"other": (1, 2, 3)}}, "has 2 values and with it other has 3"),
    ],
)
def test_ranges_that_cannot_be(said: dict[str, object], why: str) -> None:
    with pytest.raises(RangeError, match=why):
        axis(**said)


def test_values_are_numbers_of_the_first_ones_unit_where_they_can_be() -> None:
    assert axis(values=("500 us", "2 ms")).numbers == ([500.0, 2000.0], "us")
    assert axis(values=(1, Decimal("0.5"))).numbers == ([1.0, 0.5], "")
    assert axis(values=("nat", "host")).numbers is None
    assert axis(values=("1 ms", "1 GiB")).numbers is None
    assert axis(values=(True, False)).numbers is None


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (("question: q\n", ""), "study.yaml:1: question is missing; expected what it should answer; it stands above the report."),
        (("base: lecture/three-stacks", "base: lecture/three-stack"), "study.yaml:4: base is 'lecture/three-stack'; there is no"),
        (("clients.connections", "clients.conections"), "study.yaml:6: clients.conections is not a key of clients; expected"),
        (("[1, 4]", "[1, 0]"), "study.yaml:6: clients.connections is 0; expected at least 1."),
        (("points: 4", "points: 1"), "study.yaml:7: axes[1].points is 1; expected at least 2."),
        (("points: 4, ", ""), "study.yaml:7: axes[1]: expected a range of from, to and points"),
        (("axes:", "stacks: [vn]\naxes:"), "study.yaml:5: stacks has 'vn', which is no stack of the scenario; expected one of"),
        (("axes:", "compare with: vn\naxes:"), "study.yaml:5: compare with is 'vn', which is no stack of the study;"),
        (("axes:", "set: {run.sed: 3}\naxes:"), "study.yaml:5: run.sed is not a key of run;"),
        (("axes:", "replications: 3\nprecision: {within: 1 %}\naxes:"), "study.yaml:1: the file: expected either replications"),
        (("axes:", "precision: {within: 1 %, at least: 9, at most: 3}\naxes:"), "study.yaml:5: precision: expected 'at most' of"),
        (("axes:", "figures: [{y: p99 latency, x: clients.thnk}]\naxes:"), "study.yaml:5: figures[0].x is 'clients.thnk', which is"),
        (("key: clients.connections, values: [1, 4]", "key: count, values: [1, 0]"), "study.yaml:6: count is 0; expected a whole"),
        (("clients.connections, values", "run.replications, values"), "study.yaml:6: run.replications is varied; expected"),
        (("clients.think, from", "clients.connections, from"), "study.yaml:7: clients.connections is varied twice;"),
        (("study: 1", "study: 2"), "study.yaml:1: study is 2; expected 1."),
        (("title: t", "titel: t"), "study.yaml:2: titel is not a key of a study; expected"),
    ],
)  # fmt: skip
def test_a_mistake_gets_its_line(tmp_path: Path, changed: tuple[str, str], sentence: str) -> None:
    assert any(text.startswith(sentence) for text in told(tmp_path, GOOD.replace(*changed))), told(tmp_path, GOOD.replace(*changed))


def test_copies_are_no_key_of_the_scenario(tmp_path: Path) -> None:
    study = loaded(tmp_path, GOOD.replace("clients.connections, values: [1, 4]", "count, values: [1, 3]"))
    assert [(point.copies, point.changes) for point in study.points][4] == (3, {"clients.think": "1 ms"})
    with_load = GOOD.replace("values: [1, 4]", "values: [1, 4], with: {count: [2, 5]}")
    assert [point.copies for point in loaded(tmp_path, with_load).points][::4] == [2, 5]


def test_a_study_may_set_a_stack_of_its_own(tmp_path: Path) -> None:
    own = "set: {stacks.on the host: {layers: [hardware, linux, {kind: docker, network: host}, nginx]}}"
    study = loaded(tmp_path, GOOD.replace("axes:", f"{own}\naxes:"))
    assert study.stacks == ("bare metal", "vm", "container", "on the host")


def test_too_many_points_and_runs_are_refused(tmp_path: Path) -> None:
    many = GOOD.replace("values: [1, 4]", "from: 1, to: 2000, points: 2000").replace("points: 4,", "points: 60,")
    assert "the axes make 120,000 points; expected at most 100,000." in told(tmp_path, many)[0]
    some = GOOD.replace("values: [1, 4]", "from: 1, to: 200, points: 200").replace("axes:", "replications: 10000\naxes:")
    assert "the study may take 24,000,000 runs; expected at most 10,000,000." in told(tmp_path, some)[0]


def test_a_base_outside_of_the_folder_is_refused(tmp_path: Path) -> None:
    assert told(tmp_path, GOOD.replace("lecture/three-stacks", "../../etc/passwd"))
    assert told(tmp_path, GOOD.replace("lecture/three-stacks", "/etc/passwd"))


def test_words_and_figures_do_not_change_what_its_results_are_called(tmp_path: Path) -> None:
    digest = loaded(tmp_path, GOOD).digest()
    assert loaded(tmp_path, GOOD.replace("title: t", "title: another") + "figures: [{y: p50 latency}]\n").digest() == digest
    for other in ("replications: 3", "seed: 2", "stacks: [vm]", "confidence: 99 %", "set: {run.requests: 5}", "runs a file: 1"):
        assert loaded(tmp_path, f"{GOOD}{other}\n").digest() != digest


@pytest.mark.parametrize("name", catalogue.studies())
def test_shipped_studies_are_in_order_and_pass_the_schema(name: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    study = load_study(name)
    assert is_study(name) and study.study.question.ko and study.study.title.ko
    plain = json.loads(json.dumps(read_value(study.text, name), default=float))
    assert list(jsonschema.Draft7Validator(study_schema()).iter_errors(plain)) == []


@pytest.mark.parametrize("name", catalogue.studies())
def test_shipped_studies_are_told_with_their_picture(name: str) -> None:
    docs = Path(__file__).parents[2] / "docs"
    page = (docs / "scenarios/ready-studies.md").read_text(encoding="utf-8")
    stem = name.removeprefix("study/")
    assert f"`{name}`" in page and f"(../pictures/{stem}.png)" in page and (docs / f"pictures/{stem}.png").is_file()


def test_the_shipped_schema_is_that_of_the_code() -> None:
    """After a change: `cutaway schema --study --out scenarios/study.schema.json`."""
    assert (catalogue.FOLDER / "study.schema.json").read_text(encoding="utf-8") == as_text(study_schema())
