"""Where no plan satisfies a case: the smallest change of one assumption that would allow one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from capexpand.errors import CapexpandError
from capexpand.web.assumptions import Assumption, Assumptions, Changes

STEPS = 9
"""Halvings of the way between a level without a plan and one with a plan: to one part in 512."""

USUAL = ("budget", "supply", "grid", "demand", "delay")
"""Assumptions that are tried where none was moved."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """A level of one assumption at which there is a plan, all others as they were asked for."""

    title: str
    now: str
    level: str
    query: tuple[tuple[str, str], ...]


def remedies(
    assumptions: Assumptions, changes: Changes, feasible: Callable[[Changes], bool]
) -> tuple[Remedy, ...]:
    """Return for each assumption the nearest level found at which there is a plan.

    Each is tried alone: those that were moved on their way back to what the case says; where none was moved,
    the usual ones on their way to both ends. Between a level with a plan and one without the way is halved.

    Args:
        changes: without a plan.
        feasible: tells whether there is a plan under changes.
    """
    found: list[Remedy] = []
    for slider in assumptions.sliders:
        now = changes.levels.get(slider.name, slider.stated)
        if slider.name in changes.levels:
            ends = [slider.stated]
        elif not changes and slider.name in USUAL:
            ends = [slider.high, slider.low]
        else:
            continue
        for end in ends:
            level = _nearest(
                slider, now, end, lambda at, one=slider: feasible(_at(assumptions, changes, one, at))
            )
            if level is not None:
                query = _at(assumptions, changes, slider, level).query
                found.append(Remedy(slider.title, slider.shown(now), slider.shown(level), query))
                break
    return tuple(found)


def _at(assumptions: Assumptions, changes: Changes, slider: Assumption, level: float) -> Changes:
    """The changes with another level of one assumption."""
    others = [pair for pair in changes.query if pair[0] != slider.name]
    return assumptions.read([*others, (slider.name, slider.text(level))])


def _nearest(
    slider: Assumption, without: float, end: float, feasible: Callable[[float], bool]
) -> float | None:
    """The level nearest to one without a plan that has one, or None where the end has none either."""

    def holds(level: float) -> bool:
        try:
            return feasible(level)
        except CapexpandError:
            return False

    if without == end or not holds(end):
        return None
    good, bad = end, without
    for _ in range(STEPS):
        middle = 0.5 * (good + bad)
        good, bad = (middle, bad) if holds(middle) else (good, middle)
    rounded = _rounded(good, slider.step, up=end > without)
    return rounded if holds(rounded) else good


def _rounded(level: float, step: float, *, up: bool) -> float:
    """A level to a tenth of the slider's step, on the side that has a plan."""
    import math

    fine = step / 10.0
    count = math.ceil(level / fine - 1e-9) if up else math.floor(level / fine + 1e-9)
    return float(f"{count * fine:.10g}")
