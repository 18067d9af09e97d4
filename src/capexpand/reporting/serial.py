"""Results as JSON: one place where numbers, money, days, arrays and records become plain data.

A document holds finite numbers, texts, truth values, null, lists and objects; no limit and no value are null.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import PurePath
from typing import Any, cast

import numpy as np

from capexpand.files.json_text import JsonObject

_STEERING = re.compile(r"[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Characters that a terminal may obey and that JSON may hold as they are; they are escaped, too."""
MILLION = 1e6
DIGITS = 12
"""Significant digits of money and of numbers that only arithmetic gave more."""

Document = JsonObject


def plain(value: object) -> Any:
    """Return a value as plain data: records by field, arrays as lists, days as ISO 8601, NaN as null.

    Raises:
        TypeError: a value of a kind that has no place in a document.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str | date | Enum | PurePath):
        return _text(value)
    return _composed(value)


def _text(value: str | date | Enum | PurePath) -> Any:
    """Return what is written as a text; half a character, as in a file's name of bytes, is escaped."""
    if isinstance(value, Enum):
        return plain(value.value)
    written = value.isoformat() if isinstance(value, date) else str(value)
    return written.encode("utf-8", "backslashreplace").decode()


def _composed(value: object) -> Any:
    """Return what holds other values as plain data."""
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {
            str(plain(key)): plain(inner) for key, inner in cast("Mapping[object, object]", value).items()
        }
    if isinstance(value, tuple | list | set | frozenset):  # pyrefly: ignore[implicit-any-type-argument]
        return [plain(inner) for inner in cast("tuple[object, ...]", value)]
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if hasattr(value, "to_dicts"):  # a table of polars, which is not imported for this
        return plain(cast("Any", value).to_dicts())
    raise TypeError(f"{type(value).__name__} has no place in a document")


def number(value: float | None, digits: int | None = None) -> float | None:
    """Return a finite number, else None.

    Args:
        value: the number.
        digits: significant digits kept; all if not given.
    """
    if value is None or not math.isfinite(value):
        return None
    return float(value) if digits is None else float(f"{value:.{digits}g}")


def numbers(values: object) -> list[float | None]:
    """Return an array of one axis as a list of finite numbers and None."""
    return [number(float(value)) for value in np.asarray(values, np.float64)]


def money(amount: float | None) -> float | None:
    """Return plain money of an amount [million], without the digits that only arithmetic made."""
    return None if amount is None else number(amount * MILLION, DIGITS)


def monies(amounts: object) -> list[float | None]:
    """Return plain money of amounts [million] of one axis."""
    return [money(float(amount)) for amount in np.asarray(amounts, np.float64)]


def json_text(document: object, *, indent: int | None = 2) -> str:
    """Return a document as JSON text; it never holds NaN or Infinity.

    Args:
        document: of anything that ``plain`` takes.
        indent: of lines; None for one line.
    """
    text = json.dumps(plain(document), indent=indent, ensure_ascii=False, allow_nan=False)
    return _STEERING.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def embedded(document: object) -> str:
    """Return a document as short JSON that can stand inside a script element."""
    text = json.dumps(plain(document), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def json_file(document: object) -> bytes:
    """Return a document as the content of a JSON file."""
    return f"{json_text(document)}\n".encode()
