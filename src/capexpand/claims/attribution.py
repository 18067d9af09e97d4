"""Says whom an amount is about: finds companies by name, by the form of their names, and by what they do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from capexpand.claims.companies import all_names, canonical

_LEGAL = (
    r"(?:Inc|Corp|Corporation|Ltd|Limited|plc|PLC|AG|SE|AB|ASA|NV|N\.V|GmbH|SA|S\.A|SpA|Co|Oy|KK|LLC)\b\.?"
)
_KIND = r"(?:Group|Holdings?|Partners|Technologies|Systems|Networks|Ventures|Industries|Semiconductor)"
_CAPITAL = r"[A-Z][\w&’'-]{0,40}\w(?!\w)"
"""A capitalised word; bounded, so that no run of letters is tried more than a few times."""

_RUN = rf"{_CAPITAL}(?: {_CAPITAL}){{0,5}}"
_KIND_WORD = rf"{_KIND}|Holding|Platforms|Electronics|Technology|International|Global|Company|Services"
_STANDS_INSIDE = re.compile(r"[a-z,] ([A-Z][\w&’'-]{0,41})(?!\w)")
"""Capitalised words inside a sentence: names stand there, first words of sentences do not."""

BEFORE_NAME = 60
"""What makes a name an object stands within so many characters before it."""

_FORMAL = re.compile(rf"\b({_CAPITAL}(?: {_CAPITAL}){{0,3}}?)(?: {_KIND})?(?:,? {_LEGAL})")
_NAMED_KIND = re.compile(rf"\b({_CAPITAL}(?: {_CAPITAL}){{0,2}}? {_KIND})\b")
_DOES = re.compile(
    rf"\b({_RUN})(?:,[^,]{{3,60}},)? (?:plans?|intends?|will|has (?:agreed|allocated|earmarked|raised"
    rf"|committed|set|budgeted|spent)"
    r"|agreed to|is (?:expected|building|considering|projected|investing)|expects?|said it|reported"
    r"|posted|spent|earmarked|raised)\b"
)
_PERSON = re.compile(
    r"\b(?i:investors?|chief executive|CEO|chair(?:man|woman)?|analysts?|president|co-founders?|founders?"
    r"|entrepreneur|billionaire"
    rf"|minister|Mr|Ms|Mrs|officer|chief),?\.? ({_CAPITAL} {_CAPITAL})"
)
_NOT_NAMES = re.compile(
    r"The|A|An|It|Its|He|She|They|Their|We|Analysts|Investors|Shares|Analyst|Last|This|Next|That"
    r"|These|Those|In|On|By|For|As|At|Together|However|Meanwhile|But|And|While|Although|After|Before"
    r"|Since|Chairman|Chief|President|Another|Other|Both|Some|Many|Most|January|February|March|April"
    r"|May|June|July|August|September|October|November|December|Monday|Tuesday|Wednesday|Thursday"
    r"|Friday|Saturday|Sunday|Revenue|Sales|Profit|Chinese|American|European|US|China|Europe|Published"
)

_OF_SHARES = re.compile(
    r"\b(?:shares?|stocks?|value|revenues?|sales|profits?|spending|capex|capital expenditures?|stake"
    r"|holding|shareholding|interest)"
    r" (?:of|in|at|by|for) $",
    re.IGNORECASE,
)
_STAKE_IN = re.compile(r"\b(?:stake|holding|shareholding|interest|investment) in $", re.IGNORECASE)
_SHARES_OF = re.compile(r"^[\w.,]+ (?:\w+ )?shares (?:of|in) $")
_REFERS = re.compile(
    r"(?:It|Its|They|Their|(?:The|This) (?:company|group|firm|business|retailer|\w+ maker|\w+ group))\b"
)
_OBJECT = re.compile(
    r"\b(?:of|in|for|at|with|from|than|to|against|including|like|as|into|on|via|through|for) $", re.IGNORECASE
)
_BY_AFTER = re.compile(r"^\s*(?:[\w-]+ ){0,4}(?:by|from) (?:the )?$")
_JOINED = re.compile(r",? and |, ")
_ALL_OF_THEM = re.compile(
    r"\b(?:the )?(?:two|three|four|five|six|seven|biggest|largest)(?: \w+)? (?:buyers|companies|firms"
    r"|groups|players|hyperscalers)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A company named in a sentence.

    Args:
        start: first character, from 0.
        end: the character after its last.
        company: its name in the catalogue, or as the article gives it in full.
        subject: whether it may be what the sentence is about.
    """

    start: int
    end: int
    company: str
    subject: bool


MOST_NAMES = 300
"""So many companies an article may introduce; a longer list of names is no article."""

_WORD = re.compile(r"(?<![\w.])\w{1,60}")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of companies in an article, each with the company it stands for.

    Args:
        called: names by their first word, longer ones first.
    """

    called: Mapping[str, tuple[tuple[str, str], ...]]

    @staticmethod
    def of(companies: Mapping[str, str]) -> Names:
        """Sort names for look-up."""
        found: dict[str, list[tuple[str, str]]] = {}
        for name, company in sorted(companies.items(), key=lambda item: -len(item[0])):
            first = _WORD.match(name)
            if first is not None:
                found.setdefault(first[0], []).append((name, company))
        return Names({first: tuple(each) for first, each in found.items()})

    def mentions(self, text: str) -> tuple[Mention, ...]:
        """Find the companies that a sentence names, in order."""
        return tuple(_joined_alike(text, tuple(self._found(text))))

    def _found(self, text: str) -> Iterator[Mention]:
        position = 0
        while (word := _WORD.search(text, position)) is not None:
            position = word.end()
            for name, company in self.called.get(word[0], ()):
                end = word.start() + len(name)
                if text.startswith(name, word.start()) and not _goes_on(text, end):
                    yield Mention(word.start(), end, company, _may_be_subject(text, word.start()))
                    position = end
                    break

    def inside(self, words: str) -> bool:
        """Tell whether a run of words holds one of the names."""
        return next(self._found(words), None) is not None


def _goes_on(text: str, end: int) -> bool:
    return text[end : end + 1].isalnum() or text[end : end + 1] == "_"


def _joined_alike(text: str, mentions: Sequence[Mention]) -> Iterator[Mention]:
    """Make what ``and`` joins to a name in passing stand in passing, too: chips for Nvidia and Apple."""
    before: Mention | None = None
    for mention in mentions:
        joined = before is not None and _JOINED.fullmatch(text[before.end : mention.start])
        if before is not None and joined and not before.subject:
            mention = replace(mention, subject=False)  # noqa: PLW2901
        yield mention
        before = mention


def _may_be_subject(text: str, start: int) -> bool:
    before = text[max(0, start - BEFORE_NAME) : start]
    if _OF_SHARES.search(before):
        return True
    return _OBJECT.search(before) is None


def names_in(text: str) -> Names:
    """Find the names by which an article calls companies: those of the catalogue and those it introduces."""
    called = {name: canonical(name) for name in all_names()}
    known = Names.of(called)
    persons = {match[1] for match in _PERSON.finditer(text)}
    inside = {match[1] for match in _STANDS_INSIDE.finditer(text)}
    introduced = 0
    for full, pattern in _introduced(text):
        if introduced >= MOST_NAMES:
            break
        if not full or full in persons or full in called or _is_known(full, known, pattern):
            continue
        if pattern is _DOES and " " not in full and full not in inside:
            continue
        introduced += 1
        called[full] = full
        first = full.split()[0]
        if " " in full and not _NOT_NAMES.fullmatch(first) and len(first) > 3:
            called.setdefault(first, full)
        known = Names.of(called)
    return known


def _introduced(text: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    for pattern in (_FORMAL, _NAMED_KIND, _DOES):
        for match in pattern.finditer(text):
            if pattern is _FORMAL:
                yield _clean(re.sub(rf",? {_LEGAL}$", "", match[0])), pattern
            else:
                yield _clean(match[0] if pattern is _NAMED_KIND else match[1]), pattern


def _is_known(full: str, known: Names, pattern: re.Pattern[str]) -> bool:
    """Tell whether a name is a known one with a word of form beside it: Tencent Holdings.

    A legal form after a longer name makes it a company of its own: Reliance Digital Ltd.
    """
    if not known.inside(full):
        return False
    mention = known.mentions(full)[0]
    rest = full[mention.end :].split() if mention.start == 0 else []
    return not (pattern is _FORMAL and rest and not all(re.fullmatch(_KIND_WORD, word) for word in rest))


def _clean(name: str) -> str:
    words = re.sub(r"^\w+['’]s ", "", name).split()
    while words and _NOT_NAMES.fullmatch(words[0]):
        words = words[1:]
    cleaned = " ".join(words)
    for ending in ("'s", "’s"):
        cleaned = cleaned.removesuffix(ending)
    return "" if _NOT_NAMES.fullmatch(cleaned) else cleaned


def subject_of(
    text: str, position: int, mentions: Sequence[Mention], *, stake: bool = False
) -> Mention | None:
    """Say whom the amount at a position is about.

    The nearest company before it that may be a subject counts, or the first of a list that ends there; then
    one right after it that ``by`` or ``from`` introduces; then any before it. A stake is about the company in
    which it is held.

    Args:
        position: where the amount begins.
        stake: whether the amount is that of a stake.
    """
    if stake:
        held = [m for m in mentions if _STAKE_IN.search(text[max(0, m.start - BEFORE_NAME) : m.start])]
        if held:
            return held[0]
    of_shares = [
        m
        for m in mentions
        if m.start > position and _SHARES_OF.search(text[position : min(m.start, position + BEFORE_NAME)])
    ]
    if of_shares:
        return of_shares[0]
    before = [m for m in mentions if m.start < position]
    subjects = [m for m in before if m.subject]
    if subjects:
        return _first_of_list(text, subjects)
    after = [m for m in mentions if m.start > position and _BY_AFTER.search(text[position : m.start][-40:])]
    if after:
        return after[0]
    return before[-1] if before and not _REFERS.match(text) else None


def _first_of_list(text: str, subjects: Sequence[Mention]) -> Mention:
    """Return the last subject, or the first of the names that ``and`` or commas join to it."""
    at = len(subjects) - 1
    while at > 0 and _JOINED.fullmatch(text[subjects[at - 1].end : subjects[at].start]):
        at -= 1
    return subjects[at]


def is_about_several(text: str) -> bool:
    """Tell whether a sentence speaks of several companies together, without their names."""
    return _ALL_OF_THEM.search(text) is not None
