"""Sale and leaseback by hand. The small case earns 10 · (4 − 1) = 30; see small_case.py."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_case import objective, planned

from capexpand.finance.checks import check_plan
from capexpand.finance.debt import financing_statement
from capexpand.finance.economic import economic_value
from capexpand.finance.statements import statement

ONCE = {"offers.server.available_until": "2025-06-30"}


def sold(**terms):
    """The small case with ten servers at once, which can be sold and leased back."""
    return ONCE | {"offers.server.buy.leaseback": {"price": "1 mn CNY", "fee": "0.3 mn CNY/quarter", **terms}}


def test_a_sale_and_leaseback_brings_its_price_at_once_and_costs_its_fees():
    """Ten servers are sold on delivery for 1.2 and cost 0.25 a quarter for a year: 30 + 10 · (1.2 − 1) = 32.

    Sensitivity: at a fee of 0.35 nothing is sold, for 1.4 is more than 1.2.
    """
    plan = planned(sold(price="1.2 mn CNY", fee="0.25 mn CNY/quarter", term="1 year"))
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(32.0)
    ours = statement(plan)
    assert ours.leaseback_proceeds == pytest.approx([12, 0, 0, 0])
    assert ours.leases == pytest.approx([2.5] * 4)
    assert ours.leaseback_gains == pytest.approx([2, 0, 0, 0])
    assert ours.book_value == pytest.approx([0.0] * 4)
    assert ours.depreciation == pytest.approx([0.0] * 4)
    assert ours.ebita == pytest.approx([10 - 2.5 + 2] + [10 - 2.5] * 3)
    assert objective(sold(price="1.2 mn CNY", fee="0.35 mn CNY/quarter", term="1 year")) == pytest.approx(
        30.0
    )


def test_what_is_sold_at_an_age_leaves_the_books_with_its_gain():
    """Written off over 5 years, ten servers hold 0.9 of 1 after two quarters: sold at 1.1 the gain is 2.

    From then on nothing is written off, and the lease costs 0.1 for two quarters: 30 + 10 · (1.1 − 0.2).
    Sensitivity: the gain would be 1 at the price paid.
    """
    plan = planned(sold(price="1.1 mn CNY", fee="0.1 mn CNY/quarter", term="6 months", age="6 months"))
    check_plan(plan)
    ours = statement(plan)
    assert plan.solver.objective == pytest.approx(30.0 + 10 * 0.9)
    assert ours.leaseback_gains == pytest.approx([0, 0, 10 * (1.1 - 0.9), 0])
    assert ours.depreciation == pytest.approx([0.5, 0.5, 0.0, 0.0])
    assert ours.book_value == pytest.approx([9.5, 9.0, 0.0, 0.0])


def test_units_go_to_the_lessor_at_the_end_of_their_term():
    """Sold at 1 for half a year at 0.1, ten servers would earn two quarters only: 20 − 2 is less than 30.

    Where nobody asks for them after half a year, it pays: 20 − 10 + 10 − 2 = 18, and then nothing stands.
    Sensitivity: kept to the end they would earn 10.
    """
    terms = {"term": "6 months", "fee": "0.1 mn CNY/quarter"}
    fades = {
        "workloads.chat.demand": {"2025-04-01": "100 tn token/quarter", "2025-10-01": "0 tn token/quarter"}
    }
    assert objective(sold(**terms)) == pytest.approx(30.0)
    plan = planned(sold(**terms) | fades)
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(18.0)
    assert plan.installed[0, 0] == pytest.approx([10, 10, 0, 0])
    assert statement(plan).leases == pytest.approx([1, 1, 0, 0])
    assert objective(ONCE | fades) == pytest.approx(10.0)


def test_what_the_lessor_owns_at_the_end_is_worth_nothing_to_the_lessee():
    """With an end value of half of 1 a sale at 1 for 0.1 a quarter gives 5 away: 30 + 10 − 4 = 36, not 35.

    Sensitivity: were it the lessee's, it would be 41.
    """
    end = {"finance.server_end_value": "50 %", "offers.server.available_until": "2026-03-31"}
    terms = {"fee": "0.1 mn CNY/quarter", "term": "1 year"}
    plan = planned(sold(**terms) | end)
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(36.0)
    assert statement(plan).end_value_units == pytest.approx(0.0, abs=1e-9)
    assert economic_value(plan).value == pytest.approx([0.0] * 4, abs=1e-9)


def test_tax_is_paid_on_the_gain_and_saved_on_the_fees():
    """A fifth is tax. Ten servers earn 40 and write off 2 of 10, and 8 at the end: 40 − 10 − 6 = 24.

    Sold at 1.2 and leased at 0.25: 40 − 10 + 12 − 10 − 0.2 · (40 + 2 − 10) = 25.6.
    Sensitivity: a gain that is not taxed would leave 26.
    """
    tax = {"finance.tax_rate": "20 %"}
    plan = planned(sold(price="1.2 mn CNY", fee="0.25 mn CNY/quarter", term="1 year") | tax)
    check_plan(plan)
    assert objective(ONCE | tax) == pytest.approx(24.0)
    assert plan.solver.objective == pytest.approx(25.6)
    assert statement(plan).tax.sum() == pytest.approx(0.2 * 32)


def test_wear_tells_on_servers_that_are_leased_back():
    """Beyond two quarters half of them fail in each: 10, 10, 10 and 5 stand. Sold at 1.2 for a year at 0.1 a
    quarter each, they earn 35, cost 10 and 4 · 1, and bring 12: 35 − 10 − 4 + 12 = 33. Sold for three
    quarters only, five go to the lessor in the last.

    Sensitivity: without wear they would earn 40.
    """
    wear = {
        "offers.server.wear": {"after": "6 months", "attrition": "93.75 %/year", "maintenance": "0 %/year"},
        "offers.server.supply.CN": {"limit": "10 units/quarter"},
    }
    plan = planned(sold(price="1.2 mn CNY", fee="0.1 mn CNY/quarter", term="1 year") | wear)
    check_plan(plan)
    left = plan.installed[0, 0]
    assert statement(plan).leases == pytest.approx([1.0] * 4)
    assert plan.solver.objective == pytest.approx(33.0)
    assert left == pytest.approx([10, 10, 10, 5])
    handed = planned(sold(price="1.2 mn CNY", fee="0.1 mn CNY/quarter", term="9 months") | wear)
    check_plan(handed)
    assert handed.handed_over[0, 0] == pytest.approx([0, 0, 0, 5])


FINANCED = {
    "workloads.chat.price": "0.3 CNY/Mtoken",
    "financing": {
        "facilities": {
            "loan": {
                "title": "Loan",
                "amount": "100 mn CNY",
                "draw_until": "2025-06-30",
                "maturity": "2026-03-31",
                "rate": "8 %/year",
                "share_of_book": "50 %",
            }
        },
        "covenants": {"loan_to_value": {"most": 0.9}},
        "equity": {"limit": "2 mn CNY/quarter"},
    },
}


def test_a_sale_and_leaseback_finances_what_equity_and_loans_do_not():
    """Equity of 2 a quarter, earnings and loans of half of the books, due within the year, buy seven servers.

    Sold and leased back they pay for themselves, so ten are bought; the balance sheet holds none of these.
    Sensitivity: without leaseback it would be seven.
    """
    least = planned(ONCE | FINANCED)
    plan = planned(sold(price="1 mn CNY", fee="0.26 mn CNY/quarter", term="1 year") | FINANCED)
    check_plan(plan)
    assert least.ordered.sum() < 8.0
    assert plan.ordered.sum() == pytest.approx(10.0)
    assert plan.solver.objective > least.solver.objective
    assert financing_statement(plan).sheet.gap < 1e-9


@pytest.mark.slow
@given(
    price=st.floats(0.3, 1.0), fee=st.floats(0.02, 0.3), months=st.integers(1, 6), age=st.integers(0, 6),
    tax=st.sampled_from([0, 25]), end=st.sampled_from([0, 40]), book=st.booleans(),
    attrition=st.sampled_from([0, 20]), financed=st.booleans(),
)  # fmt: skip
@settings(max_examples=10, deadline=None)
def test_the_option_never_lowers_value_and_the_plan_passes_every_check(
    price, fee, months, age, tax, end, book, attrition, financed
):
    changes = {
        "finance.tax_rate": f"{tax} %",
        "finance.discount_rate": "8 %/year",
        "finance.server_end_value": f"{end} %",
        "finance.end_value_within_book": book,
        "offers.server.attrition": f"{attrition} %/year",
        "offers.server.life": "9 months" if -(-months // 3) - (-age // 3) <= 3 else "5 years",
        "offers.server.buy.resale": "0.2 mn CNY",
    } | (FINANCED if financed else {})
    changes["finance.tax_rate"] = f"{tax} %"
    terms = {"price": f"{price} mn CNY", "fee": f"{fee} mn CNY/quarter", "term": f"{months} months"}
    with_it = {"offers.server.buy.leaseback": terms | {"age": f"{age} months"}}
    plain, plan = planned(changes), planned(changes | with_it)
    check_plan(plan)
    assert plan.solver.objective >= plain.solver.objective - 1e-6
    gap = financing_statement(plan)
    assert gap is None or gap.sheet.gap < 1e-9
