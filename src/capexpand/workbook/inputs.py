"""The inputs of a financial model: the case's own numbers, each with its place, unit, source and date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from capexpand.case.schema import Case
from capexpand.case.values import Figure, Series
from capexpand.finance.rows import Label, Rows, nothing
from capexpand.timevalue import QuarterCalendar

INPUTS = "inputs"
THOUSAND = 1000.0


@dataclass(frozen=True, slots=True)
class InputCell:
    """One input, a number or a row by quarter.

    Args:
        place: its dotted place in the case, empty where the case has none for it.
        title: for a reader.
        unit: of the number shown.
        written: the unit behind a number when it goes back into the case, such as ``mn CNY/MW``.
        source: where it was read.
        reason: why it is assumed.
        dated: the date of its evidence, as text.
    """

    place: str
    title: str
    unit: str
    written: str = ""
    source: str = ""
    reason: str = ""
    dated: str = ""

    @property
    def comment(self) -> str:
        """Unit, source and date, as a reader of the cell needs them."""
        parts = [f"Unit: {self.unit}"]
        parts += [
            f"{name}: {text}" for name, text in (("Source", self.source), ("Reason", self.reason)) if text
        ]
        if self.dated:
            parts.append(f"Date: {self.dated}")
        if self.place:
            parts.append(f"In the case: {self.place}")
        return "\n".join(parts)


@dataclass(slots=True)
class Inputs:
    """Makes the input rows of a case and remembers what each is.

    Args:
        case: whose numbers they are.
        cells: by identity of the rows and place on their axis, what each input is.
        kept: keeps the rows alive, so that identities stay unique.
    """

    case: Case
    cells: dict[tuple[int, tuple[int, ...]], InputCell] = field(default_factory=dict)
    kept: list[Rows] = field(default_factory=list)

    @property
    def calendar(self) -> QuarterCalendar:
        """The quarters."""
        return QuarterCalendar(self.case.calendar.start, self.case.calendar.quarters)

    def number(
        self,
        place: str,
        title: str,
        unit: str,
        *,
        value: float,
        figure: Figure | None = None,
        written: str = "",
    ) -> Rows:
        """Return one number as an input.

        Args:
            place: in the case, empty for a constant.
            title: for a reader.
            unit: for a reader.
            value: the number.
            figure: that says where it comes from, if any.
            written: unit in a case file.
        """
        rows = Rows(np.asarray(float(value)), (), False, label=Label(place or title, title, unit, INPUTS))
        self._remember(rows, (), InputCell(place, title, unit, written, *_origin(figure)))
        return rows

    def quarterly(
        self,
        place: str,
        title: str,
        unit: str,
        *,
        values: Sequence[float],
        written: str = "",
        stated: object = None,
    ) -> Rows:
        """Return a number for each quarter as an input."""
        rows = Rows(
            np.array(values, dtype=np.float64), (), True, label=Label(place or title, title, unit, INPUTS)
        )
        self._remember(rows, (), InputCell(place, title, unit, written, *_origin(stated)))
        return rows

    def table(self, axis: str, key: str, lines: Sequence[Line | None], *, quarterly: bool = True) -> Rows:
        """Return inputs along an axis.

        Args:
            axis: its name.
            key: of the table.
            lines: one for each place on the axis; None where there is none.
            quarterly: whether each is a row by quarter.
        """
        quarters = self.calendar.quarters
        values = np.zeros((len(lines), quarters) if quarterly else (len(lines),))
        there = np.array([line is not None for line in lines], dtype=np.bool_)
        rows = Rows(values, (axis,), quarterly, detail=there, label=Label(key, key, "", INPUTS))
        for i, line in enumerate(lines):
            if line is not None:
                values[i] = line.values
                self._remember(rows, (i,), line.cell)
        return rows

    def _remember(self, rows: Rows, index: tuple[int, ...], cell: InputCell) -> None:
        self.cells[id(rows), index] = cell
        self.kept.append(rows)

    def series_line(
        self, place: str, title: str, series: Series | None, *, otherwise: float | None = None,
        unit: str = "",
        factor: float = 1.0, written: str = "",
    ) -> Line | None:  # fmt: skip
        """Return a series of the case as a line by quarter, in its own currency.

        Args:
            place: in the case.
            title: for a reader.
            series: as declared, or None.
            otherwise: the value where it is not declared; no line at all if None.
            unit: for a reader.
            factor: of what is shown to the canonical value.
            written: unit in a case file.
        """
        if series is None and otherwise is None:
            return None
        quarters = self.calendar
        values = np.full(quarters.quarters, otherwise) if series is None else series.values(quarters) * factor
        cell = InputCell(place, title, unit, written or unit, *_origin(series))
        return Line(values, cell)

    def figure_line(
        self, place: str, title: str, figure: Figure | None, *, otherwise: float | None = None,
        unit: str = "",
        written: str = "",
    ) -> Line | None:  # fmt: skip
        """Return a figure of the case as a line of one number."""
        if figure is None and otherwise is None:
            return None
        value = np.asarray(otherwise if figure is None else figure.value)
        return Line(value, InputCell(place, title, unit, written or unit, *_origin(figure)))

    def given_line(self, title: str, values: object, unit: str, reason: str = "") -> Line:
        """Return a line that the case has no single place for."""
        return Line(np.asarray(values, dtype=np.float64), InputCell("", title, unit, "", "", reason, ""))


@dataclass(frozen=True, slots=True)
class Line:
    """The values of an input and what it is."""

    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    cell: InputCell


def absent(axes: Mapping[str, int], quarters: int | None = None) -> Rows:
    """Return rows of given axes that are not there."""
    shape = (*axes.values(), *(() if quarters is None else (quarters,)))
    return nothing(tuple(axes), shape, timed=quarters is not None)


def _origin(stated: object) -> tuple[str, str, str]:
    """Source, reason and date of a figure or series; of a series those of its first number."""
    if isinstance(stated, Series):
        figures = [figure for _, figure in stated.figures]
        sources = list(dict.fromkeys(figure.source for figure in figures if figure.source))
        reasons = list(dict.fromkeys(figure.reason for figure in figures if figure.reason))
        days = [day for figure in figures for day in (figure.basis_date, figure.known_on) if day]
        return "; ".join(sources), "; ".join(reasons), _day(max(days, default=None))
    if isinstance(stated, Figure):
        return stated.source or "", stated.reason or "", _day(stated.basis_date or stated.known_on)
    return "", "", ""


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
