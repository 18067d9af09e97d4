"""Reads a YAML file into a tree in which every key and value knows its file, line and column."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from capexpand.errors import CaseError, Problem
from capexpand.files import read_content

DOCUMENT_LIMIT_BYTES = 10_000_000
_DEPTH_LIMIT = 40
_NODE_LIMIT = 1_000_000

_WORDS = (
    dict.fromkeys(("true", "True", "TRUE"), True)
    | dict.fromkeys(("false", "False", "FALSE"), False)
    | dict.fromkeys(("", "~", "null", "Null", "NULL"), None)
)
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

_STANDARD_TAG = "tag:yaml.org,2002:"
_TAGS = {  # that say no more than the shape of the value does; "!" stands for a text as well
    "ScalarEvent": ("!", f"{_STANDARD_TAG}str"),
    "MappingStartEvent": ("!", f"{_STANDARD_TAG}map"),
    "SequenceStartEvent": ("!", f"{_STANDARD_TAG}seq"),
}

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; line and column count from 1."""

    file: Path
    line: int
    column: int

    def problem(self, message: str, path: str = "") -> Problem:
        """Return a problem at this place."""
        return Problem(message, path=path, file=self.file, line=self.line, column=self.column)


@dataclass(frozen=True, slots=True)
class DocumentNode:
    """A value in a document and where it stands.

    Args:
        value: a scalar, a mapping from key to node, or a sequence of nodes.
        mark: where the value begins.
        keys: where the keys of a mapping stand.
    """

    value: Scalar | dict[str, DocumentNode] | tuple[DocumentNode, ...]
    mark: Mark
    keys: dict[str, Mark]

    @property
    def mapping(self) -> dict[str, DocumentNode] | None:
        """The mapping, or None where the value is something else."""
        return self.value if isinstance(self.value, dict) else None


def read_document(path: Path) -> DocumentNode:
    """Read a YAML file whose top is a mapping.

    Returns:
        Its tree. Scalars follow YAML 1.2, so ``NO`` is a text, and dates stay texts.

    Raises:
        CaseError: the file is missing, too large, empty, no YAML or no mapping, or a key stands twice.
    """
    return _tree(path, _content(path))


@lru_cache(maxsize=16)  # a case is read once for each of its variants
def _tree(path: Path, text: str) -> DocumentNode:
    try:
        node = _Composer(path, text).document()
    except CaseError:
        raise
    except RecursionError:
        raise CaseError([Problem("is nested too deeply", file=path)]) from None
    except Exception as error:  # noqa: BLE001 - the two parsers have no error class in common
        raise CaseError([_syntax_problem(path, error)]) from None
    if node.value is None:
        raise CaseError([Problem("is empty; a case begins with title, as_of and currency", file=path)])
    if node.mapping is None:
        message = "is not a case: its top is not a mapping of fields such as 'title: My case'"
        raise CaseError([node.mark.problem(message)])
    return node


def _content(path: Path) -> str:
    content = read_content(path, DOCUMENT_LIMIT_BYTES, advice="long series go into CSV tables")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CaseError([Problem("is not a text file in UTF-8", file=path, line=line, column=1)]) from None


def _syntax_problem(path: Path, error: Exception) -> Problem:
    """Say in plain words why a file is not YAML."""
    mark = getattr(error, "problem_mark", None)
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error).splitlines()
    reason = (said[0] if said else "not readable").strip()
    if "cannot start any token" in reason and ("\\t" in reason or "'\t'" in reason):
        reason = "a tab where only spaces may indent"
    if mark is None:
        return Problem(f"is not YAML: {reason}", file=path)
    return Problem(f"is not YAML: {reason}", file=path, line=mark.line + 1, column=mark.column + 1)


class _Composer:
    """Builds the tree from parser events, with limits that a hostile file cannot pass."""

    def __init__(self, path: Path, text: str) -> None:
        from ruamel.yaml import YAML

        self.path = path
        self.events: Iterator[Any] = iter(YAML(typ="safe").parse(text))
        self.anchors: dict[str, tuple[DocumentNode, int]] = {}
        self.nodes = 0
        self.problems: list[Problem] = []

    def document(self) -> DocumentNode:
        """Build the tree of the only document."""
        event = self._next()
        while type(event).__name__ in ("StreamStartEvent", "DocumentStartEvent"):
            event = self._next()
        if type(event).__name__ == "StreamEndEvent":
            return DocumentNode(None, Mark(self.path, 1, 1), {})
        node = self._node(event, 0)
        self._next()
        after = self._next()
        if type(after).__name__ != "StreamEndEvent":
            raise CaseError([self._mark(after).problem("is not a case: a second document begins here")])
        if self.problems:
            raise CaseError(self.problems)
        return node

    def _next(self) -> Any:
        return next(self.events)

    def _mark(self, event: Any) -> Mark:
        return Mark(self.path, event.start_mark.line + 1, event.start_mark.column + 1)

    def _node(self, event: Any, depth: int) -> DocumentNode:
        self.nodes += 1
        mark = self._mark(event)
        if depth > _DEPTH_LIMIT or self.nodes > _NODE_LIMIT:
            raise CaseError(
                [mark.problem("is nested too deeply" if depth > _DEPTH_LIMIT else "is too large")]
            )
        name = type(event).__name__
        before = self.nodes
        self._check_tag(event, mark)
        if name == "AliasEvent":
            if event.anchor not in self.anchors:
                raise CaseError([mark.problem(f"there is no anchor &{event.anchor} before this")])
            node, size = self.anchors[event.anchor]
            self.nodes += size  # an alias counts as what it stands for, or nested ones would explode
            return node
        if name == "ScalarEvent":
            node = DocumentNode(_scalar(event), mark, {})
        elif name == "MappingStartEvent":
            node = self._mapping(mark, depth)
        else:
            node = self._sequence(mark, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = (node, self.nodes - before + 1)
        return node

    def _check_tag(self, event: Any, mark: Mark) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag) not in _TAGS[type(event).__name__]:
            self.problems.append(mark.problem(f"tags such as {_short_tag(str(tag))} are not supported"))

    def _mapping(self, mark: Mark, depth: int) -> DocumentNode:
        values: dict[str, DocumentNode] = {}
        keys: dict[str, Mark] = {}
        while type(event := self._next()).__name__ != "MappingEndEvent":
            place = self._mark(event)
            if type(event).__name__ != "ScalarEvent":
                raise CaseError([place.problem("a key is a plain text")])
            self._check_tag(event, place)
            key = event.value
            if key == "<<" and event.implicit[0]:
                self.problems.append(place.problem("merge keys are not supported; use extends or repeat"))
            if key in values:
                self.problems.append(place.problem(f"'{key}' stands twice, first in line {keys[key].line}"))
            values[key] = self._node(self._next(), depth + 1)
            keys.setdefault(key, place)
        return DocumentNode(values, mark, keys)

    def _sequence(self, mark: Mark, depth: int) -> DocumentNode:
        values: list[DocumentNode] = []
        while type(event := self._next()).__name__ != "SequenceEndEvent":
            values.append(self._node(event, depth + 1))
        return DocumentNode(tuple(values), mark, {})


def _short_tag(tag: str) -> str:
    """A tag as a user writes it."""
    return f"!!{tag.removeprefix(_STANDARD_TAG)}" if tag.startswith(_STANDARD_TAG) else tag


def _scalar(event: Any) -> Scalar:
    """The value of a scalar by the core schema of YAML 1.2; quoted ones are texts."""
    text: str = event.value
    if not event.implicit[0] or text in _WORDS:
        return _WORDS[text] if event.implicit[0] else text
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return math.nan if text.lower().endswith("nan") else (-math.inf if text[0] == "-" else math.inf)
    return text


def plain(node: DocumentNode) -> Any:
    """Return the tree as plain dictionaries, lists and scalars."""
    if isinstance(node.value, dict):
        return {key: plain(value) for key, value in node.value.items()}
    if isinstance(node.value, tuple):
        return [plain(value) for value in node.value]
    return node.value


def as_node(value: object, mark: Mark) -> DocumentNode:
    """Return plain data as a tree all of which stands at one place.

    Args:
        value: dictionaries, lists and scalars.
    """
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        fields = {str(key): as_node(inner, mark) for key, inner in entries.items()}
        return DocumentNode(fields, mark, dict.fromkeys(fields, mark))
    if isinstance(value, Sequence) and not isinstance(value, str):
        parts = cast("Sequence[object]", value)
        return DocumentNode(tuple(as_node(inner, mark) for inner in parts), mark, {})
    return DocumentNode(cast("Scalar", value), mark, {})


def node_at(node: DocumentNode, place: tuple[str | int, ...]) -> DocumentNode | None:
    """Return what stands at a place of a tree, or None where nothing does.

    Args:
        node: the top of the tree.
        place: keys and positions from the top.
    """
    for step in place:
        value = node.value
        if isinstance(value, dict) and str(step) in value:
            node = value[str(step)]
        elif isinstance(value, tuple) and str(step).isdigit() and int(step) < len(value):
            node = value[int(step)]
        else:
            return None
    return node


def locate(node: DocumentNode, path: tuple[str | int, ...]) -> Mark:
    """Return the place of a path in a tree, or of the nearest thing above that exists.

    Args:
        node: the top of the tree.
        path: keys and positions from the top.

    Returns:
        The place of the last key of the path that the tree has; for an element of a sequence, of its value.
    """
    mark = node.mark
    for step in path:
        value = node.value
        if isinstance(value, dict) and str(step) in value:
            mark, node = node.keys[str(step)], value[str(step)]
        elif isinstance(value, tuple) and isinstance(step, int) and step < len(value):
            node = value[step]
            mark = node.mark
        else:
            break
    return mark
