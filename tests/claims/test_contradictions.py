"""Each rule finds a planted contradiction, and finds nothing where claims agree."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from claim_making import claim
from hypothesis import given
from hypothesis import strategies as st

from capexpand.claims.figures import last_digit, stated
from capexpand.claims.joining import list_claims
from capexpand.claims.rule_rates import DayRate, rates_disagree
from capexpand.claims.rules import RULES, find_contradictions

BILLION = 1e9
billions = st.integers(min_value=2, max_value=900).map(lambda value: value * BILLION)


def rules_that_fire(*claims, revisions=False):
    return [finding.rule for finding in find_contradictions(claims, revisions=revisions)]


def only(claims):
    (finding,) = find_contradictions(claims)
    return finding


# --- planted, one rule each ---------------------------------------------------------------------------------


@given(low=billions, apart=st.floats(min_value=1.02, max_value=3))
def test_different_values_for_one_figure_are_found(low, apart):
    high = round(low * apart / BILLION + 1) * BILLION
    found = only([claim(amount=low), claim("report-b", amount=high)])
    assert found.rule == "different values"
    assert found.at_issue.amount == pytest.approx(high - low)


@given(amount=billions, kind=st.sampled_from(["floor", "ceiling"]))
def test_a_total_against_a_bound_is_found(amount, kind):
    found = only([claim(amount=amount), claim("report-b", amount=amount, kind=kind)])
    assert found.rule == "total against bound"
    assert [reading.change.floor for reading in found.readings if reading.change] == (
        [None, amount] if kind == "floor" else [None, None]
    )


@given(amount=billions)
def test_a_floor_below_a_total_leaves_both_true(amount):
    assert (
        rules_that_fire(claim(amount=amount + BILLION), claim("report-b", amount=amount, kind="floor")) == []
    )


@given(amount=billions, floor=st.integers(min_value=2, max_value=50))
def test_a_total_below_a_floor_is_two_values(amount, floor):
    above = claim("report-b", amount=amount + floor * BILLION, kind="floor")
    assert rules_that_fire(claim(amount=amount), above) == ["different values"]


@given(amount=billions, month=st.integers(min_value=2, max_value=12))
def test_a_fiscal_year_against_the_calendar_year_is_found(amount, month):
    """Months before the fiscal year begins are in the calendar year only.

    A fiscal year from month m has m − 1 months of the calendar year outside it: (m − 1) / 12 of the amount.
    Sensitivity: were the years not laid over each other, all of it would be at stake.
    """
    start = date(2031, month, 1)
    fiscal = claim(
        "report-b",
        amount=amount,
        period_basis="fiscal",
        period_start=start,
        period_end=date(2032, month, 1) - timedelta(days=1),
    )
    found = only([claim(amount=amount), fiscal])
    assert found.rule == "calendar against fiscal"
    assert found.at_issue.amount == pytest.approx(amount * (month - 1) / 12)


@given(amount=billions, scopes=st.permutations(["AI", "AI and cloud", "company", "cloud"]))
def test_scopes_that_differ_are_found(amount, scopes):
    found = only([claim(amount=amount, scope=scopes[0]), claim("report-b", amount=amount, scope=scopes[1])])
    assert found.rule == "scopes differ"
    assert found.at_issue.amount == pytest.approx(amount / 10)


def test_a_scope_that_nobody_stated_contradicts_none():
    assert rules_that_fire(claim(scope="AI"), claim("report-b", scope="not stated")) == []


@given(first=st.floats(min_value=6.0, max_value=8.0), apart=st.floats(min_value=1.03, max_value=1.3))
def test_implied_rates_that_disagree_are_found(first, apart):
    """A hundred billion dollars leave half a per cent to rounding, so three per cent is too much."""
    dollars = claim(amount=100 * BILLION, unit="USD")
    one = [dollars, claim(amount=round(100 * first) * BILLION)]
    others = {"measure": "revenue", "paragraph": 2}
    two = [
        claim(amount=100 * BILLION, unit="USD", **others),
        claim(amount=round(100 * first * apart) * BILLION, **others),
    ]
    (found,) = rates_disagree([*one, *two], [])
    assert found.rule == "exchange rates"
    expected = (round(100 * first * apart) - round(100 * first)) * BILLION
    assert found.at_issue.amount == pytest.approx(expected, rel=1e-6)


@given(first=st.floats(min_value=6.0, max_value=8.0))
def test_amounts_that_are_rounded_from_one_rate_agree(first):
    claims = [claim(amount=53 * BILLION, unit="USD"), claim(amount=round(53 * first) * BILLION)]
    more = {"measure": "revenue", "paragraph": 2}
    claims += [
        claim(amount=38.6 * BILLION, unit="USD", **more),
        claim(amount=round(386 * first) * 1e8, **more),
    ]
    assert list(rates_disagree(claims, [])) == []


def test_a_rate_far_from_that_of_the_day_is_found():
    day = DayRate("CNY", "USD", 7.3, date(2031, 1, 20), "a release", "https://example.org")
    pair = [claim(amount=100 * BILLION, unit="USD"), claim(amount=700 * BILLION)]
    (found,) = rates_disagree(pair, [day])
    assert [reading.change.rate for reading in found.readings if reading.change] == [7.0, 7.3]
    assert list(rates_disagree(pair, [replace(day, rate=7.01)])) == []
    assert list(rates_disagree(pair, [replace(day, known_on=date(2030, 1, 20))])) == [], "too old a rate"


def test_a_point_against_a_range_is_found():
    found = only(
        [
            claim(amount=65 * BILLION),
            claim("report-b", amount=60 * BILLION, amount_high=65 * BILLION, kind="range"),
        ]
    )
    assert found.rule == "one amount against a range"
    assert found.at_issue.amount == 5 * BILLION


gains = st.integers(min_value=2, max_value=90)


@given(low=gains, more=st.integers(min_value=2, max_value=40))
def test_gains_that_differ_are_found_with_what_the_company_was_worth(low, more):
    """A gain of g per cent that is worth M started from M / g.

    100 bn and gains of 50 and 80 % start from 200 and 125 bn: 75 bn apart.
    Sensitivity: without the gain in market value nothing could be said in money.
    """
    gain = {"measure": "share price gain", "unit": "fraction", "kind": "share", "scope": "not stated"}
    value = claim(measure="market value gain", amount=100 * BILLION, unit="USD", kind="floor", paragraph=3)
    one, two = claim(amount=low / 100, **gain), claim("report-b", amount=(low + more) / 100, **gain)
    found = only([one, two, value])
    assert found.rule == "share-price gains"
    assert found.at_issue.amount == pytest.approx(100 * BILLION * (100 / low - 100 / (low + more)))
    assert only([one, two]).at_issue.amount is None


def test_a_stake_against_another_price_is_found():
    """A billion for about seven million shares is 143 a share; with the rounding of both, 127 to 162.

    Sensitivity: without the rounding, a price of 150 would be a contradiction, too.
    """
    stake = [
        claim(measure="stake value", amount=1e9, unit="USD", kind="total"),
        claim(measure="stake shares", amount=7e6, unit="shares", kind="approximate"),
    ]
    price = claim("report-b", measure="share price", amount=400.0, unit="USD")
    assert only([*stake, price]).rule == "stake against price"
    assert rules_that_fire(*stake, replace(price, amount=150.0)) == []


@given(parts=st.tuples(billions, billions), missing=st.integers(min_value=3, max_value=300))
def test_parts_that_miss_their_total_are_found(parts, missing):
    members = [
        claim(company="Meta", amount=parts[0], unit="USD"),
        claim(company="Alphabet", amount=parts[1], unit="USD"),
    ]
    total = sum(parts)
    group = claim("report-b", company="Two (META+GOOGL)", amount=total + missing * BILLION, unit="USD")
    found = only([*members, group])
    assert found.rule == "sums"
    assert (missing - 1.5) * BILLION <= found.at_issue.amount + 1 <= missing * BILLION + 1, (
        "less the rounding"
    )
    assert rules_that_fire(*members, replace(group, amount=total)) == []


def test_a_total_of_which_a_part_is_not_known_contradicts_nothing():
    group = claim("report-b", company="Two (META+GOOGL)", amount=500 * BILLION, unit="USD")
    assert rules_that_fire(claim(company="Meta", amount=BILLION, unit="USD"), group) == []


def test_a_later_word_is_a_revision_and_no_contradiction():
    later = claim("report-b", amount=120 * BILLION, known_on=date(2031, 7, 1))
    assert rules_that_fire(claim(), later) == []
    assert rules_that_fire(claim(), later, revisions=True) == ["revised"]


def test_two_currencies_of_one_contradiction_are_one_finding():
    dollars = {"unit": "USD", "amount": 14 * BILLION}
    found = only(
        [
            claim(),
            claim(**dollars),
            claim("report-b", kind="floor"),
            claim("report-b", kind="floor", **dollars),
        ]
    )
    assert found.rule == "total against bound"
    assert (found.at_issue.amount, found.at_issue.currency) == (10 * BILLION, "CNY")


# --- nothing where claims agree -----------------------------------------------------------------------------


@given(
    amount=billions,
    kind=st.sampled_from(["total", "floor", "ceiling", "approximate"]),
    scope=st.sampled_from(["AI", "AI and cloud", "company"]),
    copies=st.integers(min_value=2, max_value=4),
)
def test_claims_that_say_the_same_agree(amount, kind, scope, copies):
    same = [claim(f"report-{number}", amount=amount, kind=kind, scope=scope) for number in range(copies)]
    assert rules_that_fire(*same, revisions=True) == []


@given(amount=billions, other=billions)
def test_other_companies_years_and_measures_do_not_contradict(amount, other):
    assert (
        rules_that_fire(
            claim(amount=amount),
            claim("report-b", amount=other, company="Another"),
            claim("report-b", amount=other, period_start=date(2032, 1, 1), period_end=date(2032, 12, 31)),
            claim("report-b", amount=other, measure="revenue"),
            revisions=True,
        )
        == []
    )


def test_forecasts_and_considerations_contradict_nobody():
    assert (
        rules_that_fire(
            claim(),
            claim("b", amount=2e11, kind="forecast"),
            claim("c", amount=3e11, kind="under consideration"),
        )
        == []
    )


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_silent_without_claims(rule):
    assert list(rule([])) == []


@given(amount=st.integers(min_value=1, max_value=10**6).map(lambda value: value * 1e7))
def test_what_was_written_lies_within_its_rounding(amount):
    span = stated(claim(amount=amount))
    assert span.low < amount < span.high
    assert span.high - span.low == pytest.approx(last_digit(amount, "CNY"))


# --- the shipped claims -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    return find_contradictions(list_claims())


def test_the_contradictions_of_the_two_reports_are_found(shipped):
    found = {(finding.company, finding.rule) for finding in shipped}
    assert {
        ("Alibaba", "total against bound"),
        ("Alibaba", "scopes differ"),
        ("Alibaba", "exchange rates"),
        ("Alibaba", "share-price gains"),
        ("Microsoft", "calendar against fiscal"),
        ("Meta", "one amount against a range"),
    } <= found
    assert len(shipped) <= 10, "more than a reader would go through"


def test_the_rates_of_the_two_reports_are_those_that_their_amounts_imply(shipped):
    """380 / 53 = 7.170, 280.15 / 38.6 = 7.258, and the release 280,154 / 38,381 = 7.299.

    53 bn dollars are 6.86 bn yuan more at the last than at the first: 1.8 % of the programme.
    Sensitivity: between the two reports' own rates it would be 4.7 bn, 1.2 %.
    """
    (rates,) = [finding for finding in shipped if finding.rule == "exchange rates"]
    implied = [reading.change.rate for reading in rates.readings if reading.change]
    assert implied == pytest.approx([7.170, 7.246, 7.258, 7.299], abs=5e-4)
    assert rates.at_issue.amount == pytest.approx(6.863e9, rel=1e-3)
    assert rates.at_issue.share == pytest.approx(0.0181, abs=1e-4)


def test_every_finding_says_what_is_at_issue(shipped):
    for finding in shipped:
        assert finding.at_issue.words
        assert len(finding.readings) >= 2
        assert finding.at_issue.amount is not None, finding.title


def test_findings_of_a_day_use_what_was_known_then():
    day = date(2025, 2, 24)
    found = find_contradictions(list_claims(on=day))
    claims = [each for finding in found for reading in finding.readings for each in reading.claims]
    assert claims
    assert max(each.known_on for each in claims if each.known_on) <= day
