"""Five kinds of evidence for a number of a case, and the usual error of a number of each kind.

This is the one place that says what the kinds mean. A number is of the first of these kinds that fits it:

* **remembered**: its source or its reason says that it is remembered or not verified, or it is a fact of the
  catalogue that nobody has seen in its source;
* **estimated**: its text says that it is an estimate, it is an analyst's, or it rests on evidence later than
  the case's ``as_of``, which says something of that day, too, but not the same;
* **derived**: it was worked out from reported numbers: a fact of the catalogue times something, what a replay
  of a trace gave, or a source together with the reason for which the number is another one;
* **reported**: it stands in a source that is named;
* **assumed**: all others, with a reason or with none.

The deviations are an assumption of this project, the same for every case: nobody has measured them. They are
relative standard deviations: of the true number about the one that stands in the case, in the mind of
somebody who knows no more of it than its kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from capexpand.case.numbers import numbers
from capexpand.case.schema import Case
from capexpand.case.values import Figure


@dataclass(frozen=True, slots=True)
class Evidence:
    """A kind of evidence.

    Args:
        name: one word.
        deviation: relative standard deviation of a number of this kind [fraction].
        meaning: in a few words.
    """

    name: str
    deviation: float
    meaning: str


REPORTED = Evidence("reported", 0.02, "stands in a named source")
DERIVED = Evidence("derived", 0.05, "worked out from what is reported")
ESTIMATED = Evidence("estimated", 0.15, "an estimate, an analyst's, or evidence of a later day")
REMEMBERED = Evidence("remembered", 0.20, "remembered, or not seen in its source")
ASSUMED = Evidence("assumed", 0.30, "a reason without a source, or neither")

EVIDENCE = (REPORTED, DERIVED, ESTIMATED, REMEMBERED, ASSUMED)
"""All kinds, the firmest first."""

_REMEMBERED = re.compile(r"\bremember|\bfrom memory\b|\bnot verified\b|\bunverified\b", re.IGNORECASE)
_ESTIMATED = re.compile(r"\bestimat", re.IGNORECASE)
_OF_CATALOGUE = {"analyst": ESTIMATED, "derived": DERIVED, "general_knowledge": REMEMBERED}


def evidence_of(figure: Figure) -> Evidence:
    """Return what a number rests on."""
    told = f"{figure.source or ''} {figure.reason or ''}"
    catalogued = None if figure.source_kind is None else _OF_CATALOGUE.get(figure.source_kind)
    if _REMEMBERED.search(told) or figure.verified is False or catalogued is REMEMBERED:
        return REMEMBERED
    if _ESTIMATED.search(told) or figure.hindsight or catalogued is ESTIMATED:
        return ESTIMATED
    if figure.computed or catalogued is DERIVED or (figure.source and figure.reason):
        return DERIVED
    return REPORTED if figure.source else ASSUMED


def weakest(figures: Iterable[Figure]) -> Evidence:
    """Return what numbers rest on that stand and fall together, as the dates of a series do.

    Args:
        figures: at least one.
    """
    return max((evidence_of(figure) for figure in figures), key=lambda kind: kind.deviation)


def evidence_counts(case: Case) -> dict[str, int]:
    """Count the numbers of a case by what they rest on.

    Returns:
        The count for the name of each kind, the firmest first.
    """
    found = dict.fromkeys((kind.name for kind in EVIDENCE), 0)
    for number in numbers(case):
        found[evidence_of(number.figure).name] += 1
    return found
