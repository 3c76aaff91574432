"""A client that sends anything: whatever a body or a query holds, the answer is the daemon's, never a defect of the simulation."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutaway.models.docker.specification import Config, HostConfig
from tests.cutaway.engine.conftest import Served, with_alpine
from tests.cutaway.engine.test_http import asked

NAMES = ["alpine", "there",
         "bridge", "x", "80/tcp", "/a:/b", "a=b", "10.0.0.0/24", "10.0.0.1", "no", "KILL", "²", "\x00", "\ud800", "a" * 300]
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(), st.sampled_from(NAMES), st.text(max_size=6))
ANY = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([
    "80/tcp", "Name", "HostPort", "HostIp", "Type", "Source", "Target", "Subnet", "Gateway", "IPv4Address", "IPAMConfig", "Config", "a",
    "Hard", "Soft", "PathOnHost", "Test", "Interval", "MaximumRetryCount", "Aliases", "Links", "VolumeOptions", "DriverConfig",
    "SizeBytes", "TmpfsOptions", "BindOptions", "MacAddress", "AuxiliaryAddresses", "IPRange", "max-size", "max-file", "bridge",
    "EndpointsConfig", "Capabilities",
]), inner, max_size=3)), max_leaves=6)  # fmt: skip
CONFIG = [Config.model_fields[name].alias or name for name in Config.model_fields]
HOST = [HostConfig.model_fields[name].alias or name for name in HostConfig.model_fields]
"""By the names of the API."""


def with_some(keys: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(keys), ANY, max_size=4)


BODIES = {
    "/containers/create": st.builds(lambda config, host, networking: {"Image": "alpine", "Cmd": ["true"], "HostConfig": host,
                                                                      "NetworkingConfig": networking, **config},
                                    with_some(CONFIG), st.one_of(with_some(HOST), ANY), st.one_of(st.none(), ANY)),
    "/containers/there/update": st.one_of(with_some(HOST), ANY),
    "/containers/there/exec": st.one_of(with_some(["Cmd", "User", "Env", "WorkingDir", "DetachKeys", "Tty", "Privileged"]), ANY),
    "/networks/create": st.one_of(with_some(["Name", "Driver", "IPAM", "Options", "Labels", "Scope", "Internal", "EnableIPv6"]), ANY),
    "/networks/bridge/connect": st.one_of(with_some(["Container", "EndpointConfig"]), ANY),
    "/volumes/create": st.one_of(with_some(["Name", "Driver", "DriverOpts", "Labels"]), ANY),
    "/commit?container=there": st.one_of(with_some(CONFIG), ANY),
}  # fmt: skip
QUERIES = ("GET /containers/json?filters=", "GET /images/json?filters=", "GET /networks?filters=", "GET /volumes?filters=",
           "GET /events?until=1&filters=", "POST /containers/prune?filters=", "POST /containers/there/kill?signal=",
           "POST /containers/nothing/stop?t=", "POST /containers/there/resize?h=1&w=", "GET /containers/there/top?ps_args=",
           "POST /containers/there/rename?name=", "POST /images/alpine/tag?repo=", "GET /containers/there/logs?stdout=1&since=",
           "GET /containers/there/logs?stdout=1&tail=", "POST /commit?container=there&changes=", "GET /images/", "DELETE /containers/x",
           "GET /containers/there/archive?path=", "GET /containers/json?limit=")  # fmt: skip


@pytest.fixture(scope="module")
def there(served: Served) -> Served:
    """With an image and a container."""
    with_alpine(served)
    answered(served, "POST", "/containers/create?name=there", {"Image": "alpine", "Cmd": ["sleep", "1000000000"]})
    answered(served, "POST", "/containers/there/start", None)
    return served


def answered(served: Served, method: str, target: str, body: Any) -> bytes:
    content = b"" if body is None else json.dumps(body, allow_nan=True).encode()
    head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    return asked(served, head.encode() + b"\r\n\r\n" + content)


def is_the_daemons(found: bytes) -> bool:
    return found.startswith(b"HTTP/1.1 ") and b"internal error of the simulation" not in found


@pytest.mark.parametrize("target", BODIES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_body_gets_an_answer_of_the_daemons(there: Served, target: str, data: st.DataObject) -> None:
    body = data.draw(BODIES[target])
    found = answered(there, "POST", target, body)
    assert is_the_daemons(found), (body, found)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asking=st.sampled_from(QUERIES), value=st.one_of(ANY, SCALARS))
def test_any_query_gets_an_answer_of_the_daemons(there: Served, asking: str, value: Any) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    method, _, target = asking.partition(" ")
    found = answered(there, method, target + quote(text.encode("utf-8", "surrogatepass"), safe=""), None)
    assert is_the_daemons(found), (target, text, found)
