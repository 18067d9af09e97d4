"""The axes of a sweep: which number of a case moves, from where to where.

An axis is written ``PATH=LOW:HIGH:COUNT`` or ``PATH=VALUE,VALUE,…``. A value is a factor (``0.8x``), a sum
(``+10 MW``) or an amount with its unit (``7 %``); ``variant=NAME,NAME`` goes through variants of the case.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from capexpand.case.loading import Declaration, read_declaration
from capexpand.case.number_places import NumberPlace, find_numbers, split_number
from capexpand.case.schema import Case
from capexpand.case.tables import TABLE_LIMIT_BYTES
from capexpand.errors import CaseError, Problem
from capexpand.files import read_content
from capexpand.units import QuantityError, format_number

Kind = Literal["factor", "sum", "amount", "choice", "variant"]
Point = tuple[float, ...]
"""A coordinate for each axis: a factor, an amount, or the position of a choice."""

DECLARED = "as-declared"
"""The name by which a list of variants means the case without one."""
USUAL_COUNT = 5
MOST_LEVELS = 1000

_FACTOR = re.compile(r"\s*(\d+\.?\d*|\.\d+)\s*[x×]\s*$")


@dataclass(frozen=True, slots=True)
class Axis:
    """One number of a case, or several of one path, that a sweep moves.

    Args:
        path: as it was written.
        kind: what a coordinate means.
        unit: of amounts and sums, as written; empty for others.
        levels: coordinates of a grid, rising; for choices their positions.
        choices: texts that are set as they are, or names of variants; empty for numbers.
        declared: the coordinate of the case as it stands; None where it is none of the kind.
    """

    path: str
    kind: Kind
    unit: str
    levels: tuple[float, ...]
    choices: tuple[str, ...] = ()
    declared: float | None = None

    @property
    def numeric(self) -> bool:
        """Whether coordinates between the levels mean something."""
        return not self.choices

    @property
    def low(self) -> float:
        """The first coordinate."""
        return self.levels[0]

    @property
    def high(self) -> float:
        """The last coordinate."""
        return self.levels[-1]

    def at(self, share: float) -> float:
        """Return the coordinate at a share of the way from low to high, or the choice there.

        Args:
            share: from 0 to below 1.
        """
        if self.numeric:
            return self.low + share * (self.high - self.low)
        return float(min(int(share * len(self.levels)), len(self.levels) - 1))

    def label(self, coordinate: float) -> str:
        """Return a coordinate in words, such as ``0.8x`` or ``7 %``."""
        if not self.numeric:
            return self.choices[int(coordinate)]
        text = format_number(coordinate)
        if self.kind == "factor":
            return f"{text}x"
        sign = "+" if self.kind == "sum" and coordinate >= 0 else ""
        return f"{sign}{text} {self.unit}".strip()

    def read(self, written: str | float) -> float:
        """Return the coordinate that a text or number means.

        Args:
            written: as in the axis itself, or a bare number of its unit.

        Raises:
            CaseError: it is no value of this axis.
        """
        if isinstance(written, int | float):
            if not self.numeric and not 0 <= written < len(self.choices):
                raise _wrong(self.path, f"has no choice {written}; there are {', '.join(self.choices)}")
            return float(written)
        if not self.numeric:
            if written not in self.choices:
                raise _wrong(self.path, f"has no value '{written}'; there are {', '.join(self.choices)}")
            return float(self.choices.index(written))
        factor = _FACTOR.match(written)
        parts = (float(factor[1]), "") if factor else split_number(written)
        good = parts is not None and (bool(factor) == (self.kind == "factor"))
        if parts is None or not good or (self.kind != "factor" and parts[1] not in ("", self.unit)):
            raise _wrong(
                self.path, f"'{written}' is no value of this axis; write it as {self.label(self.low)}"
            )
        return parts[0]


class Box:
    """A case and the axes along which it is swept: each point of the box is a variant of the case.

    Args:
        place: the case's file, folder or name.
        variant: applied before all axes.
        written: the axes as written.

    Raises:
        CaseError: the case is wrong, or an axis is; with every wrong axis.
    """

    def __init__(self, place: str, variant: str | None, written: Sequence[str]) -> None:
        self._place, self.variant = place, variant
        self._worlds: dict[str | None, tuple[Declaration, Case]] = {}
        self.case = self._world(variant)[1]
        problems: list[Problem] = []
        axes: list[Axis] = []
        for text in written:
            try:
                axes.append(self._axis(text))
            except CaseError as error:
                problems += error.problems
        if not written:
            problems.append(
                Problem("nothing to sweep; name a number and its range, as --vary programme.cap=0.8x:1.2x:5")
            )
        problems += _twice(axes)
        if problems:
            raise CaseError(problems)
        self.axes = tuple(axes)
        self._targets: dict[tuple[str | None, int], tuple[NumberPlace, ...]] = {}
        self._check_overlaps()
        self._check_values()

    def load(self, point: Point) -> Case:
        """Return the case at a point.

        Args:
            point: a coordinate for each axis.

        Raises:
            CaseError: the case is wrong there.
        """
        variant = self.variant
        for axis, coordinate in zip(self.axes, point, strict=True):
            if axis.kind == "variant":
                name = axis.choices[int(coordinate)]
                variant = None if name == DECLARED else name
        settings: dict[str, object] = {}
        for number, (axis, coordinate) in enumerate(zip(self.axes, point, strict=True)):
            if axis.kind != "variant":
                for place in self._places(variant, number):
                    settings[_where(axis, place)] = _setting(axis, place, coordinate)
        inner_last = dict(sorted(settings.items(), key=lambda item: item[0].count(".")))
        return self._world(variant)[0].load(inner_last)

    def files(self) -> tuple[Path, ...]:
        """Read every variant that an axis names, and return all files of the case, needed no more."""
        names = {name for axis in self.axes if axis.kind == "variant" for name in axis.choices}
        variants = {self.variant, *(None if name == DECLARED else name for name in names)}
        found = [self._world(variant)[1].provenance.files for variant in variants]
        return tuple(sorted({file for files in found for file in files}))

    def copies(self) -> dict[Path, bytes]:
        """Return the content of those files, by path, for machines that cannot see them."""
        return {file: read_content(file, TABLE_LIMIT_BYTES) for file in self.files()}

    def label(self, point: Point) -> str:
        """Return a point in words."""
        return ", ".join(f"{a.path} {a.label(x)}" for a, x in zip(self.axes, point, strict=True))

    def _world(self, variant: str | None) -> tuple[Declaration, Case]:
        if variant not in self._worlds:
            declaration = read_declaration(self._place, variant)
            self._worlds[variant] = (declaration, declaration.load())
        return self._worlds[variant]

    def _places(self, variant: str | None, number: int) -> tuple[NumberPlace, ...]:
        key = (variant, number)
        if key not in self._targets:
            self._targets[key] = find_numbers(*self._world(variant), self.axes[number].path)
        return self._targets[key]

    def _axis(self, text: str) -> Axis:
        path, separator, values = (part.strip() for part in text.partition("="))
        if not (separator and path and values):
            raise CaseError(
                [Problem(f"'{text}' is no axis; write PATH=LOW:HIGH:COUNT, as programme.cap=0.8x:1.2x:5")]
            )
        if path == "variant":
            return self._variants(values)
        places = find_numbers(*self._world(self.variant), path)
        return _numeric_axis(path, values, places)

    def _variants(self, values: str) -> Axis:
        names = tuple(name.strip() for name in values.split(","))
        known = (DECLARED, *self.case.variants)
        unknown = [name for name in names if name not in known]
        if unknown:
            there = ", ".join(known)
            raise CaseError([Problem(f"there is no variant '{name}'; there are {there}") for name in unknown])
        if len(set(names)) < len(names):
            raise _wrong("variant", "names one variant twice")
        now = self.variant or DECLARED
        declared = float(names.index(now)) if now in names else None
        return Axis("variant", "variant", "", tuple(map(float, range(len(names)))), names, declared)

    def _check_overlaps(self) -> None:
        """Refuse two axes that set the same number."""
        owner: dict[str, str] = {}
        for number, axis in enumerate(self.axes):
            if axis.kind == "variant":
                continue
            for place in self._places(self.variant, number):
                other = owner.setdefault(place.path, axis.path)
                if other != axis.path:
                    raise _wrong(axis.path, f"sets {place.path}, which {other} sets, too")

    def _check_values(self) -> None:
        """Refuse an axis none of whose values the case takes, as where the unit is wrong."""
        start = [axis.levels[0] if axis.declared is None else axis.declared for axis in self.axes]
        for number, axis in enumerate(self.axes):
            first: CaseError | None = None
            for level in (axis.low, axis.levels[len(axis.levels) // 2], axis.high):
                try:
                    self.load((*start[:number], level, *start[number + 1 :]))
                    break
                except CaseError as error:
                    first = first or error
            else:
                assert first is not None  # noqa: S101 - three values were tried
                raise first


def _twice(axes: list[Axis]) -> list[Problem]:
    names = [axis.path for axis in axes]
    return [Problem("is swept twice", path=name) for name in sorted({n for n in names if names.count(n) > 1})]


def _wrong(path: str, message: str) -> CaseError:
    return CaseError([Problem(message, path=path)])


def _numeric_axis(path: str, values: str, places: tuple[NumberPlace, ...]) -> Axis:
    """Return the axis of a range or a list of values."""
    parts = [part.strip() for part in values.split(":")]
    if len(parts) == 1:
        return _listed(path, [part.strip() for part in values.split(",")], places)
    if len(parts) not in (2, 3):
        raise _wrong(path, f"'{values}' is no range; write LOW:HIGH:COUNT, as 0.8x:1.2x:5")
    count = USUAL_COUNT
    if len(parts) == 3:
        if not parts[2].isdigit() or not 2 <= int(parts[2]) <= MOST_LEVELS:
            raise _wrong(path, f"'{parts[2]}' is no number of values from 2 to {MOST_LEVELS}")
        count = int(parts[2])
    kind, unit, ends = _numbers(path, parts[:2], places)
    if not ends[0] < ends[1]:
        raise _wrong(path, f"'{values}' is an empty range: its end is not above its start")
    levels = tuple(_clean(ends[0] + (ends[1] - ends[0]) * i / (count - 1)) for i in range(count))
    return Axis(path, kind, unit, levels, declared=_declared(kind, unit, places))


def _clean(value: float) -> float:
    """A level without the last digits, which only arithmetic made."""
    return float(f"{value:.12g}")


def _listed(path: str, values: list[str], places: tuple[NumberPlace, ...]) -> Axis:
    if len(values) < 2:
        raise _wrong(path, f"'{values[0]}' is one value; write a range LOW:HIGH:COUNT or values with commas")
    if len(set(values)) < len(values):
        raise _wrong(path, "names one value twice")
    if any(place.number is None for place in places) and not all(map(split_number, values)):
        return Axis(path, "choice", "", tuple(map(float, range(len(values)))), tuple(values))
    kind, unit, levels = _numbers(path, values, places)
    return Axis(path, kind, unit, tuple(sorted(levels)), declared=_declared(kind, unit, places))


def _numbers(path: str, values: list[str], places: tuple[NumberPlace, ...]) -> tuple[Kind, str, list[float]]:
    """Return what some values are, their unit, and their numbers."""
    factors = [_FACTOR.match(value) for value in values]
    numbers = all(place.number is not None for place in places)
    if any(factors):
        if not all(factors):
            raise _wrong(path, f"mixes factors and amounts: {', '.join(values)}")
        if not numbers:
            raise _wrong(path, "has no number that a factor could change; write values")
        return "factor", "", [float(found[1]) for found in factors if found]
    split = [split_number(value) for value in values]
    bad = [value for value, found in zip(values, split, strict=True) if found is None]
    if bad:
        example = "" if places[0].number is None else f", as {places[0].number.written}"
        raise _wrong(path, f"'{bad[0]}' is no number{example}")
    good = [found for found in split if found is not None]
    units = [unit for _, unit in good if unit]
    unit = units[0] if units else ""
    if any(other != unit for other in units):
        raise _wrong(path, f"has two units, {unit} and {next(u for u in units if u != unit)}; use one")
    if not all(math.isfinite(value) for value, _ in good):
        raise _wrong(path, "holds a number that is not finite")
    kind: Kind = "sum" if any(value.startswith("+") for value in values) else "amount"
    if kind == "sum" and not numbers:
        raise _wrong(path, "has no number that a sum could change; write values")
    if numbers:
        try:
            for place in places:
                place.amount(f"1 {unit}")
        except QuantityError as error:
            raise _wrong(path, str(error).replace("'1 ", "'… ")) from None
    return kind, unit, [value for value, _ in good]


def _declared(kind: Kind, unit: str, places: tuple[NumberPlace, ...]) -> float | None:
    """The coordinate of the case as it stands."""
    if kind == "factor":
        return 1.0
    if kind == "sum":
        return 0.0
    number = places[0].number
    if number is None:
        written = places[0].written
        return float(written) if isinstance(written, int | float) else None
    value = getattr(number, "value", None)
    if value is None:
        value = number.steps[0][1] if len(number.steps) == 1 else None  # type: ignore[union-attr]
    return None if value is None else _clean(value / places[0].amount(f"1 {unit}"))


def _where(axis: Axis, place: NumberPlace) -> str:
    """Where to write: an amount at PATH.value keeps growth and bounds, at PATH it replaces them, too."""
    if axis.kind == "amount" and axis.path.endswith(".value") and not place.path.endswith(".value"):
        return f"{place.path}.value"
    return place.path


def _setting(axis: Axis, place: NumberPlace, coordinate: float) -> object:
    """What to write at a place for a coordinate."""
    if axis.kind == "factor":
        return place.scaled(coordinate)
    if axis.kind == "sum":
        return place.shifted(place.amount(f"{coordinate!r} {axis.unit}"))
    if axis.kind == "choice":
        return axis.choices[int(coordinate)]
    if place.number is None:
        whole = coordinate.is_integer() and not axis.unit
        return int(coordinate) if whole else f"{coordinate!r} {axis.unit}".strip()
    if axis.unit == "%" and place.unit == "1/year":
        return f"{coordinate!r} %/year"
    return f"{coordinate!r} {axis.unit}".strip()
