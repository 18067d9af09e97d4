"""The interface of stage solvers for training and simulation, and the choice of a back end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from capexpand.sddp.normal_form import StageData, StageForm

Floats = NDArray[np.float64]


@dataclass(slots=True)
class SolveCounts:
    """The number of solves of a back end, by kind.

    Args:
        answers: linear programs answered.
        solves: solves that this took, rounds with added cuts counted each.
        refactored: answers found only after the basis was factorised anew.
        cold: answers found only from a cold start.
        handed_over: answers that HiGHS gave in place of the own solver.
        uncertified: answers whose dual bound missed the primal objective even so; the cut made from
            them is valid all the same, only lower than it could be.
        integer_solves: integer programs answered.
    """

    answers: int = 0
    solves: int = 0
    refactored: int = 0
    cold: int = 0
    handed_over: int = 0
    uncertified: int = 0
    integer_solves: int = 0

    def add(self, other: SolveCounts) -> None:
        """Add another's counts to these."""
        # One by one: hundreds of solvers are counted after every iteration.
        self.answers += other.answers
        self.solves += other.solves
        self.refactored += other.refactored
        self.cold += other.cold
        self.handed_over += other.handed_over
        self.uncertified += other.uncertified
        self.integer_solves += other.integer_solves


@dataclass(frozen=True, slots=True)
class StageDecisions:
    """The decisions of a node at several states.

    Args:
        values: shape (paths,), cost of the stage and, as far as the cuts know, of all that follows.
        stage_costs: shape (paths,), cost of the stage alone.
        next_states: shape (paths, states).
        columns: shape (paths, columns of the normal form), all decisions.
        row_duals: shape (paths, rows of the normal form); zero for integer programs.
    """

    values: Floats
    stage_costs: Floats
    next_states: Floats
    columns: Floats
    row_duals: Floats


class StageSolver(Protocol):
    """Solves the stage programs of one node."""

    form: StageForm
    values: Floats
    """Shape (outcomes,): certified lower bounds on the value of each outcome, from ``evaluate``."""
    slopes: Floats
    """Shape (outcomes, states): their slopes in the incoming state."""

    @property
    def counts(self) -> SolveCounts:
        """Return what the solver did so far."""
        ...

    def evaluate(self, state: Floats) -> None:
        """Solve all outcomes at a state, into ``values`` and ``slopes``."""
        ...

    def decide(
        self, states: Floats, outcomes: NDArray[np.int_], *, data: StageData | None = None
    ) -> StageDecisions:
        """Solve one outcome for each state, of the node's own data or of other data in its normal form."""
        ...

    def forget(self) -> None:
        """Drop all that earlier solves left behind, so that what follows depends on the cuts alone."""
        ...
