"""Puts documents together: ``extends`` lays a file over another one, a variant sets single places."""

from __future__ import annotations

import os
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from capexpand.case.document import DocumentNode, Mark, as_node, locate, plain, read_document
from capexpand.case.reading import ORIGIN_FIELDS, SHAPE_FIELDS, is_number, suggest
from capexpand.case.schema import Case, Declared
from capexpand.case.workbook_document import read_workbook_document
from capexpand.errors import CaseError, Problem
from capexpand.files.reading import is_file
from capexpand.files.workbooks import is_workbook

_PROMOTED = (*SHAPE_FIELDS, *ORIGIN_FIELDS)


def read_merged(path: Path) -> tuple[DocumentNode, tuple[Path, ...]]:
    """Read a case file and lay it over the files that it extends.

    Returns:
        The merged tree, whose marks point into the files where each part stands, and the files, this first.

    Raises:
        CaseError: a file cannot be read, or the files extend each other in a circle.
    """
    return _read_merged(path, ())


def _read_merged(path: Path, chain: tuple[Path, ...]) -> tuple[DocumentNode, tuple[Path, ...]]:
    node = read_workbook_document(path) if is_workbook(path) else read_document(path)
    fields = node.mapping or {}
    if "extends" not in fields:
        return node, (path,)
    mark, named = node.keys["extends"], fields["extends"].value
    if not isinstance(named, str) or not named:
        raise CaseError(
            [mark.problem("is the path of another case file, e.g. ../common/case.yaml", "extends")]
        )
    parent = Path(os.path.normpath(path.parent / named))
    seen = (*chain, path)
    if any(_same(parent, other) for other in seen):
        loop = " → ".join(str(other) for other in (*seen, parent))
        raise CaseError([mark.problem(f"extends itself in a circle: {loop}", "extends")])
    if not is_file(parent):
        raise CaseError([mark.problem(f"there is no file '{parent}'", "extends")])
    below, files = _read_merged(parent, seen)
    rest = {key: value for key, value in fields.items() if key != "extends"}
    return merge(below, DocumentNode(rest, node.mark, node.keys)), (path, *files)


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def merge(below: DocumentNode, above: DocumentNode) -> DocumentNode:
    """Lay one tree over another.

    Mappings are merged key by key; scalars, sequences and numbers (values by date, tables, references) are
    replaced as a whole; ``null`` takes away what stands below.

    Args:
        below: the defaults.

    Returns:
        The merged tree; every part keeps its own mark.
    """
    old, new = below.mapping, above.mapping
    if old is None or new is None or is_number(new) or (is_number(old) and not _PROMOTED_SET.issuperset(new)):
        return above
    values, keys = dict(old), dict(below.keys)
    for key, node in new.items():
        if node.value is None:
            values.pop(key, None)
            keys.pop(key, None)
        else:
            values[key] = merge(values[key], node) if key in values else node
            keys[key] = above.keys[key]
    return DocumentNode(values, above.mark, keys)


_PROMOTED_SET = frozenset(_PROMOTED)


def apply_variant(node: DocumentNode, name: str) -> DocumentNode:
    """Set the places that a variant names.

    Args:
        node: the merged tree of a case.

    Returns:
        A new tree.

    Raises:
        CaseError: there is no such variant, or it names places that do not exist.
    """
    variants = node.mapping.get("variants") if node.mapping else None
    known = variants.mapping if variants and variants.mapping else {}
    if name not in known:
        mark = node.keys.get("variants", node.mark)
        having = f"; there are {', '.join(known)}" if known else "; the case has none"
        hint = suggest(name, list(known)) or having
        raise CaseError([mark.problem(f"there is no variant '{name}'{hint}", "variants")])
    tree, problems = _overridden(node, known[name], name)
    if problems:
        raise CaseError(problems)
    return tree


def apply_settings(node: DocumentNode, settings: Mapping[str, object]) -> DocumentNode:
    """Set places of a case as a variant would, without one being declared.

    Args:
        node: the merged tree of a case.
        settings: dotted places and what stands there instead, as plain data; null takes away what stands.

    Returns:
        A new tree; what was set is marked with the place that it took, or the nearest above it.

    Raises:
        CaseError: places do not exist.
    """
    problems: list[Problem] = []
    for place, value in settings.items():
        steps = place.split(".")
        mark = locate(node, tuple(int(step) if step.isdigit() else step for step in steps))
        try:
            node = _set(node, steps, as_node(value, mark), mark, Case)
        except LookupError as error:
            problems.append(mark.problem(str(error), place))
    if problems:
        raise CaseError(problems)
    return node


def variant_problems(node: DocumentNode) -> list[Problem]:
    """Return what is wrong with the places that the variants of a case name."""
    variants = node.mapping.get("variants") if node.mapping else None
    problems: list[Problem] = []
    for name, variant in ((variants.mapping if variants else None) or {}).items():
        problems += _overridden(node, variant, name)[1]
    return problems


def _overridden(node: DocumentNode, variant: DocumentNode, name: str) -> tuple[DocumentNode, list[Problem]]:
    problems: list[Problem] = []
    settings = variant.mapping.get("set") if variant.mapping else None
    for dotted, value in ((settings.mapping if settings else None) or {}).items():
        mark = settings.keys[dotted] if settings else value.mark
        try:
            node = _set(node, dotted.split("."), value, mark, Case)
        except LookupError as error:
            problems.append(mark.problem(str(error), f"variants.{name}.set.{dotted}"))
    return node, problems


def _set(node: DocumentNode, steps: list[str], value: DocumentNode, mark: Mark, kind: Any) -> DocumentNode:
    """Return the tree with one place set.

    Raises:
        LookupError: the place does not exist; the message says which step and what is near.
    """
    step, rest = steps[0], steps[1:]
    if isinstance(node.value, tuple):
        return _set_in_sequence(node, steps, value, mark, kind)
    if step in _PROMOTED and node.mapping is None:  # a plain number takes growth, changes or a source
        node = DocumentNode({"value": node}, node.mark, {"value": node.mark})
    fields = node.mapping
    if fields is None:
        raise LookupError(f"'{step}' cannot be set inside '{plain(node)}'")
    names = _fields(kind)
    below = _inside(kind, step)
    if step not in fields and names is not None and step not in names:
        raise LookupError(f"there is no '{step}' here{suggest(step, names)}")
    if step not in fields and rest and (names is None or not _is_block(below)):
        raise LookupError(f"there is no '{step}' here{suggest(step, list(fields))}")
    if rest:
        inner = fields.get(step) or DocumentNode({}, mark, {})
        new = _set(inner, rest, value, mark, below)
    else:
        new = value
    values = {**fields, step: new}
    keys = {**node.keys, step: mark if not rest or step not in fields else node.keys[step]}
    if new.value is None:
        values.pop(step)
    return DocumentNode(values, node.mark, keys)


def _set_in_sequence(
    node: DocumentNode, steps: list[str], value: DocumentNode, mark: Mark, kind: Any
) -> DocumentNode:
    elements = node.value if isinstance(node.value, tuple) else ()
    step, rest = steps[0], steps[1:]
    if not elements:
        raise LookupError(f"there is no '{step}' here; the list is empty")
    if not step.isdigit() or int(step) >= len(elements):
        raise LookupError(f"there is no element '{step}' here; they are numbered 0 to {len(elements) - 1}")
    new = _set(elements[int(step)], rest, value, mark, _inside(kind, step)) if rest else value
    return DocumentNode((*elements[: int(step)], new, *elements[int(step) + 1 :]), node.mark, {})


def _unwrapped(kind: Any) -> Any:
    """A type without Annotated and without None."""
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif get_origin(kind) in (Union, types.UnionType):
            kinds = [part for part in get_args(kind) if part is not type(None)]
            kind = kinds[0] if len(kinds) == 1 else None
        else:
            return kind


def _is_block(kind: Any) -> bool:
    kind = _unwrapped(kind)
    return get_origin(kind) is dict or (isinstance(kind, type) and issubclass(kind, Declared))


def _fields(kind: Any) -> list[str] | None:
    """Names of the fields of a block; None where any name may stand."""
    kind = _unwrapped(kind)
    if isinstance(kind, type) and issubclass(kind, Declared):
        return list(kind.model_fields)
    return None


def _inside(kind: Any, step: str) -> Any:
    """The type of what stands under a name in a type, or None."""
    kind = _unwrapped(kind)
    if isinstance(kind, type) and issubclass(kind, Declared):
        field = kind.model_fields.get(step)
        return field.annotation if field else None
    if get_origin(kind) in (dict, tuple):
        return get_args(kind)[1 if get_origin(kind) is dict else 0]
    return None


def block_fields(place: tuple[str | int, ...]) -> list[str]:
    """Return the names of the fields that the block at a place can have; none where any name may stand."""
    kind: Any = Case
    for step in place:
        kind = _inside(kind, str(step))
    return _fields(kind) or []


def kind_at(place: tuple[str | int, ...]) -> Any:
    """Return the type of what stands at a place of a case, or None where any may stand."""
    kind: Any = Case
    for step in place:
        kind = _inside(kind, str(step))
    return _unwrapped(kind)
