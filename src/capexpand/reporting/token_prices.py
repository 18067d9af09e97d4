"""Revenue of workloads that are paid by kind of token, for the document and the page."""

from __future__ import annotations

import numpy as np

from capexpand.case.blended_prices import price_parts
from capexpand.case.prices import KIND_TITLES, TokenKind
from capexpand.model.data import Floats
from capexpand.reporting.blocks import Row, Table, table
from capexpand.reporting.context import ReportContext
from capexpand.reporting.serial import Document, monies
from capexpand.wording import number, share, volume

TOKENS = 1e12  # in a canonical volume of tokens


def volumes_by_kind(context: ReportContext) -> dict[str, dict[TokenKind, tuple[Floats, Floats]]]:
    """Return tokens [trillion] and money [million] by workload and kind of token, each [quarter].

    Every tranche buys the kinds in the same mix, at its share of the price.
    """
    case, plan = context.findings.case, context.findings.result.plan
    found: dict[str, dict[TokenKind, tuple[Floats, Floats]]] = {}
    for j, (name, workload) in enumerate(case.workloads.items()):
        parts = price_parts(workload)
        if not parts:
            continue
        sold = plan.sold[j].sum(axis=0)
        earned = (plan.data.workloads.price[j] * plan.sold[j]).sum(axis=0)
        by_kind = [part.volume * np.array(part.price.by_quarter(case.calendar)) for part in parts]
        blended = np.maximum(sum(by_kind, np.zeros(sold.size)), 1e-300)
        found[name] = {
            part.kind: (part.volume * sold, earned * value / blended)
            for part, value in zip(parts, by_kind, strict=True)
        }
    return found


def token_price_document(context: ReportContext) -> Document:
    """Return revenue by kind of token as plain data; nothing where no workload is paid so."""
    found = volumes_by_kind(context)
    if not found:
        return {}
    return {
        "revenue_by_token": {
            name: {kind: monies(money) for kind, (_, money) in kinds.items()} for name, kinds in found.items()
        }
    }


def token_price_table(context: ReportContext) -> Table | None:
    """Return what each kind of token brings over the horizon; None where no workload is paid so."""
    found, case = volumes_by_kind(context), context.findings.case
    rows: list[Row] = []
    for name, kinds in found.items():
        title = context.workloads[list(case.workloads).index(name)]
        total = sum(float(money.sum()) for _, money in kinds.values())
        for kind, (tokens, money) in kinds.items():
            count, earned = float(tokens.sum()), float(money.sum())
            cells = (
                volume(count * TOKENS, "tokens"),
                number(earned / count) if count > 0.0 else "–",
                context.scale.write(earned),
                share(earned / total) if total > 0.0 else "–",
            )
            rows.append(Row(f"{title}: {KIND_TITLES[kind]}", cells))
    head = (
        "Kind of token",
        "Sold over the horizon",
        f"{context.currency} per million",
        f"Earned, {context.scale.unit}",
        "Share",
    )
    return table("Revenue by kind of token", head, rows) if rows else None
