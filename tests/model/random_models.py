"""Random small cases that have everything in them, for properties and for the comparison with linopy."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from capexpand.model.churn_costs import ChurnCosts
from capexpand.model.compile import committed_grid, taxes
from capexpand.model.contracts import Contracts
from capexpand.model.data import (
    Budget,
    ModelData,
    OfferOptions,
    OpeningLeases,
    OpeningState,
    PowerOptions,
    Sites,
    Taxes,
    Times,
    Workloads,
)
from capexpand.model.energy_options import EnergyOptions
from capexpand.model.hire_options import HireOptions
from capexpand.model.lease_terms import FOREVER, LeaseTerms, Terms
from capexpand.model.leaseback_terms import Leasebacks
from capexpand.model.redundancy import Redundancy
from capexpand.model.wear import Wear
from capexpand.timevalue import discount_factors, end_discount_factor, quarter_starts

Random = np.random.Generator


def random_model(
    seed: int,
    *,
    quarters: int = 6,
    demands: bool = False,
    whole_sizes: bool = False,
    everything: bool = False,
) -> ModelData:
    """Return a case from a seed.

    Args:
        seed: of the random numbers.
        quarters: length of the horizon.
        demands: whether contracts and obligations may have to be fulfilled at any price; such a case may be
            infeasible, any other has a plan.
        whole_sizes: whether halls and lots are whole.
        everything: whether energy, redundancy, terms of leases and hire are all in it, not by chance.
    """
    sure = 1.0 if everything else 0.0
    rng = np.random.default_rng(seed)
    times = _times(rng, quarters)
    destination = np.array([0, 0, 1])[: rng.integers(1, 4)]
    sites, group, served_by = destination.size, *_groups(rng, destination.size)
    power = _power(rng, sites, quarters)
    offers = _offers(rng, int(destination.max()) + 1, quarters, workloads=4, demands=demands)
    opening = _opening(rng, power, offers, destination, quarters)
    return ModelData(
        title=f"random {seed}",
        currency="CNY",
        times=times,
        destinations=tuple(f"D{i}" for i in range(int(destination.max()) + 1)),
        sites=_sites(rng, destination, group, power, opening),
        power=power,
        offers=offers,
        workloads=_workloads(rng, offers.names, served_by, quarters, demands=demands),
        budget=_budget(rng, times),
        taxes=_taxes(rng, times),
        opening=opening,
        whole_sizes=whole_sizes,
        hours_per_quarter=2000.0,
        energy=_energy(rng, sites, quarters) if rng.random() < max(0.6, sure) else None,
        redundancy=Redundancy(rng.uniform(0.7, 1.0, sites), rng.uniform(0.9, 1.0, len(offers.names)))
        if rng.random() < max(0.5, sure)
        else None,
        lease_terms=_lease_terms(rng, power, offers, quarters) if rng.random() < max(0.6, sure) else None,
        hire=_hire(rng, quarters) if rng.random() < max(0.6, sure) else None,
        churn=ChurnCosts(*rng.uniform(0.0, 0.5, 4) * (rng.random(4) < 0.7)) if rng.random() < 0.6 else None,
    )


def with_leasebacks(m: ModelData, seed: int) -> ModelData:
    """Return a case in which units can be sold and leased back."""
    rng, count = np.random.default_rng(seed), m.times.count
    life = np.full(len(m.offers.names), 99) if m.offers.life_quarters is None else m.offers.life_quarters
    age = rng.integers(0, 2, len(m.offers.names))
    term = np.minimum(rng.integers(1, 4, len(m.offers.names)), np.where(life > 0, life, 99) - age)
    bought = m.offers.price.max(axis=1)
    price = bought.min(axis=1, keepdims=True) * rng.uniform(0.5, 1.0, bought.shape)
    there = m.offers.owned & (term > 0) & (age < m.taxes.server_life_quarters)
    return replace(
        m,
        leasebacks=Leasebacks(
            there=there & (price[:, 0] > 0.0),
            price=price,
            fee=price * rng.uniform(0.02, 0.5, price.shape),
            age=age,
            term=np.maximum(term, 1),
            limit=np.where(
                rng.random((len(price), 1)) < 0.5, rng.uniform(0.0, 5.0, (len(price), count)), np.inf
            ),
        ),
    )


def with_contract(m: ModelData, seed: int) -> ModelData:
    """Return a case whose first workload is a contract on offer, with damages, take-or-pay and prepayment."""
    rng, w = np.random.default_rng(seed), m.workloads
    volume, price = w.demand[:1].sum(axis=1), w.price[:1, 0] * rng.uniform(0.5, 1.5)
    signing = int(rng.integers(0, 2))
    volume[:, :signing] = 0.0
    damages = price * rng.uniform(0.0, 0.5)
    margin_fraction = w.margin_fraction[:1]
    contracts = Contracts(
        workload=np.array([0]),
        offered=np.array([True]),
        signing=np.array([signing]),
        volume=volume,
        price=price,
        margin_fraction=margin_fraction,
        damages=damages,
        unused=rng.uniform(0.0, 0.2) * volume * price,
        prepaid=np.array([float(rng.choice([0.0, 0.3]))]),
    )
    demand, paid, margin = w.demand.copy(), w.price.copy(), w.margin_fraction.copy()
    demand[0], demand[0, 0] = 0.0, volume[0]
    paid[0, 0] = (price + damages)[0]
    margin[0] = ((price * margin_fraction + damages) / (price + damages))[0]
    workloads = replace(w, demand=demand.reshape(w.demand.shape), price=paid, margin_fraction=margin)
    kept = None if m.redundancy is None else replace(m.redundancy, contracts=0.5)
    return replace(m, workloads=workloads, contracts=contracts, redundancy=kept)


def _lease_terms(rng: Random, power: PowerOptions, offers: OfferOptions, quarters: int) -> LeaseTerms:
    def terms(options: PowerOptions | OfferOptions) -> Terms:
        count, rented = len(options.names), ~options.owned
        longer = options.term_quarters + rng.integers(0, 4, count)
        return Terms(
            fixed=rented & (rng.random(count) < 0.6),
            escalation=np.where(rented, rng.uniform(0, 0.1, count), 0.0),
            longest_quarters=np.where(rented & (rng.random(count) < 0.5), longer, FOREVER),
            least=rng.uniform(0, 2, (count, quarters)) * (rented & (rng.random(count) < 0.5))[:, None],
        )

    return LeaseTerms(terms(power), terms(offers), within_cap=bool(rng.random() < 0.5))


def _energy(rng: Random, sites: int, quarters: int) -> EnergyOptions:
    u, on_site = rng.uniform, np.array([False, False, True, True, False])
    shape, places = (5, quarters), np.append(rng.integers(0, sites, 4), 0)
    places[4] = places[0]  # storage stands where the wind blows
    bought = np.array([False, False, False, True, True])[:, None]
    procured = rng.random(sites) < 0.7
    procured[places] = True
    firm = np.where(rng.random((sites, 1)) < 0.5, u(0.5, 1.0, (sites, quarters)), 1.0)
    before = (rng.random(5) < 0.2) & ~bought[:, 0]  # signed before the start: in the first quarter or never
    limit = u(0, 5, shape) * (~before[:, None] | (np.arange(quarters) == 0))
    return EnergyOptions(
        names=("wind", "even", "gas", "plant", "battery"),
        titles=("Wind", "Even", "Gas", "Plant", "Battery"),
        kinds=("pay_as_produced", "baseload", "on_site", "on_site", "storage"),
        site=places,
        on_site=on_site,
        lead_quarters=rng.integers(0, 3, 5),
        term_quarters=rng.integers(1, 7, 5),
        limit_mw=limit,
        price=u(0, 1e-3, shape),
        fee=np.where(on_site[:, None], u(0, 0.5, shape), 0.0),
        output=np.ones((5, 1)) * np.where(np.arange(5)[:, None] == 1, 1.0, u(0.3, 1.0, shape)),
        matched=np.array([0.8, 1.0, 1.0, 1.0, 1.0]),
        surplus=np.array([u(0, 0.6), u(0, 0.6), 0.0, 0.0, 0.0]),
        renewable=np.array([True, False, False, False, False]),
        emitted=np.array([0.0, 0.0, 0.4, 0.3, 0.0]),
        procured=procured,
        capacity_charge=u(0, 0.2, (sites, quarters)) * procured[:, None],
        grid_emitted=u(0, 0.5, sites),
        grid_renewable=u(0, 0.4, (sites, quarters)),
        firm=np.where(procured[:, None], firm, 1.0),
        curtailed=np.where(procured & (firm[:, 0] < 1.0), u(0, 0.2, sites), 0.0),
        carbon_price=u(0, 1e-4, quarters),
        target=np.full(quarters, rng.choice([0.0, 0.3])),
        cost=np.where(bought, u(0.01, 1.0, shape), 0.0),
        deposit=np.append(np.ones(3), u(0, 1, 2)),
        end_fraction=u(0, 1),
        efficiency=np.array([1.0, 1.0, 1.0, 1.0, u(0.6, 1.0)]),
        stores=np.array([[0, 4]]),
        movers=("wind", "even", "gas", "plant", "battery"),
        standing=before,
        kept_worth=before * u(0, 0.5, 5),
    )


def _hire(rng: Random, quarters: int) -> HireOptions:
    u, reserved = rng.uniform, np.array([False, True, True])
    before = np.array([False, False, rng.random() < 0.3])
    return HireOptions(
        names=("C/on-demand", "C/short", "C/long"),
        titles=("On demand", "Short", "Long"),
        ways=("on demand", "reserved", "reserved"),
        offers=("A", "A", "A"),
        reserved=reserved,
        lead_quarters=np.where(reserved, rng.integers(0, 3, 3), 0),
        term_quarters=np.where(reserved, rng.integers(1, 5, 3), 0),
        fee=u(5, 20, (3, quarters)),
        limit=u(0, 4, (3, quarters)) * (~before[:, None] | (np.arange(quarters) == 0)),
        service=u(0.5, 2, (3, 4)) * (rng.random((3, 4)) < 0.7),
        accelerators=np.full(3, 8.0),
        movers=("C/on-demand", "C/short", "C/long"),
        standing=before,
    )


def _times(rng: Random, quarters: int) -> Times:
    starts = quarter_starts(date(2025, 4, 1), quarters + 1)
    rate = float(rng.uniform(0.0, 0.2))
    first = int(rng.integers(0, 3))
    return Times(
        starts=starts[:quarters],
        ends=tuple(day - timedelta(days=1) for day in starts[1:]),
        discount=discount_factors(rate, quarters),
        discount_end=end_discount_factor(rate, quarters),
        window=(first, int(rng.integers(first + 1, quarters + 1))),
    )


def _groups(rng: Random, sites: int) -> tuple[np.ndarray, np.ndarray]:
    may = rng.random((sites, 4)) < 0.8
    served_by, group = np.unique(may, axis=0, return_inverse=True)
    return group.reshape(-1), served_by


def _power(rng: Random, sites: int, quarters: int) -> PowerOptions:
    u = rng.uniform
    hosted = np.flatnonzero(rng.random(sites) < 0.6)
    site = np.concatenate((np.arange(sites), hosted))
    owned = np.arange(site.size) < sites
    shape = (site.size, quarters)
    return PowerOptions(
        names=tuple(f"P{i}" for i in range(site.size)),
        site=site,
        owned=owned,
        lead_quarters=rng.integers(0, 4, site.size),
        term_quarters=np.where(owned, 0, rng.integers(1, 4, site.size)),
        limit_mw=np.where(
            rng.random(shape) < 0.3, 0.0, np.where(rng.random(shape) < 0.3, np.inf, u(0, 8, shape))
        ),
        price=np.where(owned[:, None], u(2, 10, shape), 0.0),
        deposit_fraction=np.where(owned, u(0, 1, site.size), 0.0),
        running_cost=u(0, 0.5, shape),
        exit_cost=np.where(owned[:, None], 0.0, u(0, 0.2, shape)),
        hall_mw=np.where(owned, 0.5, 0.0),
        end_value=np.where(owned, u(0, 2, site.size), 0.0),
    )


def _offers(rng: Random, destinations: int, quarters: int, *, workloads: int, demands: bool) -> OfferOptions:
    u = rng.uniform
    product = np.array([0, 1, 1, 2])  # the second offer can be bought or leased, the third only leased
    owned = np.array([True, True, False, False])
    options, products, shape = 4, 3, (4, destinations, quarters)
    bought = owned[:, None, None]
    lead = rng.integers(0, 4, options)
    life = np.where(owned, rng.choice([0, 0, 3, 5], options), 0)
    after = np.where(owned, rng.choice([0, 1, 2, 4], options), 0)
    limit = np.where(
        rng.random((products, destinations, quarters)) < 0.3,
        np.inf,
        u(0, 8, (products, destinations, quarters)),
    )
    orderable = rng.random(shape) < 0.8
    in_time = np.arange(quarters) + lead[:, None] < quarters
    wanted = np.zeros(limit.shape, dtype=bool)
    np.logical_or.at(wanted, product, orderable & in_time[:, None])
    least = np.where(
        demands & wanted & (rng.random(limit.shape) < 0.2), np.minimum(u(0, 1, limit.shape), limit), 0.0
    )
    offers = OfferOptions(
        names=("A", "B", "B (leased)", "C (leased)"),
        products=("A", "B", "C"),
        product_titles=("A", "B", "C"),
        product=product,
        owned=owned,
        lead_quarters=lead,
        term_quarters=np.where(owned, 0, rng.integers(1, 4, options)),
        price=np.where(bought, u(20, 60, shape), 0.0),
        export_fee=np.zeros(shape),
        import_duty=np.zeros(shape),
        deposit_fraction=np.where(owned, u(0, 1, options), 0.0),
        running_cost=np.where(owned[:, None], u(0, 1, (options, quarters)), u(5, 12, (options, quarters))),
        exit_cost=np.where(
            owned[:, None],
            -(u(0, 15, (options, quarters)) * (rng.random((options, 1)) < 0.5)),
            u(0, 2, (options, quarters)),
        ),
        power_kw=u(200, 900, options),
        draw_fraction=u(0.5, 1, options),
        attrition=np.where(owned, u(0, 0.1, options), 0.0),
        orderable=orderable,
        limit=limit,
        least=least,
        stock=np.where(rng.random(products) < 0.5, np.inf, u(3, 20, products)),
        delayed=np.zeros(options, dtype=np.bool_),
        released=np.ones((options, quarters)),
        life_quarters=life,
        lot=np.array([0.0, 2.0, 0.0, 1.0]),
        end_value=np.where(owned, u(0, 15, options), 0.0),
        accelerators=np.full(products, 8.0),
        compute_pflops=np.ones(products),
        wear=Wear(
            after_quarters=np.where((life > 0) & (after >= life), 0, after),
            attrition=u(0.1, 0.4, options),
            cost=u(0, 2, options),
        )
        if rng.random() < 0.6
        else None,
        settling=np.outer(u(0, 1, options), [0.8, 0.25]) if rng.random() < 0.6 else None,
    )
    return replace(offers, settling=_within_term(offers))


def _within_term(offers: OfferOptions) -> np.ndarray | None:
    """A case refuses units that are handed back before they are in use, and so do these."""
    if offers.settling is None:
        return None
    gone = ~offers.owned & (offers.term_quarters < 2)
    return np.where(gone[:, None], offers.settling * [1.0, 0.0], offers.settling)


def _opening(
    rng: Random, power: PowerOptions, offers: OfferOptions, destination: np.ndarray, quarters: int
) -> OpeningState:
    u, options, kinds = rng.uniform, len(power.names), len(offers.names)
    some = rng.random() < 0.8
    due = (kinds, int(destination.max()) + 1, quarters)
    bound = rng.random() < 0.5  # whether leases of the start are within their term or on order
    whose, which = power.owned | bound, offers.owned | bound
    power_due = np.where(
        whose[:, None] & (rng.random((options, quarters)) < 0.2), u(0, 2, (options, quarters)), 0.0
    )
    units_due = np.where(which[:, None, None] & (rng.random(due) < 0.2), u(0, 2, due), 0.0)
    power_mw = some * u(0, 4, options)
    installed = some * u(0, 4, (destination.size, kinds)) * (rng.random((destination.size, kinds)) < 0.7)
    stands = np.zeros(due[:2])
    np.add.at(stands.T, destination, installed)
    leases = None
    if bound:
        held = (
            ~power.owned * power_mw * u(0, 1, options),
            ~offers.owned[:, None] * stands * u(0, 1, due[:2]),
        )
        freed = tuple(
            _freed(rng, part, np.where(owned, 0.0, coming), terms)
            for part, owned, coming, terms in (
                (held[0], power.owned[:, None], power_due, power.term_quarters),
                (held[1], offers.owned[:, None, None], units_due, offers.term_quarters),
            )
        )
        leases = OpeningLeases(held[0], freed[0], held[1], freed[1])
    return OpeningState(
        power_mw=power_mw,
        power_due_mw=power_due,
        installed=installed,
        units_due=units_due,
        payments_due=u(0, 5, quarters),
        other_revenue=u(0, 30, quarters),
        other_cost=u(0, 40, quarters),
        depreciation=u(0, 10, quarters),
        leases=leases,
    )


def _freed(rng: Random, held: np.ndarray, coming: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """What is held comes out of its term in some quarter, what comes some later, both within a term."""
    freed, last = np.zeros_like(coming), coming.shape[-1] - 1
    for k, term in enumerate(terms.tolist()):
        later = min(int(rng.integers(0, 4)), term)
        freed[k] = np.concatenate((0.0 * coming[k][..., :later], coming[k]), axis=-1)[..., : last + 1]
        freed[k][..., min(int(rng.integers(0, last + 1)), term)] += held[k]
    return freed


def _sites(
    rng: Random, destination: np.ndarray, group: np.ndarray, power: PowerOptions, opening: OpeningState
) -> Sites:
    count, quarters = destination.size, opening.payments_due.size
    effectiveness = rng.uniform(1.1, 1.5, count)
    grid = rng.uniform(1, 20, (count, quarters)) * (rng.random((count, quarters)) < 0.9)
    standing = np.zeros((count, quarters))
    np.add.at(standing, power.site, opening.power_mw[:, None] + np.cumsum(opening.power_due_mw, axis=1))
    return Sites(
        names=tuple(f"S{i}" for i in range(count)),
        titles=tuple(f"Site {i}" for i in range(count)),
        destination=destination,
        grid_mw=grid,
        committed_grid_mw=committed_grid(grid, standing * effectiveness[:, None]),
        power_usage_effectiveness=effectiveness,
        energy_price=rng.uniform(0, 1e-3, (count, quarters)),
        group=group,
    )


def _workloads(
    rng: Random, offers: tuple[str, ...], served_by: np.ndarray, quarters: int, *, demands: bool
) -> Workloads:
    u, roles = rng.uniform, ("external", "internal", "obligation", "obligation")
    kinds, tranches = len(roles), 2
    demand = u(0, 8, (kinds, tranches, quarters)) * (rng.random((kinds, tranches, quarters)) < 0.9)
    must = np.array([False, False, False, demands])
    demand[3] *= 0.02 if demands else 1.0
    return Workloads(
        names=("sold", "used", "owed", "due"),
        titles=("Sold", "Used", "Owed", "Due"),
        roles=roles,
        units=("token", "accelerator_hour", "FLOP", "token"),
        tranches=tranches,
        service=u(0.5, 2, (len(offers), kinds)) * (rng.random((len(offers), kinds)) < 0.8),
        served_by=served_by,
        productivity=np.cumprod(u(1.0, 1.2, (kinds, quarters)), axis=1),
        demand=demand,
        price=u(5, 25, (kinds, tranches, quarters)),
        must_serve=must,
        penalty=u(0, 40, (kinds, quarters)),
        margin_fraction=u(0.5, 1.0, (kinds, quarters)),
        usable_fraction=np.ones(kinds),
    )


def _budget(rng: Random, times: Times) -> Budget:
    quarter = np.arange(times.count)
    inside = (quarter >= times.window[0]) & (quarter < times.window[1])
    cap = np.maximum.accumulate(rng.uniform(50, 400, times.count))
    if rng.random() < 0.5:  # no caps by date
        cap[:] = cap[times.window[1] - 1]
    return Budget(
        cap=np.where(inside, cap, np.inf),
        floor=float(rng.choice([0.0, 0.5, 1.5]) * cap[times.window[1] - 1]),
        floor_penalty=2.0,
        renewal=np.where(inside, np.inf, rng.uniform(0, 40, times.count)),
        renewal_without_programme=rng.uniform(0, 20, times.count),
    )


def _taxes(rng: Random, times: Times) -> Taxes:
    return taxes(
        times,
        rate=float(rng.choice([0.0, 0.25])),
        server_life_quarters=int(rng.integers(1, 10)),
        building_life_quarters=int(rng.integers(1, 30)),
        value_added_tax=float(rng.choice([0.0, 0.13])),
        recovery_quarters=[None, 0, 1, 3][int(rng.integers(4))],
    )


def scaled_money(m: ModelData, factor: float) -> ModelData:
    """Return the case in a currency of which one old unit is worth ``factor``."""
    return replace(
        m,
        churn=None if m.churn is None else _scaled(m.churn, factor, "use", "site", "order", "power_order"),
        hire=None if m.hire is None else _scaled(m.hire, factor, "fee"),
        energy=None
        if m.energy is None
        else _scaled(
            m.energy, factor, "price", "fee", "cost", "capacity_charge", "carbon_price", "kept_worth"
        ),
        sites=_scaled(m.sites, factor, "energy_price"),
        power=_scaled(m.power, factor, "price", "running_cost", "exit_cost", "end_value"),
        offers=_scaled(
            replace(m.offers, wear=None if m.offers.wear is None else _scaled(m.offers.wear, factor, "cost")),
            factor,
            "price",
            "running_cost",
            "exit_cost",
            "end_value",
        ),
        workloads=_scaled(m.workloads, factor, "price", "penalty"),
        budget=_scaled(m.budget, factor, "cap", "floor", "renewal", "renewal_without_programme"),
        opening=_scaled(m.opening, factor, "payments_due", "other_revenue", "other_cost", "depreciation"),
    )


def _scaled(part, factor: float, *names: str):
    return replace(part, **{name: getattr(part, name) * factor for name in names})
