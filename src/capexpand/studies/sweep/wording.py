"""The sentences of a sweep."""

from __future__ import annotations

import math

from capexpand.reporting.blocks import Answer
from capexpand.studies.sweep.decisions import Decision, comparable
from capexpand.studies.sweep.findings import SweepFindings
from capexpand.studies.sweep.sensitivity import Effect
from capexpand.wording import capitalised, count, listing, money, of_each, percent, power

_SHOWN = 4


def answers(
    findings: SweepFindings, found: tuple[Effect, ...], decided: tuple[Decision, ...]
) -> tuple[Answer, ...]:
    """Return the answers of a sweep: how far the value moves, why, what to buy anyway, and how sure."""
    return tuple(
        answer
        for answer in (
            _range(findings),
            _what_matters(findings, found),
            _anyway(findings, decided),
            _flips(decided),
            _between(findings),
        )
        if answer is not None
    )


def _range(findings: SweepFindings) -> Answer:
    planned, currency = findings.planned, findings.case.currency
    ranked = sorted(planned, key=lambda pair: findings.values(pair[1]).npv)
    excluded = len(findings.excluded)
    if not ranked:
        return Answer(
            "How far does the value move?", f"None of {of_each(excluded, 'point', 'points')} has a plan."
        )
    (worst, low), (best, high) = ranked[0], ranked[-1]
    text = (
        f"Over {of_each(len(planned), 'point', 'points')} the programme's net present value goes from "
        f"{money(findings.values(low).npv, currency)} ({findings.box.label(worst)}) to "
        f"{money(findings.values(high).npv, currency)} ({findings.box.label(best)})"
    )
    declared = findings.declared.values
    text += "." if declared is None else f"; as declared it is {money(declared.npv, currency)}."
    losing = sum(findings.values(outcome).npv < 0 for _, outcome in planned)
    if losing > 0:
        text += f" It is negative in {of_each(losing, 'point', 'points')}."
    if excluded:
        left = of_each(excluded, "point has no plan and is", "points have no plan and are")
        text += f" {capitalised(left)} left out."
    return Answer("How far does the value move?", text)


def _what_matters(findings: SweepFindings, found: tuple[Effect, ...]) -> Answer | None:
    if not found or len(findings.axes) < 2:
        return None
    currency = findings.case.currency
    if found[0].total is not None:
        parts = [
            f"{effect.axis.path} {percent(effect.total.estimate)} "
            f"({percent(effect.total.low)} to {percent(effect.total.high)})"
            for effect in found[:_SHOWN]
            if effect.total is not None
        ]
        return Answer(
            "Which assumption matters most?",
            f"Share of the variance of the value, interactions included: {listing(parts)}.",
            "Total Sobol indices, with intervals of 95 %.",
        )
    parts = [f"{effect.axis.path} {money(effect.swing, currency)}" for effect in found[:_SHOWN]]
    means = "" if findings.points.design == "one-at-a-time" else "on average over the other axes, "
    return Answer(
        "Which assumption matters most?", f"From end to end, {means}the value moves by: {listing(parts)}."
    )


def amount(value: float, unit: str) -> str:
    """Return an amount of units or of power in words."""
    return power(value) if unit == "MW" else of_each(value, "unit", "units")


def _anyway(findings: SweepFindings, decided: tuple[Decision, ...]) -> Answer | None:
    if len(findings.planned) < 2:
        return None
    count_alike = len(comparable(findings))
    alone = (
        f"(Of the {count_alike} points with sites, offers and quarters as declared.)"
        if count_alike < len(findings.planned)
        else ""
    )
    sure = [one for one in decided if one.anyway > 0]
    if not sure:
        return Answer("What is right in every point?", "No order is placed in all of them.", alone)
    now = [one for one in sure if one.least[0] > 0]
    first = findings.data.times.labels[0]
    parts = [f"{one.name} ({amount(one.anyway, one.unit)})" for one in sure[:_SHOWN]]
    more = len(sure) - len(parts)
    rest = f" and {count(more)} more" if more > 0 else ""
    text = f"Ordered in all of them, at least: {listing(parts) if not rest else ', '.join(parts)}{rest}."
    if now:
        told = [f"{one.name} ({amount(float(one.least[0]), one.unit)})" for one in now[:_SHOWN]]
        text += f" Of it already in {first}: {listing(told)}."
    else:
        text += f" None of it is common to all in {first} already."
    return Answer("What is right in every point?", text, alone)


def _flips(decided: tuple[Decision, ...]) -> Answer | None:
    flipping = [one for one in decided if one.taken < 1.0]
    if not flipping:
        return None
    parts = [f"{one.name} ({flip_text(one)})" for one in flipping[:_SHOWN]]
    more = len(flipping) - len(parts)
    rest = f"; and {count(more)} more" if more > 0 else ""
    return Answer("What depends on the assumptions?", f"{'; '.join(parts)}{rest}.")


def flip_text(one: Decision) -> str:
    """Return where a decision flips, in words."""
    share = f"ordered in {percent(one.taken)} of the points"
    where = one.threshold
    if where is None:
        return share
    level = where.axis.label(float(f"{where.at:.4g}") if where.axis.numeric else where.at)
    side = (
        ("above" if where.above else "below")
        if where.axis.numeric
        else ("with" if where.above else "without")
    )
    told = "" if where.share > 1.0 - 1e-9 else f" in {percent(where.share)} of the cases"
    return f"{share}; {side} {where.axis.path} {level}{told}"


def _between(findings: SweepFindings) -> Answer | None:
    if not findings.probes:
        return None
    widths = [bracket.width / findings.scale for _, bracket in findings.probes]
    closed = [width for width in widths if math.isfinite(width)]
    text = (
        f"At {len(closed)} of {len(widths)} points that were not planned the best objective has both bounds"
        + (
            f", {percent(sum(closed) / len(closed))} apart in the mean and {percent(max(closed))} at most"
            if closed
            else ""
        )
        + ". The net present value is no objective and is known at planned points only."
    )
    return Answer("How sure is it between the points?", text, bracket_note(findings))


def bracket_note(findings: SweepFindings) -> str:
    """Return what the axes move, which decides what can be bounded."""
    names = {
        "limits": "limits",
        "prices": "prices",
        "coefficients": "coefficients",
        "structure": "the structure of the program",
    }
    parts = [
        f"{axis.path} moves {listing([names[k] for k in names if k in kinds]) or 'nothing in the program'}"
        for axis, kinds in zip(findings.axes, findings.kinds, strict=True)
    ]
    hard = any({"coefficients", "structure"} & kinds for kinds in findings.kinds)
    tail = (
        " Where coefficients move, only plans that are feasible bound the value from below." if hard else ""
    )
    return f"Here {listing(parts)}.{tail}"
