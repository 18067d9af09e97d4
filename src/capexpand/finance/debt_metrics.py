"""Whether a financed programme pays its owners, and how near its lenders' limits it comes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.debt import FinancingStatement, breached, financing_statement, ratios_of
from capexpand.finance.metrics import NEXT_TO_NOTHING, internal_rate_of_return, peak_funding
from capexpand.finance.programme import ProgrammeResult
from capexpand.model.data import Floats, ModelData

_NOTHING = 1e-6  # millions: less is rounding of the solver


@dataclass(frozen=True, slots=True)
class Breach:
    """A covenant that a plan does not keep in a quarter."""

    covenant: str
    quarter: int
    value: float  # the ratio, or money for liquidity
    limit: float


@dataclass(frozen=True, slots=True)
class FinancingResult:
    """Financing of the whole business, and what the programme leaves its owners; money in millions."""

    statement: FinancingStatement
    to_owners: Floats  # [quarter] of the programme: dividends less equity, less what the base leaves owners
    end_cash: float  # of the programme, at the horizon's end
    npv: float  # of what owners get, at the discount rate
    equity_npv: float  # the same at the cost of equity
    equity_irr: float | None  # [1/year]
    equity_irr_unique: bool
    equity_irr_tells: bool  # whether it is unique and rests on more than next to nothing put in
    dscr_min: float | None  # least debt service cover in operation; None where there is no debt service
    dscr_min_quarter: int | None
    dscr_since: int | None  # quarter from which cover counts; None where nothing is earned or repaid
    breaches: tuple[Breach, ...]


def financing_result(result: ProgrammeResult) -> FinancingResult | None:
    """Returns what financing does to a programme, or None where its case has none.

    Args:
        result: the statements with and without the programme; the base is not financed.
    """
    m = result.plan.data
    financed = financing_statement(result.plan, result.total)
    if financed is None or m.financing is None:
        return None
    existing, last = existing_service(m)
    to_owners = financed.dividends - financed.raised - result.base.free_cash_flow + existing
    to_owners[0] -= m.financing.opening_cash
    end = financed.end_cash - result.base.end_cash + last
    irr, unique = internal_rate_of_return(to_owners, end)
    rate, quarter = m.financing.cost_of_equity, np.arange(m.times.count)
    factors = (1.0 + rate) ** -((quarter + 0.5) / 4.0)
    ordered = float(np.maximum(result.programme.capital_payments, 0.0).sum())
    cover, since = cover_in_operation(result, financed)
    known = np.flatnonzero(np.isfinite(cover))
    lowest = int(known[np.argmin(cover[known])]) if known.size else None
    return FinancingResult(
        statement=financed,
        to_owners=to_owners,
        end_cash=end,
        npv=float(m.times.discount @ to_owners) + m.times.discount_end * end,
        equity_npv=float(factors @ to_owners) + (1.0 + rate) ** -(m.times.count / 4.0) * end,
        equity_irr=irr,
        equity_irr_unique=unique,
        equity_irr_tells=unique and peak_funding(to_owners)[0] > NEXT_TO_NOTHING * ordered,
        dscr_min=None if lowest is None else float(cover[lowest]),
        dscr_min_quarter=lowest,
        dscr_since=since,
        breaches=tuple(_breaches(result, financed)),
    )


def cover_in_operation(result: ProgrammeResult, financed: FinancingStatement) -> tuple[Floats, int | None]:
    """Returns debt service cover from the first quarter of operation on.

    What is earned pays for debt only once something is: fees and interest of before are paid from equity and
    draws, as costs of building are. So earnings and service count from the first quarter with revenue or a
    repayment. Covenants count every quarter.

    Args:
        result: the statements with and without the programme.

    Returns:
        EBITDA over debt service [quarter], NaN before operation and where nothing is due; the first quarter
        of operation, None where there is none.
    """
    m, total = result.plan.data, result.total
    if m.financing is None:
        return np.full(m.times.count, np.nan), None
    repaid = financed.repaid.sum(axis=0)
    started = np.flatnonzero((total.revenue > _NOTHING) | (repaid > _NOTHING))
    if not started.size:
        return np.full(m.times.count, np.nan), None
    counts = np.arange(m.times.count) >= started[0]
    ratios = ratios_of(
        m.financing,
        ebitda=np.where(counts, total.ebitda, 0.0),
        debt=financed.debt,
        service=np.where(counts, financed.service, 0.0),
        value=total.invested,
        liquid=financed.ratios.liquidity,
    )
    return np.where(counts, ratios.debt_service_cover, np.nan), int(started[0])


def existing_service(m: ModelData) -> tuple[Floats, float]:
    """Returns what debt of before the start costs whatever is planned: the base bears it, not the programme.

    It is served by its plan, a line and a sculpted loan at maturity; its interest saves tax.

    Returns:
        Interest after tax and repayments [quarter], and what is left at the horizon's end.
    """
    facilities = m.financed.facilities
    quarter = np.arange(m.times.count)
    part = np.where(np.isnan(facilities.owed), 1.0, facilities.owed)
    part = np.where(quarter >= facilities.maturity[:, None], 0.0, part)
    owed = part * facilities.drawn[:, None]
    before = np.concatenate((facilities.drawn[:, None], owed[:, :-1]), axis=1)
    x = facilities.exchange
    interest = (1.0 - m.taxes.rate) * facilities.interest * before * x
    saved = m.taxes.rate * facilities.appreciation * before
    last = float((owed[:, -1] * x[:, -1] * (1.0 + facilities.half_quarterly[:, -1])).sum())
    return (interest - saved + x * (before - owed)).sum(axis=0), last


def _breaches(result: ProgrammeResult, financed: FinancingStatement) -> list[Breach]:
    f = result.plan.data.financing
    found: list[Breach] = []
    for name, test in f.covenants.named.items() if f is not None else ():
        ratio = financed.ratios.of(name)
        found += [
            Breach(name, int(t), float(ratio[t]), test.limit)
            for t in np.flatnonzero(breached(name, test, ratio))
        ]
    return found
