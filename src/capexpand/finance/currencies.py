"""What a plan earns, pays and owes in other currencies than the case's own, and how much of it is hedged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from capexpand.case.blended_prices import listed_price
from capexpand.case.currencies import settled_rates
from capexpand.case.schema import Case
from capexpand.case.standing import hirings, supplies
from capexpand.case.values import Figure, Series
from capexpand.finance.debt import FinancingStatement
from capexpand.finance.energy import plant_purchases
from capexpand.finance.hire import hire_cost_by_option
from capexpand.finance.schedule import hall_purchases, unit_purchases
from capexpand.finance.statements import Statement
from capexpand.model.data import Floats
from capexpand.optimiser.plan import Plan


@dataclass(frozen=True, slots=True)
class Exposure:
    """Money in one currency [quarter], in millions of the case's currency at the rate of settlement."""

    currency: str
    rate: Floats  # declared, money of the case for one
    settled: Floats  # with hedges
    hedged: Floats  # share of every payment
    revenue: Floats
    operating: Floats  # leases, rented power, hire and energy
    orders: Floats  # payments for servers and halls
    debt_service: Floats  # repayments and interest, less what is drawn
    debt: Floats  # stock

    @property
    def net(self) -> Floats:
        """Received less paid [quarter]."""
        return self.revenue - self.operating - self.orders - self.debt_service

    @property
    def open(self) -> Floats:
        """The part of the net that moves with the exchange rate [quarter]."""
        return (1.0 - self.hedged) * self.net


def exposures(
    case: Case, plan: Plan, ours: Statement, financed: FinancingStatement | None = None
) -> tuple[Exposure, ...]:
    """Returns the money of a plan in each other currency; nothing where all is in the case's own.

    Leases count at the fee of the day; maintenance, which is a share of a price at the start, counts as the
    case's own money.

    Args:
        case: that was planned.
        plan: what is done in each quarter.
        ours: its statement.
        financed: its financing, if the case asks for it.
    """
    flows: dict[str, dict[str, Floats]] = {}
    for currency, kind, amount in _flows(case, plan, ours, financed):
        if currency is not None and currency != case.currency:
            kinds = flows.setdefault(currency, {})
            kinds[kind] = kinds.get(kind, np.zeros(plan.data.times.count)) + amount
    nothing = np.zeros(plan.data.times.count)
    found: list[Exposure] = []
    for currency, kinds in flows.items():
        hedge = case.hedges.get(currency)
        found.append(
            Exposure(
                currency=currency,
                rate=case.exchange_rates[currency].values(case.calendar),
                settled=settled_rates(case, currency, case.calendar),
                hedged=nothing if hedge is None else hedge.share.values(case.calendar),
                **{
                    kind: kinds.get(kind, nothing)
                    for kind in ("revenue", "operating", "orders", "debt_service", "debt")
                },
            )
        )
    return tuple(each for each in found if any(np.abs(kind).any() for kind in (each.net, each.debt)))


def _flows(
    case: Case, plan: Plan, ours: Statement, financed: FinancingStatement | None
) -> Iterator[tuple[str | None, str, Floats]]:
    """Currency, kind and amount [quarter] of each stream of money."""
    m = plan.data
    for j, name in enumerate(m.workloads.names):
        price = listed_price(case.workloads[name], case.calendar)
        yield _of(price), "revenue", ours.revenue_by_workload[j]
    outside = case.opening.other_revenue
    if outside is not None:
        yield _of(outside), "revenue", ours.other_revenue
    paid = unit_purchases(m, plan.ordered, m.offers.price).payments.sum(axis=1)
    held = plan.installed.sum(axis=0)
    for k, product in enumerate(m.offers.product):
        offer = case.offers[m.offers.products[product]]
        if m.offers.owned[k] and offer.buy is not None:
            yield _of(offer.buy.price), "orders", paid[k]
        elif offer.lease is not None and not m.offers.owned[k]:
            yield _of(offer.lease.fee), "operating", m.offers.running_cost[k] * held[k]
    halls = hall_purchases(m, plan.power_ordered_mw).payments
    for o, s in enumerate(m.power.site):
        site = case.sites[m.sites.names[s]]
        if m.power.owned[o] and site.build is not None:
            yield _of(site.build.cost), "orders", halls[o]
        elif site.colocate is not None and not m.power.owned[o]:
            yield _of(site.colocate.fee), "operating", m.power.running_cost[o] * plan.power_mw[o]
    yield from _energy_and_hire(case, plan)
    if financed is not None and case.financing is not None:
        for i, facility in enumerate(case.financing.facilities.values()):
            service = financed.interest[i] + financed.repaid[i] - financed.drawn[i]
            yield _of(facility.amount), "debt_service", service
            yield _of(facility.amount), "debt", financed.balance[i]


def _energy_and_hire(case: Case, plan: Plan) -> Iterator[tuple[str | None, str, Floats]]:
    m = plan.data
    draws = np.einsum("skt,k->st", plan.running, m.offers.power_kw * m.offers.draw_fraction / 1000.0)
    energy = m.hours_per_quarter * m.sites.power_usage_effectiveness[:, None] * m.sites.energy_price * draws
    for s, name in enumerate(m.sites.names):
        yield _of(case.sites[name].energy_price), "operating", energy[s]
    if m.energy is not None and plan.energy is not None:
        paid = plant_purchases(m, plan.energy.signed).payments
        for p, one in enumerate(supplies(case)):
            if m.energy.bought[p]:
                yield _of(one.terms.cost), "orders", paid[p]
    if m.hire is not None:
        fees = hire_cost_by_option(plan)
        for h, one in enumerate(hirings(case)):
            yield _of(one.terms.fee), "operating", fees[h]


def _of(number: Series | Figure | None) -> str | None:
    return None if number is None else number.currency
