"""``serve`` and ``users``: the web application as functions."""

from __future__ import annotations

import socket
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import select

from capexpand.errors import RunError
from capexpand.web import access
from capexpand.web.settings import Settings, usual_home
from capexpand.web.store import Store
from capexpand.web.tables import User


def serve(
    home: Path | str | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8421,
    database: str | None = None,
    workers: int = 1,
    name: Sequence[str] | None = None,
    secure: bool = False,
    browser: bool = False,
    progress: Callable[[str], None] | None = None,
) -> None:
    """Serve the web application until it is interrupted.

    Args:
        home: folder of its runs, cases and SQLite store; ``capexpand`` in the user's data folder if None.
        host: address to listen on; any but that of this machine alone needs users.
        port: to listen on; 0 for any that is free.
        database: address of a PostgreSQL or other store in place of SQLite.
        workers: runs that are made at a time.
        name: host names by which browsers reach the server, besides its address.
        secure: whether browsers reach it by HTTPS through a proxy, so that cookies are marked so.
        browser: whether to open a browser.
        progress: is told the address once the server listens.

    Raises:
        RunError: the folder, the store or the address cannot be used, or users are missing.
    """
    import uvicorn

    from capexpand.web.server import build_server

    settings = Settings(
        home=usual_home() if home is None else Path(home), database=database, host=host, port=port,
        workers=workers, secure=secure, names=tuple(name or ()),
    )  # fmt: skip
    listening = listen(host, port)
    address = _address(listening, host)
    app = build_server(settings)
    if progress is not None:
        progress(address)
    if browser:
        webbrowser.open(address)
    config = uvicorn.Config(
        app, log_level="warning", proxy_headers=secure, server_header=False, timeout_graceful_shutdown=3
    )
    uvicorn.Server(config).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """Bind the address, so that a port that is taken is said at once."""
    with ExitStack() as undo:
        try:
            kind, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            # where no protocol is named, asyncio leaves Nagle's algorithm on: 40 ms for each answer
            found = undo.enter_context(socket.socket(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP))
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(place)
            found.listen(128)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            message = f"cannot listen on {host}, port {port}: {reason}; name another --port"
            raise RunError(message) from None
        undo.pop_all()
    return found


def _address(listening: socket.socket, host: str) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}/"


def users(home: Path | str | None = None, *, database: str | None = None) -> tuple[tuple[str, str], ...]:
    """Return the users of a server's store with their roles.

    Args:
        home: folder of the server.
        database: address of its store, where it is not SQLite in that folder.

    Raises:
        RunError: the store cannot be used.
    """
    store = _store(home, database)
    try:
        with store.reading() as session:
            return tuple((one.name, one.role) for one in session.scalars(select(User).order_by(User.name)))
    finally:
        store.close()


def add_user(
    name: str, role: str, password: str, home: Path | str | None = None, *, database: str | None = None
) -> None:
    """Add a user to a server's store, or give one another role and password.

    Args:
        name: of the user.
        role: viewer, planner or admin.
        password: of at least 10 characters.
        home: folder of the server.
        database: address of its store, where it is not SQLite in that folder.

    Raises:
        RunError: name, role or password will not do, or the store cannot be used.
    """
    store = _store(home, database)
    try:
        access.add_user(store, name, role, password)
    finally:
        store.close()


def remove_user(name: str, home: Path | str | None = None, *, database: str | None = None) -> None:
    """Remove a user from a server's store.

    Args:
        name: of the user.
        home: folder of the server.
        database: address of its store, where it is not SQLite in that folder.

    Raises:
        RunError: there is no such user, or the store cannot be used.
    """
    store = _store(home, database)
    try:
        access.remove_user(store, name)
    finally:
        store.close()


def _store(home: Path | str | None, database: str | None) -> Store:
    settings = Settings(home=usual_home() if home is None else Path(home), database=database)
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)  # holds hashes of passwords
    except OSError as error:
        raise RunError(f"{settings.home}: cannot be written: {error.strerror or error}") from None
    store = Store(settings.database_url)
    store.migrate()
    return store
