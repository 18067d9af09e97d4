"""Terms of leases by hand. The small case earns 10 · (4 − 1) = 30; see small_case.py."""

import pytest
from small_case import ABSENT, objective, planned

from capexpand.finance.checks import check_plan
from capexpand.finance.leases import leases_as_capital
from capexpand.finance.statements import statement

LOAN = {
    "title": "Idle",
    "amount": "1 mn CNY",
    "draw_until": "2025-06-30",
    "maturity": "2026-03-31",
    "rate": "0 %/year",
}
RISES = {"2025-04-01": "0.2 mn CNY/quarter", "2025-07-01": "0.6 mn CNY/quarter"}
ONCE = {"offers.server.available_until": "2025-06-30"}


def leased(**terms):
    return {"offers.server.buy": ABSENT, "offers.server.lease": {"term": "1 year"} | terms}


def test_a_fixed_fee_holds_for_the_term():
    """Ten servers leased at once for a year at 0.2 pay 0.2, whatever is asked later: 10 · 4 · 0.8 = 32.

    Sensitivity: at the fee of the day it would be 10 · (0.8 + 3 · 0.4) = 20.
    """
    fixed = planned(ONCE | leased(fee=RISES, escalation="0 %/year"))
    check_plan(fixed)
    assert fixed.solver.objective == pytest.approx(32.0)
    assert statement(fixed).leases == pytest.approx([2.0] * 4)
    assert objective(ONCE | leased(fee=RISES)) == pytest.approx(20.0)


def test_after_its_term_a_lease_pays_the_fee_of_the_day():
    """A term of six months at 0.2, then 0.6: 10 · (2 · 0.8 + 2 · 0.4) = 24.

    Sensitivity: with a term of a year it would be 32.
    """
    plan = planned(ONCE | leased(fee=RISES, escalation="0 %/year", term="6 months"))
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(24.0)
    assert statement(plan).leases == pytest.approx([2, 2, 6, 6])


def test_a_fixed_fee_rises_by_its_escalation_each_year():
    """Eight quarters at 0.5, in the second year 0.55: 10 · (4 · 0.5 + 4 · 0.45) = 38.

    Sensitivity: without escalation it would be 40.
    """
    longer = {"calendar.quarters": 8}
    terms = {"fee": "0.5 mn CNY/quarter", "term": "2 years"}
    plan = planned(longer | ONCE | leased(**terms, escalation="10 %/year"))
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(38.0)
    assert objective(longer | ONCE | leased(**terms, escalation="0 %/year")) == pytest.approx(40.0)


def test_a_lease_ends_when_it_may_be_extended_no_longer():
    """A term of three months, extended by three at most, then nothing can be leased: 10 · 2 · 0.5 = 10.

    Sensitivity: without an end it would be 20.
    """
    terms = {"fee": "0.5 mn CNY/quarter", "term": "3 months"}
    plan = planned(ONCE | leased(**terms, extension="3 months"))
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(10.0)
    assert plan.installed[0, 0] == pytest.approx([10, 10, 0, 0])
    assert objective(ONCE | leased(**terms)) == pytest.approx(20.0)


def test_a_minimum_is_paid_for_whether_it_is_held_or_not():
    """Demand is 4 a quarter and the contract asks for 6 from quarter 2 on: two idle units cost 0.5 each.

    4 · 4 · 0.5 − 3 · 2 · 0.5 = 5. Sensitivity: without the minimum it would be 8.
    """
    few = {"workloads.chat.demand": "4 tn token/quarter"}
    terms = {"fee": "0.5 mn CNY/quarter", "term": "3 months"}
    plan = planned(few | leased(**terms, minimum={"2025-07-01": "6 units"}))
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(5.0)
    assert statement(plan).leases == pytest.approx([2, 3, 3, 3])
    assert objective(few | leased(**terms)) == pytest.approx(8.0)


def test_leases_count_within_the_cap_where_the_case_says_so():
    """A year at 0.25 is 1 mn CNY of capital: a cap of 6 allows six leases, or six servers: 6 · (4 − 1) = 18.

    Sensitivity: beside the cap ten would be leased and earn 30, since no budget would be asked for.
    """
    terms = leased(fee="0.25 mn CNY/quarter", escalation="0 %/year")
    cap = {"programme.cap": "6 mn CNY"}
    inside = planned(ONCE | terms | cap | {"programme.leases_within_cap": True})
    check_plan(inside)
    assert inside.solver.objective == pytest.approx(18.0)
    assert leases_as_capital(inside).sum() == pytest.approx(6.0)
    beside = planned(ONCE | terms | cap)
    assert beside.solver.objective == pytest.approx(30.0)
    assert leases_as_capital(beside).sum() == pytest.approx(10.0)


def test_rented_halls_have_the_same_terms():
    """1 MW rented for ten servers at 2 mn CNY/MW rising to 4: they earn 10 · (4 − 1) − 4 · 2 = 22.

    Sensitivity: at the fee of the day it would be 40 − 10 − (2 + 3 · 4) = 16.
    """
    fee = {"2025-04-01": "2 mn CNY/MW/quarter", "2025-07-01": "4 mn CNY/MW/quarter"}
    limit = {"2025-04-01": "1 MW", "2025-07-01": "0 MW"}
    rooms = {"fee": fee, "lead_time": "0 months", "term": "1 year", "limit": limit}
    changes = {"opening.sites.east.power": "0 MW", "sites.east.colocate": rooms | {"escalation": "0 %/year"}}
    plan = planned(changes)
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(22.0)
    assert statement(plan).leases == pytest.approx([2.0] * 4)
    assert objective(changes | {"sites.east.colocate": rooms}) == pytest.approx(16.0)


def test_earnings_of_a_financed_case_know_the_terms_of_leases():
    """A loan that nobody needs changes nothing, and the statements tie to the equations of financing."""
    loan = {"financing": {"facilities": {"idle": LOAN}, "opening_cash": "100 mn CNY"}}
    changes = ONCE | leased(fee=RISES, escalation="0 %/year", term="6 months", minimum="12 units")
    plain, financed = planned(changes), planned(changes | loan)
    check_plan(financed)
    assert financed.solver.objective == pytest.approx(plain.solver.objective, abs=1e-6)
