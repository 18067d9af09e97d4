"""Energy in the equations of a quarter: contracts signed, used and left over; renewable; curtailed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capexpand.case.standing import Supply, price_at_signing, supplies
from capexpand.model.ages import aged
from capexpand.model.blocks import ABSENT, Blocks, Indices
from capexpand.model.data import Flags, Floats, ModelData
from capexpand.model.energy_options import EnergyOptions
from capexpand.model.plants import has_plants, plant_options, tax_saved, worth_at_end
from capexpand.model.world import World
from capexpand.timevalue import quarters_spanned

NOTHING_SAID = "the case says only a price of energy"


@dataclass(frozen=True, slots=True)
class Energy:
    """Columns and rows of energy."""

    signed: Indices  # [contract] MW
    used: Indices  # [contract] MWh
    surplus: Indices  # [contract] MWh
    grid: Indices  # [site] MWh
    lost: Indices  # [site, offer option] running units lost to curtailment
    signings: Indices  # [contract, age]
    ever: Indices  # [contract] MW of generators ever signed
    stored: Indices  # [way to store] MWh that come out of storage
    output_rows: Indices  # [contract] used and left over within what is produced
    match_rows: Indices  # [contract] used within what can be used
    balance_rows: Indices  # [site]
    curtailed_rows: Indices  # [site]
    within_rows: Indices  # [site, offer option] lost within what runs
    renewable_rows: Indices  # [1]


@dataclass(frozen=True, slots=True)
class EnergyUse:
    """Columns and rows of a quarter that energy meets."""

    running: Indices  # u [site, offer option]
    sharing_rows: Indices  # [site group, offer option]
    grid_rows: Indices  # [site]
    commitment_rows: Indices  # [site, quarters ahead]


def energy_history(m: ModelData) -> tuple[Indices, Indices]:
    """Return the memory of contracts before the first quarter: none was signed."""
    if m.energy is None:
        return np.zeros((0, 0), dtype=np.int64), np.zeros(0, dtype=np.int64)
    age = int(np.max(m.energy.lead_quarters + m.energy.term_quarters, initial=0))
    count = len(m.energy.names)
    return np.full((count, max(age - 1, 0)), ABSENT), np.full(count, ABSENT)


def add_energy(lp: Blocks, m: ModelData, t: int, before: tuple[Indices, Indices], use: EnergyUse) -> Energy:
    """What is drawn = grid + Σ used;  used + surplus ≤ H · output · contracted;  used ≤ matched · the same.

    The stage charges the energy price for all that is drawn; that is taken back here where a site says more
    of its energy. Fixed costs of a contract are charged when it is signed, each discounted from its quarter.

    Args:
        t: the quarter, from 0.
        before: contracts signed in the quarters before [contract, age], and MW of generators ever signed
            before [contract].
        use: what energy meets.
    """
    history, ever = before
    none, flat = np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.int64)
    if m.energy is None:
        return Energy(none, none, none, none, flat, history, ever, none, none, none, none, none, flat, none)
    o, here, hours = m.energy, (m.times.labels[t],), m.hours_per_quarter
    s = o.site
    in_time = t + o.lead_quarters < m.times.count
    w = lp.columns(
        "signed energy",
        [o.names, here],
        lower=o.least_mw[:, [t]],
        upper=o.limit_mw[:, [t]],
        where=(in_time & (o.limit_mw[:, t] > 0))[:, None],
    )[:, 0]
    signings = np.concatenate((w[:, None], history), axis=1)
    contracted = [
        np.where(age < o.term_quarters, aged(signings, o.lead_quarters + age), ABSENT)
        for age in range(int(o.term_quarters.max(initial=0)))
    ]
    there = np.zeros(len(o.names), dtype=np.bool_)
    for columns in contracted:
        there = there | (columns != ABSENT)
    makes = there & ~o.storage
    e = lp.columns("energy used", [o.names, here], where=makes[:, None])[:, 0]
    f = lp.columns("energy left over", [o.names, here], where=(makes & ~o.on_site)[:, None])[:, 0]
    produced = hours * o.output[:, t]
    output_rows = lp.rows("energy produced", [o.names, here], upper=0.0, where=there[:, None])[:, 0]
    match_rows = lp.rows(
        "energy matched", [o.names, here], upper=0.0, where=(makes & (o.matched < 1.0))[:, None]
    )[:, 0]
    d = _stored(lp, m, t, there=there, output_rows=output_rows, match_rows=match_rows)
    lp.add(output_rows, e)
    lp.add(output_rows, f)
    lp.add(match_rows, e)
    for columns in contracted:
        lp.add(output_rows, columns, -produced)
        lp.add(match_rows, columns, -o.matched * produced)
        lp.add(use.grid_rows[s], columns, -np.where(o.on_site, o.output[:, t], 0.0) / pue(m)[s])
    balance = lp.rows(
        "energy balance", [m.sites.names, here], lower=0.0, upper=0.0, where=o.procured[:, None]
    )[:, 0]
    carried = hours * m.sites.grid_mw[:, [t]]
    g = lp.columns("grid energy", [m.sites.names, here], upper=carried, where=o.procured[:, None])[:, 0]
    drawn = hours * (pue(m)[:, None] * (m.offers.power_kw * m.offers.draw_fraction / 1000.0)[None, :])
    lp.add(balance, g)
    lp.add(balance[s], e)
    lp.add(balance[:, None], use.running, -drawn)
    green = _renewable(lp, m, t, use, drawn=drawn, grid=g, used=e)
    lost, curtailed, within = _curtailed(lp, m, t, use)
    _add_costs(lp, m, o, t, running=use.running, columns=(w, e, f, g), drawn=drawn)
    total = _generators(lp, m, t, use, ever=ever, signings=signings)
    return Energy(
        w, e, f, g, lost, signings, total, d, output_rows, match_rows, balance, curtailed, within, green
    )


def _add_costs(
    lp: Blocks, m: ModelData, o: EnergyOptions, t: int, *,
    running: Indices, columns: tuple[Indices, Indices, Indices, Indices], drawn: Floats,
) -> None:  # fmt: skip
    """Charge a quarter's energy where a site says more of it, and fixed costs where a contract is signed.

    Args:
        running: units [site, option].
        columns: MW signed, energy used and left over [contract], and energy from the grid [site].
        drawn: energy that a running unit draws in a quarter [site, option].
    """
    kept, (w, e, f, g) = m.times.discount[t] * (1.0 - m.taxes.rate), columns
    price, carbon = m.sites.energy_price[:, t], o.carbon_price[t]
    lp.add_cost(running, kept * np.where(o.procured, price, 0.0)[:, None] * drawn)
    reserved = pue(m)[:, None] * (m.offers.power_kw / 1000.0)[None, :]
    lp.add_cost(running, -kept * o.capacity_charge[:, t][:, None] * reserved)
    lp.add_cost(g, -kept * (price + carbon * o.grid_emitted))
    lp.add_cost(e, -kept * (np.where(o.on_site, o.price[:, t], 0.0) + carbon * o.emitted))
    lp.add_cost(f, kept * o.surplus * price[o.site])
    lp.add_cost(w, -charged_when_signed(m, o, t))
    if has_plants(m):
        end = m.times.discount_end * (1.0 - m.taxes.rate)
        lp.add_cost(w, tax_saved(m)[:, t] + end * worth_at_end(m)[:, t])


def _stored(
    lp: Blocks, m: ModelData, t: int, *, there: Flags, output_rows: Indices, match_rows: Indices
) -> Indices:
    """Σ d ≤ H · output · storage;  used + surplus + Σ (1/efficiency − 1) d ≤ produced;  used − Σ d ≤ matched.

    What comes out of storage counts as used of the agreement that filled it.
    """
    o = plant_options(m)
    made, store = o.stores.T
    ways = tuple(f"{o.names[p]} by {o.names[k]}" for p, k in o.stores)
    could = there[made] & there[store]
    d = lp.columns("energy stored", [ways, (m.times.labels[t],)], where=could[:, None])[:, 0]
    lp.add(match_rows[made], d, -1.0)
    lp.add(output_rows[made], d, 1.0 / o.efficiency[store] - 1.0)
    lp.add(output_rows[store], d)
    return d


def _renewable(
    lp: Blocks, m: ModelData, t: int, use: EnergyUse, *, drawn: Floats, grid: Indices, used: Indices
) -> Indices:
    """Σ green · g + Σ e of renewable contracts ≥ target · what is drawn, over all sites that say more."""
    o = m.energy
    if o is None:
        raise ValueError(NOTHING_SAID)
    row = lp.rows("renewable share", [(m.times.labels[t],)], lower=0.0, where=np.array([o.target[t] > 0.0]))
    lp.add(row[0], grid, o.grid_renewable[:, t])
    lp.add(row[0], used, np.where(o.renewable, 1.0, 0.0))
    lp.add(row[0], use.running, -o.target[t] * np.where(o.procured[:, None], drawn, 0.0))
    return row


def _generators(
    lp: Blocks, m: ModelData, t: int, use: EnergyUse, *, ever: Indices, signings: Indices
) -> Indices:
    """Generators ever signed for, which commitments may count on as soon as they are there."""
    o, here = m.energy, (m.times.labels[t],)
    if o is None:
        raise ValueError(NOTHING_SAID)
    w = signings[:, 0]
    there = (o.on_site & ((ever != ABSENT) | (w != ABSENT)))[:, None]
    total = lp.columns("generators ever signed", [o.names, here], where=there)[:, 0]
    sums = lp.rows("generators ever signed", [o.names, here], lower=0.0, upper=0.0, where=there)[:, 0]
    lp.add(sums, total)
    lp.add(sums, ever, -1.0)
    lp.add(sums, w, -1.0)
    relief = o.relief_mw() / pue(m)[o.site]
    for ahead in range(use.commitment_rows.shape[1]):
        rows = use.commitment_rows[o.site, ahead]
        lp.add(rows, total, -relief)
        for age in range(signings.shape[1]):
            coming = (age + ahead < o.lead_quarters) & (total != ABSENT)
            lp.add(rows, np.where(coming, signings[:, age], ABSENT), relief)
    return total


def pue(m: ModelData) -> Floats:
    """Return the power usage effectiveness [site]."""
    return m.sites.power_usage_effectiveness


def charged_when_signed(m: ModelData, o: EnergyOptions, t: int) -> Floats:
    """Return the present value after tax of what 1 MW signed in a quarter costs, but for fuel [contract]."""
    kept = m.times.discount * (1.0 - m.taxes.rate)
    return o.fixed_cost(m.hours_per_quarter)[:, t] @ kept


def _curtailed(lp: Blocks, m: ModelData, t: int, use: EnergyUse) -> tuple[Indices, Indices, Indices]:
    """Σ π l ≥ λ (Σ π u − firm connection), l ≤ u, and Σ_j y ≤ Σ_s (u − l): units switched off."""
    o, here = m.energy, (m.times.labels[t],)
    if o is None:
        raise ValueError(NOTHING_SAID)
    taken = (o.curtailed > 0.0) & (o.firm[:, t] < 1.0)
    serves = use.sharing_rows[m.sites.group] != ABSENT  # what serves nothing loses nothing
    there = taken[:, None] & (use.running != ABSENT) & serves
    lost = lp.columns("curtailed", [m.sites.names, m.offers.names, here], where=there[:, :, None])[:, :, 0]
    firm = m.sites.grid_mw[:, t] * o.firm[:, t] / pue(m)
    rows = lp.rows(
        "curtailed", [m.sites.names, here], lower=(-o.curtailed * firm)[:, None], where=taken[:, None]
    )[:, 0]
    power = np.broadcast_to((m.offers.power_kw / 1000.0)[None, :], lost.shape)
    lp.add(rows[:, None], lost, power)
    lp.add(rows[:, None], use.running, -o.curtailed[:, None] * power)
    lp.add(use.sharing_rows[m.sites.group], lost)
    together = np.bincount(m.sites.group)[m.sites.group] > 1  # alone, l ≤ u follows from sharing
    within = lp.rows(
        "curtailed units",
        [m.sites.names, m.offers.names, here],
        upper=0.0,
        where=(there & together[:, None])[:, :, None],
    )[:, :, 0]
    lp.add(within, lost)
    lp.add(within, use.running, -1.0)
    return lost, rows, within


def _ways_to_store(found: Sequence[Supply]) -> Indices:
    """Agreements of which a part does not match, with each storage at their site [way, 2]."""
    pairs = [
        (p, k)
        for p, made in enumerate(found)
        for k, store in enumerate(found)
        if made.site == store.site
        and store.terms.kind == "storage"
        and made.terms.matched is not None
        and made.terms.matched.value < 1.0
    ]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _kept_worth(world: World, one: Supply) -> float:
    """What a MW that was bought before the start is worth at the end, held to its book as others are."""
    case, signing = world.case, one.signing
    energy = case.sites[one.site].energy
    cost = None if energy is None or signing is None else energy.contracts[one.name].cost
    if cost is None or signing is None:
        return 0.0
    used = world.quarters - signing.lead_quarters
    left = signing.share * max(0.0, 1.0 - used / signing.term_quarters)
    finance = case.finance
    worth = finance.building_end_value.value * float(world.series(cost)[-1])
    if finance.end_value_within_book:
        never = finance.value_added_tax is not None and finance.value_added_tax_recovery is None
        lost = finance.value_added_tax.value if never and finance.value_added_tax else 0.0
        worth = min(worth, (1.0 + lost) * price_at_signing(case, cost, signing))
    return worth * left


def compile_energy(world: World) -> EnergyOptions | None:
    """Return how the sites of a world get their energy, None where no site says more than a price."""
    case = world.case
    sites = list(case.sites.values())
    if all(site.energy is None for site in sites) and case.renewable_share is None:
        return None
    found, places = supplies(case), tuple(case.sites)
    contracts = [one.terms for one in found]
    energies = [site.energy for site in sites]
    firm, curtailed = np.ones((len(sites), world.quarters)), np.zeros(len(sites))
    for i, (site, energy) in enumerate(zip(sites, energies, strict=True)):
        if energy is not None and energy.curtailable is not None:
            grid, more = world.series(site.grid), world.series(energy.curtailable.power)
            firm[i] = np.divide(grid, grid + more, out=np.ones_like(grid), where=grid + more > 0.0)
            curtailed[i] = energy.curtailable.curtailed.value

    def rows(values: list[Floats]) -> Floats:
        return np.array(values).reshape(len(values), world.quarters)

    return EnergyOptions(
        names=tuple(one.full_name for one in found),
        titles=tuple(contract.title for contract in contracts),
        kinds=tuple(contract.kind for contract in contracts),
        site=np.array([places.index(one.site) for one in found], dtype=np.int64),
        on_site=np.array([contract.kind == "on_site" for contract in contracts], dtype=np.bool_),
        lead_quarters=np.array(
            [0 if c.lead_time is None else quarters_spanned(c.lead_time.value) for c in contracts],
            dtype=np.int64,
        ),
        term_quarters=np.array([quarters_spanned(c.term.value) for c in contracts], dtype=np.int64),
        limit_mw=rows([world.series(c.limit, np.inf) for c in contracts]),
        price=rows([world.series(c.price) for c in contracts]),
        fee=rows([world.series(c.fee) for c in contracts]),
        output=rows([world.series(c.output, 1.0) for c in contracts]),
        matched=np.array([world.number(c.matched, 1.0) for c in contracts]),
        surplus=np.array([world.number(c.surplus) for c in contracts]),
        renewable=np.array([c.renewable for c in contracts], dtype=np.bool_),
        emitted=np.array([world.number(c.carbon_intensity) for c in contracts]),
        procured=np.array([energy is not None or case.renewable_share is not None for energy in energies]),
        capacity_charge=rows([world.series(None if e is None else e.capacity_charge) for e in energies]),
        grid_emitted=np.array([world.number(None if e is None else e.carbon_intensity) for e in energies]),
        grid_renewable=rows([world.series(None if e is None else e.renewable) for e in energies]),
        firm=firm,
        curtailed=curtailed,
        carbon_price=world.series(case.finance.carbon_price),
        target=world.series(case.renewable_share),
        cost=rows([world.series(c.cost) for c in contracts]),
        deposit=np.array([world.number(c.deposit, 0.0 if c.cost is None else 1.0) for c in contracts]),
        end_fraction=case.finance.building_end_value.value,
        efficiency=np.array([world.number(c.efficiency, 1.0) for c in contracts]),
        stores=_ways_to_store(found),
        movers=tuple(
            f"{one.site}/{one.name}" if one.signing is None or one.terms.kind == "on_site" else ""
            for one in found
        ),
        standing=np.array([one.signing is not None for one in found], dtype=np.bool_),
        kept_worth=np.array([_kept_worth(world, one) for one in found]),
    )
