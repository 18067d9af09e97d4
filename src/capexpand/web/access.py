"""Who may do what: users and their roles, sign-ins of browsers, tokens of scripts, protection of forms."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from capexpand.errors import RunError
from capexpand.web.settings import Limits
from capexpand.web.store import Store, note, now
from capexpand.web.tables import Failure, SignIn, Token, User

Role = Literal["viewer", "planner", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""From the least to the most that one may do: look and explore; run and edit cases; users and everything."""

LOCAL = "local"
"""Name of whoever uses a server of this machine that has no users."""

PASSWORD_LENGTH = 10
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_CHECKS = threading.BoundedSemaphore(4)
"""Passwords checked at a time: each takes 64 MB for a moment."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever sent a request.

    Args:
        csrf: what a form must send along; empty where a token was sent, which no browser sends by itself.
    """

    name: str
    role: Role
    csrf: str
    local: bool = False

    def may(self, role: Role) -> bool:
        """Tell whether the visitor has a role or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(role)


class RefusedError(RunError):
    """A request that is not granted.

    Args:
        message: why, and what would be right.
        status: of the answer, by HTTP.
        wait: after which another try is worth it [s].
    """

    def __init__(self, message: str, status: int = 403, wait: int | None = None) -> None:
        super().__init__(message)
        self.status, self.wait = status, wait


def _role(stored: str) -> Role:
    """The role of a user; the least where a newer version of capexpand stored one that is not known here."""
    return next((role for role in ROLES if role == stored), ROLES[0])


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()  # argon2id with the memory and time that its authors advise


@cache
def _nobody() -> str:
    """A hash against which the password of an unknown name is checked, so that both take as long."""
    return _hasher().hash(secrets.token_hex(8))


def hashed(secret: str) -> str:
    """Return what is kept of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def has_users(store: Store) -> bool:
    """Tell whether anybody can sign in."""
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(User)) != 0


def add_user(store: Store, name: str, role: str, password: str, *, by: str = LOCAL) -> None:
    """Add a user, or give one that is there another role and password.

    Raises:
        RunError: the name, the role or the password will not do; or no admin would be left.
    """
    if not _NAME.fullmatch(name) or name == LOCAL:
        raise RunError(
            f"'{name[:64]}' is no name for a user; take letters, digits and . _ @ -, up to 64, not '{LOCAL}'"
        )
    if role not in ROLES:
        raise RunError(f"there is no role '{role[:64]}'; there are {', '.join(ROLES)}")
    if not PASSWORD_LENGTH <= len(password) <= 1000:
        raise RunError(f"a password has at least {PASSWORD_LENGTH} characters and at most 1000")
    with store.writing() as session:
        known = session.get(User, name)
        if known is None:
            session.add(User(name=name, role=role, password=_hasher().hash(password), made_at=now()))
        else:
            _keep_an_admin(session, known, role)
            known.role, known.password = role, _hasher().hash(password)
            session.execute(delete(SignIn).where(SignIn.user == name))
        note(session, by, "user", f"{name}: {role}")


def remove_user(store: Store, name: str, *, by: str = LOCAL) -> None:
    """Remove a user with every sign-in and token.

    Raises:
        RunError: there is no such user, or no admin would be left.
    """
    with store.writing() as session:
        user = session.get(User, name)
        if user is None:
            raise RunError(f"there is no user '{name[:64]}'")
        _keep_an_admin(session, user, "")
        for table in (SignIn, Token):
            session.execute(delete(table).where(table.user == name))
        session.delete(user)
        note(session, by, "user removed", name)


def _keep_an_admin(session: Session, user: User, role: str) -> None:
    if user.role != "admin" or role == "admin":
        return
    others = session.scalar(
        select(func.count()).select_from(User).where(User.role == "admin", User.name != user.name)
    )
    if not others:
        raise RunError(f"'{user.name}' is the only admin; make another one first")


def sign_in(store: Store, name: str, password: str, address: str, limits: Limits) -> str:
    """Check a password and return the secret for the browser's cookie.

    Raises:
        RefusedError: name or password is wrong, or there were too many tries.
    """
    at = now()
    most = {  # many people may share an address, of an office or of a proxy
        f"name {name[:64]}": limits.sign_in_failures,
        f"address {address[:100]}": 5 * limits.sign_in_failures,
    }
    with store.writing() as session:
        session.execute(delete(Failure).where(Failure.at < at - limits.sign_in_seconds))
        too_many = any(
            (session.scalar(select(func.count()).select_from(Failure).where(Failure.key == key)) or 0) >= few
            for key, few in most.items()
        )
        user = session.get(User, name) if _NAME.fullmatch(name) else None
        known = user.password if user is not None else None
        if not too_many:  # counts until it has succeeded, so that tries at the same time count as well
            session.add_all(Failure(key=key, at=at) for key in most)
    if too_many:
        wait = int(limits.sign_in_seconds)
        raise RefusedError(f"too many failed sign-ins; try again in {wait // 60 + 1} minutes", 429, wait)
    if not _matches(known or _nobody(), password) or known is None:
        with store.writing() as session:
            note(session, name, "sign-in failed", address)
        raise RefusedError("name or password is wrong", 401)
    secret = secrets.token_urlsafe(32)
    with store.writing() as session:
        session.execute(delete(SignIn).where(SignIn.ends_at < now()))
        session.execute(delete(Failure).where(Failure.key == f"name {name}"))
        session.execute(delete(Failure).where(Failure.key.in_(most), Failure.at == at))
        session.add(
            SignIn(secret_hash=hashed(secret), user=name, made_at=now(), ends_at=now() + limits.stay_seconds)
        )
        note(session, name, "sign-in", address)
    return secret


def _matches(known: str, password: str) -> bool:
    try:
        with _CHECKS:
            return _hasher().verify(known, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def sign_out(store: Store, secret: str) -> None:
    """End the sign-in of a browser."""
    with store.writing() as session:
        session.execute(delete(SignIn).where(SignIn.secret_hash == hashed(secret)))


def change_password(store: Store, name: str, old: str, new: str) -> None:
    """Let a user take another password; every sign-in of the old one ends.

    Raises:
        RunError: the old one is wrong, or the new one will not do.
    """
    with store.reading() as session:
        user = session.get(User, name)
    if user is None or not _matches(user.password, old):
        raise RefusedError("the old password is wrong", 403)
    add_user(store, name, user.role, new, by=name)


def browser_visitor(store: Store, secret: str, signing: bytes) -> Visitor | None:
    """Return who signed in with a browser, or None where the sign-in is over.

    Args:
        secret: from the cookie.
        signing: secret of the application.
    """
    with store.reading() as session:
        found = session.execute(
            select(User.name, User.role)
            .join(SignIn, SignIn.user == User.name)
            .where(SignIn.secret_hash == hashed(secret), SignIn.ends_at > now())
        ).first()
    if found is None:
        return None
    return Visitor(found[0], _role(found[1]), csrf_of(signing, secret))


def local_visitor(signing: bytes) -> Visitor:
    """Return whoever uses a server of this machine that has no users."""
    return Visitor(LOCAL, "admin", csrf_of(signing, LOCAL), local=True)


def csrf_of(signing: bytes, secret: str) -> str:
    """Return what a form must send along, which no other site can know."""
    return hmac.new(signing, f"form {secret}".encode(), hashlib.sha256).hexdigest()


def make_token(store: Store, user: str, title: str) -> str:
    """Return a new token of a user; it is shown this once.

    Raises:
        RunError: the user has too many tokens.
    """
    secret = f"cx_{secrets.token_urlsafe(32)}"
    with store.writing() as session:
        if (session.scalar(select(func.count()).select_from(Token).where(Token.user == user)) or 0) >= 50:
            raise RunError("a user has at most 50 tokens; withdraw one first")
        session.add(
            Token(user=user, title=title.strip()[:100] or "token", secret_hash=hashed(secret), made_at=now())
        )
        note(session, user, "token", title)
    return secret


def withdraw_token(store: Store, user: str, number: int) -> None:
    """Withdraw a token of a user."""
    with store.writing() as session:
        session.execute(delete(Token).where(Token.user == user, Token.id == number))
        note(session, user, "token withdrawn", str(number))


def token_visitor(store: Store, secret: str) -> Visitor | None:
    """Return for whom a token acts, or None where there is no such token."""
    with store.reading() as session:
        found = session.execute(
            select(User.name, User.role)
            .join(Token, Token.user == User.name)
            .where(Token.secret_hash == hashed(secret))
        ).first()
    return None if found is None else Visitor(found[0], _role(found[1]), "")


def set_quota(store: Store, name: str, quota: int | None, *, by: str) -> None:
    """Set how many jobs of a user may wait and run; None for the usual number."""
    with store.writing() as session:
        session.execute(update(User).where(User.name == name).values(quota=quota))
        note(session, by, "quota", f"{name}: {quota}")
