"""How the commands that question a plan end: the sheet as JSON or in the terminal, and where the page is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capexpand.reporting.sheet import Sheet


def show(sheet: Sheet, out: Path | None, *, as_json: bool) -> None:
    """Print a sheet.

    Args:
        sheet: of the answer.
        out: where the run was written, if it was.
        as_json: whether as one JSON object.
    """
    from capexpand.reporting.console import output
    from capexpand.reporting.terminal import print_path

    if as_json:
        print(sheet.json())
        return
    console = output()
    sheet.print(console)
    if out is not None:
        console.print()
        print_path("Report", out / "report.html", console)
