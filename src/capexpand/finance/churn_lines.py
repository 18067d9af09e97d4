"""What changing course costs, as rows: moved work and changed orders, each at its cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.churn import moves
from capexpand.finance.rows import Rows, decided, stated
from capexpand.model.data import ModelData
from capexpand.optimiser.plan import Plan

MONEY = "money"


@dataclass(frozen=True, slots=True)
class ChurnTerms:
    """Costs of changing course, 0 where a case states none; money for each unit or MW."""

    churn_use: Rows
    churn_site: Rows
    churn_order: Rows
    churn_power_order: Rows

    @classmethod
    def of(cls, m: ModelData) -> ChurnTerms:
        """Return the costs of a compiled case."""
        c = m.churn
        values = (0.0,) * 4 if c is None else (c.use, c.site, c.order, c.power_order)
        return cls(*(stated(np.asarray(float(value)), timed=False) for value in values))


@dataclass(frozen=True, slots=True)
class Moved:
    """What a plan moves and changes [quarter]."""

    moved_use: Rows
    moved_site: Rows
    changed_orders: Rows
    changed_power: Rows

    @classmethod
    def of(cls, plan: Plan) -> Moved:
        """Return what is moved; what never is, is not there."""
        found = moves(plan)
        return cls(
            decided(found.use, called=("moved_use", "Units that take up another use", "unit", "churn")),
            decided(
                found.site, called=("moved_site", "Units whose work moves to another site", "unit", "churn")
            ),
            decided(found.order, called=("changed_orders", "Units by which orders change", "unit", "churn")),
            decided(
                found.power_order, called=("changed_power", "Power by which orders change", "MW", "churn")
            ),
        )


def churn_rows(terms: ChurnTerms, done: Moved) -> Rows:
    """Return what changing course costs [quarter]."""
    work = done.moved_use * terms.churn_use + done.moved_site * terms.churn_site
    orders = done.changed_orders * terms.churn_order + done.changed_power * terms.churn_power_order
    return (work + orders).named("churn", "Moved work and changed orders", MONEY, "operation")
