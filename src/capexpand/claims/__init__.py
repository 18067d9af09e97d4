"""Published claims about programmes: figures, contradictions between them, and reading of new articles."""

from capexpand.claims.joining import list_claims
from capexpand.claims.rules import find_contradictions
from capexpand.claims.table import Claim

__all__ = ["Claim", "find_contradictions", "list_claims"]
