"""The equations of financing, over all quarters; docs/explanation/financing.md says the same in words.

They stand beside the chain of quarters: cash needs the tax of a quarter, tax the depreciation of every order
within an asset's life. Where a case has no financing, nothing here adds a column or a row.
"""

from __future__ import annotations

import numpy as np

from capexpand.model.blocks import ABSENT, INFINITY, Blocks, Indices
from capexpand.model.data import Floats, ModelData
from capexpand.model.earnings import Operations, operation_columns
from capexpand.model.financing import Facilities, FinancingColumns, Threshold
from capexpand.model.leaseback import held_at_end
from capexpand.model.plants import has_plants, worth_at_end
from capexpand.model.stage import Stage

_FREE = -INFINITY


def add_financing(lp: Blocks, m: ModelData, stages: list[Stage]) -> FinancingColumns | None:
    """Adds the financing of a case to the program of all quarters.

    Args:
        lp: the program, with every stage in it.
    """
    if m.financing is None:
        return None
    operations = operation_columns(lp, m, stages)
    return _Financing(lp, m, stages, operations).build()


class _Financing:
    """The rows of financing under construction."""

    def __init__(self, lp: Blocks, m: ModelData, stages: list[Stage], operations: Operations) -> None:
        self.lp, self.m, self.stages, self.operations = lp, m, stages, operations
        self.f, self.facilities = m.financed, m.financed.facilities
        self.labels, self.quarters = m.times.labels, m.times.count
        self.quarter = np.arange(self.quarters)
        self.x = self.facilities.exchange
        self.lives = (m.taxes.server_life_quarters, m.taxes.building_life_quarters)

    def build(self) -> FinancingColumns:
        f, facilities, lp = self.f, self.facilities, self.lp
        names, quarter = facilities.names, self.quarter[None, :]
        first, last = facilities.first[:, None], facilities.last[:, None]
        maturity, due = facilities.maturity[:, None], facilities.due[:, None]
        self.signed = lp.columns("signed", [names], lower=facilities.drawn, upper=facilities.amount)
        self.drawn = lp.columns(
            "drawn", [names, self.labels], where=(quarter >= first) & (quarter <= last) & (quarter < maturity)
        )
        starts = np.where((facilities.early | facilities.revolving)[:, None], first, due)
        self.repaid = lp.columns(
            "repaid", [names, self.labels], where=(quarter >= starts) & (quarter <= maturity)
        )
        self.balance = lp.columns("owed", [names, self.labels], where=quarter <= maturity)
        self.cash = lp.columns("cash", [self.labels])
        self.raised = lp.columns("equity", [self.labels], upper=f.equity_limit)
        pays_out = self.quarter >= f.dividends_from
        self.dividends = lp.columns("dividends", [self.labels], where=pays_out)
        self._balances()
        self._repayment_plans()
        self._purposes()
        self._backlogs()
        self._sweeps()
        tax = self._tax()
        self._cash(tax)
        minimum = lp.rows("minimum cash", [self.labels], upper=-f.minimum_cash, where=f.minimum_cash > 0)
        lp.add(minimum, self.cash, -1.0)
        total = lp.rows(
            "equity over the horizon",
            [("all",)],
            upper=f.equity_total,
            where=np.array([np.isfinite(f.equity_total)]),
        )
        lp.add(total, self.raised)
        return FinancingColumns(
            self.signed,
            self.drawn,
            self.repaid,
            self.balance,
            self.cash,
            self.raised,
            self.dividends,
            minimum,
            total,
            self._covenants(),
            self._objective(tax),
        )

    def _before(self, columns: Indices) -> Indices:
        """The columns of the quarter before [facility, quarter]; none before the first."""
        none = np.full((columns.shape[0], 1), ABSENT)
        return np.concatenate((none, columns[:, :-1]), axis=1)

    def _balances(self) -> None:
        """L = L⁻ + d − p, Σ d within what is signed; of a line, L."""
        lp, facilities, names = self.lp, self.facilities, self.facilities.names
        opening = np.where(self.quarter[None, :] == 0, facilities.drawn[:, None], 0.0)
        there = self.balance != ABSENT
        rows = lp.rows("debt", [names, self.labels], lower=opening, upper=opening, where=there)
        lp.add(rows, self.balance)
        lp.add(rows, self._before(self.balance), -1.0)
        lp.add(rows, self.drawn, -1.0)
        lp.add(rows, self.repaid)
        term = ~facilities.revolving
        limit = lp.rows("signed", [names], upper=-facilities.drawn, where=term)
        lp.add(limit[:, None], self.drawn)
        lp.add(limit, self.signed, -1.0)
        line = lp.rows("line", [names, self.labels], upper=0.0, where=facilities.revolving[:, None] & there)
        lp.add(line, self.balance)
        lp.add(line, self.signed[:, None], -1.0)

    def _repayment_plans(self) -> None:
        """L = ρ Σ d, or no more where it may be repaid early; a sculpted loan pays EBITDA over cover."""
        lp, facilities = self.lp, self.facilities
        owed, there = facilities.owed, self.balance != ABSENT
        known = ~np.isnan(owed) & there
        part = np.where(known, owed, 0.0)
        upper = part * facilities.drawn[:, None]
        lower = np.where(facilities.early[:, None], _FREE, upper)
        rows = lp.rows("repayment", [facilities.names, self.labels], lower=lower, upper=upper, where=known)
        lp.add(rows, self.balance)
        for u in range(self.quarters):
            lp.add(rows, self.drawn[:, [u]], -part)
        cover = facilities.cover_ratio
        pays = (cover > 0)[:, None] & there & (self.quarter[None, :] >= facilities.due[:, None])
        shaped = lp.rows("cover of a sculpted loan", [facilities.names, self.labels], upper=0.0, where=pays)
        lp.add(shaped, self.repaid, cover[:, None] * self.x)
        lp.add(shaped, self._before(self.balance), cover[:, None] * facilities.interest * self.x)
        lp.add(shaped, self.operations.ebitda[None, :], -1.0)

    def _purposes(self) -> None:
        """Σ d ≤ share Σ payments of its kind; L ≤ share of book value of its kind."""
        lp, facilities, operations = self.lp, self.facilities, self.operations
        for f, name in enumerate(facilities.names):
            share = facilities.share_of_cost[f]
            if np.isfinite(share):
                paid = self._payments_for(f)
                can = self.drawn[f] != ABSENT
                rows = lp.rows("share of cost", [(name,), self.labels], upper=0.0, where=can[None, :])[0]
                earlier = self.quarter[None, :] <= self.quarter[:, None]
                since = earlier & (self.quarter[None, :] >= facilities.first[f])
                drawn = np.where(earlier, self.drawn[f][None, :], ABSENT)
                lp.add(rows[:, None], drawn, np.broadcast_to(self.x[f], drawn.shape))
                for columns in paid:
                    lp.add(rows[:, None], np.where(since, columns[None, :], ABSENT), -share)
            share = facilities.share_of_book[f]
            if np.isfinite(share):
                there = self.balance[f] != ABSENT
                rows = lp.rows("share of book", [(name,), self.labels], upper=0.0, where=there[None, :])[0]
                lp.add(rows, self.balance[f], self.x[f])
                kinds = ((facilities.servers[f], operations.added_servers, self.lives[0]),
                         (facilities.halls[f], operations.added_halls, self.lives[1]))  # fmt: skip
                for counts, added, life in kinds:
                    if counts:
                        lp.add(rows[:, None], added[None, :], -share * self._left(life))
                for added, life in operations.plants if facilities.halls[f] else ():
                    lp.add(rows[:, None], added[None, :], -share * self._left(life))
                if facilities.servers[f]:
                    for sold, life in self.operations.leaseback_books:
                        lp.add(rows[:, None], sold[None, :], -share * self._left(life))

    def _backlogs(self) -> None:
        """L ≤ Σ σ of what may be owed on each contract; signed ones stand on the right."""
        lp, m = self.lp, self.m
        sigma = self.stages[-1].signed
        for f, name in enumerate(self.facilities.names):
            backlog = self.facilities.backlog_of(f)
            if backlog is None or m.contracts is None:
                continue
            offered = m.contracts.offered
            there = self.balance[f] != ABSENT
            upper = np.where(offered[:, None], 0.0, backlog).sum(axis=0)
            rows = lp.rows("share of backlog", [(name,), self.labels], upper=upper, where=there[None, :])[0]
            lp.add(rows, self.balance[f], self.x[f])
            for c in np.flatnonzero(offered):
                lp.add(rows, np.full(rows.shape, sigma[c]), -backlog[c])

    def _payments_for(self, f: int) -> list[Indices]:
        """Columns [quarter] of the payments that a facility may cover."""
        m, lp, facilities = self.m, self.lp, self.facilities
        found: list[Indices] = []
        if facilities.halls[f]:
            found.append(self.operations.paid_halls)
        if facilities.servers[f] and facilities.offers[f].all():
            found.append(self.operations.paid_servers)
        elif facilities.servers[f]:
            labels = [(facilities.names[f],), self.labels]
            paid = lp.columns("paid to the vendor", labels)[0]
            rows = lp.rows("paid to the vendor", labels, lower=0.0, upper=0.0)[0]
            lp.add(rows, paid)
            counts = facilities.offers[f][:, None]
            lead = m.offers.lead_quarters[:, None]
            now = np.where(lead == 0, 1.0, m.offers.deposit_fraction[:, None])
            for t, stage in enumerate(self.stages):
                price = np.where(counts, m.offers.price[:, :, t], 0.0)
                orders = stage.orders.ordered
                arrives = np.broadcast_to(t + lead, orders.shape)
                there = rows[np.minimum(arrives, self.quarters - 1)]
                lp.add(rows[t], orders, -now * price)
                lp.add(np.where(arrives < self.quarters, there, ABSENT), orders, -(1.0 - now) * price)
            found.append(paid)
        return found

    def _left(self, life: int) -> Floats:
        """What the books hold at the end of a quarter of 1 added in another [quarter, quarter added]."""
        age = self.quarter[:, None] - self.quarter[None, :] + 1
        return np.where(age >= 1, np.maximum(1.0 - age / life, 0.0), 0.0)

    def _written_off(self, life: int) -> Floats:
        """What is written off in a quarter of 1 added in another [quarter, quarter added]."""
        age = self.quarter[:, None] - self.quarter[None, :]
        return np.where((age >= 0) & (age < life), 1.0 / life, 0.0)

    def _sweeps(self) -> None:
        """S · dividends ≤ (1 − s) · what is repaid beyond the plan, until the loan's maturity."""
        lp, facilities = self.lp, self.facilities
        for f in np.flatnonzero(facilities.sweep > 0):
            s, name = facilities.sweep[f], facilities.names[f]
            held = (self.dividends != ABSENT) & (self.quarter < facilities.maturity[f])
            part = np.nan_to_num(facilities.owed[f], nan=1.0)
            falls = np.maximum(np.concatenate(([1.0], part[:-1])) - part, 0.0)
            falls = falls * self.x[f]
            upper = -(1.0 - s) * falls * facilities.drawn[f]
            rows = lp.rows("sweep", [(name,), self.labels], upper=upper[None, :], where=held[None, :])[0]
            lp.add(rows, self.dividends, s)
            lp.add(rows, self.repaid[f], -(1.0 - s) * self.x[f])
            lp.add(rows[:, None], self.drawn[f][None, :], (1.0 - s) * falls[:, None])

    def _lenders(self, rows: Indices, sign: float) -> None:
        """Adds minus interest and fees, times a sign, to rows [quarter]."""
        lp, facilities, here = self.lp, self.facilities, rows[None, :]
        fee, revolving = facilities.commitment * self.x, facilities.revolving[:, None]
        lp.add(here, self._before(self.balance), -sign * facilities.interest * self.x)
        lp.add(here, self.drawn, -sign * facilities.upfront[:, None] * self.x)
        lp.add(here, self.signed[:, None], -sign * fee)
        lp.add(here, np.where(revolving, self._before(self.balance), ABSENT), sign * fee)
        for u in range(self.quarters):
            used = np.where(self.quarter[None, :] >= u, fee, 0.0)
            lp.add(here, np.where(revolving, ABSENT, self.drawn[:, [u]]), sign * used)

    def _leaseback_gains(self, rows: Indices) -> None:
        """Adds what sales bring beyond their books to rows [quarter]."""
        if self.operations.leaseback_proceeds is not None:
            self.lp.add(rows, self.operations.leaseback_proceeds)
            for sold, _ in self.operations.leaseback_books:
                self.lp.add(rows, sold)

    def _earned_on_cash(self, rows: Indices, sign: float) -> None:
        """Adds the interest on cash, times a sign, to rows [quarter]."""
        before = np.concatenate(([ABSENT], self.cash[:-1]))
        self.lp.add(rows, before, sign * self.f.cash_interest)

    def _constants(self) -> Floats:
        """Interest and fees of what is owed at the start [quarter], whatever the plan does."""
        facilities, first = self.facilities, self.quarter == 0
        counted = ~facilities.revolving[:, None] | first[None, :]
        undrawn = np.where(counted, facilities.commitment * self.x, 0.0) * facilities.drawn[:, None]
        return np.where(first, (facilities.interest * self.x).T @ facilities.drawn, 0.0) - undrawn.sum(axis=0)

    def _revalued(self) -> Floats:
        """What debt owed at the start grows by in the first quarter; 0 but where a case says so [quarter]."""
        return np.where(self.quarter == 0, self.facilities.appreciation.T @ self.facilities.drawn, 0.0)

    def _tax(self) -> Indices:
        """Λ = Λ⁻ − profit + taxable; what is taxed at the end is the end profit less the losses left."""
        m, lp = self.m, self.lp
        if m.taxes.rate == 0.0:
            return np.full(self.quarters + 1, ABSENT, dtype=np.int64)
        taxable = lp.columns("taxable", [(*self.labels, "end")])
        losses = lp.columns("losses", [self.labels])
        constant = m.opening.depreciation + self._constants() + self._revalued()
        rows = lp.rows("tax", [self.labels], lower=constant, upper=constant)
        # −Λ + Λ⁻ + taxable = profit, so profit − taxable + Λ − Λ⁻ = 0 with what is constant on the right
        lp.add(rows, self.operations.ebitda)
        for added, life in self._classes():
            lp.add(rows[:, None], added[None, :], -self._written_off(life))
        self._leaseback_gains(rows)
        self._lenders(rows, 1.0)
        lp.add(rows[None, :], self._before(self.balance), -self.facilities.appreciation)
        self._earned_on_cash(rows, 1.0)
        lp.add(rows, taxable[:-1], -1.0)
        lp.add(rows, losses)
        lp.add(rows, np.concatenate(([ABSENT], losses[:-1])), -1.0)
        end = lp.rows("tax at the end", [("end",)], upper=0.0)
        for columns, worth in self._end_values():
            lp.add(end, columns.ravel(), np.broadcast_to(worth, columns.shape).ravel())
        for added, life in self._classes():
            lp.add(end, added, -self._left(life)[-1])
        lp.add(end, self.cash[-1:], self.f.cash_half_interest)
        lp.add(end, self.balance[:, -1], -self.facilities.half_quarterly[:, -1] * self.x[:, -1])
        lp.add(end, losses[-1:], -1.0)
        lp.add(end, taxable[-1:], -1.0)
        return taxable

    def _classes(self) -> tuple[tuple[Indices, int], ...]:
        return (
            (self.operations.added_servers, self.lives[0]),
            (self.operations.added_halls, self.lives[1]),
            *self.operations.plants,
            *self.operations.leaseback_books,
        )

    def _end_values(self) -> list[tuple[Indices, Floats]]:
        """Columns that are worth something at the horizon's end, and what 1 of each is worth."""
        m, last = self.m, self.stages[-1]
        plants = worth_at_end(m).T if has_plants(m) else ()
        found = [(stage.energy.signed, worth) for stage, worth in zip(self.stages, plants, strict=False)]
        if m.end_value_within_book:
            return [*found, (last.end_value, np.ones(last.end_value.shape))]
        found += [
            (last.fleet.installed, m.offers.end_value[None, :]),
            (last.power.energised, m.power.end_value),
        ]
        if m.leasebacks is not None and last.leasebacks is not None:
            found.append((last.leasebacks.sold, -held_at_end(m)[:, None, :]))
        return found

    def _cash(self, taxable: Indices) -> None:
        """Cash = (1 + i) cash⁻ + EBITDA − tax − payments with value-added tax + what financing brings."""
        m, lp, f = self.m, self.lp, self.f
        constant = -m.opening.payments_due - self._constants()
        constant = constant + np.where(self.quarter == 0, f.opening_cash, 0.0)
        rows = lp.rows("cash", [self.labels], lower=constant, upper=constant)
        lp.add(rows, self.cash)
        lp.add(rows, np.concatenate(([ABSENT], self.cash[:-1])), -1.0)
        lp.add(rows, self.operations.ebitda, -1.0)
        if self.operations.leaseback_proceeds is not None:
            lp.add(rows, self.operations.leaseback_proceeds, -1.0)
        vat, wait = m.taxes.value_added_tax, m.taxes.recovery_quarters
        for paid in (self.operations.paid_servers, self.operations.paid_halls):
            lp.add(rows, paid, 1.0 + vat)
            if wait is not None and wait < self.quarters:
                lp.add(rows[wait:], paid[: self.quarters - wait], -vat)
        lp.add(rows, taxable[:-1], m.taxes.rate)
        if m.contracts is not None:
            lp.add(rows[None, :], self.stages[-1].signed[:, None], -m.contracts.prepayments)
        self._lenders(rows, -1.0)
        self._earned_on_cash(rows, -1.0)
        lp.add(rows[None, :], self.drawn, -self.x)
        lp.add(rows[None, :], self.repaid, self.x)
        lp.add(rows, self.raised, -(1.0 - f.issue_cost))
        lp.add(rows, self.dividends)

    def _covenants(self) -> dict[str, Indices]:
        rows: dict[str, Indices] = {}
        for name, test in self.f.covenants.named.items():
            if test.hard and (self.facilities.names or name == "liquidity"):
                rows[name] = getattr(self, f"_{name}")(test)
        return rows

    def _tested(self, name: str, test: Threshold, upper: Floats | float) -> Indices:
        return self.lp.rows(name, [self.labels], upper=upper, where=self.quarter >= test.first)

    def _recent(self, test: Threshold) -> Floats:
        """1 where a quarter is among the last ones that a test looks back on [quarter, looked at]."""
        age = self.quarter[:, None] - self.quarter[None, :]
        return np.where((age >= 0) & (age < test.quarters), 1.0, 0.0)

    def _debt_service_cover(self, test: Threshold) -> Indices:
        """Limit · (interest, fees and repayments by plan) ≤ EBITDA, over the last quarters."""
        lp, facilities = self.lp, self.facilities
        falls, opening = _falls(facilities, self.x)
        service = lp.columns("debt service", [self.labels], lower=_FREE)
        constant = self._constants() + opening
        rows = lp.rows("debt service", [self.labels], lower=constant, upper=constant)
        lp.add(rows, service)
        self._lenders(rows, 1.0)
        for u in range(self.quarters):
            lp.add(rows[None, :], np.where(facilities.revolving[:, None], ABSENT, self.drawn[:, [u]]), -falls)
        sculpted = (facilities.cover_ratio > 0)[:, None]
        lp.add(rows[None, :], np.where(sculpted, self.repaid, ABSENT), -self.x)
        recent = self._recent(test)
        tested = self._tested("debt_service_cover", test, 0.0)
        lp.add(tested[:, None], service[None, :], test.limit * recent)
        lp.add(tested[:, None], self.operations.ebitda[None, :], -recent)
        return tested

    def _loan_to_value(self, test: Threshold) -> Indices:
        """Debt ≤ limit · (books and what is paid for and not delivered)."""
        m, lp = self.m, self.lp
        standing = m.opening.depreciation.sum() - np.cumsum(m.opening.depreciation)
        tested = self._tested("loan_to_value", test, test.limit * standing)
        lp.add(tested[None, :], self.balance, self.x)
        earlier = (self.quarter[None, :] <= self.quarter[:, None]).astype(np.float64)
        cost = 1.0 + m.taxes.lost
        paid = (self.operations.paid_servers, self.operations.paid_halls)
        for added, life in self._classes()[: 2 + len(self.operations.plants)]:
            lp.add(tested[:, None], added[None, :], -test.limit * (self._left(life) - earlier))
        for bills in paid:
            lp.add(tested[:, None], bills[None, :], -test.limit * cost * earlier)
        for sold, life in self.operations.leaseback_books:
            lp.add(tested[:, None], sold[None, :], -test.limit * self._left(life))
        return tested

    def _leverage(self, test: Threshold) -> Indices:
        """Debt ≤ limit · EBITDA of the last quarters, as of a year."""
        tested = self._tested("leverage", test, 0.0)
        self.lp.add(tested[None, :], self.balance, self.x)
        recent = self._recent(test)
        yearly = 4.0 * recent / recent.sum(axis=1, keepdims=True)
        self.lp.add(tested[:, None], self.operations.ebitda[None, :], -test.limit * yearly)
        return tested

    def _liquidity(self, test: Threshold) -> Indices:
        """Limit ≤ cash and what lines still offer."""
        tested = self._tested("liquidity", test, -test.limit)
        self.lp.add(tested, self.cash, -1.0)
        still = self.quarter[None, :] < self.facilities.maturity[:, None]  # a line that ends offers nothing
        line = self.facilities.revolving[:, None] & still
        self.lp.add(tested[None, :], np.where(line, self.signed[:, None], ABSENT), -self.x)
        self.lp.add(tested[None, :], np.where(line, self.balance, ABSENT), self.x)
        return tested

    def _objective(self, taxable: Indices) -> float:
        """What financing adds to the objective of the stages; returns what no decision changes."""
        m, lp, f = self.m, self.lp, self.f
        disc, end, tau = m.times.discount, m.times.discount_end, m.taxes.rate
        # the tax of the statements in place of losses refunded at once
        lp.add_cost(self.operations.ebitda, disc * tau)
        if self.operations.leaseback_proceeds is not None:
            lp.add_cost(self.operations.leaseback_proceeds, disc * tau)
            for sold, _ in self.operations.leaseback_books:
                lp.add_cost(sold, disc * tau)
        for added, life in self._classes():
            shield = disc @ self._written_off(life) + end * self._left(life)[-1]
            lp.add_cost(added, -tau * shield)
        for columns, worth in self._end_values():
            lp.add_cost(columns, end * tau * worth)
        lp.add_cost(taxable, -tau * np.append(disc, end))
        constant = -tau * m.opening.depreciation
        # what passes between the firm and its lenders
        facilities = self.facilities
        worth = disc[None, :] * self.x
        lp.add_cost(self.drawn, worth * (1.0 - facilities.upfront[:, None]))
        lp.add_cost(self.repaid, -worth)
        lp.add_cost(self._before(self.balance), -worth * facilities.interest)
        fee = facilities.commitment
        lp.add_cost(self.signed, -(worth * fee).sum(axis=1))
        lp.add_cost(np.where(facilities.revolving[:, None], self._before(self.balance), ABSENT), worth * fee)
        later = np.cumsum((worth * fee)[:, ::-1], axis=1)[:, ::-1]
        lp.add_cost(np.where(facilities.revolving[:, None], ABSENT, self.drawn), later)
        last = end * (1.0 + facilities.half_quarterly[:, -1]) * self.x[:, -1]
        lp.add_cost(self.balance[:, -1], -last)
        # what idle cash and issuing equity cost
        lp.add_cost(np.concatenate(([ABSENT], self.cash[:-1])), disc * (1.0 + f.cash_interest))
        lp.add_cost(self.cash, -disc)
        lp.add_cost(self.cash[-1:], end * (1.0 + f.cash_half_interest))
        lp.add_cost(self.raised, -disc * f.issue_cost)
        fixed = disc @ (constant - self._constants())
        return float(fixed + facilities.drawn.sum())


def _falls(facilities: Facilities, exchange: Floats) -> tuple[Floats, Floats]:
    """The part of all drawn that each loan repays by plan [facility, quarter], but for a bullet's last.

    Args:
        facilities: of a case.
        exchange: [facility, quarter] money for 1 of what is owed.

    Returns:
        The parts, and the money that they are of what is owed at the start [quarter].
    """
    owed = facilities.owed
    known = np.nan_to_num(owed, nan=1.0)
    falls = np.maximum(np.concatenate((np.ones((len(known), 1)), known[:, :-1]), axis=1) - known, 0.0)
    free = (facilities.revolving | (facilities.cover_ratio > 0))[:, None] | (falls > 0.999)
    falls = np.where(free, 0.0, falls) * exchange
    return falls, (falls * facilities.drawn[:, None]).sum(axis=0)
