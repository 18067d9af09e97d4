"""Quarters and discounting, against dates and closed forms."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.timevalue import (
    HOURS_PER_QUARTER,
    QuarterCalendar,
    discount_factors,
    end_discount_factor,
    is_quarter_start,
    quarters_spanned,
    years_between,
)

CALENDAR = QuarterCalendar(date(2025, 4, 1), 4)
days = st.dates(date(2000, 1, 1), date(2060, 12, 31))


def test_quarters_start_and_end_where_the_year_says():
    assert CALENDAR.starts == (date(2025, 4, 1), date(2025, 7, 1), date(2025, 10, 1), date(2026, 1, 1))
    assert CALENDAR.ends == (date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31), date(2026, 3, 31))
    assert CALENDAR.end == date(2026, 4, 1)
    assert CALENDAR.labels == ("2025Q2", "2025Q3", "2025Q4", "2026Q1")


@given(days)
def test_a_day_lies_in_the_quarter_of_its_index(day):
    index = QuarterCalendar(date(2000, 1, 1), 300).index(day)
    quarter = QuarterCalendar(date(2000, 1, 1), 300)
    assert quarter.starts[index] <= day <= quarter.ends[index]


def test_days_before_and_after_the_horizon_are_outside():
    assert CALENDAR.index(date(2025, 3, 31)) == -1
    assert CALENDAR.index(date(2026, 4, 1)) == 4
    assert date(2025, 3, 31) not in CALENDAR
    assert date(2026, 3, 31) in CALENDAR
    assert date(2026, 4, 1) not in CALENDAR


@pytest.mark.parametrize(
    ("months", "quarters"), [(0, 0), (0.1, 1), (3, 1), (3.01, 2), (9, 3), (9 + 1e-12, 3), (18, 6)]
)
def test_durations_round_up_to_whole_quarters(months, quarters):
    assert quarters_spanned(months) == quarters


def test_four_quarters_are_one_year_exactly():
    assert years_between(date(2025, 4, 1), date(2026, 4, 1)) == 1.0
    assert years_between(date(2025, 4, 1), date(2025, 7, 1)) == pytest.approx(0.25, abs=1e-12)


@given(days, days)
def test_years_count_the_same_in_both_directions(one, other):
    assert years_between(one, other) == -years_between(other, one)
    assert years_between(one, other) == pytest.approx((other - one).days / 365.25, abs=0.01)


def test_only_four_days_a_year_start_a_quarter():
    starts = [
        day for day in (date(2025, 1, 1) + timedelta(days=n) for n in range(365)) if is_quarter_start(day)
    ]
    assert starts == [date(2025, 1, 1), date(2025, 4, 1), date(2025, 7, 1), date(2025, 10, 1)]


def test_money_is_discounted_to_the_middle_of_its_quarter():
    """At 21 % a year, the middle of the second quarter is 3/8 of a year away: 1.21^-0.375 = 1.1^-0.75.

    Sensitivity: without the half quarter the factor would be 1.1^-0.5.
    """
    factors = discount_factors(0.21, 4)
    assert factors.dtype == np.float64
    assert factors[1] == pytest.approx(1.1**-0.75, rel=1e-14)
    assert end_discount_factor(0.21, 8) == pytest.approx(1 / 1.4641, rel=1e-14)


def test_without_a_rate_all_money_is_worth_the_same():
    assert discount_factors(0.0, 5).tolist() == [1.0] * 5
    assert end_discount_factor(0.0, 5) == 1.0


def test_four_quarters_have_the_hours_of_a_year():
    assert 4 * HOURS_PER_QUARTER == 365.25 * 24
