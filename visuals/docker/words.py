"""What the live view of a Docker host says of itself, in Korean and English; steps have their own words (see `steps`)."""

from __future__ import annotations

from cutaway.visuals.stage import Language, Said

WORDS = {
    "user space": Said("사용자 공간", "User space"),
    "user space 2": Said("프로그램", "programs"),
    "kernel": Said("호스트 커널", "Host kernel"),
    "kernel at work": Said("커널", "kernel"),
    "hardware": Said("하드웨어", "Hardware"),
    "client": Said("클라이언트", "client"),
    "unix socket": Said("유닉스 소켓", "Unix socket"),
    "simulated host": Said("시뮬레이션한 도커 호스트", "a simulated Docker host"),
    "meanwhile": Said("그사이", "meanwhile"),
    "own kernel": Said("커널 {}", "kernel {}"),
    "stays": Said("계속 있음", "stays"),
    "short": Said("잠깐 산다", "short-lived"),
    "not running": Said("없음", "not there"),
    "network": Said("네트워크", "Network"),
    "bridge": Said("{} 브리지", "bridge {}"),
    "veth": Said("veth 한 쌍", "veth pair"),
    "no network": Said("자기 네트워크 없음", "no network of its own"),
    "name spaces": Said("네임스페이스", "Namespaces"),
    "name spaces in the guest": Said("네임스페이스 (게스트 안)", "Namespaces, in guest"),
    "memory": Said("메모리 MiB", "Memory, MiB"),
    "cpu time": Said("CPU 시간", "CPU time"),
    "layers": Said("overlay 층", "Overlay layers"),
    "writable": Said("쓰기 층", "writable"),
    "disk": Said("디스크", "Disk"),
    "idle": Said("쉼", "idle"),
    "busy": Said("{} / {} 일함", "{} / {} busy"),
    "on the host": Said("호스트 {}", "host {}"),
    "paused": Said("얼어 있음", "frozen"),
    "container": Said("컨테이너", "container"),
    "containers": Said("컨테이너", "containers"),
    "no container": Said("컨테이너 없음", "no container"),
    "steps": Said("단계", "Steps"),
    "so far": Said("지금까지", "so far"),
    "total": Said("합계", "total"),
    "held": Said("멈춤", "held"),
    "held more": Said("멈춤 {}", "{} held"),
    "next": Said("다음: ", "Next: "),
    "pages": Said("요청 {}개 처리 중", "{} requests under way"),
    "real time": Said("실시간", "real time"),
    "slower": Said("느리게", "slower"),
    "faster": Said("빠르게", "faster"),
    "leaps": Said("건너뛰며", "leaping"),
    "waits for a command": Said(
        "다른 터미널에서 docker 명령을 내리면 여기에 보인다.", "Give a docker command in another terminal, and watch it here."
    ),
    "page is back": Said(
        "응답이 돌아왔다: NAT, 브리지, veth를 지나 벽 안의 {program}까지, 그리고 같은 길로.",
        "The answer is back: by NAT, bridge and veth to {program} inside the walls, and home the same way.",
    ),
    "done": Said("명령이 끝났다.", "The command is done."),
    "is frozen": Said("{name}: cgroup이 얼렸다. CPU를 얻지 못한다.", "{name}: frozen by its cgroup; it gets no CPU."),
    "is throttled": Said(
        "{name}: CPU {cpus}개 몫을 다 쓰면 다음 주기까지 멈춘다(throttling). 주기 {periods}개 가운데 {throttled}개에서 그랬다.",
        "{name} may use {cpus} CPU; once that is used up it stands still until the next period: so in {throttled} of {periods} periods.",
    ),
    "has ended": Said("{name}: 끝났다. 종료 코드 {code}.", "{name} has ended, with exit code {code}."),
    "oom killed": Said(
        "{name}: 메모리 한도{limit}를 넘으려다 커널이 죽였다(OOM). 종료 코드 {code}. 다른 컨테이너는 그대로다.",
        "{name} wanted more than its memory{limit} and was killed by the kernel (OOM), exit code {code}. Other containers go on.",
    ),
    "runs": Said("{name}: 돌고 있다.", "{name} runs."),
    "runs at": Said("{name}: 돌고 있다. http://127.0.0.1:{port}/", "{name} runs: http://127.0.0.1:{port}/"),
    "hint": Said(
        "Space 다음 단계, 멈춤   h 모두 보내기   ↑ ↓ 빠르기   l 언어   t 화면 색   s 그림   b 검은 화면   F5 전체 화면   Esc 닫기",
        "Space next step, hold   h let all go   ↑ ↓ speed   l language   t theme   s picture   b black   F5 full screen   Esc close",
    ),
    "leave": Said("Esc 한 번 더: 창 닫기. 엔진은 계속 돈다.", "Esc once more closes the window; the Engine goes on."),
    "written": Said("저장함", "written"),
}


def word(key: str, language: Language) -> str:
    """A word of this view."""
    return WORDS[key].told(language)
