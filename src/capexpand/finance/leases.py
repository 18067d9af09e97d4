"""The money of leases with fixed fees and minimum volumes, leases as capital, and their rules anew."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from capexpand.finance.schedule import delivered
from capexpand.model.data import Floats
from capexpand.model.lease_terms import FOREVER, fees_in_term
from capexpand.model.leases import capital_equivalents
from capexpand.optimiser.plan import Plan


def _past_term(plan: Plan) -> tuple[Floats, Floats]:
    """Rented power and leased units past their term [option, quarter]."""
    m = plan.data
    free_b = np.cumsum(
        delivered(plan.power_ordered_mw, m.power.lead_quarters + m.power.term_quarters)
        - plan.power_returned_mw,
        axis=1,
    )
    free_b = np.where(m.power.owned[:, None], 0.0, free_b + m.opening.power_mw[:, None])
    ends = (m.offers.lead_quarters + m.offers.term_quarters)[:, None]
    freed = delivered(plan.ordered, ends).sum(axis=1) - plan.returned.sum(axis=0)
    free_x = np.cumsum(freed, axis=1) + m.opening.installed.sum(axis=0)[:, None]
    return free_b, np.where(m.offers.owned[:, None], 0.0, free_x)


def lease_adjustment(plan: Plan) -> Floats:
    """Return what leases cost more than the fee of the day for all that is held [quarter].

    Where the fee is fixed, what is within its term pays the fee of its signing; where a minimum is agreed,
    what is not taken is paid for, too.
    """
    m, terms = plan.data, plan.data.lease_terms
    if terms is None:
        return np.zeros(m.times.count)
    free_b, free_x = _past_term(plan)
    held_x = plan.installed.sum(axis=0)
    total = np.zeros(m.times.count)
    for part, fee, held, free, signed, lead, term in (
        (
            terms.power,
            m.power.running_cost,
            plan.power_mw,
            free_b,
            plan.power_ordered_mw,
            m.power.lead_quarters,
            m.power.term_quarters,
        ),
        (
            terms.units,
            m.offers.running_cost,
            held_x,
            free_x,
            plan.ordered.sum(axis=1),
            m.offers.lead_quarters,
            m.offers.term_quarters,
        ),
    ):
        fixed = part.fixed[:, None]
        inside = fees_in_term(part, signed * fee, lead=lead, term=term, chosen=part.fixed)
        total = total + (inside + np.where(fixed, (free - held) * fee, 0.0)).sum(axis=0)
        total = total + (np.maximum(part.least - held, 0.0) * fee).sum(axis=0)
    return total


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
    for part, held, ordered, opening, lead in (
        (terms.power, plan.power_mw, plan.power_ordered_mw, m.opening.power_mw, m.power.lead_quarters),
        (
            terms.units,
            plan.installed.sum(axis=0),
            plan.ordered.sum(axis=1),
            m.opening.installed.sum(axis=0),
            m.offers.lead_quarters,
        ),
    ):
        for k in np.flatnonzero(part.longest_quarters < FOREVER):
            end = int(part.longest_quarters[k])
            came = delivered(ordered[[k]], lead[[k]])[0]
            lately = np.array([came[max(0, t - end + 1) : t + 1].sum() for t in quarter])
            worst = max(worst, above(held[k], lately + np.where(quarter < end, opening[k], 0.0)))
    return {"leases within their longest time": worst}
