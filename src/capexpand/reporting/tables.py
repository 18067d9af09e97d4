"""The result as long tables: one value in a row, with its unit. docs/reference/tables.md describes them.

Money is in plain units of the currency. In tables with more than two axes rows of zero are left out, so that
large cases stay small.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from capexpand.finance.contracts import contract_prices
from capexpand.finance.fleet import Fleet
from capexpand.finance.metrics import Metrics
from capexpand.finance.programme import ProgrammeResult
from capexpand.finance.statements import Statement
from capexpand.model.data import Floats
from capexpand.model.plants import has_plants
from capexpand.optimiser.plan import Plan
from capexpand.reporting.context import ReportContext
from capexpand.reporting.limits import VOLUME_UNITS
from capexpand.reporting.long_tables import ArrayAxis, CountedArray, long_table
from capexpand.reporting.serial import MILLION
from capexpand.reporting.sources import hire_frame
from capexpand.reporting.unit_rates import shown
from capexpand.units import VOLUME_UNITS as CANONICAL_VOLUMES

if TYPE_CHECKING:
    import polars

SUMS = (
    "revenue",
    "transfer_value",
    "ordinary_costs",
    "operating_cost",
    "ebitda",
    "depreciation",
    "ebita",
    "ebita_with_transfer",
    "ebita_after_tax",
    "capital_payments",
    "additions",
    "book_value",
    "invested",
    "free_cash_flow_before_tax",
    "free_cash_flow",
    "cumulative_free_cash_flow",
)
"""Lines of a statement that follow from those that it stores."""


def frames(context: ReportContext) -> dict[str, polars.DataFrame]:
    """Return every table by its name."""
    findings = context.findings
    plans = {
        "optimised": (findings.result.plan, context.fleet),
        "naive": (findings.naive.plan, context.naive_fleet),
        "base": (findings.result.base_plan, context.base_fleet),
    }

    def of_plans(make: Callable[[Plan, Fleet, ReportContext], polars.DataFrame]) -> polars.DataFrame:
        return _together({name: make(plan, fleet, context) for name, (plan, fleet) in plans.items()})

    hired = {} if context.data.hire is None else {"hire": of_plans(_hire)}
    return {
        "capacity": of_plans(_capacity),
        "orders": of_plans(_orders),
        "units": of_plans(_units),
        "serving": of_plans(_serving),
        "sales": of_plans(_sales),
        "statements": _together(
            {
                "optimised": _statements(findings.result, context),
                "naive": _statements(findings.naive, context),
            }
        ),
        "shadow_prices": _shadow_prices(context),
        "unit_costs": _unit_costs(context),
        "throughput": _throughput(context),
        "metrics": _metrics(context),
        **hired,
    }


def _hire(plan: Plan, _: Fleet, context: ReportContext) -> polars.DataFrame:
    return hire_frame(plan, context)


def _together(tables: dict[str, polars.DataFrame]) -> polars.DataFrame:
    """One table of several, with a first column that names each."""
    import polars

    named = [table.select(polars.lit(name).alias("plan"), polars.all()) for name, table in tables.items()]
    return polars.concat(named, how="vertical")


def _quarters(context: ReportContext) -> ArrayAxis:
    return ArrayAxis({"quarter": context.data.times.starts, "quarter_name": context.labels})


def _options(context: ReportContext) -> ArrayAxis:
    m = context.data
    return ArrayAxis(
        {
            "offer_option": m.offers.names,
            "offer": [m.offers.products[g] for g in m.offers.product],
            "tenure": ["bought" if owned else "leased" for owned in m.offers.owned],
        }
    )


def _capacity(plan: Plan, fleet: Fleet, context: ReportContext) -> polars.DataFrame:
    """Power by option, and beside it the grid connection by site, for which the option is ``all``."""
    import polars

    m = context.data
    options = ArrayAxis(
        {
            "site": [m.sites.names[s] for s in m.power.site],
            "power_option": m.power.names,
            "tenure": ["own" if owned else "colocated" for owned in m.power.owned],
        }
    )
    count = len(m.sites.names)
    sites = ArrayAxis({"site": m.sites.names, "power_option": ["all"] * count, "tenure": ["all"] * count})
    quarters = _quarters(context)
    by_option = (
        CountedArray("ordered", plan.power_ordered_mw, "MW"),
        CountedArray("returned", plan.power_returned_mw, "MW"),
        CountedArray("energised", plan.power_mw, "MW"),
    )
    by_site = (
        CountedArray("in use", fleet.power_used_mw, "MW"),
        CountedArray("drawn from the grid", fleet.grid_used_mw, "MW"),
        CountedArray("grid limit", fleet.grid_mw, "MW"),
    )
    return polars.concat([long_table((options, quarters), by_option), long_table((sites, quarters), by_site)])


def _orders(plan: Plan, _: Fleet, context: ReportContext) -> polars.DataFrame:
    m = context.data
    axes = (_options(context), ArrayAxis.named("destination", m.destinations), _quarters(context))
    cost = plan.ordered * np.where(plan.ordered > 0.0, m.offers.price, 0.0) * MILLION
    ordered = CountedArray("ordered", plan.ordered, "unit")
    return long_table(axes, (ordered, CountedArray("committed", cost, context.currency)), zeros=False)


def _units(plan: Plan, _: Fleet, context: ReportContext) -> polars.DataFrame:
    axes = (ArrayAxis.named("site", context.data.sites.names), _options(context), _quarters(context))
    quantities = (
        CountedArray("placed", plan.placed, "unit"),
        CountedArray("returned", plan.returned, "unit"),
        CountedArray("installed", plan.installed, "unit"),
        CountedArray("running", plan.running, "unit"),
    )
    return long_table(axes, quantities, zeros=False)


def _serving(plan: Plan, _: Fleet, context: ReportContext) -> polars.DataFrame:
    m = context.data
    groups = [
        "+".join(m.sites.names[i] for i in np.flatnonzero(m.sites.group == g))
        for g in range(plan.serving.shape[0])
    ]
    axes = (
        ArrayAxis.named("site_group", groups),
        _options(context),
        ArrayAxis.named("workload", m.workloads.names),
        _quarters(context),
    )
    power = plan.serving * (m.offers.power_kw / 1000.0)[:, None, None]
    quantities = (CountedArray("units", plan.serving, "unit"), CountedArray("power", power, "MW"))
    return long_table(axes, quantities, zeros=False)


def _sales(plan: Plan, fleet: Fleet, context: ReportContext) -> polars.DataFrame:
    """Volumes by tranche, and beside them those of the whole workload, whose tranche is ``all``."""
    import polars

    m = context.data
    units = [f"{CANONICAL_VOLUMES[unit]}/quarter" for unit in m.workloads.units]
    prices = [f"{context.currency}/{VOLUME_UNITS[unit]}" for unit in m.workloads.units]
    tranches = ArrayAxis.named("tranche", [str(i + 1) for i in range(m.workloads.tranches)])
    workloads, quarters = ArrayAxis.named("workload", m.workloads.names), _quarters(context)
    asked = m.workloads.demand > 0.0
    by_tranche = (
        CountedArray("demand", np.where(asked, m.workloads.demand, np.nan), units),
        CountedArray("sold", np.where(asked, plan.sold, np.nan), units),
        CountedArray("price", np.where(asked, contract_prices(m), np.nan), prices),
    )
    whole = (
        CountedArray("served", fleet.served[:, None], units),
        CountedArray("unmet", plan.unmet[:, None], units),
        CountedArray("capacity", fleet.capacity[:, None], units),
    )
    return polars.concat(
        [
            long_table((workloads, tranches, quarters), by_tranche),
            long_table((workloads, ArrayAxis.named("tranche", ["all"]), quarters), whole),
        ]
    )


def _statements(result: ProgrammeResult, context: ReportContext) -> polars.DataFrame:
    """Lines of the three statements by quarter; those by workload name it, the others say ``all``."""
    import polars

    quarters, currency = _quarters(context), context.currency
    tables: list[polars.DataFrame] = []
    for basis, of in (("programme", result.programme), ("base", result.base), ("total", result.total)):
        bases = ArrayAxis.named("basis", [basis])
        whole, by_workload = _lines(of)
        if context.data.hire is None:
            del whole["hire"]
        if context.data.churn is None:
            del whole["churn"]
        if not has_plants(context.data):
            whole = {name: values for name, values in whole.items() if not name.endswith("_plants")}
        names = context.data.workloads.names
        for workloads, found in ((["all"], whole), (names, by_workload)):
            axes = (bases, ArrayAxis.named("workload", workloads), quarters)
            tables.append(
                long_table(
                    axes,
                    [
                        CountedArray(name, values.reshape(1, len(workloads), -1) * MILLION, currency)
                        for name, values in found.items()
                    ],
                )
            )
    return polars.concat(tables)


def _lines(of: Statement) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Lines of a statement by quarter, and by workload and quarter."""
    stored = {field.name: np.asarray(getattr(of, field.name)) for field in fields(of)}
    whole = {name: values for name, values in stored.items() if values.ndim == 1}
    whole |= {name: np.asarray(getattr(of, name)) for name in SUMS}
    by_workload = {
        name.removesuffix("_by_workload"): values for name, values in stored.items() if values.ndim == 2
    }
    return whole, by_workload


def _shadow_prices(context: ReportContext) -> polars.DataFrame:
    found = sorted(context.limits, key=lambda limit: limit.name)
    limits = ArrayAxis({"limit": [limit.name for limit in found], "kind": [limit.kind for limit in found]})
    quantities = (
        CountedArray("worth", np.array([limit.worth for limit in found]), [limit.unit for limit in found]),
        CountedArray(
            "amount", np.array([limit.amount for limit in found]), [limit.amount_unit for limit in found]
        ),
        CountedArray(
            "one percent more", np.array([limit.gain for limit in found]) * MILLION, context.currency
        ),
    )
    return long_table((limits, _quarters(context)), quantities)


def _unit_costs(context: ReportContext) -> polars.DataFrame:
    m, costs, currency = context.data, context.costs, context.currency
    per = [f"{currency}/{VOLUME_UNITS[unit]}" for unit in m.workloads.units]
    volumes = [f"{CANONICAL_VOLUMES[unit]}/quarter" for unit in m.workloads.units]
    parts = ("ordinary_costs", "energy", "units", "power", "depreciation")
    quantities = [CountedArray(name, getattr(costs, name) * MILLION, currency) for name in parts]
    quantities += [
        CountedArray("cost", costs.cost * MILLION, currency),
        CountedArray("value", costs.value * MILLION, currency),
        CountedArray("volume", costs.volume, volumes),
        CountedArray("accelerator hours", costs.accelerator_hours * MILLION, "accelerator_hour"),
        CountedArray("cost per volume", costs.cost_per_volume, per),
        CountedArray(
            "cost per accelerator-hour", costs.cost_per_accelerator_hour, f"{currency}/accelerator_hour"
        ),
        CountedArray(
            "value per accelerator-hour", costs.value_per_accelerator_hour, f"{currency}/accelerator_hour"
        ),
    ]
    return long_table((ArrayAxis.named("workload", m.workloads.names), _quarters(context)), quantities)


def _throughput(context: ReportContext) -> polars.DataFrame:
    """What a unit of each offer serves of each workload, in the unit that people use, and what bounds it."""
    import polars

    workloads = context.findings.case.workloads
    rows = [
        {
            "offer": rate.offer,
            "workload": rate.workload,
            "value": value,
            "unit": unit,
            "origin": rate.origin,
            "bound_by": rate.bound_by,
            "note": rate.note,
        }
        for line in context.rates
        for rate in line
        for value, unit in (shown(rate, workloads[rate.workload]),)
    ]
    texts = ("unit", "origin", "bound_by", "note")
    schema = {"offer": polars.String, "workload": polars.String, "value": polars.Float64}
    return polars.DataFrame(rows, schema={**schema, **dict.fromkeys(texts, polars.String)})


def _metrics(context: ReportContext) -> polars.DataFrame:
    import polars

    rows: list[dict[str, object]] = []
    pairs = (
        ("optimised", context.findings.result, context.findings.metrics),
        ("naive", context.findings.naive, context.findings.naive_metrics),
    )
    for plan, result, metrics in pairs:
        for name, value, unit in _figures(result, metrics, context):
            rows.append({"plan": plan, "metric": name, "value": value, "unit": unit})
    schema = {"plan": polars.String, "metric": polars.String, "value": polars.Float64, "unit": polars.String}
    return polars.DataFrame(rows, schema=schema)


def _figures(
    result: ProgrammeResult, metrics: Metrics, context: ReportContext
) -> list[tuple[str, float | None, str]]:
    currency, window = context.currency, context.window
    payments = result.total.capital_payments
    return [
        ("objective", result.plan.value * MILLION, currency),
        ("npv", metrics.npv * MILLION, currency),
        ("npv_before_tax", metrics.npv_before_tax * MILLION, currency),
        ("npv_end_value_zero", metrics.npv_end_value_zero * MILLION, currency),
        ("end_value", metrics.end_value * MILLION, currency),
        ("irr", metrics.irr, "1/year"),
        ("payback_quarter", metrics.payback_quarter, "quarters from the start"),
        ("peak_funding", metrics.peak_funding * MILLION, currency),
        ("peak_funding_quarter", metrics.peak_funding_quarter, "quarters from the start"),
        ("capex_total", float(payments[window].sum()) * MILLION, currency),
        ("renewal_capex_total", float(payments.sum() - payments[window].sum()) * MILLION, currency),
    ]
