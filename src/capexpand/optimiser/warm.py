"""Solves many programs of one shape, each from the basis of the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from capexpand.errors import SolverError
from capexpand.model.blocks import Floats, LinearProgram
from capexpand.optimiser.highs import load

PRIMAL_SIMPLEX = 4

if TYPE_CHECKING:
    import highspy


class WarmSolver:
    """Solves programs of one shape one after the other, each from the basis of the one before."""

    def __init__(self) -> None:
        self._basis: highspy.HighsBasis | None = None
        self._shape = (0, 0)

    def copy(self) -> WarmSolver:
        """Returns a solver that starts where this one stands."""
        made = WarmSolver()
        made._basis, made._shape = self._basis, self._shape
        return made

    def solve(self, lp: LinearProgram, *, from_feasible: bool = False) -> Floats:
        """Returns the optimal columns.

        Args:
            lp: the program.
            from_feasible: whether the last basis is known to be feasible here, as where only costs differ;
                the primal simplex method then goes on from it with a fraction of the steps.

        Raises:
            SolverError: there is no optimum.
        """
        import highspy

        solver = load(lp)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("parallel", "off")
        shape = (lp.cost.size, lp.row_lower.size)
        if self._basis is not None and shape == self._shape:
            solver.setBasis(self._basis)
            if from_feasible:
                solver.setOptionValue("simplex_strategy", PRIMAL_SIMPLEX)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            solver.clearSolver()
            solver.run()
            if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                raise SolverError("a scenario's program has no optimum")
        self._basis, self._shape = solver.getBasis(), shape
        return np.asarray(solver.getSolution().col_value)
