"""Every rule finds a plan that breaks it, and the objective follows the conventions of compiled cases."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capexpand.case.loading import load_case
from capexpand.errors import SolverError
from capexpand.finance.agreement import above, apart
from capexpand.finance.checks import check_plan, violations
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan

TWO_SITES = Path(__file__).parents[2] / "cases" / "two-sites" / "case.yaml"


def broken(plan):
    return {check.name for check in violations(plan) if check.violation > 1e-6}


@pytest.fixture(scope="module")
def plan(random_model):
    """A plan in which something is bought, leased, rented, handed back, sold and left unmet."""
    plan = optimise_plan(replace(random_model(8), whole_sizes=False))
    for values in (plan.ordered, plan.power_ordered_mw, plan.returned, plan.power_returned_mw, plan.sold):
        assert values.max() > 0.1
    assert broken(plan) == set()
    return plan


@pytest.mark.parametrize(
    ("field", "change", "rule"),
    [
        ("power_mw", lambda v: v * 1.01, "power balance"),
        ("power_ordered_mw", lambda v: v + 100, "power orders within their limit"),
        ("power_ordered_mw", lambda v: v + 100, "power commitments within the grid"),
        ("power_returned_mw", lambda v: v + 50, "power handed back after its term"),
        ("ordered", lambda v: v + 100, "orders within supply"),
        ("ordered", lambda v: v + 100, "orders within stock"),
        ("ordered", lambda v: v + 1, "orders of what can be ordered"),
        ("placed", lambda v: v + 0.1, "deliveries placed"),
        ("installed", lambda v: v + 1, "owned units"),
        ("installed", lambda v: v + 1, "leased units"),
        ("returned", lambda v: v + 10, "units handed back after their term"),
        ("running", lambda v: v + 1, "running units within installed"),
        ("running", lambda v: v + 50, "running power within energised power"),
        ("running", lambda v: v + 100, "running power within the grid"),
        ("serving", lambda v: v + 1, "serving within running"),
        ("serving", lambda v: v + 1, "serving where it is possible"),
        ("serving", lambda v: v * 0.9, "sold and owed within what is served"),
        ("sold", lambda v: v + 10, "sold within demand"),
        ("unmet", lambda v: v + 1, "unmet only of obligations with a penalty"),
        ("unmet", lambda v: v - 1, "nothing negative"),
        ("paid", lambda v: v + 1, "payments"),
        ("paid", lambda v: v + 1000, "spent within the budget"),
        ("paid", lambda v: v + 1000, "renewal within its budget"),
        ("sold", lambda v: v * 0.99, "objective"),
        ("sold", lambda v: v * np.nan, "objective"),
    ],
)
def test_a_plan_that_breaks_a_rule_is_found_out(plan, field, change, rule):
    altered = replace(plan, **{field: change(getattr(plan, field))})
    assert rule in broken(altered)
    with pytest.raises(SolverError, match=rule):
        check_plan(altered)


def test_contracts_floors_and_duties_to_serve_are_checked(build):
    m = build(roles=("obligation",), workloads={"penalty": 1.0}, offers={"limit": 1.0})
    plan = optimise_plan(m)
    assert plan.unmet.max() == pytest.approx(1.0)
    for data, rule in (
        (replace(m, offers=replace(m.offers, least=np.ones((1, 1, 4)))), "orders by contract"),
        (
            replace(m, workloads=replace(m.workloads, must_serve=np.array([True]))),
            "unmet only of obligations with a penalty",
        ),
        (replace(m, budget=replace(m.budget, floor=10.0)), "spending floor"),
    ):
        assert rule in broken(replace(plan, data=data))


def test_what_must_be_ordered_and_served_passes(build):
    m = build(
        roles=("obligation",),
        offers={"least": [1.0, 0.0, 0.0, 0.0], "limit": 1.0},
        workloads={"must_serve": True},
    )
    checks = check_plan(optimise_plan(m))
    assert max(check.violation for check in checks) <= 1e-9


def test_parts_of_lots_and_halls_are_found_out(build):
    m = build(
        power={"limit_mw": 10.0, "hall_mw": 2.0},
        offers={"limit": 1.0, "lot": 1.0},
        opening={"power_mw": 0.0},
    )
    plan = replace(optimise_plan(m), data=replace(m, whole_sizes=True))
    half = replace(plan, ordered=plan.ordered + 0.5, power_ordered_mw=plan.power_ordered_mw + 1.0)
    assert {"whole lots", "whole halls"} <= broken(half)
    assert not {"whole lots", "whole halls"} & broken(optimise_plan(replace(m, whole_sizes=True)))


def test_rented_power_may_not_fill_a_grid_that_halls_on_their_way_need(build):
    """A grid of 10 MW: halls of 10 ordered now for the fifth quarter, 10 rented from the third on for a year.

    Sensitivity: looking no further than the arrival of what is rented, or with a term of two quarters, 10 MW
    would be within the grid.
    """
    m = build(
        quarters=6,
        power_options=2,
        sites={"grid_mw": 10.0, "committed_grid_mw": 10.0},
        power={
            "owned": [True, False],
            "lead_quarters": [4, 1],
            "term_quarters": [0, 4],
            "limit_mw": [[10.0, 0, 0, 0, 0, 0], [0, 10.0, 0, 0, 0, 0]],
        },
        opening={"power_mw": 0.0},
    )
    rented = [[0.0] * 6, [0.0, 10.0, 0.0, 0.0, 0.0, 0.0]]
    plan = optimise_plan(m)
    only_rented = replace(
        plan,
        power_ordered_mw=np.array(rented),
        power_mw=np.array([[0.0] * 6, [0.0, 0.0, 10.0, 10.0, 10.0, 10.0]]),
    )
    assert "power commitments within the grid" not in broken(only_rented)
    both = np.array([[10.0, 0, 0, 0, 0, 0], rented[1]])
    clash = replace(only_rented, power_ordered_mw=both)
    assert "power commitments within the grid" in broken(clash)
    short = replace(m, power=replace(m.power, term_quarters=np.array([0, 2])))
    assert "power commitments within the grid" not in broken(replace(clash, data=short))


def test_violations_are_relative_and_a_limit_of_infinity_never_binds():
    assert above(101.0, 100.0) == pytest.approx(1 / 101)
    assert above(0.5, 0.25) == pytest.approx(0.25)  # at least one unit counts as the size
    assert above([5.0, 1.0], [np.inf, 1.0]) == 0.0
    assert apart(99.0, 100.0) == pytest.approx(0.01)
    assert above(np.nan, 1.0) == np.inf


@pytest.mark.parametrize("recovery_months", [None, 0.0, 6.0, 60.0])
def test_statements_follow_the_conventions_of_a_compiled_case(recovery_months):
    """Tax, depreciation and value-added tax as compiled give the solver's objective from the statements."""
    case = load_case(TWO_SITES)
    finance = case.finance
    rate = finance.tax_rate
    recovery = None if recovery_months is None else replace(finance.server_life, value=recovery_months)
    changed = finance.model_copy(
        update={
            "tax_rate": replace(rate, value=0.25),
            "discount_rate": replace(finance.discount_rate, value=0.1),
            "value_added_tax": replace(rate, value=0.13),
            "value_added_tax_recovery": recovery,
            "server_end_value": replace(rate, value=0.3),
        }
    )
    plan = optimise_plan(compile_case(case.model_copy(update={"finance": changed})))
    assert plan.ordered.sum() > 0
    assert max(check.violation for check in check_plan(plan)) < 1e-9
