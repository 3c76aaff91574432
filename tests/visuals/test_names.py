"""Every name that a shipped scenario can show has a Korean one, and the Korean view says it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cutaway.building import build_stacks
from cutaway.explaining import steps_of
from cutaway.models.layer import ORDER
from cutaway.scenarios import Scenario, load, names
from cutaway.session import traces_of
from cutaway.sim.simulate import Span
from cutaway.staging import staged
from cutaway.visuals.cast import cast_of
from cutaway.visuals.names import KOREAN, called, known
from cutaway.visuals.picture import LinesPicture
from cutaway.visuals.scene import Scene
from cutaway.visuals.text import font
from cutaway.visuals.view import Chosen, view_of

LECTURE = "lecture/three-stacks"
OTHERWISE = """
cutaway: 1
base: lecture/three-stacks
clients: {where: WHERE}
neighbours: [{kind: hog}]
server: {tcp nopush: false, workers: 2}
stacks:
  vm:
    layers: [hardware, linux, {kind: kvm, vcpus: 2, memory: 2 GiB, network: qemu, posted interrupts: false}, guest linux, nginx]
  container:
    layers: [hardware, linux, {kind: docker, publish: PUBLISH, storage: volume}, nginx]
  container in vm:
    layers: [hardware, linux, {use: parts/small-vm.yaml}, guest linux, {use: parts/published-container.yaml}, nginx]
"""

ANOTHER_SERVER = """
cutaway: 1
title: Another server program
clients: {kind: closed loop}
server: SERVER
stacks:
  bare metal: {layers: [hardware, linux, KIND]}
  vm: {layers: [hardware, linux, kvm, guest linux, KIND]}
  container: {layers: [hardware, linux, docker, KIND]}
"""


def shown_by(scenario: Scenario) -> Iterator[str]:
    """Names of layers, operations and costs of every step, and of threads."""
    for built in build_stacks(scenario, scenario.stacks):
        yield from built.machine.layers
        yield from (thread.name for thread in built.machine.threads)
        for plan in built.machine.plans:
            for step in steps_of(built, plan.name):
                if step.kind not in ("detach", "fork"):
                    yield from (step.layer, step.operation, *(cost.name for cost, _ in step.costs))


@pytest.mark.parametrize("name", names())
def test_every_name_of_a_shipped_scenario_has_a_korean_one(name: str) -> None:
    assert sorted({shown for shown in shown_by(load(name)) if known(shown) is None}) == []


@pytest.mark.parametrize(("where", "publish"), [("another machine", "nat"), ("loopback", "proxy"), ("veth", "nat")])
def test_what_a_changed_one_can_show_has_one_too(where: str, publish: str, tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    file.write_text(OTHERWISE.replace("WHERE", where).replace("PUBLISH", publish), encoding="utf-8")
    assert sorted({shown for shown in shown_by(load(file)) if known(shown) is None}) == []


@pytest.mark.parametrize(
    "server",
    [
        "{kind: mysql}",
        "{kind: nginx, upstream: {workers: 2}}",
        "{kind: postgresql}",
        "{kind: postgresql, script: simple-update}",
        "{kind: python app}",
        "{kind: redis}",
        "{kind: redis, operation: set}",
    ],
)
def test_what_another_server_program_can_show_has_one_too(server: str, tmp_path: Path) -> None:
    file = tmp_path / "server.yaml"
    kind = server.strip("{}").partition(",")[0].removeprefix("kind: ")
    file.write_text(ANOTHER_SERVER.replace("SERVER", server).replace("KIND", kind), encoding="utf-8")
    assert sorted({shown for shown in shown_by(load(file)) if known(shown) is None}) == []


def test_every_layer_has_one() -> None:
    assert [layer for layer in ORDER if known(layer) is None] == []


def test_a_numbered_thread_keeps_its_number_and_an_unknown_name_stays() -> None:
    assert [called(name, "ko") for name in ("hog 3", "nginx#2", "wizardry", "")] == ["이웃 3", "nginx#2", "wizardry", ""]
    assert called("hog 3", "en") == "hog 3"


def test_the_font_has_all_of_it() -> None:
    characters = "".join(sorted(set("".join(KOREAN.values()))))
    assert all(font(26, "bold").metrics(characters))


def test_the_korean_details_have_no_english_operation() -> None:
    scenario = load(LECTURE).with_({"run.requests": 200})
    traces = traces_of(scenario, build_stacks(scenario, scenario.stacks), one_in=1, span=Span(0, 200))
    view = view_of(traces, staged(traces))
    view.language = "ko"
    view.move_to(view.range_ns()[1])
    parts = {part.name.ko for part in view.stage.parts}
    english = {name for name, korean in KOREAN.items() if name != korean and name not in KOREAN.values()} - parts
    for number, trace in enumerate(traces):
        for line in range(0, 40, 3):
            view.details = Chosen(number, line=line)
            picture = LinesPicture()
            Scene().draw(view, picture)
            said = {line.removeprefix("text ") for line in picture.lines if line.startswith("text ")}
            assert said & english == set()
        assert not {called(role, "ko") for role in cast_of(trace).thread_roles} & english
