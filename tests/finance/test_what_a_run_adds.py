"""End values beside the books, rates of return that tell something, and longer horizons, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_case import compiled, objective, planned

from capexpand.errors import SolverError
from capexpand.finance.checks import check_plan
from capexpand.finance.longer import harvest_from, horizon_check
from capexpand.finance.metrics import measure, modified_rate_of_return
from capexpand.finance.peak import productivity_parts
from capexpand.finance.programme import programme_result
from capexpand.finance.statements import statement
from capexpand.optimiser.deterministic import optimise_plan

ENDS = {"finance.server_end_value": "100 %", "finance.end_value_within_book": True}


def test_an_end_value_is_no_more_than_the_books_hold():
    """Ten servers at 1 each, four of twenty quarters written off: 8 is left, of the 10 of a market.

    10 · (4 − 1) + 8 = 38. Sensitivity: by the market alone 40.
    """
    plan = planned(ENDS)
    assert plan.solver.objective == pytest.approx(38.0)
    ours = statement(plan)
    assert (ours.end_value, ours.end_value_market) == pytest.approx((8.0, 10.0))
    check_plan(plan)
    assert objective({**ENDS, "finance.end_value_within_book": False}) == pytest.approx(40.0)


def test_a_market_below_the_books_stays_the_lesser():
    """A market pays half of the price, 5, and the books hold 8: 30 + 5."""
    assert objective({**ENDS, "finance.server_end_value": "50 %"}) == pytest.approx(35.0)


def test_halls_are_held_to_their_own_books():
    """1 MW more for 8, at once: of a life of 80 quarters, 4 are written off.

    Twenty servers earn 20 · (4 − 1) = 60 less 8; the halls keep 8 · 76 / 80 = 7.6; what stood has no book.
    Sensitivity: by the market 16 would count, 8 for what stood.
    """
    build = {
        "cost": "8 mn CNY/MW",
        "lead_time": "0 months",
        "deposit": "100 %",
        "maintenance": "0 CNY/MW/quarter",
        "limit": {"2025-04-01": "1 MW", "2025-07-01": "0 MW"},
    }
    changes = {
        "finance.building_end_value": "100 %",
        "finance.end_value_within_book": True,
        "sites.east.build": build,
    }
    plan = planned(changes)
    assert plan.solver.objective == pytest.approx(60.0 - 8.0 + 7.6)
    check_plan(plan)


def test_the_end_value_stands_beside_the_books_and_the_value_without_it():
    """8 of the books and 10 of a market: over the book 1 and 1.25; without it 30 is left of the 38."""
    m = compiled(ENDS)
    metrics = measure(programme_result(optimise_plan(m), optimise_plan(m.without_programme())))
    assert metrics.end_value_over_book == pytest.approx(1.0)
    assert metrics.market_over_book == pytest.approx(1.25)
    assert metrics.npv_without_end_value == pytest.approx(30.0)


def test_the_modified_rate_compounds_returns_at_the_discount_rate():
    """100 out in the first quarter, 121 back in the fourth, no discount: over one year 21 %."""
    times = compiled().times
    assert modified_rate_of_return(np.array([-100.0, 0, 0, 121.0]), 0.0, times) == pytest.approx(0.21)
    assert modified_rate_of_return(np.array([0.0, 0, 0, 121.0]), 0.0, times) is None


def test_a_rate_on_next_to_nothing_laid_out_is_no_answer():
    """Servers for 10 earn 10 in the quarter that pays for them: nothing is laid out. At 2 each, 10 is."""
    m = compiled()
    at_once = measure(programme_result(optimise_plan(m), optimise_plan(m.without_programme())))
    assert not at_once.irr_is_answer
    m = compiled({"offers.server.buy.price": "2 mn CNY"})
    laid_out = measure(programme_result(optimise_plan(m), optimise_plan(m.without_programme())))
    assert laid_out.irr_is_answer
    # in the middle of quarters, without discount: 10 out, 30 back
    assert laid_out.npv_over_outlay == pytest.approx(1.0)


def test_a_longer_horizon_shows_what_rests_on_its_end():
    """One more quarter earns ten servers 10 more; the first quarter orders the same ten."""
    short, long = compiled(), compiled({"calendar.quarters": 5})
    pairs = [(optimise_plan(m), optimise_plan(m.without_programme())) for m in (short, long)]
    check = horizon_check(pairs[0][0], pairs[1][0], base=pairs[0][1], longer_base=pairs[1][1])
    assert (check.quarters, check.npv, check.change) == (1, pytest.approx(40.0), pytest.approx(10.0))
    assert check.moved == pytest.approx(0.0, abs=1e-9)
    assert harvest_from(pairs[0][0]) == 1


def _thinking(m, operations: float):
    """The small case whose token takes some operations, on servers with a peak of 1 PFLOP/s."""
    workloads = replace(m.workloads, operations=np.full((1, 4), operations))
    return replace(m, workloads=workloads, offers=replace(m.offers, compute_pflops=np.array([1.0])))


def test_a_plan_whose_servers_compute_beyond_their_peak_is_refused():
    """A server serves 1 tn tokens a quarter of 7,889,400 s: 126,752 a second, at 8 GFLOP each 1.01 PFLOP/s.

    Sensitivity: at 7 GFLOP it would be 0.89, within the peak of 1.
    """
    m = compiled()
    check_plan(optimise_plan(_thinking(m, 7e9)))
    with pytest.raises(SolverError, match="servers within their peak"):
        check_plan(optimise_plan(_thinking(m, 8e9)))


def test_a_server_works_at_its_peak_when_use_does():
    """Half is sold on average, so at the peak of use a server works twice as fast: 7 GFLOP are too many."""
    m = _thinking(compiled(), 7e9)
    halved = replace(m, workloads=replace(m.workloads, usable_fraction=np.array([0.5])))
    with pytest.raises(SolverError, match="servers within their peak"):
        check_plan(optimise_plan(halved))


def test_productivity_is_taken_apart_into_smaller_models_and_software():
    """A server serves 1 tn tokens a quarter at first, 4 at the end; a token takes 1 GFLOP, then half of that.

    So of a productivity of 4 models are 2 and software is 2. At the end it serves 507,009 tokens a second at
    0.5 GFLOP each: 0.2535 of its peak of 1 PFLOP/s, its most. Sensitivity: with 4 from smaller models
    it would stay at 0.1268.
    """
    m = compiled()
    workloads = replace(
        m.workloads,
        operations=np.array([[1e9, 1e9, 1e9, 0.5e9]]),
        smaller_models=np.array([[1.0, 1.0, 1.0, 2.0]]),
        productivity=np.array([[1.0, 1.0, 1.0, 4.0]]),
    )
    offers = replace(m.offers, compute_pflops=np.array([1.0]))
    [part] = productivity_parts(optimise_plan(replace(m, workloads=workloads, offers=offers)))
    assert (part.growth, part.smaller_models, part.software) == pytest.approx((4.0, 2.0, 2.0))
    assert part.rest == pytest.approx(1.0)
    assert (part.offer, part.quarter) == (0, 3)
    assert part.share_of_peak == pytest.approx(1e12 * 4 * 0.5e9 / (3600 * 2191.5) / 1e15)


def test_what_neither_smaller_models_nor_stated_software_explain_is_the_rest():
    """Productivity of 6 with models of 2 and software of 1.5 leaves 2 for the rest, without operations.

    A token of the end takes 1 / (2 · 2) of the operations of one of the start; a server that serves 6 times
    as many computes 1.5 times as much. Sensitivity: with software left out all of 3 would be software.
    """
    stated = {
        "workloads.chat.serving": {"model": "DeepSeek V3", "input": "3000 token", "output": "1000 token"},
        "workloads.chat.productivity": {"2025-04-01": 1, "2026-01-01": 6},
        "workloads.chat.smaller_models": {"2025-04-01": 1, "2026-01-01": 2},
    }
    software = {"workloads.chat.software": {"2025-04-01": 1, "2026-01-01": 1.5}}
    parts = [productivity_parts(optimise_plan(compiled({**stated, **more})))[0] for more in (software, {})]
    found = [(part.growth, part.smaller_models, part.software, part.rest) for part in parts]
    assert found[0] == pytest.approx((6.0, 2.0, 1.5, 2.0))
    assert found[1] == pytest.approx((6.0, 2.0, 3.0, 1.0))


def test_productivity_of_a_workload_that_names_no_model_has_no_parts():
    m = compiled({"workloads.chat.productivity": {"value": 1, "growth": "100 %/year"}})
    [part] = productivity_parts(optimise_plan(m))
    assert part.growth == pytest.approx(2.0**0.75, rel=0.02)
    assert (part.smaller_models, part.software, part.share_of_peak) == (None, None, None)
    assert productivity_parts(optimise_plan(compiled())) == ()
