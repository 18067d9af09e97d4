"""Bounds where limits move hold what a cold solver finds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import random_model
from small_case import planned

from capexpand.errors import InfeasibleError
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.what_if import LEAST, MOST, ends, scaled, what_if

factor = st.floats(LEAST, MOST)


def test_bounds_by_hand():
    """1 MW of halls has room for ten servers, 8 a quarter can be had, and 6 are asked for.

    Only demand binds: each server that is asked for earns 4 − 1 = 3, so the objective is 18 f for a factor f
    on demand up to 8 / 6, and no other factor changes it down to 6 / 8. So both bounds are 18 f.
    At 0.7 of the supply 5.6 come in quarter 1 and 0.4 in quarter 2: 5.6 · 3 + 0.4 · 2 = 17.6 lies between.
    Sensitivity: were the slope of demand left out, the upper bound at 1.3 would be 18.
    """
    found = what_if(
        planned(
            {
                "sites.east.grid": "2 MW",
                "offers.server.supply": {"CN": {"limit": "8 unit/quarter"}},
                "workloads.chat.demand": "6 tn token/quarter",
                "programme.cap": "100 mn CNY",
            }
        )
    )
    assert found is not None
    assert found.families == ("budget", "supply", "grid", "demand")
    for demand in (0.7, 0.9, 1.0, 1.2, 1.3):
        bracket = found.between([1.0, 1.0, 1.0, demand])
        assert bracket.lower == pytest.approx(18 * demand, rel=1e-6)
        assert bracket.upper == pytest.approx(18 * demand, rel=1e-6)
    narrow = found.between([1.0, 0.7, 1.0, 1.0])
    assert narrow.lower <= 17.6 <= narrow.upper


@pytest.mark.slow
@given(
    seed=st.integers(0, 10_000),
    factors=st.lists(st.tuples(factor, factor, factor, factor), min_size=4, max_size=4),
)
@settings(max_examples=12, deadline=None)
def test_random_cases_hold_what_a_cold_solver_finds(seed, factors):
    m = replace(random_model(seed), churn=None)
    found = what_if(optimise_plan(m, duals=False))
    if found is None:
        return
    for drawn in factors:
        moved = m
        at = [max(by, ends(family)[0]) for family, by in zip(found.families, drawn, strict=False)]
        for family, by in zip(found.families, at, strict=True):
            moved = scaled(moved, family, by)
        try:
            value = optimise_plan(moved, duals=False).solver.objective
        except InfeasibleError:
            value = -np.inf
        bracket = found.between(at)
        assert bracket.upper >= value
        assert bracket.lower is None or bracket.lower <= value


def test_the_plan_itself_is_both_bounds():
    plan = planned({"programme.cap": "8 mn CNY"})
    found = what_if(plan)
    bracket = found.between([1.0] * len(found.families))
    assert bracket.lower == pytest.approx(plan.solver.objective, rel=1e-6)
    assert bracket.upper == pytest.approx(plan.solver.objective, rel=1e-6)


def test_whole_sizes_have_no_bounds():
    assert what_if(planned({"solve.whole_sizes": True, "offers.server.lot": 1})) is None
