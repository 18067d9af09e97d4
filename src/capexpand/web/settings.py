"""Where the web application keeps its things and what it allows."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def usual_home() -> Path:
    """Return the folder in which the application keeps its things if its user names no other."""
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "capexpand"


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one user and of one upload.

    Args:
        upload_bytes: of one request.
        unpacked_bytes: of all files of a zip file together.
        files: in a zip file.
        waiting_jobs: of a user, queued and running.
        sign_in_failures: of a name or address within ``sign_in_seconds``, after which it must wait.
        sign_in_seconds: see there [s].
        stay_seconds: after which a sign-in ends [s].
        cases: of a user.
        sent_bytes: of all files together that were sent for jobs.
    """

    upload_bytes: int = 12_000_000
    unpacked_bytes: int = 48_000_000
    files: int = 200
    waiting_jobs: int = 20
    sign_in_failures: int = 8
    sign_in_seconds: float = 300.0
    stay_seconds: float = 14 * 86_400.0
    cases: int = 500
    sent_bytes: int = 4_000_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one server.

    Args:
        home: folder of runs, uploaded cases and the SQLite file.
        database: address of the store; a SQLite file in ``home`` if absent.
        host: address to listen on.
        port: to listen on; 0 for any that is free.
        workers: jobs that run at a time; 0 leaves them to another server of the same store.
        secure: whether browsers reach the server by HTTPS, through a proxy, so that cookies are marked so.
        names: host names by which browsers reach it, besides its address.
        limits: what users may take.
    """

    home: Path
    database: str | None = None
    host: str = "127.0.0.1"
    port: int = 8421
    workers: int = 1
    secure: bool = False
    names: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @property
    def database_url(self) -> str:
        """Address of the store for SQLAlchemy."""
        if self.database is None:
            return f"sqlite:///{self.home.absolute() / 'capexpand.sqlite'}"
        for plain in ("postgresql://", "postgres://"):
            if self.database.startswith(plain):
                return "postgresql+psycopg://" + self.database.removeprefix(plain)
        return self.database

    @property
    def local(self) -> bool:
        """Whether only programs of this machine reach the server."""
        return self.host in LOOPBACK
