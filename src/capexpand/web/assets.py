"""Styles and scripts of the pages, all from the package; their addresses carry a hash."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.resources import files

from capexpand.web.access import RefusedError


@lru_cache(maxsize=8)
def content(name: str) -> bytes:
    """Return a style or script.

    Raises:
        RefusedError: there is no such file.
    """
    if name == "vega.js":
        from capexpand.reporting.bundle import javascript

        return javascript().encode()
    if name == "style.css":  # with the dark colours of charts
        from capexpand.reporting.templating import environment

        return environment().get_template(name).render().encode()
    if name == "charts.js":
        return files("capexpand.reporting").joinpath("templates", name).read_bytes()
    if name in ("app.css", "app.js", "icon.svg"):
        return files("capexpand.web").joinpath("static", name).read_bytes()
    raise RefusedError(f"there is no file '{name[:40]}'", 404)


@lru_cache(maxsize=8)
def address(name: str) -> str:
    """Return the address of a style or script."""
    return f"/static/{name}?{hashlib.sha256(content(name)).hexdigest()[:12]}"
