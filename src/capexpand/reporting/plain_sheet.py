"""The sheet of a result that is a document alone: its values as facts, its lists of records as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from capexpand.reporting import serial
from capexpand.reporting.blocks import Column, Fact, Row, Section, Table, columns
from capexpand.reporting.sheet import Sheet
from capexpand.wording import number

if TYPE_CHECKING:
    from polars import DataFrame

MOST_ROWS = 200
"""Of a table on the page; the files hold all."""


def document_sheet(
    kind: str,
    title: str,
    document: serial.Document,
    *,
    tables: Mapping[str, DataFrame] | None = None,
    about: Mapping[str, object] | None = None,
) -> Sheet:
    """Return the sheet of a document.

    Args:
        kind: of the result, such as ``replay``; its file is called so.
        title: of the whole.
        document: as ``--json`` prints it.
        tables: for files and the page; the document's lists of records if not given.
        about: said of the run by its manifest.
    """
    plain = cast("serial.Document", serial.plain(document))
    frames = record_tables(plain) if tables is None else tables
    shown = tuple(_frame_table(name, frame) for name, frame in frames.items())
    groups = tuple(
        _group_table(name, cast("serial.Document", value))
        for name, value in plain.items()
        if _composed(value) and hasattr(value, "items") and value
    )
    facts = tuple(
        Fact(_words(name), _text(value))
        for name, value in plain.items()
        if not _composed(value) and value not in (None, "")
    )
    blocks = (*groups, *shown)
    return Sheet(
        kind=kind,
        title=title,
        facts=facts,
        answers=(),
        sections=tuple(Section(f"part-{place}", block.title, (block,)) for place, block in enumerate(blocks)),
        document=plain,
        about={"kind": kind} if about is None else about,
        summary=blocks,
        document_name=f"{kind}.json",
        tables=frames,
    )


def record_tables(document: serial.Document) -> dict[str, DataFrame]:
    """Return the lists of records of a document as tables, by their names.

    Args:
        document: of plain data; a list or a record inside a record is left out of its table.
    """
    import polars as pl

    found: dict[str, DataFrame] = {}
    for name, value in document.items():
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            rows = [{key: each for key, each in one.items() if not _composed(each)} for one in value]
            if any(rows):
                found[name] = pl.DataFrame(rows, infer_schema_length=None)
    return found


def _frame_table(name: str, frame: DataFrame) -> Table:
    """A table of values as one of texts, with the first column as the rows' titles."""
    words = [_words(column) for column in frame.columns]
    numeric = [kind.is_numeric() for kind in frame.dtypes]
    others = (
        Column(word, align="number" if is_number else "text")
        for word, is_number in zip(words[1:], numeric[1:], strict=True)
    )
    rows = tuple(
        Row(_text(line[0]), tuple(_text(value) for value in line[1:]))
        for line in frame.head(MOST_ROWS).iter_rows()
    )
    left = frame.height - MOST_ROWS
    note = f"{left:,} rows more stand in the file." if left > 0 else ""
    return Table(_words(name).capitalize(), columns(words[0], *others), rows, note)


def _group_table(name: str, values: Mapping[str, object]) -> Table:
    rows = tuple(Row(_words(key), (_text(value),)) for key, value in values.items() if not _composed(value))
    return Table(_words(name).capitalize(), columns("", ""), rows)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _text(value: object) -> str:
    """Return a value for a reader; what is absent is a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value, 6) if isinstance(value, int | float) else str(value)


def _composed(value: object) -> bool:
    """Whether a value of plain data holds other values."""
    return hasattr(value, "__iter__") and not isinstance(value, str)
