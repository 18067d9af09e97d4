"""Text of a user is text wherever it is shown: no markup, no escape sequence, no formula, no format field."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

import capexpand as cx
from capexpand.reporting.run_sheet import run_sheet
from capexpand.reporting.serial import json_text
from capexpand.reporting.templating import environment
from capexpand.reporting.terminal import print_text
from capexpand.runs.folder import table_files
from capexpand.studies.breakeven.sheet import breakeven_sheet

HOSTILE = "[/] [b]{A}[/b] {0} %s </script><b>&amp;"
CASES = Path(__file__).parents[2] / "cases"
TITLES = ("Two sites", "Coast", "Chat", "Server with eight accelerators")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a case whose folder and titles are hostile; the title of the case is a formula as well."""
    place = tmp_path_factory.mktemp("cases") / "=[b]{A}[i]"
    place.mkdir()
    text = (CASES / "two-sites" / "case.yaml").read_text("utf-8")
    for title in TITLES:
        assert f"title: {title}" in text
        first = "=" if title == "Two sites" else ""
        text = text.replace(f"title: {title}", f'title: "{first}{title} {HOSTILE}"', 1)
    (place / "case.yaml").write_text(text, "utf-8")
    return place


@pytest.fixture(scope="module", params=["run", "compare", "breakeven", "scenarios"])
def sheet(request, folder):
    case = cx.load_case(folder)
    if request.param == "run":
        return run_sheet(cx.evaluate(cx.optimise(case)))
    if request.param == "compare":
        return cx.compare([folder, f"{folder}:late-power"]).sheet()
    if request.param == "breakeven":
        from capexpand.studies.breakeven.findings import breakeven

        return breakeven_sheet(breakeven(case, ("price",), pairs=(), scenarios=10))
    return cx.scenarios(case, scenarios=16, nodes=2, outcomes=1).sheet()


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_terminal_shows_hostile_text_as_it_is_written(sheet, width):
    out = io.StringIO()
    sheet.print(Console(file=out, width=width, markup=False, highlight=False, emoji=False))
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "".join(HOSTILE.split()) in "".join(text.split())


def test_a_page_holds_hostile_text_as_text(sheet):
    page = sheet.html()
    assert "</script><b>" not in page
    assert "[b]{A}[/b]" in page


def test_a_document_is_json_without_nan(sheet):
    assert json.loads(sheet.json(), parse_constant=pytest.fail)


def test_a_notebook_shows_a_short_piece(sheet):
    piece = sheet._repr_html_()
    assert len(piece) < 59_000
    assert "</script><b>" not in piece
    assert "\n" not in repr(sheet)


def test_no_cell_of_a_csv_file_is_a_formula(sheet):
    for name, content in table_files(sheet.tables).items():
        if name.endswith(".csv"):
            cells = [cell for line in content.decode().splitlines()[1:] for cell in line.split(",")]
            assert not any(cell.startswith(("=", "+", "@", "-[")) for cell in cells)


def test_control_characters_reach_no_terminal_and_no_page():
    """A case refuses them; a file's name or an answer of another program may still hold them."""
    evil = "a\x1b[31mb\u202ec\udcff\x07"
    out = io.StringIO()
    print_text(evil, Console(file=out, width=80))
    assert out.getvalue() == "a\\x1b[31mb\\u202ec\\udcff\\x07\n"
    assert environment().from_string("{{ text }}").render(text=evil) == "a\\x1b[31mb\\u202ec\\udcff\\x07"
    assert json.loads(json_text({"text": evil})) == {"text": "a\x1b[31mb\u202ec\\udcff\x07"}


def test_a_text_that_begins_like_a_formula_is_guarded_and_a_number_is_not():
    import polars as pl

    frame = pl.DataFrame({"text": ["=1+1", "-x", "@a", "plain"], "number": [-1.0, 2.0, -3.0, 4.0]})
    lines = table_files({"t": frame})["tables/t.csv"].decode().splitlines()
    assert lines[1:] == ["'=1+1,-1.0", "'-x,2.0", "'@a,-3.0", "plain,4.0"]
