"""A saved page opened in a real browser without a network, for the tests of every page."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

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
