"""Programs at any point of a box without loading the case there, where their numbers are straight lines.

To load, compile and build a large case takes a third of a second, to put some numbers into its program some
milliseconds. Numbers are put in place only where each axis was seen to move them in a straight line, at its
ends and within, and the axes together by the sum of what each does: at a point within the box and at every
point that was planned. Anywhere else the case is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from capexpand.errors import CaseError
from capexpand.model.blocks import Floats, Indices, LinearProgram
from capexpand.optimiser.brackets import PARTS
from capexpand.optimiser.warm import same_structure
from capexpand.studies.sweep.axes import Axis, Point

_WITHIN = (0.191, 0.382, 0.618, 0.809)
"""Shares of the way along an axis at which its line is checked."""
_CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class _Line:
    """What one axis does: the entries of each part that it moves, and by how much for one of its coordinate.

    Args:
        offset: slope of the program's offset.
        places: for each part of a program the entries that move.
        slopes: of these.
    """

    offset: float
    places: tuple[Indices, ...]
    slopes: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class StraightProgram:
    """The program of a box as straight lines.

    Args:
        start: the point from which the lines go.
        program: there.
        lines: of those axes that are numbers, by their place; the others stay.
    """

    start: Point
    program: LinearProgram
    lines: Mapping[int, _Line]

    @classmethod
    def of(
        cls,
        axes: Sequence[Axis],
        start: Point,
        program_at: Callable[[Point], LinearProgram],
        known: Iterable[tuple[Point, LinearProgram]],
    ) -> StraightProgram | None:
        """Return the lines of a box, or None where some number does not move in one.

        Args:
            axes: of the box.
            start: the point from which the lines go.
            program_at: builds the program at a point.
            known: points whose programs were built already.
        """
        lines: dict[int, _Line] = {}
        within = list(start)
        try:
            here = program_at(start)
            for number, axis in enumerate(axes):
                if axis.numeric:
                    line = _line(axes, number, start, here, program_at)
                    if line is None:
                        return None
                    lines[number] = line
                    within[number] = axis.at(_WITHIN[number % len(_WITHIN)])
            checks = [(tuple(within), program_at(tuple(within))), *known]
        except CaseError:  # at a point where the case is none
            return None
        found = cls(start, here, lines)
        return found if all(found._fits(point, program) for point, program in checks) else None

    def at(self, point: Point) -> LinearProgram | None:
        """Return the program at a point; None where an axis that is no number stands elsewhere."""
        changed = {name: getattr(self.program, name).copy() for name in PARTS}
        offset = self.program.offset
        for number, (x, x0) in enumerate(zip(point, self.start, strict=True)):
            if x == x0:
                continue
            if number not in self.lines:
                return None
            line = self.lines[number]
            offset += line.offset * (x - x0)
            for name, places, slopes in zip(PARTS, line.places, line.slopes, strict=True):
                changed[name][places] += slopes * (x - x0)
        return replace(self.program, offset=offset, **changed)

    def _fits(self, point: Point, program: LinearProgram) -> bool:
        """Whether a program that was built is the one that the lines give, where they give one."""
        given = self.at(point)
        return given is None or _same(given, program)


def _line(
    axes: Sequence[Axis],
    number: int,
    start: Point,
    here: LinearProgram,
    program_at: Callable[[Point], LinearProgram],
) -> _Line | None:
    """The line of an axis; None where it moves something in no line."""
    axis = axes[number]
    at = [axis.low, *(axis.at(share) for share in _WITHIN), axis.high]
    programs = [program_at((*start[:number], x, *start[number + 1 :])) for x in at]
    first, last = programs[0], programs[-1]
    if not same_structure(first, last):
        return None
    length = axis.high - axis.low
    places = tuple(np.flatnonzero(getattr(first, name) != getattr(last, name)) for name in PARTS)
    moved = tuple(
        (getattr(last, name)[place] - getattr(first, name)[place]) / length
        for name, place in zip(PARTS, places, strict=True)
    )
    if not all(np.isfinite(slopes).all() for slopes in moved):
        return None
    alone = StraightProgram(
        (axis.low,), first, {0: (line := _Line((last.offset - first.offset) / length, places, moved))}
    )
    checked = zip((*at, start[number]), (*programs, here), strict=True)
    return line if all(alone._fits((x,), program) for x, program in checked) else None


def _same(one: LinearProgram, other: LinearProgram) -> bool:
    pairs = [(getattr(one, name), getattr(other, name)) for name in PARTS]
    pairs.append((np.array([one.offset]), np.array([other.offset])))
    return same_structure(one, other) and all(
        bool(np.allclose(ours, theirs, rtol=_CLOSE, atol=_CLOSE)) for ours, theirs in pairs
    )
