"""The facts that the catalogue holds: one frozen type per table, each row with its source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from capexpand.catalogue.columns import (
    UNIT_TEXTS,
    FigureField,
    Gigabytes,
    GigabytesPerSecond,
    Note,
    OneOf,
    Ratio,
    Tflops,
    Tops,
    Watts,
    YearOrDay,
)

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

UnitName = Annotated[str, OneOf(tuple(UNIT_TEXTS))]
"""The unit of a row's figures."""

Value = Annotated[float, FigureField("column:unit")]
SignedValue = Annotated[float, FigureField("column:unit", signed=True)]
OptionalValue = Annotated[float | None, FigureField("column:unit")]
Money = Annotated[float | None, FigureField("column:currency")]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure was found.

    Args:
        title: title of the document, or that the figure is general knowledge.
        url: its address; ``public-file:`` and ``news-report:`` stand for documents without a known address;
            empty for general knowledge only.
        place: the place in the document, as far as it was recorded.
        kind: how near the document is to the origin, see ``columns.SOURCE_KINDS``.
        verified: whether the figure was read in the document. It does not say that the document is right.
    """

    title: str
    url: str
    place: str
    kind: str
    verified: bool

    @property
    def can_be_opened(self) -> bool:
        """Whether a reader can follow its address: a public one, neither a stand-in nor none."""
        return self.url.startswith(("https://", "http://"))

    @property
    def reference(self) -> str:
        """The title, with the address that a reader can follow or a mark that there is none."""
        if not self.url:
            return self.title
        return f"{self.title} {self.url if self.can_be_opened else '(no public address)'}"


@dataclass(frozen=True, slots=True)
class Accelerator:
    """An accelerator, or a rack of them. Compute is dense, without sparsity; prices are street prices.

    ``unit`` says what a row describes (a chip, a rack, a supernode). ``unverified_fields`` names the figures
    that ``source`` does not cover. The specification and the price became known on different days.
    """

    name: str
    vendor: str
    unit: str
    release_date: date | None
    dense_fp16_tflops: Tflops
    dense_fp8_tflops: Tflops
    int8_tops: Tops
    memory_gb: Gigabytes
    memory_bandwidth_gb_per_s: GigabytesPerSecond
    interconnect_gb_per_s: GigabytesPerSecond
    tdp_w: Watts
    die_area_mm2: Annotated[float | None, FigureField("mm2")]
    process_nm: Annotated[float | None, FigureField("nm")]
    total_processing_performance: Ratio
    performance_density: Annotated[float | None, FigureField("1/mm2")]
    specification_known_on: date | None
    unverified_fields: tuple[str, ...]
    unit_price_usd: Annotated[float | None, FigureField("USD")]
    price_date: date | None
    price_known_on: date | None
    notes: Note
    source: Source
    price_source: Source | None


@dataclass(frozen=True, slots=True)
class ExportRule:
    """A rule, a licence or an announcement that limits which chip may go where.

    Lower thresholds are met at the value, upper ones (``_below``) below it. ``threshold_test`` says whether
    ``all`` of them must be met or ``any``, or that there is ``none``. ``chips_named``, where given, are
    the only chips that the rule is about.
    """

    rule_id: str
    effective_date: date
    ended_on: date | None
    ended_by: Note
    summary: str
    threshold_test: Annotated[str, OneOf(("all", "any", "none"))]
    tpp_min: Ratio
    tpp_below: Ratio
    performance_density_min: Annotated[float | None, FigureField("1/mm2")]
    performance_density_below: Annotated[float | None, FigureField("1/mm2")]
    memory_bandwidth_min_gb_per_s: GigabytesPerSecond
    memory_bandwidth_below_gb_per_s: GigabytesPerSecond
    io_bandwidth_min_gb_per_s: GigabytesPerSecond
    chips_named: tuple[str, ...]
    destination_scope: str
    effect: Annotated[str, OneOf(EFFECTS)]
    fee_share_fraction: Ratio
    known_on: date | None
    known_on_estimated: bool
    notes: Note
    source: Source


@dataclass(frozen=True, slots=True)
class Programme:
    """An announced programme, in units of ``currency``; ``amount_high`` closes a range."""

    company: str
    announced_date: date
    amount: Money
    amount_high: Money
    amount_kind: Annotated[str, OneOf(AMOUNT_KINDS)]
    currency: Annotated[str, OneOf(("CNY", "HKD", "USD"))]
    period_start: date
    period_end: date
    scope: str
    known_on: date | None
    known_on_estimated: bool
    notes: Note
    source: Source


@dataclass(frozen=True, slots=True)
class Actual:
    """A reported figure of the quarter, or the year, that ended on ``quarter_end``."""

    company: str
    quarter_end: date
    metric: str
    value: SignedValue
    unit: UnitName
    known_on: date | None
    known_on_estimated: bool
    notes: Note
    source: Source


@dataclass(frozen=True, slots=True)
class HistoricFigure:
    """A figure of a long quarterly series, kept to forecast from and to measure how far forecasts err."""

    company: str
    measure: str
    quarter_end: date
    value: SignedValue
    unit: UnitName
    known_on: date | None
    known_on_estimated: bool
    notes: Note
    source: Source


@dataclass(frozen=True, slots=True)
class Guidance:
    """A range that a company gave for a measure over a period, on the day of one announcement."""

    company: str
    measure: str
    period_start: date
    period_end: date
    announced_date: date
    low: Value
    high: Value
    unit: UnitName
    known_on: date | None
    known_on_estimated: bool
    notes: Note
    source: Source


@dataclass(frozen=True, slots=True)
class SiteCost:
    """A figure on sites, energy, rental or finance. ``year`` is a year, or a whole date for quoted prices."""

    metric: str
    region: str
    year: YearOrDay
    item: Note
    value: Value
    value_low: OptionalValue
    value_high: OptionalValue
    unit: UnitName
    known_on: date | None
    known_on_estimated: bool
    notes: Note
    source: Source


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """A price, size or training figure of a model, or a trend over models, that held on ``date``."""

    model: str
    date: date
    metric: str
    value: SignedValue
    unit: UnitName
    known_on: date | None
    known_on_estimated: bool
    notes: Note
    source: Source


@dataclass(frozen=True, slots=True)
class TokenDemand:
    """How many tokens somebody processed around ``date``, as published and per day."""

    who: str
    date: date
    value: Value
    unit: UnitName
    value_tokens_per_day: Annotated[float | None, FigureField("token/day")]
    known_on: date | None
    known_on_estimated: bool
    notes: Note
    source: Source


Row = (
    Accelerator
    | ExportRule
    | Programme
    | Actual
    | HistoricFigure
    | Guidance
    | SiteCost
    | ModelPrice
    | TokenDemand
)
"""Any row of the catalogue."""
