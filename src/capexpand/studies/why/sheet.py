"""The sheet of a why: the price of one more, the limits, what nearly won, and what widening does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from capexpand.reporting.blocks import (
    Answer,
    Block,
    Charts,
    Column,
    Fact,
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
from capexpand.studies.why.about import made_by, things
from capexpand.studies.why.whys import SAME, LimitStep, Priced, Why
from capexpand.wording import MoneyScale, capitalised, listing, money, number, percent, sentence

if TYPE_CHECKING:
    from polars import DataFrame

SHOWN = 4
"""Orders whose price is shown line by line."""
BASIS = (
    "Present values after tax, in money of the plan's start. One more order is followed through the program: "
    "what it earns and costs, and what the limits that it uses are worth at the margin (their duals). The "
    "lines add up to its net worth: zero where the plan orders as many as pay, above zero where the order's "
    "own limit binds, below zero by what one more would lose. Exact for small changes."
)


def why_sheet(why: Why) -> Sheet:
    """Return the sheet of a why."""
    m = why.data
    title = why.asked.title(m)
    prices, rivals, steps = _prices(why), _rivals(why), _steps(why)
    return Sheet(
        kind="why",
        title=f"Why: {title}",
        description="What limits it, what one more is worth and costs, and what nearly won.",
        facts=(Fact("Case", why.label), Fact("Asked", why.asked.written), Fact("Money in", m.currency)),
        answers=_answers(why),
        sections=tuple(
            section
            for section in (
                Section("price", "The price of one more", (*_charts(why), *prices, Paragraph(BASIS))),
                Section("rivals", "What nearly won", (rivals,)),
                Section("limits", "What more of each limit does", (steps,)),
            )
            if section.blocks
        ),
        summary=(*prices[:1], rivals, steps),
        document=_document(why),
        document_name="why.json",
        about={"kind": "why", **made_by(why.case, why.optimum.solution.solver)},
        tables=_tables(why),
        files=why.case.provenance.copies(),
    )


def _answers(why: Why) -> tuple[Answer, ...]:
    found = [
        Answer("How much is planned?", _planned(why)),
        Answer("Why not the rest?" if why.asked.kind == "budget" else "What limits it?", _limited(why)),
        Answer("What is one more worth?", _worth(why)),
    ]
    if why.rivals:
        found.append(Answer("What nearly won?", _nearly(why)))
    return tuple(found)


def _planned(why: Why) -> str:
    m, asked = why.data, why.asked
    amount, limit = asked.amount(m, why.amount), why.limit
    if asked.kind == "budget":
        allowed = "without a cap" if not np.isfinite(limit) else f"of {money(limit, m.currency)} allowed"
        return sentence(f"{amount} is paid for orders in the window, {allowed}")
    if asked.kind in ("power", "grid"):
        pue = float(m.sites.power_usage_effectiveness[asked.position])
        what = "stands" if asked.kind == "power" else "runs"
        where = m.times.labels[asked.quarter if asked.quarter is not None else -1]
        return sentence(
            f"{amount} of IT power {what} at {asked.name} at the end of {where}; the grid of "
            f"{number(limit)} MW carries {number(limit / pue)} MW at a PUE of {number(pue)}"
        )
    whole = asked.kind in ("orders", "supply") and np.isfinite(limit)
    most = number(float(round(limit)), 6) if whole else asked.amount(m, limit)
    of = "" if not np.isfinite(limit) else f" of {most} {_allowed(why)}"
    verb = "is served" if asked.kind == "workload" else "are ordered"
    return sentence(f"{amount}{of} {verb}")


def _allowed(why: Why) -> str:
    if why.asked.kind == "workload":
        return "demanded" if why.asked.quarter is not None else "demanded in the largest quarter"
    return "that may be had" if why.asked.quarter is not None else "that may be had in a quarter"


def _limited(why: Why) -> str:
    if why.asked.kind == "budget":
        return _rest_of_the_budget(why)
    if why.asked.kind == "workload" and why.asked.quarter is not None:
        return _unserved(why)
    if not why.priced:
        return "No order that could be placed within the horizon belongs to it."
    first = why.priced[0]
    return sentence(f"{_of(first)}: {_reason(first, why.data.currency)}")


def _unserved(why: Why) -> str:
    if why.serving is None:
        return "Its demand: all of it is served."
    pays, takes = why.serving
    currency, one = why.data.currency, why.asked.one(why.data)
    verb = "is charged" if why.data.workloads.roles[why.asked.position] == "obligation" else "would pay"
    if takes > pays + SAME * max(1.0, pays):
        rest = (
            f"{money(takes, currency)} to serve, which is what the capacity earns elsewhere or costs to build"
        )
    else:
        rest = "as much to serve"
    return sentence(f"{one} {verb} {money(pays, currency)} and would take {rest}")


def _rest_of_the_budget(why: Why) -> str:
    currency = why.data.currency
    if why.worth_of_more > SAME:
        return sentence(
            f"Nothing is left over: one more {currency} would add {number(why.worth_of_more)} {currency}"
        )
    binding: dict[str, float] = {}
    for one in why.priced:
        if one.ordered > 1e-6:
            for line in one.breakdown.lines:
                if line.is_limit and line.amount < 0:
                    binding[line.title] = binding.get(line.title, 0.0) - line.amount * one.ordered
    largest = sorted(binding, key=lambda title: -binding[title])[:4]
    text = "Another order would cost more than it earns"
    if largest:
        rents = [f"{title} ({money(binding[title], currency)})" for title in largest]
        text += "; what is ordered earns more than its price, and that goes to the limits that hold it: "
        text += listing(rents)
    losing = next((one for one in why.rivals if one.share < -SAME), None)
    if losing is not None:
        lost = percent(-losing.share)
        text += f". The next order that nearly pays is {_of(losing)}: it loses {lost} of its cost"
    return sentence(text)


def _reason(one: Priced, currency: str) -> str:
    taken = (line for line in one.breakdown.lines if line.is_limit and line.amount < 0)
    limits = sorted(taken, key=lambda line: line.amount)
    rents = [f"{line.title} ({money(-line.amount, currency)})" for line in limits[:3]]
    largest = max((abs(line.amount) for line in one.breakdown.lines), default=1.0)
    if one.net > SAME * largest:
        return f"one more {one.unit} would add {money(one.net, currency)}; its own limit holds it back"
    if one.share < -SAME:
        over = f"; it would use {listing(rents)}" if rents else ""
        lost = money(-one.net, currency)
        part = f", {percent(-one.share)} of its cost" if np.isfinite(one.share) else ""
        return f"one more {one.unit} would lose {lost}{part}{over}"
    if rents:
        taken = listing(rents)
        return f"one more {one.unit} earns no more than its price and what it takes from others: {taken}"
    return f"one more {one.unit} earns just what it costs"


def _of(one: Priced) -> str:
    return f"{' '.join(filter(None, (one.name, one.place)))} ordered in {one.quarter}"


def _worth(why: Why) -> str:
    m, asked = why.data, why.asked
    currency = m.currency
    noun = {"orders": "supply", "power": "grid", "workload": "demand"}.get(asked.kind, asked.kind)
    text = ""
    if np.isfinite(why.limit):
        where = "" if asked.quarter is not None or asked.kind == "budget" else " in its best quarter"
        text = f"More {noun}{where}: {asked.one(m)} adds {money(why.worth_of_more, currency)}"
        if why.worth_of_less - why.worth_of_more > 1e-6 * max(1.0, why.worth_of_less):
            text += f", one less costs {money(why.worth_of_less, currency)}"
        tenth = next((step for step in why.widened if step.title.endswith("a tenth more")), None)
        if tenth is not None:
            text += f", a tenth more adds {money(tenth.gain, currency)}"
    forced = [f"{step.title} costs {money(max(-step.gain, 0.0), currency)}" for step in why.forced]
    if forced:
        text += f"{'. ' if text else ''}Forced beyond the plan: {listing(forced)}"
    return sentence(text or "It has no limit of its own")


def _nearly(why: Why) -> str:
    currency = why.data.currency
    parts: list[str] = []
    for one in why.rivals[:3]:
        if one.share >= -SAME:
            parts.append(f"{_of(one)} is as good")
        elif one.winning_price is None:
            parts.append(f"{_of(one)} loses more than its price")
        elif one.price <= 0:
            parts.append(f"{_of(one)} loses {money(-one.net, currency)} a {one.unit}")
        else:
            wins, price = money(one.winning_price, currency), money(one.price, currency)
            lost = percent(-one.share)
            parts.append(f"{_of(one)} loses {lost} and would win at {wins} a {one.unit} in place of {price}")
    return sentence("; ".join(parts))


def _scale(why: Why) -> MoneyScale:
    largest = max((abs(line.amount) for one in why.priced for line in one.breakdown.lines), default=0.0)
    if largest >= 10.0:
        return MoneyScale.of(largest, why.data.currency)
    return MoneyScale(1e-3, f"thousand {why.data.currency}")


def _prices(why: Why) -> tuple[Table, ...]:
    shown = why.priced[:SHOWN]
    if not shown:
        return ()
    scale = _scale(why)
    titles = list(dict.fromkeys(line.title for one in shown for line in one.breakdown.lines))
    amounts = [{line.title: line.amount for line in one.breakdown.lines} for one in shown]
    rows = [
        Row(capitalised(title), tuple(scale.write(by[title]) if title in by else "" for by in amounts))
        for title in titles
    ]
    rows.append(Row("Net worth of one more", tuple(scale.write(one.net) for one in shown), kind="sum"))
    rows.append(Row("Ordered", tuple(number(one.ordered, 4) for one in shown)))
    head = (Column(f"{_of(one)}, a {one.unit}", scale.unit) for one in shown)
    return (Table("The price of one more", columns("", *head), tuple(rows)),)


def _charts(why: Why) -> tuple[Block, ...]:
    if not why.priced:
        return ()
    one, scale = why.priced[0], _scale(why)
    steps = [(line.title, line.amount, False) for line in one.breakdown.lines]
    rows = waterfall_rows([*steps, ("net worth of one more", one.net, True)], scale)
    chart = Chart(
        "price",
        f"One more {one.unit} of {_of(one)}",
        f"What it earns, what it costs, and what it takes from other uses; present values, in {scale.unit}.",
        waterfall(scale.unit, len(rows)),
        rows=rows,
        shaded=False,
    )
    return (Charts((chart,)),)


def _rivals(why: Why) -> Table:
    currency = why.data.currency

    def cells(one: Priced) -> tuple[str, ...]:
        wins = "–" if one.winning_price is None else money(one.winning_price, currency)
        price = money(one.price, currency) if one.price > 0 else "rented"
        share = "as good" if one.share >= -SAME else percent(one.share) if np.isfinite(one.share) else "–"
        return (one.quarter, money(one.net, currency), share, price, wins if one.price > 0 else "–")

    rows = tuple(Row(" ".join(filter(None, (one.name, one.place))), cells(one)) for one in why.rivals)
    head = columns("Not ordered", "quarter", "worth of one", "of its cost", "price", "would win at")
    note = "At the price named, all else as it is, the first unit pays. Maintenance and end values stay."
    return Table("What nearly won", head, rows, note if rows else "")


def _steps(why: Why) -> Table:
    currency = why.data.currency

    def row(step: LimitStep, *, forced: bool) -> Row:
        gain = money(step.gain, currency) if abs(step.gain) > 1e-9 else "nothing"
        spent = money(step.spent, currency) if abs(step.spent) > 1e-9 else "–"
        return Row(f"{'Forced: ' if forced else ''}{step.title}", (gain, spent))

    rows = (
        *(row(step, forced=False) for step in why.widened),
        *(row(step, forced=True) for step in why.forced),
    )
    head = columns("Planned again with", "adds", "spends more")
    return Table("What more of each limit does", head, rows)


def _document(why: Why) -> Document:
    m, asked = why.data, why.asked

    def priced(one: Priced) -> Document:
        return {
            "order": {"name": one.name, "destination": one.place or None, "quarter": one.quarter},
            "unit": one.unit,
            "ordered": one.ordered,
            "price": plain_money(one.price),
            "net": plain_money(one.net),
            "share_of_cost": plain_number(one.share),
            "wins_at": None if one.winning_price is None else plain_money(one.winning_price),
            "lines": [
                {"title": line.title, "amount": plain_money(line.amount), "is_limit": line.is_limit}
                for line in one.breakdown.lines
            ],
        }

    def step(one: LimitStep) -> Document:
        return {
            "title": one.title,
            "by": one.by,
            "gain": plain_money(one.gain),
            "spent": plain_money(one.spent),
        }

    return {
        "case": why.label,
        "case_hash": why.case.provenance.content_hash,
        "currency": m.currency,
        "asked": asked.written,
        "kind": asked.kind,
        "name": asked.name or None,
        "quarter": None if asked.quarter is None else m.times.labels[asked.quarter],
        "unit": things(asked, m),
        "amount": why.amount * (1e6 if asked.kind == "budget" else 1.0),
        "limit": plain_number(why.limit * (1e6 if asked.kind == "budget" else 1.0)),
        "worth_of_one_more": plain_number(why.worth_of_more * (1.0 if asked.kind == "budget" else 1e6)),
        "cost_of_one_less": plain_number(why.worth_of_less * (1.0 if asked.kind == "budget" else 1e6)),
        "prices": [priced(one) for one in why.priced],
        "rivals": [priced(one) for one in why.rivals],
        "widened": [step(one) for one in why.widened],
        "forced": [step(one) for one in why.forced],
        "moved_by_a_tenth_more": list(why.moved),
        "answers": {answer.question: answer.text for answer in _answers(why)},
    }


def _tables(why: Why) -> dict[str, DataFrame]:
    import polars as pl

    lines = [
        (
            one.name,
            one.place,
            one.quarter,
            one.unit,
            one.ordered,
            line.title,
            line.amount * 1e6,
            line.is_limit,
        )
        for one in (*why.priced, *why.rivals)
        for line in one.breakdown.lines
    ]
    orders = [
        (one.name, one.place, one.quarter, one.unit, one.ordered, one.price * 1e6, one.net * 1e6,
         None if one.winning_price is None else one.winning_price * 1e6, one in why.rivals)
        for one in (*why.priced, *why.rivals)
    ]  # fmt: skip
    steps = [(one.title, one.by, one.gain * 1e6, one.spent * 1e6) for one in (*why.widened, *why.forced)]
    names = dict.fromkeys(("name", "destination", "quarter", "unit"), pl.String)
    return {
        "prices": pl.DataFrame(
            lines,
            {**names, "ordered": pl.Float64, "line": pl.String, "amount": pl.Float64, "is_limit": pl.Boolean},
            orient="row",
        ),
        "orders": pl.DataFrame(
            orders,
            {
                **names,
                **dict.fromkeys(("ordered", "price", "net", "wins_at"), pl.Float64),
                "is_rival": pl.Boolean,
            },
            orient="row",
        ),
        "steps": pl.DataFrame(
            steps, {"title": pl.String, **dict.fromkeys(("by", "gain", "spent"), pl.Float64)}, orient="row"
        ),
    }
