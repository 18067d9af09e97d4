"""The futures that drive this quarter's decision, and what would have to be known to decide otherwise.

Nothing has been seen yet, so a policy decides the same now in all futures. Perfect foresight does not: what
it would commit now in each future says which of them pull the decision up or down. An entry drives the
decision as far as its mean factor over the horizon explains what foresight commits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.data import Floats
from capexpand.policy.outcomes import Outcomes

MOST_DRIVERS = 3
EXPLAINS = 0.02
"""Share of the spread of what foresight commits, below which an entry is not told."""
FEWEST = 20
"""Futures below which nothing is said."""
ALIKE = 1e-6
"""Relative difference of money below which two commitments count as the same."""


@dataclass(frozen=True, slots=True)
class DecisionDriver:
    """One uncertain number on which the decision of now depends; money in millions.

    Args:
        label: of its entry.
        explains: share of the spread of what foresight commits that it explains beside those before it.
        middle: median of its mean factor over the horizon, at which futures are split.
        above: committed now by foresight in the mean of the futures above the middle.
        below: the same at or below it.
        turns: mean factor at which foresight commits as much as the policy; None where no future has it.
    """

    label: str
    explains: float
    middle: float
    above: float
    below: float
    turns: float | None


@dataclass(frozen=True, slots=True)
class DecisionDrivers:
    """What perfect foresight would commit now, and what that depends on; money in millions.

    Args:
        committed: by the policy.
        low: by foresight, 5 % quantile.
        high: 95 % quantile.
        more: share of futures in which foresight commits more than the policy.
        less: share in which it commits less.
        futures: that foresight was followed through.
        drivers: the one that explains most first.
    """

    committed: float
    low: float
    high: float
    more: float
    less: float
    futures: int
    drivers: tuple[DecisionDriver, ...]


def decision_drivers(outcomes: Outcomes) -> DecisionDrivers | None:
    """Return what drives the decision of the first quarter; None where too few futures were foreseen.

    Args:
        outcomes: of the policy and of foresight.
    """
    foreseen = outcomes.books["foresight"].commitments[0]
    if foreseen.size < FEWEST:
        return None
    scenarios, times = outcomes.scenarios.first(foreseen.size), outcomes.policy.data.times
    weights = times.discount[1:] / max(float(times.discount[1:].sum()), 1e-300)
    means = np.zeros((len(scenarios.entries), foreseen.size))
    for t, weight in enumerate(weights, start=1):
        means += weight * scenarios.factors(t)
    committed = float(outcomes.paths.books.commitments[0].mean())
    return drivers_of(committed, foreseen, means, labels=[entry.label for entry in scenarios.entries])


def drivers_of(committed: float, foreseen: Floats, factors: Floats, *, labels: list[str]) -> DecisionDrivers:
    """Return what explains the commitments of foresight, by forward selection of least squares.

    Args:
        committed: by the policy [million].
        foreseen: [future] committed by foresight [million].
        factors: [entry, future] mean factor over the horizon.
        labels: [entry].
    """
    scale = ALIKE * max(abs(committed), float(np.abs(foreseen).max(initial=0.0)), 1e-12)
    low, high = np.quantile(foreseen, (0.05, 0.95))
    return DecisionDrivers(
        committed=committed,
        low=float(low),
        high=float(high),
        more=float((foreseen > committed + scale).mean()),
        less=float((foreseen < committed - scale).mean()),
        futures=foreseen.size,
        drivers=tuple(_selected(committed, foreseen, factors, labels)) if high - low > scale else (),
    )


def _selected(committed: float, foreseen: Floats, factors: Floats, labels: list[str]) -> list[DecisionDriver]:
    centred = foreseen - foreseen.mean()
    spread = float(centred @ centred)
    rest, left = centred, factors - factors.mean(axis=1, keepdims=True)
    found: list[DecisionDriver] = []
    for _ in range(min(MOST_DRIVERS, len(labels))):
        sizes = np.einsum("ef,ef->e", left, left)
        usable = sizes > 1e-9 * np.maximum(np.einsum("ef,ef->e", factors, factors), 1e-300)
        gains = np.where(usable, (left @ rest) ** 2 / np.where(usable, sizes, 1.0), 0.0) / spread
        best = int(np.argmax(gains))
        if gains[best] < EXPLAINS:
            break
        found.append(_driver(labels[best], float(gains[best]), committed, foreseen, factors[best]))
        chosen = left[best] / np.sqrt(sizes[best])
        rest = rest - (rest @ chosen) * chosen
        left = left - np.outer(left @ chosen, chosen)
    return found


def _driver(
    label: str, explains: float, committed: float, foreseen: Floats, factor: Floats
) -> DecisionDriver:
    middle = float(np.median(factor))
    if factor.max() <= middle:
        middle = float(np.max(factor[factor < middle]))
    above = factor > middle
    slope, start = np.polyfit(factor, foreseen, 1)
    turns = (committed - start) / slope if slope != 0.0 else np.inf
    inside = float(factor.min()) <= turns <= float(factor.max())
    return DecisionDriver(
        label=label,
        explains=explains,
        middle=middle,
        above=float(foreseen[above].mean()),
        below=float(foreseen[~above].mean()),
        turns=float(turns) if inside else None,
    )
