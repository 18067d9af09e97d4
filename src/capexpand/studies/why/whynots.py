"""Forced decisions: their cost, the orders that they displace, the change that would make them optimal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from capexpand.case.schema import Case
from capexpand.errors import InfeasibleError
from capexpand.finance.metrics import net_present_value
from capexpand.finance.statements import statement
from capexpand.model.compile import compile_case
from capexpand.model.data import ModelData
from capexpand.optimiser.plan import Plan
from capexpand.pipeline import refuse_objective
from capexpand.studies.diff.decisions import DecisionChange, NamedOrders, decisions
from capexpand.studies.why.asked import Forced, read_forced
from capexpand.studies.why.changes import limit_of, priced, wider
from capexpand.studies.why.forcing import Forcing, Held
from capexpand.studies.why.whys import FAMILIES, widened_family

FREE = 1e-7
"""Cost of forcing, as a share of the objective, below which it counts as none."""
STEPS = 12
"""Halvings of the interval in which a price is sought."""
COARSE_STEPS = 7
"""The same for limits of a whole kind."""
MOST_FACTOR = 4.0
"""Largest factor on a price, or on limits, that is tried."""


@dataclass(frozen=True, slots=True)
class SmallestChange:
    """The smallest change of one assumption at which the forced decision costs nothing.

    Args:
        title: of the assumption.
        factor: on what is assumed; None where none up to the ends makes it optimal.
        tried: the furthest factor that was tried.
    """

    title: str
    factor: float | None
    tried: float


@dataclass(frozen=True, slots=True)
class WhyNot:
    """The effect of a forced decision.

    Args:
        label: of the case.
        case: as loaded.
        forced: the decision.
        data: the compiled case.
        amount: in the plan, unforced.
        free: the plan.
        held: the plan with the decision forced; None where no plan has it.
        conflict: the limits that exclude it, in words, where no plan has it.
        most: the most (or least) that the limits allow, where no plan has it.
        changes: of assumptions, the smallest at which it would be optimal.
        moved: orders that give way.
    """

    label: str
    case: Case
    forced: Forced
    data: ModelData
    amount: float
    free: Plan
    held: Plan | None
    conflict: tuple[str, ...]
    most: float | None
    changes: tuple[SmallestChange, ...]
    moved: tuple[DecisionChange, ...]

    @property
    def cost(self) -> float:
        """What the decision costs in the objective [million]."""
        return 0.0 if self.held is None else self.free.solver.objective - self.held.solver.objective

    @property
    def npv_change(self) -> float:
        """By how much the net present value after tax changes [million]."""
        return 0.0 if self.held is None else _value(self.held) - _value(self.free)

    @property
    def done_already(self) -> bool:
        """Whether the plan decides so by itself."""
        return _holds(self.forced, self.amount)


def explain_why_not(case: Case, label: str, written: str) -> WhyNot:
    """Force a decision, and find what it costs, what gives way and what would make it optimal.

    Args:
        case: as ``load_case`` gives it.
        label: of the case.
        written: such as ``orders.ascend-910c.2025Q3 >= 5000``.

    Raises:
        CaseError: it names what is not there.
        InfeasibleError: the case has no plan even without it.
        SolverError: a program could not be solved.
    """
    refuse_objective(case, "why-not", power_alone=True)
    m = compile_case(case)
    forced = read_forced(written, m)
    forcing = Forcing(forced.asked)
    free = forcing.solve(m)
    held, conflict, most = free, (), None
    if not _holds(forced, free.value):
        least, largest = bounds(forced)
        try:
            held = forcing.solve(m, least, largest)
        except InfeasibleError as error:
            held, conflict = None, tuple(line for line in error.conflict if "what is forced" not in line)
            most = _furthest(forced, free)
    return WhyNot(
        label=label,
        case=case,
        forced=forced,
        data=m,
        amount=free.value,
        free=free.optimum.plan,
        held=None if held is None else held.optimum.plan,
        conflict=conflict,
        most=most,
        changes=() if _holds(forced, free.value) else _changes(forced, forcing, m),
        moved=()
        if held is None
        else decisions(NamedOrders.of(free.optimum.plan), NamedOrders.of(held.optimum.plan)),
    )


def bounds(forced: Forced) -> tuple[float, float]:
    """Return the least and the most that a forced decision allows."""
    return (
        forced.amount if forced.sense in (">=", "=") else -np.inf,
        forced.amount if forced.sense in ("<=", "=") else np.inf,
    )


def _holds(forced: Forced, amount: float) -> bool:
    least, most = bounds(forced)
    room = 1e-6 * max(1.0, abs(forced.amount))
    return least - room <= amount <= most + room


def _value(plan: Plan) -> float:
    return float(net_present_value(statement(plan), plan.data.times))


def _furthest(forced: Forced, free: Held) -> float | None:
    """The most of the amount that any plan has, or the least where at most something is forced."""
    from capexpand.studies.why.near import extreme

    return extreme(free.optimum, free.form, most=forced.sense != "<=")


def _changes(forced: Forced, forcing: Forcing, m: ModelData) -> tuple[SmallestChange, ...]:
    asked, least = forced.asked, forced.sense != "<="
    if forced.sense == "=" and forced.amount < forcing.solve(m).value:
        least = False
    found: list[SmallestChange] = []
    titles = {
        "orders": f"price of {asked.name}",
        "power": f"cost of halls at {asked.name}",
        "workload": f"price of {asked.name}",
    }
    if asked.kind in titles:
        cheaper = least if asked.kind != "workload" else not least
        end = 0.0 if cheaper else MOST_FACTOR
        found.append(
            SmallestChange(
                titles[asked.kind],
                _smallest(forced, forcing, lambda factor: priced(m, asked, factor), end, STEPS),
                end,
            )
        )
    if asked.kind == "orders" and least:
        limit = limit_of(m, asked)
        if np.isfinite(limit) and 0 < limit < forced.amount:
            end = max(MOST_FACTOR, 1.5 * forced.amount / limit)
            found.append(
                SmallestChange(
                    f"supply of {asked.name}",
                    _smallest(
                        forced, forcing, lambda factor: wider(m, asked, (factor - 1.0) * limit), end, STEPS
                    ),
                    end,
                )
            )
    for title, family in FAMILIES:
        end = 2.0 if least else 0.5
        found.append(
            SmallestChange(
                title,
                _smallest(
                    forced,
                    forcing,
                    lambda factor, family=family: widened_family(m, family, factor),
                    end,
                    COARSE_STEPS,
                ),
                end,
            )
        )
    return tuple(found)


def _smallest(
    forced: Forced, forcing: Forcing, change: Callable[[float], ModelData], end: float, steps: int
) -> float | None:
    """The factor nearest to 1 at which forcing costs nothing, to a part in 2 to the power of the steps."""
    if not _is_free(forced, forcing, change(end)):
        return None
    inside, outside = 1.0, end
    for _ in range(steps):
        middle = 0.5 * (inside + outside)
        if _is_free(forced, forcing, change(middle)):
            outside = middle
        else:
            inside = middle
    return outside


def _is_free(forced: Forced, forcing: Forcing, m: ModelData) -> bool:
    try:
        free = forcing.solve(m)
        if _holds(forced, free.value):
            return True
        held = forcing.solve(m, *bounds(forced))
    except InfeasibleError:
        return False
    cost = free.optimum.objective - held.optimum.objective
    return cost <= FREE * max(1.0, abs(free.optimum.objective))
