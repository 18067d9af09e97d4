"""Statements of cases small enough to work out on paper. Money in millions, four quarters, no discount."""

from dataclasses import replace

import numpy as np
import pytest

from capexpand.finance.money_lines import Terms
from capexpand.finance.rows import Rows
from capexpand.finance.statements import statement
from capexpand.finance.taxes import tax_lines
from capexpand.optimiser.deterministic import optimise_plan

ONCE = [1.0, 0.0, 0.0, 0.0]  # one unit can be ordered, in the first quarter


def flows(*amounts):
    return pytest.approx(list(amounts), abs=1e-9)


def test_a_unit_is_committed_at_order_and_an_asset_at_delivery(build):
    """One unit for 100, deposit 40 %, delivered a quarter later, written off over two quarters; it earns 80.

    Commitment 100 now; payments 40 and 60; addition 100 on delivery; depreciation 50 and 50; operating
    profit 0, 30, 30, 80, taxed at 25 %; free cash -40, 80-60-7.5, 80-7.5, 80-20.
    Sensitivity: paid in full at order the first flow would be -100, written off from the order on the last
    quarter but one would be taxed with 20.
    """
    m = build(
        offers={"lead_quarters": 1, "deposit_fraction": 0.4, "limit": ONCE},
        taxes={"rate": 0.25},
    )
    ours = statement(optimise_plan(m))
    assert ours.commitments == flows(100, 0, 0, 0)
    assert ours.capital_payments == flows(40, 60, 0, 0)
    assert ours.in_progress == flows(40, 0, 0, 0)
    assert ours.additions == flows(0, 100, 0, 0)
    assert ours.depreciation_servers == flows(0, 50, 50, 0)
    assert ours.book_value == flows(0, 50, 0, 0)
    assert ours.ebitda == flows(0, 80, 80, 80)
    assert ours.ebita == flows(0, 30, 30, 80)
    assert ours.tax == flows(0, 7.5, 7.5, 20)
    assert ours.free_cash_flow == flows(-40, 12.5, 72.5, 60)
    assert ours.cumulative_free_cash_flow == flows(-40, -27.5, 45, 105)


def test_a_loss_lowers_the_tax_of_later_quarters(build):
    """One unit for 100 is written off at once and earns 60 a quarter: profit -40, 60, 60, 60.

    The loss of 40 leaves 20 of the second quarter to be taxed at 25 %.
    Sensitivity: with the loss refunded at once the taxes would be -10, 15, 15, 15; with it lost,
    0, 15, 15, 15.
    """
    m = build(
        offers={"limit": ONCE}, workloads={"price": 60.0}, taxes={"rate": 0.25, "server_life_quarters": 1}
    )
    ours = statement(optimise_plan(m))
    assert ours.ebita == flows(-40, 60, 60, 60)
    assert ours.losses_carried_forward == flows(40, 0, 0, 0)
    assert ours.tax == flows(0, 5, 15, 15)


def test_losses_add_up_until_they_are_used(build):
    """Losses of 30 and 20 meet profits of 10 and 60: 20 is taxed at 10 %.

    A loss of 5 then meets an end profit of 8: 3 is taxed.
    Sensitivity: were only the last loss remembered, 10 + 60 - 20 = 50 would be taxed instead of 20.
    """
    terms = Terms.of(build(taxes={"rate": 0.1}))
    profit = Rows(np.array([-30.0, -20.0, 10.0, 60.0, -5.0]))
    bill = tax_lines(terms, profit, Rows(np.asarray(8.0), (), False))
    assert bill.losses.values == flows(30, 50, 40, 0, 5)
    assert bill.tax.values == flows(0, 0, 0, 2, 0)
    assert bill.end_tax.values == pytest.approx(0.3)


def test_value_added_tax_comes_back_after_its_delay(build):
    """13 % on 100 paid now comes back two quarters later.

    Sensitivity: without the delay the first flow would be -100 + 80 and nothing would follow.
    """
    m = build(offers={"limit": ONCE}, vat=0.13, vat_recovery=2)
    ours = statement(optimise_plan(m))
    assert ours.value_added_tax_paid == flows(13, 0, 0, 0)
    assert ours.value_added_tax_recovered == flows(0, 0, 13, 0)
    assert ours.additions == flows(100, 0, 0, 0)
    assert ours.free_cash_flow == flows(-33, 80, 93, 80)


def test_value_added_tax_due_after_the_horizon_comes_with_the_end_value(build):
    """A unit bought in the last quarter for 100 earns 300; its 13 of tax come back after the horizon.

    Sensitivity: a recovery cut off at the horizon would leave the end with 0.
    """
    m = build(offers={"limit": [0.0, 0.0, 0.0, 1.0]}, workloads={"price": 300.0}, vat=0.13, vat_recovery=2)
    ours = statement(optimise_plan(m))
    assert ours.value_added_tax_recovered == flows(0, 0, 0, 0)
    assert ours.end_value_added_tax == pytest.approx(13.0)
    assert ours.end_cash == pytest.approx(13.0)


def test_value_added_tax_that_never_comes_back_is_part_of_the_asset(build):
    """113 paid for a price of 100 is written off as 56.5 a quarter.

    Sensitivity: written off without the tax it would be 50 a quarter.
    """
    ours = statement(optimise_plan(build(offers={"limit": ONCE}, vat=0.13)))
    assert ours.additions == flows(113, 0, 0, 0)
    assert ours.depreciation_servers == flows(56.5, 56.5, 0, 0)
    assert ours.capital_payments == flows(100, 0, 0, 0)
    assert ours.value_added_tax_paid == flows(13, 0, 0, 0)
    assert ours.in_progress == flows(0, 0, 0, 0)


def test_duty_and_export_fee_are_shown_apart_and_paid_with_the_price(build):
    """Of a price of 100, 5 is duty and 10 export fee; 40 % is paid at order: 2 and 4, then 3 and 6.

    Sensitivity: charged on top of the price, payments would be 46 and 69.
    """
    m = build(
        offers={
            "lead_quarters": 1,
            "deposit_fraction": 0.4,
            "limit": ONCE,
            "import_duty": 5.0,
            "export_fee": 10.0,
        }
    )
    ours = statement(optimise_plan(m))
    assert ours.import_duties == flows(2, 3, 0, 0)
    assert ours.export_fees == flows(4, 6, 0, 0)
    assert ours.capital_payments == flows(40, 60, 0, 0)


def test_a_leased_unit_costs_its_fee_for_the_term_and_then_its_exit(build):
    """Leased for 30 a quarter, for two quarters at least, 5 to hand back; demand lasts two quarters.

    Handed back in the third quarter: fees 30 and 30, exit 5. Nothing is paid for, owned or written off.
    Sensitivity: without the exit cost the third flow would be 0; without the term nothing would change,
    and without handing back the fee would run on.
    """
    m = build(
        offers={
            "owned": False,
            "price": 0.0,
            "running_cost": 30.0,
            "term_quarters": 2,
            "exit_cost": 5.0,
            "limit": ONCE,
        },
        workloads={"demand": [1.0, 1.0, 0.0, 0.0]},
    )
    ours = statement(optimise_plan(m))
    assert ours.leases == flows(30, 30, 0, 0)
    assert ours.exit_costs == flows(0, 0, 5, 0)
    assert ours.maintenance == flows(0, 0, 0, 0)
    assert ours.additions == flows(0, 0, 0, 0)
    assert ours.free_cash_flow == flows(50, 50, -5, 0)


def test_colocated_power_costs_its_fee_for_the_term_and_then_its_exit(build):
    """1 MW rented from the second quarter on for 10 a quarter, two quarters at least, 3 to hand back.

    A unit bought for 100 in the second quarter earns 80 twice: 80 - 100 - 10, 80 - 10, then 3 to leave.
    Sensitivity: with power of its own the last flow would be 0.
    """
    m = build(
        power={
            "owned": False,
            "lead_quarters": 1,
            "term_quarters": 2,
            "limit_mw": [1.0, 0.0, 0.0, 0.0],
            "running_cost": 10.0,
            "exit_cost": 3.0,
        },
        opening={"power_mw": 0.0},
        offers={"limit": [0.0, 1.0, 0.0, 0.0]},
        workloads={"demand": [0.0, 1.0, 1.0, 0.0]},
    )
    ours = statement(optimise_plan(m))
    assert ours.leases == flows(0, 10, 10, 0)
    assert ours.exit_costs == flows(0, 0, 0, 3)
    assert ours.depreciation_buildings == flows(0, 0, 0, 0)
    assert ours.free_cash_flow == flows(0, -30, 70, -3)


def test_own_halls_are_maintained_powered_and_written_off_by_themselves(build):
    """1 MW built for 20 over four quarters' life, 1 a quarter to maintain; a unit draws half of it.

    Energy is 0.5 MW x 2000 h x 0.01 x a power usage effectiveness of 1.5 = 15 a quarter; ordinary costs are
    10 % of 80; the unit itself costs 2 a quarter to maintain.
    Sensitivity: without the effectiveness energy would be 10, with full draw 30.
    """
    m = build(
        sites={"power_usage_effectiveness": 1.5, "energy_price": 0.01},
        power={"limit_mw": ONCE, "price": 20.0, "running_cost": 1.0},
        opening={"power_mw": 0.0},
        offers={"limit": ONCE, "draw_fraction": 0.5, "running_cost": 2.0},
        workloads={"margin_fraction": 0.9},
        taxes={"building_life_quarters": 4},
    )
    ours = statement(optimise_plan(m))
    assert ours.energy == flows(15, 15, 15, 15)
    assert ours.maintenance == flows(3, 3, 3, 3)
    assert ours.ordinary_costs == flows(8, 8, 8, 8)
    assert ours.payments_buildings == flows(20, 0, 0, 0)
    assert ours.depreciation_buildings == flows(5, 5, 5, 5)
    assert ours.book_buildings == flows(15, 10, 5, 0)
    assert ours.ebita == flows(-1, -1, 49, 49)


def test_what_fails_early_is_written_off_as_planned(build):
    """Half of the units fail each quarter: 1, 1/2, 1/4, 1/8 earn 80 each; 50 and 50 are written off.

    Sensitivity: were failures written off, the second quarter would carry more than 50.
    """
    ours = statement(optimise_plan(build(offers={"limit": ONCE, "attrition": 0.5})))
    assert ours.revenue == flows(80, 40, 20, 10)
    assert ours.depreciation_servers == flows(50, 50, 0, 0)


def test_what_is_left_in_the_books_is_set_against_the_end_value(build):
    """100 over eight quarters leaves 50 in the books after four; 70 at the end is taxed on 20 at 25 %.

    Sensitivity: taxed in full it would be 17.5.
    """
    m = build(offers={"limit": ONCE, "end_value": 70.0}, taxes={"rate": 0.25, "server_life_quarters": 8})
    ours = statement(optimise_plan(m))
    assert ours.book_value == flows(87.5, 75, 62.5, 50)
    assert ours.end_profit == pytest.approx(20.0)
    assert ours.end_tax == pytest.approx(5.0)
    assert ours.end_cash == pytest.approx(65.0)


@pytest.mark.parametrize(("within_book", "units", "halls"), [(False, 70.0, 8.0), (True, 50.0, 8.0)])
def test_units_and_halls_are_worth_something_at_the_end(build, within_book, units, halls):
    """A unit for 100 over eight quarters is worth 70, a hall for 20 over eight 8: 78 on the market.

    The books hold 50 and 10 after four quarters; held to them the unit is worth 50. What is set against is
    60: 18 or −2 to be taxed. Sensitivity: held to the books in sum, it would be 60 and not 58.
    """
    m = build(
        power={"limit_mw": ONCE, "price": 20.0, "end_value": 8.0},
        opening={"power_mw": 0.0},
        offers={"limit": ONCE, "end_value": 70.0},
        taxes={"server_life_quarters": 8, "building_life_quarters": 8},
    )
    ours = statement(optimise_plan(replace(m, end_value_within_book=within_book)))
    assert float(ours.end_value_market) == pytest.approx(78.0)
    assert (float(ours.end_value_units), float(ours.end_value_power)) == pytest.approx((units, halls))
    assert ours.end_profit == pytest.approx(units + halls - 60.0)


def test_an_internal_workload_brings_value_but_no_cash(build):
    """A unit for 100 serves what is worth 80 a quarter inside the company, at ordinary costs of 10 %.

    Sensitivity: counted as revenue the first quarter would earn 80 - 8 - 50 = 22 and not -58.
    """
    m = build(roles=("internal",), offers={"limit": ONCE}, workloads={"margin_fraction": 0.9})
    ours = statement(optimise_plan(m))
    assert ours.revenue == flows(0, 0, 0, 0)
    assert ours.transfer_value == flows(80, 80, 80, 80)
    assert ours.ebita == flows(-58, -58, -8, -8)
    assert ours.ebita_with_transfer == flows(22, 22, 72, 72)
    assert ours.free_cash_flow == flows(-108, -8, -8, -8)
