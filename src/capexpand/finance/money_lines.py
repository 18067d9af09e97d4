"""The lines of a statement as rows: what decisions earn, cost, pay and own, at given prices and terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.churn_lines import ChurnTerms, Moved
from capexpand.finance.contract_lines import ContractTerms, signed_rows
from capexpand.finance.contracts import contract_margins, contract_prices
from capexpand.finance.energy_lines import EnergyTerms, Procured, energy_rows
from capexpand.finance.hire_lines import Hired, HireTerms
from capexpand.finance.lease_lines import LeaseLines, lease_rows
from capexpand.finance.leaseback_lines import LeasebackLines, LeasebackTerms, leased_back_rows
from capexpand.finance.purchase_lines import Plants, bought, plant_rows
from capexpand.finance.rows import Rows, balance, decided, minimum
from capexpand.model.contracts import ContractConstants
from capexpand.model.data import Flags, Floats, Integers, ModelData
from capexpand.optimiser.plan import Plan

MONEY = "money"


@dataclass(frozen=True, slots=True)
class Terms:
    """Prices, terms and taxes: all that money depends on beside decisions. Axes as in ``ModelData``."""

    price: Rows  # [workload, tranche, quarter]
    ordinary_share: Rows  # [workload, quarter] ordinary costs, share of the value served
    energy_price: Rows  # [site, quarter]
    effectiveness: Rows  # [site]
    draw_mw: Rows  # [option] drawn by a running unit
    hours: Rows  # in a quarter
    unit_price: Rows  # [option, destination, quarter] with duty and fee
    import_duty: Rows  # [option, destination, quarter]
    export_fee: Rows  # [option, destination, quarter]
    unit_lead: Rows  # [option] quarters
    unit_deposit: Rows  # [option]
    unit_running: Rows  # [option, quarter]
    unit_exit: Rows  # [option, quarter]; of owned units, less the price for which they can be sold
    unit_wear: Rows  # [option] upkeep of a worn unit beyond that of others
    unit_end_value: Rows  # [option]
    hall_price: Rows  # [power, quarter]
    hall_lead: Rows  # [power]
    hall_deposit: Rows  # [power]
    power_running: Rows  # [power, quarter]
    power_exit: Rows  # [power, quarter]
    hall_end_value: Rows  # [power]
    tax_rate: Rows
    server_life: Rows  # quarters
    building_life: Rows  # quarters
    value_added_tax: Rows
    recovery: Rows | None  # quarters; None: never
    other_revenue: Rows
    other_cost: Rows
    opening_payments: Rows
    opening_depreciation: Rows
    contracts: ContractTerms
    leasing: LeaseLines
    hiring: HireTerms
    procuring: EnergyTerms
    churning: ChurnTerms
    selling: LeasebackTerms
    external: Flags  # [workload]
    internal: Flags  # [workload]
    unit_owned: Flags  # [option]
    power_owned: Flags  # [power]
    end_value_within_book: bool

    @property
    def asset_cost(self) -> Rows | None:
        """What an asset costs of its price with value-added tax that is never recovered; None: its price."""
        if self.recovery is not None:
            return None
        return (1.0 + self.value_added_tax).named(
            "cost_factor", "Cost with value-added tax never recovered", "ratio", "purchases"
        )

    @classmethod
    def of(cls, m: ModelData) -> Terms:
        """Returns the terms of a compiled case."""
        roles = np.array(m.workloads.roles)
        offers, power, taxes, opening = m.offers, m.power, m.taxes, m.opening
        constants = ContractConstants.of(m.contracts, m.times.count)

        def number(value: float) -> Rows:
            return Rows(np.asarray(float(value)), (), False)

        def by(axis: str, values: Floats | Integers) -> Rows:
            return Rows(np.asarray(values, dtype=np.float64), (axis,), values.ndim > 1)

        def paid(values: Floats) -> Rows:
            return Rows(values, ("option", "destination"))

        return cls(
            price=Rows(contract_prices(m), ("workload", "tranche")),
            ordinary_share=by("workload", 1.0 - contract_margins(m)),
            energy_price=by("site", m.sites.energy_price),
            effectiveness=by("site", m.sites.power_usage_effectiveness),
            draw_mw=by("option", offers.power_kw / 1000.0 * offers.draw_fraction),
            hours=number(m.hours_per_quarter),
            unit_price=paid(offers.price),
            import_duty=paid(offers.import_duty),
            export_fee=paid(offers.export_fee),
            unit_lead=by("option", offers.lead_quarters),
            unit_deposit=by("option", offers.deposit_fraction),
            unit_running=by("option", offers.running_cost),
            unit_exit=by("option", offers.exit_cost),
            unit_wear=by("option", np.zeros(len(offers.names)) if offers.wear is None else offers.wear.cost),
            unit_end_value=by("option", offers.end_value),
            hall_price=by("power", power.price),
            hall_lead=by("power", power.lead_quarters),
            hall_deposit=by("power", power.deposit_fraction),
            power_running=by("power", power.running_cost),
            power_exit=by("power", power.exit_cost),
            hall_end_value=by("power", power.end_value),
            tax_rate=number(taxes.rate),
            server_life=number(taxes.server_life_quarters),
            building_life=number(taxes.building_life_quarters),
            value_added_tax=number(taxes.value_added_tax),
            recovery=None if taxes.recovery_quarters is None else number(taxes.recovery_quarters),
            other_revenue=Rows(opening.other_revenue - constants.unused),
            other_cost=Rows(opening.other_cost - constants.damages),
            opening_payments=Rows(opening.payments_due + constants.prepayments),
            opening_depreciation=Rows(opening.depreciation),
            contracts=ContractTerms.of(m),
            leasing=LeaseLines.of(m),
            hiring=HireTerms.of(m),
            procuring=EnergyTerms.of(m),
            churning=ChurnTerms.of(m),
            selling=LeasebackTerms.of(m),
            external=roles == "external",
            internal=roles == "internal",
            unit_owned=offers.owned,
            power_owned=power.owned,
            end_value_within_book=m.end_value_within_book,
        )


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions of a plan on which money depends."""

    sold: Rows  # [workload, tranche, quarter]
    running: Rows  # [site, option, quarter]
    installed: Rows  # [site, option, quarter]
    returned: Rows  # [site, option, quarter]
    ordered: Rows  # [option, destination, quarter]
    worn: Rows  # [option, destination, quarter] units beyond the age of wear
    power_mw: Rows  # [power, quarter]
    power_returned_mw: Rows  # [power, quarter]
    power_ordered_mw: Rows  # [power, quarter]
    signed: Rows  # [contract] part that is signed
    hire: Hired
    energy: Procured
    churn: Moved
    leased_back: Rows  # [option, destination, quarter] units sold to a lessor

    @classmethod
    def of(cls, plan: Plan) -> Decisions:
        """Returns the decisions of a plan; what is never done is not there."""
        return cls(
            sold=decided(plan.sold, "workload", "tranche"),
            running=decided(plan.running, "site", "option"),
            installed=decided(plan.installed, "site", "option"),
            returned=decided(plan.returned, "site", "option"),
            ordered=decided(plan.ordered, "option", "destination"),
            worn=decided(plan.worn_units, "option", "destination"),
            power_mw=decided(plan.power_mw, "power"),
            power_returned_mw=decided(plan.power_returned_mw, "power"),
            power_ordered_mw=decided(plan.power_ordered_mw, "power"),
            signed=signed_rows(plan),
            hire=Hired.of(plan),
            energy=Procured.of(plan),
            churn=Moved.of(plan),
            leased_back=leased_back_rows(plan),
        )


@dataclass(frozen=True, slots=True)
class Sales:
    """[workload, quarter] in money."""

    revenue: Rows
    transfer: Rows
    ordinary: Rows


def sales(terms: Terms, done: Decisions, unused: Rows) -> Sales:
    """Returns what is sold, at its prices; ordinary costs are a share of it, for internal workloads too.

    Args:
        terms: prices and terms.
        done: decisions.
        unused: what contracts pay for and do not take [workload, quarter].
    """
    value = terms.price * done.sold
    value = value.named("sales_value", "Sales at list price", MONEY, "revenue")
    by_workload = value.sum("tranche").named("value", "Value of what is served", MONEY, "revenue")
    ordinary = by_workload.only("workload", terms.external | terms.internal) * terms.ordinary_share
    return Sales(
        (by_workload.only("workload", terms.external) + unused).named("revenue", "Revenue", MONEY, "revenue"),
        by_workload.only("workload", terms.internal).named("transfer", "Transfer value", MONEY, "revenue"),
        ordinary.named("ordinary_costs", "Ordinary costs", MONEY, "revenue"),
    )


@dataclass(frozen=True, slots=True)
class Running:
    """[quarter] in money."""

    energy: Rows
    maintenance: Rows
    leases: Rows
    exits: Rows
    resale: Rows


def running_costs(terms: Terms, done: Decisions, leased_back: LeasebackLines) -> Running:
    """Returns what operation costs, fees of units that were sold and leased back among it."""
    drawn = done.running * terms.draw_mw
    drawn = drawn.named("drawn", "Power drawn by units", "MW", "energy")
    by_site = drawn.sum("option").named("drawn_by_site", "Power drawn for servers", "MW", "energy")
    at_grid = (terms.effectiveness * by_site).named("grid_draw", "Power drawn from the grid", "MW", "energy")
    used = (terms.hours * at_grid).named("grid_energy", "Energy drawn from the grid", "MWh", "energy")
    bill = (terms.energy_price * used).named("energy_by_site", "Energy cost", MONEY, "energy")
    count = done.installed.sum("site").named("units", "Units installed", "unit", "fleet")
    units = (count * terms.unit_running).named("unit_costs", "Maintenance and lease of units", MONEY, "fleet")
    power = done.power_mw * terms.power_running
    power = power.named("power_costs", "Maintenance and rent of power", MONEY, "power")
    back = done.returned.sum("site").named("units_back", "Units handed back or sold", "unit", "fleet")
    unit_exits = (back * terms.unit_exit).named("unit_exits", "Exit cost of units", MONEY, "fleet")
    power_exits = done.power_returned_mw * terms.power_exit
    power_exits = power_exits.named("power_exits", "Exit cost of rented power", MONEY, "power")
    own = units.only("option", terms.unit_owned).sum("option")
    hired = units.only("option", ~terms.unit_owned).sum("option")
    worn = done.worn.sum("destination").named("worn_units", "Units beyond the age of wear", "unit", "fleet")
    wear = (worn * terms.unit_wear).named("wear_costs", "Upkeep that comes with age", MONEY, "fleet")
    own = own + power.only("power", terms.power_owned).sum("power") + wear.sum("option")
    hired = hired + power.only("power", ~terms.power_owned).sum("power")
    ordered = done.ordered.sum("destination").named("units_ordered", "Units ordered", "unit", "fleet")
    hired = (
        hired
        + leased_back.fees
        + lease_rows(
            terms.leasing,
            power=(done.power_ordered_mw, done.power_mw, done.power_returned_mw),
            units=(ordered, count, back),
            fees=(terms.power_running, terms.unit_running),
            leads=(terms.hall_lead, terms.unit_lead),
        )
    )
    beyond = energy_rows(
        terms.procuring, done.energy, running=done.running, price=terms.energy_price,
        effectiveness=terms.effectiveness, drawn=used, hours=terms.hours,
    )  # fmt: skip
    exits = unit_exits.only("option", ~terms.unit_owned).sum("option") + power_exits.sum("power")
    sold = 0.0 - unit_exits.only("option", terms.unit_owned).sum("option")
    return Running(
        (bill.sum("site") + beyond).named("energy", "Energy", MONEY, "energy"),
        own.named("maintenance", "Maintenance of what is owned", MONEY, "operation"),
        hired.named("leases", "Leases and rents", MONEY, "operation"),
        exits.named("exit_costs", "Exit costs", MONEY, "operation"),
        sold.named("resale", "Resale of units", MONEY, "operation"),
    )


@dataclass(frozen=True, slots=True)
class Assets:
    """[quarter] in money."""

    commitments: Rows
    payments_servers: Rows
    payments_buildings: Rows
    import_duties: Rows
    export_fees: Rows
    additions_servers: Rows
    additions_buildings: Rows
    plants: Plants
    written_off_servers: Rows
    written_off_buildings: Rows
    book_servers: Rows
    book_buildings: Rows
    in_progress: Rows


def assets(terms: Terms, done: Decisions, back: LeasebackLines) -> Assets:
    """Returns what is ordered, paid for, delivered and written off; tax never recovered is part of cost.

    Args:
        terms: prices and terms.
        done: decisions.
        back: money of sale and leaseback.
    """
    unit = {"lead": terms.unit_lead, "deposit": terms.unit_deposit}
    hall = {"lead": terms.hall_lead, "deposit": terms.hall_deposit}
    units = bought(("server", "Servers"), done.ordered, terms.unit_price, **unit)
    halls = bought(("hall", "Halls"), done.power_ordered_mw, terms.hall_price, **hall)
    duty = bought(("duty", "Import duty"), done.ordered, terms.import_duty, **unit)
    fee = bought(("fee", "Export fee"), done.ordered, terms.export_fee, **unit)
    plants = plant_rows(terms.procuring, done.energy.energy_signed, cost=terms.asset_cost)
    spent = units.payments + halls.payments + plants.payments
    servers, buildings = units.deliveries, halls.deliveries
    cost = terms.asset_cost
    if cost is not None:
        servers, buildings, spent = cost * servers, cost * buildings, cost * spent
    servers = servers.named("additions_servers", "Additions of servers", MONEY, "assets")
    buildings = buildings.named("additions_buildings", "Additions of halls", MONEY, "assets")
    written_servers = (servers.trailing(terms.server_life) / terms.server_life - back.spared).named(
        "depreciation_servers", "Depreciation of servers", MONEY, "assets"
    )
    written_halls = (buildings.trailing(terms.building_life) / terms.building_life).named(
        "depreciation_buildings", "Depreciation of halls", MONEY, "assets"
    )
    added = (servers + buildings + plants.additions).named("additions_all", "Additions", MONEY, "assets")
    spent = spent.named("spent", "Paid for assets", MONEY, "assets")
    return Assets(
        commitments=(units.commitments + halls.commitments + plants.commitments).named(
            "commitments", "Commitments", MONEY, "purchases"
        ),
        payments_servers=units.payments,
        payments_buildings=halls.payments,
        import_duties=duty.payments,
        export_fees=fee.payments,
        additions_servers=servers,
        additions_buildings=buildings,
        plants=plants,
        written_off_servers=written_servers,
        written_off_buildings=written_halls,
        book_servers=balance(servers, written_servers + back.book).named(
            "book_servers", "Book value of servers", MONEY, "assets"
        ),
        book_buildings=balance(buildings, written_halls).named(
            "book_buildings", "Book value of halls", MONEY, "assets"
        ),
        in_progress=balance(spent, added).named("in_progress", "Paid for and not delivered", MONEY, "assets"),
    )


@dataclass(frozen=True, slots=True)
class EndValue:
    """Worth at the horizon's end, in money."""

    units: Rows
    power: Rows
    plants: Rows
    market: Rows


def end_value(terms: Terms, done: Decisions, owned: Assets, lessors: Rows) -> EndValue:
    """Returns what a market would pay for units and power, held to the books where the case asks for it."""
    standing = done.installed.sum("site").last() - lessors
    standing = standing.named("end_units", "Units at the end", "unit", "end")
    units = (standing * terms.unit_end_value).named("end_by_option", "Worth of units", MONEY, "end")
    units = units.sum("option").named("end_market_units", "Worth of units on the market", MONEY, "end")
    halls = done.power_mw.last() * terms.hall_end_value
    halls = halls.named("end_by_power", "Worth of halls", MONEY, "end").sum("power")
    halls = halls.named("end_market_power", "Worth of halls on the market", MONEY, "end")
    plants = owned.plants.market_at_end
    market = (units + halls + plants).named("end_value_market", "Worth on the market", MONEY, "end")
    if terms.end_value_within_book:
        units = minimum(units, owned.book_servers.last())
        halls = minimum(halls, owned.book_buildings.last())
        units = units.named("end_value_units", "End value of units", MONEY, "end")
        halls = halls.named("end_value_power", "End value of halls", MONEY, "end")
        plants = owned.plants.book_at_end
    return EndValue(units, halls, plants, market)
