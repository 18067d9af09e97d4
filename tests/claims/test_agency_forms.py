"""Forms of agencies and papers of many countries: scales, signs, spaces in numbers, losses, fiscal years."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capexpand.claims import amounts
from capexpand.claims.amounts import find_amounts
from capexpand.claims.companies import FiscalCalendar, companies
from capexpand.claims.documents import parse_document
from capexpand.claims.periods import find_periods
from capexpand.claims.proposals import propose_claims
from capexpand.claims.time_spans import Moment
from capexpand.claims.wording import kind_of

SCALES = {
    "412 bln yuan": (412e9, "CNY"),
    "$73 mln": (73e6, "USD"),
    "$310MM": (310e6, "USD"),
    "$7K": (7e3, "USD"),
    "€3 400 million": (3.4e9, "EUR"),
    "€3\u202f400 million": (3.4e9, "EUR"),
    "$11\u00a0250 million": (11.25e9, "USD"),
    "CHF 1'200": (1200.0, "CHF"),
    "€1.234,5 million": (1234.5e6, "EUR"),
    "€7.000.000": (7e6, "EUR"),
    "€2,6 bn": (2.6e9, "EUR"),
    "₹1,25,000 crore": (1.25e12, "INR"),
    "Rs. 320 lakh": (32e6, "INR"),
    "Rs 3 lakh crore": (3e12, "INR"),
    "3.6万亿元": (3.6e12, "CNY"),
    "5200亿元": (520e9, "CNY"),
    "12亿美元": (1.2e9, "USD"),
    "Y640bn": (640e9, "JPY"),
    "NT$450 billion": (450e9, "TWD"),
    "KRW 8 trn": (8e12, "KRW"),
    "EUR m 85": (85e6, "EUR"),
    "MSEK 450": (450e6, "SEK"),
    "18 bn RMB": (18e9, "CNY"),
    "one and a half billion dollars": (1.5e9, "USD"),
    "$2½ billion": (2.5e9, "USD"),
    "twenty-two million pounds": (22e6, "GBP"),
    "-$4 billion": (-4e9, "USD"),
    "$(4.2) billion": (-4.2e9, "USD"),
    "($4.2) billion": (-4.2e9, "USD"),
    "minus 3 pct": (-0.03, "fraction"),
}


@pytest.mark.parametrize(("written", "expected"), SCALES.items(), ids=SCALES)
def test_every_scale_and_separator_is_read(written, expected):
    for sentence in (written, f"It came to {written}, as filed.", f"In 2031 {written} was due."):
        (amount,) = find_amounts(sentence)
        assert (amount.low, amount.high, amount.unit) == (pytest.approx(expected[0]), None, expected[1])


RANGES = {
    "$31-$34 billion": (31e9, 34e9),
    "$31 billion to as much as $34 billion": (31e9, 34e9),
    "between 31 and 34 billion dollars": (31e9, 34e9),
    "$0.9 billion–$1.1 billion": (0.9e9, 1.1e9),
    "30亿至40亿美元": (3e9, 4e9),
    "$50 billion, plus or minus 2%": (49e9, 51e9),
    "$50 billion, plus or minus $500 million": (49.5e9, 50.5e9),
}


@pytest.mark.parametrize(("written", "ends"), RANGES.items(), ids=RANGES)
def test_every_form_of_a_range_is_read(written, ends):
    (amount,) = find_amounts(f"It will be {written}.")
    assert (amount.low, amount.high) == pytest.approx(ends)


@pytest.mark.parametrize("written", ["$40+ billion", "$40bn+", "$40-billion-plus", "$40 billion or more"])
def test_a_plus_makes_the_least_of_an_amount(written):
    sentence = f"Meta will spend {written} there."
    (amount,) = find_amounts(sentence)
    assert (amount.low, kind_of(sentence, amount)) == (40e9, "floor")


LOSSES = {
    "Oracle posted a loss of $2 billion.": ("profit", -2e9),
    "OpenAI lost $2 billion last year.": ("profit", -2e9),
    "Intel's net loss narrowed to $2 billion.": ("profit", -2e9),
    "Intel swung to a profit of $2 billion from a loss.": ("profit", 2e9),
    "Meta lost $2 billion of market value.": ("market value gain", -2e9),
    "Oracle's free cash flow was −$2 billion.": ("other", -2e9),
    "Oracle reported negative free cash flow of $2 billion.": ("other", -2e9),
}


@pytest.mark.parametrize(("sentence", "expected"), LOSSES.items(), ids=LOSSES)
def test_a_loss_is_negative(sentence, expected):
    (found,) = propose_claims(parse_document(sentence), date(2031, 3, 1))
    assert (found.measure, found.amount) == expected


DAY = date(2031, 8, 20)
PERIODS = {
    "in its fiscal fourth quarter": ("Microsoft", "2031-04-01", "2031-06-30"),
    "in the first quarter of fiscal 2032": ("Microsoft", "2031-07-01", "2031-09-30"),
    "in its 2031 fiscal third quarter": ("Nvidia", "2030-08-01", "2030-10-31"),
    "in the third quarter of its 2031 fiscal year": ("Cisco", "2031-02-01", "2031-04-30"),
    "in Q4 FY31": ("Oracle", "2031-03-01", "2031-05-31"),
    "in fiscal Q3": ("Broadcom", "2031-05-01", "2031-07-31"),
    "in the third quarter": ("Micron", "2031-03-01", "2031-05-31"),
    "in the fiscal first half": ("Alibaba", "2030-04-01", "2030-09-30"),
    "in the first half of fiscal 2031": ("Dell", "2030-02-01", "2030-07-31"),
    "in the first half": ("Tencent", "2031-01-01", "2031-06-30"),
    "in H1 FY32": ("Infosys", "2031-04-01", "2031-09-30"),
    "in 2Q31": ("Tencent", "2031-04-01", "2031-06-30"),
    "in 1H 2031": ("Meta", "2031-01-01", "2031-06-30"),
    "in the first nine months of 2030": ("Amazon", "2030-01-01", "2030-09-30"),
    "in the nine months to June": ("Apple", "2030-10-01", "2031-06-30"),
    "in the six months ended June 30": ("Meta", "2031-01-01", "2031-06-30"),
    "in the quarter ended August 3, 2031": ("Broadcom", "2031-05-01", "2031-07-31"),
    "in the April-June quarter": ("Reliance", "2031-04-01", "2031-06-30"),
    "in fiscal 2031": ("Salesforce", "2030-02-01", "2031-01-31"),
    "in fiscal 2030": ("SoftBank", "2030-04-01", "2031-03-31"),
    "in FY2031-32": ("Reliance", "2031-04-01", "2032-03-31"),
    "in 2032-34": ("Meta", "2032-01-01", "2034-12-31"),
    "in 2032 and 2033": ("Samsung", "2032-01-01", "2033-12-31"),
    "over the three years to 2034": ("Meta", "2032-01-01", "2034-12-31"),
    "over the next two to four years": ("Meta", "2031-08-20", "2035-08-19"),
    "last quarter": ("Meta", "2031-04-01", "2031-06-30"),
    "in the current quarter": ("Nvidia", "2031-08-01", "2031-10-31"),
}


@pytest.mark.parametrize(("words", "expected"), PERIODS.items(), ids=PERIODS)
def test_parts_of_years_are_those_of_the_company(words, expected):
    company, start, end = expected
    (named,) = find_periods(f"It was spent {words}.", Moment(DAY, company))
    assert (str(named.period.start), str(named.period.end)) == (start, end)


def test_a_quarter_that_is_expected_is_the_next_one():
    """In August 2031 Broadcom's fourth quarter, August to October, still runs; the last one ended in 2030.

    Sensitivity: were the tense not heard, both sentences would have one quarter.
    """
    for verb, start in (("expects", date(2031, 8, 1)), ("reported", date(2030, 8, 1))):
        text = f"Broadcom {verb} revenue of $30 billion in its fiscal fourth quarter."
        (found,) = propose_claims(parse_document(text), DAY)
        assert found.period.start == start


def test_a_year_of_whole_weeks_may_end_before_its_month():
    """On 30 October Nvidia may report the quarter to the last Sunday of October; Dell still expects it."""
    late = date(2031, 10, 30)
    for sentence in ("Nvidia reported revenue of $90 billion", "Dell expects revenue of $30 billion"):
        (found,) = propose_claims(parse_document(f"{sentence} in the third quarter."), late)
        assert (found.period.start, found.period.end) == (date(2031, 8, 1), date(2031, 10, 31))


@pytest.mark.parametrize("company", companies(), ids=lambda company: company.name)
def test_four_quarters_are_a_fiscal_year(company):
    year = find_periods("in fiscal 2031", Moment(DAY, company.name))[0].period
    quarters = [
        find_periods(f"in the {part} quarter of fiscal 2031", Moment(DAY, company.name))[0].period
        for part in ("first", "second", "third", "fourth")
    ]
    assert (quarters[0].start, quarters[-1].end) == (year.start, year.end)
    assert all((two.start - one.end).days == 1 for one, two in pairwise(quarters))


@given(
    month=st.integers(1, 12),
    after_start=st.booleans(),
    day=st.dates(date(1990, 1, 1), date(2100, 1, 1)),
)
def test_a_day_lies_in_its_fiscal_year(month, after_start, day):
    fiscal = FiscalCalendar(month, named_after_start=after_start)
    year = fiscal.year_of(day)
    assert fiscal.first_month(year) <= day < fiscal.first_month(year + 1)


# --- the work grows with the text and with nothing else -----------------------------------------------------

LONG = {
    "one run of digits": "9" * 4_000,
    "digits with commas": ",".join(["999"] * 1_000),
    "digits with spaces": "99 " * 1_500,
    "capitals": "Aa " * 1_500,
    "hyphens": "A-" * 2_000,
    "currencies": "$" * 4_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_each_number_is_looked_at_once(text, monkeypatch):
    """Twice the text is at most twice the numbers that are tried; a run of digits is tried once."""
    tried = []
    inner = amounts._figure
    monkeypatch.setattr(amounts, "_figure", lambda *given: tried.append(given) or inner(*given))
    counts = []
    for times in (1, 2):
        tried.clear()
        find_amounts(text * times)
        counts.append(len(tried))
    assert counts[1] <= 2 * counts[0] + 1
    assert counts[0] <= len(text) / 2


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_long_runs_become_no_claims_of_their_own(text):
    found = propose_claims(parse_document(f"Meta will spend $5bn.\n\n{text}.\n\nMeta lost $6bn."), DAY)
    assert [one.amount for one in found] == [5e9, -6e9]


def test_a_sentence_without_end_is_read_in_pieces():
    text = "Meta will spend $5bn on halls and more halls " * 500
    document = parse_document(text)
    assert max(len(sentence.text) for sentence in document.sentences) <= 2_000
    assert "".join(s.text for s in document.sentences).replace(" ", "") == text.replace(" ", "")


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "$",
                    "5",
                    "12,",
                    " bn",
                    "-",
                    "(",
                    ")",
                    "to",
                    " plus or minus ",
                    "%",
                    "crore",
                    "2031-33",
                    "Q1",
                ),
                *("亿", "99 years", " over the next ", "9" * 30, "Meta ", "lost ", ". ", "\n", "3 May 9999"),
            ]
        ),
        max_size=40,
    )
)
def test_any_run_of_pieces_is_read(pieces):
    text = "".join(pieces)
    for one in propose_claims(parse_document(text), date(2199, 12, 31)):
        assert 0 <= one.start < one.end <= len(text)
        assert one.amount_high is None or one.amount < one.amount_high
