"""Compiles what a policy keeps to of a case's financing, from what the plan of a run decides on."""

from __future__ import annotations

import numpy as np

from capexpand.model.data import Floats, ModelData
from capexpand.model.financing import Facilities, Threshold
from capexpand.model.funding_limits import FundingLimits


def funding_limits(m: ModelData) -> FundingLimits | None:
    """Return what a policy of a case keeps to; None where owners may put in whatever is lacking."""
    f, opening = m.financing, m.opening
    if f is None or (np.isinf(f.equity_limit[0]) and np.isinf(f.equity_total)):
        return None
    facilities, covenants = f.facilities, f.covenants
    capacity = _capacity(facilities)
    lines = np.where(facilities.revolving[:, None], capacity, 0.0).sum(axis=0)
    liquid = covenants.liquidity
    quarter = np.arange(capacity.shape[1])
    least = np.zeros(quarter.size)
    if liquid is not None and liquid.hard:
        least = np.where(quarter >= liquid.first, liquid.limit, 0.0)
    kept = np.maximum(f.minimum_cash, least - lines)
    before = np.concatenate((capacity[:, :1], capacity[:, :-1]), axis=1)
    weight = np.where(before.sum(axis=0) > 0.0, before, 1.0)
    total = np.maximum(before.sum(axis=0), 1e-9)
    on = np.zeros(len(facilities.names), dtype=np.bool_)
    bound = np.where((facilities.revolving | facilities.early)[:, None], 0.0, capacity).sum(axis=0)
    return FundingLimits(
        owed=float(facilities.drawn.sum()),
        cash=f.opening_cash,
        kept_cash=kept,
        equity=(1.0 - f.issue_cost) * f.equity_limit,
        equity_total=(1.0 - f.issue_cost) * f.equity_total,
        capacity=capacity,
        undrawn=np.maximum(least - kept, 0.0),
        share_of_cost=facilities.share_of_cost,
        first=facilities.first,
        servers=facilities.servers[:, None] & facilities.offers,
        halls=facilities.halls,
        share_of_book=facilities.share_of_book,
        backlog=facilities.backlog,
        on_contracts=on if facilities.on_contracts is None else facilities.on_contracts,
        interest=(weight * facilities.interest).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-9),
        falls=(_falls(facilities) * facilities.amount[:, None]).sum(axis=0) / total,
        stays=np.minimum(bound / total, 1.0),
        cover=_hard(covenants.cover),
        loan_to_value=_hard(covenants.loan_to_value),
        leverage=_hard(covenants.leverage),
        outside=None if m.contracts is None else opening.other_revenue - opening.other_cost,
    )


def _hard(test: Threshold | None) -> Threshold | None:
    return test if test is not None and test.hard else None


def _capacity(facilities: Facilities) -> Floats:
    """Most that may be owed of each facility, in money [facility, quarter]."""
    quarter = np.arange(facilities.owed.shape[1])
    part = np.where(np.isnan(facilities.owed), 1.0, facilities.owed)
    there = (quarter >= facilities.first[:, None]) & (quarter < facilities.maturity[:, None])
    before = np.where(quarter < facilities.first[:, None], facilities.drawn[:, None], 0.0)
    return facilities.exchange * np.where(there, part * facilities.amount[:, None], before)


def _falls(facilities: Facilities) -> Floats:
    """The part of all drawn that is repaid in a quarter, but for a bullet's last [facility, quarter]."""
    part = np.where(np.isnan(facilities.owed), 1.0, facilities.owed)
    falls = -np.diff(np.concatenate((np.ones((len(part), 1)), part), axis=1), axis=1)
    free = facilities.revolving[:, None] | (facilities.cover_ratio > 0.0)[:, None] | (falls > 0.999)
    return np.where(free, 0.0, np.maximum(falls, 0.0))
