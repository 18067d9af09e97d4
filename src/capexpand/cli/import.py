# ruff: noqa: N999 - the command is called import
"""``capexpand import``: turns a workbook into a case, or the changes in a run's workbook into a variant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.cli.options import AsJson


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("import")(import_workbook)


def import_workbook(
    book: Annotated[Path, typer.Argument(help="A workbook: an input workbook, or that of a run.")],
    folder: Annotated[Path, typer.Argument(help="Folder of the case; it must not hold one yet.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Turn a workbook into a case, or what was changed in the workbook of a run into a variant."""
    from capexpand.api.workbooks import import_workbook as read
    from capexpand.case.document import read_document
    from capexpand.reporting.console import print_json, say

    file = read(book, folder)
    varied = "extends" in (read_document(file).mapping or {})
    if as_json:
        print_json({"case": str(file), "variant": "workbook" if varied else None})
        return
    then = f"capexpand run {folder} --variant workbook" if varied else f"capexpand check {folder}"
    say(f"wrote {file}\nnext: {then}")
