"""The stages give the same objective as the same formulation written independently in linopy."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import base_value as oracle_base
from oracle import oracle, oracle_objective
from random_models import random_model

from capexpand.case.loading import load_case
from capexpand.errors import InfeasibleError
from capexpand.model.aim import Aim
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.reporting.aims import served

CASES = Path(__file__).parents[2] / "cases"
seeds = st.integers(0, 2**32 - 1)


@pytest.mark.slow
@pytest.mark.parametrize("variant", [None, "late-power", "chips-banned", "double-budget"])
def test_two_sites_has_the_objective_of_linopy(variant):
    m = compile_case(load_case(CASES / "two-sites", variant))
    assert optimise_plan(m).solver.objective == pytest.approx(oracle_objective(m), rel=1e-7)


@pytest.mark.slow
def test_the_alibaba_case_has_the_objective_of_linopy():
    m = compile_case(load_case(CASES / "alibaba-2025"))
    assert optimise_plan(m).solver.objective == pytest.approx(oracle_objective(m), rel=1e-7)


@pytest.mark.slow
@given(seed=seeds)
@settings(max_examples=5)
def test_random_cases_have_the_objective_of_linopy(seed):
    m = random_model(seed)
    assert optimise_plan(m).solver.objective == pytest.approx(oracle_objective(m), rel=1e-7, abs=1e-7)


@pytest.mark.slow
def test_units_that_do_not_run_at_a_site_are_not_lost_to_its_curtailment():
    """Two sites serve as one; the units switched off at one of them must be units that run there."""
    m = random_model(2)
    assert optimise_plan(m).solver.objective == pytest.approx(oracle_objective(m), rel=1e-7)


@pytest.mark.slow
@given(seed=seeds)
@settings(max_examples=2)
def test_random_cases_of_whole_sizes_have_the_objective_of_linopy(seed):
    m = random_model(seed, quarters=5, whole_sizes=True)
    ours = optimise_plan(m, relative_gap=1e-9).solver.objective
    assert ours == pytest.approx(oracle_objective(m), rel=1e-7, abs=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(("objective", "seed"), [("npv", 2), ("cost", 2), ("cost", 3), ("power", 3)])
def test_a_share_is_served_at_the_value_cost_and_power_of_linopy(objective, seed):
    m = random_model(seed)
    shares = [0.5 * part for part in served(optimise_plan(m)).workloads.values()]
    aimed = replace(m, aim=Aim(objective, max(min(shares, default=0.0), 0.0)))
    model = oracle(aimed)
    assert model.solve("highs", io_api="direct", output_flag=False)[1] == "optimal"
    expected = float(model.objective.value) + (oracle_base(aimed) if objective == "npv" else 0.0)
    if objective == "cost" and m.contracts is not None:
        signed, kept = ~m.contracts.offered, m.times.discount * (1.0 - m.taxes.rate)
        expected -= float((m.contracts.damages * m.contracts.volume)[signed].sum(axis=0) @ kept)
    assert optimise_plan(aimed).solver.objective == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.slow
@given(seed=seeds)
@settings(max_examples=3)
def test_what_must_be_done_is_feasible_for_both_or_for_neither(seed):
    m = random_model(seed, demands=True)
    try:
        ours = optimise_plan(m).solver.objective
    except InfeasibleError:
        assert oracle(m).solve("highs", io_api="direct", output_flag=False)[1] == "infeasible"
    else:
        assert ours == pytest.approx(oracle_objective(m), rel=1e-7, abs=1e-7)
