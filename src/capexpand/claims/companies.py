"""Companies by the names that reports use for them, and the calendars of their fiscal years."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from functools import cache

from capexpand.catalogue.companies import company_rows

CALENDAR_YEAR_END = 12


@dataclass(frozen=True, slots=True)
class FiscalCalendar:
    """The months of a company's fiscal years; whole months, also where its years are of whole weeks.

    Args:
        end_month: month in which a year ends [1 to 12].
        whole_weeks: whether a year ends on a weekday, up to six days before or after the end of that month.
        named_after_start: whether fiscal 2024 begins, and does not end, in 2024.
    """

    end_month: int = CALENDAR_YEAR_END
    whole_weeks: bool = False
    named_after_start: bool = False

    @property
    def basis(self) -> str:
        """Whether its years are calendar ones."""
        return "calendar" if self.end_month == CALENDAR_YEAR_END else "fiscal"

    def first_month(self, year: int) -> date:
        """Return the first day of the fiscal year that is called ``year``."""
        ends_in = year + (self.named_after_start and self.end_month != CALENDAR_YEAR_END)
        return date(ends_in - (self.end_month != CALENDAR_YEAR_END), self.end_month % 12 + 1, 1)

    def year_of(self, day: date) -> int:
        """Return the name of the fiscal year in which a day lies."""
        year = day.year + (day.month > self.end_month)
        return year - (self.named_after_start and self.end_month != CALENDAR_YEAR_END)


CALENDAR_YEARS = FiscalCalendar()


def last_day_of_month(year: int, month: int) -> date:
    """Return the last day of a month."""
    return date(year, month, calendar.monthrange(year, month)[1])


@dataclass(frozen=True, slots=True)
class Company:
    """A company, its other names, and its fiscal years.

    Args:
        name: as the catalogue writes it.
        aliases: other names; products and brands that stand for it in the news.
        fiscal: the calendar of its fiscal years.
    """

    name: str
    aliases: tuple[str, ...]
    fiscal: FiscalCalendar


@cache
def companies() -> tuple[Company, ...]:
    """List the companies of the catalogue."""
    return tuple(
        Company(
            row.company,
            row.aliases,
            FiscalCalendar(int(row.fiscal_year_end), row.whole_weeks, row.year_named_after == "start"),
        )
        for row in company_rows()
    )


@cache
def _by_name() -> dict[str, Company]:
    return {name.casefold(): company for company in companies() for name in (company.name, *company.aliases)}


@cache
def all_names() -> tuple[str, ...]:
    """List every name and alias, the longest first."""
    names = {name for company in companies() for name in (company.name, *company.aliases)}
    return tuple(sorted(names, key=lambda name: (-len(name), name)))


def canonical(name: str) -> str:
    """Return the name under which the catalogue has a company; an unknown one stays as it is written."""
    found = _by_name().get(name.strip().casefold())
    return name.strip() if found is None else found.name


def fiscal_calendar(name: str) -> FiscalCalendar | None:
    """Return the calendar of a company's fiscal years, None where the company is unknown."""
    found = _by_name().get(name.strip().casefold())
    return None if found is None else found.fiscal


MEMBER_MARKS = {"MSFT": "Microsoft", "GOOGL": "Alphabet", "AMZN": "Amazon", "META": "Meta"}


def members(name: str) -> tuple[str, ...]:
    """List the companies of a group that is named by its parts, such as ``Big Four (MSFT+GOOGL+AMZN+META)``.

    Args:
        name: of the group; parts joined by ``+``, in parentheses where a name stands before them.

    Returns:
        Their names; nothing where the name is that of one company.
    """
    inside = name[name.find("(") + 1 : name.rfind(")")] if "(" in name else name
    parts = [part.strip() for part in inside.split("+")]
    return tuple(MEMBER_MARKS.get(part, canonical(part)) for part in parts) if len(parts) > 1 else ()
