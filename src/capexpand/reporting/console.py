"""The one place where text enters a terminal: no markup counts, and control characters are shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from capexpand.wording import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def output(*, to_error: bool = False, width: int | None = None) -> Console:
    """Return the console to which a command prints: no markup, no emoji, no colours of its own.

    Texts are shown as they are, cells of tables too; control characters in them are written out.

    Args:
        to_error: whether it writes to standard error, where progress and messages go.
        width: of the lines where it is no terminal; the usual one if not given.
    """
    from rich.console import Console

    class Terminal(Console):
        """Takes every text as foreign."""

        def render_str(  # pyrefly: ignore[missing-override-decorator]  3.11 has none
            self, text: str, **options: Any
        ) -> Text:
            return super().render_str(printable(text), **options)

    console = Terminal(stderr=to_error, markup=False, emoji=False, highlight=False)
    if width is not None and not console.is_terminal:
        console.width = width
    return console


def plain(text: str, *, style: str = "") -> Text:
    """Return foreign text for a console: no markup in it counts, and nothing in it steers the terminal.

    Args:
        text: of any origin.
        style: such as bold.
    """
    from rich.text import Text

    return Text(printable(text), style=style)


def say(text: str, *, to_error: bool = False) -> None:
    """Print a line of text of any origin, without breaking it.

    Args:
        text: of one line or several.
        to_error: whether it goes to standard error.
    """
    print(printable(text), file=sys.stderr if to_error else sys.stdout)


def print_json(document: object, *, indent: int | None = 2) -> None:
    """Print a document as JSON, in which what is not finite is null.

    Args:
        document: of anything that the serialiser takes.
        indent: of lines; None for one line.
    """
    from capexpand.reporting.serial import json_text

    print(json_text(document, indent=indent))
