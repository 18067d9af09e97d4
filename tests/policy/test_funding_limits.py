"""Covenants and limits on equity in a policy: orders that fit them, by hand and beside the plan."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "model"))

from random_lattices import certain_lattice
from random_models import random_model
from small_case import compiled, loaded, offer

import capexpand as cx
from capexpand.case.schema import Case
from capexpand.model.compile import compile_case
from capexpand.model.compile_funding import funding_limits
from capexpand.model.data import ModelData
from capexpand.model.financing import Threshold
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.pipeline import LatticeSettings, case_lattice
from capexpand.policy.case_policy import PolicySettings
from capexpand.policy.findings import recommendation
from capexpand.policy.graph import policy_graph, recourse_data, take_apart
from capexpand.sddp.extensive import solve_extensive
from capexpand.wording import percent

LOAN = {
    "title": "L",
    "amount": "100 mn CNY",
    "draw_until": "2025-12-31",
    "maturity": "2027-01-01",
    "rate": "0 %/year",
}
DEAR = {"offers.server.buy": {"price": "3 mn CNY", "deposit": "0 %"}}
"""A server costs 3 mn and earns 1 mn in each of four quarters, from its first on: 1 mn in all."""


def financed(**terms: object) -> dict[str, object]:
    return DEAR | {"financing": {"facilities": {"loan": LOAN}, "equity": {"total": "4 mn CNY"}, **terms}}


def kept_to(changes: dict[str, object]) -> ModelData:
    """Return the small case as a policy sees it."""
    m = compiled(changes)
    return replace(m, financing=None, funding=funding_limits(m))


def servers(m: ModelData) -> float:
    """Return the servers that are ordered in the first quarter."""
    return float(optimise_plan(m).ordered[:, :, 0].sum())


@pytest.mark.parametrize(
    ("covenant", "ordered"),
    [
        ({}, 10.0),
        ({"loan_to_value": {"most": 0.5}}, 4.0 / (2.0 - 0.5 * 3.0 * 0.95)),
        ({"leverage": {"most": 0.3}}, 5.0),
        ({"loan_to_value": {"most": 0.5, "hard": False}}, 10.0),
    ],
)
def test_orders_fit_equity_and_what_covenants_let_lenders_lend(covenant, ordered):
    """n servers cost 3 n and earn n at once: 2 n come from outside, 4 from owners, D = 2 n − 4 from a loan.

    Loan to value: D ≤ 0.5 · 3 n · (1 − 1/20), as a twentieth is written off at once: n = 4 / 0.575. Leverage:
    D ≤ 0.3 · 4 n, a quarter's EBITDA for a year: n = 4 / 0.8 = 5. The plan of a run, which decides on the
    loan itself, orders the same. Sensitivity: without the covenant all ten that fit are ordered.
    """
    changes = financed(covenants=covenant)
    plan = optimise_plan(compiled(changes))
    assert servers(kept_to(changes)) == pytest.approx(min(10.0, ordered))
    assert plan.ordered[:, :, 0].sum() == pytest.approx(min(10.0, ordered))


def test_owners_who_put_in_anything_limit_nothing():
    assert funding_limits(compiled(financed(equity={}))) is None
    assert funding_limits(compiled(financed(equity={"limit": "2 mn CNY/quarter"}))) is not None
    assert funding_limits(compiled(DEAR)) is None


def test_what_facilities_lend_limits_orders():
    """2 n − 4 ≤ 6 leaves n = 5; a loan for 60 % of cost, 0.6 · 3 n, all ten, and for 40 % n = 4 / 0.8. Of a
    share of the books, 0.4 · 3 n · 0.95, n = 4 / 0.86. Cash of 1 that must be kept takes half a server.
    """

    def lent(**terms: object) -> float:
        return servers(kept_to(financed(facilities={"loan": LOAN | terms})))

    assert lent(amount="6 mn CNY") == pytest.approx(5.0)
    assert lent(share_of_cost="60 %") == pytest.approx(10.0)
    assert lent(share_of_cost="40 %") == pytest.approx(4.0 / (2.0 - 1.2))
    assert lent(share_of_book="40 %") == pytest.approx(4.0 / (2.0 - 0.4 * 3.0 * 0.95))
    tight = financed(facilities={"loan": LOAN | {"amount": "6 mn CNY"}}, minimum_cash="1 mn CNY")
    assert servers(kept_to(tight)) == pytest.approx(4.5)


def test_a_vendor_lends_on_its_own_servers_only():
    """Another server costs 2.5, and no vendor lends on it: n of the cheaper and k of the dearer one cost
    2.5 n + 3 k and earn n + k. 1.5 n + 2 k ≤ 4 + D with D ≤ 0.8 · 3 k and n = 10 − k leave
    15 + 0.5 k ≤ 4 + 2.4 k, so k = 11 / 1.9.

    Sensitivity: lent on all servers, ten of the cheaper one are ordered.
    """
    cheaper = {"offers.plain": offer("2.5 mn CNY"), "workloads.chat.throughput.plain": "1 tn token/quarter"}

    def ordered(**terms: object) -> np.ndarray:
        loan = LOAN | {"share_of_cost": "80 %", "pays_for": ["servers"]} | terms
        plan = optimise_plan(kept_to(financed(facilities={"loan": loan}) | cheaper))
        return plan.ordered[:, 0, 0]

    assert ordered(offers=["server"]) == pytest.approx([11 / 1.9, 10 - 11 / 1.9])
    assert ordered() == pytest.approx([0.0, 10.0])


def test_equity_comes_as_far_as_it_may_in_a_quarter():
    """Without a loan 1 a quarter pays for half a server in the first; its earnings and 1 more for others."""
    m = kept_to(DEAR | {"financing": {"equity": {"limit": "1 mn CNY/quarter"}}})
    plan = optimise_plan(m)
    assert plan.ordered[:, :, 0].sum() == pytest.approx(0.5)
    assert plan.ordered[:, :, 1].sum() <= 0.75 + 1e-6


def test_debt_service_cover_limits_debt_by_its_interest():
    """In the second quarter 5 % of D = 2 n − 4 are due. Cover of 4 never binds, 0.2 D ≤ n. Of cover 20, D is
    at most what is earned then: by ten servers, as the rest follow in the second quarter, so n = 7.
    """
    dear = LOAN | {"rate": "21.550625 %/year"}

    def covered(least: float) -> float:
        covenants = {"debt_service_cover": {"least": least, "over": "3 months", "since": "2025-07-01"}}
        m = kept_to(financed(facilities={"loan": dear}, covenants=covenants))
        return servers(m)

    assert covered(4) == pytest.approx(10.0)
    assert covered(20) == pytest.approx(7.0)


def test_tax_leaves_less_to_borrow_against():
    """At 25 % on what is earned less 3 n / 20 written off, n − 0.15 n taxed: 2 n + 0.2125 n ≤ 4 + 6."""
    changes = financed(facilities={"loan": LOAN | {"amount": "6 mn CNY"}}) | {"finance.tax_rate": "25 %"}
    assert servers(kept_to(changes)) == pytest.approx(10.0 / 2.2125)


def test_a_chain_of_single_nodes_keeps_to_the_same_limits():
    """Random cases with leases, energy, hire and tax: the quarters taken apart are the program of all."""
    tight = {"loan_to_value": {"most": 0.5}, "leverage": {"most": 3}, "debt_service_cover": {"least": 1.5}}
    small = compiled(financed(covenants=tight, facilities={"loan": LOAN | {"amount": "2 mn CNY"}}))
    bound = 0
    for seed in range(6):
        m = random_model(seed, quarters=4)
        limits = replace(funding_limits(small), outside=np.zeros(4))
        m = replace(m, funding=limits, churn=None)
        lattice = certain_lattice(m)
        graph = policy_graph(take_apart(m, lattice), lattice)
        wanted = optimise_plan(recourse_data(m)).solver.objective
        assert solve_extensive(graph).value == pytest.approx(wanted, rel=1e-5, abs=1e-4)
        bound += wanted < optimise_plan(replace(recourse_data(m), funding=None)).solver.objective - 1e-3
    assert bound >= 4


@given(
    equity=st.floats(0.0, 20.0),
    covenant=st.sampled_from(("loan_to_value", "leverage", "debt_service_cover")),
    limit=st.floats(0.05, 3.0),
    hard=st.booleans(),
)
@settings(max_examples=8, deadline=None)
def test_a_covenant_never_raises_what_a_policy_is_worth(equity, covenant, limit, hard):
    asked = {"least": limit} if covenant == "debt_service_cover" else {"most": limit}
    free = financed(equity={"total": f"{equity} mn CNY"}) | {"finance.tax_rate": "20 %"}
    kept = {**free["financing"], "covenants": {covenant: asked | {"hard": hard}}}
    ours, theirs = (optimise_plan(kept_to(each)).value for each in (free | {"financing": kept}, free))
    assert ours <= theirs + 1e-7
    assert hard or ours == pytest.approx(theirs)


HALVED = {
    "price": {
        "reason": "invented",
        "initial": "unknown",
        "states": {"unknown": {}, "kept": {}, "halved": {"moves": {"workloads.chat.price": "50 %"}}},
        "transitions": {"unknown": {"kept": "50 %", "halved": "50 %"}},
    }
}


def halved(*, early: bool, most: float = 0.5) -> Case:
    """Return the small case with a loan, equity of 4, and a covenant on leverage from the second quarter."""
    covenants = {"leverage": {"most": most, "since": "2025-07-01", "over": "3 months"}}
    terms = financed(covenants=covenants, facilities={"loan": LOAN | {"early": early}})
    return loaded(terms | {"uncertainty": {"regimes": HALVED}})


@pytest.mark.parametrize(("early", "most", "value"), [(True, 2.0, 2.5), (True, 0.5, 2.0), (False, 0.5, 1.0)])
def test_orders_bear_the_covenant_in_every_future(early, most, value):
    """Whether the price halves is seen in the second quarter; from then on debt must not exceed 0.5 times a
    year's EBITDA of the quarter. 2 n come from outside in the first, 4 of it from owners. Half a server's
    earnings repay 0.5 n in the second: D = 1.5 n − 4 ≤ 0.5 · 4 · 0.5 n leaves 8, and 4 where nothing can be
    repaid early, 2 n − 4 ≤ n. A server is worth 1 + (3 + 1.5) / 2 − 3 = 0.25.

    Sensitivity: at twice EBITDA all ten are ordered.
    """
    case = halved(early=early, most=most)
    m = compile_case(case)
    m = replace(m, financing=None, funding=funding_limits(m))
    _, lattice = case_lattice(case, LatticeSettings(2, 1, 8, 2, 60))
    found = solve_extensive(policy_graph(take_apart(m, lattice), lattice))
    assert found.value == pytest.approx(value)


@pytest.mark.slow
def test_a_policy_keeps_the_covenant_that_the_plan_for_the_mean_breaks():
    """Eight servers, or four where nothing can be repaid early, as in the tree of all futures."""
    for early, ordered in ((True, 8.0), (False, 4.0)):
        training = PolicySettings(iterations=25, sample_paths=5, back_end="highs")
        lattice = LatticeSettings(2, 1, 8, 2, 60)
        planned = cx.optimise_policy(halved(early=early), settings=training, lattice=lattice)
        assert planned.policy.first_orders().units.sum() == pytest.approx(ordered, abs=1e-3)
        found = cx.evaluate_policy(planned, cx.simulate(planned, 8))
        assert found.financed["policy"].breach["leverage"] == pytest.approx(np.zeros(4), abs=1e-9)
        broken = found.financed["mean_value"].breach["leverage"].max()
        assert broken > 0.0
        other = replace(found, strategies=replace(found.strategies, recommended="mean_value"))
        assert f"breaks what lenders ask for in up to {percent(broken)} of futures" in recommendation(other)


@pytest.mark.slow
def test_a_vendors_loan_follows_a_policy_from_the_case_to_its_debt():
    """Ten servers cost 30 and earn 10 at once: of the 20 it lends 18, 60 % of the price, owners the rest."""
    vendor = LOAN | {"offers": ["server"], "share_of_cost": "60 %", "pays_for": ["servers"]}
    other = {"offers.other": offer("9 mn CNY"), "uncertainty": {"regimes": HALVED}}
    case = loaded(financed(facilities={"loan": vendor}) | other)
    training = PolicySettings(iterations=15, sample_paths=5, back_end="highs")
    planned = cx.optimise_policy(case, settings=training, lattice=LatticeSettings(2, 1, 8, 2, 60))
    found = cx.evaluate_policy(planned, cx.simulate(planned, 6)).financed["policy"]
    assert found.first_drawn == pytest.approx([18.0])
    assert found.first_raised == pytest.approx(2.0)


def test_a_policy_remembers_as_many_quarters_as_the_longest_covenant_counts():
    """Cover over four quarters and leverage over two: in each, the three before it are known."""
    limits = funding_limits(compiled(financed(equity={"limit": "2 mn CNY/quarter"})))
    cover, leverage = Threshold(1.2, 0, True, quarters=4), Threshold(3.0, 0, True, quarters=2)
    assert replace(limits, cover=cover, leverage=leverage).looks_back == 3
    assert replace(limits, cover=None, leverage=leverage).looks_back == 1
    assert replace(limits, cover=None, leverage=None).looks_back == 0
