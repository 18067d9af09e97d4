"""The cuts of a family of nodes: affine functions of the outgoing state below their costs-to-go.

One visit of a family, at one state, proves a cut for each of its costs-to-go: one for each node with single
cuts, one for each outcome that can follow with multi-cuts. A *lane* holds the cuts of one cost-to-go, and the
cuts of one visit have the same number in all lanes.

A lane keeps every cut. *Selection* marks those that are highest at one or more states visited lately
(level-one dominance: de Matos, Philpott and Finardi, 2015, *Improving the performance of stochastic dual
dynamic programming*; Guigues, 2017); only these are looked at when a solver searches for a violated cut.
A solver holds in its linear program only the few that have been active lately, see ``HighsStage``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MEMORY = 200
"""Visits that selection remembers. Paths move on as a policy improves: with all visits selection keeps twice
as many cuts after a thousand iterations, which takes longer and raises the bound no more."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Visit:
    """What one visit of a family proves, ``theta[lane] >= intercepts[lane] + slopes[lane] @ x``.

    Args:
        family: number of the family.
        state: shape (live states,), where it was made.
        intercepts: shape (lanes,), values at the state zero.
        slopes: shape (lanes, live states).
    """

    family: int
    state: Floats
    intercepts: Floats
    slopes: Floats


class Lane:
    """The cuts of one cost-to-go, with the selection of those that matter.

    Args:
        width: number of live states.
        select_all: see ``CutPool``.
    """

    def __init__(self, width: int, *, select_all: bool) -> None:
        self._select_all = select_all
        self.count = 0
        self.intercepts = np.empty(16)
        self.slopes = np.empty((16, width))
        self._best = np.empty(16)
        self._owner = np.zeros(16, dtype=np.int32)
        self._selected = np.empty(16, dtype=np.int64)
        self._scan_intercepts = np.empty(16)
        self._scan_slopes = np.empty((16, width))
        self._selected_count = 0
        self._selected_at = 0

    @property
    def selected(self) -> Integers:
        """Return the indices of the cuts that matter."""
        return self._selected[: self._selected_count]

    @property
    def scan_intercepts(self) -> Floats:
        """Return the intercepts of the selected cuts, shape (selected,)."""
        return self._scan_intercepts[: self._selected_count]

    @property
    def scan_slopes(self) -> Floats:
        """Return the slopes of the selected cuts, shape (selected, live states)."""
        return self._scan_slopes[: self._selected_count]

    def highest(self, state: Floats) -> tuple[float, int]:
        """Return the height at a state of the highest selected cut, and its index; -1 where there is none."""
        if self._selected_count == 0:
            return -np.inf, -1
        heights = self.scan_slopes @ state
        heights += self.scan_intercepts
        best = int(heights.argmax())
        return float(heights[best]), int(self._selected[best])

    def append(self, intercept: float, slope: Floats, *, earlier: Floats, owner: int, height: float) -> None:
        """Add a cut.

        Args:
            intercept: of the cut.
            slope: of the cut.
            earlier: shape (visits,), its heights at the states visited last.
            owner: which cut is highest at its own state.
            height: of that one there.
        """
        index = self.count
        if index == len(self.intercepts):
            for name in ("intercepts", "slopes", "_best", "_owner"):
                setattr(self, name, _longer(getattr(self, name)))
        self.intercepts[index] = intercept
        self.slopes[index] = slope
        first = index - len(earlier)
        best = self._best[first:index]
        won = (earlier > best + 1e-9 * (1.0 + np.abs(best))).nonzero()[0]
        best[won] = earlier[won]
        self._owner[first:index][won] = index
        self._owner[index], self._best[index] = owner, height
        self.count += 1
        if not self._select_all and self.count - self._selected_at >= 1 + self.count // 8:
            self._reselect()
        else:
            self._select(index)

    def _select(self, index: int) -> None:
        """Scan a cut until the next selection."""
        place = self._selected_count
        if place == len(self._selected):
            for name in ("_selected", "_scan_intercepts", "_scan_slopes"):
                setattr(self, name, _longer(getattr(self, name)))
        self._selected[place] = index
        self._scan_intercepts[place] = self.intercepts[index]
        self._scan_slopes[place] = self.slopes[index]
        self._selected_count += 1

    def _reselect(self) -> None:
        """Keep for scanning only the cuts that own a state visited lately."""
        kept = np.unique(self._owner[max(0, self.count - _MEMORY) : self.count])
        room = len(kept) + self.count // 8 + 2
        if not room <= len(self._selected) <= 2 * room:
            self._selected = np.empty(room, dtype=np.int64)
            self._scan_intercepts = np.empty(room)
            self._scan_slopes = np.empty((room, self.slopes.shape[1]))
        self._selected_count = len(kept)
        self._selected[: len(kept)] = kept
        self._scan_intercepts[: len(kept)] = self.intercepts[kept]
        self._scan_slopes[: len(kept)] = self.slopes[kept]
        self._selected_at = self.count


class CutPool:
    """All cuts of a family.

    Args:
        states: shape (live states,), which states its members can hand on as anything but zero.
        floor: shape (lanes,), a valid lower bound of each cost-to-go.
        select_all: whether every cut counts for good; slower, but then an answer depends on the cuts alone
            and not on which of the deselected ones a solver still holds.
    """

    def __init__(self, states: NDArray[np.int_], floor: Floats, *, select_all: bool = False) -> None:
        self.states = states
        self.floor = floor
        self.lanes = [Lane(len(states), select_all=select_all) for _ in floor]
        self._visited = np.empty((16, len(states)))

    @property
    def count(self) -> int:
        """Return the number of visits, which is that of the cuts of every lane."""
        return self.lanes[0].count if self.lanes else 0

    def offer(self, visit: Visit) -> bool:
        """Add the cuts of a visit if one of them raises its lane at the visited state; tell whether."""
        own = visit.intercepts + visit.slopes @ visit.state
        highest = [lane.highest(visit.state) for lane in self.lanes]
        known = np.maximum([height for height, _ in highest], self.floor)
        if not (own > known + 1e-9 * (1.0 + np.abs(known))).any():
            return False
        heights = np.array([height for height, _ in highest])
        owners = np.where(own >= heights, self.count, [owner for _, owner in highest])
        self._append(visit, owners, np.maximum(own, heights))
        return True

    def add(self, visit: Visit) -> None:
        """Add the cuts of a visit that raised the lanes of another stream, as if they raised these, too."""
        own = visit.intercepts + visit.slopes @ visit.state
        self._append(visit, np.full(len(own), self.count), own)

    def _append(self, visit: Visit, owners: NDArray[np.int_], heights: Floats) -> None:
        """Add a cut to every lane, given which cut is highest in each at the visited state, and how high."""
        count = self.count
        # One product for all lanes: the visited states go through the processor once.
        earlier = visit.slopes @ self._visited[max(0, count - _MEMORY) : count].T
        earlier += visit.intercepts[:, None]
        for number, lane in enumerate(self.lanes):
            lane.append(
                float(visit.intercepts[number]), visit.slopes[number], earlier=earlier[number],
                owner=int(owners[number]), height=float(heights[number]),
            )  # fmt: skip
        if count == len(self._visited):
            self._visited = _longer(self._visited)
        self._visited[count] = visit.state

    def visited(self, latest: int) -> Floats:
        """Return a copy of the latest states at which cuts were made, shape (visits, live states)."""
        return self._visited[max(0, self.count - latest) : self.count].copy()


class NodeCuts:
    """What a node knows of its costs-to-go.

    Args:
        pool: of its family.
        lanes: which of the pool's lanes are its own, in the order of its targets.
        floor: shape (targets,), a valid lower bound of each of its cost-to-go variables.
    """

    def __init__(self, pool: CutPool, lanes: range, floor: Floats) -> None:
        self.pool = pool
        self.lanes = [pool.lanes[lane] for lane in lanes]
        self.floor = floor
        self.mixes: list[Floats] = []

    @classmethod
    def none(cls) -> NodeCuts:
        """Return what a node knows that nothing follows."""
        return cls(CutPool(np.zeros(0, dtype=np.int_), np.zeros(0)), range(0), np.zeros(0))

    @property
    def states(self) -> NDArray[np.int_]:
        """Return the live states, in which cuts are written."""
        return self.pool.states

    @property
    def count(self) -> int:
        """Return the number of cuts in each lane."""
        return self.pool.count

    def chosen(self, cuts: list[tuple[int, int]]) -> tuple[Floats, Floats]:
        """Return the intercepts and slopes of some cuts, named by target and number."""
        if len(self.lanes) == 1:
            numbers = [number for _, number in cuts]
            return self.lanes[0].intercepts[numbers], self.lanes[0].slopes[numbers]
        return (
            np.array([self.lanes[target].intercepts[number] for target, number in cuts]),
            np.array([self.lanes[target].slopes[number] for target, number in cuts]),
        )

    def add_mix(self, weights: Floats) -> bool:
        """Add ``theta[last] >= weights @ theta[:-1]``, which joins the targets of multi-cuts under risk.

        Returns:
            Whether it is new.
        """
        if any(np.abs(known - weights).max() < 1e-12 for known in self.mixes):
            return False
        self.mixes.append(weights)
        return True


def _longer(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array with room for half as many rows again."""
    return np.concatenate((array, np.empty_like(array[: len(array) // 2 + 8])))
