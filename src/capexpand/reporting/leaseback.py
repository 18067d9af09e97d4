"""What a plan sells and leases back, in words and for JSON."""

from __future__ import annotations

import numpy as np

from capexpand.finance.leaseback_lines import leaseback_rows, leased_back_rows
from capexpand.finance.money_lines import Terms
from capexpand.optimiser.plan import Plan
from capexpand.reporting.context import ReportContext
from capexpand.reporting.serial import Document, monies, numbers
from capexpand.wording import money


def leaseback_document(plan: Plan) -> Document:
    """Return units sold and leased back by offer and their money by quarter; nothing without the terms.

    Args:
        plan: what is done in each quarter.
    """
    m, sold = plan.data, plan.leased_back
    if m.leasebacks is None or sold is None:
        return {}
    terms = Terms.of(m)
    lines = leaseback_rows(
        terms.selling, leased_back_rows(plan), price=terms.unit_price, lead=terms.unit_lead,
        life=terms.server_life, cost=None if terms.recovery is not None else 1.0 + terms.value_added_tax,
    )  # fmt: skip
    return {
        "leasebacks": {
            "units": {
                m.offers.names[k]: numbers(sold[k].sum(axis=0)) for k in np.flatnonzero(m.leasebacks.there)
            },
            "proceeds": monies(lines.proceeds.values),
            "gains": monies(lines.gains.values),
            "fees": monies(lines.fees.values),
        }
    }


def leaseback_words(context: ReportContext) -> str:
    """Say what is sold and leased back, and what it brings and costs."""
    plan, ours = context.findings.result.plan, context.findings.result.total
    sold = 0.0 if plan.leased_back is None else float(plan.leased_back.sum())
    if sold < 1e-6:
        return "Servers could be sold to a lessor and leased back; it is not worth it."
    found = leaseback_document(plan)["leasebacks"]["fees"]
    brings, gain = (float(each.sum()) for each in (ours.leaseback_proceeds, ours.leaseback_gains))
    over = "above" if gain >= 0.0 else "below"
    return (
        f"{sold:,.0f} servers are sold to a lessor for {money(brings, context.currency)}, "
        f"{money(abs(gain), context.currency)} {over} their books, and leased back for "
        f"{money(sum(found) / 1e6, context.currency)} in fees."
    )
