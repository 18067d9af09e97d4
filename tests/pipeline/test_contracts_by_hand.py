"""Contracts with customers of the small case, each worked out by hand, and what is refused."""

import numpy as np
import pytest
from small_case import loaded, objective, planned, workload

from capexpand.errors import CaseError
from capexpand.finance.checks import check_plan
from capexpand.finance.debt import financing_statement
from capexpand.finance.statements import statement
from capexpand.pipeline import evaluate, examine, optimise
from capexpand.reporting.context import ReportContext
from capexpand.reporting.document import metrics_document
from capexpand.scenarios.futures import compile_futures

# Ten servers fit; each costs 1 mn CNY, comes at once and serves 1 tn tokens a quarter, for four quarters. The
# market takes 100 tn at 1 CNY/Mtoken: the objective is 10 · (4 − 1) = 30.
AFTER_TAX = {"finance.discount_rate": "10 %/year", "finance.tax_rate": "25 %"}


def contract(*, demand="4 tn token/quarter", price="1 CNY/Mtoken", **terms):
    return {"workloads.anchor": workload(title="Anchor", demand=demand, price=price, contract=terms)}


def test_a_contract_equal_to_the_market_changes_nothing():
    """Four of ten servers serve it at the price that all earn.

    Sensitivity: at 1.5 CNY/Mtoken it adds 4 · 0.5 · 4 = 8.
    """
    assert objective(contract()) == pytest.approx(30)
    assert objective(contract(price="1.5 CNY/Mtoken")) == pytest.approx(38)


def test_a_dear_market_breaks_a_cheap_contract_where_damages_are_low():
    """At 0.4 CNY/Mtoken the contract loses to the market at 1: with damages of 0.5 it is broken at a cost of
    4 · 0.5 · 4 = 8, so the objective is 22. With damages of 0.7 it is kept: 30 − 4 · 0.6 · 4 = 20.4.

    Sensitivity: without damages it costs nothing to break, 30.
    """
    assert objective(contract(price="0.4 CNY/Mtoken", penalty="0.5 CNY/Mtoken")) == pytest.approx(22)
    assert objective(contract(price="0.4 CNY/Mtoken", penalty="0.7 CNY/Mtoken")) == pytest.approx(20.4)
    assert objective(contract(price="0.4 CNY/Mtoken")) == pytest.approx(30)


def test_damages_are_a_line_and_revenue_is_at_the_price():
    broken = planned(contract(price="0.4 CNY/Mtoken", penalty="0.5 CNY/Mtoken"))
    kept = planned(contract(price="0.4 CNY/Mtoken", penalty="0.7 CNY/Mtoken"))
    assert statement(broken).damages == pytest.approx([2, 2, 2, 2])
    assert statement(broken).revenue_by_workload[1] == pytest.approx([0] * 4)
    assert statement(kept).damages == pytest.approx([0] * 4)
    assert statement(kept).revenue_by_workload[1] == pytest.approx([1.6] * 4)
    assert statement(kept).other_cost == pytest.approx([0] * 4)
    for plan in (broken, kept):
        assert {check.name: check.violation for check in check_plan(plan)}["objective"] < 1e-9


def test_what_is_paid_and_not_taken_needs_no_server():
    """Of 4 tn half is taken and 80 % is paid: 2 tn served at 1 and 1.2 mn for nothing each quarter. Eight
    servers serve the market: 30 + 4 · 1.2 = 34.8.

    Sensitivity: with 50 % to be paid the customer pays for what it takes, 30.
    """
    terms = {"take_or_pay": "80 %", "taken": "50 %", "penalty": "0.1 CNY/Mtoken"}
    plan = planned(contract(**terms))
    assert plan.solver.objective == pytest.approx(34.8)
    assert statement(plan).revenue_by_workload[1] == pytest.approx([3.2] * 4)
    assert objective(contract(**{**terms, "take_or_pay": "50 %"})) == pytest.approx(30)


def test_a_contract_is_signed_where_it_pays():
    """At 1.5 CNY/Mtoken it is signed in full; at 0.9 not at all; with no other market, at 0.3 a server earns
    1.2 over four quarters and costs 1, so it is signed.
    """
    offer = {"offered_until": "2025-06-30"}
    assert planned(contract(price="1.5 CNY/Mtoken", **offer)).signed == pytest.approx([1])
    assert objective(contract(price="1.5 CNY/Mtoken", **offer)) == pytest.approx(38)
    cheap = planned(contract(price="0.9 CNY/Mtoken", penalty="5 CNY/Mtoken", **offer))
    assert cheap.signed == pytest.approx([0])
    assert cheap.solver.objective == pytest.approx(30)
    alone = contract(price="0.3 CNY/Mtoken", **offer) | {"workloads.chat.demand": "0 token/quarter"}
    assert planned(alone).signed == pytest.approx([1])
    assert objective(alone) == pytest.approx(4 * 0.2)


def test_part_of_a_contract_is_signed_where_capacity_ends():
    """20 tn at 2 CNY/Mtoken with damages of 9: half of it fills the ten servers, 10 · (8 − 1) = 70.

    Sensitivity: signed in full, 10 tn a quarter would be missing, at 360 of damages.
    """
    terms = {"offered_until": "2025-06-30", "penalty": "9 CNY/Mtoken"}
    plan = planned(contract(demand="20 tn token/quarter", price="2 CNY/Mtoken", **terms))
    assert plan.signed == pytest.approx([0.5])
    assert plan.solver.objective == pytest.approx(70)


def test_an_offer_never_lowers_the_value():
    for price in (0.2, 0.9, 1.1, 3.0):
        terms = {"offered_until": "2025-06-30", "penalty": "4 CNY/Mtoken"}
        assert objective(contract(price=f"{price} CNY/Mtoken", **terms)) >= 30 - 1e-9


def test_renewal_continues_a_part_at_another_price():
    """4 tn at 2 for two quarters, then half of it at 1.5: 30 + 2 · 4 · 1 + 2 · 2 · 0.5 = 40."""
    terms = {"ends": "2025-09-30", "renewed": "50 %", "renewal_price": 0.75}
    assert objective(contract(price="2 CNY/Mtoken", **terms)) == pytest.approx(40)
    assert objective(contract(price="2 CNY/Mtoken", ends="2025-09-30")) == pytest.approx(38)


def test_prepayment_comes_early_and_is_credited():
    """Bills of 4 a quarter, 16 in all, half paid on signing: 8 − 2 in the first quarter, −2 in the others.

    At 5 % a quarter it is worth 8 γ_0 − 2 Σ γ_t more; without discount nothing.
    """
    rate = {"finance.discount_rate": "21.550625 %/year"}
    terms = {"offered_until": "2025-06-30", "prepayment": "50 %", "penalty": "9 CNY/Mtoken"}
    plan = planned(contract(**terms) | rate)
    assert statement(plan).prepayments == pytest.approx([6, -2, -2, -2])
    gamma = 1.05 ** -(np.arange(4) + 0.5)
    gain = plan.solver.objective - objective(contract(penalty="9 CNY/Mtoken") | rate)
    assert gain == pytest.approx(8 * gamma[0] - 2 * gamma.sum())
    signed = planned(contract(prepayment="50 %", penalty="9 CNY/Mtoken") | rate)
    assert signed.solver.objective == pytest.approx(plan.solver.objective)
    assert objective(contract(prepayment="50 %")) == pytest.approx(30)


@pytest.mark.parametrize("offered", [{}, {"offered_until": "2025-06-30"}])
def test_contracts_and_debt_tie_to_the_last_digit(offered):
    """With tax, damages, prepayment, a loan and little equity: every rule, the bridge, the balance sheet."""
    terms = {
        "prepayment": "30 %",
        "penalty": "0.5 CNY/Mtoken",
        "take_or_pay": "90 %",
        "taken": "80 %",
        **offered,
    }
    loan = {"title": "L", "amount": "5 mn CNY", "draw_until": "2025-06-30", "maturity": "2026-03-31"}
    financing = {"equity": {"total": "2 mn CNY"}, "facilities": {"l": {**loan, "rate": "12 %/year"}}}
    changes = contract(price="1.2 CNY/Mtoken", **terms) | AFTER_TAX | {"financing": financing}
    found = evaluate(optimise(loaded(changes | {"workloads.anchor.ordinary_costs": "10 %"})))
    assert max(found.checks.values()) < 1e-9
    assert abs(found.bridge.rounding) < 1e-9
    sheet = financing_statement(found.result.plan).sheet
    assert sheet.gap < 1e-12
    assert sheet.prepaid[0] > 0
    assert sheet.prepaid[-1] == pytest.approx(0, abs=1e-9)


def test_no_process_moves_volume_or_price_of_a_contract():
    trend = {"war": {"volatility": "20 %", "moves": {"workloads.*.price": 1, "workloads.*.demand": 1}}}
    futures = compile_futures(loaded(contract() | {"uncertainty": {"trends": trend}}))
    assert {entry.name for entry in futures.entries} == {"chat"}


def test_a_contract_holds_its_value_where_the_market_falls_away():
    """Half of the futures lose the market; the contract for all ten servers is worth 30 in each of them."""
    gone = {
        "initial": "same",
        "states": {"same": {}, "gone": {"moves": {"workloads.chat.demand": 0}}},
        "transitions": {"same": {"gone": "50 %"}},
    }
    uncertain = {"uncertainty": {"regimes": {"market": gone}}}
    plain = optimise(loaded(uncertain))
    bound = optimise(loaded(contract(demand="10 tn token/quarter") | uncertain))
    offered = contract(demand="10 tn token/quarter", offered_until="2025-06-30", price="1.01 CNY/Mtoken")
    chosen = optimise(loaded(offered | uncertain))
    assert examine(plain).followed.npv.min() < 10
    for plans, worth in ((bound, 30), (chosen, 30.4)):
        npv = examine(plans).followed.npv
        whole = statement(plans.optimised).free_cash_flow.sum()
        assert whole == pytest.approx(worth)
        assert npv == pytest.approx(np.full(npv.size, npv[0]))


def test_a_run_tells_of_the_backlog():
    terms = {"offered_until": "2025-06-30"}
    found = evaluate(optimise(loaded(contract(price="1.5 CNY/Mtoken", **terms))))
    document = metrics_document(ReportContext(found))
    assert document["contracts"]["anchor"]["signed"] == pytest.approx(1)
    assert document["backlog_at_start"] == pytest.approx(24e6)
    assert document["backlog"] == pytest.approx([18e6, 12e6, 6e6, 0])
    assert document["contracted_share_of_revenue"] == pytest.approx([0.5] * 4)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"role": "internal"}, "make it external"),
        ({"tranches": [{"share": "100 %", "price": "100 %"}]}, "one price; leave them out"),
        ({"contract": {"penalty": "1 CNY/accelerator_hour"}}, "unit is token"),
        ({"contract": {"penalty": "-1 CNY/Mtoken"}}, "-1 CNY/Mtoken"),
        ({"contract": {"renewed": "50 %"}}, "add ends"),
        ({"contract": {}, "demand": "0 token/quarter"}, "asks for nothing within the calendar"),
        ({"contract": {"offered_until": "2025-12-31"}}, "it would run before it is signed"),
        ({"contract": {"offered_until": "2024-12-31"}}, "before the calendar's start"),
        ({"contract": {"take_or_pay": "120 %"}}, "120 %"),
        ({"contract": {"ends": "2024-12-31", "renewed": "50 %"}}, "is before the first volume"),
        ({"penalty": "1 CNY/Mtoken"}, "damages to a customer are contract.penalty"),
    ],
)
def test_what_is_wrong_with_a_contract_is_said(changes, says):
    with pytest.raises(CaseError, match=says):
        loaded({"workloads.anchor": workload(**{"contract": {}, **changes})})
