"""What is kept free, by hand. The small case earns 10 · (4 − 1) = 30; see small_case.py."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_case import OBJECTIVE, loaded, objective, planned

from capexpand.errors import CaseError
from capexpand.finance.checks import check_plan
from capexpand.finance.parts import fractional_orders
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan


def test_a_spare_block_of_power_is_not_used():
    """Five blocks of which one is spare leave 0.8 MW: eight servers, 8 · (4 − 1) = 24.

    Sensitivity: without redundancy the answer would be 30.
    """
    plan = planned({"sites.east.spare_blocks": 5})
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(24.0)
    assert objective({"sites.east.spare_power": "20 %"}) == pytest.approx(24.0)


def test_spare_servers_are_bought_and_do_not_run():
    """One in eleven stands by: eleven are bought for ten that run, 10 · 4 − 11 = 29.

    Sensitivity: without spares the answer would be 30.
    """
    plan = planned({"offers.server.spares": f"{100 / 11:.12f} %"})
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(29.0)
    assert plan.installed[0, 0] == pytest.approx([11.0] * 4)


def test_a_reserve_is_capacity_beyond_what_is_sold():
    """With a quarter more than what is sold, ten servers sell 8: 8 · 4 − 10 = 22.

    Sensitivity: without a reserve the answer would be 30.
    """
    assert objective({"workloads.chat.reserve": "25 %"}) == pytest.approx(22.0)


def test_a_reserve_holds_the_largest_contract_once_more():
    """A contract over 4 tn tokens at twice the price, held once more, takes eight servers; the last
    two serve the market: 4 · (4 · 2 + 2 · 1) − 10 = 30.

    Sensitivity: without the reserve six serve the market, and it would be 46.
    """
    contract = {
        "title": "The largest",
        "role": "external",
        "unit": "token",
        "demand": "4 tn token/quarter",
        "price": "2 CNY/Mtoken",
        "usable_share": "100 %",
        "throughput": {"server": "1 tn token/quarter"},
        "contract": {},
    }
    plan = planned({"workloads.largest": contract | {"reserve": "100 %"}})
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(30.0)
    assert objective({"workloads.largest": contract}) == pytest.approx(46.0)


def test_the_largest_contract_is_held_once_more_whichever_it_is():
    """Contracts over 4 and 3 tn tokens at three times the price of the market, ten servers: 4 + 3, and 4 kept
    free, are eleven. So 3.5 are delivered of the larger one and 3.5 kept free: 4 · 6.5 · 3 − 10 = 68.

    Sensitivity: with a reserve of each, 5 are delivered of both together, and 4 · 5 · 3 − 10 = 50.
    """
    contract = {
        "title": "One",
        "role": "external",
        "unit": "token",
        "price": "3 CNY/Mtoken",
        "usable_share": "100 %",
        "throughput": {"server": "1 tn token/quarter"},
        "contract": {},
    }
    both = {
        "workloads.one": contract | {"demand": "4 tn token/quarter"},
        "workloads.other": contract | {"demand": "3 tn token/quarter"},
    }
    plan = planned(both | {"contract_reserve": "100 %"})
    check_plan(plan)
    assert plan.solver.objective == pytest.approx(68.0)
    assert plan.sold[1, 0] == pytest.approx([3.5] * 4)
    assert plan.kept_free[0, 0] == pytest.approx([3.5] * 4)
    apart = {place: each | {"reserve": "100 %"} for place, each in both.items()}
    assert objective(apart) == pytest.approx(50.0)
    assert objective(both | {"contract_reserve": "0 %"}) == pytest.approx(objective(both))


def test_a_reserve_for_contracts_needs_a_contract():
    with pytest.raises(CaseError, match="contract_reserve: is kept free for contracts, and no workload"):
        loaded({"contract_reserve": "100 %"})


def test_halls_too_small_to_be_built_are_told_where_no_size_is_stated():
    """Half a server's worth of room at a time: 0.15 MW is no order. Sensitivity: 2 MW are."""
    built = {
        "cost": "1 mn CNY/MW", "lead_time": "0 months", "deposit": "0 %", "maintenance": "0 CNY/MW/quarter",
    }  # fmt: skip
    nothing = {"opening.sites.east.power": "0 MW"}
    small = planned(nothing | {"sites.east.build": built | {"limit": "0.15 MW"}})
    told = list(fractional_orders(small))
    assert len(told) == 1
    assert "orders of halls are below 0.2 MW, such as 0.15 MW in 2025Q2; sites.east.build.hall" in told[0]
    assert not list(fractional_orders(planned(nothing | {"sites.east.build": built | {"limit": "2 MW"}})))


@given(power=st.integers(0, 60), spares=st.integers(0, 30), reserve=st.integers(0, 100))
@settings(max_examples=8, deadline=None)
def test_more_redundancy_never_raises_the_value(power, spares, reserve):
    kept = {
        "sites.east.spare_power": f"{power} %",
        "offers.server.spares": f"{spares} %",
        "workloads.chat.reserve": f"{reserve} %",
    }
    assert objective(kept) <= OBJECTIVE + 1e-7


def test_power_is_kept_free_in_one_way():
    with pytest.raises(CaseError, match="spare_blocks: stands beside spare_power"):
        loaded({"sites.east.spare_power": "10 %", "sites.east.spare_blocks": 4})


def test_an_order_that_is_no_whole_hall_is_told():
    """1 MW more is wanted for ten servers of a demand of 20, and a hall is 3 MW."""

    build = {
        "cost": "0.1 mn CNY/MW",
        "lead_time": "0 months",
        "deposit": "0 %",
        "maintenance": "0 CNY/MW/quarter",
    }
    changes = {"workloads.chat.demand": "20 tn token/quarter", "sites.east.build": build | {"hall": "3 MW"}}
    case = loaded(changes)
    told = list(fractional_orders(optimise_plan(compile_case(case))))
    assert len(told) == 1
    assert "1 MW in 2025Q2 where a hall is 3 MW" in told[0]
    plain = loaded(changes | {"sites.east.build": build})
    assert not list(fractional_orders(optimise_plan(compile_case(plain))))
