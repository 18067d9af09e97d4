"""Prices by kind of token, as a user writes them: fresh input, cached input and output."""

from __future__ import annotations

from typing import Literal

from capexpand.case.declared import Declared
from capexpand.case.figures import Ratio, UnitPriceSeries

TokenKind = Literal["input", "cached", "output"]
TOKEN_KINDS: tuple[TokenKind, ...] = ("input", "cached", "output")
KIND_TITLES: dict[TokenKind, str] = {"input": "input", "cached": "cached input", "output": "output"}


class PricedTokens(Declared):
    """Tokens of one kind and their price."""

    price: UnitPriceSeries
    """Price of a token of this kind, by date."""
    volume: Ratio | None = None
    """Tokens of this kind for each token of demand; from `serving` if absent."""


class Prices(Declared):
    """Prices of a token workload by kind; together with their volumes they make its price."""

    input: PricedTokens | None = None
    """Prompt tokens that no cache holds."""
    cached: PricedTokens | None = None
    """Prompt tokens read from a cache."""
    output: PricedTokens | None = None
    """Answer tokens."""

    @property
    def kinds(self) -> dict[TokenKind, PricedTokens]:
        """The kinds that have a price."""
        named = ((kind, getattr(self, kind)) for kind in TOKEN_KINDS)
        return {kind: part for kind, part in named if part is not None}
