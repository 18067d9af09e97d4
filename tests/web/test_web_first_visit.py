"""The first visit: a case is explored, run, and read as a report, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from servers import Server


def opened(browser: Browser, server: Server, said: list[str], path: str = "/") -> Page:
    page = browser.new_context(viewport={"width": 1360, "height": 900}).new_page()
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(server.address + path)
    return page


def planned(page: Page, asked: str) -> None:
    """Wait until the plan that belongs to an address was swapped in and drawn."""
    page.wait_for_selector(f'html[data-planned="{asked}"]', timeout=60_000, state="attached")


@pytest.mark.slow
def test_a_case_is_explored_run_and_read(browser: Browser, server: Server) -> None:
    """Two sites with 0.8 instead of 1 bn CNY: each million less costs what the last one earned, 0.203 of it,
    so 248 mn CNY become 208 (docs/explanation/worked-example.md has the 248).

    Sensitivity: if the slider changed nothing, the figure would stay at 248 mn CNY.
    """
    said: list[str] = []
    page = opened(browser, server, said)
    page.get_by_role("link", name="Two sites", exact=True).click()
    page.get_by_role("link", name="Explore").first.click()
    planned(page, "")
    npv = page.locator('[data-figure="npv"] strong')
    expect(npv).to_have_text("248 mn CNY")

    page.get_by_label("Budget", exact=True).fill("800 mn CNY")
    page.get_by_label("Budget", exact=True).press("Enter")
    planned(page, "budget=800+mn+CNY")
    expect(npv).to_have_text("208 mn CNY")
    expect(page.locator('[data-figure="npv"]')).to_contain_text("40.6 mn CNY less, 16 %")
    expect(page).to_have_url(re.compile(r"/explore/two-sites\?budget=800\+mn\+CNY$"))

    page.get_by_role("button", name="Run with these").click()
    expect(page.locator("iframe.report")).to_be_visible(timeout=90_000)
    report = page.frame_locator("iframe.report")
    expect(report.get_by_role("heading", level=1)).to_have_text("Two sites")
    report.locator("html[data-charts=drawn]").wait_for(timeout=60_000)
    assert said == []


@pytest.mark.slow
def test_a_slider_moves_the_level_and_a_link_brings_it_back(browser: Browser, server: Server) -> None:
    said: list[str] = []
    page = opened(browser, server, said, "/explore/two-sites")
    planned(page, "")
    slider = page.get_by_role("slider", name="Prices, %")
    slider.focus()
    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    planned(page, "price=90+%25")
    changed = page.locator('[data-figure="npv"] strong').inner_text()
    assert changed != "248 mn CNY"

    again = opened(browser, server, said, page.url.removeprefix(server.address))
    planned(again, "price=90+%25")
    expect(again.locator('[data-figure="npv"] strong')).to_have_text(changed)
    expect(again.get_by_label("Prices", exact=True)).to_have_value("90 %")
    assert said == []
