"""The change of value by cause: Shapley values over time, facts, assumptions and decisions.

v(S) is the net present value with the new inputs of the causes in S, and the orders of the new plan where
decisions are in S, of the old plan where not, placed as far as the limits then let them be. A cause's share
is the mean, over all orders in which the causes may come, of what it adds when its turn comes. The shares add
up to the whole change exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import cast

import numpy as np

from capexpand.errors import CaseError, InfeasibleError
from capexpand.finance.metrics import net_present_value
from capexpand.finance.programme import programme_result
from capexpand.model.compile import compile_case
from capexpand.model.data import ModelData
from capexpand.optimiser.plan import Plan
from capexpand.optimiser.warm import WarmPlanner
from capexpand.studies.diff.decisions import NamedOrders
from capexpand.studies.diff.holding import plan_holding
from capexpand.studies.diff.inputs import Cause, Documents

DECISIONS = "decisions"
ROUNDING = 1e-9
"""Relative to the value, below which what a cause adds is the solver's rounding."""
TITLES = {
    "time": "time that has passed",
    "facts": "facts",
    "assumptions": "assumptions",
    "inputs": "facts and assumptions",
    "everything given": "time, facts and assumptions",
    DECISIONS: "decisions",
}
_MERGED: tuple[dict[str, str], ...] = (
    {},
    {"facts": "inputs", "assumptions": "inputs"},
    {"time": "everything given", "facts": "everything given", "assumptions": "everything given"},
)
"""Causes that are taken together, where no case has one without the other."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Share:
    """The change of net present value by one cause [money].

    Args:
        cause: its key.
        amount: mean over all orders in which the causes may come.
        least: of them.
        most: of them.
    """

    cause: str
    amount: float
    least: float
    most: float

    @property
    def title(self) -> str:
        """The cause in words."""
        return TITLES[self.cause]


@dataclass(frozen=True, slots=True)
class Causes:
    """The change of a net present value by cause.

    Args:
        old: net present value of the old plan [money].
        new: of the new one.
        shares: by cause; they add up to the change.
        merged: whether causes are taken together because no case has one without the other.
    """

    old: float
    new: float
    shares: tuple[Share, ...]
    merged: bool


@dataclass(frozen=True, slots=True)
class Sides:
    """Two plans and their values, between which the causes lie."""

    old: Plan
    new: Plan
    old_npv: float
    new_npv: float


def causes(documents: Documents, sides: Sides, progress: Progress | None = None) -> Causes:
    """Return the change of value by cause.

    Args:
        progress: is told which mixture is being planned.

    Raises:
        SolverError: a program could not be solved.
    """
    found = {cause for cause in documents.places.values() if cause != "words"}
    given: list[Cause] = [
        cause for cause in cast("tuple[Cause, ...]", ("time", "facts", "assumptions")) if cause in found
    ]
    for merging in _MERGED:
        groups: dict[str, tuple[Cause, ...]] = {}
        for cause in given:
            name = merging.get(cause, cause)
            groups[name] = (*groups.get(name, ()), cause)
        try:
            return _shared(documents, sides, groups, progress, merged=len(groups) < len(given))
        except (CaseError, InfeasibleError):
            if len(groups) <= 1:
                raise
    raise AssertionError("the last mixture is one of the two cases")


def _shared(
    documents: Documents,
    sides: Sides,
    groups: dict[str, tuple[Cause, ...]],
    progress: Progress | None,
    *,
    merged: bool,
) -> Causes:
    old, new = NamedOrders.of(sides.old), NamedOrders.of(sides.new)
    orders = {False: old.with_quarters_of(new), True: new.with_quarters_of(old)}
    keys = (*groups, *(() if old.same_as(new) else (DECISIONS,)))
    valued = _Valued(documents, groups, orders, progress)
    values = {frozenset[str](): sides.old_npv, frozenset(keys): sides.new_npv}
    for number in range(1, 2 ** len(keys) - 1):
        chosen = frozenset(key for place, key in enumerate(keys) if number >> place & 1)
        values[chosen] = valued.value(chosen)
    return Causes(sides.old_npv, sides.new_npv, _shapley(keys, values, sides), merged)


def _shapley(keys: Sequence[str], values: dict[frozenset[str], float], sides: Sides) -> tuple[Share, ...]:
    if not keys:
        return ()
    added: dict[str, list[float]] = {key: [] for key in keys}
    for order in permutations(keys):
        for place, key in enumerate(order):
            added[key].append(values[frozenset(order[: place + 1])] - values[frozenset(order[:place])])
    shares = {key: float(np.mean(amounts)) for key, amounts in added.items()}
    rounding = (sides.new_npv - sides.old_npv) - sum(shares.values())
    shares[keys[-1]] += rounding  # of the mean, some parts in 1e16
    small = ROUNDING * max(abs(value) for value in values.values())
    for key in keys:
        if max(abs(amount) for amount in (shares[key], *added[key])) <= small:
            shares[key], added[key] = 0.0, [0.0]  # two equal plans, solved twice
    told = [key for key in keys if key != DECISIONS or any(added[key]) or len(keys) == 1]
    return tuple(Share(key, shares[key], min(added[key]), max(added[key])) for key in told)


class _Valued:
    """The value of a mixture; mixtures of one set of inputs share their case and base."""

    def __init__(
        self,
        documents: Documents,
        groups: dict[str, tuple[Cause, ...]],
        orders: dict[bool, NamedOrders],
        progress: Progress | None,
    ) -> None:
        self._documents, self._groups, self._orders, self._say = documents, groups, orders, progress
        self._planner, self._base_planner = WarmPlanner(sides="any"), WarmPlanner(sides="any")
        self._bases: dict[frozenset[str], tuple[Plan, ModelData]] = {}

    def value(self, chosen: frozenset[str]) -> float:
        """Return v(S) [money]."""
        if self._say is not None:
            self._say(" and ".join(f"new {TITLES[key]}" for key in sorted(chosen)))
        inputs = chosen - {DECISIONS}
        if inputs not in self._bases:
            taken = [cause for key in inputs for cause in self._groups[key]]
            m = compile_case(self._documents.mixed(taken))
            self._bases[inputs] = (self._base_planner.solve(m.without_programme()), m)
        base, m = self._bases[inputs]
        plan = plan_holding(self._planner, m, self._orders[DECISIONS in chosen].commitments(m))
        result = programme_result(plan, base)
        return float(net_present_value(result.programme, result.times))
