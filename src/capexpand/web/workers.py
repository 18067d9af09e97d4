"""Our own workers: a thread of the server that starts a process for each job whose turn it is."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import platform
import signal
import subprocess
import sys
import threading

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from capexpand.web.jobs import next_queued, take_up_lost
from capexpand.web.settings import Settings
from capexpand.web.store import Store, now
from capexpand.web.tables import Event, Job

LOG = logging.getLogger("capexpand.web")
PAUSE_SECONDS = 0.4


class Workers:
    """Starts, follows and ends the processes of jobs.

    A killed server leaves its processes at work: they end their jobs by themselves, and the next server
    finds them done, or takes them up again where the process is lost as well.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="workers", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        if self._settings.workers:
            self._thread.start()

    def stop(self) -> None:
        """End the processes at work; their jobs go on with the next server."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        for number, process in self._running.items():
            _end(process)
            with self._store.writing() as session:
                session.execute(
                    update(Job)
                    .where(Job.id == number, Job.state == "running")
                    .values(state="queued", message="Interrupted; goes on when the server starts again")
                )
                session.add(Event(job=number, at=now(), text="The server was stopped"))

    def _work(self) -> None:
        while not self._over.wait(PAUSE_SECONDS):
            try:
                self._turn()
            except (SQLAlchemyError, OSError):  # a disk that is full, no process to be had
                LOG.exception("a job could not be looked after; trying again")
                self._over.wait(3.0)

    def _turn(self) -> None:
        take_up_lost(self._store)
        for number, process in list(self._running.items()):
            if process.poll() is not None:
                del self._running[number]
                self._ended(number, process.returncode)
            elif self._is_cancelled(number):
                _end(process)
        with self._store.reading() as session:
            here = select(Job.id).where(Job.state == "running", Job.machine == platform.node()[:200])
            busy = len(session.scalars(here).all())
        if max(busy, len(self._running)) >= self._settings.workers:
            return
        job = next_queued(self._store)
        if job is not None and job[0] not in self._running:
            self._running[job[0]] = self._started(*job)

    def _started(self, number: str, attempt: int) -> subprocess.Popen[bytes]:
        server = {"database": self._settings.database}
        environment = {**os.environ, "CAPEXPAND_SERVER": json.dumps(server)}
        command = [sys.executable, "-m", "capexpand.web.job_process"]
        log = self._settings.home / "work" / "failures.log"
        with log.open("ab") as errors:
            return subprocess.Popen(  # noqa: S603 - our own module
                [*command, str(self._settings.home.absolute()), number, str(attempt)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )

    def _is_cancelled(self, number: str) -> bool:
        with self._store.reading() as session:
            job = session.get(Job, number)
        return job is not None and job.cancelled

    def _ended(self, number: str, code: int) -> None:
        """Note a process that ended without a word: cancelled, killed, or before it claimed its job."""
        with self._store.writing() as session:
            job = session.get(Job, number)
            if job is None or job.state not in ("running", "queued"):
                return
            if job.cancelled:
                job.state, job.ended_at, job.message = "cancelled", now(), "Cancelled"
            elif job.state == "queued" and code != 0:
                text = f"its process ended with {code} before it began"
                job.state, job.ended_at, job.message = "failed", now(), text
                session.add(Event(job=number, at=now(), text=text))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with its children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
