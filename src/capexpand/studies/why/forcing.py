"""Programs in which what is asked about is held at an amount: one row more, free until it is used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.data import ModelData
from capexpand.optimiser.deterministic import build_program
from capexpand.optimiser.forms import Form, with_row
from capexpand.optimiser.warm import Optimum, WarmPlanner
from capexpand.studies.why.asked import Topic, form_of


@dataclass(frozen=True, slots=True)
class Held:
    """An optimum with what is asked about between two amounts.

    Args:
        optimum: of the program with the row.
        form: what is asked about, as a sum of columns.
    """

    optimum: Optimum
    form: Form

    @property
    def value(self) -> float:
        """The amount in this optimum."""
        return self.form.value(self.optimum.solution.columns)

    @property
    def dual(self) -> float:
        """What one more of the amount would add to the objective [million]."""
        return float(self.optimum.solution.row_duals[-1])


class Forcing:
    """Plans a case with what is asked about free or held, each from the basis of the one before.

    Args:
        asked: what is asked about.
    """

    def __init__(self, asked: Topic) -> None:
        self._asked = asked
        self._planner = WarmPlanner()

    def solve(self, m: ModelData, least: float = -np.inf, most: float = np.inf) -> Held:
        """Return the best plan with the amount between two bounds.

        Args:
            least: of the amount.
            most: of the amount.

        Raises:
            InfeasibleError: no plan has such an amount.
            SolverError: the solver failed.
        """
        program, stages = build_program(m)
        form = form_of(self._asked, m, stages)
        wider = with_row(program, form, least, most)
        return Held(self._planner.of_program(m, wider, stages), form)
