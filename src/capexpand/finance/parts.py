"""Orders in parts of what is bought whole: a plan without whole sizes may order a tenth of a hall."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from capexpand.model.data import Floats
from capexpand.optimiser.plan import Plan

SMALLEST_HALL_MW = 0.2
"""IT power of a room in a building; an order below it is a fraction that a plan in parts makes."""
NOTHING = 1e-6
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
        ordered, name = plan.power_ordered_mw[o, here], m.power.names[o]
        yield from _told(ordered, float(size), m.times.labels[here], name, "MW")
        if size <= 0.0 and m.power.owned[o]:
            yield from _too_small(ordered, m.times.labels[here], name)
    ordered = plan.ordered.sum(axis=1)
    for k, size in enumerate(m.offers.lot):
        name = m.offers.product_titles[int(m.offers.product[k])]
        yield from _told(ordered[k, here], float(size), m.times.labels[here], name, "units")


def _too_small(orders: Floats, labels: tuple[str, ...], site: str) -> Iterator[str]:
    """Orders of halls that nobody builds, where the case does not say how large a hall is."""
    small = np.flatnonzero((orders > NOTHING) & (orders < SMALLEST_HALL_MW))
    if small.size:
        least = int(small[np.argmin(orders[small])])
        yield (
            f"{site}: {small.size} of {np.count_nonzero(orders > NOTHING)} orders of halls are below "
            f"{SMALLEST_HALL_MW:g} MW, such as {orders[least]:.3g} MW in {labels[least]}; "
            f"sites.{site}.build.hall says how large a hall is, and solve.whole_sizes plans whole ones"
        )


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
