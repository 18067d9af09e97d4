"""The model of what companies spend, on series small enough to follow by hand."""

import math
from datetime import date

import pytest
from editions import actual, edition, programme

from capexpand.catalogue.point_in_time import reading_from
from capexpand.studies.backtest.guidance import guidance_for, revision_rate
from capexpand.studies.backtest.quarters import quarter_of
from capexpand.studies.backtest.reports import reported, spending_series
from capexpand.studies.backtest.spending import PRIOR_DEVIATION, forecast_spending, ramp, spread_of

Q1 = quarter_of(date(2025, 1, 1))
DAY = date(2025, 5, 30)


def medians(known, *, day=DAY, method="model", beside=None):
    found = forecast_spending(known, day, beside or {})
    return [each.said.middle for each in found if each.method == method]


def test_a_ramp_adds_up_to_what_is_left():
    """From 10 a quarter, 10 (r + r² + r³) = 37.24 at r = 1.1 ... 11 + 12.1 + 13.31 = 36.41."""
    assert ramp(10.0, 3, 36.41) == pytest.approx(1.1)
    assert ramp(10.0, 3, 30.0) == pytest.approx(1.0)
    assert ramp(10.0, 3, 1e9) == pytest.approx(2.0)
    assert ramp(10.0, 3, -5.0) == pytest.approx(0.5)


def test_guidance_less_what_was_reported_is_ramped_over_the_rest():
    """A year's 46.41 with 10 reported in the first quarter leaves 36.41: 11, 12.1, 13.31, as 10 · 1.1ⁿ.

    Sensitivity: without taking off what was reported, 46.41 would be left and the ramp would start at 12.2.
    """
    known = edition(
        actual("A", "capex", Q1, 10.0),
        programme("A", date(2025, 2, 1), 46.41e6, start=date(2025, 1, 1), end=date(2025, 12, 31)),
    ).as_known_on(DAY)
    assert medians(known)[:3] == pytest.approx([11.0, 12.1, 13.31])
    assert medians(known, method="guidance") == pytest.approx([36.41 / 3] * 3)
    assert medians(known, method="last value") == pytest.approx([10.0] * 8)


def test_growth_beyond_guidance_is_pooled_and_held_back():
    """Two changes of ln 1.5 and ln 1.2 among 8 of nothing: growth (ln 1.5 + ln 1.2) / 10 a quarter.

    Sensitivity: without the eight it would be (ln 1.5 + ln 1.2) / 2, and A's median after 15 would be 20.1.
    """
    known = edition(
        actual("A", "capex", Q1 - 1, 10.0),
        actual("A", "capex", Q1, 15.0),
        actual("B", "capex", Q1 - 1, 10.0),
        actual("B", "capex", Q1, 12.0),
    ).as_known_on(DAY)
    growth = (math.log(1.5) + math.log(1.2)) / 10
    assert medians(known)[0] == pytest.approx(15.0 * math.exp(growth))


def test_revisions_count_by_the_quarters_that_they_took():
    """100 became 125 in 182.625 days of a year, two quarters: ln 1.25 over 2 + 8 quarters."""
    rows = [
        programme("A", date(2025, 1, 1), 100.0, start=date(2025, 1, 1), end=date(2025, 12, 31)),
        programme("A", date(2025, 5, 1), 125.0, start=date(2025, 1, 1), end=date(2025, 12, 31)),
    ]
    day = date(2025, 7, 2)  # 182 days later
    with reading_from(edition(*rows).as_known_on(day)):
        assert revision_rate(day) == pytest.approx(math.log(1.25) / (182 / 91.3125 + 8))
    with reading_from(edition(rows[0]).as_known_on(day)):
        assert revision_rate(day) == 0.0


def test_errors_widen_the_interval_by_their_size():
    """Four prior errors of 0.2 and one of 0.6 a quarter ahead: s² = (4 · 0.04 + 0.36) / 5 = 0.104."""
    assert spread_of([], PRIOR_DEVIATION).deviation == pytest.approx(0.2)
    found = spread_of([(0.6, 1)], PRIOR_DEVIATION)
    assert found.deviation == pytest.approx(math.sqrt(0.104))
    assert found.freedom == 5.0
    near, far = found.around(10.0, 1), found.around(10.0, 4)
    assert math.log(far.high / 10) == pytest.approx(2 * math.log(near.high / 10))


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

        with reading_from(edition(replace(row, amount_kind=kind))):
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
