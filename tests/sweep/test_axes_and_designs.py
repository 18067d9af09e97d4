"""Axes as a user writes them, what is refused, and the points of each design."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_case import SMALL

from capexpand.errors import CaseError
from capexpand.studies.sweep.axes import Box
from capexpand.studies.sweep.designs import make_points, order_of_solving


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return the folder of a case with growth, dated limits, tranches and a variant."""
    case = json.loads(json.dumps(SMALL))
    case["programme"]["cap"] = "10 mn CNY"
    case["workloads"]["chat"]["price"] = {
        "value": "1 CNY/Mtoken",
        "growth": "-10 %/year",
        "minimum": "0.1 CNY/Mtoken",
    }
    case["workloads"]["chat"]["tranches"] = [{"share": "60 %", "price": 1.0}, {"share": "40 %", "price": 0.5}]
    case["offers"]["server"]["supply"]["CN"]["limit"] = {
        "2025-04-01": "6 units/quarter",
        "2025-10-01": "3 units/quarter",
    }
    case["variants"] = {"dear": {"title": "Dear", "set": {"offers.server.buy.price": "2 mn CNY"}}}
    folder = tmp_path_factory.mktemp("case")
    (folder / "case.yaml").write_text(json.dumps(case), encoding="utf-8")
    return str(folder)


def box(place, *axes, variant=None):
    return Box(place, variant, axes)


def test_a_factor_scales_every_step_of_a_series_and_keeps_its_growth_and_bounds(place):
    case = box(place, "workloads.chat.price=0.5x:1.5x:3").load((1.5,))
    price = case.workloads["chat"].price
    assert price.steps[0][1] == pytest.approx(1.5)
    assert price.growth[0][1] == pytest.approx(-0.1)
    assert price.minimum == pytest.approx(0.1)
    limit = (
        box(place, "offers.server.supply.CN.limit=0.5x:2x:2").load((2.0,)).offers["server"].supply["CN"].limit
    )
    assert [value for _, value in limit.steps] == [12.0, 6.0]


def test_sums_and_amounts_take_units_and_a_share_a_year_may_leave_out_the_year(place):
    assert box(place, "programme.cap=+0 mn CNY:+5 mn CNY:3").load((2.5,)).programme.cap.value == 12.5
    rate = box(place, "finance.discount_rate=7%:12%:6")
    assert rate.load((8.0,)).finance.discount_rate.value == pytest.approx(0.08)
    assert rate.axes[0].levels == (7.0, 8.0, 9.0, 10.0, 11.0, 12.0)
    cap = box(place, "programme.cap=0.005 bn CNY:0.02 bn CNY:2")
    assert cap.axes[0].declared == pytest.approx(0.01)


def test_growth_inside_a_series_and_an_entry_of_a_list_have_paths_of_their_own(place):
    grown = box(place, "workloads.chat.price.growth=-20 %/year:0 %/year:3").load((0.0,))
    assert grown.workloads["chat"].price.growth[0][1] == 0.0
    shared = box(place, "workloads.chat.tranches.1.price=0.2:0.8:3").load((0.8,))
    assert shared.workloads["chat"].tranches[1].price.value == pytest.approx(0.8)


def test_a_star_moves_all_numbers_of_a_path_together(place):
    case = box(place, "workloads.*.tranches.*.price=0.5x:1x:2").load((0.5,))
    assert [part.price.value for part in case.workloads["chat"].tranches] == [0.5, 0.25]


def test_variants_come_first_and_factors_are_of_their_numbers(place):
    swept = box(place, "variant=as-declared,dear", "offers.server.buy.price=1x:1.5x:2")
    assert swept.load((1.0, 1.5)).offers["server"].buy.price.steps[0][1] == pytest.approx(3.0)
    assert swept.load((0.0, 1.5)).offers["server"].buy.price.steps[0][1] == pytest.approx(1.5)


def test_numbers_that_a_case_does_not_state_may_be_set(place):
    swept = box(place, "offers.server.stock=5 units:10 units:2", "calendar.quarters=4,6,8")
    case = swept.load((5.0, 6.0))
    assert case.offers["server"].stock.value == 5.0
    assert case.calendar.quarters == 6


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ([], "nothing to sweep"),
        (["programme.cap"], "is no axis; write PATH=LOW:HIGH:COUNT"),
        (["programme.capp=0.5x:1x:2"], "did you mean cap"),
        (["offers.serve.buy.price=0.5x:1x:2"], "did you mean server"),
        (["offers.server.buy=0.5x:1x:2"], "name one inside it, such as offers.server.buy.price"),
        (["sites.*.foo=0.5x:1x:2"], "no number of the case has such a path"),
        (["programme.cap=1x:1x:2"], "empty range"),
        (["programme.cap=2x:1x:2"], "empty range"),
        (["programme.cap=1x:2x:1"], "is no number of values from 2"),
        (["programme.cap=1x:2x:many"], "is no number of values from 2"),
        (["programme.cap=1x:2x:3:4"], "is no range"),
        (["programme.cap=1x"], "is one value"),
        (["programme.cap=5 MW:6 MW:2"], "is not convertible to mn CNY"),
        (["programme.cap=5:6:2"], "needs a unit"),
        (["programme.cap=0.5x:6 mn CNY:2"], "mixes factors and amounts"),
        (["programme.cap=cheap:dear:2"], "is no number"),
        (["programme.cap=1 mn CNY:1 bn CNY:2"], "has two units"),
        (["programme.cap=1x:2x:2", "programme.cap=1x:2x:2"], "is swept twice"),
        (["sites.*.grid=1x:2x:2", "sites.east.grid=1x:2x:2"], "sets sites.east.grid, which"),
        (["variant=dear,cheap"], "there is no variant 'cheap'"),
        (["offers.server.stock=0.5x:2x:2"], "has no number that a factor could change"),
        (["offers.server.stock=5 MW:6 MW:2"], "is not convertible to unit"),
        (["finance.tax_rate=150 %:200 %:2"], "is too high"),
    ],
)
def test_what_cannot_be_swept_is_refused_in_words(place, axes, said):
    with pytest.raises(CaseError, match=said):
        box(place, *axes)


def test_every_wrong_axis_is_named_at_once(place):
    with pytest.raises(CaseError) as error:
        box(place, "programme.capp=1x:2x:2", "sites.east.gird=1x:2x:2")
    assert len(error.value.problems) == 2


def test_thousands_of_millions_of_points_are_refused_before_any_is_made(place):
    axes = box(
        place, "programme.cap=1x:2x:1000", "sites.east.grid=1x:2x:1000", "workloads.chat.price=1x:2x:1000"
    ).axes
    with pytest.raises(CaseError, match=r"1,000,000,000 points are too many.*--design lhs"):
        make_points(axes, "grid", None, seed=1)
    with pytest.raises(CaseError, match="there is no design"):
        make_points(axes, "spiral", None, seed=1)
    with pytest.raises(CaseError, match="too many"):
        make_points(axes, "lhs", 10**9, seed=1)
    with pytest.raises(CaseError, match="at least 40 points"):
        make_points(axes, "sobol", 20, seed=1)


def test_designs_have_the_points_they_promise(place):
    axes = box(place, "programme.cap=0.5x:1.5x:3", "sites.east.grid=1x:2x:2").axes
    assert make_points(axes, "grid", None, seed=1).points[:3] == ((0.5, 1.0), (0.5, 2.0), (1.0, 1.0))
    alone = make_points(axes, "one-at-a-time", None, seed=1).points
    assert alone == ((0.5, 1.0), (1.0, 1.0), (1.5, 1.0), (1.0, 1.0), (1.0, 2.0))
    latin = np.array(make_points(axes, "lhs", 10, seed=1).points)
    assert sorted(np.floor((latin[:, 0] - 0.5) * 10).astype(int)) == list(range(10))
    sobol = make_points(axes, "sobol", 40, seed=1)
    assert sobol.base == 8
    rows = np.array(sobol.points).reshape(4, 8, 2)
    assert (rows[2][:, 0] == rows[1][:, 0]).all()
    assert (rows[2][:, 1] == rows[0][:, 1]).all()
    assert make_points(axes, "lhs", 10, seed=1) == make_points(axes, "lhs", 10, seed=1)


def test_every_point_starts_from_one_that_is_nearer_to_the_declared_case(place):
    axes = box(place, "programme.cap=0.5x:1.5x:5", "sites.east.grid=0.5x:1.5x:5").axes
    points = list(make_points(axes, "grid", None, seed=1).points)
    order, parents = order_of_solving(axes, points, (1.0, 1.0))
    away = [abs(x - 1.0) + abs(y - 1.0) for x, y in points]
    assert points[order[0]] == (1.0, 1.0)
    for place_, parent in enumerate(parents):
        assert parent < 0 or away[parent] < away[place_]
        assert parent < 0 or order.index(parent) < order.index(place_)
    assert sum(parent < 0 for parent in parents) <= 5
