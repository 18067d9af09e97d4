"""Sales and leasebacks of a plan as constants of its case, for futures in which nobody plans again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from capexpand.finance.leaseback_lines import leaseback_rows, leased_back_rows
from capexpand.finance.money_lines import Terms
from capexpand.finance.statements import statement
from capexpand.model.data import ModelData
from capexpand.model.leaseback import book_left
from capexpand.optimiser.plan import Plan


def settled_leasebacks(m: ModelData, plan: Plan) -> ModelData:
    """Return a case in which what a plan sells and leases back is money that comes and goes whatever happens.

    Fees are a cost, proceeds a payment received, and depreciation is less by the gain and by what falls
    away. What the lessor owns at the horizon's end is a cost of the last quarter, at its present value.

    Args:
        m: the compiled case, perhaps with contracts settled.
        plan: made for it.
    """
    sold = plan.leased_back
    if m.leasebacks is None or sold is None or not sold.any():
        return replace(m, leasebacks=None)
    terms = Terms.of(m)
    lines = leaseback_rows(
        terms.selling, leased_back_rows(plan), price=terms.unit_price, lead=terms.unit_lead,
        life=terms.server_life, cost=None if terms.recovery is not None else 1.0 + terms.value_added_tax,
    )  # fmt: skip
    ours, opening = statement(plan), m.opening
    left = float((np.where(sold > 0.0, book_left(m), 0.0) * sold).sum())
    market = float((plan.installed[:, :, -1] * m.offers.end_value).sum())
    kept = min(market, float(ours.book_servers[-1]) + left) if m.end_value_within_book else market
    last = np.arange(m.times.count) == m.times.count - 1
    later = m.times.discount_end / m.times.discount[-1] * last
    spared = lines.spared.values + lines.gains.values + left * later
    return replace(
        m,
        leasebacks=None,
        opening=replace(
            opening,
            other_cost=opening.other_cost + lines.fees.values + (kept - ours.end_value_units) * later,
            payments_due=opening.payments_due - lines.proceeds.values,
            depreciation=opening.depreciation - spared,
        ),
    )
