"""What is served and sold, by hand. The small case earns 10 · (4 − 1) = 30; see small_case.py."""

import pytest
from small_case import OBJECTIVE, compiled, objective, offer, planned, site, workload

from capexpand.errors import InfeasibleError
from capexpand.optimiser.deterministic import optimise_plan


def test_no_more_is_sold_than_is_demanded():
    """Demand for 4: 4 · (4 − 1) = 12.

    Sensitivity: without the limit of demand the answer would be 30.
    """
    plan = planned({"workloads.chat.demand": "4 tn token/quarter"})
    assert plan.solver.objective == pytest.approx(12.0)


def test_only_the_usable_share_is_sold():
    """Half is usable: ten servers sell 5 a quarter: 4 · 5 − 10 = 10.

    Sensitivity: with all usable the answer would be 30.
    """
    assert objective({"workloads.chat.usable_share": "50 %"}) == pytest.approx(10.0)


def test_tranches_sell_at_falling_prices():
    """Demand is 10: 6 at 1, 4 at 0.4. A server for 2 gains 4 − 2 on the dear part, 1.6 − 2 on the cheap: 12.

    Sensitivity: at one price for all the answer would be 10 · (4 − 2) = 20.
    """
    tranches = [{"share": "60 %", "price": 1.0}, {"share": "40 %", "price": 0.4}]
    changes = {"workloads.chat.demand": "10 tn token/quarter", "offers.server.buy.price": "2 mn CNY"}
    plan = planned({**changes, "workloads.chat.tranches": tranches})
    assert plan.solver.objective == pytest.approx(12.0)
    assert plan.sold[0, :, 0] == pytest.approx([6, 0])
    assert objective(changes) == pytest.approx(20.0)


def test_the_market_share_is_taken_of_the_demand():
    """5 % of 100 is 5: 5 · (4 − 1) = 15. Sensitivity: without the share the answer would be 30."""
    assert objective({"workloads.chat.market_share": "5 %"}) == pytest.approx(15.0)


def test_productivity_makes_a_unit_serve_more():
    """Twice as much from quarter 3 on, demand permitting: ten servers sell 10, 10, 20, 20: 60 − 10 = 50.

    Sensitivity: without productivity the answer would be 30.
    """
    assert objective({"workloads.chat.productivity": {"2025-04-01": 1, "2025-10-01": 2}}) == pytest.approx(
        50.0
    )


def test_productivity_does_not_raise_the_demand():
    """Demand for 10, twice as productive from quarter 3 on: five servers serve it then.

    The first five earn 5 + 5 + 10 + 10 and cost 5, the second five earn 5 + 5 and cost 5: 25 + 5 = 30.
    Sensitivity: were demand to grow with productivity, the answer would be 50.
    """
    changes = {
        "workloads.chat.productivity": {"2025-04-01": 1, "2025-10-01": 2},
        "workloads.chat.demand": "10 tn token/quarter",
    }
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(30.0)
    assert plan.sold[0, 0] == pytest.approx([10, 10, 10, 10])
    assert plan.serving[0, 0, 0, 2:].min() >= 5 - 1e-9


def test_ordinary_costs_take_their_share_of_external_revenue_only():
    """30 % of revenue goes to ordinary costs: 10 · (4 · 0.7 − 1) = 18; an internal workload pays none: 30.

    Sensitivity: without them the first would be 30; taken of transfer value, too, the second would be 18.
    """
    assert objective({"finance.ordinary_costs": "30 %"}) == pytest.approx(18.0)
    internal = {"finance.ordinary_costs": "30 %", "workloads.chat.role": "internal"}
    assert objective(internal) == pytest.approx(OBJECTIVE)


OBLIGATION = {
    "workloads.train": {
        "title": "Train",
        "role": "obligation",
        "unit": "FLOP",
        "demand": "3 ZFLOP/quarter",
        "penalty": "3 mn CNY/ZFLOP",
        "usable_share": "100 %",
        "throughput": {"server": "1 ZFLOP/quarter"},
    }
}


def test_an_obligation_is_served_where_the_penalty_costs_more_than_sales():
    """3 owed at a penalty of 3, of ten servers: three serve it, seven earn 1 each: 7 · 4 − 10 = 18.

    Sensitivity: without the obligation the answer would be 30; unserved it would cost 36.
    """
    plan = planned(OBLIGATION)
    assert plan.solver.objective == pytest.approx(18.0)
    assert plan.unmet.sum() == 0.0


def test_a_cheap_penalty_is_paid_instead():
    """At a penalty of 0.5 all ten earn 1: 30 − 4 · 3 · 0.5 = 24.

    Sensitivity: served it would be 18; without the penalty in the objective 30.
    """
    changes = {
        **OBLIGATION,
        "workloads.train": {**OBLIGATION["workloads.train"], "penalty": "0.5 mn CNY/ZFLOP"},
    }
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(24.0)
    assert plan.unmet[1] == pytest.approx([3, 3, 3, 3])


def test_an_obligation_without_a_penalty_must_be_served():
    """As served above, 18, whatever sales pay: at a price of 5 it is 7 · 20 − 10 = 130.

    Sensitivity: with a penalty of 3 it would be paid at that price: 10 · 20 − 10 − 36 = 154.
    """
    must = {key: value for key, value in OBLIGATION["workloads.train"].items() if key != "penalty"}
    changes = {"workloads.train": must, "workloads.chat.price": "5 CNY/Mtoken"}
    assert objective(changes) == pytest.approx(130.0)
    assert objective({**OBLIGATION, "workloads.chat.price": "5 CNY/Mtoken"}) == pytest.approx(154.0)
    with pytest.raises(InfeasibleError, match=r"train, .*: an obligation without a penalty"):
        planned({"workloads.train": {**must, "demand": "11 ZFLOP/quarter"}})


def test_a_workload_with_a_latency_limit_runs_near_its_users():
    """North is 80 ms away and has 1 MW, too; chat allows 50 ms: 30.

    Sensitivity: without the limit the answer would be 60.
    """
    changes = {
        "sites.east.latency": "20 ms",
        "sites.north": site(title="North", latency="80 ms"),
        "opening.sites.north": {"power": "1 MW"},
    }
    assert objective({**changes, "workloads.chat.max_latency": "50 ms"}) == pytest.approx(30.0)
    assert objective(changes) == pytest.approx(60.0)


def test_sites_that_differ_for_one_workload_serve_the_others_together():
    """As before, with batch work at half the price that may run anywhere: 10 · (4 − 1) + 10 · (2 − 1) = 40.

    Sensitivity: were north shut for all work, 30; were it open to chat, 60.
    """
    changes = {
        "sites.east.latency": "20 ms",
        "sites.north": site(title="North", latency="80 ms"),
        "opening.sites.north": {"power": "1 MW"},
        "workloads.chat.max_latency": "50 ms",
        "workloads.batch": workload(title="Batch", price="0.5 CNY/Mtoken"),
    }
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(40.0)
    assert plan.data.workloads.served_by.shape == (2, 2)


def test_sites_alike_to_every_workload_are_one_group():
    """Two sites of 1 MW: one group, 60. Sensitivity: a site excluded from chat is a group of its own: 30."""
    changes = {"sites.north": site(title="North"), "opening.sites.north": {"power": "1 MW"}}
    m = compiled(changes)
    assert m.workloads.served_by.shape == (1, 1)
    assert optimise_plan(m).solver.objective == pytest.approx(60.0)
    apart = compiled({**changes, "workloads.chat.excluded_sites": ["north"]})
    assert apart.workloads.served_by.tolist() == [[False], [True]]
    assert optimise_plan(apart).solver.objective == pytest.approx(30.0)


def test_a_workload_stays_in_the_destinations_that_it_names():
    """North in SG has 1 MW and supply; chat must stay in CN: 30.

    Sensitivity: without the rule the answer would be 60.
    """
    changes = {
        "sites.north": site(title="North", destination="SG"),
        "opening.sites.north": {"power": "1 MW"},
        "offers.server.supply.SG": {},
    }
    assert objective({**changes, "workloads.chat.destinations": ["CN"]}) == pytest.approx(30.0)
    assert objective(changes) == pytest.approx(60.0)


def test_an_offer_that_a_workload_does_not_name_cannot_serve_it():
    """A second server for 0.1 that chat does not name is never bought: 30.

    Sensitivity: named, it would make it 10 · (4 − 0.1) = 39.
    """
    changes = {"offers.other": offer("0.1 mn CNY")}
    assert objective(changes) == pytest.approx(30.0)
    named = {"server": "1 tn token/quarter", "other": "1 tn token/quarter"}
    assert objective({**changes, "workloads.chat.throughput": named}) == pytest.approx(39.0)


def test_units_move_between_workloads_from_quarter_to_quarter():
    """Chat pays 1 in quarters 1 and 2 and nothing after; batch work pays 0.5 always: 10 · (2 + 1 − 1) = 20.

    Sensitivity: were a unit bound to its first workload, the answer would be 10.
    """
    changes = {
        "workloads.chat.demand": {"2025-04-01": "100 tn token/quarter", "2025-10-01": "0 tn token/quarter"},
        "workloads.batch": workload(title="Batch", price="0.5 CNY/Mtoken"),
    }
    assert objective(changes) == pytest.approx(20.0)
