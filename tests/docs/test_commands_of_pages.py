"""Every command that a page shows exists with its options."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from capexpand.cli.main import build_app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in ("README.md", "docs/**/*.md", "cases/*/README.md")
    for path in ROOT.glob(pattern)
)
COMMAND = {
    "console": re.compile(r"^\$ capexpand +(.*)$", re.MULTILINE),
    "bash": re.compile(r"^capexpand +(.*)$", re.MULTILINE),
}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def fences(text: str) -> Iterator[tuple[str, str]]:
    """Yield the language and the text of every block."""
    kind: str | None = None
    held: list[str] = []
    for line in text.splitlines():
        if not line.lstrip().startswith("```"):
            held.append(line)
        elif kind is None:
            kind, held = line.strip().removeprefix("```"), []
        else:
            yield kind, "\n".join(held)
            kind = None


def mistakes(line: str, commands: Any) -> list[str]:
    """Return the words of a command line that the program does not know."""
    found = commands
    words = line.replace("[", " ").replace("]", " ").split()
    while words and words[0] in getattr(found, "commands", {}):
        found = found.commands[words.pop(0)]
    if found is commands and words and not words[0].startswith("-"):
        return [words[0]]
    known = {name for one in found.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    return [option for option in OPTION.findall(line.partition(" # ")[0]) if option not in known]


@pytest.fixture(scope="module")
def commands() -> Any:
    return typer.main.get_command(build_app())


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_commands_of_a_page_exist(page: Path, commands: Any) -> None:
    wrong = {
        line: unknown
        for kind, text in fences((ROOT / page).read_text("utf-8"))
        if kind in COMMAND
        for line in COMMAND[kind].findall(text.replace("\\\n", " "))
        if (unknown := mistakes(line, commands))
    }
    assert wrong == {}


def test_a_wrong_command_or_option_is_found(commands: Any) -> None:
    assert mistakes("runn CASE", commands) == ["runn"]
    assert mistakes("run CASE --variant x [--polcy]", commands) == ["--polcy"]
    assert mistakes("claims add FILE --yes", commands) == []
