"""A run as a financial model: every line as rows, with the programme, without it, and the difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast

import numpy as np

from capexpand.finance.debt import financing_statement
from capexpand.finance.debt_lines import DebtDone, DebtLines, debt_rows
from capexpand.finance.metrics import (
    net_present_value,
    net_present_value_before_tax,
    net_present_value_end_value_zero,
)
from capexpand.finance.money_lines import MONEY, Decisions
from capexpand.finance.rows import Rows, minimum, rows_of, running_total
from capexpand.finance.statements import Statement, statement_rows
from capexpand.model.data import ModelData
from capexpand.reporting.inputs import Findings
from capexpand.workbook.case_terms import CaseTerms, Clock, case_terms
from capexpand.workbook.physical import Physical, physical

SUMS = (
    ("transfer_value", "Transfer value, no cash", "revenue"),
    ("revenue", "Revenue", "revenue"),
    ("ordinary_costs", "Ordinary costs", "operation"),
    ("operating_cost", "Costs of operation", "operation"),
    ("ebitda", "EBITDA", "operation"),
    ("depreciation", "Depreciation", "assets"),
    ("ebita", "EBITA", "tax"),
    ("capital_payments", "Payments for orders", "cash"),
    ("free_cash_flow_before_tax", "Free cash flow before tax", "cash"),
    ("free_cash_flow", "Free cash flow", "cash"),
    ("additions", "Additions", "assets"),
    ("book_value", "Book value", "assets"),
    ("invested", "Capital invested", "assets"),
    ("end_value", "End value", "end"),
    ("end_profit", "Profit at the end", "end"),
    ("end_cash", "Cash at the end", "end"),
)
"""Lines that follow from the fields of a statement, by the statement's own properties."""

FIELD_TITLES = {
    "revenue_by_workload": "Revenue",
    "transfer_by_workload": "Transfer value",
    "ordinary_costs_by_workload": "Ordinary costs",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A result or a check: its title, its unit, its row, and what of a check is only rounding."""

    title: str
    unit: str
    rows: Rows
    tolerance: float = 1e-6


@dataclass(frozen=True, slots=True)
class FinancialModel:
    """All lines of a workbook.

    Args:
        findings: of the run.
        case_terms: inputs, and terms as formulas over them.
        done: decisions by name: ``plan`` and ``base``.
        total: the statement with the programme, as rows.
        base: without it.
        programme: the difference.
        sums: the lines that follow from those of each statement.
        physical: power, fleet and service with the programme.
        results: the headline figures.
        checks: what must be zero.
        names: titles by axis and place on it.
        borrowed: what the plan borrows and pays out; None where the case has no financing.
        debt: what follows from it.
    """

    findings: Findings
    case_terms: CaseTerms
    done: Mapping[str, Decisions]
    total: Statement
    base: Statement
    programme: Statement
    sums: Mapping[str, tuple[Rows, ...]]
    physical: Physical
    results: Mapping[str, Named]
    checks: tuple[Named, ...]
    names: Mapping[str, tuple[str, ...]]
    borrowed: DebtDone | None
    debt: DebtLines | None

    @property
    def data(self) -> ModelData:
        """The compiled case."""
        return self.findings.result.plan.data

    @property
    def clock(self) -> Clock:
        """The timeline."""
        return self.case_terms.clock


def financial_model(findings: Findings) -> FinancialModel:
    """Return the lines of a run's workbook.

    Args:
        findings: of the run.
    """
    m, case = findings.result.plan.data, findings.case
    made = case_terms(case, m)
    done = {
        "plan": _called(Decisions.of(findings.result.plan)),
        "base": _called(Decisions.of(findings.result.base_plan)),
    }
    total, base = (statement_rows(made.terms, done[name]) for name in ("plan", "base"))
    difference = _difference(total, base)
    sums = {
        name: _named_sums(of) for name, of in (("plan", total), ("base", base), ("programme", difference))
    }
    symbols = replace(
        m.times, discount=cast("Any", made.clock.discount), discount_end=cast("Any", made.clock.discount_end)
    )
    results = _results(difference, symbols, made.clock)
    served = physical(made, m, done["plan"])
    borrowed, debt = DebtDone.of(findings.result.plan), None
    financed = financing_statement(findings.result.plan, findings.result.total)
    if made.financing is not None and borrowed is not None and financed is not None:
        clock = made.clock
        debt = debt_rows(
            made.financing, borrowed, total, base, financed=financed, tax_rate=made.terms.tax_rate,
            number=clock.number, discount=(clock.discount, clock.discount_end), count=clock.count,
        )  # fmt: skip
        results["equity_npv"] = Named("Value for owners at the cost of equity", MONEY, debt.equity_npv)
        results["owners_npv"] = Named("Value for owners at the discount rate", MONEY, debt.npv)
    return FinancialModel(
        findings=findings,
        case_terms=made,
        done=done,
        total=total,
        base=base,
        programme=difference,
        sums=sums,
        physical=served,
        results=results,
        checks=(
            *_checks(total, base, difference, made=made, results=results, served=served),
            *_debt_checks(debt),
        ),
        names=_names(m),
        borrowed=borrowed,
        debt=debt,
    )


_DECISIONS = {
    "sold": ("Sold", "volume", "service"),
    "running": ("Units running", "unit", "service"),
    "installed": ("Units installed", "unit", "fleet"),
    "returned": ("Units handed back or sold", "unit", "fleet"),
    "worn": ("Units beyond the age of wear", "unit", "fleet"),
    "ordered": ("Units ordered", "unit", "fleet"),
    "power_mw": ("Power energised", "MW", "power"),
    "power_returned_mw": ("Rented power handed back", "MW", "power"),
    "power_ordered_mw": ("Power ordered", "MW", "power"),
}


def _called(done: Decisions) -> Decisions:
    """Decisions with their titles; a number that is only the solver's rounding stays as it is."""
    for name, rows in rows_of(done):
        if rows.label is None:
            rows.named(name, *_DECISIONS[name])
    return done


def _difference(total: Statement, base: Statement) -> Statement:
    """The programme, line by line."""
    found = total.less(base)
    for each in fields(found):
        rows, ours = cast("Rows", getattr(found, each.name)), cast("Rows", getattr(total, each.name))
        label = ours.label
        title = FIELD_TITLES.get(each.name) or (
            label.title if label else each.name.replace("_", " ").capitalize()
        )
        block = label.block if label and label.block not in ("inputs", "prices") else "operation"
        rows.named(each.name, title, MONEY, block)
    return found


def _named_sums(of: Statement) -> tuple[Rows, ...]:
    """The sums of a statement with their titles; a line is known by what it adds, wherever it stands."""
    found: list[Rows] = []
    for name, title, block in SUMS:
        rows = getattr(of, name)
        if isinstance(rows, Rows) and rows.label is None and rows.operator != "given":
            found.append(rows.named(name, title, MONEY, block))
    return tuple(found)


def _results(ours: Statement, times: Any, clock: Clock) -> dict[str, Named]:
    """The headline figures, each by the same function that gives our own."""

    def value(key: str, title: str, rows: object) -> Named:
        return Named(title, MONEY, cast("Rows", rows).named(key, title, MONEY, "value"))

    flow = cast("Rows", ours.free_cash_flow)
    sums = cast("Rows", running_total(cast("Any", flow)))
    sums.named("cumulative_free_cash_flow", "Cumulative free cash flow", MONEY, "cash")
    end = cast("Rows", ours.end_cash)
    out = minimum(0.0, flow).named("outlays", "Flows below zero", MONEY, "value")
    came = (flow - out).named("returns", "Flows above zero", MONEY, "value")
    out_end = minimum(0.0, end).named("outlay_end", "Cash at the end below zero", MONEY, "value")
    laid = (0.0 - (out.dot(clock.discount) + out_end * clock.discount_end)).named(
        "laid_out", "Present value of outlays", MONEY, "value"
    )
    back = (came.dot(clock.discount) + (end - out_end) * clock.discount_end).named(
        "came_back", "Present value of returns", MONEY, "value"
    )
    found = {
        "npv": value("npv", "Net present value after tax", net_present_value(ours, times)),
        "npv_before_tax": value(
            "npv_before_tax", "Net present value before tax", net_present_value_before_tax(ours, times)
        ),
        "npv_end_value_zero": value(
            "npv_end_value_zero",
            "Net present value without end value",
            net_present_value_end_value_zero(ours, times),
        ),
    }
    if float(laid.values) > 0.0:
        years = (clock.quarters_per_year / clock.count).named(
            "per_quarter", "1 over the years", "ratio", "value"
        )
        rate = ((back / clock.discount_end / laid) ** years - 1.0).named(
            "mirr", "Modified rate of return", "per year", "value"
        )
        found["mirr"] = Named("Modified rate of return", "per year", rate)
    found["cumulative"] = Named("Cumulative free cash flow", MONEY, sums)
    return found


def _checks(
    total: Statement, base: Statement, ours: Statement, *, made: CaseTerms, results: Mapping[str, Named],
    served: Physical,
) -> list[Named]:  # fmt: skip
    """What must be zero: identities between lines that are computed in different ways, and limits kept."""
    clock = made.clock

    def rows(value: object) -> Rows:
        return cast("Rows", value)

    def named(title: str, unit: str, found: Rows) -> Named:
        return Named(title, unit, found.named(f"check {title}", title, unit, "checks"))

    flows = [rows(each.free_cash_flow).total() for each in (total, base, ours)]
    parts = (
        rows(ours.ebitda).dot(clock.discount)
        + rows(ours.prepayments).dot(clock.discount)
        + rows(ours.leaseback_proceeds).dot(clock.discount)
        - rows(ours.capital_payments).dot(clock.discount)
        - rows(ours.opening_payments).dot(clock.discount)
        - rows(ours.value_added_tax_paid).dot(clock.discount)
        + rows(ours.value_added_tax_recovered).dot(clock.discount)
        - rows(ours.tax).dot(clock.discount)
        + rows(ours.end_cash) * clock.discount_end
    )
    checks = [
        named(
            "Cash flow with less cash flow without is the programme's", MONEY, flows[0] - flows[1] - flows[2]
        ),
        named("Net present value is the sum of its parts", MONEY, parts - results["npv"].rows),
        named("The timeline has as many quarters as the case", "number", clock.number.last() - clock.count),
    ]
    for name, each in (("with", total), ("without", base)):
        closed = [
            (f"Servers {name}: additions less depreciation and sales are the book value", "additions_servers",
             "depreciation_servers", "book_servers"),
            (f"Halls {name}: additions less depreciation are the book value", "additions_buildings",
             "depreciation_buildings", "book_buildings"),
        ]  # fmt: skip
        if rows(each.additions_plants).values.any():
            closed.append((f"Power plants {name}: additions less depreciation are the book value",
                           "additions_plants", "depreciation_plants", "book_plants"))  # fmt: skip
        for title, added, taken, stock in closed:
            left = rows(getattr(each, added)).total() - rows(getattr(each, taken)).total()
            if stock == "book_servers":
                left = left - rows(each.leaseback_proceeds).total() + rows(each.leaseback_gains).total()
            checks.append(named(title, MONEY, left - rows(getattr(each, stock)).last()))
        if made.terms.recovery is not None:
            left = rows(each.value_added_tax_paid).total() - rows(each.value_added_tax_recovered).total()
            title = f"Value-added tax {name}: what is paid comes back"
            checks.append(named(title, MONEY, left - rows(each.end_value_added_tax)))
    checks += [replace(named(t, unit, found), tolerance=passes) for t, unit, found, passes in served.checks]
    return checks


def _debt_checks(debt: DebtLines | None) -> list[Named]:
    """The balance sheet balances, and cash is kept."""
    if debt is None:
        return []
    size = max(1.0, float(np.abs(debt.cash.values).max()), float(np.abs(debt.balance.values).sum()))
    found: list[Named] = []
    for title, rows, passes in (
        ("Assets are what is owed and equity, summed over the quarters", debt.gap, 1e-9),
        ("Cash is never below the least that must be kept", debt.short, 1e-6),
    ):
        total = rows.total().named(f"check {title}", title, MONEY, "checks")
        found.append(Named(title, MONEY, total, float(10.0 ** np.ceil(np.log10(size * passes)))))
    return found


def _names(m: ModelData) -> dict[str, tuple[str, ...]]:
    titles = m.offers.product_titles
    tenures = ["" if owned else " (leased)" for owned in m.offers.owned]
    options = tuple(titles[g] + tenure for g, tenure in zip(m.offers.product, tenures, strict=True))
    power = tuple(
        m.sites.titles[s] + ("" if owned else " (rented)")
        for s, owned in zip(m.power.site, m.power.owned, strict=True)
    )
    return {
        "site": m.sites.titles,
        "power": power,
        "option": options,
        "destination": m.destinations,
        "successor": tuple(f"of {name}" for name in options),
        "hire": () if m.hire is None else m.hire.titles,
        "contract": () if m.contracts is None else tuple(m.workloads.titles[j] for j in m.contracts.workload),
        "agreement": () if m.energy is None else m.energy.titles,
        "facility": () if m.financing is None else m.financing.facilities.titles,
        "year": tuple(f"year {i + 1} of the term" for i in range(-(-m.times.count // 4))),
        "workload": m.workloads.titles,
        "tranche": tuple(f"tranche {i + 1}" for i in range(m.workloads.tranches)),
    }
