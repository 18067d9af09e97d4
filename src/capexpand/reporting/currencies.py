"""Money in other currencies: the document's part and the section of the page."""

from __future__ import annotations

import numpy as np

from capexpand.finance.currencies import Exposure, exposures
from capexpand.reporting.blocks import Paragraph, Row, Section, Table, table
from capexpand.reporting.context import ReportContext
from capexpand.reporting.serial import Document, monies, numbers
from capexpand.reporting.years import Years
from capexpand.wording import number, percent


def _found(context: ReportContext) -> tuple[Exposure, ...]:
    financing = context.financing
    return exposures(
        context.findings.case,
        context.findings.result.plan,
        context.findings.result.total,
        None if financing is None else financing.statement,
    )


def currencies_document(context: ReportContext) -> Document:
    """Return money in other currencies as plain data; nothing where all is in the case's own."""
    found = _found(context)
    if not found:
        return {}
    return {
        "currencies": {
            each.currency: {
                "rate": numbers(each.rate),
                "settled_rate": numbers(each.settled),
                "hedged_share": numbers(each.hedged),
                "revenue": monies(each.revenue),
                "operating_cost": monies(each.operating),
                "orders": monies(each.orders),
                "debt_service": monies(each.debt_service),
                "debt": monies(each.debt),
                "net": monies(each.net),
                "open": monies(each.open),
            }
            for each in found
        }
    }


def currencies_section(context: ReportContext) -> tuple[Section, ...]:
    """Return the section of the page, where a case has money in other currencies."""
    found = _found(context)
    if not found:
        return ()
    note = (
        "Money of the whole business in other currencies, in the case's own money at the rate at which it is "
        "settled. What is open moves with the exchange rate; what is hedged is settled at the forward rate."
    )
    return (
        Section(
            "currencies", "Other currencies", (Paragraph(note), *(_table(context, each) for each in found))
        ),
    )


def _table(context: ReportContext, each: Exposure) -> Table:
    years, scale = Years.of(context.data.times), context.scale
    lines = (
        ("Revenue", each.revenue, ""),
        ("Leases, rented power, hire and energy", 0.0 - each.operating, ""),
        ("Orders", 0.0 - each.orders, ""),
        ("Interest and repayments, less what is drawn", 0.0 - each.debt_service, ""),
        ("Net", each.net, "sum"),
        ("Of it, open to the exchange rate", each.open, ""),
    )
    rows = [
        Row(name, tuple(scale.write(float(value)) for value in years.sums(values)), kind)
        for name, values, kind in lines
        if kind or np.abs(values).max(initial=0.0) > 1e-9
    ]
    if each.debt.any():
        ends = years.ends(each.debt)
        rows.append(Row("Debt, at the end", tuple(scale.write(float(value)) for value in ends)))
    rows.append(Row("Exchange rate", tuple(number(float(value), 4) for value in years.ends(each.rate))))
    if each.hedged.any():
        rows.append(Row("Share hedged", tuple(percent(float(value)) for value in years.ends(each.hedged))))
        rows.append(
            Row("Rate with hedges", tuple(number(float(value), 4) for value in years.ends(each.settled)))
        )
    return table(f"Money in {each.currency}", (scale.unit, *years.titles), rows)
