"""What a client asks of networks, volumes, execs and mounts, in the names of the Engine API: checked for its kinds, as Go's decoder does.

The daemon then takes plain tables in which only what was given stands. Containers have `specification`.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from cutaway.models.docker.specification import Form, Lines, Number, Text, Texts, Truth, Words, form_of


class EndpointAddress(Form):
    address: Text = Field(default="", alias="IPv4Address")
    address6: Text = Field(default="", alias="IPv6Address")
    link_local: Lines | None = Field(default=None, alias="LinkLocalIPs")


class EndpointAsked(Form):
    """A container's place in a network."""

    ipam: EndpointAddress | None = Field(default=None, alias="IPAMConfig")
    links: Lines | None = None
    aliases: Lines | None = None
    mac_address: Text = ""
    driver_opts: Texts | None = None


class NetworkingAsked(Form):
    endpoints_config: dict[str, EndpointAsked | None] | None = None


class PoolAsked(Form):
    subnet: Text = ""
    within: Text = Field(default="", alias="IPRange")
    gateway: Text = ""
    auxiliary_addresses: Texts | None = None


class IpamAsked(Form):
    driver: Text = ""
    options: Texts | None = None
    config: list[PoolAsked] | None = None


class NetworkAsked(Form):
    name: Text = ""
    driver: Text = ""
    scope: Text = ""
    ipam: IpamAsked | None = Field(default=None, alias="IPAM")
    internal: Truth = False
    attachable: Truth = False
    ingress: Truth = False
    ipv6: Truth = Field(default=False, alias="EnableIPv6")
    options: Texts | None = None
    labels: Texts | None = None


class ConnectAsked(Form):
    container: Text = ""
    endpoint_config: EndpointAsked | None = None
    force: Truth = False


class VolumeAsked(Form):
    name: Text = ""
    driver: Text = ""
    driver_opts: Texts | None = None
    labels: Texts | None = None


class ExecAsked(Form):
    user: Text = ""
    privileged: Truth = False
    tty: Truth = False
    attach_stdin: Truth = False
    attach_stdout: Truth = False
    attach_stderr: Truth = False
    detach: Truth = False
    detach_keys: Text = ""
    env: Lines | None = None
    working_dir: Text = ""
    cmd: Words = None
    console_size: tuple[int, int] | None = None


class DriverAsked(Form):
    name: Text = ""
    options: Texts | None = None


class VolumeOptions(Form):
    no_copy: Truth = False
    labels: Texts | None = None
    driver_config: DriverAsked | None = None
    subpath: Text = ""


class BindOptions(Form):
    propagation: Text = ""
    create_mountpoint: Truth = False


class TmpfsOptions(Form):
    size_bytes: Number = 0
    mode: Number = 0


class MountAsked(Form):
    """An entry of HostConfig.Mounts."""

    type: Text = ""
    source: Text = ""
    target: Text = ""
    read_only: Truth = False
    bind_options: BindOptions | None = None
    volume_options: VolumeOptions | None = None
    tmpfs_options: TmpfsOptions | None = None


def checked(kind: type[Form], document: Any) -> dict[str, Any]:
    """A JSON object of that kind, with what it holds. Raises InvalidError."""
    found: Form = form_of(kind, document)
    return found.model_dump(by_alias=True, exclude_unset=True)
