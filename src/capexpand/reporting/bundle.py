"""The JavaScript that draws charts, as one text to put into a page; kept in the user's cache directory.

Making the text takes over a second, reading it some milliseconds. It depends on nothing but the version of
vl-convert, so that is in the file's name; a first line with its hash guards against a damaged file.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from capexpand.user_cache import cache_directory

_MARK = "// sha256 "
SNIPPET = "window.vegaEmbed = vegaEmbed;"
"""What the script leaves behind for the page."""


def warm_up() -> None:
    """Get the charts' JavaScript and the page's templates ready; for a thread beside the solver."""
    from capexpand.reporting.templating import environment

    javascript()
    environment()


@lru_cache(maxsize=1)
def javascript() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script that sets ``window.vegaEmbed``."""
    path = cache_directory() / f"vega-{version('vl-convert-python')}.js"
    kept = _read(path)
    if kept is not None:
        return kept
    import vl_convert

    bundle: str = vl_convert.javascript_bundle(SNIPPET)
    made = bundle.replace("</script", "<\\/script")
    _write(path, made)
    return made


def _read(path: Path) -> str | None:
    """The kept text, or None where there is none or it is damaged."""
    try:
        first, _, text = path.read_text("utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return text if first == _MARK + hashlib.sha256(text.encode()).hexdigest() else None


def _write(path: Path, text: str) -> None:
    """Keep the text, whole or not at all; without it the next page only takes longer."""
    content = f"{_MARK}{hashlib.sha256(text.encode()).hexdigest()}\n{text}"
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".js")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(content)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
