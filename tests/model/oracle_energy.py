"""Energy in the oracle: contracts by vintage, balances by site and quarter."""

from __future__ import annotations

import numpy as np


def energy_terms(o):
    """Add the rows of energy; return its cost beyond the energy price, and what the other rows need of it.

    Args:
        o: the oracle under construction, with its running units.

    Returns:
        What turns weights of quarters into the weighted cost before tax; units lost to curtailment [site,
        offer, quarter]; MW that generators add to the connection now; and for each number of quarters ahead
        what they add to what commitments may count on.
    """
    m, e = o.m, o.m.energy
    hours, count, pue = m.hours_per_quarter, m.times.count, m.sites.power_usage_effectiveness
    contracts = list(e.names)
    o.coords["contract"] = contracts
    quarter = np.arange(count)
    in_time = quarter + e.lead_quarters[:, None] < count
    limit = o.data(np.where(in_time, e.limit_mw, 0.0), "contract", "quarter")
    signed = o.variable("energy signed", "contract", "quarter", upper=limit)
    o.require("energy signed before", signed, ">=", o.data(e.least_mw, "contract", "quarter"))
    battery = np.array([kind == "storage" for kind in e.kinds])
    used = o.variable("energy used", "contract", "quarter", exists=o.data(~battery, "contract"))
    surplus = o.variable("surplus", "contract", "quarter", exists=o.data(~e.on_site & ~battery, "contract"))
    o.plants = signed
    grid = o.variable(
        "grid energy",
        "site",
        "quarter",
        upper=o.data(hours * m.sites.grid_mw * e.procured[:, None], "site", "quarter"),
    )
    active = 0.0 * used
    for t in range(count):
        kernel = np.zeros((len(contracts), count))
        for p in range(len(contracts)):
            first = t + int(e.lead_quarters[p])
            kernel[p, first : first + int(e.term_quarters[p])] = 1.0
        active = active + signed.isel(quarter=t, drop=True) * o.data(kernel, "contract", "quarter")
    produced = active * o.data(hours * e.output, "contract", "quarter")
    charged, given, shifted = 0.0 * used, 0.0 * used, 0.0 * used
    for way, (p, k) in enumerate(e.stores):
        through = o.variable(f"stored {way}", "quarter")
        one = lambda i: o.data((np.arange(len(contracts)) == i).astype(float), "contract")  # noqa: E731
        charged = charged + through * (1.0 / e.efficiency[k]) * one(p) - through * one(p)
        shifted, given = shifted + through * one(p), given + through * one(k)
    o.require("produced", used + surplus + charged + given - produced, "<=", 0.0)
    apart = o.data(np.where(battery, 0.0, e.matched), "contract")
    o.require("matched", used - shifted - produced * apart, "<=", 0.0)
    at = o.member(e.site, "contract", "site")
    each = o.data(hours * m.offers.power_kw * m.offers.draw_fraction / 1000.0, "offer")
    drawn = (o.u * each).sum("offer") * o.data(pue, "site")
    procured = o.data(e.procured, "site")
    o.require("energy balance", grid + (used * at).sum("contract") - drawn, "==", 0.0, procured)
    share = (grid * o.data(e.grid_renewable, "site", "quarter")).sum("site")
    share = share + (used * o.data(e.renewable.astype(float), "contract")).sum("contract")
    target = o.data(e.target, "quarter")
    counted = (drawn * procured.astype(float)).sum("site")
    o.require("renewable", share - counted * target, ">=", 0.0, target > 0)
    lost = o.variable("lost", "site", "offer", "quarter", exists=o.data(e.curtailed > 0, "site"))
    reserved = (o.u * o.data(m.offers.power_kw / 1000.0, "offer")).sum("offer")
    gone = (lost * o.data(m.offers.power_kw / 1000.0, "offer")).sum("offer")
    firm = o.data(m.sites.grid_mw * e.firm / pue[:, None] * e.curtailed[:, None], "site", "quarter")
    o.require(
        "curtailed",
        gone - reserved * o.data(e.curtailed, "site"),
        ">=",
        -firm,
        o.data(e.curtailed > 0, "site"),
    )
    price, carbon = m.sites.energy_price, e.carbon_price
    fuel = np.where(e.on_site[:, None], e.price, 0.0) + carbon * e.emitted[:, None]

    def fixed(disc):
        """What is owed for 1 MW by quarter of signing, weighted."""
        cost = np.zeros((len(contracts), count))
        for p in range(len(contracts)):
            for t in range(count):
                first = t + int(e.lead_quarters[p])
                strike = 0.0 if e.on_site[p] else e.price[p, t]
                for q in range(first, min(first + int(e.term_quarters[p]), count)):
                    cost[p, t] += disc[q] * (e.fee[p, t] + strike * hours * e.output[p, q])
        return cost

    total = lambda disc: (  # noqa: E731
        (grid * o.data((price + carbon * e.grid_emitted[:, None]) * disc, "site", "quarter")).sum()
        - (drawn * o.data(np.where(e.procured[:, None], price, 0.0) * disc, "site", "quarter")).sum()
        + (reserved * o.data(pue[:, None] * e.capacity_charge * disc, "site", "quarter")).sum()
        + (used * o.data(fuel * disc, "contract", "quarter")).sum()
        - (surplus * o.data(e.surplus[:, None] * price[e.site] * disc, "contract", "quarter")).sum()
        + (signed * o.data(fixed(disc), "contract", "quarter")).sum()
    )
    now = ((active * o.data(np.where(e.on_site[:, None], e.output, 0.0), "contract", "quarter")) * at).sum(
        "contract"
    )
    relief = o.data(np.where(e.on_site, e.output.min(axis=1), 0.0), "contract")
    ahead = []
    for more in range(int(m.power.lead_quarters.max()) + 1):
        counted_by = 0.0 * used
        for t in range(count):
            kernel = (quarter >= t) & (t + e.lead_quarters[:, None] <= quarter + more)
            counted_by = counted_by + signed.isel(quarter=t, drop=True) * o.data(
                kernel.astype(float), "contract", "quarter"
            )
        ahead.append((counted_by * relief * at).sum("contract"))
    return total, lost, now, ahead


def plant_flows(o):
    """Bills of plants that are bought, and what is added to the books with its term, by quarter.

    Returns:
        Bills by quarters ahead; [(what is delivered by quarter, term)] of each plant.
    """
    e = o.m.energy
    bills, added = {}, []
    for p, name in enumerate(e.names):
        if not e.cost[p].any():
            continue
        signed = o.plants.sel(contract=name, drop=True) * o.data(e.cost[p], "quarter")
        lead = int(e.lead_quarters[p])
        now = 1.0 if lead == 0 else float(e.deposit[p])
        bills[0] = bills.get(0, 0.0) + now * signed
        if lead:
            bills[lead] = bills.get(lead, 0.0) + (1.0 - now) * signed
        added.append((signed.shift(quarter=lead).fillna(0.0) if lead else signed, int(e.term_quarters[p])))
    return bills, added


def plant_shields(o):
    """Tax saved by writing plants off, each over its own term."""
    m, plants = o.m, 0.0
    count = m.times.count
    for added, term in plant_flows(o)[1] if m.energy is not None else ():
        worth = [
            sum(m.times.discount[s] / term for s in range(t, min(t + term, count)))
            + max(0.0, 1.0 - (count - t) / term) * m.times.discount_end
            for t in range(count)
        ]
        saved = m.taxes.rate * (1.0 + m.taxes.lost) * np.array(worth)
        plants = plants + (added * o.data(saved, "quarter")).sum()
    return plants


def plant_worth(o):
    """What each MW that is bought brings at the end, by plant and quarter of order [sum of expressions]."""
    e, last = o.m.energy, o.m.times.count
    lost = 0.0 if o.m.taxes.recovery_quarters is not None else o.m.taxes.value_added_tax
    total = 0.0
    for p, name in enumerate(e.names):
        worth = np.full(last, e.kept_worth[p])
        for t in range(last):
            used = last - (t + int(e.lead_quarters[p]))
            if used > 0:
                left = max(0.0, 1.0 - used / int(e.term_quarters[p]))
                most = e.end_fraction * e.cost[p, -1] * left
                book = (1.0 + lost) * e.cost[p, t] * left
                worth[t] += min(most, book) if o.m.end_value_within_book else most
        total = total + (o.plants.sel(contract=name, drop=True) * o.data(worth, "quarter")).sum()
    return total
