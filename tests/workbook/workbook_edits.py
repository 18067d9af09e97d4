"""Workbooks changed as a planner changes them: cells of an input workbook, inputs of a run's."""

import ironcalc
from workbook_engines import cached
from xlsxwriter import Workbook


def edited(path, changes):
    """A copy of an input workbook with cells changed by field: column → value."""
    sheets = {name: [list(row) for row in rows] for name, rows in cached(path).items()}
    for (sheet, field, column), value in changes.items():
        row = next(row for row in sheets[sheet] if row[0] == field)
        row["FVUA".index(column)] = value
    copy = path.with_name("edited.xlsx")
    with Workbook(copy, {"strings_to_formulas": False}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, value in enumerate(row):
                    if value != "":
                        sheet.write(i, j, value)
    return copy


def change(path, out, changes):
    """A run's workbook with inputs changed and recalculated by a spreadsheet engine."""
    model = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
    sheets = {sheet["name"] if isinstance(sheet, dict) else sheet.name: i
              for i, sheet in enumerate(model.get_worksheets_properties())}  # fmt: skip
    for (sheet, row, column), value in changes.items():
        if isinstance(value, str):
            model.update_cell_with_text(sheets[sheet], row + 1, column + 1, value)
        else:
            model.update_cell_with_number(sheets[sheet], row + 1, column + 1, value)
    model.evaluate()
    model.save_to_xlsx(str(out))
    return out


def places(path):
    return {line[1]: (line[0], int(line[4]), int(line[5])) for line in cached(path)["Origin"][1:] if line[1]}
