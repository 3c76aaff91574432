"""What each step of the Engine is called, where in the picture it happens, and the sentence that is said to it.

Steps come in the model's words, `who: what`; one that is not here is shown under its own words, in the runtime's place.
"""

from __future__ import annotations

from typing import NamedTuple

from cutaway.visuals.docker.snapshot import Step
from cutaway.visuals.stage import Said


class Told(NamedTuple):
    """How a step is told."""

    row: str
    """Its line of the ledger: a key of `ROWS`."""
    place: str
    """Where it happens: a key of `ways.WAYS`."""
    makes: tuple[str, ...]
    """What is there afterwards: parts of the picture."""
    caption: Said
    """May name {address}, {port}, {inner} (the container's port), {program}, {runtime}, {sandbox}, {kernel}."""
    sandboxed: Said | None = None
    """Instead, where the container has a kernel of its own."""


ROWS: dict[str, Said] = {
    "earlier": Said("앞 단계들", "earlier steps"),
    "pull": Said("이미지 받기", "pull the image"),
    "unpack": Said("층 풀기", "unpack layers"),
    "create": Said("컨테이너 만들기", "create"),
    "overlay": Said("overlay 마운트", "mount overlay"),
    "network": Said("네트워크", "network"),
    "nat": Said("NAT 규칙", "NAT rules"),
    "containerd": Said("containerd", "containerd"),
    "shim": Said("shim", "shim"),
    "runtime": Said("{runtime}", "{runtime}"),
    "sandbox": Said("샌드박스", "sandbox"),
    "walls": Said("벽, cgroup", "walls, cgroup"),
    "program": Said("{program} 시작", "{program} starts"),
    "exec": Said("exec", "exec"),
    "signal": Said("멈춤 신호", "stop signal"),
    "any signal": Said("신호", "signal"),
    "freeze": Said("cgroup 얼리기", "freeze cgroup"),
    "thaw": Said("cgroup 녹이기", "thaw cgroup"),
    "oom": Said("OOM killer", "OOM killer"),
    "kill": Said("SIGKILL", "SIGKILL"),
    "remove": Said("지우기", "remove"),
    "from": Said("FROM", "FROM"),
    "run": Said("RUN", "RUN"),
    "copy": Said("COPY, ADD", "COPY, ADD"),
    "configure": Said("이미지 설정", "configuration"),
    "page in": Said("가는 길", "way in"),
    "page": Said("{program}", "{program}"),
    "page back": Said("오는 길", "way back"),
}

STEPS: dict[str, Told] = {
    "registry: say which layers there are": Told("pull", "registry", (), Said(
        "dockerd가 레지스트리에 묻는다: 이 이미지는 어떤 층들인가?",
        "dockerd asks the registry which layers the image has.")),
    "registry: send layers": Told("pull", "registry", (), Said(
        "없는 층만 받는다. 한 번에 세 층까지.",
        "Only missing layers come, up to three at a time.")),
    "dockerd: unpack a layer": Told("unpack", "disk", (), Said(
        "받은 층을 풀어 아래층 위에 쌓는다.",
        "A layer is unpacked and laid on the one below.")),
    "dockerd: create: configuration, layers": Told("create", "dockerd", ("writable",), Said(
        "설정을 적고 쓰기 층을 하나 얹는다. 프로세스는 아직 없다.",
        "dockerd notes the configuration and adds a writable layer. No process yet.")),
    "kernel: mount the overlay": Told("overlay", "overlay", ("overlay",), Said(
        "층들을 겹쳐 파일 시스템 하나로 보이게 한다.",
        "The layers, one over the other, are mounted as one file system.")),
    "kernel: veth pair, bridge port, interfaces up": Told("network", "veth", ("veth",), Said(
        "veth 한 쌍은 가상 랜선이다. 한쪽 끝을 브리지에 꽂는다.",
        "A veth pair is a virtual cable: one end goes into the bridge.")),
    "dockerd: addresses, endpoint": Told("network", "dockerd", ("address",), Said(
        "컨테이너의 주소를 정한다: {address}",
        "The container gets its address: {address}")),
    "iptables: rules for the published port": Told("nat", "iptables", ("nat",), Said(
        "-p {port}:{inner}: 호스트의 {port} 포트를 컨테이너의 {inner} 포트로 보내는 규칙.",
        "-p {port}:{inner}: rules that send the host's port {port} to the container's port {inner}.")),
    "containerd: bundle, task": Told("containerd", "containerd", (), Said(
        "dockerd는 실행을 containerd에 맡긴다.",
        "dockerd leaves the running to containerd.")),
    "containerd-shim: the shim starts, twice": Told("shim", "shim", ("shim",), Said(
        "shim이 컨테이너 곁에 남는다. dockerd가 죽어도 컨테이너는 산다.",
        "A shim stays beside the container, which lives on without dockerd.")),
    "containerd: has the shim start the task": Told("containerd", "shim", (), Said(
        "containerd가 shim에게 시킨다: 이제 시작하라.",
        "containerd tells the shim to start it.")),
    "runsc: create: starts gofer and sentry, a kernel in user space": Told("runtime", "runtime", ("sandbox",), Said(
        "gVisor: 컨테이너마다 사용자 공간에 커널(sentry)을 하나 띄운다.",
        "gVisor starts a kernel in user space, the sentry, for this container.")),
    "sentry: boots: loads the program, mounts through the gofer": Told("sandbox", "program", ("process",), Said(
        "sentry가 프로그램을 올린다. 호스트 커널은 gofer를 거쳐서만 만난다.",
        "The sentry loads the program, which meets the host's files through the gofer only.")),
    "QEMU: start, set up the machine": Told("sandbox", "runtime", ("sandbox",), Said(
        "Kata: 컨테이너 하나를 위해 가상 머신을 띄운다.",
        "Kata starts a virtual machine for the container.")),
    "firmware: find the kernel": Told("sandbox", "runtime", (), Said(
        "펌웨어가 게스트의 커널을 찾는다.",
        "The firmware looks for the guest's kernel.")),
    "firmware: load the kernel, which is not packed": Told("sandbox", "runtime", (), Said(
        "게스트의 커널을 메모리에 올린다.",
        "The guest's kernel is loaded.")),
    "guest kernel: devices, root file system, first process": Told("sandbox", "runtime", (), Said(
        "게스트 커널이 부팅한다: 이 컨테이너만의 커널.",
        "The guest's kernel boots, this container's own.")),
    "kata-agent: starts in the guest, shares the root file system, makes the container": Told("sandbox", "runtime", ("name spaces",), Said(
        "게스트 안의 kata-agent가 컨테이너를 만든다.",
        "kata-agent makes the container inside the guest.")),
    "kata-agent: start": Told("sandbox", "program", ("process",), Said(
        "kata-agent가 프로그램을 시작한다.",
        "kata-agent starts the program.")),
    "runtime: create: starts itself again inside": Told("runtime", "runtime", (), Said(
        "런타임({runtime})이 컨테이너가 될 프로세스를 만든다.",
        "{runtime} makes the process that will become the container.")),
    "kernel: name spaces": Told("walls", "name spaces", ("name spaces",), Said(
        "런타임({runtime})이 커널에 부탁한다: 프로세스 둘레에 벽(네임스페이스)을 세워 달라.",
        "{runtime} asks the kernel for walls round the process: namespaces.")),
    "kernel: cgroups, one a controller": Told("walls", "cgroup", ("cgroup",), Said(
        "cgroup은 CPU와 메모리를 재고, 한도를 지키게 한다.",
        "A cgroup counts CPU and memory, and keeps the limits.")),
    "dockerd: started again as a hook, to hand the interface over": Told("network", "hook", (), Said(
        "dockerd가 한 번 더 실행되어, 랜선을 컨테이너에 건네려 한다.",
        "dockerd is run once more, to hand the cable over.")),
    "kernel: move the veth end into the name space": Told("network", "veth", ("joined",), Said(
        "veth의 다른 끝이 컨테이너 안으로 들어가 eth0이 된다.",
        "The cable's other end goes inside and becomes eth0.")),
    "runtime: build and load the seccomp filter": Told("runtime", "runtime", (), Said(
        "seccomp 필터: 쓸 수 있는 시스템 호출을 정한다.",
        "A seccomp filter says which system calls are allowed.")),
    "runtime: start": Told("runtime", "program", ("process",), Said(
        "런타임({runtime})은 자리를 {program}에 내주고 사라진다(execve).",
        "{runtime} gives way to {program} (execve) and is gone.")),
    "program: start: load, read the configuration, listen": Told("program", "program", (), Said(
        "컨테이너의 프로그램({program})은 평범한 프로세스다. 벽 안에서 PID 1일 뿐.",
        "{program} is an ordinary process; inside its walls it is PID 1."), Said(
        "{program}: 자기 커널({kernel}) 위에서 돈다. 호스트 커널이 보는 것은 {sandbox}뿐이다.",
        "{program} runs on a kernel of its own, {kernel}; the host's kernel only sees {sandbox}.")),
    "runtime: exec: a process into the name spaces": Told("exec", "exec", (), Said(
        "같은 벽 안으로 프로세스가 하나 더 들어간다.",
        "One more process goes inside the same walls.")),
    "kernel: the stop signal to PID 1, and its grace": Told("signal", "signal", (), Said(
        "PID 1에 멈춤 신호를 보내고, 스스로 끝나기를 기다린다(보통 10초).",
        "PID 1 gets the stop signal and time to end by itself, 10 s by default.")),
    "kernel: SIGKILL: the processes end": Told("kill", "signal", (), Said(
        "SIGKILL: 커널이 안의 프로세스를 모두 끝낸다.",
        "SIGKILL: the kernel ends all processes inside.")),
    "kernel: a signal to PID 1": Told("any signal", "signal", (), Said(
        "PID 1에 신호 하나를 보낸다. 무엇을 할지는 프로그램이 정한다.",
        "PID 1 gets a signal; what comes of it is the program's choice.")),
    "runtime: pause: freezes the cgroup": Told("freeze", "cgroup", (), Said(
        "런타임({runtime})이 cgroup을 얼린다. 프로세스는 남아 있지만 CPU를 얻지 못한다.",
        "{runtime} freezes the cgroup: the processes stay, but get no CPU.")),
    "runtime: resume: thaws the cgroup": Told("thaw", "cgroup", (), Said(
        "런타임({runtime})이 cgroup을 녹인다. 프로세스는 멈췄던 곳에서 이어 간다.",
        "{runtime} thaws the cgroup: the processes go on where they stood.")),
    "kernel: out of memory: the OOM killer ends a process": Told("oom", "memory", (), Said(
        "메모리가 모자란다: 커널의 OOM killer가 컨테이너 안의 프로세스 하나를 죽인다.",
        "Memory has run out: the kernel's OOM killer ends a process of the container.")),
    "dockerd: take the writable layer and the name away": Told("remove", "disk", (), Said(
        "쓰기 층과 이름이 사라진다. 이미지의 층은 남는다.",
        "The writable layer and the name go; the image's layers stay.")),
    "builder: FROM": Told("from", "dockerd", (), Said(
        "바탕이 될 이미지에서 시작한다. 없으면 먼저 받는다.",
        "The build starts from a base image, which is pulled first if it is missing.")),
    "builder: RUN": Told("run", "dockerd", (), Said(
        "임시 컨테이너에서 명령을 돌리고, 바뀐 파일을 새 층으로 남긴다.",
        "A temporary container runs the command; the files that it changed become a new layer.")),
    "builder: COPY": Told("copy", "disk", (), Said(
        "docker build가 보낸 파일을 새 층에 넣는다.",
        "Files that docker build sent along go into a new layer.")),
    "builder: ADD": Told("copy", "disk", (), Said(
        "docker build가 보낸 파일을 새 층에 넣는다. 압축은 푼다.",
        "Files that docker build sent along go into a new layer; archives are unpacked.")),
    "builder: configure": Told("configure", "dockerd", (), Said(
        "이미지의 설정만 바뀐다(CMD, ENV, EXPOSE 따위).",
        "Only the image's configuration changes: CMD, ENV, EXPOSE and the like.")),
    "kernel: way in: NAT, bridge, veth": Told("page in", "page in", (), Said(
        "NAT이 목적지를 {address}:{inner}로 바꾸고, 브리지와 veth를 지난다.",
        "NAT makes the destination {address}:{inner}; then bridge and veth.")),
    "program: answer the request": Told("page", "page", (), Said(
        "컨테이너 안의 프로그램({program})이 요청을 처리한다.",
        "{program} in the container works on the request.")),
    "kernel: way back: veth, bridge, NAT": Told("page back", "page back", (), Said(
        "응답은 온 길을 되돌아간다. 커널은 하나뿐이다.",
        "The answer takes the same way back. There is only one kernel."), Said(
        "응답은 온 길을 되돌아간다. 커널 둘을 지났다: 호스트의 것과 {sandbox}의 것({kernel}).",
        "The answer takes the same way back, through two kernels: the host's, and that in {sandbox}, {kernel}.")),
}  # fmt: skip

PLACE_OF_UNKNOWN = "runtime"


def key_of(who: str, what: str) -> str:
    """Under which a step stands in `STEPS`: whoever is not named there has the part of a runtime or of a program."""
    return next((key for key in (f"{who}: {what}", f"runtime: {what}", f"program: {what}") if key in STEPS), f"{who}: {what}")


def told(step: Step) -> Told:
    """How a step is told; of one that is not known, in the model's own words."""
    known = STEPS.get(key_of(step.who, step.what))
    return known or Told(step.who, PLACE_OF_UNKNOWN, (), Said(f"{step.who}: {step.what}", f"{step.who}: {step.what}"))


def row_name(row: str) -> Said:
    """Of a line of the ledger."""
    return ROWS.get(row) or Said(row, row)
