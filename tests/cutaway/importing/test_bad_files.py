"""Mistakes and attacks in Compose files: a sentence each, soon, and nothing written."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway import importing
from cutaway.importing import compose
from cutaway.scenarios import ScenarioError

SERVICE = "services:\n  web:\n    image: nginx\n"
MISTAKES = {
    "a key that is not there": (SERVICE + "    mem_limt: 1g\n", "c.yaml:4: services.web.mem_limt is not a key of", "'mem_limit'?"),
    "no services": ("service:\n  web: {image: nginx}\n", "has no 'services'", "Did you mean 'services' by 'service'?"),
    "empty services": ("services:\n", "services is empty"),
    "a list of services": ("services: [web]\n", "c.yaml:1: services is a list; expected a mapping."),
    "a text for a file": ("hello\n", "expected a mapping"),
    "a top key": (SERVICE + "volume: {}\n", "volume is not a key of a Compose file", "'volumes'?"),
    "an unknown dependency": (SERVICE + "    depends_on: [wbe]\n", "depends_on names 'wbe'; expected 'web'. Did you mean 'web'?"),
    "an unknown network": (SERVICE + "    networks: [frnt]\nnetworks: {front: }\n", "names 'frnt'", "Did you mean 'front'?"),
    "cpus in words": (SERVICE + "    cpus: half\n", "c.yaml:4: services.web.cpus is 'half'; expected a number of CPUs"),
    "negative cpus": (SERVICE + "    cpus: -1\n", "services.web.cpus is -1"),
    "too few cpus": (SERVICE + "    cpus: 0.001\n", "at least 0.01"),
    "two limits": (SERVICE + "    cpus: 1\n    deploy: {resources: {limits: {cpus: 2}}}\n", "another limit than the one above"),
    "quota beside cpus": (SERVICE + "    cpus: 1\n    cpu_quota: 5000\n", "stands beside a limit of CPUs"),
    "period beside cpus": (SERVICE + "    cpus: 1\n    cpu_period: 5000\n", "which Docker refuses"),
    "a short quota": (SERVICE + "    cpu_quota: 500\n", "at least 1 ms"),
    "a size": (SERVICE + "    mem_limit: 1q\n", "services.web.mem_limit is '1q'; expected a size such as 512m or 1.5g."),
    "a port": (SERVICE + "    ports: ['99999:80']\n", "services.web.ports[0] is '99999:80'; expected a port such as"),
    "a port without a target": (SERVICE + "    ports: [{published: 80}]\n", "services.web.ports[0] has no target"),
    "a cpuset": (SERVICE + "    cpuset: 0-\n", "services.web.cpuset is '0-'; expected CPUs by number"),
    "a huge cpuset": (SERVICE + "    cpuset: 0-9999\n", "expected CPUs by number"),
    "replicas": (SERVICE + "    deploy: {replicas: many}\n", "services.web.deploy.replicas is 'many'; expected a whole number"),
    "a key of deploy": (SERVICE + "    deploy: {replica: 2}\n", "services.web.deploy.replica is not a key", "'replicas'?"),
    "a network mode": (SERVICE + "    network_mode: hots\n", "Did you mean 'host'?"),
    "neither image nor build": ("services: {web: {cpus: 1}}\n", "services.web has neither image nor build"),
    "a name": ("services: {'we b': {image: nginx}}\n", "is no name of a service"),
    "a quotation mark": (SERVICE + "    command: \"nginx '\"\n", "quotation marks are closed"),
    "a variable that is needed": ("services: {web: {image: 'nginx:${TAG:?which}'}}\n", "web.image needs the variable TAG: which"),
    "extends nobody": (SERVICE + "    extends: wbe\n", "services.web.extends is 'wbe'; expected 'web'. Did you mean 'web'?"),
    "extends itself": (SERVICE + "    extends: web\n", "leads back to web"),
    "extends in a ring": ("services: {a: {extends: b}, b: {extends: a}}\n", "leads back to"),
    "extends from outside": (SERVICE + "    extends: {service: x, file: ../../etc/passwd}\n", "a file in the folder of c.yaml"),
    "extends by an absolute name": (SERVICE + "    extends: {service: x, file: /etc/passwd}\n", "expected a file in the folder"),
    "an alias of nothing": ("services: {web: *web}\n", "refers to an anchor that is not there"),
    "an alias in itself": ("services: &s {web: *s}\n", "stands inside of what it repeats"),
    "a merge of no mapping": ("services:\n  web: {<<: 3, image: nginx}\n", "is no mapping; expected an alias of one"),
    "a tag": ("services: {web: !!python/object/apply:os.system [id]}\n", "is a tag; tags are not read"),
    "two documents": (SERVICE + "---\na: 1\n", "a second document"),
    "a key twice": (SERVICE + "    image: redis\n", "stands here again; its first value is in line 3"),
    "an empty file": ("", "is empty; expected a Compose project."),
    "a character": ("services: {web: {image: \"a\x1b[2J\"}}\n", "U+001B cannot stand in a text file"),
    "a profile for everything": ("services: {web: {image: nginx, profiles: [p]}}\n", "expected --compose-profile with 'p'"),
    "a broken text": ("services: {web: {image: nginx\n", "cannot be read as YAML"),
}  # fmt: skip


def import_text(text: str, folder: Path) -> str:
    (folder / "c.yaml").write_text(text, encoding="utf-8")
    return importing.scenario_of(compose.read(folder / "c.yaml", "c.yaml"), "two-core-vm", {})[0]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_sentence(name: str, tmp_path: Path) -> None:
    text, *parts = MISTAKES[name]
    with pytest.raises(ScenarioError) as told:
        import_text(text, tmp_path)
    assert any(all(part in line for part in parts) for line in str(told.value).splitlines()), str(told.value)
    assert all(str(problem).startswith("c.yaml") and str(problem).endswith((".", "?")) for problem in told.value.problems)


def test_all_mistakes_come_together(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as told:
        import_text(SERVICE + "    cpus: half\n    mem_limit: much\n    ports: [x]\n", tmp_path)
    assert [problem.place.line for problem in told.value.problems] == [4, 5, 6]


BOMBS = {
    "laughs": "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)),
    "merged laughs": "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{l: *a{i - 1}, r: *a{i - 1}}}\n" for i in range(1, 30)),
    "depth by aliases": "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 200)),
    "depth": "a: " + "[" * 20_000,
    "many keys": "\n".join(f"k{i}: 1" for i in range(20_000)),
    "a long line": "services: {web: {image: " + "x" * 100_000 + "}}",
    "variables": "services: {web: {image: '" + "${A:-" * 400 + "'}}",
    "many ports": SERVICE + "    ports: [" + ", ".join(f"'{i}:80'" for i in range(1, 9_000)) + "]\n" + "    x: 1\n",
}


@pytest.mark.parametrize("name", BOMBS)
def test_an_attack_ends_soon(name: str, tmp_path: Path) -> None:
    began = time.process_time()
    with pytest.raises(ScenarioError):
        import_text(BOMBS[name], tmp_path)
    assert time.process_time() - began < 20


def test_nothing_outside_of_the_folder_is_read(tmp_path: Path) -> None:
    """A Dockerfile beyond the folder, also by a link, is as if it was not there."""
    (tmp_path / "Dockerfile").write_text('FROM nginx\n')
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link").symlink_to(tmp_path)
    for context in ("..", "link", str(tmp_path)):
        (inner / "c.yaml").write_text(f"services: {{web: {{build: '{context}'}}, cache: {{image: redis}}}}\n")
        web = compose.read(inner / "c.yaml", "c.yaml").services[0]
        assert web.image == "" and "no Dockerfile in the folder" in web.remarks[0].why


def test_names_cannot_become_keys_of_the_scenario(tmp_path: Path) -> None:
    """Line ends and controls in values stay inside of comments and quotation marks."""
    hostile = "acme/\\nprofile: stolen\\u2028x\\u202e"
    services = f'  cache: {{image: redis}}\n  "true": {{image: nginx}}\n  w: {{image: "{hostile}"}}\n'
    text = import_text(f'name: "a\\nb: c"\nservices:\n{services}', tmp_path)
    assert "\nprofile: stolen" not in text and "\u2028" not in text and "\u202e" not in text
    assert '  "true":' in text


WORDS = st.sampled_from(["", "nginx", "0.5", "80:80", "1g", "a b", "${A:-b}", "host", "-1"])
KEYS = st.sampled_from(["cpus", "target", "limits", "condition", "x", "file", "resources", "cpu"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.sampled_from(sorted(compose.keys.TAKEN)))
def test_any_value_of_any_key_is_read_or_told(tmp_path_factory: pytest.TempPathFactory, value: object, key: str) -> None:
    """A sentence or a scenario that loads; no other exception."""
    import json

    folder = tmp_path_factory.mktemp("any")
    document = {"services": {"s": {"image": "nginx", key: value}, "t": {"image": "redis"}}}
    try:
        import_text(json.dumps(document), folder)
    except ScenarioError as told:
        assert "scenario of" not in str(told), told
