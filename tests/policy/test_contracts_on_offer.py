"""Contracts on offer in a policy: signed when enough is seen, and as in the plan where all is known."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "model"))

from random_lattices import certain_lattice, random_lattice, walk
from random_models import random_model, with_contract
from small_case import loaded, workload

import capexpand as cx
from capexpand.case.schema import Case
from capexpand.finance.metrics import measure
from capexpand.finance.programme import programme_result
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import base_value, optimise_plan
from capexpand.pipeline import LatticeSettings
from capexpand.policy.case_policy import PolicySettings, optimise_policy
from capexpand.policy.fixed_plans import FixedPlan, FixedPlans
from capexpand.policy.graph import policy_graph, recourse_data, take_apart
from capexpand.policy.outcomes import Outcomes
from capexpand.policy.policy_paths import follow_policy
from capexpand.policy.resolved import foresee
from capexpand.policy.strategies import returns_beside
from capexpand.reporting.policy_document import policy_document
from capexpand.sddp.extensive import solve_extensive

UNKNOWN = {
    "market": {
        "reason": "invented",
        "initial": "unknown",
        "states": {"unknown": {}, "there": {}, "gone": {"moves": {"workloads.chat.demand": 0}}},
        "transitions": {"unknown": {"there": "50 %", "gone": "50 %"}},
    }
}
"""Whether there is a market is seen in the second quarter."""


def offered(price: str = "0.9 CNY/Mtoken", **terms: object) -> dict[str, object]:
    """Return a contract for all ten servers from the second quarter on, signed in it or never."""
    demand = {"2025-04-01": "0 token/quarter", "2025-07-01": "10 tn token/quarter"}
    contract = {"offered_until": "2025-09-30", "penalty": "0.5 CNY/Mtoken", **terms}
    return {"workloads.anchor": workload(title="Anchor", demand=demand, price=price, contract=contract)}


def followed(case: Case, scenarios: int = 10) -> tuple[cx.PlannedPolicy, Outcomes]:
    settings = PolicySettings(iterations=20, sample_paths=5, back_end="highs")
    planned = cx.optimise_policy(case, settings=settings, lattice=LatticeSettings(2, 1, 8, 2, 60))
    return planned, cx.simulate(planned, scenarios)


@pytest.mark.parametrize("seed", range(5))
def test_a_chain_of_single_nodes_signs_as_the_plan_does(seed):
    m = with_contract(random_model(seed, quarters=5), seed)
    lattice = certain_lattice(m)
    graph = policy_graph(take_apart(m, lattice), lattice)
    assert solve_extensive(graph).value == pytest.approx(
        optimise_plan(recourse_data(m)).solver.objective, rel=1e-6, abs=1e-6
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_books_of_a_signed_contract_are_its_statements(seed):
    """Value, net present value and peak funding, with damages, take-or-pay, prepayment and tax."""
    m = with_contract(random_model(seed), seed)
    stages = take_apart(m, certain_lattice(m))
    base_data = recourse_data(m).without_programme()
    plan, without = optimise_plan(stages.data), optimise_plan(base_data)
    neutral = np.ones((m.times.count, 0, 1))
    books = FixedPlans(stages.data, stages.numbers).follow(FixedPlan.of(plan), neutral)
    base = FixedPlans(base_data, stages.numbers).follow(FixedPlan.of(without), neutral)
    value = float(books.value[0]) + base_value(stages.data)
    assert value == pytest.approx(plan.solver.objective, rel=1e-6, abs=1e-4)
    assert books.signed[:, 0] == pytest.approx(plan.signed)
    found, wanted = returns_beside(stages.data, books, base), measure(programme_result(plan, without))
    assert found.npv[0] == pytest.approx(wanted.npv, rel=1e-5, abs=1e-2)
    assert found.peak_funding[0] == pytest.approx(wanted.peak_funding, rel=1e-5, abs=1e-2)


@pytest.mark.parametrize("seed", range(3))
def test_no_fixed_signing_beats_foresight_on_any_path(seed):
    m = with_contract(random_model(seed, quarters=5), seed)
    lattice = random_lattice(m, seed)
    stages = take_apart(m, lattice)
    factors, _ = walk(lattice, 8, seed)
    plan = optimise_plan(stages.data)
    fixed = FixedPlans(stages.data, stages.numbers).follow(FixedPlan.of(plan), factors)
    best = foresee(stages, factors)
    assert (best.value >= fixed.value - 1e-5 * np.abs(best.value) - 1e-3).all()


def test_a_policy_signs_where_the_market_is_gone():
    """Ten servers are ordered now. With a market they earn 1 in each of four quarters: 10 · (4 − 1) = 30.
    Without it they earn 1 once and 0.9 three times under the contract, 10 · (1 + 2.7 − 1) = 27: 28.5 in the
    mean.

    Sensitivity: who has to decide before it is seen signs, and gets 27 in every future; without the contract
    15 are left in the mean.
    """
    case = loaded(offered() | {"uncertainty": {"regimes": UNKNOWN}})
    planned, outcomes = followed(case)
    assert planned.policy.trained.bound == pytest.approx(28.5)
    gone = outcomes.scenarios.regime_states(1)[0] == 2
    assert 0 < gone.sum() < gone.size
    for strategy in ("policy", "foresight", "rolling"):
        signed = outcomes.books[strategy].signed[0]
        assert signed == pytest.approx(gone[: signed.size].astype(float)), strategy
        assert outcomes.values(strategy) == pytest.approx(np.where(gone, 27.0, 30.0)[: signed.size])
    assert outcomes.values("mean_value") == pytest.approx(np.where(gone, 0.0, 30.0))
    found = cx.evaluate_policy(planned, outcomes)
    told = policy_document(found)["contracts_on_offer"]["anchor"]
    assert told["decided_in"] == "2025-07-01"
    assert told["signed"] == pytest.approx(gone.mean())
    assert "contract" not in told


def test_where_all_is_known_a_policy_is_the_plan():
    """With tax, prepayment and what is paid and not taken: the same value, the same part that is signed."""
    terms = {"prepayment": "30 %", "take_or_pay": "90 %", "taken": "80 %"}
    tax = {"finance.discount_rate": "10 %/year", "finance.tax_rate": "25 %"}
    states, moves = {"unknown": {}, "there": {}}, {"unknown": {"there": "50 %"}}
    regime = {**UNKNOWN["market"], "states": states, "transitions": moves}  # it moves nothing
    still = {"uncertainty": {"regimes": {"none": regime}}}
    for price, part in (("1.2 CNY/Mtoken", 1.0), ("0.4 CNY/Mtoken", 0.0)):
        case = loaded(offered(price, **terms) | tax | still)
        plan = optimise_plan(compile_case(case))
        planned, outcomes = followed(case, 4)
        assert plan.signed == pytest.approx([part])
        assert planned.policy.trained.bound == pytest.approx(plan.solver.objective)
        assert outcomes.values("policy") == pytest.approx(np.full(4, plan.solver.objective))
        assert outcomes.books["policy"].signed == pytest.approx(np.full((1, 4), part))


def test_what_may_be_delivered_follows_productivity():
    """The part that is signed multiplies volume over productivity, in the program of each scenario."""
    m = with_contract(random_model(2, quarters=4), 2)
    lattice = random_lattice(m, 2)
    planned = optimise_policy(m, lattice, settings=PolicySettings(iterations=15, back_end="highs"))
    factors, nodes = walk(lattice, 10, 5)
    ours = follow_policy(planned, factors, nodes).books
    best = foresee(planned.stages, factors)
    assert (best.value >= ours.value - 1e-5 * np.abs(best.value) - 1e-3).all()


@pytest.mark.slow
def test_the_policy_of_a_shipped_case_is_the_best_in_the_tree_of_its_futures():
    """With its customer's offer and its limits of equity and debt a policy reaches what the tree allows."""
    case = cx.load_case(Path(__file__).parents[2] / "cases" / "two-sites-financed")
    found = cx.optimise_policy(case, settings=PolicySettings(iterations=150, back_end="highs")).policy
    assert found.data.funding is not None
    tree = solve_extensive(policy_graph(found.stages, found.lattice))
    assert found.trained.bound == pytest.approx(tree.value, rel=1e-6)
    assert found.gap.mean == pytest.approx(tree.value, rel=1e-3)
