"""A model of what a company will spend: its guidance, a ramp, revisions, and errors pooled over companies.

With y the mean of a quarter in the newest report, h quarters ahead:

* Inside a guided period of amount G, of which S is reported, n quarters are left and G' = G e^(δ min(n,
  4)) is
  what G is expected to become (δ: ``revision_rate``). The rest is a ramp from the last quarter, y r, y r², …,
  y rⁿ, with r such that it adds up to G' − S.
* Outside, y grows by γ = Σ d / (m + 8) a quarter, d being the m changes of logarithms from quarter to
  quarter that all companies had reported by then: 8 changes of nothing stand beside them.
* That is the median. The quantile at level τ is median × exp(s √h t_τ), t of Student's distribution with
  ν = 4 + Σ 1/h degrees of freedom and s² = (4 · 0.2² + Σ e² / h²) / ν, over the errors e = ln(actual /
  median) of the
  same method at earlier days, of all companies, as far as known by the day. A case h quarters ahead
  counts 1/h, as h of them overlap; its e² / h estimates s².

Last value, last growth and even guidance are forecasts with their own medians and the same way to an
interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal, get_args

from capexpand.catalogue.point_in_time import PointInTimeCatalogue, reading_from
from capexpand.studies.backtest.guidance import Guidance, guidance_for, latest_by_quarter, revision_rate
from capexpand.studies.backtest.losses import LEVELS, Quantiles
from capexpand.studies.backtest.reports import Reported, ReportedSeries, spending_series

Method = Literal["model", "last value", "last growth", "guidance"]
METHODS: tuple[Method, ...] = get_args(Method)

FARTHEST = 8  # quarters ahead
PRIOR_DEVIATION = 0.2
"""Standard deviation of the logarithm of capital expenditure after a quarter, before errors are known: that
of the five largest spenders in 2024 (remembered)."""

PRIOR_FREEDOM = 4.0  # errors that the prior stands for
PRIOR_CHANGES = 8.0  # changes of nothing beside the growth that was seen
MOST_RAMP = 2.0  # times a quarter


@dataclass(frozen=True, slots=True)
class Spread:
    """How far a method is off.

    Args:
        deviation: s, of the logarithm a quarter ahead.
        freedom: ν, degrees of freedom.
    """

    deviation: float
    freedom: float

    def around(self, median: float, horizon: float) -> Quantiles:
        """Return the quantiles around a median.

        Args:
            median: of the forecast.
            horizon: quarters ahead.
        """
        from scipy.special import stdtrit

        width = self.deviation * math.sqrt(horizon)
        low, middle, high = (median * math.exp(width * float(stdtrit(self.freedom, p))) for p in LEVELS)
        return Quantiles(low, middle, high)


def spread_of(errors: list[tuple[float, int]], prior_deviation: float) -> Spread:
    """Return the spread that errors and the prior give together.

    Args:
        errors: logarithm of actual over median, and quarters ahead, of each known case.
        prior_deviation: of the logarithm a quarter ahead.
    """
    freedom = PRIOR_FREEDOM + math.fsum(1.0 / ahead for _, ahead in errors)
    squares = PRIOR_FREEDOM * prior_deviation**2 + math.fsum(e * e / ahead**2 for e, ahead in errors)
    return Spread(math.sqrt(squares / freedom), freedom)


@dataclass(frozen=True, slots=True)
class SpendingForecast:
    """What a method says of one quarter of a series."""

    company: str
    metric: str
    unit: str
    method: Method
    quarter: int
    horizon: int
    last: float  # a quarter's mean in the newest report
    said: Quantiles


def forecast_spending(
    known: PointInTimeCatalogue, as_of: date, beside: Mapping[str, float]
) -> tuple[SpendingForecast, ...]:
    """Forecast the capital expenditure of every company that had reported any.

    Args:
        known: the catalogue as known on the day; no later row is in it.
        as_of: the day.
        beside: what a group spends beside an announced programme, by company [the series' unit a quarter].
    """
    stated = tuple(sorted(beside.items()))
    found: list[SpendingForecast] = []
    errors = _known_errors(known, as_of, stated)
    for (series, method), path in _medians(known, as_of, stated).items():
        spread = spread_of(errors.get(method, []), PRIOR_DEVIATION)
        for ahead, median in enumerate(path, start=1):
            if math.isnan(median):
                continue
            said = spread.around(median, ahead)
            quarter = series.last.quarter + ahead
            found.append(
                SpendingForecast(
                    series.company,
                    series.metric,
                    series.unit,
                    method,
                    quarter,
                    ahead,
                    series.last.per_quarter,
                    said,
                )
            )
    return tuple(found)


def report_days(series: ReportedSeries, after: date) -> tuple[date, ...]:
    """Return the days after a day on which a figure of a series became known, in order.

    Args:
        series: as far as it is known.
        after: the day.
    """
    return tuple(sorted({one.known_on for one in series.values if one.known_on > after}))


def _known_errors(
    known: PointInTimeCatalogue, as_of: date, beside: tuple[tuple[str, float], ...]
) -> dict[Method, list[tuple[float, int]]]:
    """Errors by method of all forecasts that could have been made before the day, as far as known by it."""
    with reading_from(known):
        everything = spending_series()
    days = sorted({day for series in everything for day in report_days(series, date.min) if day < as_of})
    found: dict[Method, list[tuple[float, int]]] = {}
    for day in days:
        medians = _medians(_edition_of(known, day), day, beside)
        for series in everything:
            fresh = any(one.known_on == day for one in series.values)  # one forecast for each report
            later = {one.quarter: one for one in series.values if one.known_on > day and one.quarters == 1}
            for method in METHODS if fresh else ():
                path = next((p for (s, m), p in medians.items() if m == method and _same(s, series)), ())
                last = next((s.last.quarter for (s, _) in medians if _same(s, series)), 0)
                for ahead, median in enumerate(path, start=1):
                    came = later.get(last + ahead)
                    if came is not None and came.value > 0 and not math.isnan(median):
                        found.setdefault(method, []).append((math.log(came.value / median), ahead))
    return found


def _same(one: ReportedSeries, other: ReportedSeries) -> bool:
    return (one.company, one.metric) == (other.company, other.metric)


@lru_cache(maxsize=512)  # an earlier day is asked for again on every later one
def _edition_of(known: PointInTimeCatalogue, day: date) -> PointInTimeCatalogue:
    return known.as_known_on(day)


@lru_cache(maxsize=512)
def _medians(
    known: PointInTimeCatalogue, as_of: date, beside: tuple[tuple[str, float], ...]
) -> Mapping[tuple[ReportedSeries, Method], tuple[float, ...]]:
    """Medians [quarter ahead] by series and method, not a number where a method has nothing to go by."""
    found: dict[tuple[ReportedSeries, Method], tuple[float, ...]] = {}
    with reading_from(known):
        everything = spending_series()
        growth, revision = _pooled_growth(everything), revision_rate(as_of)
        for series in everything:
            said, _ = guidance_for(series, dict(beside).get(series.company))
            if series.last.value <= 0:
                continue
            found[series, "model"] = _ramped(series, said, growth, revision)
            found[series, "last value"] = (series.last.per_quarter,) * FARTHEST
            change = _last_change(series)
            if change is not None:
                path = (series.last.per_quarter * change**ahead for ahead in range(1, FARTHEST + 1))
                found[series, "last growth"] = tuple(path)
            found[series, "guidance"] = _even(series, said)
    return found


def _pooled_growth(everything: tuple[ReportedSeries, ...]) -> float:
    changes = [
        math.log(values[quarter] / values[quarter - 1])
        for series in everything
        for values in (series.single(),)
        for quarter in values
        if quarter - 1 in values and min(values[quarter], values[quarter - 1]) > 0
    ]
    return math.fsum(changes) / (len(changes) + PRIOR_CHANGES)


def _last_change(series: ReportedSeries) -> float | None:
    """The newest change from quarter to quarter; over a gap the mean one."""
    if len(series.values) < 2:
        return None
    one, other = series.values[-2], series.values[-1]
    apart = _centre(other) - _centre(one)
    return (other.per_quarter / one.per_quarter) ** (1.0 / apart) if one.value > 0 and apart > 0 else None


def _centre(one: Reported) -> float:
    return one.quarter - (one.quarters - 1) / 2.0


def _left(series: ReportedSeries, each: Guidance) -> float:
    """What is left of a guided amount after what was reported of it."""
    values = series.by_quarter()
    return each.amount - sum(values.get(q, 0.0) for q in each.quarters if q <= series.last.quarter)


def _ramped(
    series: ReportedSeries, guidance: tuple[Guidance, ...], growth: float, revision: float
) -> tuple[float, ...]:
    """The model's medians [quarter ahead]."""
    counts = latest_by_quarter(guidance)
    path: list[float] = []
    value, quarter = series.last.per_quarter, series.last.quarter + 1
    end = quarter + FARTHEST
    while quarter < end:
        each = counts.get(quarter)
        if each is None:
            value *= math.exp(growth)
            path.append(value)
            quarter += 1
            continue
        ahead = [q for q in each.quarters if q >= quarter and counts[q] is each]
        planned = each.amount * math.exp(revision * min(len(ahead), 4)) - each.amount
        left = _left(series, each) + planned - _already(path, series, each)
        ratio = ramp(value, len(ahead), left)
        for _ in ahead:
            value *= ratio
            path.append(value)
        quarter = ahead[-1] + 1
    return tuple(path[:FARTHEST])


def _already(path: list[float], series: ReportedSeries, each: Guidance) -> float:
    """What the forecast itself has put into earlier quarters of the period."""
    first = series.last.quarter + 1
    return math.fsum(value for ahead, value in enumerate(path) if first + ahead in each.quarters)


def ramp(start: float, quarters: int, total: float) -> float:
    """Return the ratio r for which start (r + r² + … + rⁿ) is a total; it stays between ½ and 2.

    Args:
        start: the quarter before.
        quarters: n, at least one.
        total: what is left to spend.
    """
    low, high = 1.0 / MOST_RAMP, MOST_RAMP
    for _ in range(60):
        middle = math.sqrt(low * high)
        if start * math.fsum(middle**k for k in range(1, quarters + 1)) < total:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)


def _even(series: ReportedSeries, guidance: tuple[Guidance, ...]) -> tuple[float, ...]:
    """What is left of the guidance, spread evenly over its quarters; not a number where nothing is guided."""
    counts = latest_by_quarter(guidance)
    path: list[float] = []
    for quarter in range(series.last.quarter + 1, series.last.quarter + 1 + FARTHEST):
        each = counts.get(quarter)
        ahead = [q for q in each.quarters if q > series.last.quarter] if each is not None else []
        share = _left(series, each) / len(ahead) if each is not None else math.nan
        path.append(share if share > 0 else math.nan)
    return tuple(path)
