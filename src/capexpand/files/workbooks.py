"""Read the cells of a workbook that a user names, with limits that a hostile file cannot pass."""

from __future__ import annotations

import re
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from capexpand.errors import CaseError, Problem
from capexpand.files.reading import read_content

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
"""How the name of a workbook ends; only the first is read, the others get an answer that says so."""

FILE_LIMIT_BYTES = 64_000_000
UNPACKED_LIMIT_BYTES = 400_000_000
PART_LIMIT = 5_000
ROW_LIMIT, COLUMN_LIMIT, CELL_LIMIT = 100_000, 2_000, 4_000_000
_CHUNK_BYTES = 1 << 20
_OVERLAP_BYTES = 64
_PLACE = re.compile(rb"""\sr=["']([A-Z]{1,7})([0-9]{1,9})["']""")
_CELL = re.compile(rb"<(?:[A-Za-z]+:)?c[\s>/]")
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"

Cells = dict[str, list[list[object]]]
"""By sheet, rows of cells from A1 on; an empty cell is an empty text."""


def is_workbook(path: Path) -> bool:
    """Return whether a name is that of a workbook."""
    return path.suffix.lower() in SUFFIXES


def read_cells(path: Path) -> Cells:
    """Read every cell of a workbook as it was saved; formulas give the values that stand beside them.

    Args:
        path: an .xlsx file.

    Raises:
        CaseError: it cannot be read, is no workbook, holds macros, or is larger than any case.
    """
    content = read_content(path, FILE_LIMIT_BYTES, advice="a case has a few thousand cells")
    if path.suffix.lower() != ".xlsx":
        raise _refused(path, "is not an .xlsx workbook; save it as one, without macros")
    if content.startswith(_OLD_OR_LOCKED):
        raise _refused(path, "is locked by a password or of an old format; save it as a plain .xlsx workbook")
    _check_archive(path, content)
    if find_spec("python_calamine") is None:
        raise _refused(path, "needs python-calamine to be read; install it: pip install 'capexpand[excel]'")
    return _cells(path, content)


def _cells(path: Path, content: bytes) -> Cells:
    from python_calamine import CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(BytesIO(content))
        return {
            name: [list(row) for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)]
            for name in book.sheet_names
        }
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of the library is no Exception
        raise _refused(path, f"is not a readable workbook: {str(error).splitlines()[0][:200]}") from None


def _check_archive(path: Path, content: bytes) -> None:
    """Unpack every part once, piece by piece, and refuse what no case would hold."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            _check_parts(path, archive.infolist())
            for part in archive.infolist():
                _check_part(path, archive, part)
    except (BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise _refused(path, f"is not a workbook: {error}") from None
    except Exception as error:
        if isinstance(error, CaseError):
            raise
        raise _refused(path, f"is not a workbook: {error}") from None


def _check_parts(path: Path, parts: list[ZipInfo]) -> None:
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        raise _refused(path, "is not a workbook: it has no xl/workbook.xml")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise _refused(path, "holds macros; save it without them")
    if len(parts) > PART_LIMIT or sum(part.file_size for part in parts) > UNPACKED_LIMIT_BYTES:
        raise _refused(path, "unpacks to more than any case; it is not read")


def _check_part(path: Path, archive: ZipFile, part: ZipInfo) -> None:
    cells, before = 0, b""
    with archive.open(part) as stream:
        while piece := stream.read(_CHUNK_BYTES):
            text = before + piece
            if _DECLARED.search(text):
                raise _refused(path, f"declares entities in {part.filename}; it is not read")
            for letters, digits in _PLACE.findall(text):
                if len(letters) > 3 or _column(letters) > COLUMN_LIMIT or int(digits) > ROW_LIMIT:
                    at = f"{letters.decode()}{int(digits)}"
                    raise _refused(path, f"has a cell {at}, beyond any case; delete what is there")
            cells += len(_CELL.findall(piece))
            if cells > CELL_LIMIT:
                raise _refused(path, f"has more than {CELL_LIMIT:,} cells in one sheet; it is not read")
            before = text[-_OVERLAP_BYTES:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


def _refused(path: Path, message: str) -> CaseError:
    return CaseError([Problem(message, file=path)])
