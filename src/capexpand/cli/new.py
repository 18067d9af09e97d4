"""``capexpand new``: writes a commented starter case that loads and runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capexpand.reporting.console import say


def register(app: typer.Typer) -> None:
    """Add the command to an application."""

    @app.command("new")
    def new(
        folder: Annotated[Path, typer.Argument(help="Folder to make; it must not hold a case yet.")],
    ) -> None:
        """Write a commented starter case that runs."""
        from capexpand.api.starting import new as write_starter

        file = write_starter(folder)
        say(f"wrote {file}\nnext: capexpand check {folder}")
