"""The builder: stage after stage, step after step, each in a container of its own or by copying, each kept as an image.

What it tells is what a client shows, message for message as Docker's. Read first: docs/models/docker/building.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cutaway.models.docker.building.arguments import Arguments
from cutaway.models.docker.building.cache import Cache, key_of
from cutaway.models.docker.building.configuring import changed, command_of, expanded, shell_of
from cutaway.models.docker.building.context import Context
from cutaway.models.docker.building.copying import ROOT, Copy, copy_of, made_directory, needs_buildkit, performed
from cutaway.models.docker.building.instructions import Dockerfile, Instruction, Stage, dockerfile_of, instruction_of
from cutaway.models.docker.building.words import expanded as expanded_word
from cutaway.models.docker.container import Container
from cutaway.models.docker.creating import create
from cutaway.models.docker.errors import CommandFailedError, DaemonError, InvalidError
from cutaway.models.docker.filesystem.tree import NOTHING, Layer, Tree
from cutaway.models.docker.filesystem.view import Mount, View
from cutaway.models.docker.images.committing import layer_of, made, written_by
from cutaway.models.docker.images.image import Image, ImageLayer, Step
from cutaway.models.docker.images.pulling import Pull, Tell, pulled
from cutaway.models.docker.processes.exec import DEFAULT_PATH
from cutaway.models.docker.processes.process import environment_of
from cutaway.models.docker.processes.streams import Watcher
from cutaway.models.docker.record import Act
from cutaway.models.docker.references import Reference, reference_of
from cutaway.models.docker.specification import Config, Health, HostConfig
from cutaway.sim.clock import Process as Steps

if TYPE_CHECKING:
    from cutaway.models.docker.daemon import Daemon

SCRATCH = "scratch"
COMMIT_NS = 60_000_000
"""An image is kept: its configuration written, its layer registered; assumed, 20 to 150 ms. dockerd 20.10 took 140 to 170 ms for a step
that only changes the configuration, with its container made and removed."""
WRITE_RATE = 50_000_000
"""Bytes of a layer that are copied and packed a second; assumed, 30 to 200 MB/s. dockerd 20.10 took 0.6 to 0.9 s for 30 MB."""
MOST_KEPT = 4 * 1024 * 1024
"""Characters that a quiet build keeps for the case that it fails, the last ones; Docker keeps all."""
FILLING, CONFIGURING = ("RUN", "COPY", "ADD"), "configure"
"""What the record calls an instruction: those that fill a layer by their names, all others alike."""
_SECOND_NS = 1_000_000_000
_SYSTEMS = ("darwin", "freebsd", "linux", "windows")
_ARCHITECTURES = ("386", "amd64", "arm", "arm64", "ppc64le", "riscv64", "s390x")
_ALIASES = {"aarch64": "arm64", "x86_64": "amd64"}
_RED, _PLAIN = "\x1b[91m", "\x1b[0m"


@dataclass
class Options:
    """What a client asks of a build."""

    dockerfile: str = "Dockerfile"
    tags: Sequence[Reference] = ()
    target: str = ""
    arguments: Mapping[str, str | None] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    use_cache: bool = True
    cache_from: Sequence[str] = ()
    pull: bool = False
    """Whether base images are asked of the registry even where they are there."""
    remove: bool = True
    """Whether a step's container goes when the step is done."""
    force_remove: bool = False
    """Whether it goes when the step failed, too."""
    quiet: bool = False
    platform: str = ""
    host: HostConfig = field(default_factory=HostConfig)
    """Limits and networks of the containers of steps."""


@dataclass
class State:
    """Where a stage is."""

    arguments: Arguments
    image: Image | None = None
    """None for `scratch` before its first step."""
    config: Config = field(default_factory=Config)
    author: str = ""
    has_command: bool = False
    """Whether this stage has set a CMD."""

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.image.steps if self.image else ()

    def view(self, now_ns: int = 0) -> View:
        """Its files, to read, and to write above them at some time."""
        view = View(made_ns=now_ns)
        view.mount(Mount("/", Tree(self.image.files if self.image else NOTHING)))
        return view


class Build:
    """One build."""

    def __init__(self, daemon: Daemon, context: Context, options: Options, tell: Tell) -> None:
        """Raises DaemonError for a Dockerfile that cannot be built."""
        self.daemon, self.context, self.options = daemon, context, options
        self.dockerfile = _targeted(dockerfile_of(context.dockerfile(options.dockerfile), options.dockerfile), options)
        sources = [image for name in options.cache_from if (image := daemon.images.find(name)) is not None]
        self.cache = Cache(daemon.images, sources if options.cache_from else None, enabled=options.use_cache)
        self.done: list[tuple[str, Image | None]] = []
        """Stages that are built: name and image."""
        self.containers: list[Container] = []
        """Of steps, those that are still there."""
        self.has_room = True
        """Off while the client takes no more; a step's process then waits when it writes."""
        self._tell = tell
        self._kept: deque[dict[str, Any]] = deque()
        """What a quiet build has not told."""
        self._kept_size = 0
        self._running: Container | None = None
        self._watcher: Watcher | None = None
        self._number = 0
        self._cancelled = False
        self._act: Act

    def run(self) -> Steps:
        """The image, in the store and named. Raises DaemonError."""
        try:
            with self.daemon.record.act("build", self.options.tags[0].tagged if self.options.tags else "") as self._act:
                image = yield from self._stages()
        except DaemonError:
            for message in self._kept:
                self._tell(message)
            raise
        if self.options.quiet:
            self._tell({"stream": f"{image.id}\n"})
        else:
            self._say(f"Successfully built {_short(image.id)}\n")
        for reference in self.options.tags:
            self.daemon.images.tag(image, reference, self.daemon.now_ns)
            self.daemon.tell_image("tag", image.id, reference.tagged)
            self._say(f"Successfully tagged {reference.tagged}\n")
        return image

    def cancel(self) -> None:
        """The client has gone: the step that runs is killed and its container goes, no other begins."""
        self._cancelled = True
        if self._running is not None and not self._running.removing:
            self.daemon.clock.process(self.daemon.remove(self._running, force=True, volumes=True))

    def room(self, there_is: bool) -> None:
        """Whether the client takes more."""
        self.has_room = there_is
        if there_is and self._watcher is not None:
            self._watcher.has_room()

    # --- telling ---

    def _say(self, text: str) -> None:
        self._message({"stream": text})

    def _message(self, message: dict[str, Any]) -> None:
        if self.options.quiet:
            self._kept.append(message)
            self._kept_size += len(message.get("stream", ""))
            while self._kept_size > MOST_KEPT:
                self._kept_size -= len(self._kept.popleft().get("stream", ""))
        else:
            self._tell(message)

    def _announce(self, text: str) -> None:
        self._number += 1
        total = len(self.dockerfile.before) + sum(1 + len(stage.steps) for stage in self.dockerfile.stages)
        self._say(f"Step {self._number}/{total} : {text}")
        self._say("\n")

    # --- stages ---

    def _stages(self) -> Steps:
        if self.dockerfile.warnings:
            warnings = "\n".join(self.dockerfile.warnings)
            self._say(f"{_RED}{warnings}\n{_PLAIN}")
        arguments = Arguments(self.options.arguments)
        for one in self.dockerfile.before:
            self._announce(one.text)
            for key, value in expanded(one, arguments.allowed({}), self.dockerfile.escape).pairs:
                arguments.declare_before(key, value)
        state = State(arguments)
        for stage in self.dockerfile.stages:
            if stage.name and stage.name in dict(self.done):
                raise DaemonError(f"{stage.name} stage name already used")
            state = State(arguments.stage())
            yield from self._stage(stage, state)
            if state.image is not None:
                self._message({"aux": {"ID": state.image.id}})
            self.done.append((stage.name, state.image))
        if unused := arguments.unused():
            self._say(f"[Warning] One or more build-args [{' '.join(unused)}] were not consumed\n")
        if state.image is None:
            raise DaemonError("No image was generated. Is your Dockerfile empty?")
        return state.image

    def _stage(self, stage: Stage, state: State) -> Steps:
        self._announce(stage.text)
        self.cache.begin_stage()
        yield from self._act.begins("builder", "FROM")
        state.image = yield from self._base(stage, state)
        self._act.ends()
        state.config = state.image.config.model_copy(deep=True) if state.image else Config()
        if "PATH" not in environment_of(state.config.env):
            state.config.env.append(f"PATH={DEFAULT_PATH}")
        triggers, state.config.on_build = state.config.on_build or [], None
        if triggers:
            self._say(f"# Executing {len(triggers)} build trigger{'s' if len(triggers) > 1 else ''}\n")
        for text in triggers:
            yield from self._step(instruction_of(text), state)
        self._say(f" ---> {_short(state.image.id if state.image else '')}\n")
        for one in stage.steps:
            if self._cancelled:
                self._say("Build cancelled\n")
                raise DaemonError("Build cancelled")
            self._announce(one.text)
            yield from self._step(one, state)
            self._say(f" ---> {_short(state.image.id if state.image else '')}\n")

    def _base(self, stage: Stage, state: State) -> Steps:
        """What FROM names: an earlier stage, nothing, or an image."""
        values = state.arguments.of_from()
        name = expanded_word(stage.base, values, self.dockerfile.escape)
        if not name:
            raise DaemonError(f"base name ({stage.base}) should not be blank")
        if name.lower() in (stages := dict(self.done)):
            return stages[name.lower()]
        if name == SCRATCH:
            return None
        platform = expanded_word(stage.platform, values, self.dockerfile.escape)
        return (yield from self._image(name, platform_of(platform) if platform else self.options.platform))

    def _image(self, name: str, platform: str) -> Steps:
        found = None if self.options.pull else self.daemon.images.find(name)
        if found is None or (platform and not f"{platform}/".startswith(f"{found.os}/{found.architecture}/")):
            pull = Pull(self.daemon.clock, self.daemon.images, self._message, platform)
            found = yield from pulled(self.daemon, reference_of(name), pull)
        return found

    # --- steps ---

    def _step(self, one: Instruction, state: State) -> Steps:
        environment = environment_of(state.config.env)
        if not one.is_literal:
            one = expanded(one, environment | state.arguments.allowed(environment), self.dockerfile.escape)
        succeeded = False
        yield from self._act.begins("builder", one.name if one.name in FILLING else CONFIGURING)
        try:
            match one.name:
                case "RUN":
                    yield from self._run(one, state)
                case "ADD" | "COPY":
                    yield from self._copy(one, state)
                case _:
                    yield from self._configure(one, state)
            succeeded = True
        finally:
            if self.options.force_remove or (succeeded and self.options.remove):
                yield from self._remove_containers()
            self._act.ends()

    def _configure(self, one: Instruction, state: State) -> Steps:
        """What changes the configuration only; WORKDIR makes its directory too."""
        previous = state.config.healthcheck
        if one.name == "HEALTHCHECK" and previous and previous.test and previous.test[0] != "NONE":
            self._say(f"Note: overriding previous HEALTHCHECK: [{' '.join(previous.test)}]\n")
        state.config, comment = changed(state.config, one, keep_command=state.has_command)
        state.has_command |= one.name == "CMD" and bool(one.words)
        if one.name == "ARG":
            for key, value in one.pairs:
                state.arguments.declare(key, value)
        if one.name == "MAINTAINER":
            state.author = one.words[0]
        # Docker writes the comment of WORKDIR as one word with its mark, those of the others as two.
        command = [*shell_of(state.config), f"#(nop) {comment}"] if one.name == "WORKDIR" else [*shell_of(state.config), "#(nop) ", comment]
        probed = state.config.model_copy(update={"cmd": command}, deep=True)
        if self._is_cached(state, probed):
            return
        container = yield from self._container(state, probed)
        files = _with_directory(state.view(self.daemon.now_ns), state.config.working_dir) if one.name == "WORKDIR" else {}
        yield from self._keep(state, probed, layer_of(files, f"{container.id}{self.daemon.now_ns}"), container)

    def _run(self, one: Instruction, state: State) -> Steps:
        if one.flags:
            raise DaemonError(needs_buildkit(next(iter(one.flags))))
        command = command_of(one, state.config)
        allowed = state.arguments.allowed(environment_of(state.config.env))
        marked = sorted(f"{name}={value}" for name, value in allowed.items() if state.arguments.in_history(name))
        recorded = [f"|{len(marked)}", *marked, *command] if allowed else command
        probed = state.config.model_copy(update={"cmd": recorded, "entrypoint": None if recorded else state.config.entrypoint}, deep=True)
        if self._is_cached(state, probed):
            return
        environment = [*state.config.env, *(f"{name}={value}" for name, value in allowed.items())]
        config = state.config.model_copy(update={"cmd": command, "env": environment, "healthcheck": Health(test=["NONE"])}, deep=True)
        config.entrypoint = [""] if command else config.entrypoint
        container = yield from self._container(state, config)
        code = yield from self._finished(container)
        if self._cancelled:
            raise DaemonError("Build cancelled")
        if code:
            raise CommandFailedError(f"The command '{' '.join(command)}' returned a non-zero code: {code}", code)
        yield from self._keep(state, probed, written_by(self.daemon, container), container)

    def _finished(self, container: Container) -> Steps:
        """Runs a container; what it writes is told. The value is its exit code."""
        self._running, self._watcher = container, container.output.watch(self._heard)
        ended = container.next_exit
        try:
            yield from self._started(container)
            return ended.value if ended.processed else (yield ended)
        finally:
            self._running = self._watcher = None

    def _started(self, container: Container) -> Steps:
        try:
            yield from self.daemon.lifecycle.start(container)
        except OSError as error:
            raise DaemonError(f"{error.filename}: {(error.strerror or '').lower()}") from None

    def _heard(self, stream: int, data: bytes) -> bool:
        if data:
            text = data.decode(errors="replace")
            self._say(f"{_RED}{text}{_PLAIN}" if stream == 2 else text)
        return self.has_room

    def _copy(self, one: Instruction, state: State) -> Steps:
        origin = one.flags.get("from", "")
        view = (yield from self._view_of(origin)) if origin else self.context.view
        copy: Copy = copy_of(one, view, is_from_image=bool(origin))
        command = [*shell_of(state.config), f"#(nop) {copy.comment}"]
        probed = state.config.model_copy(update={"cmd": command}, deep=True)
        if self._is_cached(state, probed):
            return
        into = state.view(self.daemon.now_ns)
        performed(copy, into, state.config.working_dir)
        files = into.mounts["/"].tree.layer()
        identity = f"{state.image.id if state.image else SCRATCH}{copy.comment}{self.daemon.now_ns}"
        yield from self._keep(state, probed, layer_of(files, identity), None)

    def _view_of(self, name: str) -> Steps:
        """The files of an earlier stage or of an image."""
        try:
            return State(Arguments({}), (yield from self._origin(name))).view()
        except DaemonError as error:
            raise DaemonError(f"invalid from flag value {name}: {error.message}") from None

    def _origin(self, name: str) -> Steps:
        if name.lower() in (stages := dict(self.done)):
            return stages[name.lower()]
        if name.isdecimal():
            if int(name) == len(self.done):
                raise DaemonError("refers to current build stage")
            if int(name) > len(self.done):
                raise DaemonError("index out of bounds")
            return self.done[int(name)][1]
        return (yield from self._image(name, self.options.platform))

    # --- images and containers of steps ---

    def _remove_containers(self) -> Steps:
        while self.containers:
            container = self.containers.pop()
            if not container.removing:
                yield from self.daemon.remove(container, force=True, volumes=True)
            self._say(f" ---> Removed intermediate container {_short(container.id)}\n")

    def _is_cached(self, state: State, probed: Config) -> bool:
        found = self.cache.find(state.image, probed)
        if found is not None:
            self._say(" ---> Using cache\n")
            state.image = found
        return found is not None

    def _container(self, state: State, config: Config) -> Steps:
        plain = {"image": state.image.id if state.image else "", "open_stdin": False, "stdin_once": False}
        config = config.model_copy(update=plain, deep=True)
        host = self.options.host.model_copy(deep=True)
        host.log_config.type = "none"
        nothing = None if state.image else Image("", Config(), (), self.daemon.now_ns)
        container, warnings = yield from create(self.daemon, None, config, host, {}, image=nothing)
        self.containers.append(container)
        if self._cancelled:
            yield from self.daemon.remove(self.containers.pop(), force=True, volumes=True)
            raise DaemonError("Build cancelled")
        for warning in warnings:
            self._say(f" ---> [Warning] {warning}\n")
        self._say(f" ---> Running in {_short(container.id)}\n")
        return container

    def _keep(self, state: State, probed: Config, layer: ImageLayer, container: Container | None) -> Steps:
        """The state as an image; a container that wrote nothing leaves no layer."""
        yield self.daemon.clock.timeout(COMMIT_NS + layer.size * _SECOND_NS // WRITE_RATE)
        kept = layer if layer.files or container is None else None
        step = Step(" ".join(probed.cmd or []), self.daemon.now_ns, kept)
        state.image = made(self.daemon, state.config.model_copy(deep=True), (*state.steps, step), author=state.author, step=key_of(probed),
                           parent=state.image.id if state.image else "", container=container.id if container else "")  # fmt: skip


def _with_directory(view: View, path: str) -> Layer:
    """What is written where a directory is made, if it is not there. Raises DaemonError."""
    try:
        made_directory(view, path, ROOT)
    except OSError:
        raise DaemonError(f"Cannot mkdir: {path} is not a directory") from None
    return view.mounts["/"].tree.layer()


def _targeted(dockerfile: Dockerfile, options: Options) -> Dockerfile:
    """Up to the stage that is wanted, with the labels that the client adds to it."""
    stages = dockerfile.stages
    if options.target:
        names = [stage.name for stage in stages]
        wanted = options.target.lower()
        if wanted not in names and not (wanted.isdecimal() and int(wanted) < len(stages)):
            raise InvalidError(f"failed to reach build target {options.target} in Dockerfile")
        stages = stages[: (names.index(wanted) if wanted in names else int(wanted)) + 1]
    for key, value in sorted(options.labels.items()):
        stages[-1].steps.append(Instruction("LABEL", f"LABEL {key}={value}", pairs=((key, value),), is_literal=True))
    return replace(dockerfile, stages=stages)


def platform_of(text: str) -> str:
    """`linux/amd64`, from that or from a part of it. Raises InvalidError."""
    parts = [_ALIASES.get(part, part) for part in text.lower().split("/")]
    if len(parts) == 1:
        if parts[0] in _SYSTEMS:
            return f"{parts[0]}/amd64"
        if parts[0] in _ARCHITECTURES:
            return f"linux/{parts[0]}"
        raise InvalidError(f'"{text}": unknown operating system or architecture: invalid argument')
    if len(parts) > 3 or not all(parts):
        raise InvalidError(f'"{text}": cannot parse platform specifier: invalid argument')
    return f"{parts[0]}/{parts[1]}"


def _short(id_: str) -> str:
    return id_.removeprefix("sha256:")[:12]
