"""Reads the content of a file that a user named, never more of it than is allowed."""

from __future__ import annotations

import stat
from pathlib import Path

from capexpand.errors import CaseError, Problem


def read_content(path: Path, limit_bytes: int, *, advice: str = "") -> bytes:
    """Read a regular file.

    Args:
        path: the file.
        limit_bytes: the most that it may hold [byte].
        advice: what to do instead where it holds more.

    Raises:
        CaseError: it is missing, not readable, no regular file (a device never ends) or too large.
    """
    try:
        about = path.stat()
        if stat.S_ISDIR(about.st_mode):
            raise CaseError([Problem("is a folder, not a file", file=path)])
        if not stat.S_ISREG(about.st_mode):
            raise CaseError([Problem("is not a regular file", file=path)])
        if about.st_size > limit_bytes:  # refused before it is read
            raise _too_large(path, f"has {about.st_size / 1e6:.0f} MB", limit_bytes, advice)
        with path.open("rb") as stream:
            content = stream.read(limit_bytes + 1)  # some files hold more than they say
    except (OSError, ValueError) as error:  # a name that holds a zero byte is a ValueError
        missing = isinstance(error, FileNotFoundError)
        reason = "there is no such file" if missing else str(getattr(error, "strerror", error))
        raise CaseError([Problem(reason, file=path)]) from None
    if len(content) > limit_bytes:
        raise _too_large(path, "holds more", limit_bytes, advice)
    return content


def _too_large(path: Path, found: str, limit_bytes: int, advice: str) -> CaseError:
    message = f"{found}; at most {limit_bytes / 1e6:.0f} MB are read" + (f", {advice}" if advice else "")
    return CaseError([Problem(message, file=path)])
