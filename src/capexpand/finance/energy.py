"""The money of energy under contract, what is renewable, and the rules of energy written anew."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from capexpand.finance.schedule import Purchases, delivered, purchases
from capexpand.model.data import Floats, ModelData
from capexpand.optimiser.plan import Plan


def drawn_mwh(plan: Plan) -> Floats:
    """Return the energy drawn at each connection for servers and their site [site, quarter, MWh]."""
    m = plan.data
    drawn = np.einsum("skt,k->st", plan.running, m.offers.power_kw / 1000.0 * m.offers.draw_fraction)
    return m.hours_per_quarter * m.sites.power_usage_effectiveness[:, None] * drawn


def reserved_at_connection_mw(plan: Plan) -> Floats:
    """Return the power reserved by running units at each connection [site, quarter, MW]."""
    m = plan.data
    reserved = np.einsum("skt,k->st", plan.running, m.offers.power_kw / 1000.0)
    return m.sites.power_usage_effectiveness[:, None] * reserved


def contract_costs(plan: Plan) -> Floats:
    """Return what contracts cost, less what is paid for energy left over [contract, quarter].

    Strikes and fees are those of the day of signing, through the term; fuel and carbon those of the day.
    """
    m, use = plan.data, plan.energy
    if m.energy is None or use is None:
        return np.zeros((0, m.times.count))
    o = m.energy
    fixed = np.einsum("pt,ptq->pq", use.signed, o.fixed_cost(m.hours_per_quarter))
    fuel = np.where(o.on_site[:, None], o.price, 0.0) + o.carbon_price * o.emitted[:, None]
    sold = o.surplus[:, None] * m.sites.energy_price[o.site] * use.surplus
    return fixed + fuel * use.used - sold


def energy_adjustment(plan: Plan) -> Floats:
    """Return what energy costs more than the energy price for all that is drawn [quarter]."""
    m, use = plan.data, plan.energy
    if m.energy is None or use is None:
        return np.zeros(m.times.count)
    o, price = m.energy, m.sites.energy_price
    bought = (price + o.carbon_price * o.grid_emitted[:, None]) * use.grid
    counted = np.where(o.procured[:, None], price * drawn_mwh(plan), 0.0)
    charge = o.capacity_charge * reserved_at_connection_mw(plan)
    return (bought - counted + charge).sum(axis=0) + contract_costs(plan).sum(axis=0)


def renewable_mwh(plan: Plan) -> Floats:
    """Return the renewable energy used [quarter, MWh]: of contracts, and the grid's share."""
    m, use = plan.data, plan.energy
    if m.energy is None or use is None:
        return np.zeros(m.times.count)
    green = m.energy.grid_renewable * use.grid
    return green.sum(axis=0) + use.used[m.energy.renewable].sum(axis=0)


def emitted_tonnes(plan: Plan) -> Floats:
    """Return the carbon dioxide emitted [quarter, t]."""
    m, use = plan.data, plan.energy
    if m.energy is None or use is None:
        return np.zeros(m.times.count)
    return m.energy.grid_emitted @ use.grid + m.energy.emitted @ use.used


def plant_purchases(m: ModelData, signed: Floats) -> Purchases:
    """Return what generators and storage that are bought cost [contract, quarter].

    Args:
        m: the compiled case.
        signed: MW [contract, quarter].
    """
    if m.energy is None:
        none = np.zeros((0, m.times.count))
        return Purchases(none, none, none)
    o = m.energy
    return purchases(signed, o.cost, lead_quarters=o.lead_quarters, deposit_fraction=o.deposit)


def on_site_mw(plan: Plan) -> Floats:
    """Return what generators add to each connection [site, quarter, MW]."""
    m, use = plan.data, plan.energy
    result = np.zeros((len(m.sites.names), m.times.count))
    if m.energy is not None and use is not None:
        o = m.energy
        able = np.where(o.on_site[:, None], o.output * o.active(use.signed), 0.0)
        np.add.at(result, o.site, able)
    return result


def relief_mw(plan: Plan, known: int) -> Floats:
    """Return what generators signed for by a quarter add to what commitments may count on [site, quarter].

    Args:
        plan: what is done in each quarter.
        known: the quarter.
    """
    m, use = plan.data, plan.energy
    result = np.zeros((len(m.sites.names), m.times.count))
    if m.energy is not None and use is not None:
        signed = np.where(np.arange(m.times.count) <= known, use.signed, 0.0)
        ever = np.cumsum(delivered(signed, m.energy.lead_quarters), axis=1)
        np.add.at(result, m.energy.site, m.energy.relief_mw()[:, None] * ever)
    return result


def lost_units(plan: Plan) -> Floats:
    """Return running units that curtailment takes [site, offer option, quarter]."""
    return np.zeros_like(plan.running) if plan.energy is None else plan.energy.lost


def energy_rules(
    plan: Plan, above: Callable[[Floats, Floats], float], apart: Callable[[Floats, Floats], float]
) -> dict[str, float]:
    """Return how far a plan breaks the rules of energy; nothing where the case says only a price.

    Args:
        plan: what is done in each quarter.
        above: by how much values are above limits at most, relative.
        apart: how far values are from those expected at most, relative.
    """
    m, use = plan.data, plan.energy
    if m.energy is None or use is None:
        return {}
    o = m.energy
    in_time = np.arange(m.times.count) + o.lead_quarters[:, None] < m.times.count
    produced = m.hours_per_quarter * o.output * o.active(use.signed)
    made, store = o.stores.T
    back, lost, given = np.zeros_like(use.used), np.zeros_like(use.used), np.zeros_like(use.used)
    np.add.at(back, made, use.stored)
    np.add.at(lost, made, (1.0 / o.efficiency[store] - 1.0)[:, None] * use.stored)
    np.add.at(given, store, use.stored)
    at_site = np.zeros((len(m.sites.names), m.times.count))
    np.add.at(at_site, o.site, use.used)
    drawn = np.where(o.procured[:, None], drawn_mwh(plan), 0.0)
    firm = m.sites.grid_mw * o.firm
    over = np.maximum(reserved_at_connection_mw(plan) - firm, 0.0) * o.curtailed[:, None]
    pue = m.sites.power_usage_effectiveness[:, None]
    gone = np.einsum("skt,k->st", use.lost, m.offers.power_kw / 1000.0) * pue
    wanted = o.target * np.where(o.target > 0.0, drawn.sum(axis=0), 0.0)
    flows = (use.signed, use.used, use.surplus, use.grid, use.lost, use.stored)
    return {
        "contracts for energy within their limit": above(use.signed, np.where(in_time, o.limit_mw, 0.0)),
        "contracts for energy of before are kept": above(o.least_mw, use.signed),
        "energy within what is produced": above(use.used + use.surplus + lost + given, produced),
        "energy used within what is matched": above(
            use.used - back, np.where(o.storage[:, None], 0.0, o.matched[:, None] * produced)
        ),
        "energy from the grid within its connection": above(
            use.grid, m.hours_per_quarter * np.where(o.procured[:, None], m.sites.grid_mw, 0.0)
        ),
        "energy balance": apart(use.grid + at_site, drawn),
        "curtailed units switched off": above(over, gone),
        "renewable share": above(wanted, renewable_mwh(plan)),
        "no energy is negative": max(above(-flow, np.zeros_like(flow)) for flow in flows),
    }
