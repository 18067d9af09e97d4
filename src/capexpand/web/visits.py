"""What every route knows of a request: the application, the visitor, and that a form is the visitor's own."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from anyio import from_thread
from fastapi import Depends, Request
from fastapi.params import Depends as DependsOn
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from capexpand.web.access import (
    RefusedError,
    Role,
    Visitor,
    browser_visitor,
    has_users,
    local_visitor,
    token_visitor,
)
from capexpand.web.explore import Explorer
from capexpand.web.jobs import Jobs
from capexpand.web.library import Library
from capexpand.web.settings import Settings
from capexpand.web.store import Store

COOKIE = "capexpand"
GONE = 499
"""What proxies, too, note of a request whose sender did not wait."""
Found = TypeVar("Found")
_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded")


@dataclass(frozen=True, slots=True)
class Application:
    """The parts of a running server."""

    settings: Settings
    store: Store
    library: Library
    jobs: Jobs
    explorer: Explorer
    secret: bytes


class SignInNeededError(Exception):
    """A page was asked for by nobody who is signed in."""


def application(request: Request) -> Application:
    """Return the parts of the server that answers."""
    return request.app.state.application


App = Annotated[Application, Depends(application)]


def visitor(request: Request, app: App) -> Visitor:
    """Return who sent a request: by a token, a cookie, or alone on this machine.

    Raises:
        SignInNeededError: nobody is signed in.
        RefusedError: the token is none.
    """
    sent = request.headers.get("authorization", "")
    if sent:
        kind, _, token = sent.partition(" ")
        found = token_visitor(app.store, token.strip()) if kind.lower() == "bearer" else None
        if found is None:
            raise RefusedError("the token is not known; make one on the page of your account", 401)
        return found
    secret = request.cookies.get(COOKIE)
    if secret and (found := browser_visitor(app.store, secret, app.secret)) is not None:
        return found
    if app.settings.local and not has_users(app.store):
        if any(name in request.headers for name in _FORWARDED):
            raise RefusedError(
                "this server has no users and answers this machine alone, not what a proxy brings from "
                "others; add users first: capexpand users add NAME --role admin"
            )
        return local_visitor(app.secret)
    raise SignInNeededError


Known = Annotated[Visitor, Depends(visitor)]


def _check_own(request: Request, who: Visitor, sent: str) -> None:
    """Refuse what another site made a browser send.

    Raises:
        RefusedError: the origin is another one, or the form's secret is missing.
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise RefusedError("this form comes from another site")
    if who.csrf and not hmac.compare_digest(sent.encode(), who.csrf.encode()):
        raise RefusedError("this form is out of date; load the page again and send it once more")


async def own_form(request: Request, who: Known) -> FormData:
    """Return the fields of a form that the visitor sent by intention."""
    form = await request.form(max_files=4, max_fields=300)
    sent = form.get("csrf") or request.headers.get("x-csrf-token", "")
    _check_own(request, who, sent if isinstance(sent, str) else "")
    return form


Form = Annotated[FormData, Depends(own_form)]


def own_call(request: Request, who: Known) -> None:
    """Refuse a call that changes something and does not come from the visitor's own page or script."""
    _check_own(request, who, request.headers.get("x-csrf-token", ""))


OwnCall: DependsOn = Depends(own_call)


def needs(role: Role) -> DependsOn:
    """Return a dependency that refuses whoever has not a role."""

    def check(who: Known) -> Visitor:
        if not who.may(role):
            raise RefusedError(
                f"this needs the role of {'an' if role == 'admin' else 'a'} {role}; you are a {who.role}"
            )
        return who

    made: DependsOn = Depends(check)
    return made


def field(form: FormData, name: str, *, most: int = 2000) -> str:
    """Return a text of a form, empty where it was not sent.

    Raises:
        RefusedError: it is longer than such a text can be.
    """
    value = form.get(name, "")
    if not isinstance(value, str):
        raise RefusedError(f"{name} is a text, not a file", 422)
    if len(value) > most:
        raise RefusedError(f"{name} is too long; at most {most:,} characters", 422)
    return value


async def in_turn(request: Request, app: Application, work: Callable[[], Found]) -> Found:
    """Return what takes a solver, when its turn has come; nothing is solved for whoever has moved on.

    Raises:
        RefusedError: whoever asked does not listen any more.
    """
    async with app.explorer.turns:
        await _refuse_gone(request)
        return await run_in_threadpool(work)


async def _refuse_gone(request: Request) -> None:
    if await request.is_disconnected():
        raise RefusedError("nobody waits for this any more", GONE)


def heard(request: Request) -> Callable[[], None]:
    """Return what refuses to go on, within ``in_turn``, once whoever asked does not listen any more."""
    return lambda: from_thread.run(_refuse_gone, request)
