"""Rolls a plan forward: what is committed is kept, the rest planned anew, and what changed since is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.optimiser.plan import Plan
from capexpand.studies.diff.difference import Difference, difference
from capexpand.studies.roll.actuals import ActualRow, read_actuals, table_of
from capexpand.studies.roll.expected import expected_actuals
from capexpand.studies.roll.state import Rolled, pinned, quarters_over, rolled_case
from capexpand.studies.subjects import Subject
from capexpand.timevalue import quarter_starts

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Surprise:
    """One thing that is not as the old plan expected.

    Args:
        actual: what it is.
        expected: by the old plan, in the same unit; None where it expected nothing.
    """

    actual: ActualRow
    expected: float | None


@dataclass(frozen=True, slots=True)
class Roll:
    """A plan rolled forward.

    Args:
        old: the case as planned before.
        rolled: the case of the later day.
        as_of: the day.
        actuals: what happened until then.
        surprises: of it, what the old plan did not expect.
        change: between the old plan and the new one.
        previous_hash: of the old case, by which a history finds it.
    """

    old: Subject
    rolled: Rolled
    as_of: date
    actuals: tuple[ActualRow, ...]
    surprises: tuple[Surprise, ...]
    change: Difference
    previous_hash: str

    @property
    def case(self) -> Case:
        """The case of the later day."""
        return self.rolled.case


def template(subject: Subject, as_of: date | None, suffix: str = ".csv") -> bytes:
    """Return the table of what a plan expects on a day, to be filled with what happened.

    Args:
        subject: whose plan is rolled.
        as_of: the day; the end of the plan's first quarter if None.
        suffix: of the file: .csv, .parquet or .xlsx.

    Raises:
        CaseError: on that day no quarter is over, or nothing is left to plan.
        InfeasibleError: the case has no plan.
        SolverError: a program could not be solved.
    """
    day = as_of or first_day(subject.case)
    decided = quarters_over(subject.case, day)
    plan = _plan(subject.case)
    return table_of(expected_actuals(subject.case, plan, decided), suffix)


def first_day(case: Case) -> date:
    """Return the day on which a plan's first quarter ends."""
    return quarter_starts(case.calendar.start, 2)[1] - timedelta(days=1)


def roll_forward(
    subject: Subject,
    actuals: Path,
    *,
    as_of: date | None = None,
    known: Case | None = None,
    progress: Progress | None = None,
) -> Roll:
    """Roll a plan forward to a later day.

    Args:
        subject: whose plan it is.
        actuals: table of what happened until then.
        as_of: the day; the end of the quarter of the latest observation if None.
        known: a case with the assumptions of now, with the same start; those of the plan if None.
        progress: is told what is being done.

    Raises:
        CaseError: the table is wrong, or the day leaves nothing to plan.
        InfeasibleError: nothing can be planned from what stands.
        SolverError: a program could not be solved.
    """
    say = progress or (lambda _: None)
    case = subject.case
    rows = read_actuals(actuals, case)
    day = as_of or _latest(rows, case)
    decided = quarters_over(case, day)
    if known is not None and (known.calendar.start != case.calendar.start or known.currency != case.currency):
        message = "--assumptions: starts or counts otherwise than the plan; name the same case, changed"
        raise CaseError([Problem(message, file=known.provenance.path)])
    say("what was planned before")
    plan = _plan(case)
    expected = expected_actuals(case, plan, decided)
    try:
        rolled = rolled_case(known or case, plan, decided, rows, old=case)
    except CaseError as error:
        named = [replace(one, file=actuals) if one.line and not one.file else one for one in error.problems]
        raise CaseError(named) from None
    after = Subject(f"{subject.label} from {plan.data.times.labels[decided]}", rolled.case)
    change = difference(Subject(subject.label, pinned(case), subject.folder), after, progress)
    return Roll(
        old=subject,
        rolled=rolled,
        as_of=day,
        actuals=rows,
        surprises=_surprises(rows, expected),
        change=change,
        previous_hash=case.provenance.content_hash,
    )


def _plan(case: Case) -> Plan:
    return optimise_plan(
        compile_case(case),
        relative_gap=case.solve.relative_gap,
        time_limit_seconds=case.solve.time_limit_seconds,
    )


def _latest(rows: tuple[ActualRow, ...], case: Case) -> date:
    """The end of the quarter of the latest observation, else of the plan's first quarter."""
    seen = [row.date for row in rows if row.quantity in ("demand", "price", "offer_price") and row.date]
    if not seen:
        return first_day(case)
    starts = quarter_starts(case.calendar.start, case.calendar.quarters + 1)
    last = max(seen)
    return next((day for day in starts if day > last), starts[-1]) - timedelta(days=1)


def _surprises(rows: tuple[ActualRow, ...], expected: tuple[ActualRow, ...]) -> tuple[Surprise, ...]:
    planned = {one.key: one for one in expected}
    found: list[Surprise] = []
    for row in rows:
        was = planned.pop(row.key, None)
        if was is None:
            if row.value > 0.0:
                found.append(Surprise(row, None))
        elif was.unit == row.unit and abs(was.value - row.value) > 1e-6 * max(1.0, was.value):
            found.append(Surprise(row, was.value))
        elif was.unit != row.unit:
            found.append(Surprise(row, None))
    missing = (one for one in planned.values() if one.quantity not in ("book_value", "demand", "ordered"))
    found += [Surprise(replace(was, value=0.0), was.value) for was in missing if was.value > 1e-6]
    return tuple(found)
