"""Ordering and keeping units by hand. The small case earns 10 · (4 − 1) = 30; see small_case.py."""

import numpy as np
import pytest
from small_case import OBJECTIVE, compiled, objective, offer, planned, site, workload

from capexpand.finance.checks import check_plan
from capexpand.optimiser.deterministic import optimise_plan


def test_units_serve_from_the_quarter_in_which_they_arrive():
    """A lead time of 3 months: ten servers earn in quarters 2 to 4: 10 · (3 − 1) = 20.

    Sensitivity: without the lead time the answer would be 30.
    """
    plan = planned({"offers.server.lead_time": "3 months"})
    assert plan.solver.objective == pytest.approx(20.0)
    assert plan.installed[0, 0] == pytest.approx([0, 10, 10, 10])


def test_nothing_is_ordered_that_arrives_after_the_horizon():
    """A lead time of 12 months is the whole horizon: nothing arrives within it: 0, even at a price of zero.

    Sensitivity: were such orders allowed, their number would not be limited by anything.
    """
    plan = planned({"offers.server.lead_time": "12 months", "offers.server.buy.price": "0 CNY"})
    assert plan.solver.objective == pytest.approx(0.0)
    assert plan.ordered.sum() == 0.0


def test_supply_limits_what_can_be_ordered_in_a_quarter():
    """3 units a quarter: 3 · (4 − 1) + 3 · (3 − 1) + 3 · (2 − 1) = 18; in quarter 4 nothing is gained.

    Sensitivity: without the limit the answer would be 30.
    """
    plan = planned({"offers.server.supply.CN": {"limit": "3 unit/quarter"}})
    assert plan.solver.objective == pytest.approx(18.0)
    assert plan.shadow.supply[0, 0] == pytest.approx([3, 2, 1, 0])


def test_stock_limits_what_can_be_ordered_in_all():
    """A stock of 4: 4 · (4 − 1) = 12, and one more is worth 3.

    Sensitivity: without the stock the answer would be 30.
    """
    plan = planned({"offers.server.stock": "4 units"})
    assert plan.solver.objective == pytest.approx(12.0)
    assert plan.shadow.stock[0, 0] == pytest.approx(3.0)


def test_what_is_bought_and_what_is_leased_share_supply_and_stock():
    """One unit a quarter, and leasing costs 0.5 a quarter for a term of one: both take from the same supply.

    Bought: 3 in quarter 1, 2 in quarter 2, 1 in quarter 3. Leased: 0.5 a quarter to the end: 2, 1.5, 1, 0.5.
    The better one each time: 3 + 2 + 1 + 0.5 = 6.5.
    Sensitivity: with a supply each the answer would be 6 + 5 = 11.
    """
    leased = {"fee": "0.5 mn CNY/quarter", "term": "3 months"}
    changes = {"offers.server.supply.CN": {"limit": "1 unit/quarter"}, "offers.server.lease": leased}
    assert objective(changes) == pytest.approx(6.5)


def test_a_contract_must_be_fulfilled():
    """Servers cost 3, ten of quarter 1 gain 10 · (4 − 3) = 10; two must be ordered in quarter 4.

    Power holds ten, so these two cost 6 and serve nobody: 4.
    Sensitivity: without the contract the answer would be 10.
    """
    changes = {
        "offers.server.buy.price": "3 mn CNY",
        "offers.server.supply.CN": {
            "minimum": {"2025-04-01": "0 units/quarter", "2026-01-01": "2 units/quarter"}
        },
    }
    assert objective(changes) == pytest.approx(4.0)


def test_a_contract_binds_no_order_that_would_arrive_after_the_horizon():
    """One unit a quarter must be ordered, with a lead time of one quarter: in quarters 1 to 3, not in 4.

    Ten of quarter 1 gain 10 · (3 − 1) = 20, the two that must follow find no power: 18.
    Sensitivity: with the contract in quarter 4, too, there would be no plan.
    """
    plan = planned(
        {"offers.server.lead_time": "3 months", "offers.server.supply.CN": {"minimum": "1 units/quarter"}}
    )
    assert plan.solver.objective == pytest.approx(18.0)
    assert plan.ordered[0, 0, :3].min() >= 1.0 - 1e-9
    assert plan.ordered[0, 0, 3] == 0.0


def test_units_fail_at_their_attrition():
    """93.75 % a year is 1 − 0.0625^(1/4) = 50 % a quarter; power holds ten; failed ones are replaced.

    A server earns 1, then 0.5, 0.25, 0.125: 1.875 if bought in quarter 1, 1.75 in 2, 1.5 in 3, 1 in 4.
    10 · 0.875 in quarter 1, then 5 · 0.75 and 5 · 0.5 for those that failed, and nothing in quarter 4: 15.
    Sensitivity: without attrition the answer would be 30.
    """
    assert objective({"offers.server.attrition": "93.75 %/year"}) == pytest.approx(15.0)


def test_units_at_the_start_serve_and_fail_too():
    """Four servers stand and lose half a quarter; nothing can be bought: 2 + 1 + 0.5 + 0.25 = 3.75.

    Units fail from one quarter's end to the next, those of the start before the first quarter's end.
    Sensitivity: without attrition the answer would be 16.
    """
    changes = {
        "opening.sites.east.installed": {"server": 4},
        "offers.server.attrition": "93.75 %/year",
        "offers.server.supply.CN": {"limit": "0 units/quarter"},
    }
    assert objective(changes) == pytest.approx(3.75)


def test_units_on_their_way_at_the_start_arrive_when_they_are_due():
    """Servers cost 2.5, and four are due in quarter 3 that are paid for; power holds ten.

    Six of quarter 1 gain 6 · (4 − 2.5) = 9, the four due earn 4 · 2 = 8; four for two quarters lose: 17.
    Sensitivity: without what is due the answer would be 10 · 1.5 = 15.
    """
    changes = {
        "opening.sites.east.units_due": {"server": {"2025-10-01": 4}},
        "offers.server.buy.price": "2.5 mn CNY",
    }
    assert objective(changes) == pytest.approx(17.0)


def test_units_go_to_a_site_of_the_destination_that_they_were_ordered_for():
    """East in CN and north in SG have 1 MW each; servers for SG cost 40 % duty and 10 % fee more, 1.5.

    10 · (4 − 1) + 10 · (4 − 1.5) = 55. Sensitivity: were placement free, all would be ordered for CN: 60.
    """
    changes = {
        "sites.north": site(title="North", destination="SG"),
        "opening.sites.north": {"power": "1 MW"},
        "offers.server.supply.SG": {"import_duty": "40 %", "fee": "10 %"},
    }
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(55.0)
    assert plan.ordered.sum(axis=(0, 2)) == pytest.approx([10, 10])


def test_a_destination_that_is_not_supplied_gets_nothing():
    """As before without supply for SG: 30.

    Sensitivity: with supply at the price of CN the answer would be 60.
    """
    changes = {"sites.north": site(title="North", destination="SG"), "opening.sites.north": {"power": "1 MW"}}
    assert objective(changes) == pytest.approx(OBJECTIVE)
    assert objective({**changes, "offers.server.supply.SG": {}}) == pytest.approx(60.0)


def test_owned_units_are_retired_at_no_cost_when_their_upkeep_no_longer_pays():
    """Servers cost 0.8, upkeep is 100 % of that a year, 0.2 a quarter; demand ends after quarter 2.

    10 · (2 · (1 − 0.2) − 0.8) = 8. Sensitivity: with upkeep to the end the answer would be 4.
    """
    changes = {
        "offers.server.maintenance": "100 %/year",
        "offers.server.buy.price": "0.8 mn CNY",
        "workloads.chat.demand": {"2025-04-01": "100 tn token/quarter", "2025-10-01": "0 tn token/quarter"},
    }
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(8.0)
    assert plan.installed[0, 0, 2:] == pytest.approx([0, 0])


LEASE = {"fee": "0.5 mn CNY/quarter", "term": "6 months", "exit_cost": "0.2 mn CNY"}


def test_leased_units_are_held_for_their_term_and_handed_back_at_a_cost():
    """Only leasing, 0.5 a quarter for at least two; demand in quarter 1 only: 1 − 2 · 0.5 − 0.2 < 0: 0.

    With demand in quarters 1 and 2: 10 · (2 · 0.5 − 0.2) = 8.
    Sensitivity: without a term the first would be 10 · (0.5 − 0.2) = 3; without the exit cost the second 10.
    """
    changes = {"offers.server": {**offer(lease=LEASE)}}
    del changes["offers.server"]["buy"]
    demand = {"2025-04-01": "100 tn token/quarter"}
    first = {**changes, "workloads.chat.demand": {**demand, "2025-07-01": "0 tn token/quarter"}}
    second = {**changes, "workloads.chat.demand": {**demand, "2025-10-01": "0 tn token/quarter"}}
    assert objective(first) == pytest.approx(0.0, abs=1e-9)
    plan = planned(second)
    assert plan.solver.objective == pytest.approx(8.0)
    assert plan.returned[0, 0] == pytest.approx([0, 0, 10, 0])


def test_the_lessor_replaces_what_fails():
    """Leased at 0.5 a quarter with a high attrition: 10 · 4 · 0.5 = 20.

    Sensitivity: with attrition as of owned ones the answer would be 9.375.
    """
    leased = offer(lease=LEASE, attrition="93.75 %/year")
    del leased["buy"]
    assert objective({"offers.server": leased}) == pytest.approx(20.0)


def test_whole_lots_are_ordered_and_nothing_between():
    """Lots of 4 at 2.5 each: two lots for 8 · (4 − 2.5) = 12; a third would run 2 of its 4: 2 · 4 − 10 < 0.

    Sensitivity: without lots the answer would be 15.
    """
    changes = {
        "offers.server.buy.price": "2.5 mn CNY",
        "offers.server.lot": 4,
        "solve": {"whole_sizes": True, "relative_gap": 1e-9},
    }
    assert objective(changes) == pytest.approx(12.0)


def test_an_offer_is_sold_from_a_day_to_a_day():
    """Sold in quarters 2 and 3 only: all ten in quarter 2: 10 · (3 − 1) = 20.

    Sensitivity: without the dates the answer would be 30.
    """
    dates = {"offers.server.available_from": "2025-07-01", "offers.server.available_until": "2025-12-31"}
    assert compiled(dates).offers.orderable[0, 0].tolist() == [False, True, True, False]
    assert objective(dates) == pytest.approx(20.0)


def test_the_better_unit_takes_the_power():
    """A second server serves twice as much for 3: on its 100 kW it gains 8 − 3 = 5 against 4 − 1 = 3: 50.

    Sensitivity: without the limit of power the cheaper way to serve 100 would win: 100 · 3 = 300.
    """
    changes = {
        "offers.big": offer("3 mn CNY"),
        "workloads.chat.throughput": {"server": "1 tn token/quarter", "big": "2 tn token/quarter"},
    }
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(50.0)
    assert plan.ordered.sum(axis=(1, 2)) == pytest.approx([0, 10])


def test_a_workload_takes_the_units_whose_memory_holds_it():
    """A second workload pays 2 and needs 100 GB; a server with 120 GB costs 4: 10 · (8 − 4) = 40.

    That is more than the small server gains on the first workload, 30.
    Sensitivity: if memory did not matter the small server would gain 10 · (8 − 1) = 70.
    """
    throughput = {"server": "1 tn token/quarter", "big": "1 tn token/quarter"}
    changes = {
        "offers.server.memory": "80 GB",
        "offers.big": offer("4 mn CNY", memory="120 GB"),
        "workloads.deep": workload(price="2 CNY/Mtoken", memory="100 GB", throughput=throughput),
    }
    assert objective(changes) == pytest.approx(40.0)
    del changes["workloads.deep"]["memory"]
    assert objective(changes) == pytest.approx(70.0)


def test_power_and_units_at_the_start_need_no_order():
    """Ten stand: they earn 40. Sensitivity: without them the answer would be 30, since ten must be bought."""
    m = compiled({"opening.sites.east.installed": {"server": 10}})
    plan = optimise_plan(m)
    assert plan.solver.objective == pytest.approx(40.0)
    assert np.all(plan.ordered == 0.0)


def test_a_unit_is_retired_at_the_end_of_its_life():
    """A server lives two quarters: each earns 2 for its price of 1. Ten in quarter 1 and again in quarter 3.

    10 · (2 − 1) · 2 = 20. Sensitivity: without an end of life ten would earn 4 each: 30.
    """
    plan = planned({"offers.server.life": "6 months"})
    assert plan.solver.objective == pytest.approx(20.0)
    assert plan.installed.sum(axis=(0, 1)) == pytest.approx([10, 10, 10, 10])
    check_plan(plan)


def test_what_stands_at_the_start_is_of_every_age():
    """Four stand with a life of four quarters: 3, 2, 1 and 0 are left, which earn 6; nothing is for sale.

    Sensitivity: without an end of life they would earn 16.
    """
    changes = {
        "offers.server.life": "12 months",
        "offers.server.supply": {},
        "opening.sites.east.installed": {"server": 4},
    }
    plan = planned(changes)
    assert plan.installed.sum(axis=(0, 1)) == pytest.approx([3, 2, 1, 0], abs=1e-9)
    assert plan.solver.objective == pytest.approx(6.0)
    check_plan(plan)


def test_what_failed_before_its_end_of_life_does_not_end_again():
    """Half fail in a quarter: of ten ordered in quarter 1, five are left in quarter 2, none in quarter 3.

    They earn 10 + 5 for 10. Sensitivity: without an end of life another 2.5 and 1.25.
    """
    changes = {"offers.server.life": "6 months", "offers.server.attrition": "93.75 %/year"}
    stop = {"offers.server.available_until": "2025-06-30"}
    plan = planned({**changes, **stop})
    assert plan.installed.sum(axis=(0, 1)) == pytest.approx([10, 5, 0, 0], abs=1e-9)
    assert plan.solver.objective == pytest.approx(5.0)
    check_plan(plan)


def test_leased_servers_of_the_opening_cost_their_fee():
    """Three stand leased at 0.5 a quarter and serve all of a demand of three: 3 · 4 · (1 − 0.5) = 6.

    Sensitivity: as owned ones they would cost nothing: 12.
    """
    leased = offer()
    del leased["buy"]
    leased["lease"] = {"fee": "0.5 mn CNY/quarter", "term": "3 months"}
    changes = {"offers.server": leased, "workloads.chat.demand": "3 tn token/quarter"}
    assert objective({**changes, "opening.sites.east.installed": {"server": 3}}) == pytest.approx(6.0)
    both = {**changes, "offers.server": {**leased, "buy": {"price": "9 mn CNY", "deposit": "0 %"}}}
    assert objective({**both, "opening.sites.east.leased": {"server": 3}}) == pytest.approx(6.0)
    assert objective({**both, "opening.sites.east.installed": {"server": 3}}) == pytest.approx(12.0)


def test_rented_power_of_the_opening_costs_its_fee():
    """0.3 MW more stand rented at 1 a quarter and MW: three more servers earn 3 · (4 − 1), less 1.2 of fee.

    30 + 9 − 1.2 = 37.8. Sensitivity: as own power it would cost nothing: 39.
    """
    rented = {"fee": "1 mn CNY/MW/quarter", "lead_time": "0 months", "term": "3 months", "limit": "0 MW"}
    changes = {"sites.east.colocate": rented, "opening.sites.east.power_leased": "0.3 MW"}
    assert objective(changes) == pytest.approx(37.8)
