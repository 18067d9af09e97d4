"""Holds frozen forecasts against what was reported after them. Nothing here reaches back into a forecast."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from capexpand.case.schema import Case
from capexpand.catalogue import actuals
from capexpand.catalogue.point_in_time import PointInTimeCatalogue, reading_from
from capexpand.forecasting.losses import Coverage, Quantiles, coverage, pinball_loss, skill
from capexpand.forecasting.quarters import label, last_day, quarter_of
from capexpand.forecasting.scores import skill_range
from capexpand.studies.backtest.forecast import (
    CAPEX,
    EBITA,
    MODEL,
    PLAN,
    REVENUE,
    FigureForecast,
    Frozen,
    SpendingDay,
)
from capexpand.studies.backtest.market import came_free, is_governed, list_prices
from capexpand.studies.backtest.reports import (
    CURRENCY,
    UNITS_PER_AMOUNT,
    ReportedFigure,
    ReportedSeries,
    planned_series,
    spending_series,
)
from capexpand.studies.backtest.scopes import LIST_SUCCESSORS, NEVER_COMPARED, PLANNED_MEASURES, scope_break
from capexpand.studies.backtest.spending import SpendingForecast

LIST_PREFIX = "list price of "


@dataclass(frozen=True, slots=True)
class Scored:
    """One forecast and what was reported.

    Args:
        part: ``planned`` figures, ``spending`` or ``price``.
        subject: company, or workload.
        metric: of the reports, or the name of the price list.
        unit: of the numbers.
        method: which forecast.
        as_of: the day it was made.
        quarter: the last quarter of the figure.
        quarters: how many it covers.
        horizon: quarters ahead of the newest report, of the last one.
        last: a quarter of the newest report, the scale of losses.
        forecast: the quantiles.
        actual: what was reported.
        known_on: when.
        derived: how the figure was derived; empty where it was reported as it is.
        from_memory: whether it was not read in a source.
    """

    part: str
    subject: str
    metric: str
    unit: str
    method: str
    as_of: date
    quarter: int
    quarters: int
    horizon: int
    last: float
    forecast: Quantiles
    actual: float
    known_on: date
    derived: str
    from_memory: bool

    @property
    def name(self) -> str:
        """The quarter, or the first and the last."""
        return label(self.quarter, self.quarters)

    @property
    def error(self) -> float:
        """Actual less the median."""
        return self.actual - self.forecast.middle

    @property
    def covered(self) -> bool:
        """Whether the 80 % interval held."""
        return self.forecast.holds(self.actual)

    @property
    def loss(self) -> float:
        """Pinball loss as a share of the newest report (of as many quarters)."""
        return pinball_loss(self.actual, self.forecast) / (abs(self.last) * self.quarters)

    @property
    def absolute_error(self) -> float:
        """Absolute error of the median as a share of the newest report (of as many quarters)."""
        return abs(self.error) / (abs(self.last) * self.quarters)

    @property
    def case_key(self) -> tuple[str, str, str, date, int, int]:
        """What is forecast and when, whatever the method."""
        return self.part, self.subject, self.metric, self.as_of, self.quarter, self.quarters


@dataclass(frozen=True, slots=True)
class SupplyScore:
    """The chance that an offer was free, and whether it was."""

    offer: str
    destination: str
    quarter: int
    chance: float
    unchanged: float
    free: bool

    @property
    def brier(self) -> float:
        """Squared error of the chance."""
        return (self.chance - self.free) ** 2

    @property
    def brier_unchanged(self) -> float:
        """Squared error of the forecast that rules stay as they are."""
        return (self.unchanged - self.free) ** 2


@dataclass(frozen=True, slots=True)
class NotScored:
    """A reported figure that is not compared, and why."""

    company: str
    metric: str
    quarters: str
    reason: str


@dataclass(frozen=True, slots=True)
class Skill:
    """How a forecast stands beside another on the cases that both have."""

    part: str
    subject: str  # a company, or "all"
    method: str
    beside: str
    cases: int
    loss: float  # mean pinball loss of the forecast, share of the newest report
    beside_loss: float
    absolute_error: float  # mean, share of the newest report
    beside_absolute_error: float
    skill: float | None  # by pinball loss
    low: (
        float | None
    )  # of the 95 % range by block bootstrap over companies and quarters; None for one company
    high: float | None
    absolute_skill: float | None


def score(frozen: Frozen, actual: PointInTimeCatalogue) -> tuple[Scored, ...]:
    """Hold the forecasts of a day against every like figure that became known after it.

    Args:
        actual: the catalogue with the later reports.
    """
    with reading_from(actual):
        return (*_figures(frozen), *_prices(frozen))


def score_spending(day: SpendingDay, actual: PointInTimeCatalogue) -> tuple[Scored, ...]:
    """Hold the forecasts of capital expenditure on a day against what was reported after it.

    Args:
        actual: the catalogue with the later reports.
    """
    with reading_from(actual):
        return tuple(_spending(day))


def _figures(frozen: Frozen) -> Iterator[Scored]:
    for metric in (REVENUE, EBITA, CAPEX):
        series = planned_series(frozen.company, metric)
        if series is None:
            continue
        methods = dict.fromkeys(each.method for each in frozen.figures if each.metric == metric)
        for method in methods:
            said = {e.quarter: e for e in frozen.figures if (e.metric, e.method) == (metric, method)}
            for came in _after(frozen.as_of, series.values):
                if scope_break(frozen.company, metric, label(came.quarter)):
                    continue
                found = _scored("planned", series, frozen.as_of, forecast=said, actual=came)
                if found is not None:
                    yield found


def _after(as_of: date, values: Iterable[ReportedFigure]) -> list[ReportedFigure]:
    return [one for one in values if one.known_on > as_of]


def _scored(
    part: str,
    series: ReportedSeries,
    as_of: date,
    *,
    forecast: Mapping[int, FigureForecast] | Mapping[int, SpendingForecast],
    actual: ReportedFigure,
) -> Scored | None:
    """The forecast of a figure: that of its quarter, or the sum of those of its quarters."""
    quarters = range(actual.quarter - actual.quarters + 1, actual.quarter + 1)
    if not all(quarter in forecast for quarter in quarters):
        return None
    last = forecast[actual.quarter]
    total = forecast[quarters[0]].forecast
    for quarter in quarters[1:]:
        total = total.plus(forecast[quarter].forecast)
    return Scored(
        part,
        series.company,
        series.metric,
        series.unit,
        last.method,
        as_of,
        actual.quarter,
        actual.quarters,
        last.horizon,
        last.last,
        total,
        actual.value,
        actual.known_on,
        actual.derived,
        actual.from_memory,
    )


def _spending(frozen: SpendingDay) -> Iterator[Scored]:
    for series in spending_series():
        mine = [e for e in frozen.spending if (e.company, e.metric) == (series.company, series.metric)]
        for method in dict.fromkeys(each.method for each in mine):
            said = {each.quarter: each for each in mine if each.method == method}
            for came in _after(frozen.as_of, series.values):
                found = _scored("spending", series, frozen.as_of, forecast=said, actual=came)
                if found is not None:
                    yield found


def _prices(frozen: Frozen) -> Iterator[Scored]:
    for model in dict.fromkeys(each.model for each in frozen.prices):
        names = [model, *(each.successor for each in LIST_SUCCESSORS if each.model == model)]
        for name in names:
            for came in list_prices(name):
                if came.known_on <= frozen.as_of:
                    continue
                quarter = quarter_of(came.day)
                for each in frozen.prices:
                    if (each.model, each.quarter) == (model, quarter):
                        yield Scored(
                            "price",
                            each.workload,
                            f"{LIST_PREFIX}{name}",
                            "USD per million tokens",
                            each.method,
                            frozen.as_of,
                            quarter,
                            1,
                            quarter - quarter_of(frozen.as_of),
                            each.last,
                            each.forecast,
                            came.price,
                            came.known_on,
                            f"blended, list of {came.day}",
                            came.from_memory,
                        )


def score_supply(
    case: Case, frozen: Frozen, actual: PointInTimeCatalogue, last: date
) -> tuple[SupplyScore, ...]:
    """Hold the chances of export status against the rules that came.

    Args:
        actual: the catalogue with the later reports.
        last: the day until which it is known.
    """
    with reading_from(actual):
        return tuple(
            SupplyScore(
                each.offer,
                each.destination,
                each.quarter,
                each.chance,
                each.unchanged,
                came_free(case, each.offer, each.destination, each.quarter),
            )
            for each in frozen.supply
            if last_day(each.quarter) <= last and is_governed(case, each.offer, each.destination)
        )


def not_scored(frozen: Frozen, actual: PointInTimeCatalogue) -> tuple[NotScored, ...]:
    """List what the planned company reported after the day and a backtest does not compare.

    Args:
        frozen: what was said on the first day.
        actual: the catalogue with the later reports.
    """
    found: list[NotScored] = []
    with reading_from(actual):
        rows = [
            r for r in actuals() if r.company == frozen.company and (r.known_on or date.max) > frozen.as_of
        ]
        for each in NEVER_COMPARED:
            quarters = [quarter_of(row.quarter_end) for row in rows if row.metric == each.metric]
            if quarters:
                names = ", ".join(label(quarter) for quarter in sorted(quarters))
                found.append(NotScored(frozen.company, each.metric, names, each.reason))
        for row in rows:
            broken = scope_break(row.company, row.metric, label(quarter_of(row.quarter_end)))
            if broken:
                found.append(NotScored(row.company, row.metric, label(quarter_of(row.quarter_end)), broken))
        if frozen.beside is None and any(row.metric == CAPEX for row in rows):
            reason = "of the whole group, and the case states no bridge (reported.capital_expenditure_beside)"
            found.append(NotScored(frozen.company, CAPEX, "beside the plan", reason))
    return tuple(found)


def skills(
    scored: Sequence[Scored], part: str, method: str, *, metric: str | None = None
) -> tuple[Skill, ...]:
    """Hold a method against every other, pooled over all subjects and for each.

    Args:
        scored: all forecasts; a plan, which says what is best rather than likely, is no rival.
        part: of the backtest.
        method: whose skill is shown.
        metric: only this one, or all.
    """
    mine = [one for one in scored if one.part == part and (metric is None or one.metric == metric)]
    others = [name for name in dict.fromkeys(one.method for one in mine) if name not in (method, PLAN)]
    subjects = list(dict.fromkeys(one.subject for one in mine))
    found: list[Skill] = []
    for beside in others:
        for subject in ["all", *subjects] if len(subjects) > 1 else subjects:
            found += _skill(mine, part, subject, method, beside)
    return tuple(found)


def beside_the_plan(scored: Sequence[Scored], company: str) -> tuple[Scored, ...]:
    """Return the forecasts of the planned company's figures, capital expenditure by all methods."""
    planned = [one for one in scored if one.part == "planned"]
    days = {one.as_of for one in planned}
    measure = PLANNED_MEASURES.get((company, CAPEX), CAPEX)
    spending = (
        _in_millions(replace(one, part="planned", metric=CAPEX))
        for one in scored
        if (one.part, one.subject, one.metric) == ("spending", company, measure) and one.as_of in days
    )
    return (*planned, *spending)


def _in_millions(one: Scored) -> Scored:
    """A forecast of spending in the unit of the plan's."""
    factor = UNITS_PER_AMOUNT[one.unit] / 1e6
    unit = f"{CURRENCY[one.unit]}_million"
    return replace(
        one,
        unit=unit,
        last=one.last * factor,
        forecast=one.forecast.times(factor),
        actual=one.actual * factor,
    )


def _skill(mine: Sequence[Scored], part: str, subject: str, method: str, beside: str) -> Iterator[Skill]:
    here = [one for one in mine if subject in ("all", one.subject)]
    theirs = {one.case_key: one for one in here if one.method == beside}
    pairs = [(one, theirs[one.case_key]) for one in here if one.method == method and one.case_key in theirs]
    if not pairs:
        return

    def mean(values: Callable[[Scored], float], which: int) -> float:
        return sum(values(pair[which]) for pair in pairs) / len(pairs)

    low, high = None, None
    if subject == "all":
        keys = [(one.subject, quarter_of(one.as_of)) for one, _ in pairs]
        low, high = skill_range(keys, [one.loss for one, _ in pairs], [other.loss for _, other in pairs])
    yield Skill(
        part,
        subject,
        method,
        beside,
        len(pairs),
        mean(lambda one: one.loss, 0),
        mean(lambda one: one.loss, 1),
        mean(lambda one: one.absolute_error, 0),
        mean(lambda one: one.absolute_error, 1),
        skill([one.loss for one, _ in pairs], [other.loss for _, other in pairs]),
        low,
        high,
        skill([one.absolute_error for one, _ in pairs], [other.absolute_error for _, other in pairs]),
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """How often the 80 % intervals of a method held, in a group of cases."""

    part: str
    metric: str
    method: str
    group: str
    coverage: Coverage


def calibrations(scored: Sequence[Scored]) -> tuple[Calibration, ...]:
    """Count how often intervals held: in all, for the newest forecast of each figure, and by day.

    A plan has no place here: its scenarios say what may become of it, not what is likely to be reported.
    """
    found: list[Calibration] = []
    keys = dict.fromkeys((one.part, _group_of(one), one.method) for one in scored if one.method != PLAN)
    for part, metric, method in keys:
        mine = [one for one in scored if (one.part, _group_of(one), one.method) == (part, metric, method)]
        groups: dict[str, list[Scored]] = {"all": mine, "nearest": _nearest(mine)}
        for day in sorted({one.as_of for one in mine}) if method in (MODEL, "case") else ():
            groups[str(day)] = [one for one in mine if one.as_of == day]
        for name, cases in groups.items():
            inside = sum(one.covered for one in cases)
            found.append(Calibration(part, metric, method, name, coverage(inside, len(cases))))
    return tuple(found)


def _group_of(one: Scored) -> str:
    return one.metric if one.part == "planned" else "all"


def _nearest(cases: Sequence[Scored]) -> list[Scored]:
    """Of each reported figure the newest forecast only: these do not overlap."""
    newest: dict[tuple[str, str, int], Scored] = {}
    for one in sorted(cases, key=lambda one: one.as_of):
        newest[one.subject, one.metric, one.quarter] = one
    return list(newest.values())


__all__ = [
    "MODEL",
    "PLAN",
    "Calibration",
    "NotScored",
    "Scored",
    "Skill",
    "SupplyScore",
    "calibrations",
    "not_scored",
    "score",
    "score_supply",
    "skills",
]
