"""Single figures of the catalogue, as a case file refers to them: value, unit, source, day it became known.

A case writes ``{catalogue: accelerators, row: H20 96GB, field: unit_price_usd}``, and where several columns
name a row ``{catalogue: sites_costs, row: {metric: pue, region: Malaysia, year: 2025}, field: value}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from capexpand.catalogue.columns import UNIT_TEXTS, Cell
from capexpand.catalogue.names import matching_accelerators, suggestion
from capexpand.catalogue.point_in_time import current, known_by
from capexpand.catalogue.reading import near, table_named
from capexpand.catalogue.rows import Accelerator, Row, Source
from capexpand.catalogue.tables import CatalogueTable
from capexpand.errors import CaseError, Problem

RowKey = str | Mapping[str, object]
"""What names a row: a text for the first key column, or key columns with their values."""

MOST_LISTED = 6


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of the catalogue.

    Args:
        table: the table that it is in.
        row: the key of its row, in words.
        field: its column.
        value: the number as the table has it [unit].
        unit: its unit as a case file writes it, such as ``mn CNY`` or ``GB/s``; ``1`` for a plain ratio.
        source: the document that the figure is from; for a price that of the price.
        known_on: the day on which it became known, None where nobody recorded it.
        known_on_estimated: whether that day is an estimate.
        verified: whether this very figure was read in the source.
    """

    table: str
    row: str
    field: str
    value: float
    unit: str
    source: Source
    known_on: date | None
    known_on_estimated: bool
    verified: bool

    @property
    def source_kind(self) -> str:
        """How near the source is to the origin of the figure."""
        return self.source.kind

    @property
    def quantity(self) -> str:
        """The value with its unit, as a case file would write it."""
        return f"{self.value!r} {self.unit}"


def fact(table: str, row: RowKey, *, field: str, as_of: date | None = None) -> Fact:
    """Look up one figure, as it was known on a day.

    Args:
        table: name of the table, such as ``accelerators``.
        row: the value of the first key column, or several key columns with their values; an accelerator may
            be named by part of its name. It must fit one row only.
        field: a column that holds numbers.
        as_of: the day to look from, or None for all that is known.

    Returns:
        The figure with its unit and source.

    Raises:
        CaseError: no such table, row or figure (near names are suggested), several rows fit (they are
            listed), or the figure became known after ``as_of`` (with the day).
    """
    described = table_named(table)
    if field not in described.figures:
        raise _error(f"{table} has no figure '{field}'{near(field, described.figures)}")
    wanted = {described.key[0]: row} if isinstance(row, str) else dict(row)
    _check_key(described, wanted)
    rows = current().rows(table)
    known = [each for each in rows if known_by(_known_on(each, field), as_of)]
    seen = _matching(known, wanted)
    if len(seen) == 1:
        return _as_fact(seen[0], field, described)
    if seen:
        listed = "; ".join(label(r, described) for r in seen[:MOST_LISTED])
        more = f"; and {len(seen) - MOST_LISTED} more" if len(seen) > MOST_LISTED else ""
        raise _error(
            f"{_words(wanted)} fits {len(seen)} rows of {table}: {listed}{more}; write more of the key"
        )
    found = _matching(rows, wanted)
    if found:
        raise _error("; ".join(_why_unknown(r, field, described, as_of) for r in found[:MOST_LISTED]))
    raise _error(f"{table} has no row {_words(wanted)}{_near_rows(known, wanted, as_of)}")


def accelerator_fact(row: Accelerator, field: str) -> Fact | None:
    """Give one figure of an accelerator with its own source, or None where the row has none.

    Args:
        row: the accelerator, whole or as it was known on a day.
        field: a column that holds numbers.

    Raises:
        CaseError: there is no such figure.
    """
    described = table_named("accelerators")
    if field not in described.figures:
        raise _error(f"accelerators has no figure '{field}'{near(field, described.figures)}")
    return None if getattr(row, field) is None else _as_fact(row, field, described)


def label(row: Row, table: CatalogueTable) -> str:
    """Write the key of a row in words."""
    if len(table.key) == 1:
        return _text(getattr(row, table.key[0]))
    return ", ".join(
        f"{name} {_text(value)}" for name in table.key if (value := getattr(row, name)) not in (None, "")
    )


def _error(message: str) -> CaseError:
    return CaseError([Problem(message)])


def _text(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _words(wanted: Mapping[str, object]) -> str:
    return ", ".join(f"{name} '{_text(value)}'" for name, value in wanted.items())


def _check_key(table: CatalogueTable, wanted: Mapping[str, object]) -> None:
    problems = [
        Problem(f"{table.name} has no key column '{name}'{near(name, table.key)}")
        for name in wanted
        if name not in table.key
    ]
    if not wanted:
        problems.append(Problem(f"a row of {table.name} is named by {', '.join(table.key)}"))
    if problems:
        raise CaseError(problems)


def _is(cell: Cell, given: object) -> bool:
    """Tell whether a cell is what a user wrote, be it 2026, '2026' or a date."""
    if isinstance(cell, float):
        try:
            return cell == float(str(given).replace(",", ""))
        except ValueError:
            return False
    return _text(cell).casefold() == _text(given).strip().casefold()


def _matching(rows: Sequence[Row], wanted: Mapping[str, object]) -> list[Row]:
    chips = [row for row in rows if isinstance(row, Accelerator)]
    if chips:
        return list(matching_accelerators(_text(wanted.get("name", "")), chips))
    return [row for row in rows if all(_is(getattr(row, name), given) for name, given in wanted.items())]


def _known_on(row: Row, field: str) -> date | None:
    if isinstance(row, Accelerator):
        return row.price_known_on if field == "unit_price_usd" else row.specification_known_on
    return row.known_on


def _why_unknown(row: Row, field: str, table: CatalogueTable, as_of: date | None) -> str:
    named = f"{field} of {label(row, table)}"
    known_on = _known_on(row, field)
    if getattr(row, field) is None:
        return f"the catalogue has no {named}"
    if known_on is None:
        return f"nobody recorded when {named} became known, so it counts as later than {as_of}"
    return f"{named} became known on {known_on}, after {as_of}"


def _near_rows(seen: Sequence[Row], wanted: Mapping[str, object], as_of: date | None) -> str:
    """Suggest values for the first key column that no row fits, from the rows that were known."""
    for name, given in wanted.items():
        if seen and isinstance(seen[0], Accelerator):
            return suggestion(_text(given), as_of)
        fitting = [row for row in seen if _is(getattr(row, name), given)]
        if not fitting:
            return near(_text(given), [_text(getattr(row, name)) for row in seen])
        seen = fitting
    return ""


def _as_fact(row: Row, field: str, table: CatalogueTable) -> Fact:
    value = getattr(row, field)
    if value is None:
        raise _error(f"the catalogue has no {field} of {label(row, table)}")
    unit = next(column.unit for column in table.columns if column.name == field)
    if unit.startswith("column:"):
        unit = UNIT_TEXTS.get(
            getattr(row, unit.removeprefix("column:")), getattr(row, unit.removeprefix("column:"))
        )
    source, verified, estimated = row.source, row.source.verified, False
    if isinstance(row, Accelerator):
        if field == "unit_price_usd" and row.price_source is not None:
            source, verified = row.price_source, row.price_source.verified
        verified = verified and field not in row.unverified_fields
    else:
        estimated = row.known_on_estimated
    return Fact(
        table=table.name,
        row=label(row, table),
        field=field,
        value=value,
        unit=unit,
        source=source,
        known_on=_known_on(row, field),
        known_on_estimated=estimated,
        verified=verified,
    )
