"""Variance matching: spread the values of a lattice quarter until it varies as much as the process.

A node's value is the mean of the scenarios in its cell, so a lattice varies less than the process (law of
total variance: what varies within cells is lost). Where the worth of a plan is concave in what is uncertain,
that flatters every plan. The values of an entry are therefore moved away from their mean on the scale of
logarithms, which keeps them positive, and rescaled so that the mean stays exact.
"""

from __future__ import annotations

import numpy as np

from capexpand.scenarios.entries import Entry, EntryKind, Floats

LARGEST_SPREAD = 30.0
"""Logarithms are spread by this factor at most: where a lattice hardly varies there is no shape to spread.

What the money at stake hardly counts, such as the price of energy, differs between cells by chance alone: the
mean of n scenarios has 1/√n of their deviation, and with the default lattice n is up to some 300."""

_HALVINGS = 50
_NEGLIGIBLE = 1e-9  # of the mean: rounding is no variation

UNSPREAD: frozenset[EntryKind] = frozenset(
    {"grid", "build_limit", "supply_limit", "delivery", "export_fee", "productivity"}
)
"""Entries that keep the means of their cells: limits and deliveries, which are there or not there, and fees,
which are added. Productivity is not spread because the program sees only the products with it."""


def spread_values(
    values: Floats, probability: Floats, lost: Floats, entries: tuple[Entry, ...], *, mean: Floats
) -> Floats:
    """Return values of a lattice quarter whose variance is what they have plus what was lost.

    ln v' = μ + s (ln v − μ) with μ the mean of the logarithm and one s in [1, 30] for each entry, found by
    bisection; v' is scaled to the mean.

    Args:
        values: [entry, atom] positive where they are spread; an atom is an outcome of a node.
        probability: [atom].
        lost: [entry] variance within the cells.
        entries: the kind of each row.
        mean: [entry] that is kept.
    """
    logarithms, chosen = _logarithms(values, probability, lost, entries)
    if not chosen.any():
        return values
    away = logarithms[chosen] - (logarithms[chosen] @ probability)[:, None]
    kept = mean[chosen]
    wanted = _variance(values[chosen], probability) + lost[chosen]
    low, high = np.ones(kept.size), np.full(kept.size, LARGEST_SPREAD)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        enough = _variance(_spread(away, middle, kept, probability), probability) >= wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    result = values.copy()
    result[chosen] = _spread(away, high, kept, probability)
    return result


def _logarithms(
    values: Floats, probability: Floats, lost: Floats, entries: tuple[Entry, ...]
) -> tuple[Floats, np.ndarray]:
    """Logarithms [entry, atom], and the entries that can and should be spread."""
    used = probability > 0
    positive = np.all(values[:, used] > 0, axis=1)
    logarithms = np.log(np.where(values > 0, values, 1.0))
    average = np.abs(values @ probability)
    varies = _variance(values, probability) > (_NEGLIGIBLE * average) ** 2
    missing = lost > (_NEGLIGIBLE * average) ** 2
    allowed = np.array([entry.kind not in UNSPREAD for entry in entries], dtype=np.bool_)
    return logarithms, allowed & positive & varies & missing


def _spread(away: Floats, factor: Floats, mean: Floats, probability: Floats) -> Floats:
    spread = away * factor[:, None]
    raised = np.exp(spread - spread.max(axis=1, keepdims=True))
    return raised * (mean / (raised @ probability))[:, None]


def _variance(values: Floats, probability: Floats) -> Floats:
    return ((values - (values @ probability)[:, None]) ** 2) @ probability
