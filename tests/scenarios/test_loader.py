"""Every bad file gets its sentences, every strange one works, and nothing that is called a scenario can hurt."""

import os
import socket
import stat
import time
from pathlib import Path

import pytest

from cutaway import scenarios
from cutaway.scenarios import ScenarioError, digest, load
from cutaway.scenarios.limits import FILE_BYTES
from cutaway.scenarios.loader import load_text

HERE = Path(__file__).parent
BAD = sorted(HERE.glob("bad/*.yaml"))
STRANGE = sorted(HERE.glob("strange/*.yaml"))

PAGE = """\
cutaway: 1
title: A page
clients: {kind: closed loop, connections: 4}
stacks:
  plain: {layers: [hardware, linux, nginx]}
"""


def told(path: str | Path) -> str:
    with pytest.raises(ScenarioError) as error:
        load(path)
    return str(error.value)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_bad_file_gets_its_sentences(file: Path) -> None:
    """The sentences stand beside each file, one a line, and begin with file and line."""
    assert told(file).replace(f"{file.parent}/", "") + "\n" == file.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_the_sentences_of_a_file_are_in_order_and_each_is_one_line(file: Path) -> None:
    with pytest.raises(ScenarioError) as error:
        load(file)
    places = [problem.place for problem in error.value.problems]
    assert places == sorted(places)
    assert all(problem.text.endswith((".", "?")) and problem.text.isprintable() for problem in error.value.problems)


@pytest.mark.parametrize("file", STRANGE, ids=lambda file: file.stem)
def test_a_strange_file_works(file: Path) -> None:
    scenario = load(file)
    assert scenario.stacks
    assert load_text(scenario.model_dump_json(by_alias=True, exclude_unset=True)) == scenario


def test_decomposed_names_are_the_same_names() -> None:
    assert load(HERE / "strange/decomposed-hangul.yaml") == load(HERE / "strange/hangul.yaml")


@pytest.mark.parametrize("name", scenarios.names())
def test_a_shipped_scenario_is_in_order(name: str) -> None:
    assert load(name).title.ko, "shipped scenarios have a title in both languages"


@pytest.mark.parametrize("profile", ["two-core-wm", "../../secret", "/etc/passwd"])
def test_an_unknown_profile_is_told_those_there_are(profile: str) -> None:
    assert f"profile is '{profile}'; expected one of " in told_of(PAGE + f"profile: {profile}\n")
    assert "two-core-vm" in told_of(PAGE + f"profile: {profile}\n")


def told_of(text: str) -> str:
    with pytest.raises(ScenarioError) as error:
        load_text(text)
    return str(error.value)


# --- what is no file -----------------------------------------------------------------------------------------------------------------


def test_what_is_no_file_is_said_to_be_none(tmp_path: Path) -> None:
    pipe, door, link = tmp_path / "pipe", tmp_path / "door", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(link)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(door))
    assert told(tmp_path) == f"{tmp_path}: is a folder; expected a scenario file."
    assert told(pipe) == f"{pipe}: is a named pipe; expected a scenario file."
    assert told(door).startswith(f"{door}: cannot be read: ")
    assert "cannot be read" in told(link)
    assert told("/dev/zero") == "/dev/zero: is a device; expected a scenario file."
    assert told("/proc/self/environ") == "/proc/self/environ: belongs to the system; expected a scenario file."
    assert "there is no such file" in told(tmp_path / "nothing.yaml")
    assert "there is no such scenario" in told("")
    assert "there is no such scenario" in told("a\0b")
    assert "there is no such scenario" in told("x" * 5000)


def test_a_misspelt_name_is_told_the_nearest() -> None:
    assert told("lecture/tree-stacks").endswith("Did you mean 'lecture/three-stacks'?")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(PAGE)
    file.chmod(stat.S_IWUSR)
    assert told(file) == f"{file}: cannot be read: permission denied."


def test_a_file_that_is_too_big(tmp_path: Path) -> None:
    file = tmp_path / "big.yaml"
    file.write_text(PAGE + "# " + "x" * FILE_BYTES.value)
    assert told(file) == f"{file}: is 1,048,700 bytes long; expected at most 1,048,576."


@pytest.mark.parametrize(
    "text",
    [
        "#\n" * 500_000,
        "# a comment of usual size\n" * 40_000,
        "  \n" * 49_000,
        ("a:\n" + "  some more words\n" * 49_000),
        ("[\n" + "# an item, not yet\n" * 49_000 + "]"),
        "\n" * 1_000_000,
        "a:\n" + "  x\n" * 250_000,
        "- " * 30_000,
        ("[" * 60_000 + "\n") * 16,
        "{a: " * 16_000,
        "? " * 30_000,
        "!" * 60_000,
        "&a " * 20_000,
        "a: |\n" + "  xxxxx\n" * 120_000,
        "[\n" + "# x\n" * 240_000 + "]",
        "---\n" * 250_000,
        "".join(f"k{number}: {{}}\n" for number in range(60_000)),
        "\n".join(" " * depth + "a:" for depth in range(1_400)),
        "'" * 65_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_an_attack_ends_soon(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(ScenarioError):
        load_text(text)
    assert time.perf_counter() - began < 5


# --- references ----------------------------------------------------------------------------------------------------------------------


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("seed: 5\n")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "in.yaml").symlink_to(tmp_path / "outside.yaml")
    (folder / "scenario.yaml").write_text(PAGE + "run: {use: in.yaml}\n")
    assert "lies outside the scenario's folder" in told(folder / "scenario.yaml")


def test_a_pipe_as_a_part_does_not_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "scenario.yaml").write_text(PAGE + "run: {use: pipe.yaml}\n")
    assert "is a named pipe" in told(tmp_path / "scenario.yaml")


def test_a_part_beside_the_scenario_comes_before_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/small-vm.yaml").write_text("kind: kvm\nvcpus: 3\n")
    (tmp_path / "scenario.yaml").write_text(
        PAGE + "  vm: {layers: [hardware, linux, {use: parts/small-vm.yaml}, guest linux, nginx]}\n",
    )
    assert load(tmp_path / "scenario.yaml").layers_of("vm")[2].vcpus == 3  # type: ignore[union-attr]


def test_what_stands_beside_a_base_changes_it() -> None:
    base, changed = load("lecture/three-stacks"), load(HERE / "strange/derived.yaml")
    assert list(changed.stacks) == ["bare metal", "container"]
    assert changed.clients.kind == "open loop" and base.clients.kind == "closed loop"
    assert changed.title == base.title


def test_parts_that_multiply_are_counted(tmp_path: Path) -> None:
    """Three levels of twenty uses each would be 8,000 files."""
    for level in range(3):
        (tmp_path / f"level-{level}.yaml").write_text("\n".join(f"k{n}: {{use: level-{level + 1}.yaml}}" for n in range(20)))
    (tmp_path / "level-3.yaml").write_text("a: 1\n")
    (tmp_path / "scenario.yaml").write_text(PAGE + "run: {use: level-0.yaml}\n")
    assert "more than 64 references" in told(tmp_path / "scenario.yaml")


# --- from Python ---------------------------------------------------------------------------------------------------------------------


def test_a_changed_copy() -> None:
    before = load("lecture/three-stacks")
    after = before.with_({"clients.connections": 64, "stacks.vm.layers.kvm.memory": "2 GiB", "stacks.container.layers[2].cpus": 0.5})
    assert before == load("lecture/three-stacks")
    assert after.clients.connections == 64
    assert before.set("run.warm up", "1 ms").run.warm_up == 1_000_000
    assert after.set("clients", {"kind": "open loop", "rate": "800 /s"}).clients.kind == "open loop"


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("clients.conections", 4, "clients.conections is not a key of clients; expected one of"),
        ("clients.connections", 0, "clients.connections is 0; expected at least 1."),
        ("clients.connections", 2.5, "clients.connections is 2.5; expected a whole number."),
        ("clients.think", 50, "Did you mean '50 ms'?"),
        ("machine.memory", float("nan"), "machine.memory is nan; expected a number."),
        ("stacks.vm.layers.kvn.vcpus", 2, "Did you mean 'kvm'?"),
        ("stacks.vm.layers[9].vcpus", 2, "names no entry of a list of 5; expected 0 to 4 or one of guest linux, hardware,"),
        ("stacks.contaner.layers.docker.cpus", 1, "is of no stack; expected one of bare metal, container, vm. Did you mean 'container'?"),
        ("stacks.*.layers.dokcer.cpus", 1, "is a key of no stack: none has such a layer; expected one of docker,"),
        ("containers.web.cpus", 1, "written stacks.container.layers.docker.cpus, or stacks.*.layers.docker.cpus in all stacks."),
        ("kvm.vcpus", 1, "a key of a layer is written stacks.vm.layers.kvm.vcpus, or stacks.*.layers.kvm.vcpus in all stacks."),
        ("client.think", 1, "client is not a key of a scenario"),
        ("run.seeds", 1, "Did you mean 'seed'?"),
        ("neighbours[0].count", 1, "names no entry of a list that is empty."),
        ("run.seed.deeper", 2, "leads into a value that holds nothing."),
        ("server.cpus", [7], "server.cpus[0] is 7; the machine has CPUs 0 to 1."),
        ("profile", "nowhere", "profile is 'nowhere'; expected"),
        ("run", None, "run is empty; expected a mapping"),
        ("title", object(), "title is something else; expected a text"),
    ],
)
def test_a_change_that_cannot_be_gets_the_same_sentences(key: str, value: object, sentence: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load("lecture/three-stacks").set(key, value)
    assert sentence in str(error.value)


def test_a_star_is_every_stack_that_has_such_a_layer() -> None:
    changed = load("lecture/three-stacks").with_({"stacks.*.layers.nginx.workers": 2, "stacks.*.layers.kvm.vcpus": 2})
    tops = [changed.layers_of(name)[-1] for name in changed.stacks]
    assert [top.workers for top in tops] == [2, 2, 2]  # type: ignore[union-attr]
    assert changed == load("lecture/three-stacks").with_(
        {**{f"stacks.{name}.layers.nginx.workers": 2 for name in changed.stacks}, "stacks.vm.layers.kvm.vcpus": 2}
    )


BESIDE = PAGE.replace("nginx]}", "nginx], neighbours: [{count: 3}]}\n  other: {layers: [hardware, linux, nginx]}\nneighbours: [{count: 1}]")


def test_a_stack_s_own_neighbours_stand_in_place_of_the_scenario_s() -> None:
    scenario = load_text(BESIDE)
    assert [hog.count for name in ("plain", "other") for hog in scenario.neighbours_of(name)] == [3, 1]
    assert load_text(BESIDE.replace("[{count: 3}]", "[]")).neighbours_of("plain") == ()
    more = scenario.set("stacks.*.neighbours[0].count", 7)
    assert [hog.count for name in ("plain", "other") for hog in more.neighbours_of(name)] == [7, 1]
    assert len({digest(one) for one in (scenario, more, load_text(BESIDE.replace(", neighbours: [{count: 3}]", "")))}) == 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (BESIDE.replace("count: 3", "count: 3, cpus: [9]"), "stacks.plain.neighbours[0].cpus[0] is 9; the machine has CPUs 0 to 1."),
        (BESIDE.replace("count: 3", "place: guest"), "stacks.plain.neighbours[0].place is 'guest'; stack 'plain' has no guest."),
    ],
)
def test_a_stack_s_own_neighbours_are_checked(text: str, sentence: str) -> None:
    assert sentence in told_of(text)


def test_neighbours_that_no_stack_has_cannot_be_changed() -> None:
    with pytest.raises(ScenarioError, match="is a key of no stack: none has neighbours of its own"):
        load_text(PAGE).set("stacks.*.neighbours[0].count", 7)


def test_the_digest_tells_what_is_simulated() -> None:
    one = load_text(PAGE)
    same = load_text(PAGE.replace("A page", "Another title").replace("hardware,", "{kind: hardware},") + "machine: {cpus: 2}\nexpect: []\n")
    assert digest(one) == digest(same)
    assert digest(one) != digest(one.set("run.seed", 2))
    assert digest(one) != digest(one.set("clients.think", "1 ns"))
    assert len(digest(one)) == 32


def test_a_layer_takes_what_server_and_machine_say_unless_it_says_otherwise() -> None:
    text = PAGE + "  other: {layers: [hardware, linux, {kind: nginx, workers: 3}]}\nserver: {page: 1 kB, workers: 2}\n"
    scenario = load_text(text)
    plain, other = scenario.layers_of("plain")[-1], scenario.layers_of("other")[-1]
    assert (plain.workers, plain.page) == (2, 1000)  # type: ignore[union-attr]
    assert (other.workers, other.page) == (3, 1000)  # type: ignore[union-attr]


def test_a_profile_may_be_a_file_and_its_content_counts(tmp_path: Path) -> None:
    """Two files of one name are two scenarios; two names of one content are one."""
    shipped = load("lecture/three-stacks")
    head = '[profile]\nwhat = "{}"\nmachine = "x"\ndate = "x"\nbase = "two-core-vm"\n'
    digests = []
    for what, name in (("a", "x.toml"), ("b", "x.toml"), ("b", "y.toml")):
        (tmp_path / name).write_text(head.format(what), encoding="utf-8")
        digests.append(digest(shipped.with_({"profile": str(tmp_path / name)})))
    assert digests[0] != digests[1] == digests[2] != digest(shipped)
    with pytest.raises(ScenarioError, match=r"gone\.toml: cannot be read \(no such file or directory\)"):
        shipped.with_({"profile": str(tmp_path / "gone.toml")})
