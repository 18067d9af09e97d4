"""Proposes claims from an article: every amount with its company, measure, kind, period and quote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from capexpand.catalogue.columns import YEARS
from capexpand.claims.amounts import Amount, find_amounts
from capexpand.claims.attribution import (
    Mention,
    Names,
    is_about_several,
    names_in,
    subject_of,
)
from capexpand.claims.documents import Document, Sentence
from capexpand.claims.periods import find_periods
from capexpand.claims.table import CURRENCIES, FRACTION, SHARES
from capexpand.claims.time_spans import Moment, NamedPeriod, Period
from capexpand.claims.wording import (
    fell,
    has_verb,
    is_loss,
    kind_of,
    looks_ahead,
    measure_of,
    scope_near,
    verb_near,
)
from capexpand.errors import CaseError, Problem

GAINS = ("share price gain", "market value gain")
CHANGES = (*GAINS, "revenue growth")
"""Measures of which a word of movement gives the sign."""

MOST_PROPOSALS = 2_000
"""A text with more figures is a table."""

NO_PERIOD = Period("", None, None)
_GOES_ON = re.compile(r",? (?:where|when|in which|during which|for which)\b")
_TURNS = re.compile(r"(?:^|,) ?(?:after|as|while|when|because|but)\b")
_PARTED = re.compile(r"[,;]| and | but ")
_GOES_BACK = re.compile(r"(?:They|It) (?:has|have|had|is|are|rose|fell|closed)\b")
_STAKE = re.compile(r"\b(?:stake|holding|shareholding)\b", re.IGNORECASE)
_YUAN = re.compile(r"\byuan\b|\bRMB|\bChin|元")
_YEN = re.compile(r"\byen\b|\bJPY|\bTokyo\b|\bJapan")
_IN_PARENTHESES = re.compile(r"\(\s*(?:about |around |approximately |roughly |some |or )?$")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A claim that an article seems to make.

    Args:
        company: whom it is about, empty where the text does not say.
        amount: in whole units, percentages as fractions.
        amount_high: the upper end of a range.
        unit: a currency, ``fraction`` or ``shares``.
        kind: how the amount binds.
        verb: by which it is said.
        period: to which it belongs.
        scope: what money is for.
        sentence: in which it stands.
        start: first character of the amount in the whole text, from 0.
        end: the character after its last.
    """

    company: str
    measure: str
    amount: float
    amount_high: float | None
    unit: str
    kind: str
    verb: str
    period: Period
    scope: str
    sentence: Sentence
    start: int
    end: int


@dataclass(slots=True)
class _Context:
    """What the sentences so far were about."""

    company: str = ""
    measure: str = ""


def propose_claims(document: Document, published: date | None = None) -> tuple[Proposal, ...]:
    """Propose the claims of an article, in the order of its text.

    Args:
        published: its day; that of its text if None. Without one, words such as this year stay open.

    Raises:
        CaseError: it holds more figures than any article does, or is of no day that a claim can have.
    """
    day = published or document.published
    if day is not None and day.year not in YEARS:
        message = f"{day} is no day of an article: years go from {YEARS.start} to {YEARS.stop - 1}"
        raise CaseError([Problem(message)])
    names = names_in(document.text)
    yuan = _YUAN.search(document.text) is not None and _YEN.search(document.text) is None
    context = _Context()
    found: list[Proposal] = []
    for sentence in document.sentences:
        found += _read(sentence, names, context, day=day, yen_is_yuan=yuan)
        if len(found) > MOST_PROPOSALS:
            message = f"holds more than {MOST_PROPOSALS:,} figures: it is a table, not an article"
            raise CaseError([Problem(message)])
    return tuple(_without_repeats(found))


def _without_repeats(proposals: Sequence[Proposal]) -> Iterator[Proposal]:
    """Leave out what a heading says twice."""
    seen: set[tuple[object, ...]] = set()
    for one in proposals:
        key = (one.sentence.paragraph, one.company, one.measure, one.amount, one.unit, one.kind)
        if one.sentence.heading and key in seen:
            continue
        if one.sentence.heading:
            seen.add(key)
        yield one


def _read(
    sentence: Sentence, names: Names, context: _Context, *, day: date | None, yen_is_yuan: bool
) -> Iterator[Proposal]:
    text = sentence.text
    mentions = names.mentions(text)
    previous: Proposal | None = None
    several = is_about_several(text)
    for amount in find_amounts(text, yen_is_yuan=yen_is_yuan):
        beside = previous is not None and _is_conversion(text, amount, previous, sentence)
        subject = subject_of(text, amount.start, mentions, stake=_STAKE.search(text) is not None)
        held = subject is not None and _STAKE.search(text[: subject.start]) is not None
        measure = measure_of(text, amount, subject.start if subject is not None and not held else 0)
        if measure is None and context.measure in CHANGES and _GOES_BACK.match(text):
            measure = context.measure
        if measure is None:
            continue
        company = subject.company if subject else "" if several else context.company
        if previous is not None and beside:
            proposal = _conversion(previous, amount, sentence)
        else:
            low, high = _signed(
                text, amount, measure, subject.start if subject is not None and not held else 0
            )
            proposal = Proposal(
                company=company,
                measure=measure,
                amount=low,
                amount_high=high,
                unit=amount.unit,
                kind=kind_of(text, amount),
                verb=verb_near(text, amount),
                period=_period(
                    text,
                    amount,
                    subject,
                    mentions,
                    measure=measure,
                    company=company,
                    day=day,
                    previous=previous,
                ),
                scope=scope_near(_without(mentions, text))
                if measure in ("spending", "financing")
                else "not stated",
                sentence=sentence,
                start=sentence.start + amount.start,
                end=sentence.start + amount.end,
            )
        previous = proposal
        context.measure = measure
        yield proposal
    leading = [mention for mention in mentions if mention.subject] or list(mentions)
    if leading:
        context.company = leading[0].company


def _signed(text: str, amount: Amount, measure: str, start: int) -> tuple[float, float | None]:
    """Give an amount its sign: a share that fell and money that was lost are negative."""
    if amount.low < 0 or amount.unit == SHARES:
        return amount.low, amount.high
    if amount.unit == FRACTION:
        negative = measure in CHANGES and fell(text, amount)
    else:
        negative = is_loss(text, amount, measure, start)
    if not negative:
        return amount.low, amount.high
    return (-amount.low, None) if amount.high is None else (-amount.high, -amount.low)


def _without(mentions: Sequence[Mention], text: str) -> str:
    """Blank out the names of companies: what is called a cloud need not spend on one."""
    for mention in mentions:
        text = text[: mention.start] + " " * (mention.end - mention.start) + text[mention.end :]
    return text


def _is_conversion(text: str, amount: Amount, previous: Proposal, sentence: Sentence) -> bool:
    """Tell whether an amount in parentheses repeats the one before them in another currency."""
    between = text[previous.end - sentence.start : amount.start]
    return (
        amount.unit in CURRENCIES
        and previous.unit in CURRENCIES
        and amount.unit != previous.unit
        and len(between) <= 20
        and _IN_PARENTHESES.search(between) is not None
    )


def _conversion(previous: Proposal, amount: Amount, sentence: Sentence) -> Proposal:
    low, high = amount.low, amount.high
    if previous.amount < 0 < low:
        low, high = (-low, None) if high is None else (-high, -low)
    return Proposal(
        previous.company,
        previous.measure,
        low,
        high,
        amount.unit,
        "range" if high is not None else "total" if previous.kind == "range" else previous.kind,
        previous.verb,
        previous.period,
        previous.scope,
        sentence,
        sentence.start + amount.start,
        sentence.start + amount.end,
    )


def _period(
    text: str,
    amount: Amount,
    subject: Mention | None,
    mentions: Sequence[Mention],
    *,
    measure: str,
    company: str,
    day: date | None,
    previous: Proposal | None,
) -> Period:
    """Pick the period of an amount: the nearest that is named in the part of the sentence about its company.

    What stands after the amount counts before what stands before it. A company in a list, without a verb
    of its own, shares the period of the one before it.
    """
    begin, end = _part(text, amount, subject, mentions)
    named = [
        p
        for p in find_periods(text, Moment(day, company, looks_ahead(text, amount)))
        if begin <= p.start < end or p.end <= _first(mentions)
    ]
    named = [p for p in named if (_compares(amount, p) if p.before else _belongs(text, amount, p))]
    best = min(named, key=lambda p: _away(text, amount, p), default=None)
    if best is not None:
        return _as_gain(best, measure, day)
    if previous is not None and subject is not None and not has_verb(text[subject.end : amount.start]):
        return (
            previous.period if previous.sentence.text == text and previous.measure == measure else NO_PERIOD
        )
    return NO_PERIOD


def _first(mentions: Sequence[Mention]) -> int:
    return mentions[0].start if mentions else 0


def _part(text: str, amount: Amount, subject: Mention | None, mentions: Sequence[Mention]) -> tuple[int, int]:
    """Find where the part of a sentence about a company begins and ends: at the next possible subject."""
    begin = 0 if subject is None or subject.start > amount.start else subject.start
    later = [
        m.start
        for m in mentions
        if m.start > amount.end and m.subject and (subject is None or m.company != subject.company)
    ]
    return begin, min(later, default=len(text))


def _compares(amount: Amount, named: NamedPeriod) -> bool:
    """Tell whether an amount is that of a year earlier, as in ``up from 88 billion a year earlier``."""
    return amount.unit != FRACTION and 0 <= named.start - amount.end <= 3


def _belongs(text: str, amount: Amount, named: NamedPeriod) -> bool:
    """Tell whether nothing that says something else stands between an amount and a period."""
    if named.start >= amount.end:
        between = text[amount.end : named.start]
        return not has_verb(between) and _TURNS.search(between) is None
    if _GOES_ON.match(text, named.end):
        return True
    between = text[named.end : amount.start]
    return not (_PARTED.search(between) and has_verb(text[: named.start]) and has_verb(between))


def _away(text: str, amount: Amount, named: NamedPeriod) -> tuple[int, int]:
    """Order periods: those right after the amount, then by distance with what is before counting double."""
    if named.start >= amount.end:
        between = find_amounts(text[amount.end : named.start])
        return (len(between), named.start - amount.end)
    between = find_amounts(text[named.end : amount.start])
    return (len(between), 2 * (amount.start - named.end))


def _as_gain(named: NamedPeriod, measure: str, day: date | None) -> Period:
    """Lay the period of a gain in price or value up to the day of the article, where the year is not over."""
    period = named.period
    this_year = day is not None and period == Period("calendar", date(day.year, 1, 1), date(day.year, 12, 31))
    if measure in GAINS and this_year:
        return Period("calendar", period.start, day)
    return period
