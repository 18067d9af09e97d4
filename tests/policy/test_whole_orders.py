"""Orders of a policy in whole halls and lots: whole, never worth more, and the best of their neighbours."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "model"))

from small_case import loaded, workload

import capexpand as cx
from capexpand.pipeline import LatticeSettings, optimise_policy
from capexpand.policy.case_policy import PolicySettings
from capexpand.policy.findings import whole_sentence
from capexpand.policy.later_sizes import LaterSizes, _counted, later_sentence
from capexpand.policy.whole_orders import whole_orders
from capexpand.reporting.policy_document import this_quarter

CASE = Path(__file__).parents[2] / "cases" / "two-sites" / "case.yaml"
SIZES = """
sites:
  west:
    build: {hall: 1.3 MW}
  coast:
    build: {hall: 0.7 MW}
offers:
  server: {lot: 7}
uncertainty:
  regimes:
    demand:
      states:
        high: {moves: {workloads.chat.demand: 102 %}}
        low: {moves: {workloads.chat.demand: 98 %}}
"""


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    file = tmp_path_factory.mktemp("whole") / "case.yaml"
    file.write_text(f"extends: {CASE}\n{SIZES}", "utf-8")
    settings, grain = PolicySettings(iterations=12, sample_paths=4), LatticeSettings(2, 1, 8, 2, 60)
    return optimise_policy(cx.load_case(file), settings=settings, lattice=grain)


def test_orders_are_whole_and_cost_what_they_say(planned):
    """Sensitivity: in parts at least one order of this quarter is no whole number of halls or lots."""
    policy = planned.policy
    m, found = policy.data, whole_orders(policy)
    assert found is not None
    parts = policy.first_orders()
    sized = [
        (found.orders.power_mw, parts.power_mw, m.power.hall_mw),
        (found.orders.units, parts.units, np.broadcast_to(m.offers.lot[:, None], parts.units.shape)),
    ]
    for whole, _, size in sized:
        lots = whole[size > 0] / size[size > 0]
        assert lots == pytest.approx(np.round(lots), abs=1e-6)
    broken = []
    for _, part, size in sized:
        lots = part[size > 0] / size[size > 0]
        broken.append(np.abs(lots - np.round(lots)).max(initial=0.0))
    assert max(broken) > 1e-3
    for whole, part, size in sized:
        assert (np.abs(whole - part)[size > 0] <= size[size > 0] + 1e-6).all()
    assert 0.0 <= found.cost < abs(policy.gap.bound)


def test_a_report_says_what_whole_sizes_cost(planned):
    found = cx.evaluate_policy(planned, cx.simulate(planned, 4))
    assert "whole halls and lots" in whole_sentence(found)
    assert set(this_quarter(found)["whole"]) == {"power_mw", "units", "cost"}


def test_parts_are_told_where_few_are_ordered_at_a_time():
    """Orders of 0.4 and 2.6 halls are 1.5 in the middle, both in parts; 40 and 50 lots are whole and many."""
    few = LaterSizes("a", "power at East", 10.0, True, *_counted(np.array([[4.0, 0.0], [26.0, 0.0]]), 10.0))
    many = LaterSizes("b", "Server", 8.0, False, *_counted(np.array([[320.0], [400.0]]), 8.0))
    assert (few.middle, few.broken, many.middle, many.broken) == (1.5, 1.0, 45.0, 0.0)
    told = later_sentence((few, many))
    assert "power at East, 1.5 halls of 10 MW in the middle and 100 % of orders in parts." in told
    assert "Server" not in told
    assert later_sentence((many,)) == ""
    assert _counted(np.zeros((2, 2)), 10.0) is None
    assert _counted(np.array([[0.1]]), 10.0) == (pytest.approx(0.01), 1.0)


STILL = {
    "market": {
        "reason": "invented",
        "initial": "unknown",
        "states": {"unknown": {}, "there": {}},
        "transitions": {"unknown": {"there": "50 %"}},
    }
}
"""Something is unknown, and it moves nothing."""


@pytest.mark.parametrize(("penalty", "signed", "cost"), [("0.5", 1.0, 10.0), ("3", 0.0, 40.0)])
def test_a_contract_is_signed_in_full_or_not_at_all(penalty, signed, cost):
    """Ten servers deliver 10 of the 15 tn tokens a quarter that are on offer at 2 CNY, twice the market's
    price. In parts two thirds are signed. In full, damages for 5 come in each of four quarters: 10 at 0.5
    CNY; at 3 they are dearer than to sell 10 at 1 CNY instead of 2, which costs 40.
    """
    contract = {"offered_until": "2025-06-30", "penalty": f"{penalty} CNY/Mtoken"}
    anchor = workload(title="Anchor", demand="15 tn token/quarter", price="2 CNY/Mtoken", contract=contract)
    sizes = {"offers.server.lot": 1, "solve": {"whole_sizes": True}}
    case = loaded({"workloads.anchor": anchor, "uncertainty": {"regimes": STILL}} | sizes)
    settings = PolicySettings(iterations=20, sample_paths=5, back_end="highs")
    planned = cx.optimise_policy(case, settings=settings, lattice=LatticeSettings(2, 1, 8, 2, 60))
    assert planned.policy.first_orders().signed == pytest.approx([2 / 3])
    found = cx.evaluate_policy(planned, cx.simulate(planned, 10))
    assert found.whole.orders.signed == pytest.approx([signed])
    assert found.whole.cost == pytest.approx(cost)
    told = this_quarter(found)
    assert told["contracts"]["anchor"] == pytest.approx(2 / 3)
    assert told["whole"]["contracts"]["anchor"] == pytest.approx(signed)
    assert ("sign Anchor in full" if signed else "leave Anchor unsigned") in whole_sentence(found)
    assert "Anchor is signed in part" in whole_sentence(found)
