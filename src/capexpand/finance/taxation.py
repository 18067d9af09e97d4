"""Tax on operating profit, with losses carried forward."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.data import Floats


@dataclass(frozen=True, slots=True)
class TaxBill:
    """What is paid, and the losses that can still be used."""

    tax: Floats  # [quarter] money
    losses: Floats  # [quarter] losses carried forward at the quarter's end, money
    end_tax: float  # on what is realised at the horizon's end


def tax_bill(profit: Floats, end_profit: float, *, rate: float) -> TaxBill:
    """Returns the tax on profits: a loss pays nothing and lowers the taxable profit of later quarters.

    With losses Λ: Λ_t = max(0, Λ_{t-1} - profit_t), tax_t = rate · max(0, profit_t - Λ_{t-1}). Losses do not
    expire within the horizon; those left after its end are worth nothing.

    Args:
        profit: [quarter] operating profit before amortisation and interest, money.
        end_profit: what the horizon's end adds: end value less what is written off against it.
        rate: tax rate [fraction].
    """
    tax, losses = np.zeros(profit.size), np.zeros(profit.size)
    carried = 0.0
    for t, amount in enumerate(profit):
        tax[t] = rate * max(0.0, amount - carried)
        carried = max(0.0, carried - amount)
        losses[t] = carried
    return TaxBill(tax, losses, rate * max(0.0, end_profit - carried))
