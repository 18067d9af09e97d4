"""What the catalogue holds, whole or as it stood on a day: facts that became known later are not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from typing import TypeVar, cast

from capexpand.catalogue.reading import load_table
from capexpand.catalogue.rows import (
    Accelerator,
    Actual,
    ExportRule,
    ModelPrice,
    Programme,
    SiteCost,
    TokenDemand,
)

Dated = TypeVar("Dated", ExportRule, Programme, Actual, SiteCost, ModelPrice, TokenDemand)


def known_by(known_on: date | None, as_of: date | None) -> bool:
    """Tell whether a fact was known on a day; an unknown day counts as later than any.

    Args:
        known_on: when the fact became known, None where nobody recorded it.
        as_of: the day, or None for whatever is known at all.
    """
    return as_of is None or (known_on is not None and known_on <= as_of)


def _visible(rows: Sequence[Dated], as_of: date | None) -> tuple[Dated, ...]:
    return tuple(row for row in rows if known_by(row.known_on, as_of))


@cache
def accelerators(as_of: date | None = None) -> tuple[Accelerator, ...]:
    """List the accelerators whose specification was known, without a price that became known later.

    Args:
        as_of: the day to look from, or None for all that is known.
    """
    rows = cast("tuple[Accelerator, ...]", load_table("accelerators"))
    return tuple(_as_known(row, as_of) for row in rows if known_by(row.specification_known_on, as_of))


def _as_known(row: Accelerator, as_of: date | None) -> Accelerator:
    if known_by(row.price_known_on, as_of):
        return row
    return replace(row, unit_price_usd=None, price_date=None, price_known_on=None, price_source=None)


def export_rules(as_of: date | None = None) -> tuple[ExportRule, ...]:
    """List the export rules that had been announced; an end that was announced later is not shown.

    Args:
        as_of: the day to look from, or None for all that is known.
    """
    rows = cast("tuple[ExportRule, ...]", load_table("export_rules"))
    visible = _visible(rows, as_of)
    announced = {row.rule_id for row in visible}
    return tuple(
        row if row.ended_by in announced else replace(row, ended_on=None, ended_by="") for row in visible
    )


def programmes(as_of: date | None = None) -> tuple[Programme, ...]:
    """List the spending programmes that had been announced.

    Args:
        as_of: the day to look from, or None for all that is known.
    """
    return _visible(cast("tuple[Programme, ...]", load_table("programmes")), as_of)


def actuals(as_of: date | None = None) -> tuple[Actual, ...]:
    """List the reported figures that had been published.

    Args:
        as_of: the day to look from, or None for all that is known.
    """
    return _visible(cast("tuple[Actual, ...]", load_table("actuals")), as_of)


def site_costs(as_of: date | None = None) -> tuple[SiteCost, ...]:
    """List the figures on sites, energy, rental and finance that had been published.

    Args:
        as_of: the day to look from, or None for all that is known.
    """
    return _visible(cast("tuple[SiteCost, ...]", load_table("sites_costs")), as_of)


def model_prices(as_of: date | None = None) -> tuple[ModelPrice, ...]:
    """List the prices, sizes and training figures of models that had been published.

    Args:
        as_of: the day to look from, or None for all that is known.
    """
    return _visible(cast("tuple[ModelPrice, ...]", load_table("model_prices")), as_of)


def token_demand(as_of: date | None = None) -> tuple[TokenDemand, ...]:
    """List the token volumes that had been published.

    Args:
        as_of: the day to look from, or None for all that is known.
    """
    return _visible(cast("tuple[TokenDemand, ...]", load_table("token_demand")), as_of)
