"""Energy for page and documents: what contracts bring, what is renewable and its worth, emissions."""

from __future__ import annotations

import numpy as np

from capexpand.finance.energy import (
    contract_costs,
    drawn_mwh,
    emitted_tonnes,
    plant_purchases,
    renewable_mwh,
)
from capexpand.finance.fleet import ratio
from capexpand.model.data import ModelData
from capexpand.optimiser.plan import Plan
from capexpand.reporting.blocks import Block, Heading, Paragraph, Row, Section, Table, table
from capexpand.reporting.context import ReportContext
from capexpand.reporting.serial import MILLION, Document, monies, numbers
from capexpand.reporting.years import Years
from capexpand.wording import money, percent


def energy_section(context: ReportContext) -> tuple[Section, ...]:
    """Return the section on energy; none where the case says only a price."""
    m, plan = context.data, context.findings.result.plan
    if m.energy is None or plan.energy is None:
        return ()
    found = contract_table(context)
    blocks: list[Block] = [Paragraph(_words(context)), _sources(context)]
    if m.energy.names:
        blocks += [Heading(found.title), found]
    return (Section("energy", "Energy", tuple(blocks)),)


def _words(context: ReportContext) -> str:
    """Say what the balances hold by quarter, and what the renewable target costs."""
    m, plan = context.data, context.findings.result.plan
    said = (
        "Energy is balanced by quarter. What must hold by the hour is the matched share of each contract and "
        "the curtailed share of each connection, as the case states them."
    )
    worth = np.zeros(0) if plan.energy is None else plan.energy.renewable_worth
    if m.energy is not None and m.energy.target.max() > 0.0:
        dearest = int(np.argmax(worth)) if worth.size else 0
        if worth.size and worth[dearest] > 1e-12:
            price = money(float(worth[dearest] / m.times.discount[dearest]), context.currency)
            said += (
                f" The target for renewable energy binds: in {context.labels[dearest]} one more MWh of it "
                f"would "
                f"be worth {price} then, before the tax that it saves."
            )
        else:
            said += " The target for renewable energy binds nowhere."
    return said


def _sources(context: ReportContext) -> Table:
    m, plan = context.data, context.findings.result.plan
    years = Years.of(m.times)
    drawn, green, tonnes = drawn_mwh(plan).sum(axis=0), renewable_mwh(plan), emitted_tonnes(plan)
    grid = np.zeros_like(drawn) if plan.energy is None else plan.energy.grid.sum(axis=0)
    rows = [
        Row("Drawn for servers, GWh", tuple(f"{v / 1000:,.1f}" for v in years.sums(drawn))),
        Row("From the grid, GWh", tuple(f"{v / 1000:,.1f}" for v in years.sums(grid))),
        Row(
            "Renewable",
            tuple(_share(g, d) for g, d in zip(years.sums(green), years.sums(drawn), strict=True)),
        ),
        Row("Emitted, thousand t", tuple(f"{v / 1000:,.2f}" for v in years.sums(tonnes))),
    ]
    return table("Where energy comes from", ("", *years.titles), rows)


def _share(part: float, whole: float) -> str:
    return percent(part / whole) if whole > 1e-9 else "–"


def contract_table(context: ReportContext) -> Table:
    """Return the power under each contract at the end of each year, and what it costs over the horizon."""
    m, plan = context.data, context.findings.result.plan
    if m.energy is None or plan.energy is None:
        raise ValueError("the case says only a price of energy")
    years, active = Years.of(m.times), m.energy.active(plan.energy.signed)
    amounts = [contract_costs(plan).sum(axis=1)]
    head = ["MW under contract", *years.titles, f"Cost, {context.scale.unit}"]
    if m.energy.bought.any():
        amounts.append(plant_purchases(m, plan.energy.signed).payments.sum(axis=1))
        head.append(f"Bought for, {context.scale.unit}")
    rows = [
        Row(
            f"{title} at {context.sites[int(m.energy.site[p])]}",
            (
                *(f"{v:,.2f}" for v in years.ends(active[p])),
                *(context.scale.write(float(amount[p])) for amount in amounts),
            ),
        )
        for p, title in enumerate(m.energy.titles)
    ]
    return table("Contracts for energy", tuple(head), rows)


def energy_document(m: ModelData, plan: Plan) -> Document:
    """Return energy for JSON; nothing where the case says only a price.

    Args:
        m: the compiled case.
        plan: its plan.
    """
    if m.energy is None or plan.energy is None:
        return {}
    cost, active = contract_costs(plan), m.energy.active(plan.energy.signed)
    bought = plant_purchases(m, plan.energy.signed).payments
    drawn = drawn_mwh(plan).sum(axis=0)
    return {
        "energy": {
            "drawn_mwh": numbers(drawn),
            "grid_mwh": numbers(plan.energy.grid.sum(axis=0)),
            "renewable_share": numbers(ratio(renewable_mwh(plan), drawn)),
            "renewable_target": numbers(m.energy.target),
            "renewable_worth_per_mwh": numbers(plan.energy.renewable_worth * MILLION),
            "emitted_tonnes": numbers(emitted_tonnes(plan)),
            "contracts": {
                name: {
                    "kind": m.energy.kinds[p],
                    "signed_mw": numbers(plan.energy.signed[p]),
                    "mw": numbers(active[p]),
                    "used_mwh": numbers(plan.energy.used[p]),
                    "left_over_mwh": numbers(plan.energy.surplus[p]),
                    "cost": monies(cost[p]),
                    **({"bought_for": monies(bought[p])} if m.energy.bought[p] else {}),
                }
                for p, name in enumerate(m.energy.names)
            },
        }
    }
