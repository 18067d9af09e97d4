"""Power by hand: lead times, grids, colocation, energy. The small case earns 30; see small_case.py."""

import pytest
from small_case import OBJECTIVE, objective, planned, site

BUILD = {"cost": "5 mn CNY/MW", "lead_time": "6 months", "deposit": "30 %", "maintenance": "0 CNY/MW/quarter"}


def test_ten_servers_fill_the_power_that_stands():
    """1 MW / 100 kW = 10 servers, each costs 1 and earns 4: 10 · (4 − 1) = 30.

    Sensitivity: without the limit of power the answer would be 100 · 3 = 300, all that is demanded.
    """
    assert objective() == pytest.approx(OBJECTIVE)


def test_power_serves_from_the_quarter_in_which_it_arrives():
    """No power stands; 1 MW on the grid, built for 5, ordered in quarter 1, arrives in quarter 3.

    A server needs 0.5 of halls and 1 for itself, and earns 1 in quarters 3 and 4: 10 · (2 − 1.5) = 5.
    Sensitivity: without the lead time the answer would be 10 · (4 − 1.5) = 25.
    """
    changes = {"opening": {}, "sites.east.grid": "1 MW", "sites.east.build": BUILD}
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(5.0)
    assert plan.power_mw[0] == pytest.approx([0, 0, 1, 1])
    assert plan.paid[:3] == pytest.approx([1.5, 0, 3.5 + 10])  # deposit, then the rest at delivery


def test_power_on_its_way_at_the_start_arrives_when_it_is_due():
    """1 MW is due in quarter 3 and paid for: 10 · (2 − 1) = 10.

    Sensitivity: without what is due the answer would be 0, since nothing can be built.
    """
    assert objective(
        {"opening.sites.east": {"power": "0 MW", "power_due": {"2025-10-01": "1 MW"}}}
    ) == pytest.approx(10)


def test_running_power_fits_the_grid_with_its_overhead():
    """The grid gives 0.65 MW; at a PUE of 1.3 that is 0.5 MW for servers: 5 · (4 − 1) = 15.

    Sensitivity: without the PUE the answer would be 6.5 · 3 = 19.5; without the grid it would be 30.
    """
    changes = {"sites.east.grid": "0.65 MW", "sites.east.power_usage_effectiveness": 1.3}
    assert objective(changes) == pytest.approx(15.0)


def test_a_grid_that_comes_late_lets_energised_power_stand_idle():
    """The grid comes in quarter 3 only: ten servers earn 2 each: 10 · (2 − 1) = 10.

    Sensitivity: without the grid the answer would be 30; were idle power forbidden, there would be none.
    """
    assert objective({"sites.east.grid": {"2025-10-01": "1 MW"}}) == pytest.approx(10.0)


def test_halls_are_ordered_for_the_grid_of_their_arrival():
    """No power stands. The grid is 1 MW until quarter 2 and 2 MW from quarter 3; halls ordered now come then.

    2 MW: 20 servers · (2 − 1.5) = 10. Sensitivity: held to the grid of the quarter of ordering, 1 MW would be
    ordered in quarter 1, and the answer would be 5.
    """
    grid = {"2025-04-01": "1 MW", "2025-10-01": "2 MW"}
    assert objective({"opening": {}, "sites.east.grid": grid, "sites.east.build": BUILD}) == pytest.approx(
        10.0
    )


def test_commitments_leave_room_for_what_the_opening_state_still_awaits():
    """The grid gives 1 MW, and 1 MW of the opening state is due in quarter 4. Halls come at once for 1 mn/MW.

    Nothing more can be ordered; the ten servers of quarter 4 earn 1 and cost 1: the answer is 0.
    Sensitivity: without the promise to the opening state the answer would be 10 · (4 − 1.1) = 29.
    """
    changes = {
        "opening.sites.east": {"power": "0 MW", "power_due": {"2026-01-01": "1 MW"}},
        "sites.east.grid": "1 MW",
        "sites.east.build": {**BUILD, "cost": "1 mn CNY/MW", "lead_time": "0 months"},
    }
    assert objective(changes) == pytest.approx(0.0, abs=1e-9)


RENTED = {"fee": "5 mn CNY/MW/quarter", "lead_time": "0 months", "term": "3 months"}


def test_rented_power_costs_its_fee_while_it_is_held():
    """No power stands; 1 MW of grid. A server rents 0.1 MW for 0.5 a quarter: 10 · (4 − 1 − 2) = 10.

    Sensitivity: without the fee the answer would be 30.
    """
    assert objective(
        {"opening": {}, "sites.east.grid": "1 MW", "sites.east.colocate": RENTED}
    ) == pytest.approx(10.0)


def test_rented_power_bridges_the_time_until_halls_stand():
    """Halls for 1 mn/MW come in quarter 3; until then power is rented, for a term of one quarter.

    A server: 4 earned, 1 for itself, 0.1 for its hall, 2 · 0.5 of rent: 10 · 1.9 = 19.
    Sensitivity: were rented power to take the grid from halls after its term, the answer would be 10.
    """
    changes = {
        "opening": {},
        "sites.east.grid": "1 MW",
        "sites.east.build": {**BUILD, "cost": "1 mn CNY/MW"},
        "sites.east.colocate": RENTED,
    }
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(19.0)
    assert plan.power_mw.sum(axis=0) == pytest.approx([1, 1, 1, 1])


def test_rented_power_is_held_for_its_term():
    """Demand ends after quarter 1, and a server costs 0.1: 0.9 − 0.5 of rent a quarter, for a term of two.

    1 − 0.1 − 2 · 0.5 < 0, so nothing is rented: 0.
    Sensitivity: without the term the answer would be 10 · (0.9 − 0.5) = 4.
    """
    changes = {
        "opening": {},
        "sites.east.grid": "1 MW",
        "sites.east.colocate": {**RENTED, "term": "6 months"},
        "offers.server.buy.price": "0.1 mn CNY",
        "workloads.chat.demand": {"2025-04-01": "100 tn token/quarter", "2025-07-01": "0 tn token/quarter"},
    }
    assert objective(changes) == pytest.approx(0.0, abs=1e-9)
    changes["sites.east.colocate"] = RENTED
    assert objective(changes) == pytest.approx(4.0)


def test_handing_rented_power_back_costs_its_exit():
    """As before with a term of one quarter, and 1 mn/MW to hand back: 10 · (0.9 − 0.5 − 0.1) = 3.

    Sensitivity: without the exit cost the answer would be 4.
    """
    changes = {
        "opening": {},
        "sites.east.grid": "1 MW",
        "sites.east.colocate": {**RENTED, "exit_cost": "1 mn CNY/MW"},
        "offers.server.buy.price": "0.1 mn CNY",
        "workloads.chat.demand": {"2025-04-01": "100 tn token/quarter", "2025-07-01": "0 tn token/quarter"},
    }
    assert objective(changes) == pytest.approx(3.0)


def test_energy_is_paid_for_what_running_servers_draw_with_their_overhead():
    """1 CNY/kWh, PUE 1.2, average draw 50 %: a server draws 100 · 0.5 · 1.2 = 60 kW, for 2191.5 h a quarter.

    60 · 2191.5 CNY = 0.13149 mn a quarter: 10 · (4 · (1 − 0.13149) − 1) = 24.7404.
    Sensitivity: without the average draw the answer would be 19.4808, without the PUE 25.617.
    """
    changes = {
        "sites.east.energy_price": "1 CNY/kWh",
        "sites.east.power_usage_effectiveness": 1.2,
        "offers.server.average_draw": "50 %",
    }
    assert objective(changes) == pytest.approx(24.7404)


def test_idle_servers_draw_nothing():
    """As before, with no demand in quarter 4: 10 · (3 · (1 − 0.13149) − 1) = 16.0553.

    Sensitivity: with idle draw the answer would be 14.7404.
    """
    changes = {
        "sites.east.energy_price": "1 CNY/kWh",
        "sites.east.power_usage_effectiveness": 1.2,
        "offers.server.average_draw": "50 %",
        "workloads.chat.demand": {"2025-04-01": "100 tn token/quarter", "2026-01-01": "0 tn token/quarter"},
    }
    assert objective(changes) == pytest.approx(16.0553)


def test_maintenance_of_halls_is_paid_while_they_stand():
    """1 MW of own halls, 2 mn/MW a quarter: 30 − 4 · 2 = 22, halls that stand cannot be left.

    Sensitivity: without maintenance the answer would be 30.
    """
    build = {**BUILD, "limit": "0 MW", "maintenance": "2 mn CNY/MW/quarter"}
    assert objective({"sites.east.build": build}) == pytest.approx(22.0)


def test_whole_halls_are_built_or_none():
    """No power stands, grid of 1 MW, halls of 0.4 MW at once for 1 mn/MW, servers in lots of 3.

    Two halls, 0.8 MW, run 8 servers of three lots, 9 servers: 8 · 4 − 9 − 0.8 = 22.2.
    Sensitivity: without whole sizes the answer would be 10 · (4 − 1.1) = 29, without lots 8 · 3 − 0.8 = 23.2.
    """
    changes = {
        "opening": {},
        "sites.east.grid": "1 MW",
        "sites.east.build": {**BUILD, "cost": "1 mn CNY/MW", "lead_time": "0 months", "hall": "0.4 MW"},
        "offers.server.lot": 3,
        "solve": {"whole_sizes": True, "relative_gap": 1e-9},
    }
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(22.2)
    assert plan.ordered.sum() == pytest.approx(9.0)


def test_power_serves_its_own_site_only():
    """A second site has a grid and servers could go there, but no power: 30 as without it.

    Sensitivity: were power shared between sites, nothing would change here; with 1 MW there it would be 60.
    """
    north = site(title="North")
    standing = {"east": {"power": "1 MW"}, "north": {"power": "0 MW", "power_due": {"2026-01-01": "1 MW"}}}
    plan = planned({"sites.north": north, "opening.sites": standing})
    assert plan.solver.objective == pytest.approx(OBJECTIVE)
    assert plan.running[1, 0, :3] == pytest.approx([0, 0, 0])
    standing["north"] = {"power": "1 MW"}
    assert objective({"sites.north": north, "opening.sites": standing}) == pytest.approx(60.0)
