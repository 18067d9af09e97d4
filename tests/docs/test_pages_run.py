"""The blocks of tutorials, guides, explanations and README run, and print what the page says.

* ``console``: a line that begins with ``$`` is run by the shell in a folder of the page's own; what stands
  below it must be printed. A line of three dots stands for any text; white space counts as one space.
* ``python``: run one after the other in one namespace; a ``text`` block right below says what is printed.
* a block below ``<!-- shown -->`` needs what no page can start, such as a server, or takes minutes: not run.
* a block with ``title="FILE"`` is written to that file first; commands below ``<!-- fails -->`` must fail.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in ("README.md", "docs/tutorials/*.md", "docs/guides/*.md", "docs/explanation/*.md")
    for path in ROOT.glob(pattern)
)
FENCE = re.compile(
    r"^(?:<!-- (?P<mark>\w+) -->\n)?```(?P<kind>\w+)(?P<more>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
LIMIT_SECONDS = 600


@dataclass(frozen=True)
class Block:
    kind: str
    title: str | None
    fails: bool  # whether its commands are to end with an error
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        if found["mark"] == "shown":
            continue
        title = re.search(r'title="([^"]+)"', found["more"])
        line = text.count("\n", 0, found.start()) + 1
        yield Block(found["kind"], title[1] if title else None, found["mark"] == "fails", found["text"], line)


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of a command and what it is said to print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        first, _, rest = part.partition("\n")
        while first.endswith("\\"):
            more, _, rest = rest.partition("\n")
            first = f"{first[:-1]} {more.strip()}"
        yield first, rest


def assert_prints(said: str, printed: str, where: str) -> None:
    """Each stretch of text between lines of dots stands in what was printed, in order."""
    shown = " ".join(printed.split())
    at = 0
    for stretch in re.split(r"^\s*\.\.\.\s*$", said, flags=re.MULTILINE):
        wanted = " ".join(stretch.split())
        found = shown.find(wanted, at)
        assert found >= 0, f"{where} says\n  {wanted}\nbut what is printed is\n{printed}"
        at = found + len(wanted)


def run_console(block: Block, folder: Path, where: str) -> None:
    beside = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{beside}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "100"}
    for command, said in commands(block.text):
        done = subprocess.run(
            ["bash", "-c", command],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env=environment,
            timeout=LIMIT_SECONDS,
        )
        assert (done.returncode != 0) == block.fails, f"{where}: {command}\n{done.stdout}{done.stderr}"
        assert_prints(said, done.stdout + done.stderr, f"{where}: $ {command}")


def run_page(page: Path, folder: Path) -> int:
    """Run a page in a folder and return the number of blocks that were run or written."""
    namespace: dict[str, Any] = {"__name__": "page"}
    printed: str | None = None
    count = 0
    for block in blocks(page):
        where = f"{page.name}, line {block.line}"
        if block.title is not None:
            place = folder / block.title
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(block.text, encoding="utf-8")
        elif block.kind == "console":
            run_console(block, folder, where)
        elif block.kind == "python":
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(block.text, where, "exec"), namespace)
            printed = output.getvalue()
            count += 1
            continue
        elif block.kind == "text" and printed is not None:
            assert_prints(block.text, printed, where)
        else:
            continue
        printed = None
        count += 1
    return count


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=str)
def test_page_runs_and_prints_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cases").symlink_to(ROOT / "cases")
    run_page(ROOT / page, tmp_path)


def test_output_that_differs_is_noticed() -> None:
    assert_prints("one\n...\nthree", "one\ntwo\nthree\n", "here")
    with pytest.raises(AssertionError, match="here says"):
        assert_prints("one\n...\nfour", "one\ntwo\nthree\n", "here")


def test_command_that_fails_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ exit 3\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="exit 3"):
        run_page(page, tmp_path)


def test_tutorials_hold_blocks_that_run() -> None:
    for page in PAGES:
        if page.parent.name == "tutorials":
            kinds = [block.kind for block in blocks(ROOT / page)]
            assert "console" in kinds or "python" in kinds, page


KINDS = {"bash", "console", "csv", "ini", "json", "python", "text", "toml", "yaml"}
ALL_PAGES = sorted(path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md"))
HANDWRITTEN = [page for page in ALL_PAGES if page.parent.name in ("tutorials", "guides", "explanation")]


@pytest.mark.parametrize("page", HANDWRITTEN, ids=str)
def test_every_block_has_a_kind_so_that_no_command_goes_without_a_run(page: Path) -> None:
    fences = re.findall(r"^```([^\n]*)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert {fence.split()[0] if fence else "" for fence in fences[::2]} <= KINDS
    assert all(re.fullmatch(r'\w+( title="[^"]+")?', fence) for fence in fences[::2]), (
        "a site shows it as text"
    )
    for block in blocks(ROOT / page):
        hidden = block.kind not in ("console",) and re.search(r"^\$? ?capexpand \w", block.text, re.MULTILINE)
        assert not hidden, f"{page}, line {block.line}: a command in a block that is not run"
