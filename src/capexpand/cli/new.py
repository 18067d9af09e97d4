"""``capexpand new``: writes a commented starter case that loads and runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.reporting.console import say


def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make; it must not hold a case yet.")],
    *,
    like: Annotated[
        str | None, typer.Option(help="Start from a case, with its variants, in place of the starter.")
    ] = None,
    excel: Annotated[
        bool, typer.Option("--excel", help="Write an input workbook, case.xlsx, in place of case.yaml.")
    ] = False,
) -> None:
    """Write a commented starter case that runs."""
    from capexpand.api.starting import new as write_starter

    file = write_starter(folder, like=like, excel=excel)
    say(f"wrote {file}\nnext: capexpand check {folder}")
