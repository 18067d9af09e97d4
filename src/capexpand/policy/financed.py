"""Financing carried along many futures by a rule, after decisions are made: nobody plans again.

In each quarter loans are repaid by their plan. Cash below its minimum is made up by drawing, the cheapest
first, within what may be drawn and the covenants that must be kept; then by equity within its limits; what a
hard liquidity covenant asks for beyond comes from equity alone. Where equity is limited and debt must keep to
covenants, equity comes first, as the policy counts on. Only where neither is enough is more drawn than a
covenant allows. Cash above the minimum repays lines and loans that may be repaid early, the dearest first,
and then is paid out. A plan that was made with its financing keeps to its own loans, and the rule moves only
its revolving lines.

Where equity is limited the rule looks ahead (``policy/outlook.py``): on its last day of drawing a loan is
drawn for what later quarters are expected to lack and no later source gives; what they lack is neither paid
out nor used to repay early; and equity that a later quarter alone may not bring comes now.

A policy earns for the firm, whose value knows no debt, within the limits of debt and equity
(``model/funding.py``); the loans themselves are carried along its paths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.debt import breached, ratios_of
from capexpand.finance.taxes import tax_on
from capexpand.model.blocks import Indices
from capexpand.model.data import Floats, ModelData
from capexpand.model.financing import Threshold
from capexpand.optimiser.financing import FinancingPlan
from capexpand.policy.accounts import Books
from capexpand.policy.debt_futures import DebtFutures, existing_service, falls_by_plan
from capexpand.policy.earned import Earned, earned_in, operating_of
from capexpand.policy.outlook import WORTH_DRAWING, Outlook, Standing
from capexpand.policy.outside import Flows, MoneyFactors, outside_earnings

MINIMUM_CASH = "minimum_cash"


@dataclass(frozen=True, slots=True)
class Financed:
    """How a strategy through many futures is financed; money in millions.

    Args:
        breach: chance [quarter] of breaking each covenant, and of too little cash where some must be kept.
        to_owners: [quarter, scenario] dividends less equity, less what the base leaves owners.
        equity_npv: [scenario] of the programme to its owners, at the cost of equity.
        debt: [quarter, scenario] owed at each quarter's end.
        by_facility: [quarter] of it by name of the facility, the mean over futures.
        raised: [scenario] equity over the horizon.
        first_drawn: [facility] of each loan in the first quarter, the mean.
        first_raised: equity in the first quarter, the mean.
    """

    breach: dict[str, Floats]
    to_owners: Floats
    equity_npv: Floats
    debt: Floats
    by_facility: dict[str, Floats]
    raised: Floats
    first_drawn: Floats
    first_raised: float


def carry_financing(
    m: ModelData,
    books: Books,
    moved: MoneyFactors,
    *,
    base: Flows,
    planned: FinancingPlan | None = None,
) -> Financed:
    """Returns how a strategy through many futures is financed.

    Args:
        moved: what the same futures move.
        base: of the business without the programme in them.
        planned: loans that are kept to; all follow the rule if absent.
    """
    earned = earned_in(m, books, outside_earnings(m, moved))
    debt = DebtFutures.of(m.financed, moved).first(books.paid.shape[1])
    carried = _Carried(m, earned, debt, planned)
    for t in range(m.times.count):
        carried.quarter(t)
    return carried.found(base)


class _Carried:
    """The state of all futures, moved a quarter at a time.

    Args:
        m: the compiled case.
        earned: by operations.
        debt: its costs.
        planned: loans that are kept to.
    """

    def __init__(
        self, m: ModelData, earned: Earned, debt: DebtFutures, planned: FinancingPlan | None
    ) -> None:
        self.m, self.f, self.earned, self.debt, self.planned = m, m.financed, earned, debt, planned
        facilities = self.f.facilities
        quarters, count = earned.ebitda.shape
        self.falls = falls_by_plan(facilities)
        self.kept = np.zeros(len(facilities.names), dtype=np.bool_)
        if planned is not None:
            self.kept = ~facilities.revolving
        self.signed = facilities.amount if planned is None else planned.signed
        limited = bool(np.isfinite(self.f.equity_limit[0]) or np.isfinite(self.f.equity_total))
        hard = any(test.hard for name, test in self.f.covenants.named.items() if name != "liquidity")
        self.equity_first = planned is None and limited and hard
        self.operating = operating_of(m, earned)
        looks_ahead = planned is None and limited  # who puts in anything need not
        self.outlook = Outlook(m, self.operating, debt, self.signed) if looks_ahead else None
        self.owed = np.repeat(facilities.drawn[:, None], count, axis=1)
        self.drawn = self.owed.copy()  # ever, with what was drawn before the start
        self.lent = np.zeros_like(self.owed)  # since the start, in money
        self.held = np.full(count, self.f.opening_cash)
        self.losses = np.zeros(count)
        self.raised = np.zeros(count)
        self.first_drawn, self.first_raised = np.zeros(len(facilities.names)), 0.0
        self.late_fees = np.zeros(count)  # for drawing, deducted from the profit of the next quarter
        self.balance = np.zeros((len(facilities.names), quarters))  # the mean over futures
        self.cash, self.due, self.service, self.liquid, self.flows = (
            np.zeros((quarters, count)) for _ in range(5)
        )

    def quarter(self, t: int) -> None:
        """Pays and borrows in one quarter."""
        f, facilities, x = self.f, self.f.facilities, self.debt.exchange[:, t]
        interest = x * self.debt.interest[:, t] * self.owed
        used = np.where(facilities.revolving[:, None], self.owed, self.drawn)
        grown = self.debt.appreciation(t) * self.owed
        drawn, repaid, service = self._by_plan(t, interest)
        used = used + np.where(facilities.revolving[:, None], 0.0, drawn)
        undrawn = np.maximum(self.signed[:, None] - used, 0.0)
        fees = x * (facilities.commitment[:, [t]] * undrawn + facilities.upfront[:, None] * drawn)
        fees = fees.sum(axis=0)
        cost = interest.sum(axis=0) + fees
        gained = f.cash_interest * self.held if t else np.zeros_like(self.held)
        profit = self.earned.ebitda[t] - self.earned.written[t] - cost - grown.sum(axis=0) + gained
        profit = profit - self.late_fees
        tax, self.losses = tax_on(profit, self.losses, rate=self.m.taxes.rate)
        self.held = self.held + self.earned.before_tax[t] - tax - cost + gained
        self._move(drawn - repaid, drawn, x)
        put_in = self._raise(t, x) if self.equity_first else np.zeros_like(self.held)
        self.late_fees = self._draw_ahead(t, x)
        self.late_fees = self.late_fees + self._borrow(t, x, within=self._room(t, x))
        put_in = put_in + self._raise(t, x, put_in)
        if self.planned is None:  # rather a broken covenant than cash that is missing
            self.late_fees = self.late_fees + self._borrow(t, x)
            put_in = put_in + self._cure(t, x, put_in)
        self._pay_back(t, x, put_in)
        self.cash[t], self.due[t] = self.held, (x * self.owed).sum(axis=0)
        self.balance[:, t] = (x * self.owed).mean(axis=1)
        self.service[t] = service + fees + self.late_fees
        self.liquid[t] = self.held + self._undrawn(t, x)
        if t == 0:
            self.first_drawn = (x * (self.drawn - facilities.drawn[:, None])).mean(axis=1)
            self.first_raised = float(self.raised.mean())

    def found(self, base: Flows) -> Financed:
        """Returns what all quarters come to."""
        m, f, earned = self.m, self.f, self.earned
        seen = ratios_of(
            f,
            ebitda=earned.ebitda,
            debt=self.due,
            service=self.service,
            value=earned.value,
            liquid=self.liquid,
        )
        breach = {
            name: breached(name, test, seen.of(name)).mean(axis=1) for name, test in f.covenants.named.items()
        }
        if f.minimum_cash.any():
            slack = 1e-6 * max(1.0, float(f.minimum_cash.max()))
            breach[MINIMUM_CASH] = (self.cash < f.minimum_cash[:, None] - slack).mean(axis=1)
        accrued = (self.debt.exchange[:, -1] * self.owed * self.debt.last_interest).sum(axis=0)
        last = f.cash_half_interest * self.held
        tax, _ = tax_on(earned.end_profit + last - accrued, self.losses, rate=m.taxes.rate)
        end = earned.end + self.held + last - self.due[-1] - accrued - tax
        existing, left = existing_service(m, self.debt)
        count = self.held.size
        flows = self.flows - base.free[:, :count] + existing
        flows[0] -= f.opening_cash
        end = end - base.end[:count] + left
        quarter = np.arange(m.times.count)
        worth = (1.0 + f.cost_of_equity) ** -((quarter + 0.5) / 4.0)
        worth_end = (1.0 + f.cost_of_equity) ** -(m.times.count / 4.0)
        return Financed(
            breach,
            flows,
            worth @ flows + worth_end * end,
            self.due,
            dict(zip(f.facilities.names, self.balance, strict=True)),
            self.raised,
            self.first_drawn,
            self.first_raised,
        )

    def _by_plan(self, t: int, interest: Floats) -> tuple[Floats, Floats, Floats]:
        """Draws and repayments of the quarter that no rule decides [facility, scenario], and debt service."""
        facilities, x = self.f.facilities, self.debt.exchange[:, t]
        drawn, repaid = np.zeros_like(self.owed), np.zeros_like(self.owed)
        due = np.zeros_like(self.owed)
        for i in range(len(facilities.names)):
            if facilities.cover_ratio[i] > 0.0 and t >= facilities.due[i]:
                can = self.earned.ebitda[t] / facilities.cover_ratio[i] - interest[i]
                repaid[i] = np.clip(can / x[i], 0.0, self.owed[i])
                due[i] = repaid[i]
            elif not facilities.revolving[i]:
                total = self.drawn[i] if self.planned is None else self._total(i)
                due[i] = 0.0 if self.falls[i, t] > 0.999 else self.falls[i, t] * total
                known = facilities.owed[i, t]
                wanted = self.owed[i] if np.isnan(known) else known * self.drawn[i]
                repaid[i] = np.maximum(self.owed[i] - wanted, 0.0)
            if t >= facilities.maturity[i]:
                repaid[i] = self.owed[i]
            if self.kept[i] and self.planned is not None:
                drawn[i], repaid[i] = self.planned.drawn[i, t], self.planned.repaid[i, t]
                due[i] = repaid[i] if facilities.cover_ratio[i] > 0.0 else due[i]
        return drawn, repaid, (interest + x * due).sum(axis=0)

    def _total(self, i: int) -> float:
        """All that is ever drawn of a loan that is kept to."""
        if self.planned is None:
            raise ValueError("there is no plan to keep to")
        return float(self.f.facilities.drawn[i] + self.planned.drawn[i].sum())

    def _move(self, change: Floats, drawn: Floats, x: Floats) -> None:
        self.owed = self.owed + change
        self.drawn = self.drawn + drawn
        self.lent = self.lent + x * drawn
        self.held = self.held + (x * change).sum(axis=0)

    def _hard(self, t: int) -> list[tuple[str, Threshold]]:
        """Covenants on debt that must be kept at the end of a quarter."""
        named = self.f.covenants.named
        return [
            (name, test)
            for name, test in named.items()
            if test.hard and name != "liquidity" and t >= test.first
        ]

    def _room(self, t: int, x: Floats) -> Floats:
        """By how much debt may still grow within the covenants that must be kept [scenario]; below 0: breach.

        Debt service is that of now, as the next quarter's will be.
        """
        room = np.full(self.held.size, np.inf)
        if self.planned is not None:
            return room
        owed, earned = x * self.owed, self.earned
        for name, test in self._hard(t):
            recent = earned.ebitda[max(0, t - test.quarters + 1) : t + 1]
            if name == "loan_to_value":
                most = test.limit * earned.value[t]
            elif name == "leverage":
                most = test.limit * 4.0 * recent.mean(axis=0)
            else:
                interest = (self.debt.interest[:, t] * owed).sum(axis=0)
                rate = np.maximum(
                    interest / np.maximum(owed.sum(axis=0), 1e-9), self.debt.interest[:, t].max(axis=0)
                )
                most = recent.mean(axis=0) / (test.limit * np.maximum(rate, 1e-9))
            room = np.minimum(room, most - owed.sum(axis=0))
        return room

    def _cure(self, t: int, x: Floats, put_in: Floats) -> Floats:
        """Equity that repays debt beyond a covenant, as far as either may; returns what is raised."""
        free = (self.f.facilities.revolving | self.f.facilities.early)[:, None]
        left = np.minimum(np.maximum(-self._room(t, x), 0.0), np.where(free, x * self.owed, 0.0).sum(axis=0))
        spare = np.maximum(0.0, self.held - self.f.minimum_cash[t])  # repays it in any case
        short = np.maximum(left - spare, 0.0)
        return self._put_in(t, short, put_in)

    def _borrow(self, t: int, x: Floats, within: Floats | None = None) -> Floats:
        """Draws what cash lacks, the cheapest first, and the fee for drawing with it; returns the fees.

        Args:
            within: [scenario] by how much debt may grow; no limit if absent.
        """
        left = np.full(self.held.size, np.inf) if within is None else np.maximum(within, 0.0)
        facilities, fees = self.f.facilities, np.zeros_like(self.held)
        for i in self._by_rate(t):
            if (
                self.kept[i]
                or not facilities.first[i] <= t <= facilities.last[i]
                or t >= facilities.maturity[i]
            ):
                continue
            lacks = np.maximum(0.0, self.f.minimum_cash[t] - self.held) / (1.0 - facilities.upfront[i])
            drawn, fee = self._draw(i, t, x, np.minimum(lacks, left))
            left, fees = left - drawn, fees + fee
        return fees

    def _needed(self, t: int) -> Floats:
        """Cash that later quarters ask for now [later, scenario]; nothing where owners put in anything."""
        if self.outlook is None:
            return np.zeros((0, self.held.size))
        now = Standing(self.owed, self.drawn, self.lent, self.held, self.losses)
        return self.outlook.needed(t, now)

    def _draw_ahead(self, t: int, x: Floats) -> Floats:
        """Draws what later quarters lack from loans that cannot be drawn after this one; returns fees."""
        facilities, fees = self.f.facilities, np.zeros_like(self.held)
        if self.outlook is None or not (~facilities.revolving & (facilities.last == t)).any():
            return fees
        needed, left = self._needed(t), np.maximum(self._room(t, x), 0.0)
        for i in self._by_rate(t):
            stays = self.outlook.net_of_service(i, t)
            helps = stays >= WORTH_DRAWING
            if facilities.revolving[i] or facilities.last[i] != t or not helps.any():
                continue
            lacks = (np.maximum(needed - self.held, 0.0)[helps] / stays[helps, None]).max(axis=0)
            drawn, fee = self._draw(i, t, x, np.minimum(lacks, left))
            needed = needed + (1.0 - facilities.upfront[i] - stays)[:, None] * drawn
            left, fees = left - drawn, fees + fee
        return fees

    def _draw(self, i: int, t: int, x: Floats, most: Floats) -> tuple[Floats, Floats]:
        """Draws of a facility as far as it lends; returns what is drawn and the fee, in money [scenario].

        Args:
            most: [scenario] in money.
        """
        facilities = self.f.facilities
        used = self.owed[i] if facilities.revolving[i] else self.drawn[i]
        can = np.minimum(x[i] * np.maximum(0.0, self.signed[i] - used), self._allowed(i, t, x))
        amount = np.minimum(most, np.maximum(can, 0.0))
        change = np.zeros_like(self.owed)
        change[i] = amount / x[i]
        self._move(change, change, x)
        fee = facilities.upfront[i] * amount
        self.held = self.held - fee
        return amount, fee

    def _allowed(self, i: int, t: int, x: Floats) -> Floats:
        """What the purpose of a facility still lets it lend [scenario], in money."""
        facilities, bases = self.f.facilities, self.operating
        most = np.full(self.held.size, np.inf)
        if np.isfinite(facilities.share_of_cost[i]):
            most = np.minimum(most, facilities.share_of_cost[i] * bases.bills[i, t] - self.lent[i])
        if np.isfinite(facilities.share_of_book[i]):
            most = np.minimum(most, facilities.share_of_book[i] * bases.books[i, t] - x[i] * self.owed[i])
        if bases.backlog is not None and facilities.backlog_of(i) is not None:
            most = np.minimum(most, bases.backlog[i, t] - x[i] * self.owed[i])
        return most

    def _raise(self, t: int, x: Floats, before: Floats | float = 0.0) -> Floats:
        """Equity for cash that is still lacking, and for liquidity that a hard covenant asks for.

        What later quarters lack beyond the equity that they can raise themselves is raised now.

        Args:
            before: [scenario] raised in the quarter already.
        """
        short = self.f.minimum_cash[t] - self.held
        if asked := self._asked(t):
            short = np.maximum(short, asked - self.held - self._undrawn(t, x))
        if (
            self.outlook is not None and not self.equity_first
        ):  # else loans that can still be drawn would come after it
            lacks = self._needed(t) - self.held - self._later_equity(t)
            short = np.maximum(short, lacks.max(axis=0, initial=0.0))
        return self._put_in(t, np.maximum(short, 0.0), before)

    def _later_equity(self, t: int) -> Floats:
        """Equity that may be raised after a quarter, less the cost of issuing it [later, scenario]."""
        later = np.cumsum(self.f.equity_limit[t + 1 :])[:, None]
        left = np.maximum(self.f.equity_total - self.raised, 0.0)
        return np.asarray((1.0 - self.f.issue_cost) * np.minimum(later, left))

    def _put_in(self, t: int, wanted: Floats, before: Floats | float) -> Floats:
        """Raises equity, after the cost of issuing it and within its limits; returns it [scenario]."""
        f = self.f
        can = np.maximum(0.0, np.minimum(f.equity_limit[t] - before, f.equity_total - self.raised))
        put_in = np.minimum(wanted / (1.0 - min(f.issue_cost, 0.99)), can)
        self.held = self.held + (1.0 - f.issue_cost) * put_in
        self.raised = self.raised + put_in
        return put_in

    def _pay_back(self, t: int, x: Floats, put_in: Floats) -> None:
        """Spare cash repays what may be repaid early, the dearest first, and then goes to owners.

        What later quarters ask for stays. A line that is repaid can be drawn for them again.
        """
        facilities, f = self.f.facilities, self.f
        floor = np.full(self.held.size, f.minimum_cash[t])
        if self.planned is not None:
            floor = np.maximum(floor, self.planned.cash[t])
        kept = np.maximum(floor, self._needed(t).max(axis=0, initial=0.0))
        for i in self._by_rate(t)[::-1]:
            if self.kept[i] or not (facilities.revolving[i] or facilities.early[i]):
                continue
            spare = np.maximum(0.0, self.held - (floor if facilities.revolving[i] else kept))
            back = np.minimum(spare, x[i] * self.owed[i])
            change = np.zeros_like(self.owed)
            change[i] = -back / x[i]
            self._move(change, np.zeros_like(change), x)
            kept = np.maximum(floor, kept - back * facilities.revolving[i])
        out = np.zeros_like(self.held)
        if t >= f.dividends_from:
            kept = np.maximum(kept, self._asked(t) - self._undrawn(t, x))
            out = np.maximum(0.0, self.held - kept)
            self.held = self.held - out
        self.flows[t] = out - put_in

    def _asked(self, t: int) -> float:
        """Cash and undrawn lines that a covenant asks for in a quarter."""
        test = self.f.covenants.liquidity
        return test.limit if test is not None and test.hard and t >= test.first else 0.0

    def _undrawn(self, t: int, x: Floats) -> Floats:
        """What revolving lines still offer [scenario], in money."""
        facilities = self.f.facilities
        open_ = facilities.revolving & (t < facilities.maturity)
        offers = x * np.maximum(0.0, self.signed[:, None] - self.owed)
        return np.where(open_[:, None], offers, 0.0).sum(axis=0)

    def _by_rate(self, t: int) -> Indices:
        """Facilities by their declared rates of a quarter, the cheapest first."""
        return np.argsort(self.f.facilities.rate[:, t], kind="stable")
