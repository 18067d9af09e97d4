"""The tables of the store. Times are seconds since 1970 in UTC."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from capexpand.files.json_text import JsonObject


class Stored(DeclarativeBase):
    """The root of all tables."""

    type_annotation_map = {JsonObject: JSON}  # noqa: RUF012 - SQLAlchemy reads it from the class


class User(Stored):
    """Someone who may sign in."""

    __tablename__ = "users"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    password: Mapped[str] = mapped_column(String(256))
    made_at: Mapped[float] = mapped_column(Float)
    quota: Mapped[int | None] = mapped_column(Integer)


class SignIn(Stored):
    """A browser that is signed in; of its secret only the hash is kept."""

    __tablename__ = "sign_ins"
    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"))
    made_at: Mapped[float] = mapped_column(Float)
    ends_at: Mapped[float] = mapped_column(Float)


class Token(Stored):
    """A token with which a script acts for a user; of its secret only the hash is kept."""

    __tablename__ = "tokens"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(100))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[float] = mapped_column(Float)


class Failure(Stored):
    """A sign-in that failed, of a name or of an address."""

    __tablename__ = "failures"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(String(160), index=True)
    at: Mapped[float] = mapped_column(Float)


class StoredCase(Stored):
    """A case that was uploaded, forked or started here."""

    __tablename__ = "cases"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[float] = mapped_column(Float)
    forked_from: Mapped[str | None] = mapped_column(String(96))


class Version(Stored):
    """One state of a case: who changed it when, and the folder of its files."""

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("case_name", "number"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    case_name: Mapped[str] = mapped_column(ForeignKey("cases.name", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    folder: Mapped[str] = mapped_column(String(64))  # SHA-256 of its files
    main: Mapped[str] = mapped_column(String(400))  # the case file in the folder
    title: Mapped[str] = mapped_column(String(300))
    author: Mapped[str] = mapped_column(String(64))
    at: Mapped[float] = mapped_column(Float)
    note: Mapped[str] = mapped_column(String(300))


class Job(Stored):
    """A run that waits, is being made, or has ended."""

    __tablename__ = "jobs"
    __table_args__ = (Index("jobs_by_state", "state", "queued_at"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    title: Mapped[str] = mapped_column(String(300))
    order: Mapped[JsonObject] = mapped_column(JSON)  # what is asked for, see ``orders.Order``
    owner: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(16))  # queued, running, done, failed, infeasible, cancelled
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    cancelled: Mapped[bool] = mapped_column(default=False)
    queued_at: Mapped[float] = mapped_column(Float)
    started_at: Mapped[float | None] = mapped_column(Float)
    ended_at: Mapped[float | None] = mapped_column(Float)
    seen_at: Mapped[float | None] = mapped_column(Float)  # when its process last said that it is alive
    process: Mapped[int | None] = mapped_column(BigInteger)
    machine: Mapped[str | None] = mapped_column(String(200))
    message: Mapped[str] = mapped_column(Text, default="")  # how far it is, or why it failed
    run: Mapped[str | None] = mapped_column(String(64))  # folder of its result
    summary: Mapped[JsonObject | None] = mapped_column(JSON)


class Event(Stored):
    """One line of a job's log."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    job: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    at: Mapped[float] = mapped_column(Float)
    text: Mapped[str] = mapped_column(Text)
    data: Mapped[JsonObject | None] = mapped_column(JSON)  # numbers of a training, to be drawn


class Audit(Stored):
    """Who did what when."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[float] = mapped_column(Float, index=True)
    user: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(300))
