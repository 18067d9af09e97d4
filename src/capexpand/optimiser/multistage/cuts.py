"""The cuts of a node: affine functions of the outgoing state below its cost-to-go.

The pool keeps every cut. *Selection* marks those that are highest at one or more states visited so far
(level-one dominance: de Matos, Philpott and Finardi, 2015, *Improving the performance of stochastic dual
dynamic programming*; Guigues, 2017); only these are looked at when a solver searches for a violated cut.
A solver holds in its linear program only the few that have been active lately, see ``HighsStage``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cut:
    """One cut, ``theta[target] >= intercept + slope @ x`` at a node.

    Args:
        node: the node whose future it bounds.
        target: which of the node's cost-to-go variables; 0 with single cuts.
        intercept: value at the state zero.
        slope: shape (states,).
        state: shape (states,), the state at which it was made.
    """

    node: int
    target: int
    intercept: float
    slope: Floats
    state: Floats


class CutPool:
    """All cuts of one node, with the selection of those that matter.

    Args:
        state_count: number of states.
        floor: shape (targets,), a valid lower bound of each cost-to-go variable.
        select_all: whether every cut counts for good; slower, but then an answer depends on the cuts alone
            and not on which of the deselected ones a solver still holds.
    """

    def __init__(self, state_count: int, floor: Floats, *, select_all: bool = False) -> None:
        self.floor = floor
        self._select_all = select_all
        self.count = 0
        self.intercepts = np.empty(16)
        self.slopes = np.empty((16, state_count))
        self.targets = np.zeros(16, dtype=np.int64)
        self._visited = np.empty((16, state_count))
        self._visited_targets = np.zeros(16, dtype=np.int64)
        self._best = np.empty(16)
        self._owner = np.zeros(16, dtype=np.int64)
        self._visits = 0
        self.mixes: list[Floats] = []
        self._selected = np.empty(16, dtype=np.int64)
        self._scan_intercepts = np.empty(16)
        self._scan_slopes = np.empty((16, state_count))
        self._selected_count = 0
        self._selected_at = 0

    def add(self, cut: Cut) -> None:
        """Add a cut and update the selection."""
        height, owner = self._highest(cut.state, cut.target)
        own = cut.intercept + float(cut.slope @ cut.state)
        self._append(cut, self.count if own >= height else owner, max(own, height))

    def offer(self, cut: Cut) -> bool:
        """Add a cut if it raises the selected ones at its state; tell whether it did."""
        known = max(self._highest(cut.state, cut.target)[0], self.floor[cut.target])
        own = cut.intercept + float(cut.slope @ cut.state)
        if own <= known + 1e-9 * (1.0 + abs(known)):
            return False
        self._append(cut, self.count, own)
        return True

    def _highest(self, state: Floats, target: int) -> tuple[float, int]:
        """Return the height at a state of the highest selected cut, and its index; -1 where there is none."""
        if self._selected_count == 0:
            return -np.inf, -1
        heights = self.scan_slopes @ state
        heights += self.scan_intercepts
        if len(self.floor) > 1:
            heights[self.targets[self.selected] != target] = -np.inf
        best = int(heights.argmax())
        return float(heights[best]), int(self._selected[best])

    def _append(self, cut: Cut, owner: int, height: float) -> None:
        """Add a cut whose own state belongs to an owner, which is highest there."""
        if self.count == len(self.intercepts):
            self._grow()
        index = self.count
        self.intercepts[index] = cut.intercept
        self.slopes[index] = cut.slope
        self.targets[index] = cut.target
        self.count += 1
        self._select(index, cut, owner, height)

    def value(self, state: Floats, target: int = 0) -> float:
        """Return the height of the approximation of one cost-to-go variable at a state."""
        heights = self.intercepts[: self.count] + self.slopes[: self.count] @ state
        own = heights[self.targets[: self.count] == target]
        return float(max(own.max(initial=-np.inf), self.floor[target]))

    @property
    def selected(self) -> NDArray[np.int64]:
        """Return the indices of the cuts that matter."""
        return self._selected[: self._selected_count]

    @property
    def scan_intercepts(self) -> Floats:
        """Return the intercepts of the selected cuts, shape (selected,)."""
        return self._scan_intercepts[: self._selected_count]

    @property
    def scan_slopes(self) -> Floats:
        """Return the slopes of the selected cuts, shape (selected, states)."""
        return self._scan_slopes[: self._selected_count]

    def add_mix(self, weights: Floats) -> bool:
        """Add ``theta[last] >= weights @ theta[:-1]``, which joins the targets of multi-cuts under risk.

        Returns:
            Whether it is new.
        """
        if any(np.abs(known - weights).max() < 1e-12 for known in self.mixes):
            return False
        self.mixes.append(weights)
        return True

    def arrays(self) -> tuple[Floats, Floats, NDArray[np.int64]]:
        """Return copies of intercepts, slopes and targets of all cuts, in the order of their making."""
        n = self.count
        return self.intercepts[:n].copy(), self.slopes[:n].copy(), self.targets[:n].copy()

    def visited(self, latest: int | None = None) -> Floats:
        """Return a copy of the states, all or the latest, at which cuts were made, shape (visits, states)."""
        first = 0 if latest is None else max(0, self._visits - latest)
        return self._visited[first : self._visits].copy()

    def _select(self, index: int, cut: Cut, owner: int, height: float) -> None:
        """Let the cut take over the visited states where it is highest, and visit its own state."""
        visits = self._visits
        best = self._best[:visits]
        heights = self._visited[:visits] @ cut.slope
        heights += cut.intercept
        won = heights > best + 1e-9 * (1.0 + np.abs(best))
        if len(self.floor) > 1:
            won &= self._visited_targets[:visits] == cut.target
        winners = won.nonzero()[0]
        best[winners] = heights[winners]
        self._owner[winners] = index
        self._visited[visits] = cut.state
        self._visited_targets[visits] = cut.target
        self._owner[visits] = owner
        self._best[visits] = height
        self._visits += 1
        if not self._select_all and self.count - self._selected_at >= 1 + self.count // 8:
            self._reselect()
        else:
            place = self._selected_count
            self._selected[place] = index
            self._scan_intercepts[place] = cut.intercept
            self._scan_slopes[place] = cut.slope
            self._selected_count += 1

    def _reselect(self) -> None:
        """Keep for scanning only the cuts that own a visited state."""
        kept = np.unique(self._owner[: self._visits])
        self._selected_count = len(kept)
        self._selected[: len(kept)] = kept
        self._scan_intercepts[: len(kept)] = self.intercepts[kept]
        self._scan_slopes[: len(kept)] = self.slopes[kept]
        self._selected_at = self.count

    def _grow(self) -> None:
        """Double the room."""
        for name in _ROOMS:
            setattr(self, name, _doubled(getattr(self, name)))


_ROOMS = (
    "intercepts",
    "slopes",
    "targets",
    "_visited",
    "_visited_targets",
    "_best",
    "_owner",
    "_selected",
    "_scan_intercepts",
    "_scan_slopes",
)


def _doubled(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the array with twice the rows."""
    return np.concatenate((array, np.empty_like(array)))
