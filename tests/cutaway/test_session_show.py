"""What `cutaway show` does without a screen: a picture, a film, a saved trace, and the sentence where something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cutaway import session
from cutaway.cli import app
from cutaway.scenarios import Scenario
from cutaway.sim.trace import TraceError

SMALL = (960, 540)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def short(quick: Scenario) -> Scenario:
    return quick.with_({"run.requests": 60, "run.replications": 1, "run.trace": "full"})


def shown(source: Scenario | Path, record: Path | None, at_ns: int | None = None, length_ns: int | None = None) -> int:
    return session.show(source, language="ko", look="dark", size=SMALL, record=record, at_ns=at_ns, length_ns=length_ns)


def test_a_picture_is_the_same_twice(short: Scenario, tmp_path: Path) -> None:
    one, other = tmp_path / "one.png", tmp_path / "other.png"
    assert shown(short, one, at_ns=30_000) == shown(short, other, at_ns=30_000) == 0
    assert one.read_bytes() == other.read_bytes()
    assert one.read_bytes().startswith(PNG)


def test_a_saved_trace_shows_the_same_as_its_scenario(short: Scenario, tmp_path: Path) -> None:
    session.run(short, stacks=list(short.stacks), out=tmp_path / "results", workers=1, check_laws=False, as_json=True)
    assert shown(tmp_path / "results", tmp_path / "kept.png", at_ns=30_000) == 0
    assert shown(short, tmp_path / "fresh.png", at_ns=30_000) == 0
    assert (tmp_path / "kept.png").read_bytes() == (tmp_path / "fresh.png").read_bytes()


def test_a_film_is_written_whole(short: Scenario, tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    assert shown(short, tmp_path / "film.gif", at_ns=0, length_ns=2_000) == 0
    assert (tmp_path / "film.gif").read_bytes().startswith(b"GIF8")
    assert [path.name for path in tmp_path.iterdir()] == ["film.gif"]


def test_a_folder_that_is_no_trace_is_told(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no trace is in it"):
        shown(tmp_path, tmp_path / "picture.png", at_ns=0)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_with_sliders_is_the_same_twice_and_of_other_traces(short: Scenario, tmp_path: Path) -> None:
    for name, value in (("one", 64), ("other", 64), ("more", 128)):
        options = {"language": "en", "look": "light", "size": SMALL, "at_ns": 30_000, "length_ns": None}
        changes = {"clients.connections": value}
        assert session.show(short, record=tmp_path / f"{name}.png", stacks=["container"], changes=changes, **options) == 0  # type: ignore[arg-type]
    one, other, more = ((tmp_path / f"{name}.png").read_bytes() for name in ("one", "other", "more"))
    assert one == other != more


def test_a_saved_trace_has_no_scenario_to_change(short: Scenario, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["show", str(tmp_path), "--whatif", "clients.connections=64"])
    assert done.exit_code == 2 and "no scenario to change" in done.output
