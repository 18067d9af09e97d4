"""What a run's policy says to a question: which futures drive its decision, what would have to be seen.

All of it stands in the document of the run, so nothing is trained or followed again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from capexpand.errors import CaseError, Problem, RunError
from capexpand.files.reading import read_text
from capexpand.model.data import ModelData
from capexpand.reporting.blocks import Answer, Column, Fact, Paragraph, Row, Section, Table, columns
from capexpand.reporting.sheet import Sheet
from capexpand.studies.subjects import Subject
from capexpand.studies.why.about import made_by
from capexpand.studies.why.asked import Topic
from capexpand.timevalue import QuarterCalendar
from capexpand.wording import count, listing, money, number, percent, power, sentence, share

WORDS = ("policy", "decision")
"""How a user asks about the policy of a run itself."""
SEEN = "What would have to be seen: "
"""How the sentence of a run begins that answers a question of its own here."""
FEW = "Too few futures were followed with perfect foresight to say; run it with more scenarios."


@dataclass(frozen=True, slots=True)
class WhyPolicy:
    """What the document of a run says of its policy; money in plain units.

    Args:
        label: of the run's case.
        currency: of all money.
        now: name of the first quarter.
        decision: of it, in a sentence.
        sentences: which futures drive it, and what would have to be seen; empty where nothing is said.
        drivers: of the decision.
        rows: of the policy's table: in which state of the world it orders what.
        orders: of the first quarters, over all futures.
        waiting: what deciding later adds, mean and half of its 95 % interval.
    """

    label: str
    currency: str
    now: str
    decision: str
    sentences: tuple[str, ...]
    drivers: tuple[Mapping[str, Any], ...]
    rows: tuple[Mapping[str, Any], ...]
    orders: tuple[Mapping[str, Any], ...]
    waiting: tuple[float, float]


def policy_of(subject: Subject) -> WhyPolicy | None:
    """Return what a run says of its policy; None for a case, or a run without one.

    Raises:
        RunError: the document is not as a run writes it.
    """
    file = None if subject.folder is None else subject.folder / "metrics.json"
    if file is None or not file.is_file():  # a rolled plan has another document
        return None
    try:
        document = json.loads(read_text(file))
        if "policy_table" not in document:
            return None
        found = document.get("decision_drivers", {})
        waiting = document["value_of_waiting"]
        return WhyPolicy(
            label=subject.label,
            currency=str(document["currency"]),
            now=_quarter(document["this_quarter"]["quarter"]),
            decision=str(document["this_quarter"]["sentence"]),
            sentences=tuple(map(str, found.get("sentences", ()))),
            drivers=tuple(found.get("drivers", ())),
            rows=tuple({**row, "if": str(row["if"])} for row in document["policy_table"]),
            orders=tuple(document["first_commitments"]),
            waiting=(float(waiting["mean"]), float(waiting["halfwidth"])),
        )
    except (CaseError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise RunError(
            f"{file}: does not describe a policy as a run writes it; make the run again"
        ) from error


def explain_policy(subject: Subject) -> WhyPolicy:
    """Return why the policy of a run decides as it does.

    Raises:
        CaseError: a case is named, or a run without a policy.
        RunError: the document is not as a run writes it.
    """
    said = policy_of(subject)
    if said is None:
        message = f"{subject.label}: has no policy to ask about; name the folder of a run with --policy"
        raise CaseError([Problem(message)])
    return said


def policy_sheet(said: WhyPolicy, subject: Subject) -> Sheet:
    """Return the sheet of why a policy decides as it does."""
    drivers, rows = _drivers(said), _rows(said)
    return Sheet(
        kind="why-policy",
        title=f"Why: what the policy decides in {said.now}",
        description="Which futures drive the decision of this quarter, and what would change it when seen.",
        facts=(Fact("Case", said.label), Fact("Topic", "policy"), Fact("Money in", said.currency)),
        answers=_answers(said),
        sections=(
            Section("drivers", "Which futures drive it", (drivers, Paragraph(BASIS))),
            Section("reactions", "What is ordered when what is seen", (rows,)),
        ),
        summary=(drivers, rows),
        document={
            "case": said.label,
            "case_hash": subject.case.provenance.content_hash,
            "currency": said.currency,
            "asked": "policy",
            "quarter": said.now,
            "decision": said.decision,
            "drivers": list(said.drivers),
            "policy_table": list(said.rows),
            "value_of_waiting": {"mean": said.waiting[0], "halfwidth": said.waiting[1]},
            "answers": {answer.question: answer.text for answer in _answers(said)},
        },
        document_name="why.json",
        about={"kind": "why-policy", **made_by(subject.case, "as its run was made")},
        tables=_frames(said),
        files=subject.case.provenance.copies(),
    )


BASIS = (
    "Perfect foresight decides anew in each future of the run; what it would commit now beside what the "
    "policy commits tells which futures pull the decision up or down. A number drives the decision as far "
    "as its mean over the horizon explains what foresight commits, beside the numbers above it."
)


def _answers(said: WhyPolicy) -> tuple[Answer, ...]:
    first, *rest = said.sentences or (FEW,)
    seen = (
        rest[0] if rest else "Nothing that may be seen in the next quarters changes what it commits in them."
    )
    seen = sentence(seen.removeprefix(SEEN))
    mean, halfwidth = said.waiting
    worth = f"{_money(said, mean)} ± {_money(said, halfwidth)}"
    return (
        Answer("What is decided now?", said.decision),
        Answer("Which futures drive it?", first),
        *((Answer("What would have to be seen to change it?", seen),) if said.sentences else ()),
        Answer("What is waiting worth?", sentence(f"Deciding later, on what is seen, adds {worth}")),
    )


def beside_policy(
    sheet: Sheet, said: WhyPolicy, asked: Topic, m: ModelData, *, forced: bool = False
) -> Sheet:
    """Return the sheet of a question about a run's plan with what the run's policy does beside it.

    Args:
        sheet: of the answer.
        said: by the run of its policy.
        asked: what is asked about.
        m: the compiled case.
        forced: whether a decision was forced on the plan.
    """
    plan = "What is forced here is" if forced else "All of this is"
    told = sentence(f"{plan} the plan of the mean path. {_does(said, asked, m)}")
    answer = Answer("And the policy of this run?", f"{told} Ask about policy for what drives its decision.")
    document = {**sheet.document, "policy": told}
    return replace(sheet, answers=(*sheet.answers, answer), document=document)


def _does(said: WhyPolicy, asked: Topic, m: ModelData) -> str:
    """What the policy orders of what is asked about, as far as its run says."""
    units = asked.kind in ("orders", "supply")
    if not units and asked.kind not in ("power", "grid"):
        return f"The policy's own decision: {said.decision}"
    options = m.offers.product == asked.position if units else m.power.site == asked.position
    names = m.offers.names if units else m.power.names
    mine = {name for name, own in zip(names, options, strict=True) if own}
    label = None if asked.quarter is None else m.times.labels[asked.quarter]
    kind = "units" if units else "MW"
    found = [
        row
        for row in said.orders
        if row["name"] in mine and row["unit"] == kind and label in (None, _quarter(row["quarter"]))
    ]
    if not found:
        when = "in the quarters that its table shows" if label is None else f"in {label}"
        return f"The policy's run shows no order of it {when}"
    parts = [_ordered(row) for row in found[:4]]
    return f"The policy orders {listing(parts)}{_conditions(said, mine, label) if units else ''}"


def _ordered(row: Mapping[str, Any]) -> str:
    def write(amount: float) -> str:
        return power(amount) if row["unit"] == "MW" else f"{count(amount)} units"

    least, mean, most = (float(row[key]) for key in ("least", "mean", "most"))
    same = abs(most - least) <= 1e-6 * max(1.0, abs(most))
    place = f" for {row['destination']}" if row["destination"] else ""
    when = _quarter(row["quarter"])
    if same:
        return f"{write(mean)} of {row['name']}{place} in {when} in every future"
    often = float(row["share"])
    futures = "every future orders some" if often > 1.0 - 1e-9 else f"some in {share(often)} of futures"
    span = f"from {number(max(least, 0.0))} to {write(most)}; {futures}"
    return f"{write(mean)} of {row['name']}{place} in {when} in the mean ({span})"


def _conditions(said: WhyPolicy, mine: set[str], label: str | None) -> str:
    """In which state of the world how many, where the table of the policy tells them apart."""
    rows = [row for row in said.rows if label is not None and _quarter(row["quarter"]) == label]
    amounts = [sum(float(row["units"].get(name, 0.0)) for name in mine) for row in rows]
    if len(rows) < 2 or max(amounts) - min(amounts) < 0.5:
        return ""
    told = [f"{count(amount)} if {row['if']}" for amount, row in zip(amounts, rows, strict=True)]
    return f". In {label} that is {listing(told[:4])}"


def _drivers(said: WhyPolicy) -> Table:
    rows = tuple(
        Row(
            str(one["title"]),
            (
                percent(float(one["explains"])),
                number(float(one["middle"]), 3),
                _money(said, float(one["committed_above"])),
                _money(said, float(one["committed_below"])),
                "–" if one["turns_at"] is None else number(float(one["turns_at"]), 3),
            ),
        )
        for one in said.drivers
    )
    head = columns(
        "Number",
        "explains of the spread",
        "middle of its factor",
        "foresight commits above",
        "below",
        "as much as the policy at",
    )
    return Table("Which futures drive it", head, rows)


def _rows(said: WhyPolicy) -> Table:
    rows: list[Row] = []
    for row in said.rows:
        units = [f"{count(float(x))} × {name}" for name, x in row["units"].items() if float(x) > 0.5]
        spent, mw = max(float(row["commitments"]), 0.0), max(float(row["power_mw"]), 0.0)
        cells = (
            _quarter(row["quarter"]),
            share(float(row["share"])),
            _money(said, spent) if spent > 1.0 else "nothing",
            power(mw) if mw > 1e-6 else "–",
            listing(units) or "–",
        )
        rows.append(Row(str(row["if"]), cells))
    head = columns(
        "If", "quarter", "share of futures", "commits", "power", Column("units ordered", align="text")
    )
    return Table("What is ordered when what is seen", head, tuple(rows), kind="wordy")


def _money(said: WhyPolicy, amount: float) -> str:
    return money(amount / 1e6, said.currency)


def _quarter(day: str) -> str:
    return QuarterCalendar(date.fromisoformat(str(day)), 1).labels[0]


def _frames(said: WhyPolicy) -> dict[str, pl.DataFrame]:
    drivers = [
        (str(one["driver"]), str(one["title"]),
         *(None if one[key] is None else float(one[key])
           for key in ("explains", "middle", "committed_above", "committed_below", "turns_at")))
        for one in said.drivers
    ]  # fmt: skip
    reactions = [
        (
            _quarter(row["quarter"]),
            row["if"],
            float(row["share"]),
            float(row["commitments"]),
            float(row["power_mw"]),
        )
        for row in said.rows
    ]
    numbers = dict.fromkeys(
        ("explains", "middle", "committed_above", "committed_below", "turns_at"), pl.Float64
    )
    return {
        "drivers": pl.DataFrame(drivers, {"driver": pl.String, "title": pl.String, **numbers}, orient="row"),
        "reactions": pl.DataFrame(
            reactions,
            {"quarter": pl.String, "condition": pl.String,
             **dict.fromkeys(("share", "commitments", "power_mw"), pl.Float64)},
            orient="row",
        ),
    }  # fmt: skip


def asks_policy(asked: str) -> bool:
    """Return whether a question is about the policy of a run itself."""
    return asked.strip().lower() in WORDS


def refuse_forcing(asked: str, folder: Path | None) -> None:
    """Refuse to force a decision on a policy as a whole.

    Raises:
        CaseError: the question is about the policy itself.
    """
    words: Sequence[str] = asked.strip().lower().split()
    if words and words[0] in WORDS:
        where = "" if folder is None else f"{folder}: "
        message = (
            f"{where}a policy is a rule for all futures, and nothing is forced on it; "
            "force an order of the plan, as orders.OFFER.2025Q3 >= 5000, or ask why policy"
        )
        raise CaseError([Problem(message)])
