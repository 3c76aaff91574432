"""Figures of a study, and what copies of a stack come to in its runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cutaway import plotting
from cutaway.studying import plots, session
from cutaway.studying.columns import BY_NAME
from cutaway.studying.folder import StudyError, StudyFolder
from cutaway.studying.reading import index_of
from cutaway.studying.session import Means
from cutaway.studying.summary import Summary, summary_of
from tests.cutaway.studying.studies import SMALL, study
from tests.cutaway.test_cli import cutaway

COPIES = SMALL.replace("key: clients.connections\n    values: [1, 8]", "key: count\n    values: [1, 3]") + """\
figures:
  - {y: mean latency}
  - {y: memory held, as: difference}
  - {y: CPU time a request, as: per cent}
"""
PANELS = SMALL.replace("replications: 4", """\
  - {key: clients.think, values: [1 ms, 2 ms, 3 ms, 4 ms, 5 ms]}
replications: 1
figures: [{y: throughput}]""")


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copies")
    assert session.run(study(folder, COPIES), folder / "out", Means()) == 0
    return folder / "out"


def summary(out: Path) -> Summary:
    folder = StudyFolder(out)
    return summary_of(folder.study(), folder, index_of(folder, folder.study()), in_full=True)


def test_memory_and_starts_are_those_of_all_copies(copies: Path) -> None:
    found = summary(copies)
    one, three = found.points()
    bare = found.figure(three, "bare metal", BY_NAME["memory held"])
    alone = found.figure(one, "bare metal", BY_NAME["memory held"])
    assert bare and alone and alone.mean < bare.mean < 3 * alone.mean               # the program's pages are shared
    last = [found.figure(point, "container", BY_NAME["start-up of the last copy"]) for point in (one, three)]
    start = found.figure(three, "container", BY_NAME["start-up"])
    assert last[0] and last[1] and start and last[0].mean == start.mean < last[1].mean < 3 * start.mean


def test_copies_that_memory_does_not_hold_are_a_failed_point(tmp_path: Path) -> None:
    less = "set: {machine.memory: 384 MiB, stacks.vm.layers.kvm.memory: 64 MiB, "
    text = COPIES.replace("values: [1, 3]", "values: [1, 60]").replace("set: {", less)
    assert session.run(study(tmp_path, text), tmp_path / "out", Means()) == 1
    kept = StudyFolder(tmp_path / "out")
    reasons = index_of(kept, kept.study()).failed.values()
    assert any(reason.startswith("60 copies hold ") and reason.endswith("; the machine has 0.4 GiB.") for reason in reasons)


def test_differences_are_from_the_base_and_the_base_has_none(copies: Path) -> None:
    found = summary(copies)
    point, metric = next(found.points()), BY_NAME["CPU time a request"]
    base, other = (found.figure(point, stack, metric) for stack in found.study.stacks)
    assert base and other and found.shown(point, "bare metal", metric, "difference") is None
    less, share = (found.shown(point, "container", metric, kind) for kind in ("difference", "per cent"))
    assert less and share
    assert less.mean == pytest.approx(other.mean - base.mean) and share.mean == pytest.approx(100 * (other.mean / base.mean - 1))


@pytest.mark.parametrize(("number", "ending", "begin"), [(1, "png", b"\x89PNG"), (4, "svg", b"<?xml")])
def test_a_figure_is_drawn_into_a_file_and_its_bytes_are_the_same(
    copies: Path, tmp_path: Path, number: int, ending: str, begin: bytes
) -> None:
    for name in ("one", "two"):
        assert session.figure(copies, number, tmp_path / f"{name}.{ending}") == 0
    one, two = ((tmp_path / f"{name}.{ending}").read_bytes() for name in ("one", "two"))
    assert one.startswith(begin) and one == two


def test_a_figure_that_cannot_be_drawn(copies: Path, tmp_path: Path) -> None:
    told = cutaway("study", "figure", str(copies), "--number", "9", "--out", "nine.png", cwd=tmp_path)
    assert (told.returncode, told.stderr) == (2, f"{copies}: there is no figure 9; expected 1 to 4.\n")
    with pytest.raises(StudyError, match=r"its ending is '\.gif'; expected \.png or \.svg\."):
        session.figure(copies, 1, tmp_path / "one.gif")
    assert list(tmp_path.iterdir()) == []


def test_panels_show_all_of_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Panels share a scale; a limit that the first one sets would hide what is larger in the others."""
    grids = []

    @contextmanager
    def kept(*size: Any, **more: Any) -> Iterator[Any]:
        with plotting.picture(*size, **more) as (grid, done):
            grids.append(grid)
            yield grid, done

    monkeypatch.setattr(plots, "picture", kept)
    assert session.run(study(tmp_path, PANELS), tmp_path / "out", Means()) == 0
    plots.drawn(summary(tmp_path / "out"), 1, "svg")
    panels = [drawing for drawing in grids[0].flat if drawing.lines]
    assert len(panels) == 5
    for drawing in panels:
        low, high = drawing.get_ylim()
        assert low == 0 and all(low < value < high for line in drawing.lines for value in line.get_ydata())
