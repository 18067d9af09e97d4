"""What a treasurer expects in each future: the cash that must be there now for what falls due later.

What operations bring later is expected by least squares over all futures on what is seen by then: earnings of
the quarter, what is ordered and not paid, and cash since the start. Nobody sees the rest of the own future.
Debt falls due by its plan, lines at their maturity. What facilities that can still be drawn later give is
counted; equity is not, since it comes last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.taxes import tax_on
from capexpand.model.data import Floats, ModelData
from capexpand.policy.debt_futures import DebtFutures

PRUDENCE = 1.0
"""Standard deviations of what is expected of later cash that are kept or drawn beyond it."""

WORTH_DRAWING = 0.5
"""Least part of a loan that is still there when cash is lacking: for a smaller one nobody borrows."""


@dataclass(frozen=True, slots=True)
class Operating:
    """What operations bring in every future [quarter, scenario]; money in millions.

    Args:
        ebitda: earned.
        written: off.
        before_tax: free cash flow before tax.
        unpaid: ordered and not paid yet.
        bills: [facility, quarter, scenario] all that a facility may pay a share of.
        books: [facility, quarter, scenario] of what a facility lends a share of.
        backlog: [facility, quarter, scenario] most that may be owed on contracts; None where none limits.
    """

    ebitda: Floats
    written: Floats
    before_tax: Floats
    unpaid: Floats
    bills: Floats
    books: Floats
    backlog: Floats | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where all futures stand in a quarter: [facility, scenario] or [scenario].

    Args:
        owed: of each facility.
        drawn: ever.
        lent: since the start, in money.
        held: cash.
        losses: carried forward for tax.
    """

    owed: Floats
    drawn: Floats
    lent: Floats
    held: Floats
    losses: Floats


class Outlook:
    """What is expected in every future, quarter by quarter.

    Args:
        m: the compiled case with its financing.
        seen: all that operations bring; of it nothing is used before its quarter but in the mean.
        debt: what debt costs.
        signed: [facility] of each.
    """

    def __init__(self, m: ModelData, seen: Operating, debt: DebtFutures, signed: Floats) -> None:
        self.m, self.f, self.seen, self.debt, self.signed = m, m.financed, seen, debt, signed
        self.interest = debt.interest.mean(axis=2)  # [facility, quarter]

    def needed(self, t: int, now: Standing) -> Floats:
        """Return cash that must be there at the end of a quarter for each later one [later, scenario].

        Args:
            t: the quarter.
            now: all after what the quarter earns, pays and draws.
        """
        later = slice(t + 1, self.m.times.count)
        if later.start == later.stop:
            return np.zeros((0, now.held.size))
        expect = _Expectation.at(t, self.seen)
        flow = expect.of(self.seen.before_tax[later])
        spread = expect.spread(np.cumsum(self.seen.before_tax[later], axis=0))
        ahead = self._falls_due(t, now, expect, flow)
        gives = self._later_sources(t, now, expect)
        return self._kept()[later, None] - ahead - gives + PRUDENCE * spread[:, None]

    def net_of_service(self, i: int, t: int) -> Floats:
        """Return what 1 drawn of a facility leaves in each later quarter after its service [later]."""
        facilities = self.f.facilities
        part = np.where(np.isnan(facilities.owed[i]), 1.0, facilities.owed[i])
        part = np.where(np.arange(part.size) >= facilities.maturity[i], 0.0, part)[t + 1 :]
        before = np.concatenate(([1.0], part[:-1]))
        service = self.interest[i, t + 1 :] * before + before - part
        return np.asarray(1.0 - facilities.upfront[i] - np.cumsum(service))

    def _kept(self) -> Floats:
        """Cash and undrawn lines that must be there [quarter]."""
        test, least = self.f.covenants.liquidity, self.f.minimum_cash
        if test is None or not test.hard:
            return least
        tested = np.arange(least.size) >= test.first
        return np.where(tested, np.maximum(least, test.limit), least)

    def _falls_due(self, t: int, now: Standing, expect: _Expectation, flow: Floats) -> Floats:
        """Cash that later quarters add up to, after tax and service by plan [later, scenario]."""
        facilities, x = self.f.facilities, self.debt.exchange[:, t]
        later = slice(t + 1, self.m.times.count)
        ebitda, written = (expect.of(values[later]) for values in (self.seen.ebitda, self.seen.written))
        owed, losses, total = now.owed, now.losses, np.zeros_like(now.held)
        found = np.zeros_like(flow)
        for k, u in enumerate(range(later.start, later.stop)):
            cost = self.interest[:, [u]] * owed
            profit = ebitda[k] - written[k] - (x * cost).sum(axis=0)
            tax, losses = tax_on(profit, losses, rate=self.m.taxes.rate)
            known = facilities.owed[:, [u]]
            stays = np.where(np.isnan(known), owed, np.minimum(owed, known * now.drawn))
            sculpted = (facilities.cover_ratio > 0.0) & (u >= facilities.due)
            can = np.maximum(ebitda[k] / np.maximum(facilities.cover_ratio, 1e-9)[:, None] - x * cost, 0.0)
            stays = np.where(sculpted[:, None], np.maximum(owed - can / x, 0.0), stays)
            stays = np.where((u >= facilities.maturity)[:, None], 0.0, stays)
            total = total + flow[k] - tax - (x * (cost + owed - stays)).sum(axis=0)
            found[k], owed = total, stays
        return found

    def _later_sources(self, t: int, now: Standing, expect: _Expectation) -> Floats:
        """What may still be drawn after a quarter, less its service by then [later, scenario]."""
        facilities, x = self.f.facilities, self.debt.exchange[:, t]
        count = self.m.times.count
        found = np.zeros((count - t - 1, now.held.size))
        for i in range(len(facilities.names)):
            last = min(int(facilities.last[i]), int(facilities.maturity[i]) - 1, count - 1)
            if facilities.revolving[i]:
                offers = x[i] * np.maximum(self.signed[i] - now.owed[i], 0.0)
                there = np.arange(t + 1, count) < facilities.maturity[i]
                found += np.where(there[:, None], offers, 0.0)
            elif last > t:
                offers = x[i] * np.maximum(self.signed[i] - now.drawn[i], 0.0)
                offers = np.minimum(offers, self._lent_by(i, last, now, expect, x[i]))
                first = max(int(facilities.first[i]), t + 1)
                left = np.concatenate(([1.0 - facilities.upfront[i]], self.net_of_service(i, first)))
                found[first - t - 1 :] += np.maximum(left, 0.0)[:, None] * np.maximum(offers, 0.0)
        return found

    def _lent_by(self, i: int, last: int, now: Standing, expect: _Expectation, x: Floats) -> Floats:
        """What the purpose of a loan is expected to let it lend by its last day of drawing [scenario]."""
        facilities, seen = self.f.facilities, self.seen
        most = np.full(now.held.size, np.inf)
        if np.isfinite(facilities.share_of_cost[i]):
            bills = expect.of(seen.bills[i, [last]])[0]
            most = np.minimum(most, facilities.share_of_cost[i] * bills - now.lent[i])
        if np.isfinite(facilities.share_of_book[i]):
            book = expect.of(seen.books[i, [last]])[0]
            most = np.minimum(most, facilities.share_of_book[i] * book - x * now.owed[i])
        if seen.backlog is not None and facilities.backlog_of(i) is not None:
            most = np.minimum(most, seen.backlog[i, last] - x * now.owed[i])
        return most


@dataclass(frozen=True, slots=True)
class _Expectation:
    """Least squares over all futures on what is seen in a quarter: an orthonormal basis [scenario, seen]."""

    basis: Floats

    @classmethod
    def at(cls, t: int, seen: Operating) -> _Expectation:
        """Return what is seen in a quarter."""
        numbers = (seen.ebitda[t], seen.unpaid[t], seen.before_tax[: t + 1].sum(axis=0))
        centred = np.stack([each - each.mean() for each in numbers], axis=1)
        scale = np.abs(np.stack(numbers, axis=1)).max(axis=0)
        centred = centred / np.maximum(scale, 1e-9)
        u, s, _ = np.linalg.svd(centred, full_matrices=False)
        one = np.full((len(centred), 1), 1.0 / np.sqrt(len(centred)))
        return cls(np.concatenate((one, u[:, s > 1e-9]), axis=1))

    def of(self, values: Floats) -> Floats:
        """Return what is expected of values [later, scenario]."""
        return np.asarray((values @ self.basis) @ self.basis.T)

    def spread(self, values: Floats) -> Floats:
        """Return the standard deviation of values around what is expected of them [later]."""
        free = max(self.basis.shape[0] - self.basis.shape[1], 1)
        return np.asarray(np.sqrt(((values - self.of(values)) ** 2).sum(axis=1) / free))
