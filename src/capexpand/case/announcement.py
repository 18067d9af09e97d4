"""The announcement of a programme: the reaction of the share price, and the spending of the years before.

Nothing here enters a plan. It is what a plan is held against: the value that the market added on the day, and
the claim that the programme is more than was spent in the years before.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from capexpand.case.declared import Declared, Name, Title
from capexpand.case.figures import Change, Count, Day, Fraction, Money, Ratio


class ChangeRange(Declared):
    """A relative change that is known within bounds."""

    low: Change
    """Lower bound."""
    high: Change
    """Upper bound."""


class ShareRange(Declared):
    """A share that is known within bounds."""

    low: Fraction
    """Lower bound."""
    high: Fraction
    """Upper bound."""


class Move(Declared):
    """A move of the company's shares, and of the market beside it, over some days.

    One of ``gain`` and ``value_added`` is needed; with both, their ratio gives the value before.
    """

    title: Title
    """Name in reports."""
    gain: Change | None = None
    """Change of the share price."""
    value_added: Money | None = None
    """Change of the value of all shares."""
    index_gain: ChangeRange | None = None
    """Change of the market in the same days; none if absent."""
    due_to_programme: ShareRange | None = None
    """Share of the move, less that of the market, that the programme may have caused; that of the block if
    absent."""


class Stake(Declared):
    """A stake as it was reported: its value and its number of shares."""

    value: Money
    """Reported value."""
    shares: Count
    """Reported number of shares."""


class Market(Declared):
    """The company's shares about the day of the announcement."""

    shares: Count
    """Number of the company's shares, of the kind in which the price is quoted."""
    price_before: Money
    """Price of one share before the first move."""
    index_sensitivity: Ratio | None = None
    """Relative change of the share for one of the index; 1 if absent."""
    due_to_programme: ShareRange
    """Share of a move that the programme may have caused, beside the day's other news."""
    moves: Annotated[dict[Name, Move], Field(min_length=1)]
    """Moves of the share by name; the implied expectations are those of the first."""
    stake: Stake | None = None
    """A shareholding as it was reported."""


class SpentBefore(Declared):
    """Capital expenditure of a period as reported or remembered, within bounds."""

    months: Annotated[int, Field(strict=True, ge=1, le=12)] = 12
    """Length of the period."""
    low: Money
    """Lower bound."""
    high: Money
    """Upper bound."""


class PastSpending(Declared):
    """Spending before the programme, with which its amount is compared."""

    years: Annotated[int, Field(strict=True, ge=1, le=50)]
    """Years that the claim speaks of."""
    in_scope: ShareRange
    """Share of the amounts that is of the programme's kind."""
    periods: Annotated[dict[Day, SpentBefore], Field(min_length=1)]
    """Capital expenditure by the last day of its period."""


class Announcement(Declared):
    """The announcement of a programme."""

    market: Market | None = None
    """The company's shares about the day of the announcement."""
    past_spending: PastSpending | None = None
    """What was spent in the years before."""
