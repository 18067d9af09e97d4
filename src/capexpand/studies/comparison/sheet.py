"""The sheet of a comparison: one column for each programme, and pictures of the lines that matter most."""

from __future__ import annotations

from capexpand.reporting.blocks import (
    Answer,
    Block,
    Cell,
    Charts,
    Column,
    Details,
    Fact,
    Notes,
    Paragraph,
    Row,
    Section,
    Table,
    columns,
)
from capexpand.reporting.sheet import Sheet
from capexpand.studies.comparison.charts import comparison_charts
from capexpand.studies.comparison.comparing import Comparison
from capexpand.studies.comparison.document import comparison_document, frame
from capexpand.studies.comparison.rows import GROUPS, PRICES, ComparisonLine, LineGroup
from capexpand.studies.comparison.wording import about_rates, about_window, announced_word, headings, verdict
from capexpand.wording import capitalised, sentence


def comparison_sheet(comparison: Comparison) -> Sheet:
    """Return the sheet of programmes laid side by side.

    The same cases, compared again from the copies that a run folder keeps, give the same figures.
    """
    source = comparison.programmes[0].findings.provenance
    tables = {group: group_table(group, comparison) for group in GROUPS}
    basis = Paragraph(
        f"{sentence(about_rates(comparison))} Beyond the currency, each case states its own assumptions; "
        "they stand behind every line below, not only its programme."
    )
    return Sheet(
        kind="comparison",
        title="Programmes side by side",
        description="What the money of each programme buys, what a unit costs, and what it must earn, "
        "on one yardstick.",
        facts=(
            Fact("Money in", comparison.currency),
            Fact("Rates of", str(comparison.rates.day)),
            Fact("Programmes", str(len(comparison.programmes))),
        ),
        answers_title="What must come back",
        answers=_answers(comparison),
        opening=(basis,),
        sections=(
            Section("pictures", "Pictures", (Charts(comparison_charts(comparison)),)),
            *(Section(group.key, group.title, (tables[group],)) for group in GROUPS),
            Section("made", "How it was made", _made(comparison)),
        ),
        summary=(Paragraph(about_rates(comparison)), *(_without_note(one) for one in tables.values())),
        document=comparison_document(comparison),
        document_name="comparison.json",
        about={
            "kind": "comparison",
            "capexpand": source.capexpand,
            "python": source.python,
            "solver": source.solver,
            "currency": comparison.currency,
            "rates_of": comparison.rates.day,
            "cases": {one.label: one.findings.provenance.case_hash for one in comparison.programmes},
        },
        tables={"comparison": frame(comparison)},
        files=_copies(comparison),
    )


def _answers(comparison: Comparison) -> tuple[Answer, ...]:
    return tuple(
        Answer(
            f"{name}:",
            capitalised(verdict(one, comparison.currency)),
            f"({one.case.title}, {about_window(one)}.)",
        )
        for name, one in zip(headings(comparison), comparison.programmes, strict=True)
    )


def group_table(group: LineGroup, comparison: Comparison) -> Table:
    """Return the table of some lines, a column for each programme."""
    rows = tuple(
        Row(
            _title(line, comparison),
            tuple(line.write(one.measures, comparison.currency) for one in comparison.programmes),
        )
        for line in group.lines
    )
    model = f" The model: {comparison.yardstick}." if group is PRICES and comparison.yardstick else ""
    return Table(group.title, columns("", *headings(comparison)), rows, f"{group.note}{model}")


def _title(line: ComparisonLine, comparison: Comparison) -> str:
    """The line's title; an amount that nobody announced is a budget."""
    return line.title.replace("Announced", announced_word(comparison))


def _without_note(table: Table) -> Table:
    return Table(table.title, table.columns, table.rows)


def _made(comparison: Comparison) -> tuple[Block, ...]:
    source = comparison.programmes[0].findings.provenance
    rows = [
        Row("capexpand", (f"{source.capexpand}, on Python {source.python}, {source.solver}",)),
        Row("Rates", (about_rates(comparison),)),
    ]
    rows += [
        Row(
            f"{one.label}, SHA-256 of the case and its tables",
            (Cell(one.findings.provenance.case_hash, code=True),),
        )
        for one in comparison.programmes
    ]
    warnings = tuple(
        Details(f"Warnings: {name}", (Notes(one.findings.warnings),))
        for name, one in zip(headings(comparison), comparison.programmes, strict=True)
        if one.findings.warnings
    )
    return (
        Table("How it was made", columns("", Column("", align="text")), tuple(rows), kind="made"),
        *warnings,
    )


def _copies(comparison: Comparison) -> dict[str, bytes]:
    """Every case as it was read, so that the comparison can be repeated from its run folder."""
    files: dict[str, bytes] = {}
    for one in comparison.programmes:
        files |= one.case.provenance.copies(f"cases/{one.label.replace(':', '-')}")
    return files
