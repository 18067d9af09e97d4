"""Finds periods in a sentence: years, fiscal years and their parts, lengths from now and up to now."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

from capexpand.catalogue.columns import YEARS
from capexpand.claims.companies import CALENDAR_YEARS
from capexpand.claims.documents import MONTH, month_number
from capexpand.claims.time_spans import (
    COUNTS,
    Moment,
    NamedPeriod,
    Period,
    Reader,
    add_months,
    calendar_year,
    count_of,
    double_year,
    fiscal_year,
    full_year,
    months_from,
    months_to,
)

_N = rf"(\d{{1,2}}|{'|'.join(COUNTS)})"
_ORDINALS = {
    "first": 1,
    "opening": 1,
    "1st": 1,
    "second": 2,
    "2nd": 2,
    "third": 3,
    "3rd": 3,
    "fourth": 4,
    "4th": 4,
    "final": 4,
}
_YEAR = r"(20\d\d)"

WHOLE_WEEKS_DAYS = 7
"""A year of whole weeks ends up to so many days before or after the end of its month [days]."""


# --- lengths from now and up to now -------------------------------------------------------------------------


def _from_now(months: int, moment: Moment) -> Period:
    if moment.published is None:
        return Period("undated", None, None)
    return Period("undated", moment.published, add_months(moment.published, months) - timedelta(days=1))


def _ahead(match: re.Match[str], moment: Moment) -> Period:
    words = match[0].casefold()
    if "decade" in words:
        return _from_now(120, moment)
    longest = next(group for group in reversed(match.groups()) if group is not None)
    return _from_now(count_of(longest) * (12 if "year" in words else 1), moment)


def _behind(match: re.Match[str], moment: Moment) -> Period:
    words = match[0].casefold()
    if "decade" in words or not match.groups():
        return _past(120 if "decade" in words else 12, moment)
    return _past(count_of(match[1]) * (12 if "year" in words else 1), moment)


def _past(months: int, moment: Moment) -> Period:
    if moment.published is None:
        return Period("undated", None, None)
    basis = "undated" if months > 12 else "calendar"
    return Period(basis, add_months(moment.published, -months), moment.published - timedelta(days=1))


def _by_year(match: re.Match[str], moment: Moment) -> Period:
    if match[1]:
        end = fiscal_year(full_year(match[2]), moment).end
        return Period("undated", moment.published, end)
    return Period("undated", moment.published, date(int(match[2]), 12, 31))


def _by_end_of_decade(_match: re.Match[str], moment: Moment) -> Period:
    if moment.published is None:
        return Period("undated", None, None)
    return Period("undated", moment.published, date(moment.published.year // 10 * 10 + 9, 12, 31))


def _years_to(match: re.Match[str], _moment: Moment) -> Period:
    last = int(match[2])
    return Period("calendar", date(last + 1 - count_of(match[1]), 1, 1), date(last, 12, 31))


def _since_start(_match: re.Match[str], moment: Moment) -> Period:
    if moment.published is None:
        return Period("calendar", None, None)
    return Period("calendar", date(moment.published.year, 1, 1), moment.published)


# --- whole years --------------------------------------------------------------------------------------------


def _fiscal_named(match: re.Match[str], moment: Moment) -> Period:
    first, second = match[1], match[2] if match.re.groups > 1 else None
    return fiscal_year(double_year(first, second, moment) if second else full_year(first), moment)


def _fiscal_relative(match: re.Match[str], moment: Moment) -> Period:
    fiscal, day = moment.fiscal, moment.published
    if fiscal is None or day is None:
        return Period("fiscal", None, None)
    step = {"last": -1, "previous": -1, "prior": -1, "next": 1, "coming": 1}.get(match[1].casefold(), 0)
    return fiscal_year(fiscal.year_of(day) + step, moment)


def _years(match: re.Match[str], moment: Moment) -> Period | None:
    first, last = int(match[1]), full_year(match[3])
    fiscal = moment.fiscal or CALENDAR_YEARS
    if match[2] == "/" and last == first + 1 and fiscal.basis == "fiscal":
        return fiscal_year(double_year(match[1], match[3], moment), moment)
    if not first < last <= first + 30:
        return None
    return Period("calendar", date(first, 1, 1), date(last, 12, 31))


def _relative_year(match: re.Match[str], moment: Moment) -> Period:
    if moment.published is None:
        return Period("calendar", None, None)
    step = {"next": 1, "coming": 1, "last": -1}.get(match[1].casefold(), 0)
    return calendar_year(moment.published.year + step)


def _plain_year(match: re.Match[str], _moment: Moment) -> Period:
    return calendar_year(int(match[1]))


def _whole_year(_match: re.Match[str], moment: Moment) -> Period:
    """Read ``the full year``: the one that runs, or for what was reported the one that has just ended."""
    day, fiscal = moment.published, moment.fiscal or CALENDAR_YEARS
    if day is None:
        return Period(fiscal.basis, None, None)
    year = fiscal.year_of(day)
    since_start = (day - fiscal.first_month(year)).days
    just_ended = not moment.ahead and fiscal.basis == "fiscal" and since_start <= 92
    return months_from(fiscal.first_month(year - just_ended), 12, fiscal.basis)


# --- parts of years -----------------------------------------------------------------------------------------

_PART = (
    r"(?:(?P<ord>first|second|third|fourth|final|opening|1st|2nd|3rd|4th)[- ]"
    r"(?P<inner>(?:fiscal|financial)[- ])?(?P<what>quarter|half(?:[- ]year)?)"
    r"|first[- ](?P<n>two|three|six|nine|3|6|9)[- ](?P<each>months|quarters)"
    r"|(?-i:Q(?P<q>[1-4])|(?P<q2>[1-4])Q|H(?P<h>[12])|(?P<h2>[12])H))"
)
_FISCAL = r"(?:FY|fiscal|financial)(?:[- ]year)?"
_OF = (
    r"\s?,?\s?(?:(?:of|in|for)\s)?"
    r"(?:(?:the|its|their|his)\s|(?:the\s)?(?:company|group|firm|maker)['’]s\s)?"
)
_OF_YEAR = (
    rf"{_OF}(?:(?P<f1>{_FISCAL})\s?[’']?(?P<y1>20\d\d|\d\d)(?:[-–/](?P<z1>\d\d))?(?!\d)"
    r"|(?P<y2>20\d\d)(?:[-–/](?P<z2>\d\d))?\s(?P<f2>fiscal|financial)(?:\syear)?"
    r"|(?:calendar\s)?(?P<y3>20\d\d)(?!\d)|(?<=[QH1-4])[’']?(?P<y4>\d\d)(?!\d|[.,]\d))"
)
_YEAR_FIRST = (
    rf"(?:(?P<f1>{_FISCAL})\s?[’']?(?P<y1>20\d\d|\d\d)(?:[-–/](?P<z1>\d\d))?"
    r"|(?P<y3>20\d\d)(?:[-–/](?P<z2>\d\d))?)(?:['’]s)?\s(?P<lead>(?:fiscal|financial)\s)?"
)


def _span(match: re.Match[str]) -> tuple[int, int]:
    """Return after how many months of its year a part begins, and how many it has."""
    groups = match.groupdict()
    if groups["n"]:
        return 0, count_of(groups["n"]) * (3 if groups["each"].casefold() == "quarters" else 1)
    quarter, half = groups["q"] or groups["q2"], groups["h"] or groups["h2"]
    number = int(quarter or half or 0) or _ORDINALS[groups["ord"].casefold()]
    if half or (groups["what"] or "").casefold().startswith("half"):
        return 6 * (min(number, 2) - 1), 6
    return 3 * (number - 1), 3


def _part_of_named_year(match: re.Match[str], moment: Moment) -> Period | None:
    groups = match.groupdict()
    first, length = _span(match)
    year = groups.get("y1") or groups.get("y2") or groups.get("y3") or groups.get("y4") or ""
    both = groups.get("z1") or groups.get("z2")
    named_fiscal = any(groups.get(name) for name in ("f1", "f2", "lead", "inner")) or both
    if not named_fiscal:
        return months_from(add_months(date(full_year(year), 1, 1), first), length, "calendar")
    fiscal = moment.fiscal
    if fiscal is None:
        return Period("fiscal", None, None)
    name = double_year(year, both, moment) if both else full_year(year)
    return months_from(add_months(fiscal.first_month(name), first), length, fiscal.basis)


def _part_alone(match: re.Match[str], moment: Moment) -> Period | None:
    """Read a part of a year that is not named: the company's last one, or its next where it speaks ahead."""
    named_fiscal = match["lead"] or match["inner"]
    fiscal = moment.fiscal or (None if named_fiscal else CALENDAR_YEARS)
    if fiscal is None or moment.published is None:
        return Period("fiscal" if named_fiscal else "calendar", None, None)
    first, length = _span(match)
    name = fiscal.year_of(moment.published)
    options = (
        months_from(add_months(fiscal.first_month(year), first), length, fiscal.basis)
        for year in range(name - 2, name + 3)
    )
    return _last_or_next(tuple(options), moment, slack=WHOLE_WEEKS_DAYS * fiscal.whole_weeks)


def _last_or_next(options: tuple[Period, ...], moment: Moment, *, slack: int = 0) -> Period | None:
    """Pick the last of several periods that had ended, or the next to end where the sentence speaks ahead."""
    day = moment.published
    if day is None:
        return None
    ended = [p for p in options if p.end is not None and p.end - timedelta(days=slack) < day]
    coming = [p for p in options if p.end is not None and p.end >= day]
    return coming[0] if moment.ahead and coming else ended[-1] if ended else None


def _relative_quarter(match: re.Match[str], moment: Moment) -> Period:
    fiscal, day = moment.fiscal or CALENDAR_YEARS, moment.published
    if day is None:
        return Period(fiscal.basis, None, None)
    start = fiscal.first_month(fiscal.year_of(day))
    passed = ((day.year - start.year) * 12 + day.month - start.month) // 3
    word = match[1].casefold()
    step = {"next": 1, "coming": 1, "following": 1, "this": 0, "current": 0, "present": 0}.get(word, -1)
    if word.startswith(("year-ago", "year-earlier")):
        step = -5
    return months_from(add_months(start, 3 * (passed + step)), 3, fiscal.basis)


# --- months -------------------------------------------------------------------------------------------------


def _last_month(name: str, day: str | None) -> int:
    """Return the month that a period ends with; a day early in the next one ends a year of whole weeks."""
    month = month_number(name)
    return (month - 2) % 12 + 1 if day and int(day) <= WHOLE_WEEKS_DAYS else month


def _ended(match: re.Match[str], moment: Moment) -> Period | None:
    """Read a quarter, half or year up to a month; without a year the last one, or the next one ahead."""
    what = match["what"].casefold()
    months = 3 if "quarter" in what else 6 if "half" in what else 12
    if match["n"]:
        months = count_of(match["n"])
    month = _last_month(match["month"], match["day"] or match["day2"])
    is_fiscal = match["lead"] or (months == 12 and month != 12 and not match["n"])
    basis = "fiscal" if is_fiscal and month != 12 else "calendar"
    if match["year"]:
        year = int(match["year"]) - (month == 12 and month_number(match["month"]) == 1)
        return months_to(year, month, months, basis)
    if moment.published is None:
        return Period(basis, None, None)
    year = moment.published.year
    options = tuple(months_to(one, month, months, basis) for one in range(year - 1, year + 2))
    return _last_or_next(options, moment)


def _month_quarter(match: re.Match[str], moment: Moment) -> Period | None:
    month = month_number(match[1])
    if match[2]:
        return months_to(int(match[2]), month, 3, "calendar")
    if moment.published is None:
        return Period("calendar", None, None)
    year = moment.published.year
    options = tuple(months_to(one, month, 3, "calendar") for one in range(year - 1, year + 2))
    return _last_or_next(options, moment)


def _month_to_month(match: re.Match[str], moment: Moment) -> Period | None:
    first, last = month_number(match["from"]), _last_month(match["to"], match["day"])
    months = (last - first) % 12 + 1
    if match["year"]:
        return months_to(int(match["year"]), last, months, "calendar")
    if moment.published is None:
        return Period("calendar", None, None)
    year = moment.published.year
    options = tuple(months_to(one, last, months, "calendar") for one in range(year - 1, year + 2))
    return _last_or_next(options, moment)


_LENGTH = (
    r"(?P<lead>(?:fiscal|financial)\s)?"
    r"(?P<what>quarter|half(?:[- ]year)?|year|52[- ]weeks|(?P<n>three|six|nine|twelve|3|6|9|12)[- ]months?)"
)
_TO_MONTH = (
    r"\s(?:that\s)?(?:ended|ending|ends|to|through|until|up to)\s(?:on\s|in\s)?"
    rf"(?:(?P<day>\d{{1,2}})\s)?(?P<month>{MONTH})(?:\s(?P<day2>\d{{1,2}})(?!\d))?(?:,?\s(?P<year>20\d\d))?"
)
_MONTHS = (
    rf"(?P<from>{MONTH})(?:\s\d{{1,2}})?\s?(?:-|–|—|to|through)\s?(?P<to>{MONTH})(?:\s(?P<day>\d{{1,2}})(?!\d))?"
    r"(?:\s(?:quarter|period|half))?(?:,?\s(?:of\s)?(?P<year>20\d\d))?"
)
_NEXT = r"(?:over|in|within|during|for|across)\s(?:the\s)?(?:next|coming|following)\s"
_SINCE = r"since (?:January|the (?:start|beginning) of the year)|year[- ]to[- ]date|so far this year"
_OF_THAT_YEAR = (
    r"(?:full[- ]year\s)?(?:capex|capital|spending|budget|guidance|forecast|outlook|revenue|sales|net|profit"
    r"|operating|investment|expenditure|plan|target)"
)

_PATTERNS: tuple[tuple[str, Reader], ...] = (
    (rf"\b(?:{_SINCE})\b", _since_start),
    (rf"\b(?:past|last|previous)\s{_N}\s(?:years|months)\b", _behind),
    (r"\b(?:past|last|previous) (?:decade|ten years)\b", _behind),
    (rf"\b{_N}\syears\s(?:to|through|until|ending(?:\sin)?)\s{_YEAR}\b", _years_to),
    (
        rf"\b(?:{_NEXT}|next\s|over\s|within\s|across\s){_N}(?:(?:\sto\s|\sor\s|-|–){_N})?\s(?:years|months)\b",
        _ahead,
    ),
    (rf"\b(?:{_NEXT}|(?:over|within)\s(?:a\s|the\s)?)decade\b", _ahead),
    (r"\bby the end of (?:the|this) decade\b", _by_end_of_decade),
    (
        (
            rf"\b(?:by|through|until|till)\s(?:the\s)?(?:end\s?(?:of|-)?\s?|mid-?\s?|early\s|late\s)?"
            rf"({_FISCAL}\s?)?(20\d\d|(?<=FY)\d\d|(?<=FY )\d\d)(?![\d%-])"
        ),
        _by_year,
    ),
    (rf"\b{_LENGTH}{_TO_MONTH}\b", _ended),
    (rf"\b(?P<lead>(?:fiscal|financial)[- ])?{_PART}{_OF_YEAR}", _part_of_named_year),
    (rf"\b{_YEAR_FIRST}{_PART}\b", _part_of_named_year),
    (rf"\b{_FISCAL}\s?[’']?(20\d\d|\d\d)(?:[-–/](\d\d))?(?!\d)", _fiscal_named),
    (r"\b(20\d\d)(?:[-–/](\d\d))?\s(?:fiscal|financial)(?:\syear)?\b", _fiscal_named),
    (r"\b(?:fiscal|financial) year that (?:began|begins|started|starts) (this) \w+\b", _fiscal_relative),
    (r"\b(this|current|last|next|previous|prior|coming) (?:fiscal|financial)(?: year)?\b", _fiscal_relative),
    (
        r"(?<![\d$€£¥₹.,-])(20\d\d)\s?(-|–|—|/|to|through|until|and)\s?(20\d\d|(?<=[-–—/])\d\d)(?![\d%]|[-.,]\d)",
        _years,
    ),
    (rf"\b{_MONTHS}\b", _month_to_month),
    (rf"\b({MONTH})[- ]quarter\b(?:,?\s(?:of\s)?{_YEAR})?", _month_quarter),
    (rf"\b(?P<lead>(?:fiscal|financial)[- ])?{_PART}\b", _part_alone),
    (
        (
            r"\b(last|previous|latest|prior|most recent|this|current|present|next|coming|following"
            r"|year-ago|year-earlier)\s(?:fiscal\s|financial\s)?quarter\b"
        ),
        _relative_quarter,
    ),
    (rf"\b(?:full|whole)[- ]year {_YEAR}\b", _plain_year),
    (rf"\bcalendar (?:year )?{_YEAR}\b", _plain_year),
    (r"\bfor the (?:whole |full )?year\b|\b(?:whole|full)[- ]year\b", _whole_year),
    (r"\b(?:past year|(?:past|last|previous) (?:twelve|12) months)\b", _behind),
    (r"\b(this|next|last|current|coming) year\b", _relative_year),
    (rf"\b(?:in|for|during|of|throughout|late|early) {_YEAR}(?![\d%-])\b", _plain_year),
    (rf"\b{_YEAR}\s(?={_OF_THAT_YEAR})", _plain_year),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), read) for pattern, read in _PATTERNS)
_A_YEAR_BEFORE = re.compile(
    r"\b(?:a year (?:earlier|ago|before|previously)|the year before|the previous year"
    r"|(?:(?:in|of|for|from) )?the (?:same|corresponding|comparable) (?:period|quarter|time|half|months)"
    r"(?: of)?(?: the)? (?:last|previous|prior) year"
    r"|(?:(?:in|of|for|from) )?the (?:same|corresponding) (?:period|quarter) (?:a|one) year (?:ago|earlier)"
    r"|(?:(?:in|of|for|from) )?the (?:year-ago|year-earlier|prior-year|previous-year) (?:period|quarter))\b",
    re.IGNORECASE,
)
_COMPARED = re.compile(r"\b(?:than|since|until|before|after)\s+(?:in\s+)?(?:late |early )?$", re.IGNORECASE)
_COMPARED_WINDOW = 24


@lru_cache(maxsize=512)  # asked once for each amount of a sentence
def find_periods(text: str, moment: Moment) -> tuple[NamedPeriod, ...]:
    """Find the periods that a sentence names, in order; the first pattern that fits a place counts.

    Args:
        moment: day of the article, and the company whose fiscal year counts.
    """
    earlier = tuple(_A_YEAR_BEFORE.finditer(text))
    taken = [match.span() for match in earlier]
    found: list[NamedPeriod] = []
    for pattern, read in _COMPILED:
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            before = text[max(0, match.start() - _COMPARED_WINDOW) : match.start()]
            if read is _plain_year and _COMPARED.search(before):
                continue
            period = _read(read, match, moment)
            if period is not None:
                taken.append(match.span())
                found.append(NamedPeriod(match.start(), match.end(), period))
    found += _years_before(earlier, tuple(found), moment)
    return tuple(sorted(found, key=lambda named: named.start))


def _read(read: Reader, match: re.Match[str], moment: Moment) -> Period | None:
    period = read(match, moment)
    ends = () if period is None else (period.start, period.end)
    if period is not None and any(day is not None and day.year not in YEARS for day in ends):
        return Period(period.basis, None, None)  # a table of claims could not hold it
    return period


def _years_before(
    matches: tuple[re.Match[str], ...], found: tuple[NamedPeriod, ...], moment: Moment
) -> Iterator[NamedPeriod]:
    """Read ``a year earlier``: before the period named last, or before the last quarter where it says so."""
    for match in matches:
        named = [one for one in found if one.end <= match.start() and one.period.start is not None]
        period = max(named, key=lambda one: one.end).period if named else None
        if period is None and "quarter" in match[0].casefold():
            fiscal = moment.fiscal or CALENDAR_YEARS
            if moment.published is not None:
                start = fiscal.first_month(fiscal.year_of(moment.published))
                day = moment.published
                passed = ((day.year - start.year) * 12 + day.month - start.month) // 3
                period = months_from(add_months(start, 3 * (passed - 1)), 3, fiscal.basis)
        if period is not None:
            yield NamedPeriod(match.start(), match.end(), a_year_before(period), before=True)


def a_year_before(period: Period) -> Period:
    """Return the same period a year earlier."""

    def back(day: date | None) -> date | None:
        if day is None:
            return None
        moved = add_months(day, -12)
        is_last = day.day == calendar.monthrange(day.year, day.month)[1]
        return moved.replace(day=calendar.monthrange(moved.year, moved.month)[1]) if is_last else moved

    return Period(period.basis, back(period.start), back(period.end))
