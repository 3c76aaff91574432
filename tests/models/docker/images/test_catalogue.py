"""The catalogue against its sources: totals that were published beside the layers, and what images share."""

import re
import tomllib
from importlib.resources import files

import pytest

from cutaway.models.docker.filesystem.nodes import File
from cutaway.models.docker.images import catalogue
from cutaway.models.docker.images.image import Image
from cutaway.models.docker.images.pulling import Pull
from cutaway.models.docker.images.store import Images
from cutaway.models.docker.record import Record
from cutaway.models.docker.references import reference_of
from cutaway.sim.clock import Clock

PACKED = {
    "alpine:latest": 3_370_628, "alpine:3.10": 2_786_962, "busybox:latest": 2_592_863, "debian:latest": 55_025_206,
    "debian:bullseye-slim": 31_396_972, "eclipse-temurin:17-jre": 94_338_221, "hello-world:latest": 2_479, "httpd:latest": 57_075_364,
    "mariadb:latest": 125_689_962, "memcached:latest": 32_987_055, "mysql:latest": 151_990_282, "nginx:latest": 56_871_283,
    "node:latest": 370_848_436, "postgres:latest": 138_774_552, "python:latest": 355_574_627, "redis:latest": 42_386_971,
    "registry:latest": 9_197_454, "tomcat:latest": 253_001_442, "ubuntu:latest": 30_428_708,
}  # fmt: skip
"""`Total Size` of docker-library/repo-info, which it gives beside the sizes of the layers."""


def image(name: str) -> Image:
    entry = catalogue.find(*name.rsplit(":", 1))
    assert entry is not None
    return entry.image


@pytest.mark.parametrize("name", PACKED)
def test_the_layers_sum_to_the_published_total(name: str) -> None:
    assert sum(layer.packed for layer in image(name).layers) == PACKED[name]


def test_every_file_says_where_it_is_from_and_every_digest_is_one() -> None:
    for one in files("cutaway.models.docker.images").joinpath("catalogue").iterdir():
        document = tomllib.loads(one.read_text(encoding="utf-8"))
        assert len(document["source"]) > 30, one.name
        for made in document["images"]:
            digests = [made.get("id"), made.get("digest"), *(step.get("digest") for step in made["steps"])]
            assert all(re.fullmatch("sha256:[0-9a-f]{64}", digest) for digest in digests if digest), one.name
            layers = image(f"{document['repository']}:{made['tags'][0]}").layers
            assert all(layer.size > 0 for layer in layers), one.name
            assert "size" not in made or sum(layer.size for layer in layers) == made["size"], one.name


@pytest.mark.parametrize(("name", "base"), [(name, "debian:bullseye-slim") for name in ("nginx", "httpd", "redis", "memcached", "postgres")]
                         + [("mariadb", "ubuntu:latest"), ("tomcat", "ubuntu:latest"), ("node", "buildpack-deps:latest")])  # fmt: skip
def test_images_begin_with_the_very_layers_of_their_base(name: str, base: str) -> None:
    below = image(base).layers
    assert image(f"{name}:latest").layers[: len(below)] == below


def test_the_welcome_page_has_the_size_of_the_real_one() -> None:
    page = image("nginx:latest").files.nodes["/usr/share/nginx/html/index.html"]
    assert isinstance(page, File) and page.size == 615 and b"<title>Welcome to nginx!</title>" in page.bytes


def test_a_user_of_an_image_is_known_in_it() -> None:
    people = image("postgres:latest").files.nodes["/etc/passwd"]
    assert isinstance(people, File)
    found = [line for line in people.bytes.decode().splitlines() if line.startswith("postgres:")]
    assert found == ["postgres:x:999:999::/nonexistent:/usr/sbin/nologin"]


def pulled(images: Images, name: str) -> list[dict[str, str]]:
    clock = Clock(initial_time=0)
    told: list[dict[str, str]] = []
    done = clock.process(Pull(clock, images, told.append).run(reference_of(name), Record(clock).act("pull", name)))
    clock.run(until=done)
    return told


def test_a_layer_that_is_there_is_not_pulled_again() -> None:
    images = Images()
    first, second = pulled(images, "nginx"), pulled(images, "redis")
    exists = [one["id"] for one in second if one["status"] == "Already exists"]
    assert exists == ["8740c948ffd4"] and not any(one["status"] == "Already exists" for one in first)
    assert {one["id"] for one in second if one["status"] == "Pull complete"} == {
        "a2271c958e57", "495af11a3eac", "18b045ddb54d", "f49c2d6d086c", "14ed0c386119"}  # fmt: skip


def test_an_image_of_windows_has_no_manifest_for_linux() -> None:
    with pytest.raises(Exception, match="no matching manifest for linux/amd64 in the manifest list entries"):
        pulled(Images(), "mcr.microsoft.com/windows/nanoserver:ltsc2022")
