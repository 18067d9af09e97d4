"""The server: its parts put together, and errors as pages or as JSON."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.exc import DataError, StatementError
from starlette.exceptions import HTTPException

from capexpand.api.checking import problem_data
from capexpand.errors import CapexpandError, CaseError, InfeasibleError
from capexpand.web.access import RefusedError, Visitor, has_users
from capexpand.web.explore import Explorer
from capexpand.web.gate import PAGES, Gate
from capexpand.web.jobs import Jobs
from capexpand.web.library import Library
from capexpand.web.pages import page
from capexpand.web.routes import account, api, cases, catalogue, explore, runs, static
from capexpand.web.settings import Settings
from capexpand.web.store import Store, secret_of
from capexpand.web.uploads import inside_names
from capexpand.web.visits import Application, SignInNeededError, visitor
from capexpand.web.workers import Workers


def build_application(settings: Settings) -> Application:
    """Return the parts of a server, its store brought up to date.

    Raises:
        RunError: the store or the folder cannot be used, or the address needs users and there are none.
    """
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)  # holds hashes of passwords
        secret = secret_of(settings.home)
    except OSError as error:
        raise RefusedError(f"{settings.home}: cannot be written: {error.strerror or error}") from None
    store = Store(settings.database_url)
    store.migrate()
    if not settings.local and not has_users(store):
        raise RefusedError(
            f"a server on {settings.host} can be reached from other machines, and there is no user yet; "
            "add one first with: capexpand users add NAME --role admin"
        )
    if settings.secure and not has_users(store):
        raise RefusedError(
            "--secure says that others reach this server through a proxy, and there is no user yet; "
            "add one first with: capexpand users add NAME --role admin"
        )
    library = Library(store, settings)
    return Application(settings, store, library, Jobs(store, settings, library), Explorer(), secret)


def build_server(settings: Settings) -> FastAPI:
    """Return the server as an ASGI application; its workers begin and end with it.

    Raises:
        RunError: see ``build_application``.
    """
    parts = build_application(settings)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncGenerator[None]:
        workers = Workers(parts.store, settings)
        workers.start()
        yield
        workers.stop()
        parts.store.close()

    app = FastAPI(
        title="capexpand",
        summary="Plans AI and cloud infrastructure build-outs.",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=running,
    )
    app.state.application = parts
    for one in (static, account, cases, explore, runs, catalogue, api):
        app.include_router(one.router)
    _add_errors(app)
    app.add_middleware(Gate, settings=settings)
    return app


def _add_errors(app: FastAPI) -> None:
    handlers: dict[Any, Callable[[Request, Any], Response]] = {
        SignInNeededError: _sign_in_needed,
        RefusedError: lambda request, error: _answer(
            request,
            error.status,
            str(error),
            headers={"retry-after": str(error.wait)} if error.wait else None,
        ),
        CaseError: _case_error,
        InfeasibleError: _infeasible,
        CapexpandError: lambda request, error: _answer(request, 422, str(error)),
        DataError: lambda request, _: _answer(request, 422, "a text holds characters that cannot be stored"),
        StatementError: _statement,
        UnicodeError: lambda request, _: _answer(request, 422, "a text holds characters that are none"),
        RequestValidationError: _invalid,
        HTTPException: lambda request, error: _answer(request, error.status_code, str(error.detail)),
        Exception: _fault,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, partial(_called, handler))


async def _called(
    handler: Callable[[Request, Any], Response], request: Request, error: Exception
) -> Response:
    from starlette.concurrency import run_in_threadpool

    return await run_in_threadpool(handler, request, error)  # a page asks the store who sees it


def _fault(request: Request, _: Exception) -> Response:
    """A fault of ours: the server's own log holds it; this answer does not pass the gate."""
    answer = _answer(request, 500, "capexpand itself failed; the log of the server says where")
    answer.headers["content-security-policy"] = PAGES
    return answer


def _statement(request: Request, error: StatementError) -> Response:
    if isinstance(error.orig, (UnicodeError, ValueError, OverflowError)):
        return _answer(request, 422, "a text or number of the request cannot be stored")
    return _answer(request, 503, "the store does not answer; try again in a moment")


def _case_error(request: Request, error: CaseError) -> Response:
    shown = inside_names(error, request.app.state.application.settings.home)
    data = [problem_data(one) for one in shown.problems]
    return _answer(request, 422, "The case has problems", problems=data)


def _infeasible(request: Request, error: InfeasibleError) -> Response:
    return _answer(request, 422, "No plan satisfies the case", conflict=list(error.conflict))


def _invalid(request: Request, error: RequestValidationError) -> Response:
    data = [
        {"path": ".".join(str(step) for step in one["loc"]), "message": str(one["msg"])}
        for one in error.errors()
    ]
    return _answer(request, 422, "The request is not understood", problems=data)


def _sign_in_needed(request: Request, _: SignInNeededError) -> Response:
    if request.url.path.startswith("/api/"):
        return _answer(request, 401, "sign in first, or send a token: Authorization: Bearer …")
    place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    place = place if request.method == "GET" else "/"
    return RedirectResponse(f"/sign-in?{urlencode({'to': place})}", 303)


def _answer(
    request: Request, status: int, message: str, *, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": message, **more}, status, headers=headers)
    part = request.headers.get("x-part") == "1"
    answer = page(
        "message_part.html" if part else "message.html",
        None if part else _seen_by(request),
        status,
        title=message,
        problems=more.get("problems", ()),
        conflict=more.get("conflict", ()),
        code=status,
    )
    answer.headers.update(headers or {})
    return answer


def _seen_by(request: Request) -> Visitor | None:
    try:
        return visitor(request, request.app.state.application)
    except (SignInNeededError, RefusedError):
        return None
