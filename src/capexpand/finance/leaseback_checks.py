"""What a plan sells and leases back, checked on arrays: no more than came, all of it handed over in time."""

from __future__ import annotations

import numpy as np

from capexpand.finance.agreement import above, apart
from capexpand.finance.fleet import by_position
from capexpand.model.data import Floats
from capexpand.model.leaseback_values import left_since_sale, left_until_sale
from capexpand.optimiser.plan import Plan


def handed_over(plan: Plan) -> Floats:
    """Return the units that go to the lessor at the end of their term [site, offer option, quarter]."""
    return np.zeros_like(plan.installed) if plan.handed_over is None else plan.handed_over


def handed_over_within_life(plan: Plan) -> Floats:
    """Return units that went to the lessor and would still live and work [option, destination, quarter]."""
    m, sold = plan.data, plan.leased_back
    found = np.zeros_like(plan.ordered)
    if m.leasebacks is None or sold is None:
        return found
    terms, since = m.leasebacks, left_since_sale(m)
    for k in np.flatnonzero(terms.there):
        life = 0 if m.offers.life_quarters is None else int(m.offers.life_quarters[k])
        ends = life - int(terms.age[k]) if life else m.times.count
        for sale in range(m.times.count):
            for t in range(sale + int(terms.term[k]), min(m.times.count, sale + ends)):
                found[k, :, t] += since[k, t - sale] * sold[k, :, sale]
    return found


def leaseback_rules(plan: Plan) -> dict[str, float]:
    """Return the largest violation of each rule of sale and leaseback.

    Args:
        plan: what is done in each quarter.
    """
    m, sold = plan.data, plan.leased_back
    if m.leasebacks is None or sold is None:
        return {}
    terms, count, since, until = m.leasebacks, m.times.count, left_since_sale(m), left_until_sale(m)
    able, due, leased = (np.zeros_like(sold) for _ in range(3))
    for k in np.flatnonzero(terms.there):
        age, term = int(terms.age[k]), int(terms.term[k])
        for t in range(count):
            origin = t - age - int(m.offers.lead_quarters[k])
            if origin >= 0:
                able[k, :, t] = until[k] * plan.ordered[k, :, origin]
            if t >= term:
                due[k, :, t] = since[k, term] * sold[k, :, t - term]
            for sale in range(max(0, t - term + 1), t + 1):
                leased[k, :, t] += since[k, t - sale] * sold[k, :, sale]
    places = len(m.destinations)
    gone = by_position(handed_over(plan), m.sites.destination, places).transpose(1, 0, 2)
    stands = by_position(plan.installed, m.sites.destination, places).transpose(1, 0, 2)
    return {
        "units leased back are units that came": above(sold, able),
        "units leased back within their limit": above(sold.sum(axis=1), terms.limit),
        "units go to the lessor at the end of their term": apart(gone, due),
        "units leased back stand": above(leased, stands),
    }
