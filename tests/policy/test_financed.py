"""Financing carried along many futures: it repeats the plan where all is as expected, and follows a rule."""

from pathlib import Path

import numpy as np
import pytest
from small_case import compiled, offer

import capexpand as cx
from capexpand.finance.debt_metrics import financing_result
from capexpand.pipeline import LatticeSettings, evaluate, optimise, optimise_policy
from capexpand.policy.accounts import Books
from capexpand.policy.case_policy import PolicySettings
from capexpand.policy.financed import carry_financing
from capexpand.policy.followed import follow_plan
from capexpand.policy.outside import Flows, MoneyFactors

CASES = Path(__file__).parents[2] / "cases"


def test_the_rule_repeats_the_plan_where_all_turns_out_as_planned():
    """More demand than expected changes nothing here, as all servers are in use: 296.8264 as by hand. A
    quarter less leaves capacity idle and is worth 10 less, in dividends and nothing else.
    """
    case = cx.load_case(CASES / "two-sites-financed")
    plans = optimise(case)
    wanted = financing_result(evaluate(plans).result)
    found = follow_plan(case, plans.optimised, plans.base, scenarios=30).financed
    assert found.equity_npv.max() == pytest.approx(wanted.equity_npv)
    assert wanted.equity_npv == pytest.approx(296.8264, abs=1e-3)
    assert found.equity_npv.min() == pytest.approx(wanted.equity_npv - 10.0)
    assert found.debt == pytest.approx(np.repeat(wanted.statement.debt[:, None], 30, axis=1), abs=1e-6)


LOAN = {
    "title": "Vendor",
    "amount": "6 mn CNY",
    "draw_until": "2025-12-31",
    "maturity": "2027-01-01",
    "rate": "5 %/year",
}


def carried(earned, paid, **fields):
    """Return one future of a business of four quarters that earns and pays what is said."""
    loans = {
        name: {
            "title": name,
            "amount": "6 mn CNY",
            "draw_until": "2025-12-31",
            "maturity": "2027-01-01",
            "rate": rate,
            **fields.pop(name, {}),
        }
        for name, rate in (("dear", "21.550625 %/year"), ("cheap", "8.243216 %/year"))
    }  # 5 % and 2 % a quarter
    m = compiled({"financing": {"facilities": loans, **fields}})
    books = Books.empty(4, 1)
    books.paid[:, 0] = paid
    books.servers_ordered[:, 0] = paid
    books.cash[:, 0] = np.array(earned, dtype=float) - paid
    nothing = Flows(np.zeros((4, 1)), np.zeros(1))
    return carry_financing(m, books, MoneyFactors.declared(m, 1), base=nothing)


def test_the_cheapest_loan_is_drawn_first_and_owners_fill_the_rest():
    """Ten are paid in the first quarter: six of the cheap loan, four of the dear one. Interest is 0.12 + 0.2
    a quarter; what is earned beyond is paid out.

    Sensitivity: of fifteen, three come from owners.
    """
    found = carried([0, 4, 4, 4], [10, 0, 0, 0])
    assert found.debt[:, 0] == pytest.approx([10, 10, 10, 10])
    assert found.to_owners[:, 0] == pytest.approx([0, 3.68, 3.68, 3.68])
    more = carried([0, 4, 4, 4], [15, 0, 0, 0])
    assert more.raised == pytest.approx([3.0])
    assert more.to_owners[0, 0] == pytest.approx(-3.0)


def test_spare_cash_repays_the_dearest_loan_that_may_be_repaid_early():
    """4 less 0.32 of interest repays 3.68 of the 4 that are owed at 5 %. The next quarter earns 4 less 0.12
    and 0.016: 0.32 repay the rest and 3.544 are paid out.
    """
    found = carried([0, 4, 4, 4], [10, 0, 0, 0], dear={"early": True})
    assert found.debt[:, 0] == pytest.approx([10, 6.32, 6, 6])
    assert found.to_owners[:3, 0] == pytest.approx([0, 0, 3.544])


def test_a_loan_draws_no_more_than_its_share_of_what_it_pays_for():
    """80 % of what is paid for from its first day: 4 of 5; owners put in the rest.

    Sensitivity: without the share all five are borrowed.
    """
    half = {"share_of_cost": "80 %", "pays_for": ["servers"]}
    found = carried([0] * 4, [5, 0, 0, 0], cheap=half, dear={"amount": "0.5 mn CNY"})
    assert found.debt[0, 0] == pytest.approx(4.5)
    assert found.raised[0] >= 0.5


def test_a_loan_is_repaid_by_its_plan_whatever_is_earned():
    """In equal parts in the last quarter and two after: what is not earned owners put in."""
    straight = {"repayment": "straight", "draw_until": "2025-06-30", "maturity": "2026-03-31"}
    found = carried([0] * 4, [3, 0, 0, 0], cheap=straight, dear={"amount": "0.001 mn CNY"})
    assert found.debt[:, 0] == pytest.approx([3, 2, 1, 0], abs=2e-3)


def test_a_breach_is_counted_in_the_quarter_in_which_it_happens():
    """Debt of 10 over 4 · 6 / 2 = 12 of yearly EBITDA after two quarters is 0.83; after three it is
    10 / (4 · 10 / 3) = 0.75, after four 10 / 14.
    """
    covenants = {"leverage": {"most": 0.8, "since": "2025-07-01"}}
    found = carried([0, 6, 4, 4], [10, 0, 0, 0], covenants=covenants)
    assert found.breach["leverage"] == pytest.approx([0, 1, 0, 0])


def test_a_vendor_lends_on_what_was_delivered_of_its_own_servers():
    """Of 10 that are paid 4 are the vendor's: 80 % of these are 3.2.

    Sensitivity: without naming its servers it lends 6, its amount.
    """
    half = {"share_of_cost": "80 %", "pays_for": ["servers"], "offers": ["server"]}
    m = compiled({"financing": {"facilities": {"vendor": LOAN | half}}, "offers.other": offer("1 mn CNY")})
    books = Books.empty(4, 1, facilities=1)
    books.paid[0, 0] = books.servers_ordered[0, 0] = 10.0
    books.lent_on[0, 0] = 4.0
    books.cash[0, 0] = -10.0
    nothing = Flows(np.zeros((4, 1)), np.zeros(1))
    found = carry_financing(m, books, MoneyFactors.declared(m, 1), base=nothing)
    assert found.debt[0, 0] == pytest.approx(3.2)


LEVERAGE = {"leverage": {"most": 0.8, "since": "2025-07-01"}}


def test_owners_repay_what_a_covenant_does_not_bear():
    """After two quarters 0.8 times a year's EBITDA of 4 · 1 / 2 is 1.6. Of the 10 that are owed 8.4 go back:
    0.68 are left of 1 earned after 0.32 of interest, and owners put in 7.72.

    Sensitivity: where nothing may be repaid early the covenant is broken.
    """
    early = {name: {"early": True} for name in ("dear", "cheap")}
    found = carried([0, 1, 1, 1], [10, 0, 0, 0], covenants=LEVERAGE, **early)
    assert found.debt[1, 0] == pytest.approx(1.6)
    assert found.raised[0] >= 7.72 - 1e-9
    assert found.breach["leverage"] == pytest.approx([0, 0, 0, 0])
    assert carried([0, 1, 1, 1], [10, 0, 0, 0], covenants=LEVERAGE).breach["leverage"][1] == 1.0


def test_limited_equity_comes_before_debt_that_has_a_covenant_to_keep():
    """Ten are paid: three by owners, six of the cheap loan, one of the dear one. Without the covenant all ten
    are borrowed.
    """
    kept = carried([0, 4, 4, 4], [10, 0, 0, 0], covenants=LEVERAGE, equity={"total": "3 mn CNY"})
    assert (kept.debt[0, 0], kept.raised[0]) == (pytest.approx(7.0), pytest.approx(3.0))
    assert kept.first_drawn == pytest.approx([1.0, 6.0])
    assert kept.first_raised == pytest.approx(3.0)
    free = carried([0, 4, 4, 4], [10, 0, 0, 0], equity={"total": "3 mn CNY"})
    assert free.debt[0, 0] == pytest.approx(10.0)


@pytest.mark.slow
def test_a_policy_earns_for_the_firm_and_financing_is_carried_along():
    """Where owners put in what is lacking, decisions and value to the firm are those without financing; each
    strategy has its own debt.
    """
    case = cx.load_case(CASES / "two-sites-financed", "no-contract")
    equity = case.financing.equity.model_copy(update={"total": None})
    rich = case.model_copy(update={"financing": case.financing.model_copy(update={"equity": equity})})
    rich._provenance = case.provenance
    case = rich
    settings, grain = PolicySettings(iterations=3, sample_paths=4), LatticeSettings(2, 1, 8, 2, 60)
    alone = case.model_copy(update={"financing": None})
    alone._provenance = case.provenance
    found = []
    for each in (case, alone):
        planned = optimise_policy(each, settings=settings, lattice=grain)
        found.append(cx.evaluate_policy(planned, cx.simulate(planned, 4)))
    financed, without = found
    assert financed.strategies.metrics[0].npv == without.strategies.metrics[0].npv
    assert not without.financed
    assert set(financed.financed) == {each.strategy for each in financed.strategies.metrics}
    policy = financed.financed["policy"]
    assert policy.debt.max() > 0.0
    assert set(policy.breach) == {"debt_service_cover"}
