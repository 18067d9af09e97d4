"""A plan that is found from the basis of another is the plan that is found from nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.model.churn import without_churn
from capexpand.model.churn_costs import ChurnCosts
from capexpand.model.compile import compile_case
from capexpand.model.data import ModelData
from capexpand.optimiser.deterministic import build_program, optimise_plan
from capexpand.optimiser.highs import run, started
from capexpand.optimiser.plan import Plan
from capexpand.optimiser.warm import same_numbers

CASES = Path(__file__).parents[2] / "cases"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return optimise_plan(compile_case(load_case(CASES / "two-sites")))


def test_basis_names_every_column_and_row(plan: Plan) -> None:
    program, _ = build_program(plan.data)
    assert plan.basis is not None
    statuses = plan.basis.statuses
    assert statuses.shape == (program.cost.size, program.row_lower.size)
    basic = (statuses.columns == 1).sum() + (statuses.rows == 1).sum()
    assert basic == program.row_lower.size


@pytest.mark.parametrize("change", ["without programme", "half of the budget", "standing still"])
def test_plan_from_another_basis_is_as_good_as_one_from_nothing(plan: Plan, change: str) -> None:
    m = plan.data
    data = {
        "without programme": m.without_programme,
        "half of the budget": lambda: m.with_budget(0.5),
        "standing still": m.standing_still,
    }[change]()
    warm, cold = optimise_plan(data, start=plan), optimise_plan(data)
    assert warm.solver.objective == pytest.approx(cold.solver.objective, rel=1e-9)
    assert abs(cold.solver.objective - plan.solver.objective) > 1.0, "the change changes something"


def test_basis_is_fitted_to_a_longer_horizon(plan: Plan) -> None:
    case = load_case(CASES / "two-sites")
    calendar = case.calendar.model_copy(update={"quarters": case.calendar.quarters + 4})
    data = compile_case(case.model_copy(update={"calendar": calendar}))
    program, _ = build_program(data)
    assert plan.basis is not None
    fitted = plan.basis.fitted(program)
    assert fitted.shape == (program.cost.size, program.row_lower.size)
    # what both programs have keeps its status: the columns of the first quarters stand first in both
    assert (fitted.columns[:20] == plan.basis.statuses.columns[:20]).all()
    warm, cold = optimise_plan(data, start=plan), optimise_plan(data)
    assert warm.solver.objective == pytest.approx(cold.solver.objective, rel=1e-9)


@pytest.fixture(scope="module")
def churning() -> ModelData:
    """The small case of two sites, where every kind of churn costs something."""
    costs = ChurnCosts(use=0.01, site=0.01, order=0.01, power_order=0.1)
    return replace(compile_case(load_case(CASES / "two-sites")), churn=costs)


def test_program_without_its_cost_of_churn_is_the_one_of_a_case_without(churning: ModelData) -> None:
    plain = without_churn(build_program(churning)[0])
    expected, _ = build_program(replace(churning, churn=None))
    assert plain is not None
    assert same_numbers(plain, expected)
    for ours, theirs in (
        (plain.column_blocks, expected.column_blocks),
        (plain.row_blocks, expected.row_blocks),
    ):
        assert [(b.name, b.first, b.labels) for b in ours] == [(b.name, b.first, b.labels) for b in theirs]
    assert without_churn(expected) is None


def test_plan_with_a_cost_of_churn_is_as_good_in_two_steps_as_in_one(churning: ModelData) -> None:
    """At once from nothing, and first without the cost: the same value, and a basis of both programs."""
    program, _ = build_program(churning)
    at_once = started(program, None)
    run(program, at_once)
    plan = optimise_plan(churning, duals=False)
    assert plan.solver.objective == pytest.approx(at_once.getInfo().objective_function_value, rel=1e-9)
    free = optimise_plan(replace(churning, churn=None), duals=False)
    assert plan.solver.objective < free.solver.objective - 1e-6, "the cost changes something"
    assert plan.basis is not None
    assert plan.basis.plain is not None
    assert free.basis is not None
    assert plan.basis.plain.statuses.shape == free.basis.statuses.shape
    smaller = optimise_plan(churning.with_budget(0.5), duals=False, start=plan)
    cold = optimise_plan(churning.with_budget(0.5), duals=False)
    assert smaller.solver.objective == pytest.approx(cold.solver.objective, rel=1e-9)
