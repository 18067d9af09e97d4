"""Finds the frontier between two objectives, where neither can be bettered without the other losing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem
from capexpand.finance.metrics import net_present_value
from capexpand.finance.programme import programme_result
from capexpand.model.blocks import LinearProgram
from capexpand.model.compile import compile_case
from capexpand.model.data import ModelData
from capexpand.optimiser.aims import serving
from capexpand.optimiser.deterministic import build_program
from capexpand.optimiser.forms import Form, with_row
from capexpand.optimiser.objectives import (
    Objective,
    form_of_objective,
    objective_named,
    with_peak,
)
from capexpand.optimiser.plan import Plan
from capexpand.optimiser.warm import Optimum, WarmPlanner

Progress = Callable[[str], None]
ROUNDING = 1e-6
"""Million of money, MW, GWh or share below which an amount is the solver's rounding."""
SLACK = 1e-9
"""Part of an objective that may be given up where it is held at its best while the other is bettered."""


@dataclass(frozen=True, slots=True)
class Point:
    """One plan of a frontier.

    Args:
        first: amount of the first objective.
        second: amount of the second.
        slope: what one more of the second is worth in the first, here; None at the ends and for whole sizes.
        plan: that reaches it.
        npv: the programme's net present value after tax [million].
    """

    first: float
    second: float
    slope: float | None
    plan: Plan
    npv: float


@dataclass(frozen=True, slots=True)
class Frontier:
    """The frontier between two objectives.

    Args:
        label: of the case.
        case: as loaded.
        data: the compiled case.
        first: objective that is bettered at each level of the second.
        second: objective.
        serve: share of the demand that must be served, by its price [fraction]; 0 if none.
        points: from the best of the first to the best of the second.
    """

    label: str
    case: Case
    data: ModelData
    first: Objective
    second: Objective
    serve: float
    points: tuple[Point, ...]

    def between(self, second: float) -> tuple[float, float] | None:
        """Return bounds on the best of the first objective at a level of the second.

        Plans can be mixed, so the straight line between two points can be reached; and no plan is above the
        line of any point's slope.

        Args:
            second: a level between those of the ends.

        Returns:
            The lower and the upper bound in the sense of better; None beyond the ends or for whole sizes.
        """
        if self.data.whole_sizes:
            return None
        ordered = sorted(self.points, key=lambda point: point.second)
        levels = [point.second for point in ordered]
        if not levels[0] <= second <= levels[-1]:
            return None
        reached = float(np.interp(second, levels, [point.first for point in ordered]))
        slopes = [point for point in ordered if point.slope is not None]
        lines = [point.first + (point.slope or 0.0) * (second - point.second) for point in slopes]
        best = max(point.first * self.first.sign for point in ordered)
        bound = min([best, *(line * self.first.sign for line in lines)])
        return reached, max(bound, reached * self.first.sign) * self.first.sign


def find_frontier(
    case: Case,
    label: str,
    objectives: tuple[str, str],
    *,
    points: int = 9,
    serve: float = 0.0,
    progress: Progress | None = None,
) -> Frontier:
    """Find the frontier between two objectives.

    Args:
        case: as ``load_case`` gives it.
        label: of the case.
        objectives: names of two, the first on the upward axis.
        points: of the frontier, its two ends included; at least 2.
        serve: share of the demand that every plan must serve, by its price, and of each obligation
            [fraction]; no less than the case itself asks for (``solve.serve``).
        progress: is told which point is sought.

    Raises:
        CaseError: there is no such objective, or the two are one.
        InfeasibleError: no plan satisfies the case, or serves so much.
        SolverError: a program could not be solved.
    """
    first, second = (objective_named(name) for name in objectives)
    if first == second:
        raise CaseError([Problem(f"--objectives: '{first.name}' is named twice; name two")])
    say = progress or (lambda _: None)
    compiled = compile_case(case)
    m = replace(compiled, aim=None)
    if compiled.aim is not None:
        serve = max(serve, compiled.aim.serve)
    say("the case without the programme")
    base = WarmPlanner(sides="any").optimum(m.without_programme())
    search = _Search(case, m, base, (first, second), serve)
    say(f"best {first.name}")
    start = search.end(0)
    say(f"best {second.name}")
    end = search.end(1)
    found = [search.point(start, None)]
    for level in np.linspace(start[1], end[1], points)[1:-1]:
        say(f"{second.name} at {level:,.4g}")
        found.append(search.at(float(level)))
    found.append(search.point(end, None))
    return Frontier(label, case, m, first, second, serve, tuple(found))


class _Search:
    """One program with two rows, for the two objectives, that are bounded as each point needs it."""

    def __init__(
        self, case: Case, m: ModelData, base: Optimum, objectives: tuple[Objective, Objective], serve: float
    ) -> None:
        program, stages = build_program(m)
        program, peak = with_peak(program, stages)
        self._m, self._stages, self._base, self._objectives = m, stages, base, objectives
        self._forms = [self._form(one, program, peak) for one in objectives]
        program = serving(m, program, stages, serve)
        for form in self._forms:
            program = with_row(program, form, -np.inf, np.inf)
        self._program = program
        self._planner = WarmPlanner(
            sides="any",
            relative_gap=case.solve.relative_gap,
            time_limit_seconds=case.solve.time_limit_seconds,
        )
        self._slack = max(SLACK, case.solve.relative_gap if m.whole_sizes else 0.0)

    def _form(self, one: Objective, program: LinearProgram, peak: int) -> Form:
        base = self._base.objective
        return form_of_objective(one, self._m, program, self._stages, peak=peak, base=base)

    def _solve(self, place: int, held: float | None) -> tuple[float, float, Optimum]:
        """The best of one objective, with the other no worse than an amount."""
        form, sign = self._forms[place], self._objectives[place].sign
        cost = np.zeros(self._program.cost.size)
        np.add.at(cost, form.columns, sign * form.weights)
        cost += 1e-9 * self._program.cost / max(1.0, float(np.abs(self._program.cost).max()))
        lower, upper = self._program.row_lower.copy(), self._program.row_upper.copy()
        other = 1 - place
        row = lower.size - 2 + other
        if held is not None:
            amount = held - self._forms[other].constant
            if self._objectives[other].most:
                lower[row] = amount
            else:
                upper[row] = amount
        program = replace(self._program, cost=cost, offset=0.0, row_lower=lower, row_upper=upper)
        found = self._planner.of_program(self._m, program, self._stages)
        columns = found.solution.columns
        amounts = [form.value(columns) for form in self._forms]
        amounts = [0.0 if abs(amount) < ROUNDING else amount for amount in amounts]
        return amounts[0], amounts[1], found

    def end(self, place: int) -> tuple[float, float, Optimum]:
        """The best of one objective, and among those the best of the other."""
        best = self._forms[place].value(self._solve(place, None)[2].solution.columns)
        room = self._slack * max(1.0, abs(best)) * self._objectives[place].sign
        return self._solve(1 - place, best - room)

    def at(self, level: float) -> Point:
        """The best of the first objective with the second no worse than a level."""
        found = self._solve(0, level)
        dual = float(found[2].solution.row_duals[-1])
        slope = None if self._m.whole_sizes else dual * self._objectives[0].sign
        return self.point(found, slope)

    def point(self, found: tuple[float, float, Optimum], slope: float | None) -> Point:
        """A point with its plan."""
        plan = found[2].plan
        result = programme_result(plan, self._base.plan)
        npv = float(net_present_value(result.programme, self._m.times))
        return Point(found[0], found[1], slope, plan, npv if abs(npv) >= ROUNDING else 0.0)
