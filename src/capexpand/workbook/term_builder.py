"""What every part of the terms needs: the case, its inputs, levers and exchange rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.case.currencies import settled_rates
from capexpand.case.schema import Case
from capexpand.finance.rows import Label, Rows
from capexpand.model.data import ModelData
from capexpand.workbook.inputs import InputCell, Inputs, Line

PRICES = "prices"


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

    def exchange(self, axis: str, currencies: list[str | None], *, first: bool = False) -> Rows | None:
        """Exchange rates [axis, quarter] of lines in these currencies; None where all are the case's own."""
        own = self.case.currency
        used = [currency or own for currency in currencies]
        if all(currency == own for currency in used):
            return None
        table = self._exchange_table()
        names = [own, *self.case.exchange_rates]
        rates = table.take("item", axis, [names.index(currency) for currency in used])
        return rates.first() if first else rates

    def settled(self, rows: Rows, currencies: list[str | None], *, first: bool = False) -> Rows:
        """Amounts in these currencies, by their first axis, in the case's own."""
        rates = self.exchange(rows.axes[0], currencies, first=first)
        return rows if rates is None else rows * rates

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
