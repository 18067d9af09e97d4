"""Options that many commands share, and how a command that shows a sheet ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from capexpand.reporting.sheet import Sheet

CaseFile = Annotated[Path, typer.Argument(help="A case file, or a folder that holds case.yaml.")]
PlannedCase = Annotated[str, typer.Argument(help="A run folder, a case, or CASE:VARIANT.")]
Variant = Annotated[str | None, typer.Option(help="Apply a variant of the case.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes.")]
On = Annotated[
    str | None, typer.Option(help="Work on a Ray cluster: ray or ray://HOST:PORT; else processes here.")
]
Shard = Annotated[
    str | None,
    typer.Option(help="Do one part only, as 3/40, and write its folder; `merge` joins the parts."),
]
Out = Annotated[Path | None, typer.Option(help="Folder of the run; none is written if not given.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
TimeUnit = Annotated[
    str | None, typer.Option(help="s or ms, of times in JSON lines; recognised if not given.")
]
BlockTokens = Annotated[
    int | None,
    typer.Option(
        min=1, max=10_000_000, help="Tokens in a block of a prefix in JSON lines; recognised if not given."
    ),
]


class Group(TyperGroup):
    """A group whose help says of each command in full what it does; by itself click cuts that short."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # pyrefly: ignore[missing-override-decorator]
        """Write what each command does."""
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                rows.append((name, " ".join((command.help or "").split("\n\n")[0].split())))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def show(sheet: Sheet, out: Path | None, *, as_json: bool, shard: bool = False) -> None:
    """Print a sheet, and where its run or its shard was written.

    Args:
        sheet: of the answer.
        out: folder that was written, if one was.
        as_json: whether as one JSON object.
        shard: whether the folder holds a part that ``merge`` is to join, without a page.
    """
    from capexpand.reporting.console import output
    from capexpand.reporting.sheet import REPORT
    from capexpand.reporting.terminal import print_path

    if as_json:
        print(sheet.json())
        return
    console = output()
    sheet.print(console)
    if out is not None:
        console.print()
        print_path("Shard" if shard else "Report", out if shard else out / REPORT, console)
