"""When what is ordered is delivered, paid for and written off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.data import Floats, Integers, ModelData


@dataclass(frozen=True, slots=True)
class Purchases:
    """Orders as money [..., quarter], without value-added tax."""

    commitments: Floats  # full price, in the quarter of the order
    payments: Floats  # deposit at order, the rest at delivery
    deliveries: Floats  # full price, in the quarter of delivery


def delivered(ordered: Floats, lead_quarters: Integers) -> Floats:
    """Returns what arrives in each quarter, of what was ordered.

    Args:
        ordered: [..., quarter] anything that is ordered.
        lead_quarters: [...] quarters from order to delivery; broadcast to the orders' leading axes.

    Returns:
        [..., quarter]; what would arrive after the horizon is left out.
    """
    quarters = ordered.shape[-1]
    lead = np.broadcast_to(lead_quarters, ordered.shape[:-1])
    result = np.zeros_like(ordered, dtype=np.float64)
    for wait in np.unique(lead):
        if wait < quarters:
            rows = lead == wait
            result[rows, wait:] = ordered[rows, : quarters - wait]
    return result


def purchases(
    ordered: Floats, price: Floats, *, lead_quarters: Integers, deposit_fraction: Floats
) -> Purchases:
    """Returns what orders cost and when; the price is fixed at order.

    Args:
        ordered: [..., quarter] what is ordered.
        price: [..., quarter] money for one.
        lead_quarters: [...] quarters from order to delivery.
        deposit_fraction: [...] share of the price paid at order; all of it where delivery is at once.
    """
    full = ordered * price
    now = np.where(lead_quarters == 0, 1.0, deposit_fraction)[..., None]
    return Purchases(
        commitments=full,
        payments=now * full + delivered((1.0 - now) * full, lead_quarters),
        deliveries=delivered(full, lead_quarters),
    )


def unit_purchases(m: ModelData, ordered: Floats, price: Floats) -> Purchases:
    """Returns what units cost [offer option, destination, quarter].

    Args:
        m: the compiled case.
        ordered: [offer option, destination, quarter] units.
        price: [offer option, destination, quarter] money per unit; a part of the price gives that part.
    """
    return purchases(
        ordered,
        price,
        lead_quarters=m.offers.lead_quarters[:, None],
        deposit_fraction=m.offers.deposit_fraction[:, None],
    )


def hall_purchases(m: ModelData, ordered_mw: Floats) -> Purchases:
    """Returns what halls cost [power option, quarter].

    Args:
        m: the compiled case.
        ordered_mw: [power option, quarter] IT power ordered [MW].
    """
    return purchases(
        ordered_mw,
        m.power.price,
        lead_quarters=m.power.lead_quarters,
        deposit_fraction=m.power.deposit_fraction,
    )


def depreciation(additions: Floats, life_quarters: int) -> Floats:
    """Returns what is written off in each quarter, evenly over the life from the quarter of delivery on.

    What fails or is retired before its time changes nothing: its cost is written off as planned.

    Args:
        additions: [..., quarter] cost of what is delivered.
        life_quarters: quarters over which it is written off.
    """
    return still_written_off(additions, life_quarters) / life_quarters


def still_written_off(additions: Floats, life_quarters: int) -> Floats:
    """Returns the cost of what is being written off in each quarter: delivered less than a life before.

    Args:
        additions: [..., quarter] cost of what is delivered.
        life_quarters: quarters over which it is written off, that of delivery included.
    """
    result = np.zeros_like(additions)
    for t in range(additions.shape[-1]):
        result[..., t] = additions[..., max(0, t - life_quarters + 1) : t + 1].sum(axis=-1)
    return result
