"""Programs that tell of the system: who one is, what runs, what there is of memory and disk."""

from __future__ import annotations

from cutaway.models.docker.dates import written
from cutaway.models.docker.errors import InvalidError
from cutaway.models.docker.processes.process import Process
from cutaway.models.docker.processes.signals import NAMES, signal_of
from cutaway.models.docker.programs.files import lines_of
from cutaway.models.docker.programs.options import options
from cutaway.sim.clock import Process as Steps

_SECOND_NS = 1_000_000_000
TOP_NS = 5 * _SECOND_NS
"""How often busybox's top draws."""
FIRST_TOP_NS = 100_000_000
"""And how long it looks before it draws the first time."""


def env(process: Process, argv: tuple[str, ...]) -> Steps:
    for name, value in process.environment.items():
        yield from process.write(f"{name}={value}\n")
    return 0


def printenv(process: Process, argv: tuple[str, ...]) -> Steps:
    if len(argv) == 1:
        return (yield from env(process, argv))
    for name in argv[1:]:
        if name not in process.environment:
            return 1
        yield from process.write(f"{process.environment[name]}\n")
    return 0


def whoami(process: Process, argv: tuple[str, ...]) -> Steps:
    if process.identity.name.isdigit():
        yield from process.complain(f"whoami: unknown uid {process.identity.uid}")
        return 1
    yield from process.write(f"{process.identity.name}\n")
    return 0


def id_(process: Process, argv: tuple[str, ...]) -> Steps:
    found, _ = yield from options(process, argv, "ugnGr")
    who = process.identity
    groups = tuple(dict.fromkeys((who.gid, *who.groups)))
    if "G" in found:
        yield from process.write(" ".join(map(str, groups)) + "\n")
    elif "u" in found:
        yield from process.write(f"{who.name if 'n' in found else who.uid}\n")
    elif "g" in found:
        yield from process.write(f"{_group(process, who.gid) if 'n' in found else who.gid}\n")
    else:
        named = ",".join(_with_name(number, _group(process, number)) for number in groups)
        yield from process.write(f"uid={_with_name(who.uid, who.name)} gid={_with_name(who.gid, _group(process, who.gid))} "
                                 f"groups={named}\n")
    return 0


def _with_name(number: int, name: str) -> str:
    return f"{number}({name})" if name and not name.isdigit() else str(number)


def _group(process: Process, number: int) -> str:
    for line in lines_of(process.space.view, "/etc/group"):
        columns = line.split(":")
        if len(columns) > 2 and columns[2] == str(number):
            return columns[0]
    return ""


def hostname(process: Process, argv: tuple[str, ...]) -> Steps:
    if "-i" in argv:
        yield from process.write(" ".join(one.address for one in process.space.facts.interfaces) + "\n")
    else:
        yield from process.write(f"{process.space.hostname}\n")
    return 0


def uname(process: Process, argv: tuple[str, ...]) -> Steps:
    found, _ = yield from options(process, argv, "asnrvmpo", ("all",))
    machine = process.space.facts.machine
    parts = {"s": "Linux", "n": process.space.hostname, "r": machine.kernel, "v": machine.kernel_version, "m": machine.architecture,
             "o": "Linux"}
    wanted = "snrvmo" if found.keys() & {"a", "all"} else "".join(letter for letter in "snrvmo" if letter in found) or "s"
    yield from process.write(" ".join(parts[letter] for letter in wanted) + "\n")
    return 0


def dmesg(process: Process, argv: tuple[str, ...]) -> Steps:
    """The messages of a sandbox's own kernel. The host's are not for containers: Docker's filter refuses the system call."""
    messages = process.space.facts.messages
    if messages is None:
        busybox = process.space.view.exists("/bin/busybox")
        yield from process.complain("dmesg: " + ("klogctl" if busybox else "read kernel buffer failed") + ": Operation not permitted")
        return 1
    yield from process.write("".join(f"{line}\n" for line in messages))
    return 0


def sleep(process: Process, argv: tuple[str, ...]) -> Steps:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    total = 0
    try:
        for word in argv[1:]:
            if word in ("infinity", "inf"):
                yield from process.wait(process.clock.event())
            number, unit = (word[:-1], units[word[-1]]) if word[-1:] in units else (word, 1)
            total += round(float(number) * unit * _SECOND_NS)
    except (ValueError, OverflowError):
        yield from process.complain(f"sleep: invalid number '{word}'")
        return 1
    if len(argv) == 1:
        yield from process.complain("sleep: missing operand")
        return 1
    yield from process.sleep(max(total, 0))
    return 0


PS = {"pid": ("PID", 5), "ppid": ("PPID", 5), "user": ("USER", -8), "time": ("TIME", -5), "stat": ("STAT", -4), "vsz": ("VSZ", 4),
      "rss": ("RSS", 4), "comm": ("COMMAND", -16), "args": ("COMMAND", -1)}  # fmt: skip
"""Columns of `ps -o`: title and width, to the left below 0."""


def _columns(process: Process, text: str) -> Steps:
    """`ps -o pid,comm`, as busybox writes it."""
    names = text.split(",")
    if unknown := [name for name in names if name not in PS]:
        yield from process.complain(f"ps: bad -o argument '{unknown[0]}', supported arguments: {','.join(PS)}")
        return 1
    rows = [[PS[name][0].ljust(abs(PS[name][1])) for name in names]]
    for number, one in sorted(process.space.processes.items()):
        minutes, seconds = divmod(one.cpu_ns // _SECOND_NS, 60)
        found = {"pid": str(number), "ppid": str(one.parent.inner_pid if one.parent else 0), "user": one.identity.name,
                 "time": f"{minutes}:{seconds:02}", "stat": "R" if one is process else "S", "vsz": str(one.resident >> 10),
                 "rss": str(one.resident >> 10), "comm": one.name, "args": " ".join(one.argv)}  # fmt: skip
        rows.append([found[name].rjust(PS[name][1]) if PS[name][1] > 0 else found[name].ljust(-PS[name][1]) for name in names])
    for row in rows:
        yield from process.write(" ".join(row).rstrip() + "\n")
    return 0


def ps(process: Process, argv: tuple[str, ...]) -> Steps:
    if "-o" in argv[:-1]:
        return (yield from _columns(process, argv[argv.index("-o") + 1]))
    busybox = process.space.view.exists("/bin/busybox")
    yield from process.write("PID   USER     TIME  COMMAND\n" if busybox else "    PID TTY          TIME CMD\n")
    for number, one in sorted(process.space.processes.items()):
        minutes, seconds = divmod(one.cpu_ns // _SECOND_NS, 60)
        command = " ".join(one.argv)
        if busybox:
            yield from process.write(f"{number:5} {one.identity.name:8} {minutes:2}:{seconds:02} {command}\n")
        else:
            terminal = "pts/0" if one.files.terminal else "?"
            yield from process.write(f"{number:7} {terminal:8} {minutes // 60:02}:{minutes % 60:02}:{seconds:02} {one.name}\n")
    return 0


def top(process: Process, argv: tuple[str, ...]) -> Steps:
    """As busybox's: one page now and one every five seconds; what they used since the one before, at first in a tenth of a second."""
    once = "-n" in argv or "-n1" in argv or "-bn1" in argv
    space, pause_ns = process.space, FIRST_TOP_NS
    facts = space.facts
    while True:
        before = {number: one.cpu_ns for number, one in space.processes.items()}
        yield from process.sleep(pause_ns)
        whole_ns = pause_ns * facts.machine.cpus
        percent = {number: 100 * (one.cpu_ns - before.get(number, 0)) // whole_ns for number, one in space.processes.items()}
        total, used = facts.machine.memory >> 10, facts.memory_used() >> 10
        yield from process.write(f"Mem: {used}K used, {total - used}K free\nLoad average: {facts.load()}"
                                 "  PID  PPID USER     STAT   VSZ %CPU COMMAND\n")  # fmt: skip
        for number, one in sorted(space.processes.items(), key=lambda pair: (-percent[pair[0]], pair[0])):
            parent = one.parent.inner_pid if one.parent else 0
            yield from process.write(f"{number:5} {parent:5} {one.identity.name:8} {one.state:4} {one.resident >> 10:6} "
                                     f"{percent[number]:3}% {' '.join(one.argv)}\n")  # fmt: skip
        if once:
            return 0
        pause_ns = TOP_NS


def free(process: Process, argv: tuple[str, ...]) -> Steps:
    shift = 20 if "-m" in argv else 30 if "-g" in argv else 10
    facts = process.space.facts
    total, used = facts.machine.memory >> shift, facts.memory_used() >> shift
    yield from process.write(f"{'':14}{'total':>10}{'used':>12}{'free':>12}\nMem:{total:20}{used:12}{total - used:12}\n")
    yield from process.write(f"Swap:{0:19}{0:12}{0:12}\n")
    return 0


def df(process: Process, argv: tuple[str, ...]) -> Steps:
    size, used = process.space.facts.disk()
    yield from process.write("Filesystem           1K-blocks      Used Available Use% Mounted on\n")
    for mount in process.space.view.mounts.values():
        total, taken = (mount.limit, mount.tree.size) if mount.limit is not None else (size, used)
        if mount.kind in ("proc", "sysfs", "cgroup2", "devpts", "mqueue"):
            continue
        percent = round(100 * taken / total) if total else 0
        yield from process.write(f"{mount.source:18} {total >> 10:11} {taken >> 10:9} {(total - taken) >> 10:9} {percent:3}% {mount.at}\n")
    return 0


def mount(process: Process, argv: tuple[str, ...]) -> Steps:
    for one in process.space.view.mounts.values():
        options_ = "ro" if one.read_only else "rw"
        yield from process.write(f"{one.source} on {one.at} type {one.kind} ({options_},relatime)\n")
    return 0


def kill(process: Process, argv: tuple[str, ...]) -> Steps:
    words, number = list(argv[1:]), 15
    if words and words[0] == "-l":
        yield from process.write("".join(f"{value}) {name.removeprefix('SIG')}\n" for name,
                                         value in sorted(NAMES.items(), key=lambda one: one[1])))
        return 0
    try:
        if words and words[0] == "-s":
            number, words = _sent(words[1]), words[2:]
        elif words and words[0].startswith("-"):
            number, words = _sent(words[0][1:]), words[1:]
    except (InvalidError, IndexError):
        yield from process.complain(f"kill: bad signal name '{words[0]}'")
        return 1
    status = 0
    for word in words:
        target = process.space.processes.get(int(word)) if word.isdigit() else None
        if target is None:
            yield from process.complain(f"kill: can't kill pid {word}: No such process")
            status = 1
        elif number:
            target.signal(number, from_inside=True)
    return status


def _sent(text: str) -> int:
    """A signal, or 0, which only asks whether the process is there. Raises InvalidError."""
    return 0 if text == "0" else signal_of(text)


def date(process: Process, argv: tuple[str, ...]) -> Steps:
    form = next((word[1:] for word in argv[1:] if word.startswith("+")), "%a %b %e %H:%M:%S UTC %Y")
    now_ns = process.space.now_ns
    form = form.replace("%N", f"{now_ns % _SECOND_NS:09}").replace("%s", str(now_ns // _SECOND_NS))
    yield from process.write(written(now_ns, form) + "\n")
    return 0


def nproc(process: Process, argv: tuple[str, ...]) -> Steps:
    cpuset = process.space.limits.cpuset
    yield from process.write(f"{len(cpuset) if cpuset else process.space.facts.machine.cpus}\n")
    return 0


def pwd(process: Process, argv: tuple[str, ...]) -> Steps:
    yield from process.write(f"{process.cwd}\n")
    return 0


def which(process: Process, argv: tuple[str, ...]) -> Steps:
    from cutaway.models.docker.processes.exec import found

    status = 0
    for name in argv[1:]:
        try:
            yield from process.write(found(process.space.view, name, process.cwd, process.environment) + "\n")
        except OSError:
            status = 1
    return status


def tty(process: Process, argv: tuple[str, ...]) -> Steps:
    yield from process.write("/dev/pts/0\n" if process.files.terminal else "not a tty\n")
    return int(process.files.terminal is None)


def hello(process: Process, argv: tuple[str, ...]) -> Steps:
    """What the image hello-world runs: it says the way that the command took."""
    yield from process.write(
        "\nHello from a simulated Docker.\nThis line came the way that every container's output comes: the docker command asked the "
        "daemon over "
        "its\nREST API, the daemon pulled the image where it was missing and had containerd and runc start a\ncontainer of it, and what "
        "the "
        "container writes goes back over the same connection.\n\n"
    )
    return 0
