"""The sheets of a workbook that are not lines: control, outputs, returns, limits, futures, checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from capexpand.finance.rows import Rows
from capexpand.reporting.context import ReportContext
from capexpand.wording import printable
from capexpand.workbook.formulas import CONSTANT, FIRST, TITLE, TOTAL, UNIT, cell
from capexpand.workbook.layout import (
    BY_QUARTER,
    CHECKS,
    CONTROL,
    HEADER,
    INPUTS,
    ORIGIN,
    OUTPUTS,
    RETURNS,
    SCENARIOS,
    SHADOW,
    WITH,
)

if TYPE_CHECKING:
    from capexpand.workbook.writer import Writer

YEARLY = (
    ("revenue", "Revenue"),
    ("operating_cost", "Costs of operation"),
    ("ebitda", "EBITDA"),
    ("depreciation", "Depreciation"),
    ("ebita", "EBITA"),
    ("tax", "Tax"),
    ("capital_payments", "Payments for orders"),
    ("free_cash_flow", "Free cash flow"),
)
PERCENTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def write_pages(w: Writer) -> None:
    """Write every sheet that is no list of lines."""
    returns(w)
    shadow_prices(w)
    if w.futures:
        scenarios(w)
    checks(w)
    outputs(w)
    control(w)
    origin(w)


def checks(w: Writer) -> None:
    """Write the check sheet: each difference, what of it is only rounding, and 0 where it holds."""
    sheet = w.at[CHECKS]
    w.heading(CHECKS, "Every check must read 0", timed=False)
    w.text(sheet, HEADER - 1, TOTAL, "Tolerance", "head")
    w.text(sheet, HEADER - 1, TOTAL + 1, "0 if it holds", "head")
    w.blocks(CHECKS)
    rows: list[int] = []
    for check in w.model.checks:
        key = (w.layout.sheets.signature(check.rows), ())
        if key not in w.layout.sheets.lines:
            continue
        row = w.layout.sheets.lines[key].own_row
        rows.append(row)
        sheet.write_number(row, TOTAL, check.tolerance, w.style.of("input", "tolerance"))
        value, passes = cell(CONSTANT, row), cell(TOTAL, row)
        held = 0 if abs(float(check.rows.values)) <= check.tolerance else 1
        w.formula(
            sheet, row, TOTAL + 1, f"IF(ABS({value})<={passes},0,1)", held, look="output", unit="number"
        )
    total = w.layout.ends[CHECKS]
    w.text(sheet, total, TITLE, "All checks", "strong_label")
    span = f"SUM({cell(TOTAL + 1, min(rows))}:{cell(TOTAL + 1, max(rows))})"
    broken = sum(abs(float(check.rows.values)) > check.tolerance for check in w.model.checks)
    w.formula(sheet, total, TOTAL + 1, span, broken, look="output", unit="number")


def returns(w: Writer) -> None:
    """Write the returns: payback, funding, and rates of return on a timeline of half quarters."""
    sheet, model = w.at[RETURNS], w.model
    metrics = model.findings.metrics
    w.heading(RETURNS, "Rate of return, payback and funding of the programme", timed=False)
    count = 2 * w.quarters
    w.text(
        sheet, HEADER, TITLE, "Half quarters: flows in the middle of quarters, end value at the end", "block"
    )
    for column in range(UNIT, FIRST + count):
        sheet.write_blank(HEADER, column, None, w.style.of("block"))
    w.text(sheet, HEADER + 1, TITLE, "Half quarter")
    sheet.set_column(FIRST, FIRST + count - 1, 11)
    for i in range(count):
        text = f"{cell(FIRST + i - 1, HEADER + 1)}+1"
        w.formula(sheet, HEADER + 1, FIRST + i, text, i + 1, unit="number")
    w.text(sheet, HEADER + 4, TITLE, "Half quarters in a year")
    sheet.write_number(HEADER + 4, CONSTANT, 8.0, w.style.of("input", "number"))
    flow, end = cast("Rows", model.programme.free_cash_flow), cast("Rows", model.programme.end_cash)
    irr = metrics.irr if metrics.irr_unique else None
    at = (HEADER + 2, RATE, HEADER + 3)
    _rate(w, ("Cash flow of the programme", "Rate of return"), flow, end, rows=at, irr=irr)
    total = model.results["cumulative"].rows
    if w.there(total):
        _payback(w, total, RATE + 1)
    if model.debt is not None:
        financed = w.owners
        irr = financed.equity_irr if financed is not None and financed.equity_irr_tells else None
        titles = ("What the programme brings its owners", "Rate of return of the owners")
        at = (OWNERS_RATE - 1, OWNERS_RATE, OWNERS_RATE + 1)
        _rate(w, titles, model.debt.to_owners, model.debt.owners_end, rows=at, irr=irr)


RATE, OWNERS_RATE = HEADER + 5, HEADER + 10
"""Rows of the rates of return of the programme and of its owners."""


def _rate(
    w: Writer,
    titles: tuple[str, str],
    flow: Rows,
    end: Rows,
    *,
    rows: tuple[int, int, int],
    irr: float | None,
) -> None:
    """Write flows by half quarter, their rate of return, and where its search begins, each in a row.

    Some spreadsheets search from 10 % a period by themselves and find nothing where the rate lies far away.
    """
    sheet, numbers = w.at[RETURNS], HEADER + 1
    flows, rate, begin = rows
    count = 2 * w.quarters
    last = FIRST + count - 1
    w.text(sheet, flows, TITLE, titles[0])
    w.text(sheet, flows, UNIT, w.style.unit("money"), "unit")
    series = np.zeros(count)
    series[::2], series[-1] = flow.values, float(end.values)
    last_number = cell(last, numbers, fixed=True)
    flow_range = w.row_range(flow) if w.there(flow) else ""
    end_cell = w.reference(end) if w.there(end) else "0"
    for i in range(count):
        now = cell(FIRST + i, numbers)
        paid = f"SUMIF({w.time_range('half')},{now},{flow_range})+" if flow_range else ""
        text = f"{paid}IF({now}={last_number},{end_cell},0)"
        w.formula(sheet, flows, FIRST + i, text, series[i], unit="money")
    span = f"{cell(FIRST, flows, fixed=True)}:{cell(last, flows, fixed=True)}"
    w.text(sheet, rate, TITLE, titles[1])
    w.text(sheet, rate, UNIT, "per year", "unit")
    if irr is not None:
        w.text(sheet, begin, TITLE, f"{titles[1]}: where the search for it begins")
        w.text(sheet, begin, UNIT, "per half quarter", "unit")
        sheet.write_number(begin, CONSTANT, (1.0 + irr) ** (1.0 / 8.0) - 1.0, w.style.of("input", "per year"))
        text = f"(1+IRR({span},{cell(CONSTANT, begin)}))^{cell(CONSTANT, HEADER + 4)}-1"
        w.formula(sheet, rate, CONSTANT, text, irr, look="output", unit="per year")
    else:
        w.text(sheet, rate, CONSTANT, "none", "output")
        note = "no single rate makes these flows worth nothing"
        w.text(sheet, rate, TOTAL, f"{note}; see the modified rate" if rate == RATE else note, "note")


def _payback(w: Writer, total: Rows, row: int) -> None:
    sheet = w.at[RETURNS]
    span, number = w.row_range(total), w.row_range(w.model.clock.number)
    lowest = float(min(total.values.min(), 0.0))
    w.text(sheet, row, TITLE, "Largest sum laid out before it comes back")
    w.text(sheet, row, UNIT, w.style.unit("money"), "unit")
    w.formula(sheet, row, CONSTANT, f"MAX(0,-MIN({span}))", 0.0 - lowest, look="output", unit="money")
    ends = w.reference(total, w.quarters - 1)
    w.text(sheet, row + 1, TITLE, "Quarter from whose end on the sum of flows is never below zero again")
    w.text(sheet, row + 1, UNIT, "number of quarter", "unit")
    below = np.flatnonzero(total.values < 0.0)
    value: object = "never" if total.values[-1] < 0.0 else int(below[-1]) + 2 if below.size else 1
    text = f'IF({ends}<0,"never",SUMPRODUCT(MAX(({span}<0)*{number}))+1)'
    w.formula(sheet, row + 1, CONSTANT, text, value, look="output", unit="number")


def outputs(w: Writer) -> None:
    """Write the programme by year, and charts."""
    sheet, model = w.at[OUTPUTS], w.model
    w.heading(OUTPUTS, "The programme by year, and what stands with it", timed=False)
    years = sorted({day.year for day in model.data.times.starts})
    of = np.array([day.year for day in model.data.times.starts])
    head, first = HEADER - 1, CONSTANT
    for i, year in enumerate(years):
        source = f"YEAR({w.sheet_reference('Time', CONSTANT, w.time_rows['start_input'])})"
        text = source if i == 0 else f"{cell(first + i - 1, head)}+1"
        w.formula(sheet, head, first + i, text, year, look="head", unit="number")
        sheet.write_string(head - 1, first + i, "", w.style.of("head"))
    sheet.set_column(first, first + len(years) - 1, 14)
    row = HEADER
    placed: dict[str, int] = {}
    lines = [(title, cast("Rows", getattr(model.programme, name)), "money") for name, title in YEARLY]
    for title, rows, unit in lines:
        if not w.there(rows):
            continue
        w.text(sheet, row, TITLE, title)
        w.text(sheet, row, UNIT, w.style.unit(unit), "unit")
        for i, year in enumerate(years):
            text = f"SUMIF({w.time_range('year')},{cell(first + i, head)},{w.row_range(rows)})"
            w.formula(sheet, row, first + i, text, rows.values[of == year].sum(), look="output", unit=unit)
        placed[title] = row
        row += 1
    last = first + len(years) - 1

    def span(at: int) -> list[int | str]:
        return [OUTPUTS, at, first, at, last]

    row += 1
    for name, titles, kind in (
        ("Earnings by year", ("Revenue", "EBITDA", "EBITA"), "column"),
        ("Cash by year", ("Payments for orders", "Free cash flow"), "column"),
    ):
        shown = [title for title in titles if title in placed]
        if shown:
            _chart(w, sheet, (row, TITLE if name.startswith("Earn") else CONSTANT + 1), name=name, kind=kind,
                   series=[(OUTPUTS, placed[title], span(placed[title])) for title in shown],
                   categories=[OUTPUTS, head, first, head, last])  # fmt: skip
    _line_charts(w, row + 20)


def _line_charts(w: Writer, row: int) -> None:
    model, sheet = w.model, w.at[OUTPUTS]
    label = w.time_rows["label"]
    categories: list[int | str] = ["Time", label, FIRST, label, w.last]
    total = model.results["cumulative"].rows
    if w.there(total):
        at = w.layout.sheets.lines[w.layout.sheets.signature(total), ()]
        line = [at.sheet, at.own_row, FIRST, at.own_row, w.last]
        _chart(w, sheet, (row, TITLE), name="Cumulative free cash flow of the programme", kind="line",
               series=[(at.sheet, at.own_row, line)], categories=categories)  # fmt: skip
    sites = [
        line
        for line in w.layout.sheets.lines.values()
        if line.label.key == "energised" and line.sheet == WITH
    ]
    if sites:
        series = [(WITH, one.own_row, [WITH, one.own_row, FIRST, one.own_row, w.last]) for one in sites]
        _chart(w, sheet, (row, CONSTANT + 1), name="Power energised by site [MW]", kind="area", series=series,
               categories=categories)  # fmt: skip


def _chart(
    w: Writer, sheet: Any, place: tuple[int, int], *, name: str, kind: str,
    series: list[tuple[str, int, list[int | str]]], categories: list[int | str],
) -> None:  # fmt: skip
    options = {"type": kind, "subtype": "stacked"} if kind == "area" else {"type": kind}
    chart = cast("Any", w.book.add_chart(options))
    for source, row, values in series:
        chart.add_series({"name": [source, row, TITLE], "values": values, "categories": categories})
    chart.set_title({"name": name, "name_font": {"size": 11}})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 620, "height": 340})
    chart.set_y_axis(
        {"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#DDDDDD"}}}
    )
    chart.set_x_axis({"label_position": "low"})
    sheet.insert_chart(*place, chart)


def shadow_prices(w: Writer) -> None:
    """Write what one more of each limit would add, as values: the plan found them, no formula gives them."""
    sheet = w.at[SHADOW]
    w.heading(
        SHADOW, "What one more of each limit would add to the plan (values, in plain money of the start)"
    )
    found = ReportContext(w.model.findings).limits
    row = HEADER
    for limit in found:
        if not limit.binds:
            continue
        w.text(sheet, row, TITLE, limit.title)
        w.text(sheet, row, UNIT, limit.unit, "unit")
        for t, worth in enumerate(limit.worth):
            sheet.write_number(row, FIRST + t, float(worth), w.style.of("decision", "worth"))
        row += 1
    if row == HEADER:
        w.text(
            sheet, row, TITLE, "No limit binds, or sizes are whole and there are no shadow prices.", "note"
        )


def scenarios(w: Writer) -> None:
    """Write the net present values in many futures, of the plan and of each strategy, with percentiles."""
    sheet = w.at[SCENARIOS]
    w.heading(SCENARIOS, "Net present value in many futures (they do not follow the inputs)", timed=False)
    start = HEADER + len(PERCENTILES) + 6
    w.text(sheet, start - 1, TITLE, "Net present value by future, each sorted", "block")
    sheet.set_column(FIRST, FIRST + len(w.futures), 15)
    longest = max(values.size for values in w.futures.values())
    for i in range(longest):
        w.text(sheet, start + i, TITLE, f"Future {i + 1}")
    head = HEADER - 1
    for i, title in enumerate(("Share",)):
        w.text(sheet, head, TOTAL + i, title, "head")
    for i, part in enumerate(PERCENTILES):
        row = HEADER + 4 + i
        w.text(sheet, row, TITLE, f"Percentile {part:.0%}")
        w.text(sheet, row, UNIT, w.style.unit("money"), "unit")
        sheet.write_number(row, TOTAL, part, w.style.of("input", "share"))
    for row, (title, unit) in enumerate(
        (("Futures", "number"), ("Mean", "money"), ("Share below zero", "share"))
    ):
        w.text(sheet, HEADER + row, TITLE, title)
        w.text(sheet, HEADER + row, UNIT, w.style.unit(unit), "unit")
    chart = cast("Any", w.book.add_chart({"type": "line"}))
    for i, (title, npv) in enumerate(w.futures.items()):
        column = CONSTANT if i == 0 else FIRST + i - 1
        values = np.sort(npv)
        last = start + values.size - 1
        span = f"{cell(column, start, fixed=True)}:{cell(column, last, fixed=True)}"
        w.text(sheet, head, column, title, "head")
        for row, (text, value, unit) in enumerate((
            (f"COUNT({span})", values.size, "number"),
            (f"AVERAGE({span})", float(values.mean()), "money"),
            (f'COUNTIF({span},"<0")/COUNT({span})', float((values < 0.0).mean()), "share"),
        )):  # fmt: skip
            w.formula(sheet, HEADER + row, column, text, value, look="output", unit=unit)
        for j, part in enumerate(PERCENTILES):
            row = HEADER + 4 + j
            text = f"PERCENTILE({span},{cell(TOTAL, row)})"
            found = float(np.quantile(values, part))
            w.formula(sheet, row, column, text, found, look="output", unit="money")
        for j, value in enumerate(values):
            sheet.write_number(start + j, column, float(value), w.style.of("decision", "money"))
        chart.add_series(
            {"name": [SCENARIOS, head, column], "values": [SCENARIOS, start, column, last, column]}
        )
    chart.set_title(
        {"name": "Net present value of the programme in each future, sorted", "name_font": {"size": 11}}
    )
    chart.set_legend({"position": "bottom"} if len(w.futures) > 1 else {"none": True})
    chart.set_x_axis({"visible": False})
    chart.set_size({"width": 620, "height": 340})
    sheet.insert_chart(HEADER, FIRST + max(1, len(w.futures)), chart)


def _headline(w: Writer) -> list[tuple[str, str, str, object]]:
    """Title, unit, formula and value of each result of the headline."""
    model = w.model
    shown: list[tuple[str, str, str, object]] = [
        (named.title, named.unit, w.reference(named.rows), named.rows.values)
        for named in model.results.values()
        if not named.rows.timed and w.there(named.rows)
    ]
    found = model.findings.metrics
    if found.irr is not None and found.irr_unique:
        shown.append(("Rate of return", "per year", w.sheet_reference(RETURNS, CONSTANT, RATE), found.irr))
    if w.owners is not None and w.owners.equity_irr_tells:
        place = w.sheet_reference(RETURNS, CONSTANT, OWNERS_RATE)
        shown.append(("Rate of return of the owners", "per year", place, w.owners.equity_irr))
    return shown


def control(w: Writer) -> None:
    """Write the first sheet: what this is, the headline, the levers, and whether all checks hold."""
    sheet, model = w.at[CONTROL], w.model
    case, source = model.findings.case, model.findings.provenance
    sheet.hide_gridlines(2)
    sheet.set_column(TITLE, TITLE, 52)
    sheet.set_column(UNIT, UNIT, 22)
    sheet.set_column(CONSTANT, TOTAL, 18)
    sheet.set_column(FIRST - 1, FIRST + 6, 14)
    w.text(sheet, 0, TITLE, case.title, "title")
    w.text(
        sheet,
        1,
        TITLE,
        f"Financial model by capexpand {source.capexpand}; money in millions of {w.currency}.",
        "note",
    )
    facts = (
        ("Case", source.case_name),
        ("Variant", source.variant or "as declared"),
        ("As of", str(case.as_of)),
        ("Case hash", source.case_hash[:16]),
    )
    for i, (name, text) in enumerate(facts):
        w.text(sheet, 2 + i, TITLE, name)
        w.text(sheet, 2 + i, UNIT, text)
    row = 7
    w.text(sheet, row, TITLE, "Headline of the programme", "block")
    w.text(sheet, row, CONSTANT, "Now", "block")
    w.text(sheet, row, TOTAL, "As written", "block")
    for title, unit, text, value in _headline(w):
        row += 1
        w.text(sheet, row, TITLE, title)
        w.text(sheet, row, UNIT, w.style.unit(unit), "unit")
        w.formula(sheet, row, CONSTANT, text, value, look="output", unit=unit)
        sheet.write_number(row, TOTAL, float(np.asarray(value)), w.style.of("total", unit))
    row += 2
    total = w.sheet_reference(CHECKS, TOTAL + 1, w.layout.ends[CHECKS])
    broken = sum(abs(float(check.rows.values)) > check.tolerance for check in model.checks)
    w.text(sheet, row, TITLE, "Checks that do not hold (must read 0)", "strong_label")
    w.formula(sheet, row, CONSTANT, total, broken, look="output", unit="number")
    row += 2
    for look, text in (
        ("input", "An input: change it, and everything that follows from it moves"),
        ("decision", "A decision or another answer of the plan: a value"),
        ("calculation", "A calculation: one formula along its row"),
        ("output", "An output"),
    ):
        sheet.write_string(row, TITLE, text, w.style.of(look))
        row += 1
    notes = w.layout.ends[CONTROL] + 1
    for i, text in enumerate(NOTES):
        w.text(sheet, notes + i, TITLE, text, "note")
    for i, text in enumerate(model.findings.warnings):
        w.text(sheet, notes + len(NOTES) + 1 + i, TITLE, f"Warning: {text}", "note")
    w.print_setup(sheet, columns=False)
    sheet.activate()


NOTES = (
    "Decisions are those of the plan: they stay as they are when an input changes.",
    "To plan anew, run the variant that `capexpand import BOOK.xlsx` makes of the changed inputs.",
    "Flows fall in the middle of a quarter, the end value at the horizon's end.",
)


def origin(w: Writer) -> None:
    """Write the hidden sheet from which changed inputs are found again: place, unit and value of each."""
    sheet = w.at[ORIGIN]
    source = w.model.findings.provenance
    about = (
        "capexpand workbook",
        "1",
        str(w.model.findings.case.provenance.path),
        source.variant or "",
        source.case_hash,
    )
    for i, text in enumerate(about):
        sheet.write_string(0, i, printable(text))
    row = 1
    write: Callable[[int, int, str], object] = sheet.write_string
    for line in w.layout.sheets.lines.values():
        known = w.model.case_terms.inputs.cells.get((id(line.rows), line.index))
        if known is None:
            continue
        sheet_name = line.sheet if line.sheet in (INPUTS, BY_QUARTER, CONTROL) else ""
        for column, text in enumerate((sheet_name, known.place, known.written or known.unit, known.title)):
            write(row, column, printable(text))
        first = FIRST if line.rows.timed else CONSTANT
        sheet.write_number(row, 4, line.row)
        sheet.write_number(row, 5, first)
        for t, value in enumerate(np.atleast_1d(line.values)):
            sheet.write_number(row, 6 + t, float(value))
        row += 1
    sheet.hide()
