"""What is read in a sentence: amounts, how they bind, periods, companies."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.claims.amounts import find_amounts
from capexpand.claims.attribution import names_in, subject_of
from capexpand.claims.documents import parse_document
from capexpand.claims.periods import find_periods
from capexpand.claims.proposals import propose_claims
from capexpand.claims.time_spans import Moment
from capexpand.claims.wording import kind_of

AMOUNTS = {
    "380 billion yuan": (380e9, None, "CNY"),
    "$80bn": (80e9, None, "USD"),
    "RMB 280.15 bn": (280.15e9, None, "CNY"),
    "RMB1.2bn": (1.2e9, None, "CNY"),
    "US$1bn": (1e9, None, "USD"),
    "€5.2 billion": (5.2e9, None, "EUR"),
    "HK$80 billion": (80e9, None, "HKD"),
    "£800m": (800e6, None, "GBP"),
    "5 billion US dollars": (5e9, None, "USD"),
    "$4,500 million": (4.5e9, None, "USD"),
    "$10-billion": (10e9, None, "USD"),
    "half a billion dollars": (0.5e9, None, "USD"),
    "68%": (0.68, None, "fraction"),
    "8 per cent": (0.08, None, "fraction"),
    "seven million shares": (7e6, None, "shares"),
    "$60-65bn": (60e9, 65e9, "USD"),
    "€2.4–2.8 billion": (2.4e9, 2.8e9, "EUR"),
    "$5 billion to $7 billion": (5e9, 7e9, "USD"),
    "3-4 %": (0.03, 0.04, "fraction"),
}


@pytest.mark.parametrize(("written", "expected"), AMOUNTS.items(), ids=AMOUNTS)
def test_an_amount_is_read_wherever_it_stands(written, expected):
    for sentence in (written, f"It will be {written}, they said.", f"({written})"):
        (amount,) = find_amounts(sentence)
        assert (amount.low, amount.high, amount.unit) == expected
        assert sentence[amount.start : amount.end] == written


def test_between_and_makes_a_range_of_two_amounts():
    (amount,) = find_amounts("between $60 and $65 billion")
    assert (amount.low, amount.high) == (60e9, 65e9)
    assert len(find_amounts("$60 billion and $65 billion")) == 2


def test_from_and_to_is_a_change_after_a_word_of_movement():
    assert len(find_amounts("from $5 billion to $7 billion")) == 1
    assert len(find_amounts("it rose from $5 billion to $7 billion")) == 2


@pytest.mark.parametrize(
    "text", ["in 2025", "14 data centres", "December 31", "1,200 megawatts", "3 percentage", "GPT-4"]
)
def test_other_numbers_are_no_amounts(text):
    assert find_amounts(text) == ()


def test_the_sign_of_the_yen_may_stand_for_the_yuan():
    assert [find_amounts("¥310 billion", yen_is_yuan=yuan)[0].unit for yuan in (False, True)] == [
        "JPY",
        "CNY",
    ]


@given(
    whole=st.integers(min_value=1, max_value=999),
    scale=st.sampled_from([("billion", 1e9), ("bn", 1e9), ("million", 1e6), ("tn", 1e12)]),
    currency=st.sampled_from([("$", "USD"), ("€", "EUR"), ("HK$", "HKD"), ("RMB ", "CNY")]),
)
def test_what_was_written_is_read_back(whole, scale, currency):
    (amount,) = find_amounts(f"{currency[0]}{whole} {scale[0]}")
    assert (amount.low, amount.unit) == (pytest.approx(whole * scale[1]), currency[1])


KINDS = {
    "more than $5bn": "floor",
    "over $5bn": "floor",
    "at least $5bn": "floor",
    "no less than $5bn": "floor",
    "$5bn or more": "floor",
    "up to $5bn": "ceiling",
    "as much as $5bn": "ceiling",
    "no more than $5bn": "ceiling",
    "less than $5bn": "ceiling",
    "about $5bn": "approximate",
    "nearly $5bn": "approximate",
    "$5bn": "total",
    "$5bn to $6bn": "range",
    "5 per cent": "share",
    "5 million shares": "count",
}


@pytest.mark.parametrize(("text", "kind"), KINDS.items(), ids=KINDS)
def test_the_words_beside_an_amount_say_how_it_binds(text, kind):
    sentence = f"It spent {text}."
    assert kind_of(sentence, find_amounts(sentence)[0]) == kind


DAY = date(2025, 2, 24)
PERIODS = {
    "this year": ("Microsoft", "calendar", date(2025, 1, 1), date(2025, 12, 31)),
    "this fiscal year": ("Microsoft", "fiscal", date(2024, 7, 1), date(2025, 6, 30)),
    "in fiscal 2026": ("Alibaba", "fiscal", date(2025, 4, 1), date(2026, 3, 31)),
    "FY2026": ("Oracle", "fiscal", date(2025, 6, 1), date(2026, 5, 31)),
    "in fiscal 2025": ("Nobody Known", "fiscal", None, None),
    "over the next three years": ("Alibaba", "undated", DAY, date(2028, 2, 23)),
    "by 2027": ("Meta", "undated", DAY, date(2027, 12, 31)),
    "in 2025": ("Meta", "calendar", date(2025, 1, 1), date(2025, 12, 31)),
    "over the past decade": ("Alibaba", "undated", date(2015, 2, 24), date(2025, 2, 23)),
    "for the quarter ending December 31": ("Alibaba", "calendar", date(2024, 10, 1), date(2024, 12, 31)),
    "in the third quarter of 2024": ("Meta", "calendar", date(2024, 7, 1), date(2024, 9, 30)),
    "since January": ("Meta", "calendar", date(2025, 1, 1), DAY),
    "next year": ("Meta", "calendar", date(2026, 1, 1), date(2026, 12, 31)),
}


@pytest.mark.parametrize(("words", "expected"), PERIODS.items(), ids=PERIODS)
def test_periods_are_read_by_the_day_and_the_company(words, expected):
    company, basis, start, end = expected
    (named,) = find_periods(f"They will spend it {words}.", Moment(DAY, company))
    assert (named.period.basis, named.period.start, named.period.end) == (basis, start, end)


def test_without_a_day_relative_periods_stay_open():
    (named,) = find_periods("this year", Moment(None, "Meta"))
    assert (named.period.start, named.period.end) == (None, None)


def test_what_only_compares_is_no_period():
    assert find_periods("18 percent more than in 2030", Moment(DAY, "Meta")) == ()


def test_each_amount_goes_to_its_own_company():
    text = (
        "Microsoft, for example, is set to spend $80 billion this year, while Meta has put in $65bn for 2025."
    )
    found = propose_claims(parse_document(text), DAY)
    assert [(one.company, one.amount, one.period.start) for one in found] == [
        ("Microsoft", 80e9, date(2025, 1, 1)),
        ("Meta", 65e9, date(2025, 1, 1)),
    ]


def test_an_owner_named_in_passing_is_not_the_subject():
    text = "Meta, the owner of Facebook, has earmarked $5bn."
    mentions = names_in(text).mentions(text)
    subject = subject_of(text, text.index("$"), mentions)
    assert subject is not None
    assert subject.company == "Meta"


def test_a_stake_is_about_the_company_in_which_it_is_held():
    found = propose_claims(
        parse_document("The investor Ada Byron has raised her stake in Baidu to $2bn."), DAY
    )
    assert [(one.company, one.measure) for one in found] == [("Baidu", "stake value")]


def test_a_conversion_shares_all_but_currency_and_amount():
    one, two = propose_claims(
        parse_document("Alibaba will invest over 380 billion yuan ($53 billion) by 2028."), DAY
    )
    assert (one.unit, two.unit) == ("CNY", "USD")
    assert (one.company, one.kind, one.period) == (two.company, two.kind, two.period)


def test_a_company_that_the_article_introduces_is_known_afterwards():
    text = "Harbour Compute Inc. plans a campus.\nHarbour's revenue rose 8 per cent."
    assert [one.company for one in propose_claims(parse_document(text), DAY)] == ["Harbour Compute"]


def test_percentages_of_other_things_are_left_alone():
    assert (
        propose_claims(parse_document("Analysts say that demand for power could grow 4 % a year."), DAY) == ()
    )


def test_figures_stand_where_the_proposal_says():
    text = (
        "A title of several words\n\nMeta will spend $5bn.\n\nBaidu will spend 3 billion yuan. It is small."
    )
    document = parse_document(text)
    for proposal in propose_claims(document, DAY):
        assert find_amounts(text[proposal.start : proposal.end])[0].low == proposal.amount
        sentence = proposal.sentence
        assert text[sentence.start : sentence.start + len(sentence.text)] == sentence.text
    assert [proposal.sentence.paragraph for proposal in propose_claims(document, DAY)] == [1, 2]


@given(st.text(max_size=300))
def test_any_text_can_be_read(text):
    for proposal in propose_claims(parse_document(text), DAY):
        assert 0 <= proposal.start < proposal.end <= len(text)
