"""The command line from outside: exit codes, sentences, help that can be read, and never a traceback."""

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cutaway.cli import app
from cutaway.commands.options import at_most_the_cpus
from cutaway.commands.outcome import EXPLAINED
from cutaway.models.kernel import LinuxPart
from cutaway.scenarios import limits, load

HERE = Path(__file__).parent
BAD = HERE.parent / "scenarios" / "bad"
COMMANDS = [
    "compare", "run", "explain", "show", "trace", "list", "check", "new", "schema", "cost", "limits", "profiles", "validate", "whatif",
    "calibrate", "import", "starts",
]  # fmt: skip


def cutaway(*arguments: str, stdout: int | None = subprocess.PIPE, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-m", "cutaway", *arguments],
        stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment, cwd=cwd, timeout=60,
    )  # fmt: skip


def test_help_names_every_command_within_80_columns() -> None:
    told = cutaway("--help")
    assert told.returncode == 0
    assert all(f"│ {command}" in told.stdout for command in COMMANDS)
    assert max(map(len, told.stdout.splitlines())) <= 80


@pytest.mark.parametrize("command", [*COMMANDS, "profiles list", "profiles show", "profiles diff", "measure app"])
def test_each_command_has_its_help(command: str) -> None:
    told = cutaway(*command.split(), "--help")
    assert told.returncode == 0
    assert max(map(len, told.stdout.splitlines())) <= 80
    assert told.stderr == ""


def test_help_imports_nothing_heavy() -> None:
    heavy = ["numpy", "numba", "pyarrow", "pygame", "simpy", "pydantic", "ruamel"]
    code = f"import sys, cutaway.cli; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_help_answers_soon() -> None:
    """The budget is 150 ms on a quiet machine; here the CPU time of the best of ten counts, and a slow machine gets twice that."""
    spent = []
    for _ in range(10):
        before = os.times()
        cutaway("--help")
        after = os.times()
        spent.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(spent) < 0.3


def test_the_version() -> None:
    assert cutaway("--version").stdout == "cutaway 0.1.0\n"


def test_completion_knows_commands_and_scenarios() -> None:
    for words, there in (
        ("cutaway che", "check"),
        ("cutaway check lec", "lecture/three-stacks"),
        ("cutaway cost x --profile two", "two-core-vm"),
    ):
        environment = {**os.environ, "_CUTAWAY_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        code = "import sys; sys.argv[0] = 'cutaway'; from cutaway.cli import main; main()"
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
        assert there in told.stdout.split(), told.stderr


# --- exit codes ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["rnu"], "Did you mean 'run'?"),
        (["run"], "Missing argument"),
        (["compare", "lecture/three-stack"], "Did you mean 'lecture/three-stacks'?"),
        (["compare", "lecture/three-stacks", "--stack", "vn"], "Did you mean 'vm'?"),
        (["compare", "lecture/three-stacks", "--set", "clients"], "is not KEY=VALUE"),
        (["compare", "lecture/three-stacks", "--set", "clients.connections=0"], "clients.connections is 0; expected at least 1."),
        (["compare", "lecture/three-stacks", "--set", "clients.think=5"], "Did you mean '5 ms'?"),
        (["compare", "lecture/three-stacks", "--set", "server.cpus=[9"], "--set server.cpus:1: cannot be read"),
        (["run", "lecture/three-stacks", "--seed", "-1"], "run.seed is -1; expected at least 0."),
        (["run", "lecture/three-stacks", "--seed", "x"], "Input should be a valid integer"),
        (["show", "lecture/three-stacks", "--at", "5"], "expected a duration"),
        (["show", "lecture/three-stacks", "--size", "big"], "expected WIDTHxHEIGHT"),
        (["show", "lecture/three-stacks", "--record", "film.avi"], "ends in .mp4, .gif or .png"),
        (["trace", "lecture/three-stacks", "--format", "xml"], "perfetto"),
        (["check", str(BAD / "negative.yaml")], "clients.connections is -4; expected at least 1."),
        (["check", str(BAD), "/dev/null"], "/dev/null: is a device"),
        (["new", "--from", "lecture/three-stack", "x.yaml"], "Did you mean 'lecture/three-stacks'?"),
        (["new", "nowhere/at/all/x.yaml"], "its folder is not there"),
        (["cost", "doorbel exit"], "Did you mean 'doorbell exit'?"),
        (["profiles", "show", "two-core-wm"], "Did you mean 'two-core-vm'?"),
    ],
    ids=lambda value: " ".join(value)[-40:] if isinstance(value, list) else "",
)
def test_bad_input_ends_with_2_and_a_sentence(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    told = cutaway(*arguments, cwd=tmp_path)
    assert told.returncode == 2, told.stderr
    assert sentence in " ".join(told.stderr.replace("│", " ").split())
    assert "Traceback" not in told.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_and_a_closed_pipe_end_with_74() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    told = cutaway("schema", stdout=full)
    os.close(full)
    assert (told.returncode, told.stderr) == (74, "the output cannot be written: no space left on device.\n")
    for arguments in (["schema"], ["--help"], ["list"]):
        reader, writer = os.pipe()
        os.close(reader)
        told = cutaway(*arguments, stdout=writer)
        os.close(writer)
        assert (told.returncode, told.stderr) == (74, ""), arguments


def test_no_standard_output_at_all_ends_with_74() -> None:
    told = subprocess.run(f"{sys.executable} -m cutaway list >&-", shell=True, capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (74, "standard output is closed.\n")


def test_a_file_that_cannot_be_written_ends_with_74(tmp_path: Path) -> None:
    told = cutaway("schema", "--out", str(tmp_path))
    assert (told.returncode, told.stderr) == (74, f"{tmp_path}: is a directory.\n")


def ended(body: str, *signals: signal.Signals, env: dict[str, str] | None = None) -> tuple[int, str]:
    """How a command with this body ends, when these signals come."""
    code = f"""
import signal, sys, time, typer
for number in (signal.SIGINT, signal.SIGHUP):       # as a shell starts it in the foreground, whoever started the tests
    signal.signal(number, signal.SIG_DFL)
from cutaway.commands.outcome import guarded, run_to_the_end
app = typer.Typer(pretty_exceptions_enable=False)
@app.command()
@guarded
def command() -> None:
    print("begun", flush=True)
    {body}
sys.argv = ["cutaway", "it's me"][:1]
sys.exit(run_to_the_end(app))
"""
    environment = {**os.environ, **(env or {})}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        for each in signals:
            process.send_signal(each)
        return process.wait(timeout=30), process.stderr.read()


@pytest.mark.parametrize("each", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_with_128_and_its_number(each: signal.Signals) -> None:
    assert ended("time.sleep(30)", each) == (128 + each, "")


def test_a_signal_is_heard_in_the_middle_of_a_long_run() -> None:
    """Goal: no run is so long that it can't be stopped. Method: a year of simulated time, and a signal while compiled code is at it."""
    body = """
    import os, signal, threading
    from cutaway.building import build_stacks
    from cutaway.scenarios import load
    from cutaway.sim.traffic.engine import Traffic
    traffic = Traffic(build_stacks(load("lecture/three-stacks"), ["container"])[0].machine, 1)
    traffic.advance(1)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
    traffic.advance(365 * 24 * 3600 * 10**9)
    """
    assert ended(body) == (128 + signal.SIGTERM, "")


def test_an_internal_error_ends_with_70_and_a_report(tmp_path: Path) -> None:
    code, told = ended("[][1]", env={"XDG_CACHE_HOME": str(tmp_path)})
    (report,) = tmp_path.glob("cutaway/reports/*.txt")
    assert code == 70
    assert told == f"internal error (IndexError); it is not your fault.\nReport: {report}\nTo see it again: cutaway\n"
    assert "command: cutaway" in report.read_text() and "IndexError: list index out of range" in report.read_text()
    assert report.stat().st_mode & 0o077 == 0


def test_a_part_that_is_not_installed_ends_with_69() -> None:
    code, told = ended("raise ModuleNotFoundError(name='av')")
    assert (code, told) == (69, 'this needs the video extra: pip install "cutaway[video]"\n')


# --- what commands say ---------------------------------------------------------------------------------------------------------------


def test_check_says_all_files_and_all_mistakes() -> None:
    told = cutaway("check", "lecture/three-stacks", str(BAD / "negative.yaml"), str(BAD / "zero.yaml"))
    assert told.returncode == 2
    assert told.stdout == "lecture/three-stacks: in order\n"
    assert len(told.stderr.splitlines()) == 7
    listed = json.loads(cutaway("check", "--json", str(BAD / "negative.yaml")).stdout)
    assert listed["problems"][0]["line"] == 2


def test_a_file_name_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31mb\u202e.yaml"
    file.write_text("cutaway: 1\n")
    told = cutaway("check", str(file))
    assert "\x1b" not in told.stderr and "\u202e" not in told.stderr and "a\\u{1b}[31mb" in told.stderr


def test_new_writes_a_scenario_with_its_comments_once(tmp_path: Path) -> None:
    told = cutaway("new", "--from", "lecture/three-stacks", "mine.yaml", cwd=tmp_path)
    assert told.returncode == 0
    text = (tmp_path / "mine.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=./cutaway.schema.json\n")
    assert "# Each stack from the bottom up." in text
    assert load(tmp_path / "mine.yaml") == load("lecture/three-stacks")
    assert json.loads((tmp_path / "cutaway.schema.json").read_text())["title"] == "Cutaway scenario"
    (tmp_path / "mine.yaml").write_text("mine")
    again = cutaway("new", "mine.yaml", cwd=tmp_path)
    assert (again.returncode, (tmp_path / "mine.yaml").read_text()) == (2, "mine")
    assert "is there already" in again.stderr


def test_list_has_a_line_for_everything() -> None:
    lines = cutaway("list").stdout.splitlines()
    assert "scenario  lecture/three-stacks: One request, three ways" in lines
    assert "stack     lecture/three-stacks, bare metal: hardware < linux < nginx" in lines
    assert any(line.startswith("profile   two-core-vm: ") for line in lines)
    assert "한 요청" in cutaway("list", "--lang", "ko").stdout
    assert json.loads(cutaway("list", "--json").stdout)["scenarios"][0]["name"] == "lecture/three-stacks"


def test_limits_are_all_printed() -> None:
    told = cutaway("limits").stdout
    assert all(str(limit) in told for limit in limits.ALL)


def test_a_cost_tells_its_source() -> None:
    told = cutaway("cost", "context switch").stdout
    assert "\nsource: " in told and "\nwhat:   " in told
    assert "context switch" in cutaway("profiles", "show").stdout


def test_it_works_where_other_models_lie_about(tmp_path: Path) -> None:
    """A researcher's own `models` folder is not taken for ours."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/__init__.py").write_text("raise SystemExit('the wrong one')")
    assert cutaway("list", cwd=tmp_path).returncode == 0
    assert LinuxPart.__module__ == "cutaway.models.kernel"


def test_the_app_is_what_the_console_command_runs() -> None:
    assert app.info.name == "cutaway"


def test_every_error_that_explains_itself_is_there() -> None:
    """They are known by name; a renamed one would end as an internal error."""
    for name in EXPLAINED:
        module, _, kind = f"cutaway.{name}".rpartition(".")
        assert issubclass(getattr(importlib.import_module(module), kind), Exception)


def test_a_mistake_in_a_file_is_told_without_loading_the_engine() -> None:
    code = "import sys; from cutaway.cli import app; from cutaway.commands.outcome import run_to_the_end\n"
    code += "sys.argv = ['cutaway', 'run', 'nowhere.yaml']; run_to_the_end(app)\n"
    code += "print([name for name in ('numba', 'pygame', 'pyarrow', 'pandas') if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


def test_more_workers_than_cpus_are_told_and_not_started(capsys: pytest.CaptureFixture[str]) -> None:
    there = len(os.sched_getaffinity(0))
    assert at_most_the_cpus(there) == there and capsys.readouterr().err == ""
    assert at_most_the_cpus(1000) == there
    assert capsys.readouterr().err.startswith(f"--workers 1000: this machine has {there} CPU")


@pytest.mark.parametrize("name", ["Context-Switch", "context_switch", "CONTEXT SWITCH"])
def test_a_cost_written_otherwise_gets_its_name(name: str) -> None:
    told = cutaway("cost", name)
    assert (told.returncode, told.stderr) == (2, f"profile two-core-vm has no cost '{name}'. Did you mean 'context switch'?\n")
