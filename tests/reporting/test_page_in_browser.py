"""The page opens from a file, without a network, in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from capexpand.reporting.digest import Digest
from capexpand.reporting.page import build_page, page_charts

WIDTHS = {"desktop": (1360, 900), "phone": (390, 844)}


@dataclass
class Visit:
    """An opened page and what it said and asked for."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def visit(chromium: str, path: Path, width: int, height: int) -> Iterator[Visit]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
        seen = Visit(context.new_page())
        seen.page.on("console", lambda message: seen.said.append(f"{message.type}: {message.text}"))
        seen.page.on("pageerror", lambda error: seen.said.append(str(error)))
        seen.page.on("request", lambda request: seen.asked.append(request.url))
        seen.page.goto(path.as_uri())
        seen.page.wait_for_selector("html[data-charts=drawn]", timeout=60_000)
        yield seen
        browser.close()


@pytest.fixture(scope="module")
def saved(alibaba, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(build_page(alibaba), "utf-8")
    return path


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_opens_without_a_network(chromium, saved, alibaba, width):
    charts = len(page_charts(Digest(alibaba)).all)
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
    path.write_text(build_page(changed(("title: Two sites", f"title: '{title}'"))), "utf-8")
    with visit(chromium, path, *WIDTHS["desktop"]) as seen:
        assert seen.page.locator("h1").inner_text() == title
    assert seen.said == []
