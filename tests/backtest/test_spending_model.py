"""The model of what companies spend, on series small enough to follow by hand."""

import math
from datetime import date

import pytest
from editions import actual, edition, programme

from capexpand.catalogue.point_in_time import reading_from
from capexpand.forecasting.quarters import quarter_of
from capexpand.studies.backtest.guidance import guidance_for
from capexpand.studies.backtest.reports import reported, spending_series
from capexpand.studies.backtest.spending import forecast_spending

Q1 = quarter_of(date(2025, 1, 1))
DAY = date(2025, 5, 30)


def medians(known, *, day=DAY, method="model", beside=None):
    found = forecast_spending(known, day, beside or {})
    return [each.forecast.middle for each in found if each.method == method and each.company == "A"]


def alone(*rows):
    """Return an edition without the long histories, so that only these rows are pooled."""
    return edition(*rows, history=(), guidance=())


def test_guidance_is_averaged_with_the_trend_in_logarithms():
    """A year's 46 with 10 reported leaves 36, 12 a quarter; without any change the trend stays at 10.

    So the median is √(10 · 12) within the year and 10 after it. Sensitivity: without taking off what was
    reported, 46 would be left and the median would be √(10 · 15.3).
    """
    known = alone(
        actual("A", "capex", Q1, 10.0),
        programme("A", date(2025, 2, 1), 46e6, start=date(2025, 1, 1), end=date(2025, 12, 31)),
    ).as_known_on(DAY)
    assert medians(known)[:3] == pytest.approx([math.sqrt(120.0)] * 3)
    assert medians(known)[3:] == pytest.approx([10.0] * 5)
    assert medians(known, method="guidance") == pytest.approx([12.0] * 3)
    assert medians(known, method="last value") == pytest.approx([10.0] * 8)


def test_a_range_in_the_table_of_guidance_counts_like_a_programme():
    """185 to 195 bn for a year, nothing of it reported, is 47.5 a quarter; another company's range is not."""
    from dataclasses import replace

    from capexpand.catalogue.point_in_time import SHIPPED
    from capexpand.catalogue.rows import Guidance

    row = next(each for each in SHIPPED.rows("guidance") if isinstance(each, Guidance))
    year = {"period_start": date(2025, 4, 1), "period_end": date(2026, 3, 31)}
    rows = [
        replace(row, company=name, low=low, high=195.0, announced_date=DAY, known_on=DAY, **year)
        for name, low in (("A", 185.0), ("B", 1.0))
    ]
    spent = actual("A", "capex", Q1, 40.0, unit="USD_billion")
    known = edition(spent, history=(), guidance=tuple(rows)).as_known_on(DAY)
    assert medians(known, method="guidance") == pytest.approx([47.5] * 4)


def test_growth_is_pooled_over_companies_and_held_back():
    """Changes of ln 1.5 and ln 1.2 in the quarter before the day's, each with the weight w = 2^(−1/6).

    Nothing is known of a year before, so changes from quarter to quarter count.

    γ = w (ln 1.5 + ln 1.2) / (2 w + 2); the level of A is 15 less a fifth of its surprise.

    Sensitivity: without the two changes of nothing γ would be (ln 1.5 + ln 1.2) / 2, near twice as much.
    """
    known = alone(
        actual("A", "capex", Q1 - 1, 10.0),
        actual("A", "capex", Q1, 15.0),
        actual("B", "capex", Q1 - 1, 10.0),
        actual("B", "capex", Q1, 12.0),
    ).as_known_on(DAY)
    weight = 2.0 ** (-1.0 / 6.0)
    growth = weight * (math.log(1.5) + math.log(1.2)) / (2.0 * weight + 2.0)
    level = 0.8 * math.log(15.0) + 0.2 * (math.log(10.0) + growth)
    assert medians(known)[:2] == pytest.approx([math.exp(level + growth), math.exp(level + 2 * growth)])


def test_growth_is_that_over_a_year_where_one_is_known():
    """B doubled within a year: ln 2 / 4 a quarter, whatever its last quarter was; A's quarter does not count.

    γ = w (ln 2 / 4) / (w + 2) with w = 2^(−1/6); without A's past its level is its one figure.
    """
    known = alone(
        actual("A", "capex", Q1, 15.0),
        *(actual("B", "capex", Q1 - 4 + n, value) for n, value in enumerate((10.0, 20.0, 30.0, 50.0, 20.0))),
    ).as_known_on(DAY)
    weight = 2.0 ** (-1.0 / 6.0)
    growth = weight * math.log(2.0) / 4.0 / (weight + 2.0)
    assert medians(known)[0] == pytest.approx(15.0 * math.exp(growth))


def test_a_longer_history_of_the_same_measure_stands_before_the_reports():
    """Alphabet's reports begin in 2024; its history before them widens no series but its own."""
    from capexpand.catalogue.point_in_time import SHIPPED

    day = date(2025, 5, 30)
    known = SHIPPED.as_known_on(day)
    with_history = {e.quarter: e.forecast for e in forecast_spending(known, day, {}) if e.method == "model"}
    without = {
        e.quarter: e.forecast
        for e in forecast_spending(edition(*known.rows("actuals"), history=()).as_known_on(day), day, {})
        if e.method == "model"
    }
    assert with_history != without


def test_a_programme_of_another_scope_is_no_guidance_without_a_bridge():
    """Of 120 over a year and 5 a quarter beside it, a bridge makes 140; without one nothing counts."""
    rows = (
        actual("A", "capex", Q1 - 1, 30.0),
        programme(
            "A",
            date(2025, 1, 10),
            120e6,
            start=date(2025, 1, 1),
            end=date(2025, 12, 31),
            scope="AI and cloud",
        ),
    )
    with reading_from(edition(*rows)):
        series = reported("A", "capex")
        assert series is not None
        bridged, _ = guidance_for(series, 5.0)
        none, unlike = guidance_for(series, None)
    assert [(each.amount, each.bridged) for each in bridged] == [(140.0, 20.0)]
    assert none == ()
    assert "nobody states the rest" in unlike[0].reason


def test_forecasts_and_considerations_by_others_are_no_guidance():
    row = programme("A", date(2025, 1, 10), 120e6, start=date(2025, 1, 1), end=date(2025, 12, 31))
    with reading_from(edition(actual("A", "capex", Q1 - 1, 30.0))):
        series = reported("A", "capex")
    assert series is not None
    for kind in ("forecast", "under consideration", "ceiling"):
        from dataclasses import replace

        with reading_from(edition(replace(row, amount_kind=kind), guidance=())):
            assert guidance_for(series, None) == ((), ())


def test_measures_of_capital_expenditure_are_series_of_their_own():
    """Gross, net and cash expenditure of one company never meet in one series, and totals are no quarters."""
    rows = [
        actual("A", "capex_cash", Q1, 24.0),
        actual("A", "capex_gross", Q1 + 1, 35.0),
        actual("A", "capex_fiscal_year", Q1, 99.0),
        actual("A+B", "capex_cash_ppe_combined", Q1, 58.0),
    ]
    with reading_from(edition(*rows)):
        found = spending_series()
    assert [(one.company, one.metric) for one in found] == [("A", "capex_cash"), ("A", "capex_gross")]


def test_a_years_total_gives_the_quarters_that_nobody_reported_apart():
    """Of a year's 100 two quarters are 20 and 25: the other two are 55 together, 27.5 each if asked."""
    rows = [
        actual("A", "capex", Q1, 20.0),
        actual("A", "capex", Q1 + 1, 25.0),
        actual("A", "capex_fiscal_year", Q1 + 3, 100.0, days=50),
    ]
    with reading_from(edition(*rows)):
        series = reported("A", "capex")
    assert series is not None
    last = series.last
    assert (last.name, last.value, last.per_quarter) == ("2025Q3 to 2025Q4", 55.0, 27.5)
    assert "less its other quarters" in last.derived


def test_growth_gives_a_quarter_of_which_nothing_else_was_reported():
    rows = [
        actual("A", "cloud_revenue", Q1 - 4, 200.0),
        actual("A", "cloud_growth_yoy", Q1, 0.36, unit="fraction"),
    ]
    with reading_from(edition(*rows)):
        series = reported("A", "cloud_revenue")
    assert series is not None
    assert series.last.value == pytest.approx(272.0)
    assert series.last.derived
