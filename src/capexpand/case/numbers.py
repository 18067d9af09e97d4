"""Goes through every number of a case with its place: for tables of sources, for hindsight, for checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from capexpand.case.reading import Place, dotted
from capexpand.case.schema import Case, Declared
from capexpand.case.values import Figure, Series


@dataclass(frozen=True, slots=True)
class NumberAt:
    """A number of a case and its dotted place, such as ``sites.west.grid.2026-01-01``."""

    path: str
    figure: Figure


def numbers(case: Case) -> Iterator[NumberAt]:
    """Yield every number of a case, in the order of the schema.

    A series yields each of its numbers: every step, growth, change and bound; a table yields one number,
    its first, which names the file and says how many rows there are.

    Args:
        case: any case, loaded or built.
    """
    for place, number in walk(case):
        if isinstance(number, Figure):
            yield NumberAt(dotted(place), number)
        else:
            for inside, figure in number.figures:
                yield NumberAt(dotted((*place, inside) if inside else place), figure)


def walk(declared: object, place: Place = ()) -> Iterator[tuple[Place, Figure | Series]]:
    """Yield every figure and series inside a block, a mapping or a sequence, with its place.

    Args:
        declared: what to go through.
        place: where it stands.
    """
    if isinstance(declared, Figure | Series):
        yield place, declared
    elif isinstance(declared, Declared):
        for name in type(declared).model_fields:
            yield from walk(getattr(declared, name), (*place, name))
    elif isinstance(declared, Mapping):
        for key, value in declared.items():
            yield from walk(value, (*place, str(key)))
    elif isinstance(declared, tuple):
        for position, value in enumerate(declared):
            yield from walk(value, (*place, position))
