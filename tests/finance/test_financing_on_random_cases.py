"""Financed plans of random cases: program, own arrays and balance sheet agree; directions hold."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_financing import financed, random_financing

from capexpand.errors import InfeasibleError
from capexpand.finance.checks import check_plan
from capexpand.finance.debt import financing_statement, owners_value
from capexpand.optimiser.deterministic import optimise_plan

SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=12, deadline=None)


def solved(m):
    try:
        return optimise_plan(replace(m, whole_sizes=False), duals=False)
    except InfeasibleError:
        assume(False)


def test_every_rule_holds_and_the_balance_sheet_balances(random_model):
    """Every quarter of every case, with tax, value-added tax, books and obligations of all kinds."""
    for seed in range(8):
        m = replace(random_model(seed), whole_sizes=False)
        plan = optimise_plan(financed(m, seed), duals=False)
        found = {check.name: check.violation for check in check_plan(plan)}
        assert found["balance sheet"] < 1e-9
        assert found["objective"] < 1e-6
        assert "repayment by plan" in found


@FEW
@given(SEEDS)
def test_debt_at_the_discount_rate_without_tax_changes_no_value(random_model, seed):
    m = replace(random_model(seed), whole_sizes=False)
    m = replace(m, taxes=replace(m.taxes, rate=0.0, server_shield=0 * m.taxes.server_shield,
                                 building_shield=0 * m.taxes.building_shield))  # fmt: skip
    rate = (m.times.discount[0] / m.times.discount[1]) ** 4 - 1.0
    f = random_financing(m, seed)
    loans = f.facilities
    # where a currency grows dearer its rate is lower by as much; in the last quarter it keeps still
    exchange = loans.exchange.copy()
    exchange[:, -1] = exchange[:, -2]
    growth = exchange / np.concatenate((np.ones((3, 1)), exchange[:, :-1]), axis=1)
    neutral = replace(
        loans,
        rate=(1.0 + rate) / growth**4 - 1.0,
        settled=exchange,
        upfront=0 * loans.upfront,
        commitment=0 * loans.commitment,
    )
    with_debt = replace(
        m, financing=replace(f, facilities=neutral, cash_rate=rate, issue_cost=0.0, dividends_from=0)
    )
    alone, both = solved(m), solved(with_debt)
    assert both.solver.objective == pytest.approx(alone.solver.objective, rel=1e-7, abs=1e-6)


@FEW
@given(SEEDS, st.floats(0.0, 1.0))
def test_cheaper_debt_never_lowers_the_value_to_owners(random_model, seed, fraction):
    m = financed(random_model(seed), seed)
    loans = m.financing.facilities
    cheaper = replace(
        m, financing=replace(m.financing, facilities=replace(loans, rate=fraction * loans.rate))
    )
    dear, cheap = solved(m), solved(cheaper)
    assert cheap.solver.objective >= dear.solver.objective - 1e-6 * abs(dear.solver.objective)


@FEW
@given(SEEDS)
def test_a_covenant_never_raises_the_value_to_owners(random_model, seed):
    soft, hard = (
        solved(financed(random_model(seed), seed)),
        solved(financed(random_model(seed), seed, hard=True)),
    )
    assert hard.solver.objective <= soft.solver.objective + 1e-6 * abs(soft.solver.objective)
    for check in check_plan(hard):
        assert check.violation <= 1e-6, check.name


@FEW
@given(SEEDS)
def test_more_that_can_be_signed_never_lowers_the_value_to_owners(random_model, seed):
    m = financed(random_model(seed), seed)
    loans = m.financing.facilities
    more = replace(
        m, financing=replace(m.financing, facilities=replace(loans, amount=loans.drawn + 2 * loans.amount))
    )
    less = replace(m, financing=replace(m.financing, facilities=replace(loans, amount=loans.drawn)))
    values = [solved(case).solver.objective for case in (less, m, more)]
    assert values == sorted(values) or np.allclose(values, sorted(values), rtol=1e-6)


def test_the_owners_value_is_the_objective_less_transfer_and_penalties(random_model):
    m = replace(random_model(3), whole_sizes=False)
    plan = optimise_plan(financed(m, 3), duals=False)
    found = financing_statement(plan)
    value = owners_value(m, found)
    transfer = (1 - m.taxes.rate) * float(
        m.times.discount
        @ (m.workloads.price * plan.sold).sum(axis=1)[np.array(m.workloads.roles) == "internal"].sum(axis=0)
    )
    unmet = float(m.times.discount @ (m.workloads.penalty * plan.unmet).sum(axis=0))
    at = m.times.window[1] - 1
    short = m.budget.floor_penalty * plan.shortfall * m.times.discount[at]
    assert value + transfer - unmet - short == pytest.approx(plan.solver.objective, rel=1e-7)
