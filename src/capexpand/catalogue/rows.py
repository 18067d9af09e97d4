"""The facts that the catalogue holds: one frozen type per table, each row with its source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


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
    dense_fp16_tflops: float | None
    dense_fp8_tflops: float | None
    int8_tops: float | None
    memory_gb: float | None
    memory_bandwidth_gb_per_s: float | None
    interconnect_gb_per_s: float | None
    tdp_w: float | None
    die_area_mm2: float | None
    process_nm: float | None
    total_processing_performance: float | None
    performance_density: float | None
    specification_known_on: date | None
    unverified_fields: tuple[str, ...]
    unit_price_usd: float | None
    price_date: date | None
    price_known_on: date | None
    notes: str
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
    ended_by: str
    summary: str
    threshold_test: str
    tpp_min: float | None
    tpp_below: float | None
    performance_density_min: float | None
    performance_density_below: float | None
    memory_bandwidth_min_gb_per_s: float | None
    memory_bandwidth_below_gb_per_s: float | None
    io_bandwidth_min_gb_per_s: float | None
    chips_named: tuple[str, ...]
    destination_scope: str
    effect: str
    fee_share_fraction: float | None
    known_on: date | None
    known_on_estimated: bool
    notes: str
    source: Source


@dataclass(frozen=True, slots=True)
class Programme:
    """What a company said it would spend, in units of ``currency``; ``amount_high`` closes a range."""

    company: str
    announced_date: date
    amount: float | None
    amount_high: float | None
    amount_kind: str
    currency: str
    period_start: date
    period_end: date
    scope: str
    known_on: date | None
    known_on_estimated: bool
    notes: str
    source: Source


@dataclass(frozen=True, slots=True)
class Actual:
    """What a company reported for the quarter, or the year, that ended on ``quarter_end``."""

    company: str
    quarter_end: date
    metric: str
    value: float
    unit: str
    known_on: date | None
    known_on_estimated: bool
    notes: str
    source: Source


@dataclass(frozen=True, slots=True)
class History:
    """A figure of a long quarterly series, kept to forecast from and to measure how far forecasts err."""

    company: str
    measure: str
    quarter_end: date
    value: float
    unit: str
    known_on: date | None
    known_on_estimated: bool
    notes: str
    source: Source


@dataclass(frozen=True, slots=True)
class Guidance:
    """A range that a company gave for a measure over a period, on the day of one announcement."""

    company: str
    measure: str
    period_start: date
    period_end: date
    announced_date: date
    low: float
    high: float
    unit: str
    known_on: date | None
    known_on_estimated: bool
    notes: str
    source: Source


@dataclass(frozen=True, slots=True)
class SiteCost:
    """A figure on sites, energy, rental or finance. ``year`` is a year, or a whole date for quoted prices."""

    metric: str
    region: str
    year: str
    item: str
    value: float
    value_low: float | None
    value_high: float | None
    unit: str
    known_on: date | None
    known_on_estimated: bool
    notes: str
    source: Source


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """A price, size or training figure of a model, or a trend over models, that held on ``date``."""

    model: str
    date: date
    metric: str
    value: float
    unit: str
    known_on: date | None
    known_on_estimated: bool
    notes: str
    source: Source


@dataclass(frozen=True, slots=True)
class TokenDemand:
    """How many tokens somebody processed around ``date``, as published and per day."""

    who: str
    date: date
    value: float
    unit: str
    value_tokens_per_day: float | None
    known_on: date | None
    known_on_estimated: bool
    notes: str
    source: Source


Row = Accelerator | ExportRule | Programme | Actual | History | Guidance | SiteCost | ModelPrice | TokenDemand
"""Any row of the catalogue."""
