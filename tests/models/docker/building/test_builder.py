"""Builds, step by step; texts are those of a transcript of a real builder (dockerd 20.10, with the words of 28 where they differ)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from cutaway.models.docker.building.builder import platform_of
from cutaway.models.docker.errors import InvalidError
from cutaway.models.docker.references import reference_of
from cutaway.models.docker.specification import HostConfig
from tests.models.docker.building.conftest import Builder, archive

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def masked(text: str) -> str:
    return re.sub(r"\b[0-9a-f]{12}\b", "ID", text)


def test_a_transcript(build: Builder) -> None:
    build("FROM busybox\n")                     # pulled
    built = build(
        "FROM busybox\nENV A=b\nRUN echo $A; echo oh >&2; echo x > /f\nCOPY a.txt /\n", tags=[reference_of("my:1")], arguments={"Z": "1"}
    )
    assert masked(built.text) == (
        "Step 1/4 : FROM busybox\n ---> ID\n"
        "Step 2/4 : ENV A=b\n ---> Running in ID\n ---> Removed intermediate container ID\n ---> ID\n"
        "Step 3/4 : RUN echo $A; echo oh >&2; echo x > /f\n ---> Running in ID\nb\n\x1b[91moh\n\x1b[0m"
        " ---> Removed intermediate container ID\n ---> ID\n"
        "Step 4/4 : COPY a.txt /\n ---> ID\n"
        "[Warning] One or more build-args [Z] were not consumed\nSuccessfully built ID\nSuccessfully tagged my:1\n"
    )
    assert built.image is not None and {"aux": {"ID": built.image.id}} in built.messages
    assert (built.reads("/f"), built.reads("/a.txt")) == ("x\n", "A")
    assert build.daemon.images.get("my:1") is built.image and not build.daemon.containers


def test_what_instructions_leave_in_the_image(build: Builder) -> None:
    built = build("\n".join([
        "FROM busybox", 'ENV A="x y" B=$NO', "ENV OLD style value", "LABEL a=b", "WORKDIR /w", "WORKDIR in", "EXPOSE 80 90-91/udp",
        "USER bin", "VOLUME /v", "STOPSIGNAL SIGINT", "HEALTHCHECK --interval=1m30s --retries=3 CMD true", "ONBUILD RUN echo t",
        'SHELL ["/bin/ash", "-c"]', "CMD echo hi", "MAINTAINER me",
    ]))  # fmt: skip
    assert built.image is not None, built.error
    config = built.image.config
    assert config.env == [PATH, "A=x y", "B=", "OLD=style value"] and config.labels == {"a": "b"}
    assert (config.working_dir, config.user, config.stop_signal) == ("/w/in", "bin", "SIGINT")
    assert set(config.exposed_ports) == {"80/tcp", "90/udp", "91/udp"}
    assert set(config.volumes) == {"/v"} and config.on_build == ["RUN echo t"]
    assert config.healthcheck is not None and config.healthcheck.test == ["CMD-SHELL", "true"] and config.healthcheck.interval == 90 * 10**9
    assert config.cmd == ["/bin/ash", "-c", "echo hi"] and built.image.author == "me"
    assert [step.created_by for step in built.image.steps[-12:-3]] == [
        "/bin/sh -c #(nop)  LABEL a=b", "/bin/sh -c #(nop) WORKDIR /w", "/bin/sh -c #(nop) WORKDIR /w/in",
        "/bin/sh -c #(nop)  EXPOSE 80 90-91/udp", "/bin/sh -c #(nop)  USER bin", "/bin/sh -c #(nop)  VOLUME [/v]",
        "/bin/sh -c #(nop)  STOPSIGNAL SIGINT",
        "/bin/sh -c #(nop)  HEALTHCHECK &{[\"CMD-SHELL\" \"true\"] \"1m30s\" \"0s\" \"0s\" \"0s\" '\\x03'}",
        "/bin/sh -c #(nop)  ONBUILD RUN echo t",
    ]  # fmt: skip
    assert [len(step.layer.files) for step in built.image.steps if step.layer][1:] == [1, 1]      # of the two WORKDIRs only


def test_an_entrypoint_takes_the_command_below_away(build: Builder) -> None:
    first = build('FROM busybox\nENTRYPOINT ["sleep"]\n').image
    second = build('FROM busybox\nCMD ["5"]\nENTRYPOINT ["sleep"]\n').image
    assert first is not None and second is not None
    assert (first.config.cmd, second.config.cmd) == (None, ["5"])


def test_arguments(build: Builder) -> None:
    built = build("ARG T=busybox\nFROM $T\nRUN echo [$T]\nARG T\nARG X=d\nARG Y\nENV X=image\nRUN echo [$T$X$Y$HTTP_PROXY]\n",
                  arguments={"Y": "2", "HTTP_PROXY": "p", "N": None})  # fmt: skip
    assert "[]\n" in built.text and "[busyboximage2p]\n" in built.text and "build-args [N]" in built.text
    assert built.image is not None and built.image.steps[-1].created_by == "|2 T=busybox Y=2 /bin/sh -c echo [$T$X$Y$HTTP_PROXY]"
    assert built.image.config.env == [PATH, "X=image"]


def test_stages(build: Builder) -> None:
    built = build("FROM busybox AS One\nRUN echo made > /f\nFROM scratch\nCOPY --from=one /f /g\nCOPY --from=0 /f /h/\n"
                  "COPY --from=alpine /etc/os-release /\n")  # fmt: skip
    assert built.image is not None, built.error
    assert (built.reads("/g"), built.reads("/h/f")) == ("made\n", "made\n") and "Alpine" in built.reads("/os-release")
    assert "/bin/sh" not in built.image.files.nodes
    target = build("FROM busybox AS a\nENV a=1\nFROM busybox AS b\nRUN false\n", target="A")
    assert target.image is not None and "a=1" in target.image.config.env


def test_copies(build: Builder) -> None:
    packed = archive({"inner/x": "X"}, "w:gz")
    files = {"a.txt": "A", "d/b.txt": "B", "d/deep/c.txt": "C", "p.tar.gz": packed}

    def paths(*lines: str) -> set[str]:
        return {path for path in build("\n".join(["FROM busybox", "WORKDIR /w", *lines]), files).paths if path != "/w"}
    assert paths("COPY a.txt .") == {"/w/a.txt"}
    assert paths("COPY a.txt b") == {"/w/b"}
    assert paths("COPY d /e") == {"/e", "/e/b.txt", "/e/deep", "/e/deep/c.txt"}
    assert paths("COPY d/*.txt a* /e/") == {"/e", "/e/a.txt", "/e/b.txt"}
    assert paths('COPY ["a.txt", "/e/name with blank"]') == {"/e", "/e/name with blank"}
    assert paths("ADD p.tar.gz /u") == {"/u", "/u/inner", "/u/inner/x"}
    assert paths("COPY p.tar.gz /u") == {"/u"}
    assert paths("RUN ln -s /tmp /link", "COPY a.txt /link/") == {"/tmp/a.txt"}


@pytest.mark.parametrize(("flag", "owner"), [("", (0, 0)), ("--chown=bin:adm ", (1, 4)), ("--chown=7 ", (7, 7))])
def test_owners(flag: str, owner: tuple[int, int], build: Builder) -> None:
    built = build(f"FROM alpine\nCOPY {flag}a.txt /c\n")
    assert built.image is not None, built.error
    at = built.image.files.nodes["/c"].at
    assert (at.uid, at.gid, at.mode) == (*owner, 0o640)


def test_directories_that_a_copy_makes_are_the_owners_up_to_a_point(build: Builder) -> None:
    """Of a directory's copy only the last, of a file's all that are made: so a real builder left them."""
    built = build("FROM alpine\nCOPY --chown=3:4 d /t/u\nCOPY --chown=3:4 a.txt /v/w/f\n")
    assert built.image is not None, built.error
    owners = {path: built.image.files.nodes[path].at.uid for path in ("/t", "/t/u", "/t/u/deep", "/v", "/v/w", "/v/w/f")}
    assert owners == {"/t": 0, "/t/u": 3, "/t/u/deep": 3, "/v": 3, "/v/w": 3, "/v/w/f": 3}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("COPY nosuch /x", "COPY failed: file not found in build context or excluded by .dockerignore: stat nosuch: file does not "
                           "exist"),
        ("COPY nosuch* /x", "COPY failed: no source files were specified"),
        ("COPY a.txt d /x", "When using COPY with more than one source file, the destination must be a directory and end with "
                            "a /"),
        ("COPY ../x /x", "COPY failed: forbidden path outside the build context: ../x ()"),
        ("COPY --from=0 /a /b", "invalid from flag value 0: refers to current build stage"),
        ("COPY --from=7 /a /b", "invalid from flag value 7: index out of bounds"),
        ("COPY --from=busybox /nosuch /b", "COPY failed: stat nosuch: file does not exist"),
        ("COPY http://a.test/b /", "COPY failed: source can't be a URL for COPY"),
        ("ADD http://a.test/b /", "ADD failed: http://a.test/b: nothing outside of the simulation is read"),
        ("COPY --chown=zz a.txt /c", "unable to convert uid/gid chown string to host mapping: can't find uid for user zz: no such "
                                     "user: zz"),
        ("COPY a.txt /etc/passwd/x", "failed to copy files: /etc/passwd: not a directory"),
        ("WORKDIR /etc/passwd", "Cannot mkdir: /etc/passwd is not a directory"),
        ("RUN --mount=type=bind ls", "the --mount option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how "
                                     "to build images with BuildKit enabled"),
        ("EXPOSE abc", "Invalid containerPort: abc"),
        ("STOPSIGNAL FOO", "Invalid signal: FOO"),
        ("WORKDIR $NO", "cannot normalize nothing"),
        ("VOLUME $NO", "VOLUME specified can not be an empty string"),
        ("USER ${A:?no}", 'failed to process "${A:?no}": A: no'),
        ("RUN echo a; exit 3", "The command '/bin/sh -c echo a; exit 3' returned a non-zero code: 3"),
        ('RUN ["sh", "-c", "exit 4"]', "The command 'sh -c exit 4' returned a non-zero code: 4"),
        ("RUN nosuch", "The command '/bin/sh -c nosuch' returned a non-zero code: 127"),
        ("USER nosuch\nRUN id", "unable to find user nosuch: no matching entries in passwd file"),
        ("FROM nosuch", "pull access denied for nosuch, repository does not exist or may require 'docker login': denied: requested access "
                        "to the resource is denied"),
        ("FROM $NO", "base name ($NO) should not be blank"),
        ("FROM scratch", "No image was generated. Is your Dockerfile empty?"),
    ],
)  # fmt: skip
def test_refusals(line: str, why: str, refusal: Callable[..., str]) -> None:
    assert refusal(f"FROM busybox\n{line}\n") == why


@pytest.mark.parametrize(
    ("options", "left"), [({}, 1), ({"force_remove": True}, 0), ({"remove": False}, 2), ({"remove": False, "force_remove": True}, 0)]
)
def test_containers_of_steps_go_when_they_should(options: dict[str, bool], left: int, build: Builder) -> None:
    assert build("FROM busybox\nENV A=1\nRUN false\n", **options).error is not None
    assert len(build.daemon.containers) == left


def test_the_cache(build: Builder) -> None:
    def hits(dockerfile: str, files: dict[str, str | bytes], **options: object) -> int:
        return build(dockerfile, files, **options).text.count("Using cache")
    dockerfile, files = "FROM busybox\nENV A=b\nCOPY a.txt d /w/\nRUN touch /x\n", {"a.txt": "A", "d": "B"}
    assert [hits(dockerfile, files), hits(dockerfile, files)] == [0, 3]
    assert hits(dockerfile, {**files, "more": "unused"}) == 3
    assert hits(dockerfile, {**files, "d": "changed"}) == 1              # what is copied is another, and all after it is new
    assert hits(dockerfile, files, use_cache=False) == 0
    assert hits(dockerfile.replace("A=b", "A=c"), files) == 0
    assert hits(dockerfile, files, cache_from=["nosuch"]) == 0


def test_an_argument_belongs_to_what_the_cache_compares(build: Builder) -> None:
    dockerfile = "FROM busybox\nARG V\nRUN echo $V > /f\n"
    assert build(dockerfile, arguments={"V": "1"}).reads("/f") == "1\n"
    assert build(dockerfile, arguments={"V": "2"}).reads("/f") == "2\n"
    again = build(dockerfile, arguments={"V": "1"})
    assert again.text.count("Using cache") == 2 and again.reads("/f") == "1\n"


def test_the_cache_of_an_image_whose_parents_are_not_here(build: Builder) -> None:
    dockerfile = "FROM busybox\nENV A=b\nRUN touch /x\nRUN touch /y\n"
    image = build(dockerfile, tags=[reference_of("source")]).image
    assert image is not None
    for one in [one for one in build.daemon.images.by_id.values() if one is not image and "A=b" in one.config.env]:
        del build.daemon.images.by_id[one.id]
    image.parent = image.step = ""                                      # as a pulled image is
    assert build(dockerfile).text.count("Using cache") == 0
    again = build(dockerfile.replace("/y", "/z"), cache_from=["source"])
    assert again.text.count("Using cache") == 2
    assert build(dockerfile, cache_from=["source"]).image is image


def test_triggers_run_in_the_build_that_comes_after(build: Builder) -> None:
    build("FROM busybox\nONBUILD RUN echo trig > /t\nONBUILD COPY a.txt /q\n", tags=[reference_of("base")])
    built = build("FROM base\nRUN echo x\n")
    assert "# Executing 2 build triggers\n" in built.text and (built.reads("/t"), built.reads("/q")) == ("trig\n", "A")
    assert built.image is not None and not built.image.config.on_build


def test_labels_of_the_client_are_taken_as_they_are(build: Builder) -> None:
    built = build("FROM busybox\n", labels={"b": "$HOME 'q'", "a": "1"})
    assert built.image is not None and built.image.config.labels == {"a": "1", "b": "$HOME 'q'"}
    assert "Step 2/3 : LABEL a=1\n" in built.text


def test_a_quiet_build_says_its_id_or_all(build: Builder) -> None:
    built = build("FROM busybox\nENV A=1\n", quiet=True)
    assert built.image is not None and built.messages == [{"stream": f"{built.image.id}\n"}]
    failed = build("FROM busybox\nRUN echo why; false\n", quiet=True)
    assert failed.text.startswith("Step 1/2 : FROM busybox\n") and "why\n" in failed.text
    long = build("FROM busybox\nCOPY big /\nRUN cat /big /big /big /big /big; echo last; false\n", {"big": b"x" * (1 << 20)}, quiet=True)
    assert 3 << 20 < len(long.text) <= 4 << 20 and "last\n" in long.text


def test_limits_and_networks_are_those_of_the_client(build: Builder) -> None:
    host = HostConfig(network_mode="none", extra_hosts=["far.test:10.0.0.9"], shm_size=1 << 20)
    built = build("FROM alpine\nRUN ip addr; cat /etc/hosts; df | grep shm\n", host=host)
    assert "eth0" not in built.text and "10.0.0.9\tfar.test" in built.text and re.search(r"shm +1024 ", built.text)


def test_a_step_takes_the_time_of_a_container(build: Builder) -> None:
    """Goal: builds cost what their containers do. Method: the same build with a step that sleeps, and from the cache."""
    def took(dockerfile: str) -> int:
        began = build.daemon.clock.now
        assert build(dockerfile).error is None
        return int(build.daemon.clock.now - began)
    took("FROM busybox\n")
    plain, slow = took("FROM busybox\nRUN true\n"), took("FROM busybox\nRUN sleep 2\n")
    assert plain > 100_000_000 and 1_900_000_000 < slow - plain < 2_100_000_000
    assert took("FROM busybox\nRUN sleep 2\n") == 0


@pytest.mark.parametrize("after_ms", [50, 100, 200, 300, 500, 1000, 60_000])
def test_a_build_whose_client_has_gone_ends(after_ms: int, build: Builder) -> None:
    """In whatever phase of a step that is; only the container of this step goes, as in Docker."""
    build("FROM busybox\n")
    began, ghosts = build.daemon.clock.now, list[str]()

    def gone() -> object:
        yield build.daemon.clock.timeout(after_ms * 10**6)
        build.builds[1].cancel()
        yield build.daemon.clock.timeout(1)
        ghosts.extend(one.status for one in build.daemon.containers.values() if "sleep" in " ".join(one.argv))
    build.daemon.clock.process(gone())
    built = build("FROM busybox\nENV A=1\nRUN sleep 1000\nRUN echo never\n", remove=False)
    assert built.error is not None and "never\n" not in built.text.replace("echo never", "")
    assert build.daemon.clock.now - began < (after_ms + 1000) * 10**6
    assert ghosts == [] and not any("sleep" in " ".join(one.argv) for one in build.daemon.containers.values())


def test_a_step_waits_for_a_client_that_takes_no_more(build: Builder) -> None:
    def slow() -> object:
        yield build.daemon.clock.timeout(10**9)
        build.builds[0].room(False)
        yield build.daemon.clock.timeout(100 * 10**9)
        build.builds[0].room(True)
    build.daemon.clock.process(slow())
    built = build("FROM busybox\nRUN sleep 5; echo a; echo b; echo c\n")
    assert built.error is None and "a\nb\nc\n" in built.text
    assert build.daemon.clock.now > 101 * 10**9


@pytest.mark.parametrize(("text", "found"), [("linux", "linux/amd64"), ("arm64", "linux/arm64"), ("linux/aarch64", "linux/arm64")])
def test_platforms(text: str, found: str) -> None:
    assert platform_of(text) == found


def test_a_platform_that_is_not_here(refusal: Callable[..., str]) -> None:
    with pytest.raises(InvalidError, match="unknown operating system or architecture"):
        platform_of("foobar")
    assert refusal("FROM busybox\n", platform="linux/arm64") == "no matching manifest for linux/arm64 in the manifest list entries"


def test_a_redirection_is_the_last_commands_of_a_list(build: Builder) -> None:
    """The most usual line of a Dockerfile; the grammar gives the redirection to all of the list."""
    built = build("FROM busybox\nRUN mkdir /n && echo x > /n/f; echo one && echo two > /g; true && echo b 2>&1 | cat > /h\n")
    assert built.error is None, built.text
    assert [built.reads(path) for path in ("/n/f", "/g", "/h")] == ["x\n", "two\n", "b\n"] and "\none\n" in built.text
