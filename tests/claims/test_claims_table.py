"""The table of claims holds every figure of the two reports, and every programme of the catalogue."""

import csv
import os
import re
from datetime import date
from pathlib import Path

import pytest

from capexpand.catalogue.reading import DATA_FOLDER
from capexpand.catalogue.views import programmes
from capexpand.claims.joining import list_claims
from capexpand.claims.table import read_claims, reported_claims
from capexpand.errors import CaseError

REPORTS = {"report-1": "Alibaba to Invest $53 Billion", "report-2": "monumental investment"}


@pytest.fixture(scope="module")
def reports() -> dict[str, str]:
    folder = os.environ.get("CAPEXPAND_SHARED")
    if not folder or not (Path(folder) / "seeds").is_dir():
        pytest.skip("needs CAPEXPAND_SHARED, the folder above the two news reports")
    texts = [path.read_text("utf-8") for path in sorted((Path(folder) / "seeds").glob("*.txt"))]
    return {name: next(text for text in texts if mark in text) for name, mark in REPORTS.items()}


def paragraphs(text: str) -> list[tuple[int, bool, str]]:
    """Return the lines of a report with their number and whether they are a heading; told here anew."""
    found, number = [], 1
    for line in (line.strip() for line in text.splitlines() if line.strip()):
        heading = not line.rstrip("”\"'").endswith((".", "?", "!"))
        found.append((number, heading, line))
        number += not heading
    return found


NUMBER = re.compile(
    r"\d[\d,]*(?:\.\d+)?|\b(?:two|three|four|five|six|seven|eight|nine|ten|decade|b\w*llion-dollar)\b",
    re.IGNORECASE,
)
WORDS = {"three": 3, "seven": 7, "decade": 10, "bllion-dollar": 1}


def values_of(claim) -> set[float]:
    """Return every number by which a claim may be written: in units, billions, per cent, parts of days."""
    found = set()
    for amount in (claim.amount, claim.amount_high):
        if amount is not None:
            found |= {amount / scale for scale in (1, 1e6, 1e9, 0.01)}
    for day in (claim.period_start, claim.period_end):
        if day is not None:
            found |= {day.year, day.day}
    return {round(value, 6) for value in found}


def test_every_number_of_the_reports_has_its_claim(reports):
    missing = []
    for name, text in reports.items():
        for number, heading, line in paragraphs(text):
            told = [c for c in reported_claims() if c.document == name and c.paragraph == number]
            told = [c for c in told if c.source.place.startswith("heading") == heading]
            known = set().union(*(values_of(c) for c in told))
            for match in NUMBER.finditer(line):
                word = match[0].casefold()
                value = WORDS.get(word) if word in WORDS else float(word.replace(",", ""))
                if round(value, 6) not in known:
                    missing.append(
                        f"{name} {number} {'heading' if heading else ''}: {match[0]} in {line[:60]}"
                    )
    assert missing == []


def test_the_test_above_can_fail(reports):
    name, text = next(iter(reports.items()))
    number = paragraphs(text)[-1][0]
    assert not [c for c in reported_claims() if c.document == name and c.paragraph == number + 1]
    assert 380 in values_of(next(c for c in reported_claims() if c.amount == 380e9))
    assert 381 not in values_of(next(c for c in reported_claims() if c.amount == 380e9))


def test_the_table_repeats_no_sentence_of_the_reports(reports):
    """No seven words in a row, but for the titles that name the sources."""
    words = [re.findall(r"\w+", text.casefold()) for text in reports.values()]
    runs = {tuple(each[i : i + 7]) for each in words for i in range(len(each) - 6)}
    with (DATA_FOLDER / "claims.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            written = re.findall(r"\w+", " ".join((row["notes"], row["scope"], row["verb"])).casefold())
            assert not runs & {tuple(written[i : i + 7]) for i in range(len(written) - 6)}, row["claim_id"]


def test_every_programme_is_one_claim():
    rows = [row for claim in list_claims() for row in claim.rows if row.startswith("programmes ")]
    assert sorted(rows) == sorted(f"programmes line {line}" for line in range(2, len(programmes()) + 2))


def test_a_programme_that_a_report_states_is_not_listed_twice():
    told = [
        c
        for c in list_claims("Alibaba")
        if c.document == "report-1" and c.unit == "CNY" and c.amount == 380e9
    ]
    spending = [c for c in told if c.measure == "spending"]
    assert [len(c.rows) for c in spending] == [2]


def test_amounts_of_programmes_are_carried_over():
    told = {row: c for c in list_claims() for row in c.rows}
    for line, row in enumerate(programmes(), start=2):
        claim = told[f"programmes line {line}"]
        assert (claim.amount, claim.unit) == (row.amount, row.currency)


def test_a_day_hides_what_became_known_later():
    day = date(2025, 2, 24)
    assert {c.known_on for c in list_claims(on=day)} <= {
        c.known_on for c in list_claims() if c.known_on <= day
    }
    assert len(list_claims(on=day)) < len(list_claims())


@pytest.mark.parametrize(
    ("name", "company"), [("Google", "Alphabet"), ("facebook", "Meta"), ("TikTok", "ByteDance")]
)
def test_a_company_is_found_by_its_other_names(name, company):
    found = {c.company for c in list_claims(name)}
    assert found == {company}


HEADER = (DATA_FOLDER / "claims.csv").read_text("utf-8").splitlines()[0]
OWN = HEADER.replace("notes,", "notes,quote,quote_start,quote_end,")
GOOD = (
    "x,d,1,Example,spending,5,,USD,total,,,,,AI,2031-01-01,false,,,,,"
    "A title,news-report:x,paragraph 1 of the body,news_report,true"
)
BAD = {
    "unit": (GOOD.replace("USD", "XXX"), "unit"),
    "kind without amount": (GOOD.replace(",5,,", ",,,"), "amount is empty"),
    "range without end": (GOOD.replace("total", "range"), "amount_high"),
    "place": (GOOD.replace("paragraph 1", "paragraph 2"), "source_place"),
    "cells": (GOOD + ",more", "cells"),
    "number": (GOOD.replace(",5,", ",five,"), "not a number"),
}


@pytest.mark.parametrize(("row", "message"), BAD.values(), ids=BAD)
def test_a_row_that_does_not_hold_is_refused_with_its_line(row, message, tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text(f"{OWN}\n{GOOD}\n{row.replace('x,d', 'y,d', 1)}\n", "utf-8")
    with pytest.raises(CaseError, match=message) as caught:
        read_claims(path)
    assert f"{path}:3" in str(caught.value)


def test_a_good_row_is_read(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text(f"{OWN}\n{GOOD}\n", "utf-8")
    (claim,) = read_claims(path)
    assert (claim.company, claim.amount, claim.unit) == ("Example", 5.0, "USD")
