"""Sales and leasebacks of a plan in futures in which nobody plans again: its money comes as planned."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from capexpand.finance.leaseback_lines import leaseback_rows, leased_back_rows
from capexpand.finance.money_lines import Terms
from capexpand.finance.statements import statement
from capexpand.model.data import Floats, ModelData
from capexpand.model.leaseback import book_left
from capexpand.model.leaseback_values import book_at_sale
from capexpand.optimiser.plan import Plan
from capexpand.policy.accounts import Books


@dataclass(frozen=True, slots=True)
class LeasedBack:
    """What a plan sells and leases back, put into its case and taken out of the books of futures.

    Args:
        data: the case, in which fees are a cost, proceeds a payment received and gains less to write off.
        delivered: [quarter] price of what is delivered and sold later, without value-added tax.
        end_value: what the lessors own of the worth at the horizon's end.
    """

    data: ModelData
    delivered: Floats
    end_value: float

    @classmethod
    def of(cls, m: ModelData, plan: Plan) -> LeasedBack:
        """Return the sales of a plan.

        Args:
            m: the compiled case, perhaps with contracts settled.
        """
        sold, quarters, opening = plan.leased_back, m.times.count, m.opening
        if m.leasebacks is None or sold is None or not sold.any():
            return cls(replace(m, leasebacks=None), np.zeros(quarters), 0.0)
        age, life, book = m.leasebacks.age, m.taxes.server_life_quarters, book_at_sale(m)
        cost = 1.0 + (m.taxes.value_added_tax if m.taxes.recovery_quarters is None else 0.0)
        delivered, written = np.zeros(quarters), np.zeros(quarters)
        for k, d, t in np.argwhere(sold > 0.0):
            came = t - int(age[k])
            paid = float(book[k, d, t] * sold[k, d, t]) / (1.0 - age[k] / life)
            delivered[came] += paid / cost
            written[came:t] += paid / life
        terms = Terms.of(m)
        lines = leaseback_rows(
            terms.selling, leased_back_rows(plan), price=terms.unit_price, lead=terms.unit_lead,
            life=terms.server_life, cost=None if terms.recovery is not None else 1.0 + terms.value_added_tax,
        )  # fmt: skip
        ours = statement(plan)
        left = float((np.where(sold > 0.0, book_left(m), 0.0) * sold).sum())
        market = float((plan.installed[:, :, -1] * m.offers.end_value).sum())
        kept = min(market, float(ours.book_servers[-1]) + left) if m.end_value_within_book else market
        settled = replace(
            opening,
            other_cost=opening.other_cost + lines.fees.values,
            payments_due=opening.payments_due - lines.proceeds.values,
            depreciation=opening.depreciation + written - lines.gains.values,
        )
        return cls(replace(m, leasebacks=None, opening=settled), delivered, kept - ours.end_value_units)

    def taken_out(self, books: Books) -> Books:
        """Return the books of futures without what the lessors own; they are changed in place."""
        books.servers_ordered[:] -= self.delivered[:, None]
        books.end_value[-1] -= self.end_value
        return books
