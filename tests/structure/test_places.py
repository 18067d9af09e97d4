"""A newcomer finds the place of a change: what CONTRIBUTING.md names is there, and holds the thing alone."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "capexpand"
BOOKS = ("workbook/pages.py", "workbook/style.py", "workbook/writer.py")
"""Cells of a workbook have colours of their own."""


def _places() -> list[str]:
    """Every path in the table of places."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    table = text.split("## Where to change")[1].split("\n## ")[0]
    return [
        name for line in table.splitlines() if line.startswith("| ")
        for name in re.findall(r"`([\w/.<>]+)`", line.split(" | ")[1])
    ]  # fmt: skip


def test_every_place_to_change_something_exists() -> None:
    places = [name for name in _places() if name != "Sheet" and "<" not in name]
    assert len(places) >= 12
    assert [name for name in places if not (PACKAGE / name).exists()] == []


def test_the_colours_of_charts_stand_in_one_file() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r'"#[0-9a-fA-F]{6}"', path.read_text("utf-8"))
    }
    assert found - set(BOOKS) == {"reporting/charts/palette.py"}


def test_the_rules_of_taxes_stand_in_one_file() -> None:
    """Losses carried forward shelter profits in one file, for statements, debt and scenarios alike."""
    rule = r"\.carried_forward\(\)|maximum\(0\.0, .*losses|max\(0\.0, .*carried"
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(rule, path.read_text("utf-8"))
    }
    assert users - {"finance/rows.py"} == {"finance/taxes.py"}
