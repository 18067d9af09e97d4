"""The catalogue and the claims, as they were known on a day."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from capexpand.api.chips import chips as look_up
from capexpand.case.reading import parse_day
from capexpand.catalogue.point_in_time import SHIPPED
from capexpand.catalogue.reading import load_table
from capexpand.catalogue.tables import TABLES
from capexpand.claims.joining import list_claims
from capexpand.claims.rules import find_contradictions
from capexpand.files.json_text import JsonObject
from capexpand.units import QuantityError
from capexpand.web.access import RefusedError
from capexpand.web.pages import page
from capexpand.web.visits import Known

router = APIRouter(include_in_schema=False)


def day_of(written: str) -> date | None:
    """Return a day as written, or None for none.

    Raises:
        RefusedError: it is no day.
    """
    if not written.strip():
        return None
    try:
        return parse_day(written.strip())
    except QuantityError as error:
        raise RefusedError(str(error), 422) from None


def rows_of(name: str, on: date | None) -> tuple[list[str], list[JsonObject]]:
    """Return the columns and rows of a table of the catalogue, each row with its source and date.

    Args:
        name: of the table.
        on: a day on which each row was known already; all rows if None.

    Raises:
        CaseError: there is no such table.
    """
    load_table(name)  # says which tables there are, if not this one
    edition = SHIPPED if on is None else SHIPPED.as_known_on(on)
    found = [_row(row) for row in edition.rows(name)]
    columns = list(
        dict.fromkeys(key for row in found for key, value in row.items() if value not in (None, ""))
    )
    return columns, found


def _row(row: object) -> JsonObject:
    found: JsonObject = {}
    for one in fields(row):  # type: ignore[arg-type]
        value = getattr(row, one.name)
        if is_dataclass(value):
            found[one.name] = {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
        else:
            found[one.name] = _plain(value)
    return found


def _plain(value: object) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return value


@router.get("/catalogue")
def catalogue(who: Known, table: str = "accelerators", on: str = "", search: str = "") -> Response:
    """Show a table of the catalogue."""
    columns, rows = rows_of(table, day_of(on))
    if search.strip():
        wanted = search.strip().casefold()
        rows = [row for row in rows if wanted in " ".join(map(str, row.values())).casefold()]
    return page(
        "catalogue.html", who, tables=[one.name for one in TABLES], table=table, columns=columns,
        rows=rows[:400], count=len(rows), on=on, search=search,
    )  # fmt: skip


CHIP_FIGURES = {
    "dense_fp16_tflops": ("FP16", "TFLOPS"),
    "dense_fp8_tflops": ("FP8", "TFLOPS"),
    "memory_gb": ("Memory", "GB"),
    "memory_bandwidth_gb_per_s": ("Memory bandwidth", "GB/s"),
    "interconnect_gb_per_s": ("Links", "GB/s"),
    "tdp_w": ("Power", "W"),
    "total_processing_performance": ("TPP", ""),
    "unit_price_usd": ("Price", "USD"),
}
"""Figures in the table of accelerators, with their headings and units."""

END_USERS = ("company", "large tech", "state-funded")


@router.get("/chips")
def chips(who: Known, name: str = "", on: str = "", to: str = "", end_user: str = "company") -> Response:
    """Show accelerators as they were known on a day, and whether a sale of each was allowed then."""
    view = look_up(
        name.strip() or None, on=day_of(on), to=to.strip().upper() or None,
        end_user=end_user if end_user in END_USERS else END_USERS[0],
    )  # fmt: skip
    return page(
        "chips.html", who, view=view, headings=CHIP_FIGURES, end_users=END_USERS, name=name, on=on, to=to,
        end_user=end_user,
    )  # fmt: skip


@router.get("/claims")
def claims(who: Known, company: str = "", on: str = "") -> Response:
    """Show published claims, and where they contradict each other."""
    found = list_claims(company=company.strip() or None, on=day_of(on))
    return page(
        "claims.html", who, claims=found[:300], count=len(found), findings=find_contradictions(found),
        company=company, on=on,
    )  # fmt: skip


@router.get("/api")
def calls(request: Request, who: Known) -> Response:
    """Show the calls of the API."""
    described = request.app.openapi()["paths"]
    found = [
        (method.upper(), path, call.get("description", call.get("summary", "")))
        for path, methods in described.items()
        for method, call in methods.items()
    ]
    return page("api.html", who, calls=found, base=str(request.base_url).rstrip("/"))
