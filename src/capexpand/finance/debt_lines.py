"""Debt, cash, the balance sheet and what owners get, as rows: the rules of ``debt.py`` for a workbook.

What cash earns in a quarter depends on the cash of the one before, and so does tax; ``debt.settle`` goes
through the quarters, and the rows here refuse to be made where they come to anything else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from capexpand.finance.debt import FinancingStatement
from capexpand.finance.rows import (
    Later,
    Rows,
    at_start,
    balance,
    decided,
    maximum,
    minimum,
    nothing,
    ratio,
    stated,
)
from capexpand.finance.statements import Statement
from capexpand.finance.taxes import taxed_rows
from capexpand.model.data import Flags, ModelData
from capexpand.optimiser.plan import Plan

MONEY = "money"


@dataclass(frozen=True, slots=True)
class DebtTerms:
    """Terms of financing."""

    loan_rate: Rows  # [facility, quarter] effective, a year
    loan_upfront: Rows  # [facility] share of what is drawn
    loan_commitment: Rows  # [facility, quarter] share of what is signed and not drawn
    loan_drawn: Rows  # [facility] owed at the start
    loan_falls: Rows  # [facility, quarter] part of all drawn that falls due by plan, bullets left out
    loan_open: Rows  # [facility, quarter] 1 while a line can still be drawn
    loan_left: (
        Rows  # [facility, quarter] part of what was owed at the start that is owed at the quarter's end
    )
    loan_before: Rows  # [facility, quarter] the same at the quarter's start
    cash_rate: Rows  # effective, a year
    opening_cash: Rows
    minimum_cash: Rows  # [quarter]
    issue_cost: Rows  # share of equity raised
    equity_rate: Rows  # a year
    interest_quarters: Rows  # [quarter] that interest runs: half of one in the first
    cash_quarters: Rows  # [quarter] none in the first
    first_quarter: Rows  # [quarter] 1 in the first
    half_quarter: Rows
    year_quarters: Rows
    cover_limit: Rows
    cover_quarters: Rows
    value_limit: Rows
    leverage_limit: Rows
    leverage_quarters: Rows
    liquid_limit: Rows
    revolving: Flags  # [facility]
    sculpted: Flags  # [facility]
    loan_exchange: Rows | None = None  # [facility, quarter] money for 1 owed; None where all is at home
    loan_growth: Rows | None = None  # [facility, quarter] by how much it grew since the quarter before

    def money(self, owed: Rows) -> Rows:
        """Return what is owed or paid in the currencies of loans, in money [facility, quarter]."""
        return owed if self.loan_exchange is None else owed * self.loan_exchange

    @classmethod
    def of(cls, m: ModelData) -> DebtTerms | None:
        """Return the terms of a compiled case, None where it has no financing."""
        f = m.financing
        if f is None:
            return None
        loans, count = f.facilities, m.times.count
        quarter = np.arange(count)
        tests = f.covenants.named

        def number(value: float) -> Rows:
            return stated(np.asarray(float(value)), timed=False)

        def limit(name: str) -> Rows:
            return number(tests[name].limit) if name in tests else nothing()

        def span(name: str) -> Rows:
            return number(tests[name].quarters) if name in tests else number(4.0)

        home = bool((loans.exchange == 1.0).all())
        owed = np.where(np.isnan(loans.owed), 1.0, loans.owed)
        falls = -np.diff(np.concatenate((np.ones((len(owed), 1)), owed), axis=1), axis=1)
        free = loans.revolving | (loans.cover_ratio > 0)
        left = np.where(quarter >= loans.maturity[:, None], 0.0, owed) * (loans.drawn > 0.0)[:, None]
        before = np.concatenate(((loans.drawn > 0.0)[:, None], left[:, :-1]), axis=1)
        return cls(
            loan_rate=stated(loans.rate, "facility"),
            loan_upfront=stated(loans.upfront, "facility", timed=False),
            loan_commitment=stated(loans.commitment, "facility"),
            loan_drawn=stated(loans.drawn, "facility", timed=False),
            loan_falls=stated(np.where(free[:, None] | (falls > 0.999), 0.0, falls), "facility"),
            loan_open=stated(loans.revolving[:, None] & (quarter < loans.maturity[:, None]), "facility"),
            loan_left=stated(left, "facility"),
            loan_before=stated(before, "facility"),
            cash_rate=number(f.cash_rate),
            opening_cash=number(f.opening_cash),
            minimum_cash=stated(f.minimum_cash),
            issue_cost=number(f.issue_cost),
            equity_rate=number(f.cost_of_equity),
            interest_quarters=stated(np.where(quarter == 0, 0.5, 1.0)),
            cash_quarters=stated(np.where(quarter == 0, 0.0, 1.0)),
            first_quarter=stated(quarter == 0),
            half_quarter=number(0.5),
            year_quarters=number(4.0),
            cover_limit=limit("debt_service_cover"),
            cover_quarters=span("debt_service_cover"),
            value_limit=limit("loan_to_value"),
            leverage_limit=limit("leverage"),
            leverage_quarters=span("leverage"),
            liquid_limit=limit("liquidity"),
            revolving=loans.revolving,
            sculpted=loans.cover_ratio > 0,
            loan_exchange=None if home else stated(loans.exchange, "facility"),
            loan_growth=None if home else stated(loans.appreciation, "facility"),
        )


@dataclass(frozen=True, slots=True)
class DebtDone:
    """What a plan borrows, repays, raises and pays out."""

    loan_signed: Rows  # [facility]
    drawn: Rows  # [facility, quarter]
    repaid: Rows  # [facility, quarter]
    raised: Rows  # [quarter]
    dividends: Rows  # [quarter]

    @classmethod
    def of(cls, plan: Plan) -> DebtDone | None:
        """Return the financing decisions of a plan, None where its case has no financing."""
        done = plan.financing
        if plan.data.financing is None or done is None:
            return None
        return cls(
            decided(
                done.signed, "facility", timed=False, called=("loan_signed", "Debt signed", MONEY, "debt")
            ),
            decided(done.drawn, "facility", called=("drawn", "Debt drawn", MONEY, "debt")),
            decided(done.repaid, "facility", called=("repaid", "Debt repaid", MONEY, "debt")),
            decided(done.raised, called=("raised", "Equity raised", MONEY, "debt")),
            decided(done.dividends, called=("dividends", "Dividends", MONEY, "debt")),
        )


@dataclass(frozen=True, slots=True)
class DebtLines:
    """Financing of the whole business as rows; what owners get is the programme's part of it."""

    balance: Rows  # [facility, quarter]
    interest: Rows  # [facility, quarter]
    fees: Rows
    cash: Rows
    tax: Rows
    end_cash: Rows
    to_owners: Rows
    owners_end: Rows
    npv: Rows
    equity_npv: Rows
    gap: Rows  # [quarter] assets less what is owed and equity: zero
    short: Rows  # [quarter] cash less than the least, below zero where there is too little
    shown: tuple[Rows, ...]  # further lines: ratios and headroom


def debt_rows(
    terms: DebtTerms, done: DebtDone, ours: Statement, base: Statement, *, financed: FinancingStatement,
    tax_rate: Rows, number: Rows, discount: tuple[Rows, Rows], count: Rows,
) -> DebtLines:  # fmt: skip
    """Return the financing of a plan as rows.

    Args:
        ours: statement of the business with the programme, as rows.
        base: without it.
        financed: the same financing as numbers.
        number: [quarter] 1, 2, ...
        discount: factors of the quarters and of the end.
    """
    lent = _lenders(terms, done)
    outflow = (lent.interest.sum("facility") + lent.fees).named("lenders", "Interest and fees", MONEY, "debt")
    later = Later(float(terms.opening_cash.values), financed.sheet.cash)
    factor = ((1.0 + terms.cash_rate) ** (terms.cash_quarters / terms.year_quarters) - 1.0).named(
        "cash_factor", "Interest of a quarter on cash", "ratio", "debt"
    )
    earned = (factor * later.opening).named("cash_interest", "Interest earned on cash", MONEY, "debt")
    operated = _rows(ours.ebita) - outflow
    if terms.loan_growth is not None:
        lost = (terms.loan_growth * lent.before).sum("facility")
        operated = operated - lost.named("exchange_losses", "Loss by exchange rates on debt", MONEY, "debt")
    profit = (operated + earned).named("profit", "Profit before tax", MONEY, "debt")
    tax, carried = taxed_rows(
        tax_rate, profit, tax=("debt_tax", "Tax with interest deducted"),
        taxable=("debt_taxable", "Taxable profit with interest"),
        losses=("debt_losses", "Losses carried forward with interest"), page="debt",
    )  # fmt: skip
    issue = ((1.0 - terms.issue_cost) * done.raised).named(
        "raised_net", "Equity less issue costs", MONEY, "debt"
    )
    flow = _rows(ours.free_cash_flow_before_tax) + earned + terms.money(done.drawn).sum("facility") + issue
    out = tax + outflow + terms.money(done.repaid).sum("facility") + done.dividends
    cash = later.is_now(balance(flow, out, start=terms.opening_cash)).named("cash", "Cash", MONEY, "debt")
    end = _end(terms, ours, lent=lent, cash=cash, carried=carried, tax_rate=tax_rate)
    owners, last = _owners(terms, done, base, end, tax_rate=tax_rate, lent=lent)
    growth = (1.0 + terms.equity_rate).named(
        "equity_growth", "What 1 of equity grows to in a year", "ratio", "owners"
    )
    middle = (1.0 / growth ** ((number - terms.half_quarter) / terms.year_quarters)).named(
        "equity_discount", "Discount factor of equity", "ratio", "owners"
    )
    final = 1.0 / growth ** (count / terms.year_quarters)
    shown = (*_ratios(terms, done, ours, lent=lent, number=number, cash=cash), tax)
    return DebtLines(
        balance=lent.balance,
        interest=lent.interest,
        fees=lent.fees,
        cash=cash,
        tax=tax,
        end_cash=end,
        to_owners=owners,
        owners_end=last,
        npv=(owners.dot(discount[0]) + last * discount[1]).named(
            "owners_npv", "Value of the programme for its owners at the discount rate", MONEY, "owners"
        ),
        equity_npv=(owners.dot(middle) + last * final).named(
            "equity_npv", "Value of the programme for its owners at the cost of equity", MONEY, "owners"
        ),
        gap=_gap(terms, done, ours, lent=lent, cash=cash, issue=issue, profit=profit, tax=tax),
        short=minimum(0.0, cash - terms.minimum_cash).named(
            "cash_short", "Cash below the least that must be kept", MONEY, "debt"
        ),
        shown=shown,
    )


def _rows(value: object) -> Rows:
    if not isinstance(value, Rows):
        raise TypeError("a statement of rows is expected")
    return value


@dataclass(frozen=True, slots=True)
class _Lent:
    """What lenders are owed and paid."""

    factor: Rows  # [facility, quarter] interest for 1 owed before
    before: Rows  # [facility, quarter] owed at the start
    balance: Rows  # [facility, quarter] owed at the end
    interest: Rows  # [facility, quarter]
    fees: Rows  # [quarter]
    debt: Rows  # [quarter]
    service: Rows  # [quarter] interest, fees and repayments by plan


def _lenders(terms: DebtTerms, done: DebtDone) -> _Lent:
    factor = ((1.0 + terms.loan_rate) ** (terms.interest_quarters / terms.year_quarters) - 1.0).named(
        "loan_factor", "Interest of a quarter", "ratio", "debt"
    )
    owed = balance(done.drawn, done.repaid, start=terms.loan_drawn).named("owed", "Debt", MONEY, "debt")
    before = at_start(owed)
    interest = terms.money(factor * before).named("interest", "Interest", MONEY, "debt")
    drawn = balance(
        done.drawn, nothing(("facility",), done.drawn.values.shape, timed=True), start=terms.loan_drawn
    )
    drawn = drawn.named("drawn_so_far", "Drawn so far", MONEY, "debt")
    used = before.only("facility", terms.revolving) + drawn.only("facility", ~terms.revolving)
    fees = terms.loan_upfront * done.drawn + terms.loan_commitment * (done.loan_signed - used)
    fees = terms.money(fees).named("loan_fees", "Fees", MONEY, "debt")
    due = terms.loan_falls * drawn.last() + done.repaid.only("facility", terms.sculpted)
    due = terms.money(due).named("loan_due", "Repayment by plan", MONEY, "debt")
    paid = fees.sum("facility").named("fees", "Fees of all debt", MONEY, "debt")
    return _Lent(
        factor=factor,
        before=before,
        balance=terms.money(owed),
        interest=interest,
        fees=paid,
        debt=terms.money(owed).sum("facility").named("debt", "Debt at the quarter's end", MONEY, "debt"),
        service=(interest.sum("facility") + due.sum("facility") + paid).named(
            "debt_service", "Debt service by plan", MONEY, "debt"
        ),
    )


def _half(terms: DebtTerms, rate: Rows) -> Rows:
    """Interest of half a quarter for 1."""
    return (1.0 + rate) ** (terms.half_quarter / terms.year_quarters) - 1.0


def _end(
    terms: DebtTerms, ours: Statement, *, lent: _Lent, cash: Rows, carried: Rows, tax_rate: Rows
) -> Rows:
    """What owners get at the horizon's end: end value and cash, less debt, interest and tax."""
    last = (lent.balance.last() * _half(terms, terms.loan_rate.last())).sum("facility")
    accrued = last.named("accrued", "Interest accrued at the end", MONEY, "owners")
    earned = (_half(terms, terms.cash_rate) * cash.last()).named(
        "end_interest", "Interest on cash at the end", MONEY, "owners"
    )
    base = _rows(ours.end_profit) + earned - accrued - carried.last()
    tax = (tax_rate * maximum(0.0, base)).named(
        "debt_end_tax", "Tax at the end with interest", MONEY, "owners"
    )
    value = _rows(ours.end_value) + _rows(ours.end_value_added_tax) + cash.last() + earned
    return (value - lent.debt.last() - accrued - tax).named(
        "owners_end_all", "Left for owners at the end, with the programme", MONEY, "owners"
    )


def _owners(
    terms: DebtTerms, done: DebtDone, base: Statement, end: Rows, *, tax_rate: Rows, lent: _Lent
) -> tuple[Rows, Rows]:
    """What the programme leaves its owners: all, less the business without it and its old debt."""
    paid = (1.0 - tax_rate) * (lent.factor * terms.loan_before) + terms.loan_before - terms.loan_left
    paid = terms.money(paid)
    if terms.loan_growth is not None:
        paid = paid - tax_rate * (terms.loan_growth * terms.loan_before)
    old = (paid * terms.loan_drawn).named("old_debt", "Service of debt of before the start", MONEY, "owners")
    left = (
        terms.money(terms.loan_left).last() * (1.0 + _half(terms, terms.loan_rate.last())) * terms.loan_drawn
    )
    left = left.named("old_debt_end", "Debt of before the start, left at the end", MONEY, "owners")
    flow = done.dividends - done.raised - _rows(base.free_cash_flow) + old.sum("facility")
    flow = flow - terms.first_quarter * terms.opening_cash
    return (
        flow.named("to_owners", "What the programme brings its owners", MONEY, "owners"),
        (end - _rows(base.end_cash) + left.sum("facility")).named(
            "owners_end", "What the programme leaves its owners at the end", MONEY, "owners"
        ),
    )


def _ratios(
    terms: DebtTerms, done: DebtDone, ours: Statement, *, lent: _Lent, number: Rows, cash: Rows
) -> tuple[Rows, ...]:
    """What lenders look at, and the money by which each limit is kept."""
    ebitda = replace(_rows(ours.ebitda))
    earned = ebitda.trailing(terms.cover_quarters).named(
        "cover_earned", "EBITDA looked back on", MONEY, "covenants"
    )
    served = lent.service.trailing(terms.cover_quarters).named(
        "cover_served", "Debt service looked back on", MONEY, "covenants"
    )
    cover = ratio(earned, served).named(
        "cover", "Debt service cover (0 without debt service)", "ratio", "covenants"
    )
    signed = done.loan_signed if terms.loan_exchange is None else done.loan_signed * terms.loan_exchange
    lines = (signed - lent.balance).only("facility", terms.revolving) * terms.loan_open
    liquid = (cash + lines.sum("facility")).named("liquid", "Cash and undrawn lines", MONEY, "covenants")
    yearly = (
        ebitda.trailing(terms.leverage_quarters)
        * terms.year_quarters
        / minimum(number, terms.leverage_quarters)
    )
    yearly = yearly.named("yearly", "EBITDA of a year", MONEY, "covenants")
    found = [cover, liquid]
    for limit, left, title in (
        (terms.cover_limit, lambda: earned - terms.cover_limit * served, "debt service cover, as EBITDA"),
        (
            terms.value_limit,
            lambda: terms.value_limit * _rows(ours.invested) - lent.debt,
            "loan to value, as debt",
        ),
        (terms.leverage_limit, lambda: terms.leverage_limit * yearly - lent.debt, "leverage, as debt"),
        (terms.liquid_limit, lambda: liquid - terms.liquid_limit, "liquidity, as cash"),
    ):
        if limit.detail is None:  # the case has this covenant
            found.append(left().named(f"headroom {title}", f"Headroom of {title}", MONEY, "covenants"))
    return tuple(found)


def _gap(
    terms: DebtTerms, done: DebtDone, ours: Statement, *, lent: _Lent, cash: Rows, issue: Rows, profit: Rows,
    tax: Rows,
) -> Rows:  # fmt: skip
    """The balance sheet: assets from the books, equity from profits, which must meet."""
    none = nothing(shape=cash.values.shape, timed=True)

    def line(rows: Rows, key: str, title: str) -> Rows:
        return rows.named(key, title, MONEY, "balance")

    receivable = none
    if _rows(ours.value_added_tax_recovered).operator != "given":
        receivable = line(
            balance(_rows(ours.value_added_tax_paid), _rows(ours.value_added_tax_recovered)),
            "receivable", "Value-added tax to be recovered",
        )  # fmt: skip
    due = _rows(ours.opening_payments)
    payables = line(
        balance(none, due, start=due.total()), "payables", "Payments due for orders of before the start"
    )
    prepaid = line(balance(_rows(ours.prepayments), none), "prepaid_stock", "Prepaid by customers")
    books = _rows(ours.depreciation_opening).total()
    start = terms.opening_cash + books - due.total() - terms.loan_drawn.sum("facility")
    start = line(start, "equity_start", "Equity at the start")
    paid_in = line(balance(issue, none, start=start), "paid_in", "Equity paid in")
    retained = line(balance(profit - tax, done.dividends), "retained", "Profits kept")
    assets = line(cash + _rows(ours.book_value) + _rows(ours.in_progress) + receivable, "assets", "Assets")
    owed = line(lent.debt + payables + prepaid, "owed_all", "Debt, payables and prepayments")
    equity = line(paid_in + retained, "equity", "Equity")
    return line(assets - owed - equity, "balance_gap", "Assets less what is owed and equity")
