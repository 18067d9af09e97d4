"""What the sliders of a sweep's page need: certified bounds at every step of every slider, as a few numbers.

A slider moves limits only or prices only, in steps, and each of them moves numbers of its own. Then the
bounds of the explanation page come down to two small mixtures over the planned points:

* from below, plans valued at the new prices, mixed until their limits fit: sum of shares × own value;
* from above, duals priced at the new limits, mixed until their prices fit.

Both are told by the coordinates alone where prices are straight lines in them, upper limits are concave and
lower ones convex, which is checked at every step and every planned coordinate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.errors import CaseError
from capexpand.model.blocks import Floats, LinearProgram
from capexpand.optimiser.brackets import Brackets, ProgramChange, Support
from capexpand.optimiser.limit_prices import priced_own, worth
from capexpand.reporting.blocks import Sliders
from capexpand.reporting.serial import Document
from capexpand.studies.sweep.axes import Axis, Point
from capexpand.studies.sweep.findings import SweepFindings, centre_of, program_at
from capexpand.wording import MoneyScale

STEPS = 21
MOST_SLIDERS = 4
MOST_SUPPORTS = 200
_CLOSE = 1e-9

_BOUNDS = ("column_lower", "column_upper", "row_lower", "row_upper")


@dataclass(frozen=True, slots=True)
class _Slider:
    """An axis that becomes a slider.

    Args:
        number: of the axis.
        kind: ``limits`` or ``prices``.
        at: coordinates at which programs were built: the steps, then those of the planned points.
        programs: for each of them, the other axes as declared.
        rising: whether a higher coordinate only widens limits.
    """

    number: int
    kind: str
    at: tuple[float, ...]
    programs: tuple[LinearProgram, ...]
    rising: bool


def sliders(findings: SweepFindings, scale: MoneyScale) -> Sliders | None:
    """Return the sliders of a sweep; None where no axis allows one, or too little was planned."""
    start = centre_of(findings.axes)
    pairs = _supports(findings, start)
    if findings.declared.support is None or len(pairs) < 2:
        return None
    found: list[_Slider] = []
    for number, (axis, kinds) in enumerate(zip(findings.axes, findings.kinds, strict=True)):
        if axis.numeric and kinds in ({"limits"}, {"prices"}) and len(found) < MOST_SLIDERS:
            made = _slider(findings, number, next(iter(kinds)), pairs, start)
            if made is not None:
                found.append(made)
    if not found:
        return None
    fixed = [n for n in range(len(start)) if n not in {one.number for one in found}]
    pairs = [pair for pair in pairs if all(pair[0][n] == start[n] for n in fixed)][:MOST_SUPPORTS]
    if len(pairs) < 2 or not _separate(findings, found, start):
        return None
    data = _data(findings, found, pairs, scale)
    others = [findings.axes[n] for n in fixed]
    note = "Both bounds are certified: no plan is better than the upper one, some plan reaches the lower one."
    if others:
        note += f" As declared stay: {', '.join(axis.path for axis in others)}."
    return Sliders("What if", note, data)


def _supports(findings: SweepFindings, start: Point) -> list[tuple[Point, Support, float]]:
    """Planned points with the coefficients of the declared case, their supports and net present values."""
    declared = findings.declared
    known = [(start, declared), *findings.planned]
    here = ProgramChange.between(findings.program, findings.program)
    name = None if here is None else here.coefficients
    return [
        (point, outcome.support, findings.values(outcome).npv)
        for point, outcome in known
        if outcome.support is not None and outcome.support.change.coefficients == name
    ]


def _slider(
    findings: SweepFindings, number: int, kind: str, pairs: list[tuple[Point, Support, float]], start: Point
) -> _Slider | None:
    axis = findings.axes[number]
    steps = [float(f"{x:.12g}") for x in np.linspace(axis.low, axis.high, STEPS)]
    at = tuple(dict.fromkeys((*steps, *(pair[0][number] for pair in pairs))))
    programs: list[LinearProgram] = []
    for x in at:
        try:
            program = program_at(findings.box, (*start[:number], x, *start[number + 1 :]))
        except CaseError:
            return None
        change = ProgramChange.between(findings.program, program)
        if change is None or not change.kinds <= {kind}:
            return None
        programs.append(program)
    rising = _shape(at, programs, kind)
    return None if rising is None else _Slider(number, kind, at, tuple(programs), rising)


def _shape(at: tuple[float, ...], programs: list[LinearProgram], kind: str) -> bool | None:
    """Whether limits only widen with the coordinate; None where mixtures of coordinates would not fit."""
    order = np.argsort(at)
    x = np.array(at)[order]
    if kind == "prices":
        costs = np.stack([np.append(programs[i].cost, programs[i].offset) for i in order])
        return False if _bends(x, costs, 0) else None
    rising = True
    for name, sign in (("row_upper", -1), ("column_upper", -1), ("row_lower", 1), ("column_lower", 1)):
        values = np.stack([getattr(programs[i], name) for i in order])
        moved = (values != values[0]).any(axis=0)
        if not np.isfinite(values[:, moved]).all() or not _bends(x, values[:, moved], sign):
            return None
        rising &= bool((-sign * np.diff(values[:, moved], axis=0) >= 0).all())
    fixed = [programs[i].row_lower == programs[i].row_upper for i in order]
    equal = np.stack([np.where(f, programs[i].row_upper, 0.0) for f, i in zip(fixed, order, strict=True)])
    moved = (equal != equal[0]).any(axis=0)
    return (rising and not moved.any()) if _bends(x, equal[:, moved], 0) else None


def _bends(x: Floats, values: Floats, sign: int) -> bool:
    """Whether values [coordinate, number] bend down (-1), up (1) or not at all (0)."""
    if values.shape[1] == 0:
        return True
    slopes = np.diff(values, axis=0) / np.diff(x)[:, None]
    size = np.maximum(np.abs(values).max(axis=0), 1.0) / max(float(np.ptp(x)), 1e-300)
    bend = np.diff(slopes, axis=0) / size
    room = _CLOSE / (np.min(np.diff(x)) / max(float(np.ptp(x)), 1e-300))
    if sign == 0:
        return bool((np.abs(bend) <= room).all())
    return bool((sign * bend >= -room).all())


def _separate(findings: SweepFindings, found: list[_Slider], start: Point) -> bool:
    """Whether every slider moves numbers of its own, so that what they do adds up."""
    for ends in (0, STEPS - 1):
        point = list(start)
        put = findings.program
        changed: dict[str, Floats] = {name: getattr(put, name).copy() for name in ("cost", *_BOUNDS)}
        offset = put.offset
        for one in found:
            point[one.number] = one.at[ends]
            for name, part in changed.items():
                moved = _moved(one, name, findings.program)
                part[moved] = getattr(one.programs[ends], name)[moved]
            offset += one.programs[ends].offset - put.offset
        try:
            true = program_at(findings.box, tuple(point))
        except CaseError:
            return False
        alike = all(_close(part, getattr(true, name)) for name, part in changed.items())
        if not alike or abs(offset - true.offset) > _CLOSE * max(1.0, abs(offset)):
            return False
    return True


def _close(one: Floats, other: Floats) -> bool:
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=_CLOSE, atol=_CLOSE))


def _moved(one: _Slider, name: str, reference: LinearProgram) -> np.ndarray:
    """Places of a part of the program that a slider moves."""
    here = getattr(reference, name)
    differs = np.zeros(here.size, dtype=np.bool_)
    for program in one.programs:
        differs |= ~np.isclose(getattr(program, name), here, rtol=1e-12, atol=1e-12)
    return np.flatnonzero(differs)


def _data(
    findings: SweepFindings,
    found: list[_Slider],
    pairs: list[tuple[Point, Support, float]],
    scale: MoneyScale,
) -> Document:
    reference = findings.program
    held = Brackets(reference, [support for _, support, _ in pairs])
    lower, upper = np.zeros(len(pairs)), np.zeros(len(pairs))
    gains = {one.number: np.zeros((len(pairs), len(one.at))) for one in found}
    for k in range(len(pairs)):
        columns, duals, reduced = held.vectors(k)
        upper[k] = priced_own(reference, duals, reduced)
        lower[k] = float(reference.cost @ columns)
        for one in found:
            table = gains[one.number][k]
            for s, program in enumerate(one.programs):
                if one.kind == "limits":
                    table[s] = _limits_worth(one, program, duals, reduced, reference)
                else:
                    table[s] = float((program.cost - reference.cost) @ columns)
    shown = [_shown(findings.axes[one.number], one, gains[one.number], reference) for one in found]
    declared = findings.declared.values
    return {
        "unit": scale.unit,
        "divisor": scale.divisor,
        "offset": reference.offset,
        "lower": lower,
        "upper": np.where(np.isfinite(upper), upper, np.nan),
        "points": [[point[one.number] for one in found] for point, _, _ in pairs],
        "npv": [npv for _, _, npv in pairs],
        "declared": None if declared is None else declared.objective,
        "axes": shown,
    }


def _limits_worth(
    one: _Slider, program: LinearProgram, duals: Floats, reduced: Floats, reference: LinearProgram
) -> float:
    """What duals say that the limits of a step are worth more than those declared."""
    rows = np.union1d(_moved(one, "row_lower", reference), _moved(one, "row_upper", reference))
    columns = np.union1d(_moved(one, "column_lower", reference), _moved(one, "column_upper", reference))
    total = 0.0
    for sign, each in ((1.0, program), (-1.0, reference)):
        total += sign * worth(duals[rows], each.row_lower[rows], each.row_upper[rows])
        total += sign * worth(reduced[columns], each.column_lower[columns], each.column_upper[columns])
    return total


def _shown(axis: Axis, one: _Slider, gains: Floats, reference: LinearProgram) -> Document:
    steps = one.at[:STEPS]
    start = axis.levels[len(axis.levels) // 2] if axis.declared is None else axis.declared
    return {
        "path": axis.path,
        "kind": one.kind,
        "rising": one.rising,
        "at": steps,
        "labels": [axis.label(float(f"{x:.6g}")) for x in steps],
        "start": int(np.argmin([abs(x - start) for x in steps])),
        "offset": [program.offset - reference.offset for program in one.programs[:STEPS]],
        "gains": gains[:, :STEPS],
    }
