"""Programs of one case at many levels of a driver: built thrice, then moved along a straight line.

Most drivers move the numbers of the program evenly: a price moves costs, a volume moves bounds, a usable
share moves coefficients. Building every program anew would take as long as solving it from a basis at hand.
Two levels make the line, a third must lie on it; a driver whose third does not is built at every level.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from capexpand.model.blocks import Floats, LinearProgram
from capexpand.model.data import ModelData
from capexpand.model.stage import Stage
from capexpand.optimiser.deterministic import build_program

_CLOSE = 1e-9
_NUMBERS = ("cost", "column_lower", "column_upper", "row_lower", "row_upper", "value")


@dataclass(frozen=True, slots=True)
class Built:
    """A program with the columns and rows of its quarters."""

    program: LinearProgram
    stages: list[Stage]


@dataclass(slots=True)
class _Line:
    """Programs at the levels seen so far, and whether a third was found on the line of two."""

    first: tuple[float, Built]
    second: tuple[float, Built] | None = None
    straight: bool | None = None


class Programs:
    """Builds programs by family: a family is one driver for one purpose."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self.built = 0

    def at(self, family: str, level: float, m: ModelData) -> Built:
        """Return the program of a case at a level.

        Args:
            family: driver and purpose; all its cases differ by the level only.
            level: of the driver.
        """
        line = self._lines.get(family)
        if line is None:
            built = self._build(m)
            self._lines[family] = _Line((level, built))
            return built
        if line.second is None:
            built = self._build(m)
            if level != line.first[0]:
                line.second = (level, built)
            return built
        if line.straight is None and level not in (line.first[0], line.second[0]):
            built = self._build(m)
            line.straight = _same(_between(line.first, line.second, level), built.program)
            return built
        if line.straight:
            moved = _between(line.first, line.second, level)
            if moved is not None:
                return Built(moved, line.first[1].stages)
        return self._build(m)

    def _build(self, m: ModelData) -> Built:
        self.built += 1
        return Built(*build_program(m))


def _between(one: tuple[float, Built], other: tuple[float, Built], level: float) -> LinearProgram | None:
    """The program on the line through two; None where they have not the same rows and columns."""
    (start, p), (end, q) = (one[0], one[1].program), (other[0], other[1].program)
    same = p.value.size == q.value.size and p.cost.size == q.cost.size
    if not (same and np.array_equal(p.start, q.start) and np.array_equal(p.index, q.index)):
        return None
    share = (level - start) / (end - start)
    return replace(
        p,
        cost=_moved(p.cost, q.cost, share),
        offset=p.offset + share * (q.offset - p.offset),
        column_lower=_moved(p.column_lower, q.column_lower, share),
        column_upper=_moved(p.column_upper, q.column_upper, share),
        row_lower=_moved(p.row_lower, q.row_lower, share),
        row_upper=_moved(p.row_upper, q.row_upper, share),
        value=_moved(p.value, q.value, share),
    )


def _moved(one: Floats, other: Floats, share: float) -> Floats:
    with np.errstate(invalid="ignore"):  # what has no limit at either level has none
        return np.where(one == other, one, one + share * (other - one))


def _same(found: LinearProgram | None, wanted: LinearProgram) -> bool:
    if found is None or found.value.size != wanted.value.size or found.cost.size != wanted.cost.size:
        return False
    if not (np.array_equal(found.start, wanted.start) and np.array_equal(found.index, wanted.index)):
        return False
    return all(
        np.allclose(getattr(found, name), getattr(wanted, name), rtol=_CLOSE, atol=_CLOSE)
        for name in _NUMBERS
    )
