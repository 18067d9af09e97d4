"""Rates of exchange and interest of debt in many futures, and what loans of before the start cost there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.data import Floats, ModelData
from capexpand.model.financing import Facilities, Financing
from capexpand.policy.outside import MoneyFactors


@dataclass(frozen=True, slots=True)
class DebtFutures:
    """What debt costs in many futures [facility, quarter, scenario].

    Args:
        exchange: money of a quarter for 1 owed, at the first quarter's exchange rate.
        interest: of a quarter for 1 owed before it.
        last_interest: [facility, scenario] of half a quarter, at the horizon's end.
    """

    exchange: Floats
    interest: Floats
    last_interest: Floats

    @classmethod
    def of(cls, f: Financing, moved: MoneyFactors) -> DebtFutures:
        """Returns the futures of the debt of a case."""
        facilities = f.facilities
        reference = moved.of_entry("reference_rate", "")
        shape = (len(facilities.names), *reference.shape)
        rate, exchange = np.zeros(shape), np.zeros(shape)
        owed = facilities.reference
        for i in range(shape[0]):
            raised = np.zeros(shape[1:]) if owed is None else owed[i][:, None] * (reference - 1.0)
            rate[i] = facilities.rate[i][:, None] + raised
            currency = facilities.currencies[i] if facilities.currencies else ""
            factor = moved.of_entry("exchange_rate", currency)
            exchange[i] = facilities.exchange[i][:, None] * factor
        interest = (1.0 + rate) ** 0.25 - 1.0
        interest[:, :1] = (1.0 + rate[:, :1]) ** 0.125 - 1.0
        return cls(exchange, interest, (1.0 + rate[:, -1]) ** 0.125 - 1.0)

    def first(self, count: int) -> DebtFutures:
        """Returns the first futures."""
        return DebtFutures(
            self.exchange[:, :, :count], self.interest[:, :, :count], self.last_interest[:, :count]
        )

    def appreciation(self, t: int) -> Floats:
        """Returns the growth of 1 owed since the quarter before by exchange rates [facility, scenario]."""
        return self.exchange[:, t] - (self.exchange[:, t - 1] if t else 1.0)


def falls_by_plan(facilities: Facilities) -> Floats:
    """Returns the part of all drawn that each loan repays by plan [facility, quarter]; 0 where it is free."""
    left = np.where(np.isnan(facilities.owed), 1.0, facilities.owed)
    falls = -np.diff(np.concatenate((np.ones((len(left), 1)), left), axis=1), axis=1)
    return np.maximum(falls, 0.0)


def existing_service(m: ModelData, futures: DebtFutures) -> tuple[Floats, Floats]:
    """Returns what debt of before the start costs after tax, whatever is planned, as in ``finance``.

    Args:
        m: the compiled case with its financing.

    Returns:
        Interest after tax and repayments [quarter, scenario], and what is left at the end [scenario].
    """
    facilities, tau = m.financed.facilities, m.taxes.rate
    quarter = np.arange(m.times.count)
    part = np.where(np.isnan(facilities.owed), 1.0, facilities.owed)
    owed = np.where(quarter >= facilities.maturity[:, None], 0.0, part) * facilities.drawn[:, None]
    before = np.concatenate((facilities.drawn[:, None], owed[:, :-1]), axis=1)
    x = futures.exchange
    grown = np.diff(np.concatenate((np.ones((len(x), 1, x.shape[2])), x), axis=1), axis=1)
    cost = (1.0 - tau) * futures.interest * before[:, :, None] * x - tau * grown * before[:, :, None]
    cost = cost + x * (before - owed)[:, :, None]
    last = owed[:, -1, None] * x[:, -1] * (1.0 + futures.last_interest)
    return cost.sum(axis=0), last.sum(axis=0)
