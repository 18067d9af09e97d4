"""Finds periods in a sentence: years, fiscal years, quarters, lengths from now and up to now."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from capexpand.claims.companies import CALENDAR_YEAR_END, fiscal_year_end
from capexpand.claims.documents import MONTH, month_number

_N = r"(\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve)"
_COUNTS = {
    "one": 1,
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
}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "final": 4, "last": 4}
_YEAR = r"(20\d\d)"


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
        period: what it is.
        before: whether it is a year before one that the sentence names.
    """

    start: int
    end: int
    period: Period
    before: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """From when a sentence speaks, and about whom."""

    published: date | None
    company: str


def add_months(day: date, months: int) -> date:
    """Return the day so many months later, the month's last day where there is no such day."""
    whole = day.year * 12 + day.month - 1 + months
    year, month = divmod(whole, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _calendar_year(year: int) -> Period:
    return Period("calendar", date(year, 1, 1), date(year, 12, 31))


def _fiscal_year(year: int, moment: Moment) -> Period:
    month = fiscal_year_end(moment.company)
    if month is None:
        return Period("fiscal", None, None)
    return _months_to(year, month, 12, "calendar" if month == CALENDAR_YEAR_END else "fiscal")


def _months_to(year: int, month: int, months: int, basis: str) -> Period:
    end = date(year, month, calendar.monthrange(year, month)[1])
    return Period(basis, add_months(date(year, month, 1), 1 - months), end)


def _count(word: str) -> int:
    return _COUNTS[word.casefold()] if word.casefold() in _COUNTS else int(word)


def _ahead(match: re.Match[str], moment: Moment) -> Period:
    months = _count(match[1]) * (12 if "year" in match[0].casefold() else 1)
    if moment.published is None:
        return Period("undated", None, None)
    return Period("undated", moment.published, add_months(moment.published, months) - timedelta(days=1))


def _decade(_match: re.Match[str], moment: Moment) -> Period:
    return _past(120, moment)


def _behind(match: re.Match[str], moment: Moment) -> Period:
    return _past(_count(match[1]) * (12 if "year" in match[0].casefold() else 1), moment)


def _past(months: int, moment: Moment) -> Period:
    if moment.published is None:
        return Period("undated", None, None)
    basis = "undated" if months > 12 else "calendar"
    return Period(basis, add_months(moment.published, -months), moment.published - timedelta(days=1))


def _by_year(match: re.Match[str], moment: Moment) -> Period:
    return Period("undated", moment.published, date(int(match[1]), 12, 31))


def _fiscal_named(match: re.Match[str], moment: Moment) -> Period:
    year = int(match[1])
    return _fiscal_year(year + 2000 if year < 100 else year, moment)


def _fiscal_relative(match: re.Match[str], moment: Moment) -> Period:
    month, day = fiscal_year_end(moment.company), moment.published
    if month is None or day is None:
        return Period("fiscal", None, None)
    year = day.year + (day.month > month)
    return _fiscal_year(
        year + {"this": 0, "current": 0, "last": -1, "next": 1, "previous": -1}[match[1].casefold()], moment
    )


def _year_to_month(match: re.Match[str], _moment: Moment) -> Period:
    month = month_number(match[1])
    return _months_to(int(match[2]), month, 12, "calendar" if month == CALENDAR_YEAR_END else "fiscal")


def _years(match: re.Match[str], _moment: Moment) -> Period:
    return Period("calendar", date(int(match[1]), 1, 1), date(int(match[2]), 12, 31))


def _ended(months: int) -> Callable[[re.Match[str], Moment], Period]:
    """Read a quarter or half that ended on a day; without a year the last one before the article."""

    def read(match: re.Match[str], moment: Moment) -> Period:
        month = month_number(match[1])
        if match[2]:
            return _months_to(int(match[2]), month, months, "calendar")
        return _last_to(month, months, moment)

    return read


def _last_to(month: int, months: int, moment: Moment) -> Period:
    if moment.published is None:
        return Period("calendar", None, None)
    year = moment.published.year
    ends = _months_to(year, month, months, "calendar")
    if ends.end is not None and ends.end >= moment.published:
        ends = _months_to(year - 1, month, months, "calendar")
    return ends


def _month_quarter(match: re.Match[str], moment: Moment) -> Period:
    return _last_to(month_number(match[1]), 3, moment)


def _quarter_of(match: re.Match[str], _moment: Moment) -> Period:
    return _months_to(int(match[2]), 3 * _ORDINALS[match[1].casefold()], 3, "calendar")


def _bare_quarter(match: re.Match[str], moment: Moment) -> Period:
    return _last_to(3 * _ORDINALS[match[1].casefold()], 3, moment)


def _whole_year(_match: re.Match[str], moment: Moment) -> Period:
    return (
        Period("calendar", None, None) if moment.published is None else _calendar_year(moment.published.year)
    )


def _past_year(_match: re.Match[str], moment: Moment) -> Period:
    return _past(12, moment)


def _short_quarter(match: re.Match[str], _moment: Moment) -> Period:
    return _months_to(int(match[2]), 3 * int(match[1]), 3, "calendar")


def _relative_year(match: re.Match[str], moment: Moment) -> Period:
    if moment.published is None:
        return Period("calendar", None, None)
    step = {"this": 0, "next": 1, "last": -1}[match[1].casefold()]
    return _calendar_year(moment.published.year + step)


def _plain_year(match: re.Match[str], _moment: Moment) -> Period:
    return _calendar_year(int(match[1]))


def _since_start(_match: re.Match[str], moment: Moment) -> Period:
    if moment.published is None:
        return Period("calendar", None, None)
    return Period("calendar", date(moment.published.year, 1, 1), moment.published)


_TO_DAY = rf"(?:that )?(?:ended|ending|to) (?:on )?(?:\d{{1,2}} )?({MONTH})(?: \d{{1,2}})?(?:,? {_YEAR})?"
_YEAR_TO = rf"year (?:to|ended|ending|that ends in|through) ({MONTH})(?: \d{{1,2}},?)? {_YEAR}"
_NEXT = rf"(?:over|in|within|during|for) (?:the )?(?:next|coming|following) {_N} (?:years|months)"
_SINCE = r"since (?:January|the (?:start|beginning) of the year)|year[- ]to[- ]date|so far this year"

_PATTERNS: tuple[tuple[str, Callable[[re.Match[str], Moment], Period]], ...] = (
    (rf"\b(?:{_SINCE})\b", _since_start),
    (rf"\b(?:past|last|previous) {_N} (?:years|months)\b", _behind),
    (r"\b(?:past|last|previous) (?:decade|ten years)\b", _decade),
    (rf"\b{_NEXT}\b", _ahead),
    (rf"\bnext {_N} (?:years|months)\b", _ahead),
    (rf"\b(?:over|within|across) {_N} (?:years|months)\b", _ahead),
    (rf"\b(?:by|through|until) (?:the end of )?{_YEAR}\b", _by_year),
    (rf"\b(?:fiscal|financial) {_YEAR_TO}\b", _year_to_month),
    (rf"\b{_YEAR_TO}\b", _year_to_month),
    (rf"\b(?:between|from) {_YEAR} (?:and|to) {_YEAR}\b", _years),
    (r"\b(?:fiscal|financial)(?: year)? (20\d\d|\d\d)\b", _fiscal_named),
    (r"\bFY ?(20\d\d|\d\d)\b", _fiscal_named),
    (r"\b(this|current|last|next|previous) (?:fiscal|financial) year\b", _fiscal_relative),
    (r"\b(?:fiscal|financial) year that (?:began|begins|started|starts) (this) \w+\b", _fiscal_relative),
    (rf"\bquarter {_TO_DAY}", _ended(3)),
    (rf"\b(?:half[- ]year|six months) {_TO_DAY}", _ended(6)),
    (rf"\b({MONTH}) quarter\b", _month_quarter),
    (rf"\b(first|second|third|fourth|final|last) quarter of {_YEAR}\b", _quarter_of),
    (rf"\bQ([1-4]) {_YEAR}\b", _short_quarter),
    (r"\b(first|second|third|fourth|final)[- ]quarter\b", _bare_quarter),
    (r"\bfor the (?:whole |full )?year\b|\b(?:whole|full) year\b", _whole_year),
    (r"\b(?:past year|(?:past|last|previous) (?:twelve|12) months)\b", _past_year),
    (r"\b(this|next|last) year\b", _relative_year),
    (rf"\b(?:in|for|during|of|throughout|late|early) {_YEAR}\b", _plain_year),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), read) for pattern, read in _PATTERNS)
_A_YEAR_BEFORE = re.compile(
    r"\b(?:a year (?:earlier|ago|before)|the year before|the previous year)\b", re.IGNORECASE
)
_COMPARED = re.compile(r"\b(?:than|since|until|before|after)\s+(?:in\s+)?(?:late |early )?$", re.IGNORECASE)


def find_periods(text: str, moment: Moment) -> tuple[NamedPeriod, ...]:
    """Find the periods that a sentence names, in order; the first pattern that fits a place counts.

    Args:
        text: the sentence.
        moment: day of the article, and the company whose fiscal year counts.
    """
    found: list[NamedPeriod] = []
    for pattern, read in _COMPILED:
        for match in pattern.finditer(text):
            taken = any(match.start() < other.end and other.start < match.end() for other in found)
            if taken or (read is _plain_year and _COMPARED.search(text[: match.start()])):
                continue
            found.append(NamedPeriod(match.start(), match.end(), read(match, moment)))
    for match in _A_YEAR_BEFORE.finditer(text):
        earlier = [named for named in found if named.end <= match.start() and named.period.start is not None]
        if earlier:
            found.append(
                NamedPeriod(match.start(), match.end(), a_year_before(earlier[-1].period), before=True)
            )
    return tuple(sorted(found, key=lambda named: named.start))


def a_year_before(period: Period) -> Period:
    """Return the same period a year earlier."""

    def back(day: date | None) -> date | None:
        if day is None:
            return None
        moved = add_months(day, -12)
        is_last = day.day == calendar.monthrange(day.year, day.month)[1]
        return moved.replace(day=calendar.monthrange(moved.year, moved.month)[1]) if is_last else moved

    return Period(period.basis, back(period.start), back(period.end))
