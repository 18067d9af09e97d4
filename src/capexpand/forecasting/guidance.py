"""Amounts that a company gave for a period, and what they say of each quarter when they are spread evenly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from capexpand.forecasting.series import Floats, Path


@dataclass(frozen=True, slots=True)
class Guidance:
    """An amount for a period, in the unit of the series that it guides.

    Args:
        quarters: numbers of those in the period.
        amount: the middle of a range.
        announced_on: the day.
        bridged: the part of it that was added for business outside the announcement's scope.
    """

    quarters: tuple[int, ...]
    amount: float
    announced_on: date
    bridged: float = 0.0


def latest_by_quarter(guidance: Iterable[Guidance]) -> Mapping[int, Guidance]:
    """Return, for each quarter, the guidance that counts: the shortest that covers it, then the newest.

    Args:
        guidance: of one series, the newest last.
    """
    found: dict[int, Guidance] = {}
    for each in guidance:
        for quarter in each.quarters:
            before = found.get(quarter)
            if before is None or len(each.quarters) <= len(before.quarters):
                found[quarter] = each
    return found


def even_shares(path: Path, guidance: Iterable[Guidance], *, quarters: int) -> Floats:
    """Return logarithms [quarter ahead] of what is left of the guidance, spread evenly over its quarters.

    Not a number where nothing is guided, and where more than the amount was reported already.

    Args:
        path: as reported.
        guidance: announced by then, the newest last.
        quarters: how many ahead.
    """
    counts = latest_by_quarter(guidance)
    result = np.full(quarters, np.nan)
    for ahead in range(quarters):
        each = counts.get(path.last + 1 + ahead)
        if each is None:
            continue
        before = [quarter - path.first for quarter in each.quarters if path.first <= quarter <= path.last]
        left = each.amount - float(np.exp(path.logs[before]).sum())
        open_quarters = sum(quarter > path.last for quarter in each.quarters)
        if min(each.quarters) >= path.first and left > 0.0:
            result[ahead] = np.log(left / open_quarters)
    return result
