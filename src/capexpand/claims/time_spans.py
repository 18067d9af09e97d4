"""Spans of time, and the arithmetic of months and fiscal years."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from capexpand.claims.companies import FiscalCalendar, fiscal_calendar, last_day_of_month

COUNTS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
    "one": 1,
}


@dataclass(frozen=True, slots=True)
class Period:
    """A span of time that was named; days that the words leave open are None."""

    basis: str
    start: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class NamedPeriod:
    """A period and where it is named in a sentence.

    Args:
        start: first character, from 0.
        end: the character after its last.
        before: whether it is a year before one that the sentence names.
    """

    start: int
    end: int
    period: Period
    before: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """From when a sentence speaks, and about whom.

    Args:
        published: day of the article.
        company: whose fiscal years count.
        ahead: whether it speaks of the time to come, so that the fourth quarter is the next one.
    """

    published: date | None
    company: str
    ahead: bool = False

    @property
    def fiscal(self) -> FiscalCalendar | None:
        """The company's fiscal calendar, None where the company is unknown."""
        return fiscal_calendar(self.company)


Reader = Callable[[re.Match[str], Moment], "Period | None"]
"""Turns a match into a period; None where it is none after all."""


def add_months(day: date, months: int) -> date:
    """Return the day so many months later, the month's last day where there is no such day."""
    whole = day.year * 12 + day.month - 1 + months
    year, month = divmod(whole, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_from(first: date, months: int, basis: str) -> Period:
    """Return so many whole months from a first day of a month."""
    last = add_months(first, months - 1)
    return Period(basis, first, last_day_of_month(last.year, last.month))


def months_to(year: int, month: int, months: int, basis: str) -> Period:
    """Return so many whole months that end with a month."""
    return months_from(add_months(date(year, month, 1), 1 - months), months, basis)


def calendar_year(year: int) -> Period:
    """Return a calendar year."""
    return Period("calendar", date(year, 1, 1), date(year, 12, 31))


def count_of(word: str) -> int:
    """Return the number that a word or digits stand for."""
    return COUNTS[word.casefold()] if word.casefold() in COUNTS else int(word)


def full_year(digits: str) -> int:
    """Return a year of four digits from its last two, or as it is."""
    return int(digits) + (2000 if len(digits) == 2 else 0)


def fiscal_year(year: int, moment: Moment) -> Period:
    """Return the fiscal year of that name; its days stay open where the company is unknown."""
    fiscal = moment.fiscal
    if fiscal is None:
        return Period("fiscal", None, None)
    return months_from(fiscal.first_month(year), 12, fiscal.basis)


def double_year(first: str, second: str, moment: Moment) -> int:
    """Return the name of the fiscal year that is written with both its years, as in FY2025-26."""
    fiscal = moment.fiscal
    after_start = fiscal is not None and fiscal.named_after_start
    return full_year(first if after_start else second)
