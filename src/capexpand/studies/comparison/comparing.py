"""Plans every case and lays the programmes side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from capexpand.case.schema import Case
from capexpand.errors import CaseError, InfeasibleError, Problem, SolverError
from capexpand.finance.attribution import mostly_internal
from capexpand.pipeline import evaluate, optimise
from capexpand.reporting.inputs import Findings
from capexpand.studies.comparison.measures import Measures
from capexpand.studies.comparison.measuring import measure_programme
from capexpand.studies.comparison.rates import DayRates, day_rates
from capexpand.studies.comparison.yardstick import Yardstick, common_yardstick
from capexpand.studies.subjects import label_of, read_subject

__all__ = ["ComparedProgramme", "Comparison", "compare"]

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ComparedProgramme:
    """One programme of a comparison: its name, what was found out, and its figures in the currency of all."""

    label: str  # folder of the case, with its variant
    findings: Findings
    measures: Measures

    @property
    def case(self) -> Case:
        """The case that it came from."""
        return self.findings.case

    @property
    def mostly_internal(self) -> bool:
        """Whether most of what it may serve is used inside, so that no revenue can be laid on it."""
        return mostly_internal(self.findings.result.plan.data)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Programmes side by side, money in one currency at one day's rates."""

    programmes: tuple[ComparedProgramme, ...]
    rates: DayRates
    yardstick: Yardstick | None

    @property
    def currency(self) -> str:
        """Code of the currency of all money."""
        return self.rates.currency


@dataclass(frozen=True, slots=True)
class _Entry:
    label: str
    case: Case
    findings: Findings | None


def compare(
    programmes: Sequence[Path | str | Case | Findings],
    *,
    currency: str | None = None,
    rates_of: date | None = None,
    rates: Sequence[str] = (),
    progress: Progress | None = None,
) -> Comparison:
    """Plan cases and lay them side by side on one yardstick.

    Args:
        programmes: two or more of: a case file or folder, ``FOLDER:VARIANT``, a run folder (its case is
            planned again), a loaded case, or findings, which are taken as they are.
        currency: of all money; the cases' own if they share one, else USD.
        rates_of: day of the exchange rates; the latest ``as_of`` of the cases if absent.
        rates: exchange rates such as ``7.2 CNY/USD``, which come before all others.
        progress: is told which programme is being planned.

    Raises:
        CaseError: nothing to compare, the same case twice, a case that is wrong, or a rate that is missing.
        InfeasibleError: a case has no plan; the message names it.
        SolverError: the solver failed on a case; the message names it.
        RunError: a run folder was changed or cannot be read.
    """
    entries = _entries(programmes)
    cases = [entry.case for entry in entries]
    own = {case.currency for case in cases}
    wanted = currency or (own.pop() if len(own) == 1 else "USD")
    day = day_rates(rates_of or max(case.as_of for case in cases), wanted, cases, rates)
    yardstick = common_yardstick(cases)
    made: list[ComparedProgramme] = []
    for entry in entries:
        if progress is not None:
            progress(entry.label)
        findings = entry.findings or _planned(entry)
        measures = measure_programme(findings, yardstick).times(day.factor(entry.case.currency))
        made.append(ComparedProgramme(entry.label, findings, measures))
    return Comparison(tuple(made), day, yardstick)


def _planned(entry: _Entry) -> Findings:
    try:
        return evaluate(optimise(entry.case))
    except InfeasibleError as error:
        named = InfeasibleError([f"{entry.label}: {line}" for line in error.conflict])
        raise named from error
    except SolverError as error:
        raise SolverError(f"{entry.label}: {error}") from error


def _entries(programmes: Sequence[Path | str | Case | Findings]) -> list[_Entry]:
    if len(programmes) < 2:
        having = "one case" if programmes else "no case"
        raise CaseError([Problem(f"{having} given; name two or more to compare, e.g. cases/a cases/b")])
    entries: list[_Entry] = []
    problems: list[Problem] = []
    for one in programmes:
        try:
            entries.append(_entry(one))
        except CaseError as error:
            problems += error.problems
    problems += _repeated(entries)
    if problems:
        raise CaseError(list({str(problem): problem for problem in problems}.values()))
    return entries


def _repeated(entries: Sequence[_Entry]) -> list[Problem]:
    """Complain about a case that stands twice: by what it says, whatever it is called."""
    first: dict[str, str] = {}
    problems: list[Problem] = []
    for entry in entries:
        digest = entry.case.provenance.content_hash
        if digest in first:
            other = "" if first[digest] == entry.label else f", as {first[digest]}"
            problems.append(
                Problem(f"{entry.label}: stands twice{other}; name each case once, or another variant")
            )
        first.setdefault(digest, entry.label)
    labels = [entry.label for entry in entries]
    alike = {label for label in labels if labels.count(label) > 1}
    if not problems and alike:
        return [
            Problem(f"{label}: two different cases have this name; rename a folder")
            for label in sorted(alike)
        ]
    return problems


def _entry(one: Path | str | Case | Findings) -> _Entry:
    if isinstance(one, Findings):
        return _Entry(label_of(one.case), one.case, one)
    subject = read_subject(one)
    return _Entry(subject.label, subject.case, None)
