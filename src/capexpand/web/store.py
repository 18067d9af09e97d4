"""The store: SQLite in a file, or PostgreSQL by its address; brought up to date by migrations."""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, CursorResult, Engine, Executable, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

from capexpand.errors import RunError
from capexpand.web.tables import Audit

_LOCK = 84_218_421
"""Number of the lock under which only one server migrates a PostgreSQL store."""


def now() -> float:
    """Return the seconds since 1970."""
    return time.time()


class Store:
    """The tables of one application.

    Args:
        url: address for SQLAlchemy.

    Raises:
        RunError: the address is none, or the store cannot be reached.
    """

    def __init__(self, url: str) -> None:
        try:
            self.sqlite = make_url(url).get_backend_name() == "sqlite"
            self.engine = create_engine(url, pool_pre_ping=not self.sqlite)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise RunError(
                f"the store's address is not understood ({error}); write sqlite:///FILE or "
                "postgresql://USER:PASSWORD@HOST/NAME"
            ) from None
        if self.sqlite:
            _tame_sqlite(self.engine)
        self._writer = self.engine.execution_options(writes=True)

    @contextmanager
    def reading(self) -> Generator[Session]:
        """Open a session that only reads."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Generator[Session]:
        """Open a session whose changes are kept together at its end, or not at all."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Bring the tables up to date.

        Raises:
            RunError: the store cannot be reached or written.
        """
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        try:
            with self._writer.begin() as connection:
                if not self.sqlite:
                    connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise RunError(f"the store cannot be used: {reason}") from None

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _tame_sqlite(engine: Engine) -> None:
    """Let readers go on while one writes, and let writers wait for each other instead of failing."""

    def connected(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # we say ourselves when one begins
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for line in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=20000"):
            cursor.execute(f"PRAGMA {line}")
        cursor.close()

    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


def execute_update(session: Session, statement: Executable) -> int:
    """Change rows and return how many were changed.

    Args:
        session: from ``Store.writing``.
    """
    result = session.execute(statement)
    return result.rowcount if isinstance(result, CursorResult) else 0


def secret_of(home: Path) -> bytes:
    """Return the secret with which this application signs, made at the first call.

    Args:
        home: folder of the application.
    """
    file = home / "secret"
    try:
        return file.read_bytes()
    except FileNotFoundError:
        new = file.with_name(f".secret-{secrets.token_hex(6)}")
        new.touch(mode=0o600)
        new.write_bytes(secrets.token_bytes(32))
        try:
            file.hardlink_to(new)  # fails where another process was first; the file is then whole
        except FileExistsError:
            pass
        finally:
            new.unlink()
        return file.read_bytes()


def note(session: Session, user: str, action: str, subject: str) -> None:
    """Add a line to the audit log.

    Args:
        session: of the change that is noted.
        user: who did it.
        action: in a word.
        subject: what it was done to.
    """
    session.add(Audit(at=now(), user=user[:64], action=action[:40], subject=subject[:300]))
