"""``diff`` and the other questions that are asked of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from capexpand.api.planning import Say, silent
from capexpand.api.shown import Shown

if TYPE_CHECKING:
    from datetime import date

    from capexpand.case.schema import Case
    from capexpand.reporting.sheet import Sheet
    from capexpand.studies.diff.difference import Difference
    from capexpand.studies.frontier.frontier import Frontier
    from capexpand.studies.roll.history import History
    from capexpand.studies.roll.rolling import Roll
    from capexpand.studies.subjects import Subject
    from capexpand.studies.why.near import Near
    from capexpand.studies.why.of_policy import WhyPolicy
    from capexpand.studies.why.whynots import WhyNot
    from capexpand.studies.why.whys import Why

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, repr=False)
class Questioned(Shown, Generic[Found]):
    """The answer to a question about a plan: what was found, ready to be shown and saved.

    Args:
        found: everything that was found out.
        shown: the sheet of it.
    """

    found: Found
    shown: Sheet

    @property
    def sentences(self) -> tuple[str, ...]:
        """The answers, each with its question before it."""
        return tuple(f"{answer.question} {answer.text}" for answer in self.shown.answers)

    def __repr__(self) -> str:
        return f"<{self.shown.kind}: {self.shown.title!r}>"


def diff(
    old: Path | str | Case,
    new: Path | str | Case | None = None,
    *,
    variant: str | None = None,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> Questioned[Difference]:
    """Find what changed between two plans: inputs, decisions, results, and the value by cause.

    Args:
        old: a run folder, a case, or CASE:VARIANT.
        new: the same; the old case itself, with the variant, if None.
        variant: of the new case, to be applied.
        out: folder of the run; nothing is written where it is None.
        progress: sees how far it is.

    Raises:
        CaseError: a case is wrong, or the two are the same or count in different currencies.
        InfeasibleError: a case has no plan.
        SolverError: a solver failed.
        RunError: a run cannot be read, or the folder not be written.
    """
    from capexpand.errors import CaseError, Problem
    from capexpand.runs.folder import check_place
    from capexpand.studies.diff.difference import difference
    from capexpand.studies.diff.sheet import difference_sheet
    from capexpand.studies.subjects import read_subject

    if new is None and variant is None:
        raise CaseError([Problem("one plan given; name two, or a --variant of the one, to see what changed")])
    if out is not None:
        check_place(Path(out))
    say = progress or silent
    before = read_subject(old)
    after = read_subject(old if new is None else new, variant)
    found = difference(before, after, lambda what: say(f"Planning {what}"))
    sheet = difference_sheet(found)
    if out is not None:
        sheet.save(out)
    return Questioned(found, sheet)


def why(
    case: Path | str | Case,
    asked: str,
    *,
    variant: str | None = None,
    within: float = 1.0,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> Questioned[Why] | Questioned[Near] | Questioned[WhyPolicy]:
    """Say why a plan decides as it does: what limits it, what one more is worth and costs, what nearly won.

    Args:
        case: a run folder, a case, or CASE:VARIANT.
        asked: such as ``orders.OFFER.2025Q3``, ``sites.SITE power 2026Q3``, ``workloads.NAME``, ``budget``,
            ``alternatives`` for the least and most of each offer and site in plans nearly as good, or, of a
            run with a policy, ``policy`` for the futures that drive its decision of this quarter.
        variant: of the case, to be applied.
        within: for alternatives, the share of the programme's value that may be given up [%].
        out: folder of the run; nothing is written where it is None.
        progress: sees how far it is.

    Raises:
        CaseError: the case is wrong, or has no such thing.
        InfeasibleError: the case has no plan.
        SolverError: a solver failed.
        RunError: a run cannot be read, or the folder not be written.
    """
    from capexpand.studies.why.near import near_optimal
    from capexpand.studies.why.near_sheet import near_sheet
    from capexpand.studies.why.of_policy import (
        asks_policy,
        beside_policy,
        explain_policy,
        policy_of,
        policy_sheet,
    )
    from capexpand.studies.why.sheet import why_sheet
    from capexpand.studies.why.whys import explain_why

    subject = _subject(case, variant, out)
    if asks_policy(asked):
        said = explain_policy(subject)
        return _kept(Questioned(said, policy_sheet(said, subject)), out)
    (progress or silent)(f"Planning {subject.label}")
    if asked.strip().lower() == "alternatives":
        near = near_optimal(subject.case, subject.label, within / 100.0)
        return _kept(Questioned(near, near_sheet(near)), out)
    found = explain_why(subject.case, subject.label, asked)
    sheet, of_policy = why_sheet(found), policy_of(subject)
    if of_policy is not None:
        sheet = beside_policy(sheet, of_policy, found.asked, found.data)
    return _kept(Questioned(found, sheet), out)


def why_not(
    case: Path | str | Case,
    asked: str,
    *,
    variant: str | None = None,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> Questioned[WhyNot]:
    """Force a decision: what it costs, what gives way, the smallest change that would make it optimal.

    Args:
        case: a run folder, a case, or CASE:VARIANT.
        asked: such as ``orders.OFFER.2025Q3 >= 5000`` or ``sites.SITE power 2026Q3 >= 40 MW``.
        variant: of the case, to be applied.
        out: folder of the run; nothing is written where it is None.
        progress: sees how far it is.

    Raises:
        CaseError: the case is wrong, or has no such thing.
        InfeasibleError: the case has no plan even without it.
        SolverError: a solver failed.
        RunError: a run cannot be read, or the folder not be written.
    """
    from capexpand.studies.why.of_policy import beside_policy, policy_of, refuse_forcing
    from capexpand.studies.why.why_not_sheet import why_not_sheet
    from capexpand.studies.why.whynots import explain_why_not

    subject = _subject(case, variant, out)
    refuse_forcing(asked, subject.folder)
    (progress or silent)(f"Planning {subject.label} with and without it")
    found = explain_why_not(subject.case, subject.label, asked)
    sheet, of_policy = why_not_sheet(found), policy_of(subject)
    if of_policy is not None:
        sheet = beside_policy(sheet, of_policy, found.forced.asked, found.data, forced=True)
    return _kept(Questioned(found, sheet), out)


def _subject(case: Path | str | Case, variant: str | None, out: Path | str | None) -> Subject:
    """The case that is asked about, and the place of the answer checked before any work is done."""
    from capexpand.runs.folder import check_place
    from capexpand.studies.subjects import read_subject

    if out is not None:
        check_place(Path(out))
    return read_subject(case, variant)


def _kept(found: Questioned[Found], out: Path | str | None) -> Questioned[Found]:
    if out is not None:
        found.save(out)
    return found


def roll(
    case: Path | str | Case,
    *,
    actuals: Path | str | None = None,
    as_of: date | str | None = None,
    variant: str | None = None,
    assumptions: Path | str | Case | None = None,
    template: Path | str | None = None,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> Questioned[Roll] | None:
    """Roll a plan forward: keep what is committed, plan the rest anew, and show what changed and why.

    Args:
        case: a run folder, a case, or CASE:VARIANT.
        actuals: CSV, Parquet or an .xlsx workbook of what stands, is on order, was paid and was observed.
        as_of: the day; the end of the quarter of the latest observation if None.
        variant: of the case, to be applied.
        assumptions: a case with the assumptions of now, if they changed; it starts where the plan does.
        template: where to write the table that the plan expects, to be filled: .csv, .parquet or .xlsx;
            nothing is rolled then.
        out: folder of the run, which can be rolled again; nothing is written where it is None.
        progress: sees how far it is.

    Returns:
        The rolled plan; None where a template was written.

    Raises:
        CaseError: the case, the table or the day is wrong.
        InfeasibleError: nothing can be planned from what stands.
        SolverError: a solver failed.
        RunError: a run cannot be read, or the folder not be written.
    """
    from capexpand.case.reading import parse_day
    from capexpand.errors import CaseError, Problem
    from capexpand.files import write_file
    from capexpand.studies.roll.rolling import roll_forward
    from capexpand.studies.roll.rolling import template as expected
    from capexpand.studies.roll.sheet import roll_sheet
    from capexpand.studies.subjects import read_subject
    from capexpand.units import QuantityError

    if (actuals is None) == (template is None):
        message = "name --actuals FILE, or --template FILE to have the table written that the plan expects"
        raise CaseError([Problem(message)])
    try:
        day = None if as_of is None else parse_day(as_of)
    except QuantityError as error:
        raise CaseError([Problem(f"--as-of: {error}")]) from None
    subject = _subject(case, variant, out)
    say = progress or silent
    if template is not None:
        place = Path(template)
        content = expected(subject, day, place.suffix.lower())
        write_file(place, content, ours=lambda _: False)  # an older one may be filled
        return None
    known = None if assumptions is None else read_subject(assumptions).case
    found = roll_forward(
        subject, Path(actuals or ""), as_of=day, known=known, progress=lambda what: say(f"Planning {what}")
    )
    return _kept(Questioned(found, roll_sheet(found)), out)


def history(
    folder: Path | str, *, out: Path | str | None = None, progress: Say | None = None
) -> Questioned[History]:
    """Lay out a chain of rolled plans, and what each period's decisions cost for want of knowledge.

    Args:
        folder: that holds the runs of ``roll`` side by side.
        out: folder of the run; nothing is written where it is None.
        progress: sees how far it is.

    Raises:
        CaseError: the folder holds no chain, or more than one.
        SolverError: a solver failed.
        RunError: a run cannot be read, or the folder not be written.
    """
    from capexpand.runs.folder import check_place
    from capexpand.studies.roll.history import history as lay_out
    from capexpand.studies.roll.history_sheet import history_sheet

    if out is not None:
        check_place(Path(out))
    say = progress or silent
    found = lay_out(Path(folder), lambda what: say(f"Planning {what}"))
    return _kept(Questioned(found, history_sheet(found)), out)


def frontier(
    case: Path | str | Case,
    *,
    objectives: str | tuple[str, str] = "npv,power",
    points: int = 9,
    serve: float = 0.0,
    variant: str | None = None,
    out: Path | str | None = None,
    progress: Say | None = None,
) -> Questioned[Frontier]:
    """Find the frontier between two objectives: what each step of the one costs in the other.

    Args:
        case: a run folder, a case, or CASE:VARIANT.
        objectives: two of npv, cost, power, energy, spending and served.
        points: of the frontier, at least 2.
        serve: share of the demand that every plan must serve, by its price [%].
        variant: of the case, to be applied.
        out: folder of the run; nothing is written where it is None.
        progress: sees how far it is.

    Raises:
        CaseError: the case is wrong, or there are no such objectives.
        InfeasibleError: the case has no plan, or none that serves so much.
        SolverError: a solver failed.
        RunError: a run cannot be read, or the folder not be written.
    """
    from capexpand.errors import CaseError, Problem
    from capexpand.studies.frontier.frontier import find_frontier
    from capexpand.studies.frontier.sheet import frontier_sheet

    named = tuple(objectives.split(",")) if isinstance(objectives, str) else tuple(objectives)
    if len(named) != 2:
        message = f"--objectives: '{','.join(named)}' names {len(named)}; write two, as npv,power"
        raise CaseError([Problem(message)])
    if points < 2 or not 0.0 <= serve <= 100.0:
        wrong = "--points: a frontier has 2 points or more" if points < 2 else "--serve: lies from 0 to 100 %"
        raise CaseError([Problem(wrong)])
    subject = _subject(case, variant, out)
    say = progress or silent
    found = find_frontier(
        subject.case, subject.label, (named[0].strip(), named[1].strip()), points=points, serve=serve / 100.0,
        progress=lambda what: say(f"Planning {what}"),
    )  # fmt: skip
    return _kept(Questioned(found, frontier_sheet(found)), out)
