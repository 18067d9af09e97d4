"""Finds amounts in a sentence: money, percentages and numbers of shares, single or as ranges.

Each number is found once and read with the few characters around it, so the work grows with the length of the
sentence and with nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from capexpand.claims.currencies import (
    AFTER_PATTERN,
    BEFORE_PATTERN,
    YEN_OR_YUAN,
    currency_after,
    currency_before,
)
from capexpand.claims.documents import MONTH
from capexpand.claims.numbers import NEEDS_SCALE, NUMBER, SCALE_PATTERN, number_value, scale_value
from capexpand.claims.table import FRACTION, SHARES

WINDOW = 32
"""A currency, a scale or a sign stands within so many characters of its number."""

FEWEST_SHARES = 1000
"""A smaller number of shares is no stake."""

_PERCENT = r"%|％|(?:(?i:per\s?cent|pct)|pc)(?!\s?points?\b|[A-Za-z])"
_SHARES = r"(?:of\s(?:its|the)\s)?(?:[A-Za-z-]{1,20}\s)?shares\b"
_SIGN = r"[-−–]"
_BEFORE = re.compile(
    rf"(?P<unit>{BEFORE_PATTERN})(?:\s?(?P<scale>{SCALE_PATTERN}))?\s?(?P<inner>{_SIGN}|\()?$"
)
_OUTER = re.compile(rf"(?:^|(?<=[\s(（,:;]))(?:{_SIGN}|(?<!plus or )(?i:minus|negative)\s)$")
_PLUS = r"\+|-?plus\b"
_AFTER = re.compile(
    rf"(?P<plus>{_PLUS})?(?:[\s-]{{0,2}}(?P<scale>{SCALE_PATTERN}))?(?P<more>{_PLUS})?"
    rf"(?:[\s-]?(?P<unit>{AFTER_PATTERN}|{_PERCENT}|{_SHARES}))?"
)
_JOINED = re.compile(
    r"\s?(?P<word>-|–|—|−|~|～|至|到|to|and|or|,? ?(?P<about>±|plus or minus|plus/minus|\+/-|\+/−))\s?"
    r"(?:(?:as much as|as high as|up to|about)\s)?"
)
_BETWEEN = re.compile(r"\b(?:between|from)\s*$")
_CHANGED = re.compile(
    r"\b(?:rose|rises?|grew|up|increased|raised|lifted|fell|falls?|down|cut|went|moved)\b[^.]{0,40}\bfrom\s*$"
)
_DAY_OF_MONTH = re.compile(rf"\b{MONTH}\s?$")
_FIRST_GROUP = re.compile(r"\d+|\w+|.")
_EACH = re.compile(r"\s(?:a|per|each) share\b|\s?/share|\sapiece\b")


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount in a sentence.

    Args:
        start: first character, from 0.
        end: the character after its last.
        low: in whole units, percentages as fractions.
        high: the upper end of a range, None where there is one value.
        unit: a currency, ``fraction`` or ``shares``.
        each: whether it is the price of one share.
        or_more: whether a plus sign makes it the least, as in ``50+ billion``.
    """

    start: int
    end: int
    low: float
    high: float | None
    unit: str
    each: bool = False
    or_more: bool = False


@dataclass(frozen=True, slots=True)
class _Figure:
    """A number with what stands around it; ``scale`` is None where none is written, ``unit`` empty."""

    start: int
    end: int
    number: float
    negative: bool
    scale: float | None
    unit_before: str
    unit_after: str
    or_more: bool
    needs_scale: bool

    @property
    def unit(self) -> str:
        return self.unit_before or self.unit_after

    def value(self, scale: float | None = None) -> float:
        factor = self.scale if self.scale is not None else scale
        return float(f"{(-self.number if self.negative else self.number) * (factor or 1.0):.12g}")


def find_amounts(text: str, *, yen_is_yuan: bool = False) -> tuple[Amount, ...]:
    """Find the amounts in a sentence, in order. Plain numbers, years and days are none.

    Args:
        yen_is_yuan: whether the sign ¥ stands for the yuan.
    """
    found: list[Amount] = []
    for amount in _amounts(text, tuple(_figures(text))):
        unit = ("CNY" if yen_is_yuan else "JPY") if amount.unit == YEN_OR_YUAN else amount.unit
        each = unit not in (FRACTION, SHARES) and _EACH.match(text, amount.end) is not None
        found.append(replace(amount, unit=unit, each=each))
    return tuple(found)


def _figures(text: str) -> Iterator[_Figure]:
    position = 0
    while (number := NUMBER.search(text, position)) is not None:
        figure = _figure(text, number)
        if figure is None:  # tried again behind its first group of digits: Q3 380 billion
            first = _FIRST_GROUP.match(text, number.start())
            position = first.end() if first is not None else number.end()
            continue
        yield figure
        position = max(figure.end, number.end())


def _figure(text: str, number: re.Match[str]) -> _Figure | None:
    start = number.start()
    window = text[max(0, start - WINDOW) : start]
    before = _BEFORE.search(window)
    unit, factor, inner = "", None, ""
    if before is not None:
        unit, factor = currency_before(before["unit"])
        factor = scale_value(before["scale"]) if before["scale"] else factor if factor != 1.0 else None
        inner = before["inner"] or ""
        start -= len(window) - before.start()
    elif window[-1:].isascii() and (window[-1:].isalnum() or window[-1:] == "_"):
        return None  # part of a name: GPT4, Q3
    end, after, negative = _after(text, number.end(), opened=inner == "(", start=start)
    if negative and inner != "(":
        start -= 1
    elif inner and inner != "(":
        negative = True
    outer = _OUTER.search(text[max(0, start - WINDOW) : start])
    if outer is not None:
        start -= len(outer[0])
        negative = True
    scale = scale_value(after["scale"]) if after["scale"] else factor
    written = after["unit"] or ""
    unit_after, more = _unit_after(written)
    return _Figure(
        start=start,
        end=end,
        number=number_value(number[0]),
        negative=negative,
        scale=more if scale is None else scale,
        unit_before=unit,
        unit_after=unit_after,
        or_more=bool(after["plus"] or after["more"]),
        needs_scale=number[0].casefold() in NEEDS_SCALE,
    )


def _after(text: str, end: int, *, opened: bool, start: int) -> tuple[int, re.Match[str], bool]:
    """Read what follows a number; one that parentheses enclose apart from its scale is negative.

    Accountants write $(3.1) billion and ($3.1) billion; ($3.1 billion) is an aside.
    """
    enclosed = opened or text[max(0, start - 1) : start] == "("
    if enclosed and text[end : end + 1] == ")":
        beyond = _AFTER.match(text, end + 1)
        if beyond is not None and (opened or beyond["scale"]):
            return beyond.end(), beyond, True
    after = _AFTER.match(text, end)
    if after is None:  # cannot be: every part of the pattern may be absent
        raise AssertionError(text)
    return after.end(), after, False


def _unit_after(written: str) -> tuple[str, float | None]:
    if not written:
        return "", None
    if re.fullmatch(_PERCENT, written):
        return FRACTION, None
    if written.endswith("shares"):
        return SHARES, None
    currency, scale = currency_after(written)
    return currency, scale if scale != 1.0 else None


def _amounts(text: str, figures: Sequence[_Figure]) -> Iterator[Amount]:
    at = 0
    while at < len(figures):
        one = figures[at]
        two = figures[at + 1] if at + 1 < len(figures) else None
        near = two is not None and two.start - one.end <= WINDOW
        ranged = _range(text, one, two) if near and two is not None else None
        if ranged is None and near and two is not None:
            one = _sharing_scale(text, one, two)
        single = ranged or _single(one)
        at += 2 if ranged is not None else 1
        if single is not None:
            yield single


def _single(figure: _Figure) -> Amount | None:
    value = figure.value()
    if not figure.unit or (figure.needs_scale and figure.scale is None):
        return None
    if figure.unit == SHARES and value < FEWEST_SHARES:
        return None
    low = _fraction(value) if figure.unit == FRACTION else value
    return Amount(figure.start, figure.end, low, None, figure.unit, or_more=figure.or_more)


def _range(text: str, one: _Figure, two: _Figure) -> Amount | None:
    """Read a range; the first end takes currency and scale from the second where it has none of its own."""
    joined = _JOINED.fullmatch(text, one.end, two.start)
    if joined is None:
        return None
    if joined["about"]:
        return _plus_or_minus(one, two)
    unit = two.unit or one.unit
    if not unit or _are_apart(text, one, two, joined["word"]):
        return None
    low = one.value(None if one.unit_after else two.scale)
    high = two.value(one.scale if not two.unit else None)
    if low < 0 and high < 0:
        low, high = min(low, high), max(low, high)
    if low >= high:
        return None
    if unit == FRACTION:
        low, high = _fraction(low), _fraction(high)
    return Amount(one.start, two.end, low, high, unit)


def _are_apart(text: str, one: _Figure, two: _Figure, word: str) -> bool:
    """Tell whether two joined figures are two amounts, or a day and an amount, rather than a range."""
    before = text[max(0, one.start - 60) : one.start]
    between = _BETWEEN.search(before) is not None
    bare = not one.unit and one.scale is None
    return (
        bool(one.unit and two.unit and one.unit != two.unit)
        or (word in ("and", "or") and not between)
        or _CHANGED.search(before) is not None
        or (bare and (_DAY_OF_MONTH.search(before) is not None))
        or (bare and word in ("to", "and", "or") and bool(two.unit_before))
        or one.needs_scale
        or two.needs_scale
    )


def _sharing_scale(text: str, one: _Figure, two: _Figure) -> _Figure:
    """Give the first of two joined amounts the scale that only the second writes: $12 or $13 billion."""
    shared = one.unit_before and one.unit_before == two.unit_before and one.scale is None
    if shared and one.number < two.number * 2 < 2000 and _JOINED.fullmatch(text, one.end, two.start):
        return replace(one, scale=two.scale)
    return one


def _plus_or_minus(one: _Figure, two: _Figure) -> Amount | None:
    """Read ``$65 billion, plus or minus 2 %`` as the range that it is."""
    if not one.unit or one.unit == SHARES or two.negative:
        return None
    middle = one.value()
    if two.unit == FRACTION and one.unit != FRACTION:
        half = abs(middle) * two.number / 100
    elif two.unit in ("", one.unit):
        half = two.value(one.scale if not two.unit else None)
    else:
        return None
    low, high = (float(f"{end:.12g}") for end in (middle - half, middle + half))
    if low >= high:
        return None
    if one.unit == FRACTION:
        low, high = _fraction(low), _fraction(high)
    return Amount(one.start, two.end, low, high, one.unit)


def _fraction(percent: float) -> float:
    """Turn per cent into a fraction without the noise of binary numbers, so that it reads back the same."""
    return float(f"{percent / 100:.12g}")
