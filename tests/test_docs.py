"""The documentation is true: its examples run and print what they show, its links lead somewhere, every module has its page."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from cutaway.commands import outcome
from cutaway.comparison import METRICS
from cutaway.keeping import latency_table, ledger_table, runs_table
from cutaway.sim import results, trace
from tests.examples import PAGES, ROOT, as_run, console_blocks, name_of, python_blocks

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FOLDERS = ("models", "scenarios", "sim", "visuals", "cutaway")
TRACE_OF_A_RUN = (trace.SPAN, trace.STINT, trace.STATE, trace.REQUEST)


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


# --- examples ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if console_blocks(page)], ids=name_of)
def test_commands_print_what_is_shown(page: Path, tmp_path: Path) -> None:
    """After a change that moves it on purpose: `python -m tests.refresh`."""
    for block in console_blocks(page):
        assert as_run(block, tmp_path) == block


@pytest.mark.parametrize("page", [page for page in PAGES if python_blocks(page)], ids=name_of)
def test_python_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All blocks of a page in a row, in an empty folder, which stays empty."""
    monkeypatch.chdir(tmp_path)
    if "cutaway.visuals.show(" in page.read_text(encoding="utf-8"):
        pytest.skip("opens a window")
    names: dict[str, object] = {"__name__": "example"}
    for number, block in enumerate(python_blocks(page)):
        exec(compile(block, f"{name_of(page)}, block {number}", "exec", dont_inherit=True), names)
    assert list(tmp_path.iterdir()) == []


# --- links and pages -----------------------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_every_page_can_be_reached() -> None:
    seen: set[Path] = set()
    left = [(ROOT / "README.md").resolve()]
    while left:
        page = left.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        left += [(page.parent / target.partition("#")[0]).resolve() for target in LINK.findall(page.read_text(encoding="utf-8"))]
    assert {page.resolve() for page in PAGES} - seen == set()


def modules() -> list[Path]:
    """Without the commands, which have their help, and the programs that measure."""
    found = [file.relative_to(ROOT) for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
    return [file for file in found if file.name != "__init__.py" and not {"measuring", "commands", "__pycache__"} & set(file.parts)]


MODULES = modules()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.as_posix())
def test_every_module_has_its_page(module: Path) -> None:
    """Named in a page of the folder that mirrors its own: by its path, or by its name alone."""
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / module.parts[0]).rglob("*.md"))
    assert f"`{module.as_posix()}`" in pages or f"`{module.stem}`" in pages or f"\n{module.name} " in pages, f"no page tells of {module}"


def test_no_page_names_a_module_that_is_not_there() -> None:
    for page in PAGES:
        if page.name == "CONTRIBUTING.md":
            continue  # its example is not there yet
        for name in re.findall(r"`((?:cutaway|models|scenarios|sim|visuals)/[\w/]+\.py)`", page.read_text(encoding="utf-8")):
            assert (ROOT / name).is_file(), f"{name_of(page)} names {name}"


# --- complete tables -----------------------------------------------------------------------------------------------------------------


def test_every_column_is_explained(compared: object) -> None:
    told = text_of("docs/results.md")
    columns = {name for dtype in TRACE_OF_A_RUN for name in (dtype.names or ()) if name != "pad"}
    columns |= {metric.key for metric in METRICS} | set(trace.KINDS)
    columns |= {*results.CPU_COLUMNS, *results.THREAD_COLUMNS, *results.GROUP_COLUMNS, *results.DEVICE_COLUMNS}
    columns |= set(results.Result.__dataclass_fields__)
    for table in (runs_table, ledger_table, latency_table):
        columns |= set(table(compared).column_names)  # type: ignore[arg-type]
    assert {column for column in columns if f"`{column}`" not in told} == set()


def test_every_key_of_the_document_is_explained(compared: object) -> None:
    told = text_of("docs/results.md")
    document = compared.document()  # type: ignore[attr-defined]
    keys = {*document, *document["stacks"]["vm"], *document["stacks"]["vm"]["memory"], *document["scenario"]}
    assert {key for key in keys if f"`{key}`" not in told and f"`{key}.NAME`" not in told} == set()


def test_every_exit_code_is_told() -> None:
    told = text_of("docs/exit-codes.md")
    codes = {value for name, value in vars(outcome).items() if name.isupper() and isinstance(value, int) and value < 128}
    assert codes and all(f"| {code} |" in told for code in codes)


def test_every_outcome_layer_and_command_is_told() -> None:
    from cutaway.cli import app
    from cutaway.models.layer import ORDER

    told = text_of("docs/results.md")
    assert all(f"`{layer}`" in told for layer in ORDER)
    commands = text_of("docs/cutaway/commands.md")
    assert all(f"| `{command.name}" in commands for command in app.registered_commands)


def test_every_word_of_the_glossary_is_in_both_languages() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text_of("docs/glossary.md"), re.MULTILINE)
    words = [row for row in rows if row[0] != "English" and not row[0].startswith("---")]
    assert len(words) > 60
    assert all(all(cell.strip() for cell in row) for row in words)
    assert len({row[0] for row in words}) == len(words)


# --- sources -------------------------------------------------------------------------------------------------------------------------


def test_every_module_says_what_it_is() -> None:
    for module in MODULES:
        assert ast.get_docstring(ast.parse((ROOT / module).read_text(encoding="utf-8"))), module
