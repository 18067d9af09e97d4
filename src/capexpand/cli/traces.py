"""``capexpand traces``: what traces can be read, where each is had, and what a folder holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from capexpand.cli.options import AsJson
from capexpand.reporting.console import output, print_json


def traces(
    folder: Annotated[Path | None, typer.Argument(help="Describe the traces below this folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the formats of trace, or describe the traces below a folder. Nothing is downloaded."""
    from capexpand.api.replaying import traces as find

    found = find(folder).document
    if as_json:
        print_json(found, indent=None)
    elif folder is None:
        _print_formats(found["formats"])
    else:
        _print_traces(folder, found["traces"])


def _print_formats(formats: Sequence[Mapping[str, Any]]) -> None:
    from rich.table import Table

    table = Table(title="Traces that can be read", show_lines=True)
    for heading in ("format", "kind", "contents", "where it is had", "licence"):
        table.add_column(heading)
    for entry in formats:
        table.add_row(*entry.values())
    console = output()
    console.print(table)
    console.print("ServeGen's statistics are a generator: see capexpand replay --servegen MODEL.")


def _print_traces(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    from rich.table import Table

    table = Table(title=f"Traces below {folder}")
    for heading in ("file", "format", "rows", "hours", "notes"):
        table.add_column(heading, justify="right" if heading in ("rows", "hours") else "left")
    for row in rows:
        notes = [
            f"{name.replace('_', ' ')}: {row[name]}"
            for name in ("accelerator_hours", "prompt_tokens", "output_tokens", "left_out", "problem")
            if name in row
        ]
        cells = (*(str(row.get(name, "")) for name in ("file", "format", "rows", "hours")), "; ".join(notes))
        table.add_row(*cells)
    output().print(table)
