"""Leases and colocation in the equations of a quarter: fixed fees, minimum volumes, longest times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.ages import aged
from capexpand.model.blocks import ABSENT, Blocks, Indices
from capexpand.model.data import Floats, Integers, ModelData
from capexpand.model.lease_terms import FOREVER, LeaseTerms, Terms, paid_over
from capexpand.model.world import World
from capexpand.timevalue import quarters_spanned


@dataclass(frozen=True, slots=True)
class Leases:
    """Columns of what is paid for and not held."""

    power: Indices  # [power option]
    units: Indices  # [offer option]


def remembered_quarters(m: ModelData) -> tuple[int, int]:
    """Return how long orders of rented power and leased units are remembered for their longest times."""
    terms = m.lease_terms
    if terms is None:
        return 0, 0
    ends = []
    for part, lead in ((terms.power, m.power.lead_quarters), (terms.units, m.offers.lead_quarters)):
        bounded = part.longest_quarters < FOREVER
        ends.append(int(np.max(np.where(bounded, lead + part.longest_quarters, 0), initial=0)))
    return ends[0], ends[1]


def add_leases(
    lp: Blocks,
    m: ModelData,
    t: int,
    *,
    b: Indices,
    P: Indices,
    F: Indices,
    x: Indices,
    N: Indices,
    E: Indices,
    spending: Indices,
) -> Leases:
    """Fees of the order for the term and of the day after it, P + unused ≥ least, P ≤ what came lately.

    The stage charges the fee of the day for all that is held. Where the fee is fixed, that is taken back
    here: what is within its term was charged at order, each payment discounted from its own quarter, and
    only what is past its term, F and E, pays the fee of the day.

    Args:
        t: the quarter, from 0.
        b: orders of power of this quarter and of those before [power option, age].
        P: rented and own power [power option].
        F: rented power past its term [power option].
        x: orders of units [offer option, destination, age].
        N: units [site, offer option].
        E: leased units past their term [offer option, destination].
        spending: the row that counts what is spent of the cap [1].
    """
    none = Leases(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    terms = m.lease_terms
    if terms is None:
        return none
    here, kept = (m.times.labels[t],), m.times.discount * (1.0 - m.taxes.rate)
    power, units = terms.power, terms.units
    fee_b, fee_x = m.power.running_cost[:, t], m.offers.running_cost[:, t]
    loose_b, loose_x = (
        np.where(part.fixed, kept[t] * fee, 0.0) for part, fee in ((power, fee_b), (units, fee_x))
    )
    lp.add_cost(P, loose_b)
    lp.add_cost(F, -loose_b)
    lp.add_cost(N, loose_x[None, :])
    lp.add_cost(E, -loose_x[:, None])
    lead_b, lead_x = m.power.lead_quarters, m.offers.lead_quarters
    term_b, term_x = m.power.term_quarters, m.offers.term_quarters
    charged_b = np.where(power.fixed, paid_over(power, kept, t, lead=lead_b, term=term_b), 0.0)
    charged_x = np.where(units.fixed, paid_over(units, kept, t, lead=lead_x, term=term_x), 0.0)
    lp.add_cost(b[:, 0], -charged_b * fee_b)
    lp.add_cost(x[:, :, 0], -(charged_x * fee_x)[:, None])
    first, last = m.times.window
    if terms.within_cap and first <= t < last:
        worth_b, worth_x = capital_equivalents(m, t)
        lp.add(spending, b[:, 0], -worth_b)
        lp.add(spending, x[:, :, 0], -worth_x[:, None])
    _longest(lp, m, t, b=b, P=P, x=x, N=N)
    K, O = m.offers.names, m.power.names
    owed_b, owed_x = power.least[:, t], units.least[:, t]
    unused_b = lp.columns("rented power not taken", [O, here], where=(owed_b > 0)[:, None])[:, 0]
    unused_x = lp.columns("leased units not taken", [K, here], where=(owed_x > 0)[:, None])[:, 0]
    rows_b = lp.rows("least rented power", [O, here], lower=owed_b[:, None], where=(owed_b > 0)[:, None])[
        :, 0
    ]
    rows_x = lp.rows("least leased units", [K, here], lower=owed_x[:, None], where=(owed_x > 0)[:, None])[
        :, 0
    ]
    lp.add(rows_b, P)
    lp.add(rows_b, unused_b)
    lp.add(rows_x[None, :], N)
    lp.add(rows_x, unused_x)
    lp.add_cost(unused_b, -kept[t] * fee_b)
    lp.add_cost(unused_x, -kept[t] * fee_x)
    return Leases(unused_b, unused_x)


def capital_equivalents(m: ModelData, t: int) -> tuple[Floats, Floats]:
    """Return what 1 of rented power and of leased units signed in a quarter is in capital [option].

    That is the present value, then, of the fees of its term: at the fee of the day of signing, raised by its
    escalation, or where no fee is fixed at the fees of the days. Of what is owned it is 0.

    Args:
        t: the quarter of signing.
    """
    terms = m.lease_terms
    if terms is None:
        raise ValueError("the case has no terms of leases")
    gamma = m.times.discount / m.times.discount[t]
    found: list[Floats] = []
    for part, fee, owned, lead, term in (
        (terms.power, m.power.running_cost, m.power.owned, m.power.lead_quarters, m.power.term_quarters),
        (terms.units, m.offers.running_cost, m.offers.owned, m.offers.lead_quarters, m.offers.term_quarters),
    ):
        fixed = paid_over(part, gamma, t, lead=lead, term=term) * fee[:, t]
        follows = np.array(
            [float((gamma * fee[k])[t + lead[k] : t + lead[k] + term[k]].sum()) for k in range(len(owned))]
        )
        found.append(np.where(owned, 0.0, np.where(part.fixed, fixed, follows)))
    return found[0], found[1]


def _longest(lp: Blocks, m: ModelData, t: int, *, b: Indices, P: Indices, x: Indices, N: Indices) -> None:
    """P ≤ Σ of what came within the longest time; first in, first out. What stood at the start began then."""
    terms, here = m.lease_terms, (m.times.labels[t],)
    if terms is None:
        return
    ends_b, ends_x = terms.power.longest_quarters, terms.units.longest_quarters
    bounded_b, bounded_x = ends_b < FOREVER, ends_x < FOREVER
    stood = np.where(t < ends_b, m.opening.power_mw, 0.0) + came_lately(m.opening.power_due_mw, t, ends_b)
    rows = lp.rows("longest rented", [m.power.names, here], upper=stood[:, None], where=bounded_b[:, None])[
        :, 0
    ]
    lp.add(rows, P)
    for age in range(int(ends_b[bounded_b].max(initial=0))):
        came = aged(b, m.power.lead_quarters + age)
        lp.add(rows, np.where(age < ends_b, came, ABSENT), -1.0)
    leased = np.zeros((len(m.offers.names), len(m.destinations)))
    np.add.at(leased.T, m.sites.destination, m.opening.installed)
    leased = np.where((t < ends_x)[:, None], leased, 0.0) + came_lately(m.opening.units_due, t, ends_x)
    labels = [m.offers.names, m.destinations, here]
    where = np.broadcast_to(bounded_x[:, None], leased.shape)[:, :, None]
    rows_x = lp.rows("longest leased", labels, upper=leased[:, :, None], where=where)[:, :, 0]
    lp.add(rows_x.T[m.sites.destination], N)
    for age in range(int(ends_x[bounded_x].max(initial=0))):
        lead = np.broadcast_to((m.offers.lead_quarters + age)[:, None], x.shape[:2])
        lp.add(rows_x, np.where((age < ends_x)[:, None], aged(x, lead), ABSENT), -1.0)


def came_lately(due: Floats, t: int, longest: Integers) -> Floats:
    """Return what of the opening state came within the longest time before a quarter [option, ...].

    Args:
        due: [option, ..., quarter].
        t: the quarter.
        longest: [option] quarters.
    """
    quarter = np.arange(due.shape[-1])
    within = (quarter <= t) & (quarter > t - longest[:, None])
    return (due * within.reshape(len(due), *(1,) * (due.ndim - 2), -1)).sum(axis=-1)


def compile_leases(
    world: World, power: tuple[tuple[str, bool], ...], units: tuple[tuple[str, bool], ...]
) -> LeaseTerms | None:
    """Return the terms of leases in a world, None where no case says more than a fee and a least time.

    Args:
        world: the case and its calendar.
        power: [power option] site, and whether it is rented.
        units: [offer option] offer, and whether it is leased.
    """
    case = world.case
    within = case.programme.leases_within_cap
    hosted = [case.sites[name].colocate if rented else None for name, rented in power]
    leased = [case.offers[name].lease if rented else None for name, rented in units]
    parts: list[Terms] = []
    for found in (hosted, leased):
        fixed: list[bool] = []
        escalation: list[float] = []
        longest: list[int] = []
        least: list[Floats] = []
        for terms in found:
            said = None if terms is None else terms.escalation
            fixed.append(said is not None)
            escalation.append(0.0 if said is None else said.value)
            extension = None if terms is None else terms.extension
            end = FOREVER
            if terms is not None and extension is not None:
                end = quarters_spanned(terms.term.value) + quarters_spanned(extension.value)
            longest.append(end)
            least.append(world.series(None if terms is None else terms.minimum))
        parts.append(
            Terms(np.array(fixed), np.array(escalation), np.array(longest, dtype=np.int64), np.array(least))
        )
    said_more = any(
        bool(part.fixed.any() or (part.longest_quarters < FOREVER).any() or (part.least > 0).any())
        for part in parts
    )
    return LeaseTerms(parts[0], parts[1], within) if said_more or within else None
