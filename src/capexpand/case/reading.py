"""The context in which numbers of a case are read: dates, findings, suggestions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from capexpand.errors import Problem
from capexpand.units import QuantityError

Place = tuple[str | int, ...]

ORIGIN_FIELDS = ("source", "reason", "basis_date")
REFERENCE_FIELDS = ("catalogue", "row", "field", "times")
TABLE_FIELDS = ("csv", "column", "unit")
FILE_FIELDS = ("csv", "from_replay", "from_series", "calibration")
"""Fields whose text is the path of a file beside the case."""

SHAPE_FIELDS = ("growth", "at", "changes", "minimum", "maximum")

_DATED = re.compile(r"\d{4}\b.*")
FIRST_YEAR, LAST_YEAR = 1990, 2200  # beyond them a date is a slip, and the calendar would run out of years

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class NumberProblem:
    """One thing that is wrong inside a number, before its place in the case is known.

    Args:
        message: what is wrong and what would be right.
        within: place inside the number, from its own top.
        problem: the full problem, where it lies in another file.
    """

    message: str
    within: Place = ()
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class BlockOrigin:
    """What a block says for all numbers inside that say nothing themselves."""

    source: str | None = None
    reason: str | None = None
    basis_date: date | None = None


@dataclass(slots=True)
class Reading:
    """What reading a number needs to know about the case around it.

    Args:
        as_of: facts known later are invisible; None where the case does not say.
        currency: the case's currency, for messages.
        blocks: what the enclosing blocks say, outermost first; grows and shrinks while a case is read.
        tables: CSV files that were read.
    """

    as_of: date | None = None
    currency: str = "CNY"
    blocks: list[BlockOrigin] = field(default_factory=list)
    tables: dict[Path, bytes] = field(default_factory=dict)

    @property
    def origin(self) -> BlockOrigin:
        """What the enclosing blocks say together, the innermost first."""
        return self.blocks[-1] if self.blocks else BlockOrigin()


def parse_day(written: object) -> date:
    """Read a date.

    Args:
        written: a text such as ``2025-04-01``, or a date.

    Raises:
        QuantityError: anything else, or a date in another age.
    """
    if isinstance(written, date):
        day = written
    elif isinstance(written, str) and _DAY.fullmatch(written):
        try:
            day = date.fromisoformat(written)
        except ValueError as error:
            raise QuantityError(f"'{written}' is not a date: {error}") from None
    else:
        raise QuantityError(f"'{written}' is not a date; write it as 2025-04-01")
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise QuantityError(
            f"'{written}' is too far away; dates lie in the years {FIRST_YEAR} to {LAST_YEAR}"
        )
    return day


def inherited(block: Mapping[str, object], outer: BlockOrigin) -> BlockOrigin:
    """Return what a block says for its numbers, falling back on what the blocks around it say."""
    try:
        basis = parse_day(block["basis_date"]) if block.get("basis_date") is not None else outer.basis_date
    except QuantityError:
        basis = outer.basis_date  # reported where the field itself is read
    source, reason = block.get("source"), block.get("reason")
    return BlockOrigin(
        source=source if isinstance(source, str) else outer.source,
        reason=reason if isinstance(reason, str) else outer.reason,
        basis_date=basis,
    )


def dates_of(written: Mapping[str, object]) -> list[str]:
    """Return the keys of a mapping that are meant as dates, right or wrong."""
    return [key for key in written if _DATED.fullmatch(key)]


def is_number(written: object) -> bool:
    """Tell whether a mapping writes one number or series rather than a block of fields."""
    return isinstance(written, Mapping) and (
        bool(dates_of(written))
        or not {"value", "catalogue", "csv", "from_replay", "from_series"}.isdisjoint(written)
    )


def dotted(place: Place) -> str:
    """Join a place into a dotted path."""
    return ".".join(str(part) for part in place)


def nearest(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that is closest to a name, or None where none is close."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, list(known), n=1, cutoff=0.55)), None)


def suggest(name: str, known: Sequence[str]) -> str:
    """Return ``; did you mean X?`` for the known name that is closest, or nothing."""
    close = nearest(name, known)
    return f"; did you mean {close}?" if close else ""
