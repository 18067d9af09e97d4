"""Finds numbers of a case by their dotted path, and says what to write there for another number.

A path leads to a figure, a series, or one number inside a series such as its growth: any path that
``capexpand check`` prints. ``*`` stands for any one step, and an entry of a list is named by its position or
by its ``name`` or ``title``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from capexpand.case.document import DocumentNode, node_at, plain
from capexpand.case.loading import Declaration
from capexpand.case.merging import apply_settings
from capexpand.case.numbers import numbers
from capexpand.case.reading import ORIGIN_FIELDS, SHAPE_FIELDS, Place, dotted, suggest
from capexpand.case.schema import Case, Declared
from capexpand.case.values import Figure, Series
from capexpand.errors import CaseError, Problem
from capexpand.units import QuantityError, QuantityKind, read_quantity
from capexpand.units.quantities import CURRENCY

_SPLIT = re.compile(r"\s*([-+−]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class NumberPlace:
    """A place of a case that holds a number, or may hold one.

    Args:
        place: from the top of the case.
        number: what stands there; None for a whole number, a word, or nothing yet.
        written: what the case file says there as plain data; None where it says nothing.
    """

    place: Place
    number: Figure | Series | None
    written: object = None

    @property
    def path(self) -> str:
        """The dotted path."""
        return dotted(self.place)

    @property
    def unit(self) -> str:
        """The canonical unit; empty where no number stands."""
        return "" if self.number is None else self.number.unit

    def scaled(self, factor: float) -> object:
        """Return what to write there for the number times a factor; a series keeps its growth and bounds.

        Args:
            factor: at least 0 where the number may not be negative.
        """
        return self._mapped(lambda value: value * factor)

    def shifted(self, amount: float) -> object:
        """Return what to write there for the number plus an amount.

        Args:
            amount: [canonical unit].
        """
        return self._mapped(lambda value: value + amount)

    def _mapped(self, change: Callable[[float], float]) -> object:
        assert self.number is not None  # noqa: S101 - whoever asks has seen a number
        base: object
        if isinstance(self.number, Figure):
            base = _text(change(self.number.value), self.number.unit)
        elif self.number.steps[0][0] is None:
            base = _text(change(self.number.steps[0][1]), self.number.unit)
        else:
            base = {str(day): _text(change(value), self.number.unit) for day, value in self.number.steps}
        kept = self.written if isinstance(self.written, dict) else {}
        fields = {
            name: value
            for name, value in kept.items()
            if name in ORIGIN_FIELDS or (name in SHAPE_FIELDS and isinstance(self.number, Series))
        }
        return {**fields, "value": base} if fields or isinstance(self.number, Series) else base

    def amount(self, written: str) -> float:
        """Return a text with a unit as an amount in the number's own unit.

        Args:
            written: such as ``10 MW``; a share a year may leave out the year.

        Raises:
            QuantityError: it cannot be converted.
        """
        assert self.number is not None  # noqa: S101 - whoever asks has seen a number
        unit, money = self.number.unit, self.number.currency
        generic = unit.replace(money, CURRENCY) if money else unit
        kind = QuantityKind(
            "a number", (generic,), f"1 {unit}", minimum=None, bare=unit in ("1", "unit"), per_unit=True
        )
        text = f"{written.strip()}/year" if unit == "1/year" and written.strip().endswith("%") else written
        found = read_quantity(text, kind, currency=money or "CNY")
        if found.currency != money:
            raise QuantityError(f"'{written}' is in {found.currency}, but the case has {money} there")
        return found.value


def split_number(written: str) -> tuple[float, str] | None:
    """Return a text's number and its unit, or None where it begins with no number.

    Args:
        written: such as ``12.5 %/year``.
    """
    match = _SPLIT.match(written)
    if match is None:
        return None
    return float(match[1].replace(",", "").replace("−", "-")), match[2].strip()


def find_numbers(declaration: Declaration, case: Case, path: str) -> tuple[NumberPlace, ...]:
    """Return the places that a path leads to.

    Args:
        declaration: as the files state the case.
        path: dotted; ``*`` stands for any one step.

    Returns:
        At least one place; one without a number where something may be written that is no figure.

    Raises:
        CaseError: the path leads nowhere.
    """
    steps = path.split(".")
    found = tuple(_inside(case, steps, ()))
    if found:
        return tuple(NumberPlace(place, number, _written(declaration.node, place)) for place, number in found)
    if "*" in path:
        raise CaseError([Problem("no number of the case has such a path", path=path)])
    here = node_at(declaration.node, tuple(steps))
    if here is not None and (isinstance(here.value, tuple) or here.mapping is not None):
        inside = [number.path for number in numbers(case) if number.path.startswith(f"{path}.")]
        example = f"; name one inside it, such as {inside[0]}" if inside else ""
        raise CaseError([Problem(f"is no number{example}", path=path)])
    if here is None:
        _check_settable(declaration, case, path)
    return (NumberPlace(tuple(steps), None, None if here is None else plain(here)),)


def _check_settable(declaration: Declaration, case: Case, path: str) -> None:
    """Refuse a path at which nothing may stand, and say which number is near."""
    try:
        apply_settings(declaration.node, {path: "1"})
    except CaseError as error:
        message = error.problems[0].message
        if "did you mean" not in message:
            message += suggest(path, [n.path for n in numbers(case) if ".moves." not in n.path])
        raise CaseError([Problem(message, path=path)]) from None


def _written(node: DocumentNode, place: Place) -> object:
    """What the file says at a place, as plain data."""
    found = node_at(node, place)
    return None if found is None else plain(found)


def _inside(declared: object, steps: list[str], place: Place) -> Iterator[tuple[Place, Figure | Series]]:
    """Yield what a path leads to inside a block, a mapping, a sequence or a series."""
    if isinstance(declared, Series):
        yield from _inside_series(declared, steps, place)
    elif isinstance(declared, Figure):
        if not steps or steps == ["value"]:
            yield place, declared
    elif steps:
        for key, value in _entries(declared, steps[0]):
            yield from _inside(value, steps[1:], (*place, key))


def _inside_series(series: Series, steps: list[str], place: Place) -> Iterator[tuple[Place, Figure | Series]]:
    if not steps or steps == ["value"]:
        yield place, series
        return
    wanted = ".".join(steps)
    for inside, figure in series.figures:
        if fnmatchcase(inside, wanted):
            yield (*place, *inside.split(".")), figure


def _entries(declared: object, step: str) -> Iterator[tuple[str, object]]:
    """Yield the entries that a step names, with the step that a variant writes for each."""
    if isinstance(declared, Declared):
        entries = [(name, getattr(declared, name)) for name in type(declared).model_fields]
    elif isinstance(declared, Mapping):
        entries = [(str(key), value) for key, value in declared.items()]
    elif isinstance(declared, tuple):
        for position, value in enumerate(declared):
            names = (str(position), getattr(value, "name", None), getattr(value, "title", None))
            if step == "*" or step in names:
                yield str(position), value
        return
    else:
        return
    yield from (entry for entry in entries if fnmatchcase(entry[0], step) and entry[1] is not None)


def _text(value: float, unit: str) -> str | float:
    return value if unit == "1" else f"{value!r} {unit}"
