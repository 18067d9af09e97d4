"""The command ``capexpand``: registers the commands and turns errors into messages and exit codes."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated

import typer

from capexpand.errors import CapexpandError

COMMANDS = ("run", "check", "scenarios", "new", "schema", "chips", "tokens", "solve")
"""Modules of this package, in the order in which the help lists their commands."""


def build_app() -> typer.Typer:
    """Return the application with every command; the modules import heavy things only when they run."""
    app = typer.Typer(
        name="capexpand",
        help="Plan AI and cloud infrastructure build-outs: what the money buys, when, and whether it pays.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def start(
        *,
        version: Annotated[
            bool,
            typer.Option(
                "--version", callback=_show_version, is_eager=True, help="Print the version and stop."
            ),
        ] = False,
    ) -> None:
        del version  # its callback has done the work

    for name in COMMANDS:
        import_module(f"capexpand.cli.{name}").register(app)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"capexpand {version('capexpand')}")
        raise typer.Exit


def main() -> None:
    """Run the command line; a user's mistake ends with a message and the error's exit code."""
    try:
        build_app()()
    except CapexpandError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
