"""Currencies as articles write them: signs, codes and words, before an amount or after it."""

from __future__ import annotations

import re

from capexpand.claims.table import CURRENCIES

YEN_OR_YUAN = "¥"
"""The sign that Japan and China share; the article decides which of the two is meant."""

_SIGNS = {
    "US$": "USD",
    "US $": "USD",
    "U.S.$": "USD",
    "U.S. $": "USD",
    "HK$": "HKD",
    "AU$": "AUD",
    "A$": "AUD",
    "CA$": "CAD",
    "C$": "CAD",
    "S$": "SGD",
    "NT$": "TWD",
    "NZ$": "NZD",
    "R$": "BRL",
    "MX$": "MXN",
    "$": "USD",
    "＄": "USD",
    "€": "EUR",
    "£": "GBP",
    "₩": "KRW",
    "₹": "INR",
    "₽": "RUB",
    "₺": "TRY",
    "₪": "ILS",
    "฿": "THB",
    "₫": "VND",
    "₱": "PHP",
    "¥": YEN_OR_YUAN,
    "￥": YEN_OR_YUAN,
}
_CODES = {**{code: code for code in CURRENCIES}, "RMB": "CNY", "CNH": "CNY"}
_ONLY_BEFORE = {"Rs.": "INR", "Rs": "INR", "RM": "MYR", "Rp": "IDR", "人民币": "CNY", "新台币": "TWD"}
_IN_MILLIONS = {f"M{code}": code for code in ("EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "CNY")}

_WORDS = {
    "dollar": "USD",
    "US dollar": "USD",
    "U.S. dollar": "USD",
    "American dollar": "USD",
    "Hong Kong dollar": "HKD",
    "Australian dollar": "AUD",
    "Canadian dollar": "CAD",
    "Singapore dollar": "SGD",
    "Singaporean dollar": "SGD",
    "Taiwan dollar": "TWD",
    "New Taiwan dollar": "TWD",
    "NT dollar": "TWD",
    "New Zealand dollar": "NZD",
    "yuan renminbi": "CNY",
    "yuan": "CNY",
    "renminbi": "CNY",
    "euro": "EUR",
    "pound sterling": "GBP",
    "pound": "GBP",
    "yen": "JPY",
    "won": "KRW",
    "rupee": "INR",
    "Indian rupee": "INR",
    "franc": "CHF",
    "Swiss franc": "CHF",
    "kronor": "SEK",
    "Swedish kronor": "SEK",
    "kroner": "NOK",
    "Norwegian kroner": "NOK",
    "Danish kroner": "DKK",
    "dirham": "AED",
    "riyal": "SAR",
    "reais": "BRL",
    "ringgit": "MYR",
    "rupiah": "IDR",
    "baht": "THB",
    "rouble": "RUB",
    "ruble": "RUB",
    "shekel": "ILS",
    "zloty": "PLN",
    "Mexican peso": "MXN",
    "Philippine peso": "PHP",
    "rand": "ZAR",
    "lira": "TRY",
    "dong": "VND",
    "人民币": "CNY",
    "元": "CNY",
    "美元": "USD",
    "港元": "HKD",
    "港币": "HKD",
    "日元": "JPY",
    "円": "JPY",
    "欧元": "EUR",
    "英镑": "GBP",
    "韩元": "KRW",
    "원": "KRW",
    "新台币": "TWD",
}

BEFORE = {**_SIGNS, **_CODES, **_ONLY_BEFORE, **_IN_MILLIONS}
"""The currencies that stand before an amount, by how they are written, capitals as here."""

_AFTER = {
    name.casefold(): currency
    for word, currency in _WORDS.items()
    for name in (word, f"{word}s")  # the plural of a few is no word, and harms nobody
}

YEN_LETTER = "Y"
"""News agencies write the yen so, right before its digits; the text is searched up to these."""


def _alternatives(names: list[str]) -> str:
    ordered = sorted(names, key=lambda name: (-len(name), name))
    return "|".join(re.escape(name).replace(r"\ ", r"\s") for name in ordered)


BEFORE_PATTERN = rf"(?<![A-Za-z])(?:{_alternatives(list(BEFORE))}|{YEN_LETTER}$)"

_LATIN_WORDS = [name for name in _AFTER if name.isascii()]
_OTHER_WORDS = [name for name in _AFTER if not name.isascii()]
AFTER_PATTERN = (
    rf"(?i:{_alternatives(_LATIN_WORDS)})(?![A-Za-z])|{_alternatives(_OTHER_WORDS)}"
    # a sign or a code after a number belongs to that number unless another number follows: in 2031 USD 5 bn
    rf"|(?:(?:{_alternatives([*_CODES, *_IN_MILLIONS])})(?![A-Za-z])"
    rf"|{_alternatives(list(_SIGNS))})(?!\s?(?:[BMKTbmkt][a-z]{{0,7}}\s)?[\d(−-])"
)


def currency_before(written: str) -> tuple[str, float]:
    """Return the currency that stands before an amount, and the scale in its name (MEUR: a million).

    Args:
        written: as ``BEFORE_PATTERN`` found it.
    """
    if written == YEN_LETTER:
        return "JPY", 1.0
    name = re.sub(r"\s", " ", written)
    return BEFORE[name], 1e6 if name in _IN_MILLIONS else 1.0


def currency_after(written: str) -> tuple[str, float]:
    """Return the currency that stands after an amount, and the scale in its name.

    Args:
        written: as ``AFTER_PATTERN`` found it.
    """
    name = re.sub(r"\s", " ", written)
    found = _AFTER.get(name.casefold())
    return (found, 1.0) if found is not None else currency_before(name)
