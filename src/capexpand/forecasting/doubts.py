"""What in a series may have been misread: gaps, years for quarters, running totals, slips of units."""

from __future__ import annotations

from itertools import groupby, pairwise

from capexpand.forecasting.quarters import label
from capexpand.forecasting.series import Series

_A_YEAR = 4
_ROW_OF_YEARS = 3
"""Figures that are evenly apart before they count as figures of longer periods."""
_LEAP = 50.0
"""Times the quarter before, or its part, that a change of unit makes and hardly any business."""
_CLIMB, _FALL = 1.15, 0.6
"""A running total is at least so many times the one before within a year, and starts anew below that part."""
_FEWEST_PAIRS, _FEWEST_STARTS = 6, 2


def doubts(series: Series) -> list[str]:
    """Return what a reader should know of how the figures of a series were read; nothing is changed.

    Args:
        series: as read, of one company and measure.
    """
    values = {quarter: one.value for quarter, one in sorted(series.first_published.items())}
    return [*_longer_periods(list(values)), *_running_totals(values), *_leaps(values)]


def _longer_periods(known: list[int]) -> list[str]:
    """Quarters that are filled in, and rows of figures that may be of halves or years."""
    pairs = list(pairwise(known))
    even = [(span, list(row)) for span, row in groupby(pairs, key=lambda pair: pair[1] - pair[0])]
    rows = [(span, row) for span, row in even if span > 1 and len(row) >= _ROW_OF_YEARS - 1]
    found: list[str] = []
    for span, row in rows:
        first, last = row[0][0], row[-1][1]
        which = "the figures" if len(row) == len(pairs) else f"the figures of {label(first)} to {label(last)}"
        found.append(
            f"{which} are {span} quarters apart, and each is read as the amount of one quarter; "
            f"divide amounts of {span} quarters by {span}"
        )
    covered = {pair for _, row in rows for pair in row}
    gaps = [pair for pair in pairs if pair[1] - pair[0] > 1 and pair not in covered]
    if not gaps:
        return found
    first, last = max(gaps, key=lambda gap: gap[1] - gap[0])
    count = sum(other - one - 1 for one, other in gaps)
    filled = "1 quarter without a figure is" if count == 1 else f"{count} quarters without a figure are"
    longest = label(first + 1) if last - first == 2 else f"{label(first + 1)} to {label(last - 1)}"
    where = longest if len(gaps) == 1 else f"the longest gap is {longest}"
    return [*found, f"{filled} filled by even growth ({where})"]


def _running_totals(values: dict[int, float]) -> list[str]:
    """Sums since the start of the year, as statements of cash flows have them: they climb and start anew."""
    pairs = [
        (quarter, value, values[quarter - 1]) for quarter, value in values.items() if quarter - 1 in values
    ]
    if len(pairs) < _FEWEST_PAIRS:
        return []
    for start in range(_A_YEAR):
        starts = [value < _FALL * before for quarter, value, before in pairs if quarter % _A_YEAR == start]
        climbs = [value > _CLIMB * before for quarter, value, before in pairs if quarter % _A_YEAR != start]
        if len(starts) >= _FEWEST_STARTS and all(starts) and all(climbs):
            each = f"the figures climb through each year and start anew in its quarter {start + 1}"
            return [f"{each}; if they are sums since a year began, take the one before from each"]
    return []


def _leaps(values: dict[int, float]) -> list[str]:
    """Changes from one figure to the next that look like another unit."""
    leaps = [
        (quarter, value / values[before])
        for before, quarter in pairwise(values)
        if not 1.0 / _LEAP < (value := values[quarter]) / values[before] < _LEAP
    ]
    if not leaps:
        return []
    quarter, times = leaps[0]
    size = f"{times:,.0f} times" if times > 1.0 else f"one part in {1.0 / times:,.0f} of"
    more = f", and {len(leaps) - 1} more change as much" if len(leaps) > 1 else ""
    return [f"{label(quarter)} is {size} the figure before{more}; check the unit"]
