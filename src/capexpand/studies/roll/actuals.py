"""Reads what really happened: a table of what stands, what is on order, what was paid and what was observed.

Columns are ``quantity, site, offer, workload, date, value, unit`` and, where wanted, ``source`` and
``contract``; each quantity says which of them it needs:

==============  =======================  =========================================================
quantity        needs                    meaning
==============  =======================  =========================================================
installed       site, offer              units that stand, owned
leased          site, offer              units that stand, leased
power           site                     IT power energised in own halls
power_leased    site                     IT power energised in rented halls
units_due       site, offer, date        owned units on order, with the date of delivery
power_due       site, date               IT power on order, with the date on which it is energised
leased_due      site, offer, date        leased units on order, with the date of delivery
leased_until    site, offer, date        of the leased units those within their term, which ends on the date
                                         (power_leased_due and power_leased_until: the same of rented power)
energy_signed   site, contract, date     power signed for under an energy contract on a date, while it runs
reserved        contract, date           units reserved on a date as CLOUD/RESERVATION, while they run
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

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from capexpand.case.clouds import option_name
from capexpand.case.reading import nearest, parse_day, suggest
from capexpand.case.schema import Case
from capexpand.case.values import Series
from capexpand.errors import CaseError, Problem
from capexpand.studies.roll.tables import TextRow, read_amount, read_rows, table_bytes
from capexpand.timevalue import quarter_starts
from capexpand.units import QuantityError, QuantityKind, read_quantity

COLUMNS = ("quantity", "site", "offer", "workload", "date", "value", "unit", "source", "contract")
NEEDS: Mapping[str, tuple[str, ...]] = {
    "installed": ("site", "offer"),
    "leased": ("site", "offer"),
    "power": ("site",),
    "power_leased": ("site",),
    "units_due": ("site", "offer", "date"),
    "power_due": ("site", "date"),
    "leased_due": ("site", "offer", "date"),
    "leased_until": ("site", "offer", "date"),
    "power_leased_due": ("site", "date"),
    "power_leased_until": ("site", "date"),
    "energy_signed": ("site", "contract", "date"),
    "reserved": ("contract", "date"),
    "payments_due": ("date",),
    "paid": (),
    "ordered": ("offer",),
    "book_value": (),
    "demand": ("workload", "date"),
    "price": ("workload", "date"),
    "offer_price": ("offer", "date"),
}
COUNTED = ("installed", "leased", "units_due", "leased_due", "leased_until", "ordered", "reserved")
POWERS = ("power", "power_leased", "power_due", "power_leased_due", "power_leased_until", "energy_signed")
OBSERVED = ("demand", "price", "offer_price")
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class ActualRow:
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
        line: of the table, from 1; 0 where it is of none.
        contract: for energy by its name, or CLOUD/RESERVATION, if that matters.
    """

    quantity: str
    site: str = ""
    offer: str = ""
    workload: str = ""
    date: date | None = None
    value: float = 0.0
    unit: str = ""
    source: str = ""
    line: int = field(default=0, compare=False)
    contract: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """What it speaks of: no two rows speak of the same."""
        return (self.quantity, self.site, self.offer, self.workload, self.contract, self.date)

    @property
    def written(self) -> str:
        """The amount as a case writes it."""
        return f"{self.value:.12g} {self.unit}".strip()


def read_actuals(path: Path, case: Case) -> tuple[ActualRow, ...]:
    """Read a table of what really happened.

    Args:
        path: CSV, Parquet or an .xlsx workbook.
        case: whose sites, offers and workloads it speaks of.

    Raises:
        CaseError: with every row that is wrong, and what would be right.
    """
    rows = read_rows(path, COLUMNS, ("quantity", "value"))
    problems: list[Problem] = []
    found: list[ActualRow] = []
    seen: dict[tuple[object, ...], int] = {}
    for row in rows:
        line = row.line
        if not any(row.cells.values()):
            continue
        wrong: list[str] = []
        actual = _actual(row, case, wrong)
        problems += [Problem(message, file=path, line=line) for message in wrong]
        if actual is None or wrong:
            continue
        if actual.key in seen:
            problems.append(
                Problem(f"says the same as line {seen[actual.key]} again; keep one", file=path, line=line)
            )
        seen.setdefault(actual.key, line)
        found.append(actual)
    if problems:
        more = len(problems) - MOST_NAMED
        rest = [Problem(f"and {more} more rows", file=path)] if more > 0 else []
        raise CaseError([*problems[:MOST_NAMED], *rest])
    if not found:
        raise CaseError([Problem("holds no row; capexpand roll RUN --template FILE writes one", file=path)])
    return tuple(found)


def _actual(of: TextRow, case: Case, wrong: list[str]) -> ActualRow | None:
    row = of.cells
    quantity = row["quantity"]
    if quantity not in NEEDS:
        wrong.append(f"there is no quantity '{quantity}'{_near(quantity, tuple(NEEDS))}")
        return None
    known: dict[str, Collection[str]] = {
        "site": case.sites, "offer": case.offers, "workload": case.workloads,
        "contract": _contracts(quantity, row["site"], case),
    }  # fmt: skip
    for column in ("site", "offer", "workload", "contract", "date"):
        if column in NEEDS[quantity] and not row[column]:
            wrong.append(f"{quantity} needs a {column}")
        elif column not in NEEDS[quantity] and row[column]:
            wrong.append(f"{quantity} has no {column}; leave it empty")
        elif column in known and row[column] and row[column] not in known[column]:
            wrong.append(f"there is no {column} '{row[column]}'{_near(row[column], tuple(known[column]))}")
    day = _day(row["date"], quantity, case, wrong) if row["date"] and "date" in NEEDS[quantity] else None
    value = read_amount(row["value"], decimal_comma=of.decimal_comma)
    if value is None:
        wrong.append(f"value: '{row['value']}' is not a number; write it as 1234.5")
    elif not math.isfinite(value) or value < 0.0:
        wrong.append(f"value: {row['value']} is not a finite amount of zero or more")
    one = ActualRow(
        quantity, row["site"], row["offer"], row["workload"], day, value or 0.0, row["unit"], row["source"],
        of.line, row["contract"],
    )  # fmt: skip
    if wrong:
        return None
    try:
        return in_own_unit(one, case)
    except CaseError as error:
        wrong += [problem.message for problem in error.problems]
        return None


def _contracts(quantity: str, site: str, case: Case) -> Collection[str]:
    """The contracts of which a row may speak."""
    if quantity == "reserved":
        return [option_name(name, way) for name, cloud in case.clouds.items() for way in cloud.reserved]
    energy = case.sites[site].energy if site in case.sites else None
    return () if energy is None else energy.contracts


def _day(text: str, quantity: str, case: Case, wrong: list[str]) -> date | None:
    """The date of a row; what was observed is of a quarter, named by its first day."""
    try:
        day = parse_day(text[:10])
    except QuantityError as error:
        wrong.append(f"date: {error}")
        return None
    starts = quarter_starts(case.calendar.start, case.calendar.quarters)
    if quantity in OBSERVED and day not in starts:
        wrong.append(
            f"date: {day} is not the first day of a quarter of the plan, such as {starts[0]}; the last is "
            f"{starts[-1]}"
        )
    return day


def in_own_unit(one: ActualRow, case: Case) -> ActualRow:
    """Return a row in the unit in which a plan expects it.

    Args:
        one: as written.
        case: whose series it speaks of.

    Raises:
        CaseError: the unit is of something else, or the case has no such number.
    """
    if one.quantity in COUNTED:
        if one.unit not in ("", "unit", "units"):
            raise CaseError(
                [Problem(f"{one.quantity}: counts units, not '{one.unit}'; leave the unit empty")]
            )
        return replace(one, unit="")
    if one.quantity in POWERS:
        return replace(one, value=_read(one, ("MW",), "4 MW", case), unit="MW")
    if one.quantity in OBSERVED:
        series = observed_series(case, one)
        foreign = series.currency is not None and series.currency != case.currency
        value = in_unit_of(one, series, case)
        return one if foreign else replace(one, value=value, unit=series.unit)
    return replace(
        one, value=_read(one, ("mn CUR",), f"5 bn {case.currency}", case), unit=f"mn {case.currency}"
    )


def observed_series(case: Case, one: ActualRow) -> Series:
    """Return the series of a case that was observed.

    Raises:
        CaseError: the case has none.
    """
    if one.quantity == "offer_price":
        offer = case.offers[one.offer]
        if offer.buy is None:
            raise CaseError([Problem(f"offer_price: {one.offer} is only leased; it has no price")])
        return offer.buy.price
    workload = case.workloads[one.workload]
    found = workload.demand if one.quantity == "demand" else workload.price
    if found is None:
        raise CaseError([Problem(f"price: {one.workload} has no price in the case")])
    return found


def in_unit_of(one: ActualRow, series: Series, case: Case) -> float:
    """Return an observed amount in the canonical unit of a series.

    Raises:
        CaseError: it has no unit, or one of something else.
    """
    canonical = series.unit.replace(f"mn {series.currency}", "mn CUR") if series.currency else series.unit
    return _read(one, (canonical,), f"1 {series.unit}", case)


def _read(one: ActualRow, units: tuple[str, ...], example: str, case: Case) -> float:
    name = " of ".join(filter(None, (one.quantity, one.workload or one.offer or one.contract or one.site)))
    if not one.unit:
        raise CaseError([Problem(f"{name}: needs a unit, e.g. {example.split(' ', 1)[1]}")])
    try:
        return read_quantity(one.written, QuantityKind(name, units, example), currency=case.currency).value
    except QuantityError as error:
        raise CaseError([Problem(f"{name}: {error}")]) from None


def _near(name: str, known: Sequence[str]) -> str:
    return suggest(name, known) if nearest(name, known) else f"; there are {', '.join(known) or 'none'}"


def table_of(actuals: Sequence[ActualRow], suffix: str = ".csv") -> bytes:
    """Return rows as the content of a file that ``read_actuals`` reads.

    Args:
        suffix: .csv, .parquet or .xlsx.

    Raises:
        RunError: the package that writes workbooks is missing.
    """
    rows = [
        (
            one.quantity, one.site, one.offer, one.workload,
            "" if one.date is None else one.date.isoformat(), f"{one.value:.12g}", one.unit, one.source,
            one.contract,
        )
        for one in actuals
    ]  # fmt: skip
    return table_bytes(suffix, COLUMNS, rows)
