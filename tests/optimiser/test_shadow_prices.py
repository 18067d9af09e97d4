"""What each limit is said to be worth is what the objective gains when the limit is moved a little."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import random_model
from small_case import planned

from capexpand.errors import InfeasibleError
from capexpand.optimiser.deterministic import optimise_plan

STEP = 1e-4
seeds = st.integers(0, 2**32 - 1)


def moved(m, part, name, place, by):
    """Return a case with one number of one array moved."""
    values = getattr(getattr(m, part), name).copy()
    values[place] += by
    return replace(m, **{part: replace(getattr(m, part), **{name: values})})


def slopes(m, move):
    """Return what the objective loses on less and gains on more of a limit, each for one of it."""
    here, more = (optimise_plan(case).solver.objective for case in (m, move(STEP)))
    try:
        less = optimise_plan(move(-STEP)).solver.objective
    except InfeasibleError:  # what stands at the start needs all of it
        less = -np.inf
    return (here - less) / STEP, (more - here) / STEP


def assert_between(price, left_and_right):
    """The price lies between the slopes to either side; at a kink of the objective they differ."""
    left, right = left_and_right
    room = 1e-4 * max(1.0, abs(right))
    assert min(left, right) - room <= price <= max(left, right) + room


def largest(values, allowed=None, count=2):
    """Return the places of the largest values among those allowed."""
    values = np.where(True if allowed is None else allowed, values, -1.0)
    order = np.argsort(values, axis=None)[::-1][:count]
    return [place for place in zip(*np.unravel_index(order, values.shape), strict=True) if values[place] >= 0]


@pytest.mark.slow
@given(seed=seeds)
@settings(max_examples=15)
def test_a_megawatt_of_grid(seed):
    m = random_model(seed)
    price = optimise_plan(m).shadow.grid
    for place in largest(price, m.sites.grid_mw > 2 * STEP):

        def move(by, place=place):
            wider = moved(m, "sites", "grid_mw", place, by)
            return moved(wider, "sites", "committed_grid_mw", place, by)

        assert_between(price[place], slopes(m, move))


@pytest.mark.slow
@given(seed=seeds)
@settings(max_examples=15)
def test_a_unit_of_supply(seed):
    m = random_model(seed)
    price = optimise_plan(m).shadow.supply
    for place in largest(price, np.isfinite(m.offers.limit) & (m.offers.limit > STEP)):
        assert_between(price[place], slopes(m, lambda by, at=place: moved(m, "offers", "limit", at, by)))


@given(seed=seeds)
@settings(max_examples=10)
def test_a_unit_in_stock(seed):
    m = random_model(seed)
    price = optimise_plan(m).shadow.stock[:, 0]
    for place in largest(price, np.isfinite(m.offers.stock)):
        assert_between(price[place], slopes(m, lambda by, at=place: moved(m, "offers", "stock", at, by)))


@pytest.mark.slow
@given(seed=seeds)
@settings(max_examples=15)
def test_money_of_the_cap(seed):
    m = random_model(seed)
    price = optimise_plan(m).shadow.budget
    for place in largest(price, np.isfinite(m.budget.cap)):
        assert_between(price[place], slopes(m, lambda by, at=place: moved(m, "budget", "cap", at, by)))


@pytest.mark.slow
@given(seed=seeds)
@settings(max_examples=15)
def test_money_of_the_renewal_budget(seed):
    m = random_model(seed)
    price = optimise_plan(m).shadow.renewal
    for place in largest(price, np.isfinite(m.budget.renewal) & (m.budget.renewal > STEP)):
        assert_between(price[place], slopes(m, lambda by, at=place: moved(m, "budget", "renewal", at, by)))


@pytest.mark.slow
@given(seed=seeds)
@settings(max_examples=15)
def test_a_volume_of_demand_in_the_mix_of_its_tranches(seed):
    m = random_model(seed)
    price = optimise_plan(m).shadow.demand
    total = m.workloads.demand.sum(axis=1)
    sold = np.array([role != "obligation" for role in m.workloads.roles])[:, None]
    for j, t in largest(price, sold & (m.workloads.demand > 10 * STEP).all(axis=1)):
        mix = m.workloads.demand[j, :, t] / total[j, t]
        place = (j, slice(None), t)
        assert_between(
            price[j, t],
            slopes(m, lambda by, at=place, mix=mix: moved(m, "workloads", "demand", at, by * mix)),
        )


@pytest.mark.slow
@given(seed=seeds)
@settings(max_examples=15)
def test_a_volume_owed(seed):
    m = random_model(seed)
    price = optimise_plan(m).shadow.obligation
    obliged = np.array([role == "obligation" for role in m.workloads.roles])[:, None]
    for j, t in largest(price, obliged & (m.workloads.demand > 10 * STEP).all(axis=1)):
        place = (j, 0, t)
        left, right = slopes(m, lambda by, at=place: moved(m, "workloads", "demand", at, by))
        assert_between(price[j, t], (-left, -right))


def test_no_price_is_negative():
    for seed in range(12):
        shadow = optimise_plan(random_model(seed)).shadow
        for name in ("grid", "supply", "stock", "budget", "renewal", "demand", "obligation"):
            assert getattr(shadow, name).min() >= -1e-7, name


def test_whole_sizes_have_no_prices():
    shadow = optimise_plan(random_model(3, whole_sizes=True)).shadow
    assert shadow.grid == pytest.approx(0.0)
    assert shadow.budget == pytest.approx(0.0)


def test_the_slopes_of_a_plan_are_what_it_pays_earns_and_lacks():
    """Five servers can be had first, for 2 mn each, and five last; each earns 1 mn a quarter: 20 − 10 = 10.

    All of it would grow with what can be had first, and nothing with the last, which would earn 1 mn for 2.
    """
    limit = {
        "2025-04-01": "5 units/quarter",
        "2025-07-01": "0 units/quarter",
        "2026-01-01": "5 units/quarter",
    }
    bought = {"price": "2 mn CNY", "deposit": "0 %"}
    plan = planned({"offers.server.supply.CN": {"limit": limit}, "offers.server.buy": bought})
    assert plan.solver.objective == pytest.approx(10.0)
    assert plan.slopes.supply[0, 0] == pytest.approx([10.0, 0.0, 0.0, 0.0])
    assert plan.slopes.unit_price[0] == pytest.approx([-10.0, 0.0, 0.0, 0.0])
    assert plan.slopes.price[0, 0] == pytest.approx([5.0, 5.0, 5.0, 5.0])
    assert plan.slopes.grid == pytest.approx(np.zeros((1, 4)))
