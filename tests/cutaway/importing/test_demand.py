"""Measured demand goes where the models have a place for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cutaway import importing, scenarios
from cutaway.building import build_stacks
from cutaway.importing import compose, demand
from cutaway.models.costs.row import MeasurementError
from cutaway.models.servers.python_app import WORKER
from cutaway.sim.machine import Work

COMPOSE = """
services:
  api: {image: acme/api, command: gunicorn -w 2 a:a, ports: ["8000:8000"]}
  proxy: {image: nginx, ports: ["80:80"], depends_on: [behind]}
  behind: {image: acme/api, command: gunicorn a:a, container_name: inner}
  pages: {image: nginx, ports: ["8081:80"]}
"""


def row(application: str, path: str, metric: str, median: float) -> dict[str, Any]:
    params = {"application": application, "path": path}
    return {
        "id": f"app.{application}.{path}.{metric}", "group": "app", "what": "demand of an application", "stack": "docker", "params": params,
        "metric": metric, "unit": "us", "median": median, "q1": median, "q3": median, "n": 3, "use": "calibrate",
    }  # fmt: skip


def rows(folder: Path, **measured: tuple[str, str, float, float]) -> Path:
    found = []
    for application, path, cpu_us, size_bytes in measured.values():
        found += [row(application, path, "cpu_per_request", cpu_us), row(application, path, "response_bytes", size_bytes)]
    (folder / "app.jsonl").write_text("".join(json.dumps(one) + "\n" for one in found))
    return folder / "app.jsonl"


def imported(folder: Path, **measured: tuple[str, str, float, float]) -> str:
    (folder / "compose.yaml").write_text(COMPOSE)
    project = compose.read(folder / "compose.yaml", "compose.yaml")
    return importing.scenario_of(project, "two-core-vm", {}, demand=rows(folder, **measured))[0]


def worker_us(scenario: scenarios.Scenario, stack: str) -> float:
    """CPU time of the application's worker for a request, as the plan has it."""
    (built,) = build_stacks(scenario, [stack])
    steps = [step for plan in built.machine.plans for step in demand._all(plan.steps)]
    return sum(step.cost_ns for step in steps if isinstance(step, Work) and step.thread == WORKER) / 1000


def test_a_request_of_the_model_costs_what_was_measured(tmp_path: Path) -> None:
    text = imported(tmp_path, a=("127.0.0.1:8000", "/", 5000.0, 300), b=("container inner", "/", 2500.0, 300))
    scenario = scenarios.loader.load_text(text)
    assert worker_us(scenario, "api") == pytest.approx(5000, rel=0.002)
    assert worker_us(scenario, "behind") == pytest.approx(2500, rel=0.005)
    assert scenario.layers_of("proxy")[-1].upstream.loops == scenario.layers_of("behind")[-1].loops  # type: ignore[union-attr]
    assert "api.layers.python app.loops" not in text and "5,000.0 us of CPU time a request measured" in text


def test_a_page_has_the_size_that_was_measured(tmp_path: Path) -> None:
    scenario = scenarios.loader.load_text(imported(tmp_path, a=("localhost:8081", "/", 50.0, 4321)))
    assert scenario.layers_of("pages")[-1].page == 4321  # type: ignore[union-attr]


def test_of_several_paths_the_root_counts_and_the_others_are_named(tmp_path: Path) -> None:
    text = imported(tmp_path, a=("127.0.0.1:8000", "/search", 9000, 3), b=("127.0.0.1:8000", "/", 5000.0, 3), c=("10.0.0.1:1", "/", 1, 1))
    assert worker_us(scenarios.loader.load_text(text), "api") == pytest.approx(5000, rel=0.002)
    assert "measured, but not used: 127.0.0.1:8000, GET /search" in text and "measured, but not used: 10.0.0.1:1, GET /" in text


def test_less_than_the_model_itself_takes_is_no_work_of_the_application(tmp_path: Path) -> None:
    scenario = scenarios.loader.load_text(imported(tmp_path, a=("127.0.0.1:8000", "/", 1.0, 3)))
    assert scenario.layers_of("api")[-1].loops == 0  # type: ignore[union-attr]


@pytest.mark.parametrize(("content", "sentence"), [("", "is empty"), ("x\n", ":1: is no JSON"), (None, "no such file")])
def test_a_file_that_holds_no_rows(content: str | None, sentence: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "app.jsonl").write_text(content)
    with pytest.raises(MeasurementError, match=sentence):
        demand.read(tmp_path / "app.jsonl")


def test_rows_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "app.jsonl").write_text(json.dumps(row("a", "/", "other", 1.0)) + "\n")
    with pytest.raises(MeasurementError, match="has no row of an application's demand"):
        demand.read(tmp_path / "app.jsonl")


def test_ranges_are_those_that_were_measured() -> None:
    """What the list of assumptions says of the catalogue is what the shipped rows have."""
    from cutaway.importing.stacks import MEASURED
    from cutaway.models.costs import row as measured_rows

    shipped = measured_rows.read(Path(measured_rows.__file__).parent / "measured" / "two-core-vm.jsonl")
    pages = {one.params.get("body_bytes") for one in shipped if one.group == "nginx"} - {None}
    connections = {one.params.get("connections") for one in shipped if one.what == "nginx static, closed loop"}
    loops = {one.params.get("loops") for one in shipped if one.group == "apps"} - {None}
    assert (min(pages), max(pages)) == (612, 2**20) and MEASURED["page"].startswith("612 B to 1 MiB")  # type: ignore[type-var]
    assert (min(connections), max(connections)) == (1, 256) and MEASURED["connections"].startswith("1 to 256")  # type: ignore[type-var]
    assert loops == {0, 18_000} and MEASURED["loops"].startswith("0 and 18,000")
    assert {one.params["value_bytes"] for one in shipped if one.what == "redis"} == {3} and MEASURED["value"].startswith("3 B")
