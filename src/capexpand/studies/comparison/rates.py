"""Exchange rates of one day, each with its source."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from capexpand.case.schema import Case
from capexpand.catalogue import SiteCost, site_costs
from capexpand.errors import CaseError, Problem
from capexpand.units.currencies import CURRENCIES

_PER = re.compile(r"([A-Z]{3})_per_([A-Z]{3})")
_WRITTEN = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*([A-Z]{3})\s*/\s*([A-Z]{3})\s*")
_NEWS = "news-report:"
"""How the catalogue begins the address of the news reports, which are weak sources."""


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """How many of a currency one of another is.

    Args:
        code: the other currency.
        factor: how many of the wanted currency one of it is.
        source: where the rate is from, in words.
    """

    code: str
    factor: float
    source: str


@dataclass(frozen=True, slots=True)
class DayRates:
    """The rates of one day into one currency."""

    day: date
    currency: str
    rates: tuple[ExchangeRate, ...]

    def factor(self, code: str) -> float:
        """Return how many of the wanted currency one of another is.

        Args:
            code: a currency that the rates were asked for.
        """
        return next((rate.factor for rate in self.rates if rate.code == code), 1.0)


@dataclass(frozen=True, slots=True)
class _Pair:
    """One of ``code`` is ``value`` of ``of``."""

    of: str
    code: str
    value: float
    source: str


def day_rates(day: date, currency: str, cases: Sequence[Case], written: Sequence[str] = ()) -> DayRates:
    """Find the rates of a day for the currencies of some cases.

    A rate that the user writes comes first, then the catalogue's as known on the day, then the one that a
    case of the comparison declares. Of the catalogue the source decides, then the date: a company's release
    or a central bank before what a news report implies, the latest of its kind.

    Args:
        day: on which the rate must be known.
        currency: into which money is turned.
        cases: whose currencies are needed.
        written: rates such as ``7.2 CNY/USD``.

    Raises:
        CaseError: a currency does not exist, a written rate cannot be read, or a rate is missing.
    """
    problems: list[Problem] = []
    pairs = [*_of_user(written, problems), *_of_catalogue(day), *_of_cases(cases)]
    if currency not in CURRENCIES:
        problems.append(Problem(f"there is no currency '{currency}'; it is a code of ISO 4217, such as USD"))
        raise CaseError(problems)
    found: list[ExchangeRate] = []
    for code in sorted({case.currency for case in cases} - {currency}):
        rate = _rate(code, currency, pairs)
        if rate is None:
            advice = f'write one, e.g. --rate "7.2 {code}/{currency}"'
            problems.append(
                Problem(f"no exchange rate between {code} and {currency} was known on {day}; {advice}")
            )
        else:
            found.append(rate)
    if problems:
        raise CaseError(problems)
    return DayRates(day, currency, tuple(found))


def _rate(code: str, currency: str, pairs: Iterable[_Pair]) -> ExchangeRate | None:
    for pair in pairs:
        if (pair.of, pair.code) == (currency, code):
            return ExchangeRate(code, pair.value, pair.source)
        if (pair.of, pair.code) == (code, currency):
            return ExchangeRate(code, 1.0 / pair.value, pair.source)
    return None


def _of_user(written: Sequence[str], problems: list[Problem]) -> list[_Pair]:
    pairs: list[_Pair] = []
    for text in written:
        match = _WRITTEN.fullmatch(text)
        value = float(match[1]) if match else 0.0
        if match is None or value <= 0.0 or not math.isfinite(value):
            problems.append(
                Problem(f"'{text}' is no exchange rate; write how many of one is the other: 7.2 CNY/USD")
            )
        else:
            pairs.append(_Pair(match[2], match[3], value, f"{text.strip()}, as given"))
    return pairs


def _of_catalogue(day: date) -> list[_Pair]:
    rows = [(row, _PER.fullmatch(row.unit)) for row in site_costs(day) if row.metric == "fx_rate"]
    known = [(row, match) for row, match in rows if match is not None]
    known.sort(key=lambda found: _standing(found[0]), reverse=True)
    return [
        _Pair(
            match[1],
            match[2],
            row.value,
            f"{row.value:g} {match[1]}/{match[2]}, {row.region}, known on {row.known_on}",
        )
        for row, match in known
    ]


def _standing(row: SiteCost) -> tuple[bool, date, str]:
    return not row.source.url.startswith(_NEWS), row.known_on or date.min, row.region


def _of_cases(cases: Sequence[Case]) -> list[_Pair]:
    found: list[_Pair] = []
    for case in sorted(cases, key=lambda case: (case.as_of, case.title)):
        for code, series in sorted(case.exchange_rates.items()):
            value = float(series.values(case.calendar)[0])
            source = f"{value:g} {case.currency}/{code}, as declared by the case '{case.title}'"
            found.append(_Pair(case.currency, code, value, source))
    return found
