"""A text as paragraphs and sentences, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from capexpand.errors import CaseError, Problem

_MARK = re.compile(r"^\s*(?:[-*•–]\s*)?")
_CLOSED = re.compile(r"[.!?…:;][\"'”’)\]]*$")
_ENDS = re.compile(r"(?<=[.!?])[\"'”’)]*\s+(?=[\"'“‘(]*[A-Z0-9])")
_ABBREVIATED = re.compile(
    r"(?:\b(?:Inc|Corp|Ltd|Co|plc|Mr|Ms|Mrs|Dr|No|vs|St|approx|est|U\.S|U\.K)|\b[A-Z])\.$"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}}) ({MONTH}),? (\d{{4}})\b")
_MONTH_FIRST = re.compile(rf"({MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})\b")
LONGEST_QUESTION = 10
"""A question or exclamation of so few words on a line of its own is a heading."""

LINES_WITH_DAY = 4
"""The day of an article stands in one of its first lines."""

LONGEST_TITLE = 90
"""Titles are cut here [characters]."""

_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and its place.

    Args:
        text: of the sentence.
        start: its first character in the whole text, from 0.
        paragraph: of the body, from 1; of a heading, that of the paragraph after it.
        heading: whether it is part of a heading.
    """

    text: str
    start: int
    paragraph: int
    heading: bool


@dataclass(frozen=True, slots=True)
class Document:
    """A news article.

    Args:
        text: all of it.
        title: its first heading, or how it begins.
        published: its day, None where the text does not give one.
        sentences: in order.
    """

    text: str
    title: str
    published: date | None
    sentences: tuple[Sentence, ...]


def read_document(path: Path) -> Document:
    """Read an article from a file of plain text.

    Raises:
        CaseError: the file cannot be read, is not text, or is empty.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CaseError([Problem(f"cannot be read: {error.strerror or error}", file=path)]) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CaseError(
            [Problem("is not plain text in UTF-8; save the article as text", file=path)]
        ) from None
    if "\x00" in text:
        raise CaseError([Problem("is not plain text; save the article as text", file=path)])
    if not text.strip():
        raise CaseError([Problem("is empty", file=path)])
    return parse_document(text)


def parse_document(text: str) -> Document:
    """Part a text into sentences.

    A line that nothing closes is a heading; so are a short question, and a short line with the day above the
    body.

    Args:
        text: the article, one paragraph a line or with empty lines between them.
    """
    sentences: list[Sentence] = []
    paragraph, position = 1, 0
    lines = text.splitlines(keepends=True)
    day = _published(lines)
    for line in lines:
        skipped = len(_MARK.match(line)[0])  # pyrefly: ignore[unsupported-operation]
        body = line[skipped:].rstrip()
        if body:
            heading = _is_heading(body) or (paragraph == 1 and _is_dateline(body))
            for piece, start in _split(body):
                sentences.append(Sentence(piece, position + skipped + start, paragraph, heading))
            paragraph += not heading
        position += len(line)
    return Document(text, _title(sentences), day, tuple(sentences))


def _title(sentences: list[Sentence]) -> str:
    """Pick the first heading of five words or more above the body, else what the text begins with."""
    above = [s.text for s in sentences if s.heading and s.paragraph == 1]
    longer = [
        text
        for text in above
        if len(text.split()) >= 5 and not _MONTH_FIRST.search(text) and not _DAY_FIRST.search(text)
    ]
    first = next(iter(longer or above or [s.text for s in sentences]), "")
    return first if len(first) <= LONGEST_TITLE else f"{first[:LONGEST_TITLE].rsplit(' ', 1)[0]} …"


def _is_heading(line: str) -> bool:
    """Tell a heading from a paragraph: nothing closes it, or it is a short question."""
    return _CLOSED.search(line) is None or (
        line.endswith(("?", "!")) and len(line.split()) <= LONGEST_QUESTION
    )


def _is_dateline(line: str) -> bool:
    """Tell a short line that holds the day of the article, as it stands above the body."""
    dated = any(pattern.search(line) for pattern in (_DAY_FIRST, _MONTH_FIRST, _ISO))
    return dated and len(line.split()) <= LONGEST_QUESTION


def _split(body: str) -> Iterator[tuple[str, int]]:
    start = 0
    for end in _ENDS.finditer(body):
        if _ABBREVIATED.search(body[start : end.start()]) and not body[end.end() :].startswith(
            ("It ", "The ")
        ):
            continue
        yield body[start : end.start()], start
        start = end.end()
    yield body[start:], start


def _published(lines: list[str]) -> date | None:
    """Find the day of publication: the first whole date in the first lines."""
    for line in [line.strip() for line in lines if line.strip()][:LINES_WITH_DAY]:
        for pattern in (_DAY_FIRST, _MONTH_FIRST, _ISO):
            found = pattern.search(line)
            day = None if found is None else day_from(found, pattern)
            if day is not None:
                return day
    return None


def day_from(found: re.Match[str], pattern: re.Pattern[str]) -> date | None:
    """Turn a match of one of the patterns of dates into a day; None where there is no such day."""
    one, two, three = found.groups()
    try:
        if pattern is _ISO:
            return date(int(one), int(two), int(three))
        if pattern is _DAY_FIRST:
            return date(int(three), month_number(two), int(one))
        return date(int(three), month_number(one), int(two))
    except ValueError:
        return None


def month_number(name: str) -> int:
    """Return the number of a month by its name or the beginning of it [1 to 12]."""
    start = name.rstrip(".").casefold()[:3]
    return _MONTHS.index(start) + 1
