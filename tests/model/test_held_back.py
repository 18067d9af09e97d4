"""Deliveries that are held back wait in a pool, and come all at once when they are released."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capexpand.case.loading import load_case
from capexpand.model.compile import compile_case
from capexpand.model.realised import realise
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.naive import Commitments
from capexpand.scenarios.entries import Entry

TWO_SITES = Path(__file__).parents[2] / "cases" / "two-sites" / "case.yaml"
DELIVERY = (Entry("delivery", "server"),)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    file = tmp_path_factory.mktemp("cases") / "case.yaml"
    delay = "{quarters: {0: 70 %, 1: 30 %}, moves: [offers.server.delivery]}"
    file.write_text(f"extends: {TWO_SITES}\nuncertainty: {{delays: {{late: {delay}}}}}\n", "utf-8")
    return compile_case(load_case(file))


def released(quarters):
    return np.array([quarters], dtype=np.float64)


def test_a_pool_that_is_always_open_changes_nothing(data):
    """The optimum is that without the pool, and every order comes in its quarter, one after it was placed."""
    assert data.offers.delayed.all()
    without = replace(data, offers=replace(data.offers, delayed=np.zeros(1, dtype=bool)))
    expected = optimise_plan(without)
    plan = optimise_plan(realise(data, DELIVERY, released([1, 1, 1, 1, 1, 1, 1, 1])))
    assert plan.solver.objective == pytest.approx(expected.solver.objective)
    assert plan.placed.sum(axis=(0, 1))[1:] == pytest.approx(plan.ordered.sum(axis=(0, 1))[:-1])


def test_what_is_held_back_comes_later_and_in_full(data):
    """With the orders of the open pool, closed in the second to fourth quarter: nothing is placed then.

    What was due in those three quarters comes in the fifth, beside what is due then.
    Sensitivity: without the pool it would be placed one quarter after its order, or be lost.
    """
    orders = optimise_plan(data)
    given = Commitments(orders.power_ordered_mw, orders.ordered)
    plan = optimise_plan(realise(data, DELIVERY, released([1, 0, 0, 0, 1, 1, 1, 1])), given)
    placed, ordered = plan.placed.sum(axis=(0, 1)), orders.ordered.sum(axis=(0, 1))
    assert ordered[:3].sum() > 0
    assert placed[1:4] == pytest.approx(0.0)
    assert placed[4] == pytest.approx(ordered[:4].sum())
    assert plan.solver.objective < orders.solver.objective


def test_late_deliveries_never_help(data):
    objectives = [
        optimise_plan(realise(data, DELIVERY, released(path))).solver.objective
        for path in ([1] * 8, [1, 0, 1, 1, 1, 1, 1, 1], [1, 0, 0, 0, 1, 1, 1, 1], [0] * 8)
    ]
    assert objectives == sorted(objectives, reverse=True)
    assert objectives[-1] < objectives[0]
