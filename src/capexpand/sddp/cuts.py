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

_FIRST_ROOM = 16

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
        self.lanes = [Lane(self, number) for number in range(len(floor))]
        self.count = 0
        """Number of visits, which is that of the cuts of every lane."""
        self._select_all = select_all
        lanes, width = len(floor), len(states)
        self._visited = np.empty((_FIRST_ROOM, width))
        # Of every cut, by lane and visit.
        self.intercepts = np.empty((lanes, _FIRST_ROOM))
        self.slopes = np.empty((lanes, _FIRST_ROOM, width))
        # Which cut of a lane is highest at a visited state, and how high.
        self._owner = np.empty((lanes, _FIRST_ROOM), dtype=np.int64)
        self._best = np.empty((lanes, _FIRST_ROOM))
        # The selected cuts of each lane side by side; what no lane uses is out of reach at minus infinity.
        self.selected_count = np.zeros(lanes, dtype=np.int64)
        self.selected = np.zeros((lanes, _FIRST_ROOM), dtype=np.int64)
        self.scan_intercepts = np.full((lanes, _FIRST_ROOM), -np.inf)
        self.scan_slopes = np.zeros((lanes, _FIRST_ROOM, width))
        self._selected_at = 0

    def offer(self, visit: Visit) -> bool:
        """Add the cuts of a visit if one of them raises its lane at the visited state; tell whether."""
        own = visit.intercepts + visit.slopes @ visit.state
        heights, highest = self._highest(visit.state)
        known = np.maximum(heights, self.floor)
        if not (own > known + 1e-9 * (1.0 + np.abs(known))).any():
            return False
        self._append(visit, np.where(own >= heights, self.count, highest), np.maximum(own, heights))
        return True

    def add(self, visit: Visit) -> None:
        """Add the cuts of a visit that raised the lanes of another stream, as if they raised these, too."""
        own = visit.intercepts + visit.slopes @ visit.state
        self._append(visit, np.full(len(own), self.count), own)

    def _highest(self, state: Floats) -> tuple[Floats, Integers]:
        """Return the height at a state of each lane's highest selected cut, and its number."""
        most = int(self.selected_count.max())
        if most == 0:
            return np.full(len(self.lanes), -np.inf), np.full(len(self.lanes), -1)
        heights = self.scan_slopes[:, :most] @ state
        heights += self.scan_intercepts[:, :most]
        lanes, best = np.arange(len(self.lanes)), heights.argmax(axis=1)
        return heights[lanes, best], self.selected[lanes, best]

    def _append(self, visit: Visit, owners: Integers, heights: Floats) -> None:
        """Add a cut to every lane, given which cut is highest in each at the visited state, and how high."""
        count = self.count
        if count == len(self._visited):
            self._visited = _longer(self._visited, axis=0)
            for name in ("intercepts", "slopes", "_owner", "_best"):
                setattr(self, name, _longer(getattr(self, name), axis=1))
        self._visited[count] = visit.state
        self.intercepts[:, count], self.slopes[:, count] = visit.intercepts, visit.slopes
        self._owner[:, count], self._best[:, count] = owners, heights
        lately = slice(max(0, count - _MEMORY), count)
        # One product for all lanes: the visited states go through the processor once.
        earlier = visit.slopes @ self._visited[lately].T
        earlier += visit.intercepts[:, None]
        best = self._best[:, lately]
        won = earlier > best + 1e-9 * (1.0 + np.abs(best))
        np.copyto(best, earlier, where=won)
        np.copyto(self._owner[:, lately], count, where=won)
        self.count += 1
        if not self._select_all and self.count - self._selected_at >= 1 + self.count // 8:
            self._reselect()
        else:
            self._select_newest()

    def _select_newest(self) -> None:
        """Scan the newest cuts until the next selection."""
        lanes, places, newest = np.arange(len(self.lanes)), self.selected_count, self.count - 1
        if len(lanes) and places.max() == self.selected.shape[1]:
            self._make_room(self.selected.shape[1] * 3 // 2)
        self.selected[lanes, places] = newest
        self.scan_intercepts[lanes, places] = self.intercepts[:, newest]
        self.scan_slopes[lanes, places] = self.slopes[:, newest]
        self.selected_count += 1

    def _reselect(self) -> None:
        """Keep for scanning only the cuts that own a state visited lately."""
        owners = self._owner[:, max(0, self.count - _MEMORY) : self.count]
        kept = [np.unique(of_lane) for of_lane in owners]
        room = max(map(len, kept), default=0) + self.count // 8 + 2
        if room > self.selected.shape[1]:
            self._make_room(room)
        for lane, numbers in enumerate(kept):
            chosen = len(numbers)
            self.selected_count[lane] = chosen
            self.selected[lane, :chosen] = numbers
            self.scan_intercepts[lane, :chosen] = self.intercepts[lane, numbers]
            self.scan_intercepts[lane, chosen:] = -np.inf
            self.slopes[lane].take(numbers, axis=0, out=self.scan_slopes[lane, :chosen], mode="clip")
        self._selected_at = self.count

    def _make_room(self, room: int) -> None:
        """Make room for more selected cuts."""
        more = ((0, 0), (0, room - self.selected.shape[1]))
        self.selected = np.pad(self.selected, more)
        self.scan_intercepts = np.pad(self.scan_intercepts, more, constant_values=-np.inf)
        self.scan_slopes = np.pad(self.scan_slopes, (*more, (0, 0)))

    def visited(self, latest: int) -> Floats:
        """Return a copy of the latest states at which cuts were made, shape (visits, live states)."""
        return self._visited[max(0, self.count - latest) : self.count].copy()


class Lane:
    """The cuts of one cost-to-go, as a view of their pool.

    Args:
        pool: of the family.
        number: of the lane.
    """

    def __init__(self, pool: CutPool, number: int) -> None:
        self._pool, self._number = pool, number

    @property
    def intercepts(self) -> Floats:
        """Return the values of all cuts at the state zero, shape (cuts,)."""
        return self._pool.intercepts[self._number, : self._pool.count]

    @property
    def slopes(self) -> Floats:
        """Return the slopes of all cuts, shape (cuts, live states)."""
        return self._pool.slopes[self._number, : self._pool.count]

    @property
    def selected(self) -> Integers:
        """Return the numbers of the cuts that matter."""
        return self._pool.selected[self._number, : self._pool.selected_count[self._number]]

    @property
    def scan_intercepts(self) -> Floats:
        """Return the intercepts of the selected cuts, shape (selected,)."""
        return self._pool.scan_intercepts[self._number, : self._pool.selected_count[self._number]]

    @property
    def scan_slopes(self) -> Floats:
        """Return the slopes of the selected cuts, shape (selected, live states)."""
        return self._pool.scan_slopes[self._number, : self._pool.selected_count[self._number]]

    def highest(self, state: Floats) -> tuple[float, int]:
        """Return the height at a state of the highest selected cut, and its number, else -1."""
        pool, number = self._pool, self._number
        count = pool.selected_count[number]
        if count == 0:
            return -np.inf, -1
        heights = pool.scan_slopes[number, :count] @ state
        heights += pool.scan_intercepts[number, :count]
        best = int(heights.argmax())
        return float(heights[best]), int(pool.selected[number, best])


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


def _longer(array: NDArray[Any], *, axis: int) -> NDArray[Any]:
    """Return the array with room for half as much again along an axis."""
    shape = list(array.shape)
    shape[axis] += shape[axis] // 2 + 8
    longer = np.empty(shape, dtype=array.dtype)
    longer[tuple(map(slice, array.shape))] = array
    return longer
