"""``capexpand new``: writes a commented starter case that loads and runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to an application."""

    @app.command("new")
    def new(
        folder: Annotated[Path, typer.Argument(help="Folder to make; it must not hold a case yet.")],
    ) -> None:
        """Write a commented starter case that runs."""
        file = write_starter(folder)
        typer.echo(f"wrote {file}\nnext: capexpand check {folder}")


def write_starter(folder: Path) -> Path:
    """Write the starter case into a folder, which is made if need be.

    Args:
        folder: where the case goes.

    Returns:
        The case file.

    Raises:
        RunError: a case stands there already, or nothing can be written there.
    """
    from importlib.resources import files

    from capexpand.errors import RunError

    text = files("capexpand.case").joinpath("starter.yaml").read_text(encoding="utf-8")
    file = folder / "case.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        place = file if folder.is_dir() else folder
        raise RunError(f"{place} exists already; nothing was written") from None
    except OSError as error:
        raise RunError(f"cannot write {file}: {error.strerror}") from None
    return file
