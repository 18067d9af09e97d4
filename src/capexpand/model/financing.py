"""How a business is financed, compiled: facilities [facility], money by quarter, covenants as numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from capexpand.scenarios.entries import EntryKind

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Facilities:
    """Loans and revolving lines [facility]; money in millions of the case's currency."""

    names: tuple[str, ...]
    titles: tuple[str, ...]
    revolving: Flags  # [facility]
    amount: Floats  # [facility] most that can be signed
    drawn: Floats  # [facility] owed when the first quarter starts
    first: Integers  # [facility] first quarter of drawing
    last: Integers  # [facility] last quarter of drawing
    due: Integers  # [facility] first quarter of repayment; of a line or a loan repaid early, of any
    maturity: Integers  # [facility] quarter in which the rest is repaid; beyond the horizon: at its end
    rate: Floats  # [facility, quarter] effective yearly rate
    upfront: Floats  # [facility] fee, share of what is drawn
    commitment: Floats  # [facility, quarter] fee for a quarter, share of what is signed and not drawn
    owed: (
        Floats  # [facility, quarter] ρ, part of all drawn that is owed by the repayment plan; NaN where free
    )
    early: Flags  # [facility] whether less may be owed than by the plan
    cover_ratio: Floats  # [facility] of a sculpted loan, 0 otherwise
    sweep: Floats  # [facility] share of cash paid out that repays early first
    share_of_cost: Floats  # [facility] infinite where it may pay for anything
    share_of_book: Floats  # [facility] infinite where no book value limits it
    servers: Flags  # [facility] whether it pays for servers
    halls: Flags  # [facility] whether it pays for halls
    offers: Flags  # [facility, offer option] servers that it pays for
    currencies: tuple[str, ...] = ()  # [facility] of what is owed; empty where all is in the case's own
    settled: Floats | None = None  # [facility, quarter] exchange rate over that of the first quarter
    reference: Floats | None = None  # [facility, quarter] the part of rate that is the reference rate
    backlog: Floats | None = (
        None  # [facility, contract, quarter] most that may be owed for all of a contract;
    )
    # None: no loan is lent on contracts
    on_contracts: Flags | None = None  # [facility] whether it is lent on contracts

    def backlog_of(self, facility: int) -> Floats | None:
        """Returns what may be owed for all of each contract [contract, quarter]; None where that is no limit.

        Args:
            facility: its position.
        """
        if self.backlog is None or self.on_contracts is None or not self.on_contracts[facility]:
            return None
        return self.backlog[facility]

    @property
    def exchange(self) -> Floats:
        """Money of a quarter for 1 of the first quarter's money owed in a currency [facility, quarter]."""
        return np.ones_like(self.rate) if self.settled is None else self.settled

    @property
    def appreciation(self) -> Floats:
        """By how much 1 owed has grown since the quarter before by its exchange rate [facility, quarter]."""
        x = self.exchange
        return x - np.concatenate((np.ones((len(x), 1)), x[:, :-1]), axis=1)

    @property
    def quarterly(self) -> Floats:
        """Interest of a quarter for 1 owed at its start [facility, quarter]."""
        return (1.0 + self.rate) ** 0.25 - 1.0

    @property
    def half_quarterly(self) -> Floats:
        """Interest of half a quarter for 1 owed [facility, quarter]."""
        return (1.0 + self.rate) ** 0.125 - 1.0

    @property
    def interest(self) -> Floats:
        """Interest paid in a quarter for 1 owed before it [facility, quarter]; half of one in the first."""
        result = self.quarterly.copy()
        result[:, 0] = self.half_quarterly[:, 0]
        return result


@dataclass(frozen=True, slots=True)
class Threshold:
    """A covenant: a limit on a ratio from a quarter on."""

    limit: float
    first: int  # quarter from which it is tested
    hard: bool  # whether a plan must keep it
    quarters: int = 1  # of earnings that it looks back on


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The covenants; None where a case has none of a kind."""

    cover: Threshold | None = None  # least EBITDA over debt service
    loan_to_value: Threshold | None = None  # most debt over assets
    leverage: Threshold | None = None  # most debt over the EBITDA of a year
    liquidity: Threshold | None = None  # least cash and undrawn lines

    @property
    def named(self) -> dict[str, Threshold]:
        """The covenants that there are, by the names that a case gives them."""
        found = {
            "debt_service_cover": self.cover,
            "loan_to_value": self.loan_to_value,
            "leverage": self.leverage,
            "liquidity": self.liquidity,
        }
        return {name: test for name, test in found.items() if test is not None}


@dataclass(frozen=True, slots=True)
class Financing:
    """Cash, equity, facilities and covenants of a business; money in millions of the case's currency."""

    facilities: Facilities
    covenants: Thresholds
    opening_cash: float
    minimum_cash: Floats  # [quarter]
    cash_rate: float  # effective yearly rate earned on cash
    cost_of_equity: float  # yearly
    equity_limit: Floats  # [quarter] infinite where there is none
    equity_total: float
    issue_cost: float  # share of equity raised
    dividends_from: int  # first quarter with dividends

    @property
    def cash_interest(self) -> float:
        """Interest of a quarter for 1 of cash at its start."""
        return float((1.0 + self.cash_rate) ** 0.25 - 1.0)

    @property
    def cash_half_interest(self) -> float:
        """Interest of half a quarter for 1 of cash."""
        return float((1.0 + self.cash_rate) ** 0.125 - 1.0)

    def moved(self, of: Callable[[EntryKind, str], Floats]) -> Financing:
        """Returns the same at the exchange rates and the reference rate of a future.

        Args:
            of: factors [quarter] by kind and name of what is uncertain.
        """
        facilities = self.facilities
        if not facilities.currencies or facilities.reference is None:
            return self
        exchange = np.array([of("exchange_rate", currency) for currency in facilities.currencies])
        raised = facilities.reference * (of("reference_rate", "") - 1.0)
        settled = facilities.exchange * exchange.reshape(facilities.rate.shape)
        return replace(self, facilities=replace(facilities, settled=settled, rate=facilities.rate + raised))

    def relaxed(self) -> Financing:
        """Returns the same without what may be impossible for a plan that only serves comparison."""
        declared = self.covenants
        soft = {
            name: None if (test := getattr(declared, name)) is None else replace(test, hard=False)
            for name in ("cover", "loan_to_value", "leverage", "liquidity")
        }
        free = np.full_like(self.equity_limit, np.inf)
        return replace(self, covenants=Thresholds(**soft), equity_limit=free, equity_total=np.inf)


@dataclass(frozen=True, slots=True)
class FinancingColumns:
    """Columns and rows of financing."""

    signed: Indices  # [facility]
    drawn: Indices  # d [facility, quarter]
    repaid: Indices  # p [facility, quarter]
    balance: Indices  # L [facility, quarter]
    cash: Indices  # [quarter]
    raised: Indices  # equity [quarter]
    dividends: Indices  # [quarter]
    minimum_cash_rows: Indices  # [quarter]
    equity_rows: Indices  # [1] the most that can be raised over the horizon
    covenant_rows: dict[str, Indices]  # by covenant [quarter]
    offset: float  # of the objective
