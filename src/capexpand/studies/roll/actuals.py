"""Reads what really happened: a table of what stands, what is on order, what was paid and what was observed.

Columns are ``quantity, site, offer, workload, date, value, unit`` and, where wanted, ``source``; each
quantity says which of them it needs:

==============  =======================  =========================================================
quantity        needs                    meaning
==============  =======================  =========================================================
installed       site, offer              units that stand, owned
leased          site, offer              units that stand, leased
power           site                     IT power energised in own halls
power_leased    site                     IT power energised in rented halls
units_due       site, offer, date        owned units on order, with the date of delivery
power_due       site, date               IT power on order, with the date on which it is energised
payments_due    date                     payments for orders placed, due on a date
paid                                     paid of the programme's money since the plan's start
ordered         offer                    units ordered since the plan's start, of what is in stock
book_value                               of all that stands and is on order
demand          workload, date           volume in the quarter that begins on the date
price           workload, date           price in that quarter
offer_price     offer, date              price of one unit ordered in that quarter
==============  =======================  =========================================================
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO, StringIO
from pathlib import Path

from capexpand.case.reading import nearest, parse_day, suggest
from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem
from capexpand.files import read_content
from capexpand.files.parquet import read_parquet
from capexpand.units import QuantityError

COLUMNS = ("quantity", "site", "offer", "workload", "date", "value", "unit", "source")
NEEDS: Mapping[str, tuple[str, ...]] = {
    "installed": ("site", "offer"),
    "leased": ("site", "offer"),
    "power": ("site",),
    "power_leased": ("site",),
    "units_due": ("site", "offer", "date"),
    "power_due": ("site", "date"),
    "payments_due": ("date",),
    "paid": (),
    "ordered": ("offer",),
    "book_value": (),
    "demand": ("workload", "date"),
    "price": ("workload", "date"),
    "offer_price": ("offer", "date"),
}
OBSERVED = ("demand", "price", "offer_price")
LIMIT_BYTES = 50_000_000
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Actual:
    """One row of what really happened.

    Args:
        quantity: what was counted.
        site: where, if that matters.
        offer: of what, if that matters.
        workload: of which, if that matters.
        date: when, if that matters.
        value: the amount.
        unit: of the amount, as a case writes it; empty for units of an offer.
        source: where it was read, or empty.
    """

    quantity: str
    site: str = ""
    offer: str = ""
    workload: str = ""
    date: date | None = None
    value: float = 0.0
    unit: str = ""
    source: str = ""

    @property
    def written(self) -> str:
        """The amount as a case writes it."""
        return f"{self.value:.12g} {self.unit}".strip()


def read_actuals(path: Path, case: Case) -> tuple[Actual, ...]:
    """Read a table of what really happened.

    Args:
        path: CSV or Parquet.
        case: whose sites, offers and workloads it speaks of.

    Raises:
        CaseError: with every row that is wrong, and what would be right.
    """
    rows = _rows(path)
    problems: list[Problem] = []
    found: list[Actual] = []
    seen: dict[tuple[object, ...], int] = {}
    for line, row in enumerate(rows, start=2):
        if not any(row.values()):
            continue
        wrong: list[str] = []
        actual = _actual(row, case, wrong)
        problems += [Problem(message, file=path, line=line) for message in wrong]
        if actual is None or wrong:
            continue
        key = (actual.quantity, actual.site, actual.offer, actual.workload, actual.date)
        if key in seen:
            problems.append(
                Problem(f"says the same as line {seen[key]} again; keep one", file=path, line=line)
            )
        seen.setdefault(key, line)
        found.append(actual)
    if problems:
        more = len(problems) - MOST_NAMED
        rest = [Problem(f"and {more} more rows", file=path)] if more > 0 else []
        raise CaseError([*problems[:MOST_NAMED], *rest])
    if not found:
        raise CaseError([Problem("holds no row; capexpand roll RUN --template FILE writes one", file=path)])
    return tuple(found)


def _rows(path: Path) -> list[dict[str, str]]:
    import polars as pl

    content = read_content(path, LIMIT_BYTES)
    try:
        if content[:4] == b"PAR1":
            frame = read_parquet(content)
        else:
            frame = pl.read_csv(BytesIO(content), infer_schema=False, comment_prefix="#")
    except (ValueError, OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).splitlines()[0]
        raise CaseError([Problem(f"is neither CSV nor Parquet: {reason}", file=path)]) from None
    missing = [name for name in ("quantity", "value") if name not in frame.columns]
    unknown = [name for name in frame.columns if name not in COLUMNS]
    if missing or unknown:
        what = f"lacks the column {missing[0]}" if missing else f"has an unknown column '{unknown[0]}'"
        raise CaseError([Problem(f"{what}; columns are {', '.join(COLUMNS)}", file=path)])
    texts = frame.select(pl.all().cast(pl.String, strict=False).fill_null("").str.strip_chars())
    return [{name: str(row.get(name, "")) for name in COLUMNS} for row in texts.iter_rows(named=True)]


def _actual(row: Mapping[str, str], case: Case, wrong: list[str]) -> Actual | None:
    quantity = row["quantity"]
    if quantity not in NEEDS:
        wrong.append(f"there is no quantity '{quantity}'{_near(quantity, tuple(NEEDS))}")
        return None
    known = {"site": case.sites, "offer": case.offers, "workload": case.workloads}
    for column in ("site", "offer", "workload", "date"):
        if column in NEEDS[quantity] and not row[column]:
            wrong.append(f"{quantity} needs a {column}")
        elif column not in NEEDS[quantity] and row[column]:
            wrong.append(f"{quantity} has no {column}; leave it empty")
        elif column in known and row[column] and row[column] not in known[column]:
            wrong.append(f"there is no {column} '{row[column]}'{_near(row[column], tuple(known[column]))}")
    day: date | None = None
    if row["date"] and "date" in NEEDS[quantity]:
        try:
            day = parse_day(row["date"][:10])
        except QuantityError as error:
            wrong.append(f"date: {error}")
    value = _value(row["value"], wrong)
    return Actual(
        quantity, row["site"], row["offer"], row["workload"], day, value, row["unit"], row["source"]
    )


def _value(text: str, wrong: list[str]) -> float:
    try:
        value = float(text.replace(",", "").replace("_", ""))
    except ValueError:
        wrong.append(f"value: '{text}' is not a number")
        return 0.0
    if not math.isfinite(value) or value < 0.0:
        wrong.append(f"value: {text} is not a finite amount of zero or more")
        return 0.0
    return value


def _near(name: str, known: Sequence[str]) -> str:
    return suggest(name, known) if nearest(name, known) else f"; there are {', '.join(known)}"


def table_of(actuals: Sequence[Actual]) -> bytes:
    """Return rows as the content of a CSV file that ``read_actuals`` reads."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in actuals:
        day = "" if one.date is None else one.date.isoformat()
        writer.writerow(
            (one.quantity, one.site, one.offer, one.workload, day, f"{one.value:.12g}", one.unit, one.source)
        )
    return text.getvalue().encode()
