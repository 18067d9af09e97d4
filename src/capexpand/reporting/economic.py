"""Economic depreciation and impairment for page and documents, where a case asks for them."""

from __future__ import annotations

from capexpand.case.schema import Case
from capexpand.finance.economic import EconomicValue, economic_value
from capexpand.model.data import Floats
from capexpand.optimiser.plan import Plan
from capexpand.reporting.blocks import Paragraph, Row, Section, table
from capexpand.reporting.context import ReportContext
from capexpand.reporting.serial import Document, monies
from capexpand.reporting.years import Years


def economic_section(context: ReportContext) -> tuple[Section, ...]:
    """Return the section on economic depreciation; none where the case does not ask for it."""
    if not context.findings.case.finance.economic_depreciation:
        return ()
    found, years = economic_value(context.findings.result.plan), Years.of(context.data.times)

    def write(values: Floats) -> tuple[str, ...]:
        return tuple(context.scale.write(float(value)) for value in values)

    rows = [
        Row("Depreciation in the accounts", write(years.sums(found.written_off))),
        Row("Economic depreciation", write(years.sums(found.depreciation))),
        Row("Book value, at the end", write(years.ends(found.book))),
        Row("Economic value, at the end", write(years.ends(found.value))),
        Row("Impairment: book above value, at the end", write(years.ends(found.impairment)), "sum"),
    ]
    note = Paragraph(
        "Of the servers that the plan buys. A unit is worth what a buyer would pay for a new one that serves "
        "the same, times the part of its life that is left. Impairment is shown and enters no statement."
    )
    made = table("Economic depreciation", (context.scale.unit, *years.titles), rows)
    return (Section("economic", "What the servers are worth", (note, made)),)


def economic_document(case: Case, plan: Plan) -> Document:
    """Return economic depreciation for JSON; nothing where the case does not ask for it."""
    if not case.finance.economic_depreciation:
        return {}
    found: EconomicValue = economic_value(plan)
    return {
        "economic": {
            "value": monies(found.value),
            "book": monies(found.book),
            "impairment": monies(found.impairment),
            "depreciation": monies(found.depreciation),
            "depreciation_in_accounts": monies(found.written_off),
        }
    }
