"""Read a problem from a file, whichever of the known formats it has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from capexpand.errors import CaseError, Problem
from capexpand.sddp.formats.compact import graph_from_compact
from capexpand.sddp.formats.document import ParsedFile, clipped, read_document
from capexpand.sddp.formats.sddp_case import graph_from_document
from capexpand.sddp.formats.stochoptformat import (
    StatedGraph,
    graph_from_stochoptformat,
    is_stochoptformat,
)
from capexpand.sddp.problem import PolicyGraph


def read_problem(file: Path, *, weight: float | None = None, stages: int | None = None) -> PolicyGraph:
    """Read a multistage problem.

    Args:
        file: JSON, also compressed with gzip.
        weight: of the deficit cost, for the compact hydro-thermal form, which leaves it open; else None.
        stages: number of stages, for the compact form; else None.

    Raises:
        CaseError: the file cannot be read, or what is wrong in it.
    """
    return read_with_scenarios(file, weight=weight, stages=stages).graph


def read_with_scenarios(file: Path, *, weight: float | None = None, stages: int | None = None) -> StatedGraph:
    """Read a multistage problem and the scenarios of its own along which it is to be followed, if any.

    Args:
        file: JSON, also compressed with gzip.
        weight: as for ``read_problem``.
        stages: as for ``read_problem``.

    Raises:
        CaseError: the file cannot be read, or what is wrong in it.
    """
    document = read_document(file)
    try:
        return _stated(document, weight, stages)
    except CaseError as error:  # what the arrays show knows nothing of the file
        raise CaseError([replace(each, file=each.file or file) for each in error.problems]) from None


def _stated(document: ParsedFile, weight: float | None, stages: int | None) -> StatedGraph:
    """Return the problem of a document in any of the formats."""
    form = document.content.get("format")
    if form == "sddp-case/compact-1":
        weighed = 0.0 if weight is None else weight
        return StatedGraph(graph_from_compact(document, weight=weighed, stages=stages), None)
    if weight is not None or stages is not None:
        raise CaseError([Problem("a weight or a number of stages fits only the form sddp-case/compact-1")])
    if form == "sddp-case/1":
        return StatedGraph(graph_from_document(document), None)
    if is_stochoptformat(document):
        return graph_from_stochoptformat(document)
    known = (
        "sddp-case/1, sddp-case/compact-1 and StochOptFormat (which has a version, root and nodes instead)"
    )
    stated = "is missing" if form is None else f"{clipped(form)} is not known"
    raise document.refuse([(("format",), f"{stated}; known are {known}")])
