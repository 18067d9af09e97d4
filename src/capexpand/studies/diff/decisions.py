"""Orders of a plan by name, so that plans of different cases can be laid beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from capexpand.model.blocks import Floats
from capexpand.model.data import ModelData
from capexpand.optimiser.naive import Commitments
from capexpand.optimiser.plan import Plan

SMALL = 1e-6
"""Units and megawatts below this are rounding."""

Key = tuple[str, str, str]
"""Offer option or power option, destination (empty for power), quarter."""


@dataclass(frozen=True, slots=True)
class NamedOrders:
    """Orders of a plan, whose options and quarters go by name.

    Args:
        power: IT power ordered [MW] by power option and quarter.
        units: ordered by offer option, destination and quarter.
        quarters: of the plan.
    """

    power: Mapping[Key, float]
    units: Mapping[Key, float]
    quarters: tuple[str, ...]

    @classmethod
    def of(cls, plan: Plan) -> NamedOrders:
        """Return the orders of a plan."""
        m, labels = plan.data, plan.data.times.labels
        power = {
            (name, "", labels[t]): float(plan.power_ordered_mw[o, t])
            for o, name in enumerate(m.power.names)
            for t in range(m.times.count)
            if plan.power_ordered_mw[o, t] > SMALL
        }
        units = {
            (name, place, labels[t]): float(plan.ordered[k, d, t])
            for k, name in enumerate(m.offers.names)
            for d, place in enumerate(m.destinations)
            for t in range(m.times.count)
            if plan.ordered[k, d, t] > SMALL
        }
        return cls(power, units, labels)

    def with_quarters_of(self, other: NamedOrders) -> NamedOrders:
        """Return these orders with those of another plan in the quarters that only the other has."""
        more = set(other.quarters) - set(self.quarters)
        return NamedOrders(
            {**self.power, **{key: amount for key, amount in other.power.items() if key[2] in more}},
            {**self.units, **{key: amount for key, amount in other.units.items() if key[2] in more}},
            tuple(dict.fromkeys((*self.quarters, *other.quarters))),
        )

    def commitments(self, m: ModelData) -> Commitments:
        """Return the orders as arrays of a case; quarters that the plan does not know stay free.

        Args:
            m: the case in which they are placed; what it does not offer is left out.
        """
        known = np.array([label in self.quarters for label in m.times.labels])
        power: Floats = np.full((len(m.power.names), m.times.count), np.nan)
        units: Floats = np.full((len(m.offers.names), len(m.destinations), m.times.count), np.nan)
        power[:, known], units[:, :, known] = 0.0, 0.0
        for amounts, array in ((self.power, power), (self.units, units)):
            for (name, place, quarter), amount in amounts.items():
                at = _position(m, name, place, quarter, power=array is power)
                if at is not None:
                    array[at] = amount
        return Commitments(power, units)

    def same_as(self, other: NamedOrders) -> bool:
        """Tell whether two plans order the same, but for rounding."""
        return all(
            abs(ours.get(key, 0.0) - theirs.get(key, 0.0)) <= 1e-6 * max(1.0, ours.get(key, 0.0))
            for ours, theirs in ((self.power, other.power), (self.units, other.units))
            for key in {*ours, *theirs}
        )


def _position(m: ModelData, name: str, place: str, quarter: str, *, power: bool) -> tuple[int, ...] | None:
    names = m.power.names if power else m.offers.names
    if name not in names or quarter not in m.times.labels or not (power or place in m.destinations):
        return None
    first, last = names.index(name), m.times.labels.index(quarter)
    return (first, last) if power else (first, m.destinations.index(place), last)


@dataclass(frozen=True, slots=True)
class DecisionChange:
    """Orders of one thing in one quarter, in both plans.

    Args:
        thing: offer option or power option.
        destination: of units; empty for power.
        quarter: of the order.
        unit: MW or units.
        old: ordered by the old plan.
        new: ordered by the new plan.
    """

    thing: str
    destination: str
    quarter: str
    unit: str
    old: float
    new: float

    @property
    def change(self) -> float:
        """By how much the new plan orders more."""
        return self.new - self.old


def decisions(old: NamedOrders, new: NamedOrders) -> tuple[DecisionChange, ...]:
    """Return what is ordered otherwise, thing by thing and quarter by quarter.

    Args:
        old: orders of the old plan.
        new: orders of the new plan.
    """
    found: list[DecisionChange] = []
    for unit, ours, theirs in (("MW", old.power, new.power), ("units", old.units, new.units)):
        for key in sorted({*ours, *theirs}):
            before, after = ours.get(key, 0.0), theirs.get(key, 0.0)
            if abs(after - before) > SMALL * max(1.0, before, after):
                found.append(DecisionChange(*key, unit, before, after))
    return tuple(found)
