"""Compiles contracts with customers, and puts those that are signed into the case as constants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from capexpand.case.contracts import Contract
from capexpand.case.schema import Workload
from capexpand.model.contracts import Contracts
from capexpand.model.data import Floats, ModelData
from capexpand.model.financing import Financing
from capexpand.model.world import World


def with_contracts(world: World, m: ModelData) -> ModelData:
    """Returns a compiled case with its contracts; without any it is the same.

    Args:
        world: the case and its calendar.
        m: the case compiled as if contracts were plain workloads.
    """
    named = [(j, w) for j, w in enumerate(world.case.workloads.values()) if w.contract is not None]
    if not named:
        return m
    w = m.workloads
    terms = [_terms(world, workload, w.demand[j].sum(axis=0), w.price[j, 0]) for j, workload in named]
    position = np.array([j for j, _ in named], dtype=np.int64)
    volume, price, damages, unused = (np.array(each) for each in zip(*terms, strict=True))
    margin = w.margin_fraction[position]
    contracts = Contracts(
        workload=position,
        offered=np.array([_of(each).offered_until is not None for _, each in named]),
        signing=np.array([_signing(world, each) for _, each in named], dtype=np.int64),
        volume=volume,
        price=price,
        margin_fraction=margin,
        damages=damages,
        unused=unused,
        prepaid=np.array([0.0 if (p := _of(each).prepayment) is None else p.value for _, each in named]),
    )
    demand, paid, kept = w.demand.copy(), w.price.copy(), w.margin_fraction.copy()
    demand[position] = 0.0
    demand[position, 0] = volume
    paid[position, 0] = price + damages
    kept[position] = (price * margin + damages) / np.maximum(price + damages, 1e-300)
    workloads = replace(w, demand=demand, price=paid, margin_fraction=kept)
    financing = _lent_on(
        world, m.financing, [name for name in w.names if world.case.workloads[name].contract], contracts
    )
    return _signed(
        replace(m, workloads=workloads, contracts=contracts, financing=financing),
        np.where(contracts.offered, 0.0, 1.0),
    )


def _lent_on(
    world: World, financing: Financing | None, names: list[str], contracts: Contracts
) -> Financing | None:
    """What may be owed for each contract: a share of what it will bill after a quarter, until it ends.

    Nothing before it is signed. Beyond the calendar it bills what it does in the last quarter.
    """
    declared = world.case.financing
    if financing is None or declared is None:
        return financing
    facilities, quarter = list(declared.facilities.values()), np.arange(world.quarters)
    on = np.array([facility.share_of_backlog is not None for facility in facilities], dtype=np.bool_)
    if not on.any():
        return financing
    backlog = np.zeros((len(facilities), len(names), world.quarters))
    for i, facility in enumerate(facilities):
        for c, name in enumerate(names):
            ends = _of(world.case.workloads[name]).ends
            if name not in facility.contracts or ends is None or facility.share_of_backlog is None:
                continue
            last = world.calendar.index(ends)
            billed = np.where(quarter <= last, contracts.bills[c], 0.0)
            later = max(0, last - (world.quarters - 1)) * contracts.bills[c, -1]
            left = billed.sum() - np.cumsum(billed) + later
            signed = quarter >= contracts.signing[c]
            backlog[i, c] = facility.share_of_backlog.value * np.where(signed, left, 0.0)
    return replace(financing, facilities=replace(financing.facilities, backlog=backlog, on_contracts=on))


def settled(m: ModelData, signed: Floats | None) -> ModelData:
    """Returns a case whose contracts are signed as a plan has it, so that nothing of them is open.

    Args:
        signed: [contract] part of each that is signed; None where there are no contracts.
    """
    contracts = m.contracts
    if contracts is None or signed is None or not contracts.offered.any():
        return m
    demand = m.workloads.demand.copy()
    demand[contracts.workload] *= contracts.share(signed)[:, None, None]
    m = replace(m, workloads=replace(m.workloads, demand=demand))
    financing = m.financing
    if financing is not None and (backlog := financing.facilities.backlog) is not None:
        part = contracts.share(signed)[None, :, None]
        facilities = replace(financing.facilities, backlog=part * backlog)
        m = replace(m, financing=replace(financing, facilities=facilities))
    return replace(_signed(m, np.where(contracts.offered, signed, 0.0)), contracts=contracts.settled(signed))


def _signed(m: ModelData, part: Floats) -> ModelData:
    """Puts what signed contracts earn and pay whatever is delivered into the constants of the case."""
    contracts, opening = m.contracts, m.opening
    if contracts is None:
        return m
    return replace(
        m,
        opening=replace(
            opening,
            other_revenue=opening.other_revenue + part @ contracts.unused,
            other_cost=opening.other_cost + part @ (contracts.damages * contracts.volume),
            payments_due=opening.payments_due - part @ contracts.prepayments,
        ),
    )


def _of(workload: Workload) -> Contract:
    if workload.contract is None:
        raise ValueError("the workload has no contract")
    return workload.contract


def _signing(world: World, workload: Workload) -> int:
    until = _of(workload).offered_until
    return 0 if until is None else min(max(0, world.calendar.index(until)), world.quarters - 1)


def _terms(
    world: World, workload: Workload, volume: Floats, price: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Volume to be delivered, price, damages and what is paid for what is not taken [quarter]."""
    contract = _of(workload)
    if contract.ends is not None:
        over = np.array([start > contract.ends for start in world.calendar.starts])
        renewed = 0.0 if contract.renewed is None else contract.renewed.value
        ratio = 1.0 if contract.renewal_price is None else contract.renewal_price.value
        volume, price = np.where(over, renewed * volume, volume), np.where(over, ratio * price, price)
    taken = world.series(contract.taken, 1.0)
    least = 0.0 if contract.take_or_pay is None else contract.take_or_pay.value
    unused = np.maximum(least - taken, 0.0) * volume * price
    return taken * volume, price, world.series(contract.penalty), unused
