"""The door of the server: which hosts are answered, how much is read, and what browsers are told."""

from __future__ import annotations

import contextlib
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from capexpand.web.settings import LOOPBACK, Settings

PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'"
)
"""Of our own pages: scripts only from this server, none inline. Vega sets styles of its drawings."""

REPORTS = (
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline' 'unsafe-eval'; img-src data: blob:; frame-ancestors 'self'"
)
"""Of a run's report, which carries its script in itself: a place of its own, without cookies or requests."""

_COMMON = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
)


class TooLargeError(Exception):
    """A request whose body is larger than is read."""


class Gate:
    """Refuses requests to other hosts and bodies that are too large, and adds headers to every answer."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self._hosts = {*settings.names, settings.host, *(LOOPBACK if settings.local else ())}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        started, taken = False, 0

        async def answered(message: Message) -> None:
            nonlocal started
            if taken > self.settings.limits.upload_bytes:
                return  # whatever was made of half a body; the answer to it follows
            if message["type"] == "http.response.start":
                started = True
                self._add_headers(message)
            await send(message)

        problem = self._refusal(headers)
        if problem is not None:
            await _plain(answered, *problem)
            return

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self.settings.limits.upload_bytes:
                raise TooLargeError
            return message

        with contextlib.suppress(TooLargeError):
            await self.app(scope, limited, answered)
        if taken > self.settings.limits.upload_bytes and not started:
            taken = 0
            await _plain(answered, *self._too_large())

    def _refusal(self, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
        if self.settings.local and name.strip("[]") not in self._hosts:
            return 421, "this server answers under its own name only; see capexpand serve --name"
        try:
            length = int(headers.get("content-length", "0"))
        except ValueError:
            return 400, "content-length is no number"
        return self._too_large() if length > self.settings.limits.upload_bytes else None

    def _too_large(self) -> tuple[int, str]:
        return 413, f"at most {self.settings.limits.upload_bytes // 1_000_000} MB are taken at a time"

    def _add_headers(self, message: Message) -> None:
        headers = MutableHeaders(raw=message["headers"])
        for name, value in _COMMON:
            headers.setdefault(name, value)
        headers.setdefault("content-security-policy", PAGES)
        headers.setdefault("cache-control", "no-store")
        if self.settings.secure:
            headers.setdefault("strict-transport-security", "max-age=31536000")


async def _plain(send: Any, status: int, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
