"""What must be believed, as plain data for JSON and for tables; money in plain units of the currency."""

from __future__ import annotations

import math
from typing import Any

from capexpand.studies.breakeven.break_even import BreakEven, Pair
from capexpand.studies.breakeven.findings import BeliefFindings
from capexpand.studies.breakeven.market import MarketFindings, Range, ValueAdded
from capexpand.studies.breakeven.past_spending import PastFindings
from capexpand.studies.breakeven.wording import headline, sentence_of

MILLION = 1e6
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def belief_document(findings: BeliefFindings) -> dict[str, Any]:
    """Returns everything that was found out, as one object.

    Args:
        findings: of a programme.
    """
    found, origin = findings.break_evens, findings.case.provenance
    return {
        "kind": "beliefs",
        "case": origin.path.absolute().parent.name,
        "variant": origin.variant,
        "case_hash": origin.content_hash,
        "title": findings.case.title,
        "as_of": findings.case.as_of.isoformat(),
        "currency": findings.case.currency,
        "headline": headline(findings),
        "npv": _money(found.npv),
        "npv_cash": _money(found.npv_cash),
        "transfer_value_counts": found.transfer,
        "tolerance": _money(found.tolerance),
        "value_per_accelerator_hour": _number(found.value_per_accelerator_hour),
        "break_even": [break_even_row(one) for one in found.single],
        "pairs": [row for pair in found.pairs for row in pair_rows(pair)],
        "distribution": _distribution(findings),
        "market": None if findings.market is None else _market(findings, findings.market),
        "past_spending": None if findings.past is None else _past(findings.past),
        "missing": list(findings.missing),
    }


def break_even_row(one: BreakEven) -> dict[str, Any]:
    """Returns a break-even as a row.

    Args:
        one: the break-even.
    """
    return {
        "belief": one.lever.name,
        "title": one.lever.title,
        "kind": one.lever.kind,
        "reading": one.reading,
        "assumed": one.lever.assumed,
        "outcome": one.root.outcome,
        "level": one.root.level,
        "pays": "above" if one.root.pays_above else "below",
        "low": one.lever.low,
        "high": one.lever.high,
        "residual": _money(one.root.residual),
        "jumps": one.root.jumps,
        "fades": one.root.fades,
        "turns": one.root.turns,
        "value_per_accelerator_hour": _number(one.value_per_accelerator_hour),
        "sentence": sentence_of(one),
    }


def pair_rows(pair: Pair) -> list[dict[str, Any]]:
    """Returns a curve of break-even combinations as rows.

    Args:
        pair: of two levers.
    """
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


def _distribution(findings: BeliefFindings) -> dict[str, Any] | None:
    known = findings.distribution
    if known is None:
        return None
    loss = known.reaches(0.0)
    return {
        "what": known.what,
        "scenarios": known.scenarios,
        "seed": findings.seed,
        "mean": _money(known.mean),
        "quantiles": {f"{q:g}": _money(known.quantile(q)) for q in QUANTILES},
        "chance_of_zero_or_more": list(loss),
    }


def _market(findings: BeliefFindings, market: MarketFindings) -> dict[str, Any]:
    stake = market.stake
    return {
        "shares": market.shares,
        "npv_per_share": _number(market.npv_per_share),
        "npv_for_stake": _money(market.npv_for_stake),
        "moves": [_move(move) for move in market.moves],
        "stake": None
        if stake is None
        else {
            "implied_price": _number(stake.implied),
            "bounds": [_number(stake.bounds.low), _number(stake.bounds.high)],
            "price_before": _number(stake.before),
            "price_after": _number(stake.after),
            "currency": stake.currency,
            "fits": stake.fits,
        },
        "value_gap": market.value_gap,
        "beliefs": [
            {"target": target.name, "value": _money(target.value), **break_even_row(one)}
            for target, found in findings.market_beliefs
            for one in found
        ],
    }


def _move(move: ValueAdded) -> dict[str, Any]:
    return {
        "name": move.name,
        "title": move.title,
        "value_before": _money(move.before),
        "gross": _money(move.gross),
        "of_index": _range(move.of_index),
        "net": _range(move.net),
        "due_to_programme": _range(move.programme),
        "per_share": [_number(move.per_share.low), _number(move.per_share.high)],
        "for_stake": None if move.for_stake is None else _range(move.for_stake),
        "chance": None if move.chance is None else [list(bounds) for bounds in move.chance],
    }


def _past(past: PastFindings) -> dict[str, Any]:
    return {
        "years": past.years,
        "amount": _money(past.amount),
        "verdict": past.verdict,
        "deciding": {"unknown": past.deciding[0], "swing": _money(past.deciding[1])},
        "failing_share": past.failing_share,
        "swings": {name: _money(amount) for name, amount in past.swings.items()},
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
    return [_money(bounds.low), _money(bounds.high)]


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.12g}")


def _money(amount: float | None) -> float | None:
    return None if amount is None else _number(amount * MILLION)
