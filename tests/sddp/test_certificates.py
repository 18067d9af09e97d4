"""What multipliers prove about a stage, by hand: the bound D, its slope, and when it is worthless."""

import numpy as np
import pytest

from capexpand.sddp import certificate
from capexpand.sddp.certificate import Certifier, Multipliers
from capexpand.sddp.matrix import ColumnMatrix
from capexpand.sddp.normal_form import StageForm, normal_form
from capexpand.sddp.problem import Node, Realisations, StageProgram

STATE = np.array([2.0])


def form(*, certain: bool) -> StageForm:
    """Return a node with columns y0 to y3 and the state x, in two outcomes.

    y0 + 2 y1 - t x >= 1, y1 + a y2 <= 6 and 2 y2 - 3 x = 1; costs 1, 4, 4 and 2, of x 1/2, and 10 or 20 for
    nothing; 0 <= y0 <= 5, 1/2 <= y1, 1 <= y3. The state y0 goes on. Here a = t = 1, and where they are not
    certain a = 3 and t = 2 in the second outcome.
    """
    rows, columns = [0, 0, 0, 1, 1, 2, 2], [0, 1, 4, 1, 2, 2, 4]
    values = np.array([1.0, 2.0, -1.0, 1.0, 1.0, 2.0, -3.0])
    stage = StageProgram(
        matrix=ColumnMatrix.from_entries(rows, columns, values, shape=(3, 5)),
        cost=np.array([1.0, 4.0, 4.0, 2.0, 0.5]),
        lower=np.array([0.0, 0.5, -np.inf, 1.0, -np.inf]),
        upper=np.array([5.0, np.inf, np.inf, np.inf, np.inf]),
        row_lower=np.array([1.0, -np.inf, 1.0]),
        row_upper=np.array([np.inf, 6.0, 1.0]),
        incoming=np.array([4]),
        outgoing=np.array([0]),
        integer=np.zeros(5, dtype=bool),
        column_names=("y0", "y1", "y2", "y3", "x"),
        row_names=("first", "second", "define"),
    )
    matrix = stage.matrix
    other = matrix.values.copy()
    other[(matrix.rows == 1) & (matrix.columns == 2)] = 3.0
    other[(matrix.rows == 0) & (matrix.columns == 4)] = -2.0
    noise = Realisations(
        np.full(2, 0.5),
        constant=np.array([10.0, 20.0]),
        coefficients=None if certain else np.array([matrix.values, other]),
    )
    return normal_form(stage, Node("node", 0, noise))


def multipliers(first: float, second: float) -> Multipliers:
    """Return two row multipliers and those of cuts: 0.7 of value, 0.25 of slope, and 0.3 of lower bounds."""
    return Multipliers(
        np.tile([first, second], (2, 1)), np.full(2, 0.7), np.full((2, 1), 0.25), np.full(2, 0.3)
    )


@pytest.mark.parametrize("dense", [True, False])
def test_multipliers_prove_the_bound_that_their_sum_gives(dense: bool, monkeypatch) -> None:
    """With multipliers 2 and -1 at x = 2 the reduced costs are 1 - 2 + 0.25, 4 - 4 + 1, 4 + 1 and 2.

    Rows 2 (1 + 2) - 6, columns -0.75 * 5 + 1/2 + 5 * (1 + 3 * 2) / 2 + 2 * 1, cuts 0.7 + 0.3, x 1: 18.25 and
    10 or 20. One more of x: 2 + 5 * 3/2 + 1/2 = 10.
    """
    monkeypatch.setattr(certificate, "_DENSE_ENTRIES", 100 if dense else -1)
    found = Certifier(form(certain=True)).bound(STATE, multipliers(2.0, -1.0))
    assert found.values == pytest.approx([28.25, 38.25])
    assert found.slopes[:, 0] == pytest.approx([10.0, 10.0])
    assert found.valid.all()


def test_each_outcome_has_the_bound_of_its_own_coefficients() -> None:
    """In the second outcome y2 has a reduced cost of 4 + 3 = 7, and the first row is 2 (1 + 2 * 2).

    10 - 6 - 3.75 + 0.5 + 7 * 3.5 + 2 + 1 + 1 + 20 = 49.25; one more of x: 4 + 7 * 3/2 + 1/2 = 15.
    """
    found = Certifier(form(certain=False)).bound(STATE, multipliers(2.0, -1.0))
    assert found.values == pytest.approx([28.25, 49.25])
    assert found.slopes[:, 0] == pytest.approx([10.0, 15.0])
    assert found.valid.all()


@pytest.mark.parametrize(
    ("first", "second", "valid"),
    [
        (0.0, 0.0, True),
        (-0.9e-7, 0.0, True),
        (-1.1e-7, 0.0, False),
        (0.0, 0.9e-7, True),
        (0.0, 1.1e-7, False),
        (2.0, 0.5, False),
        (2.6, 0.0, False),
    ],
    ids=["none", "rounding", "no upper limit", "rounding too", "no lower limit", "a row", "a column"],
)
def test_a_multiplier_on_a_limit_that_is_not_there_proves_nothing(
    first: float, second: float, valid: bool
) -> None:
    """The first row has no upper limit, the second no lower one, y1 no upper one: 4 - 2 * 2.6 is below 0."""
    for certain in (True, False):
        found = Certifier(form(certain=certain)).bound(STATE, multipliers(first, second))
        assert found.valid.tolist() == [valid, valid]
