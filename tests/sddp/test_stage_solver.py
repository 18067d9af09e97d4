"""The stage solver says what HiGHS says, or hands over: on random, degenerate and infeasible programs."""

from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multistage_cases import random_graph
from random_programs import KINDS, OUTCOMES, STATES
from stage_solver import agree, ask, compare

from capexpand.errors import InfeasibleError, SolverError
from capexpand.sddp.certificate import Certifier, Multipliers
from capexpand.sddp.checked_stage import CheckedStage
from capexpand.sddp.cuts import CutPool, NodeCuts, TrialPoint
from capexpand.sddp.futures import CutKind, Future
from capexpand.sddp.highs_stage import HighsStage
from capexpand.sddp.kernel.stage import KernelStage, suits
from capexpand.sddp.normal_form import StageData
from capexpand.sddp.training import TrainingSettings, train


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("seed", range(25))
def test_values_equal_those_of_highs_from_a_cold_start(kind: str, seed: int) -> None:
    assert compare(KINDS[kind](seed), Counter()) == []


@pytest.mark.parametrize("seed", [10_000_008, 10_000_011, 10_000_041, 10_000_048])
def test_a_row_that_flips_make_exactly_feasible_is_no_infeasibility(seed: int) -> None:
    """Found by the trial: a slope of zero after the last flip was taken for infeasible."""
    tally: Counter[str] = Counter()
    assert compare(KINDS["feasible"](seed), tally) == []
    assert tally["handed over"] <= tally["infeasible"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 2**31))
def test_no_seed_finds_a_difference(kind: str, seed: int) -> None:
    assert compare(KINDS[kind](seed), Counter()) == []


@pytest.mark.parametrize("seed", range(4))
def test_training_in_check_mode_finds_no_difference(seed: int) -> None:
    graph = random_graph(seed, stages=4)
    policy = train(
        graph,
        settings=TrainingSettings(iterations=25, exact_limit=0, stall_iterations=1000, back_end="check"),
    )
    assert policy.back_ends_used == {"CheckedStage": len(graph.nodes)}
    assert policy.counts.answers > 100


def test_check_mode_stops_at_a_wrong_value() -> None:
    form, future, cuts, states = KINDS["feasible"](1)
    kernel, reference = (
        KernelStage("node", form, future, cuts),
        HighsStage("node", form, future, cuts, cold=True),
    )
    kernel.evaluate(states[0])

    class Wrong(KernelStage):
        def evaluate(self, state: np.ndarray) -> None:
            super().evaluate(state)
            self.values[0] += 0.01

    wrong = Wrong("node", form, future, cuts)
    CheckedStage("node", kernel, reference).evaluate(states[0])
    with pytest.raises(SolverError, match="HiGHS"):
        CheckedStage("node", wrong, reference).evaluate(states[0])


@pytest.mark.parametrize("kind", ["feasible", "degenerate"])
def test_values_and_slopes_bound_the_value_at_every_other_state(kind: str) -> None:
    """What ``evaluate`` returns is a cut: at any state it lies below what HiGHS finds there."""
    checked = 0
    for seed in range(12):
        form, future, cuts, states = KINDS[kind](seed)
        kernel, reference = (
            KernelStage("n", form, future, cuts),
            HighsStage("n", form, future, cuts, cold=True),
        )
        try:
            kernel.evaluate(states[0])
            reference.evaluate(states[1])
        except Exception:  # noqa: BLE001 - an infeasible trial says nothing about cuts
            continue
        height = kernel.values + kernel.slopes @ (states[1] - states[0])
        assert (height <= reference.values + 1e-6 * (1.0 + np.abs(reference.values))).all()
        checked += 1
    assert checked >= 3


@given(st.integers(0, 200), st.lists(st.floats(-5.0, 5.0), min_size=30, max_size=30))
@settings(max_examples=40, deadline=None)
def test_any_multipliers_prove_a_bound_that_is_at_most_the_value(seed: int, numbers: list[float]) -> None:
    """Weak duality needs no optimal duals: whatever the multipliers, D is valid or said to be worthless."""
    form, future, cuts, states = KINDS["feasible"](seed)
    reference = HighsStage("node", form, future, cuts, cold=True)
    try:
        reference.evaluate(states[0])
    except Exception:  # noqa: BLE001 - an infeasible trial has no value to compare with
        return
    outcomes, rows = form.outcome_count, len(form.rows)
    chosen = np.resize(np.array(numbers), (outcomes, rows))
    share, function = np.resize(np.abs(numbers), cuts.count), cuts.functions[0]
    share = share / max(1.0, share.sum())
    multipliers = Multipliers(
        chosen,
        np.full(outcomes, share @ function.intercepts[: cuts.count]),
        np.tile(share @ function.slopes[: cuts.count], (outcomes, 1))
        if cuts.count
        else np.zeros((outcomes, STATES)),
        np.full(outcomes, (1.0 - share.sum()) * cuts.lower_bound[0]),
    )
    bound = Certifier(form).bound(states[0], multipliers)
    below = bound.values <= reference.values + 1e-6 * (1.0 + np.abs(reference.values))
    assert (below | ~bound.valid).all()


@pytest.mark.parametrize("kind", ["feasible", "degenerate"])
def test_what_was_solved_before_shows_nowhere_once_it_is_forgotten(kind: str) -> None:
    """Among equally good decisions, too: the same to the last bit after other states were answered."""
    answered = 0
    for seed in range(60):
        form, future, cuts, states = KINDS[kind](seed)
        kernel, outcomes = KernelStage("n", form, future, cuts), np.arange(form.outcome_count)
        asked = [np.tile(state, (len(outcomes), 1)) for state in states[:2]]
        try:
            first = kernel.decide(asked[0], outcomes).columns
            kernel.decide(asked[1], outcomes)
        except (InfeasibleError, SolverError):
            continue
        kernel.forget()
        assert (kernel.decide(asked[0], outcomes).columns == first).all()
        answered += 1
    assert answered >= 20


def test_more_active_cuts_than_there_is_room_for_are_given_room() -> None:
    """A fine polyhedral bowl of 400 cuts over three states, with more of them active than the first room."""
    form, _, _, states = KINDS["feasible"](2)
    generator = np.random.default_rng(4)
    lower_bound = np.array([-1000.0])
    pool = CutPool(np.arange(STATES), lower_bound, select_all=True)
    cuts = NodeCuts(pool, range(1), lower_bound)
    kernel = KernelStage("node", form, Future(np.ones(1)), cuts)
    for _ in range(400):
        point = generator.uniform(0.0, 6.0, STATES)
        pool.offer(TrialPoint(0, point, np.array([-point @ point]), 2.0 * point[None]))
    reference = HighsStage("node", form, Future(np.ones(1)), cuts, cold=True)
    kernel.evaluate(states[0])
    reference.evaluate(states[0])
    assert kernel.values == pytest.approx(reference.values, rel=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_scenarios_with_their_own_coefficients_get_the_values_of_highs(seed: int) -> None:
    """Prices of a scenario stand in the matrix; afterwards the node's own matrix is back."""
    form, future, cuts, states = KINDS["feasible"](seed)
    generator = np.random.default_rng(seed)
    factor = generator.uniform(0.98, 1.02, (OUTCOMES, len(form.matrix.rows)))
    data = replace(form.data, values=form.data.values * factor)
    kernel, reference = (
        KernelStage("n", form, future, cuts),
        HighsStage("n", form, future, cuts, cold=True),
    )
    own = ask(kernel, states[0], 0)
    for outcome in range(OUTCOMES):
        chosen = np.array([outcome])
        try:
            expected = reference.decide(states[:1], chosen, data=data)
        except (SolverError, InfeasibleError):
            continue
        found = kernel.decide(states[:1], chosen, data=data)
        assert found.values == pytest.approx(expected.values, rel=1e-6, abs=1e-6)
    kernel.forget()
    assert agree(ask(kernel, states[0], 0), own)


def test_scenarios_of_one_call_follow_each_other_with_different_coefficients() -> None:
    factor, checked = np.linspace(0.99, 1.01, 6)[:, None], 0
    for seed in range(30):
        form, future, cuts, states = KINDS["feasible"](seed)
        one = {
            field.name: np.repeat(getattr(form.data, field.name)[:1], 6, axis=0)
            for field in fields(StageData)
        }
        data = StageData(**{**one, "values": form.data.values[:1] * factor})
        kernel = KernelStage("n", form, future, cuts)
        reference = HighsStage("n", form, future, cuts, cold=True)
        many = np.tile(states[0], (6, 1))
        try:
            expected = reference.decide(many, np.arange(6), data=data)
        except (SolverError, InfeasibleError):
            continue
        found = kernel.decide(many, np.arange(6), data=data)
        assert found.values == pytest.approx(expected.values, rel=1e-6, abs=1e-6)
        assert kernel.counts.handed_over == 0
        checked += len(np.unique(np.round(found.values, 9))) > 1
    assert checked >= 3


def test_the_kernel_is_chosen_by_size_and_structure() -> None:
    form, future, _, _ = KINDS["feasible"](2)
    assert suits(form, future)
    assert not suits(form, Future(np.array([0.5, 0.5])))
    graph = random_graph(2)
    small = train(graph, settings=TrainingSettings(iterations=2))
    single = train(graph, settings=TrainingSettings(iterations=2, back_end="kernel"))
    multi = train(graph, settings=TrainingSettings(iterations=2, back_end="kernel", cuts=CutKind.MULTI))
    assert small.back_ends_used == {"HighsStage": len(graph.nodes)}
    assert single.back_ends_used == {"KernelStage": len(graph.nodes)}
    assert multi.back_ends_used["HighsStage"] >= 1
