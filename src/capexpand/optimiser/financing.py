"""How a plan is financed: what is signed, drawn, repaid, raised and paid out; what each limit is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.blocks import ABSENT, Floats, Indices
from capexpand.model.data import ModelData
from capexpand.model.financing import FinancingColumns
from capexpand.optimiser.highs import Solution


@dataclass(frozen=True, slots=True)
class FinancingShadow:
    """Shadow prices of the limits of financing; 0 where sizes are whole."""

    amount: Floats  # [facility] money per money that can be signed
    minimum_cash: Floats  # [quarter] money per money less that must be kept
    equity: Floats  # [quarter] money per money that can be raised
    equity_total: float
    covenants: dict[str, Floats]  # [quarter] money per money by which the covenant's row is eased


@dataclass(frozen=True, slots=True)
class FinancingPlan:
    """Money that passes between the business, its lenders and its owners, in millions."""

    signed: Floats  # [facility]
    drawn: Floats  # [facility, quarter]
    repaid: Floats  # [facility, quarter]
    balance: Floats  # [facility, quarter] owed at the quarter's end
    cash: Floats  # [quarter] at the quarter's end, as the program has it
    raised: Floats  # [quarter] equity
    dividends: Floats  # [quarter]
    shadow: FinancingShadow


def read_financing(m: ModelData, columns: FinancingColumns, solution: Solution) -> FinancingPlan:
    """Returns the financing that a solution describes."""
    x, rows, reduced = solution.columns, solution.row_duals, solution.column_duals
    raised, dividends = _values(x, columns.raised), _values(x, columns.dividends)
    both = np.minimum(raised, dividends)  # raised and paid out at once is neither
    if m.financing is not None and m.financing.issue_cost > 0.0:
        both = np.zeros_like(both)
    drawn, balance = _values(x, columns.drawn), _values(x, columns.balance)
    return FinancingPlan(
        signed=_signed(m, _values(x, columns.signed), drawn),
        drawn=drawn,
        repaid=_values(x, columns.repaid),
        balance=balance,
        cash=_values(x, columns.cash),
        raised=raised - both,
        dividends=dividends - both,
        shadow=FinancingShadow(
            amount=np.maximum(_values(reduced, columns.signed), 0.0),
            minimum_cash=np.maximum(_values(rows, columns.minimum_cash_rows), 0.0),
            equity=np.maximum(_values(reduced, columns.raised), 0.0),
            equity_total=float(np.maximum(_values(rows, columns.equity_rows), 0.0).sum()),
            covenants={
                name: np.maximum(_values(rows, block), 0.0) for name, block in columns.covenant_rows.items()
            },
        ),
    )


def _signed(m: ModelData, signed: Floats, drawn: Floats) -> Floats:
    """What is signed; where signing costs nothing, all of a line and of a loan no more than is drawn."""
    if m.financing is None:
        return signed
    facilities = m.financing.facilities
    used = np.where(facilities.revolving, facilities.amount, facilities.drawn + drawn.sum(axis=1))
    return np.where(facilities.commitment.any(axis=1), signed, used)


def _values(x: Floats, columns: Indices) -> Floats:
    """Values of columns or rows; one that does not exist is 0, and rounding below 1e-9 of zero is cut."""
    values = np.where(columns == ABSENT, 0.0, x[np.maximum(columns, 0)] if x.size else 0.0)
    return np.where(np.abs(values) < 1e-9, 0.0, values)
