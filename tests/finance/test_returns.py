"""Internal rate of return, payback, funding and return on capital."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.finance.metrics import (
    internal_rate_of_return,
    measure,
    modified_rate_of_return,
    payback_quarter,
    peak_funding,
    return_on_capital,
)
from capexpand.finance.programme import programme_result
from capexpand.optimiser.deterministic import optimise_plan

ONCE = [1.0, 0.0, 0.0, 0.0]


def value_at(rate, flows, end_cash):
    """Net present value by the quarter, with flows in the middle and the end value at the end."""
    total = end_cash * (1 + rate) ** (-len(flows) / 4)
    return total + sum(flow * (1 + rate) ** (-(t + 0.5) / 4) for t, flow in enumerate(flows))


def bisected(flows, end_cash):
    low, high = -0.9999, 1e6
    for _ in range(400):
        middle = (low + high) / 2
        if value_at(middle, flows, end_cash) > 0:
            low = middle
        else:
            high = middle
    return low


def test_ten_per_cent_a_year_is_ten_per_cent():
    """100 now and 110 four quarters later. Sensitivity: by the quarter it would be 2.4 %."""
    rate, unique = internal_rate_of_return(np.array([-100.0, 0, 0, 0, 110.0]), 0.0)
    assert rate == pytest.approx(0.10, rel=1e-9)
    assert unique


def test_the_end_value_comes_half_a_quarter_after_the_last_flow():
    """100 in the middle of the first quarter, 110 at the end of the fourth: three and a half quarters.

    Sensitivity: with the last flow the rate would be 1.1^(4/3) - 1 = 13.6 %, and not 11.5 %.
    """
    rate, _ = internal_rate_of_return(np.array([-100.0, 0, 0, 0]), 110.0)
    assert rate == pytest.approx(1.1 ** (4 / 3.5) - 1, rel=1e-9)


@given(
    outlays=st.lists(st.floats(1.0, 1e6), min_size=1, max_size=6),
    returns=st.lists(st.floats(0.0, 1e6), min_size=1, max_size=30),
    end_cash=st.floats(1.0, 1e6),
)
def test_the_rate_makes_the_value_zero_as_bisection_finds_it(outlays, returns, end_cash):
    flows = np.array([*(-amount for amount in outlays), *returns])
    expected = bisected(flows, end_cash)
    rate, unique = internal_rate_of_return(flows, end_cash)
    if expected > 100.0 or expected < -0.999:
        return  # beyond any rate that means something
    assert rate == pytest.approx(expected, rel=1e-6, abs=1e-7)
    assert unique


@pytest.mark.parametrize("flows", [[0.0, 0.0], [-1.0, -2.0], [3.0, 1.0]])
def test_without_a_change_of_sign_there_is_no_rate(flows):
    assert internal_rate_of_return(np.array(flows), 0.0) == (None, False)


def test_a_rate_that_may_not_be_the_only_one_is_marked():
    """-100, 230, -132 at yearly steps is zero at both 10 % and 20 %."""
    flows = np.zeros(9)
    flows[[0, 4, 8]] = -100.0, 230.0, -132.0
    rate, unique = internal_rate_of_return(flows, 0.0)
    assert not unique
    assert any(rate == pytest.approx(root, rel=1e-6) for root in (0.1, 0.2))


@pytest.mark.parametrize(
    ("flows", "quarter"),
    [
        ([-10.0, 4.0, 6.0, 1.0], 2),
        ([-10.0, 12.0, -5.0, 4.0], 3),  # paid back, and under water again
        ([-10.0, 12.0, -5.0, 2.0], None),
        ([0.0, 1.0], 0),
        ([0.0, 0.0, 0.0], None),  # nothing laid out, nothing to be paid back
    ],
)
def test_payback_counts_only_when_it_lasts(flows, quarter):
    assert payback_quarter(np.array(flows)) == quarter


def test_peak_funding_is_the_deepest_point():
    assert peak_funding(np.array([-10.0, -5.0, 8.0, -2.0])) == (15.0, 1)
    assert peak_funding(np.array([1.0, 1.0]))[0] == 0.0


def test_return_on_capital_is_yearly_profit_over_average_books(build):
    """A unit for 120 over eight quarters earns 30: profit 15 a quarter, books 105, 90, 75 in 2025.

    Books average (0+105)/2, (105+90)/2, (90+75)/2 = 77.5 within 2025, profit 60 a year: 77.4 %.
    Sensitivity: at closing books, 90 on average, it would be 66.7 %.
    """
    m = build(
        quarters=8,
        offers={"limit": [1.0, *[0.0] * 7], "price": 120.0},
        workloads={"price": 30.0},
        taxes={"server_life_quarters": 8},
    )
    plan = optimise_plan(m)
    result = programme_result(plan, optimise_plan(m.without_programme()))
    ours = return_on_capital(result.programme, result.times)
    assert ours.years == (2025, 2026, 2027)
    assert ours.quarters == (3, 4, 1)
    assert ours.fraction[0] == pytest.approx(60.0 / 77.5)
    assert return_on_capital(result.base, result.times).fraction == (None, None, None)


@pytest.mark.slow
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([0.125, 8.0, 64.0]))
def test_scaling_money_scales_the_value(build, seed, scale):
    """Prices in another currency change every amount and no rate."""
    rng = np.random.default_rng(seed)
    price, income = rng.uniform(50, 150), rng.uniform(30, 90, 4)

    def metrics(unit):
        m = build(
            discount_rate=0.1,
            offers={"limit": ONCE, "price": unit * price, "end_value": unit * 5.0},
            workloads={"price": unit * income},
            taxes={"rate": 0.25},
        )
        return measure(programme_result(optimise_plan(m), optimise_plan(m.without_programme())))

    one, other = metrics(1.0), metrics(scale)
    assert other.npv == pytest.approx(scale * one.npv, rel=1e-9, abs=1e-9)
    assert other.peak_funding == pytest.approx(scale * one.peak_funding, rel=1e-9, abs=1e-9)
    assert other.payback_quarter == one.payback_quarter
    assert (one.irr is None) == (other.irr is None)
    if one.irr is not None:
        assert other.irr == pytest.approx(one.irr, rel=1e-6)


def test_a_programme_that_ends_in_loss_may_have_two_rates():
    """+100, −150 and +20 two and four quarters later: 100 − 150 x + 20 x² is zero at two x above 0.

    The sums 100, −50, −30 change sign once, and end below zero, so Norstrom's condition tells nothing.
    """
    flows = np.array([100.0, 0.0, -150.0, 0.0, 20.0])
    assert not internal_rate_of_return(flows, 0.0)[1]
    assert internal_rate_of_return(-flows, 0.0)[1]  # −100, 50, 30: once, and above zero at the end


@pytest.mark.parametrize(("first", "answers"), [(80.0, True), (99.0, False)])
def test_a_rate_on_next_to_nothing_is_no_answer(build, first, answers):
    """A unit for 100 earns 80, or 99, in the quarter in which it is paid, then 80: 20 or 1 is ever laid out.

    1 is less than a twentieth of the payments of 100. Sensitivity: both rates are unique.
    """
    m = build(offers={"limit": ONCE}, workloads={"price": [first, 80.0, 80.0, 80.0]})
    found = measure(programme_result(optimise_plan(m), optimise_plan(m.without_programme())))
    assert found.peak_funding == pytest.approx(100.0 - first)
    assert found.irr_unique
    assert found.irr_is_answer == answers


def test_a_rate_needs_something_laid_out(build):
    """1 laid out now and 1.1 at the end of four quarters are 10 % a year; rounding is nothing laid out."""
    times = build().times
    assert modified_rate_of_return(np.array([-1.0, 0.0, 0.0, 0.0]), 1.1, times) == pytest.approx(0.1)
    for laid_out in (0.0, -1e-12):
        assert modified_rate_of_return(np.array([laid_out, 1e6, 0.0, 0.0]), 0.0, times) is None
