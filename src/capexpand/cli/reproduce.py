"""``capexpand reproduce``: the published experiments that stand beside the package."""

from __future__ import annotations

from importlib.util import find_spec

import typer

from capexpand.cli.options import Group


def register(app: typer.Typer) -> None:
    """Add the command group to the application, where the experiments are installed."""
    if find_spec("capexpand_reproductions") is None:
        return
    from capexpand_reproductions.commands import fgd, mooncake, vllm

    group = typer.Typer(cls=Group, help="Run published experiments again.", no_args_is_help=True)
    for command in (fgd, vllm, mooncake):
        group.command()(command)
    app.add_typer(group, name="reproduce")
