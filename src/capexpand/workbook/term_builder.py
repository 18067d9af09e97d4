"""What every part of the terms needs: the case, its inputs, levers and exchange rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capexpand.case.currencies import settled_rates
from capexpand.case.schema import Case
from capexpand.case.values import Figure, Series
from capexpand.finance.rows import Label, Rows, whole_quarters
from capexpand.model.data import ModelData
from capexpand.workbook.inputs import InputCell, Inputs, Line

PRICES = "prices"

Figures = Sequence[tuple[str, str, Figure | None]]
"""Of each place on an axis: its place in the case, a title, and what the case states there."""
SeriesByPlace = Sequence[tuple[str, str, Series | None]]


@dataclass(frozen=True, slots=True)
class Clock:
    """The timeline as rows."""

    number: Rows  # [quarter] 1, 2, ...
    count: Rows
    discount: Rows  # [quarter]
    discount_end: Rows
    quarters_per_year: Rows
    rate: Rows  # of discounting, a year
    half: Rows  # of a quarter


@dataclass(frozen=True, slots=True)
class TermBuilder:
    """Builds terms from the inputs of a case.

    Args:
        case: as loaded.
        m: the same, compiled.
        inputs: makes the inputs and remembers what each is.
    """

    case: Case
    m: ModelData
    inputs: Inputs

    @property
    def money(self) -> str:
        """Millions of the case's currency."""
        return f"mn {self.case.currency}"

    def lever(self, title: str) -> Rows:
        """A factor on the control sheet that moves many prices at once."""
        rows = Rows(np.asarray(1.0), (), False, label=Label(title, title, "ratio", "control"))
        self.inputs.cells[id(rows), ()] = InputCell("", title, "ratio", reason="1 leaves the case as it is")
        self.inputs.kept.append(rows)
        return rows

    def exchange(self, axis: str, currencies: Sequence[str | None], *, first: bool = False) -> Rows | None:
        """Exchange rates [axis, quarter] of lines in these currencies; None where all are the case's own."""
        own = self.case.currency
        used = [currency or own for currency in currencies]
        if all(currency == own for currency in used):
            return None
        table = self._exchange_table()
        names = [own, *self.case.exchange_rates]
        rates = table.take("item", axis, [names.index(currency) for currency in used])
        return rates.first() if first else rates

    def settled(
        self, rows: Rows, currencies: Sequence[str | None], *, first: bool = False,
        named: tuple[str, str, str] | None = None,
    ) -> Rows:  # fmt: skip
        """Amounts in these currencies, by their first axis, in the case's own.

        Args:
            rows: the amounts.
            currencies: of each place on the axis; None for the case's own.
            first: whether the rates of the first quarter hold.
            named: key, title and unit of the amounts where they had to be exchanged.
        """
        rates = self.exchange(rows.axes[0], currencies, first=first)
        if rates is None:
            return rows
        return rows * rates if named is None else (rows * rates).named(*named, PRICES)

    def amounts(
        self, axis: str, key: str, stated: SeriesByPlace, *, unit: str, factor: float = 1.0,
        named: tuple[str, str, str] | None = None,
    ) -> Rows:  # fmt: skip
        """Series of money [axis, quarter] in the case's own currency.

        Args:
            axis: its name.
            key: of the table of inputs.
            stated: the series.
            unit: of them, with ``{}`` for the currency.
            factor: of what is shown to the canonical value.
            named: see ``settled``.
        """
        currencies = [None if series is None else series.currency for *_, series in stated]
        units = [unit.format(currency or self.case.currency) for currency in currencies]
        rows = self.inputs.table(axis, key, [
            self.inputs.series_line(*each, unit=said, written=said.replace("/unit", ""), factor=factor)
            for each, said in zip(stated, units, strict=True)
        ])  # fmt: skip
        return self.settled(rows, currencies, named=named)

    def amount(self, place: str, title: str, figure: Figure | None, *, per: str = "") -> Rows:
        """A sum of money in the case's own currency at the first quarter's rate; 0 where none is stated."""
        currency = (None if figure is None else figure.currency) or self.case.currency
        value = 0.0 if figure is None else figure.value
        row = self.inputs.number(
            place, title, f"mn {currency}{per}", value=value, figure=figure,
            written=f"mn {currency}{per}".replace("/unit", ""),
        )  # fmt: skip
        rates = self.exchange("item", [currency], first=True)
        return row if rates is None else (row * rates).sum("item")

    def figures(
        self, axis: str, key: str, stated: Figures, *, unit: str = "share", written: str = "ratio",
        otherwise: float | None = None,
    ) -> Rows:  # fmt: skip
        """Figures [axis], shares as a rule; where none is stated ``otherwise``, or none if that is None."""
        return self.inputs.table(axis, key, [
            self.inputs.figure_line(*each, otherwise=otherwise, unit=unit, written=written) for each in stated
        ], quarterly=False)  # fmt: skip

    def quarters(self, axis: str, key: str, stated: Figures, three: Rows, *, named: tuple[str, str]) -> Rows:
        """Durations [axis], which a case states in months, in whole quarters.

        Args:
            axis: its name.
            key: of the table of inputs.
            stated: the durations.
            three: months in a quarter.
            named: key and title of the quarters.
        """
        months = self.figures(axis, key, stated, unit="months", written="months")
        return whole_quarters(months, three).named(*named, "quarters", PRICES)

    def _exchange_table(self) -> Rows:
        for rows in self.inputs.kept:
            if rows.label is not None and rows.label.key == "exchange_rates":
                return rows
        own = self.case.currency
        ones = np.ones(self.m.times.count)
        lines: list[Line | None] = [self.inputs.given_line(f"Exchange rate of {own}", ones, f"{own}/{own}")]
        for name, rate in self.case.exchange_rates.items():
            if name in self.case.hedges:  # a share is settled at the forward rate, so the rate is worked out
                settled = settled_rates(self.case, name, self.case.calendar)
                title = f"Exchange rate of {name}, with hedges"
                lines.append(self.inputs.given_line(title, settled, f"{own}/{name}"))
                continue
            lines.append(
                self.inputs.series_line(
                    f"exchange_rates.{name}", f"Exchange rate of {name}", rate, unit=f"{own}/{name}"
                )
            )
        return self.inputs.table("item", "exchange_rates", lines)
