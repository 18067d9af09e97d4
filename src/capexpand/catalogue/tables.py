"""The tables of the catalogue: their columns, their keys and what must hold across the cells of a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import get_type_hints

from capexpand.catalogue.columns import SOURCE_KINDS, CatalogueColumn, Cell, boolean, choice, column_of, text
from capexpand.catalogue.rows import (
    Accelerator,
    Actual,
    ExportRule,
    Guidance,
    HistoricFigure,
    ModelPrice,
    Programme,
    Row,
    SiteCost,
    TokenDemand,
)

Values = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class CatalogueTable:
    """One table of the catalogue.

    Args:
        row_type: what a row becomes.
        key: the columns that together name a row.
        columns: all columns but those of the sources, in the order of the row type's fields.
        sources: prefixes of the groups of source columns; ``price_`` becomes the field ``price_source``.
        check: finds what is wrong across the cells of one row.
    """

    name: str
    row_type: type[Row]
    key: tuple[str, ...]
    columns: tuple[CatalogueColumn, ...]
    sources: tuple[str, ...]
    check: Callable[[Values], Iterator[str]]

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the columns that hold numbers."""
        return tuple(column.name for column in self.columns if column.kind == "number")


def declared(
    name: str,
    row_type: type,
    key: tuple[str, ...],
    *,
    sources: tuple[str, ...] = ("",),
    check: Callable[[Values], Iterator[str]] = lambda _values: iter(()),
    without: tuple[str, ...] = (),
) -> CatalogueTable:
    """Make a table from the type of its rows: each field but the sources is a column.

    Args:
        row_type: a frozen dataclass; its fields carry unit and choices as marks of their types.
        key: the columns that together name a row.
        sources: prefixes of the groups of source columns.
        check: finds what is wrong across the cells of one row.
        without: fields that the file does not have.
    """
    hints = get_type_hints(row_type, include_extras=True)
    left_out = {*without, *(f"{prefix}source" for prefix in sources)}
    columns = tuple(column_of(one, hint) for one, hint in hints.items() if one not in left_out)
    return CatalogueTable(name, row_type, key, columns, sources, check)


def source_columns(prefix: str) -> tuple[CatalogueColumn, ...]:
    """Describe the five columns of a source; with a prefix they may all be empty together."""
    required = not prefix
    return (
        text(f"{prefix}source_title", required=required),
        text(f"{prefix}source_url", required=False),
        text(f"{prefix}source_place", required=required),
        choice(f"{prefix}source_kind", SOURCE_KINDS, required=required),
        boolean("verified" if not prefix else f"{prefix}verified", required=required),
    )


def check_known(values: Values) -> Iterator[str]:
    """Find a date of becoming known that is estimated although it is not given."""
    if values["known_on_estimated"] and values["known_on"] is None:
        yield "known_on_estimated is true but known_on is empty"


def _in_order(values: Values, *columns: str) -> Iterator[str]:
    given = [(name, value) for name in columns if (value := values[name]) is not None]
    for (low, first), (high, second) in pairwise(given):
        if first > second:  # pyrefly: ignore[unsupported-operation]
            yield f"{low} {first} is more than {high} {second}"


def _not_negative(values: Values, *, may_be: tuple[str, ...]) -> Iterator[str]:
    value, metric = values["value"], str(values["metric"])
    if isinstance(value, float) and value < 0 and not any(word in metric for word in may_be):
        yield f"value {value:g} is negative; {metric} cannot be"


def _check_accelerator(values: Values) -> Iterator[str]:
    unverified = values["unverified_fields"]
    for name in unverified if isinstance(unverified, tuple) else ():
        if name not in values:
            yield f"unverified_fields: there is no column {name}"
    priced = values["unit_price_usd"] is not None
    for name in ("price_date", "price_source_title"):
        if priced != bool(values[name]):
            yield f"{name} must be given where the row has a price, and only there"


def _check_rule(values: Values) -> Iterator[str]:
    yield from check_known(values)
    thresholds = [name for name in values if name.endswith(("_min", "_below", "_gb_per_s"))]
    if (values["threshold_test"] == "none") != all(values[name] is None for name in thresholds):
        yield "threshold_test must be none where no threshold is given, and only there"
    if (values["ended_on"] is None) != (values["ended_by"] == ""):
        yield "ended_on and ended_by go together"
    fee = values["fee_share_fraction"]
    if isinstance(fee, float) and fee > 1:
        yield f"fee_share_fraction {fee:g} is more than 1"


def _check_programme(values: Values) -> Iterator[str]:
    yield from check_known(values)
    yield from _in_order(values, "amount", "amount_high")
    yield from _in_order(values, "period_start", "period_end")
    if (values["amount"] is None) != (values["amount_kind"] == "undisclosed"):
        yield "amount is empty where amount_kind is undisclosed, and only there"


def _check_actual(values: Values) -> Iterator[str]:
    yield from check_known(values)
    yield from _not_negative(values, may_be=("free_cash_flow", "ebita", "growth"))


def _check_guidance(values: Values) -> Iterator[str]:
    yield from check_known(values)
    yield from _in_order(values, "low", "high")
    yield from _in_order(values, "period_start", "period_end")


def _check_site_cost(values: Values) -> Iterator[str]:
    yield from check_known(values)
    yield from _in_order(values, "value_low", "value", "value_high")


def _check_model_price(values: Values) -> Iterator[str]:
    yield from check_known(values)
    yield from _not_negative(values, may_be=("price_change",))


TABLES: tuple[CatalogueTable, ...] = (
    declared("accelerators", Accelerator, ("name",), sources=("", "price_"), check=_check_accelerator),
    declared("export_rules", ExportRule, ("rule_id",), check=_check_rule),
    declared(
        "programmes",
        Programme,
        ("company", "announced_date", "amount", "currency", "period_start", "amount_kind"),
        check=_check_programme,
    ),
    declared("actuals", Actual, ("company", "quarter_end", "metric"), check=_check_actual),
    declared("history", HistoricFigure, ("company", "measure", "quarter_end"), check=check_known),
    declared(
        "guidance",
        Guidance,
        ("company", "measure", "period_start", "announced_date"),
        check=_check_guidance,
    ),
    declared("sites_costs", SiteCost, ("metric", "region", "year", "item"), check=_check_site_cost),
    declared("model_prices", ModelPrice, ("model", "date", "metric", "unit"), check=_check_model_price),
    declared("token_demand", TokenDemand, ("who", "date", "unit"), check=check_known),
)
