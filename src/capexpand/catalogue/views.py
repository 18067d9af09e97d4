"""The catalogue as known on a day, ``as_of``, or all that is known where it is None."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import TypeVar, cast

from capexpand.catalogue.point_in_time import PointInTimeCatalogue, current, known_by, without_price
from capexpand.catalogue.rows import (
    Accelerator,
    Actual,
    ExportRule,
    Guidance,
    HistoricFigure,
    ModelPrice,
    Programme,
    SiteCost,
    TokenDemand,
)

Dated = TypeVar(
    "Dated", ExportRule, Programme, Actual, HistoricFigure, Guidance, SiteCost, ModelPrice, TokenDemand
)


def _visible(rows: Sequence[Dated], as_of: date | None) -> tuple[Dated, ...]:
    return tuple(row for row in rows if known_by(row.known_on, as_of))


def accelerators(as_of: date | None = None) -> tuple[Accelerator, ...]:
    """List the accelerators whose specification was known, without a price that became known later."""
    return _accelerators(current(), as_of)


@lru_cache(maxsize=64)  # read for every offer of a case
def _accelerators(catalogue: PointInTimeCatalogue, as_of: date | None) -> tuple[Accelerator, ...]:
    rows = cast("tuple[Accelerator, ...]", catalogue.rows("accelerators"))
    return tuple(
        row if known_by(row.price_known_on, as_of) else without_price(row)
        for row in rows
        if known_by(row.specification_known_on, as_of)
    )


def export_rules(as_of: date | None = None) -> tuple[ExportRule, ...]:
    """List the export rules that had been announced; an end that was announced later is not shown."""
    rows = cast("tuple[ExportRule, ...]", current().rows("export_rules"))
    visible = _visible(rows, as_of)
    announced = {row.rule_id for row in visible}
    return tuple(
        row if row.ended_by in announced else replace(row, ended_on=None, ended_by="") for row in visible
    )


def programmes(as_of: date | None = None) -> tuple[Programme, ...]:
    """List the spending programmes that had been announced."""
    return _visible(cast("tuple[Programme, ...]", current().rows("programmes")), as_of)


def actuals(as_of: date | None = None) -> tuple[Actual, ...]:
    """List the reported figures that had been published."""
    return _visible(cast("tuple[Actual, ...]", current().rows("actuals")), as_of)


def history(as_of: date | None = None) -> tuple[HistoricFigure, ...]:
    """List the figures of long quarterly series that had been published."""
    return _visible(cast("tuple[HistoricFigure, ...]", current().rows("history")), as_of)


def guidance(as_of: date | None = None) -> tuple[Guidance, ...]:
    """List the ranges that companies gave for a period, one row for each announcement."""
    return _visible(cast("tuple[Guidance, ...]", current().rows("guidance")), as_of)


def site_costs(as_of: date | None = None) -> tuple[SiteCost, ...]:
    """List the figures on sites, energy, rental and finance that had been published."""
    return _visible(cast("tuple[SiteCost, ...]", current().rows("sites_costs")), as_of)


def model_prices(as_of: date | None = None) -> tuple[ModelPrice, ...]:
    """List the prices, sizes and training figures of models that had been published."""
    return _visible(cast("tuple[ModelPrice, ...]", current().rows("model_prices")), as_of)


def token_demand(as_of: date | None = None) -> tuple[TokenDemand, ...]:
    """List the token volumes that had been published."""
    return _visible(cast("tuple[TokenDemand, ...]", current().rows("token_demand")), as_of)
