"""Limits of debt and equity in the equations of a quarter, for a policy; docs/explanation/financing.md.

The plan of a run decides on each loan over all quarters at once (``model/debt.py``). A policy cannot: what it
hands on would hold every draw. It keeps one number for the outside money in use, of which equity is a part
and the rest is debt, and holds debt to what facilities lend and to the covenants that must be kept. A limit
gives way at a penalty, so that every quarter can be met from every state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from capexpand.model.blocks import ABSENT, INFINITY, Blocks, Indices
from capexpand.model.data import Floats, ModelData
from capexpand.model.earnings import earned_in_quarter
from capexpand.model.financing import Threshold
from capexpand.model.funding_limits import BREACH_PENALTY, FundingLimits
from capexpand.model.plants import has_plants, plant_options
from capexpand.model.stage import Stage

_FREE = -INFINITY


@dataclass(frozen=True, slots=True)
class FundingState:
    """Places of the numbers of funding in their part of the state."""

    in_use: slice  # F [1] money of lenders and owners
    equity: slice  # E [1] of it, of owners
    raised: slice  # [1] equity ever raised
    losses: slice  # Λ [1] carried forward
    writing_off: slice  # W [1] written off in a quarter
    starts: slice  # [quarters ahead] what is written off more then
    ends: slice  # [quarters ahead] what is written off no longer then
    value: slice  # V [1] books, and what is paid for and not delivered
    ordered: slice  # [facility with a share of cost] what it pays for, at full price
    taxed: slice  # payments of the quarters before whose value-added tax is not recovered yet [age]
    earned: slice  # EBITDA of the quarters before [age]
    service: slice  # debt service of the quarters before [age]
    size: int

    @classmethod
    def of(cls, m: ModelData) -> FundingState:
        """Return the places of a case."""
        limits, wait = m.funding, m.taxes.recovery_quarters
        if limits is None:
            return cls(*(slice(0, 0) for _ in range(12)), size=0)
        books = m.taxes.rate > 0.0 or _needs_books(limits)
        lead, ends = _horizons(m)
        sizes = (
            1, 1, 1, int(m.taxes.rate > 0.0), int(books), lead * books, ends * books,
            int(_needs_books(limits)), int(np.isfinite(limits.share_of_cost).sum()),
            0 if wait is None or m.taxes.value_added_tax == 0.0 else wait,
            limits.looks_back, 0 if limits.cover is None else limits.cover.quarters - 1,
        )  # fmt: skip
        last = np.cumsum(sizes).tolist()
        places = (slice(end - size, end) for size, end in zip(sizes, last, strict=True))
        return cls(*places, size=last[-1])


def opening_funding(lp: Blocks, m: ModelData) -> Indices:
    """Add the state of funding before the first quarter: what is owed then, and nothing else."""
    places = FundingState.of(m)
    columns = np.full(places.size, ABSENT, dtype=np.int64)
    if m.funding is not None and m.funding.owed > 0.0:
        owed = m.funding.owed
        columns[places.in_use] = lp.columns("opening debt", [("owed",)], lower=owed, upper=owed)
    return columns


def add_funding(lp: Blocks, m: ModelData, t: int, before: Indices, stage: Stage) -> Stage:
    """Add outside money in use, debt and its limits to a quarter.

    Args:
        t: the quarter, from 0.
        before: the numbers of funding that the quarter before left.
        stage: the rest of the quarter.
    """
    if m.funding is None:
        return stage
    return _Funding(lp, m, t, before=before, stage=stage).build()


def _needs_books(limits: FundingLimits) -> bool:
    return limits.loan_to_value is not None or bool(np.isfinite(limits.share_of_book).any())


def _horizons(m: ModelData) -> tuple[int, int]:
    """Quarters for which starts and ends of write-offs are remembered."""
    leads, lasts = [0], [0]
    for lead, life in _classes(m):
        leads.append(int(lead.max(initial=0)))
        until = lead + life
        lasts.append(int(until[until < m.times.count].max(initial=0)))
    return max(leads), max(lasts)


def _classes(m: ModelData) -> list[tuple[Indices, Indices]]:
    """Lead times and lives of servers, halls and plants."""
    taxes = m.taxes
    found = [
        (m.offers.lead_quarters, np.full_like(m.offers.lead_quarters, taxes.server_life_quarters)),
        (m.power.lead_quarters, np.full_like(m.power.lead_quarters, taxes.building_life_quarters)),
    ]
    if has_plants(m):
        o = plant_options(m)
        found.append((o.lead_quarters[o.bought], o.term_quarters[o.bought]))
    return found


class _Funding:
    """The rows of one quarter under construction."""

    def __init__(self, lp: Blocks, m: ModelData, t: int, *, before: Indices, stage: Stage) -> None:
        if m.funding is None:
            raise ValueError("nothing of financing limits a quarter")
        self.lp, self.m, self.t, self.before, self.stage, self.limits = lp, m, t, before, stage, m.funding
        self.here, self.places = (m.times.labels[t],), FundingState.of(m)
        self.after = np.full(self.places.size, ABSENT, dtype=np.int64)

    def build(self) -> Stage:
        places = self.places
        earned = self._earned()
        written = self._written_off()
        tax = self._tax(earned, written)
        debt = self._in_use(earned, tax)
        self._totals(written)
        over = self._facilities(debt)
        breaches = self._covenants(debt, earned)
        self.lp.add_cost(np.concatenate((over, breaches)), -self.m.times.discount[self.t] * BREACH_PENALTY)
        self._remember(places.earned, earned)
        return replace(self.stage, state=replace(self.stage.state, funding=self.after))

    def _column(self, name: str, *, lower: float = 0.0, upper: float = INFINITY) -> Indices:
        return self.lp.columns(name, [self.here], lower=lower, upper=upper)

    def _row(self, name: str, *, lower: float = _FREE, upper: float = INFINITY) -> Indices:
        return self.lp.rows(name, [self.here], lower=lower, upper=upper)

    def _remember(self, place: slice, now: Indices) -> None:
        """Hand on a number of now and those of the quarters before, as far as the place reaches."""
        self.after[place] = np.concatenate((now, self.before[place]))[: place.stop - place.start]

    def _earned(self) -> Indices:
        """EBITDA = Σ what columns earn + what is earned outside."""
        m, t = self.m, self.t
        outside = m.opening.other_revenue - m.opening.other_cost
        outside = outside if self.limits.outside is None else self.limits.outside
        earned = self._column("EBITDA", lower=_FREE)
        row = self._row("EBITDA", lower=outside[t], upper=outside[t])
        self.lp.add(row, earned)
        for columns, coefficients in earned_in_quarter(m, t, self.stage):
            self.lp.add(row[0], columns, -coefficients)
        return earned

    def _written_off(self) -> Indices:
        """W = W⁻ + what starts − what ends;  starts and ends move on by a quarter, with what orders add."""
        places, lp = self.places, self.lp
        if places.writing_off.stop == places.writing_off.start:
            return np.full(1, ABSENT, dtype=np.int64)
        written = self._column("written off")
        row = self._row("written off", lower=0.0, upper=0.0)
        lp.add(row, written)
        lp.add(row, self.before[places.writing_off], -1.0)
        lp.add(row, self.before[places.starts][:1], -1.0)
        lp.add(row, self.before[places.ends][:1])
        self.after[places.writing_off] = written
        starts, ends = (
            self._pipeline(name, at) for name, at in (("starts", places.starts), ("ends", places.ends))
        )
        for columns, rates, lead, life in self._additions():
            soon = np.broadcast_to(lead == 0, columns.shape)
            lp.add(row, np.where(soon, columns, ABSENT).ravel(), -rates.ravel())
            for rows, wait in ((starts, lead), (ends, lead + life)):
                ahead = np.broadcast_to(wait, columns.shape)
                place = np.where((ahead >= 1) & (ahead <= rows.size), ahead - 1, rows.size)
                lp.add(np.append(rows, ABSENT)[place], columns, -rates)
        return written

    def _pipeline(self, name: str, place: slice) -> Indices:
        """Columns of what starts or ends in the next quarters, as far as the horizon goes; returns rows."""
        size, lp = place.stop - place.start, self.lp
        ahead = tuple(f"in {i + 1}" for i in range(size))
        within = (self.t + 1 + np.arange(size) < self.m.times.count)[:, None]
        columns = lp.columns(f"write-off {name}", [ahead, self.here], where=within)[:, 0]
        rows = lp.rows(f"write-off {name}", [ahead, self.here], lower=0.0, upper=0.0, where=within)[:, 0]
        lp.add(rows, columns)
        lp.add(rows, np.append(self.before[place][1:], ABSENT)[:size], -1.0)
        self.after[place] = columns
        return rows

    def _additions(self) -> list[tuple[Indices, Floats, Indices, Indices]]:
        """Columns of orders, what is written off of 1 in a quarter, lead time and life."""
        m, t, cost = self.m, self.t, 1.0 + self.m.taxes.lost
        orders, taxes = self.stage.orders.ordered, m.taxes
        price = np.nan_to_num(m.offers.price[:, :, t], posinf=0.0)
        servers = np.where(orders == ABSENT, 0.0, cost * price / taxes.server_life_quarters)
        halls = cost * m.power.price[:, t] / taxes.building_life_quarters
        found = [
            (
                orders,
                servers,
                m.offers.lead_quarters[:, None],
                np.full((len(orders), 1), taxes.server_life_quarters),
            ),
            (
                self.stage.power.ordered,
                halls,
                m.power.lead_quarters,
                np.full_like(m.power.lead_quarters, taxes.building_life_quarters),
            ),
        ]
        if has_plants(m):
            o = plant_options(m)
            plants = np.where(o.bought, self.stage.energy.signed, ABSENT)
            term = np.maximum(o.term_quarters, 1)
            found.append((plants, cost * o.cost[:, t] / term, o.lead_quarters, term))
        return found

    def _interest(self, row: Indices, sign: float) -> None:
        """Adds interest on F⁻ − E⁻ to a row."""
        rate = self.limits.interest[self.t]
        self.lp.add(row, self.before[self.places.in_use], sign * rate)
        self.lp.add(row, self.before[self.places.equity], -sign * rate)

    def _tax(self, earned: Indices, written: Indices) -> Indices:
        """Λ = Λ⁻ − profit + taxable."""
        m, lp, losses = self.m, self.lp, self.places.losses
        if m.taxes.rate == 0.0:
            return np.full(1, ABSENT, dtype=np.int64)
        taxable, carried = self._column("taxable"), self._column("losses")
        row = self._row("tax", lower=m.opening.depreciation[self.t], upper=m.opening.depreciation[self.t])
        lp.add(row, earned)
        lp.add(row, written, -1.0)
        self._interest(row, -1.0)
        lp.add(row, taxable, -1.0)
        lp.add(row, carried)
        lp.add(row, self.before[losses], -1.0)
        self.after[losses] = carried
        return taxable

    def _in_use(self, earned: Indices, taxable: Indices) -> Indices:
        """F ≥ F⁻ + interest + payments + tax − EBITDA + cash that must be kept more;  D = F − E.

        What is left repays what may be repaid, and is paid out then: D ≥ what stays of D⁻, E ≥ 0.
        """
        m, t, lp, places, limits = self.m, self.t, self.lp, self.places, self.limits
        vat, wait = m.taxes.value_added_tax, m.taxes.recovery_quarters
        kept = limits.kept_cash[t] - (limits.kept_cash[t - 1] if t else limits.cash)
        in_use, equity, debt = (
            self._column("outside money"),
            self._column("equity in use"),
            self._column("debt"),
        )
        row = self._row("outside money", lower=m.opening.payments_due[t] + kept)
        lp.add(row, in_use)
        lp.add(row, self.before[places.in_use], -1.0)
        self._interest(row, -1.0)
        lp.add(row, self.stage.money.paid, -(1.0 + vat))
        if places.taxed.stop > places.taxed.start:
            lp.add(row, self.before[places.taxed][-1:], vat)
        elif wait == 0:
            lp.add(row, self.stage.money.paid, vat)
        lp.add(row, taxable, -m.taxes.rate)
        lp.add(row, earned)
        if m.contracts is not None:
            lp.add(row[0], self.stage.signed, m.contracts.prepayments[:, t])
        self._remember(places.taxed, self.stage.money.paid)
        put_in = self._column("equity raised", upper=limits.equity[t])
        row = self._row("equity in use", upper=0.0)
        lp.add(row, equity)
        lp.add(row, self.before[places.equity], -1.0)
        lp.add(row, put_in, -1.0)
        ever = self._column("equity ever raised", upper=limits.equity_total)
        row = self._row("equity ever raised", lower=0.0, upper=0.0)
        lp.add(row, ever)
        lp.add(row, self.before[places.raised], -1.0)
        lp.add(row, put_in, -1.0)
        row = self._row("debt in use", lower=0.0, upper=0.0)
        lp.add(row, debt)
        lp.add(row, in_use, -1.0)
        lp.add(row, equity)
        row, stays = self._row("debt that stays", lower=0.0), limits.stays[t]
        lp.add(row, debt)
        lp.add(row, self.before[places.in_use], -stays)
        lp.add(row, self.before[places.equity], stays)
        self.after[places.in_use], self.after[places.equity], self.after[places.raised] = in_use, equity, ever
        return debt

    def _totals(self, written: Indices) -> None:
        """V = V⁻ + payments − W, and all orders that each facility pays a share of."""
        lp, places, limits = self.lp, self.places, self.limits
        if places.value.stop > places.value.start:
            total, row = self._column("book and paid"), self._row("book and paid", lower=0.0, upper=0.0)
            lp.add(row, total)
            lp.add(row, self.before[places.value], -1.0)
            lp.add(row, self.stage.money.paid, -(1.0 + self.m.taxes.lost))
            lp.add(row, written)
            self.after[places.value] = total
        for i, f in enumerate(np.flatnonzero(np.isfinite(limits.share_of_cost))):
            place = slice(places.ordered.start + i, places.ordered.start + i + 1)
            name = f"ordered of what {f + 1} pays for"
            total, row = self._column(name), self._row(name, lower=0.0, upper=0.0)
            lp.add(row, total)
            lp.add(row, self.before[place], -1.0)
            if self.t >= limits.first[f]:
                self._bought(row, int(f))
            self.after[place] = total

    def _bought(self, row: Indices, f: int) -> None:
        """Adds minus the full price of what is ordered and a facility pays for."""
        m, t, limits = self.m, self.t, self.limits
        orders = np.where(limits.servers[f][:, None], self.stage.orders.ordered, ABSENT)
        price = np.nan_to_num(m.offers.price[:, :, t], posinf=0.0)
        self.lp.add(row[0], orders, np.where(orders == ABSENT, 0.0, -price))
        if limits.halls[f]:
            self.lp.add(row[0], self.stage.power.ordered, -m.power.price[:, t])
            if has_plants(m):
                o = plant_options(m)
                self.lp.add(row[0], np.where(o.bought, self.stage.energy.signed, ABSENT), -o.cost[:, t])

    def _facilities(self, debt: Indices) -> Indices:
        """D ≤ Σ what facilities lend, within shares of cost, books and backlog; returns the overrun."""
        lp, limits, t, m = self.lp, self.limits, self.t, self.m
        shared = np.isfinite(limits.share_of_cost) | np.isfinite(limits.share_of_book) | limits.on_contracts
        free = float(np.where(shared, 0.0, limits.capacity[:, t]).sum())
        over = self._column("debt beyond what is lent")
        row = self._row("debt within what is lent", upper=free - float(limits.undrawn[t]))
        lp.add(row, debt)
        lp.add(row, over, -1.0)
        for f in np.flatnonzero(shared):
            lent = self._column(f"lent {f + 1}", upper=float(limits.capacity[f, t]))
            lp.add(row, lent, -1.0)
            counted = int(np.isfinite(limits.share_of_cost[:f]).sum()) + self.places.ordered.start
            for share, place in (
                (limits.share_of_cost[f], slice(counted, counted + 1)),
                (limits.share_of_book[f], self.places.value),
            ):
                if np.isfinite(share):
                    most = self._row(f"lent {f + 1} of its share", upper=0.0)
                    lp.add(most, lent)
                    lp.add(most, self.after[place], -share)
            if limits.on_contracts[f] and limits.backlog is not None and m.contracts is not None:
                backlog = limits.backlog[f, :, t]
                most = self._row(f"lent {f + 1} of backlog", upper=float(backlog[~m.contracts.offered].sum()))
                lp.add(most, lent)
                lp.add(most[0], self.stage.signed, -np.where(m.contracts.offered, backlog, 0.0))
        return over

    def _covenants(self, debt: Indices, earned: Indices) -> Indices:
        """Rows of the covenants that must be kept; returns by how much each is missed, in money of debt."""
        m, t, limits = self.m, self.t, self.limits
        found = [np.zeros(0, dtype=np.int64)]
        value = limits.loan_to_value
        if value is not None and t >= value.first:
            standing = float(m.opening.depreciation[t + 1 :].sum())
            row, missed = self._tested("loan to value", debt, value.limit * standing)
            self.lp.add(row, self.after[self.places.value], -value.limit)
            found.append(missed)
        leverage = limits.leverage
        if leverage is not None and t >= leverage.first:
            row, missed = self._tested("leverage", debt, 0.0)
            recent = self._recent(leverage, earned)
            self.lp.add(row[0], recent, -leverage.limit * 4.0 / recent.size)
            found.append(missed)
        cover = limits.cover
        if cover is not None:
            found.append(self._cover(cover, earned))
        return np.concatenate(found)

    def _tested(self, name: str, debt: Indices, upper: float) -> tuple[Indices, Indices]:
        missed, row = self._column(f"{name} missed"), self._row(name, upper=upper)
        self.lp.add(row, debt)
        self.lp.add(row, missed, -1.0)
        return row, missed

    def _recent(self, test: Threshold, earned: Indices) -> Indices:
        """EBITDA of the quarters since the start that a covenant counts."""
        history = np.concatenate((earned, self.before[self.places.earned]))
        return history[: min(test.quarters, self.t + 1)]

    def _cover(self, test: Threshold, earned: Indices) -> Indices:
        """Limit · Σ (interest and what falls due of F⁻ − E⁻) ≤ Σ EBITDA."""
        lp, places = self.lp, self.places
        due = self.limits.interest[self.t] + self.limits.falls[self.t]
        service = self._column("debt service", lower=_FREE)
        row = self._row("debt service", lower=0.0, upper=0.0)
        lp.add(row, service)
        lp.add(row, self.before[places.in_use], -due)
        lp.add(row, self.before[places.equity], due)
        history = np.concatenate((service, self.before[places.service]))[: min(test.quarters, self.t + 1)]
        self._remember(places.service, service)
        if self.t < test.first:
            return np.zeros(0, dtype=np.int64)
        missed, row = self._column("debt service cover missed"), self._row("debt service cover", upper=0.0)
        lp.add(row[0], history, test.limit)
        lp.add(row[0], self._recent(test, earned), -1.0)
        lp.add(row, missed, -1.0)
        return missed
