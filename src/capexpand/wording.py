"""Writes quantities for people: three significant digits, thousands separated, in a unit that suits."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]"
)
"""Control characters, marks that turn the direction of text, what cannot be seen, halves of characters; not
tab, new line and what joins letters in Persian and in pictures."""

MILLION_PER_BILLION = 1000.0
MINUS = "−"


def printable(text: str) -> str:
    """Return foreign text with its control characters shown as escapes, so that it can only be read.

    A title may hold an escape sequence that would colour, move or rename a reader's terminal, and a file's
    name may hold bytes that are no characters. Text passes through here on its way to a terminal, a page or
    a file.
    """
    return _UNPRINTABLE.sub(_as_escape, text)


def _as_escape(found: re.Match[str]) -> str:
    point = ord(found.group())
    return f"\\x{point:02x}" if point < 256 else f"\\u{point:04x}"


def number(value: float, digits: int = 3) -> str:
    """Writes a number with few significant digits.

    Args:
        value: any finite number.
        digits: significant digits kept; zeros at the end of a fraction are dropped.

    Returns:
        The text, such as ``12.3``, ``412,000`` or ``−0.04``.
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "–"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    if abs(rounded) < 1e-4:
        return f"{value:.{digits - 1}e}".replace("-", MINUS)
    places = digits - 1 - math.floor(math.log10(abs(rounded)))  # 9.996 has become 10
    text = f"{rounded:,.{max(places, 0)}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", MINUS)


ROUNDING = 1e-6
"""Parts of a thing or of a megawatt below this are what a solver's arithmetic left, and read as none."""


def count(value: float) -> str:
    """Writes how many there are: whole below 1,000, three digits above, in millions from one on.

    Args:
        value: a number of things; parts of one arise where sizes are not whole.
    """
    if abs(value) < ROUNDING:
        return "0"
    if abs(value) < 0.5:
        return number(value, 1)
    if abs(value) >= 999_500:
        return f"{number(value / 1e6)} million"
    return number(float(round(value)), 3 if abs(value) >= 1000 else 6)


def of_each(value: float, singular: str, plural: str) -> str:
    """Writes a count and what is counted, in the singular for one.

    Args:
        singular: what one is called.
        plural: what several are called.
    """
    written = count(value)
    return f"{'no' if written == '0' else written} {singular if written == '1' else plural}"


def money(amount: float, currency: str) -> str:
    """Writes an amount of money.

    Args:
        amount: amount [million].
        currency: its code.

    Returns:
        The text, such as ``380 bn CNY``, ``12.3 mn CNY`` or ``45,600 CNY``.
    """
    size = abs(amount)
    if size >= 0.9995 * MILLION_PER_BILLION:
        return f"{number(amount / MILLION_PER_BILLION)} bn {currency}"
    if size >= 0.9995:
        return f"{number(amount)} mn {currency}"
    return f"{number(amount * 1e6 if size >= 1e-12 else 0.0)} {currency}"


def power(megawatts: float) -> str:
    """Writes power [MW] in MW or GW."""
    if abs(megawatts) >= 999.5:
        return f"{number(megawatts / 1000.0)} GW"
    return f"{number(megawatts if abs(megawatts) >= ROUNDING else 0.0)} MW"


def volume(amount: float, thing: str = "") -> str:
    """Writes a large number in words of scale.

    Args:
        thing: what is counted, in the plural.

    Returns:
        The text, such as ``12.4 tn tokens``.
    """
    scaled, word = amount, ""
    for size, name in ((1e12, "tn"), (1e9, "bn"), (1e6, "mn")):
        if abs(amount) >= 0.9995 * size:
            scaled, word = amount / size, name
            break
    return " ".join(part for part in (number(scaled), word, thing) if part)


def compute(pflops: float) -> str:
    """Writes computing power [PFLOP/s] in PFLOP/s, EFLOP/s or ZFLOP/s."""
    for size, name in ((1e6, "ZFLOP/s"), (1e3, "EFLOP/s")):
        if abs(pflops) >= 0.9995 * size:
            return f"{number(pflops / size)} {name}"
    return f"{number(pflops)} PFLOP/s"


def percent(fraction: float) -> str:
    """Writes a share or a rate [fraction], whole above 10 %, with one decimal below."""
    value = 100.0 * fraction
    digits = 0 if abs(value) >= 9.95 else 1
    text = f"{value:,.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return ("0" if text == "-0" else text).replace("-", MINUS) + " %"


def capitalised(text: str) -> str:
    """Writes a sentence's first letter large and leaves the rest as it is."""
    return f"{text[:1].upper()}{text[1:]}"


def share(fraction: float) -> str:
    """Writes a share of a whole [fraction] in whole percent; what is small says so."""
    if 0.0 < fraction < 0.005:
        return "less than 1 %"
    return f"{100.0 * fraction:.0f} %"


def years(quarters: int) -> str:
    """Writes a number of quarters as years, such as ``4 years`` or ``2½ years``."""
    whole, rest = divmod(quarters, 4)
    part = ("", "¼", "½", "¾")[rest]
    written = f"{whole or ('' if part else 0)}{part}"
    return f"{written} {'year' if written == '1' or (not whole and part) else 'years'}"


def listing(parts: Sequence[str], word: str = "and") -> str:
    """Joins parts by commas and a last word, "and" or "or"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def sentence(text: str) -> str:
    """Begins a text with a capital letter and ends it with a full stop."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def short_names(titles: Sequence[str]) -> tuple[str, ...]:
    """Cuts titles before their first comma or bracket, where that keeps them apart.

    Args:
        titles: of things of one kind.
    """
    short = tuple(re.split(r"\s*[,(]", title, maxsplit=1)[0] or title for title in titles)
    return tuple(cut if short.count(cut) == 1 else title for cut, title in zip(short, titles, strict=True))


@dataclass(frozen=True, slots=True)
class MoneyScale:
    """The unit in which the charts and tables of one page show money."""

    divisor: float  # million of the currency in one unit
    unit: str  # such as bn CNY

    @classmethod
    def of(cls, largest: float, currency: str) -> MoneyScale:
        """Returns billions where the largest amount [million] is at least five of them, else millions."""
        if largest >= 5 * MILLION_PER_BILLION:
            return cls(MILLION_PER_BILLION, f"bn {currency}")
        return cls(1.0, f"mn {currency}")

    def write(self, amount: float) -> str:
        """Writes an amount [million] for a table: in this unit, with one decimal."""
        scaled = amount / self.divisor
        text = f"{scaled:,.1f}"
        return (text.removeprefix("-") if text in {"-0.0"} else text).replace("-", MINUS)
