"""Turns validation errors into problems in plain words, at their place in the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from capexpand.case.document import DocumentNode, locate
from capexpand.case.figures import NUMBER_ERROR
from capexpand.case.merging import block_fields
from capexpand.case.reading import NumberProblem, Place, dotted, nearest, suggest
from capexpand.errors import Problem

_BOUNDS = {"ge": "at least", "le": "at most", "gt": "more than", "lt": "less than"}

_WORDS = {
    "missing": "is missing",
    "string_type": "is a text; put it in quotes if it looks like a number",
    "int_type": "is a whole number",
    "int_parsing": "is a whole number",
    "int_from_float": "is a whole number",
    "float_type": "is a number",
    "float_parsing": "is a number",
    "finite_number": "is a finite number",
    "bool_type": "is true or false",
    "bool_parsing": "is true or false",
    "dict_type": "is a mapping of names to values",
    "model_type": "is a mapping of fields to values",
    "model_attributes_type": "is a mapping of fields to values",
    "too_short": "needs at least one",
    "tuple_type": "is a list",
    "list_type": "is a list",
}

_PATTERNS = {
    "^[A-Z]{3}$": "is not the code of a currency, such as CNY",
    "^[A-Z]{2}$": "is not the code of a country, such as CN",
    "^[a-z0-9][a-z0-9_-]*$": "is not a name; use small letters, digits, - and _",
}


def validation_problems(error: ValidationError, node: DocumentNode) -> list[Problem]:
    """Return the problems that a validation error stands for.

    Args:
        error: what pydantic raised for the case.
        node: the merged tree of the case.

    Returns:
        Problems with their places, in the order of the document.
    """
    items = error.errors(include_url=False, include_input=True)
    misspelt = {_meant(item) for item in items if item["type"] == "extra_forbidden"}
    found: dict[tuple[str, str], Problem] = {}
    for item in items:
        if item["type"] == "missing" and item["loc"] in misspelt:
            continue  # it is there, under the unknown name beside it
        for problem in _problems(item, node):
            once = problem.message if item["type"] == NUMBER_ERROR else ""  # a union complains twice
            found.setdefault((problem.path, once), problem)
    return list(found.values())


def _meant(item: Any) -> Place:
    """The place that an unknown field was probably meant for."""
    place, name = item["loc"][:-1], str(item["loc"][-1])
    return (*place, nearest(name, block_fields(place)) or name)


def _problems(item: Any, node: DocumentNode) -> Sequence[Problem]:
    place = _inside_document(item["loc"], node, missing=item["type"] in ("missing", "extra_forbidden"))
    findings: Sequence[NumberProblem] = (
        item.get("ctx", {}).get("findings", ()) if item["type"] == NUMBER_ERROR else ()
    )
    if findings:
        return [
            _at(node, (*place, *finding.within), finding.message, finding.problem) for finding in findings
        ]
    return [_at(node, place, _message(item, place), None)]


def _at(node: DocumentNode, place: Place, message: str, elsewhere: Problem | None) -> Problem:
    if elsewhere is not None and elsewhere.line is not None:
        return Problem(elsewhere.message, dotted(place), elsewhere.file, elsewhere.line, elsewhere.column)
    if elsewhere is not None and elsewhere.file is not None:
        message = f"'{elsewhere.file}': {elsewhere.message}"
    return locate(node, place).problem(message, dotted(place))


def _inside_document(loc: Place, node: DocumentNode, *, missing: bool) -> Place:
    """Keep the steps of a place that the document has: pydantic adds its own for keys and unions."""
    place: list[str | int] = []
    for position, step in enumerate(loc):
        value = node.value
        if isinstance(value, dict) and str(step) in value:
            node = value[str(step)]
        elif isinstance(value, tuple) and isinstance(step, int) and step < len(value):
            node = value[step]
        elif not (missing and position == len(loc) - 1):
            continue
        place.append(step)
    return tuple(place)


def _message(item: Any, place: Place) -> str:
    """What is wrong, in plain words."""
    kind, context, written = item["type"], item.get("ctx", {}), item["input"]
    if kind in _WORDS:
        return _WORDS[kind]
    if kind == "extra_forbidden":
        return f"unknown field{suggest(str(place[-1]), block_fields(place[:-1]))}"
    if kind == NUMBER_ERROR:
        return str(context["message"])
    if kind == "string_pattern_mismatch":
        return f"'{written}' {_PATTERNS[context['pattern']]}"
    if kind == "literal_error":
        expected = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return f"'{written}' is none of {expected}{suggest(str(written), expected.split(', '))}"
    bound = next((name for name in _BOUNDS if name in context), None)
    return (
        f"{written} is out of range; it is {_BOUNDS[bound]} {context[bound]:g}" if bound else str(item["msg"])
    )
