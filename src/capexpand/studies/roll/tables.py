"""Tables of rows as users keep them: CSV of any locale, Parquet, or the sheet of a workbook."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO, StringIO
from pathlib import Path

from capexpand.errors import CaseError, Problem
from capexpand.files import read_content
from capexpand.files.parquet import read_parquet
from capexpand.files.workbooks import is_workbook, read_cells
from capexpand.workbook.excel import needs_excel

LIMIT_BYTES = 50_000_000
_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
_SEPARATORS = ",;\t"


@dataclass(frozen=True, slots=True)
class TextRow:
    """A row of a table, each cell as text.

    Args:
        line: in the file, from 1.
        cells: by column; those that the file lacks are empty.
        decimal_comma: whether a lone comma in a number stands for a point, as in tables with semicolons.
    """

    line: int
    cells: dict[str, str]
    decimal_comma: bool = False


def read_rows(path: Path, known: Sequence[str], needed: Sequence[str]) -> list[TextRow]:
    """Read a table of named columns.

    Args:
        path: CSV with commas, semicolons or tabs, Parquet, or an .xlsx workbook: its first sheet that has the
            columns.
        known: columns that it may have.
        needed: columns that it must have.

    Raises:
        CaseError: it is no such table; says which columns there are.
    """
    comma = False
    if is_workbook(path):
        lines = _sheet(path, needed)
    else:
        content = read_content(path, LIMIT_BYTES)
        lines, comma = (_parquet(path, content), False) if content[:4] == b"PAR1" else _csv(path, content)
    head = [str(cell).strip() for cell in lines[0][1]] if lines else []
    missing = [name for name in needed if name not in head]
    unknown = [name for name in head if name and name not in known]
    if missing or unknown:
        what = f"lacks the column {missing[0]}" if missing else f"has an unknown column '{unknown[0]}'"
        raise CaseError([Problem(f"{what}; columns are {', '.join(known)}", file=path)])
    found: list[TextRow] = []
    for line, cells in lines[1:]:
        by_name = dict(zip(head, map(_text, cells), strict=False))
        found.append(TextRow(line, {name: by_name.get(name, "") for name in known}, comma))
    return found


def read_amount(text: str, *, decimal_comma: bool) -> float | None:
    """Return the number that a cell holds; None where it holds none or could be two.

    Args:
        text: of the cell, such as ``1,234.5``, ``1_234.5``, or ``1234,5`` where commas are decimal.
        decimal_comma: whether a lone comma stands for a point.
    """
    if _THOUSANDS.fullmatch(text) and not (decimal_comma and text.count(",") == 1 and "." not in text):
        text = text.replace(",", "")
    elif decimal_comma and text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return None


def table_bytes(suffix: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return rows as a file of a kind that ``read_rows`` reads.

    Args:
        suffix: .xlsx, .parquet, or any other for CSV.
        head: names of the columns.
        rows: cells as text; what reads as a number is one in a workbook.

    Raises:
        RunError: the package that writes workbooks is missing.
    """
    if suffix == ".xlsx":
        return _workbook(head, rows)
    if suffix == ".parquet":
        import polars as pl

        stream = BytesIO()
        pl.DataFrame(list(rows), dict.fromkeys(head, pl.String), orient="row").write_parquet(stream)
        return stream.getvalue()
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue().encode()


def _text(cell: object) -> str:
    """What a cell holds as text: days as 2025-04-01, numbers in full."""
    if cell is None:
        return ""
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    if isinstance(cell, float):
        return f"{cell:.15g}"
    return str(cell).strip()


def _sheet(path: Path, needed: Sequence[str]) -> list[tuple[int, Sequence[object]]]:
    sheets = read_cells(path)
    for rows in sheets.values():
        filled = [(line, row) for line, row in enumerate(rows, start=1) if any(_text(cell) for cell in row)]
        if filled and set(needed) <= {_text(cell) for cell in filled[0][1]}:
            return [(line, row) for line, row in filled]
    message = f"has no sheet whose first row names the columns {' and '.join(needed)}"
    raise CaseError([Problem(message, file=path)])


def _parquet(path: Path, content: bytes) -> list[tuple[int, Sequence[object]]]:
    try:
        frame = read_parquet(content)
    except (ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise CaseError([Problem(f"is neither CSV nor Parquet: {reason}", file=path)]) from None
    return [(1, frame.columns), *((line, row) for line, row in enumerate(frame.iter_rows(), start=2))]


def _csv(path: Path, content: bytes) -> tuple[list[tuple[int, Sequence[object]]], bool]:
    """The lines of a CSV file and whether its separator leaves commas to decimals."""
    for coding in ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(coding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise CaseError([Problem("is neither CSV nor Parquet nor a workbook", file=path)])
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines or "\0" in text:
        raise CaseError([Problem("is neither CSV nor Parquet: there is no row", file=path)])
    separator = max(_SEPARATORS, key=lines[0].count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator)
    found: list[tuple[int, Sequence[object]]] = []
    try:
        found += [(reader.line_num, row) for row in reader if any(row) and not row[0].startswith("#")]
    except csv.Error as error:
        raise CaseError([Problem(f"is neither CSV nor Parquet: {error}", file=path)]) from None
    return found, separator != ","


def _workbook(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    needs_excel()
    from datetime import UTC

    from xlsxwriter import Workbook

    stream = BytesIO()
    with Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        created = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
        book.set_properties({"comments": "Written by capexpand", "created": created})
        sheet, bold = book.add_worksheet("Actuals"), book.add_format({"bold": True})
        sheet.write_row(0, 0, head, bold)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(head) - 1, 18)
        for line, row in enumerate(rows, start=1):
            for place, cell in enumerate(row):
                amount = read_amount(cell, decimal_comma=False)
                _ = (
                    sheet.write_string(line, place, cell)
                    if amount is None
                    else sheet.write_number(line, place, amount)
                )
    return stream.getvalue()
