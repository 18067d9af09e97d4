"""Every page: usable by everyone, at every width, without a word in the console; two people at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from servers import Server, running, wait_for


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("pages"), None, "--workers", "2") as found:
        yield found


@pytest.fixture(scope="module")
def runs(server: Server) -> dict[str, str]:
    """Numbers of runs of several kinds that have ended, by the word that stands for them below."""
    with server.local() as client:
        client.post("/api/v1/cases/two-sites/fork", json={"to": "own"})
        with_contract(client, "bound")

        def queue(**order: object) -> str:
            return client.post("/api/v1/runs", json={"case": "two-sites", **order}).json()["id"]

        def over(numbers: Iterable[str]) -> bool:
            states = (client.get(f"/api/v1/runs/{number}").json()["state"] for number in numbers)
            return all(state not in ("queued", "running") for state in states)

        found = {
            "FIRST": queue(),
            "SECOND": queue(changes=[["budget", "800 mn CNY"]]),
            "FORCED": queue(kind="why-not", asked="orders.server.2025Q2 >= 500"),
            "NONE": queue(case="bound", changes=[["budget", "100 mn CNY"]]),
        }
        wait_for(lambda: over(found.values()))
        path = f"/api/v1/runs/{found['FIRST']}/actuals.csv"
        table = client.get(path, params={"as_of": "2025-09-30"}).content
        sent = client.post("/api/v1/files", params={"name": "a.csv"}, content=table).json()["sent"]
        found["ROLLED"] = queue(kind="roll", run=found["FIRST"], sent=sent)
        wait_for(lambda: over(found.values()))
    return found


def with_contract(client: httpx.Client, name: str) -> None:
    """Save two sites with an order of servers that must be placed, so that little money excludes a plan."""
    client.post("/api/v1/cases/two-sites/fork", json={"to": name})
    text = client.get(f"/api/v1/cases/{name}").json()["files"]["two-sites/case.yaml"]
    contract = "minimum: {2025-04-01: 100 units/quarter, 2025-10-01: 0 units/quarter}"
    text = text.replace("CN: {limit: 600 units/quarter}", f"CN: {{limit: 600 units/quarter, {contract}}}")
    assert contract in text
    body = {"files": {"two-sites/case.yaml": text}, "main": "two-sites/case.yaml"}
    saved = client.put(f"/api/v1/cases/{name}", json=body)
    assert saved.status_code == 200, saved.text


PAGES = [
    "/", "/cases/two-sites", "/cases/own", "/cases/own/edit", "/cases/own/changes",
    "/explore/two-sites?budget=800+mn+CNY&price=90+%25", "/explore/two-sites?budget=3",
    "/explore/bound?budget=100+mn+CNY", "/runs", "/runs/FIRST", "/runs/FORCED", "/runs/NONE", "/runs/ROLLED",
    "/compare?first=FIRST&second=SECOND", "/new",
    "/catalogue", "/catalogue?table=export_rules&on=2025-02-24", "/claims",
    "/chips?on=2025-06-01&to=CN", "/api", "/account", "/cases/none",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1360, "light")])
def test_every_page_can_be_used_by_everyone(
    browser: Browser, server: Server, runs: dict[str, str], width: int, scheme: str
) -> None:
    """axe finds nothing serious, nothing is wider than the screen, and the console stays silent."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )  # axe is put into the page by evaluation, which the pages' own policy forbids
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{page.url} {message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url} {error}"))
    wrong: list[str] = []
    for path in PAGES:
        for word, number in runs.items():
            path = path.replace(word, number)  # noqa: PLW2901
        page.goto(server.address + path)
        if path.startswith("/explore"):
            page.wait_for_selector("html[data-planned]", state="attached", timeout=60_000)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            wrong.append(f"{path} is {wide} wide")
        for one in Axe().run(page).response["violations"]:
            if one["impact"] in ("serious", "critical"):
                places = [str(node["target"]) for node in one["nodes"][:3]]
                wrong.append(f"{path}: {one['id']} at {places}")
    assert wrong == []
    assert [line for line in said if "status of 4" not in line] == []


def test_two_people_explore_at_once_and_each_sees_their_own(browser: Browser, lone: Server) -> None:
    budgets = {"800 mn CNY": "208 mn CNY", "1000 mn CNY": "248 mn CNY"}
    pages = {}
    for budget in budgets:
        page = browser.new_context().new_page()
        page.goto(f"{lone.address}/explore/two-sites?budget={budget.replace(' ', '+')}")
        pages[budget] = page
    for budget, npv in budgets.items():
        pages[budget].wait_for_selector("html[data-planned]", state="attached", timeout=60_000)
        expect(pages[budget].locator('[data-figure="npv"] strong')).to_have_text(npv)


def test_a_moving_slider_is_answered_with_bounds(browser: Browser, lone: Server) -> None:
    """The bracket holds the exact value: 0.9 of the price costs no more than the fixed plan loses."""
    page = browser.new_page()
    page.goto(f"{lone.address}/explore/two-sites")
    page.wait_for_selector('html[data-planned=""]', state="attached", timeout=60_000)
    slider = page.get_by_role("slider", name="Prices, %")
    slider.evaluate("one => { one.value = '90'; one.dispatchEvent(new Event('input', { bubbles: true })); }")
    expect(page.locator("#quick")).to_contain_text("certified bounds", timeout=20_000)
    expect(page.locator("#quick strong")).to_contain_text("to")


def test_limits_that_exclude_each_other_are_named(browser: Browser, lone: Server) -> None:
    with lone.local() as client:
        with_contract(client, "bounded")
    page = browser.new_page()
    page.goto(f"{lone.address}/explore/bounded?budget=100+mn+CNY")
    page.wait_for_selector("html[data-planned]", state="attached", timeout=60_000)
    refused = page.locator("[data-infeasible]")
    expect(refused).to_contain_text("exclude each other")
    expect(refused).to_contain_text("programme")
    remedy = refused.get_by_role("link", name="Budget")
    remedy.click()
    page.wait_for_selector('html[data-planned*="budget=0.4"]', state="attached", timeout=60_000)
    expect(page.locator('[data-figure="npv"] strong')).to_be_visible()


def test_what_has_no_unit_is_refused_beside_the_slider(browser: Browser, lone: Server) -> None:
    page = browser.new_page()
    page.goto(f"{lone.address}/explore/two-sites")
    page.wait_for_selector('html[data-planned=""]', state="attached", timeout=60_000)
    page.get_by_label("Budget", exact=True).fill("380000000000")
    page.get_by_label("Budget", exact=True).press("Enter")
    expect(page.locator("[data-refused]")).to_contain_text('needs a unit, e.g. "380 bn CNY"')
