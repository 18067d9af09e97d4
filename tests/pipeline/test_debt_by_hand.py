"""Loans, covenants and equity of the small case, each worked out by hand, and what is refused."""

import numpy as np
import pytest
from small_case import loaded, planned

from capexpand.errors import CaseError, InfeasibleError
from capexpand.finance.debt import financing_statement
from capexpand.model.compile import compile_case
from capexpand.pipeline import evaluate, examine, optimise
from capexpand.reporting.context import ReportContext
from capexpand.reporting.document import metrics_document
from capexpand.reporting.financing import financing_answers

# A server costs 1 mn CNY at order, comes a quarter later and earns 1 mn CNY a quarter; there is room for ten.
# Over four quarters one ordered first earns 3. Money costs 21.550625 % a year, so 5 % a quarter.
LATE = {
    "offers.server.lead_time": "3 months",
    "offers.server.buy.deposit": "100 %",
    "finance.discount_rate": "21.550625 %/year",
}
OWN_ONLY = {"equity": {"total": "4 mn CNY"}}


def loan(**fields):
    return {
        "title": "Loan",
        "amount": "100 mn CNY",
        "draw_until": "2025-06-30",
        "maturity": "2026-03-31",
        "rate": "21.550625 %/year",
        **fields,
    }  # fmt: skip


def financing(**fields):
    return {**LATE, "financing": {**OWN_ONLY, **fields}}


def ordered(changes):
    return planned(changes).ordered[0, 0]


def test_what_owners_put_in_limits_what_is_built():
    """4 mn of equity buy four servers; their first 4 mn, a quarter later, buy four more. One ordered in the
    third quarter would only earn in the last what it costs.

    Sensitivity: without financing all ten are ordered in the first quarter.
    """
    assert ordered(financing()) == pytest.approx([4, 4, 0, 0])
    assert ordered(LATE) == pytest.approx([10, 0, 0, 0])


def test_a_loan_buys_what_equity_cannot():
    """Four of equity and six of loan buy ten at once; at 5 % a quarter the loan costs what it is worth.

    Sensitivity: a loan of 3 mn leaves three servers for the second quarter.
    """
    plan = planned(financing(facilities={"bank": loan()}))
    assert plan.ordered[0, 0] == pytest.approx([10, 0, 0, 0])
    assert plan.solver.objective == pytest.approx(planned(LATE).solver.objective)
    assert ordered(financing(facilities={"bank": loan(amount="3 mn CNY")})) == pytest.approx([7, 3, 0, 0])


def under_contract(share, **contract):
    deal = {
        "title": "Deal",
        "role": "external",
        "unit": "token",
        "demand": {"2025-04-01": "0 token/quarter", "2025-07-01": "10 tn token/quarter"},
        "price": "1 CNY/Mtoken",
        "usable_share": "100 %",
        "throughput": {"server": "1 tn token/quarter"},
        "contract": {"ends": "2026-03-31", **contract},
    }
    bank = loan(early=True, contracts=["deal"], share_of_backlog=share)
    return financing(facilities={"bank": bank}) | {"workloads.deal": deal}


@pytest.mark.parametrize("contract", [{}, {"offered_until": "2025-06-30"}], ids=["signed", "on offer"])
def test_a_loan_on_contracts_is_a_share_of_what_they_still_bill(contract):
    """The contract bills 10 in each of the last three quarters: 30, 20, 10 and 0 are still to come.

    A tenth of it may be owed: 3 buy seven servers with the equity of 4, their first 7 the last three. A fifth
    buys all ten. On offer it is signed for the loan alone, at the price of the market. Sensitivity: without
    the limit all ten would be ordered with a tenth as well.
    """
    plan = planned(under_contract("10 %", **contract))
    assert plan.ordered[0, 0] == pytest.approx([7, 3, 0, 0])
    assert plan.financing.balance[0, 0] == pytest.approx(3.0)
    assert (plan.financing.balance[0] <= np.array([3, 2, 1, 0]) + 1e-9).all()
    assert plan.signed == pytest.approx([1.0])
    assert ordered(under_contract("20 %", **contract)) == pytest.approx([10, 0, 0, 0])


def test_bills_beyond_the_calendar_count_for_a_loan_on_contracts():
    """A contract that runs two quarters longer bills 20 more: a tenth of 50 lets nine be bought at once."""
    longer = under_contract("10 %") | {"workloads.deal.contract": {"ends": "2026-09-30"}}
    assert ordered(longer) == pytest.approx([9, 1, 0, 0])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"financing.facilities.bank.contracts": ["chat"]}, "is sold on the market"),
        ({"financing.facilities.bank.contracts": ["dael"]}, "did you mean deal"),
        ({"financing.facilities.bank.contracts": []}, "add contracts and name them"),
        ({"workloads.deal.contract": {"take_or_pay": "50 %"}}, "has no end"),
        ({"workloads.deal.contract.offered_until": "2025-07-31"}, "before the contracts are signed"),
    ],
)
def test_what_makes_no_sense_of_a_loan_on_contracts_is_refused(changes, said):
    with pytest.raises(CaseError, match=said):
        loaded(under_contract("10 %") | changes)


def test_the_worth_of_a_larger_loan_is_what_an_earlier_server_earns():
    """One more of loan moves one server a quarter forward: it earns 1 at the second quarter and is paid a
    quarter earlier at the loan's rate, which is the discount rate: γ_1 · 1 = 1.05^(−1.5) = 0.929.
    """
    plan = planned(financing(facilities={"bank": loan(amount="3 mn CNY")}))
    assert plan.financing.shadow.amount[0] == pytest.approx(
        1.05**-1.5 * 1.0 - (1.05**-0.5 - 1.05**-1.5), rel=1e-6
    )


def test_interest_by_hand():
    """Of ten servers 60 % may be borrowed: 6 are drawn. Interest is 5 % of 6 = 0.3 in each quarter after.

    Sensitivity: a nominal 21.55 % a year would be 5.39 % a quarter.
    """
    plan = planned(financing(facilities={"bank": loan(share_of_cost="60 %", rate="21.550625 %/year")}))
    found = financing_statement(plan)
    assert found.drawn[0] == pytest.approx([6, 0, 0, 0])
    assert found.interest[0] == pytest.approx([0, 0.3, 0.3, 0.3])
    assert found.balance[0] == pytest.approx([6, 6, 6, 0])
    assert found.sheet.gap < 1e-12


@pytest.mark.parametrize(
    ("repayment", "balances"),
    [
        ("bullet", [6, 6, 6, 0]),
        ("straight", [6, 4, 2, 0]),
        # 6 / (1/1.05 + 1/1.05² + 1/1.05³) = 2.203251 a quarter
        ("annuity", [6, 4.096749, 2.098335, 0]),
    ],
)
def test_repayment_plans_by_hand(repayment, balances):
    plan = planned(financing(facilities={"bank": loan(share_of_cost="60 %", repayment=repayment)}))
    assert financing_statement(plan).balance[0] == pytest.approx(balances, abs=1e-6)


def test_a_sculpted_loan_pays_no_more_than_earnings_over_cover():
    """EBITDA of 10 over a cover of 4 leaves 2.5 a quarter for interest and repayment of what is drawn:
    Σ 2.5 / 1.05^n = 6.808 can be borrowed. With a cover of 5 it is 5.446, so one server waits for a quarter.
    """
    for cover, most in ((4.0, 2.5 / 1.05 + 2.5 / 1.05**2 + 2.5 / 1.05**3), (5.0, None)):
        plan = planned(financing(facilities={"bank": loan(repayment="sculpted", cover_ratio=cover)}))
        found = financing_statement(plan)
        service = found.interest[0] + found.repaid[0]
        ebitda = np.array([0, *(plan.ordered[0, 0].cumsum()[:-1])])
        assert np.all(service[1:] * cover <= ebitda[1:] + 1e-6)
        assert found.balance[0, -1] == pytest.approx(0.0, abs=1e-9)
        if most is not None:
            assert found.drawn[0].sum() <= most + 1e-6
        else:
            assert plan.ordered[0, 0, 0] < 10 - 0.5


def test_debt_over_earnings_limits_the_loan():
    """Debt of at most a tenth of a year's EBITDA: L ≤ 0.4 n with n = 4 + L servers, so L = 2.667.

    Sensitivity: reported only, the ten are bought and the ratio stands at 6 / 40 = 0.15.
    """
    covenant = {"leverage": {"most": 0.1, "since": "2025-07-01", "over": "3 months"}}
    held = planned(financing(facilities={"bank": loan()}, covenants=covenant))
    assert held.ordered[0, 0, 0] == pytest.approx(4 + 8 / 3)
    assert held.financing.shadow.covenants["leverage"].sum() > 0
    soft = {"leverage": {**covenant["leverage"], "hard": False}}
    free = planned(financing(facilities={"bank": loan(share_of_cost="60 %")}, covenants=soft))
    assert financing_statement(free).ratios.leverage[1] == pytest.approx(0.15)


def test_a_revolving_line_is_drawn_and_repaid_at_will():
    """The line fills what equity lacks and is repaid from the first earnings.

    Sensitivity: at a rate below the cost of money it would stay drawn until its maturity.
    """
    line = {
        "title": "Line",
        "kind": "revolving",
        "amount": "6 mn CNY",
        "maturity": "2026-03-31",
        "rate": "30 %/year",
    }
    found = financing_statement(planned(financing(facilities={"line": line})))
    assert found.balance[0] == pytest.approx([6, 0, 0, 0], abs=1e-6)


def test_a_sweep_lets_owners_have_no_more_than_lenders_get_early():
    """Of 4 that are owed for two years a sweep of half repays 4 early and pays out 4 until the loan ends.

    Sensitivity: without it nothing is repaid early, since the loan costs less than money is worth.
    """
    old = loan(amount="4 mn CNY", drawn="4 mn CNY", maturity="2027-03-31", rate="0 %/year", early=True)
    del old["draw_until"]
    swept = planned(financing(facilities={"old": old | {"sweep": "50 %"}})).financing
    assert swept.repaid.sum() == pytest.approx(4.0)
    assert swept.dividends.sum() == pytest.approx(4.0)
    plain = planned(financing(facilities={"old": old})).financing
    assert plain.repaid.sum() == pytest.approx(0.0)
    assert plain.dividends.sum() > 10.0


def test_minimum_cash_is_money_not_spent():
    """Of 4 mn of equity 1 stays in cash, so three servers are bought."""
    plan = planned(financing(minimum_cash="1 mn CNY"))
    assert plan.ordered[0, 0, 0] == pytest.approx(3)
    assert financing_statement(plan).sheet.cash.min() == pytest.approx(1)


def test_a_vendor_pays_for_its_own_servers_only():
    """80 % of the vendor's server; with 4 of equity 20 mn could be bought, so ten are.

    Sensitivity: for a server of another make it lends nothing, and four are bought.
    """
    terms = {"share_of_cost": "80 %", "pays_for": ["servers"]}
    assert ordered(financing(facilities={"v": loan(offers=["server"], **terms)}))[0] == pytest.approx(10)
    halls = {**terms, "pays_for": ["halls"]}
    assert ordered(financing(facilities={"v": loan(**halls)}))[0] == pytest.approx(4)


def test_interest_saves_tax():
    """Of 10 mn earned a quarter, less 10 / 20 a quarter of depreciation and 0.3 interest, 25 % is tax."""
    plan = planned(financing(facilities={"bank": loan(share_of_cost="60 %")}) | {"finance.tax_rate": "25 %"})
    found = financing_statement(plan)
    assert found.tax[1:] == pytest.approx([0.25 * (10 - 0.5 - 0.3)] * 3, rel=1e-9)
    assert found.tax_saved[1:] == pytest.approx([0.075] * 3, rel=1e-9)


def test_a_run_tells_of_debt_and_of_the_chance_of_a_breach():
    """Demand halves with a chance of one half: earnings over service fall below what is asked for there."""
    halves = {
        "initial": "same",
        "states": {"same": {}, "half": {"moves": {"workloads.chat.demand": 0.5}}},
        "transitions": {"same": {"half": "50 %"}},
    }
    covenant = {"debt_service_cover": {"least": 20, "hard": False, "over": "3 months"}}
    case = loaded(
        financing(facilities={"bank": loan(share_of_cost="60 %")}, covenants=covenant)
        | {"uncertainty": {"regimes": {"slump": halves}}, "workloads.chat.demand": "10 tn token/quarter"}
    )
    plans = optimise(case)
    context = ReportContext(evaluate(plans, examine(plans)))
    document = metrics_document(context)
    assert document["dscr_min"] == pytest.approx(10 / 0.3)
    assert document["covenant_breaches"] == []
    chance = document["chance_of_breach"]["debt_service_cover"]
    assert chance[0] == 0.0
    assert chance[1] == pytest.approx(0.5, abs=0.12)  # 5 / 0.3 = 16.7 where demand is halved
    assert chance[1] < chance[2] < chance[3]
    assert document["equity_irr"] is None or document["equity_irr"] > 0
    assert {"debt", "dscr_min", "equity_irr", "covenant_breaches"} <= document.keys()


def test_cover_counts_from_the_first_revenue_on():
    """A loan with 5 % up front pays 60 % of ten servers: 6 are drawn, 0.3 is due before anything is earned.
    4.3 of equity pay that and the rest. From the second quarter on 10 are earned and 0.3 of interest is due:
    33.3 times. With the fee it would be 0 in the first quarter and 10 / 0.6 over two: a covenant sees that.
    """
    fields = {
        "equity": {"total": "4.3 mn CNY"},
        "facilities": {"b": loan(share_of_cost="60 %", upfront_fee="5 %")},
    }
    context = ReportContext(evaluate(optimise(loaded({**LATE, "financing": fields}))))
    statement = context.financing.statement
    assert statement.service == pytest.approx([0.3, 0.3, 0.3, 0.3])
    assert statement.ratios.debt_service_cover[:2] == pytest.approx([0, 10 / 0.6])
    document = metrics_document(context)
    assert document["dscr_since"] == "2025-07-01"
    assert document["dscr_min"] == pytest.approx(10 / 0.3)
    [answer] = financing_answers(context)
    assert "Debt service is covered 33.3 times at least" in answer.text
    assert "Cover counts from 2025Q3 on, the first quarter with revenue or a repayment" in answer.text
    assert "due before then (300,000 CNY) are paid from equity and draws." in answer.text


def test_the_firms_value_knows_no_debt():
    """Statements and net present value of the same orders are those without financing."""
    case = loaded(financing(facilities={"bank": loan(share_of_cost="60 %")}))
    with_debt, without = evaluate(optimise(case)), evaluate(optimise(loaded(LATE)))
    assert with_debt.metrics.npv == pytest.approx(without.metrics.npv)
    names = [step.name for step in with_debt.bridge.steps]
    assert "debt, equity and cash, with tax as it is paid" in names
    assert abs(with_debt.bridge.rounding) < 1e-9


def test_a_repayment_that_cannot_be_met_is_said_in_words():
    old = {
        "title": "Old",
        "amount": "90 mn CNY",
        "drawn": "90 mn CNY",
        "rate": "5 %/year",
        "maturity": "2025-12-31",
    }
    with pytest.raises(InfeasibleError) as error:
        planned({"financing": {"equity": {"total": "0 CNY"}, "facilities": {"old": old}}})
    text = str(error.value)
    assert "old, " in text
    assert "repaid by its plan (financing.facilities.old.repayment" in text
    assert "no more equity than can be raised in all (financing.equity.total)" in text
    assert "obligation" not in text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"rate": "-5 %/year"}, "-5 %/year"),
        ({"rate": None}, "needs rate, or spread"),
        ({"spread": "2 %/year"}, "stands beside rate"),
        ({"rate": None, "spread": "2 %/year"}, "reference_rate, which is missing"),
        ({"draw_until": None}, "needs draw_until"),
        ({"draw_from": "2025-07-01"}, "is before the first day of drawing"),
        ({"draw_until": "2027-06-30", "maturity": "2030-01-01"}, "outside the calendar"),
        ({"maturity": "2025-06-01"}, "is not after the last day of drawing"),
        ({"grace": "24 months"}, "comes before the first repayment"),
        ({"repayment": "sculpted"}, "add cover_ratio"),
        ({"cover_ratio": 2}, "shapes a sculpted loan"),
        ({"repayment": "sculpted", "cover_ratio": 0.5}, "is below 1"),
        ({"sweep": "50 %"}, "add early: true"),
        ({"kind": "revolving", "repayment": "annuity"}, "no meaning for a revolving line"),
        ({"drawn": "200 mn CNY"}, "is more than the amount"),
        ({"offers": ["serve"], "share_of_cost": "80 %"}, "did you mean server"),
        ({"offers": ["server"]}, "limits nothing without share_of_cost"),
        ({"amount": "0 CNY"}, "lends nothing"),
        ({"upfront_fee": "100 %"}, "leaves nothing of what is drawn"),
        ({"amount": "5 mn USD"}, "no exchange rate for USD"),
    ],
)
def test_what_is_wrong_with_a_facility_is_said(fields, says):
    with pytest.raises(CaseError, match=says):
        loaded({"financing": {"facilities": {"bank": loan(**fields)}}})


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"covenants": {"leverage": {"most": 4, "since": "2030-01-01"}}}, "never tested"),
        ({"covenants": {"leverage": {"most": 4, "over": "0 months"}}}, "looks back on nothing"),
        ({"covenants": {"liquidity": {"least": "1 mn CNY", "since": "2030-01-01"}}}, "never tested"),
        ({"equity": {"issue_cost": "100 %"}}, "leaves nothing of the equity raised"),
    ],
)
def test_what_is_wrong_with_covenants_and_equity_is_said(fields, says):
    with pytest.raises(CaseError, match=says):
        loaded({"financing": {"facilities": {"bank": loan()}, **fields}})


def test_a_case_without_financing_has_no_column_of_it():
    assert compile_case(loaded()).financing is None
    assert planned().financing is None
