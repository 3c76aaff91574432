"""Who runs in a container: `USER` as the image and the client write it, looked up in the container's own files."""

from __future__ import annotations

from collections.abc import Sequence

from cutaway.models.docker.errors import DaemonError, InvalidError
from cutaway.models.docker.filesystem.view import View
from cutaway.models.docker.processes.process import Identity
from cutaway.models.docker.programs.files import lines_of


def identity_of(view: View, user: str, more: Sequence[str] = ()) -> tuple[Identity, str]:
    """The identity and its home folder. Raises DaemonError."""
    name, _, group = user.partition(":")
    people = [one for line in lines_of(view, "/etc/passwd") if len(one := line.split(":")) > 5 and one[2].isdigit() and one[3].isdigit()]
    groups = [one for line in lines_of(view, "/etc/group") if len(one := line.split(":")) > 2 and one[2].isdigit()]
    name = name or "root"
    person = next((one for one in people if one[0] == name), None) or next((one for one in people if one[2] == name), None)
    if person is None and name != "root" and not name.isdigit():
        raise InvalidError(f"unable to find user {name}: no matching entries in passwd file")
    uid = int(person[2]) if person else 0 if name == "root" else int(name)
    gid = int(person[3]) if person else 0
    if group:
        gid = _group(groups, group)
    member_of = [int(one[2]) for one in groups if len(one) > 3 and person and person[0] in one[3].split(",")] if not group else []
    extra = tuple(dict.fromkeys([*(number for number in member_of if number != gid), *(_group(groups, one) for one in more)]))
    return Identity(uid, gid, extra, person[0] if person else name), person[5] if person else "/root" if uid == 0 else "/"


def _group(groups: Sequence[Sequence[str]], text: str) -> int:
    found = next((int(one[2]) for one in groups if one[0] == text), None)
    if found is None and not text.isdigit():
        raise DaemonError(f"Unable to find group {text}: no matching entries in group file")
    return int(text) if found is None else found
