"""Terms of leases in the oracle: by vintages, each order remembered by the quarter in which it was placed."""

from __future__ import annotations

import numpy as np


def lease_costs(o):
    """Add the rows of lease terms; return what leases cost more than the fee of the day, and their capital.

    Args:
        o: the oracle under construction, with its orders, power and units.

    Returns:
        What turns weights of quarters into the weighted cost, and capital by quarter.
    """
    m, terms, count = o.m, o.m.lease_terms, o.m.times.count
    if terms is None:
        return (lambda disc: 0.0), None
    disc = m.times.discount
    weighted, capital = [], 0.0
    at = o.member(m.sites.destination, "site", "destination")
    parts = (
        ("power", terms.power, m.power, o.b, o.P, o.F, m.opening.power_mw),
        (
            "offer",
            terms.units,
            m.offers,
            o.x.sum("destination"),
            o.N.sum("site"),
            o.E.sum("destination"),
            m.opening.installed.sum(axis=0),
        ),
    )
    for dim, part, options, orders, held, free, opening in parts:
        fee = options.running_cost
        charged, worth = np.zeros((*fee.shape, count)), np.zeros_like(fee)
        for k in range(len(options.names)):
            for t in range(count):
                for year_quarter in range(int(options.term_quarters[k])):
                    due = t + int(options.lead_quarters[k]) + year_quarter
                    if due >= count or options.owned[k]:
                        continue
                    raised = (1.0 + part.escalation[k]) ** (year_quarter // 4)
                    paid = fee[k, t] * raised if part.fixed[k] else fee[k, due]
                    charged[k, t, due] += part.fixed[k] * paid
                    worth[k, t] += disc[due] / disc[t] * paid
        loose = np.where(part.fixed[:, None], fee, 0.0)
        capital = capital + (orders * o.data(worth, dim, "quarter")).sum(dim)
        unused = o.variable(f"{dim} not taken", dim, "quarter")
        least = o.data(part.least, dim, "quarter")
        o.require(f"least {dim}", held + unused, ">=", least, least > 0)
        weighted.append((dim, orders, charged, free - held, loose, unused, fee))
        held_by = o.N if dim == "offer" else o.P
        placed = o.x if dim == "offer" else o.b
        for k in np.flatnonzero(part.longest_quarters < count + 100):
            name = options.names[k]
            end, lead = int(part.longest_quarters[k]), int(options.lead_quarters[k])
            for t in range(count):
                recent = [q for q in range(count) if t - end < q + lead <= t]
                came = placed.sel({dim: name}, drop=True).isel(quarter=recent).sum("quarter")
                here = held_by.sel({dim: name}, drop=True).isel(quarter=t, drop=True)
                if dim == "power":
                    stood = float(opening[k]) if t < end else 0.0
                    stood += float(m.opening.power_due_mw[k, max(0, t - end + 1) : t + 1].sum())
                    o.model.add_constraints(here - came <= stood, name=f"longest {name} {t}")
                else:
                    stood = np.zeros(len(m.destinations))
                    np.add.at(stood, m.sites.destination, m.opening.installed[:, k] * (t < end))
                    stood += m.opening.units_due[k, :, max(0, t - end + 1) : t + 1].sum(axis=1)
                    limit = o.data(stood, "destination")
                    there = (here * at).sum("site")
                    o.model.add_constraints(there - came <= limit, name=f"longest {name} {t}")

    def total(weights):
        found = 0.0
        for dim, orders, charged, past, loose, unused, fee in weighted:
            found = found + (orders * o.data(charged @ weights, dim, "quarter")).sum()
            found = found + (past * o.data(loose * weights, dim, "quarter")).sum()
            found = found + (unused * o.data(fee * weights, dim, "quarter")).sum()
        return found

    return total, capital if terms.within_cap else None
