"""Make all forecasts of one day, from the case and the catalogue as known on it, and freezes it.

``freeze`` works inside the edition of the day: no row that became known later exists there. What it
returns holds
numbers only; scoring takes it as it is. Its bytes do not change with any later row, and a test holds it
to that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Any, cast

from capexpand.case.schema import Case
from capexpand.catalogue import actuals
from capexpand.catalogue.point_in_time import PointInTimeCatalogue, reading_from
from capexpand.forecasting.losses import Quantiles
from capexpand.forecasting.quarters import first_day, label, quarter_of
from capexpand.forecasting.spread import Spread
from capexpand.model.data import ModelData
from capexpand.optimiser.plan import Plan
from capexpand.scenarios.futures import Futures, compile_futures
from capexpand.scenarios.sampling import Scenarios, draw_scenarios
from capexpand.studies.backtest.guidance import UnlikeGuidance, guidance_for
from capexpand.studies.backtest.market import (
    PriceForecast,
    SupplyForecast,
    forecast_prices,
    forecast_supply,
)
from capexpand.studies.backtest.planned import (
    PlannedFigures,
    anchored_ebita,
    anchored_revenue,
    follow,
    quantiles,
)
from capexpand.studies.backtest.replanning import (
    Standing,
    first_open_quarter,
    held_regimes,
    known_data,
    replan,
    standing_wording,
)
from capexpand.studies.backtest.reports import (
    UNITS_PER_AMOUNT,
    ReportedSeries,
    planned_series,
    spending_series,
)
from capexpand.studies.backtest.revenue import REVENUE, forecast_revenue
from capexpand.studies.backtest.spending import SpendingForecast, forecast_spending

EBITA, CAPEX = "cloud_adjusted_ebita", "capex"
PLAN, MODEL = "plan", "model"
DEVIATIONS = {REVENUE: 0.05, EBITA: 0.2}
"""Standard deviation of the logarithm after a quarter, for last value and last growth of the segment:
a revenue that grew by 3 to 7 % a quarter in 2024, a profit of a tenth of it (estimates)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a backtest is made."""

    scenarios: int = 512
    seed: int = 2
    quarters: int = 6  # that the plan is asked for after the day


@dataclass(frozen=True, slots=True)
class FigureForecast:
    """The forecast of a reported figure of one quarter by one method, in the case's millions."""

    metric: str
    method: str
    quarter: int
    horizon: int
    last: float
    forecast: Quantiles


@dataclass(frozen=True, slots=True)
class Frozen:
    """All forecasts of one day. Numbers only: nothing in it can change when more becomes known.

    Args:
        as_of: the day.
        case_hash: of the case's content.
        company: whose programme is planned.
        figures: of the planned company, by the plan and by simple methods.
        prices: list prices of tokens.
        supply: chances that offers can be had freely.
        beside: what the group spends beside the programme [million a quarter], or None.
        bridge: where that is from.
        left_out: announcements that are no guidance for what is reported.
        objective: of the plan, present value in the case's millions.
        regimes: the state in which each regime was taken to be.
        floor: the least amount that the programme is called by then, in the case's millions; None where
            the cap holds.
        payments: of the plan by quarter of the case, in the case's millions, as everything goes as declared.
    """

    as_of: date
    case_hash: str
    company: str
    figures: tuple[FigureForecast, ...]
    prices: tuple[PriceForecast, ...]
    supply: tuple[SupplyForecast, ...]
    beside: float | None
    bridge: str
    left_out: tuple[UnlikeGuidance, ...]
    objective: float
    regimes: tuple[tuple[str, str], ...]
    floor: float | None
    payments: tuple[float, ...]

    def serialised(self) -> bytes:
        """Return all of it as JSON whose bytes are the same for the same content; no digit is rounded."""
        return serialised(self)

    @property
    def digest(self) -> str:
        """A hash of the bytes."""
        return hashlib.sha256(self.serialised()).hexdigest()


@dataclass(frozen=True, slots=True)
class SpendingDay:
    """What the model of spending says on a day of the companies that had just reported, frozen."""

    as_of: date
    spending: tuple[SpendingForecast, ...]

    def serialised(self) -> bytes:
        """Return all of it as JSON whose bytes are the same for the same content; no digit is rounded."""
        return serialised(self)


def freeze_spending(
    known: PointInTimeCatalogue, as_of: date, *, beside: float | None, company: str, first: bool
) -> SpendingDay:
    """Forecast the capital expenditure of companies on a day with what was known on it.

    Args:
        beside: what the planned company's group spends beside its programme, as the case states it.
        company: the planned one.
        first: whether it is the first day; then all that had reported are forecast, else those that did
            on the day.
    """
    with reading_from(known):
        bridge = beside if beside is None else (trailing_rest(company) or (beside, ""))[0]
        fresh = {
            (one.company, one.metric)
            for one in spending_series()
            if first or any(value.known_on == as_of for value in one.values)
        }
        said = forecast_spending(known, as_of, {} if bridge is None else {company: bridge})
    return SpendingDay(as_of, tuple(each for each in said if (each.company, each.metric) in fresh))


def serialised(content: Frozen | SpendingDay) -> bytes:
    """Return frozen content as JSON whose bytes are the same for the same content.

    Args:
        content: a dataclass of numbers, words, days and tuples of these.
    """
    return json.dumps(_plain(content), sort_keys=True, ensure_ascii=False).encode()


def _plain(value: object) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in cast("tuple[object, ...]", value)]
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True, slots=True)
class Day:
    """The forecasts of a day with the plan behind them, for the next day and for regret."""

    frozen: Frozen
    data: ModelData
    plan: Plan
    standing: Standing


def freeze(
    case: Case, known: PointInTimeCatalogue, as_of: date, *, before: Day | None, settings: Settings
) -> Day:
    """Plan and forecast on a day with what was known on it.

    Args:
        case: a strict case, loaded in the edition of its own date.
        as_of: the day, not before the case's.
        before: what was planned on the day before it; None on the case's own.

    Raises:
        CaseError: something that the case needs was not known.
        InfeasibleError: no plan satisfies the case as of the day.
    """
    with reading_from(known):
        company = company_of(case)
        futures = compile_futures(case)
        scenarios = draw_scenarios(futures, settings.scenarios, seed=settings.seed)
        beside, bridge = _beside(case, company)
        standing = _standing(case, as_of, before, beside)
        m = known_data(case, standing, futures)
        plan = replan(m, standing, case)
        figures = _figures(
            case, m, plan, as_of=as_of, futures=futures, scenarios=scenarios, beside=beside, settings=settings
        )
        prices = forecast_prices(
            case, as_of, futures=futures, scenarios=scenarios, quarters=settings.quarters
        )
        supply = (
            forecast_supply(case, as_of, futures=futures, quarters=settings.quarters)
            if before is None
            else ()
        )
        frozen = Frozen(
            as_of=as_of,
            case_hash=case.provenance.content_hash,
            company=company,
            figures=tuple(figures),
            prices=prices,
            supply=supply,
            beside=beside,
            bridge=bridge,
            left_out=_left_out(company, beside),
            objective=plan.solver.objective,
            regimes=tuple(held_regimes(case, as_of, futures).items()),
            floor=standing.floor,
            payments=tuple(float(value) for value in plan.paid),
        )
    return Day(frozen, m, plan, standing)


def company_of(case: Case) -> str:
    """Return the name under which the catalogue has the buyer's reports."""
    return case.reported.company or case.programme.buyer


def _beside(case: Case, company: str) -> tuple[float | None, str]:
    """What the group spends beside the programme, as the company's two totals give it or the case states."""
    stated = case.reported.capital_expenditure_beside
    if stated is None:
        return None, ""
    found = trailing_rest(company)
    if found is not None:
        return found
    why = next((figure.reason or figure.source for _, figure in stated.figures), None)
    return float(stated.values(case.calendar)[0]), why or "stated by the case"


def trailing_rest(company: str) -> tuple[float, str] | None:
    """Return what a group spent beside AI and cloud a quarter, where it gave a total over four quarters.

    Args:
        company: name in the catalogue.

    Returns:
        The mean of a quarter, in the unit of its reports, and where it is from; None without both totals.
    """
    series = planned_series(company, CAPEX)
    rows = [r for r in actuals() if r.company == company and r.metric == "capex_trailing_4q" and r.known_on]
    for row in sorted(rows, key=lambda row: row.quarter_end, reverse=True):
        last, quarters = quarter_of(row.quarter_end), series.single() if series is not None else {}
        if all(quarter in quarters for quarter in range(last - 3, last + 1)):
            total = sum(quarters[quarter] for quarter in range(last - 3, last + 1))
            words = (
                f"group {total:,.0f} less AI and cloud {row.value:,.0f} in the four quarters to {label(last)}"
            )
            return max(total - row.value, 0.0) / 4.0, f"{words}, as reported by {row.known_on}"
    return None


def _standing(case: Case, as_of: date, before: Day | None, beside: float | None) -> Standing:
    if before is None:
        return Standing(as_of, 0)
    decided = min(first_open_quarter(case, as_of), case.calendar.quarters)
    start = quarter_of(case.calendar.start)
    series = planned_series(company_of(case), CAPEX)
    spent_more = 0.0
    if beside is not None and series is not None and series.unit == f"{case.currency}_million":
        spent = {quarter - start: value for quarter, value in series.by_quarter().items() if quarter >= start}
        owed = before.data.opening.payments_due
        spent_more = sum(
            value - beside - float(owed[t]) - float(before.plan.paid[t])
            for t, value in spent.items()
            if t < min(decided, case.calendar.quarters)
        )
    return Standing(as_of, decided, before.plan, spent_more, standing_wording(case, as_of))


def _figures(
    case: Case,
    m: ModelData,
    plan: Plan,
    *,
    as_of: date,
    futures: Futures,
    scenarios: Scenarios,
    beside: float | None,
    settings: Settings,
) -> Iterator[FigureForecast]:
    """What the plan, and simple methods beside it, say of the planned company's figures."""
    start, company = quarter_of(case.calendar.start), company_of(case)
    now = max(quarter_of(as_of), start - 1)
    quarters = min(now - start + 1 + settings.quarters, case.calendar.quarters)
    unit = f"{case.currency}_million"
    series = {
        metric: found
        for metric in (REVENUE, EBITA, CAPEX)
        if (found := planned_series(company, metric)) is not None and found.unit == unit
    }
    lasts = sorted({one.last.quarter - start for one in series.values()})
    followed = follow(
        m,
        plan,
        futures=futures,
        scenarios=scenarios,
        last_reported=lasts,
        quarters=quarters,
        hold_regimes=as_of > case.as_of,
    )
    for metric, one in series.items():
        if metric != CAPEX:
            if metric == REVENUE:
                yield from _modelled(one, as_of, start + quarters)
            yield from _simple(metric, one, start + quarters)
        elif beside is None:
            continue
        figures = followed[lasts.index(one.last.quarter - start)]
        yield from _of_plan(metric, one, figures, series, start=start, beside=beside)


def _of_plan(
    metric: str,
    one: ReportedSeries,
    figures: PlannedFigures,
    series: Mapping[str, ReportedSeries],
    *,
    start: int,
    beside: float | None,
) -> Iterator[FigureForecast]:
    single = {name: {q - start: v for q, v in each.single().items()} for name, each in series.items()}
    last = one.last.quarter - start
    if metric == REVENUE:
        values = anchored_revenue(figures, single[REVENUE], last)
    elif metric == EBITA:
        values = anchored_ebita(figures, single.get(REVENUE, {}), single[EBITA], last)
    else:
        values = figures.payments + (beside or 0.0)
    for t in range(max(last + 1, 0), values.shape[0]):
        ahead = t - last
        yield FigureForecast(metric, PLAN, start + t, ahead, one.last.per_quarter, quantiles(values[t]))


def _modelled(one: ReportedSeries, as_of: date, end: int) -> Iterator[FigureForecast]:
    """The model of reported revenue."""
    if one.last.per_quarter <= 0:
        return
    for ahead, said in forecast_revenue(one, as_of):
        quarter = one.last.quarter + ahead
        if quarter < end:
            yield FigureForecast(REVENUE, MODEL, quarter, ahead, one.last.per_quarter, said)


def _simple(metric: str, one: ReportedSeries, end: int) -> Iterator[FigureForecast]:
    """Last value, and last growth: the newest growth over a year, where it was reported."""
    spread, last = Spread(DEVIATIONS[metric], 4.0), one.last
    yearly = _yearly_growth(one) if metric == REVENUE else None
    for quarter in range(last.quarter + 1, end):
        ahead = quarter - last.quarter
        if last.per_quarter <= 0:
            return
        said = spread.around(last.per_quarter, ahead)
        yield FigureForecast(metric, "last value", quarter, ahead, last.per_quarter, said)
        if yearly is not None:
            grown = said.times((1.0 + yearly) ** (ahead / 4.0))
            yield FigureForecast(metric, "last growth", quarter, ahead, last.per_quarter, grown)


def _yearly_growth(one: ReportedSeries) -> float | None:
    rows = [
        row
        for row in actuals()
        if row.company == one.company
        and row.metric == "cloud_growth_yoy"
        and quarter_of(row.quarter_end) == one.last.quarter
    ]
    return rows[0].value if rows else None


def _left_out(company: str, beside: float | None) -> tuple[UnlikeGuidance, ...]:
    found: list[UnlikeGuidance] = []
    for series in spending_series():
        if series.unit in UNITS_PER_AMOUNT:
            found += guidance_for(series, beside if series.company == company else None)[1]
    return tuple(dict.fromkeys(found))


def days_of(case: Case, everything: PointInTimeCatalogue) -> tuple[date, ...]:
    """Return the case's date and every later day on which its company reported revenue or expenditure.

    The last one is left out where nothing was reported after it.

    Args:
        everything: the catalogue; only the days are read from it, no figure.
    """
    with reading_from(everything):
        found = [planned_series(company_of(case), metric) for metric in (REVENUE, CAPEX)]
    days = {one.known_on for series in found if series is not None for one in series.values}
    end = first_day(quarter_of(case.calendar.start) + case.calendar.quarters)
    later = sorted(day for day in days if case.as_of < day < end)
    return (case.as_of, *later[:-1])


def spending_days(as_of: date, everything: PointInTimeCatalogue) -> tuple[date, ...]:
    """Return a day and every later one on which any company reported capital expenditure.

    Args:
        as_of: the first day.
        everything: the catalogue; only the days are read from it, no figure.
    """
    with reading_from(everything):
        days = {value.known_on for series in spending_series() for value in series.values}
    return (as_of, *sorted(day for day in days if day > as_of))
