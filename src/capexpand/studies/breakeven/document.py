"""A break-even study as plain data for JSON and for tables; money in plain units of the currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capexpand.reporting.serial import DIGITS, Document, money, number
from capexpand.studies.breakeven.break_even import BreakEven, Pair
from capexpand.studies.breakeven.findings import BreakevenFindings
from capexpand.studies.breakeven.market import MarketFindings, Range, ValueAdded
from capexpand.studies.breakeven.past_spending import PastFindings
from capexpand.studies.breakeven.wording import headline, sentence_of

if TYPE_CHECKING:
    import polars

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def breakeven_document(findings: BreakevenFindings) -> Document:
    """Return everything that was found out, as one object."""
    found, origin = findings.break_evens, findings.case.provenance
    return {
        "kind": "breakeven",
        "case": origin.path.absolute().parent.name,
        "variant": origin.variant,
        "case_hash": origin.content_hash,
        "title": findings.case.title,
        "as_of": findings.case.as_of.isoformat(),
        "currency": findings.case.currency,
        "headline": headline(findings),
        "npv": money(found.npv),
        "npv_cash": money(found.npv_cash),
        "transfer_value_counts": found.transfer,
        "tolerance": money(found.tolerance),
        "value_per_accelerator_hour": number(found.value_per_accelerator_hour, DIGITS),
        "break_even": [break_even_row(one) for one in found.single],
        "pairs": [row for pair in found.pairs for row in pair_rows(pair)],
        "distribution": _distribution(findings),
        "market": None if findings.market is None else _market(findings, findings.market),
        "past_spending": None if findings.past is None else _past(findings.past),
        "missing": list(findings.missing),
    }


def break_even_row(one: BreakEven) -> Document:
    """Return a break-even as a row."""
    return {
        "driver": one.driver.name,
        "title": one.driver.title,
        "kind": one.driver.kind,
        "reading": one.reading,
        "assumed": one.driver.assumed,
        "outcome": one.root.outcome,
        "level": one.root.level,
        "pays": "above" if one.root.pays_above else "below",
        "low": one.driver.low,
        "high": one.driver.high,
        "residual": money(one.root.residual),
        "jumps": one.root.jumps,
        "fades": one.root.fades,
        "turns": one.root.turns,
        "value_per_accelerator_hour": number(one.value_per_accelerator_hour, DIGITS),
        "sentence": sentence_of(one),
    }


def pair_rows(pair: Pair) -> list[Document]:
    """Return a curve of break-even combinations as rows."""
    return [
        {
            "first": pair.first.name,
            "level": level,
            "second": pair.second.name,
            "reading": pair.reading,
            "outcome": root.outcome,
            "break_even": root.level,
            "fades": root.fades,
            "jumps": root.jumps,
            "turns": root.turns,
        }
        for level, root in zip(pair.levels, pair.roots, strict=True)
    ]


def _distribution(findings: BreakevenFindings) -> Document | None:
    known = findings.distribution
    if known is None:
        return None
    loss = known.reaches(0.0)
    return {
        "what": known.what,
        "scenarios": known.scenarios,
        "seed": findings.seed,
        "mean": money(known.mean),
        "quantiles": {f"{q:g}": money(known.quantile(q)) for q in QUANTILES},
        "chance_of_zero_or_more": list(loss),
    }


def _market(findings: BreakevenFindings, market: MarketFindings) -> Document:
    stake = market.stake
    return {
        "shares": market.shares,
        "npv_per_share": number(market.npv_per_share, DIGITS),
        "npv_for_stake": money(market.npv_for_stake),
        "moves": [_move(move) for move in market.moves],
        "stake": None
        if stake is None
        else {
            "implied_price": number(stake.implied, DIGITS),
            "bounds": [number(stake.bounds.low, DIGITS), number(stake.bounds.high, DIGITS)],
            "price_before": number(stake.before, DIGITS),
            "price_after": number(stake.after, DIGITS),
            "currency": stake.currency,
            "fits": stake.fits,
        },
        "value_gap": market.value_gap,
        "break_evens": [
            {"target": target.name, "value": money(target.value), **break_even_row(one)}
            for target, found in findings.market_break_evens
            for one in found
        ],
    }


def _move(move: ValueAdded) -> Document:
    return {
        "name": move.name,
        "title": move.title,
        "value_before": money(move.before),
        "gross": money(move.gross),
        "of_index": _range(move.of_index),
        "net": _range(move.net),
        "due_to_programme": _range(move.programme),
        "per_share": [number(move.per_share.low, DIGITS), number(move.per_share.high, DIGITS)],
        "for_stake": None if move.for_stake is None else _range(move.for_stake),
        "chance": None if move.chance is None else [list(bounds) for bounds in move.chance],
    }


def _past(past: PastFindings) -> Document:
    return {
        "years": past.years,
        "amount": money(past.amount),
        "verdict": past.verdict,
        "deciding": {"unknown": past.deciding[0], "swing": money(past.deciding[1])},
        "failing_share": past.failing_share,
        "swings": {name: money(amount) for name, amount in past.swings.items()},
        "sums": [
            {
                "scope": one.scope,
                "first": one.first.isoformat(),
                "last": one.last.isoformat(),
                "missing_months": one.missing_months,
                "spent": _range(one.spent),
                "verdict": one.verdict,
            }
            for one in past.sums
        ],
    }


def _range(bounds: Range) -> list[float | None]:
    return [money(bounds.low), money(bounds.high)]


def frames(document: Document) -> dict[str, polars.DataFrame]:
    """Return the tables of a document by name.

    Args:
        document: from ``breakeven_document``.
    """
    import polars

    named = {"break_even": document["break_even"], "pairs": document["pairs"]}
    if document["market"] is not None:
        named["market_break_evens"] = document["market"]["break_evens"]
    if document["past_spending"] is not None:
        named["past_spending"] = [
            {**row, "spent_low": row["spent"][0], "spent_high": row["spent"][1]}
            for row in document["past_spending"]["sums"]
        ]
    return {
        name: polars.DataFrame(
            [{key: value for key, value in row.items() if key != "spent"} for row in rows],
            infer_schema_length=None,
        )
        for name, rows in named.items()
        if rows
    }
