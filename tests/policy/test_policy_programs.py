"""The quarters taken apart are the same problem as the deterministic program and the tree."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "model"))

from random_lattices import certain_lattice, random_lattice, walk
from random_models import random_model
from remaining_quarters import program_from

from capexpand.case.loading import load_case
from capexpand.model.compile import compile_case
from capexpand.model.realised import realise
from capexpand.optimiser.deterministic import base_value, optimise_plan
from capexpand.optimiser.warm import WarmSolver
from capexpand.policy.case_policy import PolicySettings, optimise_policy
from capexpand.policy.graph import policy_graph, recourse_data, take_apart
from capexpand.policy.resolved import foresee
from capexpand.policy.risk_attitudes import CVaR, WorstCase
from capexpand.sddp.extensive import solve_extensive

CASES = Path(__file__).parents[2] / "cases"


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("seed", range(6))
def test_a_chain_of_single_nodes_is_the_deterministic_program(seed):
    m = random_model(seed, quarters=5)
    lattice = certain_lattice(m)
    graph = policy_graph(take_apart(m, lattice), lattice)
    assert solve_extensive(graph).value == close(optimise_plan(recourse_data(m)).solver.objective)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two-sites", "alibaba-2025"])
def test_a_chain_of_single_nodes_is_the_deterministic_program_of_a_shipped_case(name):
    m = compile_case(load_case(CASES / name))
    lattice = certain_lattice(m)
    graph = policy_graph(take_apart(m, lattice), lattice)
    assert solve_extensive(graph).value == close(optimise_plan(recourse_data(m)).solver.objective)


@pytest.mark.parametrize("seed", range(4))
def test_sddp_agrees_with_the_tree_of_all_futures(seed):
    m = random_model(seed, quarters=4)
    lattice = random_lattice(m, seed)
    policy = optimise_policy(m, lattice, settings=PolicySettings(iterations=600, warm_starts=2))
    tree = solve_extensive(policy_graph(policy.stages, lattice))
    assert policy.trained.bound == close(tree.value)
    assert policy.gap.bound >= policy.gap.mean - policy.gap.halfwidth - 1e-4 * abs(policy.gap.bound)


def test_the_bound_never_rises():
    m = random_model(3, quarters=4)
    bounds = []
    optimise_policy(
        m,
        random_lattice(m, 3),
        settings=PolicySettings(iterations=60),
        progress=lambda record: bounds.append(record.bound),
    )
    assert len(bounds) > 3
    assert (np.diff(bounds) <= 1e-9 * np.abs(bounds[1:])).all()


def test_more_weight_on_the_worst_never_raises_the_nested_optimum():
    m = random_model(1, quarters=4)
    lattice = random_lattice(m, 1)
    stages = take_apart(m, lattice)
    measures = [CVaR(0.8, weight=weight) for weight in (0.0, 0.3, 0.7, 1.0)] + [WorstCase()]
    values = [solve_extensive(policy_graph(stages, lattice, measure)).value for measure in measures]
    assert (np.diff(values) <= 1e-6 * np.abs(values[1:])).all()
    assert values[-1] < values[0]


@pytest.mark.parametrize("seed", range(3))
def test_every_quarter_can_be_met_from_what_random_orders_leave(seed):
    m = random_model(seed, quarters=5)
    lattice = random_lattice(m, seed + 10, spread=0.9)
    stages = take_apart(m, lattice)
    factors, _ = walk(lattice, 4, seed)
    rng = np.random.default_rng(seed)
    for scenario in range(4):
        state, solver = stages.layout.opening, WarmSolver()
        data = realise(stages.data, stages.entries, factors[:, :, scenario].T)
        for t in range(m.times.count):
            program, chain = program_from(data, stages.layout, t, state)
            ordered = np.r_[chain[0].power.ordered, chain[0].orders.ordered.ravel()]
            ordered = ordered[ordered >= 0]
            keen, most = np.full(program.cost.size, -1e-6), program.column_upper.copy()
            keen[ordered] = rng.uniform(0.0, 1.0, ordered.size)
            most[ordered] = np.minimum(most[ordered], rng.uniform(0.0, 500.0, ordered.size))
            columns = solver.solve(replace(program, cost=keen, column_upper=most))
            state = stages.layout.state_after(columns, chain[0])


def test_foresight_bounds_the_policy_on_every_path():
    m = random_model(2, quarters=4)
    lattice = random_lattice(m, 2)
    policy = optimise_policy(m, lattice, settings=PolicySettings(iterations=100))
    factors, nodes = walk(lattice, 20, 5)
    from capexpand.policy.policy_paths import follow_policy

    ours = follow_policy(policy, factors, nodes).books.value
    best = foresee(policy.stages, factors).value
    assert (best >= ours - 1e-5 * np.abs(best) - 1e-3).all()
    assert abs(base_value(m)) < np.inf


@pytest.mark.slow
def test_training_resumes_to_the_same_policy(tmp_path):
    m = random_model(4, quarters=6)
    lattice = random_lattice(m, 4, nodes=3)
    settings = PolicySettings(iterations=60, sample_paths=20, gap_fraction=1e-9, warm_starts=5)
    whole = optimise_policy(m, lattice, settings=settings, checkpoint=tmp_path / "whole")
    count = iter(range(10_000))
    stopped = optimise_policy(
        m, lattice, settings=settings, checkpoint=tmp_path / "part", progress=lambda _: next(count) == 24
    )
    resumed = optimise_policy(m, lattice, settings=settings, checkpoint=tmp_path / "part")
    assert stopped.trained.status == "interrupted"
    assert resumed.trained.bound == whole.trained.bound
    assert len(resumed.trained.records) == len(whole.trained.records)
