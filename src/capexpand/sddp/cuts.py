"""The cuts of nodes that share a pool: affine functions of the outgoing state below their costs-to-go.

At a trial point, which is a state, the followers of a group of nodes are evaluated once. That proves a cut
for each of the group's cost-to-go functions: one for each node with single cuts, one for each outcome that
can follow with multi-cuts. The cuts of one trial point have the same number in all of these functions.

*Selection* marks the cuts that are highest at one or more of the latest trial points (level-one dominance: de
Matos, Philpott and Finardi, 2015, *Improving the performance of stochastic dual dynamic programming*;
Guigues, 2017); only these are looked at when a solver searches for a violated cut. A solver holds in its
linear program only the few that have been active lately, see ``HighsStage``. A trial point none of whose cuts
is selected will never be looked at again, so its cuts are forgotten whenever no solver holds any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capexpand.sddp.kept_cuts import KeptCuts

_MEMORY = 200
"""Trial points that selection remembers. Paths move on as a policy improves: with all of them selection keeps
twice as many cuts after a thousand iterations, which takes longer and raises the bound no more."""

NEWEST = 4
"""A solver that starts anew takes so many of the newest cuts into its program, selected or not."""

_WORTH_FORGETTING = 0.2
"""Share of the cuts that must be of no use before the others are moved together."""

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
    """The cuts of a group that may still be looked at.

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
        """Number of trial points whose cuts are kept, which is that of the cuts of every function."""
        self._select_all = select_all
        functions, width = len(lower_bound), len(states)
        # Of every cut, by function and trial point.
        self.intercepts = np.empty((functions, _FIRST_ROOM))
        self.slopes = np.empty((functions, _FIRST_ROOM, width))
        self._is_selected = np.zeros((functions, _FIRST_ROOM), dtype=np.bool_)
        # The numbers of the selected cuts of each function side by side.
        self.selected_count = np.zeros(functions, dtype=np.int64)
        self.selected = np.zeros((functions, _FIRST_ROOM), dtype=np.int64)
        # Of the latest trial points: where, which cut of a function is highest there, and how high.
        self._made = self._selected_at = 0
        self._known = 0
        self._trial_states = np.empty((_FIRST_ROOM, width))
        self._owner = np.empty((functions, _FIRST_ROOM), dtype=np.int64)
        self._best = np.empty((functions, _FIRST_ROOM))

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
        if self.count == 0:
            return np.full(len(self.functions), -np.inf), np.full(len(self.functions), -1)
        heights = self.slopes[:, : self.count] @ state
        heights += self.intercepts[:, : self.count]
        heights[~self._is_selected[:, : self.count]] = -np.inf
        best = heights.argmax(axis=1)
        return heights[np.arange(len(self.functions)), best], best

    def _append(self, point: TrialPoint, owners: Integers, heights: Floats) -> None:
        """Add a cut to every function, given the highest cut of each at the trial point and its height."""
        count, known = self.count, self._known
        if count == self.intercepts.shape[1]:
            for name in ("intercepts", "slopes", "_is_selected"):
                setattr(self, name, _longer(getattr(self, name), axis=1))
        if known == len(self._trial_states):
            self._trial_states = _longer(self._trial_states, axis=0)
            self._owner, self._best = _longer(self._owner, axis=1), _longer(self._best, axis=1)
        self.intercepts[:, count], self.slopes[:, count] = point.intercepts, point.slopes
        self._is_selected[:, count] = False
        self._trial_states[known] = point.state
        self._owner[:, known], self._best[:, known] = owners, heights
        lately = slice(max(0, known - _MEMORY), known)
        # One product for all functions: the trial points go through the processor once.
        earlier = point.slopes @ self._trial_states[lately].T
        earlier += point.intercepts[:, None]
        best = self._best[:, lately]
        won = earlier > best + 1e-9 * (1.0 + np.abs(best))
        np.copyto(best, earlier, where=won)
        np.copyto(self._owner[:, lately], count, where=won)
        self.count, self._known, self._made = count + 1, known + 1, self._made + 1
        if not self._select_all and self._made - self._selected_at >= 1 + self._made // 8:
            self._reselect()
        else:
            self._select_newest()

    def _select_newest(self) -> None:
        """Look at the newest cuts until the next selection."""
        functions, places, newest = np.arange(len(self.functions)), self.selected_count, self.count - 1
        if len(functions) and places.max() == self.selected.shape[1]:
            self._make_room(self.selected.shape[1] * 3 // 2)
        self.selected[functions, places] = newest
        self._is_selected[:, newest] = True
        self.selected_count += 1

    def _reselect(self) -> None:
        """Look only at the cuts that are highest at one of the latest trial points."""
        owners = self._owner[:, max(0, self._known - _MEMORY) : self._known]
        kept = [np.unique(of_function) for of_function in owners]
        room = max(map(len, kept), default=0) + self._made // 8 + 2
        if room > self.selected.shape[1]:
            self._make_room(room)
        self._is_selected[:] = False
        for function, numbers in enumerate(kept):
            self.selected_count[function] = len(numbers)
            self.selected[function, : len(numbers)] = numbers
            self._is_selected[function, numbers] = True
        self._selected_at = self._made

    def _make_room(self, room: int) -> None:
        """Make room for more selected cuts."""
        self.selected = np.pad(self.selected, ((0, 0), (0, max(0, room - self.selected.shape[1]))))

    def forget_unused(self) -> None:
        """Drop the cuts of trial points that no function looks at; the others get new numbers.

        Answers stay the same as long as no solver holds a cut by its old number.
        """
        if self._select_all or self.count <= NEWEST:
            return
        used = np.asarray(self._is_selected[:, : self.count].any(axis=0))
        used[-NEWEST:] = True
        if used.sum() > (1.0 - _WORTH_FORGETTING) * self.count:
            return
        number = np.cumsum(used) - 1
        for name in ("intercepts", "slopes", "_is_selected"):
            setattr(self, name, np.ascontiguousarray(getattr(self, name)[:, : self.count][:, used]))
        self.count = int(used.sum())
        self.selected = number[np.minimum(self.selected, used.size - 1)]
        lately = slice(max(0, self._known - _MEMORY), self._known)
        self._trial_states = self._trial_states[lately].copy()
        self._owner, self._best = number[self._owner[:, lately]], self._best[:, lately].copy()
        self._known = len(self._trial_states)

    def kept(self) -> KeptCuts:
        """Return what is still looked at, from which ``restore`` makes a pool that answers alike."""
        used = np.asarray(self._is_selected[:, : self.count].any(axis=0))
        used[-NEWEST:] = True
        number = np.cumsum(used) - 1
        lately = slice(max(0, self._known - _MEMORY), self._known)
        cuts = np.concatenate((self.intercepts[:, : self.count, None], self.slopes[:, : self.count]), axis=2)
        return KeptCuts(
            cuts=cuts[:, used].reshape(-1, cuts.shape[2]),
            selected=self._is_selected[:, : self.count][:, used],
            made=np.array([self._made, self._selected_at]),
            trial_states=self._trial_states[lately].copy(),
            owners=number[self._owner[:, lately]],
            best=self._best[:, lately].copy(),
        )

    def restore(self, kept: KeptCuts) -> None:
        """Take the place of the pool of which something was kept, in a pool without cuts.

        Raises:
            ValueError: it is of another group.
        """
        functions, width = len(self.lower_bound), len(self.states)
        kept.check(functions, width)
        self.count, self._known = kept.selected.shape[1], len(kept.trial_states)
        self._made, self._selected_at = map(int, kept.made)
        room = max(self.count, _FIRST_ROOM)
        self.intercepts = np.empty((functions, room))
        self.slopes = np.empty((functions, room, width))
        self._is_selected = np.zeros((functions, room), dtype=np.bool_)
        cuts = kept.cuts.reshape(functions, self.count, 1 + width)
        self.intercepts[:, : self.count], self.slopes[:, : self.count] = cuts[:, :, 0], cuts[:, :, 1:]
        self._is_selected[:, : self.count] = kept.selected
        self.selected_count = kept.selected.sum(axis=1).astype(np.int64)
        self._make_room(int(self.selected_count.max(initial=0)) + self._made // 8 + 2)
        for function, flags in enumerate(kept.selected):
            self.selected[function, : self.selected_count[function]] = np.flatnonzero(flags)
        self._trial_states, self._owner, self._best = kept.trial_states, kept.owners, kept.best

    def trial_states(self, latest: int) -> Floats:
        """Return a copy of the latest states at which cuts were made, shape (trial points, live states)."""
        return self._trial_states[max(0, self._known - latest) : self._known].copy()


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
        """Return the values of the cuts at the state zero, shape (cuts,)."""
        return self._pool.intercepts[self._number, : self._pool.count]

    @property
    def slopes(self) -> Floats:
        """Return the slopes of the cuts, shape (cuts, live states)."""
        return self._pool.slopes[self._number, : self._pool.count]

    @property
    def selected(self) -> Integers:
        """Return the numbers of the cuts that matter."""
        return self._pool.selected[self._number, : self._pool.selected_count[self._number]]

    def highest(self, state: Floats) -> tuple[float, int]:
        """Return the height at a state of the highest selected cut, and its number, else -1."""
        selected = self.selected
        if not selected.size:
            return -np.inf, -1
        heights = self.slopes[selected] @ state
        heights += self.intercepts[selected]
        best = int(heights.argmax())
        return float(heights[best]), int(selected[best])


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
