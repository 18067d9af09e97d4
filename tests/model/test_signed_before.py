"""Contracts, reservations and leases of before the start are kept, used and paid for, and never more."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import oracle_objective
from small_case import compiled, loaded, planned

from capexpand.errors import CaseError
from capexpand.finance.checks import violations
from capexpand.finance.statements import statement
from capexpand.model.data import ModelData

CLOUD = {
    "title": "Big cloud",
    "offer": "server",
    "destination": "CN",
    "reserved": {
        "one-year": {
            "fee": {"2024-04-01": "0.6 mn CNY/quarter", "2025-04-01": "0.2 mn CNY/quarter"},
            "term": "1 year",
            "limit": "0 units/quarter",
        }
    },
}
ENGINES = {
    "title": "Engines",
    "kind": "on_site",
    "price": "0 CNY/kWh",
    "fee": {"2024-04-01": "0.1 mn CNY/MW/quarter", "2025-04-01": "1 mn CNY/MW/quarter"},
    "term": "1 year",
    "lead_time": "3 months",
    "limit": "0 MW",
}


def at_east(contracts: dict[str, object], **signed: object) -> dict[str, object]:
    """Return changes of the small case: contracts at its site, and what was signed for under them."""
    return {"sites.east.energy": {"contracts": contracts}, "opening.sites.east.energy": signed}


def test_units_reserved_before_serve_and_are_paid_at_the_fee_of_their_signing_until_their_term_ends():
    """Ten own servers are worth 30. Three units were reserved two quarters ago for a year at 0.6: for two
    more quarters they serve 3 a quarter and cost 1.8. 30 + 2 · (3 − 1.8) = 32.4.

    Sensitivity: at the fee of now (0.2) it would be 34.8, to the horizon's end 34.8, too, without them 30.
    """
    changes = {"clouds.big": CLOUD, "opening.reserved": {"big": {"one-year": {"2024-10-01": {"units": 3}}}}}
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(32.4)
    assert plan.hired[-1] == pytest.approx([3, 3, 0, 0])
    assert plan.data.hire.names[-1] == "big/one-year (signed 2024Q4)"
    assert statement(plan).hire == pytest.approx([1.8, 1.8, 0, 0])
    assert max(check.violation for check in violations(plan)) < 1e-6
    assert oracle_objective(plan.data) == pytest.approx(32.4)


def test_what_was_agreed_comes_before_the_fee_of_the_day():
    """3 units for two quarters at 0.4 in place of 0.6: 30 + 2 · 3 · (1 − 0.4) = 33.6."""
    agreed = {"2024-10-01": {"units": 3, "fee": "0.4 mn CNY/quarter"}}
    plan = planned({"clouds.big": CLOUD, "opening.reserved": {"big": {"one-year": agreed}}})
    assert plan.solver.objective == pytest.approx(33.6)


def test_a_business_that_orders_nothing_still_pays_for_what_it_reserved():
    changes = {"clouds.big": CLOUD, "opening.reserved": {"big": {"one-year": {"2025-01-01": {"units": 2}}}}}
    still = compiled(changes).standing_still()
    assert still.hire.least.sum() == pytest.approx(2)
    assert still.hire.limit[:-1].sum() == 0.0


def test_generators_signed_for_before_carry_servers_until_their_term_ends():
    """The grid carries five servers: 5 · (4 − 1) = 15. Engines of 0.3 MW signed two quarters ago began
    a quarter ago, so they run for three more and carry three servers: 3 · (3 − 1) = 6, at 0.03 a quarter.

    Sensitivity: at the fee of now they would cost 0.9.
    """
    changes = at_east({"engines": ENGINES}, engines={"2024-10-01": {"power": "0.3 MW"}})
    plan = planned({**changes, "sites.east.grid": "0.5 MW"})
    assert plan.solver.objective == pytest.approx(15 + 6 - 0.09)
    assert plan.running[0, 0] == pytest.approx([8, 8, 8, 5])
    assert max(check.violation for check in violations(plan)) < 1e-6
    assert oracle_objective(plan.data) == pytest.approx(20.91)


def test_halls_that_generators_carry_leave_no_grid_for_more():
    """1 MW stands on engines of 1 MW, and the grid comes last: what the engines carry is not counted twice.

    Sensitivity: were the halls of the start granted a grid of their own, another MW could be ordered.
    """
    changes = at_east({"engines": {**ENGINES, "term": "5 years"}}, engines={"2024-10-01": {"power": "1 MW"}})
    build = {
        "cost": "0.1 mn CNY/MW",
        "lead_time": "0 months",
        "deposit": "0 %",
        "maintenance": "0 CNY/MW/quarter",
    }
    plan = planned({**changes, "sites.east.grid": {"2026-01-01": "1 MW"}, "sites.east.build": build})
    assert plan.power_ordered_mw.sum() == pytest.approx(0.0)
    assert plan.running[0, 0] == pytest.approx([10] * 4)


def test_an_agreement_of_before_is_paid_at_its_strike():
    """Ten servers draw 1 MW; the grid's price is 100 CNY/MWh. An even supply of 1 MW, signed a quarter
    ago for half a year at 40, has one quarter left.
    """
    supply = {
        "title": "Supply",
        "kind": "baseload",
        "price": {"2024-04-01": "40 CNY/MWh", "2025-04-01": "90 CNY/MWh"},
        "term": "6 months",
        "limit": "0 MW",
    }
    changes = at_east({"supply": supply}, supply={"2025-01-01": {"power": "1 MW"}})
    plan = planned({**changes, "sites.east.energy_price": "100 CNY/MWh"})
    hours = 8766 / 4
    assert plan.solver.objective == pytest.approx(30 - hours * (40 + 300) / 1e6)
    assert oracle_objective(plan.data) == pytest.approx(plan.solver.objective)


@pytest.mark.parametrize(("within", "worth"), [(False, 0.5 * 2.0), (True, 0.5 * 1.2)])
def test_a_plant_bought_before_is_not_paid_again_and_keeps_its_worth(within, worth):
    """Turbines of 1 MW bought two quarters ago last three years: after four quarters more half of their term
    is left. A MW costs 2 now, of which all is kept, and cost 1.2 when they were bought.
    """
    turbines = {
        **ENGINES,
        "lead_time": "0 months",
        "term": "3 years",
        "cost": {"2024-04-01": "1.2 mn CNY/MW", "2025-04-01": "2 mn CNY/MW"},
        "fee": "0 CNY/MW/quarter",
    }
    changes = at_east({"turbines": turbines}, turbines={"2024-10-01": {"power": "1 MW"}})
    plan = planned(
        {
            **changes,
            "finance.building_end_value": "100 %",
            "finance.end_value_within_book": within,
            "sites.east.grid": {"2026-01-01": "1 MW"},
        }
    )
    books = statement(plan)
    assert books.payments_plants.sum() == 0.0
    assert books.end_value_plants == pytest.approx(worth)
    halls = books.end_value_power
    assert plan.solver.objective == pytest.approx(30 + worth + halls)
    assert oracle_objective(plan.data) == pytest.approx(plan.solver.objective)


def test_contracts_of_before_are_no_orders_of_now():
    """What was signed for before is in nobody's list of what to commit first."""
    changes = at_east({"engines": ENGINES}, engines={"2024-10-01": {"power": "0.3 MW"}})
    m: ModelData = compiled(changes)
    assert m.energy.standing.tolist() == [False, True]
    assert not m.energy.bought.any()
    assert np.count_nonzero(m.energy.least_mw) == 1


LEASE = {"fee": "2 mn CNY/quarter", "term": "3 months", "exit_cost": "0 CNY"}
"""Dearer than what a server earns, so that whoever may hands it back."""


def test_leased_units_are_held_until_their_term_ends():
    """Ten own servers fill the hall and are worth 30. Three leased ones cost 2 a quarter until the end of
    September: 30 − 3 · 2 · 2 = 18.

    Sensitivity: past their term they would go back at once, and 30 be left.
    """
    held = {"opening.sites.east.leased": {"server": 3}, "offers.server.lease": LEASE}
    plan = planned({**held, "opening.sites.east.leased_until": {"server": {"2025-09-30": 3}}})
    assert plan.solver.objective == pytest.approx(18.0)
    assert plan.installed[0, 1] == pytest.approx([3, 3, 0, 0])
    assert max(check.violation for check in violations(plan)) < 1e-6
    assert oracle_objective(plan.data) == pytest.approx(18.0)
    assert planned(held).solver.objective == pytest.approx(30.0)


def test_leased_units_on_order_are_held_for_their_term_from_delivery():
    """Two come in July and are paid for a quarter: 30 − 2 · 2 = 26."""
    due = {"opening.sites.east.leased_due": {"server": {"2025-07-01": 2}}, "offers.server.lease": LEASE}
    plan = planned(due)
    assert plan.solver.objective == pytest.approx(26.0)
    assert plan.installed[0, 1] == pytest.approx([0, 2, 0, 0])
    assert oracle_objective(plan.data) == pytest.approx(26.0)


def test_rented_power_is_held_until_its_term_ends_and_comes_when_it_is_due():
    """Half a MW is bound until the end of September, at 20 a MW and quarter: 0.5 · 20 · 2 = 20. Five servers
    more pay for two quarters: 5 · (2 − 1) = 5. As much comes in October for a quarter and costs 10; the five
    stay and earn 5 more. 30 + 5 − 20 − 10 + 5 = 10.
    """
    rent = {"fee": "20 mn CNY/MW/quarter", "lead_time": "0 months", "term": "3 months", "limit": "0 MW"}
    plan = planned(
        {
            "sites.east.colocate": {**rent, "exit_cost": "0 CNY/MW"},
            "opening.sites.east.power_leased": "0.5 MW",
            "opening.sites.east.power_leased_until": {"2025-09-30": "0.5 MW"},
            "opening.sites.east.power_leased_due": {"2025-10-01": "0.5 MW"},
        }
    )
    rented = plan.data.power.names.index("east (colocated)")
    assert plan.power_mw[rented] == pytest.approx([0.5, 0.5, 0.5, 0.0])
    assert plan.solver.objective == pytest.approx(10.0)
    assert max(check.violation for check in violations(plan)) < 1e-6
    assert oracle_objective(plan.data) == pytest.approx(10.0)


def units(day: str, *, cloud: str = "big", way: str = "one-year") -> dict[str, object]:
    """Return three units that were reserved on a day."""
    return {"opening.reserved": {cloud: {way: {day: {"units": 3}}}}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (units("2025-04-01"), "is not before the plan starts"),
        (units("2024-01-01"), "has ended before 2025-04-01"),
        (units("2025-01-01", cloud="bog"), "there is no cloud 'bog'"),
        (units("2025-01-01", way="two"), "there is no reservation 'two'"),
        (
            {"opening.sites.east.energy": {"coal": {"2025-01-01": {"power": "1 MW"}}}},
            "there is no contract 'coal'",
        ),
        (
            {
                "offers.server.lease": LEASE,
                "opening.sites.east.leased": {"server": 1},
                "opening.sites.east.leased_until": {"server": {"2025-09-30": 2}},
            },
            "is more than the 1 units that are leased",
        ),
        ({"opening.sites.east.power_leased_due": {"2025-09-30": "1 MW"}}, "needs its fee; add colocate"),
        ({"opening.sites.east.leased_due": {"server": {"2025-09-30": 2}}}, "needs its fee; add lease"),
        (
            units("2025-01-01")
            | {
                "clouds.big": CLOUD
                | {"reserved": {"one-year": {"fee": {"2025-04-01": "1 mn CNY/quarter"}, "term": "1 year"}}}
            },
            "needs the fee of 2025-01-01, but that says nothing before 2025-04-01",
        ),
    ],
)
def test_what_cannot_have_been_signed_is_named(changes, message):
    with pytest.raises(CaseError) as error:
        loaded({"clouds.big": CLOUD, **changes})
    assert message in str(error.value)
