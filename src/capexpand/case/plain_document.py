"""A case file as plain data that stands for itself: merged with what it extends, its tables found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from capexpand.case.document import DocumentNode, plain
from capexpand.case.merging import read_merged
from capexpand.case.reading import FILE_FIELDS
from capexpand.case.shipped import case_place
from capexpand.files.json_text import JsonObject
from capexpand.files.reading import is_folder


def merged_document(case: Path | str, folder: Path) -> JsonObject:
    """Return a case with all its variants as plain data, to be written into a folder.

    Args:
        case: a file, a folder with a case, or the name of a shipped case.
        folder: where it is to stand; the paths of its tables lead from there.

    Raises:
        CaseError: it cannot be read.
    """
    file = case_place(case)
    if is_folder(file):
        file = file_in(file)
    node, _ = read_merged(file)
    document = plain(node)
    for field, table, mark in _files(node, document):
        place = os.path.normpath(mark.parent / table[field])
        table[field] = os.path.relpath(place, folder) if not Path(table[field]).is_absolute() else place
    return document


def file_in(folder: Path) -> Path:
    """Return the case file of a folder: ``case.yaml``, or ``case.xlsx`` where only that stands there."""
    text, book = folder / "case.yaml", folder / "case.xlsx"
    return book if book.is_file() and not text.exists() else text


def _files(node: DocumentNode, data: Any) -> Iterator[tuple[str, JsonObject, Path]]:
    """Every path of a table: its field, the mapping that holds it, and the file in which it is written."""
    if isinstance(node.value, dict):
        for field in FILE_FIELDS:
            if field in node.value and isinstance(data[field], str):
                yield field, data, node.value[field].mark.file
        for key, inner in node.value.items():
            yield from _files(inner, data[key])
    elif isinstance(node.value, tuple):
        for inner, value in zip(node.value, data, strict=True):
            yield from _files(inner, value)


def yaml_text(document: JsonObject) -> str:
    """Return plain data as YAML."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = 110
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    stream = StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()
