"""The orders of this quarter in whole halls, lots and contracts, and their cost by the policy's reckoning.

A heuristic with a bound. A policy plans in parts. Of the orders of its first quarter the dearest few are
tried one size up and one size down, all others are rounded down, and the rest of the quarter is decided anew
around each choice; the best one stands. Its cost is the fall of the value that the policy expects, of the
quarter and later ones together. No choice of whole sizes costs less than nothing, so the cost is also the
most that the best of them could save. What is rounded off can be ordered in a later quarter, but for
contracts that are on offer no longer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from capexpand.errors import InfeasibleError, SolverError
from capexpand.model.blocks import ABSENT, Floats
from capexpand.policy.case_policy import CasePolicy, FirstOrders
from capexpand.sddp.futures import future_of
from capexpand.sddp.highs_stage import HighsStage

TRIED_BOTH_WAYS = 5
"""Orders that are tried one size up as well."""
_WHOLE = 1e-6


@dataclass(frozen=True, slots=True)
class WholeOrders:
    """Orders of the first quarter in whole halls and lots, and contracts where they are whole.

    Args:
        orders: all that the quarter then commits.
        cost: by which the value that the policy expects is less, in present value; at most that is lost.
    """

    orders: FirstOrders
    cost: float


@dataclass(frozen=True, slots=True)
class _Order:
    column: int  # of the quarter's program
    amount: float
    size: float
    money: float


def whole_orders(policy: CasePolicy, *, contracts: bool = False) -> WholeOrders | None:
    """Return the orders of the first quarter in whole sizes, None where no order has a size.

    Args:
        policy: from ``optimise_policy``.
        contracts: whether contracts on offer are signed in full or not at all.
    """
    sized = _orders(policy) + (_contracts(policy) if contracts else [])
    if all(order.amount <= _WHOLE for order in sized):
        return None
    sized.sort(key=lambda order: -order.money)
    solvers = policy.trained.solvers()
    graph, form = solvers.graph, solvers.forms[0]
    stage = HighsStage("this quarter", form, future_of(graph, 0, policy.trained.kind), solvers.cuts[0])
    state, first = policy.stages.layout.opening[None], np.array([0])
    place = {int(column): i for i, column in enumerate(form.columns)}
    parts = stage.decide(state, first)
    best: tuple[float, Floats] | None = None
    for choice in _choices(sized):
        lower, upper = form.data.lower.copy(), form.data.upper.copy()
        for order, amount in zip(sized, choice, strict=True):
            lower[:, place[order.column]] = upper[:, place[order.column]] = amount
        try:
            found = stage.decide(state, first, data=replace(form.data, lower=lower, upper=upper))
        except (InfeasibleError, SolverError):  # more than there is room or money for
            stage.forget()
            continue
        if best is None or found.values[0] < best[0]:
            best = float(found.values[0]), found.columns[0].copy()
    if best is None:
        return None
    columns = np.zeros(policy.stages.numbers[0].built.program.cost.size)
    columns[form.columns] = best[1]
    orders = FirstOrders.of(columns, policy.stages.numbers[0].built.stage)
    return WholeOrders(orders, max(0.0, best[0] - float(parts.values[0])))


def _orders(policy: CasePolicy) -> list[_Order]:
    """The orders that may be placed and have a size; nothing is ordered of some."""
    m, stage = policy.data, policy.stages.numbers[0].built.stage
    first = policy.first_orders()
    power, units = first.power_mw, first.units
    found: list[_Order] = []
    for column, amount, size, price in (
        *zip(stage.power.ordered, power, m.power.hall_mw, m.power.price[:, 0], strict=True),
        *zip(
            stage.orders.ordered.ravel(),
            units.ravel(),
            np.repeat(m.offers.lot, units.shape[1]),
            m.offers.price[:, :, 0].ravel(),
            strict=True,
        ),
    ):
        if size > 0.0 and column != ABSENT:
            worth = float(np.nan_to_num(price) * amount)
            found.append(_Order(int(column), float(amount), float(size), worth))
    return found


def _contracts(policy: CasePolicy) -> list[_Order]:
    """The contracts that are signed now or never, by what is billed under them."""
    c, signed = policy.data.contracts, policy.first_orders().signed
    columns = policy.stages.numbers[0].built.stage.signed
    if c is None:
        return []
    bills = signed * c.bills.sum(axis=1)
    return [
        _Order(int(columns[i]), float(signed[i]), 1.0, float(bills[i]))
        for i in np.flatnonzero(columns != ABSENT)
    ]


def _choices(orders: list[_Order]) -> list[tuple[float, ...]]:
    """Amounts for all orders; the first is what rounding down gives."""
    sizes: list[tuple[float, ...]] = []
    for i, order in enumerate(orders):
        lots = order.amount / order.size
        if abs(lots - round(lots)) < _WHOLE:
            sizes.append((round(lots) * order.size,))
        elif i < TRIED_BOTH_WAYS:
            sizes.append((np.floor(lots) * order.size, np.ceil(lots) * order.size))
        else:
            sizes.append((np.floor(lots) * order.size,))
    return list(product(*sizes))
