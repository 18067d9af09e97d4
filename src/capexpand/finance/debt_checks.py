"""The rules of financing on our own arrays: each written anew from its meaning, without the program."""

from __future__ import annotations

import numpy as np

from capexpand.finance.agreement import above, apart
from capexpand.finance.debt import FinancingStatement, breached, financing_statement
from capexpand.finance.schedule import unit_purchases
from capexpand.finance.statements import Statement, statement
from capexpand.model.data import Floats
from capexpand.model.financing import Facilities
from capexpand.optimiser.plan import Plan

SHEET = 1e-9
"""How far a balance sheet may be from balance, relative to its size."""


def financing_rules(plan: Plan) -> dict[str, float]:
    """Returns the largest violation of each rule of financing; nothing where a case has none.

    Args:
        plan: what is done in each quarter.
    """
    m, done = plan.data, plan.financing
    if m.financing is None:
        return {}
    ours = statement(plan)
    financed = financing_statement(plan, ours)
    if done is None or financed is None:
        return {}
    f, facilities = m.financing, m.financing.facilities
    quarter = np.arange(m.times.count)
    before = np.concatenate((facilities.drawn[:, None], done.balance[:, :-1]), axis=1)
    can_draw = (quarter >= facilities.first[:, None]) & (quarter <= facilities.last[:, None])
    over = quarter >= facilities.maturity[:, None]
    pays_out = quarter >= f.dividends_from
    kept = min(float((financed.sheet.cash - f.minimum_cash).min()), 0.0)
    size = max(1.0, float(np.abs(financed.sheet.cash).max()), float(np.abs(ours.free_cash_flow).max()))
    hard = {
        name: float(breached(name, test, financed.ratios.of(name)).any())
        for name, test in f.covenants.named.items()
        if test.hard and (facilities.names or name == "liquidity")
    }
    return {
        "nothing negative in financing": max(
            above(-values, 0.0)
            for values in (done.drawn, done.repaid, done.balance, done.raised, done.dividends)
        ),
        "debt balances": apart(done.balance, before + done.drawn - done.repaid),
        "draws within their time": above(np.where(can_draw, 0.0, done.drawn), 0.0),
        "debt within what is signed": max(
            above(_used(facilities, done.drawn, done.balance), done.signed),
            above(done.signed, facilities.amount),
        ),
        "repaid at maturity": above(np.where(over, done.balance, 0.0), 0.0),
        "repayment by plan": _by_plan(facilities, done.drawn, done.balance),
        "debt within its share of cost": _share_of_cost(plan, ours),
        "debt within its share of book": _share_of_book(facilities, ours, done.balance),
        **_share_of_backlog(plan, facilities, done.balance),
        "cash above its minimum": -kept / size,
        "equity within its limits": max(
            above(done.raised, f.equity_limit), above(float(done.raised.sum()), f.equity_total)
        ),
        "dividends in their time": above(np.where(pays_out, 0.0, done.dividends), 0.0),
        "dividends beside the sweep": _swept(financed, facilities),
        "covenants": max(hard.values(), default=0.0),
        "balance sheet": 1e3 * financed.sheet.gap if financed.sheet.gap > SHEET else financed.sheet.gap,
    }  # fmt: skip


def _used(facilities: Facilities, drawn: Floats, balance: Floats) -> Floats:
    """The most of each facility that counts against what is signed [facility]."""
    most = balance.max(axis=1, initial=0.0)
    return np.where(facilities.revolving, most, facilities.drawn + drawn.sum(axis=1))


def _by_plan(facilities: Facilities, drawn: Floats, balance: Floats) -> float:
    total = facilities.drawn + drawn.sum(axis=1)
    known = ~np.isnan(facilities.owed)
    wanted = np.where(known, np.nan_to_num(facilities.owed) * total[:, None], 0.0)
    found = np.where(known, balance, 0.0)
    early = (facilities.early | facilities.revolving)[:, None]
    return max(above(found, wanted), above(np.where(early, 0.0, wanted), np.where(early, 0.0, found)))


def _share_of_cost(plan: Plan, ours: Statement) -> float:
    m, done = plan.data, plan.financed
    facilities = m.financed.facilities
    units = unit_purchases(m, plan.ordered, m.offers.price).payments.sum(axis=1)
    worst = 0.0
    for f, share in enumerate(facilities.share_of_cost):
        paid = units[facilities.offers[f]].sum(axis=0) if facilities.servers[f] else np.zeros(m.times.count)
        if facilities.halls[f]:
            paid = paid + ours.payments_buildings + ours.payments_plants
        since = np.where(np.arange(m.times.count) >= facilities.first[f], paid, 0.0)
        if np.isfinite(share):
            can = np.arange(m.times.count) <= facilities.last[f]
            covered, drawn = share * np.cumsum(since), np.cumsum(facilities.exchange[f] * done.drawn[f])
            worst = max(worst, above(np.where(can, drawn, 0.0), np.where(can, covered, 0.0)))
    return worst


def _share_of_book(facilities: Facilities, ours: Statement, balance: Floats) -> float:
    worst = 0.0
    for f, share in enumerate(facilities.share_of_book):
        if np.isfinite(share):
            halls = ours.book_buildings + ours.book_plants
            book = facilities.servers[f] * ours.book_servers + facilities.halls[f] * halls
            worst = max(worst, above(facilities.exchange[f] * balance[f], share * book))
    return worst


def _share_of_backlog(plan: Plan, facilities: Facilities, balance: Floats) -> dict[str, float]:
    contracts = plan.data.contracts
    if facilities.backlog is None or contracts is None or plan.signed is None:
        return {}
    part, worst = contracts.share(plan.signed), 0.0
    for f in range(len(facilities.names)):
        backlog = facilities.backlog_of(f)
        if backlog is not None:
            worst = max(worst, above(facilities.exchange[f] * balance[f], part @ backlog))
    return {"debt within its share of backlog": worst}


def _swept(financed: FinancingStatement, facilities: Facilities) -> float:
    worst, quarter = 0.0, np.arange(financed.dividends.size)
    for f, s in enumerate(facilities.sweep):
        if s > 0.0:
            x = facilities.exchange[f]
            total = facilities.drawn[f] + (financed.drawn[f] / x).sum()
            left = np.where(np.isnan(facilities.owed[f]), 1.0, facilities.owed[f])
            planned = x * np.maximum(-np.diff(np.concatenate(([1.0], left))), 0.0) * total
            held = quarter < facilities.maturity[f]
            early = (1.0 - s) * (financed.repaid[f] - planned)
            worst = max(worst, above(np.where(held, s * financed.dividends, 0.0), np.where(held, early, 0.0)))
    return worst
