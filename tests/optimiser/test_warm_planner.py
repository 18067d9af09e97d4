"""A plan from a basis at hand is as good as one from nothing, and its duals name both sides of a limit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import random_model
from small_case import compiled

from capexpand.errors import InfeasibleError
from capexpand.finance.checks import check_plan
from capexpand.optimiser.basis import Basis
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.warm import WarmPlanner, same_numbers

seeds = st.integers(0, 2**32 - 1)


def changed(m, rng):
    """Return a case with other prices, limits and a usable share."""
    u = rng.uniform
    return replace(
        m,
        budget=replace(m.budget, cap=m.budget.cap * u(0.5, 1.5)),
        offers=replace(m.offers, limit=m.offers.limit * u(0.5, 1.5), price=m.offers.price * u(0.7, 1.3)),
        workloads=replace(
            m.workloads, price=m.workloads.price * u(0.7, 1.3), service=m.workloads.service * u(0.9, 1.1)
        ),
    )


@pytest.mark.slow
@given(seed=seeds)
@settings(max_examples=15)
def test_a_warm_plan_is_worth_what_a_cold_one_is(seed):
    rng = np.random.default_rng(seed)
    m = random_model(seed)
    planner = WarmPlanner()
    for data in (m, changed(m, rng), changed(m, rng)):
        plan = planner.solve(data)
        cold = optimise_plan(data)
        assert plan.solver.objective == pytest.approx(cold.solver.objective, rel=1e-7, abs=1e-6)
        check_plan(plan)


@given(seed=seeds)
@settings(max_examples=8)
def test_an_answer_from_a_named_start_does_not_depend_on_what_was_solved_before(seed):
    rng = np.random.default_rng(seed)
    m = random_model(seed)
    first, second = changed(m, rng), changed(m, rng)
    planner, fresh = WarmPlanner(sides="both"), WarmPlanner(sides="both")
    start = planner.optimum(m)
    planner.optimum(first, start=start)
    one = planner.optimum(second, start=start)
    other = fresh.optimum(second, start=start)
    assert np.array_equal(one.solution.columns, other.solution.columns)
    assert np.array_equal(one.solution.row_duals, other.solution.row_duals)
    assert np.array_equal(one.less.row_duals, other.less.row_duals)


@given(seed=seeds)
@settings(max_examples=10)
def test_less_of_the_cap_costs_no_less_than_more_of_it_brings(seed):
    """The objective is concave in its limits: the slope to the left is the steeper one."""
    found = WarmPlanner(sides="both").optimum(random_model(seed))
    more, less = found.plan.shadow.budget, found.shadow_of_less.budget
    size = max(1.0, float(more.sum()))
    assert less.sum() >= more.sum() - 1e-6 * size


def test_at_a_kink_both_sides_are_told_apart():
    """Ten places for servers are filled with a cap of 10 at 1 each: one more buys nothing, one less costs 3.

    Sensitivity: with one side for both, one of them would be wrong.
    """
    m = compiled({"programme.cap": "10 mn CNY"})
    found = WarmPlanner(sides="both").optimum(m)
    assert found.plan.shadow.budget.sum() == pytest.approx(0.0, abs=1e-9)
    fewer = replace(m, budget=replace(m.budget, cap=m.budget.cap - 0.5))
    loss = found.objective - optimise_plan(fewer).solver.objective
    assert found.shadow_of_less.budget.sum() == pytest.approx(loss / 0.5)
    assert loss > 0.1


def test_the_same_program_is_not_solved_again():
    m = random_model(3)
    planner = WarmPlanner()
    first = planner.optimum(m)
    again = planner.optimum(replace(m, title="the same numbers"))
    assert again.solution is first.solution
    assert again.data.title == "the same numbers"
    assert same_numbers(again.program, first.program)


def test_another_structure_is_solved_from_nothing():
    m = random_model(5)
    longer = replace(m, power=replace(m.power, lead_quarters=m.power.lead_quarters + 1))
    planner = WarmPlanner()
    planner.solve(m)
    assert planner.solve(longer).solver.objective == pytest.approx(optimise_plan(longer).solver.objective)


def test_after_an_infeasible_case_the_next_is_planned_as_ever():
    """A limit that asks too much has no value; least of all the value of the case before."""
    m = compiled({"programme.cap": "10 mn CNY"})
    asked = replace(m, offers=replace(m.offers, least=np.full_like(m.offers.least, 1e5)))
    planner = WarmPlanner(explained=False)
    value = planner.solve(m).solver.objective
    with pytest.raises(InfeasibleError):
        planner.solve(asked)
    assert planner.solve(m).solver.objective == pytest.approx(value)


def test_whole_sizes_are_planned_whole():
    m = random_model(3, whole_sizes=True)
    found = WarmPlanner(sides="both").optimum(m)
    assert found.basis is None
    assert found.objective == pytest.approx(optimise_plan(m).solver.objective, rel=1e-4)


def test_a_basis_keeps_its_statuses():
    found = WarmPlanner().optimum(random_model(7))
    assert isinstance(found.basis, Basis)
    assert found.basis.shape == (found.program.cost.size, found.program.row_lower.size)
    basic = int((found.basis.columns == 1).sum() + (found.basis.rows == 1).sum())
    assert basic == found.program.row_lower.size
