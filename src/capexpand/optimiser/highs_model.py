"""Hands a ``LinearProgram`` to HiGHS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from capexpand.errors import SolverError
from capexpand.model.blocks import LinearProgram

if TYPE_CHECKING:
    import highspy


def load(lp: LinearProgram) -> highspy.Highs:
    """Returns a HiGHS object that holds the program.

    Args:
        lp: the program, to be maximised.

    Raises:
        SolverError: a coefficient or limit is not a number.
    """
    import highspy

    limits = (lp.column_lower, lp.column_upper, lp.row_lower, lp.row_upper)
    if (
        not (np.isfinite(lp.value).all() and np.isfinite(lp.cost).all())
        or np.isnan(np.concatenate(limits)).any()
    ):
        raise SolverError("a coefficient or limit of the program is not a number")
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    # one number for all programs of a process: the threads are shared, and HiGHS 1.16 refuses another number
    solver.setOptionValue("threads", 1)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = lp.cost.size, lp.row_lower.size
    model.sense_ = highspy.ObjSense.kMaximize
    model.offset_ = lp.offset
    model.col_cost_, model.col_lower_, model.col_upper_ = lp.cost, lp.column_lower, lp.column_upper
    model.row_lower_, model.row_upper_ = lp.row_lower, lp.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = lp.start, lp.index, lp.value
    if lp.integer.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[int(flag)] for flag in lp.integer]
    if solver.passModel(model) == highspy.HighsStatus.kError:
        raise SolverError("HiGHS did not take the program")
    return solver
