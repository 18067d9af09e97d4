"""Reads a quantity over time: a constant, values by date, a table; with growth, changes and bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from capexpand.case.figure_reading import FigureReader, Written
from capexpand.case.reading import (
    ORIGIN_FIELDS,
    REFERENCE_FIELDS,
    SHAPE_FIELDS,
    TABLE_FIELDS,
    NumberProblem,
    Place,
    Reading,
    dates_of,
    dotted,
)
from capexpand.case.tables import TableColumn, read_column
from capexpand.case.values import Figure, Series
from capexpand.errors import CaseError, Problem
from capexpand.units import Quantity, QuantityKind

GROWTH = QuantityKind("growth", ("1/year",), "-20 %/year", minimum=None, above=-1.0)
CHANGE = QuantityKind("a change", ("1",), "-40 %", minimum=-1.0, bare=True)

_BASE_FIELDS = (*ORIGIN_FIELDS, *REFERENCE_FIELDS, *TABLE_FIELDS)
_FIELDS = ("value", *_BASE_FIELDS, *SHAPE_FIELDS)


class SeriesReader(FigureReader):
    """Reads a quantity over time and collects everything that is wrong with it.

    Args:
        kind: what the quantity measures.
        reading: the case around it.
    """

    def __init__(self, kind: QuantityKind, reading: Reading) -> None:
        super().__init__(reading)
        self.kind = kind
        self.parts: list[tuple[str, Figure]] = []

    def series(self, written: object) -> Series | None:
        """Read a series.

        Args:
            written: a text or number, or a mapping: values by date, ``value``, ``catalogue`` or ``csv``, each
                with ``growth``, ``at``, ``changes``, ``minimum``, ``maximum`` where wanted.

        Returns:
            The series, or None where it cannot be read; the findings then say why.
        """
        if not isinstance(written, Mapping):
            return self._constant(self.figure(written, self.kind))
        self.check_fields(written, (*_FIELDS, *dates_of(written)), ())
        self.reading.blocks.append(self.origin(written, ()))
        try:
            base = self._base(written, ())
            return self._shaped(base, written)
        finally:
            self.reading.blocks.pop()

    def _base(self, written: Written, within: Place) -> Series | None:
        """What a series is before growth, changes and bounds."""
        dates = dates_of(written)
        ways = [name for name in ("value", "catalogue", "csv") if name in written]
        if len(ways) + bool(dates) > 1:
            both = [*ways, *(["values by date"] if dates else [])]
            self.note(f"has both {both[0]} and {both[1]}; keep one", within)
            return None
        if dates:
            return self._steps(written, dates, within)
        if ways == ["csv"]:
            return self._table(written, within)
        inner = written.get("value")
        if ways == ["value"] and isinstance(inner, Mapping) and not within:
            self.check_fields(inner, (*_BASE_FIELDS, *dates_of(inner)), ("value",))
            return self._base(inner, ("value",))
        if ways == ["value"]:
            return self._constant(self.figure(inner, self.kind, within=(*within, "value")))
        fields = {name: value for name, value in written.items() if name not in SHAPE_FIELDS}
        return self._constant(self.figure(fields, self.kind, within=within))

    def _constant(self, figure: Figure | None) -> Series | None:
        if figure is None:
            return None
        return Series(
            unit=figure.unit,
            currency=figure.currency,
            written=figure.written,
            steps=((None, figure.value),),
            limit=self.kind.limit,
            figures=(("", figure),),
        )

    def _steps(self, written: Written, dates: list[str], within: Place) -> Series | None:
        found: list[tuple[date, Figure]] = []
        for key in dates:
            day = self.day(key, (*within, key))
            figure = self.figure(written[key], self.kind, within=(*within, key))
            if day is not None and figure is not None:
                found.append((day, figure))
        if len(found) < len(dates):
            return None
        found.sort(key=lambda step: step[0])
        first = found[0][1]
        for day, figure in found:
            if figure.unit != first.unit:
                self.note(
                    f"is in {figure.unit}, but the first is in {first.unit}; use one", (*within, str(day))
                )
                return None
        return Series(
            unit=first.unit,
            currency=first.currency,
            written=", ".join(f"{day}: {figure.written}" for day, figure in found),
            steps=tuple((day, figure.value) for day, figure in found),
            limit=self.kind.limit,
            figures=tuple((str(day), figure) for day, figure in found),
        )

    def _table(self, written: Written, within: Place) -> Series | None:
        path, column, unit = (written.get(name) for name in TABLE_FIELDS)
        if not (isinstance(path, str) and isinstance(column, str) and isinstance(unit, str)):
            self.note(
                "a table needs csv, column and unit, as in {csv: grid.csv, column: north, unit: MW}", within
            )
            return None
        try:
            table = read_column(Path(path), column, tables=self.reading.tables)
        except CaseError as error:
            self.findings += [NumberProblem(problem.message, within, problem) for problem in error.problems]
            return None
        return self._tabulated(table, unit, written, within)

    def _tabulated(self, table: TableColumn, unit: str, written: Written, within: Place) -> Series | None:
        quantities: list[Quantity] = []
        for row in table.rows:
            before = len(self.findings)
            quantity = self.quantity(f"{row.number!r} {unit}", self.kind, within)
            if quantity is None:
                message = self.findings[before].message
                problem = Problem(message, file=table.path, line=row.line, column=row.column)
                self.findings[before] = NumberProblem(message, within, problem)
                return None
            quantities.append(quantity)
        first, origin = quantities[0], self.origin(written, within)
        figure = Figure(
            value=first.value,
            unit=first.unit,
            written=f"{table.path.name}: {table.name}, {len(quantities)} rows in {unit}",
            currency=first.currency,
            source=origin.source,
            reason=origin.reason,
            basis_date=origin.basis_date,
            hindsight=self.is_hindsight(origin.basis_date),
        )
        return Series(
            unit=first.unit,
            currency=first.currency,
            written=figure.written,
            steps=tuple((row.day, each.value) for row, each in zip(table.rows, quantities, strict=True)),
            limit=self.kind.limit,
            figures=(("", figure),),
        )

    def _shaped(self, series: Series | None, written: Written) -> Series | None:
        """Add growth, changes and bounds to a base."""
        growth = self._growth(written["growth"]) if "growth" in written else ()
        at = self.day(written["at"], ("at",)) if "at" in written else None
        changes = self._by_date(written["changes"], ("changes",), CHANGE) if "changes" in written else ()
        for day, _ in changes:
            if at is not None and day <= at:
                self.note(f"is not after {at}, the day for which the value is given", ("changes", str(day)))
        low, high = (self._bound(written, name, series) for name in ("minimum", "maximum"))
        if low is not None and high is not None and low > high:
            self.note("is above maximum", ("minimum",))
        if series is None or self.findings:
            return None
        shape = "".join(f", {name} {_short(written[name])}" for name in SHAPE_FIELDS if name in written)
        return replace(
            series,
            written=series.written + shape,
            growth=growth,
            at=at,
            changes=changes,
            minimum=low,
            maximum=high,
            figures=(*series.figures, *self.parts),
        )

    def _growth(self, written: object) -> tuple[tuple[date | None, float], ...]:
        if isinstance(written, Mapping) and dates_of(written):
            growth: tuple[tuple[date | None, float], ...] = self._by_date(written, ("growth",), GROWTH)
        else:
            figure = self.figure(written, GROWTH, within=("growth",))
            growth = () if figure is None else ((None, figure.value),)
            self.parts += [] if figure is None else [("growth", figure)]
        for place, figure in self.parts:
            if "year" not in figure.written:  # 1 %/month is not 12 %/year, for growth compounds
                self.note(f"'{figure.written}' compounds; write growth per year", tuple(place.split(".")))
        return growth

    def _by_date(self, written: object, within: Place, kind: QuantityKind) -> tuple[tuple[date, float], ...]:
        if not isinstance(written, Mapping) or not written:
            self.note(f"gives values by date, as in {{2025-10-01: {kind.example}}}", within)
            return ()
        found: list[tuple[date, float]] = []
        for key, value in written.items():
            day = self.day(str(key), (*within, key))
            figure = self.figure(value, kind, within=(*within, key))
            if day is not None and figure is not None:
                found.append((day, figure.value))
                self.parts.append((dotted((*within, key)), figure))
        return tuple(sorted(found))

    def _bound(self, written: Written, name: str, series: Series | None) -> float | None:
        figure = self.figure(written[name], self.kind, within=(name,)) if name in written else None
        if figure is None:
            return None
        self.parts.append((name, figure))
        if series is not None and figure.unit != series.unit:
            self.note(f"is in {figure.unit}, but the value is in {series.unit}; use one", (name,))
        return figure.value


def _short(written: object) -> str:
    if isinstance(written, Mapping):
        return "; ".join(f"{key}: {_short(value)}" for key, value in written.items())
    return str(written)
