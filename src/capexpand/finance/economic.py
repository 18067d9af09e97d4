"""Economic depreciation of bought servers beside that of the accounts, and where the book is too high.

A unit is worth what the market would pay: the competitive price of its kind in that quarter (see
``model.compile_offers.competitive_value``), times the part of its life that is left:

    value_t = Σ_k c_kt Σ_age arrived_k(t − age) (1 − η_k)^age max(0, 1 − (age + 1) / life_k)

Units that a plan retires early are still counted. What stood at the start has no price of purchase in the
case and is left out on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.schedule import delivered
from capexpand.finance.statements import statement
from capexpand.model.compile_offers import competitive_value
from capexpand.model.data import Floats, ModelData
from capexpand.optimiser.plan import Plan


@dataclass(frozen=True, slots=True)
class EconomicValue:
    """Market value of bought servers beside their book value [quarter], in millions; stocks at the end."""

    value: Floats
    book: Floats
    added: Floats  # cost of what is delivered
    written_off: Floats  # depreciation of the accounts

    @property
    def depreciation(self) -> Floats:
        """What was delivered, less what value it added: the fall of what the units can be sold for."""
        return self.added - np.diff(self.value, prepend=0.0)

    @property
    def impairment(self) -> Floats:
        """What the books hold more than the market would pay, at the quarter's end."""
        return np.maximum(self.book - self.value, 0.0)


def economic_value(plan: Plan) -> EconomicValue:
    """Return the economic value of the servers that a plan buys.

    Args:
        plan: what is done in each quarter.
    """
    m, ours = plan.data, statement(plan)
    price, arrived = market_prices(m), delivered(plan.ordered, m.offers.lead_quarters[:, None]).sum(axis=1)
    count, kept = m.times.count, 1.0 - m.offers.attrition
    value = np.zeros(count)
    for k in np.flatnonzero(m.offers.owned):
        stated = 0 if m.offers.life_quarters is None else int(m.offers.life_quarters[k])
        life = stated if stated > 0 else m.taxes.server_life_quarters
        left = np.maximum(0.0, 1.0 - (np.arange(count) + 1.0) / life) * kept[k] ** np.arange(count)
        value += price[k] * np.convolve(arrived[k], left)[:count]
        if m.leasebacks is not None and plan.leased_back is not None and m.leasebacks.there[k]:
            age = int(m.leasebacks.age[k])  # what is sold is the lessor's
            later = np.maximum(0.0, 1.0 - (np.arange(count) + age + 1.0) / life) * kept[k] ** np.arange(count)
            value -= price[k] * np.convolve(plan.leased_back[k].sum(axis=0), later)[:count]
    return EconomicValue(value, ours.book_servers, ours.additions_servers, ours.depreciation_servers)


def market_prices(m: ModelData) -> Floats:
    """Return what a buyer would pay for a new unit of each option in each quarter [offer option, quarter]."""
    o = m.offers
    listed = o.price - o.export_fee - o.import_duty
    price = np.where(listed > 0.0, listed, np.inf).min(axis=1)
    price = np.where(np.isfinite(price), price, 0.0)
    found = np.zeros_like(price)
    for t in range(m.times.count):
        on_sale = o.owned & o.orderable[:, :, t].any(axis=1)
        found[:, t] = competitive_value(price[:, t], m.workloads.service, on_sale)
    return found
