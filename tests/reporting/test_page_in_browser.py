"""The page opens from a file, without a network, in a real browser."""

from pathlib import Path

import pytest

from browser_visits import WIDTHS, visit
from capexpand.reporting.run_sheet import run_sheet


def page_of(findings):
    return run_sheet(findings).html()


@pytest.fixture(scope="module")
def saved(alibaba, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page_of(alibaba), "utf-8")
    return path


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_opens_without_a_network(chromium, saved, alibaba, width):
    charts = len(run_sheet(alibaba).charts)
    with visit(chromium, saved, *WIDTHS[width]) as seen:
        assert seen.page.locator("h1").inner_text() == alibaba.case.title
        assert seen.page.locator("#answers dd").first.is_visible()
        drawn = seen.page.evaluate(
            """() => [...document.querySelectorAll("[data-chart] svg.marks")].map((svg) => {
                const box = svg.getBoundingClientRect();
                return { width: box.width, height: box.height, marks: svg.querySelectorAll("path").length };
            })"""
        )
        wide = seen.page.evaluate("document.documentElement.scrollWidth")
    assert seen.said == []
    assert seen.asked == [saved.as_uri()]
    assert len(drawn) == charts
    assert all(svg["width"] > 150 and svg["height"] > 60 and svg["marks"] > 5 for svg in drawn)
    assert wide <= WIDTHS[width][0]


A4_WITHIN_MARGINS = 700  # px: 210 mm less twice 12 mm, at 96 px an inch, is 703


def test_nothing_is_wider_than_the_paper(chromium, saved):
    """What is wider would make the browser shrink every page of the print."""
    with visit(chromium, saved, A4_WITHIN_MARGINS, 1000) as seen:
        seen.page.emulate_media(media="print")
        wide = seen.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= A4_WITHIN_MARGINS


def test_the_reader_can_open_numbers_and_change_the_basis(chromium, saved):
    with visit(chromium, saved, *WIDTHS["desktop"]) as seen:
        numbers = seen.page.locator("#chart-capex details.numbers")
        numbers.locator("summary").click()
        numbers.locator("table").wait_for()
        assert numbers.locator("tbody tr").count() == 32
        assert numbers.locator("thead th").all_inner_texts()[1:] == [
            "paid for servers",
            "paid for halls",
            "committed",
            "delivered",
        ]
        shown = seen.page.locator(".tabs > .tab:visible caption")
        assert shown.inner_text() == "Programme, bn CNY"
        seen.page.get_by_text("Total", exact=True).first.click()
        assert shown.inner_text() == "Total, bn CNY"
    assert seen.said == []


def test_text_of_a_case_is_shown_as_it_is_written(chromium, changed, tmp_path):
    title = 'Coast <b>&amp; "west"</b> </script>'
    path = tmp_path / "report.html"
    path.write_text(page_of(changed(("title: Two sites", f"title: '{title}'"))), "utf-8")
    with visit(chromium, path, *WIDTHS["desktop"]) as seen:
        assert seen.page.locator("h1").inner_text() == title
    assert seen.said == []
