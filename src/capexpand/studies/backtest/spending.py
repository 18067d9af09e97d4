"""Forecast what every company will spend, in its own measure, from what was known on a day."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from capexpand.catalogue.point_in_time import PointInTimeCatalogue, reading_from
from capexpand.forecasting.forecast import catalogue_series
from capexpand.forecasting.losses import Quantiles
from capexpand.forecasting.models import METHODS, Method
from capexpand.forecasting.panel import Panel
from capexpand.forecasting.series import Series
from capexpand.studies.backtest.guidance import guidance_for
from capexpand.studies.backtest.reports import ReportedSeries, observations_of, spending_series
from capexpand.studies.backtest.scopes import LONGER_HISTORIES


@dataclass(frozen=True, slots=True)
class SpendingForecast:
    """The forecast of one quarter of a series by one method."""

    company: str
    metric: str
    unit: str
    method: Method
    quarter: int
    horizon: int
    last: float  # a quarter's mean in the newest report
    forecast: Quantiles


def forecast_spending(
    known: PointInTimeCatalogue, as_of: date, beside: Mapping[str, float]
) -> tuple[SpendingForecast, ...]:
    """Forecast the capital expenditure of every company that had reported any.

    Args:
        known: the catalogue as known on the day; no later row is in it.
        beside: what a group spends beside an announced programme, by company [million a quarter].
    """
    with reading_from(known):
        everything = spending_series()
        panel = _panel(everything, beside)
    found: list[SpendingForecast] = []
    for reports, series in zip(everything, panel.series, strict=False):
        origin = panel.origin(series, as_of)
        if origin is None or reports.last.value <= 0.0:
            continue
        for method in METHODS:
            spread = panel.spread(origin, method)
            for ahead, median in enumerate(origin.medians[method], start=1):
                if not math.isnan(median):
                    found.append(
                        SpendingForecast(
                            reports.company,
                            reports.metric,
                            reports.unit,
                            method,
                            origin.path.last + ahead,
                            ahead,
                            reports.last.per_quarter,
                            spread.around(math.exp(median), ahead),
                        )
                    )
    return tuple(found)


def report_days(series: ReportedSeries, after: date) -> tuple[date, ...]:
    """Return the days after a day on which a figure of a series became known, in order.

    Args:
        series: as far as it is known.
    """
    return tuple(sorted({one.known_on for one in series.values if one.known_on > after}))


def _panel(everything: tuple[ReportedSeries, ...], beside: Mapping[str, float]) -> Panel:
    """The reported series in their order, each with its longer history, then the other long histories."""
    long = {series.key: series for series in catalogue_series() if series.kind == "spending"}
    series = [_with_history(each, long) for each in everything]
    used = {each.key for each in everything}
    taken = {LONGER_HISTORIES[key] for key in used if key in LONGER_HISTORIES}
    guidance = {each.key: guidance_for(each, beside.get(each.company))[0] for each in everything}
    return Panel((*series, *(each for key, each in long.items() if key not in taken)), guidance)


def _with_history(reports: ReportedSeries, long: Mapping[tuple[str, str], Series]) -> Series:
    """A reported series with the quarters before it, where a long history measures the same."""
    found = observations_of(reports)
    history = long.get(LONGER_HISTORIES.get(reports.key, reports.key))
    if history is not None and found:
        first = min(each.quarter - each.quarters + 1 for each in found)
        found = [*(each for each in history.scaled_to(reports.unit_text) if each.quarter < first), *found]
    return Series.of(reports.company, reports.metric, "spending", unit=reports.unit_text, observations=found)
