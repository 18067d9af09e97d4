"""Debt, equity, cash and the balance sheet of a plan, by arithmetic of its own from the plan's decisions.

Statements of the operations know no debt. Here interest and fees come on top, the tax that they save, cash,
what owners put in and take out, and the ratios that lenders ask for. Signs: draws and equity come in,
everything else goes out. Docs: docs/explanation/financing.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.statements import Statement, statement
from capexpand.finance.taxes import tax_on
from capexpand.model.data import Flags, Floats, ModelData
from capexpand.model.financing import Facilities, Financing, Threshold
from capexpand.optimiser.plan import Plan

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Ratios:
    """Credit ratios [quarter]; NaN where they have no denominator, as without debt."""

    debt_service_cover: Floats  # EBITDA over interest, fees and repayments by plan
    loan_to_value: Floats  # debt over books and what is paid for and not delivered
    leverage: Floats  # debt over the EBITDA of a year; infinite where that is not positive
    liquidity: Floats  # cash and undrawn lines [money]

    def of(self, name: str) -> Floats:
        """Returns the ratio of a covenant [quarter] by its name in a case."""
        found: Floats = getattr(self, name)
        return found


@dataclass(frozen=True, slots=True)
class BalanceSheet:
    """The balance sheet of the business at each quarter's end [quarter], in money."""

    cash: Floats
    assets_in_service: Floats
    in_progress: Floats  # paid for and not delivered
    tax_receivable: Floats  # value-added tax paid and not recovered yet
    debt: Floats
    payables: Floats  # payments still due for what was ordered before the start
    prepaid: Floats  # by customers, not credited to their bills yet
    paid_in: Floats  # equity at the start and raised since, less issue costs
    retained: Floats  # profit since the start, less dividends

    @property
    def assets(self) -> Floats:
        """Everything owned [quarter]."""
        return self.cash + self.assets_in_service + self.in_progress + self.tax_receivable

    @property
    def equity(self) -> Floats:
        """What belongs to the owners [quarter]."""
        return self.paid_in + self.retained

    @property
    def gap(self) -> float:
        """By how much assets differ from what is owed and equity at most, relative to the largest assets."""
        apart = np.abs(self.assets - self.debt - self.payables - self.prepaid - self.equity)
        size = max(
            float(np.max(np.abs(self.assets), initial=0.0)), float(np.max(self.debt, initial=0.0)), 1.0
        )
        return float(np.max(apart, initial=0.0)) / size


@dataclass(frozen=True, slots=True)
class FinancingStatement:
    """Financing of the whole business, in money: flows [quarter], stocks at the quarter's end."""

    drawn: Floats  # [facility, quarter]
    repaid: Floats  # [facility, quarter]
    balance: Floats  # [facility, quarter] stock
    interest: Floats  # [facility, quarter]
    fees: Floats  # [quarter] upfront and commitment fees
    service: Floats  # [quarter] interest, fees and repayments by plan
    exchange_losses: Floats  # [quarter] by which debt in other currencies grew with their rates
    cash_interest: Floats  # [quarter] earned
    tax: Floats  # [quarter] with interest and fees deducted
    tax_saved: Floats  # [quarter] against a business without financing
    losses_carried_forward: Floats  # [quarter] stock
    raised: Floats  # [quarter] equity, before issue costs
    issue_costs: Floats  # [quarter]
    dividends: Floats  # [quarter]
    opening_stake: float  # cash less debt at the start, at the first quarter's middle
    end_cash: float  # what owners get at the horizon's end: end value and cash, less debt, interest and tax
    ratios: Ratios
    sheet: BalanceSheet

    @property
    def debt(self) -> Floats:
        """Owed on all facilities [quarter's end]."""
        return self.balance.sum(axis=0)

    @property
    def to_owners(self) -> Floats:
        """Dividends less equity raised [quarter]; with the first quarter the stake at the start."""
        flows = self.dividends - self.raised
        flows[0] -= self.opening_stake
        return flows


def financing_statement(plan: Plan, operations: Statement | None = None) -> FinancingStatement | None:
    """Returns the financing of a plan, or None where its case has none.

    Args:
        plan: what is done in each quarter.
        operations: its statement, where it is at hand.
    """
    m, done = plan.data, plan.financing
    if m.financing is None or done is None:
        return None
    ours = statement(plan) if operations is None else operations
    f, facilities = m.financing, m.financing.facilities
    owed = facilities.drawn[:, None] + np.cumsum(done.drawn - done.repaid, axis=1)
    interest, fees = lenders(facilities, done.signed, drawn=done.drawn, balance=owed)
    x = facilities.exchange
    drawn, repaid, balance = x * done.drawn, x * done.repaid, x * owed
    losses = exchange_losses(facilities, owed)
    service = debt_service(facilities, done.drawn, done.repaid, interest) + fees
    settled = settle(
        m, ours, outflow=interest.sum(axis=0) + fees, raised=done.raised, paid_out=done.dividends,
        principal=(drawn - repaid).sum(axis=0), debt_end=balance[:, -1], exchange_losses=losses,
    )  # fmt: skip
    return FinancingStatement(
        drawn=drawn,
        repaid=repaid,
        balance=balance,
        interest=interest,
        fees=fees,
        service=service,
        exchange_losses=losses,
        cash_interest=settled.cash_interest,
        tax=settled.tax,
        tax_saved=ours.tax - settled.tax,
        losses_carried_forward=settled.losses,
        raised=done.raised,
        issue_costs=f.issue_cost * done.raised,
        dividends=done.dividends,
        opening_stake=f.opening_cash - float(facilities.drawn.sum()) / float(m.times.discount[0]),
        end_cash=settled.end_cash,
        ratios=ratios(m, ours, settled.cash, done_balance=balance, signed=done.signed, service=service),
        sheet=_sheet(m, ours, settled, debt=balance.sum(axis=0), raised=done.raised,
                     paid_out=done.dividends),
    )  # fmt: skip


def lenders(
    facilities: Facilities, signed: Floats, *, drawn: Floats, balance: Floats
) -> tuple[Floats, Floats]:
    """Returns interest [facility, quarter] and all fees [quarter] of what is owed and signed, in money.

    Args:
        facilities: of the case.
        signed: [facility], as all below at the first quarter's exchange rate.
        drawn: [facility, quarter].
        balance: [facility, quarter] at each quarter's end.
    """
    before = np.concatenate((facilities.drawn[:, None], balance[:, :-1]), axis=1)
    used = np.where(
        facilities.revolving[:, None], before, facilities.drawn[:, None] + np.cumsum(drawn, axis=1)
    )
    fees = facilities.upfront[:, None] * drawn + facilities.commitment * (signed[:, None] - used)
    x = facilities.exchange
    return x * facilities.interest * before, (x * fees).sum(axis=0)


def exchange_losses(facilities: Facilities, balance: Floats) -> Floats:
    """Returns by how much what is owed grows with exchange rates [quarter], in money.

    Args:
        facilities: of the case.
        balance: [facility, quarter] at each quarter's end, at the first quarter's exchange rate.
    """
    before = np.concatenate((facilities.drawn[:, None], balance[:, :-1]), axis=1)
    return (facilities.appreciation * before).sum(axis=0)


def debt_service(facilities: Facilities, drawn: Floats, repaid: Floats, interest: Floats) -> Floats:
    """Returns interest and repayments by plan, but for bullets and lines [quarter].

    Args:
        facilities: of the case.
        drawn: [facility, quarter], as what is repaid at the first quarter's exchange rate.
        repaid: [facility, quarter].
        interest: [facility, quarter] in money.
    """
    total = facilities.drawn + drawn.sum(axis=1)
    due = np.zeros_like(repaid)
    for f, name in enumerate(facilities.names):
        del name
        if facilities.cover_ratio[f] > 0:
            due[f] = repaid[f]
        elif not facilities.revolving[f]:
            left = np.where(np.isnan(facilities.owed[f]), 1.0, facilities.owed[f])
            falls = -np.diff(np.concatenate(([1.0], left)))
            due[f] = np.where(falls > 0.999, 0.0, falls) * total[f]
    return (interest + facilities.exchange * due).sum(axis=0)


@dataclass(frozen=True, slots=True)
class Settled:
    """Cash and tax of a business with its financing [quarter]."""

    cash: Floats  # stock
    cash_interest: Floats
    tax: Floats
    losses: Floats  # stock
    profit: Floats  # after tax
    end_cash: float


def settle(
    m: ModelData,
    ours: Statement,
    *,
    outflow: Floats,
    principal: Floats,
    raised: Floats,
    paid_out: Floats,
    debt_end: Floats,
    exchange_losses: Floats,
) -> Settled:
    """Returns cash and tax, quarter by quarter: what cash earns in one depends on the one before.

    Args:
        m: the compiled case.
        ours: statement of its operations.
        outflow: [quarter] interest and fees.
        principal: [quarter] drawn less repaid.
        raised: [quarter] equity, before issue costs.
        paid_out: [quarter] dividends.
        debt_end: [facility] owed at the horizon's end.
        exchange_losses: [quarter] by which debt grew with exchange rates; no cash, but a loss.
    """
    f, tau = m.financed, m.taxes.rate
    quarters = m.times.count
    cash, earned, tax, losses = (np.zeros(quarters) for _ in range(4))
    held, carried = f.opening_cash, 0.0
    for t in range(quarters):
        earned[t] = 0.0 if t == 0 else f.cash_interest * held
        profit = float(ours.ebita[t] - outflow[t] - exchange_losses[t] + earned[t])
        tax[t], carried = tax_on(profit, carried, rate=tau)
        losses[t] = carried
        held += float(ours.free_cash_flow_before_tax[t] - tax[t] - outflow[t] + earned[t] + principal[t])
        held += float((1.0 - f.issue_cost) * raised[t] - paid_out[t])
        cash[t] = held
    accrued = float(debt_end @ f.facilities.half_quarterly[:, -1])
    last_interest = f.cash_half_interest * held
    end_tax, _ = tax_on(float(ours.end_profit + last_interest - accrued), carried, rate=tau)
    end = ours.end_value + ours.end_value_added_tax + held + last_interest - float(debt_end.sum()) - accrued
    profits = ours.ebita - outflow - exchange_losses + earned - tax
    return Settled(cash, earned, tax, losses, profits, end - end_tax)


def recent_sums(values: Floats, quarters: int) -> Floats:
    """Returns sums over the last quarters, or over those since the start where fewer have passed.

    Args:
        values: [quarter, ...].
        quarters: that a sum spans.
    """
    sums = np.cumsum(values, axis=0)
    sums[quarters:] = sums[quarters:] - sums[:-quarters]
    return sums


def ratios(
    m: ModelData, ours: Statement, cash: Floats, *, done_balance: Floats, signed: Floats, service: Floats
) -> Ratios:
    """Returns what lenders look at.

    Args:
        m: the compiled case.
        ours: statement of its operations.
        cash: [quarter].
        done_balance: [facility, quarter] owed, in money.
        signed: [facility].
        service: [quarter] interest, fees and repayments by plan.
    """
    f = m.financed
    debt = done_balance.sum(axis=0)
    offered = signed[:, None] * f.facilities.exchange
    lines = np.where(f.facilities.revolving[:, None], offered - done_balance, 0.0)
    quarter = np.arange(m.times.count)
    lines = np.where(quarter < f.facilities.maturity[:, None], lines, 0.0).sum(axis=0)
    return ratios_of(
        f, ebitda=ours.ebitda, debt=debt, service=service, value=ours.invested, liquid=cash + lines
    )


def ratios_of(
    f: Financing, *, ebitda: Floats, debt: Floats, service: Floats, value: Floats, liquid: Floats
) -> Ratios:
    """Returns the ratios of money [quarter] or [quarter, scenario].

    Args:
        f: the case's financing, whose covenants say how far back each looks.
        ebitda: earned in each quarter.
        debt: owed at each quarter's end.
        service: interest, fees and repayments by plan.
        value: of assets at each quarter's end.
        liquid: cash and undrawn lines.
    """
    span = {name: test.quarters for name, test in f.covenants.named.items()}
    cover_span, year = span.get("debt_service_cover", 4), span.get("leverage", 4)
    counted = np.minimum(np.arange(len(debt)) + 1, year).reshape(-1, *(1,) * (debt.ndim - 1))
    yearly = recent_sums(ebitda, year) * 4.0 / counted
    served, earned = recent_sums(service, cover_span), recent_sums(ebitda, cover_span)
    small = ROUNDING * max(1.0, float(np.max(np.abs(ebitda), initial=0.0)))
    owes = debt > small
    with np.errstate(divide="ignore", invalid="ignore"):
        return Ratios(
            debt_service_cover=np.where(served > small, earned / served, np.nan),
            loan_to_value=np.where(owes, np.where(value > small, debt / value, np.inf), np.nan),
            leverage=np.where(owes, np.where(yearly > small, debt / yearly, np.inf), np.nan),
            liquidity=liquid,
        )


def breached(name: str, test: Threshold, ratio: Floats) -> Flags:
    """Returns where a covenant is broken [quarter, ...] by more than rounding.

    Args:
        name: of the covenant.
        test: its limit and first quarter.
        ratio: [quarter, ...]; NaN keeps it.
    """
    since = (np.arange(len(ratio)) >= test.first).reshape(-1, *(1,) * (ratio.ndim - 1))
    slack = 1e-6 * max(1.0, abs(test.limit))
    least = name in ("debt_service_cover", "liquidity")
    beyond = ratio < test.limit - slack if least else ratio > test.limit + slack
    return since & beyond & ~np.isnan(ratio)


def _sheet(
    m: ModelData,
    ours: Statement,
    settled: Settled,
    *,
    debt: Floats,
    raised: Floats,
    paid_out: Floats,
) -> BalanceSheet:
    """Assets from the books, equity from profits: two ways that must meet."""
    f = m.financed
    payables = ours.opening_payments.sum() - np.cumsum(ours.opening_payments)
    lost = m.taxes.lost
    receivable = np.cumsum(
        ours.value_added_tax_paid - ours.value_added_tax_recovered - lost * ours.capital_payments
    )
    at_start = (
        f.opening_cash
        + float(ours.book_opening[0] + ours.depreciation_opening[0])
        - float(ours.opening_payments.sum())
        - float(f.facilities.drawn.sum())
    )
    return BalanceSheet(
        cash=settled.cash,
        assets_in_service=ours.book_value,
        in_progress=ours.in_progress,
        tax_receivable=receivable,
        debt=debt,
        payables=payables,
        prepaid=np.cumsum(ours.prepayments),
        paid_in=at_start + np.cumsum((1.0 - f.issue_cost) * raised),
        retained=np.cumsum(settled.profit - paid_out),
    )


def owners_value(m: ModelData, ours: FinancingStatement) -> float:
    """Returns what the owners of the whole business get, in present value [money]."""
    return float(m.times.discount @ ours.to_owners) + m.times.discount_end * ours.end_cash
