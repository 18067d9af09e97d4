"""Forecast the series of a user's table, and score the method on them by rolling origins."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np

from capexpand.catalogue import history
from capexpand.catalogue.columns import UNIT_TEXTS
from capexpand.catalogue.point_in_time import current, reading_from
from capexpand.errors import CaseError, Problem
from capexpand.files.json_text import JsonObject
from capexpand.forecasting.guidance import Guidance
from capexpand.forecasting.models import FARTHEST
from capexpand.forecasting.panel import Panel
from capexpand.forecasting.quarters import label, quarter_of
from capexpand.forecasting.rolling import Case, method_forecasts, rolling_cases
from capexpand.forecasting.scores import (
    SHARES,
    CompanyYears,
    Covered,
    Skill,
    company_years,
    company_years_beside_chance,
    covered,
    grouped,
    skills,
)
from capexpand.forecasting.series import Kind, Observation, Series, kind_of
from capexpand.forecasting.series_file import read_guidance, read_series

SAME_FIGURES = 4
"""Quarters with the same figures that make two names one company."""


@dataclass(frozen=True, slots=True)
class QuarterForecast:
    """A quarter to come.

    Args:
        company: who.
        measure: of what.
        kind: of the series.
        unit: of the numbers.
        as_of: the day on which the newest figure became known.
        quarter: its number.
        horizon: quarters ahead of the newest figure.
        median: of the forecast.
        intervals: ends of the central intervals of 50, 80 and 95 %.
    """

    company: str
    measure: str
    kind: Kind
    unit: str
    as_of: date
    quarter: int
    horizon: int
    median: float
    intervals: tuple[tuple[float, float], ...]

    @property
    def name(self) -> str:
        """The quarter, such as ``2025Q2``."""
        return label(self.quarter)


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecasts of the quarters to come, and how the same method did on the quarters before.

    Args:
        series: that were forecast, as known on the day.
        ahead: forecasts, by series and quarter.
        cases: every forecast that was scored.
        overall: coverage of all cases; None where there is none.
        by_kind: coverage by spending, revenue and demand.
        by_company: coverage by company.
        by_year: coverage by year of the forecast.
        by_company_and_year: coverage of groups of 20 cases or more.
        company_years: how many of these hold badly, and how many would by chance; None without any.
        skills: beside each rival.
        panel: names of the companies whose growth and errors were pooled.
        notes: what was left out or read in a particular way.
    """

    series: tuple[Series, ...]
    ahead: tuple[QuarterForecast, ...]
    cases: tuple[Case, ...]
    overall: Covered | None
    by_kind: tuple[Covered, ...]
    by_company: tuple[Covered, ...]
    by_year: tuple[Covered, ...]
    by_company_and_year: tuple[Covered, ...]
    company_years: CompanyYears | None
    skills: tuple[Skill, ...]
    panel: tuple[str, ...]
    notes: tuple[str, ...]

    def document(self) -> JsonObject:
        """Return everything but the single cases as one JSON object."""
        names = [f"coverage_{round(share * 100)}" for share in SHARES]
        shares = self.overall.shares if self.overall is not None else (None,) * len(SHARES)
        pooled = [each for each in self.skills if each.company == "all"]
        return {
            "cases": len(self.cases),
            **dict(zip(names, shares, strict=True)),
            "skill": {
                rival.rival: {e.company: e.skill for e in self.skills if e.rival == rival.rival}
                for rival in pooled
            },
            "skill_range": {
                f"{e.rival}, {e.company}": {"cases": e.cases, "skill": e.skill, "low": e.low, "high": e.high}
                for e in self.skills
                if e.low is not None
            },
            "coverage_by_kind": _groups(self.by_kind, names),
            "coverage_by_company": _groups(self.by_company, names),
            "coverage_by_year": _groups(self.by_year, names),
            "coverage_by_company_and_year": _groups(self.by_company_and_year, names),
            "company_years": None if self.company_years is None else asdict(self.company_years),
            "panel": list(self.panel),
            "forecasts": [_forecast_document(each) for each in self.ahead],
            "notes": list(self.notes),
        }


def _groups(groups: Sequence[Covered], names: Sequence[str]) -> dict[str, dict[str, float]]:
    return {each.name: {"cases": each.cases, **dict(zip(names, each.shares, strict=True))} for each in groups}


def _forecast_document(each: QuarterForecast) -> JsonObject:
    ends = {
        f"interval_{round(share * 100)}": list(interval)
        for share, interval in zip(SHARES, each.intervals, strict=True)
    }
    return {
        "company": each.company,
        "measure": each.measure,
        "kind": each.kind,
        "unit": each.unit,
        "as_of": each.as_of.isoformat(),
        "quarter": each.name,
        "horizon": each.horizon,
        "median": each.median,
        **ends,
    }


def forecast(
    series: Path | str,
    guidance: Path | str | None = None,
    *,
    quarters: int = FARTHEST,
    as_of: date | None = None,
) -> Forecasts:
    """Forecast spending, revenue and demand by quarter, and score the forecasts by rolling origins.

    Companies of the catalogue with long histories lend their growth and errors; each series takes its first
    scale from other companies.

    Args:
        series: a CSV file with the columns ``company, measure, quarter_end, value, unit``.
        guidance: a CSV file with what companies said that they would spend.
        quarters: how many to forecast, 1 to 8.
        as_of: the day on which the forecast is made; nothing counts that became known later. The newest
            figure's day if None.

    Raises:
        CaseError: a file or a row does not hold; every problem with its line.
    """
    if not 1 <= quarters <= FARTHEST:
        raise CaseError(
            [Problem(f"quarters is {quarters}; 1 to {FARTHEST} can be forecast", path="quarters")]
        )
    file = read_series(Path(series))
    known, notes = file.series, file.notes
    given: Mapping[tuple[str, str], Sequence[Guidance]] = {}
    if guidance is not None:
        said = read_guidance(Path(guidance), file.series)
        given, notes = said.given, (*notes, *said.notes)
    if as_of is None:
        return forecasts_of(known, given, notes=notes, quarters=quarters)
    known = tuple(kept for each in known if (kept := each.as_known_on(as_of)) is not None)
    if not known:
        raise CaseError([Problem(f"holds no figure that was known on {as_of}", file=Path(series))])
    with reading_from(current().as_known_on(as_of)):
        return forecasts_of(known, given, notes=notes, quarters=quarters)


def forecasts_of(
    series: Sequence[Series],
    guidance: Mapping[tuple[str, str], Sequence[Guidance]],
    *,
    notes: Sequence[str] = (),
    quarters: int = FARTHEST,
) -> Forecasts:
    """Forecast and score series that stand beside the histories of the catalogue.

    Args:
        guidance: by company and measure, the newest last.
        notes: to be handed on.
        quarters: how many to forecast.
    """
    panel = Panel((*series, *others_in_catalogue(series)), guidance)
    companies = sorted({each.company for each in series})
    cases = rolling_cases(panel, companies)
    return Forecasts(
        series=tuple(series),
        ahead=tuple(one for each in series for one in _ahead(panel, each, quarters)),
        cases=cases,
        overall=covered("all", cases) if cases else None,
        by_kind=grouped(cases, lambda case: case.kind),
        by_company=grouped(cases, lambda case: case.company),
        by_year=grouped(cases, lambda case: str(case.day.year)),
        by_company_and_year=company_years(cases),
        company_years=company_years_beside_chance(cases),
        skills=skills(cases),
        panel=tuple(sorted({each.company for each in panel.series})),
        notes=tuple(notes),
    )


def _ahead(panel: Panel, series: Series, quarters: int) -> list[QuarterForecast]:
    day = series.observations[-1].known_on
    origin = panel.origin(series, day)
    found: list[QuarterForecast] = []
    if origin is None:
        return found
    for ahead, methods in enumerate(method_forecasts(panel, origin)[:quarters], start=1):
        said = methods["model"]
        intervals = tuple(
            (_amount(said.quantile(0.5 - share / 2)), _amount(said.quantile(0.5 + share / 2)))
            for share in SHARES
        )
        found.append(
            QuarterForecast(
                series.company,
                series.measure,
                series.kind,
                series.unit,
                day,
                origin.path.last + ahead,
                ahead,
                _amount(said.median),
                intervals,
            )
        )
    return found


def _amount(logarithm: float) -> float:
    """An amount, or the largest number where growth leads beyond all."""
    return math.exp(min(logarithm, 700.0))


def catalogue_series() -> tuple[Series, ...]:
    """Return the long histories that can be forecast, of the edition of the catalogue that stands in."""
    found: dict[tuple[str, str], list[Observation]] = {}
    units: dict[tuple[str, str], str] = {}
    for row in history():
        if row.known_on is not None and kind_of(row.measure) is not None:
            key = row.company, row.measure
            units[key] = UNIT_TEXTS[row.unit]
            found.setdefault(key, []).append(
                Observation(quarter_of(row.quarter_end), row.value, row.known_on)
            )
    return tuple(
        Series.of(company, measure, kind, unit=units[company, measure], observations=observations)
        for (company, measure), observations in found.items()
        if (kind := kind_of(measure)) is not None
    )


def others_in_catalogue(series: Sequence[Series]) -> tuple[Series, ...]:
    """Return the histories of the catalogue of companies that are not among some series.

    A company under another name counts as the same where four quarters have the same figures of one kind: its
    own later figures would else be taken for those of another.

    Args:
        series: those that are there already.
    """
    names = {each.company.casefold() for each in series}
    catalogue = catalogue_series()
    same = {each.company for each in catalogue if any(_same_figures(each, other) for other in series)}
    return tuple(
        each for each in catalogue if each.company not in same and each.company.casefold() not in names
    )


def _same_figures(one: Series, other: Series) -> bool:
    """Whether two series differ by a scale only, as they do where their units differ."""
    if one.kind != other.kind:
        return False
    both = sorted(set(one.first_published) & set(other.first_published))
    ratios = [one.first_published[q].value / other.first_published[q].value for q in both]
    matching = max((sum(abs(r / s - 1.0) < 1e-3 for r in ratios) for s in ratios[:SAME_FIGURES]), default=0)
    scale = np.log10(ratios[0]) if ratios else 0.5
    return matching >= SAME_FIGURES and abs(scale - round(scale)) < 1e-2
