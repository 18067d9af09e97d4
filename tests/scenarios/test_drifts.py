"""Growth rates that are learned: the filter, its law in closed form, and what a policy can see of it."""

import math

import numpy as np
import pytest

from capexpand.case.loading import load_case
from capexpand.errors import CaseError
from capexpand.scenarios.condensation import condense
from capexpand.scenarios.entries import Entry
from capexpand.scenarios.futures import driver_covariance
from capexpand.scenarios.sampling import draw_scenarios

DEMAND = Entry("base_demand", "chat")
DRIFT = """
drifts:
  growth: {deviation: 20 %, half_life: 2 years, noise: 10 %, moves: {workloads.chat.demand: 1}}
"""
CERTAIN = """
drifts:
  growth: {deviation: 20 %, half_life: 2 years, moves: {workloads.chat.demand: 1}}
"""


def log_demand(scenarios, quarter):
    row = scenarios.entries.index(DEMAND)
    return np.log(scenarios.factors(quarter)[row] * scenarios.futures.normaliser[row, quarter])


def variance_by_hand(quarters: int, deviation: float, a: float, noise: float) -> float:
    """Return Var Σ (b_u + w_u) for an autoregression b of variance s² and white noise w, term by term."""
    rate = (deviation / 4) ** 2
    shared = sum(rate * a ** abs(u - v) for u in range(quarters) for v in range(quarters))
    return shared + quarters * noise**2 / 4


def test_the_filtered_process_has_the_law_of_the_hidden_one(futures_of):
    """The level's variance is that of the sum of hidden rates and noise, whatever was filtered out of it.

    Of the rate 20 % a year, 5 % a quarter, a = 2^(−1/8): after one quarter 0.05² + 0.1²/4 = 0.005, after
    four the sum over all pairs. Sensitivity: rates new in each quarter would give 4 · 0.005 = 0.02 there.
    """
    futures = futures_of(DRIFT)
    a = 2.0 ** (-1.0 / 8.0)
    row = futures.entries.index(DEMAND)
    for quarter in (1, 2, 4, 7):
        covariance = driver_covariance(futures.drivers, futures.correlation, quarter)
        variance = futures.loading[row] @ covariance @ futures.loading[row]
        assert variance == pytest.approx(variance_by_hand(quarter, 0.2, a, 0.1), rel=1e-9)
    assert variance_by_hand(1, 0.2, a, 0.1) == pytest.approx(0.005)
    assert variance_by_hand(4, 0.2, a, 0.1) > 0.04


def test_what_is_drawn_has_that_variance_and_keeps_the_mean(futures_of):
    futures = futures_of(DRIFT)
    scenarios = draw_scenarios(futures, 4096, seed=3)
    row = futures.entries.index(DEMAND)
    for quarter in (1, 4, 7):
        expected = variance_by_hand(quarter, 0.2, 2.0 ** (-1.0 / 8.0), 0.1)
        assert log_demand(scenarios, quarter).var() == pytest.approx(expected, rel=0.02)
        assert scenarios.factors(quarter)[row].mean() == pytest.approx(1.0, abs=0.005)


def test_growth_that_was_seen_goes_on_in_part(futures_of):
    """The surprise of the first quarter says K = 0.05² / 0.005 = 1/2 of itself about the rate, which fades.

    So demand grows on by a K e in the next quarter on average. Sensitivity: a random walk would not.
    """
    scenarios = draw_scenarios(futures_of(DRIFT), 4096, seed=3)
    first, second = log_demand(scenarios, 1), log_demand(scenarios, 2)
    slope = np.polyfit(first, second - first, 1)[0]
    assert slope == pytest.approx(0.5 * 2.0 ** (-1.0 / 8.0), abs=0.03)


def test_without_noise_the_first_change_tells_the_rate(futures_of):
    """With K = 1 the second quarter's change is a times that of the first, and a new part of the rate."""
    scenarios = draw_scenarios(futures_of(CERTAIN), 4096, seed=3)
    first, second = log_demand(scenarios, 1), log_demand(scenarios, 2)
    a = 2.0 ** (-1.0 / 8.0)
    assert np.polyfit(first, second - first, 1)[0] == pytest.approx(a, abs=0.02)
    left = second - first - a * first
    assert left.std() == pytest.approx(0.05 * math.sqrt(1 - a**2), rel=0.03)


def test_a_lattice_tells_apart_what_grew_alike_but_will_not_go_on_alike(futures_of):
    """Both coordinates are features of the lattice: nodes differ in the expected rate, not in level alone."""
    lattice = condense(draw_scenarios(futures_of(DRIFT), 2048, seed=3), nodes=12)
    centres = lattice.quarters[4].centre
    assert lattice.drivers == ("growth", "growth, rate")
    assert np.linalg.matrix_rank(centres - centres.mean(axis=1, keepdims=True), tol=1e-3) == 2


def test_a_drift_correlates_with_nothing_and_says_so(declare):
    block = """
    trends:
      other: {volatility: 10 %, moves: {workloads.chat.price: 1}}
    drifts:
      growth: {deviation: 20 %, half_life: 2 years, moves: {workloads.chat.demand: 1}}
    correlations:
      - {between: [growth, other], value: 0.5}
    """
    with pytest.raises(
        CaseError, match="'growth' is one of the drifts; only trends and reversions correlate"
    ):
        declare(block)


REVENUE = """
opening:
  other_revenue: 100 mn CNY/quarter
  other_cost: 80 mn CNY/quarter
  reason: invented
"""


def test_revenue_outside_the_case_may_be_uncertain(declare):
    """Its factor has the process's deviation and mean 1; no number of the program moves."""
    from capexpand.model.compile import compile_case
    from capexpand.model.realised import realise
    from capexpand.scenarios.futures import compile_futures

    case = declare("trends:\n  sales: {volatility: 20 %, moves: {opening.other_revenue: 1}}", REVENUE)
    futures = compile_futures(case)
    assert futures.entries == (Entry("other_revenue", ""),)
    scenarios = draw_scenarios(futures, 1024, seed=3)
    assert np.log(scenarios.factors(4)[0]).std() == pytest.approx(0.2, rel=0.02)
    m = compile_case(case)
    moved = realise(m, futures.entries, scenarios.path(0))
    assert moved.opening.other_revenue == pytest.approx(m.opening.other_revenue * scenarios.path(0)[0])
    assert moved.workloads.demand == pytest.approx(m.workloads.demand)


def test_revenue_outside_the_case_that_is_not_stated_cannot_move(declare):
    with pytest.raises(CaseError, match=r"moves nothing: the case says nothing at 'opening.other_revenue'"):
        declare("trends:\n  sales: {volatility: 20 %, moves: {opening.other_revenue: 1}}")


def test_who_learns_no_rate_sees_the_same_level(futures_of):
    """Without learning the level z − m stands in the walk and the rate is 0, so the factors are the same."""
    scenarios = draw_scenarios(futures_of(DRIFT), 64, seed=3)
    for quarter in (1, 4):
        seen, unlearned = scenarios.persistent(quarter), scenarios.unlearned(quarter)
        assert unlearned[0] == pytest.approx(seen[0] - seen[1])
        assert np.all(unlearned[1] == 0.0)
        assert np.abs(seen[1]).max() > 0.0
        same = scenarios.futures.factors(quarter, unlearned[:2], scenarios.states[:, quarter])
        assert same == pytest.approx(scenarios.factors(quarter))


def test_a_case_that_holds_demand_too_certain_is_told_so(declare):
    """A trend of 1 % a year against errors of some 12 % after four quarters; of 60 % nothing is said."""
    from capexpand.scenarios.demand_widths import narrow_demands

    narrow = narrow_demands(
        declare("trends: {adoption: {volatility: 1 %, moves: {workloads.chat.demand: 1}}}")
    )
    assert {(each.place, each.horizon) for each in narrow} >= {("workloads.chat.demand", 4)}
    assert all(each.factor < each.usual_factor for each in narrow)
    assert narrow[0].factor == pytest.approx(math.exp(1.2816 * 0.01), rel=1e-5)
    wide = declare("trends: {adoption: {volatility: 60 %, moves: {workloads.*.demand: 1}}}")
    assert narrow_demands(wide) == ()


def test_a_case_without_uncertainty_is_told_nothing(certain_case):
    from capexpand.scenarios.demand_widths import narrow_demands

    assert narrow_demands(load_case(certain_case)) == ()
