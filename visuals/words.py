"""What the view says of itself, in Korean and English; scenes bring their own words (see `stage`)."""

from __future__ import annotations

from cutaway.visuals.stage import Language, Said

WORDS = {
    "not there": Said("없는 층", "not there"),
    "ledger": Said("장부", "Ledger"),
    "request": Said("요청", "request"),
    "latency": Said("지연", "Latency"),
    "events": Said("사건", "Events"),
    "client": Said("클라이언트", "Client"),
    "idle": Said("쉼", "idle"),
    "in KVM": Said("KVM에서", "in KVM"),
    "halt polling": Said("halt polling(대기 폴링)", "halt polling"),
    "polling": Said("대기 폴링", "polling"),
    "busy": Said("{}개 일함", "{} busy"),
    "so many": Said("{1} {0}개", "{0} {1}s"),
    "stopped": Said("멈춤", "stopped"),
    "host took the CPU": Said("호스트가 CPU를 가져감", "host took the CPU"),
    "throttled": Said("몫을 다 씀", "throttled"),
    "slower": Said("느리게", "slower"),
    "faster": Said("빠르게", "faster"),
    "real time": Said("실시간", "real time"),
    "not this request": Said("이 요청 없음", "no such request"),
    "not here": Said("이 요청 없음", "not here"),
    "VM exit": Said("VM exit", "VM exit"),
    "hint": Said(
        "Space 다음   ← → 사건   ↑ ↓ 빠르기   Tab 다른 요청   B 검은 화면   ? 도움말",
        "Space next   ← → event   ↑ ↓ speed   Tab other request   B black screen   ? help",
    ),
    "to go": Said("남음", "to go"),
    "total": Said("합", "total"),
    "recorded": Said("기록 끝", "record ends"),
    "leave": Said("Esc 한 번 더: 닫기", "Esc once more closes the window"),
    "written": Said("저장함", "written"),
    "costs": Said("비용 기록", "Cost records"),
    "source": Said("출처", "source"),
    "machine": Said("기계", "machine"),
    "command": Said("명령", "command"),
    "what": Said("뜻", "what"),
    "spread": Said("퍼짐", "spread"),
    "value": Said("값", "value"),
    "waiting": Said("기다림", "waiting"),
    "working": Said("CPU 사용", "CPU time"),
    "moving": Said("장치에서", "on a device"),
    "all steps": Said("모든 걸음", "all steps"),
    "go to": Said("어디로", "Go to"),
    "go to hint": Said("1.2 ms · #4217 · 3 (길잡이)", "1.2 ms · #4217 · 3 (cue)"),
    "cpus": Said("CPU 사용", "CPU use"),
    "running": Said("가는 중", "running"),
    "run queue": Said("차례를 기다림", "in the run queue"),
    "waking": Said("CPU가 깨는 중", "CPU wakes up"),
    "wakes": Said("깨는 중", "wakes"),
    "stolen": Said("CPU를 빼앗김", "CPU was taken"),
    "turn": Said("일하는 이를 기다림", "waits for its thread"),
    "device": Said("장치에서", "on a device"),
    "place": Said("자리를 기다림", "waits for a place"),
    "overhead": Said("부대 비용", "overhead"),
}

HELP = (
    ("Space", Said("다음 길잡이까지, 멈춤", "play to the next cue, pause")),
    ("PageUp", Said("앞 길잡이", "previous cue")),
    ("← →", Said("이 요청의 앞, 뒤 사건", "previous, next event of the request")),
    ("Shift ← →", Said("모든 요청의 사건", "the same, of any request")),
    ("↑ ↓   0", Said("빠르기 · 처음 빠르기", "speed · the first speed")),
    ("Home End g", Said("처음, 끝, 어디로", "start, end, go to")),
    ("Tab", Said("다음 요청 (Shift: 앞)", "next request (Shift: previous)")),
    ("p", Said("느린 요청부터", "slowest request first")),
    ("a", Said("같은 요청 · 같은 시각", "same request · same time")),
    ("1 2 3", Said("기둥 수 (Shift: 무엇을)", "columns (Shift: which)")),
    ("d", Said("자세히, 비용 기록까지", "details, down to cost records")),
    ("Alt", Said("모든 숫자", "all numbers")),
    ("l · t", Said("언어 · 밝기", "language · theme")),
    ("B .  ·  W", Said("검은 · 흰 화면", "black · white screen")),
    ("s", Said("그림으로 저장", "save a PNG")),
    ("F5  Esc", Said("전체 화면, 나가기", "full screen, leave")),
)
SIGN_HELP = (
    ("disc", Said("가는 중", "running")),
    ("ring", Said("응답", "response")),
    ("clock", Said("차례를 기다림", "waits for a CPU")),
    ("bar", Said("다른 것을 기다림", "waits for something else")),
    ("square", Said("몫을 다 씀", "throttled")),
    ("cross", Said("잃음, 거절", "lost, refused")),
    ("polling", Said("halt polling(대기 폴링)", "halt polling: no work")),
)


def word(key: str, language: Language) -> str:
    """A word of the view."""
    return WORDS[key].told(language)
