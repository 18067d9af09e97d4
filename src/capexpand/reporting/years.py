"""Statements by calendar year, as tables for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from capexpand.finance.statements import Statement
from capexpand.model.data import Floats, Times


@dataclass(frozen=True, slots=True)
class Years:
    """The calendar years of a horizon."""

    numbers: tuple[int, ...]
    quarters: tuple[tuple[int, ...], ...]  # positions of the quarters in each year

    @classmethod
    def of(cls, times: Times) -> Years:
        """Return the years that the quarters lie in.

        Args:
            times: the quarters.
        """
        found: dict[int, list[int]] = {}
        for position, day in enumerate(times.starts):
            found.setdefault(day.year, []).append(position)
        return cls(tuple(found), tuple(tuple(here) for here in found.values()))

    @property
    def titles(self) -> tuple[str, ...]:
        """Names of the years; one that is not whole says how many quarters it has."""
        return tuple(
            str(year) if len(here) == 4 else f"{year} ({len(here)} q)"
            for year, here in zip(self.numbers, self.quarters, strict=True)
        )

    def sums(self, flows: Floats) -> Floats:
        """Return the sum of flows within each year [year].

        Args:
            flows: [quarter].
        """
        return np.array([flows[list(here)].sum() for here in self.quarters])

    def ends(self, stocks: Floats) -> Floats:
        """Return stocks at the end of each year [year].

        Args:
            stocks: at each quarter's end [quarter].
        """
        return np.array([stocks[here[-1]] for here in self.quarters])


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement."""

    name: str
    values: Floats  # [quarter] million
    is_sum: bool = False
    is_stock: bool = False


def lines(of: Statement) -> Iterator[tuple[str, tuple[Line, ...]]]:
    """Yield the parts of a statement with their lines, in the order in which people read them.

    Args:
        of: a statement; its costs and payments are shown as negative numbers.
    """
    yield (
        "Earnings",
        (
            Line("Revenue of workloads", of.revenue_by_workload.sum(axis=0)),
            Line("Other revenue", of.other_revenue),
            Line("Revenue", of.revenue, is_sum=True),
            Line("Ordinary costs", 0.0 - of.ordinary_costs),
            Line("Energy", 0.0 - of.energy),
            Line("Maintenance", 0.0 - of.maintenance),
            Line("Leases and colocation", 0.0 - of.leases),
            Line("Hire from clouds", 0.0 - of.hire),
            Line("Moved work and changed orders", 0.0 - of.churn),
            Line("Damages under contracts", 0.0 - of.damages),
            Line("Exit costs", 0.0 - of.exit_costs),
            Line("Resale of units", of.resale),
            Line("Other cost", 0.0 - of.other_cost),
            Line("EBITDA", of.ebitda, is_sum=True),
            Line("Depreciation of servers", 0.0 - of.depreciation_servers),
            Line("Depreciation of halls", 0.0 - of.depreciation_buildings),
            Line("Depreciation of power plants", 0.0 - of.depreciation_plants),
            Line("Depreciation of what stood at the start", 0.0 - of.depreciation_opening),
            Line("Gain on sale and leaseback", of.leaseback_gains),
            Line("EBITA", of.ebita, is_sum=True),
            Line("Transfer value of internal workloads (no cash)", of.transfer_value),
            Line("EBITA with transfer value", of.ebita_with_transfer, is_sum=True),
        ),
    )
    yield (
        "Cash",
        (
            Line("EBITDA", of.ebitda),
            Line("Tax", 0.0 - of.tax),
            Line("Payments for servers", 0.0 - of.payments_servers),
            Line("Payments for halls", 0.0 - of.payments_buildings),
            Line("Payments for power plants", 0.0 - of.payments_plants),
            Line("Prepayments by customers", of.prepayments),
            Line("Sale and leaseback", of.leaseback_proceeds),
            Line("Payments due from before the start", 0.0 - of.opening_payments),
            Line("Value-added tax paid", 0.0 - of.value_added_tax_paid),
            Line("Value-added tax recovered", of.value_added_tax_recovered),
            Line("Free cash flow", of.free_cash_flow, is_sum=True),
            Line("Cumulative free cash flow, at the end", of.cumulative_free_cash_flow, is_stock=True),
        ),
    )
    yield (
        "Capital",
        (
            Line("Commitments: full price at order", of.commitments),
            Line("Payments for orders", of.capital_payments),
            Line("Import duties within them", of.import_duties),
            Line("Export fees within them", of.export_fees),
            Line("Additions: cost of what is delivered", of.additions),
            Line("Book value, at the end", of.book_value, is_stock=True),
            Line("Paid and not yet delivered, at the end", of.in_progress, is_stock=True),
        ),
    )
