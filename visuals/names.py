"""What layers, operations, threads and cost records are called in Korean: a trace has English names, as Linux and its papers do.

The English term stays where Koreans use it themselves. A name that is not here is shown as the trace has it.
"""

from __future__ import annotations

import re

from cutaway.visuals.stage import Language

LAYERS = {
    "client": "클라이언트",
    "neighbours": "이웃",
    "wire": "선",
    "NIC": "NIC",
    "hardware": "하드웨어",
    "host kernel": "호스트 커널",
    "bridge and NAT": "브리지와 NAT",
    "vhost": "vhost",
    "hypervisor": "하이퍼바이저",
    "halt polling": "halt polling(대기 폴링)",
    "guest kernel": "게스트 커널",
    "nginx": "nginx",
    "postgresql": "PostgreSQL",
    "python": "Python",
    "redis": "Redis",
    "bridge and NAT of the guest": "게스트의 브리지와 NAT",
}

OPERATIONS = {
    "write the request": "요청 쓰기",
    "read the answer": "응답 읽기",
    "put in the client's transmit ring": "클라이언트 송신 링에 넣기",
    "take from the client's receive ring": "클라이언트 수신 링에서 꺼내기",
    "request on the wire": "선 위의 요청",
    "answer on the wire": "선 위의 응답",
    "put in the transmit ring": "송신 링에 넣기",
    "take from the receive ring": "수신 링에서 꺼내기",
    "receive: IP, TCP, into the socket": "수신: IP, TCP, 소켓에 넣기",
    "recv: copy to the program": "recv: 프로그램으로 복사",
    "send: TCP, IP": "송신: TCP, IP",
    "open: walk the path": "open: 경로 탐색",
    "overlay: walk the layers": "overlay: 레이어 탐색",
    "close": "close: 파일 닫기",
    "fstat": "시스템 콜 fstat",
    "setsockopt, writev": "시스템 콜 setsockopt, writev",
    "cgroup: charge the memory": "cgroup: 메모리 회계",
    "overlay: read": "overlay: 읽기",
    "read from the disk": "디스크에서 읽기",
    "read from the page cache": "페이지 캐시에서 읽기",
    "seccomp filter": "seccomp 필터",
    "loopback": "루프백(loopback)",
    "veth": "veth 통과",
    "bridge": "브리지 통과",
    "tap": "tap 통과",
    "DNAT in PREROUTING": "PREROUTING의 DNAT",
    "DNAT in OUTPUT": "OUTPUT의 DNAT",
    "docker-proxy: copy the request": "docker-proxy: 요청 복사",
    "docker-proxy: copy the answer": "docker-proxy: 응답 복사",
    "virtio: put in the ring": "virtio: 링에 넣기",
    "virtio: take from the ring": "virtio: 링에서 꺼내기",
    "copy from guest to tap": "게스트에서 tap으로 복사",
    "copy from tap to guest": "tap에서 게스트로 복사",
    "doorbell exit": "도어벨 VM exit",
    "signal the interrupt": "인터럽트 알리기",
    "exit to take the interrupt": "인터럽트를 받는 VM exit",
    "parse the request, find the file": "요청 해석, 파일 찾기",
    "make the header": "헤더 만들기",
    "parse the request, choose the upstream": "요청 해석, 업스트림 고르기",
    "make the upstream's request": "업스트림 요청 만들기",
    "read the upstream's header": "업스트림 헤더 읽기",
    "getsockopt, epoll_ctl, writev": "시스템 콜 getsockopt, epoll_ctl, writev",
    "ready for the next request": "다음 요청 준비",
    "socket, connect: the handshake": "시스템 콜 socket, connect: 핸드셰이크",
    "close the connection": "연결 닫기",
    "accept": "시스템 콜 accept",
    "gunicorn: parse, call the application": "gunicorn: 해석, 애플리케이션 호출",
    "read the command": "명령 읽기",
    "carry out BEGIN": "BEGIN 실행",
    "carry out UPDATE": "UPDATE 실행",
    "carry out SELECT": "SELECT 실행",
    "carry out INSERT": "INSERT 실행",
    "carry out END": "END 실행",
    "write, fdatasync": "시스템 콜 write, fdatasync",
    "flush to the disk": "디스크에 쓰기",
    "write the statement": "문장 쓰기",
    "count and log the transaction": "트랜잭션 세고 기록하기",
    "the application": "애플리케이션",
    "gunicorn: make the answer": "gunicorn: 응답 만들기",
    "fcntl, setsockopt, shutdown, select": "시스템 콜 fcntl, setsockopt, shutdown, select",
    "epoll_ctl, fcntl, setsockopt": "시스템 콜 epoll_ctl, fcntl, setsockopt",
    "parse and carry out GET": "GET 해석과 실행",
    "parse and carry out SET": "SET 해석과 실행",
    "before it sleeps: the answers": "잠들기 전에: 응답 쓰기",
    "read, write: beyond one byte": "시스템 콜 read, write: 한 바이트 넘는 몫",
    "epoll_ctl": "시스템 콜 epoll_ctl",
}

THREADS = {
    "nginx": "nginx",
    "postgresql": "PostgreSQL",
    "python": "Python",
    "redis": "Redis",
    "client": "클라이언트",
    "neighbours": "이웃",
    "softirq": "softirq",
    "guest softirq": "게스트 softirq",
    "client softirq": "클라이언트 softirq",
    "vhost": "vhost",
    "QEMU": "QEMU",
    "vcpu": "vCPU",
    "docker-proxy": "docker-proxy",
    "hog": "이웃",
    "tick": "틱",
    "stall": "스톨",
    "disk": "디스크",
    "log": "로그",
    "wire to the client": "클라이언트로 가는 선",
    "wire to the server": "서버로 가는 선",
}

COSTS = {
    "NIC receive": "NIC 수신",
    "NIC transmit": "NIC 송신",
    "QEMU packet": "QEMU 패킷 처리",
    "TCP receive": "TCP 수신",
    "TCP send": "TCP 송신",
    "acknowledgement": "확인 응답(ACK)",
    "bridge": "브리지 통과",
    "client read": "클라이언트 읽기",
    "client write": "클라이언트 쓰기",
    "close file": "파일 닫기",
    "cgroup accounting": "cgroup 회계",
    "coming back for the rest": "나머지를 받으러 다시 오기",
    "copy per KiB": "복사, KiB마다",
    "disk access": "디스크 접근",
    "docker-proxy message": "docker-proxy 메시지",
    "exit handled in KVM": "KVM이 처리한 VM exit",
    "further packet": "추가 패킷",
    "further receive call": "추가 수신 콜",
    "interrupt signal": "인터럽트 신호",
    "nested paging": "중첩 페이징",
    "null system call": "빈 시스템 콜",
    "nginx keep-alive": "nginx 연결 유지(keep-alive)",
    "nginx other system calls": "nginx 그 밖의 시스템 콜",
    "nginx request": "nginx 요청 처리",
    "nginx response": "nginx 응답 만들기",
    "nginx upstream request": "nginx 업스트림 요청",
    "nginx upstream response": "nginx 업스트림 응답",
    "nginx upstream system calls": "nginx 업스트림 시스템 콜",
    "open file": "파일 열기",
    "overlay open": "overlay 파일 열기",
    "overlay read": "overlay 읽기",
    "overlay stat": "overlay 속성",
    "read call": "read 시스템 콜",
    "read copy per KiB": "읽기 복사, KiB마다",
    "receive copy per KiB": "수신 복사, KiB마다",
    "receive copy per KiB beyond 16 KiB": "수신 복사, 16 KiB 넘는 KiB마다",
    "accept": "시스템 콜 accept",
    "client reconnect": "클라이언트 다시 연결",
    "close connection": "연결 닫기",
    "connect": "연결 맺기",
    "log flush": "로그 플러시",
    "log write": "로그 쓰기",
    "pgbench read": "pgbench 읽기",
    "pgbench transaction": "pgbench 트랜잭션",
    "pgbench write": "pgbench 쓰기",
    "postgresql begin": "PostgreSQL BEGIN",
    "postgresql commit": "PostgreSQL COMMIT",
    "postgresql insert": "PostgreSQL INSERT",
    "postgresql select": "PostgreSQL SELECT",
    "postgresql statement": "PostgreSQL 문장",
    "postgresql update": "PostgreSQL UPDATE",
    "python loop": "Python 반복",
    "python other kernel work": "Python 그 밖의 커널 작업",
    "python request": "Python 요청 처리",
    "python response": "Python 응답 만들기",
    "redis answer": "Redis 응답 만들기",
    "redis command": "Redis 명령 처리",
    "redis other kernel work": "Redis 그 밖의 커널 작업",
    "redis-benchmark read": "redis-benchmark 읽기",
    "redis-benchmark write": "redis-benchmark 쓰기",
    "sendfile per KiB": "sendfile, KiB마다",
    "sendfile per KiB beyond 64 KiB": "sendfile, 64 KiB 넘는 KiB마다",
    "socket receive": "소켓 수신",
    "vhost packet": "vhost 패킷 처리",
    "virtio receive": "virtio 수신",
    "virtio transmit": "virtio 송신",
}
"""Of those costs that a request's steps are made of."""

REMARKS = {
    "measured": "측정",
    "published": "문헌",
    "scaled": "환산",
    "assumption": "가정",
    "exponential": "지수 분포",
    "lognormal": "로그 정규 분포",
    "uniform": "균등 분포",
}
"""Where a cost comes from, and how it varies."""

KOREAN = REMARKS | COSTS | LAYERS | THREADS | OPERATIONS
NUMBERED = re.compile(r"(.*?)([ #]*\d+)")


def known(name: str) -> str | None:
    """A name in Korean; a thread with its number, as `hog 3`, keeps it."""
    if name in KOREAN:
        return KOREAN[name]
    numbered = NUMBERED.fullmatch(name)
    return KOREAN[numbered[1]] + numbered[2] if numbered and numbered[1] in KOREAN else None


def called(name: str, language: Language) -> str:
    """What a layer, an operation, a thread or a cost is called in the view."""
    return (known(name) or name) if language == "ko" else name
