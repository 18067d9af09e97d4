"""Writes a case as an input workbook: a row for each field, with units, choices and what the field means."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from capexpand.case.described import field_sentences
from capexpand.case.merging import kind_at
from capexpand.case.workbook_document import (
    AS,
    COLUMNS,
    DATE,
    FIELD,
    KINDS,
    REASON,
    SOURCE,
    UNIT,
    VALUE,
    FieldRow,
    Place,
    rows_of,
)
from capexpand.errors import RunError
from capexpand.units import QuantityKind
from capexpand.workbook.excel import needs_excel
from capexpand.workbook.style import Style

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

SHEETS = ("sites", "clouds", "offers", "workloads", "opening", "financing", "uncertainty", "variants")
"""Parts of a case that have a sheet of their own; the rest stands on the first."""

LONGEST_TEXT = 32_767  # characters in a cell
MEANING = len(COLUMNS) - 1


def form_bytes(document: Mapping[str, Any]) -> bytes:
    """Return a case as an input workbook; read back, it is the same case.

    Args:
        document: the case as plain data.

    Raises:
        RunError: the package that writes workbooks is missing, or a text is too long for a cell.
    """
    needs_excel()
    from xlsxwriter import Workbook

    by_sheet: dict[str, list[tuple[Place, FieldRow]]] = {"Case": []}
    for place, row in rows_of(document):
        part = str(place[0]) if place else ""
        by_sheet.setdefault(part.capitalize() if part in SHEETS else "Case", []).append((place, row))
    stream = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with Workbook(stream, options) as book:
        book.set_properties({"comments": "Written by capexpand", "created": _long_ago()})
        style = Style(book, "")
        for name, rows in by_sheet.items():
            _sheet(book.add_worksheet(name), style, rows)
    return stream.getvalue()


def _long_ago() -> Any:
    from datetime import UTC, datetime

    return datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def _sheet(sheet: Worksheet, style: Style, rows: list[tuple[Place, FieldRow]]) -> None:
    for column, (name, width) in enumerate(zip(COLUMNS, (52, 24, 20, 12, 36, 36, 12, 90), strict=True)):
        sheet.write_string(0, column, name, style.of("head_left"))
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(rows), 1), MEANING)
    sheet.set_landscape()
    sheet.set_paper(8)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    block: object = None
    for i, (place, row) in enumerate(rows, start=1):
        first = place[:2] if len(place) > 2 else place[:1]
        _write(sheet, style, i, place, row, begins=first != block)
        block = first


def _write(sheet: Worksheet, style: Style, i: int, place: Place, row: FieldRow, *, begins: bool) -> None:
    sheet.write_string(i, FIELD, row.field, style.of("strong_label" if begins else "label"))
    look = style.of("input")
    if isinstance(row.value, bool):
        sheet.write_boolean(i, VALUE, row.value, look)
    elif isinstance(row.value, int | float):
        sheet.write_number(i, VALUE, row.value, look)
    else:
        _text(sheet, (i, VALUE), str(row.value), look=look, field=row.field)
    for column, text in (
        (UNIT, row.unit),
        (AS, row.kind),
        (SOURCE, row.source),
        (REASON, row.reason),
        (DATE, row.date),
    ):
        plain = look if column == UNIT else style.of("unit")
        _text(sheet, (i, column), text, look=plain, field=row.field)
    kind, meaning = described(place)
    sheet.write_string(i, MEANING, meaning, style.of("note"))
    choices = _choices(kind)
    if choices:
        sheet.data_validation(i, VALUE, i, VALUE, {
            "validate": "list", "source": choices, "error_title": "One of these",
            "error_message": f"Choose one of: {', '.join(choices)}"[:250],
        })  # fmt: skip
    units = _units(kind, row.unit)
    if units:
        sheet.data_validation(i, UNIT, i, UNIT, {
            "validate": "list", "source": units, "show_error": False, "input_title": "Unit",
            "input_message": f"Such as {', '.join(units)}"[:250],
        })  # fmt: skip
    sheet.data_validation(i, AS, i, AS, {"validate": "list", "source": list(KINDS)})


def _text(sheet: Worksheet, at: tuple[int, int], text: str, *, look: Any, field: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise RunError(f"{field}: has {len(text):,} characters; a cell of a workbook holds {LONGEST_TEXT:,}")
    if text:
        sheet.write_string(*at, text, look)
    else:
        sheet.write_blank(*at, None, look)


def described(place: Place) -> tuple[Any, str]:
    """Return the type of the field that a place belongs to, and what the field means.

    Args:
        place: in a case; one inside a number has the meaning of the number's field.
    """
    for depth in range(len(place), 0, -1):
        above, name = kind_at(place[: depth - 1]), str(place[depth - 1])
        if isinstance(above, type) and issubclass(above, BaseModel) and name in above.model_fields:
            field = above.model_fields[name]
            meaning = field_sentences(above).get(name, "")
            return (field if depth == len(place) else None), meaning
    return None, ""


def _choices(field: Any) -> list[str]:
    """The values that a field allows, where they are few."""
    annotation = getattr(field, "annotation", None)
    for kind in (annotation, *get_args(annotation)):
        if get_origin(kind) is Literal:
            return [str(choice) for choice in get_args(kind)]
    return []


def _units(field: Any, written: str) -> list[str]:
    """Units in which a number may be written: that of the example, and the one that stands there."""
    kind = _quantity(field)
    if kind is None:
        return []
    example = kind.example.partition(" ")[2]
    return list(dict.fromkeys(unit for unit in (written, example) if unit))


def _quantity(field: Any) -> QuantityKind | None:
    parts = [*getattr(field, "metadata", ()), *_metadata(getattr(field, "annotation", None))]
    for part in parts:
        kind = getattr(part, "kind", None)
        if isinstance(kind, QuantityKind):
            return kind
    return None


def _metadata(annotation: Any) -> list[Any]:
    found = list(getattr(annotation, "__metadata__", ()))
    for inner in get_args(annotation):
        found += _metadata(inner)
    return found
