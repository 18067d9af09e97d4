"""Styles and scripts for browsers, which keep them for as long as they stay the same."""

from __future__ import annotations

import gzip
from functools import lru_cache

from fastapi import APIRouter, Request
from fastapi.responses import Response

from capexpand.web.assets import content

router = APIRouter(include_in_schema=False)

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@router.get("/static/{name}")
def static(name: str, request: Request) -> Response:
    """Send a style or script, packed where the browser takes it so."""
    headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
    kind = _TYPES.get(name.rpartition(".")[2], "text/plain")
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(_packed(name), media_type=kind, headers={**headers, "content-encoding": "gzip"})
    return Response(content(name), media_type=kind, headers=headers)


@lru_cache(maxsize=8)
def _packed(name: str) -> bytes:
    return gzip.compress(content(name), mtime=0)


@router.get("/favicon.ico")
def icon(request: Request) -> Response:
    """Send the icon."""
    return static("icon.svg", request)
