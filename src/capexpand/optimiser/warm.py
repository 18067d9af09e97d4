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
    """Solves programs of one shape one after the other, each from the basis of the one before.

    Args:
        perturbed: whether costs are perturbed against cycling. From a basis that is all but optimal that
            takes hundreds of steps which the plain costs do not need.
    """

    def __init__(self, *, perturbed: bool = True) -> None:
        self._basis: highspy.HighsBasis | None = None
        self._shape = (0, 0)
        self._perturbed = perturbed

    def copy(self) -> WarmSolver:
        """Returns a solver that starts where this one stands."""
        made = WarmSolver(perturbed=self._perturbed)
        made._basis, made._shape = self._basis, self._shape
        return made

    def without_first(self, *, columns: int, rows: int) -> WarmSolver:
        """Returns a solver that starts where this one stands, for a program that lacks its first parts.

        What is left of the basis may be a little too large or small; HiGHS mends that.

        Args:
            columns: number of columns that are gone.
            rows: number of rows that are gone.
        """
        import highspy

        made = self.copy()
        if self._basis is not None:
            rest = highspy.HighsBasis()
            rest.col_status = list(self._basis.col_status)[columns:]
            rest.row_status = list(self._basis.row_status)[rows:]
            rest.valid = rest.alien = True
            made._basis, made._shape = rest, (self._shape[0] - columns, self._shape[1] - rows)
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
        solver.setOptionValue("parallel", "off")
        shape = (lp.cost.size, lp.row_lower.size)
        if self._basis is not None and shape == self._shape:
            solver.setBasis(self._basis)
            if not self._perturbed:
                solver.setOptionValue("dual_simplex_cost_perturbation_multiplier", 0.0)
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
