"""Which command a request belongs to: `docker run` is a create, perhaps a pull and a create again, an attach, a wait and a start."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from cutaway.engine.http import Answer, Reply, Request
from cutaway.engine.showing import command_line
from cutaway.models.docker.record import Act, Record, Step

KEPT = 24
"""Commands that are remembered."""
LONGEST_NAME = 40
"""Characters of what a client calls itself."""
ASKED_KEPT = 16
"""Of a command's requests, besides the first."""
CREATE_S = 0.5
"""`docker run` goes on at once; what has not after so long was a `docker create`."""
ASIDE_S = 5.0
"""A request of another command is told of for so long."""
NOISE = re.compile(r"/_ping|/version|/events|/auth|/containers/[^/]+/(resize|wait)|/exec/[^/]+/(resize|json)")

Kind = Literal["run", "pull", "exec", "other", "look"]


@dataclass(eq=False)
class Asked:
    """A request, and what became of it."""

    request: Request
    real_s: float
    status: int | None = None
    document: Any = None
    """The answer's."""

    @property
    def message(self) -> str:
        """What the daemon said was wrong."""
        return str(self.document.get("message", "")) if (self.status or 0) >= 400 and isinstance(self.document, dict) else ""


@dataclass(eq=False)
class Command:
    """A command that some client was given."""

    kind: Kind
    client: str
    asked: list[Asked]
    first_act: int
    """Number of the record's acts before it."""
    container: str = ""
    """Its id, or the name that is asked for."""
    image: str = ""
    exec_id: str = ""
    acts: list[Act] = field(default_factory=list)
    output: list[str] = field(default_factory=list)
    """Lines of an exec."""

    @property
    def has_started(self) -> bool:
        return any(one.request.plain_path.endswith("/start") for one in self.asked)

    @property
    def is_build(self) -> bool:
        return self.asked[0].request.plain_path == "/build"

    @property
    def verb(self) -> str:
        """Of its first request."""
        if self.kind != "run":
            return self.line.split(" ")[1] if " " in self.line else ""
        created = self.asked[-1]
        waits = created.status == 201 and not any(re.search(r"/(attach|start|wait)$", one.request.plain_path) for one in self.asked)
        return "create" if waits and time.monotonic() - created.real_s > CREATE_S else "run"

    @property
    def line(self) -> str:
        """As it was typed, as far as is known."""
        request = self.asked[0].request
        try:
            match self.kind:
                case "run":
                    return command_line.run_line(request, self.verb)
                case "pull":
                    return command_line.pull_line(request)
                case "exec":
                    return command_line.exec_line(request, command_line.short(request.plain_path.split("/")[2]))
        except command_line.UNREADABLE:
            return f"docker {self.kind}"
        return command_line.line_of(request, command_line.SIMPLE) or command_line.line_of(request, command_line.LOOKS)

    @property
    def error(self) -> str:
        """What the daemon refused it with."""
        missing = self.kind == "run" and self.asked[-1].status == 404 and self.asked[-1].request.plain_path == "/containers/create"
        if self.asked[-1].message and not (missing and self.asked[-1].message.startswith("No such image")):
            return self.asked[-1].message
        return next((act.error for act in self.acts if act.error), "")

    @property
    def is_going(self) -> bool:
        return any(one.status is None for one in self.asked) or any(not act.over for act in self.acts)

    def takes(self, act: Act) -> bool:
        """Whether an act is its doing; then it is among its acts."""
        if act in self.acts:
            return True
        # what comes again, as a start by a restart policy, is no command's
        if act.number <= self.first_act or act.kind == "page" or self.kind == "look" or any(one.kind == act.kind for one in self.acts):
            return False
        fits = bool(self.container) and act.subject == self.container
        fits |= act.kind == "build" and self.is_build and self.is_going
        if self.kind in ("run", "pull"):
            fits |= act.kind == "pull" and bool(self.image) and act.subject.removesuffix(":latest") == self.image.removesuffix(":latest")
            # a container that is to have no particular name gets one only now
            fits |= act.kind == "create" and self.kind == "run" and not self.container and self.is_going
        if fits:
            self.acts.append(act)
            if act.kind == "create":
                self.container = self.container or act.subject
        return fits


class Commands:
    """Those of one Engine, the last ones."""

    def __init__(self, record: Record, id_of: Callable[[str], str]) -> None:
        """`id_of` finds a container by what a client calls it; "" if there is none."""
        self.record = record
        self.id_of = id_of
        record.listeners.append(self._begun)
        self.last: deque[Command] = deque(maxlen=KEPT)
        self.aside: Asked | None = None

    # --- requests ---

    def asked(self, request: Request) -> Asked:
        """A request has come."""
        one = Asked(request, time.monotonic())
        command = self._of(one)
        if command is None:
            if not NOISE.fullmatch(request.plain_path):
                self.aside = one
        elif one not in command.asked:
            command.asked.append(one)
            del command.asked[1:-ASKED_KEPT]
        return one

    def answered(self, one: Asked, answer: Answer) -> None:
        """It has been answered, or its answer begins."""
        one.status = answer.status if not hasattr(answer, "talk") else 101
        one.document = answer.document if isinstance(answer, Reply) else None
        command = next((each for each in reversed(self.last) if one in each.asked), None)
        if command is None or not isinstance(one.document, dict):
            return
        if one.request.plain_path == "/containers/create" and "Id" in one.document:
            command.container = str(one.document["Id"])
        elif command.kind == "exec" and "Id" in one.document:
            command.exec_id = str(one.document["Id"])

    def _of(self, one: Asked) -> Command | None:
        """The command that it belongs to, which may be a new one; None for what only looks on the way."""
        request = one.request
        if request.plain_path == "/containers/create":
            return self._missing(request) or self._new("run", one, container=request.get("name"))
        if request.plain_path == "/images/create" and request.get("fromImage"):
            return self._pulls_for(request) or self._new("pull", one, image=command_line.image_of(request))
        if found := re.fullmatch(r"/containers/([^/]+)/(attach|wait|start)", request.plain_path):
            command = self._run_of(found[1])
            if command is not None and not (found[2] == "start" and command.has_started):
                return command
            if found[2] == "wait":
                return None
        if found := re.fullmatch(r"/containers/([^/]+)/exec", request.plain_path):
            return self._new("exec", one, container=self.id_of(found[1]))
        if found := re.fullmatch(r"/exec/([^/]+)/start", request.plain_path):
            return next((each for each in reversed(self.last) if each.exec_id == found[1]), None)
        if command_line.line_of(request, command_line.SIMPLE):
            name = re.fullmatch(r"/containers/([^/]+)(/\w+)?", request.plain_path)
            return self._new("other", one, container=self.id_of(name[1]) if name else "")
        if command_line.line_of(request, command_line.LOOKS):
            self._new("look", one)
        return None

    def _new(self, kind: Kind, one: Asked, *, container: str = "", image: str = "") -> Command:
        agent = one.request.headers.get("user-agent", "")
        name = agent.partition("/")[0][:LONGEST_NAME] or "?"
        client = {"Docker-Client": "docker", "docker-sdk-python": "docker-py", "docker-compose": "compose"}.get(name, name)
        made = Command(kind, client, [one], self.record.count, container, image)
        self.last.append(made)
        return made

    def _missing(self, request: Request) -> Command | None:
        """A `docker run` that had to pull its image first, and has."""
        return next((each for each in reversed(self.last) if each.kind == "run" and each.asked[-1].request.plain_path == "/images/create"
                     and each.asked[0].request.get("name") == request.get("name")
                     and any(act.kind == "pull" and act.over and not act.error for act in each.acts)), None)  # fmt: skip

    def _pulls_for(self, request: Request) -> Command | None:
        wanted = command_line.image_of(request)
        for each in reversed(self.last):
            body = each.asked[0].request.document
            image = str(body.get("Image", "")) if isinstance(body, dict) else ""
            if each.kind == "run" and each.asked[-1].status == 404 and image.removesuffix(":latest") == wanted.removesuffix(":latest"):
                each.image = wanted
                return each
        return None

    def _run_of(self, container: str) -> Command | None:
        return next((each for each in reversed(self.last) if each.kind == "run" and each.container.startswith(container)), None)

    # --- acts ---

    def of_act(self, act: Act) -> Command | None:
        """Whose doing it is."""
        return next((each for each in reversed(self.last) if each.takes(act)), None)

    def _begun(self, act: Act, step: Step) -> None:
        """Each act is given to its command by its first step."""
        if len(act.steps) == 1 and act.kind != "page":
            self.of_act(act)
