"""The page of a comparison opens from a file, without a network, in a real browser."""

import pytest

from browser_visits import visit
from capexpand.studies.comparison.charts import comparison_charts
from capexpand.studies.comparison.sheet import comparison_sheet


@pytest.fixture(scope="module")
def saved(both, tmp_path_factory):
    path = tmp_path_factory.mktemp("comparison") / "comparison.html"
    path.write_text(comparison_sheet(both).html(), "utf-8")
    return path


@pytest.mark.parametrize("width", [1360, 390])
def test_the_page_opens_without_a_network(chromium, saved, both, width):
    with visit(chromium, saved, width, 900) as seen:
        drawn = seen.page.evaluate(
            """() => [...document.querySelectorAll("[data-chart] svg.marks")].map((svg) => {
                const box = svg.getBoundingClientRect();
                return [box.width, box.height, svg.querySelectorAll("path").length];
            })"""
        )
        wide = seen.page.evaluate("document.documentElement.scrollWidth")
        heads = seen.page.locator("thead th").all_inner_texts()
        text = seen.page.locator("body").inner_text().replace("\u00a0", " ")
    assert seen.said == []
    assert seen.asked == [saved.as_uri()]
    assert wide <= width
    assert len(drawn) == len(comparison_charts(both)) == 6
    assert all(100 < box[0] <= width and box[1] > 60 and box[2] > 4 for box in drawn)
    assert {"Seller", "User"} <= set(heads)
    assert "7.2993 CNY/USD" in text


def test_a_name_cannot_break_out_of_the_page(tiny, tmp_path):
    from capexpand.studies.comparison.comparing import compare

    text = (tiny("used") / "case.yaml").read_text("utf-8")
    (tmp_path / "case.yaml").write_text(text.replace("buyer: User", "buyer: </script><b>User</b>"), "utf-8")
    html = comparison_sheet(compare([tiny("sold"), tmp_path])).html()
    assert "</script><b>" not in html
    assert "<b>User" not in html
