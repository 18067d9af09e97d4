"""The table of jobs: queued, claimed by one process, followed, cancelled, resumed, and shown when whole."""

from __future__ import annotations

import os
import platform
import secrets
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from capexpand.errors import RunError
from capexpand.files.json_text import JsonObject
from capexpand.web.access import RefusedError, Visitor
from capexpand.web.changing import load_changed, merged_data
from capexpand.web.library import FoundCase, Library
from capexpand.web.orders import BEFORE, TITLES, Order, check_options, read_other
from capexpand.web.settings import Settings
from capexpand.web.sliders import assumptions_of
from capexpand.web.store import Store, execute_update, note, now
from capexpand.web.tables import Event, Job, User
from capexpand.web.uploads import sent_file

BEAT_SECONDS = 2.0
"""How often the process of a job says that it is alive."""

SILENT_SECONDS = 20.0
"""After which a job whose process on another machine says nothing is taken up again."""

ATTEMPTS = 5
"""So often is a job begun whose process is lost each time."""

OPEN = ("queued", "running")


class Jobs:
    """The jobs of an application."""

    def __init__(self, store: Store, settings: Settings, library: Library) -> None:
        self._store, self._settings, self._library = store, settings, library
        for name in ("runs", "work"):
            (settings.home / name).mkdir(parents=True, exist_ok=True)

    def queue(self, order: Order, by: Visitor) -> str:
        """Queue a job once its case, variant and changes were checked.

        Returns:
            Its number.

        Raises:
            CaseError: the case or a change is wrong.
            RefusedError: the visitor may not run anything, or has too many jobs.
        """
        if not by.may("planner"):
            raise RefusedError("viewers cannot start runs; ask an admin for the role of a planner")
        check_options(order)
        if order.sent is not None:
            sent_file(self._settings.home, order.sent)
        if order.run is None:
            order, title = self._checked(order, self._library.find(order.case, order.version))
        else:
            order, title = self._of_run(order, self.find(order.run))
        number = secrets.token_hex(8)
        with self._store.writing() as session:
            self._check_quota(session, by)
            session.add(
                Job(
                    id=number, kind=order.kind, title=title[:300], order=order.model_dump(mode="json"),
                    owner=by.name, state="queued", queued_at=now(), message="Waiting for its turn",
                )
            )  # fmt: skip
            session.flush()
            session.add(Event(job=number, at=now(), text="Queued"))
            note(session, by.name, "run", f"{number} {title}")
        return number

    def _checked(self, order: Order, case: FoundCase) -> tuple[Order, str]:
        """The order with the state of every case filled in, and its title."""
        loaded = load_changed(case.file, order.variant)
        changed = ""
        query: list[tuple[str, str]] = []
        if order.changes:
            changes = assumptions_of(loaded, merged_data(case.file, order.variant)).read(order.changes)
            load_changed(case.file, order.variant, changes.settings)
            changed, query = f", {'; '.join(changes.words)}" if changes else "", list(changes.query)
        if order.kind in ("policy", "scenarios") and loaded.uncertainty.empty:
            raise RefusedError("the case declares no uncertainty; add an uncertainty block", 422)
        if order.kind == "policy":
            from capexpand.policy.risk_attitudes import read_risk

            read_risk(order.risk)
        variant = f", {loaded.variants[order.variant].title}" if order.variant else ""
        beside = f" beside {', '.join(order.others)}" if order.others else ""
        asked = f": {order.asked}" if order.asked else ""
        filled = {
            "version": case.version or None, "changes": query, "others": self._pinned(order.others),
        }  # fmt: skip
        return order.model_copy(update=filled), f"{loaded.title}{variant}{changed}{beside}{asked}"

    def _pinned(self, others: Sequence[str]) -> list[str]:
        """The names of other cases with the number of their state, so that a later edit changes nothing."""
        pinned = []
        for name in others:
            other, state, variant = read_other(name)
            found = self._library.find(other, state)
            load_changed(found.file, variant)
            written = f"{other}@{found.version}" if found.version else other
            pinned.append(f"{written}:{variant}" if variant else written)
        return pinned

    def _of_run(self, order: Order, job: Job) -> tuple[Order, str]:
        """The order of a run that goes on from an earlier one, and its title."""
        self.run_folder(job)
        kinds = BEFORE[order.kind]
        if job.kind not in kinds:
            names = " or ".join(TITLES[kind].lower() for kind in kinds)
            raise RefusedError(f"run {job.id} is no {names}", 422)
        earlier = order_of(job)
        filled = {
            "case": earlier.case, "version": earlier.version, "others": self._pinned(order.others),
        }  # fmt: skip
        file = "" if order.sent is None else f", {order.sent.partition('/')[2]}"
        return order.model_copy(update=filled), f"{job.title}{file}"

    def _check_quota(self, session: Session, by: Visitor) -> None:
        user = session.get(User, by.name)
        own = None if user is None else user.quota
        most = self._settings.limits.waiting_jobs if own is None else own
        waiting = session.scalar(
            select(func.count()).select_from(Job).where(Job.owner == by.name, Job.state.in_(OPEN))
        )
        if (waiting or 0) >= most:
            raise RefusedError(
                f"you have {waiting} runs under way, as many as one may have; wait or cancel", 429
            )

    def find(self, number: str) -> Job:
        """Return a job.

        Raises:
            RefusedError: there is none.
        """
        with self._store.reading() as session:
            job = session.get(Job, number)
        if job is None:
            raise RefusedError(f"there is no run '{number[:40]}'", 404)
        return job

    def latest(self, most: int = 200, *, case: str | None = None) -> Sequence[Job]:
        """Return the jobs that were queued last, the latest first."""
        wanted = select(Job).order_by(Job.queued_at.desc()).limit(most)
        if case is not None:
            wanted = wanted.where(Job.order["case"].as_string() == case)
        with self._store.reading() as session:
            return session.scalars(wanted).all()

    def events(self, number: str, after: int = 0) -> Sequence[Event]:
        """Return the lines of a job's log behind one of them."""
        with self._store.reading() as session:
            return session.scalars(
                select(Event).where(Event.job == number, Event.id > after).order_by(Event.id).limit(2000)
            ).all()

    def cancel(self, number: str, by: Visitor) -> None:
        """Ask for the end of a job; one that waits ends at once.

        Raises:
            RefusedError: it belongs to someone else, or has ended.
        """
        job = self.find(number)
        self._check_owner(job, by)
        with self._store.writing() as session:
            ended = execute_update(
                session,
                update(Job)
                .where(Job.id == number, Job.state == "queued")
                .values(state="cancelled", cancelled=True, ended_at=now(), message="Cancelled"),
            )
            if not ended:
                asked = execute_update(
                    session,
                    update(Job)
                    .where(Job.id == number, Job.state == "running")
                    .values(cancelled=True, message="Being cancelled"),
                )
                if not asked:
                    raise RefusedError("the run has ended already", 409)
            session.add(Event(job=number, at=now(), text=f"Cancelled by {by.name}"))
            note(session, by.name, "cancel", number)

    def _check_owner(self, job: Job, by: Visitor) -> None:
        if not by.may("planner") or (job.owner != by.name and not by.may("admin")):
            raise RefusedError(f"this run belongs to {job.owner}")

    def chain(self, job: Job) -> tuple[Path, ...]:
        """Return the folders of a rolled run and of those that it was rolled from, the newest first.

        Raises:
            RefusedError: one has no result.
        """
        found: list[Path] = []
        while job.kind == "roll":
            found.append(self.run_folder(job))
            before = order_of(job).run
            if before is None:
                break
            job = self.find(before)
        return tuple(found)

    def run_folder(self, job: Job) -> Path:
        """Return the folder of a job's result.

        Raises:
            RefusedError: there is none yet.
        """
        folder = None if job.run is None else self._settings.home / "runs" / job.run
        if folder is None or not folder.is_dir():
            raise RefusedError("this run has no result" + (" yet" if job.state in OPEN else ""), 404)
        return folder


def claim(store: Store, number: str, *, attempt: int) -> bool:
    """Take a queued job for this process; tell whether it was still to be had."""
    with store.writing() as session:
        taken = execute_update(
 session,
            update(Job)
            .where(Job.id == number, Job.state == "queued", Job.attempt == attempt)
            .values(
                state="running", attempt=attempt + 1, started_at=now(), seen_at=now(), process=os.getpid(),
                machine=platform.node()[:200], message="Starting",
            )
        )  # fmt: skip
        return bool(taken)


def next_queued(store: Store) -> tuple[str, int] | None:
    """Return the job whose turn it is: of the user with the fewest running, the one that waits longest."""
    with store.reading() as session:
        busy: dict[str, int] = dict(
            session.execute(
                select(Job.owner, func.count()).where(Job.state == "running").group_by(Job.owner)
            ).all()  # type: ignore[arg-type]
        )
        waiting = session.execute(
            select(Job.id, Job.attempt, Job.owner, Job.queued_at)
            .where(Job.state == "queued")
            .order_by(Job.queued_at)
            .limit(500)
        ).all()
    if not waiting:
        return None
    first = min(waiting, key=lambda row: (busy.get(row[2], 0), row[3]))
    return first[0], first[1]


def take_up_lost(store: Store) -> None:
    """Queue again what a process ran that is no more: after a crash, a kill or a restart of the machine.

    On this machine the process itself is looked for: one that was silent because the machine slept goes on.
    """
    here = platform.node()[:200]
    with store.writing() as session:
        for job in session.scalars(select(Job).where(Job.state == "running")):
            silent = now() - (job.seen_at or 0.0)
            lives = _lives(job.process, job.id) if job.machine == here else None
            if lives or silent <= (SILENT_SECONDS if lives is None else BEAT_SECONDS):
                continue
            if job.cancelled:
                job.state, job.ended_at, job.message = "cancelled", now(), "Cancelled"
            elif job.attempt >= ATTEMPTS:
                text = f"Its process was lost {job.attempt} times, perhaps for want of memory; it is given up"
                job.state, job.ended_at, job.message = "failed", now(), text
                session.add(Event(job=job.id, at=now(), text=text))
            else:
                job.state, job.message = "queued", "Interrupted; goes on when its turn comes"
                session.add(Event(job=job.id, at=now(), text="Its process was lost; it goes on from there"))


def _lives(process: int | None, number: str) -> bool | None:
    """Tell whether the process of a job is still at work; None where this system does not say.

    After a restart of the machine its number may be that of another process. A child that nobody waited for
    is dead, too, and has no command any more.
    """
    if process is None:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    try:
        return number.encode() in Path(f"/proc/{process}/cmdline").read_bytes()
    except FileNotFoundError:
        return False if Path("/proc/self").exists() else None
    except OSError:
        return None


def kind_title(job: Job) -> str:
    """Return what kind of run a job is, in words."""
    return TITLES.get(job.kind, job.kind)  # type: ignore[call-overload]


def order_of(job: Job) -> Order:
    """Return what a job is asked to do.

    Raises:
        RunError: an older version of capexpand queued it, and it is not understood any more.
    """
    try:
        return Order.model_validate(job.order)
    except ValueError as error:
        raise RunError(f"the order of run {job.id} is not understood: {error}") from None


def job_data(job: Job) -> JsonObject:
    """Return a job as an object for JSON."""
    return {
        "id": job.id,
        "kind": job.kind,
        "title": job.title,
        "owner": job.owner,
        "state": job.state,
        "message": job.message,
        "attempt": job.attempt,
        "queued_at": job.queued_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "run": job.run,
        "order": job.order,
        "summary": job.summary,
    }
