"""``capexpand traces``: what traces can be read, where each is had, and what a folder holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.reporting.console import output, print_json


def register(app: typer.Typer) -> None:
    """Add the command to the application.

    Args:
        app: the application.
    """
    app.command("traces")(traces)


def traces(
    folder: Annotated[Path | None, typer.Argument(help="Describe the traces below this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """List the formats of trace, or describe the traces below a folder. Nothing is downloaded."""
    if folder is None:
        _list_formats(as_json=as_json)
    else:
        _describe_folder(folder, as_json=as_json)


def _list_formats(*, as_json: bool) -> None:
    from rich.table import Table

    from capexpand.replay.sources.catalogue import FORMATS

    if as_json:
        fields = ("name", "kind", "contents", "origin", "licence")
        listed = [{field: getattr(entry, field) for field in fields} for entry in FORMATS]
        print_json({"formats": listed}, indent=None)
        return
    table = Table(title="Traces that can be read", show_lines=True)
    for heading in ("format", "kind", "contents", "where it is had", "licence"):
        table.add_column(heading)
    for entry in FORMATS:
        table.add_row(entry.name, entry.kind, entry.contents, entry.origin, entry.licence)
    console = output()
    console.print(table)
    console.print("ServeGen's statistics are a generator: see capexpand replay --servegen MODEL.")


def _describe_folder(folder: Path, *, as_json: bool) -> None:
    from rich.table import Table

    from capexpand.errors import CaseError
    from capexpand.replay.sources.catalogue import find_traces
    from capexpand.replay.traces import JobTrace

    rows = []
    for path, entry in find_traces(folder):
        row: dict[str, str | int | float] = {"file": str(path.relative_to(folder)), "format": entry.name}
        try:
            trace = entry.reader(path, leave_out_bad=True)
        except CaseError as error:
            row["problem"] = str(error.problems[0].message)
        else:
            row |= {"kind": entry.kind, "rows": len(trace), "hours": round(trace.span_s / 3600, 2)}
            if isinstance(trace, JobTrace):
                row["accelerator_hours"] = round(trace.accelerator_seconds / 3600, 1)
            else:
                row["prompt_tokens"] = round(float(trace.prompt_tokens.mean()), 1)
                row["output_tokens"] = round(float(trace.output_tokens.mean()), 1)
            if trace.exclusions.total:
                row["left_out"] = trace.exclusions.in_words()
        rows.append(row)
    if as_json:
        print_json({"traces": rows}, indent=None)
        return
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
