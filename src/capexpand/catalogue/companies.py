"""The packaged table of companies: their names in the news and the months of their fiscal years."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, cast

from capexpand.catalogue.columns import Count, Note, OneOf
from capexpand.catalogue.reading import DATA_FOLDER, read_table
from capexpand.catalogue.rows import Source
from capexpand.catalogue.tables import Values, declared


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """A company; ``fiscal_year_end`` is a month, from 1.

    ``whole_weeks``: its years end on a weekday near the end of that month. ``year_named_after``: whether
    fiscal 2024 is the year that ends or that starts in 2024.
    """

    company: str
    aliases: tuple[str, ...]
    fiscal_year_end: Count
    whole_weeks: bool
    year_named_after: Annotated[str, OneOf(("end", "start"))]
    notes: Note
    source: Source


def _check(values: Values) -> Iterator[str]:
    month = values["fiscal_year_end"]
    if month not in range(1, 13):
        yield f"fiscal_year_end {month} is no month from 1 to 12"


TABLE = declared("companies", CompanyRow, ("company",), check=_check)


@cache
def company_rows() -> tuple[CompanyRow, ...]:
    """Read the packaged table of companies.

    Raises:
        CaseError: rows that do not hold; every problem with file and line.
    """
    return cast("tuple[CompanyRow, ...]", read_table(TABLE, DATA_FOLDER / "companies.csv"))
