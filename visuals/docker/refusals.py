"""Why a daemon refuses: what to say of its commonest refusals beside its own words, which the terminal shows."""

from __future__ import annotations

from cutaway.visuals.stage import Language, Said

REFUSALS: tuple[tuple[str, Said], ...] = (
    ("no matching manifest", Said(
        "이 이미지는 다른 운영체제나 CPU의 것이다. 컨테이너는 호스트의 커널을 쓰므로 돌 수 없다.",
        "The image is for another operating system or processor; a container uses the host's kernel, so it cannot run here.")),
    ("port is already allocated", Said(
        "호스트의 그 포트는 이미 다른 컨테이너의 것이다. 포트 하나는 컨테이너 하나로만 이어진다.",
        "Another container has that port of the host already, and a port leads to one container only.")),
    ("address already in use", Said(
        "호스트의 그 포트는 다른 프로그램이 이미 쓰고 있다.",
        "Another program of the host has that port already.")),
    ("is already in use by container", Said(
        "그 이름의 컨테이너가 이미 있다. 지우거나(docker rm) 다른 이름을 붙인다.",
        "There is a container of that name already: remove it (docker rm), or take another name.")),
    ("stop the container before removing", Said(
        "돌고 있는 컨테이너는 지울 수 없다. 먼저 멈추거나(docker stop), rm -f로 지운다.",
        "A container that runs is not removed: stop it first (docker stop), or use rm -f.")),
    ("unpause the container before", Said(
        "얼어 있는 컨테이너다. 먼저 녹인다(docker unpause).",
        "The container is frozen: thaw it first (docker unpause).")),
    ("executable file not found", Said(
        "이미지 안에 그런 프로그램이 없다. 호스트의 파일은 벽 안에서 보이지 않는다.",
        "The image holds no such program; the host's files are not seen inside the walls.")),
    ("pull access denied", Said(
        "레지스트리에 그런 이미지가 없거나, 로그인해야 받을 수 있다.",
        "The registry has no such image, or wants a login for it.")),
    ("unknown or invalid runtime name", Said(
        "그런 런타임은 이 호스트에 없다.",
        "This host has no such runtime.")),
    ("No such container", Said(
        "그런 컨테이너가 없다. docker ps -a가 모두 보여 준다.",
        "There is no such container; docker ps -a lists all.")),
    ("is not running", Said(
        "그 컨테이너는 돌고 있지 않다.",
        "That container does not run.")),
    ("Minimum memory limit", Said(
        "메모리 한도는 6 MB보다 작을 수 없다.",
        "A memory limit is 6 MB at least.")),
    ("range of CPUs is from", Said(
        "호스트에 있는 것보다 많은 CPU를 줄 수는 없다.",
        "No container gets more CPUs than the host has.")),
)  # fmt: skip
"""By what is in them."""


def refusal(error: str, language: Language) -> str:
    """In the viewer's language where there are words for it, else the daemon's own."""
    return next((said.told(language) for part, said in REFUSALS if part in error), error)
