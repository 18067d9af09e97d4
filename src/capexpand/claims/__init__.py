"""What was claimed: figures of reports and programmes, where they contradict each other, new ones read."""

from capexpand.claims.joining import list_claims
from capexpand.claims.rules import find_contradictions
from capexpand.claims.table import Claim

__all__ = ["Claim", "find_contradictions", "list_claims"]
