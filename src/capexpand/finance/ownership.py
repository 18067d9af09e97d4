"""Total cost of ownership per unit of service: own, lease and hire side by side, on the same grounds.

Each source is taken alone: one unit of it from the first quarter in which it could serve to the end of its
life or of the horizon, fully used. Money and volumes are both in present value, so the ratio is the price at
which the source breaks even before tax:

    cost per volume = Σ_t γ_t (payments + power + energy + upkeep + fees) − γ_T end value, over Σ_t γ_t volume

Power is that of the site where the source is cheapest, built or rented, with its end value, for each group
of sites that may serve the same workloads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.data import Floats, ModelData


@dataclass(frozen=True, slots=True)
class SourceCost:
    """Cost of one source of service, in present value of the plan's start [million]."""

    name: str  # of the offer option or of the way to hire
    title: str
    tenure: str  # bought, leased, on demand, reserved or spot
    place: str  # the site, with how its power is had; empty for a cloud
    first: int  # quarter of the order
    quarters: int  # in which it serves
    units: float  # payments or fees for the unit, less what it is worth at the end
    power: float  # payments or fees for its power, less what that is worth at the end
    energy: float
    upkeep: float
    volume: Floats  # [workload] present value of what it serves; 0 where it cannot

    @property
    def cost(self) -> float:
        """All of it."""
        return self.units + self.power + self.energy + self.upkeep

    @property
    def per_volume(self) -> Floats:
        """Cost per volume served of each workload [workload]; NaN where it cannot serve."""
        return np.divide(
            self.cost, self.volume, out=np.full(self.volume.shape, np.nan), where=self.volume > 0.0
        )


def source_costs(m: ModelData) -> tuple[SourceCost, ...]:
    """Return every source of service of a case, each from the first quarter in which it can be ordered."""
    found = [cost for k in range(len(m.offers.names)) for cost in _owned_or_leased(m, k)]
    return (*found, *_hired(m))


def _served(m: ModelData, units: Floats, service: Floats) -> Floats:
    """Present value of what units [quarter] serve of each workload [workload]."""
    return service * (m.workloads.productivity @ (m.times.discount * units))


def _owned_or_leased(m: ModelData, k: int) -> list[SourceCost]:
    """At the cheapest site of each group of sites that may serve the same workloads."""
    o, count = m.offers, m.times.count
    options: dict[int, list[SourceCost]] = {}
    for s in range(len(m.sites.names)):
        d = int(m.sites.destination[s])
        orderable = np.flatnonzero(o.orderable[k, d])
        if not orderable.size:
            continue
        first = int(orderable[0])
        start = first + int(o.lead_quarters[k])
        life = 0 if o.life_quarters is None or not o.owned[k] else int(o.life_quarters[k])
        last = count if life == 0 else min(count, start + life)
        if start >= last:
            continue
        units = np.zeros(count)
        units[start:last] = (1.0 - o.attrition[k]) ** np.arange(last - start)
        options.setdefault(int(m.sites.group[s]), []).extend(
            _source(m, k, d, s, p, first=first, units=units)
            for p in map(int, np.flatnonzero(m.power.site == s))
            if m.power.limit_mw[p].max() > 0.0 or m.opening.power_mw[p] > 0.0
        )
    return [min(there, key=lambda source: source.cost) for there in options.values() if there]


def _source(m: ModelData, k: int, d: int, s: int, p: int, *, first: int, units: Floats) -> SourceCost:
    """One unit of an offer option in power of one option."""
    o, power, gamma = m.offers, m.power, m.times.discount
    serving = np.flatnonzero(units)
    start, quarters = int(serving[0]), serving.size
    mw = o.power_kw[k] / 1000.0
    hall = mw * m.usable_units[k] / m.usable_power[s]  # of a unit, spares without power of their own
    held = (np.arange(m.times.count) >= start) & (np.arange(m.times.count) <= serving[-1])
    stands = bool(held[-1])
    now = 1.0 if o.lead_quarters[k] == 0 else float(o.deposit_fraction[k])
    paid = now * gamma[first] + (1.0 - now) * gamma[start]
    cost = float(o.price[k, d, first]) * paid
    if o.owned[k]:
        upkeep = float((gamma * units) @ o.running_cost[k])
        cost -= m.times.discount_end * float(o.end_value[k]) * units[-1]
    else:
        upkeep, cost = 0.0, cost + float((gamma * units) @ o.running_cost[k])
        cost += 0.0 if stands else float(gamma[serving[-1]] * o.exit_cost[k, serving[-1]])
    halls = hall * float(power.price[p, max(start - int(power.lead_quarters[p]), 0)]) * gamma[start]
    halls += hall * float((gamma * held) @ power.running_cost[p])
    halls -= m.times.discount_end * hall * float(power.end_value[p]) * stands
    price = m.hours_per_quarter * m.sites.power_usage_effectiveness[s] * m.sites.energy_price[s]
    service = np.where(m.workloads.served_by[m.sites.group[s]], m.workloads.service[k], 0.0)
    return SourceCost(
        name=o.names[k],
        title=o.product_titles[int(o.product[k])],
        tenure="bought" if o.owned[k] else "leased",
        place=power.names[p],
        first=first,
        quarters=quarters,
        units=cost,
        power=halls,
        energy=float((gamma * units * price).sum() * mw * o.draw_fraction[k] * m.usable_units[k]),
        upkeep=upkeep,
        volume=_served(m, units * m.usable_units[k], service),
    )


def _hired(m: ModelData) -> tuple[SourceCost, ...]:
    """Each way to hire; a reservation for one term, the others over the whole horizon."""
    o, gamma, count = m.hire, m.times.discount, m.times.count
    if o is None:
        return ()
    found: list[SourceCost] = []
    for h, name in enumerate(o.names):
        possible = np.flatnonzero(o.limit[h] > 0.0)
        if not possible.size or o.standing[h]:  # no choice any more
            continue
        first = int(possible[0])
        start = first + int(o.lead_quarters[h])
        last = min(count, start + int(o.term_quarters[h])) if o.reserved[h] else count
        if start >= last:
            continue
        units = np.zeros(count)
        units[start:last] = 1.0
        fee = np.full(count, o.fee[h, first]) if o.reserved[h] else o.fee[h]
        found.append(
            SourceCost(
                name=name, title=o.titles[h], tenure=o.ways[h], place="", first=first, quarters=last - start,
                units=float((gamma * units) @ fee), power=0.0, energy=0.0, upkeep=0.0,
                volume=_served(m, units, o.service[h]),
            )
        )  # fmt: skip
    return tuple(found)
