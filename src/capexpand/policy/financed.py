"""Financing carried along many futures by a rule, after decisions are made: nobody plans again.

In each quarter loans are repaid by their plan. Cash below its minimum is made up by drawing, the cheapest
first, within what may be drawn and the covenants that must be kept; then by equity within its limits; what a
hard liquidity covenant asks for beyond comes from equity alone. Where equity is limited and debt must keep to
covenants, equity comes first, as the policy counts on. Only where neither is enough is more drawn than a
covenant allows. Cash above the minimum repays lines and loans that may be repaid early, the dearest first,
and then is paid out. A plan that was made with its financing keeps to its own loans, and the rule moves only
its revolving lines.

A policy earns for the firm, whose value knows no debt, within the limits of debt and equity
(``model/funding.py``); the loans themselves are carried along its paths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.debt import breached, ratios_of
from capexpand.finance.schedule import depreciation
from capexpand.finance.taxes import tax_on
from capexpand.model.blocks import Indices
from capexpand.model.data import Floats, ModelData
from capexpand.model.financing import Threshold
from capexpand.optimiser.financing import FinancingPlan
from capexpand.policy.accounts import Books
from capexpand.policy.debt_futures import DebtFutures, existing_service, falls_by_plan
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
        raised: [scenario] equity over the horizon.
        first_drawn: [facility] of each loan in the first quarter, the mean.
        first_raised: equity in the first quarter, the mean.
    """

    breach: dict[str, Floats]
    to_owners: Floats
    equity_npv: Floats
    debt: Floats
    raised: Floats
    first_drawn: Floats
    first_raised: float


@dataclass(frozen=True, slots=True)
class _Earned:
    """What operations earn and hold in every future [quarter, scenario]."""

    ebitda: Floats
    written: Floats
    before_tax: Floats  # free cash flow before tax
    paid: Floats  # for orders, without value-added tax
    servers: Floats  # delivered since the start, at cost
    halls: Floats
    lent_on: Floats  # [facility, quarter, scenario] of servers, what loans for certain ones pay for, at cost
    book_servers: Floats
    book_halls: Floats
    value: Floats  # books, and what is paid for and not delivered
    signed: Floats  # [contract, scenario] part of each contract with a customer
    end: Floats  # [scenario] value-added tax and end value
    end_profit: Floats  # [scenario] end value less books


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
    earned = _earned(m, books, outside_earnings(m, moved))
    debt = DebtFutures.of(m.financed, moved).first(books.paid.shape[1])
    carried = _Carried(m, earned, debt, planned)
    for t in range(m.times.count):
        carried.quarter(t)
    return carried.found(base)


def _earned(m: ModelData, books: Books, outside: Floats) -> _Earned:
    cost, opening, paid = 1.0 + m.taxes.lost, m.opening, books.paid
    servers, halls = cost * books.servers_ordered, cost * books.buildings_ordered
    written_servers = depreciation(servers.T, m.taxes.server_life_quarters).T
    written_halls = depreciation(halls.T, m.taxes.building_life_quarters).T
    plants, written_plants = cost * books.plants_ordered, cost * books.plants_written
    halls, written_halls = (
        halls + plants,
        written_halls + written_plants,
    )  # plants are paid and lent on with them
    told = cost * books.lent_on.reshape(-1, *servers.shape)
    written = written_servers + written_halls
    ebitda = books.cash + paid + outside[:, : paid.shape[1]]
    vat = m.taxes.value_added_tax * paid
    recovered, later = np.zeros_like(vat), np.zeros(vat.shape[1])
    wait = m.taxes.recovery_quarters
    if wait is not None:
        within = max(len(vat) - wait, 0)
        recovered[len(vat) - within :] = vat[:within]
        later = vat[within:].sum(axis=0)
    standing = opening.depreciation.sum() - np.cumsum(opening.depreciation)
    return _Earned(
        ebitda=ebitda,
        written=written + opening.depreciation[:, None],
        before_tax=ebitda - paid + books.prepaid - vat + recovered - opening.payments_due[:, None],
        paid=paid,
        servers=np.cumsum(servers, axis=0),
        halls=np.cumsum(halls, axis=0),
        lent_on=np.cumsum(told, axis=1),
        book_servers=np.cumsum(servers - written_servers, axis=0),
        book_halls=np.cumsum(halls - written_halls, axis=0),
        value=np.cumsum(cost * paid - written, axis=0) + standing[:, None],
        signed=books.signed if m.contracts is None else m.contracts.share(books.signed.T).T,
        end=books.end_value[-1] + later,
        end_profit=books.end_value[-1] - (servers + halls).sum(axis=0) + written.sum(axis=0),
    )


class _Carried:
    """The state of all futures, moved a quarter at a time.

    Args:
        m: the compiled case.
        earned: by operations.
        debt: its costs.
        planned: loans that are kept to.
    """

    def __init__(
        self, m: ModelData, earned: _Earned, debt: DebtFutures, planned: FinancingPlan | None
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
        self.owed = np.repeat(facilities.drawn[:, None], count, axis=1)
        self.drawn = self.owed.copy()  # ever, with what was drawn before the start
        self.lent = np.zeros_like(self.owed)  # since the start, in money
        self.held = np.full(count, self.f.opening_cash)
        self.losses = np.zeros(count)
        self.raised = np.zeros(count)
        self.first_drawn, self.first_raised = np.zeros(len(facilities.names)), 0.0
        self.late_fees = np.zeros(count)  # for drawing, deducted from the profit of the next quarter
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
        self.late_fees = self._borrow(t, x, within=self._room(t, x))
        put_in = put_in + self._raise(t, x, put_in)
        if self.planned is None:  # rather a broken covenant than cash that is missing
            self.late_fees = self.late_fees + self._borrow(t, x)
            put_in = put_in + self._cure(t, x, put_in)
        self._pay_back(t, x, put_in)
        self.cash[t], self.due[t] = self.held, (x * self.owed).sum(axis=0)
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
            used = self.owed[i] if facilities.revolving[i] else self.drawn[i]
            can = x[i] * np.maximum(0.0, self.signed[i] - used)
            can = np.minimum(np.minimum(can, self._allowed(i, t, x)), left)
            amount = np.minimum(lacks, np.maximum(can, 0.0)) / x[i]
            left = left - x[i] * amount
            change = np.zeros_like(self.owed)
            change[i] = amount
            self._move(change, change, x)
            fee = facilities.upfront[i] * x[i] * amount
            self.held, fees = self.held - fee, fees + fee
        return fees

    def _allowed(self, i: int, t: int, x: Floats) -> Floats:
        """What the purpose of a facility still lets it lend [scenario], in money."""
        facilities, earned = self.f.facilities, self.earned
        most = np.full(self.held.size, np.inf)
        servers, halls = facilities.servers[i], facilities.halls[i]
        certain = earned.lent_on.size > 0 and not facilities.offers[i].all()
        if np.isfinite(facilities.share_of_cost[i]):
            since = slice(int(facilities.first[i]), t + 1)
            if servers and halls and not certain:
                bills = earned.paid[since].sum(axis=0)
            else:  # what is delivered is paid; deposits for what is not count then
                units = earned.lent_on[i] if certain else earned.servers
                came, first = servers * units + halls * earned.halls, int(facilities.first[i])
                bills = came[t] - (came[first - 1] if first else 0.0)
            most = np.minimum(most, facilities.share_of_cost[i] * bills - self.lent[i])
        if np.isfinite(facilities.share_of_book[i]):
            book = servers * earned.book_servers[t] + halls * earned.book_halls[t]
            most = np.minimum(most, facilities.share_of_book[i] * book - x[i] * self.owed[i])
        if (backlog := facilities.backlog_of(i)) is not None:
            most = np.minimum(most, backlog[:, t] @ earned.signed - x[i] * self.owed[i])
        return most

    def _raise(self, t: int, x: Floats, before: Floats | float = 0.0) -> Floats:
        """Equity for cash that is still lacking, and for liquidity that a hard covenant asks for.

        Args:
            before: [scenario] raised in the quarter already.
        """
        f, test = self.f, self.f.covenants.liquidity
        short = f.minimum_cash[t] - self.held
        if test is not None and test.hard and t >= test.first:
            short = np.maximum(short, test.limit - self.held - self._undrawn(t, x))
        return self._put_in(t, np.maximum(short, 0.0), before)

    def _put_in(self, t: int, wanted: Floats, before: Floats | float) -> Floats:
        """Raises equity, after the cost of issuing it and within its limits; returns it [scenario]."""
        f = self.f
        can = np.maximum(0.0, np.minimum(f.equity_limit[t] - before, f.equity_total - self.raised))
        put_in = np.minimum(wanted / (1.0 - min(f.issue_cost, 0.99)), can)
        self.held = self.held + (1.0 - f.issue_cost) * put_in
        self.raised = self.raised + put_in
        return put_in

    def _pay_back(self, t: int, x: Floats, put_in: Floats) -> None:
        """Spare cash repays what may be repaid early, the dearest first, and then goes to owners."""
        facilities = self.f.facilities
        floor = self.f.minimum_cash[t]
        if self.planned is not None:
            floor = max(float(self.planned.cash[t]), float(floor))
        for i in self._by_rate(t)[::-1]:
            if self.kept[i] or not (facilities.revolving[i] or facilities.early[i]):
                continue
            spare = np.maximum(0.0, self.held - floor)
            change = np.zeros_like(self.owed)
            change[i] = -np.minimum(spare / x[i], self.owed[i])
            self._move(change, np.zeros_like(change), x)
        out = np.zeros_like(self.held)
        if t >= self.f.dividends_from:
            out = np.maximum(0.0, self.held - floor)
            self.held = self.held - out
        self.flows[t] = out - put_in

    def _undrawn(self, t: int, x: Floats) -> Floats:
        """What revolving lines still offer [scenario], in money."""
        facilities = self.f.facilities
        open_ = facilities.revolving & (t < facilities.maturity)
        offers = x * np.maximum(0.0, self.signed[:, None] - self.owed)
        return np.where(open_[:, None], offers, 0.0).sum(axis=0)

    def _by_rate(self, t: int) -> Indices:
        """Facilities by their declared rates of a quarter, the cheapest first."""
        return np.argsort(self.f.facilities.rate[:, t], kind="stable")
