"""The sheet of evidence: what a value rests on by kind, and the next facts worth finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capexpand.reporting import serial
from capexpand.reporting.blocks import (
    Answer,
    Block,
    Cell,
    Charts,
    Column,
    Fact,
    Paragraph,
    Row,
    Section,
    Table,
)
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.bars import share_bars
from capexpand.reporting.charts.drawing import Chart, Part, Series, Spec
from capexpand.reporting.sheet import Sheet
from capexpand.studies.evidence.findings import EvidenceFindings, NextFact
from capexpand.studies.evidence.measuring import Sensitivity
from capexpand.studies.why.about import made_by
from capexpand.wording import MoneyScale, listing, money, of_each, percent, sentence, share

if TYPE_CHECKING:
    from polars import DataFrame

USUAL_TOP = 15
METHOD = (
    "Each number is taken to be off by the deviation of its kind, independently of the others; its effect is "
    "that deviation times the slope of the value, so the shares hold to first order. The deviations are an "
    "assumption, the same for every case. The value is what the plan earns beyond the business without the "
    "programme, as the plan maximises it over the mean path, so the laws of uncertainties are left out. What "
    "a plan would gain by deciding otherwise once it knows is not counted."
)
WHY_NOT = {
    "in steps": "the plan follows it in steps, as a time in whole quarters",
    "held": "the case does not allow it another value while all others stay",
}
SHOWN_REASON = 110
"""Letters of a source or reason in the table on the page; the tables of the run folder have all."""


def evidence_sheet(found: EvidenceFindings, *, top: int = USUAL_TOP) -> Sheet:
    """Return the sheet of what a value rests on.

    Args:
        top: how many of the next facts are shown.
    """
    scale = MoneyScale.of(max(abs(found.value), found.deviation), found.currency)
    kinds, ahead = _kinds(found, scale), _next(found, scale, top)
    blocks: list[Block] = [Charts((_chart(found),)), kinds, Paragraph(METHOD)]
    sections = [
        Section("kinds", "What the value rests on", tuple(blocks)),
        Section("next", "The next facts worth finding", (ahead,)),
    ]
    if found.unmeasured:
        sections.append(Section("unmeasured", "Numbers without a slope", (_unmeasured(found),)))
    return Sheet(
        kind="evidence",
        title=f"What the value of {found.case.title} rests on",
        description="The sensitivity of the value to each number, weighed by the evidence for the number.",
        facts=(Fact("Case", found.label), Fact("Money in", found.currency)),
        answers=_answers(found),
        sections=tuple(sections),
        summary=(kinds, ahead),
        document=_document(found, top),
        document_name="evidence.json",
        about={"kind": "evidence", **made_by(found.case, found.solver)},
        tables=_tables(found),
        files=found.case.provenance.copies(),
    )


def _answers(found: EvidenceFindings) -> tuple[Answer, ...]:
    carried = [kind for kind in sorted(found.kinds, key=lambda kind: -kind.share) if kind.share > 0.0]
    if not carried:
        text = f"Of {money(found.value, found.currency)} nothing moves with any number of the case."
        return (Answer("What does the value rest on?", text),)
    parts = [f"{share(kind.share)} from {kind.evidence.name} numbers" for kind in carried]
    whole = "Whole sizes are taken as parts here, for a whole number has no slope."
    value = (
        f"The value of {money(found.value, found.currency)} has a standard deviation of "
        f"{money(found.deviation, found.currency)} from what it rests on; of that variance come "
        f"{listing(parts)}"
    )
    answers = [
        Answer("What does the value rest on?", sentence(value), whole if found.whole_sizes else ""),
        Answer("Which fact should be found next?", _first(found)),
    ]
    if found.unmeasured:
        answers.append(Answer("What is left out?", _left_out(found)))
    return tuple(answers)


def _first(found: EvidenceFindings) -> str:
    worth = [one for one in found.ranked[:3] if one.removed > 0.0]
    if not worth:
        return "None: every number that moves the value is reported."
    first = worth[0]
    text = (
        f"The number at {first.fact.path}, {first.fact.evidence.name} as {_written(first)}: one deviation "
        f"of it, {percent(first.fact.evidence.deviation)}, moves the value by "
        f"{money(first.effect, found.currency)}. "
        f"Found in a source it would take away {share(first.removed)} of the variance"
    )
    if len(worth) > 1:
        rest = [f"{one.fact.path} ({share(one.removed)})" for one in worth[1:]]
        text += f". Then {listing(rest)}"
    return sentence(text)


def _left_out(found: EvidenceFindings) -> str:
    steps, held = (sum(one.way == way for one in found.unmeasured) for way in WHY_NOT)
    parts: list[str] = []
    if steps:
        numbers = of_each(steps, "number that a plan follows", "numbers that a plan follows")
        parts.append(f"{numbers} in steps, as a time in whole quarters")
    if held:
        numbers = of_each(held, "number that cannot change", "numbers that cannot change")
        parts.append(f"{numbers} while all others stay, as shares that make up a whole")
    return sentence(listing(parts))


def _written(one: NextFact) -> str:
    text = one.fact.written
    return text if len(text) <= 40 else f"{text[:39]}…"


def _chart(found: EvidenceFindings) -> Chart:
    parts = tuple(
        Part(kind.evidence.name, colour)
        for kind, colour in zip(found.kinds, palette.KINDS_OF_EVIDENCE, strict=True)
    )
    numbers = max(sum(kind.numbers for kind in found.kinds), 1)
    rows: list[Spec] = [
        {"p": name, "s": kind.evidence.name, "v": float(f"{100.0 * amount:.5g}"), "o": place}
        for name, amounts in (
            ("Numbers", [kind.numbers / numbers for kind in found.kinds]),
            ("Variance", [kind.share for kind in found.kinds]),
        )
        for place, (kind, amount) in enumerate(zip(found.kinds, amounts, strict=True))
    ]
    title = "Numbers of the case, and the variance of its value, by evidence"
    note = "A bar of variance far to the right of that of numbers: the value hangs on what is weakly known."
    spec = share_bars(rows, parts, names="Of")
    named = tuple(Series(part.name, part.colour, ()) for part in parts)
    return Chart("kinds", title, note, spec, series=named, rows=tuple(rows), shaded=False)


def _kinds(found: EvidenceFindings, scale: MoneyScale) -> Table:
    head = (
        Column("Evidence"),
        Column("means", align="text", in_terminal=False),
        Column("Deviation"),
        Column("Numbers"),
        Column("Variance"),
        Column("Alone", scale.unit),
    )
    rows = tuple(
        Row(
            kind.evidence.name,
            (
                kind.evidence.meaning,
                percent(kind.evidence.deviation),
                str(kind.numbers),
                share(kind.share),
                scale.write(kind.variance**0.5),
            ),
        )
        for kind in found.kinds
    )
    note = "Deviation: taken of a number. Variance: share of the value's. Alone: standard deviation from it."
    return Table("Kinds of evidence", head, rows, note)


def _next(found: EvidenceFindings, scale: MoneyScale, top: int) -> Table:
    head = (
        Column("Number"),
        Column("Evidence"),
        Column("One deviation", scale.unit),
        Column("Gone if found"),
        Column("Left", scale.unit, in_terminal=False),
        Column("Stands as", align="text", in_terminal=False),
    )
    rows = tuple(
        Row(
            one.fact.path,
            (
                one.fact.evidence.name,
                scale.write(one.sensitivity.effect or 0.0),
                share(one.removed),
                scale.write(one.left),
                _stands(one),
            ),
        )
        for one in found.ranked[:top]
        if one.removed > 0.0
    )
    note = (
        "One deviation: by which the value moves with the number higher by one deviation. Gone if found: "
        "share of the variance that goes if this number alone becomes a reported one. Left: the standard "
        "deviation of the value then."
    )
    return Table("The next facts worth finding", head, rows, note, kind="wordy")


def _stands(one: NextFact) -> Cell:
    why = "; ".join(filter(None, (one.fact.source, one.fact.reason))) or "no source or reason"
    return Cell(_written(one), why if len(why) <= SHOWN_REASON else f"{why[: SHOWN_REASON - 1]}…", tip=why)


def _unmeasured(found: EvidenceFindings) -> Table:
    rows = tuple(
        Row(one.fact.path, (one.fact.written[:40], one.fact.evidence.name, WHY_NOT[one.way]))
        for one in found.unmeasured
    )
    head = (
        Column("Number"),
        Column("stands as"),
        Column("Evidence"),
        Column("Why", align="text"),
    )
    return Table("Numbers without a slope", head, rows, kind="wordy")


def _document(found: EvidenceFindings, top: int) -> serial.Document:
    return {
        "case": found.label,
        "case_hash": found.case.provenance.content_hash,
        "currency": found.currency,
        "value": serial.money(found.value),
        "standard_deviation": serial.money(found.deviation),
        "whole_sizes_taken_as_parts": found.whole_sizes,
        "evidence": [
            {
                "kind": kind.evidence.name,
                "meaning": kind.evidence.meaning,
                "deviation": kind.evidence.deviation,
                "numbers": kind.numbers,
                "facts": kind.facts,
                "share_of_variance": serial.number(kind.share, 9),
                "standard_deviation": serial.money(kind.variance**0.5),
            }
            for kind in found.kinds
        ],
        "next_facts": [
            {
                **_fact(one.sensitivity),
                "share_of_variance": serial.number(one.share, 9),
                "variance_gone_if_reported": serial.number(one.removed, 9),
                "standard_deviation_left": serial.money(one.left),
            }
            for one in found.ranked[:top]
            if one.removed > 0.0
        ],
        "without_slope": [_fact(one) for one in found.unmeasured],
    }


def _fact(one: Sensitivity) -> serial.Document:
    return {
        "path": one.fact.path,
        "written": one.fact.written,
        "kind": one.fact.evidence.name,
        "found_by": one.way,
        "value_per_percent": None if one.slope is None else serial.money(one.slope / 100.0),
        "effect_of_one_deviation": serial.money(one.effect),
        "source": one.fact.source or None,
        "reason": one.fact.reason or None,
    }


def _tables(found: EvidenceFindings) -> dict[str, DataFrame]:
    import polars as pl

    shares = {one.fact.path: one for one in found.ranked}
    rows: list[dict[str, object]] = []
    for one in found.sensitivities:
        ranked = shares.get(one.fact.path)
        rows.append(
            {
                **_fact(one),
                "numbers": one.fact.numbers,
                "deviation": one.fact.evidence.deviation,
                "share_of_variance": None if ranked is None else ranked.share,
                "variance_gone_if_reported": None if ranked is None else ranked.removed,
            }
        )
    texts = ("path", "written", "kind", "found_by", "source", "reason")
    amounts = (
        "value_per_percent", "effect_of_one_deviation", "deviation", "share_of_variance",
        "variance_gone_if_reported",
    )  # fmt: skip
    schema = {
        **dict.fromkeys(texts, pl.String()),
        "numbers": pl.Int64(),
        **dict.fromkeys(amounts, pl.Float64()),
    }
    return {"facts": pl.DataFrame(rows, schema)}
