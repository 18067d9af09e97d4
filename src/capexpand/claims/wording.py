"""What the words around an amount say: how it binds, what it measures, which way it went, by which verb."""

from __future__ import annotations

import re

from capexpand.claims.amounts import Amount
from capexpand.claims.table import FRACTION, SHARES

_LINK = r"\s+(?:a |an |the |another |a further |its |by )?$"
_FLOOR = re.compile(
    r"(?:(?<!no )(?<!not )more than|over|at least|above|exceed(?:ing|s)?|in excess of|no less than"
    r"|not less than|upwards? of|a minimum of"
    r"|greater than|surpass(?:ing|es)?|beyond)" + _LINK,
    re.IGNORECASE,
)
_CEILING = re.compile(
    r"(?:up to|as much as|at most|no more than|not more than|(?<!no )(?<!not )less than|under|below"
    r"|a maximum of|as many as|capped at)" + _LINK,
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:about|around|roughly|approximately|approx\.?|some|nearly|almost|close to|an estimated|estimated"
    r"|circa|in the region of"
    r"|nearer|towards|~)" + _LINK + r"|~\s?$",
    re.IGNORECASE,
)
_OR_MORE = re.compile(r"[\s-]?(?:or more|and more|plus\b|\+)", re.IGNORECASE)

_DOWN = re.compile(
    r"\b(?:fell|falls?|fallen|falling|slip(?:s|ped)?|drop(?:s|ped)?|declin\w+|down|lost|loses?|slid(?:es?)?|sank|shrank|shed|tumbled"
    r"|plunged|decreas\w+|cut|lower)\b",
    re.IGNORECASE,
)
_UP = re.compile(
    r"\b(?:rose|risen|ris(?:e|es|ing)|up|gain\w*|grew|grown|grow\w*|climb\w*|jump\w*|soar\w*|surg\w*"
    r"|increas\w*|more(?! than)|higher|added)\b",
    re.IGNORECASE,
)

_REVENUE = (
    r"\b(?:revenues?|sales|turnover|(?:business|arm|division|segment)(?= (?:grew|rose|fell)))\b|\barm, grew"
)
_SPENDING = (
    r"\b(?:spend\w*|spent|invest(?!or)\w*|capex|capital (?:expenditures?|spending|outlays?)|earmark\w*"
    r"|allocat\w*|budget\w*|commit\w*|set aside|outlays?|pour\w*|put\b.*\binto|pay(?:s|ing)?|paid|building"
    r"|build|for processors|sticking to its plan)\b"
)
_CUES: tuple[tuple[str, str], ...] = (
    ("stake", r"\b(?:stake|holding|shareholding|owns?|holds?)\b"),
    (
        "market value",
        r"\b(?:market (?:value|capitali[sz]ation|cap)|valuation|(?:is|are|was|company) worth)\b",
    ),
    ("shares", r"\b(?:shares?|stocks?|share price|stock price|year-to-date|of (?:its|their) value)\b"),
    ("revenue", _REVENUE),
    ("profit", r"\b(?:profits?|net income|earnings|loss|lost(?= \S*[$£€])|EBITA|EBITDA)\b"),
    ("spending", _SPENDING),
    ("financing", r"\b(?:rais(?:e|es|ed|ing)|borrow\w*|financ\w*|placement|bonds?|loans?)\b"),
)
_COMPILED = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _CUES)
_GAINED = re.compile(
    r"\b(?:grown|grew|risen|rose|surged?|added|gained|increased|jumped|soared|swell\w*)\b", re.IGNORECASE
)
_VERB = re.compile(
    r"\b(?:spend|spent|spending|invest|invests|invested|investing|earmark\w*|allocat\w*|budget\w*|commit\w*|plans?|planned"
    r"|expect\w*|project\w*|intend\w*|consider\w*|guid\w*|rais\w*|report\w*|post\w*|announc\w*|set aside"
    r"|pay|pays|paid|rose|risen"
    r"|gain\w*|fell|fallen|slipped|surg\w*|soar\w*|jump\w*|climb\w*|grew|grown|owns?|holds?|represent\w*|wants?|hopes?|contribut\w*"
    r"|building|receive|reach|cut|lost|had|closed|increas\w*)\b",
    re.IGNORECASE,
)


_ACTS = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|would|may|might|could|can|said|closed|hopes?|plans?|wants?|expects?|intends?|rose|fell"
    r"|posted|reported|spent|earmarked|committed|budgeted|put|owns|paid|sold|raised|bought|stands|agreed|contributing|taking|bringing|lifting|adding|giving|making)\b"
)


def has_verb(text: str) -> bool:
    """Tell whether a piece of a sentence has a verb of its own, so that it says something else."""
    return _ACTS.search(text) is not None


def kind_of(text: str, amount: Amount) -> str:
    """Say how an amount binds, from the words right before it and after it.

    Args:
        text: the sentence.
        amount: in it.
    """
    before = text[: amount.start]
    if not before.endswith((" ", "~")):
        before += " "
    if _CEILING.search(before):
        return "ceiling"
    if _FLOOR.search(before) or _OR_MORE.match(text, amount.end):
        return "floor"
    if amount.high is not None:
        return "range"
    if _ABOUT.search(before):
        return "approximate"
    return {FRACTION: "share", SHARES: "count"}.get(amount.unit, "total")


def cue_near(text: str, amount: Amount, start: int = 0) -> str | None:
    """Say which word of measure stands nearest to an amount, before it rather than after; None without any.

    Args:
        text: the sentence.
        amount: in it.
        start: where the part of the sentence begins that is about the same company.
    """
    best: tuple[float, str] | None = None
    for name, pattern in _COMPILED:
        for match in pattern.finditer(text):
            if amount.start <= match.start() < amount.end and not match[0].casefold().startswith("share"):
                continue
            away = (
                amount.start - match.end()
                if match.end() <= amount.start
                else 1.5 * (match.start() - amount.end)
            )
            away += 200 * (match.start() < start)
            if best is None or away < best[0]:
                best = (away, name)
    return None if best is None else best[1]


def measure_of(text: str, amount: Amount, start: int = 0) -> str | None:
    """Say what an amount measures; None where a percentage is about nothing that claims are about.

    Args:
        text: the sentence.
        amount: in it.
        start: where the part of the sentence begins that is about the same company.
    """
    cue = cue_near(text, amount, start)
    if amount.each:
        return "share price"
    if amount.unit == SHARES:
        return "stake shares"
    if amount.unit == FRACTION:
        if cue == "stake":
            return "other"
        return {
            "shares": "share price gain",
            "market value": "market value gain",
            "revenue": "revenue growth",
            "profit": "other",
        }.get(cue or "")
    if cue in ("market value", "shares"):
        has_value = _COMPILED[1][1].search(text) is not None
        return (
            ("market value gain" if _GAINED.search(text[: amount.start]) else "market value")
            if has_value
            else "other"
        )
    named = {
        "stake": "stake value",
        "revenue": "revenue",
        "profit": "profit",
        "spending": "spending",
        "financing": "financing",
    }
    return named.get(cue or "", "other")


def fell(text: str, amount: Amount) -> bool:
    """Say whether the word of movement nearest to a percentage goes down."""

    def nearest(pattern: re.Pattern[str]) -> float:
        before = [amount.start - m.end() for m in pattern.finditer(text[: amount.start])]
        after = [2.0 * (m.start()) for m in pattern.finditer(text[amount.end : amount.end + 12])]
        return min([*before, *after], default=float("inf"))

    return nearest(_DOWN) < nearest(_UP)


def verb_near(text: str, amount: Amount) -> str:
    """Return the verb by which an amount is said: the last one before it, else the first after it."""
    before = [match[0] for match in _VERB.finditer(text[: amount.start])]
    after = _VERB.search(text, amount.end)
    return before[-1].casefold() if before else after[0].casefold() if after else ""


def scope_near(text: str) -> str:
    """Say what money is for, from the words of the sentence."""
    has_ai = re.search(r"\bA\.?I\b|artificial intelligence|accelerators?|GPUs?", text) is not None
    has_cloud = re.search(r"\bcloud\b", text, re.IGNORECASE) is not None
    if has_ai or has_cloud:
        return "AI and cloud" if has_ai and has_cloud else "AI" if has_ai else "cloud"
    return (
        "company"
        if re.search(r"capital (?:expenditure|spending)|\bcapex\b", text, re.IGNORECASE)
        else "not stated"
    )
