"""Energy by hand. The small case earns 10 · (4 − 1) = 30 with ten servers of 100 kW; see small_case.py.

A quarter has 2,191.5 hours. With full draw the ten servers take 2,191.5 MWh, so an energy price of 0.1
CNY/kWh costs 0.21915 mn CNY a quarter.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_case import OBJECTIVE, loaded, objective, planned

from capexpand.errors import CaseError
from capexpand.finance.checks import check_plan
from capexpand.finance.energy import emitted_tonnes, renewable_mwh
from capexpand.finance.statements import statement

BILL = 0.21915  # a quarter at 0.1 CNY/kWh
GRID = {"sites.east.energy_price": "0.1 CNY/kWh"}
WIND = {
    "title": "Wind",
    "kind": "pay_as_produced",
    "price": "0.05 CNY/kWh",
    "term": "10 years",
    "renewable": True,
}


def energy(**fields):
    return {"sites.east.energy": fields}


def contract(**fields):
    return energy(contracts={"wind": WIND | fields})


def test_a_site_that_says_nothing_new_pays_the_energy_price():
    """The grid's energy costs 4 · 0.21915, whether a block for energy stands there or not."""
    plain = objective(GRID)
    assert plain == pytest.approx(OBJECTIVE - 4 * BILL)
    assert objective(GRID | energy()) == pytest.approx(plain)


def test_a_baseload_agreement_replaces_the_grid_at_its_strike():
    """1 MW at half the price saves half the bill: 30 − 4 · 0.21915 / 2. More than 1 MW would be left over.

    Sensitivity: at a strike of 0.2 it is not signed, and the bill is the grid's.
    """
    plan = planned(GRID | contract(kind="baseload"))
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(OBJECTIVE - 2 * BILL)
    assert plan.energy.signed[0] == pytest.approx([1, 0, 0, 0])
    assert statement(plan).energy == pytest.approx([BILL / 2] * 4)
    assert objective(GRID | contract(kind="baseload", price="0.2 CNY/kWh")) == pytest.approx(
        OBJECTIVE - 4 * BILL
    )


def test_all_that_a_plant_produces_is_paid_for_and_what_does_not_match_is_sold():
    """2 MW at an output of 40 % make 0.8 of the need, three quarters of it at hours of use: 0.6 of it.

    Paid 0.8 · 0.5 = 0.4 bills, 0.4 bills are bought from the grid, 0.2 are sold at half the price: 0.1.
    The cost is 0.7 of the bill. Sensitivity: were all of it used, it would be 0.6.
    """
    terms = {"output": "40 %", "surplus": "50 %", "limit": {"2025-04-01": "2 MW", "2025-07-01": "0 MW"}}
    plan = planned(GRID | contract(**terms, matched="75 %"))
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(OBJECTIVE - 4 * 0.7 * BILL)
    assert objective(GRID | contract(**terms)) == pytest.approx(OBJECTIVE - 4 * 0.6 * BILL)


def test_a_strike_holds_for_the_term_and_ends_with_it():
    """Signed in quarter 1 at 0.05 for six months; then the strike is 0.2: two quarters at half the bill."""
    path = {"2025-04-01": "0.05 CNY/kWh", "2025-07-01": "0.2 CNY/kWh"}
    plan = planned(GRID | contract(kind="baseload", price=path, term="6 months"))
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(OBJECTIVE - 3 * BILL)
    assert statement(plan).energy == pytest.approx([BILL / 2, BILL / 2, BILL, BILL])


def test_generators_bridge_the_time_until_the_grid_comes():
    """The grid comes in quarter 3. Generators of 1 MW, rented for six months at 1 mn CNY a quarter, burn
    0.1 CNY/kWh.

    Ten servers of 1 mn CNY earn 10 a quarter: 10 · 4 − 10 − 2 · 1 − 2 bills. A bill is for the two
    quarters of generators, the grid costs nothing here. Sensitivity: without generators the servers earn
    two quarters: 10.
    """
    late = {"sites.east.grid": {"2025-10-01": "10 MW"}}
    rented = {
        "title": "Gas", "kind": "on_site", "price": "0.1 CNY/kWh", "fee": "1 mn CNY/MW/quarter", "term": "6 "
        "months",
    }  # fmt: skip
    bridged = planned(late | energy(contracts={"gas": rented}))
    check_plan(bridged)
    assert bridged.solver.objective == pytest.approx(OBJECTIVE - 2 - 2 * BILL)
    assert objective(late) == pytest.approx(10.0)


def test_halls_may_be_ordered_against_generators():
    """No grid at all and no halls: 1 MW of each. Halls cost 4 mn CNY, generators 0.5 a quarter for the
    whole time.

    30 − 4 − 4 · 0.5 = 24. Sensitivity: without generators nothing may be built, and nothing is earned.
    """
    nothing = {
        "opening.sites.east.power": "0 MW",
        "sites.east.grid": {"2026-01-01": "0.001 MW"},
        "sites.east.build": {
            "cost": "4 mn CNY/MW", "lead_time": "0 months", "deposit": "0 %", "maintenance": "0 "
            "CNY/MW/quarter",
            "limit": {"2025-04-01": "1 MW", "2025-07-01": "0 MW"},
        },
    }  # fmt: skip
    rented = {
        "title": "Gas", "kind": "on_site", "price": "0 CNY/kWh", "fee": "0.5 mn CNY/MW/quarter", "term": "1 "
        "year",
    }  # fmt: skip
    plan = planned(nothing | energy(contracts={"gas": rented}))
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(24.0, abs=0.02)
    assert objective(nothing) < 0.05


def test_curtailed_power_serves_but_for_the_hours_in_which_it_is_taken_away():
    """0.6 MW firm and 0.4 MW that is gone for a tenth of the year: 6 + 4 · 0.9 = 9.6 servers' worth of
    service.

    9.6 · 4 − 10 = 28.4. Sensitivity: with the firm connection alone 6 · (4 − 1) = 18.
    """
    firm = {"sites.east.grid": "0.6 MW"}
    more = energy(curtailable={"power": "0.4 MW", "curtailed": "876.6 hours/year"})
    plan = planned(firm | more)
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(28.4)
    assert objective(firm) == pytest.approx(18.0)


def test_a_capacity_charge_is_paid_for_what_is_reserved_at_the_connection():
    """0.1 mn CNY for a MW and quarter: 30 − 4 · 0.1. At 12 mn CNY a server would lose and none is bought."""
    assert objective(energy(capacity_charge="0.1 mn CNY/MW/quarter")) == pytest.approx(OBJECTIVE - 0.4)
    assert objective(energy(capacity_charge="12 mn CNY/MW/quarter")) == pytest.approx(0.0)


def test_carbon_is_paid_for_where_a_site_says_what_it_emits():
    """0.5 t/MWh · 100 CNY/t · 2,191.5 MWh = 0.109575 mn CNY a quarter."""
    plan = planned({"finance.carbon_price": "100 CNY/t"} | energy(carbon_intensity="0.5 t/MWh"))
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(OBJECTIVE - 4 * 0.109575)
    assert emitted_tonnes(plan) == pytest.approx([1095.75] * 4)


def test_a_renewable_target_has_its_price():
    """Half of the energy must be renewable; wind costs 0.3 beside a grid at 0.1 CNY/kWh: the half costs a
    bill more.

    30 − 4 · (1/2 · 1 + 1/2 · 3) bills. One more MWh of renewable energy is worth what wind costs more, 200
    CNY. Sensitivity: without the target the answer would be 30 − 4 bills.
    """
    wind = contract(kind="baseload", price="0.3 CNY/kWh")
    plan = planned(GRID | wind | {"renewable_share": "50 %"})
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(OBJECTIVE - 4 * 2 * BILL)
    assert renewable_mwh(plan) == pytest.approx([1095.75] * 4)
    assert plan.energy.renewable_worth.sum() == pytest.approx(4 * 200e-6, rel=1e-6)
    assert objective(GRID | wind) == pytest.approx(OBJECTIVE - 4 * BILL)


ENGINES = {
    "title": "Engines",
    "kind": "on_site",
    "price": "0.1 CNY/kWh",
    "cost": "3 mn CNY/MW",
    "term": "2 years",
    "limit": {"2025-04-01": "5 MW", "2025-10-01": "0 MW"},
}
LATE = {"sites.east.grid": {"2025-10-01": "10 MW"}}


def test_generators_that_are_bought_are_paid_within_the_cap_and_written_off_over_their_term():
    """1 MW for 3 mn bridges two quarters: 30 − 3 − 2 bills. It is written off at 3 / 8 = 0.375 a quarter.

    With a cap of 6.5 mn each server takes 1 mn and 0.1 MW of engines, 0.3 mn: five of each, half of all.
    Where halls keep all of their cost at the end, half of the two years is left: 1.5 mn more.
    Sensitivity: rented for nothing they would take no part of the cap, and six and a half servers be bought.
    """
    plan = planned(LATE | energy(contracts={"gas": ENGINES}))
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(OBJECTIVE - 3 - 2 * BILL)
    books = statement(plan)
    assert books.payments_plants == pytest.approx([3, 0, 0, 0])
    assert books.depreciation_plants == pytest.approx([0.375] * 4)
    assert books.book_plants == pytest.approx([2.625, 2.25, 1.875, 1.5])
    assert books.capital_payments == pytest.approx([13, 0, 0, 0])
    capped = planned(LATE | energy(contracts={"gas": ENGINES}) | {"programme.cap": "6.5 mn CNY"})
    check_plan(capped)
    assert capped.ordered.sum() == pytest.approx(5.0)
    assert capped.solver.objective == pytest.approx((OBJECTIVE - 3 - 2 * BILL) / 2)
    kept = planned(LATE | energy(contracts={"gas": ENGINES}) | {"finance.building_end_value": "100 %"})
    check_plan(kept)
    assert statement(kept).end_value_plants == pytest.approx(1.5)
    assert kept.solver.objective == pytest.approx(OBJECTIVE - 3 - 2 * BILL + 1.5)


def test_generators_that_are_bought_come_after_their_lead_time_and_are_paid_in_part_at_order():
    """Ordered in quarter 1 for quarter 2: 40 % at once. Servers earn three quarters: 30 − 10 − 3 − 1 bill.

    Sensitivity: without a lead time the first quarter would earn 10 more, less a bill.
    """
    later = ENGINES | {"lead_time": "3 months", "deposit": "40 %"}
    plan = planned(LATE | energy(contracts={"gas": later}))
    check_plan(plan)
    assert statement(plan).payments_plants == pytest.approx([1.2, 1.8, 0, 0])
    assert statement(plan).in_progress == pytest.approx([1.2, 0, 0, 0])
    assert plan.solver.objective == pytest.approx(OBJECTIVE - 10 - 3 - BILL)


def test_an_end_value_within_the_books_holds_each_plant_to_its_own():
    """The price doubles by the last quarter: what is left would sell for 3 mn, in the books are 1.5."""
    dearer = ENGINES | {
        "cost": {"2025-04-01": "3 mn CNY/MW", "2026-01-01": "6 mn CNY/MW"},
        "limit": {"2025-04-01": "1 MW", "2025-07-01": "0 MW"},
    }
    kept = {"finance.building_end_value": "100 %"}
    for within, worth in ((False, 3.0), (True, 1.5)):
        changes = LATE | energy(contracts={"gas": dearer}) | kept | {"finance.end_value_within_book": within}
        plan = planned(changes)
        check_plan(plan)
        assert statement(plan).end_value_plants == pytest.approx(worth)
        assert statement(plan).end_value_market == pytest.approx(3.0)
        assert plan.solver.objective == pytest.approx(OBJECTIVE - 3 - 2 * BILL + worth)


def test_storage_moves_what_does_not_match_into_hours_of_use():
    """2 MW of wind at 40 % make 0.8 of the need, of which 0.6 match. Storage at 80 % makes 0.16 of the rest.

    It gives its power four hours a day, a sixth of the time, so 0.96 MW are bought, at 0.05 mn a MW: 0.048.
    Wind costs 0.8 · 0.5 = 0.4 bills a quarter, the grid 1 − 0.76 = 0.24. Sensitivity: without storage the
    grid costs 0.4.
    """
    terms = {"output": "40 %", "matched": "75 %", "limit": {"2025-04-01": "2 MW", "2025-07-01": "0 MW"}}
    battery = {
        "title": "Battery",
        "kind": "storage",
        "cost": "0.05 mn CNY/MW",
        "term": "10 years",
        "output": "4 hours/day",
        "efficiency": "80 %",
    }
    both = energy(contracts={"wind": WIND | terms, "battery": battery})
    plan = planned(GRID | both)
    check_plan(plan)
    assert plan.energy.signed[1].sum() == pytest.approx(0.96)
    assert plan.energy.stored == pytest.approx(0.16 * 2191.5 * np.ones((1, 4)))
    assert renewable_mwh(plan) == pytest.approx([0.76 * 2191.5] * 4)
    assert statement(plan).energy == pytest.approx([0.64 * BILL] * 4)
    assert plan.solver.objective == pytest.approx(OBJECTIVE - 4 * 0.64 * BILL - 0.048)
    assert objective(GRID | contract(**terms)) == pytest.approx(OBJECTIVE - 4 * 0.8 * BILL)


@given(cost=st.integers(1, 60), fuel=st.integers(0, 9), hours=st.integers(1, 24))
@settings(max_examples=6, deadline=None)
def test_plants_that_can_be_bought_never_lower_the_value(cost, fuel, hours):
    terms = {"output": "40 %", "matched": "60 %", "limit": "3 MW"}
    gas = ENGINES | {"cost": f"{cost / 20} mn CNY/MW", "price": f"{fuel / 20} CNY/kWh"}
    battery = {
        "title": "Battery", "kind": "storage", "cost": f"{cost / 100} mn CNY/MW", "term": "10 years",
        "output": f"{hours} hours/day", "efficiency": "90 %",
    }  # fmt: skip
    wind = WIND | terms
    more = objective(LATE | GRID | energy(contracts={"wind": wind, "gas": gas, "battery": battery}))
    assert more >= objective(LATE | GRID | energy(contracts={"wind": wind})) - 1e-7


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("baseload", {"cost": "1 mn CNY/MW"}, "belongs to generators and storage that are bought"),
        ("baseload", {"efficiency": "80 %"}, "belongs to storage"),
        ("on_site", {"deposit": "40 %"}, "is a share of a cost, which is missing"),
        ("on_site", {"cost": "-1 mn CNY/MW"}, "cost"),
        ("storage", {}, "is of no use for storage"),
        ("storage", {"efficiency": "0 %"}, "nothing comes out"),
        ("storage", {}, r"output.*is missing; write for how long"),
        ("storage", {}, "has nothing to store"),
    ],
)
def test_terms_of_plants_that_make_no_sense_are_refused(kind, fields, said):
    with pytest.raises(CaseError, match=said):
        loaded(contract(kind=kind, **fields))


def test_a_contract_without_a_price_says_what_to_write():
    unpriced = {key: value for key, value in WIND.items() if key != "price"}
    with pytest.raises(CaseError, match=r"price.*is missing; write what a MWh costs"):
        loaded(energy(contracts={"wind": unpriced}))


def test_what_makes_no_sense_of_a_contract_is_refused():
    with pytest.raises(CaseError, match="is even for baseload"):
        loaded(contract(kind="baseload", output="40 %"))
    with pytest.raises(CaseError, match="run when they are wanted"):
        loaded(contract(kind="on_site", matched="40 %"))
    with pytest.raises(CaseError, match=r"contracts\.wind\.price"):
        loaded(contract(price="-0.05 CNY/kWh"))
