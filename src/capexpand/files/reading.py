"""Read the files that a user names: regular files of bounded size, text in any Unicode encoding."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from capexpand.errors import CaseError, Problem

TEXT_LIMIT_BYTES = 64_000_000
"""The most that is read of a text, unless the caller says otherwise."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


_copies: ContextVar[Mapping[Path, bytes] | None] = ContextVar("copies", default=None)


@contextmanager
def reading_copies(copies: Mapping[Path, bytes]) -> Generator[None]:
    """Take files from copies that came with the work, where there is one: another machine need not see them.

    Args:
        copies: contents by the path under which each is read.
    """
    token = _copies.set(copies)
    try:
        yield
    finally:
        _copies.reset(token)


def is_folder(path: Path) -> bool:
    """Return whether a folder stands there; a name that the system cannot have is none, and no error."""
    return os.path.isdir(path)  # noqa: PTH112 - whose own method raises an error for such names


def is_file(path: Path) -> bool:
    """Return whether a file stands there, or a copy of it came with the work."""
    return path in (_copies.get() or {}) or os.path.isfile(path)  # noqa: PTH113 - as for folders


def read_content(path: Path, limit_bytes: int, *, advice: str = "") -> bytes:
    """Read a regular file.

    Args:
        limit_bytes: the most that it may hold [byte].
        advice: the remedy where it holds more.

    Raises:
        CaseError: it is missing, not readable, no regular file (a device never ends) or too large.
    """
    copy = (_copies.get() or {}).get(path)
    if copy is not None:
        return copy
    try:
        # without waiting: opening a pipe that nobody writes to would never return
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as stream:
            about = os.fstat(stream.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise CaseError([Problem("is not a regular file", file=path)])
            if about.st_size > limit_bytes:  # refused before it is read
                raise _too_large(path, f"has {about.st_size / 1e6:.0f} MB", limit_bytes, advice)
            content = stream.read(limit_bytes + 1)  # some files hold more than they say
    except IsADirectoryError:
        raise CaseError([Problem("is a folder, not a file", file=path)]) from None
    except (OSError, ValueError) as error:  # a name that holds a zero byte is a ValueError
        raise CaseError([Problem(_reason(path, error), file=path)]) from None
    if len(content) > limit_bytes:
        raise _too_large(path, "holds more", limit_bytes, advice)
    return content


def read_text(path: Path, limit_bytes: int = TEXT_LIMIT_BYTES, *, advice: str = "") -> str:
    """Read a text in UTF-8, or in the encoding that its byte order mark names; the mark is left out.

    Args:
        limit_bytes: the most that it may hold [byte].
        advice: the remedy where it holds more.

    Raises:
        CaseError: it cannot be read, or it is no text; the message names the first byte that is none.
    """
    return decode_text(path, read_content(path, limit_bytes, advice=advice))


def decode_text(path: Path, content: bytes) -> str:
    """Decode the content of a text file.

    Args:
        path: the file, for messages.

    Raises:
        CaseError: it is no text.
    """
    mark, encoding = next(((m, e) for m, e in _MARKS if content.startswith(m)), (b"", "utf-8"))
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, len(mark) + error.start) + 1
        value = content[len(mark) + error.start]
        message = f"is not {encoding.upper()} text: byte {value:#04x}; save it as UTF-8"
        raise CaseError([Problem(message, file=path, line=line)]) from None
    zero = text.find("\0")
    if zero >= 0:
        line = text.count("\n", 0, zero) + 1
        message = "holds a zero byte, so it is not UTF-8 text; save it as UTF-8"
        raise CaseError([Problem(message, file=path, line=line)])
    return text


def _reason(path: Path, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if is_folder(path):  # on systems that open no folder at all
        return "is a folder, not a file"
    return str(getattr(error, "strerror", None) or error)


def _too_large(path: Path, found: str, limit_bytes: int, advice: str) -> CaseError:
    message = f"{found}; at most {limit_bytes / 1e6:.0f} MB are read" + (f", {advice}" if advice else "")
    return CaseError([Problem(message, file=path)])
