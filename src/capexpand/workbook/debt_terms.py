"""The terms of financing as formulas over the case's own numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.case.financing import Financing
from capexpand.case.values import Figure, Series
from capexpand.finance.debt_lines import DebtTerms
from capexpand.finance.rows import Rows, maximum, nothing, whole_quarters
from capexpand.workbook.term_builder import PRICES, Clock, TermBuilder


@dataclass(frozen=True, slots=True)
class FinancingTerms(TermBuilder):
    """Builds the terms of debt, cash and equity."""

    def all(self, clock: Clock, three: Rows, half: Rows) -> dict[str, Rows]:
        """Return every term, nothing where the case has no financing.

        Args:
            three: months in a quarter.
            half: of a quarter, as an input.
        """
        declared, compiled = self.case.financing, DebtTerms.of(self.m)
        if declared is None or compiled is None:
            return {}
        inputs, count = self.inputs, self.m.times.count
        quarter = np.arange(count)
        equity, covenants = declared.equity, declared.covenants

        def share(place: str, title: str, figure: Figure | None, unit: str = "per year") -> Rows:
            written = "/year" if unit == "per year" else "ratio"
            value = 0.0 if figure is None else figure.value
            return inputs.number(
                f"financing.{place}", title, unit, value=value, figure=figure, written=written
            )

        def each(title: str, unit: str, first: float, later: float) -> Rows:
            return inputs.quarterly("", title, unit, values=list(np.where(quarter == 0, first, later)))

        cost = declared.cost_of_equity
        found = {
            **self._loans(clock, compiled),
            "cash_rate": share("cash_interest", "Interest earned on cash", declared.cash_interest),
            "issue_cost": share("equity.issue_cost", "Cost of raising equity", equity.issue_cost, "share"),
            "equity_rate": clock.rate if cost is None else share("cost_of_equity", "Cost of equity", cost),
            "opening_cash": self._money("opening_cash", "Cash at the start", declared.opening_cash),
            "interest_quarters": each("Quarters for which interest runs", "quarters", 0.5, 1.0),
            "cash_quarters": each("Quarters for which cash earns", "quarters", 0.0, 1.0),
            "first_quarter": each("1 in the first quarter", "flag", 1.0, 0.0),
            "half_quarter": half,
            "year_quarters": clock.quarters_per_year,
        }
        if declared.minimum_cash is not None:
            found["minimum_cash"] = self._series(
                "minimum_cash", "Cash that must be kept", declared.minimum_cash
            )
        else:
            found["minimum_cash"] = nothing(shape=(count,), timed=True)
        liquid = covenants.liquidity
        return found | self._covenants(three) | {
            "liquid_limit": nothing() if liquid is None else self._money(
                "covenants.liquidity.least", "Least cash and undrawn lines", liquid.least
            )
        }  # fmt: skip

    def _covenants(self, three: Rows) -> dict[str, Rows]:
        """The limits of ratios, and the quarters over which each looks back."""
        found: dict[str, Rows] = {}
        inputs, declared = self.inputs, self.case.financing
        covenants = None if declared is None else declared.covenants
        for key, name, which, title in (
            ("cover", "debt_service_cover", "least", "Least debt service cover"),
            ("value", "loan_to_value", "most", "Most debt over value"),
            ("leverage", "leverage", "most", "Most debt over the EBITDA of a year"),
        ):
            covenant = getattr(covenants, name, None)
            span = 12.0 if covenant is None or covenant.over is None else covenant.over.value
            limit = nothing()
            if covenant is not None:
                figure = getattr(covenant, which)
                limit = inputs.number(
                    f"financing.covenants.{name}.{which}", title, "ratio", value=figure.value, figure=figure,
                    written="ratio",
                )  # fmt: skip
            found[f"{key}_limit"] = limit
            if key != "value":
                months = inputs.number(
                    f"financing.covenants.{name}.over" if covenant is not None else "",
                    f"{title}: time looked back on", "months", value=span, written="months",
                    figure=None if covenant is None else covenant.over,
                )  # fmt: skip
                found[f"{key}_quarters"] = maximum(1.0, whole_quarters(months, three)).named(
                    f"{key}_quarters", f"{title}: quarters looked back on", "quarters", PRICES
                )
        return found

    def _loans(self, clock: Clock, compiled: DebtTerms) -> dict[str, Rows]:
        declared, inputs = self.case.financing, self.inputs
        if declared is None:
            return {}
        loans = [(f"financing.facilities.{name}", f) for name, f in declared.facilities.items()]
        own = self.case.currency
        rates = self._rates(declared)
        fee = self.figures("facility", "commitment_fee", [
            (f"{p}.commitment_fee", f"{f.title}: commitment fee", f.commitment_fee) for p, f in loans
        ], unit="per year", written="/year")  # fmt: skip
        open_for = self._flags(
            "commitment", compiled.loan_commitment.values > 0.0, "1 while it can be drawn and costs a fee"
        )
        drawn = inputs.table("facility", "loan_drawn", [
            inputs.figure_line(
                f"{p}.drawn", f"{f.title}: owed at the start", f.drawn,
                unit=f"mn {(f.drawn and f.drawn.currency) or own}",
            )
            for p, f in loans
        ], quarterly=False)  # fmt: skip
        drawn = self.settled(drawn, [f.drawn.currency if f.drawn else None for _, f in loans], first=True)
        found = {
            "loan_rate": rates.named("loan_rate", "Yearly rate", "per year", PRICES),
            "loan_upfront": self.figures("facility", "upfront_fee", [
                (f"{p}.upfront_fee", f"{f.title}: upfront fee", f.upfront_fee) for p, f in loans
            ]),
            "loan_commitment": (fee / clock.quarters_per_year * open_for).named(
                "loan_commitment", "Commitment fee of a quarter", "ratio", PRICES
            ),
            "loan_drawn": drawn,
            "loan_open": self._flags("open", compiled.loan_open.values > 0.0, "1 while the line is open"),
        }  # fmt: skip
        if compiled.loan_exchange is not None:
            title = "exchange rate over the first quarter's"
            found["loan_exchange"] = self._given(
                "loan_exchange", compiled.loan_exchange.values, title, "ratio"
            )
        if compiled.loan_growth is not None:
            title = "growth by its exchange rate since the quarter before"
            found["loan_growth"] = self._given("loan_growth", compiled.loan_growth.values, title, "ratio")
        for key, title in (
            ("loan_falls", "part of it that falls due by plan"),
            ("loan_left", "part owed at the start that is still owed by plan"),
            ("loan_before", "the same a quarter before"),
        ):
            found[key] = self._given(key, getattr(compiled, key).values, title, "ratio")
        return found

    def _rates(self, declared: Financing) -> Rows:
        """What each facility costs a year: its own rate, or the reference rate with its spread."""
        inputs, loans = self.inputs, list(declared.facilities.items())
        rates = inputs.table("facility", "loan_rate", [
            None if f.rate is None else inputs.series_line(
                f"financing.facilities.{n}.rate", f"{f.title}: rate", f.rate, unit="per year", written="/year"
            )
            for n, f in loans
        ])  # fmt: skip
        spread = np.array([f.rate is None for _, f in loans], dtype=np.bool_)
        if spread.any() and declared.reference_rate is not None:
            base = inputs.table("item", "reference_rate", [inputs.series_line(
                "financing.reference_rate", "Reference rate", declared.reference_rate, unit="per year",
                written="/year",
            )]).sum("item")  # fmt: skip
            margin = inputs.table("facility", "spread", [
                inputs.figure_line(
                    f"financing.facilities.{n}.spread", f"{f.title}: spread", f.spread, otherwise=0.0,
                    unit="per year", written="/year",
                ) if f.rate is None else None
                for n, f in loans
            ], quarterly=False)  # fmt: skip
            rates = rates + (base + margin).only("facility", spread)
        return rates

    def _flags(self, key: str, values: np.ndarray, title: str) -> Rows:
        return self._given(f"{key}_flag", values.astype(np.float64), title, "flag")

    def _given(self, key: str, values: np.ndarray, title: str, unit: str) -> Rows:
        """What follows from dates and plans of repayment: no single number of the case stands for it."""
        titles = [f.title for f in self.case.financing.facilities.values()] if self.case.financing else []
        return self.inputs.table("facility", key, [
            self.inputs.given_line(f"{name}: {title}", row, unit, "from the facility's dates and repayment")
            if row.any() else None
            for name, row in zip(titles, values, strict=True)
        ])  # fmt: skip

    def _money(self, place: str, title: str, figure: Figure | None) -> Rows:
        return self.amount(f"financing.{place}", title, figure)

    def _series(self, place: str, title: str, series: Series) -> Rows:
        rows = self.amounts("item", place, [(f"financing.{place}", title, series)], unit="mn {}")
        return rows.sum("item").named(place, title, "money", PRICES)
