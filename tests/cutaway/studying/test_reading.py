"""Folders that were damaged, or filled by somebody else: told in a sentence, never a wrong figure, and mended by `resume`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import cutaway
from cutaway.scenarios import Scenario
from cutaway.studying import session
from cutaway.studying.batches import Batch
from cutaway.studying.folder import StudyError
from cutaway.studying.index import Writer
from cutaway.studying.session import Means
from tests.cutaway.studying.studies import SMALL, results, study

ONE, OTHER = "runs/000000-00-00000-00001.parquet", "runs/000000-01-00000-00001.parquet"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small study that is complete."""
    folder = tmp_path_factory.mktemp("whole")
    assert session.run(study(folder), folder / "out", Means()) == 0
    return folder / "out"


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def swap(folder: Path) -> None:
    one, other = (folder / ONE).read_bytes(), (folder / OTHER).read_bytes()
    (folder / ONE).write_bytes(other)
    (folder / OTHER).write_bytes(one)


def strange(folder: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), folder / ONE)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "two files swapped": (swap, "is damaged or of another study"),
    "another table": (strange, "is damaged or of another study"),
    "noise": (lambda folder: (folder / ONE).write_bytes(b"PAR1 nothing PAR1"), "is damaged or of another study"),
    "gone": (lambda folder: (folder / ONE).unlink(), "is gone"),
    "a link to a device": (
        lambda folder: ((folder / ONE).unlink(), (folder / ONE).symlink_to("/dev/zero")), "is damaged or of another study"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_told_and_mended(name: str, whole: Path, copy: Path) -> None:
    damage, sentence = DAMAGES[name]
    damage(copy)
    found = cutaway.StudyResults.of(copy)
    for ask in (found.means, found.table, lambda: found.export(copy / "all.parquet"), lambda: found.report(copy / "report.html")):
        with pytest.raises(StudyError, match=sentence):
            ask()
    assert sorted(file.name for file in copy.iterdir() if file.name in ("all.parquet", "report.html")) == []
    assert session.resume(copy, Means()) == 0
    assert results(copy) == results(whole)


def test_all_of_them_gone_is_mended_too(whole: Path, copy: Path) -> None:
    shutil.rmtree(copy / "runs")
    assert session.resume(copy, Means()) == 0
    assert results(copy) == results(whole)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "scenario.json: cannot be read: no such file or directory."),
        ("[1]", "scenario.json: is damaged; expected what `cutaway study run` wrote."),
        ("{" * 9000, "scenario.json: is damaged; expected what `cutaway study run` wrote."),
        ("{}", "scenario.json: title is missing"),
    ],
)
def test_a_damaged_scenario_is_told_of_its_own_file(content: str | None, sentence: str, copy: Path) -> None:
    (copy / "scenario.json").unlink()
    if content is not None:
        (copy / "scenario.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError) as wrong:
        cutaway.StudyResults.of(copy)
    assert sentence in str(wrong.value)


@pytest.mark.parametrize("name", ["two files swapped", "another table", "noise", "a link to a device"])
def test_a_file_without_a_line_is_taken_in_only_if_it_is_what_its_name_says(name: str, whole: Path, copy: Path) -> None:
    DAMAGES[name][0](copy)
    (copy / "index.jsonl").unlink()
    assert session.resume(copy, Means()) == 0
    assert results(copy) == results(whole)


def test_a_file_of_another_seed_is_not_taken_in(whole: Path, copy: Path, tmp_path: Path) -> None:
    session.run(study(tmp_path, SMALL + "seed: 77\n"), tmp_path / "other", Means())
    shutil.copy(tmp_path / "other" / ONE, copy / ONE)
    (copy / "index.jsonl").unlink()
    assert session.resume(copy, Means()) == 0
    assert results(copy) == results(whole)


def test_whoever_asks_a_folder_does_not_wait_for_its_values_to_be_tried(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thousands of values each takes milliseconds; they were tried when the study was begun."""
    asked: list[object] = []
    true_with = Scenario.with_
    monkeypatch.setattr(Scenario, "with_", lambda scenario, changes: (asked.append(changes), true_with(scenario, changes))[1])
    cutaway.StudyResults.of(copy).means()
    assert asked == [{"run.requests": 200, "run.warm up": "1 ms"}]


def test_batches_that_the_study_has_not_are_as_if_they_were_not_there(whole: Path, copy: Path) -> None:
    strangers = [Batch(0, 77, 0, 1), Batch(999_999, 0, 0, 1), Batch(0, 0, 4, 5), Batch(0, 0, 1, 2), Batch(0, 0, 0, 3)]
    writer = Writer(copy / "index.jsonl")
    for batch in strangers:
        shutil.copy(copy / ONE, copy / f"runs/{batch.name}.parquet")
        writer.done(batch, "aa")
    writer.failed(Batch(0, 66, 0, 1), "why")
    writer.close()
    assert cutaway.StudyResults.of(copy).means() == cutaway.StudyResults.of(whole).means()
    assert cutaway.StudyResults.of(copy).failed == {}
    assert session.resume(copy, Means()) == 0
    assert (copy / "index.jsonl").read_bytes() == (whole / "index.jsonl").read_bytes()
