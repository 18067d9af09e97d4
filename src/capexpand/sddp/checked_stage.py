"""Check mode: every answer of a stage solver beside that of HiGHS from a cold start."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from capexpand.errors import SolverError
from capexpand.sddp.highs_stage import HighsStage
from capexpand.sddp.normal_form import StageData, StageForm
from capexpand.sddp.stage_solver import SolveCounts, StageDecisions, StageSolver

Floats = NDArray[np.float64]

AGREEMENT = 1e-6


class CheckedStage:
    """A stage solver whose every value is compared with a reference; a difference ends the work.

    Args:
        name: the node, for messages.
        solver: the solver that is checked; its answers are handed on.
        reference: HiGHS from a cold start.
    """

    def __init__(self, name: str, solver: StageSolver, reference: HighsStage) -> None:
        self.form: StageForm = solver.form
        self.values: Floats = solver.values
        self.slopes: Floats = solver.slopes
        self._name, self._solver, self._reference = name, solver, reference

    @property
    def counts(self) -> SolveCounts:
        """Return what the checked solver did."""
        return self._solver.counts

    def evaluate(self, state: Floats) -> None:
        """Solve all outcomes at a state by both.

        Raises:
            SolverError: they differ.
        """
        self._solver.evaluate(state)
        self._reference.evaluate(state)
        self._compare(self._solver.values, self._reference.values)

    def decide(
        self, states: Floats, outcomes: NDArray[np.int_], *, data: StageData | None = None
    ) -> StageDecisions:
        """Solve one outcome for each state by both.

        Raises:
            SolverError: they differ.
        """
        decisions = self._solver.decide(states, outcomes, data=data)
        self._compare(decisions.values, self._reference.decide(states, outcomes, data=data).values)
        return decisions

    def forget(self) -> None:
        """Drop what earlier solves left behind."""
        self._solver.forget()

    def _compare(self, found: Floats, expected: Floats) -> None:
        wrong = ~(np.abs(found - expected) <= AGREEMENT * (1.0 + np.abs(expected)))
        if wrong.any():
            place = int(np.argmax(wrong))
            raise SolverError(
                f"{self._name}: the stage solver says {found[place]:.12g} and HiGHS {expected[place]:.12g}"
            )
