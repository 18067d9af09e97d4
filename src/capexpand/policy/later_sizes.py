"""Orders of later quarters in parts of halls and lots: where few are ordered at a time, parts matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.data import Floats
from capexpand.policy.first_quarter import option_title
from capexpand.policy.outcomes import Outcomes
from capexpand.wording import count, listing, number, percent, power

FEW = 5.0
"""Halls or lots of an order up to which a part of one is no rounding."""
_NOTHING = 1e-6
_NOTICED = 0.02
"""Part of a hall or lot by which an order must miss a whole number of them to be told."""


@dataclass(frozen=True, slots=True)
class LaterSizes:
    """The orders of one option after the first quarter, over all scenarios, counted in its size.

    Args:
        name: of the power or offer option.
        title: of it.
        size: of a hall [MW] or lot [units].
        is_power: whether it is megawatts.
        middle: of an order, in halls or lots.
        broken: share of orders that are no whole number of them.
    """

    name: str
    title: str
    size: float
    is_power: bool
    middle: float
    broken: float

    @property
    def matters(self) -> bool:
        """Whether few are ordered at a time, and in parts."""
        return self.middle < FEW and self.broken > 0.0


def later_sizes(outcomes: Outcomes) -> tuple[LaterSizes, ...]:
    """Return what a policy orders after the first quarter of options that have a size."""
    m, paths = outcomes.policy.data, outcomes.paths
    places = len(m.destinations)
    ordered = paths.ordered.reshape(*paths.ordered.shape[:1], len(m.offers.names), places, -1).sum(axis=2)
    found: list[LaterSizes] = []
    for names, sizes, amounts, is_power in (
        (m.power.names, m.power.hall_mw, paths.power_ordered, True),
        (m.offers.names, m.offers.lot, ordered, False),
    ):
        for i, size in enumerate(sizes):
            if size > 0.0:
                told = _counted(amounts[1:, i], float(size))
                if told is not None:
                    found.append(
                        LaterSizes(names[i], option_title(m, names[i]), float(size), is_power, *told)
                    )
    return tuple(found)


def _counted(amounts: Floats, size: float) -> tuple[float, float] | None:
    """The middle order in sizes, and the share of orders that are no whole number; None without orders."""
    lots = amounts[amounts > max(_NOTHING, 1e-3 * float(amounts.max(initial=0.0)))] / size
    if not lots.size:
        return None
    whole = np.round(lots)
    return float(np.median(lots)), float(((np.abs(lots - whole) > _NOTICED) | (whole == 0.0)).mean())


def later_sentence(found: tuple[LaterSizes, ...]) -> str:
    """Return where parts of halls and lots matter in later quarters; empty where they do nowhere."""
    told = [
        f"{each.title}, {number(each.middle)} {'halls' if each.is_power else 'lots'} of "
        f"{power(each.size) if each.is_power else count(each.size)} in the middle and {percent(each.broken)} "
        "of orders in parts"
        for each in found
        if each.matters
    ]
    return f"Parts matter in later quarters where few are ordered at a time: {listing(told)}." if told else ""
