"""Quarterly statements of a plan: what it earns, costs, pays and owns.

The conventions are those of the objective in ``model/stage.py``: money in millions of the case's currency,
flows in the middle of a quarter, straight-line depreciation from the quarter of delivery, what is left in
the books written off against the end value. Penalties steer a plan and appear in no statement.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, cast

from capexpand.finance.churn_lines import churn_rows
from capexpand.finance.contract_lines import contract_rows
from capexpand.finance.hire_lines import hire_rows
from capexpand.finance.leaseback_lines import leaseback_rows
from capexpand.finance.money_lines import (
    MONEY,
    Assets,
    Decisions,
    Terms,
    assets,
    end_value,
    running_costs,
    sales,
)
from capexpand.finance.rows import Rows, balance, last_of, nothing, running_total
from capexpand.finance.taxes import tax_lines, value_added_tax
from capexpand.model.data import Floats
from capexpand.optimiser.plan import Plan


@dataclass(frozen=True, slots=True)
class Statement:
    """The statements of a plan, in money: flows [quarter], stocks at the quarter's end.

    Every field is linear in its parts, so the difference of two statements is a statement; see ``less``.
    The fields may also hold ``Rows`` (see ``statement_rows``): then every property is rows as well, so that a
    sum is written once, here, and gives both the number and the formula of a workbook.
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
    churn: Floats  # of work moved and orders changed from quarter to quarter
    damages: Floats  # for what contracts ask for and is not delivered
    exit_costs: Floats  # of leased units and rented power handed back
    resale: Floats  # what owned units are sold for
    leaseback_gains: Floats  # on units sold and leased back, over their books
    leaseback_proceeds: Floats  # cash of these sales
    depreciation_servers: Floats
    depreciation_buildings: Floats
    depreciation_plants: Floats  # generators and storage at the sites
    depreciation_opening: Floats  # of what stood at the start
    tax: Floats
    losses_carried_forward: Floats  # stock
    commitments: Floats  # full price at order
    payments_servers: Floats  # deposit at order and rest at delivery, with duty and export fee
    payments_buildings: Floats
    payments_plants: Floats
    import_duties: Floats  # part of payments_servers
    export_fees: Floats  # part of payments_servers
    additions_servers: Floats  # cost of what is delivered: capital expenditure as a company reports it
    additions_buildings: Floats
    additions_plants: Floats
    prepayments: Floats  # of customers, less what is credited to their bills
    opening_payments: Floats  # due at the start for what was ordered before
    value_added_tax_paid: Floats
    value_added_tax_recovered: Floats
    book_servers: Floats  # stock
    book_buildings: Floats  # stock
    book_plants: Floats  # stock
    book_opening: Floats  # stock: what is left to write off within the horizon of what stood at the start
    in_progress: Floats  # stock: paid for what is not delivered yet
    end_value_units: float  # at the horizon's end, before tax
    end_value_power: float
    end_value_plants: float
    end_value_market: float  # of all, what a market would pay, whatever stands in the books
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
        bought = self.depreciation_servers + self.depreciation_buildings + self.depreciation_plants
        return bought + self.depreciation_opening

    @property
    def operating_cost(self) -> Floats:
        """Cash costs of operation [quarter]."""
        running = self.energy + self.maintenance + self.leases + self.hire + self.exit_costs
        return self.ordinary_costs + running + self.churn + self.damages + self.other_cost

    @property
    def ebitda(self) -> Floats:
        """Cash revenue less cash costs of operation, with what used units are sold for [quarter]."""
        return self.revenue + self.resale - self.operating_cost

    @property
    def ebita(self) -> Floats:
        """Operating profit before amortisation and interest [quarter], without transfer value."""
        return self.ebitda - self.depreciation + self.leaseback_gains

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
        return self.payments_servers + self.payments_buildings + self.payments_plants

    @property
    def additions(self) -> Floats:
        """Cost of what is delivered [quarter]."""
        return self.additions_servers + self.additions_buildings + self.additions_plants

    @property
    def book_value(self) -> Floats:
        """Book value of what is in service [quarter's end]."""
        return self.book_bought + self.book_opening

    @property
    def book_bought(self) -> Floats:
        """Book value of what was bought since the start [quarter's end]."""
        return self.book_servers + self.book_buildings + self.book_plants

    @property
    def invested(self) -> Floats:
        """Capital invested [quarter's end]: book value, and what is paid for and not delivered yet."""
        return self.book_value + self.in_progress

    @property
    def free_cash_flow_before_tax(self) -> Floats:
        """Cash flow of each quarter before tax."""
        taxed = self.value_added_tax_paid - self.value_added_tax_recovered
        received = self.ebitda + self.prepayments + self.leaseback_proceeds
        return received - self.capital_payments - self.opening_payments - taxed

    @property
    def free_cash_flow(self) -> Floats:
        """Cash flow of each quarter after tax; cash only."""
        return self.free_cash_flow_before_tax - self.tax

    @property
    def cumulative_free_cash_flow(self) -> Floats:
        """Cash flow after tax summed up to each quarter's end."""
        return running_total(self.free_cash_flow)

    @property
    def end_value(self) -> float:
        """Worth of units and power at the horizon's end, before tax."""
        return self.end_value_units + self.end_value_power + self.end_value_plants

    @property
    def end_profit(self) -> float:
        """What is taxed at the horizon's end: the end value less what is left in the books."""
        return self.end_value - last_of(self.book_value)

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
    lines = statement_rows(Terms.of(plan.data), Decisions.of(plan))

    def number(rows: object) -> object:
        if not isinstance(rows, Rows):
            return rows
        return rows.values if rows.timed else float(rows.values)

    return Statement(**{f.name: cast("Any", number(getattr(lines, f.name))) for f in fields(lines)})


def statement_rows(terms: Terms, done: Decisions) -> Statement:
    """Returns the statements as rows, which know how they were computed; see ``finance/rows.py``.

    Every field is ``Rows`` in place of an array or number, and so is every property.

    Args:
        terms: prices, terms and taxes.
        done: decisions.
    """
    agreed = contract_rows(terms.contracts, done.signed, done.sold)
    back = leaseback_rows(
        terms.selling, done.leased_back, price=terms.unit_price, lead=terms.unit_lead, life=terms.server_life,
        cost=None if terms.recovery is not None else 1.0 + terms.value_added_tax,
    )  # fmt: skip
    sold, running = sales(terms, done, agreed.unused), running_costs(terms, done, back)
    owned = assets(terms, done, back)
    added_tax = value_added_tax(
        terms,
        (owned.payments_servers + owned.payments_buildings + owned.plants.payments).named(
            "capital_payments", "Payments for orders", MONEY, "cash"
        ),
    )
    left = terms.opening_depreciation
    worth = end_value(terms, done, owned, back.at_end)
    zero = nothing(shape=left.values.shape, timed=True)
    lines: dict[str, Rows] = {
        "revenue_by_workload": sold.revenue,
        "transfer_by_workload": sold.transfer,
        "ordinary_costs_by_workload": sold.ordinary,
        "other_revenue": terms.other_revenue,
        "other_cost": terms.other_cost,
        "energy": running.energy,
        "maintenance": running.maintenance,
        "leases": running.leases,
        "hire": hire_rows(terms.hiring, done.hire),
        "churn": churn_rows(terms.churning, done.churn),
        "damages": agreed.damages,
        "exit_costs": running.exits,
        "resale": running.resale,
        "leaseback_gains": back.gains,
        "leaseback_proceeds": back.proceeds,
        **_asset_lines(owned),
        "depreciation_opening": left,
        "prepayments": agreed.prepayments,
        "opening_payments": terms.opening_payments,
        "value_added_tax_paid": added_tax.paid,
        "value_added_tax_recovered": added_tax.recovered,
        "book_opening": balance(zero, left, start=left.total()).named(
            "book_opening", "Book value of what stood at the start", MONEY, "assets"
        ),
        "end_value_units": worth.units,
        "end_value_power": worth.power,
        "end_value_plants": worth.plants,
        "end_value_market": worth.market,
        "end_value_added_tax": added_tax.due,
    }
    unpaid = {"tax": zero, "losses_carried_forward": zero, "end_tax": nothing()}
    untaxed = Statement(**cast("dict[str, Any]", lines | unpaid))
    bill = tax_lines(terms, cast("Rows", untaxed.ebita), cast("Rows", untaxed.end_profit))
    taxed = {"tax": bill.tax, "losses_carried_forward": bill.losses, "end_tax": bill.end_tax}
    return Statement(**cast("dict[str, Any]", lines | taxed))


def _asset_lines(owned: Assets) -> dict[str, Rows]:
    """What is ordered, paid for, owned and written off."""
    return {
        "depreciation_servers": owned.written_off_servers,
        "depreciation_buildings": owned.written_off_buildings,
        "depreciation_plants": owned.plants.written_off,
        "commitments": owned.commitments,
        "payments_servers": owned.payments_servers,
        "payments_buildings": owned.payments_buildings,
        "payments_plants": owned.plants.payments,
        "import_duties": owned.import_duties,
        "export_fees": owned.export_fees,
        "additions_servers": owned.additions_servers,
        "additions_buildings": owned.additions_buildings,
        "additions_plants": owned.plants.additions,
        "book_servers": owned.book_servers,
        "book_buildings": owned.book_buildings,
        "book_plants": owned.plants.book,
        "in_progress": owned.in_progress,
    }
