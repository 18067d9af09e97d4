"""Compiles the financing of a case: dates become quarters, repayment plans become parts still owed."""

from __future__ import annotations

import numpy as np

from capexpand.case.financing import AtLeast, AtMost, Covenant, Facility
from capexpand.case.financing import Financing as FinancingOfCase
from capexpand.model.data import OfferOptions
from capexpand.model.financing import Facilities, Financing, Threshold, Thresholds
from capexpand.model.world import Floats, World
from capexpand.timevalue import quarters_spanned

NEVER = 10_000
"""A quarter beyond every horizon."""


def compile_financing(world: World, offers: OfferOptions) -> Financing | None:
    """Returns the financing of a case, or None where it says nothing of it.

    Args:
        world: the case and its calendar.
        offers: the offer options, whose servers a vendor's loan may be limited to.
    """
    declared = world.case.financing
    if declared is None:
        return None
    equity, rate = declared.equity, world.case.finance.discount_rate.value
    cost = declared.cost_of_equity
    before = equity.no_dividends_before
    return Financing(
        facilities=_facilities(world, declared, offers),
        covenants=_covenants(world, declared),
        opening_cash=world.number(declared.opening_cash),
        minimum_cash=world.series(declared.minimum_cash),
        cash_rate=0.0 if declared.cash_interest is None else declared.cash_interest.value,
        cost_of_equity=rate if cost is None else cost.value,
        equity_limit=world.series(equity.limit, np.inf),
        equity_total=world.number(equity.total, np.inf),
        issue_cost=0.0 if equity.issue_cost is None else equity.issue_cost.value,
        dividends_from=0 if before is None else max(0, world.calendar.index(before)),
    )


def _facilities(world: World, declared: FinancingOfCase, offers: OfferOptions) -> Facilities:
    named = declared.facilities
    terms = [_Term(world, declared, facility) for facility in named.values()]
    count, quarters = len(named), world.quarters

    def each(value: object, kind: type = float) -> np.ndarray:
        return np.array(value, dtype=kind).reshape(count)

    return Facilities(
        names=tuple(named),
        titles=tuple(facility.title for facility in named.values()),
        revolving=each([facility.kind == "revolving" for facility in named.values()], bool),
        amount=each([world.number(facility.amount) for facility in named.values()]),
        drawn=each([world.number(facility.drawn) for facility in named.values()]),
        first=each([term.first for term in terms], np.int64),
        last=each([term.last for term in terms], np.int64),
        due=each([term.due for term in terms], np.int64),
        maturity=each([term.maturity for term in terms], np.int64),
        rate=np.array([term.rate for term in terms]).reshape(count, quarters),
        upfront=each([_share(facility.upfront_fee) for facility in named.values()]),
        commitment=np.array([term.commitment() for term in terms]).reshape(count, quarters),
        owed=np.array([term.owed() for term in terms]).reshape(count, quarters),
        early=each([facility.early for facility in named.values()], bool),
        cover_ratio=each([_share(facility.cover_ratio) for facility in named.values()]),
        sweep=each([_share(facility.sweep) for facility in named.values()]),
        share_of_cost=each([_share(facility.share_of_cost, np.inf) for facility in named.values()]),
        share_of_book=each([_share(facility.share_of_book, np.inf) for facility in named.values()]),
        servers=each(["servers" in facility.pays_for for facility in named.values()], bool),
        halls=each(["halls" in facility.pays_for for facility in named.values()], bool),
        offers=np.array(
            [
                [not facility.offers or product in facility.offers for product in _products(offers)]
                for facility in named.values()
            ],
            dtype=np.bool_,
        ).reshape(count, len(offers.names)),
        currencies=tuple(_currency(world, facility) for facility in named.values()),
        settled=np.array(
            [world.relative_rate(facility.amount.currency) for facility in named.values()]
        ).reshape(count, quarters),
        reference=np.array([term.reference for term in terms]).reshape(count, quarters),
    )


def _currency(world: World, facility: Facility) -> str:
    return facility.amount.currency or world.case.currency


def _products(offers: OfferOptions) -> list[str]:
    return [offers.products[product] for product in offers.product]


def _share(figure: object, otherwise: float = 0.0) -> float:
    return otherwise if figure is None else float(figure)  # pyrefly: ignore[bad-argument-type]


class _Term:
    """The quarters of a facility.

    Args:
        world: the case and its calendar.
        declared: the financing around it.
        facility: any.
    """

    def __init__(self, world: World, declared: FinancingOfCase, facility: Facility) -> None:
        self.facility, self.quarters = facility, world.quarters
        index = world.calendar.index
        self.maturity = min(index(facility.maturity), NEVER)
        self.first = max(0, 0 if facility.draw_from is None else index(facility.draw_from))
        until = facility.draw_until
        revolving = facility.kind == "revolving"
        self.last = (self.maturity - 1 if revolving else -1) if until is None else index(until)
        grace = 3.0 if facility.grace is None else facility.grace.value
        self.due = self.first if revolving else max(self.last, -1) + max(1, quarters_spanned(grace))
        self.due = max(self.due, 0)
        if facility.rate is not None:
            self.rate, self.reference = world.series(facility.rate), np.zeros(world.quarters)
        else:
            self.reference = world.series(declared.reference_rate)
            self.rate = self.reference + _share(facility.spread)

    def commitment(self) -> Floats:
        """The fee in each quarter in which it can be drawn."""
        quarter = np.arange(self.quarters)
        open_for = (quarter >= self.first) & (quarter <= self.last)
        return np.where(open_for, _share(self.facility.commitment_fee) / 4.0, 0.0)

    def owed(self) -> Floats:
        """The part of all drawn that is owed at each quarter's end; NaN where the plan leaves it free."""
        quarter = np.arange(self.quarters)
        free = self.facility.kind == "revolving" or self.facility.repayment == "sculpted"
        if free:
            return np.where(quarter >= self.maturity, 0.0, np.nan)
        instalments = self.maturity - self.due + 1
        done = np.clip(quarter - self.due + 1, 0, instalments)
        if self.facility.repayment == "straight":
            left = 1.0 - done / instalments
        elif self.facility.repayment == "annuity":
            left = self._annuity(instalments)[done]
        else:
            left = np.where(quarter >= self.maturity, 0.0, 1.0)
        return np.where(quarter >= self.due, left, np.nan)

    def _annuity(self, instalments: int) -> Floats:
        """Parts left after equal payments of a = 1 / Σ_n Π_i≤n 1 / (1 + r_i) for interest and debt."""
        quarter = np.minimum(self.due + np.arange(instalments), self.quarters - 1)
        growth = (1.0 + self.rate[quarter]) ** 0.25
        level = 1.0 / float(np.sum(1.0 / np.cumprod(growth)))
        left = [1.0]
        for grown in growth:
            left.append(max(0.0, left[-1] * float(grown) - level))
        left[-1] = 0.0
        return np.array(left)


def _covenants(world: World, declared: FinancingOfCase) -> Thresholds:
    covenants = declared.covenants

    def of(covenant: Covenant | None, limit: float) -> Threshold | None:
        if covenant is None:
            return None
        over = 12.0 if covenant.over is None else covenant.over.value
        return Threshold(limit, _since(world, covenant.since), covenant.hard, max(1, quarters_spanned(over)))

    def least(covenant: AtLeast | None) -> Threshold | None:
        return of(covenant, 0.0 if covenant is None else covenant.least.value)

    def most(covenant: AtMost | None) -> Threshold | None:
        return of(covenant, 0.0 if covenant is None else covenant.most.value)

    liquid = covenants.liquidity
    return Thresholds(
        cover=least(covenants.debt_service_cover),
        loan_to_value=most(covenants.loan_to_value),
        leverage=most(covenants.leverage),
        liquidity=None
        if liquid is None
        else Threshold(world.number(liquid.least), _since(world, liquid.since), liquid.hard),
    )


def _since(world: World, day: object) -> int:
    return 0 if day is None else max(0, world.calendar.index(day))  # pyrefly: ignore[bad-argument-type]
