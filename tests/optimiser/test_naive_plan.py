"""The naive plan spends the budget evenly where it can, and never breaks a limit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import random_model
from small_case import compiled, offer

from capexpand.finance.checks import check_plan
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.naive import naive_commitments, standing_mix
from capexpand.optimiser.rivals import best_rivals

seeds = st.integers(0, 2**32 - 1)


def naive(m):
    """Return the naive plan of a case."""
    return optimise_plan(m.without_demands(), naive_commitments(m))


def test_the_cap_is_spent_in_equal_parts():
    """A cap of 8 over four quarters: two servers delivered in each."""
    commitments = naive_commitments(compiled({"programme.cap": "8 mn CNY"}))
    assert commitments.ordered[0, 0] == pytest.approx([2, 2, 2, 2])


def test_offers_share_the_money_of_a_quarter_equally():
    """Of 2 a quarter half goes to servers for 1, half to servers for 4."""
    changes = {"programme.cap": "8 mn CNY", "offers.big": offer("4 mn CNY")}
    commitments = naive_commitments(compiled(changes))
    assert commitments.ordered[:, 0] == pytest.approx(np.array([[1.0] * 4, [0.25] * 4]))


def test_what_an_offer_cannot_take_goes_to_the_others():
    supply = {"CN": {"limit": "0.1 unit/quarter"}}
    changes = {"programme.cap": "8 mn CNY", "offers.big": offer("4 mn CNY", supply=supply)}
    commitments = naive_commitments(compiled(changes))
    assert commitments.ordered[:, 0] == pytest.approx(np.array([[1.6] * 4, [0.1] * 4]))


def test_the_standing_mix_is_what_stands_at_what_it_would_cost_new():
    """Two servers for 1 and one for 4 stand: a third and two thirds of the 2 that each quarter spends."""
    standing = {"east": {"power": "1 MW", "installed": {"server": 2, "big": 1}}}
    m = compiled(
        {"programme.cap": "8 mn CNY", "offers.big": offer("4 mn CNY"), "opening": {"sites": standing}}
    )
    mix = standing_mix(m)
    assert mix == pytest.approx(np.array([1 / 3, 2 / 3]))
    commitments = naive_commitments(m, mix=mix)
    first = commitments.ordered[:, 0, 0]
    assert first * np.array([1.0, 4.0]) == pytest.approx(np.array([2 / 3, 4 / 3]))


def test_what_the_standing_mix_cannot_take_goes_to_the_others():
    """Only servers for 4 stand, of which 0.1 a quarter can be had: 0.4, and 1.6 for the others."""
    supply = {"CN": {"limit": "0.1 unit/quarter"}}
    standing = {"east": {"power": "1 MW", "installed": {"big": 1}}}
    changes = {"offers.big": offer("4 mn CNY", supply=supply), "opening": {"sites": standing}}
    m = compiled({"programme.cap": "8 mn CNY", **changes})
    commitments = naive_commitments(m, mix=standing_mix(m))
    assert commitments.ordered[:, 0, 0] == pytest.approx(np.array([1.6, 0.1]))


def test_nothing_that_stands_has_no_mix():
    assert standing_mix(compiled({"programme.cap": "8 mn CNY"})) is None


def test_the_best_even_pace_is_the_one_of_the_highest_objective():
    """Two servers a quarter for 1 each that earn 1 a quarter: 2 · (4 + 3 + 2 + 1) − 8 = 12, half of them 6.

    Were they to earn 0.2, all would lose 4 and half of them 2, so half is the best of the paces tried.
    """
    rich, poor = (
        compiled({"programme.cap": "8 mn CNY"}),
        compiled({"programme.cap": "8 mn CNY", "workloads.chat.price": "0.2 CNY/Mtoken"}),
    )
    assert best_rivals(rich, naive(rich)).fraction == 1.0
    found = best_rivals(poor, naive(poor))
    assert found.fraction == 0.5
    assert found.even.solver.objective > naive(poor).solver.objective


def test_units_come_with_the_power_that_they_need():
    """No power stands. A server for 1 needs 0.1 MW at 10 mn/MW: 2 a quarter buys one and its hall.

    Halls are ordered two quarters ahead and servers one, so as to come together in quarters 3 and 4: what the
    first two quarters could not spend is spread over these: 4 each, two servers with 0.2 MW.
    """
    build = {
        "cost": "10 mn CNY/MW",
        "lead_time": "6 months",
        "deposit": "0 %",
        "maintenance": "0 CNY/MW/quarter",
    }
    m = compiled(
        {
            "opening": {},
            "programme.cap": "8 mn CNY",
            "sites.east.build": build,
            "offers.server.lead_time": "3 months",
        }
    )
    commitments = naive_commitments(m)
    assert commitments.ordered[0, 0] == pytest.approx([0, 2, 2, 0])
    assert commitments.power_ordered_mw[0] == pytest.approx([0.2, 0.2, 0, 0])
    assert naive(m).paid.sum() == pytest.approx(8.0)


def test_money_is_spent_on_no_more_power_than_the_grid_takes():
    """1 MW stands, for ten servers; a cap of 100 buys ten and stops."""
    plan = naive(compiled({"programme.cap": "100 mn CNY"}))
    assert plan.paid.sum() == pytest.approx(10.0)


def test_whole_sizes_are_rounded_down():
    """2.5 a quarter in lots of two: two each."""
    changes = {"programme.cap": "10 mn CNY", "offers.server.lot": 2, "solve.whole_sizes": True}
    m = compiled(changes)
    assert naive_commitments(m).ordered[0, 0] == pytest.approx([2, 2, 2, 2])
    check_plan(naive(m))


@pytest.mark.slow
@given(seed=seeds, whole_sizes=st.booleans())
@settings(max_examples=24)
def test_the_naive_plan_breaks_no_limit(seed, whole_sizes):
    m = random_model(seed, quarters=8, whole_sizes=whole_sizes)
    check_plan(naive(m))


@given(seed=seeds)
@settings(max_examples=16)
def test_the_optimised_plan_is_never_worse(seed):
    m = replace(random_model(seed), budget=replace(random_model(seed).budget, floor=0.0))
    best = optimise_plan(m).solver.objective
    assert best >= naive(m).solver.objective - 1e-6 * max(1.0, abs(best))


@given(seed=seeds)
@settings(max_examples=20)
def test_the_cap_is_spent_when_nothing_else_limits(seed):
    """With ample grid, supply and stock, all at once, every part of the cap is spent to the end."""
    m = random_model(seed)
    quarters = m.times.count
    wide = replace(
        m,
        sites=replace(m.sites, committed_grid_mw=np.full_like(m.sites.grid_mw, 1e6)),
        power=replace(
            m.power,
            limit_mw=np.full_like(m.power.limit_mw, 1e6),
            lead_quarters=np.zeros_like(m.power.lead_quarters),
        ),
        offers=replace(
            m.offers,
            lead_quarters=np.zeros_like(m.offers.lead_quarters),
            orderable=np.ones_like(m.offers.orderable),
            limit=np.full_like(m.offers.limit, 1e6),
            stock=np.full_like(m.offers.stock, 1e6),
        ),
    )
    plan = naive(wide)
    first, last = m.times.window
    inside = (np.arange(quarters) >= first) & (np.arange(quarters) < last)
    assert plan.paid[inside].sum() == pytest.approx(m.budget.cap[last - 1], rel=1e-6)
