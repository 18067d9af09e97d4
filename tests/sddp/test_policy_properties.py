"""What must hold for every problem: checked on random small expansion problems with recourse."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from multistage_cases import random_graph

from capexpand.errors import CaseError, InfeasibleError
from capexpand.sddp.certificate import Certifier, DualBound, Multipliers
from capexpand.sddp.cuts import CutPool, TrialPoint
from capexpand.sddp.extensive import solve_extensive
from capexpand.sddp.futures import CutKind
from capexpand.sddp.initial_lower_bounds import initial_lower_bounds
from capexpand.sddp.normal_form import normal_form, normal_forms
from capexpand.sddp.policy import Policy
from capexpand.sddp.problem import Node, PolicyGraph, Realisations
from capexpand.sddp.risk import Blend, Expectation, RiskMeasure, WorstCase
from capexpand.sddp.simulation import (
    ScenarioStage,
    evaluate_exactly,
    path_count,
    simulate,
    simulate_scenarios,
)
from capexpand.sddp.stream import Solvers
from capexpand.sddp.training import TrainingSettings, train

_SEEDS = range(6)


def _trained(graph: PolicyGraph, **changes: object) -> Policy:
    return train(graph, settings=TrainingSettings(**{"iterations": 200, **changes}))


@pytest.mark.parametrize("back_end", ["highs", "kernel"])
@pytest.mark.parametrize(
    "risk", [Expectation(), Blend(0.4, 0.3), WorstCase()], ids=lambda measure: type(measure).__name__
)
@pytest.mark.parametrize("seed", _SEEDS)
def test_training_and_extensive_form_agree(seed: int, risk: RiskMeasure, back_end: str) -> None:
    graph = random_graph(seed, risk=risk)
    expected = solve_extensive(graph).value
    policy = _trained(graph, back_end=back_end)
    assert policy.status == "converged"
    assert policy.bound == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert policy.assessment is not None
    assert policy.assessment.risk_value == pytest.approx(expected, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("risk", [Expectation(), Blend(0.4, 0.3)], ids=lambda r: type(r).__name__)
def test_multi_cuts_reach_the_same_value(risk: RiskMeasure) -> None:
    graph = random_graph(11, risk=risk)
    single, multi = _trained(graph), _trained(graph, cuts=CutKind.MULTI)
    assert multi.bound == pytest.approx(single.bound, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("seed", _SEEDS)
def test_the_bound_never_moves_the_wrong_way_and_never_passes_the_optimum(seed: int) -> None:
    graph = random_graph(seed)
    optimum = solve_extensive(graph).value
    bounds = [record.bound for record in _trained(graph, iterations=40, exact_limit=0).records]
    assert all(later >= earlier for earlier, later in pairwise(bounds))
    assert bounds[-1] <= optimum + 1e-6 * (1.0 + abs(optimum))


@pytest.mark.parametrize("seed", _SEEDS)
def test_more_weight_on_the_tail_never_lowers_the_nested_optimum(seed: int) -> None:
    weights = (1.0, 0.75, 0.5, 0.25, 0.0)
    values = [solve_extensive(random_graph(seed, risk=Blend(w, 0.25))).value for w in weights]
    assert all(later >= earlier - 1e-7 for earlier, later in pairwise(values))


@pytest.mark.parametrize("seed", _SEEDS)
def test_the_floor_lies_below_the_value(seed: int) -> None:
    graph = random_graph(seed)
    found = initial_lower_bounds(graph)
    assert not found.assumed
    assert float(graph.root @ found.stage_and_future) <= solve_extensive(graph).value + 1e-7


@pytest.mark.parametrize("back_end", ["highs", "kernel"])
def test_every_stage_is_feasible_from_every_state_that_random_decisions_reach(back_end: str) -> None:
    graph = random_graph(3)
    solvers = _trained(graph, iterations=5, exact_limit=0, back_end=back_end).solvers()
    generator = np.random.default_rng(5)
    for node, stage in enumerate(solvers.stages):
        for state in generator.uniform(0.0, 20.0, (20, len(graph.initial_state))):
            stage.evaluate(state)
            assert np.isfinite(stage.values).all(), node


def test_perfect_foresight_bounds_the_cost_of_every_path() -> None:
    """A path known from its start is a problem with certain data; its optimum bounds the policy's cost."""
    graph = random_graph(4, nodes=1)
    solvers = _trained(graph).solvers()
    count = 12
    seen: list[np.ndarray] = []
    generator = np.random.default_rng(1)

    def observe(depth: int, node: int, paths: np.ndarray, decisions: object) -> None:
        assert depth == node
        assert len(paths) == count

    outcomes = [generator.integers(0, len(node.realisations.probability), count) for node in graph.nodes]
    stages = [
        ScenarioStage(
            np.full(count, node), lambda n, paths: _chosen(graph.nodes[n].realisations, outcomes[n][paths])
        )
        for node in range(len(graph.nodes))
    ]
    policy = simulate_scenarios(solvers, stages, observe=observe)
    for path in range(count):
        nodes = tuple(
            Node(node.name, node.stage, _chosen(node.realisations, outcomes[n][path : path + 1]))
            for n, node in enumerate(graph.nodes)
        )
        known = PolicyGraph(
            graph.stages, nodes, graph.root, graph.transition, graph.initial_state, graph.state_names
        )
        seen.append(np.array([solve_extensive(known).value, policy.values[path]]))
    found = np.array(seen)
    assert (found[:, 0] <= found[:, 1] + 1e-6).all()
    assert (found[:, 0] < found[:, 1] - 1e-3).any()


def _chosen(noise: Realisations, outcomes: np.ndarray) -> Realisations:
    """Return given outcomes, one after the other, as the data of a node."""

    def rows(array: np.ndarray | None) -> np.ndarray | None:
        return None if array is None else array[outcomes]

    return Realisations(
        probability=np.full(len(outcomes), 1.0 / len(outcomes)),
        cost=rows(noise.cost),
        upper=rows(noise.upper),
        row_lower=rows(noise.row_lower),
        row_upper=rows(noise.row_upper),
        constant=rows(noise.constant),
    )


def test_a_sampled_mean_agrees_with_the_evaluation_of_every_path() -> None:
    graph = random_graph(7)
    solvers = _trained(graph, iterations=10, exact_limit=0).solvers()
    exact = evaluate_exactly(solvers)
    sample = simulate(solvers, 2000, generator=np.random.default_rng(3), confidence=0.9999)
    assert sample.mean == pytest.approx(exact.mean, abs=sample.halfwidth)
    assert exact.risk_value == pytest.approx(exact.mean)


def test_the_control_variate_narrows_the_interval_and_leaves_the_mean_where_it_is() -> None:
    """Sixty samples of one policy: their corrected means scatter less, about the exact mean."""
    solvers = _trained(random_graph(7), iterations=10, exact_limit=0).solvers()
    exact = evaluate_exactly(solvers).mean
    samples = [simulate(solvers, 100, generator=np.random.default_rng(seed)) for seed in range(60)]
    means = np.array([sample.mean for sample in samples])
    plain = np.array([sample.values.mean() for sample in samples])
    assert means.std() < 0.5 * plain.std()
    assert abs(means.mean() - exact) < 4.0 * means.std() / np.sqrt(60.0)
    held = [abs(sample.mean - exact) <= sample.halfwidth for sample in samples]
    assert sum(held) >= 48


def test_a_visit_that_proves_nothing_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some answers are said to be worthless; the training goes on to the same optimum."""
    calls = iter(range(10**9))
    certify = Certifier.bound

    def doubting(self: Certifier, state: np.ndarray, multipliers: Multipliers) -> DualBound:
        bound = certify(self, state, multipliers)
        worthless = (
            next(calls) % 11 < 3
        )  # the second and the third look, with every care, prove nothing either
        return DualBound(bound.values, bound.slopes, bound.valid & (not worthless))

    graph = random_graph(7)
    expected = solve_extensive(graph).value
    monkeypatch.setattr(Certifier, "bound", doubting)
    policy = _trained(graph, back_end="highs")
    assert policy.counts.uncertified > 0
    assert policy.bound == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_the_mean_value_plan_is_never_better_than_the_policy() -> None:
    """The policy's exact mean is at most that of the policy trained as if each node had its mean outcome."""
    graph = random_graph(8)
    means = tuple(Node(node.name, node.stage, _mean(node.realisations)) for node in graph.nodes)
    certain = PolicyGraph(
        graph.stages, means, graph.root, graph.transition, graph.initial_state, graph.state_names
    )
    policy, planned = _trained(graph), _trained(certain)
    met = _trained(graph, iterations=1, exact_limit=0).solvers()
    for group, pool in enumerate(planned.solvers().pools):
        state = np.zeros(len(pool.states))
        for number in range(pool.count):
            intercepts = np.array([function.intercepts[number] for function in pool.functions])
            slopes = np.array([function.slopes[number] for function in pool.functions])
            met.pools[group].add(TrialPoint(group, state, intercepts, slopes))
    optimum = solve_extensive(graph).value
    assert evaluate_exactly(policy.solvers()).mean == pytest.approx(optimum, rel=1e-5)
    assert evaluate_exactly(met).mean >= optimum - 1e-6


def _mean(noise: Realisations) -> Realisations:
    def rows(array: np.ndarray | None) -> np.ndarray | None:
        if array is None:
            return None
        finite = np.where(np.isfinite(array).all(axis=0), array, 0.0)
        return np.where(np.isfinite(array[0]), noise.probability @ finite, array[0])[None]

    return Realisations(
        probability=np.ones(1),
        cost=rows(noise.cost),
        upper=rows(noise.upper),
        row_lower=rows(noise.row_lower),
        row_upper=rows(noise.row_upper),
        constant=rows(noise.constant),
    )


def test_a_stage_without_a_feasible_point_is_named() -> None:
    graph = random_graph(2)
    last = graph.nodes[-1]
    impossible = Realisations(
        probability=np.ones(1),
        upper=np.zeros((1, len(graph.stages[last.stage].cost))),
        row_lower=graph.stages[last.stage].row_lower[None],
        row_upper=graph.stages[last.stage].row_upper[None],
    )
    nodes = (*graph.nodes[:-1], Node("broken", last.stage, impossible))
    broken = PolicyGraph(
        graph.stages, nodes, graph.root, graph.transition, graph.initial_state, graph.state_names
    )
    with pytest.raises(InfeasibleError, match="broken"):
        _trained(broken)


def test_wrong_arrays_are_all_named_at_once() -> None:
    graph = random_graph(1)
    with pytest.raises(CaseError) as caught:
        PolicyGraph(
            graph.stages,
            (Node("odd", 0, Realisations(np.array([0.5]))), *graph.nodes[1:]),
            0.5 * graph.root,
            2.0 * graph.transition,
            graph.initial_state,
            graph.state_names,
        )
    assert len(caught.value.problems) == 3


def test_an_endless_tree_has_no_path_count_and_no_extensive_form() -> None:
    graph = random_graph(1, nodes=1)
    transition = graph.transition.copy()
    transition[-1, 1] = 0.5
    endless = PolicyGraph(
        graph.stages, graph.nodes, graph.root, transition, graph.initial_state, graph.state_names
    )
    assert path_count(endless, 10**9) is None
    with pytest.raises(CaseError, match="endless"):
        solve_extensive(endless)


def test_cuts_that_nobody_looks_at_are_forgotten_and_answers_stay() -> None:
    """Tangents of x² / 2; those of the first 150 points, far away, are not highest at any of the last 200."""
    places = np.concatenate((np.linspace(-9.0, -8.0, 150), np.linspace(1.0, 3.0, 300)))
    pools = [CutPool(np.arange(1), np.array([-100.0])) for _ in range(2)]
    for at in places:
        for pool in pools:
            pool.offer(TrialPoint(0, np.array([at]), np.array([-(at**2) / 2.0]), np.array([[at]])))
    kept, all_of_them = pools
    kept.forget_unused()
    assert kept.count <= all_of_them.count - 150
    for at in (0.5, 1.7, 2.9, 3.5):
        state = np.array([at])
        height, number = kept.functions[0].highest(state)
        assert height == all_of_them.functions[0].highest(state)[0]
        assert height == kept.intercepts[0, number] + kept.slopes[0, number] @ state
    for at in np.linspace(3.0, 4.0, 40):
        point = TrialPoint(0, np.array([at]), np.array([-(at**2) / 2.0]), np.array([[at]]))
        assert kept.offer(point) == all_of_them.offer(point)
    assert np.array_equal(kept.trial_states(20), all_of_them.trial_states(20))
    assert (
        kept.functions[0].highest(np.array([3.3]))[0] == all_of_them.functions[0].highest(np.array([3.3]))[0]
    )


def test_nodes_of_one_quarter_share_what_is_the_same_in_their_forms() -> None:
    graph = random_graph(3)
    forms = normal_forms(graph)
    assert normal_forms(graph) is forms
    for form, node in zip(forms, graph.nodes, strict=True):
        alone = normal_form(graph.stages[node.stage], node)
        assert np.array_equal(form.data.incoming, alone.data.incoming)
        assert np.array_equal(form.data.cost, alone.data.cost)
    alike = [
        (one, two) for one, two in pairwise(forms) if np.array_equal(one.data.incoming, two.data.incoming)
    ]
    assert alike
    assert all(one.data.incoming is two.data.incoming for one, two in alike)


def test_nodes_with_other_rows_in_between_share_as_well() -> None:
    """A row that fixes a column in every second node only: each shares with the last of its own sort."""
    graph = random_graph(3, nodes=4)
    last = graph.nodes[-1].stage
    stage = graph.stages[last]
    own = ~np.isin(stage.matrix.columns, stage.incoming)
    alone = np.bincount(stage.matrix.rows[own], minlength=stage.matrix.row_count) == 1
    row = int(np.flatnonzero(alone & (stage.row_lower != stage.row_upper))[0])
    nodes = list(graph.nodes)
    for number in [k for k, node in enumerate(nodes) if node.stage == last][::2]:
        noise = nodes[number].realisations
        upper = (
            np.tile(stage.row_upper, (len(noise.probability), 1))
            if noise.row_upper is None
            else noise.row_upper
        )
        lower = (
            np.tile(stage.row_lower, (len(upper), 1)) if noise.row_lower is None else noise.row_lower.copy()
        )
        lower[:, row] = upper[:, row]
        nodes[number] = replace(nodes[number], realisations=replace(noise, row_lower=lower))
    forms = normal_forms(replace(graph, nodes=tuple(nodes)))[-4:]
    assert [len(form.fixed_rows) for form in forms] == [1, 0, 1, 0]
    assert forms[0].data.incoming is forms[2].data.incoming
    assert forms[1].data.incoming is forms[3].data.incoming
    assert forms[0].data.fixed_slope is forms[2].data.fixed_slope


def test_solvers_of_one_graph_share_the_packed_numbers_of_its_nodes() -> None:
    from capexpand.sddp.kernel.stage import KernelStage

    graph = random_graph(3)
    bounds = initial_lower_bounds(graph).stage_and_future
    one, other = (Solvers(graph, bounds, kind=CutKind.SINGLE, back_end="kernel") for _ in range(2))
    for mine, yours in zip(one.stages, other.stages, strict=True):
        assert isinstance(mine, KernelStage)
        assert isinstance(yours, KernelStage)
        assert mine._data[2] is yours._data[2]
