"""The chain of quarters under any future is what building it anew gives; no answer depends on others."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "model"))

from random_lattices import random_lattice, walk
from random_models import random_model
from remaining_quarters import program_from

from capexpand.model.realised import realise
from capexpand.optimiser.deterministic import build_program, optimise_plan
from capexpand.optimiser.warm import WarmSolver
from capexpand.policy.chain_numbers import ChainNumbers
from capexpand.policy.fixed_plans import FixedPlan, FixedPlans
from capexpand.policy.graph import take_apart
from capexpand.policy.resolved import WholePrograms, foresee, roll

ARRAYS = ("cost", "column_lower", "column_upper", "row_lower", "row_upper", "value", "index", "start")


@pytest.mark.parametrize("seed", range(8))
def test_the_numbers_of_a_future_are_those_of_the_program_built_for_it(seed):
    m = random_model(seed, quarters=5)
    lattice = random_lattice(m, seed)
    stages = take_apart(m, lattice)
    chain = ChainNumbers.of(stages.data, stages.entries)
    factors, _ = walk(lattice, 3, seed)
    for scenario in range(3):
        path = factors[:, :, scenario].T
        built, _ = build_program(realise(stages.data, stages.entries, path))
        found = chain.at(path)
        for name in ARRAYS:
            assert getattr(found, name) == pytest.approx(getattr(built, name), rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize("seed", range(8))
def test_the_rest_of_a_chain_is_worth_what_the_chain_from_the_state_is(seed):
    m = random_model(seed, quarters=5)
    lattice = random_lattice(m, seed)
    stages = take_apart(m, lattice)
    chain = ChainNumbers.of(stages.data, stages.entries)
    factors, _ = walk(lattice, 1, seed)
    path, solver = factors[:, :, 0].T, WarmSolver()
    program = chain.at(path)
    done = solver.solve(program)
    for t in range(1, m.times.count):
        rest = chain.rest(program, t, done)
        first, row = int(chain.first_columns[t]), int(chain.first_rows[t])
        found = solver.without_first(columns=first, rows=row).solve(rest)
        state = stages.layout.state_after(done, chain.stages[t - 1])
        wanted, _ = program_from(realise(stages.data, stages.entries, path), stages.layout, t, state)
        best = float(wanted.cost @ WarmSolver().solve(wanted))
        assert float(rest.cost @ found) == pytest.approx(best, rel=1e-7, abs=1e-4)
        assert rest.offset + best == pytest.approx(
            float(program.cost @ done) + program.offset, rel=1e-7, abs=1e-4
        )


def test_those_who_plan_whole_futures_do_the_same_in_any_company():
    m = random_model(3, quarters=5)
    lattice = random_lattice(m, 3)
    stages = take_apart(m, lattice)
    factors, nodes = walk(lattice, 6, 3)
    programs = WholePrograms(stages, factors.mean(axis=2).T)
    plans = FixedPlans(stages.data, stages.numbers)
    together = foresee(stages, factors, programs).objective
    anew = roll(stages, lattice, plans, factors, nodes, programs=programs).objective
    for scenario in (5, 2):
        path, where = factors[:, :, [scenario]], nodes[:, [scenario]]
        assert (foresee(stages, path, programs).objective[:, 0] == together[:, scenario]).all()
        alone = roll(stages, lattice, plans, path, where, programs=programs).objective[:, 0]
        assert alone == pytest.approx(anew[:, scenario], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_both_solvers_operate_a_fleet_equally_well(seed):
    m = random_model(seed, quarters=5)
    lattice = random_lattice(m, seed)
    stages = take_apart(m, lattice)
    factors, _ = walk(lattice, 20, seed)
    plan = FixedPlan.of(optimise_plan(stages.data))
    ours, theirs = (
        FixedPlans(stages.data, stages.numbers, compiled=compiled).follow(plan, factors).objective
        for compiled in (True, False)
    )
    assert ours == pytest.approx(theirs, rel=1e-7, abs=1e-5)
