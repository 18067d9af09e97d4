"""Days and quarters as tables write them; a notation that has two meanings is none."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, timedelta

from capexpand.forecasting.quarters import last_day
from capexpand.timevalue import add_months

_QUARTERS = (
    re.compile(r"(?P<year>\d{4})[\s-]*Q(?P<quarter>[1-4])", re.IGNORECASE),
    re.compile(r"Q(?P<quarter>[1-4])[\s'’-]*(?P<year>\d{4}|\d{2})", re.IGNORECASE),
    re.compile(r"(?P<quarter>[1-4])\s*Q[\s'’-]*(?P<year>\d{4}|\d{2})", re.IGNORECASE),
)
_MONTHS = (
    re.compile(r"(?P<year>\d{4})[-/](?P<month>\d{1,2})"),
    re.compile(r"(?P<month>\d{1,2})/(?P<year>\d{4})"),
)
_NAMED_MONTHS = ("%b %Y", "%B %Y", "%b-%Y", "%B-%Y", "%b-%y")
_NOTATIONS = ("%Y/%m/%d", "%d.%m.%Y", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y")
_SLASHED = ("%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%y/%m/%d")
_SERIAL = re.compile(r"[2-6]\d{4}")
_SERIAL_START = date(1899, 12, 30)


def read_quarter_end(text: str) -> date:
    """Return the last day of a quarter: of one that is named, such as 2025Q2, or of the month or day.

    Args:
        text: as written.

    Raises:
        ValueError: it names no quarter; the message begins with the text.
    """
    for pattern in _QUARTERS:
        if (named := pattern.fullmatch(text)) is not None:
            return last_day(_year(named["year"]) * 4 + int(named["quarter"]) - 1)
    month = _month_of(text)
    if month is not None:
        return add_months(month, 1) - timedelta(1)
    if re.fullmatch(r"(19|20)\d\d", text):
        raise ValueError(f"'{text}' is a year; give each quarter a row, with its last day")
    if re.match(r"(fiscal|fy)\b|fy\s*\d", text, re.IGNORECASE):
        raise ValueError(f"'{text}' says no day; write the day on which the quarter ended")
    return read_day(text)


def _year(text: str) -> int:
    """A year of four digits, or of two: 69 to 99 are of the last century, as everywhere in the library."""
    return int(text) if len(text) == 4 else datetime.strptime(text, "%y").year  # noqa: DTZ007


def _month_of(text: str) -> date | None:
    """The first day of a month that is named alone."""
    for pattern in _MONTHS:
        if (named := pattern.fullmatch(text)) is not None and 1 <= int(named["month"]) <= 12:
            return date(int(named["year"]), int(named["month"]), 1)
    for notation in _NAMED_MONTHS:
        with suppress(ValueError):
            return datetime.strptime(text, notation).date()  # noqa: DTZ007 - a month has no time zone
    return None


def read_day(text: str) -> date:
    """Return a day.

    Args:
        text: as written.

    Raises:
        ValueError: it is no day, may be one of two, or lies far off; the message begins with the text.
    """
    days = _days_of(text)
    if len(days) > 1:
        first, *_, last = sorted(days)
        raise ValueError(f"'{text}' may be {first} or {last}; write it as {first}")
    if not days:
        counted = _SERIAL_START + timedelta(int(text)) if _SERIAL.fullmatch(text) else None
        meant = "" if counted is None else f" (a spreadsheet's number of {counted}?)"
        raise ValueError(f"'{text}' is not a day{meant}; write it as {counted or '2025-06-30'}")
    (day,) = days
    if not 1950 <= day.year <= 2100:
        raise ValueError(f"{day} lies outside 1950 to 2100; check the year")
    return day


def _days_of(text: str) -> set[date]:
    """The days that a text may mean: one, or two where day and month may change places."""
    try:
        return {date.fromisoformat(text[:10] if text[10:11] in ("T", " ") else text)}
    except ValueError:
        pass
    found: set[date] = set()
    for notation in _SLASHED if "/" in text[:3] else _NOTATIONS:
        with suppress(ValueError):
            found.add(datetime.strptime(text, notation).date())  # noqa: DTZ007 - a day has no time zone
    return found
