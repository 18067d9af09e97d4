"""Inputs that changed between two cases, and cases with some of the changes.

A change is a fact where the nearest block that says anything names a source (or the catalogue), and an
assumption otherwise. Where the plan starts, what stands then and what is left of the programme belong to a
third cause: time that has passed.
"""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from capexpand.case.loading import load_case
from capexpand.case.reading import FILE_FIELDS, ORIGIN_FIELDS, REFERENCE_FIELDS, is_number
from capexpand.case.schema import Case
from capexpand.files.json_text import JsonObject

Cause = Literal["time", "facts", "assumptions", "words"]

WORDS = ("title", "description", "source", "reason", "basis_date")
"""Fields that say something about numbers and are none."""
_PASSED = ("calendar", "opening", "as_of")
_PASSED_WITH_START = (
    "announced", "announced_quarters", "cap", "cap_by_date", "floor", "renewal_without_programme", "spent",
    "window_quarters", "window_start",
)  # fmt: skip
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class InputChange:
    """One input that differs.

    Args:
        path: dotted place in the case, such as ``offers.server.buy.price``.
        cause: what kind of change it is.
        old: as written in the old case, empty where it lacked.
        new: as written in the new case, empty where it lacks.
    """

    path: str
    cause: Cause
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of two cases, whose tables have names of their own where their contents differ."""

    old: JsonObject
    new: JsonObject
    tables: Mapping[str, bytes]

    @classmethod
    def of(cls, old: Case, new: Case) -> Documents:
        """Return the documents of two loaded cases."""
        before, after = old.provenance, new.provenance
        tables = dict(before.tables)
        renamed: dict[str, str] = {}
        for name, content in after.tables.items():
            own = name
            if tables.get(name, content) != content:
                own = f"{Path(name).stem}-new{Path(name).suffix}"
            renamed[name] = own
            tables[own] = content
        document = copy.deepcopy(after.document)
        _rename(document, renamed)
        return cls(copy.deepcopy(before.document), document, tables)

    @property
    def places(self) -> dict[tuple[str, ...], Cause]:
        """Every place that differs, with its cause."""
        moved = self.old.get("calendar") != self.new.get("calendar")
        return {
            place: _cause(self.old, self.new, place, moved=moved) for place in _differing(self.old, self.new)
        }

    def changes(self) -> tuple[InputChange, ...]:
        """Return every input that differs, in the order of the new case."""
        return tuple(
            InputChange(
                ".".join(inner), cause, _written(_at(self.old, inner)), _written(_at(self.new, inner))
            )
            for place, cause in self.places.items()
            for inner in _leaves(_at(self.old, place), _at(self.new, place), place)
        )

    def mixed(self, causes: Sequence[Cause]) -> Case:
        """Return the old case with the new inputs of some causes.

        Args:
            causes: whose changes are made; words are always those of the new case.

        Raises:
            CaseError: the mixture is no case, as where an assumption speaks of a new fact's offer.
        """
        document = copy.deepcopy(self.old)
        for place, cause in self.places.items():
            if cause == "words" or cause in causes:
                _put(document, place, _at(self.new, place))
        with tempfile.TemporaryDirectory() as folder:
            for name, content in self.tables.items():
                (Path(folder) / name).write_bytes(content)
            file = Path(folder) / "case.yaml"
            file.write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML, and read faster
            return load_case(file)


def _rename(value: Any, names: Mapping[str, str]) -> None:
    """Give tables their new names wherever a document speaks of them."""
    if isinstance(value, dict):
        for field in FILE_FIELDS:
            if isinstance(value.get(field), str):
                value[field] = names.get(value[field], value[field])
        for inner in value.values():
            _rename(inner, names)
    elif isinstance(value, list):
        for inner in value:
            _rename(inner, names)


def _differing(old: Any, new: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the places of numbers, texts and lists that differ; a whole block that one case lacks is one."""
    if old == new:
        return
    blocks = isinstance(old, dict) and isinstance(new, dict) and not (is_number(old) or is_number(new))
    if not blocks:
        yield place
        return
    for key in dict.fromkeys((*new, *old)):
        yield from _differing(old.get(key, _ABSENT), new.get(key, _ABSENT), (*place, key))


def _leaves(old: Any, new: Any, place: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the places of the numbers, texts and lists in a block that one case lacks; else the place."""
    block = new if old is _ABSENT else old if new is _ABSENT else None
    if not isinstance(block, dict) or is_number(block) or not block:
        yield place
        return
    for key, inner in block.items():
        if key not in WORDS:
            there = (_ABSENT, inner) if old is _ABSENT else (inner, _ABSENT)
            yield from _leaves(*there, (*place, str(key)))


def _at(document: Any, place: tuple[str, ...]) -> Any:
    for step in place:
        document = document.get(step, _ABSENT) if isinstance(document, dict) else _ABSENT
    return document


def _put(document: JsonObject, place: tuple[str, ...], value: Any) -> None:
    inner = document
    for step in place[:-1]:
        inner = inner.setdefault(step, {})
    if value is _ABSENT:
        inner.pop(place[-1], None)
    else:
        inner[place[-1]] = copy.deepcopy(value)


def _cause(old: JsonObject, new: JsonObject, place: tuple[str, ...], *, moved: bool) -> Cause:
    if place[-1] in WORDS:
        return "words"
    if place[0] in _PASSED or (moved and _left_over(place)):
        return "time"
    document = old if _at(new, place) is _ABSENT else new
    fact = False
    for length in range(len(place) + 1):
        block = _at(document, place[:length])
        if isinstance(block, dict):
            if any(block.get(field) is not None for field in ORIGIN_FIELDS[:2]):
                fact = block.get("source") is not None
            if length == len(place) and any(field in block for field in REFERENCE_FIELDS[:1]):
                fact = True
    return "facts" if fact else "assumptions"


def _left_over(place: tuple[str, ...]) -> bool:
    """Whether a place says what is left of a programme or a stock."""
    of_programme = place[0] == "programme" and place[1:2] and place[1] in _PASSED_WITH_START
    return bool(of_programme) or (place[0] == "offers" and place[-1] == "stock")


def _written(value: Any) -> str:
    """What stands at a place, in one line."""
    if value is _ABSENT:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        shown = {key: inner for key, inner in value.items() if key not in WORDS}
        if set(shown) == {"value"}:
            return _written(shown["value"])
        return "{" + ", ".join(f"{key}: {_written(inner)}" for key, inner in shown.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_written(inner) for inner in value) + "]"
    return json.dumps(value)
