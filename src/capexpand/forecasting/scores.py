"""Coverage of intervals, and skill beside rivals with a range by block bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from capexpand.forecasting.models import RIVALS, Method
from capexpand.forecasting.rolling import Case
from capexpand.forecasting.series import Floats

SHARES = (0.5, 0.8, 0.95)
"""Central intervals that are counted."""

BLOCK_QUARTERS = 8
"""Neighbouring origins that are drawn together: forecasts so far ahead overlap."""

DRAWS = 2000
SEED = 19
LEAST_OF_A_GROUP = 20
"""Cases that a company and year must have to be shown as a group."""


@dataclass(frozen=True, slots=True)
class Covered:
    """How often the intervals of a group of cases held.

    Args:
        name: of the group.
        cases: in it.
        shares: of the intervals of 50, 80 and 95 % that held.
    """

    name: str
    cases: int
    shares: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Skill:
    """How the model stands beside a rival on the cases that both have.

    Args:
        rival: which.
        company: whose cases; ``all``, or ``all revenue`` and the like for one kind.
        cases: that both have.
        skill: 1 − the model's mean loss over the rival's.
        low: lower end of the 95 % range by block bootstrap; None for a company by itself.
        high: upper end.
    """

    rival: Method
    company: str
    cases: int
    skill: float
    low: float | None
    high: float | None


def covered(name: str, cases: Sequence[Case]) -> Covered:
    """Count how often intervals held.

    Args:
        name: of the group.
        cases: in it, at least one.
    """
    fifty, eighty, most = (sum(case.holds(share) for case in cases) / len(cases) for share in SHARES)
    return Covered(name, len(cases), (fifty, eighty, most))


def grouped(cases: Sequence[Case], key: Callable[[Case], str]) -> tuple[Covered, ...]:
    """Count how often intervals held in each group, in the order of the names.

    Args:
        key: names the group of a case.
    """
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(key(case), []).append(case)
    return tuple(covered(name, groups[name]) for name in sorted(groups))


def company_years(cases: Sequence[Case]) -> tuple[Covered, ...]:
    """Count how often intervals held by company and year of the forecast, in groups of 20 cases or more."""
    found = grouped(cases, lambda case: f"{case.company} {case.day.year}")
    return tuple(each for each in found if each.cases >= LEAST_OF_A_GROUP)


def skills(cases: Sequence[Case]) -> tuple[Skill, ...]:
    """Hold the model against every rival: over all companies and each kind, with ranges, then by company."""
    found: list[Skill] = []
    for rival in RIVALS:
        both = [case for case in cases if rival in case.losses]
        if not both:
            continue
        found.append(_pooled(rival, "all", both))
        kinds = sorted({case.kind for case in both})
        for kind in kinds if len(kinds) > 1 else ():
            of_kind = [case for case in both if case.kind == kind]
            found += [_pooled(rival, f"all {kind}", of_kind)]
        for company in sorted({case.company for case in both}):
            own = [case for case in both if case.company == company]
            found.append(Skill(rival, company, len(own), _skill(rival, own), None, None))
    return tuple(found)


def _skill(rival: Method, cases: Sequence[Case]) -> float:
    beside = sum(case.losses[rival] for case in cases)
    return 1.0 - sum(case.losses["model"] for case in cases) / beside if beside > 0 else 0.0


def _pooled(rival: Method, name: str, cases: Sequence[Case]) -> Skill:
    keys = [(case.company, case.last) for case in cases]
    model, beside = ([case.losses[method] for case in cases] for method in ("model", rival))
    low, high = skill_range(keys, model, beside)
    return Skill(rival, name, len(cases), _skill(rival, cases), low, high)


def skill_range(
    keys: Sequence[tuple[str, int]], losses: Sequence[float], beside: Sequence[float]
) -> tuple[float | None, float | None]:
    """Return the 95 % range of a skill, companies and blocks of quarters being drawn anew with replacement.

    The weight of a case is the product of how often its company and its quarter were drawn (Owen, 2007, The
    pigeonhole bootstrap), quarters in circular blocks (Politis and Romano, 1992).

    Args:
        keys: company, and number of the quarter in which the forecast was made, of each case.
        losses: of a forecast.
        beside: of another on the same cases.
    """
    companies = sorted({company for company, _ in keys})
    first, last = min(quarter for _, quarter in keys), max(quarter for _, quarter in keys)
    sums = np.zeros((2, len(companies), last - first + 1))
    for (company, quarter), loss, other in zip(keys, losses, beside, strict=True):
        at = companies.index(company), quarter - first
        sums[0][at] += loss
        sums[1][at] += other
    generator = np.random.default_rng(SEED)
    drawn = np.array([_drawn(sums, generator) for _ in range(DRAWS)])
    kept = drawn[np.isfinite(drawn)]
    if not kept.size:
        return None, None
    low, high = (float(value) for value in np.quantile(kept, (0.025, 0.975)))
    return low, high


def _drawn(losses: Floats, generator: np.random.Generator) -> float:
    companies, quarters = losses.shape[1:]
    rows = np.bincount(generator.integers(companies, size=companies), minlength=companies)
    block = min(BLOCK_QUARTERS, quarters)
    starts = generator.integers(quarters, size=-(-quarters // block))
    picked = ((starts[:, None] + np.arange(block)) % quarters).reshape(-1)[:quarters]
    columns = np.bincount(picked, minlength=quarters)
    model, rival = np.einsum("mcq,c,q->m", losses, rows, columns)
    return float(1.0 - model / rival) if rival > 0 else np.nan
