"""Find the level at which a value reaches a target: outwards from what is assumed, then within a bracket.

Steps go outwards from the start, each aimed a little beyond where the last two put the crossing, until the
value has crossed; SciPy's TOMS 748 (Alefeld, Potra and Shi 1995) then closes the bracket. A value that fades
to the target and stays there, as that of a planner who may simply build nothing, has no crossing: its
break-even is where it comes within the tolerance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Outcome = Literal["found", "always", "never", "impossible"]
Value = Callable[[float], float | None]

FIRST_STEP = 0.1  # of the way from the start to the end of the bracket
OVERSHOOT = 1.15  # beyond where a straight line puts the crossing
LEAST_STEP = 0.03  # of the way to the end
MOST_STEPS = 12
SLACK = 2.0  # times the tolerance of money within which a level counts as found


@dataclass(frozen=True, slots=True)
class Tolerance:
    """When a level counts as found.

    Args:
        money: distance of the value from its target that is aimed at; up to ``SLACK`` times it is accepted.
        level: width of the bracket at which a jump is taken for one.
    """

    money: float
    level: float


@dataclass(frozen=True, slots=True)
class Root:
    """Where a value reaches its target.

    Args:
        outcome: ``found``; ``always`` or ``never`` where the value stays on one side of the target up to the
            ends of the bracket; ``impossible`` where what must be done cannot be done before it is reached.
        level: of the crossing, or None; the last possible level where ``impossible``.
        residual: value less target at the level [money].
        pays_above: whether the target is exceeded above the level rather than below it.
        jumps: whether the value jumps over the target there.
        fades: whether it stays at the target beyond the level, rather than crossing it.
        turns: whether the value was seen to turn on the way, so that other crossings may exist.
        points: [(level, value)] all that was evaluated, by level.
    """

    outcome: Outcome
    level: float | None
    residual: float | None
    pays_above: bool
    jumps: bool
    fades: bool
    turns: bool
    points: tuple[tuple[float, float], ...]


class _Seen:
    """A value less its target, each level computed once."""

    def __init__(self, value: Value, target: float) -> None:
        self._value, self._target = value, target
        self.known: dict[float, float | None] = {}

    def __call__(self, level: float) -> float | None:
        if level not in self.known:
            found = self._value(level)
            self.known[level] = None if found is None else found - self._target
        return self.known[level]

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        return tuple(
            sorted((level, value + self._target) for level, value in self.known.items() if value is not None)
        )


def break_even_level(
    value: Value,
    *,
    start: float,
    ends: tuple[float, float],
    higher_is_better: bool,
    target: float = 0.0,
    tolerance: Tolerance,
) -> Root:
    """Return the level nearest to the start at which a value reaches its target.

    Args:
        value: money at a level; None where the world of that level is not possible.
        start: where the search begins.
        ends: of the bracket.
        higher_is_better: which way the value is expected to rise.
        target: money to be reached.
        tolerance: when a level counts as found.
    """
    seen = _Seen(value, target)
    here = seen(start)
    if here is None:
        return _root(seen, "impossible", None, tolerance, rises=higher_is_better)
    if _near(here, tolerance):
        return _root(seen, "found", start, tolerance, rises=higher_is_better)
    upwards = (_settled(here, tolerance) < 0.0) == higher_is_better
    blocked = False
    for end in (ends[1], ends[0]) if upwards else ends:
        bracket, stopped = _crossing(seen, start, end, tolerance)
        if bracket is not None:
            level = _close(seen, bracket, tolerance)
            pays_above = (level < start) == (_settled(here, tolerance) > 0.0)
            return _root(seen, "found", level, tolerance, rises=higher_is_better, pays_above=pays_above)
        blocked = blocked or stopped
        if stopped:
            break
    reached = _settled(here, tolerance) > 0.0
    side: Outcome = "impossible" if blocked else ("always" if reached else "never")
    return _root(seen, side, None, tolerance, rises=higher_is_better)


def _settled(value: float, tolerance: Tolerance) -> float:
    """A value within the tolerance counts as having come to the target from above."""
    return value - tolerance.money


def _near(value: float, tolerance: Tolerance) -> bool:
    """Near enough to stop, and not so near as to lie on a plateau at the target itself."""
    return 0.1 * tolerance.money <= value <= SLACK * tolerance.money


def _crossing(
    seen: _Seen, start: float, end: float, tolerance: Tolerance
) -> tuple[tuple[float, float] | None, bool]:
    """Two levels on either side of the crossing towards an end, and whether the way there is blocked."""
    before, last = start, _shifted(seen(start), tolerance)
    span = end - start
    if span == 0.0 or last is None:
        return None, False
    at = start + FIRST_STEP * span
    for taken in range(MOST_STEPS):
        found = _shifted(seen(at), tolerance)
        if found is None:
            return None, True
        if (found > 0.0) != (last > 0.0) or found == 0.0:
            return (before, at), False
        if at == end:
            return None, False
        ahead = OVERSHOOT * found * (at - before) / (last - found) if last != found else span
        towards = ahead if ahead * span > 0.0 else 2.0 * (at - before)
        least = LEAST_STEP * span
        step = max(abs(least), min(abs(towards), 4.0 * abs(at - before))) * (1.0 if span > 0 else -1.0)
        before, last = at, found
        at = at + step
        if abs(at - start) >= 0.98 * abs(span) or taken == MOST_STEPS - 2:
            at = end
    return None, False


def _shifted(value: float | None, tolerance: Tolerance) -> float | None:
    return None if value is None else _settled(value, tolerance)


def _close(seen: _Seen, bracket: tuple[float, float], tolerance: Tolerance) -> float:
    """The crossing within a bracket, to within the tolerance of money or of level."""
    from scipy.optimize import toms748

    def shifted(level: float) -> float:
        found = seen(level)
        if found is None or _near(found, tolerance):
            return 0.0
        return _settled(found, tolerance)

    low, high = sorted(bracket)
    for end in (low, high):
        if shifted(end) == 0.0:
            return end
    level, _ = toms748(
        shifted, low, high, xtol=tolerance.level, rtol=1e-12, maxiter=60, full_output=True, disp=False
    )
    return float(level)


def _root(
    seen: _Seen,
    outcome: Outcome,
    level: float | None,
    tolerance: Tolerance,
    *,
    rises: bool,
    pays_above: bool | None = None,
) -> Root:
    above = rises if pays_above is None else pays_above
    residual = None if level is None else seen(level)
    worse = [
        value
        for at, value in seen.known.items()
        if value is not None and level is not None and at != level and (at < level) == above
    ]
    fades = bool(worse) and all(abs(value) <= tolerance.money for value in worse)
    jumps = residual is not None and abs(residual) > SLACK * tolerance.money and not fades
    turns = above != rises or _turns(seen, tolerance, rises)
    return Root(outcome, level, residual, above, jumps, fades, turns, seen.points)


def _turns(seen: _Seen, tolerance: Tolerance, higher_is_better: bool) -> bool:
    """Whether the value falls where it should rise, by more than the optima of near levels may differ."""
    values = [value for _, value in seen.points]
    rising = values if higher_is_better else values[::-1]
    return any(later < sooner - 20.0 * tolerance.money for sooner, later in pairwise(rising))
