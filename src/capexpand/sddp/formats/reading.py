"""Reads a problem from a file, whichever of the known formats it has."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from capexpand.errors import CaseError, Problem
from capexpand.sddp.formats.compact import graph_from_compact
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
    document = _document(file)
    form = document.get("format")
    if form == "sddp-case/compact-1":
        weighed = 0.0 if weight is None else weight
        return StatedGraph(graph_from_compact(document, weight=weighed, stages=stages), None)
    if weight is not None or stages is not None:
        raise CaseError(
            [Problem("a weight or a number of stages fits only the form sddp-case/compact-1", file=file)]
        )
    if form == "sddp-case/1":
        return StatedGraph(graph_from_document(document, file), None)
    if is_stochoptformat(document):
        return graph_from_stochoptformat(document, file)
    known = "sddp-case/1, sddp-case/compact-1 and StochOptFormat (which has a version instead)"
    raise CaseError(
        [Problem(f"the format {form!r} is not known; known are {known}", path="format", file=file)]
    )


def _document(file: Path) -> Mapping[str, Any]:
    """Parse the file."""
    try:
        content = file.read_bytes()
        text = gzip.decompress(content) if file.suffix == ".gz" else content
        document = json.loads(text)
    except OSError as error:
        raise CaseError([Problem(f"cannot be read: {error.strerror or error}", file=file)]) from error
    except json.JSONDecodeError as error:
        problem = Problem(f"is not JSON: {error.msg}", file=file, line=error.lineno, column=error.colno)
        raise CaseError([problem]) from error
    except UnicodeDecodeError as error:
        raise CaseError([Problem("is not text in UTF-8", file=file)]) from error
    if not isinstance(document, dict):
        raise CaseError([Problem("is not a JSON object", file=file)])
    return document
