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
LEAST_HELD = 0.65
"""Share of 80 % intervals that should hold in a group of a company and year."""

NORMAL_80 = 1.2815515655446004  # quantile of the normal distribution at 90 %
WALKS = 1000  # that are drawn to tell what chance brings
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


@dataclass(frozen=True, slots=True)
class CompanyYears:
    """How the 80 % intervals hold in groups of a company and year, beside what chance alone brings.

    Forecasts of one year overlap, so even intervals that are exactly right hold in all or in few of them.

    Args:
        groups: of 20 cases or more.
        least: smallest share that held in one of them.
        below: groups in which less than 65 % held.
        below_by_chance: the same, expected where every interval is exactly right.
        all_hold_by_chance: chance that there is no such group where every interval is exactly right.
    """

    groups: int
    least: float
    below: int
    below_by_chance: float
    all_hold_by_chance: float


def company_years_beside_chance(cases: Sequence[Case]) -> CompanyYears | None:
    """Count the groups of a company and year that hold badly, and how many would by chance; None without any.

    By chance: each series is a random walk whose steps are known in all but their outcome, independent of the
    others, and its intervals are those of the walk; the cases are the same.

    Args:
        cases: all of them.
    """
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(f"{case.company} {case.day.year}", []).append(case)
    large = [group for group in groups.values() if len(group) >= LEAST_OF_A_GROUP]
    if not large:
        return None
    generator = np.random.default_rng(SEED)
    chances = np.array([_chance_below(group, generator) for group in large])
    shares = [covered("", group).shares[1] for group in large]
    return CompanyYears(
        len(large),
        min(shares),
        sum(share < LEAST_HELD for share in shares),
        float(chances.sum()),
        float(np.prod(1.0 - chances)),
    )


def _chance_below(cases: Sequence[Case], generator: np.random.Generator) -> float:
    """The chance that less than 65 % of right 80 % intervals hold in a group of cases."""
    held = np.zeros(WALKS)
    for measure in sorted({case.measure for case in cases}):
        own = [case for case in cases if case.measure == measure]
        first = min(case.last for case in own)
        steps = generator.standard_normal((WALKS, max(case.quarter for case in own) - first))
        walks = np.concatenate((np.zeros((WALKS, 1)), np.cumsum(steps, axis=1)), axis=1)
        last, horizon = (np.array([getattr(case, name) for case in own]) for name in ("last", "horizon"))
        moved = walks[:, last - first + horizon] - walks[:, last - first]
        held += (np.abs(moved) <= NORMAL_80 * np.sqrt(horizon)).sum(axis=1)
    return float((held < LEAST_HELD * len(cases)).mean())


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
