"""Two independent engines behind one interface: open a workbook, change cells, read results."""

import ironcalc
from formualizer import Workbook as Formualizer
from python_calamine import CalamineWorkbook
from xlsxwriter.utility import xl_cell_to_rowcol


def cached(path):
    """Every cell by sheet and position from 0, as it was written."""
    book = CalamineWorkbook.from_path(str(path))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


class Ironcalc:
    def __init__(self, path):
        self.model = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
        self.sheets = {sheet["name"] if isinstance(sheet, dict) else sheet.name: i
                       for i, sheet in enumerate(self.model.get_worksheets_properties())}  # fmt: skip

    def put(self, sheet, row, column, value):
        self.model.update_cell_with_number(self.sheets[sheet], row + 1, column + 1, float(value))

    def calculate(self):
        self.model.evaluate()

    def read(self, sheet, row, column):
        return self.model.get_cell_value(self.sheets[sheet], row + 1, column + 1)


class Formualize:
    def __init__(self, path):
        self.book = Formualizer.from_path(str(path))

    def put(self, sheet, row, column, value):
        self.book.set_value(sheet, row + 1, column + 1, float(value))

    def calculate(self):
        self.book.evaluate_all()

    def read(self, sheet, row, column):
        return self.book.get_value(sheet, row + 1, column + 1)  # evaluate_all has been called


ENGINES = {"formualizer": Formualize, "ironcalc": Ironcalc}


def formulas(path):
    """Every formula by sheet, row and column from 0."""
    import re
    from xml.etree import ElementTree
    from zipfile import ZipFile

    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    found = []
    with ZipFile(path) as archive:
        names = [
            sheet.get("name")
            for sheet in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{space}sheet")
        ]
        for i, name in enumerate(names):
            tree = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{i + 1}.xml"))
            for one in tree.iter(f"{space}c"):
                formula = one.find(f"{space}f")
                if formula is not None:
                    row, column = xl_cell_to_rowcol(re.sub(r"\$", "", one.get("r")))
                    found.append((name, row, column, formula.text, one.find(f"{space}v")))
    return found
