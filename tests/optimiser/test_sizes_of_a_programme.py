"""What the programme's own money is worth, by size, by hand and on random cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import random_model
from small_case import ABSENT, compiled

from capexpand.finance.by_budget import budget_curve
from capexpand.finance.checks import check_plan
from capexpand.finance.metrics import measure
from capexpand.finance.programme import programme_result
from capexpand.optimiser.budgets import plans_by_budget, with_own_money
from capexpand.optimiser.deterministic import optimise_plan

GROWING = {
    "programme.window_quarters": 2,
    "programme.cap": "6 mn CNY",
    "programme.renewal_budget": ABSENT,
    "programme.renewal_without_programme": "1 mn CNY/quarter",
    "programme.renewal_of_programme": "50 %/year",
}


def test_renewal_after_the_window_grows_with_what_the_programme_spent():
    """1 a quarter anyway; a cap of 6, of which 4 are the programme's own, allows 0.125 · 4 more in quarter 3.

    Six servers in quarter 1 earn 3 each, 1.5 in quarter 3 earn 1 each: 18 + 1.5 = 19.5.
    Sensitivity: without growth 19; with growth by all that was spent, 1.75 in quarter 3: 19.75.
    """
    plan = optimise_plan(compiled(GROWING))
    assert plan.solver.objective == pytest.approx(19.5)
    assert plan.paid == pytest.approx([6.0, 0.0, 1.5, 0.0], abs=1e-9) or plan.paid[2] == pytest.approx(1.5)
    check_plan(plan)


def test_the_base_has_the_freedom_of_the_programme_but_not_its_money():
    """Without the programme 1 in quarter 1, 2 and 3: 3 + 2 + 1 = 6; leasing for 0.5 a quarter fills the rest.

    Of ten places 9, 8, 7 and 7 are leased: 31 · 0.5 = 15.5 more. With 6 in quarter 1: 18, then 1.5 for 1.5;
    leased are 4, 4, 2.5 and 2.5: 6.5. The money is worth 26 − 21.5 = 4.5.
    Sensitivity: with a base that may not hire it would be 20.
    """
    lease = {"fee": "0.5 mn CNY/quarter", "term": "3 months"}
    m = compiled({**GROWING, "offers.server.lease": lease})
    plan, base = optimise_plan(m), optimise_plan(m.without_programme())
    assert base.solver.objective == pytest.approx(21.5)
    assert plan.solver.objective == pytest.approx(26.0)
    assert measure(programme_result(plan, base)).npv == pytest.approx(4.5)


def test_what_renewal_and_hire_add_is_a_line_of_its_own():
    """Who orders nothing earns nothing here; renewal adds 3 + 2 + 1 = 6 and the money 19.5 − 6 = 13.5."""
    m = compiled(GROWING)
    plan, base, standing = (optimise_plan(one) for one in (m, m.without_programme(), m.standing_still()))
    curve = budget_curve(plan, plans_by_budget(m, (0.5,)), base=base, standing=standing)
    assert curve.renewal_and_hire == pytest.approx(6.0)
    assert [point.budget for point in curve.points] == pytest.approx([2.0, 4.0, 6.0])
    assert curve.points[-1].npv == pytest.approx(13.5)
    # half of the own money, on the same path: 1 + 5 / 2 in quarter 1, 0.5 in quarter 2 and 1.25 in quarter 3
    assert curve.points[1].npv == pytest.approx(3.5 * 3 + 0.5 * 2 + 1.25 - 6.0)
    assert curve.last_step == pytest.approx((2.0, 6.75))


def test_the_worth_of_one_more_of_the_cap_counts_the_renewal_that_grows_with_it():
    """One more in quarter 1 earns 3, and 0.125 more of renewal earns 0.125: 3.125 in all."""
    plan = optimise_plan(compiled(GROWING))
    assert plan.shadow.budget.sum() == pytest.approx(3.125)


def test_a_programme_of_less_than_is_spent_anyway_is_worth_nothing():
    m = compiled({**GROWING, "programme.cap": "1 mn CNY"})
    assert m.budget.own == 0.0
    plan, base = optimise_plan(m), optimise_plan(m.without_programme())
    assert measure(programme_result(plan, base)).npv == pytest.approx(0.0, abs=1e-9)


def test_without_a_cap_the_size_of_a_programme_is_what_its_plan_spends():
    """Ten places for servers: 10 is spent, of it 2 anyway."""
    m = compiled({place: value for place, value in GROWING.items() if place != "programme.cap"})
    sized = with_own_money(m, optimise_plan(m))
    assert sized.budget.own == pytest.approx(8.0)


def _growing(seed: int):
    m = random_model(seed)
    rng = np.random.default_rng(seed)
    first, last = m.times.window
    quarter = np.arange(m.times.count)
    anyway = np.cumsum(
        np.where((quarter >= first) & (quarter < last), m.budget.renewal_without_programme, 0.0)
    )
    cap = np.maximum(m.budget.cap, anyway)
    growth = np.where(quarter >= last, rng.uniform(0.0, 0.2), 0.0)
    own = float((cap - anyway)[last - 1])
    # who stands without the programme has the same renewal, and no must that only a programme can meet
    budget = replace(m.budget, cap=cap, floor=0.0, own=own, renewal_growth=growth)
    return replace(m.without_demands(), budget=budget, whole_sizes=False, end_value_within_book=seed % 2 == 0)


@pytest.mark.slow
@given(seed=st.integers(0, 10_000))
@settings(max_examples=12)
def test_value_by_budget_is_concave_starts_at_nothing_and_rises_by_the_worth_of_the_cap(seed):
    """V(b) is concave, V(0) is the base's, and its slope lies between the worths of one more at both ends."""
    m = _growing(seed)
    plans = plans_by_budget(m, (1.0, 0.5, 0.0))[::-1]
    values = [plan.solver.objective for plan in plans]
    base = optimise_plan(m.without_programme())
    size = max(1.0, *(abs(value) for value in values))
    assert values[0] == pytest.approx(base.solver.objective, rel=1e-6, abs=1e-6 * size)
    assert values[1] - values[0] >= values[2] - values[1] - 1e-6 * size
    whole = optimise_plan(m)
    assert whole.solver.objective == pytest.approx(values[2], rel=1e-6, abs=1e-6 * size)
    check_plan(whole)
    near = plans_by_budget(m, (0.999,))[0]
    slope = values[2] - near.solver.objective
    first, last = m.times.window
    anyway = np.cumsum(m.budget.renewal_without_programme[first:last])
    worth = float(near.shadow.budget[first:last] @ (m.budget.cap[first:last] - anyway)) * 0.001
    assert slope <= worth + 1e-6 * size
