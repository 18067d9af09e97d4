"""The meaning of the words around an amount: how it binds, its measure, its direction, its verb."""

from __future__ import annotations

import re
from functools import lru_cache

from capexpand.claims.amounts import Amount
from capexpand.claims.table import FRACTION, SHARES

NEAR = 48
"""Words that say how an amount binds stand within so many characters before it."""

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
    (
        "profit",
        (
            r"\b(?:profits?|net income|earnings|(?<!loan )(?<!credit )loss(?:es)?(?![ -]making)|EBITA|EBITDA"
            r"|lost(?=\s[^\s%]{0,20}\d)(?!\s[\d.,]{1,12}\s?(?:%|per|pct)))\b"
        ),
    ),
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


_AHEAD = re.compile(
    r"\b(?:will|would|expect\w*|forecasts?|project(?:s|ed|ing)|plan(?:s|ned|ning)?|intend\w*|guid(?:es?|ed|ing|ance)"
    r"|sees|target\w*|aim\w*|(?:is|are) to|budget\w*|outlook|hopes?|earmark\w*|set aside|commit\w*)\b",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"\b(?:was|were|spent|rose|fell|grew|reported|posted|earned|booked|had|came|reached|made|increased|lost|paid"
    r"|bought|invested|total+ed|up|down|after|from)\b",
    re.IGNORECASE,
)
_OF_VALUE = re.compile(
    r"\s(?:in|of|off)\s(?:\w+\s){0,2}?(?:market\s)?(?:value|cap\b|capitali[sz]ation)", re.IGNORECASE
)
_NEGATIVE = re.compile(r"\bnegative (?:[\w-]+ ){0,4}$", re.IGNORECASE)


@lru_cache(maxsize=256)
def _places(pattern: re.Pattern[str], text: str) -> tuple[tuple[int, int, str], ...]:
    """List where a pattern stands in a sentence, once for all amounts of it."""
    return tuple((match.start(), match.end(), match[0]) for match in pattern.finditer(text))


def has_verb(text: str) -> bool:
    """Tell whether a piece of a sentence has a verb of its own, so that it says something else."""
    return _ACTS.search(text) is not None


def kind_of(text: str, amount: Amount) -> str:
    """Say how an amount binds, from the words right before it and after it."""
    before = text[max(0, amount.start - NEAR) : amount.start]
    if not before.endswith((" ", "~")):
        before += " "
    if _CEILING.search(before):
        return "ceiling"
    if amount.or_more or _FLOOR.search(before) or _OR_MORE.match(text, amount.end):
        return "floor"
    if amount.high is not None:
        return "range"
    if _ABOUT.search(before):
        return "approximate"
    return {FRACTION: "share", SHARES: "count"}.get(amount.unit, "total")


_OF_A_SHARE = {
    "shares": "share price gain",
    "market value": "market value gain",
    "revenue": "revenue growth",
    "profit": "other",
    "stake": "other",
}
"""What a percentage measures, by the word nearest to it."""


def cue_near(text: str, amount: Amount, start: int = 0) -> str | None:
    """Say which word of measure stands nearest to an amount, before it rather than after; None without any.

    Args:
        start: where the part of the sentence begins that is about the same company.
    """
    best = _nearest_cue(text, amount, start)
    return None if best is None else best[1]


def _nearest_cue(text: str, amount: Amount, start: int) -> tuple[float, str, str] | None:
    """Return the distance, the measure and the word of the nearest cue."""
    best: tuple[float, str, str] | None = None
    for name, pattern in _COMPILED:
        for begin, end, word in _places(pattern, text):
            if amount.start <= begin < amount.end and not word.casefold().startswith("share"):
                continue
            away = amount.start - end if end <= amount.start else 1.5 * (begin - amount.end)
            away += 200 * (begin < start)
            if best is None or away < best[0]:
                best = (away, name, word.casefold())
    return best


def measure_of(text: str, amount: Amount, start: int = 0) -> str | None:
    """Say what an amount measures; None where a percentage is about nothing that claims are about.

    Args:
        start: where the part of the sentence begins that is about the same company.
    """
    cue = cue_near(text, amount, start)
    if amount.unit == FRACTION:
        return _OF_A_SHARE.get(cue or "")
    if amount.each or amount.unit == SHARES:
        return "share price" if amount.each else "stake shares"
    if cue == "profit" and _OF_VALUE.match(text, amount.end):
        return "market value gain"
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
    """Say whether the word of movement nearest to an amount goes down."""

    def nearest(pattern: re.Pattern[str]) -> float:
        places = _places(pattern, text)
        before = [amount.start - end for _, end, _ in places if end <= amount.start]
        after = [2.0 * (begin - amount.end) for begin, _, _ in places if 0 <= begin - amount.end < 12]
        return min([*before, *after], default=float("inf"))

    return nearest(_DOWN) < nearest(_UP)


def is_loss(text: str, amount: Amount, measure: str, start: int = 0) -> bool:
    """Tell whether an amount of money is one that was lost, or is called negative.

    Args:
        amount: in it, not negative as written.
        start: where the part of the sentence begins that is about the same company.
    """
    if _NEGATIVE.search(text[max(0, amount.start - NEAR) : amount.start]):
        return True
    if measure == "market value gain":
        return fell(text, amount)
    cue = _nearest_cue(text, amount, start)
    return measure == "profit" and cue is not None and cue[2].startswith(("loss", "lost"))


def looks_ahead(text: str, amount: Amount) -> bool:
    """Tell whether an amount is expected, planned or promised, by the nearest verb before it."""

    def nearest(pattern: re.Pattern[str]) -> int:
        return max((end for _, end, _ in _places(pattern, text) if end <= amount.start), default=-1)

    return nearest(_AHEAD) > nearest(_BACK)


def verb_near(text: str, amount: Amount) -> str:
    """Return the verb by which an amount is said: the last one before it, else the first after it."""
    places = _places(_VERB, text)
    before = [word for _, end, word in places if end <= amount.start]
    after = [word for begin, _, word in places if begin >= amount.end]
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
