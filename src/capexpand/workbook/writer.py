"""Writes the lines of a financial model into the sheets of a workbook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

import numpy as np

from capexpand.finance.debt_metrics import financing_result
from capexpand.finance.rows import Rows
from capexpand.model.data import Floats
from capexpand.wording import printable
from capexpand.workbook.financial_model import FinancialModel
from capexpand.workbook.formulas import (
    BEFORE,
    CONSTANT,
    FIRST,
    TITLE,
    TOTAL,
    UNIT,
    Line,
    cell,
    column_name,
    quoted,
)
from capexpand.workbook.layout import (
    BY_QUARTER,
    CHECKS,
    CONTROL,
    DEBT,
    EVIDENCE,
    HEADER,
    INPUTS,
    LINE_SHEETS,
    ORIGIN,
    OUTPUTS,
    RETURNS,
    SCENARIOS,
    SHADOW,
    TIME,
    Layout,
)
from capexpand.workbook.style import Style

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

TITLE_WIDTH = 52
"""Of the column of titles [letters]; it is wider where a title is longer."""

STATEMENT_LINES = (
    "revenue", "operating_cost", "ebitda", "depreciation", "ebita", "tax", "capital_payments",
    "free_cash_flow",
)  # fmt: skip
"""Lines of the programme shown by year."""


class Writer:
    """Writes each sheet in turn.

    Args:
        book: to be written.
        model: its lines.
        layout: where they stand.
        futures: net present values [scenario] by what is followed through them.
        evidence: whether there is a sheet of it.
    """

    def __init__(
        self,
        book: Workbook,
        model: FinancialModel,
        layout: Layout,
        futures: Mapping[str, Floats],
        *,
        evidence: bool = False,
    ) -> None:
        self.futures = futures
        self.book, self.model, self.layout = book, model, layout
        self.currency = model.data.currency
        self.style = Style(book, self.currency)
        self.quarters = model.data.times.count
        self.last = FIRST + self.quarters - 1
        self.time_rows: dict[str, int] = {}
        self.owners = None if model.debt is None else financing_result(model.findings.result)
        self.line_sheets = [name for name in LINE_SHEETS if name != DEBT or model.debt is not None]
        names = (
            CONTROL, OUTPUTS, *self.line_sheets, RETURNS, SHADOW,
            *((SCENARIOS,) if self.futures else ()), *((EVIDENCE,) if evidence else ()), CHECKS, ORIGIN,
        )  # fmt: skip
        self.at: dict[str, Worksheet] = {name: book.add_worksheet(name) for name in names}
        tabs = {
            CONTROL: "#1F3A5F",
            OUTPUTS: "#4C8C4A",
            INPUTS: "#E0B83C",
            BY_QUARTER: "#E0B83C",
            CHECKS: "#B33A3A",
        }
        for name, colour in tabs.items():
            self.at[name].set_tab_color(colour)

    def write_lines(self) -> None:
        """Write the sheets that hold lines, and the levers."""
        case = self.model.findings.case
        day = datetime.combine(case.as_of, time(), UTC).replace(tzinfo=None)
        self.book.set_properties(
            {"title": printable(case.title), "comments": "Written by capexpand", "created": day}
        )
        self.book.set_calc_mode("auto")
        self._place_time()
        for name in self.line_sheets:
            self._line_sheet(name)
        self._time()
        self.blocks(CONTROL)

    # lines

    def reference(self, rows: Rows, t: int = -1, sheet: str = "") -> str:
        """Return the reference to a line without axes."""
        return self.layout.sheets.reference(rows, (), t, sheet)

    def there(self, rows: Rows) -> bool:
        """Return whether a line without axes stands in the workbook."""
        return (self.layout.sheets.signature(rows), ()) in self.layout.sheets.lines

    def text(self, sheet: Worksheet, row: int, column: int, text: str, look: str = "label") -> None:
        """Write a text as a text, whatever it begins with."""
        sheet.write_string(row, column, printable(text), self.style.of(look))

    def formula(
        self, sheet: Worksheet, row: int, column: int, text: str, value: object, *, look: str = "calculation",
        unit: str = "",
    ) -> None:  # fmt: skip
        """Write a formula with the value that it has."""
        number = value.item() if isinstance(value, np.generic | np.ndarray) else value
        sheet.write_formula(row, column, f"={text}", self.style.of(look, unit), number)

    def _line_sheet(self, name: str) -> None:
        sheet = self.at[name]
        timed = name != INPUTS
        self.heading(name, LINE_SHEETS[name], timed=timed)
        if name in (INPUTS, BY_QUARTER):
            self.text(sheet, HEADER - 1, TOTAL, "Place in the case", "head_origin")
            self.text(sheet, HEADER - 1, BEFORE, "Date", "head_origin")
            if name == INPUTS:
                self.text(sheet, HEADER - 2, FIRST, "", "head_origin")
                self.text(sheet, HEADER - 1, FIRST, "Source or reason", "head_origin")
                sheet.set_column(TOTAL, TOTAL, 44, self.style.of("unit"))
                sheet.set_column(BEFORE, BEFORE, 12)
                sheet.set_column(FIRST, FIRST, 64)
        if not self.layout.blocks[name]:
            self.text(sheet, HEADER, TITLE, "Nothing: every line of it is zero.", "note")
        longest = max(
            (len(line.title) for *_, lines in self.layout.blocks[name] for line in lines), default=0
        )
        sheet.set_column(TITLE, TITLE, min(max(TITLE_WIDTH, 0.9 * longest), 80))
        self.blocks(name)

    def heading(self, name: str, note: str, *, timed: bool = True, first: int = FIRST) -> None:
        """Write the title and the head of a sheet, freeze it, and set up its print."""
        sheet, of = self.at[name], self.style.of
        self.text(sheet, 0, TITLE, name, "title")
        self.text(sheet, 1, TITLE, f"{note.rstrip('.')}. Money in millions of {self.currency}.", "note")
        sheet.set_column(TITLE, TITLE, TITLE_WIDTH)
        sheet.set_column(UNIT, UNIT, 17)
        sheet.set_column(CONSTANT, TOTAL, 15)
        sheet.set_column(BEFORE, BEFORE, 12)
        sheet.hide_gridlines(2)
        for column, word in (
            (TITLE, ""),
            (UNIT, "Unit"),
            (CONSTANT, "Value"),
            (TOTAL, "Total"),
            (BEFORE, "Before"),
        ):
            sheet.write_string(HEADER - 1, column, word, of("head_left" if column < 2 else "head"))
            sheet.write_string(HEADER - 2, column, "", of("head_left"))
        if timed:
            sheet.set_column(first, first + self.quarters - 1, 12.5)
            for t in range(self.quarters):
                column, source = first + t, column_name(FIRST + t)
                label, start = (f"{TIME}!{source}${self.time_rows[key] + 1}" for key in ("label", "start"))
                m = self.model.data.times
                self.formula(sheet, HEADER - 2, column, label, m.labels[t], look="head")
                self.formula(sheet, HEADER - 1, column, start, _serial(m.starts[t]), look="head", unit="date")
        sheet.freeze_panes(HEADER, UNIT if timed else TITLE)
        if timed:
            sheet.freeze_panes(HEADER, FIRST)
        self.print_setup(sheet, columns=timed)

    def print_setup(self, sheet: Worksheet, *, columns: bool = True) -> None:
        """Landscape A3, one page wide, heads repeated."""
        sheet.set_landscape()
        sheet.set_paper(8 if columns else 9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0, HEADER - 1)
        sheet.set_footer("&L&A&RPage &P of &N")
        sheet.set_margins(0.4, 0.4, 0.5, 0.6)

    def blocks(self, name: str) -> None:
        """Write the lines of a sheet under the headings of their blocks."""
        sheet, of = self.at[name], self.style.of
        for title, heading, lines in self.layout.blocks[name]:
            for column in range(FIRST if name in (INPUTS, CONTROL) else self.last + 1):
                sheet.write_blank(heading, column, None, of("block"))
            sheet.write_string(heading, TITLE, title, of("block"))
            for line in lines:
                self._line(name, line)

    def _line(self, name: str, line: Line) -> None:
        if line.rows.operator == "given":
            self._given(name, line)
            return
        sheet, unit = self.at[name], line.label.unit
        parts = self.layout.sheets.parts(line)
        for i, part in enumerate(parts):
            row, own = line.row + i, i == len(parts) - 1
            strong = (own and len(parts) > 1) or line.label.key in STATEMENT_LINES or line.label.key == "npv"
            self.text(sheet, row, TITLE, part.title, "strong_label" if strong else "label")
            self.text(sheet, row, UNIT, self.style.unit(unit), "unit")
            look = "strong" if strong else "calculation"
            if not line.rows.timed:
                self.formula(sheet, row, CONSTANT, part.formulas[0], part.values, look=look, unit=unit)
                continue
            for t, text in enumerate(part.formulas):
                self.formula(sheet, row, FIRST + t, text, part.values[t], look=look, unit=unit)
            if part.before:
                self.formula(sheet, row, BEFORE, part.before, part.stood, look=look, unit=unit)
            if part.total:
                span = f"SUM({cell(FIRST, row)}:{cell(self.last, row)})"
                self.formula(sheet, row, TOTAL, span, part.values.sum(), look="total", unit=unit)

    def _given(self, name: str, line: Line) -> None:
        """An input, a decision or the timeline itself."""
        sheet = self.at[name]
        if line.rows is self.model.clock.number:
            self._numbers(sheet, line)
            return
        if line.rows is self.model.clock.count:
            self.text(sheet, line.row, TITLE, line.title)
            span = f"COUNT({self.layout.sheets.range_of(self.model.clock.number, (), name)})"
            self.formula(sheet, line.row, CONSTANT, span, self.quarters, unit="number")
            return
        known = self.model.case_terms.inputs.cells.get((id(line.rows), line.index))
        unit = known.unit if known is not None else line.label.unit
        look = "input" if known is not None else "decision"
        self.text(sheet, line.row, TITLE, line.title)
        self.text(sheet, line.row, UNIT, self.style.unit(unit), "unit")
        numbers = np.atleast_1d(line.values)
        first = FIRST if line.rows.timed else CONSTANT
        for t, number in enumerate(numbers):
            sheet.write_number(line.row, first + t, float(number), self.style.of(look, unit))
        if known is None:
            return
        sheet.write_comment(line.row, first, printable(known.comment), {"x_scale": 2.5, "y_scale": 1.3})
        if name in (INPUTS, BY_QUARTER):
            self.text(sheet, line.row, TOTAL, known.place, "origin")
            self.text(sheet, line.row, BEFORE, known.dated, "origin")
        if name == INPUTS:
            self.text(sheet, line.row, FIRST, known.source or known.reason, "origin")
        if unit == "share":
            limits = {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 10}
            sheet.data_validation(line.row, first, line.row, first + numbers.size - 1, {
                **limits, "error_title": "A share", "error_message": "Write a share such as 25% or 0.25.",
            })  # fmt: skip

    def _numbers(self, sheet: Worksheet, line: Line) -> None:
        self.text(sheet, line.row, TITLE, line.title)
        for t in range(self.quarters):
            self.formula(
                sheet, line.row, FIRST + t, f"{cell(FIRST + t - 1, line.row)}+1", t + 1, unit="number"
            )

    # the timeline

    def _place_time(self) -> None:
        row = self.layout.ends[TIME]
        for key in ("start_input", "months", "two", "window_first", "window_last", "start", "end", "year",
                    "label",
                    "window", "half"):  # fmt: skip
            self.time_rows[key] = row = row + 1

    def _time(self) -> None:
        sheet, rows, m = self.at[TIME], self.time_rows, self.model.data.times
        self.text(sheet, rows["start_input"] - 1, TITLE, "Dates", "block")
        singles: tuple[tuple[str, str, float, str], ...] = (
            ("start_input", "First day", _serial(m.starts[0]), "date"),
            ("months", "Months in a quarter", 3.0, "number"),
            ("two", "Half quarters in a quarter", 2.0, "number"),
            ("window_first", "First quarter of the programme's window", float(m.window[0] + 1), "number"),
            ("window_last", "Last quarter of the programme's window", float(m.window[1]), "number"),
        )
        for key, title, value, unit in singles:
            self.text(sheet, rows[key], TITLE, title)
            sheet.write_number(rows[key], CONSTANT, value, self.style.of("input", unit))
        fixed = {key: cell(CONSTANT, rows[key], fixed=True) for key, *_ in singles}
        for key, title in (
            ("start", "First day of the quarter"), ("end", "Last day of the quarter"), ("year", "Year"),
            ("label", "Quarter by name"), ("window", "Within the programme's window"),
            ("half", "Number of its first half quarter"),
        ):  # fmt: skip
            self.text(sheet, rows[key], TITLE, title)
        for t in range(self.quarters):
            column, day, months = FIRST + t, fixed["start_input"], fixed["months"]
            number = self.reference(self.model.clock.number, t, TIME)
            late = f"IF({number}>{fixed['window_last']},0,1)"
            start, end = cell(column, rows["start"]), cell(column, rows["end"])
            inside = int(m.window[0] <= t < m.window[1])
            texts: tuple[tuple[str, str, object, str], ...] = (
                ("start", f"EDATE({day},({number}-1)*{months})", _serial(m.starts[t]), "date"),
                ("end", f"EDATE({day},{number}*{months})-1", _serial(m.ends[t]), "date"),
                ("year", f"YEAR({start})", m.starts[t].year, "number"),
                ("label", f'YEAR({start})&"Q"&ROUNDUP(MONTH({end})/{months},0)', m.labels[t], ""),
                ("window", f"IF({number}<{fixed['window_first']},0,{late})", inside, "flag"),
                ("half", f"{number}*{fixed['two']}-1", 2 * t + 1, "number"),
            )  # fmt: skip
            for key, text, value, unit in texts:
                self.formula(sheet, rows[key], column, text, value, unit=unit)

    def time_range(self, key: str) -> str:
        """Return the reference to a row of the timeline."""
        row = self.time_rows[key]
        return f"{TIME}!{cell(FIRST, row, fixed=True)}:{cell(self.last, row, fixed=True)}"

    def row_range(self, rows: Rows) -> str:
        """Return the reference to all quarters of a line without axes, from another sheet."""
        return self.layout.sheets.range_of(rows, ())

    def sheet_reference(self, name: str, column: int, row: int) -> str:
        """Return the reference to a cell of another sheet."""
        return f"{quoted(name)}!{cell(column, row, fixed=True)}"


def _serial(day: Any) -> float:
    """A day as a spreadsheet counts it."""
    return float((day - datetime(1899, 12, 30, tzinfo=UTC).date()).days)
