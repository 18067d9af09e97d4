"""Orders in parts of what is bought whole: a plan without whole sizes may order a tenth of a hall."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from capexpand.model.data import Floats
from capexpand.optimiser.plan import Plan

NOTICED = 0.02
"""Part of a hall or lot by which an order must miss a whole number of them to be told."""


def fractional_orders(plan: Plan) -> Iterator[str]:
    """Yield in words the orders in the window that are no whole halls or lots, where their size is given.

    Args:
        plan: of a case; nothing is said where its sizes are whole.
    """
    m = plan.data
    if m.whole_sizes:
        return
    here = slice(*m.times.window)
    for o, size in enumerate(m.power.hall_mw):
        yield from _told(
            plan.power_ordered_mw[o, here], float(size), m.times.labels[here], m.power.names[o], "MW"
        )
    ordered = plan.ordered.sum(axis=1)
    for k, size in enumerate(m.offers.lot):
        name = m.offers.product_titles[int(m.offers.product[k])]
        yield from _told(ordered[k, here], float(size), m.times.labels[here], name, "units")


def _told(orders: Floats, size: float, labels: tuple[str, ...], name: str, unit: str) -> Iterator[str]:
    if size <= 0.0:
        return
    off = np.abs(orders / size - np.round(orders / size))
    broken = np.flatnonzero(off > NOTICED)
    if broken.size:
        worst = int(broken[np.argmax(off[broken])])
        thing = "a hall" if unit == "MW" else "a lot"
        yield (
            f"{name}: {broken.size} of {np.count_nonzero(orders > 0)} orders are no whole number of "
            f"{'halls' if unit == 'MW' else 'lots'}, such as {orders[worst]:.3g} {unit} in {labels[worst]} "
            f"where {thing} is {size:.3g} {unit}; solve.whole_sizes plans whole ones"
        )
