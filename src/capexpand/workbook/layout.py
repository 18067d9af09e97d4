"""Which sheet every line of a financial model stands on, and in which row."""

from __future__ import annotations

from dataclasses import dataclass, fields

from capexpand.finance.rows import Label, Rows, rows_of
from capexpand.workbook.financial_model import FinancialModel
from capexpand.workbook.formulas import Line, Sheets

CONTROL, OUTPUTS, INPUTS, BY_QUARTER, TIME, PRICES = (
    "Control", "Outputs", "Inputs", "Inputs by quarter", "Time", "Prices",
)  # fmt: skip
PLAN, BASE, WITH, WITHOUT, PROGRAMME = "Decisions with", "Decisions without", "With", "Without", "Programme"
RETURNS, SHADOW, SCENARIOS, CHECKS, ORIGIN = "Returns", "Shadow prices", "Scenarios", "Checks", "Origin"
DEBT = "Debt"
EVIDENCE = "Evidence"

LINE_SHEETS = {
    INPUTS: "Inputs: single numbers. Change what is blue.",
    BY_QUARTER: "Inputs by quarter. Change what is blue.",
    TIME: "The timeline, and what money of each quarter is worth at the start",
    PRICES: "Prices and terms that follow from the inputs",
    PLAN: "Decisions of the plan with the programme (values; the plan does not follow the inputs)",
    BASE: "Decisions of the business without the programme (values)",
    WITH: "The business with the programme",
    WITHOUT: "The business without the programme",
    PROGRAMME: "The programme: with less without, and what it is worth",
    DEBT: "Financing of the whole business with the programme, and what the programme leaves its owners",
}
"""Sheets whose lines are laid out here, in their order, with what is on them."""

BLOCKS = {
    "control": "Levers",
    "inputs": "Inputs",
    "time": "Timeline",
    "prices": "Prices and terms",
    "power": "Power",
    "fleet": "Fleet",
    "service": "Service",
    "revenue": "Revenue",
    "energy": "Energy",
    "leases": "Leases with fixed fees or minimum volumes",
    "hire": "Hire from clouds",
    "contracts": "Contracts with customers",
    "churn": "Changing course",
    "debt": "Debt, cash and tax",
    "covenants": "What lenders look at",
    "balance": "Balance sheet",
    "owners": "Owners",
    "operation": "Operation",
    "purchases": "Orders and payments",
    "assets": "Assets",
    "tax": "Tax",
    "cash": "Cash",
    "end": "The horizon's end",
    "value": "Value",
    "limits": "Limits",
}
"""Titles of blocks, in their order; a block that is not named here follows them."""

HEADER = 4  # rows above the first block


@dataclass(frozen=True, slots=True)
class Layout:
    """The sheets with their lines.

    Args:
        sheets: knows every line.
        blocks: by sheet, each block's title with the row it stands in and its lines.
        ends: by sheet, the first free row.
    """

    sheets: Sheets
    blocks: dict[str, list[tuple[str, int, list[Line]]]]
    ends: dict[str, int]


def lay_out(model: FinancialModel) -> Layout:
    """Return where every line of a financial model stands."""
    inputs = model.case_terms.inputs
    scopes = {id(rows): name for name, done in model.done.items() for _, rows in rows_of(done)}
    scopes |= {id(rows): "plan" for _, rows in rows_of(model.borrowed)}
    sheets = Sheets(
        quarters=model.data.times.count,
        number=model.clock.number,
        sheet_of=_sheet_of,
        names=model.names,
        scopes=scopes,
        titles={key: cell.title for key, cell in inputs.cells.items()},
    )
    for rows in _labelled(model):  # a line is known by what it computes, so names come before lines
        sheets.signature(rows)
    for rows in _labelled(model):
        sheets.want(rows)
    blocks: dict[str, list[tuple[str, int, list[Line]]]] = {}
    ends: dict[str, int] = {}
    for sheet in (*LINE_SHEETS, CONTROL, CHECKS):
        lines = [line for line in sheets.lines.values() if line.sheet == sheet]
        blocks[sheet], ends[sheet] = _placed(
            lines, sheets, first=CONTROL_FIRST if sheet == CONTROL else HEADER
        )
    return Layout(sheets, blocks, ends)


CONTROL_FIRST = 24  # the levers stand below the headline


def _labelled(model: FinancialModel) -> list[Rows]:
    """Everything that has a place of its own, in the order in which it is read."""
    found: list[Rows] = [
        model.clock.number,
        model.clock.count,
        model.clock.discount,
        model.clock.discount_end,
    ]
    for rows in model.sums.values():
        found += rows
    for statement in (model.total, model.base, model.programme):
        found += [getattr(statement, each.name) for each in fields(statement)]
    found += model.physical.lines
    if model.debt is not None:
        found += [rows for _, rows in rows_of(model.debt)] + list(model.debt.shown)
    found += [named.rows for named in model.results.values()]
    found += [check.rows for check in model.checks]
    return [rows for rows in found if rows.operator != "given" or rows.label is not None]


def _sheet_of(rows: Rows, label: Label, scope: frozenset[str]) -> str:
    fixed = {"control": CONTROL, "time": TIME, "checks": CHECKS}
    if rows.operator != "given":
        fixed |= dict.fromkeys(("debt", "covenants", "balance", "owners"), DEBT)
    if label.block in fixed:
        return fixed[label.block]
    if label.block == "inputs":
        return BY_QUARTER if rows.timed else INPUTS
    if rows.operator == "given" and scope:
        return PLAN if "plan" in scope else BASE
    if not scope:
        return PRICES
    if len(scope) > 1:
        return PROGRAMME
    return WITH if "plan" in scope else WITHOUT


def _placed(
    lines: list[Line], sheets: Sheets, *, first: int
) -> tuple[list[tuple[str, int, list[Line]]], int]:
    """Give each line its row: by block, then by what it computes, then by place on its axes."""
    order = {block: i for i, block in enumerate(BLOCKS)}
    by_block: dict[str, dict[int, list[Line]]] = {}
    for line in lines:
        by_block.setdefault(line.label.block, {}).setdefault(sheets.signature(line.rows), []).append(line)
    row = first
    placed: list[tuple[str, int, list[Line]]] = []
    for block in sorted(by_block, key=lambda name: (order.get(name, len(order)), name)):
        heading, row = row, row + 1
        inside: list[Line] = []
        for same in by_block[block].values():
            inside += sorted(same, key=lambda line: line.index)
        for line in inside:
            line.row = row
            row += line.height
        row += 1
        placed.append((BLOCKS.get(block, block.capitalize()), heading, inside))
    return placed, row
