"""What a policy keeps to of a case's financing: limits of debt and equity, as declared, by quarter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capexpand.model.financing import Threshold

Floats = NDArray[np.float64]

BREACH_PENALTY = 10.0
"""Money charged in each quarter for 1 of debt beyond a limit: more than what it pays for ever earns."""


@dataclass(frozen=True, slots=True)
class FundingLimits:
    """Limits of debt and equity; money in millions of the case's currency.

    Args:
        owed: when the first quarter starts.
        cash: then; what must be kept comes from it.
        kept_cash: [quarter] that must be kept at the end, liquidity that no line covers among it.
        equity: [quarter] most that owners put in, less the cost of issuing.
        equity_total: over the horizon, less the cost of issuing.
        capacity: [facility, quarter] most that may be owed.
        undrawn: [quarter] of all capacity that must stay undrawn for liquidity.
        share_of_cost: [facility] of what it pays for and was ordered; infinite where it is no limit.
        first: [facility] quarter from which such orders count.
        servers: [facility, offer option] servers that it pays for.
        halls: [facility] whether it pays for halls and plants.
        share_of_book: [facility] of the books; infinite where it is no limit.
        backlog: [facility, contract, quarter] most that may be owed for all of a contract; None: no limit.
        on_contracts: [facility] whether that limits it.
        interest: [quarter] for 1 owed before it, the mean over facilities by capacity.
        falls: [quarter] share of what is owed that is due by plan, bullets and lines apart.
        stays: [quarter] share of what was owed before that cannot be repaid yet.
        cover: hard covenant, or None.
        loan_to_value: hard covenant, or None.
        leverage: hard covenant, or None.
        outside: [quarter] earned outside the case as declared, where contracts are part of it; else None.
    """

    owed: float
    cash: float
    kept_cash: Floats
    equity: Floats
    equity_total: float
    capacity: Floats
    undrawn: Floats
    share_of_cost: Floats
    first: NDArray[np.int64]
    servers: NDArray[np.bool_]
    halls: NDArray[np.bool_]
    share_of_book: Floats
    backlog: Floats | None
    on_contracts: NDArray[np.bool_]
    interest: Floats
    falls: Floats
    stays: Floats
    cover: Threshold | None
    loan_to_value: Threshold | None
    leverage: Threshold | None
    outside: Floats | None

    @property
    def looks_back(self) -> int:
        """Quarters before a quarter whose earnings a covenant counts."""
        tests = (self.cover, self.leverage)
        return max((test.quarters - 1 for test in tests if test is not None), default=0)
