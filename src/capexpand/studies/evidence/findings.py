"""The evidence behind a programme's value, and the next fact worth finding."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from capexpand.case.evidence import EVIDENCE, REPORTED, Evidence
from capexpand.case.loading import copies_of, read_declaration
from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem
from capexpand.executing.carrying import Carrying
from capexpand.executing.engine import Engine, in_order
from capexpand.executing.local import LocalProcesses
from capexpand.optimiser.plan import SolverReport
from capexpand.pipeline import refuse_objective
from capexpand.studies.evidence.facts import EvidenceFact, facts_of
from capexpand.studies.evidence.measuring import Measurer, Sensitivity

Progress = Callable[[str], None]
_AT_ONCE = 4
"""Facts that a process measures before it says so."""


@dataclass(frozen=True, slots=True)
class OfKind:
    """What one kind of evidence carries.

    Args:
        evidence: the kind.
        numbers: of the case that are of it, without the laws of uncertainties.
        facts: that are of it.
        variance: of the value from them [money²], to first order.
        share: of the whole variance [fraction].
    """

    evidence: Evidence
    numbers: int
    facts: int
    variance: float
    share: float


@dataclass(frozen=True, slots=True)
class NextFact:
    """A fact and what it would bring to find it in a source.

    Args:
        sensitivity: of the value to it.
        effect: by which one deviation of it moves the value [money], at least 0.
        share: of the variance of the value [fraction].
        removed: share of that variance that would be gone if the fact became reported [fraction].
        left: standard deviation of the value that would be left [money].
    """

    sensitivity: Sensitivity
    effect: float
    share: float
    removed: float
    left: float

    @property
    def fact(self) -> EvidenceFact:
        """The fact."""
        return self.sensitivity.fact


@dataclass(frozen=True, slots=True)
class EvidenceFindings:
    """The evidence behind the value of a programme.

    Args:
        label: of the case.
        case: as loaded.
        currency: of all money.
        value: the plan's best objective less that of the business without the programme [money].
        whole_sizes: whether the case plans in whole sizes, which are taken as parts here.
        solver: how the plan was found.
        kinds: each kind of evidence, the firmest first.
        sensitivities: of every fact, in the order of the case.
        ranked: facts whose slope is known, by the variance that would go if they were reported.
    """

    label: str
    case: Case
    currency: str
    value: float
    whole_sizes: bool
    solver: str
    kinds: tuple[OfKind, ...]
    sensitivities: tuple[Sensitivity, ...]
    ranked: tuple[NextFact, ...]

    @property
    def deviation(self) -> float:
        """Standard deviation of the value from all facts measured [money], taken as independent."""
        return math.sqrt(sum(kind.variance for kind in self.kinds))

    @property
    def unmeasured(self) -> tuple[Sensitivity, ...]:
        """Facts of which the slope is not known."""
        return tuple(one for one in self.sensitivities if one.slope is None)


def find_evidence(
    case: Case,
    label: str,
    *,
    replan: bool = False,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> EvidenceFindings:
    """Find what the value of a case rests on.

    Args:
        case: as ``load_case`` gives it; it is read again, since its numbers are changed where they stand.
        replan: whether to plan again, twice for each, with what a plan follows in steps only.
        engine: what measures the facts; this process if None. The result is the same with any.
        progress: is told how far it is.

    Raises:
        CaseError: the files of the case are not any more what was loaded.
        InfeasibleError: no plan satisfies the case.
        SolverError: a solver failed.
    """
    refuse_objective(case, "what a value rests on")
    say = progress or (lambda _: None)
    origin = case.provenance
    declaration = read_declaration(origin.path, origin.variant)
    if declaration.load().provenance.content_hash != origin.content_hash:
        message = "its files do not say any more what was loaded; load it again"
        raise CaseError([Problem(message, file=origin.path)])
    say("the case and the business without the programme")
    measurer = Measurer(declaration, case, replan=replan)
    facts = tuple(facts_of(declaration, case))

    parts = [facts[first : first + _AT_ONCE] for first in range(0, len(facts), _AT_ONCE)]
    found: list[Sensitivity] = []
    runs_on = engine or LocalProcesses(1)
    work = Carrying(_Measured(measurer), lambda: copies_of(origin.path, origin.variant))
    with runs_on.pool(work, most=len(parts)) as pool:
        for _, sensitivities in in_order(pool, parts):
            found += sensitivities
            say(f"with other numbers: {len(found)} of {len(facts)}")
    kinds, ranked = weigh(found)
    report: SolverReport = measurer.optimum.plan.solver
    return EvidenceFindings(
        label=label,
        case=case,
        currency=measurer.data.currency,
        value=measurer.value,
        whole_sizes=measurer.data.whole_sizes,
        solver=report.solver,
        kinds=kinds,
        sensitivities=tuple(found),
        ranked=ranked,
    )


@dataclass(frozen=True, slots=True)
class _Measured:
    measurer: Measurer

    def __call__(self, facts: tuple[EvidenceFact, ...]) -> list[Sensitivity]:
        return [self.measurer.sensitivity(fact) for fact in facts]


def weigh(found: list[Sensitivity]) -> tuple[tuple[OfKind, ...], tuple[NextFact, ...]]:
    """Return what each kind of evidence carries, and the facts by what it would bring to find them.

    The variance of the value is, to first order and with facts independent of each other, the sum over facts
    of (slope × relative deviation)². A fact that becomes reported keeps the deviation of a reported one.
    """
    variances = [(one.effect or 0.0) ** 2 for one in found]
    total = sum(variances)
    kinds: list[OfKind] = []
    for evidence in EVIDENCE:
        ours = [k for k, one in enumerate(found) if one.fact.evidence == evidence]
        variance = sum(variances[k] for k in ours)
        numbers = sum(found[k].fact.numbers for k in ours)
        kinds.append(OfKind(evidence, numbers, len(ours), variance, variance / total if total else 0.0))
    ranked: list[NextFact] = []
    for one, variance in zip(found, variances, strict=True):
        if one.slope is None:
            continue
        left = min(REPORTED.deviation / one.fact.evidence.deviation, 1.0) ** 2
        gone = variance * (1.0 - left)
        ranked.append(
            NextFact(
                one,
                math.sqrt(variance),
                variance / total if total else 0.0,
                gone / total if total else 0.0,
                math.sqrt(max(total - gone, 0.0)),
            )
        )
    ranked.sort(key=lambda one: (-one.removed, -one.effect, one.fact.path))
    return tuple(kinds), tuple(ranked)
