"""How a command ends: the exit code, and one sentence where something went wrong. A traceback never reaches the terminal.

0 ok; 1 finished, but something failed; 2 bad input or usage; 3 a stated target missed; 69 no display, no Docker host, or a part of the
installation missing; 70 internal error; 74 output failed; 75 busy; 130 and 143 ended by a signal.
Read first: docs/exit-codes.md.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import shlex
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn, ParamSpec

FAILED = 1
BAD_INPUT = 2
MISSING_PART = 69
INTERNAL = 70
OUTPUT_FAILED = 74
BUSY = 75
SIGNALLED = 128

EXTRAS = {
    "av": "video", "PIL": "video", "pandas": "notebook", "distributed": "cluster", "h11": "engine", "tree_sitter": "engine",
    "tree_sitter_bash": "engine",
    **dict.fromkeys(("fpdf", "jinja2", "matplotlib", "scipy", "tabulate"), "study"),
}  # fmt: skip
"""Modules that are not in every installation, and the extra that brings them."""

EXPLAINED = {
    "engine.server.SocketBusy": (BUSY, ""),
    "engine.server.SocketRefused": (BAD_INPUT, ""),
    "importing.engine.NoDockerHost": (MISSING_PART, ""),
    "scenarios.problems.ScenarioError": (BAD_INPUT, ""),
    "models.costs.CostError": (BAD_INPUT, ""),
    "models.costs.measuring.problems.BusyError": (BUSY, ""),
    "models.costs.measuring.problems.MeasuringError": (BAD_INPUT, ""),
    "models.costs.row.MeasurementError": (BAD_INPUT, ""),
    "models.stack.StackError": (BAD_INPUT, ""),
    "models.units.QuantityError": (BAD_INPUT, ""),
    "places.AlreadyThere": (BAD_INPUT, ""),
    "sim.results.TooLarge": (BAD_INPUT, ""),
    "sim.traffic.engine.Overloaded": (BAD_INPUT, ""),
    "sim.trace.TraceError": (BAD_INPUT, ""),
    "studying.folder.StudyBusy": (BUSY, ""),
    "studying.folder.StudyError": (BAD_INPUT, ""),
    "studying.shard.ShardError": (BAD_INPUT, ""),
    "studying.workers.ClusterError": (MISSING_PART, ""),
    "visuals.film.RecordingError": (BAD_INPUT, ""),
    "visuals.stage_data.StageError": (BAD_INPUT, ""),
    "visuals.display.NoDisplayError": (MISSING_PART, ""),
    "sim.simulate.LawBroken": (FAILED, "a conservation law does not hold: "),
}
"""Errors that say in their own words what is wrong: their exit code, and what the sentence begins with."""

_OUTPUT_ERRNOS = {
    errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EROFS, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE,
    errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOENT, errno.ENAMETOOLONG, errno.EPIPE, errno.EBADF, errno.ELOOP, errno.EINVAL,
}  # fmt: skip

P = ParamSpec("P")


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """The command, with every way that it can fail turned into a sentence and an exit code."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Exception as error:
            _end(error)

    return run


def _end(error: Exception) -> NoReturn:
    import typer

    if isinstance(error, typer.Exit | typer.Abort | typer.BadParameter):
        raise error
    # numpy tells of a full disk without an errno.
    if isinstance(error, OSError) and (error.errno is None or error.errno in _OUTPUT_ERRNOS):
        if error.errno != errno.EPIPE:
            say(f"{_name_of(error)}: {(error.strerror or str(error)).lower()}.")
        raise typer.Exit(OUTPUT_FAILED)
    if isinstance(error, ModuleNotFoundError) and (extra := EXTRAS.get((error.name or "").partition(".")[0])):
        say(f'this needs the {extra} extra: pip install "cutaway[{extra}]"')
        raise typer.Exit(MISSING_PART)
    if known := _known(error):
        say(f"{known[1]}{_sentences(error)}")
        raise typer.Exit(known[0])
    say(report(error))
    raise typer.Exit(INTERNAL)


def _known(error: Exception) -> tuple[int, str] | None:
    """The entry of an error that explains itself; looked up by name, so that nothing is imported to say that a file is missing."""
    names = (f"{kind.__module__}.{kind.__qualname__}".removeprefix("cutaway.") for kind in type(error).__mro__)
    return next((EXPLAINED[name] for name in names if name in EXPLAINED), None)


def _sentences(error: Exception) -> str:
    from cutaway.scenarios.problems import ScenarioError, printable

    if isinstance(error, ScenarioError):
        return str(error)
    text = printable(str(error), 1000)
    return text if text.endswith((".", "?")) else f"{text}."


def say(text: str) -> None:
    """To standard error, if anybody is listening."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(text, file=sys.stderr, flush=True)


def report(error: BaseException) -> str:
    """Writes down what happened for whoever mends it, and says where."""
    import platform
    import tempfile
    import traceback
    from pathlib import Path

    import platformdirs

    from cutaway import __version__

    command = shlex.join(["cutaway", *sys.argv[1:]])
    text = "\n".join(
        [
            f"command: {command}",
            f"cutaway {__version__}, Python {platform.python_version()}, {platform.platform()}",
            "",
            *traceback.format_exception(error),
        ]
    )
    told = f"internal error ({type(error).__name__}); it is not your fault."
    for folder in (Path(platformdirs.user_cache_dir("cutaway")) / "reports", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(prefix="cutaway-report-", suffix=".txt", dir=folder, text=True)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return f"{told}\nReport: {name}\nTo see it again: {command}"
    return f"{told} No report could be written.\nTo see it again: {command}"


def _name_of(error: OSError) -> str:
    from cutaway.scenarios.problems import printable

    return printable(str(error.filename), 1000) if error.filename else "the output cannot be written"


# --- the process -------------------------------------------------------------------------------------------------------------------


def run_to_the_end(app: Callable[[], object]) -> int:
    """Runs the command line; the exit code also tells of signals and of an output that nobody reads any more."""
    if sys.stdout is None:
        say("standard output is closed.")
        return OUTPUT_FAILED
    for name in ("SIGTERM", "SIGHUP", "SIGINT"):
        # Who starts us in the background of a shell without job control has SIGINT ignored; it stays so.
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
            signal.signal(getattr(signal, name), _end_by_signal)
    stdout, reader = sys.stdout, _identity(sys.stdout)
    code = 0
    try:
        app()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        # Typer and Rich put something harmless in the place of a pipe whose reader has gone, and end with 1.
        if code == 1 and (sys.stdout is not stdout or _identity(stdout) != reader):
            code = OUTPUT_FAILED
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        code = SIGNALLED + signal.SIGINT
    except Exception as error:
        say(report(error))
        code = INTERNAL
    return _flushed(code)


def _end_by_signal(number: int, frame: FrameType | None) -> NoReturn:
    # Workers would be waited for, run by run.
    if children := sys.modules.get("multiprocessing"):
        for child in children.active_children():
            child.terminate()
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(SIGNALLED + number)


def _identity(stream: object) -> tuple[int, int]:
    try:
        status = os.fstat(stream.fileno())  # type: ignore[attr-defined]
    except (OSError, ValueError, AttributeError):
        return (0, 0)
    return (status.st_dev, status.st_ino)


def _flushed(code: int) -> int:
    """The rest of the output, here and not in the interpreter's last moments, where nobody could tell of it."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno != errno.EPIPE:
            say(f"the output cannot be written: {(error.strerror or str(error)).lower()}.")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return OUTPUT_FAILED
    return code
