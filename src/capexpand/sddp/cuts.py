"""The cuts of nodes that share a pool: affine functions of the outgoing state below their costs-to-go.

At a trial point, which is a state, the followers of a group of nodes are evaluated once. That proves a cut
for each of the group's cost-to-go functions: one for each node with single cuts, one for each outcome that
can follow with multi-cuts. The cuts of one trial point have the same number in all of these functions.

A cost-to-go function keeps every cut. *Selection* marks those that are highest at one or more of the latest
trial points (level-one dominance: de Matos, Philpott and Finardi, 2015, *Improving the performance of
stochastic dual dynamic programming*; Guigues, 2017); only these are looked at when a solver searches for a
violated cut. A solver holds in its linear program only the few that have been active lately, see
``HighsStage``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MEMORY = 200
"""Trial points that selection remembers. Paths move on as a policy improves: with all of them selection keeps
twice as many cuts after a thousand iterations, which takes longer and raises the bound no more."""

_FIRST_ROOM = 16

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrialPoint:
    """The cuts of a group made at one trial point, ``theta[k] >= intercepts[k] + slopes[k] @ x`` for each k.

    Args:
        group: number of the group.
        state: shape (live states,), the trial point itself.
        intercepts: shape (functions,), values at the state zero.
        slopes: shape (functions, live states).
    """

    group: int
    state: Floats
    intercepts: Floats
    slopes: Floats


class CutPool:
    """All cuts of a group.

    Args:
        states: shape (live states,), which states its members can hand on as anything but zero.
        lower_bound: shape (functions,), a valid lower bound of each cost-to-go.
        select_all: whether every cut counts for good; slower, but then an answer depends on the cuts alone
            and not on which of the deselected ones a solver still holds.
    """

    def __init__(self, states: NDArray[np.int_], lower_bound: Floats, *, select_all: bool = False) -> None:
        self.states = states
        self.lower_bound = lower_bound
        self.functions = [CostToGo(self, number) for number in range(len(lower_bound))]
        self.count = 0
        """Number of trial points, which is that of the cuts of every function."""
        self._select_all = select_all
        functions, width = len(lower_bound), len(states)
        self._trial_states = np.empty((_FIRST_ROOM, width))
        # Of every cut, by function and trial point.
        self.intercepts = np.empty((functions, _FIRST_ROOM))
        self.slopes = np.empty((functions, _FIRST_ROOM, width))
        # Which cut of a function is highest at a trial point, and how high.
        self._owner = np.empty((functions, _FIRST_ROOM), dtype=np.int64)
        self._best = np.empty((functions, _FIRST_ROOM))
        # The selected cuts of each function side by side; places without a cut are at minus infinity.
        self.selected_count = np.zeros(functions, dtype=np.int64)
        self.selected = np.zeros((functions, _FIRST_ROOM), dtype=np.int64)
        self.scan_intercepts = np.full((functions, _FIRST_ROOM), -np.inf)
        self.scan_slopes = np.zeros((functions, _FIRST_ROOM, width))
        self._selected_at = 0

    def offer(self, point: TrialPoint) -> bool:
        """Add the cuts of a trial point if one of them raises its function there; tell whether."""
        own = point.intercepts + point.slopes @ point.state
        heights, highest = self._highest(point.state)
        known = np.maximum(heights, self.lower_bound)
        if not (own > known + 1e-9 * (1.0 + np.abs(known))).any():
            return False
        self._append(point, np.where(own >= heights, self.count, highest), np.maximum(own, heights))
        return True

    def add(self, point: TrialPoint) -> None:
        """Add the cuts of a trial point that raised the functions of another stream."""
        own = point.intercepts + point.slopes @ point.state
        self._append(point, np.full(len(own), self.count), own)

    def _highest(self, state: Floats) -> tuple[Floats, Integers]:
        """Return the height at a state of each function's highest selected cut, and its number."""
        most = int(self.selected_count.max())
        if most == 0:
            return np.full(len(self.functions), -np.inf), np.full(len(self.functions), -1)
        heights = self.scan_slopes[:, :most] @ state
        heights += self.scan_intercepts[:, :most]
        functions, best = np.arange(len(self.functions)), heights.argmax(axis=1)
        return heights[functions, best], self.selected[functions, best]

    def _append(self, point: TrialPoint, owners: Integers, heights: Floats) -> None:
        """Add a cut to every function, given the highest cut of each at the trial point and its height."""
        count = self.count
        if count == len(self._trial_states):
            self._trial_states = _longer(self._trial_states, axis=0)
            for name in ("intercepts", "slopes", "_owner", "_best"):
                setattr(self, name, _longer(getattr(self, name), axis=1))
        self._trial_states[count] = point.state
        self.intercepts[:, count], self.slopes[:, count] = point.intercepts, point.slopes
        self._owner[:, count], self._best[:, count] = owners, heights
        lately = slice(max(0, count - _MEMORY), count)
        # One product for all functions: the trial points go through the processor once.
        earlier = point.slopes @ self._trial_states[lately].T
        earlier += point.intercepts[:, None]
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
        functions, places, newest = np.arange(len(self.functions)), self.selected_count, self.count - 1
        if len(functions) and places.max() == self.selected.shape[1]:
            self._make_room(self.selected.shape[1] * 3 // 2)
        self.selected[functions, places] = newest
        self.scan_intercepts[functions, places] = self.intercepts[:, newest]
        self.scan_slopes[functions, places] = self.slopes[:, newest]
        self.selected_count += 1

    def _reselect(self) -> None:
        """Keep for scanning only the cuts that are highest at one of the latest trial points."""
        owners = self._owner[:, max(0, self.count - _MEMORY) : self.count]
        kept = [np.unique(of_function) for of_function in owners]
        room = max(map(len, kept), default=0) + self.count // 8 + 2
        if room > self.selected.shape[1]:
            self._make_room(room)
        for function, numbers in enumerate(kept):
            chosen = len(numbers)
            self.selected_count[function] = chosen
            self.selected[function, :chosen] = numbers
            self.scan_intercepts[function, :chosen] = self.intercepts[function, numbers]
            self.scan_intercepts[function, chosen:] = -np.inf
            self.slopes[function].take(numbers, axis=0, out=self.scan_slopes[function, :chosen], mode="clip")
        self._selected_at = self.count

    def _make_room(self, room: int) -> None:
        """Make room for more selected cuts."""
        more = ((0, 0), (0, room - self.selected.shape[1]))
        self.selected = np.pad(self.selected, more)
        self.scan_intercepts = np.pad(self.scan_intercepts, more, constant_values=-np.inf)
        self.scan_slopes = np.pad(self.scan_slopes, (*more, (0, 0)))

    def all_cuts(self) -> tuple[Floats, Floats, Floats]:
        """Return every cut in the order of their making: states, intercepts and slopes.

        Their shapes are (trial points, live states), (functions, trial points) and (functions, trial points,
        live states).
        """
        return (
            self._trial_states[: self.count],
            self.intercepts[:, : self.count],
            self.slopes[:, : self.count],
        )

    def trial_states(self, latest: int) -> Floats:
        """Return a copy of the latest states at which cuts were made, shape (trial points, live states)."""
        return self._trial_states[max(0, self.count - latest) : self.count].copy()


class CostToGo:
    """The cuts of one cost-to-go, as a view of their pool.

    Args:
        pool: of the group.
        number: of the cost-to-go function.
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
    """A node's approximation of its costs-to-go.

    Args:
        pool: of its group.
        functions: which of the pool's functions are its own, in the order of its targets.
        lower_bound: shape (targets,), a valid lower bound of each of its cost-to-go variables.
    """

    def __init__(self, pool: CutPool, functions: range, lower_bound: Floats) -> None:
        self.pool = pool
        self.functions = [pool.functions[function] for function in functions]
        self.lower_bound = lower_bound
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
        """Return the number of cuts in each cost-to-go function."""
        return self.pool.count

    def chosen(self, cuts: list[tuple[int, int]]) -> tuple[Floats, Floats]:
        """Return the intercepts and slopes of some cuts, named by target and number."""
        if len(self.functions) == 1:
            numbers = [number for _, number in cuts]
            return self.functions[0].intercepts[numbers], self.functions[0].slopes[numbers]
        return (
            np.array([self.functions[target].intercepts[number] for target, number in cuts]),
            np.array([self.functions[target].slopes[number] for target, number in cuts]),
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
