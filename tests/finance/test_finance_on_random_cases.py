"""Properties that hold on every case, on random small ones that have everything in them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capexpand.finance.bridge import bridge, objective_of, penalties
from capexpand.finance.checks import check_plan
from capexpand.finance.metrics import measure
from capexpand.finance.programme import programme_result
from capexpand.finance.unit_costs import unit_costs
from capexpand.optimiser.deterministic import optimise_plan

seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds)
@settings(max_examples=25)
def test_plans_pass_the_checks_and_the_bridge_closes(random_model, seed):
    m = random_model(seed)
    plan, base = optimise_plan(m), optimise_plan(m.without_programme())
    check_plan(plan)
    check_plan(base)
    result = programme_result(plan, base)
    metrics, ours = measure(result), bridge(result)
    size = max(abs(plan.solver.objective), abs(base.solver.objective), abs(metrics.npv), 1.0)
    assert abs(ours.rounding) <= 1e-9 * size
    for part, figure in (
        (ours.steps, metrics.npv),
        (ours.before_tax, metrics.npv_before_tax),
        (ours.end_value_zero, metrics.npv_end_value_zero),
    ):
        total = part[0].amount + sum(step.amount for step in part[1:-1])
        assert total == pytest.approx(part[-1].amount, rel=1e-9, abs=1e-9 * size)
        assert part[-1].amount == figure


@given(seed=seeds)
@settings(max_examples=15)
def test_all_costs_are_shared_out_or_idle(random_model, seed):
    plan = optimise_plan(random_model(seed))
    ours, costs = programme_result(plan, plan).total, unit_costs(plan)
    shared = costs.cost.sum(axis=0) + costs.idle + costs.other_business
    assert shared == pytest.approx(
        ours.operating_cost - ours.other_cost + ours.depreciation, rel=1e-9, abs=1e-9
    )
    assert costs.idle.min() >= -1e-7


@given(seed=seeds)
@settings(max_examples=15)
def test_the_objective_is_the_sum_of_the_statements(random_model, seed):
    plan = optimise_plan(random_model(seed))
    ours = programme_result(plan, plan).total
    assert objective_of(plan.data, ours, penalties(plan)) == pytest.approx(
        plan.solver.objective, rel=1e-8, abs=1e-6
    )
