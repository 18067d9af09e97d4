"""Rows compute at once, remember how, and know what is there."""

import numpy as np
import pytest

from capexpand.finance.rows import (
    Rows,
    balance,
    last_of,
    literal,
    maximum,
    minimum,
    nothing,
    present,
    present_value,
    running_total,
    whole_quarters,
)


def test_axes_meet_by_name_and_not_by_place():
    """3 units of each of two options, at 10 and 20 in the first quarter and 30 in the second: 90 and 180."""
    ordered = Rows(np.array([[[3.0, 3.0]], [[0.0, 3.0]]]), ("option", "destination"))
    price = Rows(np.array([[10.0, 30.0], [20.0, 40.0]]), ("option",))
    value = ordered * price
    assert value.axes == ("option", "destination")
    assert value.values.tolist() == [[[30.0, 90.0]], [[0.0, 120.0]]]
    assert value.sum("destination").sum("option").values.tolist() == [30.0, 210.0]


def test_a_balance_is_carried_forward_from_its_start():
    added, taken = Rows(np.array([5.0, 0.0, 2.0])), Rows(np.array([1.0, 1.0, 1.0]))
    assert balance(added, taken).values.tolist() == [4.0, 3.0, 4.0]
    start = Rows(np.asarray(10.0), (), False)
    assert balance(added, taken, start=start).values.tolist() == [14.0, 13.0, 14.0]


def test_what_is_put_in_arrives_after_its_own_delay():
    put = Rows(np.array([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]), ("option",))
    delay = Rows(np.array([0.0, 2.0]), ("option",), False)
    assert put.arrive(delay).values.tolist() == [[1.0, 2.0, 4.0], [0.0, 0.0, 8.0]]
    assert Rows(np.array([1.0, 2.0, 4.0])).beyond(Rows(np.asarray(2.0), (), False)).values == 6.0
    assert Rows(np.array([1.0, 2.0, 4.0])).trailing(Rows(np.asarray(2.0), (), False)).values.tolist() == [
        1.0,
        3.0,
        6.0,
    ]


def test_losses_shelter_later_profits():
    opening, closing = Rows(np.array([-30.0, -20.0, 10.0, 60.0])).carried_forward()
    assert closing.values.tolist() == [30.0, 50.0, 40.0, 0.0]
    assert opening.values.tolist() == [0.0, 30.0, 50.0, 40.0]


def test_the_same_functions_take_arrays_and_rows():
    flow, discount = np.array([1.0, 2.0]), np.array([0.5, 0.25])
    assert running_total(Rows(flow)).values.tolist() == running_total(flow).tolist()
    assert last_of(Rows(flow)).values == last_of(flow) == 2.0
    assert present_value(Rows(discount), Rows(flow)).values == present_value(discount, flow) == 1.0


def test_an_array_times_rows_is_rows():
    with pytest.raises(TypeError):
        np.array([1.0]) * Rows(np.array([1.0]))


def test_what_is_never_decided_is_not_there_nor_what_rests_on_it():
    ordered = Rows(np.array([[1.0, 0.0], [0.0, 0.0]]), ("option",), detail=np.array([True, False]))
    price = Rows(np.array([[5.0, 5.0], [7.0, 7.0]]), ("option",))
    assert present(ordered * price).tolist() == [True, False]
    assert present((ordered * price).sum("option")).tolist() is True
    assert present(ordered.only("option", np.array([False, True])).sum("option")).tolist() is False
    assert present(1.0 - nothing()).tolist() is True
    assert present(maximum(0.0, nothing())).tolist() is False


def test_the_least_is_taken_of_what_is_there():
    found = Rows(
        np.array([[4.0, 0.0], [0.0, 9.0]]),
        ("option", "successor"),
        False,
        detail=np.array([[True, False], [False, True]]),
    )
    assert found.least("successor").values.tolist() == [4.0, 9.0]


def test_rows_move_to_another_axis():
    fee = Rows(np.array([[1.0], [2.0]]), ("option",))
    taken = fee.take("option", "successor", (1, 1, 0))
    assert taken.axes == ("successor",)
    assert taken.values.ravel().tolist() == [2.0, 2.0, 1.0]


def test_only_zero_and_one_stand_in_formulas():
    assert literal(1.0).values == 1.0
    with pytest.raises(ValueError, match="needs a cell"):
        Rows(np.array([1.0])) * 4.0


def test_durations_take_whole_quarters():
    months = Rows(np.array([0.0, 3.0, 4.0, 9.0]), ("option",), False)
    assert whole_quarters(months, Rows(np.asarray(3.0), (), False)).values.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert minimum(months, months).values.tolist() == months.values.tolist()
