"""``import``: a workbook becomes a case, and what was changed in the workbook of a run a variant."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from capexpand.files.json_text import JsonObject


def import_workbook(book: Path | str, folder: Path | str) -> Path:
    """Turn a workbook into a case: an input workbook into its YAML, the changes in a run's into a variant.

    Args:
        book: an .xlsx file: one that ``new`` wrote with ``excel``, or the workbook of a run.
        folder: where the case goes; it is made if need be.

    Returns:
        The case file. Of a run's workbook it extends the case that was planned and has one variant,
        ``workbook``, with every input that was changed.

    Raises:
        CaseError: the workbook is wrong; every mistake is named by sheet and cell.
        RunError: a case stands there already, or nothing can be written there.
    """
    from capexpand.case.loading import load_case
    from capexpand.case.plain_document import merged_document
    from capexpand.files.workbooks import read_cells
    from capexpand.workbook.changes import is_run

    file, place = Path(book), Path(folder)
    cells = read_cells(file)
    if not is_run(cells):
        load_case(file)  # what is wrong is named by sheet and cell
        return write_case(place, merged_document(file, place))
    return write_case(place, _variant(file, place, cells))


def _variant(file: Path, folder: Path, cells: Any) -> JsonObject:
    from capexpand.case.loading import load_case
    from capexpand.case.plain_document import file_in
    from capexpand.case.shipped import case_place
    from capexpand.errors import CaseError, Problem
    from capexpand.files.reading import is_folder
    from capexpand.workbook.changes import read_changes

    about = cells["Origin"][0]
    named = case_place(str(about[2]))
    origin = file_in(named) if is_folder(named) else named
    if not origin.is_file():
        raise CaseError([Problem(f"was made of the case {about[2]}, which is not there any more", file=file)])
    case = load_case(origin, str(about[3]) or None)
    found = read_changes(file, cells, start=case.calendar.start, quarters=case.calendar.quarters)
    if not found.settings:
        raise CaseError([Problem("has no input that was changed, so there is no variant to make", file=file)])
    before = dict(case.variants[found.variant].set) if found.variant is not None else {}
    title = f"Inputs changed in {file.name}"
    return {
        "extends": os.path.relpath(origin.absolute(), folder.absolute()),
        "variants": {"workbook": {"title": title, "set": {**before, **found.settings}}},
    }


def write_case(folder: Path, document: JsonObject) -> Path:
    """Write a case into a folder, which is made if need be.

    Raises:
        RunError: a case stands there already, or nothing can be written there.
    """
    from capexpand.api.starting import place_for
    from capexpand.case.plain_document import yaml_text
    from capexpand.files import write_file

    file = place_for(folder, "case.yaml")
    write_file(file, yaml_text(document), ours=lambda _: False)
    return file
