"""Orders of jobs: the kinds of runs, their options, and which kind takes which."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from capexpand.web.access import RefusedError
from capexpand.wording import listing

Kind = Literal[
    "plan", "policy", "breakeven", "sweep", "scenarios", "backtest", "compare", "diff", "why", "why-not",
    "frontier", "evidence", "roll", "replay", "history",
]  # fmt: skip
FROM_A_RUN: tuple[Kind, ...] = ("roll", "replay", "history")
"""Kinds that begin on the page of a run."""
PLANS: tuple[Kind, ...] = ("plan", "policy", "roll")
"""Kinds whose run holds a plan that can be rolled forward."""
BEFORE: Mapping[Kind, tuple[Kind, ...]] = {"roll": PLANS, "replay": ("plan", "policy"), "history": ("roll",)}
"""Kinds of the earlier run that a kind goes on from."""
_PRINTED = r"^[^\x00-\x1f\x7f]*$"
SENT = r"^[0-9a-f]{64}/[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"
"""Name of a file that was sent for a job: its hash and its own name."""
Text = Annotated[str, Field(max_length=200, pattern=_PRINTED)]
OBJECTIVES = ("npv", "cost", "power", "energy", "spending", "served")
"""Of a frontier."""


Changed = Annotated[
    list[tuple[Annotated[str, Field(max_length=60)], Annotated[str, Field(max_length=80)]]],
    Field(max_length=100),
]
"""Names of assumptions and their levels with units."""

_CHANGED: TypeAdapter[list[tuple[str, str]]] = TypeAdapter(Changed)


def read_changes(text: str) -> list[tuple[str, str]]:
    """Return the changes that a form holds as JSON; none where it is empty.

    Raises:
        RefusedError: it holds something else.
    """
    try:
        return _CHANGED.validate_json(text or "[]")
    except ValidationError:
        raise RefusedError('changes: write names and levels, as in [["budget", "300 bn CNY"]]', 422) from None


def read_other(written: str) -> tuple[str, int | None, str | None]:
    """Return the name, the state and the variant of a case to compare with: NAME@STATE:VARIANT."""
    case, _, variant = written.partition(":")
    name, _, state = case.partition("@")
    return name, int(state) if state else None, variant or None


class Order(BaseModel):
    """The order of a job.

    Args:
        kind: of the run.
        case: name of the case.
        version: number of its state; filled in when the job is queued, so that a later edit changes nothing.
        variant: of the case.
        changes: assumptions and their levels, as in the address of the page that explores the case.
        others: cases to compare with, as NAME, NAME:VARIANT or NAME@STATE:VARIANT; their states are filled in
            as well.
        vary: axes of a sweep, as PATH=LOW:HIGH:COUNT.
        asked: what a question is about, such as budget; of why-not, what is forced, such as
            ``orders.OFFER.2025Q3 >= 5000``.
        run: number of the earlier run that is rolled forward, on whose fleet a trace is replayed, or at which
            the history of plans ends.
        sent: file that was sent before: what happened, for a roll; the trace of a replay; of a backtest, the
            company's figures where the catalogue lacks them.
        as_of: day of a roll.
        quarter: of the fleet that a trace is replayed on.
        workload: one only, of that fleet.
        model: that is served, for a trace of requests.
        slo: promise of a trace of requests, such as ``ttft=2s,tpot=50ms,share=0.99``.
        load: of jobs, the share of the fleet's work asked for; of requests, how many times as fast they come.
        leave_out_bad: whether bad rows of a trace are left out and counted.
        objectives: the two of a frontier, such as npv,power.
        points: of a frontier.
        risk: attitude of a policy.
        scenarios: futures to follow a policy or the break-even through.
        iterations: limit of a policy's training.
        seed: of all random numbers.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind = "plan"
    case: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    version: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    variant: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.-]{1,100}$")] | None = None
    changes: Changed = []
    others: Annotated[
        list[
            Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}(@[0-9]{1,6})?(:[a-zA-Z0-9_.-]{1,100})?$")]
        ],
        Field(max_length=12),
    ] = []
    vary: Annotated[list[Annotated[str, Field(max_length=300, pattern=_PRINTED)]], Field(max_length=6)] = []
    asked: Text = ""
    run: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None = None
    sent: Annotated[str, Field(pattern=SENT)] | None = None
    as_of: Annotated[date, Field(ge=date(1990, 1, 1), le=date(2200, 12, 31))] | None = None
    quarter: Text = ""
    workload: Text = ""
    model: Text = ""
    slo: Text = ""
    load: Annotated[float, Field(gt=0.0, le=1000.0)] | None = None
    leave_out_bad: bool = False
    objectives: Annotated[str, Field(max_length=40)] = "npv,power"
    points: Annotated[int, Field(ge=2, le=50)] = 9
    risk: Annotated[str, Field(max_length=40)] = "mean"
    scenarios: Annotated[int, Field(ge=10, le=100_000)] = 2000
    iterations: Annotated[int, Field(ge=1, le=100_000)] | None = None
    seed: Annotated[int, Field(ge=0, le=2_000_000_000)] = 1


TITLES: Mapping[Kind, str] = {
    "plan": "Plan",
    "policy": "Plan and policy",
    "breakeven": "Break-even values",
    "sweep": "Sweep",
    "scenarios": "Scenarios",
    "backtest": "Backtest",
    "compare": "Programmes side by side",
    "diff": "What changed",
    "why": "Why",
    "why-not": "Why not",
    "frontier": "Frontier",
    "evidence": "Evidence",
    "roll": "Rolled forward",
    "replay": "Replay",
    "history": "History of plans",
}

ABOUT: Mapping[Kind, str] = {
    "plan": "What the money buys and when, whether it pays, and how far the answer may be trusted.",
    "policy": "Also a rule that reacts to what is seen; minutes of training, resumed if interrupted.",
    "breakeven": "How far each assumption may move before the programme no longer pays.",
    "sweep": "The plan at many values of one or two numbers, with certified bounds in between.",
    "scenarios": "The uncertain inputs, sampled: fan charts and the lattice that stands for them.",
    "backtest": "The plan of the case's day, and of each later one, held against later reports.",
    "compare": "Two or more cases or variants on one yardstick.",
    "diff": "What changed from the other case to this one: inputs, decisions, and the value by cause.",
    "why": "What limits a decision, what one more is worth, and what nearly won.",
    "why-not": "A decision forced: what it costs, what gives way, and what would make it the best one.",
    "frontier": "What each step of one objective costs in another: value against power, energy or spending.",
    "evidence": "What the value rests on, by kind of evidence, and the next facts worth finding.",
    "roll": "What is committed is kept, the rest planned anew from what happened.",
    "replay": "A trace of jobs or requests on the planned fleet: waiting, use, and the derating for a plan.",
    "history": "The chain of plans that were rolled one from the other, and what it cost not to know.",
}

OWN: Mapping[str, tuple[Kind, ...]] = {
    "others": ("compare", "diff", "roll"),
    "vary": ("sweep",),
    "asked": ("why", "why-not"),
    "run": FROM_A_RUN,
    "sent": ("roll", "replay", "backtest"),
    "as_of": ("roll",),
    "quarter": ("replay",),
    "workload": ("replay",),
    "model": ("replay",),
    "slo": ("replay",),
    "load": ("replay",),
    "leave_out_bad": ("replay",),
}
"""The kinds that take each option of some kinds only; every other kind refuses it."""

_NEEDED: Mapping[Kind, tuple[str, str]] = {
    "compare": ("others", "name at least one other case to compare with"),
    "diff": ("others", "name one other case to compare with"),
    "sweep": ("vary", "a sweep needs axes: such as programme.cap=0.5x:1.5x:5"),
    "why": ("asked", "why needs a subject: such as budget"),
    "why-not": ("asked", "why-not needs what is forced: such as orders.OFFER.2025Q3 >= 5000"),
    "roll": ("sent", "a roll needs the table of what happened; send it first"),
    "replay": ("sent", "a replay needs a trace; send it first"),
    "history": ("run", "run: a history needs the number of the run that was rolled last"),
}


def check_options(order: Order) -> None:
    """Refuse an order with options of another kind, or without those of its own.

    Raises:
        RefusedError: what is wrong, and what would be right.
    """
    for name, kinds in OWN.items():
        if getattr(order, name) and order.kind not in kinds:
            raise RefusedError(f"{name}: an option of {listing(kinds)}, not of {order.kind}", 422)
    name, message = _NEEDED.get(order.kind, ("kind", ""))
    if not getattr(order, name):
        raise RefusedError(message, 422)
    if order.kind in ("diff", "roll") and len(order.others) > 1:
        raise RefusedError(f"others: a {order.kind} takes one other case", 422)
    if order.kind == "replay" and order.run is None:
        raise RefusedError("run: a replay needs the number of the run whose fleet it is", 422)
    if order.run is not None and (order.variant or order.changes):
        raise RefusedError("run: it holds its variant and changes already; leave both out", 422)
    names = [name.strip() for name in order.objectives.split(",")]
    if len(names) != 2 or names[0] == names[1] or not set(names) <= set(OBJECTIVES):
        raise RefusedError(f"a frontier lies between two of {', '.join(OBJECTIVES)}, such as npv,power", 422)
