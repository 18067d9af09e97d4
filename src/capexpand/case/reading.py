"""Turns what a user wrote for a number into a figure or a series, and says all that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from capexpand.case.tables import read_column
from capexpand.case.values import Figure, Series
from capexpand.errors import CaseError, Problem
from capexpand.units import QuantityError, QuantityKind, read_quantity

Place = tuple[str | int, ...]

ORIGIN_FIELDS = ("source", "reason", "basis_date")
REFERENCE_FIELDS = ("catalogue", "row", "field", "times")
TABLE_FIELDS = ("csv", "column", "unit")
SHAPE_FIELDS = ("growth", "at", "changes", "minimum", "maximum")

RATIO = QuantityKind("a multiplier", ("1",), "1.3", bare=True)
GROWTH = QuantityKind("growth", ("1/year",), "-20 %/year", minimum=None, above=-1.0)
CHANGE = QuantityKind("a change", ("1",), "-40 %", minimum=-1.0, bare=True)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Finding:
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
class Origin:
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
        folder: CSV paths are relative to it.
        blocks: what the enclosing blocks say, outermost first; grows and shrinks while a case is read.
        tables: CSV files that were read.
    """

    as_of: date | None = None
    currency: str = "CNY"
    folder: Path = field(default_factory=Path)
    blocks: list[Origin] = field(default_factory=list)
    tables: dict[Path, bytes] = field(default_factory=dict)

    @property
    def origin(self) -> Origin:
        """What the enclosing blocks say together, the innermost first."""
        return self.blocks[-1] if self.blocks else Origin()


def parse_day(written: object) -> date:
    """Read a date.

    Args:
        written: a text such as ``2025-04-01``, or a date.

    Raises:
        QuantityError: anything else.
    """
    if isinstance(written, date):
        return written
    if isinstance(written, str) and _DAY.fullmatch(written):
        try:
            return date.fromisoformat(written)
        except ValueError as error:
            raise QuantityError(f"'{written}' is not a date: {error}") from None
    raise QuantityError(f"'{written}' is not a date; write it as 2025-04-01")


def inherited(block: Mapping[str, object], outer: Origin) -> Origin:
    """Return what a block says for its numbers, falling back on what the blocks around it say."""
    try:
        basis = parse_day(block["basis_date"]) if block.get("basis_date") is not None else outer.basis_date
    except QuantityError:
        basis = outer.basis_date  # reported where the field itself is read
    source, reason = block.get("source"), block.get("reason")
    return Origin(
        source=source if isinstance(source, str) else outer.source,
        reason=reason if isinstance(reason, str) else outer.reason,
        basis_date=basis,
    )


def is_steps(written: object) -> bool:
    """Tell whether a mapping gives values by date."""
    return isinstance(written, Mapping) and bool(written) and all(_DAY.fullmatch(str(key)) for key in written)


def is_number(written: object) -> bool:
    """Tell whether a mapping writes one number or series rather than a block of fields."""
    return isinstance(written, Mapping) and (
        is_steps(written) or not {"value", "catalogue", "csv"}.isdisjoint(written)
    )


class NumberReader:
    """Reads one number of a case and collects everything that is wrong with it.

    Args:
        kind: what the number measures.
        reading: the case around it.
    """

    def __init__(self, kind: QuantityKind, reading: Reading) -> None:
        self.kind = kind
        self.reading = reading
        self.findings: list[Finding] = []

    def note(self, message: str, within: Place) -> None:
        """Add one thing that is wrong."""
        self.findings.append(Finding(message, within))

    # -- one number ---------------------------------------------------------------------------------------

    def figure(
        self, written: object, within: Place = (), *, kind: QuantityKind | None = None
    ) -> Figure | None:
        """Read one number; None where it cannot be read, with the findings saying why."""
        kind = kind or self.kind
        if not isinstance(written, Mapping):
            return self._plain(written, within, kind, self.reading.origin)
        if is_steps(written) or "csv" in written:
            self.note("is one number; it cannot change by date", within)
            return None
        self._check_fields(written, ("value", *ORIGIN_FIELDS, *REFERENCE_FIELDS), within)
        return self._base_figure(written, within, kind)

    def _base_figure(self, written: Mapping[str, object], within: Place, kind: QuantityKind) -> Figure | None:
        origin = self._origin(written, within)
        if "catalogue" in written:
            if "value" in written:
                self.note("has both a value and a reference to the catalogue; keep one", within)
                return None
            return self._reference(written, within, kind, origin)
        if "value" not in written:
            self.note(f'needs a value, e.g. "{kind.example}"', within)
            return None
        return self._plain(written["value"], (*within, "value"), kind, origin)

    def _plain(self, written: object, within: Place, kind: QuantityKind, origin: Origin) -> Figure | None:
        if isinstance(written, bool) or not isinstance(written, str | int | float):
            self.note(f'is not a number; write it as in "{kind.example}"', within)
            return None
        try:
            quantity = read_quantity(written, kind, currency=self.reading.currency)
        except QuantityError as error:
            self.note(str(error), within)
            return None
        return Figure(
            value=quantity.value,
            unit=quantity.unit,
            written=str(written),
            currency=quantity.currency,
            source=origin.source,
            reason=origin.reason,
            basis_date=origin.basis_date,
            hindsight=self._is_hindsight(origin.basis_date),
        )

    def _reference(
        self, written: Mapping[str, object], within: Place, kind: QuantityKind, origin: Origin
    ) -> Figure | None:
        """Take a fact out of the catalogue, times a multiplier if one is given."""
        from capexpand.case.facts import look_up  # noqa: PLC0415 - most cases check without the catalogue

        names = [written.get(name) for name in ("catalogue", "row", "field")]
        if not all(isinstance(name, str) and name for name in names):
            self.note("a reference needs catalogue, row and field, each a text", within)
            return None
        times = self.figure(written["times"], (*within, "times"), kind=RATIO) if "times" in written else None
        if "times" in written and times is None:
            return None
        table, row, column = (str(name) for name in names)
        try:
            fact = look_up(table, row, column, as_of=self.reading.as_of)
            quantity = read_quantity(fact.text, kind, currency=self.reading.currency)
        except CaseError as error:
            self.findings += [Finding(problem.message, within) for problem in error.problems]
            return None
        except QuantityError as error:
            self.note(f"{table}, {row}, {column}: {error}", within)
            return None
        multiplier = times.value if times else 1.0
        return Figure(
            value=quantity.value * multiplier,
            unit=quantity.unit,
            written=f"{fact.text} ({table}: {row})" + (f" × {times.written}" if times else ""),
            currency=quantity.currency,
            source=fact.source,
            reason=origin.reason,
            basis_date=origin.basis_date,
            known_on=fact.known_on,
            verified=fact.verified,
            hindsight=self._is_hindsight(origin.basis_date),
        )

    def _origin(self, written: Mapping[str, object], within: Place) -> Origin:
        for name in ("source", "reason"):
            if not isinstance(written.get(name), str | None):
                self.note("is a text", (*within, name))
        if written.get("basis_date") is not None:
            self._day(written["basis_date"], (*within, "basis_date"))
        return inherited(written, self.reading.origin)

    def _is_hindsight(self, basis: date | None) -> bool:
        return basis is not None and self.reading.as_of is not None and basis > self.reading.as_of

    def _day(self, written: object, within: Place) -> date | None:
        try:
            return parse_day(written)
        except QuantityError as error:
            self.note(str(error), within)
            return None

    def _check_fields(self, written: Mapping[str, object], allowed: Sequence[str], within: Place) -> None:
        for name in written:
            if name not in allowed:
                self.note(f"unknown field{suggest(name, allowed)}", (*within, name))

    # -- a series -----------------------------------------------------------------------------------------

    def series(self, written: object) -> Series | None:
        """Read a quantity over time; None where it cannot be read, with the findings saying why."""
        if not isinstance(written, Mapping) or is_steps(written):
            return self._with_steps(written, ())
        allowed = ("value", *ORIGIN_FIELDS, *REFERENCE_FIELDS, *TABLE_FIELDS, *SHAPE_FIELDS)
        self._check_fields(written, allowed, ())
        self.reading.blocks.append(self._origin(written, ()))
        try:
            bases = [name for name in ("value", "catalogue", "csv") if name in written]
            if len(bases) > 1:
                self.note(f"has both {bases[0]} and {bases[1]}; keep one", ())
                return None
            if bases == ["value"]:
                series = self._with_steps(written["value"], ("value",))
            elif bases == ["csv"]:
                series = self._with_table(written, ())
            else:
                series = self._constant(self._base_figure(written, (), self.kind), ())
            return self._shaped(series, written)
        finally:
            self.reading.blocks.pop()

    def _constant(self, figure: Figure | None, within: Place) -> Series | None:
        if figure is None:
            return None
        return Series(
            unit=figure.unit,
            currency=figure.currency,
            written=figure.written,
            steps=((None, figure.value),),
            limit=self.kind.limit,
            figures=((dotted(within), figure),),
        )

    def _with_steps(self, written: object, within: Place) -> Series | None:
        """The base of a series: one number, values by date, or a table."""
        if isinstance(written, Mapping) and "csv" in written:
            self._check_fields(written, (*TABLE_FIELDS, *ORIGIN_FIELDS), within)
            return self._with_table(written, within)
        if not isinstance(written, Mapping) or not is_steps(written):
            return self._constant(self.figure(written, within), within)
        found: list[tuple[date, Figure, Place]] = []
        for key, value in written.items():
            day = self._day(str(key), (*within, key))
            figure = self.figure(value, (*within, key))
            if day is not None and figure is not None:
                found.append((day, figure, (*within, key)))
        if len(found) < len(written):
            return None
        found.sort(key=lambda step: step[0])
        first = found[0][1]
        for _, figure, place in found[1:]:
            if figure.unit != first.unit:
                self.note(f"is in {figure.unit}, but the first step is in {first.unit}; use one", place)
                return None
        return Series(
            unit=first.unit,
            currency=first.currency,
            written=", ".join(f"{day}: {figure.written}" for day, figure, _ in found),
            steps=tuple((day, figure.value) for day, figure, _ in found),
            limit=self.kind.limit,
            figures=tuple((dotted(place), figure) for _, figure, place in found),
        )

    def _with_table(self, written: Mapping[str, object], within: Place) -> Series | None:
        names = {name: written.get(name) for name in TABLE_FIELDS}
        for name, value in names.items():
            if not isinstance(value, str) or not value:
                self.note("a table needs csv, column and unit, each a text", (*within, name))
                return None
        origin = self._origin(written, within)
        try:
            table = read_column(
                self.reading.folder / str(names["csv"]), str(names["column"]), tables=self.reading.tables
            )
        except CaseError as error:
            self.findings += [Finding(problem.message, within, problem) for problem in error.problems]
            return None
        figures: list[Figure] = []
        for row in table.rows:
            try:
                quantity = read_quantity(
                    f"{row.number!r} {names['unit']}", self.kind, currency=self.reading.currency
                )
            except QuantityError as error:
                problem = Problem(str(error), file=table.path, line=row.line, column=table.column)
                self.findings.append(Finding(str(error), within, problem))
                return None
            figures.append(
                Figure(quantity.value, quantity.unit, f"{row.number:g} {names['unit']}", quantity.currency)
            )
        first = replace(
            figures[0],
            written=f"{table.path.name}, {names['column']} ({len(figures)} rows from {figures[0].written})",
            source=origin.source,
            reason=origin.reason,
            basis_date=origin.basis_date,
            hindsight=self._is_hindsight(origin.basis_date),
        )
        return Series(
            unit=first.unit,
            currency=first.currency,
            written=first.written,
            steps=tuple((row.day, figure.value) for row, figure in zip(table.rows, figures, strict=True)),
            limit=self.kind.limit,
            figures=((dotted(within), first),),
        )

    def _shaped(self, series: Series | None, written: Mapping[str, object]) -> Series | None:
        """Add growth, changes and bounds to a base."""
        extra: list[tuple[str, Figure]] = []
        growth = self._growth(written["growth"], extra) if "growth" in written else ()
        at = self._day(written["at"], ("at",)) if "at" in written else None
        changes = (
            self._by_date(written["changes"], ("changes",), CHANGE, extra) if "changes" in written else ()
        )
        if at is not None:
            for day, _ in changes:
                if day <= at:
                    self.note(
                        f"is not after {at}, the day for which the value is given", ("changes", str(day))
                    )
        bounds = [self._bound(written, name, series, extra) for name in ("minimum", "maximum")]
        low, high = bounds
        if low is not None and high is not None and low > high:
            self.note("is above maximum", ("minimum",))
        if series is None or self.findings:
            return None
        return replace(
            series,
            written=series.written
            + "".join(f", {name} {_short(written[name])}" for name in SHAPE_FIELDS if name in written),
            growth=growth,
            at=at,
            changes=changes,
            minimum=low,
            maximum=high,
            figures=(*series.figures, *extra),
        )

    def _growth(
        self, written: object, extra: list[tuple[str, Figure]]
    ) -> tuple[tuple[date | None, float], ...]:
        if is_steps(written):
            return self._by_date(written, ("growth",), GROWTH, extra)
        figure = self.figure(written, ("growth",), kind=GROWTH)
        if figure is None:
            return ()
        extra.append(("growth", figure))
        return ((None, figure.value),)

    def _by_date(
        self, written: object, within: Place, kind: QuantityKind, extra: list[tuple[str, Figure]]
    ) -> tuple[tuple[date, float], ...]:
        if not isinstance(written, Mapping) or not written:
            self.note(f"gives values by date, e.g. {{2025-10-01: {kind.example}}}", within)
            return ()
        found: list[tuple[date, float]] = []
        for key, value in written.items():
            day = self._day(str(key), (*within, key))
            figure = self.figure(value, (*within, key), kind=kind)
            if day is not None and figure is not None:
                found.append((day, figure.value))
                extra.append((dotted((*within, key)), figure))
        return tuple(sorted(found))

    def _bound(
        self, written: Mapping[str, object], name: str, series: Series | None, extra: list[tuple[str, Figure]]
    ) -> float | None:
        if name not in written:
            return None
        figure = self.figure(written[name], (name,))
        if figure is None:
            return None
        extra.append((name, figure))
        if series is not None and figure.unit != series.unit:
            self.note(f"is in {figure.unit}, but the value is in {series.unit}; use one", (name,))
        return figure.value


def _short(written: object) -> str:
    if isinstance(written, Mapping):
        return "; ".join(f"{key}: {_short(value)}" for key, value in written.items())
    return str(written)


def dotted(place: Place) -> str:
    """Join a place into a dotted path."""
    return ".".join(str(part) for part in place)


def suggest(name: str, known: Sequence[str]) -> str:
    """Return ``; did you mean X?`` for the known name that is closest, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only mistakes need it

    close = get_close_matches(name, list(known), n=1, cutoff=0.55)
    return f"; did you mean {close[0]}?" if close else ""
