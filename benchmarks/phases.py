"""What is measured: one function a phase. To add a phase, write its function and name it in PHASES."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import programs
from measure import Call, Comparison, compare_calls, compare_programs, python

ROOT = Path(__file__).parents[1]
CASE = ROOT / "cases" / "alibaba-2025"

Phase = Callable[[int], list[Comparison]]

# The console script without its file, which need not be on the path.
CAPEXPAND = ("-c", "from capexpand.cli.main import main; main()")

BARE_COMMAND_LINE = """
import typer
app = typer.Typer()
@app.command()
def greet(name: str) -> None: ...
@app.command()
def part(name: str) -> None: ...
app()
"""

BARE_READER = """
import pathlib, sys
import pydantic
from ruamel.yaml import YAML
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.yaml")):
    YAML().load(path)
"""


def import_package(repeats: int) -> list[Comparison]:
    """`import capexpand` beside an interpreter that does nothing."""
    subject = python("import capexpand", "-c", "import capexpand")
    return [compare_programs("import", subject, python("python, nothing else", "-c", ""), repeats=repeats)]


def show_help(repeats: int) -> list[Comparison]:
    """`capexpand --help` beside the help of a typer program with two empty commands."""
    subject = python("capexpand --help", *CAPEXPAND, "--help")
    floor = python("smallest typer program", "-c", BARE_COMMAND_LINE, "--help")
    return [compare_programs("help", subject, floor, repeats=repeats)]


def check_case(repeats: int) -> list[Comparison]:
    """`capexpand check` beside ruamel.yaml reading the same files, with pydantic imported and unused."""
    subject = python("capexpand check", *CAPEXPAND, "check", str(CASE))
    floor = python("ruamel.yaml alone", "-c", BARE_READER, str(CASE))
    return [compare_programs("check", subject, floor, repeats=repeats)]


OPTIMISE_ONLY = """
import sys
import capexpand as cx
cx.optimise(cx.load_case(sys.argv[1]))
"""


def make_report(repeats: int) -> list[Comparison]:
    """The page and the JSON document of the Alibaba case beside writing the same bytes to a file."""
    import capexpand as cx

    findings = cx.evaluate(cx.optimise(cx.load_case(CASE)))
    html = cx.report(findings).html().encode()

    def page() -> None:
        sheet = cx.report(findings)
        sheet.html()
        sheet.json()

    def write() -> None:
        with tempfile.TemporaryFile() as file:
            file.write(html)

    subject, floor = Call("page and JSON document", page), Call("the page's bytes to a file", write)
    return [compare_calls("report", subject, floor, repeats=repeats)]


def run_whole(repeats: int) -> list[Comparison]:
    """`capexpand run`, process start to written report, beside a process that only solves the three plans."""
    with tempfile.TemporaryDirectory() as folder:
        subject = python("capexpand run", *CAPEXPAND, "run", str(CASE), "--out", f"{folder}/run", "--json")
        floor = python("the three plans alone", "-c", OPTIMISE_ONLY, str(CASE))
        return [compare_programs("run", subject, floor, repeats=repeats)]


PHASES: dict[str, Phase] = {
    "import": import_package,
    "help": show_help,
    "check": check_case,
    "build": programs.build,
    "solve": programs.solve,
    "report": make_report,
    "run": run_whole,
    "large": programs.large,
}
