"""Whether a programme pays: present values, internal rate of return, payback, funding, return on capital."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.programme import ProgrammeResult
from capexpand.finance.rows import present_value
from capexpand.finance.statements import Statement
from capexpand.model.data import Floats, Times

ROUNDING = 1e-9  # what counts as zero, relative to the largest sum of its kind
HALF_QUARTERS_PER_YEAR = 8


@dataclass(frozen=True, slots=True)
class ReturnOnCapital:
    """Operating profit after tax over capital invested, by calendar year."""

    years: tuple[int, ...]
    quarters: tuple[int, ...]  # quarters of the year within the horizon
    fraction: tuple[float | None, ...]  # per year; None where nothing is invested


@dataclass(frozen=True, slots=True)
class Metrics:
    """The headline figures of a programme, incremental to the base; money in millions."""

    npv: float  # after tax, cash only
    npv_before_tax: float
    npv_end_value_zero: float  # after tax, with units and power worth nothing at the horizon's end
    irr: float | None  # [1/year]; None where the flows do not change sign or no rate was found
    irr_unique: bool  # whether no other rate can make the present value zero
    payback_quarter: int | None  # first quarter from which on the sum of flows stays positive; None: never
    peak_funding: float  # largest sum laid out before it comes back, as a positive number
    peak_funding_quarter: int
    end_value: float  # present value after tax of what stands at the horizon's end
    return_on_capital: ReturnOnCapital  # of the programme
    return_on_capital_total: ReturnOnCapital  # of the whole, the programme included
    irr_without_end_value: float | None  # [1/year] with units and power worth nothing at the horizon's end
    end_value_over_book: float | None  # the programme's end value over what of it stands in the books then
    market_over_book: float | None  # the same for what a market would pay, whatever the books say
    mirr: float | None  # [1/year] outlays and returns at the discount rate; None without outlays
    npv_over_outlay: float | None  # net present value over the present value of payments for orders
    irr_is_answer: bool  # whether the rate is unique and rests on more than next to nothing laid out

    @property
    def npv_without_end_value(self) -> float:
        """Net present value after tax with units and power worth nothing at the horizon's end [money]."""
        return self.npv_end_value_zero


NEXT_TO_NOTHING = 0.05
"""Share of the payments for orders below which the money ever laid out is no base for a rate of return."""


def measure(result: ProgrammeResult) -> Metrics:
    """Returns the headline figures of a programme.

    Args:
        result: its statements.
    """
    ours, times = result.programme, result.times
    irr, unique = internal_rate_of_return(ours.free_cash_flow, ours.end_cash)
    funding, quarter = peak_funding(ours.free_cash_flow)
    flows = _without_rounding(ours.free_cash_flow, result.total)
    ordered = np.maximum(ours.capital_payments, 0.0)
    outlay = float(times.discount @ ordered)
    scale = float(np.max(np.abs(result.total.capital_payments), initial=0.0))
    return Metrics(
        npv=net_present_value(ours, times),
        npv_before_tax=net_present_value_before_tax(ours, times),
        npv_end_value_zero=net_present_value_end_value_zero(ours, times),
        irr=irr,
        irr_unique=unique,
        payback_quarter=payback_quarter(flows),
        peak_funding=funding,
        peak_funding_quarter=quarter,
        end_value=times.discount_end * (ours.end_value - ours.end_tax),
        return_on_capital=return_on_capital(ours, times),
        return_on_capital_total=return_on_capital(result.total, times),
        irr_without_end_value=internal_rate_of_return(flows, ours.end_value_added_tax)[0],
        end_value_over_book=_over_book(ours, ours.end_value),
        market_over_book=_over_book(ours, ours.end_value_market),
        mirr=modified_rate_of_return(flows, ours.end_cash, times),
        npv_over_outlay=net_present_value(ours, times) / outlay if outlay > ROUNDING * scale else None,
        irr_is_answer=unique and funding > NEXT_TO_NOTHING * float(ordered.sum()),
    )


def _over_book(ours: Statement, end_value: float) -> float | None:
    """End value over the book value of servers and halls at the horizon's end; None without a book."""
    book = float(ours.book_bought[-1])
    scale = float(np.max(np.abs(ours.book_bought), initial=0.0))
    return end_value / book if book > 1e-6 * max(scale, 1e-9) else None


def modified_rate_of_return(flows: Floats, end_cash: float, times: Times) -> float | None:
    """Returns the modified internal rate of return [1/year]: all flows at the discount rate.

    (value of the returns at the horizon's end / present value of the outlays)^(1/years) - 1. It is unique,
    and above the discount rate where the net present value is positive.

    Args:
        flows: [quarter] money in the middle of each quarter.
        end_cash: money at the horizon's end.
        times: the quarters and their discount factors.
    """
    laid_out = -float(times.discount @ np.minimum(flows, 0.0)) - times.discount_end * min(end_cash, 0.0)
    came = float(times.discount @ np.maximum(flows, 0.0)) + times.discount_end * max(end_cash, 0.0)
    if laid_out <= ROUNDING * max(came, 1e-300) or laid_out == 0.0:
        return None
    return float((came / times.discount_end / laid_out) ** (4.0 / times.count) - 1.0)


def _without_rounding(flows: Floats, total: Statement) -> Floats:
    """Cuts what the difference of two equal plans leaves, lest it be taken for something laid out."""
    scale = float(np.max(np.abs(total.free_cash_flow), initial=0.0))
    return np.where(np.abs(flows) > ROUNDING * scale, flows, 0.0)


def net_present_value(ours: Statement, times: Times) -> float:
    """Returns the present value of free cash flow and end value after tax [money]: Σ_t δ_t F_t + δ_T E.

    Args:
        ours: statement of the programme.
        times: the quarters and their discount factors δ.
    """
    return present_value(times.discount, ours.free_cash_flow) + times.discount_end * ours.end_cash


def net_present_value_before_tax(ours: Statement, times: Times) -> float:
    """Returns the present value as it were without tax on profit [money]."""
    end = ours.end_value + ours.end_value_added_tax
    return present_value(times.discount, ours.free_cash_flow_before_tax) + times.discount_end * end


def net_present_value_end_value_zero(ours: Statement, times: Times) -> float:
    """Returns the present value after tax with units and power worth nothing at the horizon's end [money].

    Writing off what is left in the books then saves no tax, for nothing is earned afterwards. Value-added tax
    still to be recovered is a claim, not a worth, and stays.
    """
    flows = present_value(times.discount, ours.free_cash_flow)
    return flows + times.discount_end * ours.end_value_added_tax


def internal_rate_of_return(flows: Floats, end_cash: float) -> tuple[float | None, bool]:
    """Returns the rate at which the present value is zero [1/year], and whether there can be no other.

    Flows fall in the middle of quarters and the end value at the horizon's end, so the series is laid out by
    half quarters; the rate of a half quarter compounds eight times a year. That there is no other rate is
    known where the flows, or their sums up to each quarter, change sign only once (Norstrom's condition).

    Args:
        flows: [quarter] money in the middle of each quarter.
        end_cash: money at the horizon's end.
    """
    import pyxirr

    series = np.zeros(2 * flows.size)
    series[::2] = flows
    series[-1] = end_cash
    scale = float(np.max(np.abs(series), initial=0.0))
    series = np.where(np.abs(series) <= ROUNDING * scale, 0.0, series)
    if not (series.min(initial=0.0) < 0.0 < series.max(initial=0.0)):
        return None, False
    rate = pyxirr.irr(series / scale, silent=True)
    if rate is None or not np.isfinite(rate) or rate <= -1.0:
        return None, False
    sums = np.cumsum(series)
    unique = _sign_changes(series) == 1 or (_sign_changes(sums) == 1 and bool(sums[-1] > 0.0))
    return (1.0 + rate) ** HALF_QUARTERS_PER_YEAR - 1.0, unique


def _sign_changes(values: Floats) -> int:
    signs = np.sign(values[values != 0.0])
    return int(np.count_nonzero(signs[1:] != signs[:-1]))


def payback_quarter(flows: Floats) -> int | None:
    """Returns the position of the first quarter from whose end on the sum of flows is never negative again.

    Args:
        flows: [quarter] money.

    Returns:
        The position, or None where the sum is negative at the horizon's end, or where nothing ever flows and
        so nothing is to be paid back. The end value does not count.
    """
    if not np.any(flows):
        return None
    sums = np.cumsum(flows)
    below = np.flatnonzero(sums < -ROUNDING * np.max(np.abs(sums), initial=0.0))
    if below.size == 0:
        return 0
    return int(below[-1]) + 1 if below[-1] + 1 < sums.size else None


def peak_funding(flows: Floats) -> tuple[float, int]:
    """Returns the most that must be laid out before it comes back, as a positive number, and its quarter.

    Args:
        flows: [quarter] money.
    """
    sums = np.cumsum(flows)
    quarter = int(np.argmin(sums))
    return max(0.0, -float(sums[quarter])), quarter


def return_on_capital(ours: Statement, times: Times) -> ReturnOnCapital:
    """Returns operating profit after tax over the average capital invested, by calendar year.

    Invested is the book value of what is in service and what is paid for and not delivered yet; its average
    is over the quarters, each at the mean of its start and end. Of a year that is partly within the horizon
    the profit is taken for a full year in proportion.

    Args:
        ours: a statement.
        times: the quarters.
    """
    ends = ours.invested
    starts = np.concatenate(([_opening_book(ours)], ends[:-1]))
    average, profit = (starts + ends) / 2.0, ours.ebita_after_tax
    year_of = np.array([day.year for day in times.starts])
    years = tuple(int(year) for year in np.unique(year_of))
    scale = ROUNDING * float(np.max(np.abs(ends), initial=0.0))
    counts: list[int] = []
    fractions: list[float | None] = []
    for year in years:
        here = year_of == year
        invested = float(average[here].mean())
        counts.append(int(here.sum()))
        fractions.append(4.0 * float(profit[here].mean()) / invested if invested > scale else None)
    return ReturnOnCapital(years, tuple(counts), tuple(fractions))


def _opening_book(ours: Statement) -> float:
    """What is written off in the first quarter and later, of what stands at the start."""
    return float(ours.book_opening[0] + ours.depreciation_opening[0])
