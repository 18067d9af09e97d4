"""Orders by contract in a policy: placed where the money reaches and the rules allow."""

from pathlib import Path

import numpy as np
import pytest

import capexpand as cx
from capexpand.policy.graph import policy_graph
from capexpand.policy.outcomes import Outcomes
from capexpand.sddp.extensive import solve_extensive

CASE = Path(__file__).parents[2] / "cases" / "two-sites" / "case.yaml"
CONTRACTED, THIRD = 150.0, 2
"""Units that a contract asks for in the third quarter, numbered 2 from 0."""

CONTRACT = f"""
offers:
  server:
    supply:
      CN:
        limit: 600 units/quarter
        minimum: {{2025-10-01: {CONTRACTED:.0f} units/quarter, 2026-01-01: 0 units/quarter}}
"""
BAN = """
uncertainty:
  regimes:
    demand: null
    export:
      reason: invented
      initial: free
      states:
        free: {}
        banned: {moves: {offers.server.supply.CN.limit: 0}}
      transitions: {free: {banned: 50 %}}
"""
DEARER = """
uncertainty:
  regimes:
    demand: null
    prices:
      reason: invented
      initial: usual
      states:
        usual: {}
        tenfold: {moves: {offers.server.buy.price: 1000 %}}
      transitions: {usual: {tenfold: 30 %}}
"""


def followed(folder: Path, *blocks: str) -> tuple[cx.PlannedPolicy, Outcomes]:
    file = folder / "case.yaml"
    file.write_text(f"extends: {CASE}\n" + "".join(blocks), "utf-8")
    planned = cx.optimise_policy(cx.load_case(file))
    return planned, cx.simulate(planned, 40)


def ordered(outcomes: Outcomes) -> np.ndarray:
    """Return the units ordered in the third quarter [scenario]."""
    return outcomes.paths.ordered[THIRD].sum(axis=0)


@pytest.mark.slow
def test_a_contract_is_kept_in_every_future_and_costs_what_it_costs(tmp_path: Path) -> None:
    """Where demand is low, 400 servers are enough: without the contract none is ordered later."""
    free, without = followed(tmp_path)
    bound, with_it = followed(tmp_path, CONTRACT)
    assert ordered(without).min() < 1.0
    assert ordered(with_it).min() >= CONTRACTED - 1e-6
    assert bound.policy.gap.bound < free.policy.gap.bound - 1.0
    assert with_it.paths.books.penalty.max() == pytest.approx(0.0, abs=1e-6)
    graph = policy_graph(bound.policy.stages, bound.policy.lattice)
    assert bound.policy.trained.bound == pytest.approx(solve_extensive(graph).value, rel=1e-4)
    best = with_it.values("foresight")
    for strategy in ("policy", "mean_value", "rolling"):
        found = with_it.values(strategy)
        assert (found <= best[: found.size] + 1e-6 * np.abs(best[: found.size])).all(), strategy
    assert all(books.penalty.max() == pytest.approx(0.0, abs=1e-6) for books in with_it.books.values())


@pytest.mark.slow
def test_a_ban_stops_a_contract(tmp_path: Path) -> None:
    _, outcomes = followed(tmp_path, CONTRACT, BAN)
    banned = outcomes.scenarios.regime_states(THIRD)[0] == 1
    assert 0 < banned.sum() < banned.size
    assert ordered(outcomes)[banned] == pytest.approx(0.0, abs=1e-6)
    assert ordered(outcomes)[~banned].min() >= CONTRACTED - 1e-6
    assert outcomes.paths.books.penalty.max() == pytest.approx(0.0, abs=1e-6)


def test_where_the_money_does_not_reach_a_contract_is_kept_as_far_as_it_does(tmp_path: Path) -> None:
    """At 20 mn CNY each, 150 servers cost 3 bn, with 1 bn to spend in all: no policy can keep the contract.

    At the usual price it is kept. At the tenfold price a policy orders what the budget leaves and pays the
    penalty for the rest: at most 1,000 / 20 = 50 units. Sensitivity: a contract at any price would have no
    solution here, and one without weight would get no order at that price at all.
    """
    _, outcomes = followed(tmp_path, CONTRACT, DEARER)
    tenfold = outcomes.scenarios.regime_states(THIRD)[0] == 1
    assert 0 < tenfold.sum() < tenfold.size
    units = ordered(outcomes)
    assert units[~tenfold].min() >= CONTRACTED - 1e-6
    assert (units[tenfold] <= 50.0 + 1e-6).all()
    assert units[tenfold].max() > 5.0
    lacking = outcomes.paths.books.penalty[THIRD]
    assert lacking == pytest.approx(10.0 * 2.0 * np.maximum(CONTRACTED - units, 0.0), abs=1e-3)
    assert outcomes.paths.books.paid[:, tenfold].sum(axis=0).max() <= 1000.0 + 1e-6
