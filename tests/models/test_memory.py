"""What stacks hold."""

from cutaway.models import stack
from cutaway.models.container import DockerPart
from cutaway.models.costs import Profile
from cutaway.models.hypervisor import KvmPart
from cutaway.models.memory import Footprint, Memory, total_bytes
from cutaway.models.servers.nginx import Nginx, NginxPart
from cutaway.models.units import MIB

from .conftest import parts


def test_what_a_host_has_once_does_not_grow_with_the_containers(profile: Profile) -> None:
    memory = stack.memory_of(parts(DockerPart()), profile)
    daemons = [part for part in memory if part.once_a_host]
    assert {"dockerd", "containerd", "containerd-shim: program"} <= {part.what for part in daemons}
    assert total_bytes(memory) - total_bytes(memory, with_what_a_host_has_once=False) == sum(part.size_bytes for part in daemons)


def test_a_guest_holds_no_more_than_it_sees(profile: Profile) -> None:
    small = Memory(profile).of(Footprint(Nginx.holds(NginxPart()), guest_memory_bytes=32 * MIB))
    inside = [part.size_bytes for part in small if part.layer in ("guest kernel", "nginx")]
    assert sum(inside) <= 32 * MIB


def test_workers_count(profile: Profile) -> None:
    one, four = (stack.memory_of(parts(workers=workers), profile) for workers in (1, 4))
    assert total_bytes(four) - total_bytes(one) == 3 * round(profile["nginx worker memory"].value)


def test_each_stack_names_its_own_parts(profile: Profile) -> None:
    def names(*above: object) -> set[str]:
        return {part.what for part in stack.memory_of(parts(*above), profile)}  # type: ignore[arg-type]

    assert names() == {"nginx: master", "nginx: workers", "nginx: program and libraries"}
    assert {"containerd-shim", "docker-proxy"} <= names(DockerPart())
    assert "docker-proxy" not in names(DockerPart(network="host"))
    assert {"QEMU", "guest's operating system"} <= names(KvmPart())
