"""The Alibaba case on small trees: training and the extensive form find the same, and what must hold does."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from shipped_trees import shortened_tree

from capexpand.model.data import ModelData
from capexpand.optimiser.case_policy import PolicySettings, optimise_policy
from capexpand.optimiser.multistage.extensive import solve_extensive, tree_columns
from capexpand.optimiser.multistage.risk import RiskMeasure
from capexpand.optimiser.multistage.simulation import evaluate_exactly
from capexpand.optimiser.policy_graph import policy_graph, take_apart
from capexpand.optimiser.risk_attitudes import CVaR, Expectation, WorstCase
from capexpand.scenarios.lattice import Lattice

AGREEMENT = 1e-4
LARGEST_TREE = 200_000

TREES = {
    "two stages, beyond the window": (16, {1: 3}, Expectation(), 700),
    "three stages, the window": (12, {1: 3, 4: 2}, Expectation(), 500),
    "three stages, the worst tenth counts half": (12, {1: 2, 4: 2}, CVaR(0.9), 500),
}


def agree(m: ModelData, lattice: Lattice, risk: RiskMeasure, iterations: int) -> None:
    settings = PolicySettings(risk=risk, iterations=iterations, gap_fraction=1e-9)
    bounds: list[float] = []
    policy = optimise_policy(
        m, lattice, settings=settings, progress=lambda record: bounds.append(record.bound)
    )
    graph = policy_graph(policy.stages, lattice, risk)
    assert tree_columns(graph, LARGEST_TREE) is not None
    best = solve_extensive(graph, limit=LARGEST_TREE).value
    assert policy.trained.bound == pytest.approx(best, rel=AGREEMENT)
    assert policy.trained.bound >= best - 1e-6 * abs(best)
    assert all(later <= earlier for earlier, later in pairwise(bounds))
    followed = evaluate_exactly(policy.trained.solvers())
    assert followed.risk_value == pytest.approx(best, rel=10 * AGREEMENT)
    assert followed.risk_value <= best + 1e-6 * abs(best)


@pytest.mark.slow
@pytest.mark.parametrize("tree", TREES)
def test_training_on_an_alibaba_tree_reaches_its_optimum(tree: str, tmp_path: Path) -> None:
    """The bound lies within 1e-4 of the extensive form and never below it; the policy earns what it says."""
    quarters, parts, risk, iterations = TREES[tree]
    agree(*shortened_tree("alibaba-2025", quarters, parts, tmp_path), risk, iterations)


@pytest.mark.slow
def test_more_weight_on_the_worst_never_raises_the_nested_optimum_of_alibaba(tmp_path: Path) -> None:
    m, lattice = shortened_tree("alibaba-2025", 12, {1: 2, 4: 2}, tmp_path)
    stages = take_apart(m, lattice)
    risks = [CVaR(0.7, weight=weight) for weight in (0.0, 0.25, 0.5, 0.75, 1.0)]
    values = [solve_extensive(policy_graph(stages, lattice, risk)).value for risk in [*risks, WorstCase()]]
    assert (np.diff(values) <= 1e-6 * np.abs(values[1:])).all()
    assert values[-1] < 0.99 * values[0]
