"""Unit expressions such as ``CNY/kW/month``: parsed exactly, compared by dimension, converted by one factor.

The set of units is closed and small, so the algebra is small as well: a unit is an exact factor and a
mapping from dimension to exponent. A general library would cost more time to import than a whole case takes
to load; the tests hold this algebra against one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from capexpand.units.currencies import CURRENCIES

_SCALES = {
    "k": 10**3,
    "thousand": 10**3,
    "mn": 10**6,
    "million": 10**6,
    "bn": 10**9,
    "billion": 10**9,
    "tn": 10**12,
    "trillion": 10**12,
}

_PREFIXES = {
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "P": 10**15,
    "E": 10**18,
    "Z": 10**21,
    "Y": 10**24,
}

# Milli-watts and milli-tokens are typing mistakes, so only seconds take small prefixes.
_SMALL_PREFIXES = {"m": Fraction(1, 10**3), "µ": Fraction(1, 10**6), "u": Fraction(1, 10**6)}

_HOUR = 3600
_DAY = 24 * _HOUR
_YEAR = Fraction(36525, 100) * _DAY

Dimensions = tuple[tuple[str, int], ...]


class UnitError(ValueError):
    """A unit that does not exist, or one that does not convert into another."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as an exact multiple of base units.

    Args:
        factor: how many base units one of this unit is.
        dimensions: pairs of dimension and exponent, sorted, without zeros.
    """

    factor: Fraction
    dimensions: Dimensions

    @property
    def currencies(self) -> Dimensions:
        """The part of the dimensions that is money."""
        return tuple(pair for pair in self.dimensions if pair[0] in CURRENCIES)

    def without(self, *names: str) -> Unit:
        """The same unit with some dimensions taken out."""
        return Unit(self.factor, tuple(pair for pair in self.dimensions if pair[0] not in names))


def _plain(factor: Fraction | int, **exponents: int) -> Unit:
    return Unit(Fraction(factor), tuple(sorted(exponents.items())))


def _with_plurals(units: dict[str, Unit]) -> dict[str, Unit]:
    return units | {f"{name}s": unit for name, unit in units.items()}


_COUNTED = _with_plurals(
    {
        "token": _plain(1, token=1),
        "accelerator_hour": _plain(1, accelerator_hour=1),
        "vcpu_hour": _plain(1, vcpu_hour=1),
        "unit": _plain(1, unit=1),
        "FLOP": _plain(1, FLOP=1),
    }
)
_COUNTED["FLOPS"] = _plain(1, FLOP=1, time=-1)  # in capitals the S stands for "per second"

_TIMES = _with_plurals(
    {
        "second": _plain(1, time=1),
        "minute": _plain(60, time=1),
        "hour": _plain(_HOUR, time=1),
        "day": _plain(_DAY, time=1),
        "week": _plain(7 * _DAY, time=1),
        "month": _plain(_YEAR / 12, time=1),
        "quarter": _plain(_YEAR / 4, time=1),
        "year": _plain(_YEAR, time=1),
    }
) | {"s": _plain(1, time=1), "min": _plain(60, time=1), "h": _plain(_HOUR, time=1)}

_PHYSICAL = {
    "W": _plain(1, power=1),
    "Wh": _plain(_HOUR, power=1, time=1),
    "J": _plain(1, power=1, time=1),
    "B": _plain(1, data=1),
    "t": _plain(1000, mass=1),
    "kg": _plain(1, mass=1),
    "KiB": _plain(2**10, data=1),
    "MiB": _plain(2**20, data=1),
    "GiB": _plain(2**30, data=1),
    "TiB": _plain(2**40, data=1),
}

_UNITS: dict[str, Unit] = (
    {"%": _plain(Fraction(1, 100)), "percent": _plain(Fraction(1, 100)), "1": _plain(1)}
    | _TIMES
    | _PHYSICAL
    | _COUNTED
    | {code: Unit(Fraction(1), ((code, 1),)) for code in CURRENCIES}
)

_PREFIXABLE = ("W", "Wh", "J", "B", "FLOP", "FLOPs", "FLOPS", "token", "tokens")

# What people commonly have in mind; suggested before anything that merely looks alike.
_MEANT = {
    "RMB": "CNY",
    "yuan": "CNY",
    "dollar": "USD",
    "dollars": "USD",
    "$": "USD",
    "€": "EUR",
    "euro": "EUR",
    "m": "mn",
    "M": "mn",
    "b": "bn",
    "B": "bn",
    "y": "year",
    "yr": "year",
    "mo": "month",
    "q": "quarter",
    "d": "day",
    "chip": "unit",
    "chips": "unit",
    "server": "unit",
    "servers": "unit",
    "rack": "unit",
    "racks": "unit",
    "gpu_hour": "accelerator_hour",
    "GPU_hour": "accelerator_hour",
    "GPUh": "accelerator_hour",
    "mW": "MW",
    "Mw": "MW",
    "mw": "MW",
}

_OPERATOR = re.compile(r"\s*(/|\*|·|\bper\b)\s*")


def unit_names() -> tuple[str, ...]:
    """Every name that may stand in a unit expression, without prefixes, for suggestions and the schema."""
    return tuple(_UNITS) + tuple(_SCALES)


def _suggestion(name: str) -> str:
    from difflib import get_close_matches

    if name in _MEANT:
        return f"; did you mean {_MEANT[name]}?"
    known = [
        *unit_names(),
        *(prefix + base for prefix in "kMGTP" for base in ("W", "Wh", "B", "FLOP", "token")),
    ]
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _atom(name: str) -> Unit:
    if name in _UNITS:
        return _UNITS[name]
    for prefix, scale in _PREFIXES.items():
        if name.startswith(prefix) and name[len(prefix) :] in _PREFIXABLE:
            known = _UNITS[name[len(prefix) :]]
            return Unit(known.factor * scale, known.dimensions)
    if name[1:] == "s" and name[0] in _SMALL_PREFIXES:
        return Unit(_SMALL_PREFIXES[name[0]], (("time", 1),))
    raise UnitError(f"unknown unit '{name}'{_suggestion(name)}")


def _factor(text: str, expression: str) -> Unit:
    """One factor of an expression: scale words, then at most one unit."""
    scale = Fraction(1)
    words = text.split()
    while words and words[0] in _SCALES:
        scale *= _SCALES[words.pop(0)]
    if not words:
        if scale == 1:
            raise UnitError(f"'{expression}' is not a unit: something is missing beside a stroke")
        return Unit(scale, ())
    if len(words) > 1:
        for word in words:
            _atom(word)  # an unknown word is the clearer complaint
        raise UnitError(f"'{expression}' is not a unit; join its parts by / or *, as in CNY/kW/month")
    atom = _atom(words[0])
    return Unit(scale * atom.factor, atom.dimensions)


def _collect(pairs: Iterable[tuple[str, int]]) -> Dimensions:
    total: dict[str, int] = {}
    for name, exponent in pairs:
        total[name] = total.get(name, 0) + exponent
    return tuple(sorted((name, exponent) for name, exponent in total.items() if exponent))


@lru_cache(maxsize=4096)
def parse_unit(expression: str) -> Unit:
    """Parse a unit expression.

    The grammar is a chain of factors joined by ``/``, ``*`` or ``per``; each factor is one unit, with an SI
    prefix where that is usual, after any scale words: ``bn CNY``, ``CNY/Mtoken``, ``CNY per million token``.

    Args:
        expression: what stands after the number.

    Returns:
        The unit, exactly.

    Raises:
        UnitError: a name in it is unknown (with a suggestion) or the expression is malformed.
    """
    parts = _OPERATOR.split(expression.strip())
    unit = _factor(parts[0], expression) if parts[0] else Unit(Fraction(1), ())
    if not parts[0] and len(parts) > 1 and parts[1] in "*·":
        raise UnitError(f"'{expression}' is not a unit: something is missing before '{parts[1]}'")
    for operator, text in zip(parts[1::2], parts[2::2], strict=True):
        other = _factor(text, expression)
        sign = 1 if operator in "*·" else -1
        pairs = [*unit.dimensions, *((name, sign * exponent) for name, exponent in other.dimensions)]
        unit = Unit(unit.factor * other.factor**sign, _collect(pairs))
    return unit


def convert(value: float, unit: str, target: str) -> float:
    """Convert a number from one unit to another.

    Args:
        value: number [unit].
        unit: the unit it has.
        target: the unit it should have.

    Returns:
        The number [target].

    Raises:
        UnitError: either unit is unknown, or the two have different dimensions.
    """
    have, want = parse_unit(unit), parse_unit(target)
    if have.dimensions != want.dimensions:
        raise UnitError(f"'{unit}' is not convertible to {target}")
    return value * float(have.factor / want.factor)
