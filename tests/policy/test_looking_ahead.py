"""Financing that looks ahead where owners are limited: businesses whose right financing is known by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_case import compiled

from capexpand.policy.accounts import Books
from capexpand.policy.financed import Financed, carry_financing
from capexpand.policy.outside import Flows, MoneyFactors

LINE = {
    "title": "Line",
    "kind": "revolving",
    "amount": "6 mn CNY",
    "maturity": "2025-12-31",
    "rate": "0 %/year",
}
LOAN = {
    "title": "Loan",
    "amount": "6 mn CNY",
    "draw_until": "2025-06-30",
    "maturity": "2027-01-01",
    "rate": "8.243216 %/year",  # 2 % a quarter
}
BOTH = {"line": LINE, "loan": LOAN}
ONE = {"total": "1 mn CNY"}
UP = np.where(np.arange(100) % 2, 0.5, -0.5)
SAMPLED = np.sqrt(100 / 99)  # of a standard deviation of hundred futures


def carried(earned, paid=(0, 0, 0, 0), *, facilities=BOTH, equity=ONE, **terms) -> Financed:
    """Return a business of four quarters in one future, or in as many as its earnings have columns."""
    m = compiled({"financing": {"facilities": facilities, "equity": equity, **terms}})
    earned = np.array(earned, dtype=float).reshape(4, -1)
    books = Books.empty(4, earned.shape[1])
    books.paid[:] = books.commitments[:] = books.servers_ordered[:] = np.array(paid)[:, None]
    books.cash[:] = earned - books.paid
    nothing = Flows(np.zeros(earned.shape), np.zeros(earned.shape[1]))
    return carry_financing(m, books, MoneyFactors.declared(m, earned.shape[1]), base=nothing)


def test_a_loan_is_drawn_on_its_last_day_for_the_line_that_falls_due_later():
    """Five are paid in the first quarter, the last of drawing for the loan; the line is repaid in the third.
    Each of the next two earns 1 less 2 % of the loan L, so 5 − L − 2 + 0.04 L = 0 leaves L = 3.125.

    Sensitivity: where each earns 3 the line is enough, and owners without a limit need no loan either.
    """
    found = carried([0, 1, 1, 4], [5, 0, 0, 0])
    assert found.first_drawn == pytest.approx([1.875, 3.125])
    assert found.debt[:, 0] == pytest.approx([5, 4.0625, 3.125, 3.125])
    assert found.by_facility["line"] == pytest.approx([1.875, 0.9375, 0, 0])
    assert found.by_facility["loan"] == pytest.approx([3.125] * 4)
    assert found.raised == pytest.approx([0.0])
    assert carried([0, 3, 3, 4], [5, 0, 0, 0]).first_drawn == pytest.approx([5, 0])
    rich = carried([0, 1, 1, 4], [5, 0, 0, 0], equity={})
    assert (rich.first_drawn[1], rich.raised[0]) == (pytest.approx(0.0), pytest.approx(3.0))


def test_minimum_cash_is_kept_where_a_loan_drawn_in_time_can_keep_it():
    """The same with 1 that must be kept. Sensitivity: without the loan, 3 are due and owners have 1."""
    terms = {"minimum_cash": "1 mn CNY", "opening_cash": "1 mn CNY"}
    assert carried([0, 1, 1, 4], [5, 0, 0, 0], **terms).breach["minimum_cash"].max() == 0.0
    alone = carried([0, 1, 1, 4], [5, 0, 0, 0], facilities={"line": LINE}, **terms)
    assert alone.breach["minimum_cash"] == pytest.approx([0, 0, 1, 0])


def test_a_loan_that_can_still_be_drawn_later_is_drawn_later():
    """Two are lacking in the second quarter, in which the loan can still be drawn. Of 80 % of cost it lends
    1.6 of the 2 that are paid then; the other loan's last day is now: it gives 0.4, net of 2 % in between.
    """
    later = {**LOAN, "draw_until": "2025-09-30"}
    found = carried([0, 0, 4, 4], [0, 2, 0, 0], facilities={"now": LOAN, "later": later})
    assert found.first_drawn == pytest.approx([0, 0])
    assert found.debt[1, 0] == pytest.approx(2.0)
    part = {**later, "share_of_cost": "80 %", "pays_for": ["servers"]}
    found = carried([0, 0, 4, 4], [0, 2, 0, 0], facilities={"now": LOAN, "later": part})
    assert found.first_drawn == pytest.approx([0.4 / 0.98, 0])
    assert found.debt[1, 0] == pytest.approx(0.4 / 0.98 + 1.6)


def test_what_later_quarters_lack_is_not_paid_out():
    """Of 3 earned first, 2 are lost in the last quarter and nobody lends: 1 is paid out.

    Sensitivity: owners without a limit take 3 and put in 2.
    """
    owners = {"total": "0 mn CNY"}
    found = carried([3, 0, 0, -2], facilities={}, equity=owners)
    assert found.to_owners[:, 0] == pytest.approx([1, 0, 0, 0])
    found = carried([3, 0, 0, -2], facilities={}, equity={})
    assert found.to_owners[:, 0] == pytest.approx([3, 0, 0, -2])


def test_dividends_leave_the_liquidity_that_a_covenant_asks_for():
    """One must stay in cash or undrawn lines. Sensitivity: with a line of 6, all is paid out till it ends."""
    liquid = {"liquidity": {"least": "1 mn CNY"}}
    found = carried([3, 0, 0, 0], facilities={}, equity={}, covenants=liquid)
    assert found.to_owners[0, 0] == pytest.approx(2.0)
    assert found.breach["liquidity"] == pytest.approx([0, 0, 0, 0])
    lined = carried([3, 0, 0, 0], facilities={"line": LINE}, equity={}, covenants=liquid)
    assert lined.to_owners[:3, 0] == pytest.approx([3, 0, -1])


def test_owners_put_in_early_what_a_quarter_alone_may_not_bring():
    """Three are lost in the third quarter and owners give 1 a quarter: they begin in the first.

    Sensitivity: with 3 a quarter they wait.
    """
    found = carried([0, 0, -3, 0], facilities={}, equity={"limit": "1 mn CNY/quarter"})
    assert found.to_owners[:, 0] == pytest.approx([-1, -1, -1, 0])
    found = carried([0, 0, -3, 0], facilities={}, equity={"limit": "3 mn CNY/quarter"})
    assert found.to_owners[:, 0] == pytest.approx([0, 0, -3, 0])


def test_nobody_sees_the_rest_of_the_own_future():
    """The third quarter earns 1 ± 0.5: all futures draw the same on the last day, for a standard deviation
    more than the mean asks for.
    """
    up, none = UP, np.zeros(100)
    found = carried(np.stack([none, none + 1, up + 1, none + 4]), [5, 0, 0, 0])
    assert np.ptp(found.debt[0]) == pytest.approx(0.0, abs=1e-9)
    assert found.first_drawn[1] == pytest.approx((3 + 0.5 * SAMPLED) / 0.96)


def test_what_is_seen_by_then_tells_what_to_keep():
    """Of 3 earned first, the mean of 1 that is lost later and a standard deviation of 1.5 are kept. The
    second quarter earns 0.5 where nothing will be lost, and all is paid out; it loses 0.5 where 2 will be.
    """
    none = np.zeros(100)
    earned = np.stack([none + 3, UP, none, 2 * UP - 1])
    found = carried(earned, facilities={}, equity={"total": "0 mn CNY"})
    kept = 1 + 1.5 * SAMPLED
    assert found.to_owners[0] == pytest.approx(3 - kept)
    assert found.to_owners[1] == pytest.approx(np.where(UP > 0, kept + 0.5, kept - 0.5 - 2))
    assert found.to_owners[3] == pytest.approx(0.0, abs=1e-9)


@given(
    earned=st.lists(st.floats(-2.0, 4.0), min_size=4, max_size=4),
    paid=st.floats(0.0, 8.0),
    rates=st.tuples(st.floats(0.0, 20.0), st.floats(0.0, 20.0)),
    total=st.floats(20.0, 40.0),
)
@settings(max_examples=40, deadline=None)
def test_cheaper_debt_never_lowers_what_owners_have(earned, paid, rates, total):
    values = [
        carried(
            earned,
            [paid, 0, 0, 0],
            facilities={"line": LINE, "loan": {**LOAN, "rate": f"{rate} %/year"}},
            equity={"total": f"{total} mn CNY"},
        ).equity_npv[0]
        for rate in sorted(rates)
    ]
    assert values[0] >= values[1] - 1e-9
