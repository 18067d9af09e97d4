"""A comparison as one JSON object, and as a table of values for files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capexpand.reporting.serial import MILLION, Document, plain
from capexpand.studies.comparison.comparing import ComparedProgramme, Comparison
from capexpand.studies.comparison.rows import GROUPS, MONEY, ComparisonLine

if TYPE_CHECKING:
    from polars import DataFrame

UNITS = {
    "count": "",
    "power": "MW",
    "compute": "PFLOP/s",
    "tokens": "tokens/day",
    "share": "fraction",
    "rate": "1/year",
    "years": "years",
}


def comparison_document(comparison: Comparison) -> Document:
    """Return the comparison as plain data: money in plain units of the currency, shares as fractions.

    Args:
        comparison: the programmes side by side.
    """
    document: Document = {
        "currency": comparison.currency,
        "rates_of": comparison.rates.day,
        "rates": [
            {"currency": rate.code, "factor": rate.factor, "source": rate.source}
            for rate in comparison.rates.rates
        ],
        "yardstick": None if comparison.yardstick is None else str(comparison.yardstick),
        "programmes": [_programme(one) for one in comparison.programmes],
        "lines": [
            {
                "key": line.key,
                "group": group.key,
                "title": line.title,
                "unit": unit_of(line, comparison.currency),
            }
            for group in GROUPS
            for line in group.lines
        ],
    }
    return plain(document)


def _programme(one: ComparedProgramme) -> Document:
    case, source = one.case, one.findings.provenance
    return {
        "name": one.label,
        "title": case.title,
        "buyer": case.programme.buyer,
        "as_of": case.as_of,
        "own_currency": case.currency,
        "case_hash": source.case_hash,
        "window_quarters": one.measures.window_quarters,
        "announced_quarters": one.measures.announced_quarters,
        "mostly_internal": one.mostly_internal,
        "figures": {line.key: value_of(line, one) for group in GROUPS for line in group.lines},
        "warnings": list(one.findings.warnings),
    }


def value_of(line: ComparisonLine, one: ComparedProgramme) -> float | None:
    """Return a line's value in the unit that ``unit_of`` names."""
    value = line.read(one.measures)
    return value * MILLION if value is not None and line.kind == "money" else value


def unit_of(line: ComparisonLine, currency: str) -> str:
    """Return the unit of a line's value in files.

    Args:
        currency: code of all money.
    """
    return currency if line.kind in MONEY else UNITS[line.kind]


def frame(comparison: Comparison) -> DataFrame:
    """Return the comparison as a long table.

    Args:
        comparison: the programmes side by side.
    """
    import polars as pl

    rows = [
        (one.label, group.key, line.key, line.title, value_of(line, one), unit_of(line, comparison.currency))
        for one in comparison.programmes
        for group in GROUPS
        for line in group.lines
    ]
    schema = {"programme": pl.String, "group": pl.String, "line": pl.String, "title": pl.String}
    return pl.DataFrame(rows, {**schema, "value": pl.Float64, "unit": pl.String}, orient="row")
