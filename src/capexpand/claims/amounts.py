"""Finds amounts in a sentence: money, percentages and numbers of shares, single or as ranges."""

from __future__ import annotations

import re
from dataclasses import dataclass

from capexpand.claims.table import FRACTION, SHARES

PREFIXES = {
    r"US\$": "USD",
    r"U\.S\. ?\$": "USD",
    r"HK\$": "HKD",
    r"A\$": "AUD",
    r"C\$": "CAD",
    r"S\$": "SGD",
    r"NT\$": "TWD",
    r"\$": "USD",
    "€": "EUR",
    "£": "GBP",
    "₩": "KRW",
    "₹": "INR",
    "[¥￥]": "¥",
    "RMB": "CNY",
    "CNH": "CNY",
    "CNY": "CNY",
    "USD": "USD",
    "EUR": "EUR",
    "GBP": "GBP",
    "HKD": "HKD",
    "JPY": "JPY",
    "KRW": "KRW",
    "TWD": "TWD",
    "INR": "INR",
    "SGD": "SGD",
    "CHF": "CHF",
    "SEK": "SEK",
    "NOK": "NOK",
    "DKK": "DKK",
    "CAD": "CAD",
    "AUD": "AUD",
    "AED": "AED",
    "SAR": "SAR",
}
"""What stands before an amount, longest first, and its currency; the sign of yen and yuan stays open."""

SUFFIXES = {
    "Hong Kong dollars?": "HKD",
    "Australian dollars?": "AUD",
    "Canadian dollars?": "CAD",
    "Singapore dollars?": "SGD",
    "(?:US|U\\.S\\.) dollars?": "USD",
    "dollars?": "USD",
    "yuan": "CNY",
    "renminbi": "CNY",
    "euros?": "EUR",
    "pounds?(?: sterling)?": "GBP",
    "yen": "JPY",
    "won": "KRW",
    "rupees": "INR",
    "francs": "CHF",
    "kronor": "SEK",
    "kroner": "NOK",
    **{code: currency for code, currency in PREFIXES.items() if code.isalpha() and len(code) == 3},
}

SCALES = {
    "trillion": 1e12,
    "tn": 1e12,
    "trn": 1e12,
    "billion": 1e9,
    "bn": 1e9,
    "million": 1e6,
    "mn": 1e6,
    "thousand": 1e3,
    "B": 1e9,
    "M": 1e6,
    "T": 1e12,
    "m": 1e6,
    "b": 1e9,
    "k": 1e3,
}

WORDS = {
    "half a": 0.5,
    "a half": 0.5,
    "a": 1.0,
    "one": 1.0,
    "two": 2.0,
    "three": 3.0,
    "four": 4.0,
    "five": 5.0,
    "six": 6.0,
    "seven": 7.0,
    "eight": 8.0,
    "nine": 9.0,
    "ten": 10.0,
    "eleven": 11.0,
    "twelve": 12.0,
    "fifteen": 15.0,
    "twenty": 20.0,
    "fifty": 50.0,
    "a hundred": 100.0,
}

_NUMBER = (
    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\b(?i:"
    + "|".join(sorted(WORDS, key=len, reverse=True))
    + r")\b)"
)
_SCALE = r"(?:(?i:trillion|billion|million|thousand|trn|tn|bn|mn)|[BMTmbk])\b"
_BEFORE = "|".join(PREFIXES)
_AFTER = "|".join(SUFFIXES)
_PERCENT = r"%|(?i:per ?cent)\b(?! point)"


def _one(mark: str) -> str:
    return (
        rf"(?:(?P<pre{mark}>(?<![A-Za-z]){_pre()})\s?)?(?P<num{mark}>{_NUMBER})(?:[\s-]?(?P<scale{mark}>{_SCALE}))?"
        rf"(?:[\s-]?(?P<post{mark}>(?:{_AFTER})(?![A-Za-z])|{_PERCENT}|(?:[\w-]+ )?shares\b))?"
    )


def _pre() -> str:
    return f"(?:{_BEFORE})"


_RANGE = re.compile(_one("1") + r"\s?(?:-|–|—|to|and|or)\s?" + _one("2"))
_SINGLE = re.compile(_one("1"))
_CHANGED = re.compile(
    r"\b(?:rose|rises?|grew|up|increased|raised|lifted|fell|falls?|down|cut|went|moved)\b[^.]{0,40}\bfrom\s*$"
)
_EACH = re.compile(r"\s(?:a|per|each) share\b|\s?/share")


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
    """

    start: int
    end: int
    low: float
    high: float | None
    unit: str
    each: bool = False


def find_amounts(text: str, *, yen_is_yuan: bool = False) -> tuple[Amount, ...]:
    """Find the amounts in a sentence, in order. Plain numbers, years and days are none.

    Args:
        text: the sentence.
        yen_is_yuan: whether the sign ¥ stands for the yuan.
    """
    found: list[Amount] = []
    position = 0
    while position < len(text):
        match = _RANGE.search(text, position)
        single = _SINGLE.search(text, position)
        if single is None:
            break
        amount = None
        if match is not None and match.start() == single.start():
            amount = _range(match, text, yen_is_yuan)
        chosen = match if amount is not None and match is not None else single
        amount = amount or _single(single, yen_is_yuan)
        if amount is not None:
            each = _EACH.match(text, amount.end) is not None and amount.unit not in (FRACTION, SHARES)
            found.append(Amount(amount.start, amount.end, amount.low, amount.high, amount.unit, each))
        position = max(chosen.end(), position + 1)
    return tuple(found)


def _single(match: re.Match[str], yen_is_yuan: bool) -> Amount | None:
    unit = _unit(match["pre1"], match["post1"], yen_is_yuan)
    value = _value(match["num1"], match["scale1"])
    if unit is None or value is None or (unit == SHARES and value < 1000):
        return None
    start, end = match.span()
    return Amount(start, end, _fraction(value) if unit == FRACTION else value, None, unit)


def _range(match: re.Match[str], text: str, yen_is_yuan: bool) -> Amount | None:
    """Read a range; the first end takes currency and scale from the second where it has none of its own."""
    second = _unit(match["pre2"], match["post2"], yen_is_yuan)
    first = _unit(match["pre1"], match["post1"], yen_is_yuan)
    unit = second or first
    between = re.search(r"\b(?:between|from)\s*$", text[: match.start()]) is not None
    joined = text[match.end("num1") : match.start("num2")]
    if unit is None or (first is not None and second is not None and first != second):
        return None
    if (re.search(r"\b(?:and|or)\b", joined) and not between) or _CHANGED.search(text[: match.start()]):
        return None
    low = _value(match["num1"], match["scale1"] or match["scale2"])
    high = _value(match["num2"], match["scale2"] or (match["scale1"] if second is None else None))
    if low is None or high is None or low >= high:
        return None
    if unit == FRACTION:
        low, high = _fraction(low), _fraction(high)
    return Amount(match.start(), match.end(), low, high, unit)


def _fraction(percent: float) -> float:
    """Turn per cent into a fraction without the noise of binary numbers, so that it reads back the same."""
    return float(f"{percent / 100:.12g}")


def _unit(before: str | None, after: str | None, yen_is_yuan: bool) -> str | None:
    if before:
        for pattern, currency in PREFIXES.items():
            if re.fullmatch(pattern, before):
                return ("CNY" if yen_is_yuan else "JPY") if currency == "¥" else currency
    if after:
        if re.fullmatch(_PERCENT, after):
            return FRACTION
        if after.endswith("shares"):
            return SHARES
        for pattern, currency in SUFFIXES.items():
            if re.fullmatch(pattern, after):
                return currency
    return None


def _value(number: str, scale: str | None) -> float | None:
    word = WORDS.get(number.casefold())
    if word is not None and scale is None and number.casefold() in ("a", "half a", "a half"):
        return None
    plain = word if word is not None else float(number.replace(",", ""))
    factor = 1.0 if scale is None else SCALES.get(scale, SCALES.get(scale.casefold(), 1.0))
    return float(f"{plain * factor:.12g}")
