"""A plan that is found from the basis of another is the plan that is found from nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import build_program, optimise_plan
from capexpand.optimiser.plan import Plan

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
