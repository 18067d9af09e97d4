"""Loan, hire, energy, lease and contract together: program, linopy and statements agree on random cases."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle import oracle_objective
from random_financing import financed
from random_models import random_model, with_contract

from capexpand.errors import InfeasibleError
from capexpand.finance.checks import check_plan
from capexpand.finance.debt import financing_statement
from capexpand.optimiser.deterministic import optimise_plan

SEEDS = st.integers(0, 2**20)
FEW = settings(max_examples=6)


def everything(seed: int, **changes: object):
    """Return a case with all of it, and a hard covenant in every second."""
    m = with_contract(random_model(seed, everything=True), seed)
    return financed(m, seed, hard=bool(seed % 2), **changes)


def solved(m):
    try:
        return optimise_plan(m, duals=False)
    except InfeasibleError:
        assume(False)


@pytest.mark.slow
def test_all_of_it_together_has_the_objective_of_linopy():
    m = everything(5)  # with covenants that must be kept, a loan on the contract, a battery that is bought
    ours = optimise_plan(m, duals=False).solver.objective
    assert ours == pytest.approx(oracle_objective(m), rel=1e-9)
    free = optimise_plan(replace(m, financing=None), duals=False).solver.objective
    assert abs(ours - free) > 1e-3 * abs(free)  # financing counts for something


@pytest.mark.slow
def test_a_contract_on_offer_without_financing_has_the_objective_of_linopy():
    m = replace(everything(4), financing=None)
    ours = optimise_plan(m, duals=False).solver.objective
    assert ours == pytest.approx(oracle_objective(m), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 4, 7])
def test_what_a_sweep_takes_of_a_loan_from_before_the_start_has_the_objective_of_linopy(seed):
    """The annuity is drawn before the first quarter: what falls due of it by plan counts for owners."""
    m = financed(replace(random_model(seed), whole_sizes=False), seed, dividends_from=0)
    loans = m.financing.facilities
    annuity, wide = np.array([0.0, 1.0, 0.0]), np.full(3, np.inf)
    loans = replace(
        loans, drawn=loans.drawn + 40.0 * annuity, amount=loans.amount + 40.0 * annuity, sweep=0.5 * annuity,
        share_of_cost=wide, share_of_book=wide,
    )  # fmt: skip
    m = replace(m, financing=replace(m.financing, facilities=loans))
    best = optimise_plan(m, duals=False)
    assert best.solver.objective == pytest.approx(oracle_objective(m), rel=1e-9)
    assert best.financing.repaid[1].sum() > 39.0  # the annuity is there to be swept


@FEW
@given(seed=SEEDS)
def test_statements_of_all_of_it_tie(seed):
    plan = solved(everything(seed))
    found = financing_statement(plan)
    assert found.sheet.gap < 1e-9
    for check in check_plan(plan):
        assert check.violation < 1e-6, check.name


@FEW
@given(seed=SEEDS)
def test_nothing_on_offer_is_worth_less_than_no_offer(seed):
    """Neither the contract, nor hire, nor energy contracts, nor the loans lower the value to owners."""
    m = everything(seed)
    best = solved(m).solver.objective
    loans = m.financing.facilities
    less = [
        replace(m, contracts=replace(m.contracts, offered=np.array([False]))),
        replace(m, hire=m.hire.closed()),
        replace(m, energy=m.energy.closed()),
        replace(m, financing=replace(m.financing, facilities=replace(loans, amount=loans.drawn))),
    ]
    unlent = replace(m.financing, facilities=replace(loans, backlog=0.0 * loans.backlog))
    less[0] = replace(less[0], workloads=without_contract(m), financing=unlent)
    for case in less:
        try:
            found = optimise_plan(case, duals=False).solver.objective
        except InfeasibleError:
            continue
        assert found <= best + 1e-6 * max(1.0, abs(best))


def without_contract(m):
    demand = m.workloads.demand.copy()
    demand[m.contracts.workload] = 0.0
    return replace(m.workloads, demand=demand)
