"""Budgets, taxes and end values by hand. The small case earns 10 · (4 − 1) = 30; see small_case.py."""

import numpy as np
import pytest
from small_case import compiled, objective, offer, planned

from capexpand.model.blocks import Blocks
from capexpand.model.compile_offers import competitive_value
from capexpand.model.opening_columns import opening_columns
from capexpand.model.stage import add_stage
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.highs import solve


def test_the_cap_limits_what_is_spent():
    """A cap of 4 buys four servers in quarter 1: 4 · 3 = 12, and one more of budget is worth 3.

    Sensitivity: without the cap the answer would be 30.
    """
    plan = planned({"programme.cap": "4 mn CNY"})
    assert plan.solver.objective == pytest.approx(12.0)
    assert plan.shadow.budget.sum() == pytest.approx(3.0)


def test_an_order_needs_budget_for_its_deposit_and_for_its_later_payment():
    """A cap of 2 by the end of quarter 1 and 8 in all; servers come a quarter later, 40 % paid at order.

    Five deposits of 0.4 take the 2 of quarter 1, and 3 of quarter 2. The 3 left buy three more then, which
    serve for two quarters: 5 · (3 − 1) + 3 · (2 − 1) = 13.
    Sensitivity: with the whole price at order two would be bought first: 2 · 2 + 6 · 1 = 10; without caps 20.
    """
    changes = {
        "programme.cap": "8 mn CNY",
        "programme.cap_by_date": {"2025-06-30": "2 mn CNY"},
        "offers.server.lead_time": "3 months",
        "offers.server.buy.deposit": "40 %",
    }
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(13.0)
    assert plan.paid == pytest.approx([2.0, 3.0 + 1.2, 1.8, 0.0])
    whole = {**changes, "offers.server.buy.deposit": "100 %"}
    assert objective(whole) == pytest.approx(10.0)


def test_a_cap_by_a_date_holds_until_that_date():
    """2 by the end of quarter 2, 5 in all: 2 · (4 − 1) + 3 · (2 − 1) = 9.

    Sensitivity: without the date the answer would be 5 · 3 = 15.
    """
    changes = {"programme.cap": "5 mn CNY", "programme.cap_by_date": {"2025-09-30": "2 mn CNY"}}
    assert objective(changes) == pytest.approx(9.0)


def test_after_the_window_only_the_renewal_budget_is_spent():
    """The window is quarter 1 with a cap of 2, then 1 a quarter: 2 · 3 + 1 · 2 + 1 · 1 = 9; the last gains 0.

    Sensitivity: without the renewal budget the answer would be 6; with the cap on all of it 6, too.
    """
    changes = {
        "programme.window_quarters": 1,
        "programme.cap": "2 mn CNY",
        "programme.renewal_budget": "1 mn CNY/quarter",
    }
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(9.0)
    assert plan.shadow.renewal == pytest.approx([0, 2, 1, 0])


def test_a_payment_due_after_the_window_needs_renewal_budget():
    """The window is quarter 1; servers come a quarter later, 40 % paid at order, 60 % after the window.

    The renewal budget of 3 in quarter 2 pays 0.6 for five servers: 5 · (3 − 1) = 10, and no deposit then.
    Those ordered in quarter 3 come in quarter 4 and gain 1 − 1 = 0.
    Sensitivity: were payments due later outside all budgets, all ten would be ordered in quarter 1: 20.
    """
    changes = {
        "programme.window_quarters": 1,
        "programme.renewal_budget": {"2025-07-01": "3 mn CNY/quarter"},
        "offers.server.lead_time": "3 months",
        "offers.server.buy.deposit": "40 %",
    }
    assert objective(changes) == pytest.approx(10.0)


def test_before_the_window_orders_count_with_what_they_make_due_inside_it():
    """The window starts in quarter 2 with a cap of 3. In quarter 1 a renewal budget of 4 pays deposits.

    Servers come a quarter later, 40 % at order: the cap pays 0.6 for five: 5 · (3 − 1) = 10.
    Sensitivity: were the cap blind to orders from before, all ten deposits would be paid and 20 gained.
    """
    changes = {
        "programme.window_start": "2025-07-01",
        "programme.window_quarters": 3,
        "programme.cap": "3 mn CNY",
        "programme.renewal_budget": "4 mn CNY/quarter",
        "offers.server.lead_time": "3 months",
        "offers.server.buy.deposit": "40 %",
    }
    assert objective(changes) == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("window", "units"),
    [
        ({"programme.cap": "3 mn CNY"}, 3.0),
        (
            {
                "programme.cap": "3 mn CNY",
                "programme.window_start": "2025-07-01",
                "programme.window_quarters": 3,
                "programme.renewal_budget": "4 mn CNY/quarter",
            },
            5.0,
        ),
    ],
    ids=["inside the window", "before the window"],
)
def test_a_quarter_by_itself_orders_no_more_than_the_next_can_pay(window, units):
    """Quarter 1 alone, as a policy sees it: servers come a quarter later, 40 % paid at order, a cap of 3.

    Inside the window both payments count, 3 / (0.4 + 0.6) = 3; before it only the second, 3 / 0.6 = 5.
    Sensitivity: were dues counted a quarter late, 7.5 would be ordered inside the window, and before it all
    ten whose deposits the renewal budget of 4 pays; in a chain of quarters the next one would hide that.
    """
    m = compiled({"offers.server.lead_time": "3 months", "offers.server.buy.deposit": "40 %", **window})
    lp = Blocks()
    stage = add_stage(lp, m, 0, opening_columns(lp, m))
    lp.add_cost(stage.orders.ordered, 100.0)
    assert solve(lp.build()).columns[stage.orders.ordered].sum() == pytest.approx(units)


def test_a_floor_is_spent_where_the_loss_is_less_than_the_penalty():
    """Servers cost 2: ten gain 10 · (4 − 2) = 20 for 20 spent. A floor of 25 asks for 5 more.

    5 spent to no use cost 5; left unspent they would cost twice that: 20 − 5 = 15, no shortfall.
    Sensitivity: without the floor the answer would be 20; without the penalty 20 with a shortfall of 5.
    """
    plan = planned({"programme.floor": "25 mn CNY", "offers.server.buy.price": "2 mn CNY"})
    assert plan.solver.objective == pytest.approx(15.0)
    assert plan.shortfall == pytest.approx(0.0)


def test_a_floor_that_cannot_be_reached_is_penalised_and_reported():
    """One server a quarter can be ordered, for 1: 3 + 2 + 1 + 0 = 6. A floor of 10 lacks 6, at 2 each: −6.

    Sensitivity: as a hard limit there would be no plan; without the floor the answer would be 6.
    """
    plan = planned({"programme.floor": "10 mn CNY", "offers.server.supply.CN": {"limit": "1 unit/quarter"}})
    assert plan.solver.objective == pytest.approx(6.0 - 12.0)
    assert plan.shortfall == pytest.approx(6.0)


def test_later_money_is_worth_less():
    """At 21 % a year a quarter's factor is 1.21^(−(t + 1/2) / 4): 0.97645, 0.93101, 0.88770, 0.84640.

    Ten servers in quarter 1: 10 · (0.93101 + 0.88770 + 0.84636) = 26.651.
    Sensitivity: at no discount the answer would be 30.
    """
    expected = 10 * sum(1.21 ** (-(t + 0.5) / 4) for t in (1, 2, 3))
    assert expected == pytest.approx(26.651, abs=1e-3)
    assert objective({"finance.discount_rate": "21 %/year"}) == pytest.approx(expected)


def test_tax_is_paid_on_earnings_and_saved_by_writing_off():
    """Tax 25 %, life of 2 years: half of a server is written off within the horizon, the rest at its end.

    40 earned leave 30; 10 paid, of which 2.5 come back as tax saved: 30 − 10 + 2.5 = 22.5.
    Sensitivity: without the tax saved it would be 20; without tax 30.
    """
    assert objective({"finance.tax_rate": "25 %", "finance.server_life": "2 years"}) == pytest.approx(22.5)


def test_tax_saved_later_is_worth_less():
    """As before at 21 % a year: an eighth a quarter for four quarters, half at the horizon's end, 1.21^−1.

    Sensitivity: without discounting the tax saved the answer would be higher by 0.270.
    """
    factors = [1.21 ** (-(t + 0.5) / 4) for t in range(4)]
    saved = 0.25 * 10 * (sum(factors) / 8 + 0.5 / 1.21)
    expected = 0.75 * 10 * sum(factors) - 10 * factors[0] + saved
    changes = {
        "finance.tax_rate": "25 %",
        "finance.server_life": "2 years",
        "finance.discount_rate": "21 %/year",
    }
    assert objective(changes) == pytest.approx(expected)
    assert 2.5 * factors[0] - saved == pytest.approx(0.270, abs=1e-3)


def test_value_added_tax_costs_the_time_until_it_comes_back():
    """13 % on 10 paid in quarter 1 come back in quarter 3, at 21 %/year: 1.3 · (0.97645 − 0.88770) = 0.1154.

    Sensitivity: never recovered it would cost 1.3 · 0.97645 = 1.269; recovered at once nothing.
    """
    rate = {"finance.discount_rate": "21 %/year"}
    plain, taxed = objective(rate), {**rate, "finance.value_added_tax": "13 %"}
    factors = [1.21 ** (-(t + 0.5) / 4) for t in range(4)]
    late = objective({**taxed, "finance.value_added_tax_recovery": "6 months"})
    assert plain - late == pytest.approx(1.3 * (factors[0] - factors[2]))
    assert plain - objective(taxed) == pytest.approx(1.3 * factors[0])
    assert objective({**taxed, "finance.value_added_tax_recovery": "0 months"}) == pytest.approx(plain)


def test_value_added_tax_is_outside_the_budget():
    """A cap of 4 buys four servers that cost 1.13 with tax: 4 · (4 − 1.13) = 11.48.

    Sensitivity: inside the budget only 4 / 1.13 = 3.54 could be bought: 10.16.
    """
    assert objective({"programme.cap": "4 mn CNY", "finance.value_added_tax": "13 %"}) == pytest.approx(11.48)


def test_what_stands_at_the_end_is_worth_a_share_of_its_price():
    """Half of the price of then: 10 · (4 − 1 + 0.5) = 35; half of what halls cost, 8 mn/MW, for 1 MW: 39.

    Sensitivity: without end values the answer would be 30.
    """
    changes = {"finance.server_end_value": "50 %"}
    assert objective(changes) == pytest.approx(35.0)
    build = {
        "cost": "8 mn CNY/MW",
        "lead_time": "6 months",
        "deposit": "30 %",
        "maintenance": "0 CNY/MW/quarter",
    }
    halls = {"finance.building_end_value": "50 %", "sites.east.build": {**build, "limit": "0 MW"}}
    assert objective({**changes, **halls}) == pytest.approx(39.0)


def test_the_end_value_is_taxed_and_discounted_to_the_end():
    """Tax 25 %, 21 %/year, end value 100 %: what stands is worth 10 · 0.75 / 1.21 = 6.198 more than without.

    Sensitivity: untaxed it would be 8.264; discounted as a payment of quarter 4, 6.348.
    """
    changes = {"finance.tax_rate": "25 %", "finance.discount_rate": "21 %/year"}
    gained = objective({**changes, "finance.server_end_value": "100 %"}) - objective(changes)
    assert gained == pytest.approx(7.5 / 1.21)


def test_successors_press_the_end_value():
    """In quarter 4 a server of the next generation serves twice as much for 1.2: what serves 1 is worth 0.6.

    End value share 100 %: ten old ones gain 10 · (4 − 1 + 0.6) = 36; the new ones come too late to earn.
    Sensitivity: without successors the answer would be 40.
    """
    changes = {
        "finance.server_end_value": "100 %",
        "offers.next": offer(
            "1.2 mn CNY", available_from="2026-01-01", supply={"CN": {"limit": "0.001 units/quarter"}}
        ),
        "workloads.chat.throughput": {"server": "1 tn token/quarter", "next": "2 tn token/quarter"},
    }
    m = compiled(changes)
    assert m.offers.end_value == pytest.approx([0.6, 1.2])
    # a thousandth of a unit of the next generation takes the place of one old unit in quarter 4
    assert optimise_plan(m).solver.objective == pytest.approx(36.0, abs=2e-3)


def test_a_used_unit_is_worth_most_in_the_use_in_which_it_compares_best():
    """The old one serves 4 of chat, 1 of training; the new one, for 10, 8 and 10: 10 · max(4/8, 1/10) = 5.

    Sensitivity: by the worse use it would be 1; without the new one its own price, 7.
    """
    list_price, service = np.array([7.0, 10.0]), np.array([[4.0, 1.0], [8.0, 10.0]])
    assert competitive_value(list_price, service, np.array([True, True])) == pytest.approx([5.0, 10.0])
    assert competitive_value(list_price, service, np.array([True, False])) == pytest.approx([7.0, 10.0])


def test_a_rival_that_cannot_serve_one_of_its_uses_does_not_press_its_value():
    """The new one serves no training at all: the old one keeps its own price, 7. Sensitivity: else 5."""
    list_price, service = np.array([7.0, 10.0]), np.array([[4.0, 1.0], [8.0, 0.0]])
    assert competitive_value(list_price, service, np.array([True, True])) == pytest.approx([7.0, 10.0])


def test_prices_in_another_currency_follow_the_rate_of_the_quarter():
    """A server costs 0.1 mn USD, at 10 CNY/USD in quarter 1 and 5 from quarter 2.

    10 · (4 − 1) = 30 at once, or 10 · (3 − 0.5) = 25 a quarter later: 30. At 40 CNY/USD in quarter 1 it is
    better to wait: 25. Sensitivity: at the first rate throughout the second answer would be 0.
    """
    changes = {"offers.server.buy.price": "0.1 mn USD"}
    fall = {**changes, "exchange_rates": {"USD": {"2025-04-01": "10 CNY/USD", "2025-07-01": "5 CNY/USD"}}}
    assert objective(fall) == pytest.approx(30.0)
    steep = {**changes, "exchange_rates": {"USD": {"2025-04-01": "40 CNY/USD", "2025-07-01": "5 CNY/USD"}}}
    assert objective(steep) == pytest.approx(25.0)


def test_the_base_buys_from_its_own_renewal_budget_only():
    """Without the programme 1 a quarter can be spent: 3 + 2 + 1 + 0 = 6.

    Sensitivity: with the programme's cap of 4 the answer would be 12.
    """
    m = compiled({"programme.cap": "4 mn CNY", "programme.renewal_without_programme": "1 mn CNY/quarter"})
    assert optimise_plan(m.without_programme()).solver.objective == pytest.approx(6.0)
    assert optimise_plan(m).solver.objective == pytest.approx(12.0)


def test_what_no_decision_changes_is_in_the_objective():
    """Revenue of 5, cost of 2 a quarter and 3 due in quarter 2: 30 + 4 · 3 − 3 = 39.

    Sensitivity: without the opening's business the answer would be 30.
    """
    changes = {
        "opening.other_revenue": "5 mn CNY/quarter",
        "opening.other_cost": "2 mn CNY/quarter",
        "opening.payments_due": {"2025-07-01": "3 mn CNY"},
    }
    assert objective(changes) == pytest.approx(39.0)
