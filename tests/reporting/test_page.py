"""The page is whole, needs nothing from outside, and cannot be broken by what a case says."""

import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import altair
import pytest

from capexpand.reporting.run_sheet import run_sheet
from capexpand.reporting.templating import keep_together


def page_of(findings):
    return run_sheet(findings).html()


SECTIONS = [
    "answers",
    "built",
    "money",
    "currencies",
    "running",
    "serves",
    "limits",
    "naive",
    "costs",
    "assumptions",
    "made",
]


class Elements(HTMLParser):
    """Collects the tags of a page with their attributes, and the text of headings."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag
        if tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append(tag)


@pytest.fixture(scope="module")
def page(alibaba):
    return page_of(alibaba)


@pytest.fixture(scope="module")
def elements(page):
    return Elements(page)


def test_the_page_loads_nothing_from_outside(page, elements):
    loading = {"link", "iframe", "img", "object", "embed", "source", "video", "audio", "base"}
    assert [tag for tag, _ in elements.tags if tag in loading] == []
    assert [attrs for tag, attrs in elements.tags if tag == "script" and "src" in attrs] == []
    style = page.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_the_browser_is_told_to_load_nothing(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy.group(1).startswith("default-src 'none';")
    assert "http" not in policy.group(1)


def test_the_page_is_below_two_megabytes(page):
    assert len(page.encode()) < 2_000_000


def test_the_sections_stand_in_order_and_in_the_contents(elements):
    found = [attrs["id"] for tag, attrs in elements.tags if tag == "section"]
    assert found == SECTIONS
    links = [
        attrs["href"] for tag, attrs in elements.tags if tag == "a" and str(attrs["href"]).startswith("#")
    ]
    assert links == ["#answers", *(f"#{name}" for name in SECTIONS)]


def test_headings_go_down_by_one_level_at_a_time(elements):
    levels = [int(tag[1]) for tag in elements.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_chart_has_a_place_and_a_text_for_those_who_cannot_see_it(alibaba, elements):
    charts = run_sheet(alibaba).charts
    places = {attrs["data-chart"]: attrs for _, attrs in elements.tags if "data-chart" in attrs}
    assert list(places) == [chart.identifier for chart in charts]
    assert all(attrs["role"] == "img" and len(attrs["aria-label"]) > 40 for attrs in places.values())
    assert all(chart.title and chart.note for chart in charts)


@pytest.mark.slow
def test_every_chart_is_valid_vega_lite(alibaba, two_sites):
    for findings in (alibaba, two_sites):
        for chart in run_sheet(findings).charts:
            spec = {**chart.spec, "data": {"values": list(chart.rows)}}
            altair.Chart.from_dict(spec)


def test_every_axis_of_values_has_a_unit(alibaba):
    for chart in run_sheet(alibaba).charts:
        text = json.dumps(chart.spec)
        assert '"title": "' in text, chart.identifier


def test_tables_name_their_columns(elements):
    heads = [attrs for tag, attrs in elements.tags if tag == "th"]
    assert heads
    assert all(attrs.get("scope") in {"col", "row", "colgroup"} for attrs in heads)


def test_every_number_of_the_case_stands_in_the_page(page, alibaba):
    from capexpand.case.numbers import numbers

    rows = page.split('id="assumptions"')[1].split('id="made"')[0].count("<tr>")
    blocks = page.count('class="block"')
    assert rows - blocks == sum(1 for _ in numbers(alibaba.case))


def test_provenance_is_on_the_page(page, alibaba):
    for text in (alibaba.provenance.case_hash, alibaba.provenance.capexpand, alibaba.provenance.solver):
        assert text in page


def test_warnings_and_hindsight_are_shown(page, alibaba):
    assert "Hindsight." in page
    assert all(name in page for name in alibaba.checks)


def test_tiles_stand_above_notes_and_sentences(page):
    places = [page.index(f'class="{name}"') for name in ("strip", "flag", "answers")]
    assert places == sorted(places)


def test_text_of_a_case_cannot_become_markup(changed):
    evil = "</script><script>alert(1)</script>"
    page = page_of(changed(("title: Coast", f"title: '{evil}'"), ("title: Two sites", f"title: '{evil}'")))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_an_address_is_only_a_link_if_it_is_one(changed):
    price = "buy: {price: 2 mn CNY, deposit: 20 %}"
    page = page_of(
        changed(
            (price, 'buy: {price: {value: 2 mn CNY, source: "javascript:alert(1)"}, deposit: 20 %}'),
            (
                "demand: 800 tn token/quarter",
                'demand: {value: 800 tn token/quarter, source: "Report, https://example.com/a?b=1"}',
            ),
        )
    )
    assert 'href="javascript' not in page
    assert 'href="https://example.com/a?b=1" rel="noreferrer">Report</a>' in page


def test_numbers_stay_with_their_units():
    assert (
        keep_together("worth 12.3 bn CNY today, 17 % a year")
        == "worth 12.3\u00a0bn\u00a0CNY today, 17\u00a0% a year"
    )


@pytest.mark.parametrize(
    "replacement",
    [
        ("price: 0.50 CNY/Mtoken", "price: 0.01 CNY/Mtoken"),
        ("    accelerators: 8\n", ""),
        ("  cap: 1 bn CNY\n", ""),
        ("calendar: {start: 2025-04-01, quarters: 8}", "calendar: {start: 2025-04-01, quarters: 4}"),
    ],
)
def test_unusual_cases_have_a_page_too(changed, replacement):
    page = page_of(changed(replacement))
    assert "What is built when" in page
    visible = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
    assert not re.search(r"\bnan\b|\binf\b|\bNone\b", visible)
