"""What a plan is made for where that is not its value alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from capexpand.case.schema import Case


@dataclass(frozen=True, slots=True)
class Aim:
    """What a plan is made for.

    Args:
        objective: value, least cost, or least peak of IT power.
        serve: least share of the demand that is served, by its price, and of each obligation [fraction].
    """

    objective: Literal["npv", "cost", "power"]
    serve: float


@dataclass(frozen=True, slots=True)
class Worth:
    """The present value in money of a solution whose program maximises something else.

    Args:
        cost: of the program before its costs were replaced [column].
        offset: the same [million].
        peak: position of the column of the peak of IT power; None where there is none.
    """

    cost: NDArray[np.float64]
    offset: float
    peak: int | None

    def of(self, columns: NDArray[np.float64]) -> float:
        """Return the present value of a solution [million]."""
        return float(self.cost @ columns) + self.offset


def compile_aim(case: Case) -> Aim | None:
    """Return what a case's plan is made for; None where it is value, whatever is served."""
    solve = case.solve
    whole = 0.0 if solve.objective == "npv" else 1.0
    serve = whole if solve.serve is None else solve.serve.value
    return None if solve.objective == "npv" and serve == 0.0 else Aim(solve.objective, serve)
