"""The cost of churn in the equations of a quarter: work that moves, and orders that differ from the last.

A unit that was delivered in the quarter begins wherever it is needed, and one that stops (it fails, is
retired, handed back or stands idle) pays nothing; what is charged is that a unit takes up a use, or runs at a
site, where it was not in the quarter before. The first quarter is free, since nothing is known before it, and
an order is held against the last one only where both quarters allow an order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.blocks import ABSENT, Blocks, Indices, LinearProgram
from capexpand.model.churn_costs import ChurnCosts
from capexpand.model.data import ModelData
from capexpand.model.world import World

_DIRECTIONS = ("raised", "lowered")
_ORDERS = ("order", "power order")
COLUMN_BLOCKS = frozenset(
    {"taken up", "use moved", "site moved", *(f"{what} {way}" for what in _ORDERS for way in _DIRECTIONS)}
)
ROW_BLOCKS = frozenset({"taking up", "use moved", "site moved", *(f"{what} changed" for what in _ORDERS)})
"""Names of the blocks that only the cost of churn needs."""


def without_churn(program: LinearProgram) -> LinearProgram | None:
    """Return a program without the cost of churn; None where it has none.

    Args:
        program: of any number of quarters.
    """
    if all(block.name not in ROW_BLOCKS for block in program.row_blocks):
        return None
    return program.without(COLUMN_BLOCKS, ROW_BLOCKS)


@dataclass(frozen=True, slots=True)
class ChurnUse:
    """Columns of a quarter and of the one before that churn meets."""

    serving: Indices  # y [site group, offer option, workload]
    running: Indices  # u [site, offer option]
    placements: Indices  # q of this quarter and of those before [site, offer option, age]
    ordered: Indices  # x [offer option, destination]
    power_ordered: Indices  # b [power option]
    serving_before: Indices
    running_before: Indices
    ordered_before: Indices
    power_ordered_before: Indices


@dataclass(frozen=True, slots=True)
class Churn:
    """Columns of what moves, each charged at its cost."""

    use: Indices  # [site group, offer option] units that take up another workload
    site: Indices  # [site, offer option] units whose work comes from another site
    order: Indices  # [direction, offer option, destination] units more, units less than the last order
    power_order: Indices  # [direction, power option] MW more, MW less

    def charged(self, costs: ChurnCosts) -> tuple[tuple[Indices, float], ...]:
        """Return the columns with the cost of each [money]."""
        return (
            (self.use, costs.use),
            (self.site, costs.site),
            (self.order, costs.order),
            (self.power_order, costs.power_order),
        )


def unknown_before(m: ModelData) -> tuple[Indices, Indices]:
    """Return what ran and served before the first quarter, which nobody asks: both are absent."""
    if m.churn is None or not m.churn.moves:
        return np.zeros((0, 0), dtype=np.int64), np.zeros((0, 0, 0), dtype=np.int64)
    offers = len(m.offers.names)
    groups = m.workloads.served_by.shape[0]
    return (
        np.full((len(m.sites.names), offers), ABSENT, dtype=np.int64),
        np.full((groups, offers, len(m.workloads.names)), ABSENT, dtype=np.int64),
    )


def last_order(history: Indices) -> Indices:
    """Return the orders of the quarter before, absent where none are remembered.

    Args:
        history: [..., age] the latest first.
    """
    return history[..., 0] if history.shape[-1] else np.full(history.shape[:-1], ABSENT, dtype=np.int64)


def add_churn(lp: Blocks, m: ModelData, t: int, use: ChurnUse) -> Churn | None:
    """Uses: y − (1 − η) y⁻ ≤ taken up, Σ_j taken up − Σ_s q' ≤ moved; sites: u − (1 − η) u⁻ − q' ≤ moved.

    Here q' is what comes into use of what was placed now and before. Orders: |x − x⁻| and |b − b⁻|.

    Args:
        t: the quarter, from 0; the first is free.
        use: the columns that churn meets.
    """
    if m.churn is None:
        return None
    S, K, J, D, O = m.sites.names, m.offers.names, m.workloads.names, m.destinations, m.power.names
    here, costs, later = (m.times.labels[t],), m.churn, t > 0
    kept = 1.0 - m.offers.attrition
    groups = tuple(f"group {i + 1}" for i in range(m.workloads.served_by.shape[0]))
    y, u, q, new_share = use.serving, use.running, use.placements, m.offers.coming_into_use

    able = (y != ABSENT) & later & (costs.use > 0.0)
    taken = lp.columns("taken up", [groups, K, J, here], where=able[:, :, :, None])[:, :, :, 0]
    rows = lp.rows("taking up", [groups, K, J, here], upper=0.0, where=able[:, :, :, None])[:, :, :, 0]
    some = able.any(axis=2)
    moved = lp.columns("use moved", [groups, K, here], where=some[:, :, None])[:, :, 0]
    new = lp.rows("use moved", [groups, K, here], upper=0.0, where=some[:, :, None])[:, :, 0]
    if later and costs.use > 0.0:
        lp.add(rows, y)
        lp.add(rows, use.serving_before, -kept[None, :, None])
        lp.add(rows, taken, -1.0)
        lp.add(new[:, :, None], taken)
        lp.add(new[m.sites.group][:, :, None], q[:, :, : new_share.shape[1]], -new_share[None])
        lp.add(new, moved, -1.0)

    able = (u != ABSENT) & later & (costs.site > 0.0)
    site = lp.columns("site moved", [S, K, here], where=able[:, :, None])[:, :, 0]
    rows = lp.rows("site moved", [S, K, here], upper=0.0, where=able[:, :, None])[:, :, 0]
    if later and costs.site > 0.0:
        lp.add(rows, u)
        lp.add(rows, use.running_before, -kept[None, :])
        lp.add(rows[:, :, None], q[:, :, : new_share.shape[1]], -new_share[None])
        lp.add(rows, site, -1.0)

    x, b = use.ordered, use.power_ordered
    order = _differences(
        lp, _ORDERS[0], (K, D, here), now=x, before=use.ordered_before, charged=later and costs.order > 0.0
    )
    power_order = _differences(
        lp,
        _ORDERS[1],
        (O, here),
        now=b,
        before=use.power_ordered_before,
        charged=later and costs.power_order > 0.0,
    )
    found = Churn(moved, site, order, power_order)
    weight = m.times.discount[t] * (1.0 - m.taxes.rate)
    for columns, cost in found.charged(costs):
        lp.add_cost(columns, -weight * cost)
    return found


def _differences(
    lp: Blocks,
    name: str,
    labels: tuple[tuple[str, ...], ...],
    *,
    now: Indices,
    before: Indices,
    charged: bool,
) -> Indices:
    """Columns of what is ordered more and less than in the quarter before, where both quarters allow it."""
    both = ((now != ABSENT) & (before != ABSENT) & charged)[..., None]
    rows = lp.rows(f"{name} changed", labels, lower=0.0, upper=0.0, where=both)[..., 0]
    found = [lp.columns(f"{name} {way}", labels, where=both)[..., 0] for way in _DIRECTIONS]
    if charged:
        lp.add(rows, now)
        lp.add(rows, before, -1.0)
        lp.add(rows, found[0], -1.0)
        lp.add(rows, found[1])
    return np.stack(found)


def compile_churn(world: World) -> ChurnCosts | None:
    """Return the cost of churn in a world; None where nothing is charged."""
    stated = world.case.finance.churn
    if stated is None:
        return None
    found = ChurnCosts(
        *(world.number(getattr(stated, name)) for name in ("use", "site", "order", "power_order"))
    )
    return found if found.moves or found.orders else None
