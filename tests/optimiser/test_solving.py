"""Solving small programs: whole numbers beside scipy's own HiGHS, and the second look at every answer."""

from pathlib import Path
from types import SimpleNamespace

import highspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from capexpand.case.loading import load_case
from capexpand.errors import InfeasibleError, SolverError
from capexpand.model.blocks import Blocks
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.highs import PricedLimits, run, solve

CASES = Path(__file__).resolve().parents[2] / "cases"


def knapsack(values, weights, room, *, whole=True):
    """Return the program of a knapsack with up to three of each thing."""
    lp = Blocks()
    x = lp.columns("taken", [[str(i) for i in range(len(values))]], upper=3.0, integer=whole)
    lp.add(lp.rows("room", [("all",)], upper=room), x, weights)
    lp.add_cost(x, values)
    return lp.build()


def by_scipy(program):
    """Return the best objective by scipy, or None where there is no solution."""
    shape = (program.row_lower.size, program.cost.size)
    matrix = csr_array((program.value, program.index, program.start), shape=shape)
    result = milp(
        -program.cost,
        integrality=program.integer.astype(int),
        bounds=Bounds(program.column_lower, program.column_upper),
        constraints=LinearConstraint(matrix, program.row_lower, program.row_upper),
        options={"mip_rel_gap": 0.0},
    )
    return None if result.x is None else program.offset - result.fun


def test_a_knapsack_by_hand():
    """Room for 10: things of 4 worth 5 and of 3 worth 4: 4 + 3 + 3 is worth 13.

    Sensitivity: in parts it would be 3 · 4 + 1/4 · 5 = 13.25.
    """
    assert solve(knapsack([5.0, 4.0], [4.0, 3.0], 10.0)).objective == pytest.approx(13.0)
    assert solve(knapsack([5.0, 4.0], [4.0, 3.0], 10.0, whole=False)).objective == pytest.approx(13.25)


numbers = st.lists(st.integers(-9, 9), min_size=6, max_size=6)


@given(cost=numbers, rows=st.lists(numbers, min_size=1, max_size=4), limits=numbers, whole=numbers)
@settings(max_examples=80)
def test_small_whole_number_programs_have_the_objective_of_scipy(cost, rows, limits, whole):
    lp = Blocks()
    integer = np.array(whole) > 0
    labels = [str(i) for i in range(6)]
    x = lp.columns("whole", [labels], lower=-2.0, upper=4.0, where=integer, integer=True)
    y = lp.columns("parts", [labels], lower=-2.0, upper=4.0, where=~integer)
    limit = lp.rows("limit", [labels[: len(rows)]], upper=np.array(limits[: len(rows)], dtype=float))
    for columns in (x, y):
        lp.add(limit[:, None], columns[None, :], np.array(rows, dtype=float))
        lp.add_cost(columns, np.array(cost, dtype=float))
    program = lp.build()
    expected = by_scipy(program)
    if expected is None:
        with pytest.raises(InfeasibleError):
            solve(program, relative_gap=1e-9)
    else:
        answer = solve(program, relative_gap=1e-9)
        assert answer.objective == pytest.approx(expected, abs=1e-6)
        assert answer.columns[program.integer] == pytest.approx(
            np.round(answer.columns[program.integer]), abs=1e-6
        )


def test_the_offset_is_part_of_the_objective():
    lp = Blocks()
    lp.offset = 7.0
    lp.add_cost(lp.columns("x", [("a",)], upper=2.0), 3.0)
    answer = solve(lp.build())
    assert answer.objective == pytest.approx(13.0)
    assert answer.bound == pytest.approx(13.0)


def test_a_dual_says_what_one_more_of_a_limit_brings():
    lp = Blocks()
    x = lp.columns("x", [("a", "b")], upper=np.array([10.0, 3.0]))
    row = lp.rows("limit", [("all",)], upper=4.0)
    lp.add(row, x)
    lp.add_cost(x, np.array([1.0, 5.0]))
    answer = solve(lp.build())
    assert answer.row_duals == pytest.approx([1.0])
    assert answer.column_duals == pytest.approx([0.0, 4.0])


def test_at_a_kink_the_dual_asked_for_says_what_more_brings():
    """One thing needs both of two limits of 0 and is worth 5: one more of either alone brings nothing.

    A second, worth 3, needs the first limit only: one more of that brings 3. Less of either is impossible.
    Sensitivity: any dual from 3 up would do for the first limit, and 5 together.
    """
    lp = Blocks()
    both, first = lp.columns("x", [("both", "first")])
    rows = lp.rows("limit", [("first", "second")], upper=0.0)
    lp.add(rows, both)
    lp.add(rows[:1], first)
    lp.add_cost(np.array([both, first]), np.array([5.0, 3.0]))
    answer = solve(lp.build(), limits=PricedLimits(rows[:1], np.zeros(0, dtype=np.int64)))
    assert answer.row_duals == pytest.approx([3.0, 2.0])


def test_an_unbounded_program_is_an_error():
    lp = Blocks()
    lp.add_cost(lp.columns("x", [("a",)]), 1.0)
    with pytest.raises(SolverError, match="nbounded"):
        solve(lp.build())


def test_a_coefficient_that_is_no_number_is_an_error():
    lp = Blocks()
    x = lp.columns("x", [("a",)], upper=1.0)
    lp.add(lp.rows("limit", [("all",)], upper=1.0), x, np.array([np.nan]))
    with pytest.raises(SolverError):
        solve(lp.build())


def test_an_answer_without_violations_says_so():
    answer = solve(knapsack([5.0, 4.0], [4.0, 3.0], 10.0, whole=False))
    assert answer.status == "optimal"
    assert answer.largest_row_violation <= 1e-9
    assert answer.largest_bound_violation <= 1e-9
    assert answer.largest_dual_violation <= 1e-9


def test_the_gap_asked_for_is_kept():
    rng = np.random.default_rng(1)
    answer = solve(knapsack(rng.integers(10, 99, 40), rng.integers(10, 99, 40), 700.0), relative_gap=1e-6)
    assert answer.relative_gap <= 1e-6
    assert answer.bound >= answer.objective - 1e-6


@pytest.mark.slow
def test_an_answer_that_presolve_rounds_is_found_again_without_it():
    """HiGHS 1.15.1 brings a fleet of half a million servers back a whole server too large."""
    m = compile_case(load_case(CASES / "meta-2025", "half-demand-growth"))
    plan = optimise_plan(m, duals=False)
    assert plan.solver.largest_row_violation < 1e-6


class Doubtful:
    """A solver that is sure of its answers, the first of which is wrong."""

    def __init__(self, *answers):
        self.answers, self.runs, self.options = answers, 0, []

    def run(self):
        self.runs += 1

    def clearSolver(self):  # noqa: N802 - as HiGHS has it
        pass

    def setOptionValue(self, option, value):  # noqa: N802
        self.options.append((option, value))

    def getModelStatus(self):  # noqa: N802
        return highspy.HighsModelStatus.kOptimal

    def getSolution(self):  # noqa: N802
        return SimpleNamespace(col_value=self.answers[self.runs - 1])


@pytest.mark.parametrize("wrong", [[2.5, 0.0], [-1.0, 3.0], [-0.5, 3.5]])
def test_an_answer_that_breaks_a_row_or_a_bound_is_not_believed(wrong):
    """Two things of weight 1, up to three of each, room for two: 2.5 breaks the row only, −1 a bound only."""
    program = knapsack([1.0, 1.0], [1.0, 1.0], 2.0, whole=False)
    solver = Doubtful(wrong, [1.0, 1.0])
    run(program, solver)
    assert solver.runs == 2
    assert solver.options == [("solver", "simplex")]
    sure = Doubtful([1.0, 1.0])
    run(program, sure)
    assert sure.runs == 1
