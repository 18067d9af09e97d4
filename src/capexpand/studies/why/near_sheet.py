"""The sheet of near-optimal alternatives: the least and the most of each offer and site."""

from __future__ import annotations

from capexpand.reporting.blocks import Answer, Charts, Fact, Row, Section, Table, columns
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import Chart, Spec, tooltip_of
from capexpand.reporting.sheet import Sheet
from capexpand.studies.why.about import made_by
from capexpand.studies.why.near import Near, NearRange
from capexpand.wording import count, listing, money, percent, power, sentence

TIGHT = 0.05
"""Width, as a share of the most, below which all plans that are nearly as good agree."""


def near_sheet(near: Near) -> Sheet:
    """Return the sheet of near-optimal alternatives."""
    import polars as pl

    ranges = _table(near)
    rows = [(one.kind, one.name, one.unit, one.planned, one.least, one.most) for one in near.ranges]
    amounts = dict.fromkeys(("planned", "least", "most"), pl.Float64)
    return Sheet(
        kind="alternatives",
        title=f"Plans nearly as good: within {percent(near.share)} of the programme's value",
        description="The least and the most of each offer and site over all plans that give up no more.",
        facts=(Fact("Case", near.label), Fact("Money in", near.data.currency)),
        answers=_answers(near),
        sections=(Section("ranges", "The least and the most", (Charts(_charts(near)), ranges)),),
        summary=(ranges,),
        document={
            "case": near.label,
            "case_hash": near.case.provenance.content_hash,
            "share": near.share,
            "value": near.value * 1e6,
            "currency": near.data.currency,
            "ranges": list(near.ranges),
        },
        document_name="alternatives.json",
        about={"kind": "alternatives", **made_by(near.case, "HiGHS")},
        tables={
            "ranges": pl.DataFrame(
                rows, {**dict.fromkeys(("kind", "name", "unit"), pl.String), **amounts}, orient="row"
            )
        },
        files=near.case.provenance.copies(),
    )


def _write(one: NearRange, value: float) -> str:
    return power(value) if one.unit == "MW" else count(value)


def _tight(one: NearRange) -> bool:
    return one.most - one.least <= TIGHT * max(one.most, 1e-9)


def _answers(near: Near) -> tuple[Answer, ...]:
    currency = near.data.currency
    given = money(near.share * max(near.value, 0.0), currency)
    needed = [one.name for one in near.ranges if one.least > 1e-6 and _tight(one)]
    free = [one.name for one in near.ranges if one.least <= 1e-6 < one.most]
    never = [one.name for one in near.ranges if one.most <= 1e-6]
    parts = []
    if needed:
        parts.append(f"{listing(needed)} {'is' if len(needed) == 1 else 'are'} the same in all, to 5 %")
    if free:
        parts.append(f"{listing(free)} can be left out")
    if never:
        parts.append(f"{listing(never)} {'is' if len(never) == 1 else 'are'} in none")
    widest = max(near.ranges, key=lambda one: (one.most - one.least) / max(one.most, 1e-9), default=None)
    if widest is not None and not _tight(widest):
        parts.append(
            f"widest is {widest.name}, from {_write(widest, widest.least)} to {_write(widest, widest.most)} "
            f"(planned {_write(widest, widest.planned)})"
        )
    text = sentence(f"Plans that give up {given} at most: {'; '.join(parts)}")
    return (Answer("How sure is the one best plan?", text),)


def _table(near: Near) -> Table:
    rows = tuple(
        Row(
            f"{one.name}, {one.unit if one.kind == 'orders' else 'MW at the window’s end'}",
            tuple(_write(one, value) for value in (one.planned, one.least, one.most)),
        )
        for one in near.ranges
    )
    note = "Each found alone: not all of them can be at their least or most together."
    return Table("The least and the most", columns("", "planned", "least", "most"), rows, note)


def _charts(near: Near) -> tuple[Chart, ...]:
    charts: list[Chart] = []
    for kind, unit, title in (
        ("orders", "units", "Orders in the window"),
        ("power", "MW", "IT power at the window's end"),
    ):
        rows: list[Spec] = [
            {"n": one.name, "a": one.least, "b": one.most, "p": one.planned}
            for one in near.ranges
            if one.kind == kind
        ]
        if rows:
            within = percent(near.share)
            note = f"Least to most within {within} of the value; the mark is the best plan. In {unit}."
            charts.append(Chart(kind, title, note, _spec(unit, len(rows)), rows=tuple(rows), shaded=False))
    return tuple(charts)


def _spec(unit: str, rows: int) -> Spec:
    y = {"field": "n", "type": "nominal", "sort": None, "axis": {"title": None, "labelLimit": 220}}
    axis = {"title": unit, "format": ",~f", "tickCount": 6}
    tip = tooltip_of({"n": "Of"}, {"a": "least", "p": "planned", "b": "most"})
    bar = {
        "mark": {"type": "bar", "height": 10, "color": palette.IDLE},
        "encoding": {
            "x": {"field": "a", "type": "quantitative", "axis": axis},
            "x2": {"field": "b"},
            "y": y,
            "tooltip": tip,
        },
    }
    mark = {
        "mark": {"type": "tick", "thickness": 3, "size": 20, "color": palette.PROGRAMME},
        "encoding": {"x": {"field": "p", "type": "quantitative", "axis": axis}, "y": y, "tooltip": tip},
    }
    return {"width": "container", "height": 34 * rows, "layer": [bar, mark]}
