"""Texts with a unit, read as canonical numbers of a kind, each kind with its own unit, bounds and example."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from capexpand.units.algebra import Unit, UnitError, parse_unit

VOLUME_UNITS = {
    "token": "tn token",
    "FLOP": "ZFLOP",
    "accelerator_hour": "mn accelerator_hour",
    "vcpu_hour": "mn vcpu_hour",
}
"""The canonical unit of each volume that a workload can be measured in (1e12, 1e21, 1e6 and 1e6)."""

_NUMBER = re.compile(
    r"\s*(?P<sign>[-+−]?)(?P<digits>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?P<power>[eE][-+]?\d+)?"
    r"(?P<unit>(?![\d.,]).*)$",
    re.DOTALL,
)
_NOT_FINITE = re.compile(r"\s*[-+]?\.?(nan|inf|infinity)\b", re.IGNORECASE)

LARGEST_NUMBER = 1e18
"""In canonical units, such as mn CNY or MW; products of larger ones would lose digits or overflow."""

CURRENCY = "CUR"
"""Stands for any one currency in the canonical unit of a kind."""


class QuantityError(ValueError):
    """A text that is not a quantity of the kind that is due; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class QuantityKind:
    """What a quantity measures, and which numbers make sense for it.

    Args:
        name: what it is called in messages and in the schema.
        units: canonical units that it may have; ``CUR`` stands for any one currency.
        example: a quantity as a user would write it.
        minimum: the least number that makes sense [first canonical unit].
        above: the number must be more than this [first canonical unit].
        maximum: the largest number that makes sense [first canonical unit].
        bare: whether a number without a unit is a number in the canonical unit.
        per_unit: whether ``/unit`` may be written and is understood anyway.
        limit: whether a series of this kind is zero before its first date.
    """

    name: str
    units: tuple[str, ...]
    example: str
    minimum: float | None = 0.0
    above: float | None = None
    maximum: float | None = None
    bare: bool = False
    per_unit: bool = False
    limit: bool = False


@dataclass(frozen=True, slots=True)
class Quantity:
    """A canonical number.

    Args:
        value: the number [unit].
        unit: its canonical unit, such as ``mn CNY/MW``.
        currency: the currency in the unit, or None.
    """

    value: float
    unit: str
    currency: str | None


@lru_cache(maxsize=256)
def _canonical(unit: str) -> Unit:
    """A canonical unit without its currency: what must match beside the money."""
    return parse_unit(unit.replace(CURRENCY, "USD")).without("USD")


@lru_cache(maxsize=4096)
def _conversion(expression: str, kind: QuantityKind) -> tuple[float, float, str, str | None]:
    """Numerator and denominator of the factor, canonical unit and currency for an expression of a kind.

    Raises:
        UnitError: the unit is unknown.
        LookupError: it has another dimension than the kind.
    """
    unit = parse_unit(expression)
    if kind.per_unit and ("unit", -1) in unit.dimensions:
        unit = unit.without("unit")
    money = dict(unit.currencies)
    rest = unit.without(*money)
    for target in kind.units:
        want = _canonical(target)
        if rest.dimensions != want.dimensions or sorted(money.values()) != _EXPONENTS[target.count(CURRENCY)]:
            continue
        named = target
        for code in sorted(money, key=lambda code: -money[code]):
            named = named.replace(CURRENCY, code, 1)
        factor = rest.factor / want.factor
        return (
            float(factor.numerator),
            float(factor.denominator),
            named,
            next(iter(money)) if len(money) == 1 else None,
        )
    raise LookupError(expression)


_EXPONENTS: dict[int, list[int]] = {0: [], 1: [1], 2: [-1, 1]}  # of the currencies, by how many a unit names


def _number(text: str, kind: QuantityKind) -> tuple[float, str]:
    """Split a text into its number and its unit expression."""
    if _NOT_FINITE.match(text):
        raise QuantityError(f"'{text}' is not a finite number; write one such as \"{kind.example}\"")
    match = _NUMBER.match(text)
    if match is None:
        raise QuantityError(f"'{text}' is not a number with a unit; write it as in \"{kind.example}\"")
    sign = "-" if match["sign"] in ("-", "−") else ""
    number = float(sign + match["digits"].replace(",", "") + (match["power"] or ""))
    return number, match["unit"].strip()


def _check_bounds(text: str, value: float, kind: QuantityKind) -> None:
    """Refuse a number that makes no sense for its kind."""
    unit = "" if kind.units[0] in ("1", "1/year") or CURRENCY in kind.units[0] else f" {kind.units[0]}"
    if kind.minimum == 0 and value < 0:
        raise QuantityError(f"'{text}' is negative; {kind.name} cannot be")
    if kind.minimum is not None and value < kind.minimum:
        raise QuantityError(
            f"'{text}' is too low; {kind.name} is at least {format_number(kind.minimum)}{unit}"
        )
    if kind.above is not None and value <= kind.above:
        raise QuantityError(
            f"'{text}' is too low; {kind.name} is more than {format_number(kind.above)}{unit}"
        )
    if kind.maximum is not None and value > kind.maximum:
        raise QuantityError(
            f"'{text}' is too high; {kind.name} is at most {format_number(kind.maximum)}{unit}"
        )


def read_quantity(written: str | float, kind: QuantityKind, *, currency: str = "CNY") -> Quantity:
    """Read what a user wrote as a quantity of a kind.

    Args:
        written: a text such as ``"0.45 CNY/kWh"``, or a number where the kind needs no unit.
        currency: the currency to name in messages about money.

    Returns:
        The number in the kind's canonical unit.

    Raises:
        QuantityError: not a number, not finite, no unit or an unknown one, another dimension, out of bounds.
    """
    text = written if isinstance(written, str) else _text_of(written)
    number, expression = _number(text, kind)
    if not expression:
        if not kind.bare:
            raise QuantityError(f'needs a unit, e.g. "{_likely(number, kind, currency)}"')
        expression = kind.units[0]
    try:
        numerator, denominator, unit, money = _conversion(expression, kind)
    except UnitError as error:
        raise QuantityError(f"'{text}': {error}") from None
    except LookupError:
        if _lacks_currency(expression, kind):
            example = kind.example.replace("CNY", currency)
            raise QuantityError(f"'{text}' needs a currency, as in \"{example}\"") from None
        raise QuantityError(f"'{text}' is not convertible to {_wanted(kind, currency)}") from None
    value = number * numerator / denominator
    if math.isfinite(value):
        _check_bounds(text, value, kind)
    if not abs(value) <= LARGEST_NUMBER:
        raise QuantityError(f"'{text}' is too large to plan with")
    return Quantity(value=value, unit=unit, currency=money)


_SCALES = {"bn": 1e9, "mn": 1e6, "thousand": 1e3}
_PLAIN_MONEY = (
    1e4  # from this size on a number without a unit is plain money rather than millions or billions
)
_PLAIN_FRACTION = 1.0  # up to this size a number without a unit is a fraction rather than percent


def _likely(number: float, kind: QuantityKind, currency: str) -> str:
    """What was probably meant by a number without a unit: plain money is scaled, a fraction made percent."""
    unit = kind.example.partition(" ")[2].replace("CNY", currency)
    scale, _, rest = unit.partition(" ")
    if unit.startswith("%") and 0.0 < abs(number) < _PLAIN_FRACTION:
        return f"{format_number(100.0 * number, 12)} {unit}"
    if CURRENCY in kind.units[0] and abs(number) >= _PLAIN_MONEY:
        plain = rest if scale in _SCALES else unit
        size = next((name for name, amount in _SCALES.items() if abs(number) >= amount), "")
        return " ".join(filter(None, (format_number(number / _SCALES.get(size, 1.0), 15), size, plain)))
    return f"{format_number(number, 15)} {unit}"


def _lacks_currency(expression: str, kind: QuantityKind) -> bool:
    """Tell whether a unit would fit the kind if it only named its money."""
    unit = parse_unit(expression)
    if kind.per_unit and ("unit", -1) in unit.dimensions:
        unit = unit.without("unit")
    money = [target for target in kind.units if target.count(CURRENCY) == 1]
    return not unit.currencies and any(unit.dimensions == _canonical(target).dimensions for target in money)


def _wanted(kind: QuantityKind, currency: str) -> str:
    """What to convert to, in the words of a message."""
    unit = kind.units[0]
    if unit == "1":
        return "a plain ratio"
    if unit == "1/year" or unit.count(CURRENCY) > 1:
        return (
            f'{unit.replace(f"{CURRENCY}/{CURRENCY}", "an exchange rate")}; write it as in "{kind.example}"'
        )
    return unit.replace(CURRENCY, currency)


def _text_of(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return repr(number)


def format_number(number: float, digits: int = 6) -> str:
    """Write a number for people: no exponent for usual sizes, no trailing zeros.

    Args:
        number: any finite number.
        digits: significant digits kept.

    Returns:
        The text, for example ``0.45``, ``380000`` or ``2.1e-09``.
    """
    if number == 0:
        return "0"
    if 1e-4 <= abs(number) < 1e15:
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(number))))
        text = f"{number:.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{number:.{digits}g}"
