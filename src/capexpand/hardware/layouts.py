"""The ways to lay one copy of a model over chips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capexpand.hardware.specs import Array


@dataclass(frozen=True, slots=True)
class Layout:
    """One copy of a model over ``tensor × data × stages`` chips.

    Args:
        tensor: ways that every matrix is split (tensor parallelism).
        data: ranks that hold their own sequences and share out the experts (data and expert parallelism).
        stages: pipeline stages.
    """

    tensor: int = 1
    data: int = 1
    stages: int = 1

    @property
    def stage_chips(self) -> int:
        """Count the chips of one pipeline stage."""
        return self.tensor * self.data

    @property
    def chips(self) -> int:
        """Count the chips of one copy."""
        return self.tensor * self.data * self.stages

    @classmethod
    def parse(cls, text: str) -> Layout | None:
        """Read a layout as it is written, such as ``TP8`` or ``TP8×PP2``; None for an empty text.

        Args:
            text: parts joined by ``×``.

        Raises:
            ValueError: for anything else.
        """
        if not text:
            return None
        ways = {"TP": 1, "DEP": 1, "PP": 1}
        for part in text.upper().replace("X", "×").split("×"):
            name = part.rstrip("0123456789")
            if name not in ways or not part[len(name) :] or int(part[len(name) :]) < 1:
                raise ValueError(f"{text!r} is not a layout; write it as TP8, DEP16 or TP8×PP2")
            ways[name] = int(part[len(name) :])
        return cls(tensor=ways["TP"], data=ways["DEP"], stages=ways["PP"])

    def __str__(self) -> str:
        parts = [f"TP{self.tensor}"] if self.tensor > 1 or self.chips == 1 else []
        parts += [f"DEP{self.data}"] if self.data > 1 else []
        parts += [f"PP{self.stages}"] if self.stages > 1 else []
        return "×".join(parts) or f"PP{self.stages}"


@dataclass(frozen=True, slots=True)
class Layouts:
    """Several layouts side by side: the fields of :class:`Layout` as arrays.

    Args:
        tensor: see ``Layout``.
        data: see ``Layout``.
        stages: see ``Layout``.
    """

    tensor: Array
    data: Array
    stages: Array

    @property
    def stage_chips(self) -> Array:
        """Count the chips of one pipeline stage."""
        return self.tensor * self.data

    @property
    def chips(self) -> Array:
        """Count the chips of one copy."""
        return self.tensor * self.data * self.stages

    @classmethod
    def beside(cls, layouts: Sequence[Layout]) -> Layouts:
        """Lay layouts side by side.

        Args:
            layouts: at least one.
        """
        columns = ([getattr(one, name) for one in layouts] for name in ("tensor", "data", "stages"))
        return cls(*(np.array(column, dtype=np.float64) for column in columns))


TENSOR_WAYS = (1, 2, 4, 8, 16, 32, 64)
DATA_WAYS = (2, 4, 8, 16, 32, 64, 128, 256)
STAGE_LAYOUTS = (
    Layout(8, 1, 2),
    Layout(8, 1, 4),
    Layout(4, 1, 2),
    Layout(1, 1, 2),
    Layout(1, 1, 4),
    Layout(1, 1, 8),
)


def candidate_layouts(chips_max: int, *, experts: bool) -> tuple[Layout, ...]:
    """List the layouts to choose from.

    Args:
        chips_max: most chips that may be joined.
        experts: whether the model routes to experts, so that expert parallelism can help.
    """
    found = [Layout(tensor=ways) for ways in TENSOR_WAYS]
    found += list(STAGE_LAYOUTS)
    if experts:
        found += [Layout(data=ways) for ways in DATA_WAYS]
    return tuple(layout for layout in found if layout.chips <= chips_max)
