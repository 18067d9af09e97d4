"""Fixed plans earn what they planned where nothing unexpected happens; money adds up."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "model"))

from random_lattices import certain_lattice, random_lattice, walk
from random_models import random_model

import capexpand as cx
from capexpand.finance.metrics import measure
from capexpand.finance.programme import programme_result
from capexpand.optimiser.deterministic import base_value, optimise_plan
from capexpand.policy.case_policy import PolicySettings
from capexpand.policy.findings import interruption_note
from capexpand.policy.fixed_plans import FixedPlan, FixedPlans
from capexpand.policy.graph import recourse_data, take_apart
from capexpand.policy.outcomes import Outcomes, SampleSizes, simulate_policy
from capexpand.policy.resolved import foresee
from capexpand.policy.strategies import less, recommended, returns_beside
from capexpand.reporting.deciding_futures import deciding, deciding_document


@pytest.mark.parametrize("seed", range(8))
def test_a_plan_that_meets_what_it_expected_earns_what_it_planned(seed):
    m = random_model(seed)
    lattice = certain_lattice(m)
    stages = take_apart(m, lattice)
    plan = optimise_plan(stages.data)
    books = FixedPlans(stages.data, stages.numbers).follow(FixedPlan.of(plan), np.ones((m.times.count, 0, 1)))
    value = float(books.value[0]) + base_value(stages.data)
    assert value == pytest.approx(plan.solver.objective, rel=1e-6, abs=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_the_money_of_the_ways_is_the_money_of_the_statements(seed):
    m = random_model(seed)
    lattice = certain_lattice(m)
    stages = take_apart(m, lattice)
    base_data = recourse_data(m, lattice).without_programme()
    plan, base_plan = optimise_plan(stages.data), optimise_plan(base_data)
    neutral = np.ones((m.times.count, 0, 1))
    books = FixedPlans(stages.data, stages.numbers).follow(FixedPlan.of(plan), neutral)
    base = FixedPlans(base_data, stages.numbers).follow(FixedPlan.of(base_plan), neutral)
    found = returns_beside(stages.data, books, base)
    wanted = measure(programme_result(plan, base_plan))
    assert found.npv[0] == pytest.approx(wanted.npv, rel=1e-5, abs=1e-2)
    assert found.peak_funding[0] == pytest.approx(wanted.peak_funding, rel=1e-5, abs=1e-2)
    if wanted.irr is not None and wanted.irr_unique and not np.isnan(found.irr[0]):
        assert found.irr[0] == pytest.approx(wanted.irr, abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_no_fixed_plan_beats_foresight_on_any_path(seed):
    m = random_model(seed, quarters=5)
    lattice = random_lattice(m, seed)
    stages = take_apart(m, lattice)
    factors, _ = walk(lattice, 10, seed)
    plan = optimise_plan(stages.data)
    fixed = FixedPlans(stages.data, stages.numbers).follow(FixedPlan.of(plan), factors).value
    best = foresee(stages, factors).value
    assert (best >= fixed - 1e-5 * np.abs(best) - 1e-3).all()


def noisy(mean: float, *, spread: float, seed: int, count: int = 400) -> np.ndarray:
    return mean + spread * np.random.default_rng(seed).standard_normal(count)


def test_a_fixed_plan_is_recommended_only_where_it_is_better_beyond_noise():
    """Rivals differ from the policy by a gain with a deviation of 1 in 400 scenarios: halfwidth 0.098.

    Sensitivity: by the plain means the third rival, ahead by less than its noise, would win.
    """
    policy = noisy(100.0, spread=10.0, seed=1)
    better, worse = policy + noisy(0.5, spread=1.0, seed=2), policy + noisy(-0.5, spread=1.0, seed=3)
    even = policy + noisy(0.0, spread=1.0, seed=4)
    even += 0.05 - (even - policy).mean()
    even[np.argsort(even)[:40]] -= 0.5  # its worst tenth is worse
    even += 0.05 - (even - policy).mean()
    assert recommended({"policy": policy, "naive": worse, "mean_value": better}) == "mean_value"
    assert recommended({"policy": policy, "naive": worse}) == "policy"
    assert recommended({"policy": policy, "mean_value": even}) == "policy"


def test_a_policy_that_is_not_shown_to_beat_planning_anew_is_not_recommended():
    """It is ahead by 0.5 ± 0.1; or by 0.05, less than its noise; or by 0.5 with a worse tenth.

    Sensitivity: by the plain means the policy would be recommended in all three.
    """
    anew = noisy(100.0, spread=10.0, seed=1)
    apart = noisy(0.0, spread=1.0, seed=2)
    apart -= apart.mean()
    ahead, little = anew + 0.5 + apart, anew + 0.05 + apart
    ahead[np.argsort(anew)[:40]] = np.sort(anew)[:40] + 0.1
    assert recommended({"policy": ahead, "rolling": anew}) == "policy"
    assert recommended({"policy": little, "rolling": anew}) == "rolling"
    riskier = ahead.copy()
    riskier[np.argsort(ahead)[:40]] -= 0.5
    assert (riskier - anew).mean() > 0.3
    assert recommended({"policy": riskier, "rolling": anew}) == "rolling"


def test_of_two_strategies_that_earn_the_same_the_safer_is_recommended():
    policy = noisy(100.0, spread=10.0, seed=1)
    safer = policy.copy()
    worst = np.argsort(policy)[:40]
    safer[worst] += 1.0
    assert recommended({"policy": policy, "rolling": safer}) == "rolling"


def test_values_that_differ_by_rounding_are_the_same():
    one = np.array([3e8, 5e8, -2e8])
    same, apart = (less(one, one + np.array(by)) for by in ([1e-3, -1e-2, 1e-4], [1.0, 0.0, -3.0]))
    assert same.tolist() == [0.0, 0.0, 0.0]
    assert apart.tolist() == [-1.0, 0.0, 3.0]


def test_a_rival_is_compared_only_in_the_scenarios_that_both_have_seen():
    """The rival saw the first 100, where the policy earned 90; over all 400 the policy earned 97.5."""
    policy = np.r_[np.full(100, 90.0), np.full(300, 100.0)]
    assert recommended({"policy": policy, "rolling": np.full(100, 91.0)}) == "rolling"


@pytest.fixture(scope="module")
def followed() -> tuple[cx.PlannedPolicy, Outcomes]:
    case = cx.load_case(Path(__file__).parents[2] / "cases" / "two-sites")
    planned = cx.optimise_policy(case, settings=PolicySettings(iterations=20))
    return planned, cx.simulate(planned, 40)


@pytest.fixture
def listening() -> Iterator[None]:
    """Python's own answer to Ctrl-C, which a process started in the background does not have."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strategy", "reached", "workers"),
    [("policy", 10, 1), ("mean_value", 10, 2), ("foresight", 10, 1), ("rolling", 10, 2)],
)
def test_who_interrupts_the_evaluation_keeps_the_scenarios_that_were_followed(
    followed: tuple[cx.PlannedPolicy, Outcomes], strategy: str, reached: int, workers: int, listening: None
) -> None:
    """Slices hold an eighth of a sample, rounded up; the signal comes after the second slice of one."""
    planned, whole = followed

    def interrupt(now: str, done: int, count: int) -> None:
        if now == strategy and done == reached:
            assert count > done
            signal.raise_signal(signal.SIGINT)

    part = cx.simulate(planned, 40, workers=workers, progress=interrupt)
    short = strategy in ("foresight", "rolling")
    assert part.scenarios.count == (40 if short else 10)
    sizes = {name: books.value.size for name, books in part.books.items()}
    assert sizes[strategy] == reached
    for name, books in part.books.items():
        assert books.value == pytest.approx(whole.books[name].value[: sizes[name]])
    note = interruption_note(cx.evaluate_policy(planned, part))
    assert (note is None) if short else ("holds 10 of the 40 scenarios" in str(note))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_case_without_rates_to_learn_says_nothing_of_learning(
    followed: tuple[cx.PlannedPolicy, Outcomes],
) -> None:
    planned, whole = followed
    assert whole.unlearned is None
    assert cx.evaluate_policy(planned, whole).strategies.learning is None


@pytest.mark.slow
def test_learning_is_worth_what_the_same_policy_loses_without(tmp_path: Path) -> None:
    """Demand of two sites grows by an unknown rate; whoever never learns it does other things."""
    two_sites = Path(__file__).parents[2] / "cases" / "two-sites" / "case.yaml"
    drifting = tmp_path / "case.yaml"
    drifting.write_text(
        f"extends: {two_sites}\n"
        "uncertainty: {drifts: {pace: {deviation: 60 %, half_life: 4 years, reason: a test,"
        " moves: {workloads.*.demand: 1}}}}\n",
        "utf-8",
    )
    planned = cx.optimise_policy(
        cx.load_case(drifting),
        settings=PolicySettings(iterations=10),
        lattice=cx.LatticeSettings(nodes=12, later_nodes=12, paths=1024),
    )
    sizes = SampleSizes(64, foresight=1, rolling=1, mean_on_nodes=1, unlearned=48)
    outcomes = simulate_policy(planned.policy, planned.data, planned.futures, sizes=sizes)
    learning = cx.evaluate_policy(planned, outcomes).strategies.learning
    assert outcomes.unlearned is not None
    assert learning is not None
    apart = outcomes.values("policy")[:48] - outcomes.unlearned.value - outcomes.constant
    assert learning.mean == pytest.approx(float(apart.mean()))
    assert np.abs(apart).max() > 0.0


def test_the_bias_of_the_lattice_is_that_of_a_fixed_plan_on_its_numbers(
    followed: tuple[cx.PlannedPolicy, Outcomes],
) -> None:
    """The plan for the mean, followed again through the nearest nodes' numbers, less its value in truth."""
    planned, whole = followed
    policy = planned.policy
    factors = np.stack([q.factors[:, whole.nodes[t]] for t, q in enumerate(policy.lattice.quarters)])
    plans = FixedPlans(policy.stages.data, policy.stages.numbers)
    again = plans.follow(FixedPlan.of(whole.mean_plan), factors).value + whole.constant
    found = cx.evaluate_policy(planned, whole).strategies.lattice_bias
    assert found.mean == pytest.approx(float((again - whole.values("mean_value")).mean()), rel=1e-6)


def test_the_coin_of_two_sites_drives_how_much_is_committed_now(
    followed: tuple[cx.PlannedPolicy, Outcomes],
) -> None:
    """High demand fills 4 MW at the coast, 120 mn, and then the west; low demand has 360 at its full price:
    servers for 3.6 MW, 108 mn. So foresight follows the coin alone.
    """
    found = cx.evaluate_policy(*followed)
    drives, low = found.drivers, followed[1].scenarios.states[0, 1] == 2
    assert drives is not None
    assert drives.committed == pytest.approx(float(followed[1].paths.books.commitments[0].mean()))
    assert (drives.low, drives.high) == pytest.approx((108.0, 120.0))
    assert drives.more == pytest.approx(1.0 if drives.committed < 108.0 else float((~low).mean()))
    (one,) = drives.drivers
    assert (one.above, one.below, one.explains) == pytest.approx((120.0, 108.0, 1.0))
    known, seen = deciding(found)
    assert "What drives it most is demand for Chat (100 % of the spread)" in known
    assert seen.startswith("What would have to be seen: in 2025Q3 the policy commits ")
    assert deciding_document(found)["decision_drivers"]["foresight_quantiles"]["0.05"] == pytest.approx(108e6)
