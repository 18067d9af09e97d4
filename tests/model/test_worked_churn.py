"""The cost of churn by hand. The small case earns 10 · (4 − 1) = 30; see small_case.py."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import random_model
from small_case import OBJECTIVE, compiled, loaded, objective, planned, site, workload

from capexpand.case.loading import load_case
from capexpand.errors import CaseError
from capexpand.finance.checks import check_plan
from capexpand.finance.churn import churn_cost
from capexpand.finance.statements import statement
from capexpand.model.churn_costs import ChurnCosts
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.policy.graph import recourse_data

DAYS = ("2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01")


def by_quarter(unit, *values):
    return {day: f"{value} {unit}" for day, value in zip(DAYS, values, strict=True)}


def two_uses(first, second):
    """The small case with a second use, and the prices of both [CNY/Mtoken] by quarter."""
    other = workload(price=by_quarter("CNY/Mtoken", *second))
    return {"workloads.chat.price": by_quarter("CNY/Mtoken", *first), "workloads.video": other}


def test_work_moves_where_the_gain_is_above_its_cost():
    """Two uses pay 1 and 1.2 in turn. Ten servers that always move earn 10 · (4 · 1.2 − 1) = 38.

    At 0.05 a move, three moves of ten leave 38 − 1.5 = 36.5. At 0.3 staying is better: 10 · (4.4 − 1) = 34.
    Sensitivity: were the first quarter charged as well, 36.5 would be 36.
    """
    turns = two_uses((1.0, 1.2, 1.0, 1.2), (1.2, 1.0, 1.2, 1.0))
    assert objective(turns) == pytest.approx(38.0)
    cheap = planned(turns | {"finance.churn.use": "0.05 mn CNY"})
    check_plan(cheap)
    assert cheap.solver.objective == pytest.approx(36.5)
    assert churn_cost(cheap) == pytest.approx([0, 0.5, 0.5, 0.5])
    assert statement(cheap).ebitda == pytest.approx([12, 11.5, 11.5, 11.5])
    dear = planned(turns | {"finance.churn.use": "0.3 mn CNY"})
    assert dear.solver.objective == pytest.approx(34.0)
    assert churn_cost(dear) == pytest.approx([0] * 4)


def test_volumes_stay_level_among_uses_that_pay_the_same():
    """Ten servers, two uses at the same price; of one there is 6 and 4 in turn, of the other always 6.

    Every split that leaves none idle earns 30, but only 4 and 6 throughout moves nothing.
    Sensitivity: without the cost 6 and 4 in quarter 1, 4 and 6 in quarter 2 would be as good.
    """
    demand = by_quarter("tn token/quarter", 6, 4, 6, 4)
    other = workload(demand="6 tn token/quarter")
    plan = planned(
        {
            "workloads.chat.demand": demand,
            "workloads.video": other,
            "finance.churn.use": "0.001 mn CNY",
        }
    )
    assert plan.solver.objective == pytest.approx(OBJECTIVE)
    served = plan.serving[0, 0]
    assert served == pytest.approx(np.array([[4.0] * 4, [6.0] * 4]))


def test_new_units_begin_where_they_are_needed_and_idle_ones_stop_for_nothing():
    """Demand is 2, 4, 6 and 3 a quarter: each new server begins to serve, and three stop, at no charge.

    Sensitivity: were every beginning charged, four of them would cost 4 · 0.4 = 1.6.
    """
    demand = {"workloads.chat.demand": by_quarter("tn token/quarter", 2, 4, 6, 3)}
    free = planned(demand)
    charged = planned(demand | {"finance.churn.use": "0.4 mn CNY", "finance.churn.site": "0.4 mn CNY"})
    assert charged.solver.objective == pytest.approx(free.solver.objective)
    assert churn_cost(charged) == pytest.approx([0] * 4)


def test_work_moves_between_sites_where_energy_saves_more_than_it_costs():
    """Ten servers stand at each of two sites, there is work for ten, and energy is free at one, in turn.

    With e the cost of a server's energy for a quarter, moving all in three quarters costs 30 · 0.05 = 1.5 and
    staying costs 2 · 10 · e = 20 e. Sensitivity: with no cost of moving the answer would be 40.
    """
    place = {
        "opening.sites.east.installed": {"server": "10 units"},
        "opening.sites.west": {"power": "1 MW", "installed": {"server": "10 units"}},
        "sites.east.energy_price": by_quarter("CNY/kWh", 0, 0.5, 0, 0.5),
        "sites.west": site(energy_price=by_quarter("CNY/kWh", 0.5, 0, 0.5, 0)),
        "workloads.chat.demand": "10 tn token/quarter",
    }
    assert objective(place) == pytest.approx(40.0)
    cheap = planned(place | {"finance.churn.site": "0.05 mn CNY"})
    check_plan(cheap)
    assert cheap.solver.objective == pytest.approx(40.0 - 1.5)
    energy = 0.1 * compiled(place).hours_per_quarter * 0.5e-3
    dear = planned(place | {"finance.churn.site": "0.2 mn CNY"})
    assert dear.solver.objective == pytest.approx(40.0 - 20 * energy)
    assert churn_cost(dear) == pytest.approx([0] * 4)


def test_an_order_that_differs_from_the_last_is_charged():
    """Ten servers are ordered in quarter 1 and none after it: one change of ten at 0.1 leaves 30 − 1 = 29.

    Where halls must be ordered too, at 1 a MW and 0.5 for each MW of change, it is 30 − 1 − 0.5 = 28.5.
    Sensitivity: with the first quarter charged, 29 would be 28.
    """
    plan = planned({"finance.churn.order": "0.1 mn CNY"})
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(29.0)
    assert churn_cost(plan) == pytest.approx([0, 1, 0, 0])
    built = {
        "cost": "1 mn CNY/MW",
        "lead_time": "0 months",
        "deposit": "0 %",
        "maintenance": "0 CNY/MW/quarter",
    }
    halls = {
        "opening.sites.east.power": "0 MW",
        "sites.east.build": built,
        "workloads.chat.demand": "10 tn token/quarter",
    }
    assert objective(halls) == pytest.approx(29.0)
    assert objective(halls | {"finance.churn.power_order": "0.5 mn CNY/MW"}) == pytest.approx(28.5)


def test_an_order_is_held_against_the_last_only_where_both_can_be_placed():
    """The server is sold from quarter 2 on: ten then, none after: one change, 10 · (3 − 1) − 1 = 19.

    Sensitivity: were the first order held against none before it, the answer would be 18.
    """
    late = {"offers.server.available_from": "2025-07-01"}
    assert objective(late) == pytest.approx(20.0)
    assert objective(late | {"finance.churn.order": "0.1 mn CNY"}) == pytest.approx(19.0)


@given(seed=st.integers(0, 10_000), cost=st.floats(0.001, 1.0))
@settings(max_examples=6, deadline=None)
def test_a_cost_of_churn_never_raises_the_objective_and_costs_no_more_than_what_moved(seed, cost):
    """The plan without the cost could be kept: it loses what its own moves cost, after tax."""
    m = replace(random_model(seed), churn=None)
    free = optimise_plan(m)
    charged_data = replace(m, churn=ChurnCosts(cost, cost, cost, cost))
    charged = optimise_plan(charged_data)
    kept = m.times.discount * (1.0 - m.taxes.rate)
    moved = float(kept @ churn_cost(replace(free, data=charged_data)))
    tolerance = 1e-6 * max(1.0, abs(free.solver.objective))
    assert charged.solver.objective <= free.solver.objective + tolerance
    assert charged.solver.objective >= free.solver.objective - moved - tolerance


def test_a_financed_plan_pays_for_churn_from_its_cash():
    """``check_plan`` holds the EBITDA of the financing equations to that of the statements, with churn."""
    financed = compile_case(load_case(Path(__file__).parents[2] / "cases/two-sites-financed"))
    m = replace(financed, churn=ChurnCosts(0.05, 0.05, 0.01, 0.1))
    plan = optimise_plan(m)
    check_plan(plan)
    assert churn_cost(plan).sum() > 0.0
    assert plan.solver.objective < optimise_plan(financed).solver.objective


def test_a_policy_leaves_churn_out():
    m = compiled({"finance.churn.use": "0.1 mn CNY"})
    assert m.churn is not None
    assert recourse_data(m).churn is None


def test_a_cost_of_nothing_is_no_cost():
    assert compiled({"finance.churn": {"use": "0 CNY", "order": "0 CNY"}}).churn is None


def test_a_cost_in_a_wrong_unit_is_refused_with_its_place():
    with pytest.raises(CaseError, match=r"finance\.churn\.use: '5 MW' is not convertible"):
        loaded({"finance.churn.use": "5 MW"})
