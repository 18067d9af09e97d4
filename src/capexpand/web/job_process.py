"""The process of one job: ``python -m capexpand.web.job_process HOME NUMBER ATTEMPT``.

It says every two seconds that it is alive, ends itself when the job is cancelled or was given to another
process, and leaves the result in the folder of its hash before the job counts as done.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from capexpand.api.planning import TrainingStep
from capexpand.errors import CapexpandError, CaseError, InfeasibleError
from capexpand.files.json_text import JsonObject
from capexpand.runs.folder import MANIFEST, read_manifest
from capexpand.web.changing import load_changed, merged_data
from capexpand.web.jobs import BEAT_SECONDS, Jobs, claim, order_of
from capexpand.web.library import Library
from capexpand.web.making import Task, make
from capexpand.web.orders import read_other
from capexpand.web.settings import Settings
from capexpand.web.sliders import assumptions_of
from capexpand.web.store import Store, execute_update, now
from capexpand.web.tables import Event, Job
from capexpand.web.uploads import inside_names, sent_file


class JobProcess:
    """One attempt at one job."""

    def __init__(self, settings: Settings, number: str, attempt: int) -> None:
        self.settings, self.number = settings, number
        self.attempt = attempt + 1
        self.store = Store(settings.database_url)
        self._over = threading.Event()
        self._said = ""

    def run(self) -> None:
        """Claim the job, make its run, and say how it ended."""
        if not claim(self.store, self.number, attempt=self.attempt - 1):
            return
        self.say("Starting" if self.attempt == 1 else f"Going on, attempt {self.attempt}")
        beats = threading.Thread(target=self._beat, daemon=True)
        beats.start()
        try:
            run, summary = self._make()
            self._end("done", "Done", run=run, summary=summary)
        except CaseError as error:
            self._end("failed", str(inside_names(error, self.settings.home)), summary=None)
        except InfeasibleError as error:
            self._end("infeasible", "No plan satisfies the case", summary={"conflict": list(error.conflict)})
        except CapexpandError as error:
            self._end("failed", str(error), summary=None)
        except MemoryError:
            self._end("failed", "There is not enough memory for this run", summary=None)
        except Exception:  # noqa: BLE001 - a fault of ours must not leave the job without an end
            traceback.print_exc()
            self._end("failed", "capexpand itself failed; its own log says where", summary=None)

    def say(self, text: str) -> None:
        """Add a line to the log; one that was said last is not repeated."""
        if text == self._said:
            return
        self._said = text
        numbers = _finite(text.numbers) if isinstance(text, TrainingStep) else None
        with self.store.writing() as session:
            words = str.__str__(text).removesuffix(" (Ctrl-C keeps this)")
            session.add(Event(job=self.number, at=now(), text=words, data=numbers))
            session.execute(self._ours().values(message=words[:1000], seen_at=now()))

    def _ours(self) -> Any:
        return update(Job).where(
            Job.id == self.number, Job.attempt == self.attempt, Job.state == "running", ~Job.cancelled
        )

    def _make(self) -> tuple[str, JsonObject]:
        with self.store.reading() as session:
            job = session.scalars(select(Job).where(Job.id == self.number)).one()
        order, home = order_of(job), self.settings.home
        library = Library(self.store, self.settings)
        jobs = Jobs(self.store, self.settings, library)
        run = None if order.run is None else jobs.run_folder(jobs.find(order.run))
        # a run keeps its case, which may be gone by now
        case = library.find(order.case, order.version).file if run is None else run / "case" / "case.yaml"
        changes: JsonObject = {}
        if order.changes:
            loaded = load_changed(case, order.variant)
            wanted = assumptions_of(loaded, merged_data(case, order.variant))
            changes = wanted.read(order.changes).settings
        place = home / "work" / self.number
        place.mkdir(parents=True, exist_ok=True)
        folder = place / "run"
        task = Task(
            order, case, order.variant,
            tuple(library.find(*read_other(name)[:2]).file for name in order.others), folder, self.say,
            run=run, chain=jobs.chain(jobs.find(order.run)) if order.run and order.kind == "history" else (),
            sent=None if order.sent is None else sent_file(home, order.sent),
        )  # fmt: skip
        summary = make(task, changes)
        return self._keep(folder), summary

    def _keep(self, folder: Path) -> str:
        """Move a whole run into the folder of its hash."""
        read_manifest(folder)
        import hashlib

        digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
        place = self.settings.home / "runs" / digest
        try:
            folder.rename(place)
        except OSError:
            if not (place / MANIFEST).is_file():
                raise
        shutil.rmtree(folder.parent, ignore_errors=True)
        return digest

    def _end(self, state: str, message: str, *, run: str | None = None, summary: JsonObject | None) -> None:
        self._over.set()
        with self.store.writing() as session:
            ended = execute_update(
                session,
                self._ours().values(
                    state=state, message=message[:20_000], run=run, summary=summary, ended_at=now(),
                    seen_at=now(),
                ),
            )  # fmt: skip
            if ended:  # neither cancelled nor given to another process in between
                session.add(Event(job=self.number, at=now(), text=message[:20_000]))

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            try:
                alive, cancelled = self._beaten()
            except SQLAlchemyError:
                continue  # the store does not answer; the next beat tries again
            if not alive and not self._over.is_set():
                self._stop(forget=cancelled)

    def _beaten(self) -> tuple[bool, bool]:
        """Say that this process is alive; tell whether the job is still its own, and whether cancelled."""
        with self.store.writing() as session:
            if execute_update(session, self._ours().values(seen_at=now())):
                return True, False
            cancelled = execute_update(
                session,
                update(Job)
                .where(Job.id == self.number, Job.attempt == self.attempt, Job.state == "running")
                .values(state="cancelled", ended_at=now(), message="Cancelled"),
            )
        return False, bool(cancelled)

    def _stop(self, *, forget: bool) -> None:
        """End this process and its own children at once; another attempt may go on in the work folder."""
        if forget:
            shutil.rmtree(self.settings.home / "work" / self.number, ignore_errors=True)
        os.killpg(os.getpgid(0), signal.SIGKILL)


def _finite(numbers: Mapping[str, float]) -> dict[str, float] | None:
    """Numbers that JSON can hold, or None where one is none yet."""
    return dict(numbers) if all(math.isfinite(value) for value in numbers.values()) else None


def main() -> None:
    """Run the job that the arguments name; the address of the store comes by the environment."""
    settings = Settings(home=Path(sys.argv[1]), **json.loads(os.environ.get("CAPEXPAND_SERVER", "{}")))
    JobProcess(settings, sys.argv[2], int(sys.argv[3])).run()


if __name__ == "__main__":
    main()
