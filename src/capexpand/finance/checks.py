"""A second look at a plan: every limit and balance of the formulation, on arrays, without the linear program.

Each rule is written anew from its meaning, so a mistake in the program's rows shows here as a violation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from capexpand.errors import SolverError
from capexpand.finance.agreement import above, apart
from capexpand.finance.bridge import financing_value, objective_of, penalties
from capexpand.finance.debt_checks import financing_rules
from capexpand.finance.energy import energy_rules, lost_units, on_site_mw, relief_mw
from capexpand.finance.fleet import by_position
from capexpand.finance.hire import hire_rules
from capexpand.finance.leaseback_checks import handed_over, handed_over_within_life, leaseback_rules
from capexpand.finance.leases import counted_in_cap, lease_rules
from capexpand.finance.peak import shares_of_peak
from capexpand.finance.schedule import delivered
from capexpand.finance.statements import statement
from capexpand.model.data import Flags, Floats, Integers, ModelData
from capexpand.model.wear import standing_shares
from capexpand.optimiser.plan import Plan

TOLERANCE = 1e-6  # relative to the size of what is compared, at least one unit of it


@dataclass(frozen=True, slots=True)
class Check:
    """How far a plan breaks a rule at most, relative to the size of what is compared."""

    name: str
    violation: float


def check_plan(plan: Plan) -> tuple[Check, ...]:
    """Checks a plan on our own arrays.

    Args:
        plan: what is done in each quarter.

    Returns:
        The largest violation of each rule; all within the tolerance.

    Raises:
        SolverError: a rule is broken by more than the tolerance; the message names each.
    """
    found = violations(plan)
    broken = [check for check in found if check.violation > TOLERANCE]
    if broken:
        named = "; ".join(f"{check.name} by {check.violation:.2g}" for check in broken)
        raise SolverError(f"the plan does not pass our own checks (relative): {named}")
    return found


def violations(plan: Plan) -> tuple[Check, ...]:
    """Returns the largest violation of each rule, whatever its size.

    Args:
        plan: what is done in each quarter.
    """
    found = {
        "nothing negative": _negative(plan),
        **_power_rules(plan),
        **_order_rules(plan),
        **_unit_rules(plan),
        **_service_rules(plan),
        **hire_rules(plan, above),
        **lease_rules(plan, above),
        **leaseback_rules(plan),
        **energy_rules(plan, above, apart),
        **_money_rules(plan),
        **financing_rules(plan),
    }
    return tuple(Check(name, violation) for name, violation in found.items())


def _negative(plan: Plan) -> float:
    units = (plan.ordered, plan.placed, plan.returned, plan.installed, plan.running, plan.serving)
    others = (plan.power_ordered_mw, plan.power_returned_mw, plan.power_mw, plan.sold, plan.unmet, plan.paid)
    return max(above(-values, 0.0) for values in (*units, *others))


def _before(values: Floats, opening: ArrayLike) -> Floats:
    """Stocks at the start of each quarter, from those at its end."""
    return np.concatenate((np.asarray(opening, np.float64)[..., None], values[..., :-1]), axis=-1)


def _whole(values: Floats, lot: Floats) -> float:
    """How far values are from whole lots, where there are lots."""
    lots = values[lot > 0] / lot[lot > 0].reshape(-1, *(1,) * (values.ndim - 1))
    return apart(lots, np.round(lots))


def _in_time(m: ModelData, lead_quarters: Integers) -> np.ndarray:
    return np.arange(m.times.count) + lead_quarters[:, None] < m.times.count


def _power_rules(plan: Plan) -> dict[str, float]:
    m = plan.data
    lead, term = m.power.lead_quarters, m.power.term_quarters
    ordered, returned = plan.power_ordered_mw, plan.power_returned_mw
    arriving = delivered(ordered, lead) + m.opening.power_due_mw
    # rented power can go back when its term is over; what stands at the start has no term left
    past_term = np.cumsum(delivered(ordered, lead + term), axis=1) + m.opening.power_mw[:, None]
    limit = np.where(_in_time(m, lead), m.power.limit_mw, 0.0)
    used = np.einsum("skt,k->st", plan.running, m.offers.power_kw / 1000.0)
    energised = by_position(plan.power_mw, m.power.site, len(m.sites.names))
    return {
        "power balance": apart(
            plan.power_mw, _before(plan.power_mw, m.opening.power_mw) + arriving - returned
        ),
        "power handed back after its term": above(
            np.cumsum(returned, axis=1), np.where(m.power.owned[:, None], 0.0, past_term)
        ),
        "power orders within their limit": above(ordered, limit),
        "whole halls": _whole(ordered, m.power.hall_mw) if m.whole_sizes else 0.0,
        "power commitments within the grid": _commitments(plan, limit > 0),
        "running power within energised power": above(used, energised * m.usable_power[:, None]),
        "running power within the grid": above(
            used * m.sites.power_usage_effectiveness[:, None], m.sites.grid_mw + on_site_mw(plan)
        ),
    }


def _commitments(plan: Plan, orderable: np.ndarray) -> float:
    """What is bound to stand at a site, within the grid counted on, whenever something is ordered.

    That is what stands and is on its way, less rented power that can be handed back by then; from the first
    arrival of what can be ordered in a quarter until all that is on its way has come.
    """
    m, worst = plan.data, 0.0
    lead, site = m.power.lead_quarters, m.power.site
    quarter, sites = np.arange(m.times.count), len(m.sites.names)
    gone, rented = np.cumsum(plan.power_returned_mw, axis=1), ~m.power.owned[:, None]
    connected = m.sites.committed_grid_mw / m.sites.power_usage_effectiveness[:, None]
    last = np.zeros(sites, dtype=np.int64)
    np.maximum.at(last, site, lead)
    for t in quarter:
        known = np.where(quarter <= t, plan.power_ordered_mw, 0.0)
        coming = np.cumsum(delivered(known, lead) + m.opening.power_due_mw, axis=1)
        past_term = np.cumsum(delivered(known, lead + m.power.term_quarters), axis=1)
        free = np.where(rented, past_term + m.opening.power_mw[:, None] - gone[:, [t]], 0.0)
        expected = by_position(plan.power_mw[:, [t]] + coming - coming[:, [t]] - free, site, sites)
        first = np.full(sites, m.times.count)
        np.minimum.at(first, site[orderable[:, t]], lead[orderable[:, t]])
        counted = (quarter >= t + first[:, None]) & (quarter <= t + last[:, None])
        relieved = relief_mw(plan, int(t)) / m.sites.power_usage_effectiveness[:, None]
        worst = max(worst, above(expected, np.where(counted, connected + relieved, np.inf)))
    return worst


def _order_rules(plan: Plan) -> dict[str, float]:
    m = plan.data
    allowed = m.offers.orderable & _in_time(m, m.offers.lead_quarters)[:, None]
    by_offer = by_position(plan.ordered, m.offers.product, len(m.offers.products))
    return {
        "orders of what can be ordered": above(np.where(allowed, 0.0, plan.ordered), 0.0),
        "orders within supply": above(by_offer, m.offers.limit),
        "orders by contract": above(m.offers.least, by_offer),
        "orders within stock": above(by_offer.sum(axis=(1, 2)), m.offers.stock),
        "whole lots": _whole(plan.ordered, m.offers.lot) if m.whole_sizes else 0.0,
    }


def _unit_rules(plan: Plan) -> dict[str, float]:
    m = plan.data
    lead, owned = m.offers.lead_quarters[:, None], m.offers.owned
    destinations = len(m.destinations)
    arriving = delivered(plan.ordered, lead) + m.opening.units_due
    placed = by_position(plan.placed, m.sites.destination, destinations)
    kept = (1.0 - m.offers.attrition)[:, None] * _before(plan.installed, m.opening.installed)
    expected = kept + plan.placed - plan.returned - handed_over(plan)
    gone = by_position(plan.returned, m.sites.destination, destinations).transpose(1, 0, 2)
    standing = by_position(m.opening.installed, m.sites.destination, destinations).T
    past_term = np.cumsum(delivered(plan.ordered, lead + m.offers.term_quarters[:, None]), axis=2)
    able = np.where(m.offers.resold, np.inf, 0.0)[:, None, None]  # owned units are sold as they stand
    free = np.where(owned[:, None, None], able, past_term + standing[:, :, None])
    return {
        "deliveries placed": apart(placed.transpose(1, 0, 2), arriving),
        "owned units": above(plan.installed[:, owned], expected[:, owned]),
        "owned units within their life": _beyond_life(plan, arriving),
        "leased units": apart(plan.installed[:, ~owned], expected[:, ~owned]),
        "units handed back after their term": above(np.cumsum(gone, axis=2), free),
        "units sold at a price": above(
            np.where((owned[:, None] & (m.offers.exit_cost >= 0.0))[None], plan.returned, 0.0), 0.0
        ),
        "worn units": _worn(plan, arriving),
        "failures with age": _failures(plan, kept),
        "running units within installed": above(
            plan.running, (plan.installed - _settling(plan)) * m.usable_units[:, None]
        ),
    }


def _settling(plan: Plan) -> Floats:
    """Units that came lately and are not in use yet [site, offer option, quarter]."""
    shares, waits = plan.data.offers.settling, np.zeros_like(plan.placed)
    if shares is not None:
        for age in range(min(shares.shape[1], plan.data.times.count)):
            came = plan.placed[:, :, : plan.data.times.count - age]
            waits[:, :, age:] += shares[None, :, [age]] * came
    return waits


def _failures(plan: Plan, kept: np.ndarray) -> float:
    """Units that stand or are sold, within what failures leave of those of the quarter before."""
    m, wear = plan.data, plan.data.offers.wear
    if wear is None:
        return 0.0
    places = len(m.destinations)
    left, stay = (
        by_position(units, m.sites.destination, places).transpose(1, 0, 2)
        for units in (kept + plan.placed, plan.installed + plan.returned)
    )
    shares = np.array([standing_shares(*ages, quarters=1) for ages in _ages(m)])[:, :, 0]
    opening = by_position(m.opening.installed, m.sites.destination, places).T
    before = _before(plan.worn_units, (shares[:, 0] - shares[:, 1])[:, None] * opening)
    more = np.where(m.wearing, wear.attrition - m.offers.attrition, 0.0)[:, None, None]
    return above(stay[m.wearing], (left - more * before)[m.wearing])


def _ages(m: ModelData) -> list[tuple[int, int, float, float]]:
    """Life, age of wear and both rates of failure of each option, for what is left of the opening."""
    o, wear = m.offers, m.offers.wear
    count = len(o.names)
    life = np.zeros(count) if o.life_quarters is None else o.life_quarters
    after, lost = (np.zeros(count), o.attrition) if wear is None else (wear.after_quarters, wear.attrition)
    return [(int(life[k]), int(after[k]), float(o.attrition[k]), float(lost[k])) for k in range(count)]


def _worn(plan: Plan, arriving: np.ndarray) -> float:
    """How far fewer units count as worn than stand beyond what is younger, the oldest gone first."""
    m, wear = plan.data, plan.data.offers.wear
    if wear is None:
        return apart(plan.worn_units, 0.0)
    places, quarters = len(m.destinations), np.arange(m.times.count)
    stands = by_position(plan.installed, m.sites.destination, places)
    opening = by_position(m.opening.installed, m.sites.destination, places)
    least = np.zeros_like(stands)
    for k in np.flatnonzero(m.offers.owned & (wear.after_quarters > 0)):
        after, kept = int(wear.after_quarters[k]), 1.0 - m.offers.attrition[k]
        life = after if m.offers.life_quarters is None else int(m.offers.life_quarters[k]) or after
        young = arriving[k] @ _by_age(np.where(quarters < after, kept**quarters, 0.0))
        left = np.maximum(min(after, life) - (quarters + 1), 0) / life * kept ** (quarters + 1)
        least[:, k] = np.maximum(stands[:, k] - young - np.outer(opening[:, k], left), 0.0)
    return above(least, plan.worn_units.transpose(1, 0, 2))


def _beyond_life(plan: Plan, arriving: np.ndarray) -> float:
    """Units at a destination, within those that arrived less than a life ago and have not failed since."""
    m, quarters = plan.data, np.arange(plan.data.times.count)
    lives, places, wear = m.offers.life_quarters, len(m.destinations), m.offers.wear
    if lives is None:
        return 0.0
    sold = np.where(m.offers.owned[:, None], plan.returned, 0.0)
    standing = by_position(plan.installed + sold, m.sites.destination, places)
    standing = standing + handed_over_within_life(plan).transpose(1, 0, 2)
    opening = by_position(m.opening.installed, m.sites.destination, places)
    most = np.full_like(standing, np.inf)
    for k in np.flatnonzero(m.offers.owned & (lives > 0)):
        life, kept = int(lives[k]), 1.0 - m.offers.attrition[k]
        after, worn = (0, kept) if wear is None else (int(wear.after_quarters[k]), 1.0 - wear.attrition[k])
        turn = after or life
        left = kept ** np.minimum(quarters, turn) * worn ** np.maximum(quarters - turn, 0)
        first = np.arange(life)[:, None]  # ages at the start, in equal shares
        fresh = np.clip(turn - first, 0, quarters + 1)
        stood = np.where(first < life - (quarters + 1), kept**fresh * worn ** (quarters + 1 - fresh), 0.0)
        arrived = arriving[k] @ _by_age(np.where(quarters < life, left, 0.0))
        most[:, k] = arrived + np.outer(opening[:, k], stood.sum(axis=0) / life)
    return above(standing, most)


def _by_age(shares: Floats) -> Floats:
    """What is left of each arrival [quarter] in each quarter, from the share left at each age [quarter]."""
    age = np.arange(shares.size) - np.arange(shares.size)[:, None]
    return np.where(age >= 0, shares[np.maximum(age, 0)], 0.0)


def _service_rules(plan: Plan) -> dict[str, float]:
    m = plan.data
    w = m.workloads
    obliged = np.array([role == "obligation" for role in w.roles])[:, None]
    may = w.served_by[:, None, :] & (w.service > 0)
    capacity = np.einsum("gkjt,kj->jt", plan.serving, w.service)  # in volumes of the base date
    if m.hire is not None:
        capacity = capacity + np.einsum("hjt,hj->jt", plan.hire_serving, m.hire.service)
    owed = np.where(obliged, w.demand.sum(axis=1), 0.0) / w.productivity
    given = (plan.sold.sum(axis=1) - plan.unmet) / w.productivity
    return {
        "servers within their peak": above(shares_of_peak(plan), 1.0),
        **_kept_free(plan, may),
        "serving within running": above(
            plan.serving.sum(axis=2) + (0.0 if plan.kept_free is None else plan.kept_free),
            by_position(plan.running - lost_units(plan), m.sites.group, w.served_by.shape[0]),
        ),
        "serving where it is possible": above(np.where(may[..., None], 0.0, plan.serving), 0.0),
        "sold and owed within what is served": above(owed + given, capacity),
        "sold within demand": above(
            plan.sold / w.productivity[:, None],
            np.where(obliged[:, None], 0.0, w.demand / w.productivity[:, None]),
        ),
        "unmet only of obligations with a penalty": above(
            np.where(obliged & ~w.must_serve[:, None], 0.0, plan.unmet), 0.0
        ),
    }


def _kept_free(plan: Plan, may: Flags) -> dict[str, float]:
    """What is kept free could serve each contract once more, by the share that the case asks for."""
    m, free = plan.data, plan.kept_free
    if m.contracts is None or m.redundancy is None or free is None or m.redundancy.contracts == 0.0:
        return {}
    j, w = m.contracts.workload, m.workloads
    able = np.where(may[:, :, j], w.service[None, :, j], 0.0)
    delivered = plan.sold[j, 0] / w.productivity[j]
    could = np.einsum("gkt,gkc->ct", free, able)
    return {"capacity kept free for the largest contract": above(m.redundancy.contracts * delivered, could)}


def _money_rules(plan: Plan) -> dict[str, float]:
    m = plan.data
    first, last = m.times.window
    quarter = np.arange(m.times.count)
    inside = (quarter >= first) & (quarter < last)
    spent = np.cumsum(np.where(inside, plan.paid + counted_in_cap(plan), 0.0))
    total = float(spent[-1])
    growth = m.budget.renewal_growth
    grown = 0.0 if growth is None else growth * spent
    ours = statement(plan)
    return {
        "payments": apart(plan.paid, ours.capital_payments),
        "spent within the budget": above(spent, np.where(inside, m.budget.cap, np.inf)),
        "renewal within its budget": above(plan.paid, np.where(inside, np.inf, m.budget.renewal + grown)),
        "spending floor": above(m.budget.floor if inside.any() else 0.0, total + plan.shortfall),
        "objective": apart(objective_of(m, ours, penalties(plan)) + financing_value(plan, ours), plan.value),
    }
