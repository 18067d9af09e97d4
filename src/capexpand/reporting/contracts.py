"""Contracts with customers in a report: the document's part, a table, and the answer in words."""

from __future__ import annotations

import numpy as np

from capexpand.finance.contracts import Backlog
from capexpand.model.contracts import Contracts
from capexpand.reporting.blocks import Answer, Heading, Paragraph, Row, Section, Table, table
from capexpand.reporting.context import ReportContext
from capexpand.reporting.serial import Document, money, monies, number, numbers
from capexpand.reporting.years import Years
from capexpand.wording import listing, percent, share
from capexpand.wording import money as money_words

SMALL = 1e-6
"""Part of the largest debt below which it counts as none."""


def contracts_document(context: ReportContext) -> Document:
    """Return the contracts as plain data; nothing where the case has none."""
    found, c = context.backlog, context.data.contracts
    if found is None or c is None:
        return {}
    names = context.data.workloads.names
    return {
        "contracts": {
            names[j]: {
                "offered": bool(c.offered[i]),
                "signed": number(float(found.signed[i])),
                "volume": numbers(found.volume[i]),
                "delivered": numbers(found.delivered[i]),
                "bills": monies(found.bills[i]),
                "damages": monies(found.damages[i]),
            }
            for i, j in enumerate(c.workload)
        },
        "backlog": monies(found.left),
        "backlog_at_start": money(_at_start(found)),
        "contracted_share_of_revenue": numbers(found.coverage),
    }


def _at_start(found: Backlog) -> float:
    return float(found.bills.sum())


def contract_answers(context: ReportContext) -> tuple[Answer, ...]:
    """Return the answer about contracts, where the case has any."""
    found, c = context.backlog, context.data.contracts
    if found is None or c is None:
        return ()
    titles = [context.workloads[j] for j in c.workload]
    total = float(context.findings.result.total.revenue.sum())
    parts = [f"{money_words(_at_start(found), context.currency)} is billed under contract over the horizon"]
    if total > 0.0:
        parts[0] += f", {share(_at_start(found) / total)} of all revenue"
    parts[0] += "."
    offered = [
        f"{title} {_part(float(part))}"
        for title, part, open_ in zip(titles, found.signed, c.offered, strict=True)
        if open_
    ]
    if offered:
        parts.append(f"Of what is offered the plan signs {listing(offered)}.")
    damages = float(found.damages.sum())
    if damages > 1e-6:
        parts.append(f"What is not delivered costs {money_words(damages, context.currency)} of damages.")
    debt = None if context.financing is None else context.financing.statement.debt
    if debt is not None and float(debt.max()) > 0.0:
        at = int(np.argmax(debt))
        times = float(found.left[at] / debt[at])
        parts.append(f"At the peak of debt the backlog still to be billed is {times:.1f} times what is owed.")
    return (Answer("What is under contract?", " ".join(parts)),)


def _part(signed: float) -> str:
    if signed > 1.0 - 1e-6:
        return "in full"
    return "not at all" if signed < 1e-6 else f"to {percent(signed)}"


def contract_section(context: ReportContext) -> tuple[Section, ...]:
    """Return the section of the page, where the case has contracts."""
    found, c = context.backlog, context.data.contracts
    if found is None or c is None:
        return ()
    note = (
        "The backlog is what signed contracts will still bill within the horizon after a year's end, as "
        "agreed; what is billed beyond the horizon is left out."
    )
    each, over_time = _contracts(context, found, c), _backlog(context, found)
    blocks = (Paragraph(note), Heading(each.title), each, Heading(over_time.title), over_time)
    return (Section("contracts", "Contracts with customers", blocks),)


def _backlog(context: ReportContext, found: Backlog) -> Table:
    """The backlog at each year's end, over debt where there is any, and the revenue under contract."""
    years, scale = Years.of(context.data.times), context.scale
    billed, earned = found.bills.sum(axis=0), context.findings.result.total.revenue
    rows = [
        Row("Backlog", tuple(scale.write(float(value)) for value in years.ends(found.left))),
        Row(
            "Revenue under contract, share of the year's",
            tuple(
                share(float(part / whole)) if whole > 0.0 else "–"
                for part, whole in zip(years.sums(billed), years.sums(earned), strict=True)
            ),
        ),
    ]
    if context.financing is not None and context.financing.statement.debt.max() > 0.0:
        debt = years.ends(context.financing.statement.debt)
        times = zip(np.maximum(years.ends(found.left), 0.0), debt, strict=True)  # summed to a rounding of 0
        cells = tuple(f"{left / owed:.2f}" if owed > SMALL * debt.max() else "–" for left, owed in times)
        rows.append(Row("Backlog over debt, times", cells))
    return table("Backlog at each year's end", (scale.unit, *years.titles), rows)


def _contracts(context: ReportContext, found: Backlog, c: Contracts) -> Table:
    """What each contract brings over the horizon."""
    rows: list[Row] = []
    for i, j in enumerate(c.workload):
        asked, given = float(found.volume[i].sum()), float(found.delivered[i].sum())
        cells = (
            "signed" if not c.offered[i] else percent(float(found.signed[i])),
            share(given / asked) if asked > 0.0 else "–",
            context.scale.write(float(found.bills[i].sum())),
            context.scale.write(float(found.damages[i].sum())),
        )
        rows.append(Row(context.workloads[j], cells))
    head = (
        "Contract",
        "Signed",
        "Delivered",
        f"Billed, {context.scale.unit}",
        f"Damages, {context.scale.unit}",
    )
    return table("Contracts over the horizon", head, rows)
