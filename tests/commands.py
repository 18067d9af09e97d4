"""The command line called within the process of the tests, which has everything imported already."""

import contextlib
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from capexpand.cli.main import main


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
