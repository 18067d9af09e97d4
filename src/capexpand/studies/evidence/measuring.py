"""How a programme's value moves with each number of its case, from solved programs, without solving again.

One number is changed by a hundred-thousandth, the case is read, compiled and made into a program as any
variant is, and ``first_order_change`` values what differs. The value is the best of the plan less the best of
the business without the programme, so each number is valued in both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from capexpand.case.loading import Declaration
from capexpand.case.schema import Case
from capexpand.errors import CaseError, InfeasibleError
from capexpand.model.blocks import LinearProgram
from capexpand.model.compile import compile_case
from capexpand.model.data import ModelData
from capexpand.optimiser.deterministic import build_program
from capexpand.optimiser.envelope import first_order_change
from capexpand.optimiser.warm import Optimum, WarmPlanner
from capexpand.studies.evidence.facts import EvidenceFact

STEP = 1e-5
"""Relative change of a number. Larger ones bend, smaller ones drown in rounding."""
_ALIKE = 0.1
"""By how much a tenth of a step may differ from a tenth of the effect where something moved by a lot."""
_ROUNDING = 1e-9
"""Slope, as a share of the objective, that is no more than a solver's rounding."""

Way = Literal["slope", "planned again", "in steps", "held"]
"""How a sensitivity was found: by its slope; by planning again with the number a deviation higher and lower;
not, since the plan moves in steps with it, as with a time in whole quarters; or not, since the case does not
allow the number another value while all others stay."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How the value moves with a fact.

    Args:
        fact: that moves.
        way: how it was found.
        slope: change of the value for a relative change of 1 [money]; None where it was not found.
    """

    fact: EvidenceFact
    way: Way
    slope: float | None

    @property
    def effect(self) -> float | None:
        """Change of the value for one deviation of the fact, its sign kept [money]."""
        return None if self.slope is None else self.slope * self.fact.evidence.deviation


class Measurer:
    """Measures the sensitivities of a case whose plan, and whose plan without the programme, are solved.

    Args:
        declaration: as the files state the case.
        case: as it was understood.
        replan: whether to plan again with what a plan follows in steps only.

    Raises:
        InfeasibleError: no plan satisfies the case.
        SolverError: a solver failed.
    """

    def __init__(self, declaration: Declaration, case: Case, *, replan: bool = False) -> None:
        self._declaration, self._replan = declaration, replan
        self.data = compile_case(case)
        self.optimum, self.base = (_solved(m, None) for m in _both(self.data))

    @property
    def value(self) -> float:
        """What the plan is worth beyond the business without the programme [money]."""
        return self.optimum.objective - self.base.objective

    def sensitivity(self, fact: EvidenceFact) -> Sensitivity:
        """Return how the value moves with a fact.

        Raises:
            SolverError: a solver failed.
        """
        if getattr(fact.place.number, "value", 1.0) == 0.0:
            return Sensitivity(fact, "slope", 0.0)  # a share of nothing is nothing
        slopes: list[float] = []
        for step in (STEP, -STEP):
            change = self._change(fact, step)
            if change == "jump":
                return self._in_steps(fact)
            if change != "refused":
                slopes.append(change / step)
            if slopes and not fact.duration:  # only a time may move one way and not the other
                break
        if not slopes:
            return Sensitivity(fact, "held", None)
        size = max(abs(self.optimum.objective), abs(self.base.objective))
        slope = sum(slopes) / len(slopes)
        slope = slope if abs(slope) > _ROUNDING * size else 0.0
        return self._in_steps(fact) if fact.duration and slope == 0.0 else Sensitivity(fact, "slope", slope)

    def _change(self, fact: EvidenceFact, step: float) -> float | Literal["refused", "jump"]:
        """The change of the value for a relative step; a jump where the program changes by a lot."""
        found = self._first_order(fact, step)
        if found is None or found == "refused":
            return "jump" if found is None else "refused"
        change, small = found
        if not small or fact.duration:  # a time that is rounded up may move everything by very little
            finer = self._first_order(fact, step / 10.0)
            if finer is None or finer == "refused" or abs(10.0 * finer[0] - change) > _ALIKE * abs(change):
                return "jump"
        return change

    def _first_order(self, fact: EvidenceFact, step: float) -> tuple[float, bool] | Literal["refused"] | None:
        data = self._data(fact, 1.0 + step)
        if data is None:
            return "refused"
        total, small = 0.0, True
        for sign, at, m in zip((1.0, -1.0), (self.optimum, self.base), _both(data), strict=True):
            found = first_order_change(at.program, at.solution, _program(m))
            if found is None:
                return None
            total += sign * found[0]
            small = small and found[1]
        return total, small

    def _data(self, fact: EvidenceFact, factor: float) -> ModelData | None:
        """The compiled case with a fact times a factor; None where the case does not allow that."""
        try:
            return compile_case(self._declaration.load({fact.path: fact.place.scaled(factor)}))
        except CaseError:
            return None

    def _in_steps(self, fact: EvidenceFact) -> Sensitivity:
        if not self._replan:
            return Sensitivity(fact, "in steps", None)
        found: list[tuple[float, float]] = []
        for deviation in (fact.evidence.deviation, -fact.evidence.deviation):
            data = self._data(fact, 1.0 + deviation)
            try:
                if data is not None:
                    best, base = (
                        _solved(m, at) for m, at in zip(_both(data), (self.optimum, self.base), strict=True)
                    )
                    found.append((deviation, best.objective - base.objective))
            except InfeasibleError:
                continue
        if not found:
            return Sensitivity(fact, "held", None)
        if len(found) == 1:
            found.append((0.0, self.value))
        (high, above), (low, below) = found
        return Sensitivity(fact, "planned again", (above - below) / (high - low))


def _both(m: ModelData) -> tuple[ModelData, ModelData]:
    return m, m.without_programme()


def _program(m: ModelData) -> LinearProgram:
    """The program of a case; whole sizes may be parts, for a whole number has no slope."""
    program, _ = build_program(m)
    return replace(program, integer=np.zeros_like(program.integer))


def _solved(m: ModelData, start: Optimum | None) -> Optimum:
    program, stages = build_program(m)
    program = replace(program, integer=np.zeros_like(program.integer))
    return WarmPlanner(sides="any").of_program(m, program, stages, start=start)
