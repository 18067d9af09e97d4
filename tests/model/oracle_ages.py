"""Ages of owned units in the second formulation: shares of every age, taken from all that ever came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr


def within_life(oracle: Any, at: xr.DataArray) -> None:
    """Owned units of a destination are within those that came less than a life ago and still work.

    Of those, the ones short of the age of wear are taken to be the last to go.
    """
    m, offers, wear = oracle.m, oracle.m.offers, oracle.m.offers.wear
    oracle.worn_cost = lambda weights: 0.0
    ends = np.zeros(len(offers.names), dtype=int) if offers.life_quarters is None else offers.life_quarters
    turns = np.zeros(len(offers.names), dtype=int) if wear is None else wear.after_quarters
    lost = offers.attrition if wear is None else wear.attrition
    if not (m.aging | m.wearing).any():
        return

    def alive(k: int, age: int, *, since: int = 0) -> float:
        """Share of 1 of an age that is left at another."""
        left = 1.0
        for step in range(since + 1, age + 1):
            left *= 1.0 - (lost[k] if 0 < turns[k] < step else offers.attrition[k])
        return left

    came = _came(oracle, at, lambda k, age, since: alive(k, age, since=since) * (not 0 < ends[k] <= age))
    stands, sold = (oracle.N * at).sum("site"), (oracle.r * at).sum("site")
    oracle.require(
        "life", stands + sold + oracle.gone - came[0], "<=", came[1], oracle.data(m.aging, "offer")
    )
    if wear is None:
        return
    young = _came(
        oracle,
        at,
        lambda k, age, since: alive(k, age, since=since) * (age < turns[k]) * (not 0 < ends[k] <= age),
    )
    worn = oracle.variable("worn", "offer", "destination", "quarter", exists=oracle.data(m.wearing, "offer"))
    here = oracle.data(m.wearing, "offer")
    oracle.require("worn", worn - stands + young[0] - oracle.gone_young, ">=", -young[1], here)
    if oracle.leased_worn is not None:
        oracle.require("worn and leased", worn - oracle.leased_worn, ">=", 0.0, here)
    stood = np.zeros((len(offers.names), len(m.destinations)))
    np.add.at(stood.T, m.sites.destination, m.opening.installed)
    for k in range(len(offers.names)):  # of every age alike, those at the age of wear
        span = int(ends[k]) or max(int(turns[k]), 1)
        stood[k] *= max(0, span - int(turns[k])) / span
    before = oracle.before(worn, oracle.data(stood, "offer", "destination"))
    failing = before * oracle.data(lost - offers.attrition, "offer")
    left = oracle.before(oracle.N, oracle.data(m.opening.installed, "site", "offer"))
    left = left * (1.0 - oracle.data(offers.attrition, "offer")) + oracle.q
    kept = (left * at).sum("site") - failing
    over = (oracle.h * at).sum("site") if oracle.leased_worn is not None else 0.0
    oracle.require("failures", stands + sold + over - kept, "<=", 0.0, oracle.data(m.wearing, "offer"))
    each = oracle.data(wear.cost, "offer")
    oracle.worn_cost = lambda weights: (worn * (each * oracle.data(weights, "quarter"))).sum()


def _came(oracle: Any, at: xr.DataArray, left: Callable[[int, int, int], float]):
    """What is left of all that came, by a share of (offer, age, age before)."""
    m, offers, count = oracle.m, oracle.m.offers, oracle.m.times.count
    from_order = np.zeros((len(offers.names), count, count))  # [offer, order, quarter]
    known = np.zeros((len(offers.names), len(m.destinations), count))
    stood = np.zeros((len(offers.names), len(m.destinations)))
    np.add.at(stood.T, m.sites.destination, m.opening.installed)
    for k in np.flatnonzero(m.aging | m.wearing):
        lead = int(offers.lead_quarters[k])
        span = int(offers.life_quarters[k]) or int(m.offers.wear.after_quarters[k])
        for t in range(count):
            ages = [left(k, first + t + 1, first) for first in range(span)]
            known[k, :, t] += float(np.mean(ages)) * stood[k]
            for age in range(t + 1):
                share = left(k, age, 0)
                known[k, :, t] += share * m.opening.units_due[k, :, t - age]
                if t - age - lead >= 0:
                    from_order[k, t - age - lead, t] += share
    came = 0.0 * (oracle.N * at).sum("site")
    for first in range(count):
        kernel = oracle.data(from_order[:, first], "offer", "quarter")
        came = came + oracle.x.isel(quarter=first, drop=True) * kernel
    return came, oracle.data(known, "offer", "destination", "quarter")
