"""Quarterly statements of a plan: what it earns, costs, pays and owns.

The conventions are those of the objective in ``model/stage.py``: money in millions of the case's currency,
flows in the middle of a quarter, straight-line depreciation from the quarter of delivery, what is left in
the books written off against the end value. Penalties steer a plan and appear in no statement.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from capexpand.finance.hire import hire_cost
from capexpand.finance.schedule import (
    depreciation,
    hall_purchases,
    lost_value_added_tax,
    unit_purchases,
)
from capexpand.finance.taxation import tax_bill
from capexpand.model.data import Floats, ModelData
from capexpand.optimiser.plan import Plan


@dataclass(frozen=True, slots=True)
class Statement:
    """What a plan earns, costs, pays and owns, in money: flows [quarter], stocks at the quarter's end.

    Every field is linear in its parts, so the difference of two statements is a statement; see ``less``.
    """

    revenue_by_workload: Floats  # [workload, quarter] cash from external workloads
    transfer_by_workload: Floats  # [workload, quarter] value of internal workloads; no cash
    ordinary_costs_by_workload: Floats  # [workload, quarter] staff, sales, bandwidth
    other_revenue: Floats  # of business outside the case
    other_cost: Floats
    energy: Floats
    maintenance: Floats  # of owned units and halls
    leases: Floats  # of leased units and rented power
    hire: Floats  # of capacity hired from clouds, unused reservations included
    exit_costs: Floats  # of leased units and rented power handed back
    depreciation_servers: Floats
    depreciation_buildings: Floats
    depreciation_opening: Floats  # of what stood at the start
    tax: Floats
    losses_carried_forward: Floats  # stock
    commitments: Floats  # full price at order
    payments_servers: Floats  # deposit at order and rest at delivery, with duty and export fee
    payments_buildings: Floats
    import_duties: Floats  # part of payments_servers
    export_fees: Floats  # part of payments_servers
    additions_servers: Floats  # cost of what is delivered: capital expenditure as a company reports it
    additions_buildings: Floats
    opening_payments: Floats  # due at the start for what was ordered before
    value_added_tax_paid: Floats
    value_added_tax_recovered: Floats
    book_servers: Floats  # stock
    book_buildings: Floats  # stock
    book_opening: Floats  # stock: what is left to write off within the horizon of what stood at the start
    in_progress: Floats  # stock: paid for what is not delivered yet
    end_value_units: float  # at the horizon's end, before tax
    end_value_power: float
    end_value_market: float  # of both, what a market would pay, whatever stands in the books
    end_value_added_tax: float  # recovered after the horizon
    end_tax: float  # on the end values less the books

    @property
    def revenue(self) -> Floats:
        """Cash revenue [quarter], of external workloads and of business outside the case."""
        return self.revenue_by_workload.sum(axis=0) + self.other_revenue

    @property
    def transfer_value(self) -> Floats:
        """Value of what internal workloads are served [quarter]; no cash."""
        return self.transfer_by_workload.sum(axis=0)

    @property
    def ordinary_costs(self) -> Floats:
        """Ordinary costs of all workloads [quarter]."""
        return self.ordinary_costs_by_workload.sum(axis=0)

    @property
    def depreciation(self) -> Floats:
        """Depreciation of all classes [quarter]."""
        return self.depreciation_servers + self.depreciation_buildings + self.depreciation_opening

    @property
    def operating_cost(self) -> Floats:
        """Cash costs of operation [quarter]."""
        running = self.energy + self.maintenance + self.leases + self.exit_costs
        return self.ordinary_costs + running + self.hire + self.other_cost

    @property
    def ebitda(self) -> Floats:
        """Cash revenue less cash costs of operation [quarter]."""
        return self.revenue - self.operating_cost

    @property
    def ebita(self) -> Floats:
        """Operating profit before amortisation and interest [quarter], without transfer value."""
        return self.ebitda - self.depreciation

    @property
    def ebita_with_transfer(self) -> Floats:
        """Operating profit as it were if internal workloads paid their transfer value [quarter]."""
        return self.ebita + self.transfer_value

    @property
    def ebita_after_tax(self) -> Floats:
        """Operating profit less tax [quarter]."""
        return self.ebita - self.tax

    @property
    def capital_payments(self) -> Floats:
        """Payments for orders [quarter], without value-added tax and payments due from before the start."""
        return self.payments_servers + self.payments_buildings

    @property
    def additions(self) -> Floats:
        """Cost of what is delivered [quarter]."""
        return self.additions_servers + self.additions_buildings

    @property
    def book_value(self) -> Floats:
        """Book value of what is in service [quarter's end]."""
        return self.book_servers + self.book_buildings + self.book_opening

    @property
    def invested(self) -> Floats:
        """Capital invested [quarter's end]: book value, and what is paid for and not delivered yet."""
        return self.book_value + self.in_progress

    @property
    def free_cash_flow_before_tax(self) -> Floats:
        """Cash flow of each quarter before tax."""
        taxed = self.value_added_tax_paid - self.value_added_tax_recovered
        return self.ebitda - self.capital_payments - self.opening_payments - taxed

    @property
    def free_cash_flow(self) -> Floats:
        """Cash flow of each quarter after tax; cash only."""
        return self.free_cash_flow_before_tax - self.tax

    @property
    def cumulative_free_cash_flow(self) -> Floats:
        """Cash flow after tax summed up to each quarter's end."""
        return np.cumsum(self.free_cash_flow)

    @property
    def end_value(self) -> float:
        """Worth of units and power at the horizon's end, before tax."""
        return self.end_value_units + self.end_value_power

    @property
    def end_profit(self) -> float:
        """What is taxed at the horizon's end: the end value less what is left in the books."""
        return self.end_value - float(self.book_value[-1])

    @property
    def end_cash(self) -> float:
        """What the horizon's end adds to cash after tax."""
        return self.end_value + self.end_value_added_tax - self.end_tax

    def less(self, other: Statement) -> Statement:
        """Returns the difference to another statement of the same case, line by line."""
        return Statement(**{f.name: getattr(self, f.name) - getattr(other, f.name) for f in fields(self)})


def statement(plan: Plan) -> Statement:
    """Returns the statements of a plan.

    Args:
        plan: what is done in each quarter.
    """
    m = plan.data
    sales = _Sales.of(m, plan)
    energy, maintenance, leases, exits = _running_costs(m, plan)
    assets = _Assets.of(m, plan)
    vat_paid, vat_recovered, vat_due = _value_added_tax(
        m, assets.payments_servers + assets.payments_buildings
    )
    written_off = m.opening.depreciation
    end_units = float(np.sum(plan.installed[:, :, -1] * m.offers.end_value))
    end_power = float(np.sum(plan.power_mw[:, -1] * m.power.end_value))
    market = end_units + end_power
    if m.end_value_within_book:
        end_units = min(end_units, float(assets.book_servers[-1]))
        end_power = min(end_power, float(assets.book_buildings[-1]))
    revenue = sales.revenue.sum(axis=0) + m.opening.other_revenue
    hire = hire_cost(plan)
    running = energy + maintenance + leases + exits
    cash_costs = sales.ordinary.sum(axis=0) + running + hire + m.opening.other_cost
    ebita = revenue - cash_costs - assets.written_off_servers - assets.written_off_buildings - written_off
    books = (assets.book_servers, assets.book_buildings, written_off.sum() - np.cumsum(written_off))
    bill = tax_bill(ebita, end_units + end_power - sum(float(b[-1]) for b in books), rate=m.taxes.rate)
    return Statement(
        revenue_by_workload=sales.revenue,
        transfer_by_workload=sales.transfer,
        ordinary_costs_by_workload=sales.ordinary,
        other_revenue=m.opening.other_revenue,
        other_cost=m.opening.other_cost,
        energy=energy,
        maintenance=maintenance,
        leases=leases,
        hire=hire,
        exit_costs=exits,
        depreciation_servers=assets.written_off_servers,
        depreciation_buildings=assets.written_off_buildings,
        depreciation_opening=written_off,
        tax=bill.tax,
        losses_carried_forward=bill.losses,
        commitments=assets.commitments,
        payments_servers=assets.payments_servers,
        payments_buildings=assets.payments_buildings,
        import_duties=unit_purchases(m, plan.ordered, m.offers.import_duty).payments.sum(axis=(0, 1)),
        export_fees=unit_purchases(m, plan.ordered, m.offers.export_fee).payments.sum(axis=(0, 1)),
        additions_servers=assets.additions_servers,
        additions_buildings=assets.additions_buildings,
        opening_payments=m.opening.payments_due,
        value_added_tax_paid=vat_paid,
        value_added_tax_recovered=vat_recovered,
        book_servers=books[0],
        book_buildings=books[1],
        book_opening=books[2],
        in_progress=assets.in_progress,
        end_value_units=end_units,
        end_value_power=end_power,
        end_value_market=market,
        end_value_added_tax=vat_due,
        end_tax=bill.end_tax,
    )


@dataclass(frozen=True, slots=True)
class _Sales:
    """[workload, quarter] in money."""

    revenue: Floats
    transfer: Floats
    ordinary: Floats

    @classmethod
    def of(cls, m: ModelData, plan: Plan) -> _Sales:
        """What is sold, at its prices; ordinary costs are a share of it, for internal workloads too."""
        value = (m.workloads.price * plan.sold).sum(axis=1)
        roles = np.array(m.workloads.roles)[:, None]
        return cls(
            revenue=np.where(roles == "external", value, 0.0),
            transfer=np.where(roles == "internal", value, 0.0),
            ordinary=np.where(roles == "obligation", 0.0, value * (1.0 - m.workloads.margin_fraction)),
        )


def _running_costs(m: ModelData, plan: Plan) -> tuple[Floats, Floats, Floats, Floats]:
    """Energy, maintenance, leases and exit costs [quarter]."""
    drawn_mw = np.einsum("skt,k->st", plan.running, m.offers.power_kw / 1000.0 * m.offers.draw_fraction)
    effectiveness = m.sites.power_usage_effectiveness[:, None]
    energy = m.hours_per_quarter * (effectiveness * m.sites.energy_price * drawn_mw).sum(axis=0)
    units = plan.installed.sum(axis=0) * m.offers.running_cost
    power = plan.power_mw * m.power.running_cost
    exits = (plan.returned.sum(axis=0) * m.offers.exit_cost).sum(axis=0)
    exits = exits + (plan.power_returned_mw * m.power.exit_cost).sum(axis=0)
    owned = units[m.offers.owned].sum(axis=0) + power[m.power.owned].sum(axis=0)
    rented = units[~m.offers.owned].sum(axis=0) + power[~m.power.owned].sum(axis=0)
    return energy, owned, rented, exits


@dataclass(frozen=True, slots=True)
class _Assets:
    """[quarter] in money."""

    commitments: Floats
    payments_servers: Floats
    payments_buildings: Floats
    additions_servers: Floats
    additions_buildings: Floats
    written_off_servers: Floats
    written_off_buildings: Floats
    in_progress: Floats  # stock

    @property
    def book_servers(self) -> Floats:
        return np.cumsum(self.additions_servers - self.written_off_servers)

    @property
    def book_buildings(self) -> Floats:
        return np.cumsum(self.additions_buildings - self.written_off_buildings)

    @classmethod
    def of(cls, m: ModelData, plan: Plan) -> _Assets:
        """What is ordered, paid for, delivered and written off; tax never recovered is part of cost."""
        units, halls = (
            unit_purchases(m, plan.ordered, m.offers.price),
            hall_purchases(m, plan.power_ordered_mw),
        )
        cost = 1.0 + lost_value_added_tax(m)
        servers = cost * units.deliveries.sum(axis=(0, 1))
        buildings = cost * halls.deliveries.sum(axis=0)
        paid_servers, paid_buildings = units.payments.sum(axis=(0, 1)), halls.payments.sum(axis=0)
        return cls(
            commitments=units.commitments.sum(axis=(0, 1)) + halls.commitments.sum(axis=0),
            payments_servers=paid_servers,
            payments_buildings=paid_buildings,
            additions_servers=servers,
            additions_buildings=buildings,
            written_off_servers=depreciation(servers, m.taxes.server_life_quarters),
            written_off_buildings=depreciation(buildings, m.taxes.building_life_quarters),
            in_progress=np.cumsum(cost * (paid_servers + paid_buildings) - servers - buildings),
        )


def _value_added_tax(m: ModelData, payments: Floats) -> tuple[Floats, Floats, float]:
    """Paid with the payments [quarter], recovered [quarter], and recovered after the horizon."""
    paid = m.taxes.value_added_tax * payments
    wait = m.taxes.recovery_quarters
    if wait is None:
        return paid, np.zeros_like(paid), 0.0
    within = max(paid.size - wait, 0)
    recovered = np.concatenate((np.zeros(paid.size - within), paid[:within]))
    return paid, recovered, float(paid[within:].sum())
