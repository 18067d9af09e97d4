"""The cases: those that are shipped, and those that users uploaded, forked or started, with their history."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, func, select

from capexpand.case.loading import load_case
from capexpand.case.merging import read_merged
from capexpand.case.shipped import case_place, shipped_cases
from capexpand.errors import CaseError, Problem, RunError
from capexpand.web.access import RefusedError, Visitor
from capexpand.web.settings import Settings
from capexpand.web.store import Store, note, now
from capexpand.web.tables import Job, StoredCase, Version
from capexpand.web.uploads import check_inside, inside_names, keep_files, path_problem

SHIPPED = "shipped"
"""Owner of the cases that come with capexpand."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_OF_RUN = re.compile(r"run-([0-9a-f]{16})")
"""Name of the case of a run, which is a case like others, and stays as it is."""


@dataclass(frozen=True, slots=True)
class FoundCase:
    """A case in one of its states.

    Args:
        name: in addresses.
        title: as the case says.
        owner: who made it.
        version: number of its state; 0 for a shipped case, which has one.
        latest: number of its newest state.
        folder: of its files.
        main: the case file in it.
        at: when this state was saved [s since 1970]; 0 for a shipped case.
        author: of this state.
        forked_from: the case that it was copied from.
        run: number of the run whose case it is.
    """

    name: str
    title: str
    owner: str
    version: int
    latest: int
    folder: Path
    main: str
    at: float
    author: str
    forked_from: str | None = None
    run: str | None = None

    @property
    def file(self) -> Path:
        """The case file."""
        return self.folder / self.main

    @property
    def shipped(self) -> bool:
        """Whether it comes with capexpand and cannot be changed."""
        return self.owner == SHIPPED

    def editable_by(self, visitor: Visitor) -> bool:
        """Tell whether someone may change it."""
        return not (self.shipped or self.run) and (
            visitor.may("admin") or (visitor.may("planner") and visitor.name == self.owner)
        )


class Library:
    """The cases of an application."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        (settings.home / "cases").mkdir(parents=True, exist_ok=True)
        self._titles = {name: _title_of(case_place(name) / "case.yaml", name) for name in shipped_cases()}

    def all(self) -> tuple[FoundCase, ...]:
        """Return every case in its newest state, own ones first, the latest changed on top."""
        newest = select(func.max(Version.id)).group_by(Version.case_name)
        with self._store.reading() as session:
            rows = session.execute(
                select(StoredCase, Version)
                .join(Version, Version.case_name == StoredCase.name)
                .where(Version.id.in_(newest))
                .order_by(Version.at.desc())
            ).all()
        own = tuple(self._found(case, version, version.number) for case, version in rows)
        return (*own, *(self._shipped(name) for name in self._titles))

    def find(self, name: str, version: int | None = None) -> FoundCase:
        """Return a case.

        Args:
            name: of it.
            version: number of a state; the newest if absent.

        Raises:
            RefusedError: there is none.
        """
        if name in self._titles and version in (None, 0):
            return self._shipped(name)
        if (of_run := _OF_RUN.fullmatch(name)) and version in (None, 0):
            return self._of_run(of_run[1])
        with self._store.reading() as session:
            case = session.get(StoredCase, name)
            latest = session.scalar(select(func.max(Version.number)).where(Version.case_name == name))
            number = latest if version is None else version
            found = session.scalar(select(Version).where(Version.case_name == name, Version.number == number))
        if case is None or found is None or latest is None:
            raise RefusedError(f"there is no case '{name[:80]}'" + (f" {version}" if case else ""), 404)
        return self._found(case, found, latest)

    def history(self, name: str) -> tuple[Version, ...]:
        """Return the states of a case, the newest first."""
        with self._store.reading() as session:
            return tuple(
                session.scalars(
                    select(Version).where(Version.case_name == name).order_by(Version.number.desc())
                )
            )

    def texts(self, case: FoundCase) -> dict[str, str]:
        """Return the files of a case that people read and edit, the case file first."""
        if case.shipped:
            return {case.main: case.file.read_text("utf-8")}
        files = sorted(path for path in case.folder.rglob("*") if path.is_file())
        files.sort(key=lambda path: path != case.file)
        return {str(path.relative_to(case.folder)): path.read_text("utf-8", "replace") for path in files}

    def save(
        self,
        name: str,
        files: Mapping[str, bytes],
        main: str,
        *,
        by: Visitor,
        told: str,
        new: bool,
        over: int | None = None,
        forked_from: str | None = None,
    ) -> FoundCase:
        """Save a state of a case once it was checked.

        Args:
            name: of the case.
            files: all of them, by their paths.
            main: the case file among them.
            told: of the change, for the history.
            new: whether the case is new.
            over: the state that was edited; another one in between is not overwritten.
            forked_from: the case that it was copied from.

        Raises:
            CaseError: the case is wrong; the problems name its own files.
            RefusedError: the name is taken or will not do, or someone else saved in between.
        """
        if not by.may("planner"):
            raise RefusedError("viewers cannot change cases; ask an admin for the role of a planner")
        self._check_name(name, new=new)
        for path in files:
            problem = path_problem(path)
            if problem:
                raise CaseError([Problem(f"{path[:100]!r} {problem}")])
        folder, made = keep_files(self._settings.home / "cases", files)
        try:
            title = checked_title(folder, main)
        except CaseError:
            if made:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        with self._store.writing() as session:
            known = session.get(StoredCase, name)
            if new and known is not None:
                raise RefusedError(f"there is a case '{name}' already; take another name", 409)
            if known is None:
                count = session.scalar(
                    select(func.count()).select_from(StoredCase).where(StoredCase.owner == by.name)
                )
                if (count or 0) >= self._settings.limits.cases:
                    raise RefusedError(f"you have {count} cases, as many as one may have; delete some", 409)
                known = StoredCase(name=name, owner=by.name, made_at=now(), forked_from=forked_from)
                session.add(known)
                session.flush()
            elif known.owner != by.name and not by.may("admin"):
                raise RefusedError(f"'{name}' belongs to {known.owner}; fork it to change it")
            latest = session.scalar(select(func.max(Version.number)).where(Version.case_name == name)) or 0
            if over is not None and latest != over:
                raise RefusedError(
                    f"'{name}' was saved by someone else since you opened it (state {latest}); "
                    "open it again and repeat your change",
                    409,
                )
            session.add(
                Version(
                    case_name=name, number=latest + 1, folder=folder.name, main=main, title=title[:300],
                    author=by.name, at=now(), note=told[:300],
                )
            )  # fmt: skip
            note(session, by.name, "case", f"{name} {latest + 1}: {told}")
        return self.find(name)

    def fork(self, case: FoundCase, name: str, *, by: Visitor) -> FoundCase:
        """Copy a case with all its files under another name.

        Raises:
            RefusedError: the name is taken or will not do.
        """
        source = f"{case.name} {case.version}" if case.version else case.name
        files, main = self.files_of(case)
        return self.save(name, files, main, by=by, told=f"Forked from {source}", new=True, forked_from=source)

    def files_of(self, case: FoundCase) -> tuple[dict[str, bytes], str]:
        """Return all files of a case, with what it extends, by paths below one folder."""
        if not case.shipped:
            paths = [path for path in case.folder.rglob("*") if path.is_file()]
            return {str(path.relative_to(case.folder)): path.read_bytes() for path in paths}, case.main
        above = case.folder.parent
        files = {path.resolve() for path in load_case(case.file).provenance.files}
        files |= {path.resolve() for path in read_merged(case.file)[1]}
        files = {path for path in files if path.is_relative_to(above.resolve())}
        return (
            {str(path.relative_to(above.resolve())): path.read_bytes() for path in files},
            f"{case.folder.name}/{case.main}",
        )

    def remove(self, name: str, *, by: Visitor) -> None:
        """Remove a case with its history; its runs stay.

        Raises:
            RefusedError: there is none, or it belongs to someone else.
        """
        case = self.find(name)
        if not case.editable_by(by):
            raise RefusedError(f"'{name}' belongs to {case.owner}")
        with self._store.writing() as session:
            session.execute(delete(Version).where(Version.case_name == name))
            session.execute(delete(StoredCase).where(StoredCase.name == name))
            note(session, by.name, "case removed", name)

    def _check_name(self, name: str, *, new: bool) -> None:
        if not _NAME.fullmatch(name):
            raise RefusedError(
                f"'{name[:64]}' is no name for a case; take small letters, digits and -, up to 63", 422
            )
        if _OF_RUN.fullmatch(name):
            raise RefusedError(f"'{name}' is the name of the case of a run; take another one", 409)
        if name in self._titles and new:
            raise RefusedError(f"'{name}' is the name of a shipped case; take another one", 409)
        if name in self._titles:
            raise RefusedError(f"'{name}' comes with capexpand and cannot be changed; fork it", 403)

    def _of_run(self, number: str) -> FoundCase:
        with self._store.reading() as session:
            job = session.get(Job, number)
        folder = None if job is None or job.run is None else self._settings.home / "runs" / job.run / "case"
        if job is None or folder is None or not (folder / "case.yaml").is_file():
            raise RefusedError(f"there is no case of a run '{number}'", 404)
        return FoundCase(
            f"run-{number}", _title_of(folder / "case.yaml", job.title), job.owner, 0, 0, folder,
            "case.yaml", job.ended_at or 0.0, job.owner, run=number,
        )  # fmt: skip

    def _shipped(self, name: str) -> FoundCase:
        folder = case_place(name)
        return FoundCase(name, self._titles[name], SHIPPED, 0, 0, Path(folder), "case.yaml", 0.0, SHIPPED)

    def _found(self, case: StoredCase, version: Version, latest: int) -> FoundCase:
        folder = self._settings.home / "cases" / version.folder
        return FoundCase(
            case.name, version.title, case.owner, version.number, latest, folder, version.main, version.at,
            version.author, case.forked_from,
        )  # fmt: skip


def checked_title(folder: Path, main: str) -> str:
    """Check a case and all its variants, and return its title.

    Raises:
        CaseError: with every problem, naming the case's own files.
    """
    from capexpand.api.checking import check

    try:
        check_inside(folder, main)
        return check(folder / main).case.title
    except CaseError as error:
        raise inside_names(error, folder) from None
    except RecursionError:
        raise CaseError([Problem("is nested too deeply", file=Path(main))]) from None


def _title_of(file: Path, otherwise: str) -> str:
    try:
        node, _ = read_merged(file)
    except (CaseError, RunError):
        return otherwise
    title = (node.mapping or {}).get("title")
    return str(title.value) if title is not None else otherwise
