"""Loads a case: reads the file, lays it over what it extends, applies a variant, checks everything."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from capexpand.case.checks import complaints
from capexpand.case.defaults import fill_lives
from capexpand.case.document import DocumentNode, locate, plain
from capexpand.case.drafts import partial_draft, whole_draft
from capexpand.case.merging import apply_settings, apply_variant, read_merged, variant_problems
from capexpand.case.plain_document import file_in
from capexpand.case.problems import validation_problems
from capexpand.case.provenance import Provenance
from capexpand.case.reading import FILE_FIELDS, Reading, dotted, parse_day
from capexpand.case.references import broken_references
from capexpand.case.schema import Case
from capexpand.case.shipped import case_place
from capexpand.case.tables import TABLE_LIMIT_BYTES
from capexpand.case.uncertainty_checks import broken_targets
from capexpand.errors import CaseError, Problem
from capexpand.files.json_text import JsonObject
from capexpand.files.reading import is_folder, read_content
from capexpand.units import QuantityError


def load_case(path: Path | str, variant: str | None = None) -> Case:
    """Load a case from its file and check it.

    Args:
        path: a YAML file, a folder that holds ``case.yaml``, or the name of a case that is shipped.
        variant: name of the variant to apply, or None for the case as it stands.

    Returns:
        The case; its ``provenance`` says what it came from.

    Raises:
        CaseError: with every problem found, each with its file, line and column where it has one.
    """
    return read_declaration(path, variant).load()


@dataclass(frozen=True, slots=True)
class Declaration:
    """A case as its files state it: merged, a variant applied, its numbers not yet understood.

    Args:
        file: the case file.
        variant: that was applied.
        files: the case file and those that it extends.
        node: the merged tree.
        problems: what is wrong with the variants of the case.
    """

    file: Path
    variant: str | None
    files: tuple[Path, ...]
    node: DocumentNode
    problems: tuple[Problem, ...]

    def load(self, settings: Mapping[str, object] | None = None) -> Case:
        """Understand and check the case.

        Args:
            settings: dotted places and what stands there instead, as in a variant.

        Raises:
            CaseError: with every problem found.
        """
        node = self.node if not settings else apply_settings(self.node, settings)
        problems = list(self.problems)
        data = plain(node)
        _point_to_tables(node, data)
        reading = _reading(data)
        fill_lives(data, reading.as_of)
        case: Case | None = None
        try:
            case = Case.model_validate(data, context=reading)
        except ValidationError as error:
            problems += validation_problems(error, node)
        draft = partial_draft(data, reading) if case is None else whole_draft(case)
        for place, message in (*broken_references(data), *broken_targets(data), *complaints(draft)):
            problems.append(locate(node, place).problem(message, dotted(place)))
        if case is None or problems:
            raise CaseError(_in_order(problems))
        case._provenance = _provenance(self.file, self.variant, self.files, data, reading)
        return case


def copies_of(path: Path | str, variant: str | None) -> dict[Path, bytes]:
    """Return the content of every file that a case with a variant is read from, by its path.

    Of one that cannot be read there is none; whoever loads the case says what is wrong.
    """
    try:
        declaration = read_declaration(path, variant)
    except CaseError:
        return {}
    data = plain(declaration.node)
    _point_to_tables(declaration.node, data)
    tables = [Path(table[field]) for table, field in _tables(data)]
    copies: dict[Path, bytes] = {}
    for file in (*declaration.files, *tables):
        with suppress(CaseError):
            copies[file] = read_content(file, TABLE_LIMIT_BYTES)
    return copies


def read_declaration(path: Path | str, variant: str | None = None) -> Declaration:
    """Read the files of a case and apply a variant, without understanding the numbers.

    Args:
        path: a YAML file, a folder that holds ``case.yaml``, or the name of a case that is shipped.
        variant: name of the variant to apply, or None for the case as it stands.

    Raises:
        CaseError: a file cannot be read, or there is no such variant.
    """
    file = case_place(path)
    if is_folder(file):
        file = file_in(file)
    node, files = read_merged(file)
    problems = variant_problems(node)
    if variant is not None:
        node = apply_variant(node, variant)
    return Declaration(file, variant, files, node, tuple(problems))


def _in_order(problems: list[Problem]) -> list[Problem]:
    """Each problem once, in the order of the files."""
    once = list({str(problem): problem for problem in problems}.values())
    return sorted(once, key=lambda problem: (str(problem.file or ""), problem.line or 0, problem.column or 0))


def _reading(data: JsonObject) -> Reading:
    reading = Reading()
    try:
        reading.as_of = parse_day(data.get("as_of"))
    except QuantityError:
        reading.as_of = None  # reported where the field is read
    if isinstance(data.get("currency"), str):
        reading.currency = data["currency"]
    return reading


def _tables(value: Any) -> Iterator[tuple[JsonObject, str]]:
    """Every mapping inside that refers to a file, and the field that holds its path."""
    if isinstance(value, dict):
        yield from ((value, field) for field in FILE_FIELDS if isinstance(value.get(field), str))
        for inner in value.values():
            yield from _tables(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _tables(inner)


def _point_to_tables(node: DocumentNode, data: Any) -> None:
    """Make each table path lead from the working folder: it is written relative to the file it stands in."""
    if isinstance(node.value, dict):
        for field in FILE_FIELDS:
            if field in node.value and isinstance(data[field], str):
                data[field] = os.path.normpath(node.value[field].mark.file.parent / data[field])
        for key, inner in node.value.items():
            _point_to_tables(inner, data[key])
    elif isinstance(node.value, tuple):
        for inner, value in zip(node.value, data, strict=True):
            _point_to_tables(inner, value)


def _provenance(
    file: Path, variant: str | None, files: tuple[Path, ...], data: JsonObject, reading: Reading
) -> Provenance:
    names: dict[str, str] = {}
    tables: dict[str, bytes] = {}
    document = json.loads(json.dumps(data))
    document.pop("variants", None)
    for table, field in _tables(document):
        path = table[field]
        if path not in names:
            stem, suffix = Path(path).stem, Path(path).suffix
            used = len([name for name in tables if Path(name).stem.split("~")[0] == stem])
            names[path] = f"{stem}~{used + 1}{suffix}" if used else f"{stem}{suffix}"
            tables[names[path]] = reading.tables[Path(path)]
        table[field] = names[path]
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    for name in sorted(tables):
        digest.update(b"\0" + name.encode() + b"\0" + tables[name])
    return Provenance(
        path=file,
        variant=variant,
        content_hash=digest.hexdigest(),
        files=(*dict.fromkeys(files), *reading.tables),
        document=document,
        tables=tables,
    )
