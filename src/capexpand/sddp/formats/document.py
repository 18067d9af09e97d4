"""Parse a JSON file that a user names, and say in which line a part of it stands."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capexpand.errors import CaseError, Problem
from capexpand.files import TEXT_LIMIT_BYTES, decode_text, read_content
from capexpand.files.json_text import JsonObject, refuse_half_characters

Place = tuple[str | int, ...]
"""Keys and indices that lead from the whole document to a part of it."""

_SHOWN = 20
"""Problems shown at once; a file with more usually has one cause."""
_BLANK = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A parsed file.

    Args:
        content: the object that the file holds.
        text: as it stands in the file, to find lines in; empty where there is no file.
        file: for messages, where known.
    """

    content: JsonObject
    text: str = ""
    file: Path | None = None

    def problem(self, place: Place, message: str) -> Problem:
        """Return a problem with its file, its line and its path in the document."""
        line = _line_of(self.text, place) if self.text else None
        return Problem(message, path=shown(place), file=self.file, line=line)

    def refuse(self, problems: list[tuple[Place, str]]) -> CaseError:
        """Return the error that says where and why the document is refused."""
        found = list(dict.fromkeys(problems))
        told = [self.problem(place, message) for place, message in found[:_SHOWN]]
        if len(found) > _SHOWN:
            told.append(Problem(f"and {len(found) - _SHOWN} more problems", file=self.file))
        return CaseError(told)


def read_document(file: Path) -> ParsedFile:
    """Read a JSON object from a file, which may be compressed with gzip.

    Raises:
        CaseError: it cannot be read, is too large or is not a JSON object.
    """
    content = read_content(file, TEXT_LIMIT_BYTES)
    if content.startswith(b"\x1f\x8b") or file.suffix == ".gz":
        content = _decompressed(file, content)
    text = decode_text(file, content)

    def without_twins(pairs: list[tuple[str, Any]]) -> JsonObject:
        members = dict(pairs)
        if len(members) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for place, key in enumerate(keys) if key in keys[:place])
            raise CaseError([Problem(f"the key {clipped(twice)} stands twice in one object", file=file)])
        return members

    try:
        parsed = json.loads(text, object_pairs_hook=without_twins)
    except json.JSONDecodeError as error:
        problem = Problem(f"is not JSON: {error.msg}", file=file, line=error.lineno, column=error.colno)
        raise CaseError([problem]) from None
    except RecursionError:
        raise CaseError([Problem("is nested too deeply", file=file)]) from None
    except ValueError:  # Python refuses whole numbers of more than 4,300 digits
        raise CaseError([Problem("holds a number of thousands of digits", file=file)]) from None
    if not isinstance(parsed, dict):
        raise CaseError([Problem("is not a JSON object", file=file)])
    try:
        refuse_half_characters(parsed, text)
    except ValueError as error:
        raise CaseError([Problem(str(error), file=file)]) from None
    return ParsedFile(parsed, text, file)


def _decompressed(file: Path, content: bytes) -> bytes:
    """Return the content of a gzip file, which may grow a thousandfold, up to the limit of a text."""
    parts: list[bytes] = []
    room = TEXT_LIMIT_BYTES
    try:
        while content:  # a gzip file may have several members
            stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
            part = stream.decompress(content, room + 1)
            room -= len(part)
            if room < 0:
                most = f"{TEXT_LIMIT_BYTES / 1e6:.0f} MB"
                raise CaseError([Problem(f"holds more than {most} once decompressed", file=file)])
            if not stream.eof:
                raise CaseError([Problem("is cut off: its gzip data ends too early", file=file)])
            parts.append(part)
            content = stream.unused_data.lstrip(b"\0")  # some programs pad with zeros
    except zlib.error:
        raise CaseError([Problem("is not valid gzip data", file=file)]) from None
    return b"".join(parts)


def shown(place: Place) -> str:
    """Return a place as people write it: ``nodes.day.realizations[0]``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{_without_quotes(part)}" if text else str(part)
    return text


def _without_quotes(text: str) -> str:
    return clipped(text)[1:-1]


def clipped(value: object) -> str:
    """Return a value of the document as JSON writes it, cut to what fits into a line."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (RecursionError, ValueError):
        return "a value"
    return text if len(text) <= 60 else f"{text[:56]} ...{text[-1]}"


def _line_of(text: str, place: Place) -> int | None:
    """Return the line of a part, or of the object that lacks it."""
    try:
        return text.count("\n", 0, _found(text, place)) + 1
    except (ValueError, IndexError, RecursionError):
        return None


def _found(text: str, place: Place) -> int:
    """Return where in the text a part begins; where it is missing, the part that lacks it."""
    at = _after_blank(text, 0)
    for part in place:
        inside = _member(text, at, part)
        if inside is None:
            return at
        at = inside
    return at


def _member(text: str, at: int, part: str | int) -> int | None:
    """Return where a member of the object or list at a place begins."""
    if text[at] not in "{[":
        return None
    in_object, number, at = text[at] == "{", 0, _after_blank(text, at + 1)
    while text[at] not in "}]":
        key: object = number
        if in_object:
            key, at = _DECODER.raw_decode(text, at)
            at = _after_blank(text, _after_blank(text, at) + 1)
        if key == part:
            return at
        at = _after_blank(text, _DECODER.raw_decode(text, at)[1])
        if text[at] == ",":
            at = _after_blank(text, at + 1)
        number += 1
    return None


def _after_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
