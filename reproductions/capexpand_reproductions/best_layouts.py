"""The layouts that matter at given efficiencies, so that a fit computes no others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from capexpand.hardware.prediction import Combined, Pairs, Stack, pair_requests
from capexpand.hardware.roofline import Efficiency


def near_best(stacked: Stack, efficiency: Efficiency, *, share: float) -> Stack:
    """Leave out layouts that serve less than a share of the best at given efficiencies, to save work.

    Args:
        efficiency: efficiencies of shape (measurements,).
        share: the share of the best, such as 0.6.
    """
    kept: list[Pairs] = []
    for pairs in stacked.pairs:
        served = pairs.requests(efficiency) * pairs.whole
        best = np.zeros(stacked.count.size)
        np.maximum.at(best, pairs.row, served)
        kept.append(pairs.kept(served >= share * best[pairs.row]))
    return replace(stacked, pairs=tuple(kept))


def at_best(stacked: Stack, efficiency: Efficiency) -> Stack:
    """Keep the one best layout of each measurement, or its best pair: what a small change is felt through.

    Args:
        efficiency: efficiencies of shape (measurements,).
    """
    best = np.zeros(stacked.count.size)
    served = [pairs.requests(efficiency) * pairs.whole for pairs in stacked.pairs]
    for pairs, rates in zip(stacked.pairs, served, strict=True):
        np.maximum.at(best, pairs.row, rates)
    combined, apart = stacked.combined, np.zeros(best.size)
    if combined is not None:
        both = pair_requests(combined, efficiency)
        np.maximum.at(apart, combined.row, both)
        chosen = np.flatnonzero((both > 0) & (both >= apart[combined.row]) & (both > best[combined.row]))
        chosen = chosen[np.unique(combined.row[chosen], return_index=True)[1]]
        combined = _narrowed(combined, chosen) if chosen.size else None
    kept = tuple(
        pairs.kept((rates >= best[pairs.row]) & (best[pairs.row] >= apart[pairs.row]))
        for pairs, rates in zip(stacked.pairs, served, strict=True)
    )
    return replace(stacked, pairs=kept, combined=combined)


def _narrowed(combined: Combined, chosen: NDArray[np.int_]) -> Combined:
    """Keep some pairs of a prefilling and a decoding layout."""
    ahead, behind = combined.prefill[chosen], combined.decode[chosen]
    place = np.arange(chosen.size)

    def only(pairs: Pairs, indices: NDArray[np.int_]) -> Pairs:
        mask = np.zeros(pairs.row.size, dtype=bool)
        mask[indices] = True
        return pairs.kept(mask)

    # a layout serves one measurement, so that the places of the chosen follow their order
    return Combined(
        only(combined.ahead, ahead),
        only(combined.behind, behind),
        combined.row[chosen],
        place[np.argsort(np.argsort(ahead))],
        place[np.argsort(np.argsort(behind))],
    )
