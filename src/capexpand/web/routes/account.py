"""Sign-in, one's own account, and for admins users and the audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from capexpand.errors import RunError
from capexpand.web import access
from capexpand.web.access import RefusedError
from capexpand.web.pages import page
from capexpand.web.tables import Audit, Token, User
from capexpand.web.visits import COOKIE, App, Form, Known, field, needs

router = APIRouter(include_in_schema=False)


def _inside(place: str) -> str:
    """A place of this server to go to, whatever was asked for."""
    good = place.startswith("/") and not place.startswith(("//", "/\\")) and place.isprintable()
    return place if good else "/"


@router.get("/sign-in")
def sign_in_page(to: str = "/") -> Response:
    """Show the form."""
    return page("sign_in.html", None, to=_inside(to), problem="")


@router.post("/sign-in")
async def sign_in(request: Request, app: App) -> Response:
    """Check name and password."""
    from starlette.concurrency import run_in_threadpool

    form = await request.form(max_fields=10, max_files=0)
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise RefusedError("this form comes from another site")
    name, password, to = (field(form, key, most=1000) for key in ("name", "password", "to"))
    address = request.client.host if request.client else ""
    try:
        secret = await run_in_threadpool(
            access.sign_in, app.store, name, password, address, app.settings.limits
        )
    except RefusedError as error:
        answer = page("sign_in.html", None, error.status, to=_inside(to), problem=str(error))
        if error.wait:
            answer.headers["retry-after"] = str(error.wait)
        return answer
    answer = RedirectResponse(_inside(to or "/"), 303)
    answer.set_cookie(
        COOKIE, secret, max_age=int(app.settings.limits.stay_seconds), httponly=True, samesite="lax",
        secure=app.settings.secure,
    )  # fmt: skip
    return answer


@router.post("/sign-out")
def sign_out(request: Request, app: App, form: Form) -> Response:
    """End the sign-in."""
    del form  # it is the visitor's own
    access.sign_out(app.store, request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return answer


@router.get("/account")
def account(app: App, who: Known) -> Response:
    """Show tokens, and the form for another password."""
    return _account(app, who)


def _account(app: App, who: Known, *, secret: str = "", told: str = "") -> Response:
    with app.store.reading() as session:
        tokens = session.scalars(select(Token).where(Token.user == who.name).order_by(Token.id)).all()
    return page("account.html", who, tokens=tokens, secret=secret, told=told)


@router.post("/account/tokens")
def make_token(app: App, who: Known, form: Form) -> Response:
    """Make a token and show it this once."""
    if who.local:
        raise RefusedError("without users nothing needs a token; scripts call the API as they are", 409)
    return _account(app, who, secret=access.make_token(app.store, who.name, field(form, "title", most=100)))


@router.post("/account/tokens/{number}")
def withdraw_token(
    number: Annotated[int, Path(ge=1, le=2**31 - 1)], app: App, who: Known, form: Form
) -> Response:
    """Withdraw a token."""
    del form
    access.withdraw_token(app.store, who.name, number)
    return RedirectResponse("/account", 303)


@router.post("/account/password")
def change_password(app: App, who: Known, form: Form) -> Response:
    """Take another password; every browser must sign in again."""
    access.change_password(app.store, who.name, field(form, "old"), field(form, "new"))
    return RedirectResponse("/sign-in", 303)


@router.get("/admin", dependencies=[needs("admin")])
def admin(app: App, who: Known) -> Response:
    """Show users and the audit log."""
    with app.store.reading() as session:
        users = session.scalars(select(User).order_by(User.name)).all()
        log = session.scalars(select(Audit).order_by(Audit.id.desc()).limit(300)).all()
    return page("admin.html", who, users=users, log=log, roles=access.ROLES)


@router.post("/admin/users", dependencies=[needs("admin")])
def add_user(app: App, who: Known, form: Form) -> Response:
    """Add a user, or give one another role and password."""
    name = field(form, "name")
    access.add_user(app.store, name, field(form, "role"), field(form, "password"), by=who.name)
    quota = field(form, "quota").strip()
    if quota:
        if not quota.isdecimal() or int(quota) > 10_000:
            raise RunError("a quota is a whole number of runs, up to 10,000")
        access.set_quota(app.store, name, int(quota), by=who.name)
    return RedirectResponse("/admin", 303)


@router.post("/admin/users/{name}/remove", dependencies=[needs("admin")])
def remove_user(name: str, app: App, who: Known, form: Form) -> Response:
    """Remove a user."""
    del form
    access.remove_user(app.store, name, by=who.name)
    return RedirectResponse("/admin", 303)
