"""Signals: their numbers and names, and what they do to who has no handler."""

from __future__ import annotations

import signal

from cutaway.models.docker.errors import InvalidError

NAMES = {one.name: int(one) for one in (
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE,
    signal.SIGKILL,
    signal.SIGUSR1, signal.SIGSEGV, signal.SIGUSR2, signal.SIGPIPE, signal.SIGALRM, signal.SIGTERM, signal.SIGCHLD, signal.SIGCONT,
    signal.SIGSTOP,
    signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGURG, signal.SIGXCPU, signal.SIGXFSZ, signal.SIGVTALRM, signal.SIGPROF,
    signal.SIGWINCH,
    signal.SIGIO, signal.SIGSYS,
)}  # fmt: skip
"""Linux's, on x86-64."""
HUP, INT, QUIT, KILL, PIPE, TERM, CHLD, CONT, STOP, WINCH, URG = (
    NAMES[f"SIG{name}"] for name in ("HUP", "INT", "QUIT", "KILL", "PIPE", "TERM", "CHLD", "CONT", "STOP", "WINCH", "URG")
)
IGNORED = {CHLD, CONT, WINCH, URG}
"""What does nothing to a process that has no handler for it."""
LARGEST = 64


def signal_of(text: str) -> int:
    """A signal by name, with or without SIG, or by number. Raises InvalidError, as the daemon says it."""
    name = text.strip().upper()
    if name.isdigit():
        if 0 < int(name) <= LARGEST:
            return int(name)
    elif number := NAMES.get(name if name.startswith("SIG") else f"SIG{name}"):
        return number
    raise InvalidError(f"Invalid signal: {text}")
