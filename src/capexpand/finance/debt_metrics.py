"""Whether a financed programme pays its owners, and how near its lenders' limits it comes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.debt import FinancingStatement, breached, financing_statement, owners_value
from capexpand.finance.metrics import internal_rate_of_return, net_present_value
from capexpand.finance.programme import ProgrammeResult
from capexpand.model.data import Floats


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
    to_owners: Floats  # [quarter] of the programme: dividends less equity, less the base's free cash flow
    end_cash: float  # of the programme, at the horizon's end
    npv: float  # of what owners get, at the discount rate
    equity_npv: float  # the same at the cost of equity
    equity_irr: float | None  # [1/year]
    equity_irr_unique: bool
    dscr_min: float | None  # least debt service cover; None where there is no debt service
    dscr_min_quarter: int | None
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
    to_owners = financed.to_owners - result.base.free_cash_flow
    end = financed.end_cash - result.base.end_cash
    irr, unique = internal_rate_of_return(to_owners, end)
    base, rate = result.base, m.financing.cost_of_equity
    quarter = np.arange(m.times.count)
    factors = (1.0 + rate) ** -((quarter + 0.5) / 4.0)
    base_at_cost = (
        float(factors @ base.free_cash_flow) + (1.0 + rate) ** -(m.times.count / 4.0) * base.end_cash
    )
    cover = financed.ratios.debt_service_cover
    known = np.flatnonzero(np.isfinite(cover))
    lowest = int(known[np.argmin(cover[known])]) if known.size else None
    return FinancingResult(
        statement=financed,
        to_owners=to_owners,
        end_cash=end,
        npv=owners_value(m, financed) - net_present_value(base, m.times),
        equity_npv=owners_value(m, financed, rate) - base_at_cost,
        equity_irr=irr,
        equity_irr_unique=unique,
        dscr_min=None if lowest is None else float(cover[lowest]),
        dscr_min_quarter=lowest,
        breaches=tuple(_breaches(result, financed)),
    )


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
