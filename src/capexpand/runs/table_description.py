"""Describes the tables of a run folder as a Frictionless data package: types, meanings, units."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from capexpand.files.json_text import JsonObject
from capexpand.runs.table_columns import RUN_COLUMNS, STUDIES, parted

if TYPE_CHECKING:
    from polars import DataFrame, DataType

DESCRIPTION = "tables/datapackage.json"

MEANINGS = {
    "plan": "optimised, naive (the evenly spent plan) or base (without the programme)",
    "basis": "programme, base (without it) or total (with it)",
    "quarter": "first day of the quarter; stocks are those at its end",
    "quarter_name": "the quarter, such as 2026Q3",
    "site": "site of the case",
    "site_group": "sites that are alike to every workload, joined by +",
    "power_option": "a way to get power at a site, or all",
    "offer": "offer of the case",
    "offer_option": "an offer bought, or the same offer leased",
    "tenure": "own, colocated, bought, leased, or all",
    "destination": "country to which equipment is delivered",
    "workload": "workload of the case, or all",
    "tranche": "part of a workload's demand, or all",
    "limit": "the limit, such as grid:north",
    "kind": "what the row is about",
    "metric": "name of a figure",
    "quantity": "what the value counts",
    "value": "the number, in the unit that stands beside it in the column unit",
    "unit": "unit of the value; money is in plain units of the currency, never in millions",
}
"""What the columns that several tables share hold."""

_UNITS = {
    "_mw": "MW",
    "_mwh": "MWh",
    "_kw": "kW",
    "_usd": "USD",
    "_quarters": "quarter",
    "_months": "month",
    "_days": "day",
    "_hours": "h",
    "_seconds": "s",
    "_ms": "ms",
    "_percent": "%",
    "_fraction": "1",
    "_share": "1",
    "_pflops": "PFLOP/s",
    "_gb": "GB",
}
"""Units that the end of a column's name says."""


def description_file(frames: Mapping[str, DataFrame], kind: str = "") -> bytes:
    """Return the description of tables, to stand beside them.

    Args:
        frames: the tables by name; each stands beside the description as ``NAME.csv``.
        kind: of the run, by which a study's columns are known.
    """
    package = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "capexpand-run",
        "title": "Tables of a run of capexpand",
        "resources": [_resource(name, frame, meanings(kind, name)) for name, frame in frames.items()],
    }
    return (json.dumps(package, indent=2, ensure_ascii=False) + "\n").encode()


def meanings(kind: str, table: str) -> Mapping[str, str]:
    """Return what the columns of a table hold, each with its unit in brackets.

    Args:
        kind: of the run.
        table: name of the table.
    """
    own = STUDIES.get(kind, {}).get(table)
    return {**MEANINGS, **(RUN_COLUMNS.get(table, {}) if own is None else own)}


def _resource(name: str, frame: DataFrame, known: Mapping[str, str]) -> JsonObject:
    return {
        "name": re.sub(r"[^a-z0-9._-]+", "-", name.lower()),
        "path": f"{name}.csv",
        "type": "table",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {
            "fields": [_field(column, kind, frame.columns, known) for column, kind in frame.schema.items()],
            "missingValues": ["", "NaN"],
        },
    }


def _field(column: str, kind: DataType, columns: list[str], known: Mapping[str, str]) -> JsonObject:
    found: JsonObject = {"name": column, "type": _type(kind)}
    meaning, unit = parted(known.get(column, ""))
    if meaning:
        found["description"] = meaning
    unit = unit or next((unit for end, unit in _UNITS.items() if column.endswith(end)), None)
    if unit is not None:
        found["unit"] = unit
    elif column == "value" and "unit" in columns:
        found["unitField"] = "unit"
    return found


def _type(kind: DataType) -> str:
    """The word of the Table Schema for a type of column."""
    import polars as pl

    if kind == pl.Date:
        return "date"
    if kind == pl.Boolean:
        return "boolean"
    if kind.is_integer():
        return "integer"
    if kind.is_numeric():
        return "number"
    return "datetime" if kind.is_temporal() else "string"
