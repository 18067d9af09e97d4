"""Independent engines behind one interface: open a workbook, change cells, read results."""

import os
import re
import shutil
import subprocess
import tempfile
from datetime import date
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import ironcalc
import pytest
from formualizer import Workbook as Formualizer
from python_calamine import CalamineWorkbook
from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell


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


SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>
"""


class LibreOffice:
    """A program without an interface of its own: cells are changed in the file, and the file is converted.

    It is told to recalculate what it loads, and what was cached is taken out, so that no number is ours.
    """

    def __init__(self, path):
        self.path, self.put_values = Path(path), {}

    def put(self, sheet, row, column, value):
        self.put_values[sheet, xl_rowcol_to_cell(row, column)] = float(value)

    def calculate(self):
        with tempfile.TemporaryDirectory(prefix="capexpand-office-") as made:
            folder = Path(made)
            (folder / "profile/user").mkdir(parents=True)
            (folder / "profile/user/registrymodifications.xcu").write_text(RECALCULATE)
            self._write(folder / "book.xlsx")
            command = [
                OFFICE, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--norestore",
                "--convert-to", "xlsx", "--outdir", str(folder / "out"), str(folder / "book.xlsx"),
            ]  # fmt: skip
            environment = {**os.environ, "HOME": made}
            done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
            assert (folder / "out/book.xlsx").is_file(), done.stderr
            self.values = cached(folder / "out/book.xlsx")

    def _write(self, place):
        left = dict(self.put_values)
        with ZipFile(self.path) as old, ZipFile(place, "w") as new:
            names = sheet_names(old)
            for entry in old.infolist():
                data = old.read(entry)
                found = re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", entry.filename)
                if found:
                    data = self._with_values(data, names[int(found[1]) - 1], left)
                new.writestr(entry, data)
        assert not left

    def _with_values(self, data, sheet, left):
        tree = ElementTree.fromstring(data)
        for one in tree.iter(f"{SPACE}c"):
            value, formula = one.find(f"{SPACE}v"), one.find(f"{SPACE}f")
            at = (sheet, one.get("r"))
            if at in left:
                value.text = repr(left.pop(at))
            elif formula is not None and value is not None:
                one.remove(value)
        return ElementTree.tostring(tree, xml_declaration=True, encoding="UTF-8")

    def read(self, sheet, row, column):
        try:
            found = self.values[sheet][row][column]
        except IndexError:
            return ""
        return (found - date(1899, 12, 30)).days if isinstance(found, date) else found  # as it is counted


OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
ENGINES = {"formualizer": Formualize, "ironcalc": Ironcalc}
"""Those that every test takes."""

ENGINES_AND_OFFICE = {**ENGINES, "libreoffice": LibreOffice}
WITH_OFFICE = [
    *ENGINES,
    pytest.param(
        "libreoffice",
        marks=[
            pytest.mark.slow,
            pytest.mark.skipif(OFFICE is None, reason="needs LibreOffice (Debian: libreoffice-calc)"),
        ],
    ),
]
"""Names of engines for a test, LibreOffice where it is installed; it takes ten seconds for a workbook."""


def sheet_names(archive):
    """The sheets of a workbook in the order of their files."""
    tree = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    return [sheet.get("name") for sheet in tree.iter(f"{SPACE}sheet")]


def formulas(path):
    """Every formula by sheet, row and column from 0."""
    found = []
    with ZipFile(path) as archive:
        for i, name in enumerate(sheet_names(archive)):
            tree = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{i + 1}.xml"))
            for one in tree.iter(f"{SPACE}c"):
                formula = one.find(f"{SPACE}f")
                if formula is not None:
                    row, column = xl_cell_to_rowcol(one.get("r"))
                    found.append((name, row, column, formula.text, one.find(f"{SPACE}v")))
    return found
