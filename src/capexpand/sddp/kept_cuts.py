"""The part of a group's cuts from which a training goes on just as if it had all of them.

These are the cuts that somebody still looks at, the latest trial points with the highest cut of each function
there, and the rows that mix multi-cuts. A cut that several streams hold stands once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Record = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class KeptCuts:
    """The cuts of a group that are looked at, as one stream knows them.

    Args:
        cuts: shape (functions · trial points, 1 + live states), intercept and slopes, by function and then by
            age. Nodes that share a solver start from each other's cuts, so all functions' cuts are kept of
            each trial point that one function looks at.
        selected: shape (functions, trial points), those that are looked at for good.
        made: shape (2,), number of cuts that were ever made, and that number at the last selection.
        trial_states: shape (latest trial points, live states).
        owners: shape (functions, latest trial points), number of the highest cut there.
        best: shape (functions, latest trial points), its height.
        mix_nodes: shape (mixes,), node of each mixing row.
        mix_weights: shape (mixes, targets), its weights.
        centre: shape (live states,) where trial points are moved to, or (0,) where there is none yet.
    """

    cuts: Floats
    selected: Flags
    made: Integers
    trial_states: Floats
    owners: Integers
    best: Floats
    mix_nodes: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    mix_weights: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    centre: Floats = field(default_factory=lambda: np.zeros(0))

    def check(self, functions: int, width: int) -> None:
        """Refuse content that cannot be that of a group.

        Args:
            functions: cost-to-go functions of the group.
            width: number of its live states.

        Raises:
            ValueError: a shape or a number is wrong.
        """
        known, count = self.trial_states.shape[0], self.selected.shape[-1]
        shapes = {
            "cuts": (functions * count, 1 + width),
            "selected": (functions, count),
            "made": (2,),
            "trial_states": (known, width),
            "owners": (functions, known),
            "best": (functions, known),
        }
        wrong = [name for name, shape in shapes.items() if getattr(self, name).shape != shape]
        if wrong or self.centre.shape not in {(0,), (width,)}:
            raise ValueError(f"the kept cuts have another shape: {', '.join(wrong) or 'centre'}")
        if self.mix_weights.ndim != 2 or self.mix_nodes.shape != self.mix_weights.shape[:1]:
            raise ValueError("the kept mixing rows have another shape")
        numbers = (self.cuts, self.trial_states, self.best, self.mix_weights, self.centre)
        if not all(np.isfinite(part).all() for part in numbers):
            raise ValueError("the kept cuts are not finite")
        if not 0 <= self.made[1] <= self.made[0]:
            raise ValueError("the selection of the kept cuts makes no sense")
        if known and (self.owners.min() < 0 or self.owners.max() >= count):
            raise ValueError("a kept trial point names a cut that is not there")


_SHARED = ("cuts", "trial_states")
"""Rows that several streams hold alike."""
_KINDS = {
    "selected": np.bool_,
    "made": np.int64,
    "owners": np.int64,
    "mix_nodes": np.int64,
}


def packed_cuts(kept: Sequence[KeptCuts]) -> dict[str, NDArray[Any]]:
    """Return the cuts of a group as several know them, as one record in which each row stands once."""
    record: dict[str, NDArray[Any]] = {}
    for name in _SHARED:
        width = getattr(kept[0], name).shape[1]
        places: dict[bytes, int] = {}
        for number, one in enumerate(kept):
            rows = [places.setdefault(row.tobytes(), len(places)) for row in getattr(one, name)]
            record[f"{name} {number}"] = np.array(rows, dtype=np.int32)
        record[name] = np.frombuffer(b"".join(places), dtype=np.float64).reshape(len(places), width)
    for number, one in enumerate(kept):
        for each in fields(KeptCuts):
            if each.name not in _SHARED:
                record[f"{each.name} {number}"] = getattr(one, each.name)
    return record


def unpacked_cuts(record: Record, number: int) -> KeptCuts:
    """Return the cuts of a group as one of several knows them.

    Args:
        number: its place in ``packed_cuts``; -1 is the last.

    Raises:
        KeyError, ValueError, IndexError: the record is none of such cuts.
    """
    if number < 0:
        number += sum(name.startswith("made ") for name in record)
    parts: dict[str, NDArray[Any]] = {}
    for each in fields(KeptCuts):
        own = np.asarray(record[f"{each.name} {number}"])
        if each.name in _SHARED:
            if own.size and own.min() < 0:
                raise IndexError(f"{each.name}: a row before the first")
            own = record[each.name][own]
        parts[each.name] = np.asarray(own, dtype=_KINDS.get(each.name, np.float64))
    return KeptCuts(**parts)
