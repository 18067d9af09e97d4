"""Small editions of the catalogue for tests, and random changes of what became known after a day."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from hypothesis import strategies as st

from capexpand.catalogue.point_in_time import SHIPPED, PointInTimeCatalogue, known_by
from capexpand.catalogue.rows import Accelerator, Actual, Programme, Row, Source
from capexpand.catalogue.tables import TABLES
from capexpand.forecasting.quarters import last_day

ROOT = Path(__file__).parents[2]

REPORTED = """
opening:
  other_revenue: 100 mn CNY/quarter
  other_cost: 80 mn CNY/quarter
  reason: invented, so that there is revenue before the first server stands

reported:
  company: Example Cloud
  capital_expenditure_beside: {value: 20 mn CNY/quarter, reason: offices}
"""

READ = Source("A report", "https://example.com", "table 1", "primary", True)


def actual(
    company: str, metric: str, quarter: int, value: float, *, unit: str = "CNY_million", days: int = 40
) -> Actual:
    """Return a figure that became known so many days after its quarter."""
    end = last_day(quarter)
    return Actual(company, end, metric, value, unit, end + timedelta(days), False, "", READ)


def programme(
    company: str, announced: date, amount: float, *, start: date, end: date, **changes: object
) -> Programme:
    """Return an announced amount of capital expenditure."""
    row = Programme(
        company,
        announced,
        amount,
        None,
        "total",
        "CNY",
        start,
        end,
        "capex",
        announced,
        False,
        "",
        READ,
    )
    return replace(row, **changes)


def edition(*rows: Row, **tables: tuple[Row, ...]) -> PointInTimeCatalogue:
    """Return an edition with these figures and announcements; all else as shipped."""
    return PointInTimeCatalogue(
        {
            "actuals": tuple(row for row in rows if isinstance(row, Actual)),
            "programmes": tuple(row for row in rows if isinstance(row, Programme)),
            **tables,
        }
    )


def copied_case(folder: Path) -> Path:
    """Return a copy of the smallest case, with revenue at the start and with what its buyer reports."""
    case = folder / "two-sites"
    shutil.copytree(ROOT / "cases" / "two-sites", case)
    file = case / "case.yaml"
    file.write_text(file.read_text("utf-8").replace("\ncalendar:", f"{REPORTED}\ncalendar:", 1), "utf-8")
    return case


def known_day(row: Row) -> date | None:
    """Return the day on which a row became known; of an accelerator its specification."""
    return row.specification_known_on if isinstance(row, Accelerator) else row.known_on


@st.composite
def later_changes(draw: st.DrawFn, day: date) -> PointInTimeCatalogue:
    """Draw the shipped catalogue; rows of all tables that became known after a day change, go or come."""
    tables: dict[str, tuple[Row, ...]] = {}
    for table in TABLES:
        rows: list[Row] = []
        for row in SHIPPED.rows(table.name):
            if known_by(known_day(row), day):
                rows.append(_with_other_price(draw, row, day))
                continue
            kind = draw(st.sampled_from(("keep", "drop", "change", "twice")))
            if kind != "drop":
                rows.append(_changed(draw, row) if kind == "change" else row)
            if kind == "twice":
                rows.append(_changed(draw, row))
        tables[table.name] = tuple(rows)
    return PointInTimeCatalogue(tables)


NUMBERS = ("value", "amount", "amount_high", "unit_price_usd", "memory_gb", "fee_share_fraction", "tpp_min")


def _changed(draw: st.DrawFn, row: Row) -> Row:
    """The row with its numbers multiplied; it stays as late as it is."""
    factor = draw(st.sampled_from((0.1, 0.5, 3.0, 40.0)))
    names = [name for name in NUMBERS if getattr(row, name, None) is not None]
    return replace(row, **{name: getattr(row, name) * factor for name in names})


def _with_other_price(draw: st.DrawFn, row: Row, day: date) -> Row:
    """A price that became known later than its specification may be anything."""
    later = (
        isinstance(row, Accelerator)
        and row.unit_price_usd is not None
        and not known_by(row.price_known_on, day)
    )
    return (
        replace(row, unit_price_usd=row.unit_price_usd * draw(st.sampled_from((0.2, 7.0)))) if later else row
    )
