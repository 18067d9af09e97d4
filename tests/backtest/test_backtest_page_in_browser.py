"""The page of a backtest opens from a file, without a network, and draws every picture."""

import pytest
from editions import actual, copied_case, edition

from browser_visits import visit
from capexpand.forecasting.quarters import quarter_of
from capexpand.studies.backtest.backtest import backtest
from capexpand.studies.backtest.forecast import Settings
from capexpand.studies.backtest.sheet import backtest_sheet


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    case = copied_case(folder)
    from datetime import date

    first = quarter_of(date(2025, 1, 1))
    rows = [
        actual("Example Cloud", metric, first + n, value * (1 + 0.1 * n))
        for n in range(4)
        for metric, value in (("cloud_revenue", 100.0), ("capex", 300.0))
    ]
    found = backtest(case, edition=edition(*rows), settings=Settings(scenarios=20, quarters=2))
    path = folder / "report.html"
    sheet = backtest_sheet(found)
    path.write_text(sheet.html(), "utf-8")
    return path, len(sheet.charts)


@pytest.mark.slow
@pytest.mark.parametrize("width", [1360, 390])
def test_every_picture_is_drawn_and_nothing_is_asked_of_a_network(chromium, page, width):
    path, count = page
    with visit(chromium, path, width, 900) as seen:
        drawn = seen.page.locator("[data-chart] svg.marks").count()
        wide = seen.page.evaluate("document.documentElement.scrollWidth")
    assert (drawn, wide, seen.said) == (count, width, [])
    assert [url for url in seen.asked if not url.startswith(("file:", "blob:", "data:"))] == []
