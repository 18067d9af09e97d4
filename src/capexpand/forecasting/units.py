"""Units of a series as tables write them: a scale (thousand to trillion) and a currency or another thing."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SCALES = {
    1e5: ("lakh", "lakhs"),
    1e7: ("crore", "crores", "cr"),
    1e3: ("k", "thousand", "thousands", "tsd"),
    1e6: ("m", "mn", "mio", "mm", "million", "millions"),
    1e9: ("b", "bn", "billion", "billions", "mrd"),
    1e12: ("t", "tn", "trn", "trillion", "trillions"),
}
_SCALE_OF = {word: scale for scale, words in _SCALES.items() for word in words}
_SHORT = {1.0: "", 1e3: "k", 1e5: "lakh", 1e6: "mn", 1e7: "crore", 1e9: "bn", 1e12: "tn"}
_SIGNS = {
    "$": "USD", "us$": "USD", "nt$": "TWD", "hk$": "HKD", "a$": "AUD", "c$": "CAD", "s$": "SGD", "€": "EUR",
    "£": "GBP", "₩": "KRW", "₹": "INR", "rmb": "CNY", "yuan": "CNY", "won": "KRW", "yen": "JPY",
    "euro": "EUR", "euros": "EUR",
}  # fmt: skip
_CODES = "usd|eur|gbp|cny|rmb|jpy|krw|twd|hkd|inr|sgd|aud|cad|chf|sek|aed|sar|brl"
_TOGETHER = re.compile(rf"(?:({_CODES})([a-z]+)|([a-z]+?)({_CODES}))")
_WRITTEN = {"mw": "MW", "gw": "GW", "mwh": "MWh", "gwh": "GWh", "twh": "TWh"}
_SHARES = ("%", "percent", "fraction", "ratio", "pp", "growth", "yoy", "1")
EXAMPLE = "mn USD, bn CNY or tn token/day"


@dataclass(frozen=True, slots=True)
class SeriesUnit:
    """The unit of a series.

    Args:
        scale: how many of the thing, such as 1e6.
        thing: a currency code, or such as ``token/day``; empty for a share or a growth rate.
    """

    scale: float
    thing: str

    @property
    def text(self) -> str:
        """The unit in words, such as ``mn USD``."""
        return " ".join(part for part in (_SHORT[self.scale], self.thing) if part)

    @property
    def is_amount(self) -> bool:
        """Whether it measures an amount rather than a share."""
        return bool(self.thing)


def parse_series_unit(text: str) -> SeriesUnit | None:
    """Read a unit such as ``mn USD``, ``USD_million``, ``$bn`` or ``tokens/day``; None where it is none.

    Args:
        text: as written.
    """
    spaced = re.sub(r"(?<![a-z])((?:us|nt|hk|[acs])?\$|[€£₩₹])", r" \1 ", text.strip().casefold())
    spaced = re.sub(r"\s*(?:\bper\b|/)\s*", "/", spaced)
    words = [part for word in re.split(r"[\s_()-]+", spaced) for part in _apart(word) if part]
    if not words:
        return None
    if any(word in _SHARES or word.startswith("%") for word in words):
        return SeriesUnit(1.0, "")
    found = [word for word in words if word in _SCALE_OF]
    things = [_SIGNS.get(word, word) for word in words if word not in _SCALE_OF and word not in ("of", "in")]
    if len(found) > 1 or len(things) != 1:
        return None
    thing = things[0]
    thing = _WRITTEN.get(thing, thing)
    thing = thing.upper() if re.fullmatch(r"[a-z]{3}", thing) else thing
    return SeriesUnit(_SCALE_OF[found[0]] if found else 1.0, thing)


def _apart(word: str) -> tuple[str, ...]:
    """A scale and a currency written as one word, such as ``usdbn``, as two."""
    found = _TOGETHER.fullmatch(word)
    parts = () if found is None else tuple(part for part in found.groups() if part)
    return parts if any(part in _SCALE_OF for part in parts) else (word,)
