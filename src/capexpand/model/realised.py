"""Puts a future into a compiled case, as a scenario or a lattice node has it.

What commitments may count on (``committed_grid_mw``), budgets, taxes, end values, maintenance and the opening
state stay as declared, so that a promise made under one future can be kept in every other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from capexpand.model.contracts import ContractConstants, Contracts
from capexpand.model.data import (
    Floats,
    ModelData,
    OfferOptions,
    OpeningState,
    PowerOptions,
    Sites,
    Workloads,
)
from capexpand.model.energy_options import EnergyOptions
from capexpand.model.hire_options import HireOptions
from capexpand.scenarios.entries import Entry, EntryKind


def realise_quarter(m: ModelData, entries: Sequence[Entry], factors: Floats, quarter: int) -> ModelData:
    """Returns a compiled case with the numbers of one quarter as a node, or an outcome of it, has them.

    Args:
        m: the compiled case as declared.
        factors: [entry] of the quarter.
        quarter: from 0; every other quarter stays as declared.
    """
    path = np.array([entry.neutral for entry in entries])[:, None].repeat(m.times.count, axis=1)
    path[:, quarter] = factors
    return realise(m, entries, path)


def realise(m: ModelData, entries: Sequence[Entry], factors: Floats) -> ModelData:
    """Returns a compiled case with all quarters as a scenario has them.

    Args:
        m: the compiled case as declared.
        factors: [entry, quarter], for example ``Scenarios.path(s)``, or ``Futures.mean`` for the mean path.
    """
    moved = _Moved(entries, factors)
    return replace(
        m,
        sites=_sites(m.sites, moved),
        power=_power(m.power, m.sites, moved),
        offers=_offers(m.offers, m.destinations, moved),
        workloads=_workloads(m.workloads, moved),
        hire=None if m.hire is None else _hire(m.hire, moved),
        energy=None if m.energy is None else _energy(m.energy, moved),
        financing=None if m.financing is None else m.financing.moved(moved.of),
        opening=_opening(m, moved),
        contracts=_contracts(m, moved),
    )


def _energy(energy: EnergyOptions, moved: _Moved) -> EnergyOptions:
    return replace(energy, price=energy.price * moved.each("contract_energy_price", energy.names))


def contract_rates(m: ModelData, moved: _Moved) -> Floats:
    """Returns the factors on the price of each contract [contract, quarter]: only exchange rates move it."""
    names = [] if m.contracts is None else [m.workloads.names[j] for j in m.contracts.workload]
    return moved.each("base_price", names) / moved.each("productivity", names)


def _contracts(m: ModelData, moved: _Moved) -> Contracts | None:
    """What was paid in advance stays as it was.

    Of a contract on offer that productivity moves, damages and what is not taken stay at the declared
    exchange rate: a number of the program may depend on one factor.
    """
    c = m.contracts
    if c is None:
        return None
    rate = contract_rates(m, moved)
    uncertain = np.array([moved.has("productivity", m.workloads.names[j]) for j in c.workload])
    rate = np.where((c.offered & uncertain)[:, None], 1.0, rate)  # two numbers at one place of the program
    return replace(
        c,
        price=c.price * rate,
        damages=c.damages * rate,
        unused=c.unused * rate,
        agreed=c.bills if c.agreed is None else c.agreed,
    )


def _opening(m: ModelData, moved: _Moved) -> OpeningState:
    """Other revenue, and what contracts bring whatever is delivered, at the exchange rate of the future."""
    opening, outside = m.opening, moved.of("other_revenue", "")
    before = ContractConstants.of(m.contracts, m.times.count)
    now = ContractConstants.of(m.contracts, m.times.count, contract_rates(m, moved))
    return replace(
        opening,
        other_revenue=(opening.other_revenue - before.unused) * outside + now.unused,
        other_cost=opening.other_cost - before.damages + now.damages,
    )


class _Moved:
    """Looks up the factors of an entry [quarter]; what is not moved is neutral."""

    def __init__(self, entries: Sequence[Entry], factors: Floats) -> None:
        self._rows = {(e.kind, e.name, e.destination): row for e, row in zip(entries, factors, strict=True)}
        self._quarters = factors.shape[1]

    def of(self, kind: EntryKind, name: str, destination: str | None = None) -> Floats:
        """Returns the factors of one entry [quarter]."""
        neutral = Entry(kind, name, destination).neutral
        return self._rows.get((kind, name, destination), np.full(self._quarters, neutral))

    def has(self, kind: EntryKind, name: str) -> bool:
        """Returns whether anything moves an entry."""
        return (kind, name, None) in self._rows

    def each(self, kind: EntryKind, names: Sequence[str]) -> Floats:
        """Returns the factors of one kind [name, quarter]."""
        return np.array([self.of(kind, name) for name in names]).reshape(len(names), self._quarters)


def _sites(sites: Sites, moved: _Moved) -> Sites:
    return replace(
        sites,
        grid_mw=sites.grid_mw * moved.each("grid", sites.names),
        energy_price=sites.energy_price * moved.each("energy_price", sites.names),
    )


def _power(power: PowerOptions, sites: Sites, moved: _Moved) -> PowerOptions:
    names = [sites.names[site] for site in power.site]
    own = power.owned[:, None]
    limit = np.where(own, moved.each("build_limit", names), 1.0)
    fee = np.where(own, 1.0, moved.each("colocation_fee", names))
    return replace(
        power,
        limit_mw=_limited(power.limit_mw, limit),
        price=power.price * np.where(own, moved.each("build_cost", names), 1.0),
        running_cost=power.running_cost * fee,
        exit_cost=power.exit_cost * np.where(own, 1.0, moved.each("power_exit_cost", names)),
    )


def _offers(offers: OfferOptions, destinations: tuple[str, ...], moved: _Moved) -> OfferOptions:
    names = [offers.products[product] for product in offers.product]
    cost = moved.each("purchase_price", names)[:, None, :]
    added = np.array([[moved.of("export_fee", name, place) for place in destinations] for name in names])
    listed = (offers.price - offers.export_fee - offers.import_duty) * cost
    fee, duty = offers.export_fee * cost + listed * added, offers.import_duty * cost
    supply = np.array(
        [[moved.of("supply_limit", name, place) for place in destinations] for name in offers.products]
    )
    limit = _limited(offers.limit, supply)
    own = offers.owned[:, None]
    lease = np.where(own, 1.0, moved.each("lease_fee", names))
    leaving = np.where(own, moved.each("resale_price", names), moved.each("unit_exit_cost", names))
    return replace(
        offers,
        price=listed + fee + duty,
        export_fee=fee,
        import_duty=duty,
        limit=limit,
        least=offers.least * supply,  # what is cut is cut for contracts, too
        running_cost=offers.running_cost * lease,
        exit_cost=offers.exit_cost * leaving,
        released=offers.released * moved.each("delivery", names),
    )


def _hire(hire: HireOptions, moved: _Moved) -> HireOptions:
    limit = _limited(hire.limit, moved.each("hire_limit", hire.names))
    return replace(hire, fee=hire.fee * moved.each("hire_fee", hire.names), limit=limit)


def _workloads(workloads: Workloads, moved: _Moved) -> Workloads:
    """D = (D/φ) φ, p = (p·φ) / φ, v = (v·φ) / φ: the products take their factors, whatever φ is."""
    names = workloads.names
    phi = moved.each("productivity", names)
    return replace(
        workloads,
        productivity=workloads.productivity * phi,
        demand=workloads.demand * (moved.each("base_demand", names) * phi)[:, None, :],
        price=workloads.price * (moved.each("base_price", names) / phi)[:, None, :],
        penalty=workloads.penalty * moved.each("base_penalty", names) / phi,
    )


def _limited(limit: Floats, factor: Floats) -> Floats:
    """A limit times a factor; no limit stays none unless the factor is 0."""
    with np.errstate(invalid="ignore"):
        return np.where(factor == 0.0, 0.0, limit * np.where(factor == 0.0, 1.0, factor))
