"""Hiring from a cloud by hand. The small case earns 10 · (4 − 1) = 30; see small_case.py."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_case import ABSENT, OBJECTIVE, compiled, objective, planned

from capexpand.finance.checks import check_plan
from capexpand.finance.hire import hire_cost_by_option
from capexpand.finance.ownership import source_costs
from capexpand.finance.statements import statement

CLOUD = {"title": "Cloud", "offer": "server", "destination": "CN"}


def cloud(**ways):
    return {"clouds": {"big": CLOUD | ways}}


def test_units_on_demand_serve_what_own_ones_cannot():
    """Twenty units at 0.6 a quarter serve 1 each: 30 + 4 · 20 · (1 − 0.6) = 62, without a site or a budget.

    Sensitivity: at a fee of 1.1 nobody would hire, and the answer would be 30.
    """
    terms = {"fee": "0.6 mn CNY/quarter", "limit": "20 units"}
    plan = planned(cloud(on_demand=terms))
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(62.0)
    assert hire_cost_by_option(plan).sum(axis=0) == pytest.approx([12.0] * 4)
    assert statement(plan).ebitda == pytest.approx([10 + 20 - 12] * 4)
    assert objective(cloud(on_demand=terms | {"fee": "1.1 mn CNY/quarter"})) == pytest.approx(OBJECTIVE)


def test_what_is_reserved_is_paid_for_when_it_is_not_used():
    """Demand is 100 in the first quarter and 10 after it, which the ten own servers serve.

    A reservation of six months at 0.4 serves one quarter and is paid for two: 1 − 0.8 = 0.2 for each of five.
    Sensitivity: were the unused quarter free, each would bring 0.6, and the answer would be 33.
    """
    demand = {"2025-04-01": "100 tn token/quarter", "2025-07-01": "10 tn token/quarter"}
    falls = {"workloads.chat.demand": demand}
    terms = {"fee": "0.4 mn CNY/quarter", "term": "6 months", "limit": "5 unit/quarter"}
    plan = planned(falls | cloud(reserved={"half-year": terms}))
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(OBJECTIVE + 5 * 0.2)
    assert plan.hired[0] == pytest.approx([5, 5, 0, 0])
    assert objective(falls | cloud(reserved={"half-year": terms | {"fee": "0.6 mn CNY/quarter"}})) == (
        pytest.approx(OBJECTIVE)
    )


def test_a_reservation_keeps_the_fee_of_its_signing():
    """The fee rises from 0.5 to 0.9; signed at once for a year, five units pay 0.5: 30 + 5 · 4 · 0.5 = 40.

    Sensitivity: at the fee of the day the answer would be 30 + 5 · (0.5 + 3 · 0.1) = 34.
    """
    rises = {"2025-04-01": "0.5 mn CNY/quarter", "2025-07-01": "0.9 mn CNY/quarter"}
    limit = {"2025-04-01": "5 unit/quarter", "2025-07-01": "0 unit/quarter"}
    plan = planned(cloud(reserved={"year": {"fee": rises, "term": "1 year", "limit": limit}}))
    assert plan.solver.objective == pytest.approx(40.0)
    assert hire_cost_by_option(plan).sum(axis=0) == pytest.approx([2.5] * 4)


def test_a_reservation_serves_after_its_lead_time_and_expires():
    """Signed in quarter 1 with a lead of three months and a term of six: it serves in quarters 2 and 3.

    At 0.5 that brings 5 · 2 · 0.5 = 5. Sensitivity: without an end it would serve in quarter 4, too: 7.5.
    """
    limit = {"2025-04-01": "5 unit/quarter", "2025-07-01": "0 unit/quarter"}
    terms = {"fee": "0.5 mn CNY/quarter", "term": "6 months", "lead_time": "3 months", "limit": limit}
    plan = planned(cloud(reserved={"later": terms}))
    assert plan.solver.objective == pytest.approx(35.0)
    assert plan.hired[0] == pytest.approx([0, 5, 5, 0])


def test_spot_loses_the_time_in_which_it_is_taken_away():
    """Four units serve 75 % of the time they are paid for: 30 + 4 · 4 · (0.75 − 0.5) = 34.

    Sensitivity: with no interruption the answer would be 38.
    """
    terms = {"fee": "0.5 mn CNY/quarter", "interrupted": "25 %", "limit": "4 units"}
    assert objective(cloud(spot=terms)) == pytest.approx(34.0)
    assert objective(cloud(spot=terms | {"interrupted": "0 %"})) == pytest.approx(38.0)


def test_latency_country_and_exclusion_keep_a_workload_from_a_cloud():
    """Each of the three leaves the objective at 30; with none of them it is 62."""
    ways = {"on_demand": {"fee": "0.6 mn CNY/quarter", "limit": "20 units"}}
    far = {"clouds": {"big": CLOUD | ways | {"latency": "80 ms"}}, "sites.east.latency": "5 ms"}
    assert objective(far) == pytest.approx(62.0)
    assert objective(far | {"workloads.chat.max_latency": "20 ms"}) == pytest.approx(OBJECTIVE)
    abroad = {"clouds": {"big": CLOUD | ways | {"destination": "SG"}}, "workloads.chat.destinations": ["CN"]}
    assert objective(abroad) == pytest.approx(OBJECTIVE)
    assert objective(cloud(**ways) | {"workloads.chat.excluded_clouds": ["big"]}) == pytest.approx(OBJECTIVE)


@given(
    demand=st.lists(st.integers(0, 40), min_size=4, max_size=4),
    fee=st.integers(1, 12),
    term=st.sampled_from(["3 months", "6 months", "12 months"]),
)
@settings(max_examples=8, deadline=None)
def test_a_reservation_at_the_fee_on_demand_is_never_preferred(demand, fee, term):
    """What can be given up at any time is worth at least as much as what cannot, at the same fee."""
    days = ("2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01")
    path = {day: f"{value} tn token/quarter" for day, value in zip(days, demand, strict=True)}
    paid = {"fee": f"{fee / 10} mn CNY/quarter"}
    changes = {"workloads.chat.demand": path}
    free = planned(changes | cloud(on_demand=paid))
    both = planned(changes | cloud(on_demand=paid, reserved={"bound": paid | {"term": term}}))
    assert both.solver.objective == pytest.approx(free.solver.objective, abs=1e-6)


@given(fee=st.integers(1, 20), lost=st.integers(0, 60))
@settings(max_examples=6, deadline=None)
def test_another_way_to_hire_never_lowers_the_objective(fee, lost):
    spot = {"fee": f"{fee / 10} mn CNY/quarter", "interrupted": f"{lost} %", "limit": "5 units"}
    on_demand = {"fee": "0.8 mn CNY/quarter", "limit": "5 units"}
    assert objective(cloud(on_demand=on_demand, spot=spot)) >= objective(cloud(on_demand=on_demand)) - 1e-7


def test_leasing_at_the_owners_cost_equals_buying():
    """At 2 % a quarter a server of 1 mn CNY is paid back by f = 1 / Σ γ_t/γ_0 in four quarters.

    Leased for exactly these four quarters at f, ten servers bring what ten bought ones bring.
    Sensitivity: at a tenth more the lease would lose against buying.
    """
    rate = {"finance.discount_rate": "8.243216 %/year"}  # 1.02 to the fourth
    gamma = compiled(rate).times.discount
    fee = float(gamma[0] / gamma.sum())
    bought = objective(rate)
    lease = {"fee": f"{fee:.12f} mn CNY/quarter", "term": "1 year"}
    leased = {"offers.server.buy": ABSENT, "offers.server.lease": lease}
    late = {"offers.server.available_until": "2025-06-30"}
    assert objective(rate | late | leased) == pytest.approx(bought, rel=1e-9)
    dearer = leased | {"offers.server.lease": lease | {"fee": f"{1.1 * fee:.12f} mn CNY/quarter"}}
    assert objective(rate | late | dearer) < bought - 0.1


def test_the_cost_of_ownership_is_what_each_source_costs_for_what_it_serves():
    """Bought: 1 mn CNY over 4 tn tokens, power standing. On demand 0.6; spot 0.3 / 0.75; reserved 0.5."""
    ways = {
        "on_demand": {"fee": "0.6 mn CNY/quarter"},
        "spot": {"fee": "0.3 mn CNY/quarter", "interrupted": "25 %"},
        "reserved": {"year": {"fee": "0.5 mn CNY/quarter", "term": "1 year"}},
    }
    found = {source.name: source for source in source_costs(compiled(cloud(**ways)))}
    costs = {name: float(source.per_volume[0]) for name, source in found.items()}
    assert costs == pytest.approx({"server": 0.25, "big/on-demand": 0.6, "big/spot": 0.4, "big/year": 0.5})
    assert np.isclose(found["server"].power, 0.0)
