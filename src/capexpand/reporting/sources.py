"""Own, lease or hire: total cost of ownership per unit of service, and what is hired."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from capexpand.finance.hire import hire_cost_by_option
from capexpand.finance.leases import leases_as_capital
from capexpand.finance.ownership import SourceCost, source_costs
from capexpand.model.data import ModelData
from capexpand.optimiser.plan import Plan
from capexpand.reporting.blocks import Block, Heading, Paragraph, Row, Section, Table, columns, table
from capexpand.reporting.charts.service import PRICE_UNITS
from capexpand.reporting.context import ReportContext
from capexpand.reporting.leaseback import leaseback_words
from capexpand.reporting.limits import VOLUME_UNITS
from capexpand.reporting.long_tables import ArrayAxis, CountedArray, long_table
from capexpand.reporting.serial import MILLION, Document, monies, number, numbers
from capexpand.reporting.serial import money as plain_money
from capexpand.wording import money, percent
from capexpand.wording import number as written

if TYPE_CHECKING:
    import polars


PARTS = ("units", "power", "energy", "upkeep")


def sources_section(context: ReportContext) -> tuple[Section, ...]:
    """Return the section that compares owning, leasing and hiring; none where nothing can be hired."""
    m = context.data
    if m.hire is None and m.lease_terms is None and m.leasebacks is None:
        return ()
    note = (
        "Each source taken alone: one unit from the first quarter in which it can be ordered to the end of "
        "its life, term or the horizon, fully used, at the site and in the power where it is cheapest. "
        "Costs and volumes are both in present value, before tax, so the ratio is the price at which the "
        "source breaks even. A reservation counts for one term."
    )
    blocks: list[Block] = [Paragraph(note), ownership_table(context)]
    if m.lease_terms is not None:
        blocks += [Heading("Leases as capital"), Paragraph(lease_words(context))]
    if m.leasebacks is not None:
        blocks += [Heading("Sale and leaseback"), Paragraph(leaseback_words(context))]
    if m.hire is not None:
        hired = hired_table(context)
        blocks += [Heading(hired.title), hired]
    return (Section("sources", "Own, lease or hire", tuple(blocks)),)


def lease_words(context: ReportContext) -> str:
    """Say what is spent in the window with and without leases as capital."""
    m, plan, here = context.data, context.findings.result.plan, context.window
    bought, leased = float(plan.paid[here].sum()), float(leases_as_capital(plan)[here].sum())
    counts = m.lease_terms is not None and m.lease_terms.within_cap
    how = "both count within the cap" if counts else "leases stand beside the cap"
    return (
        f"In the window {money(bought, context.currency)} is paid for orders, and leases are signed whose "
        f"fees over their terms have a present value of {money(leased, context.currency)} when signed: "
        f"{money(bought + leased, context.currency)} together. Here {how}."
    )


def ownership_table(context: ReportContext) -> Table:
    """Return the total cost of ownership of every source per unit of service of each workload."""
    m = context.data
    served = [j for j in range(len(m.workloads.names)) if _anyone_serves(m, j)]
    per = [f"{context.currency} per {PRICE_UNITS[m.workloads.units[j]]}" for j in served]
    same = len(set(per)) == 1
    units = ["" if same else f", {unit}" for unit in per]
    heads = [f"{context.workloads[j]}{unit}" for j, unit in zip(served, units, strict=True)]
    rows: list[Row] = []
    for source in source_costs(m):
        worth = source.per_volume
        cells = [written(float(worth[j])) if np.isfinite(worth[j]) else "–" for j in served]
        cells += [f"{source.quarters}", *(_share(source, part) for part in PARTS)]
        where = f" at {source.place}" if source.place else ""
        rows.append(Row(f"{source.title}, {source.tenure}{where}" if where else source.title, tuple(cells)))
    head = columns("Source", *heads, "Quarters", "Unit or fee", "Power", "Energy", "Upkeep")
    title = "Total cost of ownership per unit of service"
    made = Table(f"{title}, {per[0]}" if same else title, head, tuple(rows))
    return replace(made, captioned=True)


def _anyone_serves(m: ModelData, j: int) -> bool:
    hired = m.hire is not None and bool((m.hire.service[:, j] > 0).any())
    return hired or bool((m.workloads.service[:, j] > 0).any())


def _share(source: SourceCost, part: str) -> str:
    value = float(getattr(source, part))
    return "–" if value == 0.0 or source.cost <= 0.0 else percent(value / source.cost)


def hired_table(context: ReportContext) -> Table:
    """Return the units hired in each calendar year on average, and what they cost."""
    m, plan = context.data, context.findings.result.plan
    if m.hire is None:
        raise ValueError("nothing can be hired in this case")
    cost = hire_cost_by_option(plan)
    years = sorted({day.year for day in m.times.starts})
    of_year = [np.array([day.year == year for day in m.times.starts]) for year in years]
    rows: list[Row] = []
    for h, title in enumerate(m.hire.titles):
        if plan.hired[h].max() > 1e-6:
            cells = [f"{plan.hired[h, here].mean():,.1f}" for here in of_year]
            rows.append(Row(title, (*cells, context.scale.write(float(cost[h].sum())))))
    total = [context.scale.write(float(cost[:, here].sum())) for here in of_year]
    rows.append(Row(f"Fees, {context.scale.unit}", (*total, context.scale.write(float(cost.sum()))), "sum"))
    head = ("Units hired, on average", *map(str, years), f"Fees, {context.scale.unit}")
    return table("Hired from clouds", head, tuple(rows))


def hire_document(m: ModelData, plan: Plan) -> Document:
    """Return what is hired and what each source costs, for JSON; nothing where nothing can be hired."""
    leased = _lease_document(m, plan)
    if m.hire is None and m.lease_terms is None:
        return {}
    cost = hire_cost_by_option(plan)
    days = [day.isoformat() for day in m.times.starts]
    hired: Document = {}
    if m.hire is not None:
        hired["hire"] = {
            name: {
                "units": numbers(plan.hired[h]),
                "reserved": numbers(plan.hire_signed[h]),
                "fees": monies(cost[h]),
            }
            for h, name in enumerate(m.hire.names)
        }
    return {
        **hired,
        **leased,
        "cost_of_ownership": [
            {
                "source": source.name,
                "tenure": source.tenure,
                "place": source.place or None,
                "ordered": days[source.first],
                "quarters": source.quarters,
                "cost": number(source.cost * MILLION),
                "cost_per_volume": {
                    name: number(float(value))
                    for name, value in zip(m.workloads.names, source.per_volume, strict=True)
                    if np.isfinite(value)
                },
            }
            for source in source_costs(m)
        ],
        "cost_of_ownership_units": {
            name: f"{m.currency}/{VOLUME_UNITS[unit]}"
            for name, unit in zip(m.workloads.names, m.workloads.units, strict=True)
        },
    }


def _lease_document(m: ModelData, plan: Plan) -> Document:
    """What leases are as capital; nothing where a case says no more of them than fee and least time."""
    if m.lease_terms is None:
        return {}
    capital = leases_as_capital(plan)
    first, last = m.times.window
    bought, leased = float(plan.paid[first:last].sum()), float(capital[first:last].sum())
    return {
        "leases": {
            "within_cap": m.lease_terms.within_cap,
            "capital_equivalent": monies(capital),
            "spent": plain_money(bought),
            "spent_with_leases": plain_money(bought + leased),
        }
    }


def hire_frame(plan: Plan, context: ReportContext) -> polars.DataFrame:
    """Return the long table of what is hired, by way to hire and quarter."""
    m = context.data
    if m.hire is None:
        raise ValueError("nothing can be hired in this case")
    options = ArrayAxis({"hire_option": m.hire.names, "offer": list(m.hire.offers), "way": list(m.hire.ways)})
    quarters = ArrayAxis({"quarter": m.times.starts, "quarter_name": context.labels})
    quantities = (
        CountedArray("reserved", plan.hire_signed, "unit"),
        CountedArray("hired", plan.hired, "unit"),
        CountedArray("serving", plan.hire_serving.sum(axis=1), "unit"),
        CountedArray("fees", hire_cost_by_option(plan) * MILLION, context.currency),
    )
    return long_table((options, quarters), quantities)
