"""Every rule of a financing finds a plan that breaks it, and allows what it should to the last bit."""

from dataclasses import replace

import numpy as np
import pytest
from random_financing import financed
from random_models import random_model

from capexpand.finance.checks import violations
from capexpand.finance.debt import financing_statement
from capexpand.finance.statements import statement
from capexpand.optimiser.deterministic import optimise_plan

BULLET, ANNUITY, LINE = range(3)


def found(plan):
    return {check.name: check.violation for check in violations(plan)}


def changed(plan, field, where, more):
    """The plan with more of one number of its financing."""
    values = getattr(plan.financing, field).copy()
    values[where] += more
    return replace(plan, financing=replace(plan.financing, **{field: values}))


@pytest.fixture(scope="module")
def plan():
    """All three are drawn: a bullet of quarters 1 to 4, an annuity swept whole until quarter 6, a line."""
    plan = optimise_plan(financed(replace(random_model(5), whole_sizes=False), 5), duals=False)
    assert (plan.financing.drawn.sum(axis=1) > 1.0).all()
    assert plan.data.financing.dividends_from == 2
    assert max(found(plan).values()) < 1e-9
    return plan


@pytest.mark.parametrize(
    ("field", "where", "more", "rule"),
    [
        ("repaid", (BULLET, 0), -1.0, "nothing negative in financing"),
        ("raised", 0, -1e6, "nothing negative in financing"),
        ("balance", (BULLET, 2), 1.0, "debt balances"),
        ("repaid", (ANNUITY, 4), 1.0, "debt balances"),
        ("drawn", (BULLET, 4), 1.0, "draws within their time"),
        ("drawn", (ANNUITY, 0), 1.0, "draws within their time"),
        ("drawn", (BULLET, 0), 1e3, "debt within what is signed"),
        ("balance", (LINE, 2), 1e3, "debt within what is signed"),
        ("signed", BULLET, 1e3, "debt within what is signed"),
        ("balance", (ANNUITY, 5), 1.0, "repaid at maturity"),
        ("balance", (LINE, 5), 1.0, "repaid at maturity"),
        ("balance", (ANNUITY, 4), 1e3, "repayment by plan"),
        ("balance", (BULLET, 5), -1.0, "repayment by plan"),
        ("drawn", (ANNUITY, 1), 1e3, "debt within its share of cost"),
        ("balance", (LINE, 3), 1e3, "debt within its share of book"),
        ("dividends", 5, 1e6, "cash above its minimum"),
        ("dividends", 1, 1.0, "dividends in their time"),
        ("dividends", 4, 1.0, "dividends beside the sweep"),
    ],
)
def test_a_financing_that_breaks_a_rule_is_found_out(plan, field, where, more, rule):
    assert found(changed(plan, field, where, more))[rule] > 1e-6


def test_dividends_wait_only_for_what_is_swept(plan):
    """The annuity is gone in quarter 6, and the first two quarters have a rule of their own."""
    assert found(changed(plan, "dividends", 5, 1.0))["dividends beside the sweep"] == 0.0
    assert found(changed(plan, "dividends", 2, 1.0))["dividends in their time"] == 0.0


def test_a_shortfall_of_cash_is_relative_to_the_largest_flow(plan):
    """All of the last cash but the minimum is paid out, and then 3 more."""
    done = financing_statement(plan, statement(plan))
    spare = done.sheet.cash[-1] - plan.data.financing.minimum_cash[-1]
    assert found(changed(plan, "dividends", -1, spare))["cash above its minimum"] == pytest.approx(
        0, abs=1e-12
    )
    size = max(np.abs(done.sheet.cash[:-1]).max(), np.abs(statement(plan).free_cash_flow).max())
    short = found(changed(plan, "dividends", -1, spare + 3.0))["cash above its minimum"]
    assert short == pytest.approx(3.0 / size)


def test_half_of_what_is_left_may_be_paid_out_where_half_is_swept():
    """10 more than planned repaid of the annuity in quarter 4 let the owners have 10.

    Sensitivity: were the planned repayment counted as well, they could have more.
    """
    plan = optimise_plan(financed(replace(random_model(1), whole_sizes=False), 1), duals=False)
    f, done = plan.data.financing.facilities, plan.financing
    assert f.sweep[ANNUITY] == 0.5
    lent = done.drawn[ANNUITY].sum()
    planned = lent / (f.maturity[ANNUITY] - 2)  # in equal parts from quarter 4 on
    assert planned > 1.0
    swept = changed(plan, "repaid", (ANNUITY, 3), planned + 10.0 - done.repaid[ANNUITY, 3])
    for dividend, broken in ((10.0, False), (10.01, True)):
        paid = changed(swept, "dividends", 3, dividend - done.dividends[3])
        assert (found(paid)["dividends beside the sweep"] > 1e-6) == broken


def test_equity_has_a_limit_in_a_quarter_and_in_all(plan):
    financing, raised = plan.data.financing, plan.financing.raised
    total = raised.sum()
    for limits, broken in (
        ({"equity_total": total}, False),
        ({"equity_total": total - 1.0}, True),
        ({"equity_limit": raised}, False),
        ({"equity_limit": raised - 1.0}, True),
    ):
        limited = replace(plan, data=replace(plan.data, financing=replace(financing, **limits)))
        assert (found(limited)["equity within its limits"] > 1e-6) == broken


def test_only_a_hard_covenant_counts(plan):
    financing = plan.data.financing
    strict = replace(financing.covenants.liquidity, limit=1e9)
    for hard, broken in ((False, 0.0), (True, 1.0)):
        covenants = replace(financing.covenants, liquidity=replace(strict, hard=hard))
        tested = replace(plan, data=replace(plan.data, financing=replace(financing, covenants=covenants)))
        assert found(tested)["covenants"] == broken


def test_an_undrawn_line_is_liquid_until_it_ends(plan):
    """It ends in quarter 6, the last; until then its amount less what is drawn stands beside cash."""
    done = financing_statement(plan, statement(plan))
    f = plan.data.financing.facilities
    assert f.maturity[LINE] == 5
    undrawn = f.exchange[LINE] * (plan.financing.signed[LINE] - plan.financing.balance[LINE])
    assert undrawn[4] > 1.0
    assert done.ratios.liquidity[:5] == pytest.approx((done.sheet.cash + undrawn)[:5])
    assert done.ratios.liquidity[5] == pytest.approx(done.sheet.cash[5])


def test_cash_above_its_minimum_is_no_violation_below_zero(plan):
    lower = replace(plan.data.financing, minimum_cash=plan.data.financing.minimum_cash - 5.0)
    assert found(replace(plan, data=replace(plan.data, financing=lower)))["cash above its minimum"] == 0.0
