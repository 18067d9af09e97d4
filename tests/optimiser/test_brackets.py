"""Brackets from solved programs hold the optimum of every program in between, solved cold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import random_model
from small_case import compiled

from capexpand.errors import InfeasibleError
from capexpand.optimiser.brackets import MARGIN, Bracket, Brackets, ProgramChange, Support
from capexpand.optimiser.deterministic import build_program
from capexpand.optimiser.highs import solve
from capexpand.optimiser.warm import WarmPlanner

seeds = st.integers(0, 2**32 - 1)


def limits(m, x):
    """Return a case with factors on its budget, supply and grid."""
    return replace(
        m,
        budget=replace(m.budget, cap=m.budget.cap * x[0]),
        offers=replace(m.offers, limit=m.offers.limit * x[1]),
        sites=replace(m.sites, grid_mw=m.sites.grid_mw * x[2]),
    )


def prices(m, x):
    """Return a case with factors on its selling and energy prices and its penalties."""
    return replace(
        m,
        workloads=replace(m.workloads, price=m.workloads.price * x[0], penalty=m.workloads.penalty * x[1]),
        sites=replace(m.sites, energy_price=m.sites.energy_price * x[2]),
    )


def both(m, x):
    """Return a case with factors on limits and prices at once."""
    return prices(limits(m, (x[0], 1.0, x[1])), (x[2], 1.0, 1.0))


def coefficients(m, x):
    """Return a case with factors on prices at order, throughput and a limit."""
    return replace(
        m,
        offers=replace(m.offers, price=m.offers.price * x[0], limit=m.offers.limit * x[2]),
        workloads=replace(m.workloads, service=m.workloads.service * x[1]),
    )


def supports(m, move, points):
    """Return the reference program and what the solved ones among some points support."""
    reference, _ = build_program(move(m, points[0]))
    planner = WarmPlanner(sides="any", explained=False)
    found = []
    for point in points:
        try:
            best = planner.optimum(move(m, point))
        except InfeasibleError:
            continue
        found.append(Support.of(ProgramChange.between(reference, best.program), best.solution))
    return reference, [one for one in found if one is not None]


def assert_inside(bracket: Bracket, program) -> None:
    """The bracket holds the optimum as a cold solver finds it."""
    try:
        value = solve(program).objective
    except InfeasibleError:
        assert bracket.lower is None, "a plan is claimed where there is none"
        return
    room = 1e-6 * max(1.0, abs(value))
    assert bracket.lower is None or bracket.lower <= value + room
    assert bracket.upper is None or bracket.upper >= value - room


@pytest.mark.slow
@pytest.mark.parametrize("move", [limits, prices, both, coefficients])
@given(seed=seeds)
@settings(max_examples=32)
def test_a_thousand_points_of_random_cases_solved_cold_lie_inside(move, seed):
    """Four kinds of box, 32 cases each, 8 points a case: 1,024 cold solves."""
    rng = np.random.default_rng(seed)
    m = random_model(seed, quarters=4, demands=seed % 2 == 0)
    corners = [tuple(0.7 + 0.6 * ((n >> i) & 1) for i in range(3)) for n in range(8)]
    reference, found = supports(m, move, [(1.0, 1.0, 1.0), *corners])
    brackets = Brackets(reference, found)
    for _ in range(8):
        program, _ = build_program(move(m, tuple(rng.uniform(0.65, 1.35, 3))))
        assert_inside(brackets.at(program), program)


@given(seed=seeds)
@settings(max_examples=10)
def test_a_solved_point_is_bracketed_by_its_own_value(seed):
    m = random_model(seed, quarters=4)
    reference, found = supports(m, both, [(1.0, 1.0, 1.0), (0.8, 1.2, 1.1)])
    brackets = Brackets(reference, found)
    program, _ = build_program(both(m, (0.8, 1.2, 1.1)))
    value = solve(program).objective
    bracket = brackets.at(program)
    assert bracket.lower == pytest.approx(value, rel=1e-5, abs=1e-4)
    assert bracket.upper == pytest.approx(value, rel=1e-5, abs=1e-4)
    room = 0.5 * MARGIN * max(1.0, abs(value))  # for what a solver may be off, more where values are large
    assert bracket.lower <= value - room
    assert bracket.upper >= value + room


@given(seed=seeds)
@settings(max_examples=10)
def test_between_solved_corners_limits_and_prices_always_have_both_bounds(seed):
    rng = np.random.default_rng(seed)
    m = random_model(seed, quarters=4)
    corners = [tuple(0.8 + 0.4 * ((n >> i) & 1) for i in range(3)) for n in range(8)]
    reference, found = supports(m, both, corners)
    program, _ = build_program(both(m, tuple(rng.uniform(0.8, 1.2, 3))))
    assert np.isfinite(Brackets(reference, found).at(program).width)


def test_a_dual_prices_its_own_side_only():
    """Ten servers must be ordered by contract in quarter 1, twelve can be; only the lower side binds.

    They cost 1 each and earn nothing: the value is -10, and the dual of the row is -1. That more can be
    ordered is worth nothing; that two more must be costs 2.
    Sensitivity: a dual of -1 on the upper side would say -12 of the program at hand and -14 with two more.
    """
    m = compiled({"workloads.chat.price": "0 CNY/Mtoken"})
    least, limit = np.zeros_like(m.offers.least), np.full_like(m.offers.limit, 12.0)
    least[:, :, 0] = 10.0

    def case(must, can):
        return replace(m, offers=replace(m.offers, least=least * must / 10.0, limit=limit * can / 12.0))

    reference, found = supports(m, lambda _, x: case(*x), [(10.0, 12.0)])
    brackets = Brackets(reference, found)
    assert solve(reference).objective == pytest.approx(-10.0)
    assert brackets.at(build_program(case(10.0, 14.0))[0]).upper == pytest.approx(-10.0, abs=1e-4)
    assert brackets.at(build_program(case(12.0, 14.0))[0]).upper == pytest.approx(-12.0, abs=1e-4)


def test_an_infeasible_corner_supports_nothing():
    """Where a contract cannot be paid there is no plan, and no value either, least of all the one before."""
    m = compiled({"programme.cap": "10 mn CNY"})
    least = np.zeros_like(m.offers.least)
    least[:, :, 0] = 10.0

    def case(_, x):
        return replace(
            m, offers=replace(m.offers, least=least), budget=replace(m.budget, cap=m.budget.cap * x[0])
        )

    reference, found = supports(m, case, [(1.0,), (0.5,)])
    assert len(found) == 1
    bracket = Brackets(reference, found).at(build_program(case(None, (0.75,)))[0])
    assert bracket.lower is None


def test_another_structure_is_bounded_by_nothing():
    m = random_model(5, quarters=4)
    reference, found = supports(m, limits, [(1.0, 1.0, 1.0)])
    later = replace(m, power=replace(m.power, lead_quarters=m.power.lead_quarters + 1))
    assert Brackets(reference, found).at(build_program(later)[0]) == Bracket(None, None)


def test_a_support_keeps_all_of_itself_in_arrays():
    m = random_model(11, quarters=4)
    reference, found = supports(m, both, [(1.0, 1.0, 1.0), (0.9, 1.1, 1.2)])
    again = [Support.of_arrays(one.arrays()) for one in found]
    program, _ = build_program(both(m, (0.95, 1.05, 1.1)))
    assert Brackets(reference, again).at(program) == Brackets(reference, found).at(program)
