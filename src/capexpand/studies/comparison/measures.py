"""Figures of one programme, those of money apart, so that one factor converts them all.

Amounts are in millions of a currency, prices of units in plain currency. None stands for what does not exist,
such as the price of an accelerator where none is ordered.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TypeVar


@dataclass(frozen=True, slots=True)
class Amounts:
    """Announced and planned amounts [million]; a year is four quarters."""

    announced: float | None  # None where the case names no amount
    spent_before: float  # of it, spent or bound before the plan starts
    allowed: float | None  # what may be spent in the window; None without a cap
    ordered: float  # orders of the window at their full price
    paid: float  # of all orders, what falls due in the window
    leased: float  # fees of what is leased in the window, over the least term
    announced_a_year: float | None
    ordered_a_year: float
    ordered_and_leased_a_year: float
    ai_ordered_a_year: float  # accelerators and their part of the halls
    ai_ordered_and_leased_a_year: float
    ai_announced_a_year: float | None  # the announced amount by the plan's own AI share


@dataclass(frozen=True, slots=True)
class Purchase:
    """The orders of the window."""

    accelerators: float
    general_servers: float  # units without accelerators
    ai_power_mw: float  # IT power of the accelerators' servers [MW]
    server_power_mw: float  # IT power of all servers [MW]
    halls_mw: float  # own halls [MW of IT power]
    leased_accelerators: float
    leased_halls_mw: float
    compute_pflops: float | None  # dense FP8 or INT8 [1e15 operations/s]; None where a server states none
    h100_equivalents: float | None  # the same in H100
    tokens_per_day: float | None  # of the model that all cases name; None where they name none in common


@dataclass(frozen=True, slots=True)
class UnitPrices:
    """Cost of a unit of what is ordered [currency]; with halls: as if its servers stood in new ones."""

    hall_per_mw: float | None
    servers_per_mw: float | None  # accelerators' servers, per MW of their IT power
    all_in_per_mw: float | None
    per_accelerator: float | None  # with halls
    per_h100: float | None  # with halls
    per_pflops: float | None  # with halls, per 1e15 operations/s
    per_million_tokens_a_day: float | None  # with halls


@dataclass(frozen=True, slots=True)
class Shares:
    """Where the money goes [fraction]: of orders in the window, and of all cost to the horizon's end."""

    ordered_accelerators: float | None
    ordered_other_servers: float | None
    ordered_halls: float | None
    ai: float | None  # of orders, accelerators and their part of the halls
    cost_accelerators: float | None
    cost_other_servers: float | None
    cost_halls: float | None
    cost_leases: float | None
    cost_energy: float | None
    cost_upkeep: float | None


@dataclass(frozen=True, slots=True)
class ProgrammeWorth:
    """Present values after tax, less the business without the programme [million]."""

    npv: float  # cash only
    npv_without_end_value: float
    transfer_value: float  # what internal workloads are served, at transfer values
    npv_with_transfer: float


@dataclass(frozen=True, slots=True)
class ProgrammeReturns:
    """Return and payback, in cash and with transfer values."""

    internal_share: float  # of what the programme serves, by present value at its prices [fraction]
    rate: float | None  # internal rate of return [1/year]
    payback_years: float | None  # from the plan's start
    rate_with_transfer: float | None
    payback_with_transfer_years: float | None


@dataclass(frozen=True, slots=True)
class HourlyValues:
    """The revenue that an accelerator-hour needs for break-even, and its revenue in the case.

    In plain currency, after ordinary costs, the same in every quarter of the horizon; hours that train are
    hours too.
    """

    needed: float | None  # per hour that any accelerator runs
    earned: float | None  # at the case's own prices and transfer values
    needed_per_h100: float | None  # per hour of an H100 by dense FP8 operations
    earned_per_h100: float | None


@dataclass(frozen=True, slots=True)
class Measures:
    """All figures of one programme, money in one currency."""

    window_quarters: int
    announced_quarters: int
    amounts: Amounts
    purchase: Purchase
    prices: UnitPrices
    shares: Shares
    worth: ProgrammeWorth
    returns: ProgrammeReturns
    hours: HourlyValues

    def times(self, factor: float) -> Measures:
        """Return the same figures in another currency.

        Args:
            factor: how many of the other currency one of this is.
        """
        return replace(
            self,
            amounts=_times(self.amounts, factor),
            prices=_times(self.prices, factor),
            worth=_times(self.worth, factor),
            hours=_times(self.hours, factor),
        )


Money = TypeVar("Money", Amounts, UnitPrices, ProgrammeWorth, HourlyValues)


def _times(record: Money, factor: float) -> Money:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    turned = {name: None if value is None else value * factor for name, value in values.items()}
    return type(record)(**turned)
