"""The frontier between two objectives: a point is the best at its level, what lies between is bracketed."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_case import SMALL, loaded, offer

import capexpand as cx
from capexpand.case.loading import load_case
from capexpand.errors import CaseError, InfeasibleError
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.studies.frontier.frontier import find_frontier
from commands import capexpand

TWO_SITES = Path(__file__).parents[2] / "cases" / "two-sites"


def found(objectives, changes=None, **more):
    return find_frontier(loaded(changes), "small", objectives, **more)


BUILDING = {
    "sites.east.build": {
        "cost": "5 mn CNY/MW",
        "lead_time": "0 months",
        "deposit": "100 %",
        "maintenance": "0 CNY/MW/quarter",
    }
}


def test_a_megawatt_less_costs_what_it_earned():
    """1 MW stands and more can be built at 5 mn a MW, up to the grid of 10 MW. A megawatt holds ten servers
    that earn 4 − 1 each: 30 − 5 = 25 a MW built. All of it: 30 + 9 · 25 = 255. What stands cannot be torn
    down, so the least power is 1 MW, and there the value is 30.
    """
    one = found(("npv", "power"), BUILDING, points=4)
    assert [point.second for point in one.points] == pytest.approx([10.0, 7.0, 4.0, 1.0])
    assert [point.first for point in one.points] == pytest.approx([255.0, 180.0, 105.0, 30.0], rel=1e-5)
    assert [point.slope for point in one.points[1:-1]] == pytest.approx([25.0, 25.0], rel=1e-4)
    assert one.between(5.5) == pytest.approx((142.5, 142.5), rel=1e-5)


def test_the_cheapest_way_to_serve_a_share_of_the_demand():
    """Demand of 8: eight servers serve all of it at 1 mn each, or four large ones at 1.5 mn each."""
    large = {
        "offers.large": offer("1.5 mn CNY", power="150 kW"),
        "workloads.chat.throughput": {"server": "1 tn token/quarter", "large": "2 tn token/quarter"},
        "workloads.chat.demand": "8 tn token/quarter",
    }
    one = found(("cost", "served"), large, points=3)
    assert [point.second for point in one.points] == pytest.approx([0.0, 0.5, 1.0], abs=1e-6)
    assert [point.first for point in one.points] == pytest.approx([0.0, 3.0, 6.0], abs=1e-4)
    assert one.points[1].plan.ordered[1].sum() == pytest.approx(2.0, abs=1e-4)


def test_what_must_be_served_is_served_at_least_power():
    large = {
        "offers.large": offer("3.9 mn CNY", power="110 kW"),
        "workloads.chat.throughput": {"server": "1 tn token/quarter", "large": "2 tn token/quarter"},
        "workloads.chat.demand": "8 tn token/quarter",
        "opening": {},
        **BUILDING,
    }
    one = found(("power", "cost"), large, points=2, serve=1.0)
    assert one.points[0].first == pytest.approx(0.44, rel=1e-4)
    assert one.points[1].first == pytest.approx(0.8, rel=1e-4)
    assert one.points[1].second < one.points[0].second


def test_more_than_can_be_served_is_infeasible():
    with pytest.raises(InfeasibleError):
        found(("cost", "power"), {"workloads.chat.demand": "20 tn token/quarter"}, serve=0.9)


@given(levels=st.lists(st.floats(0.02, 0.98), min_size=3, max_size=3), points=st.integers(3, 7))
@settings(max_examples=8)
def test_what_lies_between_the_points_is_inside_the_bracket(levels, points):
    """Two sites, value against spending: plans at levels between the points, each solved cold."""
    case = load_case(TWO_SITES)
    one = find_frontier(case, "two-sites", ("npv", "spending"), points=points)
    m = compile_case(case)
    base = optimise_plan(m.without_programme()).solver.objective
    ends = [point.second for point in one.points]
    for share in levels:
        level = min(ends) + share * (max(ends) - min(ends))
        cap = np.where(np.isfinite(m.budget.cap), np.minimum(m.budget.cap, level), np.inf)
        from dataclasses import replace

        best = optimise_plan(replace(m, budget=replace(m.budget, cap=cap))).solver.objective - base
        low, high = one.between(level)
        assert low - 1e-3 <= best <= high + 1e-3


def test_whole_sizes_are_whole_at_every_point():
    whole = {
        **BUILDING,
        "solve": {"whole_sizes": True},
        "offers.server.lot": 5,
        "sites.east.build.hall": "1 MW",
    }
    one = found(("npv", "power"), whole, points=3)
    for point in one.points:
        ordered = point.plan.ordered.sum()
        assert ordered == pytest.approx(5 * round(ordered / 5), abs=1e-4)
    assert one.between(5.0) is None


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        (("npv", "pwer"), "there is no objective 'pwer'; did you mean power?"),
        (("npv", "npv"), "'npv' is named twice"),
    ],
)
def test_an_unknown_objective_asks_back(objectives, message):
    with pytest.raises(CaseError) as error:
        found(objectives)
    assert message in str(error.value)


def test_the_command_prints_json_and_writes_a_run(tmp_path):
    (tmp_path / "small").mkdir()
    (tmp_path / "small/case.yaml").write_text(json.dumps(SMALL), encoding="utf-8")
    command = ["frontier", tmp_path / "small", "--objectives"]
    done = capexpand(*command, "npv,spending", "--points", 3, "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [point["npv"] for point in result["points"]] == pytest.approx([30e6, 15e6, 0.0], abs=100.0)
    assert result["points"][1]["slope"] == pytest.approx(3.0)
    assert (tmp_path / "out/tables/points.csv").is_file()
    bad = capexpand(*command, "npv")
    assert (bad.returncode, bad.stderr.strip()) == (
        2,
        "--objectives: 'npv' names 1; write two, as npv,power",
    )


def test_the_function_gives_sentences_and_tables():
    one = cx.frontier(loaded(), objectives=("npv", "spending"), points=3)
    assert "With npv alone in mind, 30 mn CNY" in one.sentences[0]
    assert one.tables["points"].height == 3
