"""Backtests a case: plans and forecasts on its day and each later one, frozen first and scored after."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from capexpand.case.schema import Case
from capexpand.catalogue import actuals
from capexpand.catalogue.point_in_time import SHIPPED, PointInTimeCatalogue, reading_from
from capexpand.errors import CaseError, Problem
from capexpand.executing.choosing import engine_on
from capexpand.executing.engine import in_order
from capexpand.pipeline import refuse_objective
from capexpand.studies.backtest.forecast import (
    CAPEX,
    EBITA,
    REVENUE,
    Day,
    Frozen,
    Settings,
    SpendingDay,
    company_of,
    days_of,
    freeze,
    freeze_spending,
    spending_days,
)
from capexpand.studies.backtest.own_series import with_series
from capexpand.studies.backtest.regret import Hindsight, look_back
from capexpand.studies.backtest.reports import planned_series
from capexpand.studies.backtest.scoring import (
    Calibration,
    NotScored,
    Scored,
    SupplyScore,
    calibrations,
    not_scored,
    score,
    score_spending,
    score_supply,
)
from capexpand.studies.backtest.strictness import day_of, load_strict

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Backtest:
    """The forecasts of each day, what was reported, and how they compare.

    Args:
        case: the strict case.
        variant: that was applied.
        settings: of the backtest.
        frozen: the forecasts of the planned company, by day.
        spending: the forecasts of every company's capital expenditure, by day.
        scored: every forecast with its report.
        supply: chances of export status and what was reported.
        left_out: reported figures that are not compared, with the reason.
        calibration: how often intervals held.
        hindsight: the plan under the inputs that came true.
        last_known: the newest day of a report that was scored.
        catalogue_digest: of the edition with the later reports.
    """

    case: Case
    variant: str | None
    settings: Settings
    frozen: tuple[Frozen, ...]
    spending: tuple[SpendingDay, ...]
    scored: tuple[Scored, ...]
    supply: tuple[SupplyScore, ...]
    left_out: tuple[NotScored, ...]
    calibration: tuple[Calibration, ...]
    hindsight: Hindsight
    last_known: date
    catalogue_digest: str


def backtest(
    case: Path | str,
    variant: str | None = None,
    *,
    series: Path | str | None = None,
    edition: PointInTimeCatalogue | None = None,
    settings: Settings | None = None,
    workers: int = 1,
    on: str | Executor | None = None,
    progress: Progress | None = None,
) -> Backtest:
    """Plan a case with what was known on its day, and on each later one, and score it with the reports.

    Args:
        case: a case file, or a folder that holds ``case.yaml``.
        variant: to apply; the case as it stands if absent, or its variant ``strict`` where it has hindsight.
        series: a CSV file with figures of a company, which take the place of its reports in the catalogue.
        edition: the catalogue, the shipped one if absent. Every forecast sees of it what was known on its
            day.
        workers: processes for the forecasts of spending; the result is the same with any number.
        on: where they are made: ``ray`` or ``ray://HOST:PORT`` for a Ray cluster, an executor
            of ``concurrent.futures``, or processes of this machine if None; the result is the same.
        progress: is told what is being done.

    Raises:
        CaseError: the case is wrong or rests on later evidence, or nothing was reported that it could be
            held to.
        InfeasibleError: no plan satisfies the case as of some day.
        SolverError: a program could not be solved.
    """
    everything, chosen = edition or SHIPPED, settings or Settings()
    if series is not None:
        everything = with_series(everything, Path(series))
    tell = progress or _silent
    tell("Reading the case as of its day")
    loaded, applied = load_as_of_its_day(case, variant, everything)
    refuse_objective(loaded, "a backtest")
    days = days_to_forecast(loaded, everything)
    planned: list[Day] = []
    for day in days:
        tell(f"Planning as of {day}")
        before = planned[-1] if planned else None
        planned.append(freeze(loaded, everything.as_known_on(day), day, before=before, settings=chosen))
    frozen = tuple(each.frozen for each in planned)
    tell("Forecasting the spending of all companies")
    origins = spending_days(loaded.as_of, everything)
    work = _Spending(everything, frozen[0].beside, frozen[0].company, loaded.as_of)
    with engine_on(on, workers=workers) as engine, engine.pool(work, most=len(origins)) as pool:
        spending = tuple(found for _, found in in_order(pool, origins))
    tell("Scoring")
    return _scored(loaded, applied, everything, chosen, planned=planned, spending=spending)


@dataclass(frozen=True, slots=True)
class _Spending:
    """Forecasts the spending of all companies on a day, with what was known on it."""

    everything: PointInTimeCatalogue
    beside: float | None
    company: str
    first: date

    def __call__(self, day: date) -> SpendingDay:
        known = self.everything.as_known_on(day)
        first = day == self.first
        return freeze_spending(known, day, beside=self.beside, company=self.company, first=first)


def _silent(_: str) -> None:
    """Tells nobody."""


def _scored(
    case: Case,
    variant: str | None,
    everything: PointInTimeCatalogue,
    settings: Settings,
    *,
    planned: list[Day],
    spending: tuple[SpendingDay, ...],
) -> Backtest:
    """Everything after the forecasts are frozen: only here are later reports read."""
    frozen = tuple(each.frozen for each in planned)
    scored = [one for each in frozen for one in score(each, everything)]
    scored += [one for each in spending for one in score_spending(each, everything)]
    mine = [one for one in scored if one.part == "planned"]
    last = max((one.known_on for one in mine), default=case.as_of)
    return Backtest(
        case=case,
        variant=variant,
        settings=settings,
        frozen=frozen,
        spending=spending,
        scored=tuple(scored),
        supply=score_supply(case, frozen[0], everything, last),
        left_out=not_scored(frozen[0], everything),
        calibration=calibrations(scored),
        hindsight=look_back(case, planned, everything),
        last_known=last,
        catalogue_digest=everything.digest,
    )


def load_as_of_its_day(
    path: Path | str, variant: str | None, everything: PointInTimeCatalogue
) -> tuple[Case, str | None]:
    """Load a case in the catalogue of its own day, so that no later row exists while it is read.

    Args:
        path: a case file, or a folder that holds ``case.yaml``.
        variant: to apply.

    Returns:
        The case, and the variant that was applied.

    Raises:
        CaseError: the case is wrong, or rests on later evidence.
    """
    day = day_of(path, variant)
    with reading_from(everything.as_known_on(day)):
        return load_strict(path, variant)


def days_to_forecast(case: Case, everything: PointInTimeCatalogue) -> tuple[date, ...]:
    """Return the days on which to forecast: the case's own and those of later reports but the last.

    Raises:
        CaseError: there is no buyer, nobody has its reports, or nothing was reported after the case's date.
    """
    company, file = company_of(case), case.provenance.path
    if not company.strip():
        message = "names no buyer whose reports a plan could be held to"
        raise CaseError([Problem(message, path="programme.buyer", file=file)])
    with reading_from(everything):
        series = [
            one for metric in (REVENUE, CAPEX, EBITA) if (one := planned_series(company, metric)) is not None
        ]
        known = sorted({row.company for row in actuals() if "+" not in row.company})
    if not series:
        names = ", ".join(known)
        message = (
            f"the catalogue has no reports of '{company}'; it has those of {names}; "
            "give its own figures as a table (--series)"
        )
        raise CaseError([Problem(message, path="reported.company", file=file)])
    last = max(value.known_on for one in series for value in one.values)
    if last <= case.as_of:
        message = f"{company} reported nothing after {case.as_of}; the newest figure became known on {last}"
        raise CaseError([Problem(message, path="as_of", file=file)])
    return days_of(case, everything)
