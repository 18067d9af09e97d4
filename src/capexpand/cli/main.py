"""The command ``capexpand``: registers the commands and turns errors into messages and exit codes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from inspect import cleandoc
from typing import Annotated, Any, NoReturn

import typer

from capexpand.cli.options import Group
from capexpand.cli.streams import clean_output
from capexpand.errors import CapexpandError, SolverError
from capexpand.wording import printable

COMMANDS = (
    "run",
    "breakeven",
    "sweep",
    "study",
    "simulate",
    "merge",
    "compare",
    "diff",
    "why",
    "why_not",
    "roll",
    "history",
    "frontier",
    "evidence",
    "backtest",
    "forecast",
    "scenarios",
    "check",
    "new",
    "import",
    "schema",
    "claims",
    "chips",
    "tokens",
    "calibrate",
    "train",
    "replay",
    "size",
    "traces",
    "reproduce",
    "solve",
    "serve",
    "users",
)
"""Modules of this package, in the order in which the help lists their commands."""

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


class _InOrder(Group):
    """Lists the commands as ``COMMANDS`` does; by itself typer puts groups of commands last."""

    def list_commands(self, ctx: Any) -> list[str]:  # pyrefly: ignore[missing-override-decorator]  3.11 has none
        return sorted(
            super().list_commands(ctx),
            key=lambda name: COMMANDS.index(name.replace("-", "_")),
        )


def build_app(names: Sequence[str] = COMMANDS, *, overview: bool = False) -> typer.Typer:
    """Return the application; the modules import heavy things only when they run.

    Args:
        names: of the modules of the commands that it has.
        overview: whether its commands only say what they do, which is all that the list of them needs:
            reading the options of all of them takes longer than everything else.
    """
    app = typer.Typer(
        name="capexpand",
        cls=_InOrder,
        help="Plan AI and cloud infrastructure build-outs: what the money buys, when, and whether it pays.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # importing its frames takes 0.2 s, for every help and every mistake
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

    for name in names:
        module = import_module(f"capexpand.cli.{name}")
        if hasattr(module, "register"):  # a group, or a name that Python keeps for itself
            module.register(app)
        else:
            command = getattr(module, name)
            said = cleandoc(command.__doc__)
            app.command(name.replace("_", "-"), help=said)((lambda: None) if overview else command)
    return app


def _app_for(arguments: Sequence[str]) -> typer.Typer:
    """Return the application with the command that is called alone, or else with the list of all."""
    name = arguments[0].replace("-", "_") if arguments else ""
    return build_app((name,)) if name in COMMANDS else build_app(overview=True)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"capexpand {version('capexpand')}")
        raise typer.Exit


def main() -> None:
    """Run the command line; a user's mistake ends with a message and the error's exit code."""
    try:
        with clean_output():
            code = _exit_code()
    except KeyboardInterrupt:
        _interrupted()
    sys.exit(code)


def _exit_code() -> int:
    """Run the command that was called; what cannot be printed ends with a message, too."""
    try:
        code = _run()
        sys.stdout.flush()  # here, since the interpreter would complain in its own words
    except BrokenPipeError:  # the reader has seen enough
        _discard_output()
        return 0
    except OSError as error:
        _discard_output()
        what = "the output cannot be written" if error.filename is None else str(error.filename)
        typer.echo(printable(f"{what}: {error.strerror or error}"), err=True)
        return CapexpandError.exit_code
    if code == INTERRUPTED:
        _interrupted()
    return code


def _run() -> int:
    ours = sys.stdout
    try:
        _app_for(sys.argv[1:])()
    except CapexpandError as error:
        typer.echo(printable(str(error)), err=True)
        return error.exit_code
    except MemoryError:
        typer.echo("there is not enough memory; take fewer scenarios, workers or quarters", err=True)
        return SolverError.exit_code
    except RecursionError:
        typer.echo("an input is nested too deeply", err=True)
        return CapexpandError.exit_code
    except SystemExit as ended:
        if ended.code == 1 and sys.stdout is not ours:  # so typer says that nobody reads any more
            raise BrokenPipeError from None
        if ended.code == 1:  # a question that was not answered
            return CapexpandError.exit_code
        return ended.code if isinstance(ended.code, int) else 2 * int(ended.code is not None)
    return 0


def _discard_output() -> None:
    """Send what is still to be printed nowhere, so that nothing more is said about it at the end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # not a real file, as where another program reads it
        sys.stdout = io.StringIO()


def _interrupted() -> NoReturn:
    """End at once: a solver at work in another thread would go on until its time is up."""
    typer.echo("interrupted", err=True)
    sys.stderr.flush()
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
