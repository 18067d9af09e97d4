"""Reads one number of a case: a text with a unit, a mapping with its source, or a fact of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from capexpand.case.reading import (
    ORIGIN_FIELDS,
    REFERENCE_FIELDS,
    BlockOrigin,
    NumberProblem,
    Place,
    Reading,
    dates_of,
    inherited,
    parse_day,
    suggest,
)
from capexpand.case.values import Figure
from capexpand.errors import CaseError
from capexpand.units import Quantity, QuantityError, QuantityKind, read_quantity

RATIO = QuantityKind("a multiplier", ("1",), "1.3", bare=True)

Written = Mapping[str, object]


class FigureReader:
    """Reads numbers and collects everything that is wrong with them.

    Args:
        reading: the case around the numbers.
    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.findings: list[NumberProblem] = []

    def note(self, message: str, within: Place) -> None:
        """Add one thing that is wrong at a place inside the number."""
        self.findings.append(NumberProblem(message, within))

    def figure(self, written: object, kind: QuantityKind, *, within: Place = ()) -> Figure | None:
        """Read one number.

        Args:
            written: a text or number; a mapping with a value; a mapping that refers to the catalogue.
            within: where it stands inside the whole.

        Returns:
            The figure, or None where it cannot be read; the findings then say why.
        """
        if not isinstance(written, Mapping):
            return self._stated(written, kind, self.reading.origin, within)
        if dates_of(written) or "csv" in written:
            self.note("is one number; it cannot change by date", within)
            return None
        self.check_fields(written, ("value", *ORIGIN_FIELDS, *REFERENCE_FIELDS), within)
        if "value" in written and "catalogue" in written:
            self.note("has both a value and a reference to the catalogue; keep one", within)
            return None
        if "catalogue" in written:
            return self.reference(written, kind, within=within)
        if "value" not in written:
            self.note(f'needs a value, e.g. "{kind.example}"', within)
            return None
        return self._stated(written["value"], kind, self.origin(written, within), (*within, "value"))

    def reference(self, written: Written, kind: QuantityKind, *, within: Place) -> Figure | None:
        """Take a fact out of the catalogue, times a multiplier if one is given; None where that fails."""
        from capexpand.catalogue import fact

        origin = self.origin(written, within)
        table, row, column = (written.get(name) for name in ("catalogue", "row", "field"))
        named = isinstance(table, str) and isinstance(column, str) and isinstance(row, (str, Mapping))
        times = (
            self.figure(written["times"], RATIO, within=(*within, "times")) if "times" in written else None
        )
        if not named:
            self.note(
                "a reference needs catalogue, row and field, as in "
                "{catalogue: accelerators, row: H20 96GB, field: unit_price_usd}",
                within,
            )
        if not named or ("times" in written and times is None):
            return None
        try:
            found = fact(table, row, field=column, as_of=self.reading.as_of)
        except CaseError as error:
            self.findings += [NumberProblem(problem.message, within) for problem in error.problems]
            return None
        quantity = self.quantity(found.quantity, kind, within, f"{table}, {found.row}, {column}: ")
        if quantity is None:
            return None
        return Figure(
            value=quantity.value * (times.value if times else 1.0),
            unit=quantity.unit,
            written=f"{found.value:g} {found.unit} ({found.row})" + (f" × {times.written}" if times else ""),
            currency=quantity.currency,
            source=found.source.reference,
            reason=origin.reason,
            basis_date=origin.basis_date,
            known_on=found.known_on,
            verified=found.verified,
            hindsight=self.is_hindsight(origin.basis_date),
            source_kind=found.source_kind,
            computed=times is not None,
        )

    def _stated(
        self, written: object, kind: QuantityKind, origin: BlockOrigin, within: Place
    ) -> Figure | None:
        if isinstance(written, bool) or not isinstance(written, str | int | float):
            self.note(f'is not a number; write it as in "{kind.example}"', within)
            return None
        quantity = self.quantity(written, kind, within)
        if quantity is None:
            return None
        return Figure(
            value=quantity.value,
            unit=quantity.unit,
            written=str(written),
            currency=quantity.currency,
            source=origin.source,
            reason=origin.reason,
            basis_date=origin.basis_date,
            hindsight=self.is_hindsight(origin.basis_date),
        )

    def quantity(
        self, written: str | float, kind: QuantityKind, within: Place, context: str = ""
    ) -> Quantity | None:
        """Read a text as a quantity; None where it is none of this kind."""
        try:
            return read_quantity(written, kind, currency=self.reading.currency)
        except QuantityError as error:
            self.note(f"{context}{error}", within)
            return None

    def day(self, written: object, within: Place) -> date | None:
        """Read a date; None where it is none."""
        try:
            return parse_day(written)
        except QuantityError as error:
            self.note(str(error), within)
            return None

    def origin(self, written: Written, within: Place) -> BlockOrigin:
        """Read what a mapping says about where its number comes from."""
        for name in ("source", "reason"):
            if not isinstance(written.get(name), str | None):
                self.note("is a text", (*within, name))
        if written.get("basis_date") is not None:
            self.day(written["basis_date"], (*within, "basis_date"))
        return inherited(written, self.reading.origin)

    def is_hindsight(self, basis: date | None) -> bool:
        """Tell whether evidence of a day is later than what the case may know."""
        return basis is not None and self.reading.as_of is not None and basis > self.reading.as_of

    def check_fields(self, written: Written, allowed: Sequence[str], within: Place) -> None:
        """Note every field that a mapping cannot have."""
        for name in written:
            if name not in allowed:
                self.note(f"unknown field{suggest(name, allowed)}", (*within, name))
