"""The sheet of a plan rolled forward: what happened, what is decided now, what changed since the last."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from capexpand.reporting.blocks import Answer, Column, Fact, Notes, Paragraph, Row, Section, Table, columns
from capexpand.reporting.serial import money as plain_money
from capexpand.reporting.sheet import Sheet
from capexpand.studies.diff.sheet import difference_sheet
from capexpand.studies.roll.actuals import table_of
from capexpand.studies.roll.rolling import Roll, Surprise
from capexpand.wording import count, listing, money, number, of_each, percent, power, sentence

if TYPE_CHECKING:
    from polars import DataFrame

MANY = 30
ROUNDING = 1e-5
"""Million of money below which what is planned is what a spent budget keeps."""
KIND = "roll"
CONTINUED = (
    "Old and new value are money of different days. The cause 'time that has passed' is what was earned and "
    "paid in between, and what stands now; facts are what was observed otherwise than expected."
)


def roll_sheet(roll: Roll) -> Sheet:
    """Return the sheet of a plan rolled forward; its run can be rolled again."""
    m = roll.change.new.findings.result.plan.data
    since = difference_sheet(roll.change)
    next_orders, surprises = _next(roll), _surprises(roll)
    sections = tuple(one for one in since.sections if one.key != "results")
    results = next(one for one in since.sections if one.key == "results")
    notes = tuple(sentence(note) for note in (*roll.rolled.notes, *roll.change.notes))
    return replace(
        since,
        kind=KIND,
        title=f"{roll.case.title}, from {m.times.labels[0]}",
        description=f"Planned anew as of {roll.as_of}, from what stands and is on order.",
        facts=(
            Fact("Plan before", roll.old.label),
            Fact("As of", str(roll.as_of)),
            Fact("Money in", m.currency),
        ),
        answers=_answers(roll, since),
        opening=(),
        sections=(
            Section("next", "What to order next", (next_orders,)),
            Section("happened", "What happened otherwise", (surprises,)),
            *sections,
            results,
            Section("how", "How it was rolled", (Paragraph(CONTINUED), Notes(notes))),
        ),
        summary=(next_orders, surprises, *since.summary[-4:]),
        document={**since.document, "roll": _document(roll)},
        document_name="roll.json",
        about={
            **since.about,
            "kind": KIND,
            "case": roll.old.label.partition(" from ")[0],
            "variant": None,
            "case_hash": roll.case.provenance.content_hash,
            "previous_hash": roll.previous_hash,
            "as_of": roll.as_of.isoformat(),
        },
        tables={**since.tables, **_tables(roll)},
        files={
            **roll.case.provenance.copies(),
            **roll.old.case.provenance.copies("previous"),
            "actuals.csv": table_of(roll.actuals),
        },
    )


def _answers(roll: Roll, since: Sheet) -> tuple[Answer, ...]:
    currency = roll.change.currency
    plan = roll.change.new.findings.result.plan
    start = plan.data.times.labels[0]
    orders = [f"{amount} of {thing}" for thing, amount, _ in _orders(roll)]
    spent = money(roll.rolled.spent, currency)
    planned = float(plan.paid[_window(roll)].sum())
    more = "nothing more" if planned <= ROUNDING else f"{money(planned, currency)} more"
    over = next((sentence(note) for note in roll.rolled.notes if note.startswith("more is paid")), "")
    return (
        Answer(
            f"What is to be ordered in {start}?",
            sentence(listing(orders) if orders else f"nothing in {start}"),
        ),
        Answer(
            "What is committed?",
            sentence(
                f"{spent} of the programme's money is paid or falls due in its window for orders that stand; "
                f"{more} is planned"
            ),
            over,
        ),
        Answer("What happened otherwise than planned?", _happened(roll)),
        replace(since.answers[1], remark=_of_what(roll)),
        *since.answers[2:],
    )


def _of_what(roll: Roll) -> str:
    start = roll.change.new.findings.result.plan.data.times.labels[0]
    return (
        f"(The new value is money of the start of {start} and counts what is still to be decided; what is "
        "committed is the same with and without it.)"
    )


def _window(roll: Roll) -> slice:
    m = roll.change.new.findings.result.plan.data
    first, last = m.times.window
    return slice(max(first, 0), min(last, m.times.count))


def _orders(roll: Roll) -> list[tuple[str, str, float]]:
    """What the new plan orders in its first quarter: thing, amount in words, price in all [million]."""
    plan = roll.change.new.findings.result.plan
    m = plan.data
    found: list[tuple[str, str, float]] = []
    for o, name in enumerate(m.power.names):
        amount = float(plan.power_ordered_mw[o, 0])
        if amount > 1e-6:
            found.append((name, power(amount), amount * float(m.power.price[o, 0])))
    for k, name in enumerate(m.offers.names):
        for d, place in enumerate(m.destinations):
            amount = float(plan.ordered[k, d, 0])
            if amount > 1e-6:
                where = f"{name} for {place}" if len(m.destinations) > 1 else name
                found.append((where, f"{count(amount)} units", amount * float(m.offers.price[k, d, 0])))
    return found


def _next(roll: Roll) -> Table:
    currency = roll.change.currency
    rows = tuple(Row(thing, (amount, money(price, currency))) for thing, amount, price in _orders(roll))
    start = roll.change.new.findings.result.plan.data.times.labels[0]
    return Table(f"To be ordered in {start}", columns("", "amount", "price"), rows)


def _happened(roll: Roll) -> str:
    if not roll.surprises:
        return "Nothing: everything stands as the plan before expected."
    largest = sorted(roll.surprises, key=_distance, reverse=True)[:3]
    more = len(roll.surprises) - len(largest)
    words = [_in_words(one) for one in largest]
    return sentence("; ".join(words) + (f"; and {of_each(more, 'thing', 'things')} more" if more else ""))


def _distance(one: Surprise) -> float:
    if one.expected is None or one.expected <= 0.0:
        return 1.0
    return abs(one.actual.value / one.expected - 1.0)


def _name(one: Surprise) -> str:
    what = one.actual
    words = (what.quantity.replace("_", " "), what.offer, what.workload, what.contract, what.site)
    when = f" on {one.actual.date}" if one.actual.date else ""
    return " ".join(filter(None, words)) + when


def _in_words(one: Surprise) -> str:
    unit = f" {one.actual.unit}" if one.actual.unit else ""
    value = f"{number(one.actual.value, 4)}{unit}"
    if one.expected is None:
        return f"{_name(one)}: {value}, not planned"
    change = f", {percent(one.actual.value / one.expected - 1.0)}" if one.expected > 0 else ""
    return f"{_name(one)}: {value} in place of {number(one.expected, 4)}{unit}{change}"


def _surprises(roll: Roll) -> Table:
    shown = sorted(roll.surprises, key=_distance, reverse=True)[:MANY]
    rows = tuple(
        Row(
            _name(one),
            (
                "–" if one.expected is None else number(one.expected, 4),
                number(one.actual.value, 4),
                one.actual.unit or "units",
            ),
        )
        for one in shown
    )
    head = columns("", "planned", "happened", Column("unit", align="text"))
    left = len(roll.surprises) - len(shown)
    note = f"{left} more stand in the table surprises." if left else ""
    return Table("What happened otherwise", head, rows, note)


def _document(roll: Roll) -> dict[str, object]:
    new = roll.change.new.findings
    return {
        "as_of": roll.as_of,
        "starts": new.result.times.labels[0],
        "previous_hash": roll.previous_hash,
        "committed": plain_money(roll.rolled.spent),
        "planned": plain_money(float(np.sum(new.result.plan.paid[_window(roll)]))),
        "next": [
            {"thing": thing, "amount": amount, "price": plain_money(price)}
            for thing, amount, price in _orders(roll)
        ],
        "surprises": [
            {
                "what": _name(one),
                "expected": one.expected,
                "actual": one.actual.value,
                "unit": one.actual.unit,
            }
            for one in roll.surprises
        ],
        "notes": list(roll.rolled.notes),
    }


def _tables(roll: Roll) -> dict[str, DataFrame]:
    import polars as pl

    surprises = [(_name(one), one.expected, one.actual.value, one.actual.unit) for one in roll.surprises]
    schema = {"what": pl.String, "expected": pl.Float64, "actual": pl.Float64, "unit": pl.String}
    return {"surprises": pl.DataFrame(surprises, schema, orient="row")}
