"""The stack, layer by layer. Bottom to top, as a lecture tells it:

    hardware.py     cores, memory, network card, disk, and the wire
    kernel.py       the host's kernel: system calls and the scheduler's constants
    storage.py      its files: page cache, ext4, overlay
    connections.py  its connections: connect, accept, close
    network.py      its network: sockets, TCP, loopback, veth, bridge, NAT, tap
    within.py       messages between two programs of one stack
    memory.py       what stays resident, by stack
    hypervisor.py   KVM: exits, halts, vhost or QEMU
    guest.py        the guest's operating system: the same kernel again, with virtio devices
    container.py    namespaces, cgroup, seccomp, overlay, and the way to a published port
    servers/        server programs: MySQL, nginx, PostgreSQL, Python, Redis; program.py says what they have in common
    clients.py      who asks: closed and open loops, as wrk; generators/ has those with a protocol of their own
    neighbours.py   who computes beside them
    startup.py      how each stack comes up, as processes

Beside them: operations.py (the vocabulary between layers), layer.py (what all layers have in common), stack.py with parts.py,
blueprint.py and lowering.py (composes them),
costs/ (what things cost, and how that is known), placement.py, units.py, part.py (how parameters are written).
A layer file imports no other layer file: what two layers share is an operation or a cost.
"""
