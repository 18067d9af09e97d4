"""Standard output that takes any text, holds nothing but ours, and may be closed."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

_PLAIN = str.maketrans({
    "–": "-", "—": "-", "−": "-", "…": "...", "×": "x", "·": "*", "•": "*", "≤": "<=", "≥": ">=", "≈": "~",
    "→": "->", "“": '"', "”": '"', "‘": "'", "’": "'", "±": "+/-", "\xa0": " ", "\u202f": " ", "\u2009": " ",
})  # fmt: skip
"""Typography in plain ASCII."""


@contextmanager
def clean_output() -> Generator[None]:
    """Keep standard output for what this program itself prints, and let it take any text.

    What a compiled library prints goes to standard error. A character that the encoding of the terminal
    lacks is printed as a plain one or by its number. Where standard output is closed, nothing is printed.
    """
    codecs.register_error("capexpand", _escaped if "--json" in sys.argv[1:] else _plain)
    _fill_gaps()
    before = sys.stdout
    try:
        handle = before.fileno()
        before.flush()
    except (OSError, ValueError, AttributeError):  # no real file, as where another program reads it
        yield
        return
    if handle != 1:
        yield
        return
    kept = os.dup(1)
    os.dup2(2, 1)
    ours = _text(kept, before.encoding, line_buffering=bool(getattr(before, "line_buffering", False)))
    sys.stdout = ours
    try:
        yield
    finally:
        sys.stdout = before
        with contextlib.suppress(OSError, ValueError):
            ours.flush()
            os.dup2(kept, 1)
            ours.close()


def _text(handle: int, encoding: str, *, line_buffering: bool) -> io.TextIOWrapper:
    """Open a descriptor for text; under our own name, ASCII is not taken for a mistake of the system."""
    if codecs.lookup(encoding).name == "ascii":
        codecs.register(_plain_ascii)
        encoding = "capexpand_ascii"
    raw = io.FileIO(handle, "w")
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=encoding, errors="capexpand", line_buffering=line_buffering
    )


def _plain_ascii(name: str) -> codecs.CodecInfo | None:
    if name != "capexpand_ascii":
        return None
    known = codecs.lookup("ascii")
    return codecs.CodecInfo(
        known.encode, known.decode, known.streamreader, known.streamwriter,
        known.incrementalencoder, known.incrementaldecoder, name=name,
    )  # fmt: skip


def _fill_gaps() -> None:
    """Open nothing in place of standard streams that are closed, lest a file of ours take their number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w", closefd=False))


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Write characters as JSON does."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)), error.end


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Write typography in ASCII, and what has no plain form by its number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    plain = error.object[error.start : error.end].translate(_PLAIN)
    return plain.encode("ascii", "backslashreplace").decode("ascii"), error.end
