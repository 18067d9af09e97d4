"""Numbers as articles write them: digits with any separators, words, and the scale words of many languages.

Every pattern is bounded: a run of digits longer than any amount is no number, and none is tried twice.
"""

from __future__ import annotations

import re

_SPACE = "[ \u00a0\u2007\u2009\u202f’']"
"""What separates thousands beside commas and points: spaces of any width, and the Swiss apostrophe."""

_DIGITS = "|".join(
    (
        r"(?!0)\d{1,3}(?:,\d{3}){1,5}(?:\.\d{1,6})?",  # 1,234.5
        r"(?!0)\d{1,3}(?:,\d{2}){1,5},\d{3}(?:\.\d{1,6})?",  # 1,82,000, as in India
        rf"(?!0)\d{{1,3}}(?:{_SPACE}\d{{3}}){{1,5}}(?:[.,]\d{{1,6}})?",  # 380 000
        r"(?!0)\d{1,3}(?:\.\d{3}){2,5}(?:,\d{1,6})?",  # 5.000.000
        r"(?!0)\d{1,3}(?:\.\d{3}){1,5},\d{1,6}",  # 1.234,5
        r"\d{1,15}(?:[.·]\d{1,12})?[½¼¾]?",
        r"\d{1,15},\d{1,2}",  # 2,2
        r"0,\d{1,6}",
        r"[½¼¾]",
    )
)
_TO_NINE = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_ONES = dict(zip(_TO_NINE, range(1, 10), strict=True))
_TO_NINETEEN = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TEENS = dict(zip(_TO_NINETEEN, range(10, 20), strict=True))
_TO_NINETY = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TENS = dict(zip(_TO_NINETY, range(20, 100, 10), strict=True))
_PARTS = {"half a": 0.5, "half an": 0.5, "a half": 0.5, "a quarter of a": 0.25, "three quarters of a": 0.75}
_ARTICLES = {"a": 1.0, "an": 1.0}
NEEDS_SCALE = frozenset({*_PARTS, *_ARTICLES})
"""Words that are a number only before a scale, as in ``a billion``."""

_WORD_VALUES: dict[str, float] = {
    **_ARTICLES,
    **_PARTS,
    **_ONES,
    **_TEENS,
    **_TENS,
    **{f"{ten}-{one}": tens + ones for ten, tens in _TENS.items() for one, ones in _ONES.items()},
}
_WORDS = "|".join(sorted(_WORD_VALUES, key=lambda word: (-len(word), word)))
_AND_PART = {"half": 0.5, "quarter": 0.25}

NUMBER = re.compile(
    rf"(?<![\d.,·])(?:{_DIGITS})(?![\d]|[.,·]\d)"
    rf"|\b(?i:(?:{_WORDS})(?:[ -]and[ -]a[ -](?:half|quarter)(?! of))?)(?![A-Za-z])"
)

_SCALE_WORDS = {
    "quadrillion": 1e15,
    "trillion": 1e12,
    "trln": 1e12,
    "tril": 1e12,
    "trn": 1e12,
    "tn": 1e12,
    "billion": 1e9,
    "milliard": 1e9,
    "mrd": 1e9,
    "bln": 1e9,
    "bil": 1e9,
    "bn": 1e9,
    "crore": 1e7,
    "cr": 1e7,
    "million": 1e6,
    "mln": 1e6,
    "mil": 1e6,
    "mio": 1e6,
    "mm": 1e6,
    "mn": 1e6,
    "lakh": 1e5,
    "lac": 1e5,
    "thousand": 1e3,
    "hundred": 1e2,
}
_SCALE_LETTERS = {"T": 1e12, "t": 1e12, "B": 1e9, "b": 1e9, "M": 1e6, "m": 1e6, "K": 1e3, "k": 1e3}
_SCALE_SIGNS = {
    "万亿": 1e12,
    "萬億": 1e12,
    "兆": 1e12,
    "조": 1e12,
    "千亿": 1e11,
    "百亿": 1e10,
    "十亿": 1e9,
    "亿": 1e8,
    "億": 1e8,
    "억": 1e8,
    "千万": 1e7,
    "百万": 1e6,
    "万": 1e4,
    "萬": 1e4,
    "만": 1e4,
}
_ENDED = r"(?![A-Za-z])"
_WORD = r"(?i:" + "|".join(sorted(_SCALE_WORDS, key=lambda word: (-len(word), word))) + rf")(?i:s)?{_ENDED}"
_LETTER = r"[TtBbMmKk](?![A-Za-z]|-?\d)"
_SIGN = "|".join(sorted(_SCALE_SIGNS, key=lambda sign: (-len(sign), sign)))
SCALE_PATTERN = rf"(?:(?i:(?:hundred|thousand|lakh|million)s?[\s-])?(?:{_WORD})\.?|{_LETTER}|{_SIGN})"
"""One scale, or two that multiply each other, as in ``lakh crore``."""

_PART = re.compile(r"[^\W_]+")


def number_value(written: str) -> float:
    """Return the value of a number.

    Args:
        written: as ``NUMBER`` found it.
    """
    word = written.casefold()
    if word[0].isalpha():
        whole, _, part = re.sub(r"[ -]and[ -]a[ -]", "+", word).partition("+")
        return _WORD_VALUES[whole] + _AND_PART.get(part, 0.0)
    fraction = {"½": 0.5, "¼": 0.25, "¾": 0.75}.get(word[-1], 0.0)
    digits = re.sub(_SPACE, "", word.rstrip("½¼¾")).replace("·", ".")
    if "," in digits and "." in digits:
        decimal = max(digits.rfind(","), digits.rfind("."))
        digits = re.sub(r"[.,]", "", digits[:decimal]) + "." + digits[decimal + 1 :]
    elif digits.count(".") > 1:
        digits = digits.replace(".", "")
    elif "," in digits:
        groups = digits.split(",")
        is_decimal = len(groups) == 2 and (len(groups[1]) != 3 or groups[0] == "0")
        digits = ".".join(groups) if is_decimal else "".join(groups)
    return float(digits or 0) + fraction


def scale_value(written: str) -> float:
    """Return the factor of a scale; two scales multiply each other.

    Args:
        written: as ``SCALE_PATTERN`` found it.
    """
    if written in _SCALE_SIGNS or written in _SCALE_LETTERS:
        return _SCALE_SIGNS.get(written) or _SCALE_LETTERS[written]
    factor = 1.0
    for part in _PART.findall(written.casefold()):
        factor *= _SCALE_WORDS[part] if part in _SCALE_WORDS else _SCALE_WORDS[part.removesuffix("s")]
    return factor
