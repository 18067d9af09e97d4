"""Read a user's table of quarterly figures, and one of guidance; bad rows are named with what is right."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from capexpand.errors import CaseError, Problem
from capexpand.files import read_text
from capexpand.forecasting.days import read_day, read_quarter_end
from capexpand.forecasting.doubts import doubts
from capexpand.forecasting.guidance import Guidance
from capexpand.forecasting.months import Figure, are_months, in_quarters, without_years
from capexpand.forecasting.quarters import fiscal_quarter, quarters_within
from capexpand.forecasting.series import PUBLICATION_DAYS, Observation, Series, kind_of
from capexpand.forecasting.units import EXAMPLE, SeriesUnit, parse_series_unit

SERIES_COLUMNS = ("company", "measure", "quarter_end", "value", "unit")
SERIES_OPTIONAL = ("source", "known_on")
GUIDANCE_COLUMNS = ("company", "period", "measure", "announced_date", "low", "unit")
GUIDANCE_OPTIONAL = ("high", "source")

_NO_KIND = "not forecast, as it is no amount of spending, revenue or demand"
_NOTHING = frozenset({"", "-", "–", "—", "n/a", "na", "n.a.", "nan", "none", "null", "#n/a"})
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_IN_BRACKETS = re.compile(r"\((\S+)\)")
_GROUPED = re.compile(
    r"[-+]?\d{1,3}((,\d{3}){2,}(\.\d*)?|,\d{3}\.\d*)"
)  # commas that can be no decimal point
MOST_NAMED = 20  # problems of one file
_NAMED_ALONE = 3  # figures of a series that are left out, before they are told together


@dataclass(frozen=True, slots=True)
class SeriesFile:
    """The content of a table of figures.

    Args:
        series: those that can be forecast.
        notes: rows and measures that are left out or read in a way that a reader should know.
    """

    series: tuple[Series, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Reader:
    """Collects the problems and notes of one file."""

    path: Path
    problems: list[Problem] = field(default_factory=list[Problem])
    notes: list[str] = field(default_factory=list[str])

    def wrong(self, line: int | None, message: str) -> None:
        self.problems.append(Problem(message, file=self.path, line=line))

    def note(self, line: int, message: str) -> None:
        self.notes.append(f"{self.path.name}:{line}: {message}")

    def end(self) -> None:
        if self.problems:
            more = len(self.problems) - MOST_NAMED
            rest = [Problem(f"and {more} more rows", file=self.path)] if more > 0 else []
            raise CaseError([*self.problems[:MOST_NAMED], *rest])


def read_series(path: Path) -> SeriesFile:
    """Read figures by quarter: one row for each, in any order, of any number of companies and measures.

    Columns are ``company, measure, quarter_end, value, unit`` and, where wanted, ``source`` and ``known_on``.
    A quarter counts as known 45 days after its end where no day is given. A quarter that stands there again
    is a restatement: from its own day on where days are given, else the later row replaces the earlier one.

    Args:
        path: a CSV file.

    Raises:
        CaseError: the file or rows of it do not hold; every problem with its line.
    """
    reader = _Reader(path)
    figures: dict[tuple[str, str], list[Figure]] = {}
    others: set[tuple[str, str]] = set()
    for line, cells in _rows(reader, SERIES_COLUMNS, SERIES_OPTIONAL):
        if cells["measure"] and kind_of(cells["measure"]) is None:
            name = _key(cells["company"]), _key(cells["measure"])
            if name not in others:
                reader.note(line, f"{cells['company']}, {cells['measure']}: {_NO_KIND}")
            others.add(name)
            continue
        found = _figure(reader, line, cells)
        if found is not None:
            figures.setdefault((_key(found.company), _key(found.measure)), []).append(found)
    series = [one for each in figures.values() if (one := _series(reader, each)) is not None]
    for one in series:
        reader.notes += [f"{path.name}: {one.company}, {one.measure}: {each}" for each in doubts(one)]
    reader.end()
    if not series:
        left_out = "; ".join(reader.notes[:3])
        message = "holds no figure of spending, revenue or demand" + (f" ({left_out})" if left_out else "")
        raise CaseError([Problem(message, file=path)])
    return SeriesFile(tuple(series), tuple(reader.notes))


@dataclass(frozen=True, slots=True)
class GuidanceFile:
    """The content of a table of guidance.

    Args:
        given: by company and measure of the series that is guided, the newest last.
        notes: rows that are left out.
    """

    given: dict[tuple[str, str], tuple[Guidance, ...]]
    notes: tuple[str, ...]


def read_guidance(path: Path, series: tuple[Series, ...]) -> GuidanceFile:
    """Read ranges that companies gave, for the series that they guide.

    Columns are ``company, period, measure, announced_date, low, unit`` and, where wanted, ``high`` and
    ``source``. A period is ``calendar 2026`` or ``2025-07-01 to 2026-06-30``. Where a measure has another
    name in the table of figures, guidance counts for the company's only series of the same kind.

    Args:
        path: a CSV file.
        series: those of the table of figures.

    Raises:
        CaseError: the file or rows of it do not hold.
    """
    reader = _Reader(path)
    found: dict[tuple[str, str], list[Guidance]] = {}
    for line, cells in _rows(reader, GUIDANCE_COLUMNS, GUIDANCE_OPTIONAL):
        guided = _guided(cells, series)
        if guided is None:
            continue  # one table of guidance may serve many files
        if re.match(r"(fiscal|fy)\b|fy\s*\d", cells["period"], re.IGNORECASE):
            message = (
                f"period '{cells['period']}' has no days and is left out; write 2025-07-01 to 2026-06-30"
            )
            reader.note(line, message)
            continue
        given = _guidance(reader, line, cells, guided)
        if given is not None:
            found.setdefault(guided.key, []).append(given)
    reader.end()
    ordered = {
        key: tuple(sorted(given, key=lambda each: (each.announced_on, each.amount)))
        for key, given in found.items()
    }
    return GuidanceFile(ordered, tuple(reader.notes))


def _guided(cells: Mapping[str, str], series: tuple[Series, ...]) -> Series | None:
    """The series of the company and measure, or the company's only one of that kind."""
    own = [each for each in series if _key(each.company) == _key(cells["company"])]
    named = [each for each in own if _key(each.measure) == _key(cells["measure"])]
    alike = named or [each for each in own if each.kind == kind_of(cells["measure"])]
    return alike[0] if len(alike) == 1 else None


def same_name(one: str, other: str) -> bool:
    """Tell whether two names differ in capitals, spaces and underscores only."""
    return _key(one) == _key(other)


def _key(text: str) -> str:
    return " ".join(re.split(r"[\s_]+", text.casefold().strip()))


def _rows(
    reader: _Reader, required: tuple[str, ...], optional: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row with its line, by column name; an unknown column is left alone."""
    text = read_text(reader.path)
    first = text.partition("\n")[0]
    delimiter = next((mark for mark in ";\t" if mark in first and "," not in first), ",")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [_key(cell).replace(" ", "_") for cell in next(lines, list[str]())]
        missing = [name for name in required if name not in header]
        if missing:
            due = ", ".join(required)
            reader.wrong(1, f"lacks the column {' and '.join(missing)}; its first line names {due}")
            reader.end()
        line = lines.line_num + 1
        for cells in lines:
            if any(cell.strip() for cell in cells):
                named = _named(reader, line, cells, header)
                if named is not None:
                    yield line, {name: named.get(name, "") for name in (*required, *optional)}
            line = lines.line_num + 1
    except csv.Error as error:
        reader.wrong(lines.line_num, f"is not a table of comma-separated values: {error}")
        reader.end()


def _named(reader: _Reader, line: int, cells: list[str], header: list[str]) -> dict[str, str] | None:
    if len(cells) != len(header):
        numbers = [re.fullmatch(r"\d+", cell) is not None for cell in cells]
        comma = any(one and other for one, other in pairwise(numbers))
        hint = (
            "; a number with a comma needs a point in its place" if comma else "; quote a text with a comma"
        )
        reader.wrong(line, f"has {len(cells)} cells, not {len(header)}{hint}")
        return None
    return {name: cell.strip() for name, cell in zip(header, cells, strict=True)}


def _figure(reader: _Reader, line: int, cells: Mapping[str, str]) -> Figure | None:
    before = len(reader.problems)
    for name in ("company", "measure"):
        if not cells[name]:
            reader.wrong(line, f"{name} is empty; name it")
    end = _day(reader, line, "quarter_end", cells["quarter_end"], read_quarter_end)
    if cells["value"].casefold() in _NOTHING:
        if len(reader.problems) == before:
            reader.note(line, f"{cells['company']}, {cells['measure']}: no value, so the quarter is a gap")
        return None
    value = _number(reader, line, "value", cells["value"])
    unit = _unit(reader, line, cells["unit"])
    known_on = _day(reader, line, "known_on", cells["known_on"]) if cells["known_on"] else None
    if len(reader.problems) > before or end is None or value is None or unit is None:
        return None
    if known_on is not None and known_on < end:
        reader.wrong(
            line, f"known_on {known_on} is before the quarter's end {end}; nobody reports that early"
        )
        return None
    return Figure(
        line,
        cells["company"],
        cells["measure"],
        end,
        fiscal_quarter(end),
        value,
        unit,
        known_on or end + timedelta(PUBLICATION_DAYS),
        known_on is not None,
    )


def _day(
    reader: _Reader, line: int, name: str, text: str, read: Callable[[str], date] = read_day
) -> date | None:
    try:
        return read(text)
    except ValueError as error:
        reader.wrong(line, f"{name} {error}")
        return None


def _number(reader: _Reader, line: int, name: str, text: str) -> float | None:
    cleaned = text.replace("−", "-")
    if (negative := _IN_BRACKETS.fullmatch(cleaned)) is not None:  # as accountants write it
        cleaned = f"-{negative[1]}"
    if _GROUPED.fullmatch(cleaned):
        cleaned = cleaned.replace(",", "")
    if _NUMBER.fullmatch(cleaned):
        value = float(cleaned)
        if math.isfinite(value):
            return value
    plain = re.sub(r"[,'\s\u00a0\u202f](?=\d{3}(\D|$))", "", cleaned)
    if re.fullmatch(r"[-+]?\d+,\d+", cleaned):
        advice = f"write {cleaned.replace(',', '.')} with a point"
        if plain != cleaned:
            advice = f"write {plain} without a separator, or {cleaned.replace(',', '.')} with a point"
        reader.wrong(line, f"{name} '{text}' has a comma; {advice}")
    elif plain != cleaned and _NUMBER.fullmatch(plain):
        reader.wrong(line, f"{name} '{text}' has separators; write {plain}")
    elif not text:
        reader.wrong(line, f"{name} is empty; write a number such as 1234.5")
    else:
        reader.wrong(line, f"{name} '{text}' is not a number; write it as 1234.5")
    return None


def _unit(reader: _Reader, line: int, text: str) -> SeriesUnit | None:
    unit = parse_series_unit(text)
    if unit is None:
        reader.wrong(
            line, f"unit '{text}' is not understood; write it as {EXAMPLE}" if text else "unit is empty"
        )
    return unit


def _series(reader: _Reader, figures: list[Figure]) -> Series | None:
    """The series of one company and measure, all figures in the unit of the newest."""
    newest = max(figures, key=lambda each: (each.quarter, each.line))
    name = f"{newest.company}, {newest.measure}"
    kind = kind_of(newest.measure)
    if kind is None or not newest.unit.is_amount:
        reader.note(figures[0].line, f"{name}: {_NO_KIND}")
        return None
    if kind == "spending" and all(each.value <= 0.0 for each in figures) and newest.value < 0.0:
        reader.note(
            figures[0].line, f"{name}: below zero throughout, so read as payments, without their sign"
        )
        figures = [replace(each, value=abs(each.value)) for each in figures]
    kept: list[Figure] = []
    for each in figures:
        if each.unit.thing != newest.unit.thing:
            message = (
                f"is in {each.unit.text or 'shares'}, but {name} in {newest.unit.text}; use one currency"
            )
            reader.wrong(each.line, message)
        elif each.value > 0.0:
            kept.append(each)
    _note_left_out(reader, name, [each for each in figures if each.value <= 0.0])
    kept, years = without_years(kept)
    for each in years:
        reader.note(
            each.line,
            f"{name}: {each.value:g} {each.unit.text} is the sum of the year that ends there, and left out",
        )
    if are_months(kept):
        kept, said = in_quarters(kept, newest.unit)
        reader.notes.append(f"{reader.path.name}: {name}: {said}")
    observations = _stated_last(reader, kept, newest.unit)
    if not observations:
        return None
    return Series.of(newest.company, newest.measure, kind, unit=newest.unit.text, observations=observations)


def _note_left_out(reader: _Reader, name: str, figures: list[Figure]) -> None:
    if len(figures) <= _NAMED_ALONE:
        for each in figures:
            reader.note(each.line, f"{name}: {each.value:g} is left out; an amount must be above zero")
        return
    lines = f"{', '.join(str(each.line) for each in figures[:_NAMED_ALONE])}, …"
    said = f"{len(figures)} figures are left out (lines {lines}); an amount must be above zero"
    reader.notes.append(f"{reader.path.name}: {name}: {said}")


def _stated_last(reader: _Reader, figures: list[Figure], unit: SeriesUnit) -> list[Observation]:
    found: dict[tuple[int, date | None], tuple[Figure, float]] = {}
    for each in sorted(figures, key=lambda figure: figure.line):
        value = each.value * (each.unit.scale / unit.scale)
        key = (each.quarter, each.known_on if each.dated else None)
        if key in found and not math.isclose(found[key][1], value, rel_tol=1e-9):
            other = found[key][0]
            same = "the same quarter" if each.end == other.end else f"a day of the same quarter, {other.end}"
            reader.note(each.line, f"takes the place of line {other.line}, which has {same}")
        found[key] = each, value
    return [Observation(each.quarter, value, each.known_on) for each, value in found.values()]


def _guidance(reader: _Reader, line: int, cells: Mapping[str, str], guided: Series) -> Guidance | None:
    before = len(reader.problems)
    announced = _day(reader, line, "announced_date", cells["announced_date"])
    low = _number(reader, line, "low", cells["low"])
    high = _number(reader, line, "high", cells["high"]) if cells["high"] else low
    unit = _unit(reader, line, cells["unit"])
    quarters = _period(reader, line, cells["period"])
    own = parse_series_unit(guided.unit)
    if len(reader.problems) > before or announced is None or low is None or high is None or unit is None:
        return None
    if own is None or unit.thing != own.thing:
        reader.wrong(line, f"is in {unit.text or 'shares'}, but the figures that it guides in {guided.unit}")
    elif not 0.0 < low <= high:
        reader.wrong(line, f"low {low:g} and high {high:g} are no range; low is above zero and the lesser")
    elif quarters:
        return Guidance(quarters, (low + high) / 2.0 * (unit.scale / own.scale), announced)
    return None


_PERIODS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[date, date]]], ...] = (
    (
        re.compile(r"(?:calendar|cy)?\s*(\d{4})", re.IGNORECASE),
        lambda found: (date(int(found[1]), 1, 1), date(int(found[1]), 12, 31)),
    ),
    (
        re.compile(r"(\d{4}-\d{2}-\d{2})\s*(?:to|/|until|–)\s*(\d{4}-\d{2}-\d{2})", re.IGNORECASE),
        lambda found: (date.fromisoformat(found[1]), date.fromisoformat(found[2])),
    ),
    (
        re.compile(r"(\d{4})\s*-?\s*Q([1-4])", re.IGNORECASE),
        lambda found: (
            date(int(found[1]), 3 * int(found[2]) - 2, 1),
            date(int(found[1]), 3 * int(found[2]), 28),
        ),
    ),
)


def _period(reader: _Reader, line: int, text: str) -> tuple[int, ...]:
    for pattern, ends in _PERIODS:
        found = pattern.fullmatch(text)
        if found is not None:
            try:
                start, end = ends(found)
            except ValueError:
                break
            return quarters_within(start, end)
    reader.wrong(line, f"period '{text}' is not understood; write calendar 2026 or 2025-07-01 to 2026-06-30")
    return ()
