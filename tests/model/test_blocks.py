"""The builder of linear programs: indices, labels, entries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.model.blocks import ABSENT, INFINITY, Blocks

SITES, QUARTERS = ("east", "north"), ("2025Q2", "2025Q3", "2025Q4")


def dense(program):
    """Return the matrix of a program with all its zeros."""
    matrix = np.zeros((program.row_lower.size, program.cost.size))
    for row in range(matrix.shape[0]):
        inside = slice(program.start[row], program.start[row + 1])
        matrix[row, program.index[inside]] = program.value[inside]
    return matrix


def test_columns_are_numbered_on_and_shaped_by_their_labels():
    lp = Blocks()
    assert lp.columns("first", [SITES]).tolist() == [0, 1]
    assert lp.columns("second", [SITES, QUARTERS]).tolist() == [[2, 3, 4], [5, 6, 7]]


def test_a_column_that_does_not_exist_is_absent_and_takes_no_number():
    lp = Blocks()
    there = np.array([[True, False, True], [False, False, True]])
    assert lp.columns("some", [SITES, QUARTERS], where=there).tolist() == [
        [0, ABSENT, 1],
        [ABSENT, ABSENT, 2],
    ]
    assert lp.columns("next", [SITES]).tolist() == [3, 4]


def test_bounds_are_those_of_the_columns_that_exist():
    lp = Blocks()
    upper = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    lp.columns("some", [SITES, QUARTERS], lower=-1.0, upper=upper, where=upper % 2 == 1)
    program = lp.build()
    assert program.column_lower.tolist() == [-1.0] * 3
    assert program.column_upper.tolist() == [1.0, 3.0, 5.0]


def test_limits_broadcast_to_the_labels():
    lp = Blocks()
    lp.rows("limit", [SITES, QUARTERS], upper=np.array([[1.0], [2.0]]))
    program = lp.build()
    assert program.row_upper.tolist() == [1, 1, 1, 2, 2, 2]
    assert program.row_lower.tolist() == [-INFINITY] * 6


def test_coefficients_broadcast_between_rows_and_columns():
    lp = Blocks()
    x = lp.columns("x", [SITES, QUARTERS])
    rows = lp.rows("sum", [SITES], upper=1.0)
    lp.add(rows[:, None], x, np.array([1.0, 2.0, 3.0]))
    assert dense(lp.build()).tolist() == [[1, 2, 3, 0, 0, 0], [0, 0, 0, 1, 2, 3]]


def test_what_is_absent_is_passed_over():
    lp = Blocks()
    x = lp.columns("x", [SITES], where=np.array([False, True]))
    rows = lp.rows("limit", [QUARTERS], where=np.array([True, False, True]))
    lp.add(rows[:, None], x, 2.0)
    lp.add_cost(x, 5.0)
    program = lp.build()
    assert dense(program).tolist() == [[2.0], [2.0]]
    assert program.cost.tolist() == [5.0]


def test_entries_added_twice_at_one_place_are_summed():
    lp = Blocks()
    x = lp.columns("x", [SITES])
    row = lp.rows("limit", [("all",)])
    lp.add(row, x, 1.0)
    lp.add(row, x[:1], 0.5)
    lp.add_cost(x, 1.0)
    lp.add_cost(np.array([0, 0]), 2.0)
    program = lp.build()
    assert dense(program).tolist() == [[1.5, 1.0]]
    assert program.cost.tolist() == [5.0, 1.0]
    assert program.value.size == 2


def test_zero_coefficients_take_no_entry():
    lp = Blocks()
    x = lp.columns("x", [SITES])
    lp.add(lp.rows("limit", [("all",)]), x, np.array([0.0, 1.0]))
    assert lp.build().value.tolist() == [1.0]


def test_a_row_or_column_is_described_by_its_block_and_labels():
    lp = Blocks()
    lp.columns("empty", [SITES], where=np.zeros(2, dtype=bool))
    lp.columns("power", [SITES])
    lp.columns("units", [SITES, QUARTERS], where=np.array([[False, True, True], [True, False, False]]))
    lp.rows("none", [()])
    lp.rows("grid", [SITES, QUARTERS], where=np.array([[True, False, False], [False, False, True]]))
    program = lp.build()
    assert [program.describe_column(i) for i in range(5)] == [
        ("power", ("east",)),
        ("power", ("north",)),
        ("units", ("east", "2025Q3")),
        ("units", ("east", "2025Q4")),
        ("units", ("north", "2025Q2")),
    ]
    assert program.describe_row(1) == ("grid", ("north", "2025Q4"))


def test_activity_of_rows_without_entries_is_zero():
    lp = Blocks()
    x = lp.columns("x", [SITES])
    lp.rows("empty at first", [("all",)])
    rows = lp.rows("limit", [SITES])
    lp.rows("empty at last", [("all",)])
    lp.add(rows, x, 3.0)
    assert lp.build().activity(np.array([1.0, 2.0])).tolist() == [0, 3, 6, 0]


def test_whole_numbers_are_marked_by_block():
    lp = Blocks()
    lp.columns("x", [SITES])
    lp.columns("lots", [SITES], integer=True)
    assert lp.build().integer.tolist() == [False, False, True, True]


def test_a_program_without_anything_is_empty():
    program = Blocks().build()
    assert program.cost.size == program.row_lower.size == program.value.size == 0
    assert program.start.tolist() == [0]


entries = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(-3, 3)), max_size=40)


@given(entries=entries, solution=st.lists(st.integers(-5, 5), min_size=5, max_size=5))
def test_any_order_of_entries_builds_the_same_matrix(entries, solution):
    lp = Blocks()
    columns, rows = lp.columns("x", [tuple("abcde")]), lp.rows("r", [tuple("abcd")])
    expected = np.zeros((4, 5))
    for row, column, value in entries:
        lp.add(rows[row], columns[column], value)
        expected[row, column] += value
    program = lp.build()
    assert np.array_equal(dense(program), expected)
    assert program.activity(np.array(solution, dtype=float)) == pytest.approx(expected @ np.array(solution))
