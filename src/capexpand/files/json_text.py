"""Parse a JSON text that a user names; every error says where."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from capexpand.errors import CaseError, Problem

JsonObject = dict[str, Any]
"""An object of a JSON or YAML document, as read or to be written; nothing else in the package is so loose."""

_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(text: str, path: Path, *, line: int | None = None, finite: bool = True) -> Any:
    """Parse a JSON text.

    Args:
        text: the whole document.
        path: the file, for messages.
        line: the line of the file in which the text stands, where it is one of many.
        finite: refuse NaN and Infinity, which are not JSON, though some programs write them.

    Raises:
        CaseError: it is not JSON, is nested too deeply, or holds a key twice.
    """
    try:
        document = json.loads(text, parse_constant=_refuse if finite else None, object_pairs_hook=_once)
        refuse_half_characters(document, text)
    except json.JSONDecodeError as error:
        column = error.colno if text.strip() else None
        raise CaseError([Problem(f"not JSON: {error.msg}", "", path, line or error.lineno, column)]) from None
    except RecursionError:
        raise CaseError([Problem("not JSON that can be read: nested too deeply", "", path, line)]) from None
    except ValueError as error:
        reason = str(error).partition(";")[0] if "digits" in str(error) else str(error)
        raise CaseError([Problem(f"not JSON: {reason}", "", path, line)]) from None
    return document


def refuse_half_characters(document: object, text: str) -> None:
    """Refuse escapes of half a character, of which no text can be made.

    Args:
        document: as parsed.
        text: from which it was.

    Raises:
        ValueError: it holds one.
    """
    if _ESCAPED_HALF.search(text):
        try:
            json.dumps(document, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = ascii(error.object[error.start])[1:-1]
            raise ValueError(f"{half} is half a character; both halves stand together") from None


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not a number in JSON; give a finite number, or leave the field out")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise ValueError(f"the key {twice[:80]!r} stands twice in one object")
    return found
