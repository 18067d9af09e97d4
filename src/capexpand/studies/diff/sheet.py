"""The sheet of a difference: causes of the change of value, inputs, decisions and results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capexpand.reporting.blocks import (
    Answer,
    Block,
    Cell,
    Charts,
    Column,
    Fact,
    Notes,
    Paragraph,
    Row,
    Section,
    Table,
    columns,
)
from capexpand.reporting.charts.drawing import Chart, waterfall
from capexpand.reporting.charts.money import waterfall_rows
from capexpand.reporting.serial import Document
from capexpand.reporting.serial import money as plain_money
from capexpand.reporting.serial import number as plain_number
from capexpand.reporting.sheet import Sheet
from capexpand.studies.diff.causes import DECISIONS, TITLES, Share
from capexpand.studies.diff.decisions import DecisionChange
from capexpand.studies.diff.difference import Difference
from capexpand.studies.diff.results import Result, results
from capexpand.wording import (
    MoneyScale,
    capitalised,
    count,
    listing,
    money,
    number,
    of_each,
    percent,
    power,
    sentence,
)

if TYPE_CHECKING:
    from polars import DataFrame

MANY = 40
"""Orders shown on the page, the largest changes first; the table of the run folder has all."""
CAUSE_WORDS = {"time": "time", "facts": "fact", "assumptions": "assumption", "words": "words only"}
SHAPLEY = (
    "Each cause counts with the mean of what it adds over all orders in which the causes may come (Shapley "
    "values), so the shares add up to the whole change. Where decisions are the old ones, the old orders are "
    "placed as far as the new limits let them, and operation is optimised."
)


def difference_sheet(found: Difference) -> Sheet:
    """Return the sheet of what changed between two plans."""
    source = found.new.findings.provenance
    lines = results(found)
    value, given, decided = _causes_table(found), _inputs_table(found), _decisions_table(found)
    outcome = _results_table(found, lines)
    return Sheet(
        kind="difference",
        title=f"What changed from {found.old.label} to {found.new.label}",
        description="Inputs, decisions and results of two plans, and the change of value by cause.",
        facts=(
            Fact("Old", found.old.label),
            Fact("New", found.new.label),
            Fact("Money in", found.currency),
        ),
        answers=_answers(found),
        opening=(Notes(tuple(sentence(note) for note in found.notes), warns=True),) if found.notes else (),
        sections=(
            Section("value", "The change of value by cause", _value_blocks(found, value)),
            Section("inputs", "Inputs that changed", (given,)),
            Section("decisions", "Decisions that changed", (decided,)),
            Section("results", "Results", (outcome,)),
        ),
        summary=(*(Notes((note,), warns=True) for note in found.notes), value, given, decided, outcome),
        document=_document(found, lines),
        document_name="difference.json",
        about={
            "kind": "difference",
            "capexpand": source.capexpand,
            "python": source.python,
            "solver": source.solver,
            "cases": {
                "old": found.old.findings.provenance.case_hash,
                "new": found.new.findings.provenance.case_hash,
            },
        },
        tables=_tables(found, lines),
        files={
            **found.old.case.provenance.copies("cases/old"),
            **found.new.case.provenance.copies("cases/new"),
        },
    )


def _answers(found: Difference) -> tuple[Answer, ...]:
    return (
        Answer("What changed in the inputs?", _about_inputs(found)),
        Answer("What does it do to the value?", _about_value(found)),
        Answer("What is decided otherwise?", _about_decisions(found)),
    )


def _about_inputs(found: Difference) -> str:
    by_cause = {
        cause: [change.path for change in found.changes if change.cause == cause] for cause in CAUSE_WORDS
    }
    parts = [
        of_each(len(by_cause["facts"]), "fact", "facts"),
        of_each(len(by_cause["assumptions"]), "assumption", "assumptions"),
    ]
    if by_cause["time"]:
        parts.append(
            f"{of_each(len(by_cause['time']), 'number', 'numbers')} of the start and what stands then"
        )
    if not found.numbers_changed:
        return "No number changed."
    first = found.numbers_changed[0]
    example = f"; the first is {first.path}: {first.old or 'absent'} before, {first.new or 'absent'} now"
    return sentence(f"{capitalised(listing(parts))} changed{example if len(example) < 200 else ''}")


def _about_value(found: Difference) -> str:
    causes, currency = found.causes, found.currency
    change = causes.new - causes.old
    if abs(change) < 1e-9 * max(1.0, abs(causes.old)):
        return f"Nothing: it stays at {money(causes.old, currency)}."
    verb = "rises" if change > 0 else "falls"
    shares = [f"{share.title} {_signed(share.amount, currency)}" for share in causes.shares]
    whole = (
        f"The net present value {verb} from {money(causes.old, currency)} to {money(causes.new, currency)}"
    )
    return sentence(f"{whole}: {listing(shares)}" if len(shares) > 1 else f"{whole}, all by {shares[0]}")


def _about_decisions(found: Difference) -> str:
    if not found.decisions:
        return "Nothing: both plans place the same orders."
    by_thing: dict[tuple[str, str], float] = {}
    for decision in found.decisions:
        key = (decision.thing, decision.unit)
        by_thing[key] = by_thing.get(key, 0.0) + decision.change
    moved = sum(1 for change in by_thing.values() if abs(change) < 1e-6)
    largest = sorted(by_thing.items(), key=lambda item: -abs(item[1]) * (50.0 if item[0][1] == "MW" else 1.0))
    words = [
        f"{_amount(abs(change), unit)} {_comparative(change, unit)} of {thing}"
        for (thing, unit), change in largest[:4]
        if abs(change) >= 1e-6
    ]
    if moved:
        words.append(f"{of_each(moved, 'thing is', 'things are')} ordered in other quarters, as many in all")
    return sentence(listing(words))


def _comparative(change: float, unit: str) -> str:
    return "more" if change > 0 else "less" if unit == "MW" else "fewer"


def _amount(value: float, unit: str) -> str:
    return power(value) if unit == "MW" else f"{count(value)} units"


def _signed(amount: float, currency: str) -> str:
    return f"{'+' if amount > 0 else ''}{money(amount, currency)}"


def _value_blocks(found: Difference, table: Table) -> tuple[Block, ...]:
    blocks: list[Block] = [Charts((_waterfall(found),)), table, Paragraph(SHAPLEY)]
    if found.causes.merged:
        blocks.append(
            Paragraph(
                "Some causes are taken together, since no case has the one without the other: what changed "
                "in one speaks of what changed in the other, or its limits leave no plan.",
                kind="flag",
            )
        )
    return tuple(blocks)


def _waterfall(found: Difference) -> Chart:
    causes = found.causes
    scale = MoneyScale.of(max(abs(causes.old), abs(causes.new)), found.currency)
    steps = [(f"Old: {found.old.label}", causes.old, True)]
    steps += [(capitalised(share.title), share.amount, False) for share in causes.shares]
    steps.append((f"New: {found.new.label}", causes.new, True))
    rows = waterfall_rows(steps, scale)
    return Chart(
        "causes",
        "Why the value changed",
        f"Net present value after tax, in {scale.unit}.",
        waterfall(scale.unit, len(rows)),
        rows=rows,
        shaded=False,
    )


def _causes_table(found: Difference) -> Table:
    causes = found.causes
    scale = MoneyScale.of(max(abs(causes.old), abs(causes.new)), found.currency)

    def row(share: Share) -> Row:
        span = (
            ""
            if share.most - share.least < 1e-9
            else f"{scale.write(share.least)} to {scale.write(share.most)}"
        )
        return Row(capitalised(share.title), (scale.write(share.amount), span))

    rows = (
        Row(f"Old: {found.old.label}", (scale.write(causes.old), ""), kind="sum"),
        *(row(share) for share in causes.shares),
        Row(f"New: {found.new.label}", (scale.write(causes.new), ""), kind="sum"),
    )
    head = columns(
        "Net present value", Column("amount", scale.unit), Column("by order of causes", scale.unit)
    )
    return Table("The change of value by cause", head, rows)


def _inputs_table(found: Difference) -> Table:
    rows = tuple(
        Row(
            change.path,
            (CAUSE_WORDS[change.cause], Cell(change.old or "–"), Cell(change.new or "–")),
        )
        for change in (*found.numbers_changed, *(one for one in found.changes if one.cause == "words"))
    )
    words = [Column(name, align="text") for name in ("kind", "old", "new")]
    return Table("Inputs that changed", columns("Place in the case", *words), rows, kind="wordy")


def _decisions_table(found: Difference) -> Table:
    def size(decision: DecisionChange) -> float:
        return abs(decision.change) * (50.0 if decision.unit == "MW" else 1.0)

    shown = sorted(found.decisions, key=size, reverse=True)[:MANY]
    order = {id(decision): place for place, decision in enumerate(found.decisions)}
    rows = tuple(
        Row(
            " ".join(filter(None, (decision.thing, decision.destination))),
            (
                decision.quarter,
                *(_plain(value) for value in (decision.old, decision.new)),
                f"{'+' if decision.change > 0 else ''}{_plain(decision.change)}",
                decision.unit,
            ),
        )
        for decision in sorted(shown, key=lambda decision: order[id(decision)])
    )
    left = len(found.decisions) - len(shown)
    note = f"{left} smaller changes are in the table decisions of the run folder." if left else ""
    head = columns("Ordered", "quarter", "old", "new", "change", Column("unit", align="text"))
    return Table("Decisions that changed", head, rows, note)


def _plain(value: float) -> str:
    return number(value, 4) if abs(value) < 1000 else number(float(round(value)), 6)


def _results_table(found: Difference, lines: tuple[Result, ...]) -> Table:
    def cell(line: Result, value: float | None, *, signed: bool = False) -> str:
        if value is None:
            return "–"
        text = {
            "money": lambda: money(value, found.currency),
            "power": lambda: power(value),
            "count": lambda: count(value),
            "rate": lambda: percent(value),
            "ratio": lambda: number(value),
        }[line.kind]()
        return f"+{text}" if signed and value > 0 else text

    rows = tuple(
        Row(line.title, (cell(line, line.old), cell(line, line.new), cell(line, line.change, signed=True)))
        for line in lines
    )
    return Table("Results", columns("", "old", "new", "change"), rows)


def _document(found: Difference, lines: tuple[Result, ...]) -> Document:
    causes = found.causes

    def value(line: Result, amount: float | None) -> float | None:
        return plain_money(amount) if line.kind == "money" else plain_number(amount)

    return {
        "currency": found.currency,
        "old": {"name": found.old.label, "case_hash": found.old.findings.provenance.case_hash},
        "new": {"name": found.new.label, "case_hash": found.new.findings.provenance.case_hash},
        "value": {
            "old": plain_money(causes.old),
            "new": plain_money(causes.new),
            "method": "Shapley values over the causes",
            "merged": causes.merged,
            "shares": [
                {
                    "cause": share.cause,
                    "title": TITLES.get(share.cause, share.cause),
                    "amount": plain_money(share.amount),
                    "least": plain_money(share.least),
                    "most": plain_money(share.most),
                }
                for share in causes.shares
            ],
        },
        "inputs": list(found.changes),
        "decisions": [
            {
                "thing": one.thing,
                "destination": one.destination or None,
                "quarter": one.quarter,
                "unit": one.unit,
                "old": one.old,
                "new": one.new,
                "change": one.change,
            }
            for one in found.decisions
        ],
        "results": [
            {
                "key": line.key,
                "title": line.title,
                "unit": {"money": found.currency, "power": "MW", "rate": "1/year"}.get(line.kind, ""),
                "old": value(line, line.old),
                "new": value(line, line.new),
                "change": value(line, line.change),
            }
            for line in lines
        ],
        "decisions_changed": any(share.cause == DECISIONS for share in causes.shares),
        "notes": list(found.notes),
    }


def _tables(found: Difference, lines: tuple[Result, ...]) -> dict[str, DataFrame]:
    import polars as pl

    document = _document(found, lines)
    texts = dict.fromkeys(("path", "cause", "old", "new"), pl.String)
    amounts = dict.fromkeys(("old", "new", "change"), pl.Float64)
    return {
        "inputs": pl.DataFrame(
            [(one.path, one.cause, one.old, one.new) for one in found.changes], texts, orient="row"
        ),
        "decisions": pl.DataFrame(
            document["decisions"],
            {**dict.fromkeys(("thing", "destination", "quarter", "unit"), pl.String), **amounts},
        ),
        "results": pl.DataFrame(
            document["results"], {**dict.fromkeys(("key", "title", "unit"), pl.String), **amounts}
        ),
        "value": pl.DataFrame(
            document["value"]["shares"],
            {
                **dict.fromkeys(("cause", "title"), pl.String),
                **dict.fromkeys(("amount", "least", "most"), pl.Float64),
            },
        ),
    }
