"""The live view of a Docker host, drawn from snapshots that are made up here; those of a real Engine are in tests/cutaway/engine."""

from __future__ import annotations

import ast
import string
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cutaway.models.docker.building.builder import CONFIGURING, FILLING
from cutaway.models.docker.platforms.engines import DOCKER
from cutaway.models.docker.platforms.runtimes import RUNTIMES
from cutaway.visuals.docker.controls import Controls
from cutaway.visuals.docker.drawing import Look, Scene
from cutaway.visuals.docker.frame import caption_of
from cutaway.visuals.docker.layout import layout_for
from cutaway.visuals.docker.refusals import REFUSALS, refusal
from cutaway.visuals.docker.scene import draw
from cutaway.visuals.docker.snapshot import Box, Host, Layer, Line, Meter, Request, Snapshot, Step
from cutaway.visuals.docker.steps import ROWS, STEPS, key_of, told
from cutaway.visuals.docker.ways import WAYS, along
from cutaway.visuals.docker.words import WORDS
from cutaway.visuals.picture import LinesPicture
from tests.visuals.measured_picture import MeasuredPicture

SIZES = [(1920, 1080), (1280, 720), (1024, 768), (2560, 1080)]
BOX = Box("hellonginx", "nginx", is_running=True, walls=("mnt", "uts", "ipc", "pid", "net", "cgroup"), pid=104711, memory=11 << 20,
          memory_limit=512 << 20, cpus=0.5, bridge="docker0", address="172.17.0.2", ports=((18080, 80),))  # fmt: skip
METERS = (Meter("dockerd", 1, 87 << 20, 1_550_000_000), Meter("containerd", 1, 43 << 20, 3_400_000), Meter("shim", 12, 40 << 20, 10**7),
          Meter("runc", 1, None, 10**7), Meter("containers", 12, 2 << 30, 9 * 10**10))  # fmt: skip
LAYERS = (Layer(31_400_000), Layer(20_000_000, "unpacking", 0.4), Layer(9, "loaded"), Layer(9, "loading", 0.5), Layer(9, "to come"))


def snapshot(**more: Any) -> Snapshot:
    steps = tuple(Step(*key.split(": ", 1), 10_000_000) for key in STEPS if not key.startswith(("kernel: way", "program: answer")))
    asked: dict[str, Any] = {
        "title": "docker run", "request": Request("POST", "/containers/4a93926ebdf6/start"), "steps": steps, "box": BOX, "layers": LAYERS,
        "is_writable": True, "meters": METERS, "lines": (Line("$ docker run -p 80:80 --name hellonginx nginx", "command"),),
        "aside": Request("GET", "/containers/4a93926ebdf6/json", 200), "others": 11,
    }  # fmt: skip
    return Snapshot(**(asked | more))


def of_step(key: str, *, held: bool) -> Snapshot:
    who, _, what = key.partition(": ")
    going = Step(who, what, 1_000_000, going=True, share=0.5)
    page = key.startswith(("kernel: way", "program: answer"))
    if held:
        return snapshot(held=going, held_count=3, is_holding=True, is_page=page)
    return snapshot(steps=(*snapshot().steps[:8], going), is_page=page)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("language", ["ko", "en"])
def test_nothing_lies_over_anything_or_is_cut_at_any_step(size: tuple[int, int], language: Any) -> None:
    for number, key in enumerate(STEPS):
        picture = MeasuredPicture(size)
        draw(of_step(key, held=bool(number % 2)), Look(language), picture)
        assert picture.collisions() == [], key


STATES: dict[str, dict[str, Any]] = {
    "throttled": {"periods": 1204, "throttled": 1203}, "frozen": {"is_paused": True}, "ended": {"is_running": False, "exit_code": 137},
    "oom killed": {"is_running": False, "exit_code": 137, "is_oom": True, "memory": 512 << 20},
    "sandboxed": {"runtime": "kata", "sandbox": "QEMU", "kernel": "6.12.28", "is_guest": True},
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("language", ["ko", "en"])
def test_nothing_lies_over_anything_or_is_cut_in_any_state(size: tuple[int, int], language: Any) -> None:
    refused = [snapshot(error=f"Conflict: {part} by it", steps=()) for part, _ in REFUSALS]
    for one in (*(snapshot(box=replace(BOX, **state), host=Host(busy=("hog", "half"))) for state in STATES.values()), *refused):
        picture = MeasuredPicture(size)
        draw(one, Look(language), picture)
        assert picture.collisions() == [], (one.box, one.error)


def shown_of(one: Snapshot) -> list[str]:
    picture = LinesPicture()
    draw(one, Look("en"), picture)
    return picture.lines


def test_a_quota_and_an_oom_kill_can_be_seen() -> None:
    shown = {name: shown_of(snapshot(box=replace(BOX, **state), steps=())) for name, state in STATES.items()}
    signs = {name: [line for line in lines if line.startswith("square") or line.startswith("cross")] for name, lines in shown.items()}
    assert {name for name, found in signs.items() if found} == {"throttled", "oom killed"}
    assert signs["throttled"] == ["square cgroup, square"] and signs["oom killed"] == ["cross killed", "cross cgroup, cross"]
    assert "so in 1203 of 1204 periods." in " ".join(line.removeprefix("text ") for line in shown["throttled"])
    assert "text QEMU" in shown["sandboxed"] and "text kernel 6.12.28" in shown["sandboxed"] and "text QEMU" not in shown["throttled"]
    assert "text Namespaces, in guest" in shown["sandboxed"] and "text Namespaces" in shown["throttled"]


def test_a_step_that_takes_no_time_stays_to_be_seen() -> None:
    freezes = Step("runc", "pause: freezes the cgroup", 0)
    frozen = shown_of(snapshot(steps=(freezes,), box=replace(BOX, is_paused=True)))
    assert "disc cgroup" in frozen and any("runc freezes the cgroup" in line for line in frozen)
    assert "disc cgroup" not in shown_of(snapshot(steps=(replace(freezes, took_ns=1),)))


def test_a_refusal_is_marked_where_it_is_made_and_explained() -> None:
    said = "Bind for 0.0.0.0:8080 failed: port is already allocated"
    assert "cross refused" in shown_of(snapshot(error=said)) and refusal(said, "ko").startswith("호스트의 그 포트")
    long = "failed to create task: " * 12 + "the end is told"
    assert any(line.endswith("the end is told") for line in shown_of(snapshot(error=long)))


def test_the_last_command_stays_in_sight_whatever_it_prints() -> None:
    lines = (Line("$ docker exec web ls", "command"), *(Line(f"line {number}") for number in range(40)))
    shown = shown_of(snapshot(lines=lines))
    assert "text $ docker exec web ls" in shown and "text line 39" in shown and "text line 20" not in shown


def test_what_the_last_row_reads_is_large_enough() -> None:
    """23 px of 1080 at least, but for the hint at the foot, and what is written on a layer."""
    for size in SIZES:
        picture = MeasuredPicture(size)
        draw(snapshot(), Look("en"), picture)
        small = {text for text, pixels in picture.sizes.items() if pixels < int(23 * picture.scale)}
        assert all("Esc" in text or text.endswith(" MB") for text in small), small


@pytest.mark.parametrize("theme", ["light", "dark", "high contrast"])
def test_every_state_can_be_drawn_in_every_theme(theme: str) -> None:
    for one in (Snapshot(), snapshot(box=None), snapshot(box=Box("", "alpine")), snapshot(speed=float("inf")), snapshot(layers=())):
        picture = MeasuredPicture((1280, 720))
        draw(one, Look("ko", theme), picture)
        assert len(picture.texts) > 20 and picture.collisions() == []


def test_every_step_has_a_place_a_row_and_a_sentence_in_both_languages() -> None:
    named = {"address", "port", "inner", "program", "runtime", "sandbox", "kernel"}
    for key, one in STEPS.items():
        assert one.row in ROWS and one.place in WAYS, key
        for said in (text for each in (one.caption, one.sandboxed) if each for text in (each.ko, each.en)):
            assert said and {field for _, field, _, _ in string.Formatter().parse(said) if field} <= named, key
        assert one.caption.ko != one.caption.en and any("가" <= letter <= "힣" for letter in one.caption.ko), key
    assert {f"builder: {name}" for name in ("FROM", *FILLING, CONFIGURING)} <= STEPS.keys()


def test_every_word_is_used_and_every_word_that_is_used_is_there() -> None:
    folder = Path(__file__).parents[2] / "visuals" / "docker"
    texts = {node.value for file in folder.glob("*.py") if file.name != "words.py" for node in ast.walk(ast.parse(file.read_text("utf-8")))
             if isinstance(node, ast.Constant) and isinstance(node.value, str)}  # fmt: skip
    assert WORDS.keys() <= texts | {"user space", "kernel", "hardware"}
    assert all(said.ko and said.en for said in WORDS.values())


def test_an_unknown_step_is_told_in_its_own_words() -> None:
    picture = LinesPicture()
    draw(snapshot(steps=(Step("conmon", "watch the container", 5_000_000, going=True),)), Look("en"), picture)
    assert "text conmon: watch the container" in picture.lines and "text conmon" in picture.lines


def test_the_stair_sums_to_its_clock() -> None:
    picture = LinesPicture()
    steps = Step("dockerd", "create: configuration, layers", 10_700_000), Step("runc", "start", 33_333_333)
    draw(snapshot(steps=steps), Look("en"), picture)
    told_ms = "number 10.7", "number 33.3", "number 44.0"
    assert tuple(line for line in picture.lines if line in told_ms) == told_ms
    assert "number 44.033" in picture.lines


def test_a_page_moves_along_its_way() -> None:
    layout = layout_for(1920, 1080)
    way = WAYS["page in"](layout)
    assert along(way, 0) == way[0][0] and along(way, 1) == way[-1][-1]
    xs = [along(way, share / 10).x for share in range(11)]
    assert xs == sorted(xs) and xs[0] < layout.places["container"].x < xs[-1]


def test_walls_stand_only_once_the_kernel_has_made_them() -> None:
    before, after = LinesPicture(), LinesPicture()
    starting = ("kernel: mount the overlay", "runc: create: starts itself again inside")
    box = Box("x", "nginx", walls=BOX.walls, starting=starting)
    draw(snapshot(box=box), Look("en"), before)
    draw(snapshot(box=Box("x", "nginx", walls=BOX.walls, starting=(*starting, "kernel: name spaces"))), Look("en"), after)
    assert [picture.lines.count("text mnt") for picture in (before, after)] == [1, 2]      # its chip; its chip and its pane


def test_captions_name_the_port_and_the_address() -> None:
    one = of_step("iptables: rules for the published port", held=False)
    scene = Scene(one, layout_for(1920, 1080), Look("ko"), LinesPicture())
    assert caption_of(scene) == "-p 18080:80: 호스트의 18080 포트를 컨테이너의 80 포트로 보내는 규칙."
    assert told(one.steps[-1]).place == "iptables"


def test_keys() -> None:
    wishes: list[str] = []
    look = Look("ko")
    controls = Controls(look, wishes.append)
    for key in ("space", "h", "up", "down", "l", "t", "b"):
        controls.press(key)
    assert wishes == ["step", "go", "faster", "slower"] and (look.language, look.palette_name, look.screen) == ("en", "dark", "black")
    picture = LinesPicture()
    draw(snapshot(), look, picture)
    assert len(picture.lines) == 1
    controls.press("space")      # brings the picture back, and lets nothing through
    assert not look.screen and len(wishes) == 4
    controls.press("escape")
    assert controls.want == "leave" and not controls.quit


def test_every_step_of_every_runtime_has_words() -> None:
    """Whatever `docker run --runtime` names; who starts another engine has no socket to ask."""
    of_docker = (*DOCKER.create, *DOCKER.prepare, *DOCKER.hand_over, *DOCKER.begin)
    steps = [*of_docker, *(step for one in RUNTIMES.values() for step in (*one.create, *one.created, *one.start))]
    assert {f"{step.who}: {step.what}" for step in steps if key_of(step.who, step.what) not in STEPS} == set()
