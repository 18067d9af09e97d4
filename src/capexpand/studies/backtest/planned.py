"""Reported figures as the plan implies them, kept to in scenarios of the case's own processes.

What is unknown begins after the last reported quarter: a quarter h quarters later has the spread that the
case's processes have after h quarters. (A policy treats its first quarter as known; on the day nobody
knew it.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from capexpand.finance.schedule import depreciation
from capexpand.forecasting.losses import LEVELS, Quantiles
from capexpand.model.data import Floats, ModelData
from capexpand.optimiser.plan import Plan
from capexpand.policy.accounts import Books
from capexpand.policy.fixed_plans import FixedPlan, FixedPlans
from capexpand.policy.graph import recourse_data
from capexpand.policy.stage_numbers import StageNumbers
from capexpand.policy.stages import state_layout
from capexpand.scenarios.entries import Entry
from capexpand.scenarios.futures import Futures
from capexpand.scenarios.sampling import Scenarios


@dataclass(frozen=True, slots=True)
class PlannedFigures:
    """What follows from keeping to a plan, in the case's millions [quarter, scenario].

    Args:
        cloud_revenue: cash revenue, with that of business outside the case.
        payments: for orders, with those that stood at the start.
        ebita: operating profit before amortisation and interest.
        declared: the same three where everything goes as the case declares [figure, quarter].
    """

    cloud_revenue: Floats
    payments: Floats
    ebita: Floats
    declared: Floats


def follow(
    m: ModelData,
    plan: Plan,
    *,
    futures: Futures,
    scenarios: Scenarios,
    last_reported: Sequence[int],
    quarters: int,
    hold_regimes: bool,
) -> tuple[PlannedFigures, ...]:
    """Keep to a plan in scenarios and read off what would be reported.

    Args:
        m: what was known on the day.
        futures: the case's processes.
        scenarios: drawn from them.
        last_reported: quarters of the plan after which nothing is reported; below 0 where they lie before
            the plan.
        quarters: quarters of the plan to follow, from the first.
        hold_regimes: whether regimes stay in the state that ``m`` has; else they are drawn from their first.

    Returns:
        What follows where the unknown begins after each of those quarters, in their order.
    """
    data = recourse_data(m, futures)
    layout = state_layout(data)
    numbers = [StageNumbers(data, layout, futures.entries, t) for t in range(quarters)]
    fixed, kept = FixedPlans(data, numbers), FixedPlan.of(plan)
    neutral = np.array([entry.neutral for entry in futures.entries])[None, :, None].repeat(quarters, axis=0)
    declared = np.stack(
        [each[:, 0] for each in _figures(m, fixed.follow(kept, neutral), _outside(m, futures, neutral))]
    )
    found: list[PlannedFigures] = []
    for last in last_reported:
        factors = np.stack(
            [_factors(futures, scenarios, t, t - last, held=hold_regimes) for t in range(quarters)]
        )
        outside = _outside(m, futures, factors)
        revenue, payments, ebita = _figures(m, fixed.follow(kept, factors), outside)
        found.append(PlannedFigures(revenue, payments, ebita, declared))
    return tuple(found)


def _factors(futures: Futures, scenarios: Scenarios, quarter: int, ahead: int, *, held: bool) -> Floats:
    """Factors of a quarter [entry, scenario], spread as so many quarters ahead; neutral where reported.

    Delays follow the calendar, since what falls due has its date; all else begins anew on the day of the
    plan. Regimes are drawn from their first state, or held.
    """
    if ahead <= 0:
        return np.array([entry.neutral for entry in futures.entries])[:, None].repeat(scenarios.count, axis=1)
    states = scenarios.states[:, min(quarter, scenarios.quarters - 1)].copy()
    for c, chain in enumerate(futures.chains):
        if chain.is_regime:
            states[c] = chain.initial if held else scenarios.states[c, min(ahead, scenarios.quarters - 1)]
    drivers = scenarios.drivers[:, min(ahead, scenarios.quarters - 1)]
    lag = min(ahead, scenarios.quarters - 1)
    means = futures.normaliser[:, [quarter]] / futures.normaliser[:, [lag]]
    return futures.factors(quarter, drivers, states) * means


def _outside(m: ModelData, futures: Futures, factors: Floats) -> Floats:
    """Revenue outside the case [quarter, scenario], for factors [quarter, entry, scenario]."""
    declared = m.opening.other_revenue[: len(factors), None]
    entry = Entry("other_revenue", "")
    return declared * factors[:, futures.entries.index(entry)] if entry in futures.entries else declared


def _figures(m: ModelData, books: Books, outside: Floats) -> tuple[Floats, Floats, Floats]:
    """Revenue, payments and EBITA [quarter, scenario], with revenue outside the case."""
    here = slice(0, len(outside))
    opening = m.opening
    revenue = books.revenue[here] + outside
    payments = books.paid[here] + opening.payments_due[here, None]
    costs = (books.ordinary + books.energy + books.running + books.exits)[here] + opening.other_cost[
        here, None
    ]
    cost = 1.0 + m.taxes.lost
    servers = depreciation(cost * books.servers_ordered[here].T, m.taxes.server_life_quarters).T
    halls = depreciation(cost * books.buildings_ordered[here].T, m.taxes.building_life_quarters).T
    halls = halls + cost * books.plants_written[here]
    ebita = revenue - costs - servers - halls - opening.depreciation[here, None]
    return revenue, payments, ebita


def quantiles(values: Floats) -> Quantiles:
    """Return the quantiles of a number over scenarios.

    Args:
        values: [scenario].
    """
    low, middle, high = (float(value) for value in np.quantile(values, LEVELS))
    return Quantiles(low, middle, high)


def anchored_revenue(figures: PlannedFigures, reported: Mapping[int, float], last: int) -> Floats:
    """Return cloud revenue [quarter, scenario] set to the level of the newest report.

    The plan's path is multiplied by what was reported of the last quarter over what the plan expected of it.

    Args:
        figures: of the plan.
        reported: revenue by quarter of the plan.
        last: quarter of the plan that was reported last.
    """
    if last not in reported or last < 0 or figures.declared[0, last] <= 0.0:
        return figures.cloud_revenue  # a plan that expected nothing has no level to set
    return figures.cloud_revenue * (reported[last] / float(figures.declared[0, last]))


def anchored_ebita(
    figures: PlannedFigures, revenue: Mapping[int, float], ebita: Mapping[int, float], last: int
) -> Floats:
    """Return EBITA [quarter, scenario] with revenue and margin set to the newest report of both.

    Args:
        figures: of the plan.
        revenue: reported, by quarter of the plan.
        ebita: reported, by quarter of the plan.
        last: quarter of the plan that was reported last.
    """
    expected = figures.declared[0]
    both = [t for t in ebita if 0 <= t <= last and revenue.get(t, 0.0) > 0.0 and expected[t] > 0.0]
    if not both:
        return figures.ebita
    at = max(both)
    shift = ebita[at] / revenue[at] - float(figures.declared[2, at] / expected[at])
    sold = figures.cloud_revenue
    margin = np.divide(figures.ebita, sold, out=np.zeros_like(sold), where=sold > 0.0) + shift
    return anchored_revenue(figures, revenue, max(t for t in revenue if t <= last)) * margin
