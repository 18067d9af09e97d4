"""The packages that read and write workbooks, and what a workbook of ours looks like from outside."""

from __future__ import annotations

from importlib.util import find_spec

from capexpand.errors import RunError

MARK = b"Written by capexpand"


def needs_excel() -> None:
    """Check that the packages for workbooks are installed.

    Raises:
        RunError: they are not; the message says how to install them.
    """
    missing = [name for name in ("xlsxwriter", "python_calamine") if find_spec(name) is None]
    if missing:
        raise RunError(
            f"workbooks need {' and '.join(missing).replace('_', '-')}, which is not installed; "
            "install it with: pip install 'capexpand[excel]'"
        )


def is_ours(content: bytes) -> bool:
    """Tell whether a file is a workbook that capexpand wrote.

    Args:
        content: of the file.
    """
    from io import BytesIO
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(BytesIO(content)) as archive:
            about = archive.getinfo("docProps/core.xml")
            return about.file_size < 100_000 and MARK in archive.read(about)
    except (BadZipFile, KeyError, OSError, ValueError, NotImplementedError, RuntimeError):
        return False
