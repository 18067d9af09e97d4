"""Other currencies of the small case: debt, revenue and hedges, worked out by hand, and what is refused."""

import numpy as np
import pytest
from small_case import loaded, objective, planned, workload

from capexpand.errors import CaseError
from capexpand.finance.currencies import exposures
from capexpand.finance.debt import financing_statement
from capexpand.finance.statements import statement
from capexpand.model.compile import compile_case
from capexpand.model.realised import realise
from capexpand.pipeline import evaluate, optimise
from capexpand.policy.debt_futures import DebtFutures
from capexpand.policy.outside import MoneyFactors, outside_earnings
from capexpand.reporting.context import ReportContext
from capexpand.reporting.document import metrics_document
from capexpand.scenarios.entries import Entry
from capexpand.scenarios.futures import compile_futures
from capexpand.scenarios.sampling import draw_scenarios

# A server costs 1 mn CNY at order, comes a quarter later and earns 1 mn CNY a quarter; there is room for ten.
LATE = {
    "offers.server.lead_time": "3 months",
    "offers.server.buy.deposit": "100 %",
    "finance.discount_rate": "21.550625 %/year",  # 5 % a quarter
    "exchange_rates": {"USD": {"2025-04-01": "6 CNY/USD", "2025-07-01": "6.6 CNY/USD"}},
}
DOLLARS = {
    "title": "Loan",
    "amount": "10 mn USD",
    "draw_until": "2025-06-30",
    "maturity": "2026-03-31",
    "rate": "21.550625 %/year",
    "share_of_cost": "60 %",
}
# From the second quarter on the dollar is a fifth dearer for good, or it is not.
DEARER = {
    "regimes": {
        "dollar": {
            "initial": "same",
            "states": {"same": {}, "up": {"moves": {"exchange_rates.USD": "120 %"}}},
            "transitions": {"same": {"up": "50 %"}},
        }
    }
}
AT_TEN = {"exchange_rates": {"USD": "10 CNY/USD"}, "workloads.chat.price": "0.1 USD/Mtoken"}


def borrowing(**changes):
    money = {"equity": {"total": "4 mn CNY"}, "facilities": {"bank": DOLLARS}}
    return {**LATE, "financing": money, **changes}


def dearest(futures, kind, name):
    """Return the factor of an entry in the second quarter where the dollar is a fifth dearer."""
    row = futures.entries.index(Entry(kind, name))
    return futures.factors(1, np.zeros((0, 1)), np.array([[1]]))[row, 0]


def test_a_loan_in_dollars_is_owed_in_dollars():
    """Six of ten million are borrowed at 6: a million dollars. At 6.6 it is 6.6 that are owed and repaid, of
    which 5 % a quarter, 0.33, is interest. The 0.6 are a loss and no cash.

    Sensitivity: in yuan 6 are owed and 0.3 is paid.
    """
    found = financing_statement(planned(borrowing()))
    assert found.drawn[0] == pytest.approx([6, 0, 0, 0])
    assert found.interest[0] == pytest.approx([0, 0.33, 0.33, 0.33])
    assert found.balance[0] == pytest.approx([6, 6.6, 6.6, 0])
    assert found.repaid[0] == pytest.approx([0, 0, 0, 6.6])
    assert found.exchange_losses == pytest.approx([0, 0.6, 0, 0])
    assert found.sheet.gap < 1e-12


def test_a_loss_by_exchange_saves_tax():
    """10 earned less 0.5 of depreciation, 0.33 of interest and in the second quarter 0.6 of loss, at 25 %."""
    found = financing_statement(planned(borrowing(**{"finance.tax_rate": "25 %"})))
    assert found.tax[1:] == pytest.approx([0.25 * 8.57, 0.25 * 9.17, 0.25 * 9.17], rel=1e-9)
    assert found.sheet.gap < 1e-12


def test_a_hedged_share_is_settled_at_the_forward_rate():
    """Half at 6.2: 6.1 in the first quarter and 6.4 after. 6 / 6.1 mn USD are owed, 6.295082 mn CNY at 6.4.

    Sensitivity: without the hedge they would be 6.6.
    """
    hedges = {"USD": {"share": "50 %", "forward": "6.2 CNY/USD"}}
    plan = planned(borrowing(hedges=hedges))
    assert financing_statement(plan).balance[0, 1] == pytest.approx(6 / 6.1 * 6.4)


def test_a_price_in_dollars_is_hedged_as_a_loan_is():
    """At 0.1 USD/Mtoken and 10 CNY/USD ten servers earn 30; half of it sold forward at 12 earns
    10 · (4 · 1.1 − 1) = 34. Sensitivity: all of it 38.
    """
    assert objective(AT_TEN) == pytest.approx(30)
    half = {"hedges": {"USD": {"share": "50 %", "forward": "12 CNY/USD"}}}
    assert objective({**AT_TEN, **half}) == pytest.approx(34)
    assert objective(
        {**AT_TEN, "hedges": {"USD": {"share": "100 %", "forward": "12 CNY/USD"}}}
    ) == pytest.approx(38)


@pytest.mark.parametrize(("share", "factor"), [(None, 1.2), ("75 %", 1.05), ("100 %", 1.0)])
def test_a_future_moves_what_is_not_hedged(share, factor):
    """The dollar a fifth dearer: of a price that is hedged to three quarters 1 + 0.25 · 0.2 = 1.05."""
    hedges = {} if share is None else {"hedges": {"USD": {"share": share}}}
    futures = compile_futures(loaded({**AT_TEN, **hedges, "uncertainty": DEARER}))
    assert dearest(futures, "base_price", "chat") == pytest.approx(factor)
    assert futures.mean[0] == pytest.approx(1.0 + (factor - 1.0) * np.array([0, 0.5, 0.75, 0.875]))


def test_exit_costs_and_prices_of_used_units_follow_their_currency():
    """The dollar a fifth dearer makes each of them a fifth dearer. Sensitivity: 1 for all."""
    terms = {"fee": "0.5 mn CNY/quarter", "term": "3 months", "exit_cost": "0.01 mn USD"}
    rented = {"fee": "2 mn CNY/MW/quarter", "lead_time": "0 months", "term": "3 months"}
    bought = {"price": "0.1 mn USD", "deposit": "0 %", "resale": "0.05 mn USD"}
    case = loaded({
        **AT_TEN, "uncertainty": DEARER, "offers.server.lease": terms, "offers.server.buy": bought,
        "sites.east.colocate": rented | {"exit_cost": "0.1 mn USD/MW"},
    })  # fmt: skip
    futures, m = compile_futures(case), compile_case(case)
    for kind, name in (
        ("unit_exit_cost", "server"), ("resale_price", "server"), ("power_exit_cost", "east"),
        ("purchase_price", "server"),
    ):  # fmt: skip
        assert dearest(futures, kind, name) == pytest.approx(1.2), kind
    factors = np.ones((len(futures.entries), 4))
    factors[:, 1] = 1.2
    moved = realise(m, futures.entries, factors)
    assert moved.offers.exit_cost[:, 1] == pytest.approx([-0.6, 0.12])
    assert moved.power.exit_cost.max(axis=0)[:2] == pytest.approx([1.0, 1.2])
    assert moved.offers.running_cost == pytest.approx(m.offers.running_cost)


def test_a_hedge_takes_as_much_out_of_a_walk_of_the_dollar():
    """In every scenario factor = 0.6 + 0.4 · factor without the hedge, and the mean is kept."""
    walk = {"trends": {"dollar": {"volatility": "20 %", "moves": {"exchange_rates.USD": 1}}}}
    cases = [
        loaded({**AT_TEN, **more, "uncertainty": walk})
        for more in ({}, {"hedges": {"USD": {"share": "60 %"}}})
    ]
    plain, hedged = (draw_scenarios(compile_futures(case), 50, seed=1) for case in cases)
    for t in range(4):
        assert hedged.factors(t) == pytest.approx(0.6 + 0.4 * plain.factors(t))
    assert compile_futures(cases[1]).mean == pytest.approx(1.0)


def test_what_customers_paid_in_advance_does_not_move():
    """A contract in dollars, a fifth of its bills paid on signing: 1 + 0.8 · 0.2 = 1.16."""
    terms = {"prepayment": "20 %", "take_or_pay": "100 %", "taken": "50 %"}
    anchor = workload(title="Anchor", demand="4 tn token/quarter", price="0.1 USD/Mtoken", contract=terms)
    case = loaded({**AT_TEN, "workloads.anchor": anchor, "uncertainty": DEARER})
    futures, m = compile_futures(case), compile_case(case)
    assert dearest(futures, "base_price", "anchor") == pytest.approx(1.16)
    factors = np.ones((len(futures.entries), 4))
    factors[futures.entries.index(Entry("base_price", "anchor"))] = 1.16
    moved = realise(m, futures.entries, factors)
    assert moved.opening.other_revenue == pytest.approx([2 * 1.16] * 4)  # two of four are paid and not taken
    assert moved.contracts.prepayments == pytest.approx(m.contracts.prepayments)
    assert moved.contracts.price == pytest.approx(1.16 * m.contracts.price)
    of_futures = MoneyFactors(futures.entries, factors.T[:, :, None])
    assert outside_earnings(m, of_futures)[:, 0] == pytest.approx([2 * 1.16] * 4)


def test_debt_follows_the_dollar_and_the_reference_rate():
    """A million owed at 6.6 is 7.92 where the dollar is a fifth dearer; 4 % and a spread of 2 % are 8 % where
    the reference rate is half as much again.
    """
    floating = {**DOLLARS, "rate": None, "spread": "2 %/year"}
    money = {"facilities": {"bank": floating}, "reference_rate": "4 %/year"}
    states = {
        "same": {},
        "up": {"moves": {"exchange_rates.USD": "120 %", "financing.reference_rate": "150 %"}},
    }
    rise = {
        "regimes": {"both": {"initial": "same", "states": states, "transitions": {"same": {"up": "100 %"}}}}
    }
    case = loaded(borrowing(financing=money, uncertainty=rise))
    m = compile_case(case)
    moved = MoneyFactors.of(m, draw_scenarios(compile_futures(case), 3, seed=1))
    debt = DebtFutures.of(m.financed, moved)
    assert debt.exchange[0, :, 0] == pytest.approx([1.0, 1.32, 1.32, 1.32])
    assert debt.interest[0, 1:, 0] == pytest.approx([1.08**0.25 - 1.0] * 3)
    assert debt.interest[0, 0, 0] == pytest.approx(1.06**0.125 - 1.0)


def test_a_run_shows_what_is_open_to_an_exchange_rate():
    """Revenue of 10 a quarter in dollars, hedged to 60 %: 4 stay open."""
    case = loaded({**AT_TEN, "hedges": {"USD": {"share": "60 %"}}})
    plans = optimise(case)
    (found,) = exposures(case, plans.optimised, statement(plans.optimised))
    assert found.revenue == pytest.approx([10] * 4)
    assert found.open == pytest.approx([4] * 4)
    told = metrics_document(ReportContext(evaluate(plans)))["currencies"]["USD"]
    assert told["open"] == pytest.approx([4e6] * 4)
    assert told["hedged_share"] == [0.6] * 4
    assert "currencies" not in metrics_document(ReportContext(evaluate(optimise(loaded()))))


@pytest.mark.parametrize(
    ("hedge", "says"),
    [
        ({"EUR": {"share": "50 %"}}, "there is no exchange rate for EUR; add CNY/EUR"),
        ({"CNY": {"share": "50 %"}}, "CNY is the case's currency; leave this out"),
        ({"USD": {"share": "50 %", "forward": "0.1 USD/CNY"}}, "write how many CNY a USD is"),
        ({"USD": {"share": "150 %"}}, "150 %"),
        ({"USD": {}}, "share"),
    ],
)
def test_what_is_wrong_with_a_hedge_is_said(hedge, says):
    with pytest.raises(CaseError, match=says):
        loaded({**AT_TEN, "hedges": hedge})


def test_damages_are_in_the_currency_of_the_price():
    anchor = workload(
        title="Anchor",
        demand="4 tn token/quarter",
        price="0.1 USD/Mtoken",
        contract={"penalty": "1 CNY/Mtoken"},
    )
    with pytest.raises(CaseError, match="write it in the currency of the price, USD"):
        loaded({**AT_TEN, "workloads.anchor": anchor})
