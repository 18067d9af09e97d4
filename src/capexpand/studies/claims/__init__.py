"""Claims beside a case: list them, find contradictions, and plan the case by each reading."""

from capexpand.studies.claims.listing import ClaimsResult, JudgedFinding, claims

__all__ = ["ClaimsResult", "JudgedFinding", "claims"]
