"""The tables of the catalogue: their columns, their keys and what must hold across the cells of a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from capexpand.catalogue.columns import (
    NO_UNIT,
    SOURCE_KINDS,
    UNIT_TEXTS,
    Cell,
    Column,
    boolean,
    choice,
    day,
    names,
    number,
    text,
    year,
)
from capexpand.catalogue.rows import (
    Accelerator,
    Actual,
    ExportRule,
    Guidance,
    History,
    ModelPrice,
    Programme,
    Row,
    SiteCost,
    TokenDemand,
)

Values = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the catalogue.

    Args:
        name: its name, also that of its file.
        row_type: what a row becomes.
        key: the columns that together name a row.
        columns: all columns but those of the sources, in the order of the row type's fields.
        sources: prefixes of the groups of source columns; ``price_`` becomes the field ``price_source``.
        check: finds what is wrong across the cells of one row.
    """

    name: str
    row_type: type[Row]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    sources: tuple[str, ...]
    check: Callable[[Values], Iterator[str]]

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the columns that hold numbers."""
        return tuple(column.name for column in self.columns if column.kind == "number")


def source_columns(prefix: str) -> tuple[Column, ...]:
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
    figures = {column.name for column in ACCELERATOR_COLUMNS}
    unverified = values["unverified_fields"]
    for name in unverified if isinstance(unverified, tuple) else ():
        if name not in figures:
            yield f"unverified_fields: there is no column {name}"
    priced = values["unit_price_usd"] is not None
    for name in ("price_date", "price_source_title"):
        if priced != bool(values[name]):
            yield f"{name} must be given where the row has a price, and only there"


def _check_rule(values: Values) -> Iterator[str]:
    yield from check_known(values)
    thresholds = [c.name for c in EXPORT_RULE_COLUMNS if c.name.endswith(("_min", "_below", "_gb_per_s"))]
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


AMOUNT_KINDS = (
    "total",
    "floor",
    "ceiling",
    "range",
    "approximate",
    "forecast",
    "under consideration",
    "undisclosed",
)
EFFECTS = ("allowed", "notified", "allowed with fee", "licence", "banned")
UNITS = tuple(UNIT_TEXTS)
CELL_UNIT = "column:unit"
KNOWN = (day("known_on", required=False), boolean("known_on_estimated"))
NOTES = text("notes", required=False)

ACCELERATOR_COLUMNS = (
    text("name"),
    text("vendor"),
    text("unit"),
    day("release_date", required=False),
    number("dense_fp16_tflops", unit="TFLOPS"),
    number("dense_fp8_tflops", unit="TFLOPS"),
    number("int8_tops", unit="TOPS"),
    number("memory_gb", unit="GB"),
    number("memory_bandwidth_gb_per_s", unit="GB/s"),
    number("interconnect_gb_per_s", unit="GB/s"),
    number("tdp_w", unit="W"),
    number("die_area_mm2", unit="mm2"),
    number("process_nm", unit="nm"),
    number("total_processing_performance", unit=NO_UNIT),
    number("performance_density", unit="1/mm2"),
    day("specification_known_on", required=False),
    names("unverified_fields"),
    number("unit_price_usd", unit="USD"),
    day("price_date", required=False),
    day("price_known_on", required=False),
    NOTES,
)

EXPORT_RULE_COLUMNS = (
    text("rule_id"),
    day("effective_date"),
    day("ended_on", required=False),
    text("ended_by", required=False),
    text("summary"),
    choice("threshold_test", ("all", "any", "none")),
    number("tpp_min", unit=NO_UNIT),
    number("tpp_below", unit=NO_UNIT),
    number("performance_density_min", unit="1/mm2"),
    number("performance_density_below", unit="1/mm2"),
    number("memory_bandwidth_min_gb_per_s", unit="GB/s"),
    number("memory_bandwidth_below_gb_per_s", unit="GB/s"),
    number("io_bandwidth_min_gb_per_s", unit="GB/s"),
    names("chips_named"),
    text("destination_scope"),
    choice("effect", EFFECTS),
    number("fee_share_fraction", unit=NO_UNIT),
    *KNOWN,
    NOTES,
)

PROGRAMME_COLUMNS = (
    text("company"),
    day("announced_date"),
    number("amount", unit="column:currency"),
    number("amount_high", unit="column:currency"),
    choice("amount_kind", AMOUNT_KINDS),
    choice("currency", ("CNY", "HKD", "USD")),
    day("period_start"),
    day("period_end"),
    text("scope"),
    *KNOWN,
    NOTES,
)

ACTUAL_COLUMNS = (
    text("company"),
    day("quarter_end"),
    text("metric"),
    number("value", unit=CELL_UNIT, required=True, signed=True),
    choice("unit", UNITS),
    *KNOWN,
    NOTES,
)

HISTORY_COLUMNS = (
    text("company"),
    text("measure"),
    day("quarter_end"),
    number("value", unit=CELL_UNIT, required=True, signed=True),
    choice("unit", UNITS),
    *KNOWN,
    NOTES,
)

GUIDANCE_COLUMNS = (
    text("company"),
    text("measure"),
    day("period_start"),
    day("period_end"),
    day("announced_date"),
    number("low", unit=CELL_UNIT, required=True),
    number("high", unit=CELL_UNIT, required=True),
    choice("unit", UNITS),
    *KNOWN,
    NOTES,
)

SITE_COST_COLUMNS = (
    text("metric"),
    text("region"),
    year("year"),
    text("item", required=False),
    number("value", unit=CELL_UNIT, required=True),
    number("value_low", unit=CELL_UNIT),
    number("value_high", unit=CELL_UNIT),
    choice("unit", UNITS),
    *KNOWN,
    NOTES,
)

MODEL_PRICE_COLUMNS = (
    text("model"),
    day("date"),
    text("metric"),
    number("value", unit=CELL_UNIT, required=True, signed=True),
    choice("unit", UNITS),
    *KNOWN,
    NOTES,
)

TOKEN_DEMAND_COLUMNS = (
    text("who"),
    day("date"),
    number("value", unit=CELL_UNIT, required=True),
    choice("unit", UNITS),
    number("value_tokens_per_day", unit="token/day"),
    *KNOWN,
    NOTES,
)

TABLES: tuple[Table, ...] = (
    Table("accelerators", Accelerator, ("name",), ACCELERATOR_COLUMNS, ("", "price_"), _check_accelerator),
    Table("export_rules", ExportRule, ("rule_id",), EXPORT_RULE_COLUMNS, ("",), _check_rule),
    Table(
        "programmes",
        Programme,
        ("company", "announced_date", "amount", "currency", "period_start", "amount_kind"),
        PROGRAMME_COLUMNS,
        ("",),
        _check_programme,
    ),
    Table("actuals", Actual, ("company", "quarter_end", "metric"), ACTUAL_COLUMNS, ("",), _check_actual),
    Table("history", History, ("company", "measure", "quarter_end"), HISTORY_COLUMNS, ("",), check_known),
    Table(
        "guidance",
        Guidance,
        ("company", "measure", "period_start", "announced_date"),
        GUIDANCE_COLUMNS,
        ("",),
        _check_guidance,
    ),
    Table(
        "sites_costs",
        SiteCost,
        ("metric", "region", "year", "item"),
        SITE_COST_COLUMNS,
        ("",),
        _check_site_cost,
    ),
    Table(
        "model_prices",
        ModelPrice,
        ("model", "date", "metric", "unit"),
        MODEL_PRICE_COLUMNS,
        ("",),
        _check_model_price,
    ),
    Table("token_demand", TokenDemand, ("who", "date", "unit"), TOKEN_DEMAND_COLUMNS, ("",), check_known),
)
