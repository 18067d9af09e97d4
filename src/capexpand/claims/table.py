"""The table of claims: its columns, what must hold in a row, and how it is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, cast

from capexpand.catalogue.columns import FigureField, Note, OneOf, Ratio
from capexpand.catalogue.reading import DATA_FOLDER, read_table
from capexpand.catalogue.rows import Source
from capexpand.catalogue.tables import Values, check_known, declared
from capexpand.claims.foreign_text import unguarded
from capexpand.errors import CaseError, Problem
from capexpand.files.json_text import JsonObject

MEASURES = (
    "spending",
    "past spending",
    "financing",
    "revenue",
    "revenue growth",
    "profit",
    "share price",
    "share price gain",
    "market value",
    "market value gain",
    "stake value",
    "stake shares",
    "duration",
    "date",
    "other",
)
"""What a claim is about."""

KINDS = (
    "total",
    "floor",
    "ceiling",
    "range",
    "approximate",
    "forecast",
    "under consideration",
    "share",
    "count",
    "record",
    "undisclosed",
    "day",
)
"""How the amount binds. ``share`` and ``count`` are plain fractions and numbers of things, as ``total`` is
plain money; a ``record`` only says that something is the most so far; a ``day`` is that of the period."""

WITHOUT_AMOUNT = ("record", "undisclosed", "day")

FRACTION, SHARES, YEARS, DAY = "fraction", "shares", "years", "day"

CURRENCIES = (
    "CNY",
    "USD",
    "HKD",
    "EUR",
    "GBP",
    "JPY",
    "KRW",
    "TWD",
    "INR",
    "SGD",
    "CHF",
    "SEK",
    "NOK",
    "DKK",
    "CAD",
    "AUD",
    "AED",
    "SAR",
    "BRL",
    "MXN",
    "NZD",
    "MYR",
    "IDR",
    "THB",
    "VND",
    "PHP",
    "ILS",
    "TRY",
    "PLN",
    "RUB",
    "ZAR",
)
UNITS = (*CURRENCIES, FRACTION, SHARES, YEARS, DAY)

BASES = ("calendar", "fiscal", "undated")
"""What a period counts in. Undated ones have no first day in the source; their days here are assumed."""

SHORT_TITLE = 48
"""Longest title that stands for a document in lists [characters]."""

LARGEST_AMOUNT = 1e18
"""No figure of a company is larger, in any currency."""

MOST_OWN_CLAIMS = 5_000
"""So many claims a user's file may hold: every two of a company are compared."""

Amount = Annotated[float | None, FigureField("column:unit", signed=True)]

SCOPES = ("AI and cloud", "AI", "cloud", "company", "not stated")
"""What money is spent on; the whole company's capital expenditure is ``company``."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One figure that somebody stated about a company.

    Args:
        document: which document; claims with the same one and the same paragraph stand side by side.
        paragraph: of the body, from 1; of a heading, that of the paragraph after it; None if not recorded.
        company: whom it is about.
        measure: one of ``MEASURES``.
        amount: in ``unit``, money in whole units of the currency; None for kinds without an amount.
        amount_high: closes a range.
        unit: a currency, ``fraction``, ``shares``, ``years`` or ``day``.
        kind: one of ``KINDS``.
        verb: the word by which it is said: spent, expected, earmarked.
        period_basis: one of ``BASES``, or empty where there is no period.
        period_start: first day.
        period_end: last day.
        scope: one of ``SCOPES``.
        known_on: when it became known, None where nobody recorded it.
        known_on_estimated: whether that day is an estimate.
        notes: in our words.
        source: where it stands.
        quote: the words of a text that a user confirmed; the packaged claims quote nobody.
        quote_start: first character of the quote in that text, from 0.
        quote_end: the character after its last.
        rows: which rows of which tables say so.
    """

    claim_id: str
    document: str
    paragraph: Ratio
    company: str
    measure: Annotated[str, OneOf(MEASURES)]
    amount: Amount
    amount_high: Amount
    unit: Annotated[str, OneOf(UNITS)]
    kind: Annotated[str, OneOf(KINDS)]
    verb: Note
    period_basis: Annotated[str, OneOf(BASES, required=False)]
    period_start: date | None
    period_end: date | None
    scope: Annotated[str, OneOf(SCOPES)]
    known_on: date | None
    known_on_estimated: bool
    notes: Note
    source: Source
    quote: Note = ""
    quote_start: Ratio = None
    quote_end: Ratio = None
    rows: tuple[str, ...] = ()

    @property
    def in_money(self) -> bool:
        """Whether the amount is money."""
        return self.unit in CURRENCIES

    @property
    def place(self) -> str:
        """Document and paragraph in short; where no paragraph was recorded, what the title begins with."""
        if self.paragraph is None:
            return re.split(r"[:;]| \(", self.source.title)[0][:SHORT_TITLE].strip()
        mark = "heading, ¶" if self.source.place.startswith("heading") else "¶"
        return f"{self.document} {mark}{self.paragraph:.0f}"


def place_words(paragraph: int, *, heading: bool = False) -> str:
    """Write the place of a claim, as the table holds it."""
    return f"heading before paragraph {paragraph}" if heading else f"paragraph {paragraph} of the body"


def _check(values: Values) -> Iterator[str]:
    yield from check_known(values)
    amount, high, kind = values["amount"], values["amount_high"], values["kind"]
    if (amount is None) != (kind in WITHOUT_AMOUNT):
        yield f"amount is empty where kind is {' or '.join(WITHOUT_AMOUNT)}, and only there"
    if (high is None) != (kind != "range"):
        yield "amount_high is given where kind is range, and only there"
    if isinstance(amount, float) and isinstance(high, float) and amount > high:
        yield f"amount {amount:g} is more than amount_high {high:g}"
    start, end = values["period_start"], values["period_end"]
    if isinstance(start, date) and isinstance(end, date) and start > end:
        yield f"period_start {start} is later than period_end {end}"
    if not values["period_basis"] and (start is not None or end is not None):
        yield "period_basis is empty although the period has a day"
    for name in ("amount", "amount_high"):
        value = values[name]
        if isinstance(value, float) and abs(value) > LARGEST_AMOUNT:
            yield f"{name} {value:g} is more than {LARGEST_AMOUNT:g}; write it in whole units"
    paragraph, place = values["paragraph"], values["source_place"]
    if isinstance(paragraph, float) and paragraph not in range(1, 1_000_001):
        yield f"paragraph {paragraph:g} is no number of a paragraph: 1, 2, 3 …"
    elif isinstance(paragraph, float):
        due = [place_words(int(paragraph), heading=heading) for heading in (False, True)]
        if place not in due:
            yield f"source_place '{place}' must be {due[0]} or {due[1]}, as paragraph is {paragraph:.0f}"


TABLE = declared(
    "claims", Claim, ("claim_id",), check=_check, without=("quote", "quote_start", "quote_end", "rows")
)
OWN_TABLE = declared("claims", Claim, ("claim_id",), check=_check, without=("rows",))
"""The format of a file of confirmed claims: the table's, and the quote with its place."""


def read_claims(path: Path) -> tuple[Claim, ...]:
    """Read claims that a user confirmed.

    Raises:
        CaseError: the file cannot be read or rows do not hold; every problem with file and line.
    """
    claims = cast("tuple[Claim, ...]", read_table(OWN_TABLE, path))
    if len(claims) > MOST_OWN_CLAIMS:
        message = f"holds {len(claims):,} claims; at most {MOST_OWN_CLAIMS:,} are read from one file"
        raise CaseError([Problem(message, file=path)])
    return tuple(_without_guards(claim) for claim in claims)


def _without_guards(claim: Claim) -> Claim:
    """Give back the texts as they were before ``guarded`` made them harmless in a spreadsheet."""
    changed: JsonObject = {
        column.name: unguarded(value)
        for column in OWN_TABLE.columns
        if isinstance(value := getattr(claim, column.name), str) and value != unguarded(value)
    }
    title = unguarded(claim.source.title)
    source = claim.source if title == claim.source.title else replace(claim.source, title=title)
    return replace(claim, source=source, **changed) if changed or source is not claim.source else claim


@cache
def reported_claims() -> tuple[Claim, ...]:
    """Read the packaged table: the figures of the two news reports, and of others that bear on them.

    Raises:
        CaseError: rows that do not hold; every problem with file and line.
    """
    return cast("tuple[Claim, ...]", read_table(TABLE, DATA_FOLDER / f"{TABLE.name}.csv"))
