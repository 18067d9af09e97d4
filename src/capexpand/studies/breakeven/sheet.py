"""The sheet of a break-even study: break-evens, pairs, the share-price reaction and past spending."""

from __future__ import annotations

import platform
from importlib.metadata import version

from capexpand.reporting.blocks import (
    Answer,
    Block,
    Cell,
    Charts,
    Column,
    Details,
    Fact,
    Heading,
    Notes,
    Paragraph,
    Row,
    Section,
    Table,
    columns,
)
from capexpand.reporting.sheet import Sheet
from capexpand.studies.breakeven import tables, wording
from capexpand.studies.breakeven.charts import chance_chart, headroom_chart, market_chart, pair_charts
from capexpand.studies.breakeven.document import breakeven_document, frames
from capexpand.studies.breakeven.findings import BreakevenFindings
from capexpand.studies.breakeven.market import MarketFindings
from capexpand.wording import MoneyScale, money


def breakeven_sheet(findings: BreakevenFindings) -> Sheet:
    """Return the sheet of a break-even study."""
    case, origin = findings.case, findings.case.provenance
    scale, document = tables.scale_of(findings), breakeven_document(findings)
    single, pairs = tables.break_even_table(findings), tables.pair_tables(findings)
    sections = [_drivers(findings, single)]
    if findings.break_evens.pairs:
        sections.append(
            Section(
                "pairs",
                "Two at a time",
                (
                    Charts(pair_charts(findings.break_evens.pairs)),
                    *(block for one in pairs for block in (Heading(one.title), one)),
                ),
            )
        )
    if findings.distribution is not None:
        chart = chance_chart(findings, findings.distribution, scale)
        sections.append(Section("chance", "How likely it pays", (Charts((chart,)),)))
    if findings.market is not None:
        sections.append(_market(findings, findings.market, scale))
    if findings.past is not None:
        sections.append(Section("past", "More than before?", (tables.past_table(findings, scale),)))
    return Sheet(
        kind="breakeven",
        title=f"Break-even: {case.title}",
        description="The levels at which the programme is worth nothing, one at a time and in pairs, and "
        "what the market and the years before say of it.",
        facts=(
            Fact("Case", origin.path.absolute().parent.name),
            Fact("Variant", origin.variant or "as declared"),
            Fact("As of", str(case.as_of)),
            Fact("Money in", scale.unit),
        ),
        answers=tuple(Answer(question, text) for question, text in wording.answers(findings)),
        opening=tuple(Paragraph(text) for text in findings.missing),
        sections=(*sections, Section("made", "How it was made", _made(findings))),
        summary=(single, *pairs, *_market_summary(findings, scale), Notes(findings.missing)),
        document=document,
        document_name="breakeven.json",
        about={
            "capexpand": version("capexpand"),
            "python": platform.python_version(),
            "solver": findings.break_evens.valuation.result.plan.solver.solver,
            "kind": "breakeven",
            "case": document["case"],
            "variant": origin.variant,
            "case_hash": origin.content_hash,
            "seed": findings.seed if findings.distribution is not None else None,
        },
        tables=frames(document),
        files=origin.copies(),
    )


def _drivers(findings: BreakevenFindings, single: Table) -> Section:
    sentences = tuple(wording.sentence_of(one) for one in findings.break_evens.single)
    return Section(
        "drivers",
        "One driver at a time",
        (
            Charts((headroom_chart(findings.break_evens),)),
            single,
            Paragraph("Headroom is the distance of the break-even from the assumed value."),
            Details("In sentences", (Notes(sentences),)),
        ),
    )


def _market(findings: BreakevenFindings, market: MarketFindings, scale: MoneyScale) -> Section:
    agree = tuple(filter(None, (wording.stake_sentence(market), *wording.gap_sentences(market))))
    blocks: list[Block] = [
        Charts((market_chart(findings, market, scale),)),
        tables.move_table(findings, scale),
        Heading("What would make the plan worth it"),
        tables.market_break_even_table(findings),
    ]
    if agree:
        blocks += [Heading("Whether the figures agree"), Notes(agree)]
    return Section("market", "What the market added", tuple(blocks))


def _market_summary(findings: BreakevenFindings, scale: MoneyScale) -> tuple[Block, ...]:
    market = findings.market
    if market is None:
        return ()
    return (
        tables.move_table(findings, scale),
        tables.market_break_even_table(findings),
        Paragraph(wording.stake_sentence(market)),
        Notes(wording.gap_sentences(market), warns=True),
    )


def _made(findings: BreakevenFindings) -> tuple[Block, ...]:
    found, origin, known = findings.break_evens, findings.case.provenance, findings.distribution
    tolerance = money(found.tolerance, findings.case.currency)
    transfer = (
        " Internal workloads count at their transfer value: they are most of what the programme may earn, "
        "and its revenue cannot be attributed."
        if found.transfer
        else ""
    )
    method = (
        "Orders fixed: the orders of the programme's window stand as planned, whatever they cost at the "
        "new value; operation, and orders after the window, follow what has turned out. Re-optimised: all is "
        "planned for the new value. The business without the programme is planned for the new value in "
        f"both. A level counts as found where the net present value lies within {tolerance} of its "
        f"target.{transfer}"
    )
    solver = found.valuation.result.plan.solver.solver
    rows = [
        Row("capexpand", (f"{version('capexpand')}, on Python {platform.python_version()}, {solver}",)),
        Row("SHA-256 of the case and its tables", (Cell(origin.content_hash, code=True),)),
    ]
    if known is not None:
        seed = f", seed {findings.seed}" if findings.seed is not None else ""
        rows.append(Row("Futures", (f"{known.scenarios:,}{seed}",)))
    return (
        Paragraph(method),
        Table("How it was made", columns("", Column("", align="text")), tuple(rows), kind="made"),
    )
