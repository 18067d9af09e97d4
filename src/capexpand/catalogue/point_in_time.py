"""Point-in-time catalogues: the shipped one, and the same as it was known on a day.

A catalogue *as known on* a day holds no row that became known later, no price that did, and no end of a rule
that was announced later. Code that reads from one cannot see later facts, even if it forgets to say from
which day to look. A backtest makes its forecasts from such catalogues.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date

from capexpand.catalogue.reading import load_table
from capexpand.catalogue.rows import Accelerator, ExportRule, Row
from capexpand.catalogue.tables import TABLES


@dataclass(frozen=True, slots=True, eq=False)
class PointInTimeCatalogue:
    """The catalogue of one point in time.

    Args:
        tables: rows by name of the table; a table that is not named is the shipped one.
    """

    tables: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)

    def rows(self, name: str) -> tuple[Row, ...]:
        """Return the rows of a table.

        Args:
            name: such as ``actuals``.

        Raises:
            CaseError: there is no such table.
        """
        return self.tables[name] if name in self.tables else load_table(name)

    def as_known_on(self, day: date) -> PointInTimeCatalogue:
        """Return the catalogue of a day, without the rows that became known later or nobody knows when.

        Args:
            day: the last day that counts.
        """
        kept = {table.name: self._known(table.name, day) for table in TABLES}
        announced = {row.rule_id for row in kept["export_rules"] if isinstance(row, ExportRule)}
        kept["export_rules"] = tuple(
            replace(row, ended_on=None, ended_by="")
            if isinstance(row, ExportRule) and row.ended_by not in announced
            else row
            for row in kept["export_rules"]
        )
        return PointInTimeCatalogue(kept)

    def _known(self, name: str, day: date) -> tuple[Row, ...]:
        found: list[Row] = []
        for row in self.rows(name):
            if not isinstance(row, Accelerator):
                if known_by(row.known_on, day):
                    found.append(row)
            elif known_by(row.specification_known_on, day):
                found.append(row if known_by(row.price_known_on, day) else without_price(row))
        return tuple(found)

    @property
    def digest(self) -> str:
        """A hash of every row, in the order of the tables."""
        content = hashlib.sha256()
        for table in TABLES:
            for row in self.rows(table.name):
                content.update(repr(row).encode())
        return content.hexdigest()


SHIPPED = PointInTimeCatalogue()

_CURRENT: ContextVar[PointInTimeCatalogue] = ContextVar("catalogue", default=SHIPPED)


def current() -> PointInTimeCatalogue:
    """Return the catalogue that every view reads: the shipped one outside of ``reading_from``."""
    return _CURRENT.get()


@contextmanager
def reading_from(catalogue: PointInTimeCatalogue) -> Generator[PointInTimeCatalogue]:
    """Let every view read from a catalogue in a ``with`` block; threads begun inside do not see it."""
    token = _CURRENT.set(catalogue)
    try:
        yield catalogue
    finally:
        _CURRENT.reset(token)


def known_by(known_on: date | None, as_of: date | None) -> bool:
    """Tell whether a fact was known on a day; an unknown day counts as later than any.

    Args:
        known_on: when the fact became known, None where nobody recorded it.
        as_of: the day, or None for whatever is known at all.
    """
    return as_of is None or (known_on is not None and known_on <= as_of)


def without_price(row: Accelerator) -> Accelerator:
    """Return an accelerator as it was known before its price was."""
    return replace(row, unit_price_usd=None, price_date=None, price_known_on=None, price_source=None)
