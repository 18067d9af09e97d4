"""Energy costs beyond the energy price, as rows: purchase contracts, charges, carbon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.rows import Rows, decided, stated
from capexpand.model.data import Flags, Integers, ModelData
from capexpand.optimiser.plan import Plan

MONEY = "money"


@dataclass(frozen=True, slots=True)
class EnergyTerms:
    """Terms of energy beyond its price; of no contract where the case says only a price."""

    energy_strike: Rows  # [agreement, quarter] money per MWh by day of signing; of generators the fuel's
    energy_fee: Rows  # [agreement, quarter] money per MW and quarter by day of signing
    energy_output: Rows  # [agreement, quarter] share of the power that is produced
    energy_lead: Rows  # [agreement] quarters
    energy_term: Rows  # [agreement] quarters
    energy_surplus: Rows  # [agreement] share of the site's price paid for what is left over
    energy_emitted: Rows  # [agreement] t per MWh
    capacity_charge: Rows  # [site, quarter] money per MW reserved
    grid_emitted: Rows  # [site] t per MWh
    carbon_price: Rows  # [quarter] money per t
    reserve_mw: Rows  # [option] reserved for a unit
    plant_cost: Rows  # [agreement, quarter] money per MW that is bought, 0 where rented
    plant_deposit: Rows  # [agreement] share of it paid at order
    plant_fraction: Rows  # share of what is left of the latest cost that is kept at the horizon's end
    plant_kept: Rows  # [agreement] money at the horizon's end per MW that was bought before the start
    on_site: Flags  # [agreement]
    agreement_site: Integers  # [agreement]
    procured: Flags  # [site]

    @classmethod
    def of(cls, m: ModelData) -> EnergyTerms:
        """Return the terms of a compiled case."""
        o, count, sites = m.energy, m.times.count, len(m.sites.names)
        reserve = stated(m.offers.power_kw / 1000.0, "option", timed=False)
        if o is None:
            by, one = (
                stated(np.zeros(shape), "agreement", timed=len(shape) > 1) for shape in ((0, count), (0,))
            )
            return cls(
                by, by, by, one, one, one, one, stated(np.zeros((sites, count)), "site"),
                stated(np.zeros(sites), "site", timed=False), stated(np.zeros(count)), reserve,
                by, one, stated(np.zeros(()), timed=False), one,
                np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.int64), np.zeros(sites, dtype=np.bool_),
            )  # fmt: skip
        return cls(
            energy_strike=stated(o.price, "agreement"),
            energy_fee=stated(o.fee, "agreement"),
            energy_output=stated(o.output, "agreement"),
            energy_lead=stated(o.lead_quarters, "agreement", timed=False),
            energy_term=stated(o.term_quarters, "agreement", timed=False),
            energy_surplus=stated(o.surplus, "agreement", timed=False),
            energy_emitted=stated(o.emitted, "agreement", timed=False),
            capacity_charge=stated(o.capacity_charge, "site"),
            grid_emitted=stated(o.grid_emitted, "site", timed=False),
            carbon_price=stated(o.carbon_price),
            reserve_mw=reserve,
            plant_cost=stated(o.cost, "agreement"),
            plant_deposit=stated(o.deposit, "agreement", timed=False),
            plant_fraction=stated(np.asarray(o.end_fraction), timed=False),
            plant_kept=stated(o.kept_worth, "agreement", timed=False),
            on_site=o.on_site,
            agreement_site=o.site,
            procured=o.procured,
        )


@dataclass(frozen=True, slots=True)
class Procured:
    """Energy of a plan, beyond what its units draw."""

    energy_signed: Rows  # [agreement, quarter] MW
    energy_used: Rows  # [agreement, quarter] MWh
    energy_surplus: Rows  # [agreement, quarter] MWh left over
    energy_grid: Rows  # [site, quarter] MWh from the grid

    @classmethod
    def of(cls, plan: Plan) -> Procured:
        """Return what is signed and used; nothing where the case says only a price."""
        use, count = plan.energy, plan.data.times.count
        none = np.zeros((0, count))
        sites = np.zeros((len(plan.data.sites.names), count))
        given = plan.data.energy is not None and use is not None
        signed, used, left, grid = (
            (use.signed, use.used, use.surplus, use.grid) if given and use else (none, none, none, sites)
        )
        return cls(
            decided(signed, "agreement", called=("energy_signed", "Power signed for", "MW", "energy")),
            decided(used, "agreement", called=("energy_used", "Energy used of contracts", "MWh", "energy")),
            decided(
                left, "agreement", called=("energy_left", "Energy of contracts left over", "MWh", "energy")
            ),
            decided(grid, "site", called=("energy_grid", "Energy bought from the grid", "MWh", "energy")),
        )


def energy_rows(
    terms: EnergyTerms, done: Procured, *, running: Rows, price: Rows, effectiveness: Rows, drawn: Rows,
    hours: Rows,
) -> Rows:  # fmt: skip
    """Return what energy costs more than the energy price for all that is drawn [quarter].

    Args:
        terms: of energy.
        done: what is signed and used.
        running: units [site, option, quarter].
        price: of energy [site, quarter].
        effectiveness: [site].
        drawn: [site, quarter] MWh.
        hours: in a quarter.
    """
    cost = (price + terms.carbon_price * terms.grid_emitted) * done.energy_grid
    bought = cost.named("energy_bought", "Energy from the grid, with carbon", MONEY, "energy")
    counted = (price * drawn).only("site", terms.procured)
    reserved = (running.only("site", terms.procured) * terms.reserve_mw).sum("option")
    charge = terms.capacity_charge * (effectiveness * reserved)
    charge = charge.named("capacity_charges", "Charge on reserved power", MONEY, "energy")
    agreed = (done.energy_signed * terms.energy_fee).named(
        "energy_fees_signed", "Fees agreed, by signing", MONEY, "energy"
    )
    fees = _through_the_term(terms, agreed, "energy_fees", "Fees of energy contracts")
    strike = done.energy_signed.only("agreement", ~terms.on_site) * terms.energy_strike
    strike = strike.named("energy_strikes_signed", "Strikes agreed, by signing", MONEY, "energy")
    strikes = _through_the_term(
        terms, strike, "energy_strikes", "Strikes of energy contracts for a full hour"
    )
    paid = strikes * terms.energy_output * hours
    paid = paid.named("energy_paid", "Energy under contracts", MONEY, "energy")
    fuel = terms.energy_strike.only("agreement", terms.on_site) + terms.carbon_price * terms.energy_emitted
    fuel = (fuel * done.energy_used).named("energy_fuel", "Fuel and carbon of contracts", MONEY, "energy")
    there = (
        price.take("site", "agreement", terms.agreement_site)
        if terms.agreement_site.size
        else terms.energy_strike
    )
    sold = terms.energy_surplus * there * done.energy_surplus
    sold = sold.named("energy_sold", "Energy left over, sold", MONEY, "energy")
    contracts = fees.sum("agreement") + paid.sum("agreement") + fuel.sum("agreement") - sold.sum("agreement")
    total = bought.sum("site") - counted.sum("site") + charge.sum("site") + contracts
    return total.named("energy_adjustment", "Energy contracts, charges and carbon", MONEY, "energy")


def _through_the_term(terms: EnergyTerms, signed: Rows, key: str, title: str) -> Rows:
    """What is agreed by day of signing, in every quarter of its term."""
    begun = signed.arrive(terms.energy_lead).named(
        f"{key}_begun", f"{title}, by first quarter", MONEY, "energy"
    )
    return begun.trailing(terms.energy_term).named(key, title, MONEY, "energy")
