"""A plan rolled forward keeps what was agreed: energy contracts, clouds reserved, leases and rented power."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rolled_plans import rolled
from small_case import ABSENT, loaded

from capexpand.finance.leases import counted_in_cap
from capexpand.finance.statements import statement
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.studies.roll.expected import expected_actuals
from capexpand.studies.roll.rolling import roll_forward, template
from capexpand.studies.roll.state import rolled_case
from capexpand.studies.subjects import Subject

CLOUD = {
    "title": "Big cloud",
    "offer": "server",
    "destination": "CN",
    "on_demand": {"fee": "0.97 mn CNY/quarter"},
    "reserved": {"one-year": {"fee": "0.5 mn CNY/quarter", "term": "1 year", "limit": "3 units/quarter"}},
}
"""Falling fees: what is signed early is not signed for again."""


@given(
    fee=st.floats(0.2, 0.9),
    growth=st.integers(-60, 40),
    wait=st.integers(0, 2),
    grid=st.integers(0, 8),
    engines=st.floats(0.05, 0.6),
    term=st.integers(1, 5),
    bought=st.booleans(),
    within=st.booleans(),
    decided=st.integers(1, 4),
)
@settings(max_examples=25)
def test_what_was_signed_for_is_paid_for_and_used_by_the_rest_of_the_plan(
    fee, growth, wait, grid, engines, term, bought, within, decided
):
    """Clouds reserved, energy agreed and engines signed for go on as they were: the rest stays the best.

    The end value of what stands is not held to its books by a rolled case, so halls are worth nothing here.
    """
    plant = {
        "title": "Engines",
        "kind": "on_site",
        "price": {"value": "20 CNY/MWh", "growth": f"{growth} %/year"},
        "fee": {"value": f"{engines:.4f} mn CNY/MW/quarter", "growth": f"{growth} %/year"},
        "term": f"{3 * term} months",
        "lead_time": f"{3 * wait} months",
        "limit": "0.4 MW",
    }
    if bought:
        plant |= {"cost": {"value": "0.5 mn CNY/MW", "growth": "10 %/year"}, "deposit": "40 %"}
    wind = {
        "title": "Wind",
        "kind": "pay_as_produced",
        "price": {"value": "50 CNY/MWh", "growth": f"{growth} %/year"},
        "term": f"{3 * term + 3} months",
        "limit": "0.3 MW",
        "output": "50 %",
        "matched": "80 %",
    }
    case = loaded(
        {
            "calendar.quarters": 6,
            "programme.window_quarters": 6,
            "programme.cap": "7 mn CNY",
            "finance.end_value_within_book": within,
            "sites.east.grid": {"2025-04-01": f"{grid / 10} MW", "2026-04-01": "2 MW"},
            "sites.east.energy_price": "90 CNY/MWh",
            "sites.east.energy": {"contracts": {"engines": plant, "wind": wind}},
            "clouds.big": CLOUD
            | {
                "reserved": {
                    "one-year": {
                        "fee": {"value": f"{fee:.4f} mn CNY/quarter", "growth": f"{growth} %/year"},
                        "term": "1 year",
                        "lead_time": f"{3 * wait} months",
                        "limit": "3 units/quarter",
                    }
                }
            },
        }
    )
    plan = optimise_plan(compile_case(case))
    rows = expected_actuals(case, plan, decided)
    later = optimise_plan(compile_case(rolled_case(case, plan, decided, rows).case))
    cash = float(statement(plan).free_cash_flow[:decided].sum())
    assert later.solver.objective == pytest.approx(plan.solver.objective - cash, abs=1e-5)


@given(
    wait=st.integers(0, 2),
    term=st.integers(1, 5),
    fee=st.floats(0.2, 0.8),
    growth=st.integers(-60, 40),
    bought=st.booleans(),
    standing=st.integers(0, 3),
    decided=st.integers(1, 4),
)
@settings(max_examples=25)
def test_leases_on_order_and_within_their_term_are_kept(wait, term, fee, growth, bought, standing, decided):
    """Leased units and rented power arrive when they are due, and cannot go back before their term ends."""
    lease = {
        "fee": {"value": f"{fee:.4f} mn CNY/quarter", "growth": f"{growth} %/year"},
        "term": f"{3 * term} months",
        "exit_cost": "0.05 mn CNY",
    }
    colocate = {
        "fee": {"value": "0.3 mn CNY/MW/quarter", "growth": f"{growth} %/year"},
        "lead_time": f"{3 * wait} months",
        "term": f"{3 * term} months",
        "exit_cost": "0.1 mn CNY/MW",
        "limit": "0.5 MW",
    }
    changes: dict[str, object] = {
        "calendar.quarters": 6,
        "programme.window_quarters": 6,
        "programme.cap": "4 mn CNY",
        "opening.sites.east.power": "0.4 MW",
        "sites.east.grid": {"2025-04-01": "1 MW", "2026-01-01": "0.5 MW", "2026-07-01": "1.3 MW"},
        "sites.east.colocate": colocate,
        "offers.server.lease": lease,
        "offers.server.lead_time": f"{3 * wait} months",
        "offers.server.supply": {"CN": {"limit": "4 units/quarter"}},
        "workloads.chat.demand": {"2025-04-01": "12 tn token/quarter", "2026-01-01": "5 tn token/quarter"},
        "opening.sites.east.leased": {"server": standing},
    }
    if not bought:
        changes["offers.server.buy"] = ABSENT
    case = loaded(changes)
    plan = optimise_plan(compile_case(case))
    rows = expected_actuals(case, plan, decided)
    later = optimise_plan(compile_case(rolled_case(case, plan, decided, rows).case))
    cash = float(statement(plan).free_cash_flow[:decided].sum())
    assert later.solver.objective == pytest.approx(plan.solver.objective - cash, abs=1e-5)


def test_leases_signed_within_the_cap_leave_so_much_less_of_it():
    """The cap binds: less would be leased with less of it, and more if what was signed did not count."""
    case = loaded(
        {
            "calendar.quarters": 6,
            "programme.window_quarters": 6,
            "programme.cap": "4 mn CNY",
            "programme.leases_within_cap": True,
            "offers.server.buy": ABSENT,
            "offers.server.lease": {"fee": "0.4 mn CNY/quarter", "term": "6 months"},
            "offers.server.supply": {"CN": {"limit": "1 units/quarter"}},
        }
    )
    plan = optimise_plan(compile_case(case))
    counted = counted_in_cap(plan)
    assert counted.sum() == pytest.approx(4.0)
    later = rolled_case(case, plan, 2, expected_actuals(case, plan, 2)).case
    assert later.programme.cap.value == pytest.approx(4.0 - counted[:2].sum())
    cash = float(statement(plan).free_cash_flow[:2].sum())
    rest = optimise_plan(compile_case(later))
    assert rest.solver.objective == pytest.approx(plan.solver.objective - cash, abs=1e-5)


def test_a_plan_that_is_rolled_twice_still_pays_for_what_it_signed_first(tmp_path):
    """Three units are reserved for a year in each quarter: two rolls later the first run for two more."""
    case = loaded({"clouds.big": CLOUD, "calendar.quarters": 6, "programme.window_quarters": 6})
    first = rolled(tmp_path, Subject("small", case), date(2025, 6, 30))
    assert first.surprises == ()
    again = rolled(tmp_path, Subject("again", first.case), date(2025, 9, 30))
    assert again.surprises == ()
    m = compile_case(again.case)
    assert m.hire.names[2:] == ("big/one-year (signed 2025Q2)", "big/one-year (signed 2025Q3)")
    assert m.hire.term_quarters[2:].tolist() == [2, 3]
    assert m.hire.least.sum(axis=1)[2:] == pytest.approx([3.0, 3.0])


def test_new_assumptions_leave_what_was_agreed_as_it_was(tmp_path):
    """Units reserved at 0.5 are paid at 0.5, though the fee is now believed to be 0.1."""
    case = loaded({"clouds.big": CLOUD, "calendar.quarters": 6, "programme.window_quarters": 6})
    cheap = {"one-year": CLOUD["reserved"]["one-year"] | {"fee": "0.1 mn CNY/quarter"}}
    now = loaded(
        {
            "clouds.big": CLOUD | {"reserved": cheap},
            "calendar.quarters": 6,
            "programme.window_quarters": 6,
        }
    )
    file = tmp_path / "actuals.csv"
    file.write_bytes(template(Subject("small", case), date(2025, 6, 30)))
    found = roll_forward(Subject("small", case), file, as_of=date(2025, 6, 30), known=now)
    m = compile_case(found.case)
    assert m.hire.fee[:, 0] == pytest.approx([0.97, 0.1, 0.5])


def test_what_was_signed_for_otherwise_than_planned_is_taken_as_it_was(tmp_path):
    """Five units in place of three, at the fee of the day since nobody says another."""
    case = loaded({"clouds.big": CLOUD, "calendar.quarters": 6, "programme.window_quarters": 6})
    found = rolled(
        tmp_path,
        Subject("small", case),
        date(2025, 6, 30),
        {"reserved,,,,2025-04-01,3,": "reserved,,,,2025-04-01,5,"},
    )
    assert [(one.actual.quantity, one.actual.value) for one in found.surprises] == [("reserved", 5.0)]
    assert compile_case(found.case).hire.least.sum() == pytest.approx(5.0)
