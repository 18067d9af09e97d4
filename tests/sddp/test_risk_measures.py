"""Risk measures: coherent, between mean and worst, and equal to their definition as a minimum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.sddp.risk import Blend, CVaR, Expectation, RiskMeasure, WorstCase, reweight

_COSTS = st.lists(st.floats(-100.0, 100.0), min_size=1, max_size=8)


def _risk(measure: RiskMeasure, costs: np.ndarray, probability: np.ndarray) -> float:
    return float(reweight(measure, costs, probability) @ costs)


def _average_value_at_risk(costs: np.ndarray, probability: np.ndarray, tail: float) -> float:
    """The definition as a minimum over eta, which is attained at one of the costs."""
    return min(eta + probability @ np.maximum(costs - eta, 0.0) / tail for eta in costs)


@given(_COSTS, st.floats(0.05, 1.0), st.floats(0.0, 1.0))
def test_a_blend_lies_between_the_mean_and_the_worst_case(
    costs: list[float], tail: float, weight: float
) -> None:
    z, p = np.array(costs), np.full(len(costs), 1.0 / len(costs))
    risk = _risk(Blend(weight, tail), z, p)
    assert _risk(Expectation(), z, p) - 1e-9 <= risk <= _risk(WorstCase(), z, p) + 1e-9


@given(_COSTS, st.floats(0.05, 0.95))
def test_the_weights_attain_the_minimum_that_defines_average_value_at_risk(
    costs: list[float], tail: float
) -> None:
    z, p = np.array(costs), np.full(len(costs), 1.0 / len(costs))
    assert _risk(CVaR(tail), z, p) == pytest.approx(_average_value_at_risk(z, p, tail), abs=1e-8)


@given(_COSTS, st.floats(0.05, 0.9), st.floats(-50.0, 50.0), st.floats(0.0, 5.0))
def test_risk_moves_with_a_constant_and_scales(
    costs: list[float], tail: float, shift: float, factor: float
) -> None:
    z, p, measure = np.array(costs), np.full(len(costs), 1.0 / len(costs)), Blend(0.3, tail)
    expected = factor * _risk(measure, z, p) + shift
    assert _risk(measure, factor * z + shift, p) == pytest.approx(expected, abs=1e-7)


@given(_COSTS, st.floats(0.05, 0.5), st.floats(0.0, 0.5))
def test_a_smaller_tail_is_never_less_careful(costs: list[float], tail: float, more: float) -> None:
    z, p = np.array(costs), np.full(len(costs), 1.0 / len(costs))
    assert _risk(CVaR(tail), z, p) >= _risk(CVaR(tail + more), z, p) - 1e-9


def test_an_end_of_the_path_counts_as_an_outcome_of_cost_zero() -> None:
    """Costs 10 and -4 with 0.25 each, an end with 0.5; the worst half is 10 (0.25) and the end (0.25).

    AVaR of one half = (0.25 * 10 + 0.25 * 0) / 0.5 = 5. Sensitivity: without the end as an outcome the
    answer would be (0.25 * 10 + 0.25 * -4) / 0.5 = 3.
    """
    assert _risk(CVaR(0.5), np.array([10.0, -4.0]), np.array([0.25, 0.25])) == pytest.approx(5.0)


def test_the_worst_case_ignores_outcomes_without_probability() -> None:
    weights = reweight(WorstCase(), np.array([9.0, 5.0, 1.0]), np.array([0.0, 0.5, 0.5]))
    assert weights.tolist() == [0.0, 1.0, 0.0]
