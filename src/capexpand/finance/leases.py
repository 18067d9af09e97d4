"""The money of leases with fixed fees and minimum volumes, leases as capital, and their rules anew."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from capexpand.finance.schedule import delivered
from capexpand.model.data import Floats
from capexpand.model.lease_terms import FOREVER
from capexpand.model.leases import capital_equivalents
from capexpand.optimiser.plan import Plan


def leases_as_capital(plan: Plan) -> Floats:
    """Return what leases signed in each quarter are as capital [quarter]; see ``capital_equivalents``."""
    m = plan.data
    result = np.zeros(m.times.count)
    for t in range(m.times.count):
        power, units = capital_equivalents(m, t)
        result[t] = power @ plan.power_ordered_mw[:, t] + units @ plan.ordered[:, :, t].sum(axis=1)
    return result


def counted_in_cap(plan: Plan) -> Floats:
    """Return what of leases counts within the cap [quarter]; nothing unless the case says so."""
    terms = plan.data.lease_terms
    if terms is None or not terms.within_cap:
        return np.zeros(plan.data.times.count)
    return leases_as_capital(plan)


def lease_rules(plan: Plan, above: Callable[[Floats, Floats], float]) -> dict[str, float]:
    """Return how far a plan breaks the longest times of its leases; nothing where there are none.

    Args:
        plan: what is done in each quarter.
        above: by how much values are above limits at most, relative.
    """
    m, terms = plan.data, plan.data.lease_terms
    if terms is None:
        return {}
    quarter = np.arange(m.times.count)
    worst = 0.0
    for part, held, ordered, opening, due, lead in (
        (
            terms.power,
            plan.power_mw,
            plan.power_ordered_mw,
            m.opening.power_mw,
            m.opening.power_due_mw,
            m.power.lead_quarters,
        ),
        (
            terms.units,
            plan.installed.sum(axis=0),
            plan.ordered.sum(axis=1),
            m.opening.installed.sum(axis=0),
            m.opening.units_due.sum(axis=1),
            m.offers.lead_quarters,
        ),
    ):
        for k in np.flatnonzero(part.longest_quarters < FOREVER):
            end = int(part.longest_quarters[k])
            came = delivered(ordered[[k]], lead[[k]])[0] + due[k]
            lately = np.array([came[max(0, t - end + 1) : t + 1].sum() for t in quarter])
            worst = max(worst, above(held[k], lately + np.where(quarter < end, opening[k], 0.0)))
    return {"leases within their longest time": worst}
