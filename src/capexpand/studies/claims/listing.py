"""List claims, or find where they contradict each other and plan a case by each reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from capexpand.catalogue.reading import near
from capexpand.claims.companies import canonical, members
from capexpand.claims.findings import Finding
from capexpand.claims.joining import list_claims
from capexpand.claims.rules import find_contradictions
from capexpand.claims.table import Claim
from capexpand.errors import CaseError, Problem
from capexpand.files.json_text import JsonObject
from capexpand.studies.claims.reading_plans import ReadingPlan, ReadingPlans


@dataclass(frozen=True, slots=True)
class JudgedFinding:
    """A finding, and the plan of the case by each of its readings; None where a reading changes nothing."""

    finding: Finding
    plans: tuple[ReadingPlan | None, ...]

    def as_data(self) -> JsonObject:
        """Return the finding as names, numbers and texts."""
        finding = self.finding
        plans = self.plans or (None,) * len(finding.readings)
        return {
            "rule": finding.rule,
            "company": finding.company,
            "subject": finding.subject,
            "title": finding.title,
            "readings": [
                {
                    "words": reading.words,
                    "claims": [claim.claim_id for claim in reading.claims],
                    "places": reading.places,
                    "plan": None if plan is None else asdict(plan),
                }
                for reading, plan in zip(finding.readings, plans, strict=True)
            ],
            "at_issue": asdict(finding.at_issue),
        }


@dataclass(frozen=True, slots=True)
class ClaimsResult:
    """Claims, and their contradictions where these were asked for.

    Args:
        claims: by company and then by the day on which they became known.
        on: only what was known on that day; None for all that is known.
        case: the case that was planned by each reading.
        findings: contradictions and revisions; None where nobody asked for them.
    """

    claims: tuple[Claim, ...]
    on: date | None
    case: Path | None = None
    findings: tuple[JudgedFinding, ...] | None = None

    @property
    def contradictions(self) -> tuple[JudgedFinding, ...]:
        """The findings that are contradictions."""
        return tuple(one for one in self.findings or () if not one.finding.revised)

    @property
    def revisions(self) -> tuple[JudgedFinding, ...]:
        """The figures that a later word replaced."""
        return tuple(one for one in self.findings or () if one.finding.revised)

    def as_data(self) -> JsonObject:
        """Return the result as names, numbers and texts, as ``--json`` prints it."""
        if self.findings is None:
            return {"claims": [claim_data(claim) for claim in self.claims]}
        return {
            "on": None if self.on is None else self.on.isoformat(),
            "case": None if self.case is None else str(self.case),
            "contradictions": [one.as_data() for one in self.contradictions],
            "revisions": [one.as_data() for one in self.revisions],
        }

    def __repr__(self) -> str:
        """Write the size of the result in one line."""
        found = "" if self.findings is None else f", {len(self.contradictions)} contradictions"
        return f"<{len(self.claims)} claims{found}>"


def claim_data(claim: Claim) -> JsonObject:
    """Return a claim as names, numbers and texts."""
    data = {
        key: value.isoformat() if isinstance(value, date) else value for key, value in asdict(claim).items()
    }
    if not claim.quote:
        data = {key: value for key, value in data.items() if not key.startswith("quote")}
    return data


def claims(
    *,
    company: str | None = None,
    contradictions: bool = False,
    revisions: bool = False,
    case: Path | str | None = None,
    on: date | None = None,
    extra: Sequence[Path] = (),
) -> ClaimsResult:
    """List claims by company, or find where claims contradict each other.

    The arguments are those of ``capexpand.claims``.

    Raises:
        CaseError: a file or the case does not hold, options do not go together, or nothing is claimed about
            the company (near names are suggested).
        InfeasibleError: no plan satisfies the case.
    """
    if not contradictions:
        if case is not None or revisions:
            raise CaseError([Problem("--case and --revisions go with --contradictions")])
        listed = list_claims(company, on=on, extra=extra)
        if company is not None and not listed:
            known = {claim.company for claim in list_claims(extra=extra)}
            raise CaseError([Problem(f"nothing is claimed about '{company}'{near(company, known)}")])
        return ClaimsResult(listed, on)
    if case is not None:
        return _by_readings(Path(case), on, company, extra=extra, revisions=revisions)
    listed = list_claims(on=on, extra=extra)
    found = find_contradictions(listed, revisions=revisions)
    if company is not None:
        wanted = canonical(company).casefold()
        found = tuple(one for one in found if wanted in _called(one.company))
    return ClaimsResult(listed, on, None, tuple(JudgedFinding(finding, ()) for finding in found))


def _called(company: str) -> set[str]:
    return {name.casefold() for name in (company, *members(company))}


def _by_readings(
    path: Path, on: date | None, company: str | None, *, extra: Sequence[Path], revisions: bool
) -> ClaimsResult:
    """Find contradictions about the buyer of a case, and plan the case by each reading."""
    from capexpand.case.loading import load_case

    case = load_case(path)
    buyer, day = canonical(case.programme.buyer), on or case.as_of
    if company is not None and canonical(company) != buyer:
        raise CaseError([Problem(f"the case is about {buyer}, not {canonical(company)}")])
    listed = list_claims(on=day, extra=extra)
    plans = ReadingPlans.of(case)
    judged = tuple(
        JudgedFinding(finding, tuple(plans.read(reading.change) for reading in finding.readings))
        for finding in find_contradictions(listed, revisions=revisions)
        if finding.company == buyer
    )
    return ClaimsResult(listed, day, path, judged)
