"""All errors that capexpand raises on purpose.

::

    CapexpandError
    ├── CaseError        what a user wrote is wrong; carries every problem found    exit code 2
    ├── InfeasibleError  no plan satisfies the case; carries the conflict in words  exit code 3
    ├── SolverError      the solver failed, or its answer did not pass our checks   exit code 4
    └── RunError         a run folder cannot be written or read                     exit code 2

A user's mistake never shows a traceback: the command line prints the message and ends with the code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in what a user wrote, and where.

    Args:
        message: what is wrong and what would be right.
        path: dotted place inside the document, such as ``sites.zhangbei.grid``.
        file: the file, where known.
        line: line in the file, from 1, where known.
        column: column in the line, from 1, where known.
        cell: sheet and cell of a workbook, such as ``Sites!B5``.
    """

    message: str
    path: str = ""
    file: Path | None = None
    line: int | None = None
    column: int | None = None
    cell: str = ""

    def __str__(self) -> str:
        where = (self.cell,) if self.cell else (self.line, self.column)
        place = ":".join(str(part) for part in (self.file, *where) if part is not None)
        return ": ".join(part for part in (place, self.path, self.message) if part)


class CapexpandError(Exception):
    """The root of all errors that capexpand raises on purpose."""

    exit_code: ClassVar[int] = 2


class CaseError(CapexpandError):
    """What a user wrote is wrong. ``problems`` holds everything found, not only the first."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[CaseError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)  # it may come from a worker


class InfeasibleError(CapexpandError):
    """No plan satisfies the case. ``conflict`` holds the limits that exclude each other, in words."""

    exit_code = 3

    def __init__(self, conflict: Sequence[str]) -> None:
        self.conflict = tuple(conflict)
        if len(self.conflict) == 1:
            said = f": {self.conflict[0]}"
        else:
            lines = "\n".join(f"  - {line}" for line in self.conflict)
            said = f"; these limits exclude each other:\n{lines}"
        super().__init__(f"no plan satisfies the case{said}")

    def __reduce__(self) -> tuple[type[InfeasibleError], tuple[tuple[str, ...]]]:
        return type(self), (self.conflict,)


class SolverError(CapexpandError):
    """The solver failed, or its answer did not pass our own checks."""

    exit_code = 4


class RunError(CapexpandError):
    """A run folder cannot be written or read."""

    exit_code = 2


def in_words(error: Exception) -> str:
    """Writes why a file could not be read, without the system's number and without the file's name again.

    Args:
        error: of the system, or of what was read.
    """
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
