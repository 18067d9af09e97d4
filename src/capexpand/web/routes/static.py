"""Styles and scripts, all from the package; their addresses carry a hash, so browsers keep them."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.resources import files

from fastapi import APIRouter
from fastapi.responses import Response

from capexpand.web.access import RefusedError

router = APIRouter(include_in_schema=False)

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@lru_cache(maxsize=8)
def _content(name: str) -> bytes:
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
    return f"/static/{name}?{hashlib.sha256(_content(name)).hexdigest()[:12]}"


@router.get("/static/{name}")
def static(name: str) -> Response:
    """Send a style or script."""
    keep = "public, max-age=31536000, immutable"
    kind = _TYPES.get(name.rpartition(".")[2], "text/plain")
    return Response(_content(name), media_type=kind, headers={"cache-control": keep})


@router.get("/favicon.ico")
def icon() -> Response:
    """Send the icon."""
    return static("icon.svg")
