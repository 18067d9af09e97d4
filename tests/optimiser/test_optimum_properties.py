"""What must hold of the optimum on any case: more never hurts, less never helps, and money has no scale."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import random_model, scaled_money

from capexpand.model.blocks import ABSENT, Blocks
from capexpand.model.opening_columns import opening_columns
from capexpand.model.stage import add_stage
from capexpand.optimiser.deterministic import build_program, optimise_plan
from capexpand.optimiser.highs import solve

seeds = st.integers(0, 2**32 - 1)


def objective(m):
    """Return the objective of the best plan."""
    return optimise_plan(m).solver.objective


def assert_no_less(more, less):
    """The first is at least the second, up to rounding."""
    assert more >= less - 1e-6 * max(1.0, abs(less))


def without_floor(m):
    """Return the case without its floor: one who must spend may well lose by it."""
    return replace(m, budget=replace(m.budget, floor=0.0))


@given(seed=seeds, factor=st.floats(1.0, 3.0))
@settings(max_examples=12)
def test_more_budget_never_hurts(seed, factor):
    m = without_floor(random_model(seed))
    more = replace(m, budget=replace(m.budget, cap=m.budget.cap * factor, renewal=m.budget.renewal * factor))
    assert_no_less(objective(more), objective(m))


@given(seed=seeds, factor=st.floats(1.0, 3.0))
@settings(max_examples=12)
def test_more_grid_never_hurts(seed, factor):
    m = without_floor(random_model(seed))
    wider = replace(
        m.sites, grid_mw=m.sites.grid_mw * factor, committed_grid_mw=m.sites.committed_grid_mw * factor
    )
    assert_no_less(objective(replace(m, sites=wider)), objective(m))


@given(seed=seeds, factor=st.floats(0.2, 1.0))
@settings(max_examples=12)
def test_cheaper_chips_never_hurt(seed, factor):
    m = without_floor(random_model(seed))
    cheaper = replace(m.offers, price=m.offers.price * factor)
    assert_no_less(objective(replace(m, offers=cheaper)), objective(m))


@given(seed=seeds, offer=st.integers(0, 3), since=st.integers(0, 5))
@settings(max_examples=12)
def test_banning_an_offer_never_helps(seed, offer, since):
    """But for the cost of changed orders: a ban ends orders at no cost, a choice to do so has one."""
    m = without_floor(random_model(seed))
    m = m if m.churn is None else replace(m, churn=replace(m.churn, order=0.0))
    orderable = m.offers.orderable.copy()
    orderable[offer, :, since:] = False
    assert_no_less(objective(m), objective(replace(m, offers=replace(m.offers, orderable=orderable))))


@given(seed=seeds, factor=st.floats(0.3, 1.0))
@settings(max_examples=12)
def test_less_demand_never_helps(seed, factor):
    m = random_model(seed)
    sold = np.array([role != "obligation" for role in m.workloads.roles])[:, None, None]
    less = replace(m.workloads, demand=np.where(sold, m.workloads.demand * factor, m.workloads.demand))
    assert_no_less(objective(m), objective(replace(m, workloads=less)))


@given(seed=seeds, quarters=st.integers(1, 3))
@settings(max_examples=12)
def test_later_power_never_helps(seed, quarters):
    m = without_floor(random_model(seed))
    later = np.concatenate((np.zeros((len(m.sites.names), quarters)), m.sites.grid_mw), axis=1)[:, :6]
    delayed = replace(m.sites, grid_mw=np.minimum(later, m.sites.grid_mw))
    assert_no_less(objective(m), objective(replace(m, sites=delayed)))


@pytest.mark.slow
@given(seed=seeds, factor=st.sampled_from([0.01, 0.14, 7.3, 1000.0]))
@settings(max_examples=12)
def test_money_has_no_scale(seed, factor):
    m = random_model(seed)
    expected = factor * objective(m)
    assert objective(scaled_money(m, factor)) == pytest.approx(expected, rel=1e-6, abs=1e-6 * factor)


@given(seed=seeds)
@settings(max_examples=12)
def test_the_base_is_never_better_than_a_programme_that_may_do_the_same(seed):
    """With a budget for all that the base may spend and no floor, the programme only adds choices."""
    m = without_floor(random_model(seed))
    own = m.budget.renewal_without_programme
    cap, renewal = np.maximum(m.budget.cap, np.cumsum(own)), np.maximum(m.budget.renewal, own)
    m = replace(m, budget=replace(m.budget, cap=cap, renewal=renewal))
    assert_no_less(objective(m), objective(m.without_programme()))


@given(seed=seeds)
@settings(max_examples=12)
def test_whole_sizes_never_help(seed):
    m = random_model(seed, quarters=4)
    assert_no_less(objective(m), objective(replace(m, whole_sizes=True)))


@given(seed=seeds, price=st.floats(0.5, 3.0))
@settings(max_examples=12)
def test_a_better_price_never_hurts(seed, price):
    m = random_model(seed)
    dear, cheap = max(price, 1.0), min(price, 1.0)
    high, low = (
        replace(m, workloads=replace(m.workloads, price=m.workloads.price * f)) for f in (dear, cheap)
    )
    assert_no_less(objective(high), objective(low))


@pytest.mark.slow
@given(seed=seeds, choices=seeds)
@settings(max_examples=20)
def test_a_quarter_is_feasible_from_whatever_was_decided_before(seed, choices):
    """Each quarter is solved alone for a random goal; its answer is the state that the next one finds."""
    m = random_model(seed, quarters=8)
    rng = np.random.default_rng(choices)
    lp = Blocks()
    state = opening_columns(lp, m)
    known = np.zeros(0)
    for t in range(m.times.count):
        stage = add_stage(lp, m, t, state)
        state = stage.state
        program = lp.build()
        lower, upper = program.column_lower.copy(), program.column_upper.copy()
        lower[: known.size] = upper[: known.size] = known
        goal = np.zeros(program.cost.size)
        goal[known.size :] = rng.normal(size=program.cost.size - known.size)
        bounded = np.where(np.isfinite(upper), upper, 1e5)
        for block in (stage.power.ordered, stage.orders.ordered):
            orders = block[block != ABSENT]
            goal[orders], bounded[orders] = rng.choice([-1.0, 2.0]), np.minimum(bounded[orders], 100.0)
        answer = solve(replace(program, cost=goal, column_lower=lower, column_upper=bounded))
        known = np.clip(answer.columns, lower, bounded)


def test_the_chain_of_stages_is_the_whole_program():
    m = random_model(5)
    program, stages = build_program(m)
    assert len(stages) == m.times.count
    names = {block.name for block in program.column_blocks}
    assert {"power", "units", "running", "serving", "sold", "paid", "spent"} <= names
