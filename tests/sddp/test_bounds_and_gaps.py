"""Bounds before any cut, gaps and certificates, each against a value worked out by hand."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from multistage_cases import random_graph
from random_programs import KINDS

from capexpand.sddp.assessment import assess, scale, stall_fraction
from capexpand.sddp.extensive import solve_extensive
from capexpand.sddp.formats.document import ParsedFile
from capexpand.sddp.formats.sddp_case import graph_from_document
from capexpand.sddp.futures import CutKind
from capexpand.sddp.initial_lower_bounds import initial_lower_bounds
from capexpand.sddp.kernel import layout as at
from capexpand.sddp.kernel.node import certify, is_certified
from capexpand.sddp.kernel.outcomes import lay_outcomes
from capexpand.sddp.kernel.program import Program, float_view
from capexpand.sddp.kernel.stage import KernelStage
from capexpand.sddp.policy import TrainingRecord
from capexpand.sddp.problem import PolicyGraph, Realisations
from capexpand.sddp.risk import CVaR, Expectation, WorstCase
from capexpand.sddp.simulation import simulate
from capexpand.sddp.stream import Solvers


def costs_along(
    costs: dict[str, list[float]], edges: list[tuple[str, str, float]], *, sense: str = "min"
) -> PolicyGraph:
    """Return a graph without decisions: each node costs one of its numbers, all equally likely."""
    idle = [{"name": name, "lb": 0.0, "ub": 1.0} for name in ("x.in", "x.out")]
    document = {
        "sense": sense,
        "initial_state": {"x": 0.0},
        "graph": {"root": [[next(iter(costs)), 1.0]], "edges": [list(edge) for edge in edges]},
        "nodes": {
            name: {
                "subproblem": "idle",
                "scenarios": [{"prob": 1.0 / len(each), "set": {"obj_const": c}} for c in each],
            }
            for name, each in costs.items()
        },
        "subproblems": {"idle": {"variables": idle, "constraints": []}},
    }
    return graph_from_document(ParsedFile(document))


def growing_heap(last: float | None = None, *, again: float = 0.0) -> PolicyGraph:
    """Return two stages in which a heap of 2 can grow by 1 each, and each unit earns 1 a stage.

    Args:
        last: most units in the last stage.
        again: chance that another stage follows the last.
    """

    def stage(limit: float | None) -> dict:
        variables = [
            {"name": "x.in", "lb": None, "ub": None},
            {"name": "x.out", "lb": 0.0, "ub": limit, "obj": -1.0},
        ]
        rows = [{"name": "grow", "terms": [["x.out", 1], ["x.in", -1]], "sense": "<=", "rhs": 1.0}]
        return {"variables": variables, "constraints": rows}

    document = {
        "sense": "min",
        "initial_state": {"x": 2.0},
        "graph": {"root": [["1", 1.0]], "edges": [["1", "2", 1.0], *([["2", "2", again]] if again else [])]},
        "nodes": {"1": {"subproblem": "open"}, "2": {"subproblem": "last"}},
        "subproblems": {"open": stage(None), "last": stage(last)},
    }
    return graph_from_document(ParsedFile(document))


def sinking_heap(limits: tuple[float, float] | None = None) -> PolicyGraph:
    """Return the heap of ``growing_heap`` upside down: -2 may sink by 1 each stage, and each unit costs 1.

    Args:
        limits: least heap in the last stage in each of two outcomes.
    """
    graph = growing_heap()
    stages = tuple(
        replace(
            stage, cost=-stage.cost, lower=np.full(2, -np.inf), upper=np.array([np.inf, 0.0]),
            row_lower=-stage.row_upper, row_upper=np.full(1, np.inf),
        )
        for stage in graph.stages
    )  # fmt: skip
    nodes = graph.nodes
    if limits is not None:
        lower = np.array([[-np.inf, least] for least in limits])
        nodes = (nodes[0], replace(nodes[1], realisations=Realisations(np.full(2, 0.5), lower=lower)))
    return replace(graph, stages=stages, nodes=nodes, initial_state=np.array([-2.0]))


def solvers_of(graph: PolicyGraph, back_end: str = "highs") -> Solvers:
    return Solvers(
        graph, initial_lower_bounds(graph).stage_and_future, kind=CutKind.SINGLE, back_end=back_end
    )


# The initial lower bounds


def test_the_initial_bound_of_a_node_takes_its_cheapest_follower() -> None:
    """1 and then 3 or 7: at least 1 + 3 = 4, and 6 in the mean. Sensitivity: the dearest would say 8."""
    graph = costs_along({"a": [1.0], "b": [3.0], "c": [7.0]}, [("a", "b", 0.5), ("a", "c", 0.5)])
    assert initial_lower_bounds(graph).stage_and_future == pytest.approx([4.0, 3.0, 7.0])
    assert solve_extensive(graph).value == pytest.approx(6.0)


def test_the_initial_bound_is_the_value_where_the_follower_is_certain() -> None:
    """1, then the cheaper outcome 3 of (3), then 2: the bound of 6 is the value itself."""
    graph = costs_along({"a": [1.0], "b": [3.0], "c": [2.0]}, [("a", "b", 1.0), ("b", "c", 1.0)])
    assert initial_lower_bounds(graph).stage_and_future == pytest.approx([6.0, 5.0, 2.0])
    assert solve_extensive(graph).value == pytest.approx(6.0)


def test_the_initial_bound_takes_the_cheapest_outcome() -> None:
    graph = costs_along({"a": [4.0, 9.0]}, [])
    assert initial_lower_bounds(graph).stage_and_future == pytest.approx([4.0])


@pytest.mark.parametrize(("chance", "expected"), [(1.0, 5.0), (0.5, 1.0)])
def test_a_path_that_may_end_may_cost_nothing_more(chance: float, expected: float) -> None:
    """1 and then 4, or with an end in between as little as 1 + 0."""
    graph = costs_along({"a": [1.0], "b": [4.0]}, [("a", "b", chance)])
    assert initial_lower_bounds(graph).stage_and_future[0] == pytest.approx(expected)


def test_the_initial_bound_of_an_endless_graph_is_its_discounted_sum() -> None:
    """2 a stage, and another follows with 3/4: 2 / (1 - 3/4) = 8, which is the value."""
    found = initial_lower_bounds(costs_along({"a": [2.0]}, [("a", "a", 0.75)]))
    assert found.stage_and_future == pytest.approx([8.0])
    assert not found.assumed


def test_states_without_bounds_are_boxed_by_what_they_can_reach() -> None:
    """The heap is at most 3 and then 4, so the bound is -(3 + 4) = -7, the value."""
    found = initial_lower_bounds(growing_heap())
    assert not found.assumed
    assert found.stage_and_future == pytest.approx([-7.0, -4.0], rel=1e-5)
    assert solve_extensive(growing_heap()).value == pytest.approx(-7.0)


def test_only_a_bound_that_is_known_takes_part_in_a_box() -> None:
    """With at most 2.5 in the last stage the bound is -(3 + 2.5)."""
    assert initial_lower_bounds(growing_heap(2.5)).stage_and_future == pytest.approx([-5.5, -2.5], rel=1e-5)


def test_a_state_without_a_lower_bound_is_boxed_from_below() -> None:
    """At least -3 and then -4, so -(3 + 4) = -7. Sensitivity: boxed from above only, it would be assumed."""
    found = initial_lower_bounds(sinking_heap())
    assert not found.assumed
    assert found.stage_and_future == pytest.approx([-7.0, -4.0], rel=1e-5)
    assert found.stage_and_future[0] <= solve_extensive(sinking_heap()).value  # rounding never lifts it


def test_a_heap_that_grows_for_ever_has_no_box() -> None:
    """Any number of stages may follow the second: after any number of rounds the box is too narrow.

    Without a limit nothing bounds what a stage earns, and that is said. With at most 10 units each stage from
    the second on earns at most 10, together 10 / (1 - 1/2) = 20, and the first earns 3. Sensitivity: a box
    that is not settled looks like a bound.
    """
    assert initial_lower_bounds(growing_heap(again=0.5)).assumed
    limited = initial_lower_bounds(growing_heap(10.0, again=0.5))
    assert not limited.assumed
    assert limited.stage_and_future == pytest.approx([-23.0, -20.0], rel=1e-5)


@pytest.mark.parametrize(("limits", "last"), [((-1.0, -3.5), -3.5), ((-3.5, -1.0), -3.5)])
def test_the_limits_of_all_outcomes_take_part(limits: tuple[float, float], last: float) -> None:
    """The widest of the outcomes' own limits holds, whichever outcome has it."""
    found = initial_lower_bounds(sinking_heap(limits)).stage_and_future
    assert found == pytest.approx([-3.0 + last, last], rel=1e-5)


def test_chances_that_sum_to_one_but_for_rounding_leave_no_end() -> None:
    """Three followers cost 4 each, after 1: 5. Were anything less than 1 an end, it would be 1."""
    chances = {"b": 0.2, "c": 0.7, "d": 0.1}
    costs = {"a": [1.0], **{name: [4.0] for name in chances}}
    graph = costs_along(costs, [("a", name, chance) for name, chance in chances.items()])
    assert graph.transition[0].sum() < 1.0
    assert initial_lower_bounds(graph).stage_and_future[0] == pytest.approx(5.0)


@pytest.mark.parametrize(("least", "expected"), [(0.0, -17.0), (-1.0, -8.0)])
def test_outcomes_are_relaxed_together_only_where_that_is_valid(least: float, expected: float) -> None:
    """The last stage pays 1 a unit with growth of 2 and a gift of 2, or 3 with growth of 1 and a toll of 4.

    The heap of 3 grows to 5 or 4: -5 - 2 = -7 or -12 + 4 = -8. Where no unit can be negative, one relaxation
    takes the best of each number: -3 * 5 - 2 = -17; else each outcome has one of its own.
    """
    graph = growing_heap()
    noise = Realisations(
        probability=np.full(2, 0.5),
        cost=np.array([[0.0, -1.0], [0.0, -3.0]]),
        row_lower=np.full((2, 1), -np.inf),
        row_upper=np.array([[2.0], [1.0]]),
        constant=np.array([-2.0, 4.0]),
    )
    last = replace(graph.stages[1], lower=np.array([-np.inf, least]))
    nodes = (graph.nodes[0], replace(graph.nodes[1], realisations=noise))
    found = initial_lower_bounds(replace(graph, stages=(graph.stages[0], last), nodes=nodes))
    assert found.stage_and_future == pytest.approx([-3.0 + expected, expected], rel=1e-5)


@pytest.mark.parametrize(
    ("pays", "limits", "expected"),
    [
        (-1.0, {"upper": np.array([[np.inf, 1.0], [np.inf, 2.5]])}, -2.5),
        (1.0, {"lower": np.array([[-np.inf, 1.0], [-np.inf, 2.0]])}, 1.0),
    ],
    ids=["upper", "lower"],
)
def test_a_bound_by_sight_has_the_widest_limits_of_all_outcomes(
    pays: float, limits: dict[str, np.ndarray], expected: float
) -> None:
    """In the last stage a unit earns or costs 1, and the heap may be at most 1 or 2.5, or at least 1 or 2:
    the wider limit counts. Before it, the heap grows to 3.
    """
    graph = growing_heap()
    last = replace(graph.stages[1], cost=np.array([0.0, pays]))
    noise = Realisations(np.full(2, 0.5), **limits)
    nodes = (graph.nodes[0], replace(graph.nodes[1], realisations=noise))
    found = initial_lower_bounds(replace(graph, stages=(graph.stages[0], last), nodes=nodes)).stage_and_future
    assert found == pytest.approx([-3.0 + expected, expected], rel=1e-5)


def test_what_is_endless_even_so_is_assumed_and_said() -> None:
    graph = growing_heap()
    free = replace(graph.stages[0], row_upper=np.array([np.inf]))
    found = initial_lower_bounds(replace(graph, stages=(free, graph.stages[1])))
    assert found.assumed
    assert found.stage_and_future[0] <= -1e7


@pytest.mark.parametrize("risk", [Expectation(), CVaR(0.3), WorstCase()], ids=lambda r: type(r).__name__)
@pytest.mark.parametrize("seed", range(3))
def test_the_bound_of_every_node_lies_below_its_value(risk, seed: int) -> None:
    """Each node in turn comes first, at the state at which the problem starts."""
    graph = random_graph(seed, risk=risk)
    found = initial_lower_bounds(graph).stage_and_future
    for node in range(len(graph.nodes)):
        root = np.zeros(len(graph.nodes))
        root[node] = 1.0
        assert found[node] <= solve_extensive(replace(graph, root=root)).value + 1e-6


# Gaps


@pytest.mark.parametrize(("sense", "sign"), [("min", 1.0), ("max", -1.0)])
@pytest.mark.parametrize(("check", "error"), [(0, 0.05), (1, 0.025), (3, 0.05 / 12)])
def test_a_sampled_gap_reaches_to_the_end_of_the_interval(
    sense: str, sign: float, check: int, error: float
) -> None:
    """A coin costs 9 or 11, so 10 in the mean, which is also the bound.

    Of n paths k come to 11: the mean is 9 + 2k/n, the spread 2 sqrt(k (n - k) / (n (n - 1))), and the gap the
    distance from the bound to the far end of the interval, over the mean or the bound. Sensitivity: without
    half the width of the interval the gap would be zero in half of all samples.
    """
    graph = costs_along({"coin": [9.0, 11.0]}, [], sense=sense)
    solvers, n = solvers_of(graph), 60
    values = simulate(solvers, n, generator=np.random.default_rng(5)).values
    high = int((values == 11.0).sum())
    assert 0 < high < n
    mean = 9.0 + 2.0 * high / n
    spread = 2.0 * np.sqrt(high * (n - high) / (n * (n - 1.0)))
    halfwidth = NormalDist().inv_cdf(1.0 - error / 2.0) * spread / np.sqrt(n)
    found = assess(solvers, 10.0, paths=n, exact_limit=0, check=check, generator=np.random.default_rng(5))
    assert found.mean == pytest.approx(mean)
    assert found.halfwidth == pytest.approx(halfwidth)
    expected = max(0.0, sign * (mean - 10.0) + halfwidth) / max(10.0, mean)
    assert found.gap_fraction == pytest.approx(expected)
    assert not found.exact
    assert found.paths == n


@pytest.mark.parametrize("sense", ["min", "max"])
def test_a_small_tree_gives_the_gap_itself(sense: str) -> None:
    """Four equally likely paths of 1 + 2, 1 + 4, 3 + 2 and 3 + 4 cost 5 in the mean; 3 leaves 2/5."""
    graph = costs_along({"a": [1.0, 3.0], "b": [2.0, 4.0]}, [("a", "b", 1.0)], sense=sense)
    bound = 3.0 if sense == "min" else 8.0
    found = assess(
        solvers_of(graph), bound, paths=9, exact_limit=100, check=1, generator=np.random.default_rng(1)
    )
    assert (found.mean, found.halfwidth, found.exact) == (pytest.approx(5.0), 0.0, True)
    assert found.gap_fraction == pytest.approx(2.0 / 5.0 if sense == "min" else 3.0 / 8.0)
    assert found.paths == 2 + 4


def test_a_risk_averse_sample_claims_no_gap_and_a_small_tree_does() -> None:
    """The worst of 9 and 11 is 11, above the bound of 10 by an eleventh of it."""
    graph = costs_along({"first": [0.0], "coin": [9.0, 11.0]}, [("first", "coin", 1.0)])
    nodes = tuple(replace(node, risk=WorstCase()) for node in graph.nodes)
    solvers = solvers_of(replace(graph, nodes=nodes))
    sampled = assess(solvers, 10.0, paths=20, exact_limit=0, check=0, generator=np.random.default_rng(2))
    assert sampled.gap_fraction is None
    assert sampled.risk_value is None
    exact = assess(solvers, 10.0, paths=20, exact_limit=99, check=0, generator=np.random.default_rng(2))
    assert exact.risk_value == pytest.approx(11.0)
    assert exact.mean == pytest.approx(10.0)
    assert exact.gap_fraction == pytest.approx(1.0 / 11.0)


def test_a_difference_is_relative_to_the_largest_value_but_not_to_nothing() -> None:
    assert scale(3.0, -8.0) == 8.0
    assert scale(0.0) == 1e-4


def test_the_bound_has_stalled_by_how_far_it_moved() -> None:
    """From 90 to 100 over the last two iterations is a tenth; over more there is nothing to compare with."""
    records = [
        TrainingRecord(number, bound, 0.0, 0.0, 0.0, np.zeros(1), 0.0, 0)
        for number, bound in ((1, 50.0), (2, 90.0), (3, 95.0), (4, 100.0))
    ]
    assert stall_fraction(records, 2) == pytest.approx(0.1)
    assert stall_fraction(records, 3) == pytest.approx(0.5)
    assert stall_fraction(records, 4) == np.inf


# The certificate of the compiled solver


@pytest.mark.parametrize(
    ("primal", "dual", "worst", "valid", "certified"),
    [
        (5.0, 5.0, 0.0, True, True),
        (5.0, 5.0 - 5e-8, 0.0, True, True),
        (5.0, 5.0 - 7e-8, 0.0, True, False),
        (5.0, 5.0 + 7e-8, 0.0, True, False),
        (1e6, 1e6 - 9e-3, 0.0, True, True),
        (1e6, 1e6 - 2e-2, 0.0, True, False),
        (5.0, 5.0, 0.9e-7, True, True),
        (5.0, 5.0, 1.1e-7, True, False),
        (5.0, 5.0, 0.0, False, False),
        (5.0, float("nan"), 0.0, True, False),
    ],
)
def test_an_answer_counts_only_where_both_bounds_meet(
    primal: float, dual: float, worst: float, valid: bool, certified: bool
) -> None:
    """Within 1e-8 of 1 + 5, which is 6e-8; and within 1e-7 of all limits."""
    assert is_certified(primal, dual, worst, valid) == certified


def _solved(seed: int) -> tuple[KernelStage, Program, object, np.ndarray]:
    """Return a solver after an answer, its memory, its data and the state."""
    form, future, cuts, states = KINDS["feasible"](seed)
    kernel = KernelStage("node", form, future, cuts)
    kernel.decide(states[:1], np.zeros(1, dtype=np.int_))
    return kernel, Program(*kernel._buffers.arrays), lay_outcomes(*kernel._data), states[0]


def _certified(p: Program, outcomes: object, state: np.ndarray) -> bool:
    return is_certified(*certify(p, outcomes, 0, state, np.zeros(len(state))))


@pytest.mark.parametrize("array", ["dual", "solution"])
def test_a_fault_in_the_compiled_answer_is_caught(array: str) -> None:
    """One number of the answer is moved by a ten-thousandth; right answers pass, and no wrong value does.

    A number that the answer does not depend on may be moved without harm: then both bounds still meet at the
    value of before. At least half of all moves have to be noticed.
    """
    places = {"dual": at.DUAL, "solution": at.SOLUTION}
    noticed = tried = 0
    for seed in range(12):
        try:
            _, p, outcomes, state = _solved(seed)
        except Exception:  # noqa: BLE001 - an infeasible trial has no answer
            continue
        assert _certified(p, outcomes, state)
        right = certify(p, outcomes, 0, state, np.zeros(len(state)))[0]
        numbers = float_view(p, places[array])
        for place in np.flatnonzero(numbers):
            before = numbers[place]
            numbers[place] = before * 1.0001
            tried += 1
            if _certified(p, outcomes, state):
                primal, dual, _, _ = certify(p, outcomes, 0, state, np.zeros(len(state)))
                assert primal == pytest.approx(right, rel=1e-7, abs=1e-7)
                assert dual == pytest.approx(right, rel=1e-7, abs=1e-7)
            else:
                noticed += 1
            numbers[place] = before
    assert tried >= 20
    assert noticed >= tried / 2
