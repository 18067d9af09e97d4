"""A plan's financing met by many futures: what a quarter lacks or has left, and the chance of a breach.

The plan's loans are drawn and repaid as planned. Cash below its minimum is made up from revolving lines, then
from equity within its limits; what a liquidity covenant asks for beyond comes from equity alone. Cash above
what the plan holds repays lines and then is paid out. Nobody plans again: it is a rule, and says how often
the plan's covenants would be tested in vain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.debt import breached, debt_service, lenders, ratios_of
from capexpand.finance.schedule import depreciation, lost_value_added_tax
from capexpand.model.data import Floats, ModelData
from capexpand.model.financing import Financing
from capexpand.optimiser.financing import FinancingPlan
from capexpand.optimiser.plan import Plan
from capexpand.policy.accounts import Books

MINIMUM_CASH = "minimum_cash"


@dataclass(frozen=True, slots=True)
class _Earned:
    """What operations earn and hold in every future [quarter, scenario]."""

    ebitda: Floats
    written: Floats
    before_tax: Floats  # free cash flow before tax
    value: Floats  # books, and what is paid for and not delivered


def _earned(m: ModelData, books: Books) -> _Earned:
    cost, opening = 1.0 + lost_value_added_tax(m), m.opening
    servers, halls = cost * books.servers_ordered, cost * books.buildings_ordered
    written = depreciation(servers.T, m.taxes.server_life_quarters).T
    written = written + depreciation(halls.T, m.taxes.building_life_quarters).T
    ebitda = books.cash + books.paid + (opening.other_revenue - opening.other_cost)[:, None]
    vat = m.taxes.value_added_tax * books.paid
    recovered = np.zeros_like(vat)
    wait = m.taxes.recovery_quarters
    if wait is not None and wait < len(vat):
        recovered[wait:] = vat[: len(vat) - wait]
    standing = opening.depreciation.sum() - np.cumsum(opening.depreciation)
    held = np.cumsum(cost * books.paid - written, axis=0) + standing[:, None]
    return _Earned(
        ebitda=ebitda,
        written=written + opening.depreciation[:, None],
        before_tax=ebitda - books.paid - vat + recovered - opening.payments_due[:, None],
        value=held,
    )


def chances_of_breach(plan: Plan, books: Books) -> dict[str, Floats]:
    """Returns for each covenant, and for the cash that must be kept, the chance of a breach [quarter].

    Args:
        plan: with its financing; nothing is returned without one.
        books: of the plan in many futures.
    """
    m, done = plan.data, plan.financing
    if m.financing is None or done is None:
        return {}
    f, earned = m.financing, _earned(m, books)
    cash, lines, service = _meet(m, f, done, earned)
    term = ~f.facilities.revolving
    fixed = done.balance[term].sum(axis=0)
    offered = np.where(np.arange(m.times.count)[:, None] <= _line_end(f), _line(f, done) - lines, 0.0)
    found = ratios_of(
        f,
        ebitda=earned.ebitda,
        debt=fixed[:, None] + lines,
        service=service,
        value=earned.value,
        liquid=cash + offered,
    )
    chances = {
        name: breached(name, test, found.of(name)).mean(axis=1) for name, test in f.covenants.named.items()
    }
    if f.minimum_cash.any():
        slack = 1e-6 * max(1.0, float(f.minimum_cash.max()))
        chances[MINIMUM_CASH] = (cash < f.minimum_cash[:, None] - slack).mean(axis=1)
    return chances


def _asked_liquidity(f: Financing, quarters: int) -> Floats:
    """Cash and undrawn lines that a hard covenant asks for [quarter]; owners make them up, too."""
    test = f.covenants.liquidity
    if test is None or not test.hard:
        return np.full(quarters, -np.inf)
    return np.where(np.arange(quarters) >= test.first, test.limit, -np.inf)


def _line(f: Financing, done: FinancingPlan) -> float:
    return float(done.signed[f.facilities.revolving].sum())


def _line_end(f: Financing) -> int:
    return int(f.facilities.maturity[f.facilities.revolving].max(initial=-1)) - 1


def _meet(m: ModelData, f: Financing, done: FinancingPlan, earned: _Earned) -> tuple[Floats, Floats, Floats]:
    """Cash, what is owed on lines, and debt service in every future [quarter, scenario]."""
    facilities, quarters = f.facilities, m.times.count
    term = ~facilities.revolving
    interest, fees = lenders(facilities, done.signed, drawn=done.drawn, balance=done.balance)
    planned = debt_service(facilities, done.drawn, done.repaid, interest) + fees
    of_term = interest[term].sum(axis=0) + fees
    principal = (done.drawn - done.repaid)[term].sum(axis=0)
    line_rate = facilities.interest[~term].mean(axis=0) if facilities.revolving.any() else np.zeros(quarters)
    count = earned.ebitda.shape[1]
    cash, lines = np.zeros((quarters, count)), np.zeros((quarters, count))
    service = np.zeros((quarters, count))
    held = np.full(count, f.opening_cash)
    owed = np.full(count, float(facilities.drawn[~term].sum()))
    carried, raised = np.zeros(count), np.zeros(count)
    limit, end = _line(f, done), _line_end(f)
    liquid = _asked_liquidity(f, quarters)
    for t in range(quarters):
        cost = of_term[t] + line_rate[t] * owed
        gained = f.cash_interest * held if t else 0.0
        profit = earned.ebitda[t] - earned.written[t] - cost + gained
        tax = m.taxes.rate * np.maximum(0.0, profit - carried)
        carried = np.maximum(0.0, carried - profit)
        held = held + earned.before_tax[t] - tax - cost + gained + principal[t]
        if t > end:
            held, owed = held - owed, np.zeros(count)
        lacks = np.maximum(0.0, f.minimum_cash[t] - held)
        borrowed = np.minimum(lacks, np.maximum(0.0, limit - owed) if t <= end else 0.0)
        can = np.maximum(0.0, np.minimum(f.equity_limit[t], f.equity_total - raised))
        undrawn = np.maximum(0.0, limit - owed - borrowed) if t <= end else 0.0
        short = np.maximum(lacks - borrowed, liquid[t] - held - borrowed - undrawn)
        put_in = np.minimum(np.maximum(short, 0.0) / (1.0 - min(f.issue_cost, 0.99)), can)
        held = held + borrowed + (1.0 - f.issue_cost) * put_in
        owed, raised = owed + borrowed, raised + put_in
        spare = np.maximum(0.0, held - max(float(done.cash[t]), float(f.minimum_cash[t])))
        repaid = np.minimum(spare, owed)
        paid_out = spare - repaid if t >= f.dividends_from else 0.0
        held, owed = held - repaid - paid_out, owed - repaid
        cash[t], lines[t] = held, owed
        service[t] = planned[t] + (cost - of_term[t]) - interest[~term].sum(axis=0)[t]
    return cash, lines, service
