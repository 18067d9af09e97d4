"""How age tells on owned units: failures and upkeep beyond some age, and what is left of what stood."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NEVER = 10**6
"""Quarters that no horizon has: the age of wear where there is none."""


@dataclass(frozen=True, slots=True)
class Wear:
    """Failures and upkeep of units of a certain age and more [offer option]."""

    after_quarters: Integers  # age from which they hold, 0 where age tells on nothing
    attrition: Floats  # share of such units lost in a quarter
    cost: Floats  # upkeep beyond that of younger ones, money per unit and quarter


@lru_cache(maxsize=512)
def standing_shares(
    life: int, after: int, attrition: float, worn_attrition: float, *, quarters: int
) -> tuple[Floats, Floats]:
    """Return what is left of 1 that stood at the start: within its life, and of that short of wear.

    What stands is of every age alike, from new to the end of its life, or to the age of wear where no life
    is stated. A unit of age a at the start has age a + t + 1 at the end of quarter t.

    Args:
        life: quarters, 0 for no end.
        after: age of wear [quarter], 0 for none.
        attrition: share of young units lost in a quarter.
        worn_attrition: share of worn units lost in a quarter.
        quarters: of the horizon.

    Returns:
        Both [quarter + 1], the first before the first quarter; they are kept, and must not be written to.
    """
    turn = after if after > 0 else NEVER
    start = np.arange(life if life > 0 else max(after, 1))[:, None]
    age = start + np.arange(quarters + 1)[None, :]
    young_steps = np.clip(np.minimum(age, turn) - start, 0, None)
    left = (1.0 - attrition) ** young_steps * (1.0 - worn_attrition) ** (age - start - young_steps)
    if life > 0:
        left = np.where(age < life, left, 0.0)
    return left.mean(axis=0), np.where(age < turn, left, 0.0).mean(axis=0)


def settling_shares(months: float) -> Floats:
    """Return the share of a unit that is not in use yet, on the average of each quarter from its delivery.

    Use rises evenly from nothing at delivery, the start of a quarter, to all after the given time:
    1 − ∫ min(x / n, 1) dx over the quarter, n the time in quarters.

    Args:
        months: time that it takes [month].
    """
    span = months / 3.0
    if span <= 0.0:
        return np.zeros(0)
    first = np.arange(int(np.ceil(span - 1e-9)), dtype=np.float64)
    last = np.minimum(first + 1.0, span)
    return (last - first) - (last**2 - first**2) / (2.0 * span)
