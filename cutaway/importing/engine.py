"""A Docker host's REST API over its Unix socket, read only: there is no way here to send anything but GET.

Read first: Docker Engine API, `GET /info`, `/containers/json`, `/containers/{id}/json`, `/images/{name}/json`, in the newest version.
"""

from __future__ import annotations

import errno
import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from cutaway.scenarios.problems import printable

PATIENCE_S = 10.0
MOST_BYTES = 16 * 1024 * 1024
"""Of one answer; the list of a thousand containers is about one MB."""
SCHEME = "unix://"


class NoDockerHost(Exception):  # noqa: N818
    """A host that cannot be asked, or that answers what no host should: one sentence."""


class Host:
    """One Docker host."""

    def __init__(self, address: str) -> None:
        """`unix:///var/run/docker.sock`."""
        if not address.startswith(SCHEME) or not address.removeprefix(SCHEME).startswith("/"):
            text = f"{printable(address, 200)} is no Unix socket; expected such as unix:///var/run/docker.sock"
            raise NoDockerHost(f"{text}: a host elsewhere can be forwarded to one (ssh -L).")
        if not hasattr(socket, "AF_UNIX"):
            raise NoDockerHost("this system has no Unix sockets for Python; import from a Compose file")
        self.address = address
        self.path = address.removeprefix(SCHEME)

    def get(self, path: str, **query: str) -> Any:
        """What the host answers, from JSON. Raises NoDockerHost."""
        asked = path + ("?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items()) if query else "")
        connection = _UnixConnection(self.path)
        try:
            connection.request("GET", asked)
            response = connection.getresponse()
            content = response.read(MOST_BYTES + 1)
        except OSError as error:
            raise NoDockerHost(f"{printable(self.address, 200)}: {_reason(error)}.") from None
        except http.client.HTTPException as error:
            raise self._strange(path, f"is no HTTP ({type(error).__name__})") from None
        finally:
            connection.close()
        if len(content) > MOST_BYTES:
            raise self._strange(path, f"is longer than {MOST_BYTES:,} bytes")
        if response.status != 200:
            raise self._strange(path, f"is {response.status}: {_message(content)}")
        return self._parsed(path, content)

    def _parsed(self, path: str, content: bytes) -> Any:
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise self._strange(path, "is no JSON") from None

    def _strange(self, path: str, what: str) -> NoDockerHost:
        asked = f"the answer to GET {printable(path, 100)}"
        return NoDockerHost(f"{printable(self.address, 200)}: {asked} {what}; expected that of a Docker host.")

    def mapping(self, path: str, **query: str) -> Mapping[str, Any]:
        """An answer that must be an object. Raises NoDockerHost."""
        found = self.get(path, **query)
        if not isinstance(found, dict):
            raise self._strange(path, "is no object")
        return found

    def listed(self, path: str, **query: str) -> list[Mapping[str, Any]]:
        """An answer that must be a list of objects. Raises NoDockerHost."""
        found = self.get(path, **query)
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise self._strange(path, "is no list of objects")
        return found


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket; no read waits for longer than the patience."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=PATIENCE_S)
        self.socket_path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE_S)
        try:
            self.sock.connect(self.socket_path)
        except ValueError:
            raise OSError(errno.EINVAL, "the name of the socket cannot be one") from None


def _reason(error: OSError) -> str:
    match error.errno:
        case errno.ENOENT:
            return "there is no such socket; is Docker installed and running"
        case errno.ECONNREFUSED:
            return "nobody listens there; Docker is not running"
        case errno.EACCES | errno.EPERM:
            return "no permission; expected to run as root, or as a member of the group that owns the socket"
    if isinstance(error, TimeoutError):
        return f"no answer within {PATIENCE_S:g} s"
    return (error.strerror or str(error) or type(error).__name__).lower()


def _message(content: bytes) -> str:
    """What the host says in words."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        said = None
    text = said.get("message") if isinstance(said, dict) else None
    return printable(text if isinstance(text, str) else content.decode("utf-8", "replace"), 200)
