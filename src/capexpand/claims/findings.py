"""The finding of a rule: readings that exclude each other, and the amount at issue between them."""

from __future__ import annotations

from dataclasses import dataclass

from capexpand.claims.table import Claim


@dataclass(frozen=True, slots=True)
class PlanChange:
    """The change that a reading makes to a case of the company.

    Args:
        cap: most that may be spent, in ``currency``; None leaves the case's own.
        floor: least that is to be spent, in ``currency``, which then replaces the cap.
        currency: of both, or the one whose rate ``rate`` is.
        rate: units of the case's currency for one of ``currency``.
    """

    cap: float | None = None
    floor: float | None = None
    currency: str = ""
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class ClaimReading:
    """One way to read what was claimed.

    Args:
        change: what it would mean for a plan, None where it maps to nothing in a case.
    """

    words: str
    claims: tuple[Claim, ...] = ()
    change: PlanChange | None = None

    @property
    def places(self) -> str:
        """Where it is said, each place once."""
        return "; ".join(dict.fromkeys(claim.place for claim in self.claims))


@dataclass(frozen=True, slots=True)
class AtIssue:
    """The difference that it makes which reading is right.

    Args:
        words: in words, with the amount.
        amount: in money, None where the claims give none.
        share: of the programme [fraction], None where there is none to compare with.
    """

    words: str
    amount: float | None = None
    currency: str = ""
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A contradiction, or a figure that was revised.

    Args:
        company: whom it is about.
        subject: which figure: measure and period. Findings of one rule and subject in two currencies are one.
        at_issue: what hangs on it.
        revised: whether a later word replaces an earlier one; no contradiction then.
    """

    rule: str
    company: str
    subject: str
    title: str
    readings: tuple[ClaimReading, ...]
    at_issue: AtIssue
    revised: bool = False
