"""The blocks of all pages run, and print what the page says; ``pages`` says how."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pages import ROOT, assert_prints, blocks, commands, run_page
from ruamel.yaml import YAML
from workbook_edits import change, edited, places

import capexpand as cx

WRITTEN_FROM_CODE = {"case.md", "commands.md", "python.md", "study-tables.md"}
ALL_PAGES = sorted(path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md"))
HANDWRITTEN = [page for page in ALL_PAGES if page.name not in WRITTEN_FROM_CODE]
PAGES = [Path("README.md"), *HANDWRITTEN, *sorted(p.relative_to(ROOT) for p in ROOT.glob("cases/*/*.md"))]
GIVEN = {
    "articles": lambda _: str(ROOT / "tests/claims/articles"),
    "news": lambda _: str(ROOT / "tests/sddp/data/news_stand.sof.json"),
    "changed_workbook": lambda _: changed_workbook(Path.cwd()),
    "mistaken_case": lambda _: mistaken_case(Path.cwd()),
}
ELSEWHERE = {
    "docs/guides/web.md": "tests/web/test_web_guide.py",
    "docs/guides/installation.md": "tests/docs/test_installing.py",
}
"""Pages that need a database or an environment of their own."""


def runs(page: Path) -> bool:
    return any(block.kind in ("console", "python") and block.run_by is None for block in blocks(ROOT / page))


@pytest.mark.slow
@pytest.mark.parametrize("page", [one for one in PAGES if runs(one) and str(one) not in ELSEWHERE], ids=str)
def test_page_runs_and_prints_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cases").symlink_to(ROOT / "cases")
    run_page(ROOT / page, tmp_path, GIVEN)


def changed_workbook(folder: Path) -> str:
    """The workbook of the run that the page made, with another tax rate."""
    book = folder / "runs/two-sites/workbook.xlsx"
    return str(change(book, folder / "changed.xlsx", {places(book)["finance.tax_rate"]: 0.15}))


def mistaken_case(folder: Path) -> str:
    """The input workbook that the page made, without the unit of a lead time."""
    book = folder / "my-case/case.xlsx"
    edited(book, {("Sites", "sites.north.build.lead_time", "U"): ""}).replace(book)
    return "my-case"


def test_output_that_differs_is_noticed() -> None:
    assert_prints("one\n...\nthree", "one\ntwo\nthree\n", "here")
    with pytest.raises(AssertionError, match="here says"):
        assert_prints("one\n...\nfour", "one\ntwo\nthree\n", "here")


def test_command_that_fails_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ exit 3\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="exit 3"):
        run_page(page, tmp_path)


def test_what_the_tests_put_in_place_is_in_the_block(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    mark = "<!-- in the tests: large → small; b → {given} -->"
    page.write_text(f"{mark}\n```console\n$ echo large b\nsmall one\n```\n", encoding="utf-8")
    assert run_page(page, tmp_path, {"given": lambda _: "one"}) == 1
    page.write_text(f"{mark}\n```console\n$ echo b\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="does not have 'large'"):
        run_page(page, tmp_path, {"given": lambda _: "one"})


def test_tutorials_hold_blocks_that_run() -> None:
    assert all(runs(page) for page in PAGES if page.parent.name == "tutorials")


@pytest.mark.parametrize("page", ALL_PAGES, ids=str)
def test_every_block_has_a_kind_so_that_none_goes_without_a_run(page: Path) -> None:
    fences = re.findall(r"^```([^\n]*)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    kinds = {"bash", "console", "csv", "ini", "json", "python", "text", "toml", "yaml"}
    assert {fence.split()[0] if fence else "" for fence in fences[::2]} <= kinds
    assert all(re.fullmatch(r'\w+( title="[^"]+")?', fence) for fence in fences[::2]), (
        "a site shows it as text"
    )
    for block in blocks(ROOT / page):
        where = f"{page}, line {block.line}"
        hidden = block.kind != "console" and re.search(r"^\$? ?capexpand \w", block.text, re.MULTILINE)
        assert block.run_by or not hidden, f"{where}: a command in a block that is not run"
        assert block.kind != "bash" or block.run_by, f"{where}: say which file runs it"
        if block.run_by is None:
            continue
        runner = (ROOT / block.run_by).read_text(encoding="utf-8")
        wanted = [str(page)] if block.run_by.endswith(".py") else block.text.splitlines()
        for line in wanted:
            assert line.partition("  #")[0].strip() in runner, f"{where}: {block.run_by} does not run {line}"


@pytest.mark.parametrize("page", ELSEWHERE, ids=str)
def test_a_page_with_needs_of_its_own_is_run_by_another_file(page: str) -> None:
    assert page.rpartition("/")[2] in (ROOT / ELSEWHERE[page]).read_text(encoding="utf-8")
    assert any(list(commands(block.text)) for block in blocks(ROOT / page))


# --- what is shown of a case file


def open_schema(part: Any) -> Any:
    """The schema of a case without what a whole one must have, as a page shows a part of it."""
    if isinstance(part, dict):
        return {key: open_schema(value) for key, value in part.items() if key != "required"}
    return [open_schema(one) for one in part] if isinstance(part, list) else part


def with_texts(part: Any) -> Any:
    """A document whose dates are texts, as they are in JSON."""
    if isinstance(part, dict):
        return {str(key): with_texts(value) for key, value in part.items()}
    if isinstance(part, list):
        return [with_texts(one) for one in part]
    return str(part) if isinstance(part, date) else part


@pytest.fixture(scope="module")
def fields() -> Any:
    return jsonschema.Draft202012Validator(open_schema(cx.schema()))


PARTS = [
    pytest.param(page, block.text, id=f"{page}:{block.line}")
    for page in PAGES
    for block in blocks(ROOT / page)
    if block.kind == "yaml" and block.title is None
]


@pytest.mark.parametrize(("page", "text"), PARTS)
def test_a_part_of_a_case_has_the_fields_of_a_case(page: Path, text: str, fields: Any) -> None:
    shown = with_texts(YAML(typ="safe", pure=True).load(text))
    wrong = [f"{error.json_path}: {error.message[:300]}" for error in fields.iter_errors(shown)]
    assert wrong == [], page


def test_a_field_that_no_case_has_is_noticed(fields: Any) -> None:
    assert list(fields.iter_errors({"sites": {"a": {"grid_limit": "5 MW"}}}))
    assert not list(fields.iter_errors({"sites": {"a": {"grid": "5 MW"}}}))
