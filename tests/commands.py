"""The command line called within the process of the tests, which has everything imported already."""

import contextlib
import functools
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from typer.testing import CliRunner, Result

from capexpand.cli.main import build_app, main
from capexpand.errors import CapexpandError

_app = functools.cache(build_app)


@dataclass(frozen=True)
class Done:
    """How a command ended, named as a finished process names it."""

    returncode: int
    stdout: str
    stderr: str


def capexpand(*arguments: object, folder: Path | None = None) -> Done:
    """Call a command, in a folder where one is given."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    code = 0
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(folder or Path.cwd()))
        stack.enter_context(mock.patch.object(sys, "argv", ["capexpand", *map(str, arguments)]))
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    out.flush()
    err.flush()
    return Done(code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode())


def invoke(*arguments: object, columns: int | None = None, typed: str | None = None) -> Result:
    """Call a command whose mistakes are kept as exceptions, in a terminal of so many columns."""
    terminal = {} if columns is None else {"COLUMNS": str(columns), "TERM": "dumb"}
    return CliRunner(env=terminal).invoke(_app(), [*map(str, arguments)], input=typed)


def printed(*arguments: object, columns: int | None = None) -> str:
    """Return what a command writes to standard output, or raise what is wrong."""
    result = invoke(*arguments, columns=columns)
    if isinstance(result.exception, CapexpandError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def answered(*arguments: object) -> Any:
    """Return what a command prints with ``--json``."""
    return json.loads(printed(*arguments, "--json"))
