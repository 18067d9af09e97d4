"""Calendar quarters as numbers that can be added to, by year and by the days that bound them."""

from __future__ import annotations

from datetime import date, timedelta

from capexpand.timevalue import MONTHS_PER_QUARTER, add_months


def quarter_of(day: date) -> int:
    """Return the number of the quarter in which a day lies, four a year."""
    return day.year * 4 + (day.month - 1) // MONTHS_PER_QUARTER


FISCAL_DAYS = 10
"""A fiscal quarter of whole weeks may end so many days after the calendar's."""


def fiscal_quarter(end: date) -> int:
    """Return the number of the calendar quarter in which most of a fiscal quarter's last month lies.

    Quarters that end on a Saturday keep their order: one that ends on 1 April is the first of the year, as is
    one that ends on 28 February.

    Args:
        end: last day of the fiscal quarter.
    """
    return quarter_of(end - timedelta(FISCAL_DAYS))


def first_day(quarter: int) -> date:
    """Return the first day of a quarter."""
    return date(quarter // 4, quarter % 4 * MONTHS_PER_QUARTER + 1, 1)


def last_day(quarter: int) -> date:
    """Return the last day of a quarter."""
    return add_months(first_day(quarter), MONTHS_PER_QUARTER) - timedelta(days=1)


def middle_day(quarter: int) -> date:
    """Return the day in the middle of a quarter."""
    start = first_day(quarter)
    return start + (last_day(quarter) - start) / 2


def quarters_within(start: date, end: date) -> tuple[int, ...]:
    """Return the numbers of the quarters whose middle lies in a period.

    Args:
        start: its first day.
        end: its last day.
    """
    span = range(quarter_of(start), quarter_of(end) + 1)
    return tuple(quarter for quarter in span if start <= middle_day(quarter) <= end)


def label(quarter: int, quarters: int = 1) -> str:
    """Return the name of a quarter, such as ``2025Q2``, or of the several that end with it.

    Args:
        quarter: the last one.
        quarters: how many.
    """
    name = f"{quarter // 4}Q{quarter % 4 + 1}"
    if quarters == 1:
        return name
    first = quarter - quarters + 1
    return f"{first // 4}Q{first % 4 + 1} to {name}"
