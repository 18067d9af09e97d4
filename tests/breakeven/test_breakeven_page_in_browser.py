"""The page of a break-even study opens without a network, and its pictures keep their frames."""

from pathlib import Path

import pytest

from browser_visits import visit
from capexpand.case.loading import load_case
from capexpand.studies.breakeven.findings import breakeven
from capexpand.studies.breakeven.sheet import breakeven_sheet

CASES = Path(__file__).parents[2] / "cases"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = breakeven(load_case(CASES / "two-sites"), ("price",), scenarios=20)
    path = tmp_path_factory.mktemp("breakeven") / "report.html"
    path.write_text(breakeven_sheet(found).html(), "utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("width", [1360, 390])
def test_no_picture_leaves_its_frame(chromium: str, saved: Path, width: int) -> None:
    """Futures of equal value stand at one place; laid on each other they made a chart of 11,000 pixels."""
    with visit(chromium, saved, width, 900) as seen:
        sizes = seen.page.evaluate(
            """() => [...document.querySelectorAll("[data-chart] svg.marks")].map((svg) => {
                const box = svg.getBoundingClientRect();
                return [box.width, box.height];
            })"""
        )
        wide = seen.page.evaluate("document.documentElement.scrollWidth")
    assert (seen.said, seen.asked, wide) == ([], [saved.as_uri()], width)
    assert len(sizes) == 3  # room, one pair, the chances
    assert all(100 < across <= width and 100 < down < 700 for across, down in sizes)


def test_the_answers_come_first_and_are_told_once(saved: Path) -> None:
    html = saved.read_text("utf-8")
    told = "As assumed, the programme is worth"
    assert html.count(told) == 1
    assert html.index(told) < html.index('id="drivers"')
