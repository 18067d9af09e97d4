"""Read the rows of a JSON file that a user writes; every error names line, field and value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from capexpand.errors import CaseError, Problem
from capexpand.files import parse_json
from capexpand.replay.sources.tables import read_text

_FORMULA = ("=", "+", "-", "@")


def check_name(name: str) -> str:
    """Refuse a name that a terminal would obey or a spreadsheet compute."""
    if not name.isprintable():
        raise ValueError("holds a control character; a name is plain text")
    if name.startswith(_FORMULA):
        raise ValueError("begins as a formula of a spreadsheet; a name begins with a letter or a digit")
    return name


def without_empty(row: object) -> object:
    """Leave fields out that are empty, as cells of a table are."""
    if not isinstance(row, Mapping):
        return row
    return {name: value for name, value in row.items() if value is not None and value != ""}


def refuse_truth(value: object) -> object:
    """Refuse true and false, which would count as 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("is not a number")  # noqa: TRY004 - pydantic takes no other
    return value


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(check_name)]
Row = TypeVar("Row", bound=BaseModel)
JSON_LIMIT_BYTES = 10_000_000
Position = tuple[int, int]
Places = Mapping[tuple[str | int, ...], Position]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "unknown field",
    "finite_number": "is not a finite number",
    "greater_than": "is too small; it is more than {gt:g}",
    "greater_than_equal": "is too small; it is at least {ge:g}",
    "less_than": "is too large; it is less than {lt:g}",
    "less_than_equal": "is too large; it is at most {le:g}",
    "string_too_long": "is too long; at most {max_length} characters",
    "string_too_short": "is empty",
    "string_type": "is not a text",
    "model_type": "is not a mapping of fields to values",
}
_WHOLE = "is not a whole number"


def read_json(path: Path) -> tuple[Any, str]:
    """Read a JSON file.

    Returns:
        The document, and the text that it was read from.

    Raises:
        CaseError: the file cannot be read or is not JSON; NaN, Infinity and a key given twice are not.
    """
    text = read_text(path, JSON_LIMIT_BYTES)
    return parse_json(text, path), text


def read_rows(path: Path, name: str, kind: type[Row]) -> tuple[Row, ...]:
    """Read a JSON file with a list of objects under one name.

    Args:
        name: of the list, such as ``nodes``.
        kind: the model of a row.

    Raises:
        CaseError: everything that is wrong with it.
    """
    document, text = read_json(path)
    rows = document.get(name) if isinstance(document, dict) else None
    if not isinstance(rows, list) or not rows:
        raise CaseError([Problem(f'needs an object with the list "{name}" of objects', file=path)])
    places = find_places(text)
    positions = [places.get((name, number), (1, 1)) for number in range(len(rows))]
    return check_rows(
        rows, kind, name=name, source=path, lines=[line for line, _ in positions], places=places
    )


def check_rows(
    rows: Sequence[object],
    kind: type[Row],
    *,
    name: str,
    source: Path | None = None,
    lines: Sequence[int] | None = None,
    places: Places | None = None,
) -> tuple[Row, ...]:
    """Check rows against their model.

    Args:
        rows: mappings of fields to values.
        name: of the list that holds them, for the places of problems.
        source: the file that they come from.
        places: line and column of each value in it, by list, row (from 0) and field.

    Raises:
        CaseError: everything that is wrong with them, at most twenty problems.
    """
    found: list[Row] = []
    problems: list[Problem] = []
    for number, row in enumerate(rows):
        try:
            found.append(kind.model_validate(row))
        except ValidationError as error:
            for item in error.errors(include_url=False):
                spot = (places or {}).get((name, number, *item["loc"]))
                line, column = spot or (lines[number] if lines else None, None)
                path = ".".join((f"{name}[{number + 1}]", *map(str, item["loc"])))
                problems.append(Problem(_in_words(item, kind), path, source, line, column))
    if problems:
        raise CaseError(problems[:20])
    return tuple(found)


def read_record(path: Path, kind: type[Row]) -> Row:
    """Read a JSON file that holds one object.

    Args:
        kind: the model of the object.

    Raises:
        CaseError: everything that is wrong with it, at most twenty problems.
    """
    document, text = read_json(path)
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        places = find_places(text)
        problems = [
            Problem(
                _in_words(item, kind),
                ".".join(map(str, item["loc"])),
                path,
                *places.get(tuple(item["loc"]), (None, None)),
            )
            for item in error.errors(include_url=False)
        ]
        raise CaseError(problems[:20]) from None


def _in_words(item: Any, kind: type[BaseModel]) -> str:
    """Say what is wrong with a value, and what would be right."""
    known = _WORDS.get(item["type"])
    if item["type"] == "extra_forbidden":
        from capexpand.case.reading import suggest

        return f"unknown field{suggest(str(item['loc'][-1]), list(kind.model_fields))}"
    if item["type"] == "missing":
        return "is missing"
    if known is None:
        if item["type"].startswith("int_"):
            known = _WHOLE
        elif item["type"].startswith("float_"):
            known = "is not a number"
        else:
            known = str(item["msg"]).removeprefix("Value error, ")
    said = known.format(**item.get("ctx", {})) if "{" in known else known
    return said if not item["loc"] else f"{show(item['input'])} {said}"


def show(value: object) -> str:
    """Return a value as a user wrote it, cut where it is long."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    text = text if len(text) <= 60 else text[:57] + "..."
    return ascii(text) if not text.isprintable() else f"'{text}'"


def find_places(text: str) -> Places:
    """Find where each value of a JSON document stands, by its path.

    Args:
        text: a document that is known to be JSON.

    Returns:
        Line and column from 1, by keys and numbers of elements (from 0).
    """
    found: dict[tuple[str | int, ...], Position] = {}
    path: list[str | int] = []
    awaits_key = False
    line, counted, line_start = 1, 0, 0
    for match in _TOKEN.finditer(text):
        piece, start = match.group(), match.start()
        if piece == ":":
            continue
        if piece in "}]":
            path.pop()
            awaits_key = False
            continue
        if piece == ",":
            if isinstance(path[-1], int):
                path[-1] += 1
            else:
                awaits_key = True
            continue
        if awaits_key:
            path[-1] = json.loads(piece)
            awaits_key = False
            continue
        line += text.count("\n", counted, start)
        counted, line_start = start, text.rfind("\n", 0, start)
        found[tuple(path)] = (line, start - line_start)
        if piece == "{":
            path.append("")
            awaits_key = True
        elif piece == "[":
            path.append(0)
    return found
