"""Reported figures by quarter, read from the point-in-time catalogue, derived where needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from capexpand.catalogue import Actual, actuals
from capexpand.catalogue.columns import UNIT_TEXTS
from capexpand.forecasting.quarters import label, quarter_of
from capexpand.forecasting.series import Observation
from capexpand.studies.backtest.scopes import PLANNED_MEASURES, YEAR_METRICS, is_quarterly_spending

UNITS_PER_AMOUNT = {"CNY_million": 1e6, "USD_billion": 1e9, "USD_million": 1e6}
CURRENCY = {"CNY_million": "CNY", "USD_billion": "USD", "USD_million": "USD"}


@dataclass(frozen=True, slots=True)
class ReportedFigure:
    """A reported figure of one quarter, or of several together where nobody gives them apart.

    Args:
        quarter: the last one, as a number.
        quarters: how many the figure covers.
        value: in the series' unit.
        known_on: when it became known.
        derived: how it was derived from other figures; empty where it was reported as it is.
        from_memory: whether it, or a figure that it was derived from, was not read in a source.
        date_estimated: whether the day is an estimate.
    """

    quarter: int
    quarters: int
    value: float
    known_on: date
    derived: str
    from_memory: bool
    date_estimated: bool

    @property
    def name(self) -> str:
        """The quarter, or the first and the last."""
        return label(self.quarter, self.quarters)

    @property
    def per_quarter(self) -> float:
        """The mean of a quarter, in the series' unit."""
        return self.value / self.quarters


@dataclass(frozen=True, slots=True)
class ReportedSeries:
    """A company's figures of one metric, the oldest first."""

    company: str
    metric: str
    unit: str
    values: tuple[ReportedFigure, ...]

    @property
    def key(self) -> tuple[str, str]:
        """Company and metric."""
        return self.company, self.metric

    @property
    def unit_text(self) -> str:
        """The unit as a case writes it, such as ``mn CNY``."""
        return UNIT_TEXTS[self.unit]

    @property
    def name(self) -> str:
        """Who and what, in words."""
        return f"{self.company} {self.metric.replace('_', ' ')}"

    @property
    def last(self) -> ReportedFigure:
        """The newest."""
        return self.values[-1]

    def single(self) -> dict[int, float]:
        """Return the values of single quarters."""
        return {one.quarter: one.value for one in self.values if one.quarters == 1}

    def by_quarter(self) -> dict[int, float]:
        """Return values by quarter, those known together shared evenly, gaps filled by even growth."""
        found = {one.quarter - back: one.per_quarter for one in self.values for back in range(one.quarters)}
        for earlier, later in pairwise(sorted(found)):
            ratio = found[later] / found[earlier] if found[earlier] > 0 else 1.0
            for quarter in range(earlier + 1, later):
                share = (quarter - earlier) / (later - earlier)
                found[quarter] = found[earlier] * max(ratio, 1e-9) ** share
        return found


def reported(company: str, metric: str) -> ReportedSeries | None:
    """Return a series as the catalogue that stands in has it, with what can be derived; None without any.

    Args:
        metric: of single quarters, such as ``cloud_revenue``.
    """
    rows = [row for row in actuals() if row.company == company]
    own = [row for row in rows if row.metric == metric and row.known_on is not None]
    values = {quarter_of(row.quarter_end): _plain(row) for row in own}
    if metric == "cloud_revenue":
        values |= _from_growth(rows, values)
    found = list(values.values())
    if metric == "capex":
        found += _from_years(rows, values)
    if not found:
        return None
    unit = own[0].unit
    return ReportedSeries(company, metric, unit, tuple(sorted(found, key=lambda one: one.quarter)))


def observations_of(series: ReportedSeries) -> list[Observation]:
    """Return the figures of a series, as the models of series take them."""
    return [Observation(one.quarter, one.value, one.known_on, one.quarters) for one in series.values]


def planned_series(company: str, metric: str) -> ReportedSeries | None:
    """Return a series of the planned company in its currency's millions, in the measure that it speaks of.

    Args:
        company: name in the catalogue.
        metric: ``capex``, or a metric of the catalogue.
    """
    series = reported(company, PLANNED_MEASURES.get((company, metric), metric))
    if series is None or series.unit not in UNITS_PER_AMOUNT:
        return series
    factor = UNITS_PER_AMOUNT[series.unit] / 1e6
    values = tuple(replace(one, value=one.value * factor) for one in series.values)
    return ReportedSeries(company, metric, f"{CURRENCY[series.unit]}_million", values)


def spending_series() -> tuple[ReportedSeries, ...]:
    """List the quarterly capital expenditure of every company, each measure as a series of its own."""
    keys = sorted({(row.company, row.metric) for row in actuals() if is_quarterly_spending(row.metric)})
    found = (reported(company, metric) for company, metric in keys if "+" not in company)
    return tuple(series for series in found if series is not None and series.unit in UNITS_PER_AMOUNT)


def _plain(row: Actual) -> ReportedFigure:
    known_on = row.known_on or date.max
    derived = "derived by the source" if row.source.kind == "derived" else ""
    return ReportedFigure(
        quarter_of(row.quarter_end),
        1,
        row.value,
        known_on,
        derived,
        not row.source.verified,
        row.known_on_estimated,
    )


def _from_growth(rows: Sequence[Actual], values: dict[int, ReportedFigure]) -> dict[int, ReportedFigure]:
    """Quarters of which only the growth over the year before was reported."""
    found: dict[int, ReportedFigure] = {}
    for row in rows:
        quarter = quarter_of(row.quarter_end)
        before = values.get(quarter - 4)
        if row.metric != "cloud_growth_yoy" or row.known_on is None or quarter in values or before is None:
            continue
        found[quarter] = ReportedFigure(
            quarter,
            1,
            before.value * (1.0 + row.value),
            max(row.known_on, before.known_on),
            f"reported growth of {row.value:.0%} over {before.value:,.0f} a year before",
            before.from_memory or not row.source.verified,
            row.known_on_estimated or before.date_estimated,
        )
    return found


def _from_years(rows: Sequence[Actual], values: dict[int, ReportedFigure]) -> list[ReportedFigure]:
    """Sums of neighbouring quarters that a year's total leaves once the others are known."""
    found: list[ReportedFigure] = []
    for row in rows:
        if row.metric not in YEAR_METRICS or row.known_on is None:
            continue
        last = quarter_of(row.quarter_end)
        missing = [quarter for quarter in range(last - 3, last + 1) if quarter not in values]
        if not missing or len(missing) == 4 or missing[-1] - missing[0] != len(missing) - 1:
            continue
        others = [values[quarter] for quarter in range(last - 3, last + 1) if quarter in values]
        found.append(
            ReportedFigure(
                missing[-1],
                len(missing),
                row.value - sum(one.value for one in others),
                max(row.known_on, *(one.known_on for one in others)),
                f"the year's {row.value:,.0f} less its other quarters",
                not row.source.verified or any(one.from_memory for one in others),
                row.known_on_estimated,
            )
        )
    return found
