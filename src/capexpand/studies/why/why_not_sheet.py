"""The sheet of a why-not: what the forced decision costs, what gives way, what would make it optimal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capexpand.reporting.blocks import Answer, Column, Fact, Row, Section, Table, columns
from capexpand.reporting.serial import Document
from capexpand.reporting.serial import money as plain_money
from capexpand.reporting.sheet import Sheet
from capexpand.studies.diff.decisions import DecisionChange
from capexpand.studies.why.about import made_by, things
from capexpand.studies.why.whynots import SmallestChange, WhyNot
from capexpand.wording import capitalised, count, listing, money, number, percent, power, sentence

if TYPE_CHECKING:
    from polars import DataFrame

MANY = 30


def why_not_sheet(found: WhyNot) -> Sheet:
    """Return the sheet of a why-not."""
    moved, changes = _moved(found), _changes(found)
    return Sheet(
        kind="why-not",
        title=f"Why not: {found.forced.asked.title(found.data)} {_wish(found)}",
        description="The decision forced: its cost, what gives way, what would make it optimal.",
        facts=(
            Fact("Case", found.label),
            Fact("Asked", found.forced.asked.written),
            Fact("Money in", found.data.currency),
        ),
        answers=_answers(found),
        sections=(
            Section("moved", "What gives way", (moved,)),
            Section("changes", "What would make it optimal", (changes,)),
        ),
        summary=(moved, changes),
        document=_document(found),
        document_name="why-not.json",
        about={"kind": "why-not", **made_by(found.case, found.free.solver.solver)},
        tables=_tables(found),
        files=found.case.provenance.copies(),
    )


def _wish(found: WhyNot) -> str:
    words = {">=": "at least", "<=": "at most", "=": "just"}[found.forced.sense]
    return f"{words} {found.forced.asked.amount(found.data, found.forced.amount)}"


def _answers(found: WhyNot) -> tuple[Answer, ...]:
    asked, m = found.forced.asked, found.data
    currency = m.currency
    plan = f"The plan has {asked.amount(m, found.amount)}"
    if found.done_already:
        return (Answer("What would it cost?", sentence(f"Nothing: {plan[:1].lower()}{plan[1:]} by itself")),)
    if found.held is None:
        reached = (
            "" if found.most is None else f"; no plan has {_beyond(found)} {asked.amount(m, found.most)}"
        )
        limits = f". These limits exclude it: {'; '.join(found.conflict)}" if found.conflict else ""
        return (
            Answer("Can it be?", sentence(f"No: {plan[:1].lower()}{plan[1:]}{reached}{limits}")),
            Answer("What would make it optimal?", _would(found)),
        )
    cost = f"{plan}. Forced, it costs {money(found.cost, currency)}"
    if asked.kind in ("orders", "power"):
        each = found.cost / abs(found.forced.amount - found.amount)
        cost += (
            f", {money(each, currency)} for each {'MW' if asked.kind == 'power' else 'unit'} of difference"
        )
    cost += f"; the net present value after tax changes by {money(found.npv_change, currency)}"
    return (
        Answer("What would it cost?", sentence(cost)),
        Answer("What gives way?", _gives_way(found)),
        Answer("What would make it optimal?", _would(found)),
    )


def _beyond(found: WhyNot) -> str:
    return "less than" if found.forced.sense == "<=" else "more than"


def _gives_way(found: WhyNot) -> str:
    if not found.moved:
        return "No order changes; only operation does."
    by_thing: dict[tuple[str, str], float] = {}
    for decision in found.moved:
        key = (decision.thing, decision.unit)
        by_thing[key] = by_thing.get(key, 0.0) + decision.change

    largest = sorted(by_thing.items(), key=lambda item: -abs(item[1]) * (50.0 if item[0][1] == "MW" else 1.0))
    words = [
        f"{power(abs(change)) if unit == 'MW' else f'{count(abs(change))} units'} "
        f"{'more' if change > 0 else 'less' if unit == 'MW' else 'fewer'} of {thing}"
        for (thing, unit), change in largest[:5]
        if abs(change) > 1e-6
    ]
    return sentence(listing(words) if words else "orders move between quarters, as many in all")


def _would(found: WhyNot) -> str:
    able = [change for change in found.changes if change.factor is not None]
    if not able:
        tried = [f"{change.title} by a factor of {number(change.tried)}" for change in found.changes]
        return sentence(f"None of these alone: {listing(tried)}")
    return sentence("; or ".join(_in_words(change) for change in able))


def _in_words(change: SmallestChange) -> str:
    factor = change.factor if change.factor is not None else change.tried
    if factor <= 0.0:
        return f"{change.title} of nothing"
    return f"{change.title} {percent(abs(factor - 1.0))} {'higher' if factor >= 1.0 else 'lower'}"


def _moved(found: WhyNot) -> Table:
    def size(one: DecisionChange) -> float:
        return -abs(one.change) * (50.0 if one.unit == "MW" else 1.0)

    largest = sorted(found.moved, key=size)[:MANY]
    kept = {id(one) for one in largest}
    rows = tuple(
        Row(
            " ".join(filter(None, (one.thing, one.destination))),
            (one.quarter, *(number(value, 4) for value in (one.old, one.new, one.change)), one.unit),
        )
        for one in found.moved
        if id(one) in kept
    )
    head = columns("Ordered", "quarter", "plan", "forced", "change", Column("unit", align="text"))
    return Table("What gives way", head, rows)


def _changes(found: WhyNot) -> Table:
    rows = tuple(
        Row(
            capitalised(change.title),
            ("none" if change.factor is None else number(change.factor, 4), number(change.tried, 3)),
        )
        for change in found.changes
    )
    head = columns("Assumption", "factor at which it is optimal", "tried up to")
    return Table("What would make it optimal", head, rows, "Each alone, all else as assumed.")


def _document(found: WhyNot) -> Document:
    asked, m = found.forced.asked, found.data
    scale = 1e6 if asked.kind == "budget" else 1.0
    return {
        "case": found.label,
        "case_hash": found.case.provenance.content_hash,
        "currency": m.currency,
        "asked": asked.written,
        "sense": found.forced.sense,
        "unit": things(asked, m),
        "forced": found.forced.amount * scale,
        "planned": found.amount * scale,
        "already": found.done_already,
        "possible": found.held is not None,
        "furthest": None if found.most is None else found.most * scale,
        "conflict": list(found.conflict),
        "cost": plain_money(found.cost) if found.held is not None else None,
        "npv_change": plain_money(found.npv_change) if found.held is not None else None,
        "moved": list(found.moved),
        "changes": list(found.changes),
        "answers": {answer.question: answer.text for answer in _answers(found)},
    }


def _tables(found: WhyNot) -> dict[str, DataFrame]:
    import polars as pl

    moved = [(x.thing, x.destination, x.quarter, x.unit, x.old, x.new, x.change) for x in found.moved]
    changes = [(x.title, x.factor, x.tried) for x in found.changes]
    texts = dict.fromkeys(("thing", "destination", "quarter", "unit"), pl.String)
    return {
        "moved": pl.DataFrame(
            moved, {**texts, **dict.fromkeys(("plan", "forced", "change"), pl.Float64)}, orient="row"
        ),
        "changes": pl.DataFrame(
            changes, {"assumption": pl.String, "factor": pl.Float64, "tried": pl.Float64}, orient="row"
        ),
    }
