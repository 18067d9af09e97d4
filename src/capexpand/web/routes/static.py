"""Styles and scripts for browsers, which keep them for as long as they stay the same."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from capexpand.web.assets import content

router = APIRouter(include_in_schema=False)

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@router.get("/static/{name}")
def static(name: str) -> Response:
    """Send a style or script."""
    keep = "public, max-age=31536000, immutable"
    kind = _TYPES.get(name.rpartition(".")[2], "text/plain")
    return Response(content(name), media_type=kind, headers={"cache-control": keep})


@router.get("/favicon.ico")
def icon() -> Response:
    """Send the icon."""
    return static("icon.svg")
