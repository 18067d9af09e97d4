"""The facts of a case: numbers that one finding would settle, each with what it rests on.

A number is a fact of its own. The values by date of one series are one fact, since whoever finds one of them
finds all; its growth, its lasting changes and its bounds are facts of their own. The laws of uncertainties
and an announcement are no part of the plan of the mean path, so their numbers are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from capexpand.case.document import node_at, plain
from capexpand.case.evidence import Evidence, evidence_of, weakest
from capexpand.case.loading import Declaration
from capexpand.case.number_places import NumberPlace
from capexpand.case.numbers import walk
from capexpand.case.reading import SHAPE_FIELDS, Place
from capexpand.case.schema import Case
from capexpand.case.values import Figure

BESIDE_THE_PLAN = ("uncertainty", "announcement", "reported")
"""Blocks whose numbers the plan of the mean path does not rest on."""


@dataclass(frozen=True, slots=True)
class EvidenceFact:
    """A number of a case, or the values of one series.

    Args:
        place: where it stands, with the number.
        written: as the case has it.
        evidence: what it rests on; of a series the weakest of its values.
        source: of it, empty where it has none.
        reason: of it, empty where it has none.
        numbers: how many numbers of the case it is.
    """

    place: NumberPlace
    written: str
    evidence: Evidence
    source: str
    reason: str
    numbers: int = 1

    @property
    def path(self) -> str:
        """The dotted path."""
        return self.place.path

    @property
    def duration(self) -> bool:
        """Whether it is a span of time, which a plan by quarters may round."""
        return self.place.unit == "month"


def facts_of(declaration: Declaration, case: Case) -> Iterator[EvidenceFact]:
    """Yield the facts of a case in the order of the schema.

    Args:
        declaration: as the files state the case.
    """
    for place, number in walk(case):
        if place[0] in BESIDE_THE_PLAN:
            continue
        if isinstance(number, Figure):
            yield _fact(declaration, place, number)
            continue
        values: list[Figure] = []
        shapes: list[tuple[str, Figure]] = []
        for inside, figure in number.figures:
            if inside.split(".", 1)[0] in SHAPE_FIELDS:
                shapes.append((inside, figure))
            else:
                values.append(figure)
        if values:
            first = values[0]
            yield EvidenceFact(
                NumberPlace(place, number, _written(declaration, place)),
                number.written,
                weakest(values),
                first.source or "",
                first.reason or "",
                len(values),
            )
        for inside, figure in shapes:
            yield _fact(declaration, (*place, *inside.split(".")), figure)


def _fact(declaration: Declaration, place: Place, figure: Figure) -> EvidenceFact:
    return EvidenceFact(
        NumberPlace(place, figure, _written(declaration, place)),
        figure.written,
        evidence_of(figure),
        figure.source or "",
        figure.reason or "",
    )


def _written(declaration: Declaration, place: Place) -> object:
    found = node_at(declaration.node, place)
    return None if found is None else plain(found)
