"""The buyer's reports, as a user declares how they relate to the case.

A company reports its whole group, a case describes a part of it. Only a stated bridge makes the two
comparable.
"""

from __future__ import annotations

from pydantic import Field

from capexpand.case.declared import Declared, Name
from capexpand.case.figures import MoneyPerQuarterSeries


class Reported(Declared):
    """How the buyer's reports relate to the case; without a bridge a figure of the group is not compared."""

    company: str | None = None
    """Name in the catalogue of actuals; the programme's buyer if absent."""
    capital_expenditure_beside: MoneyPerQuarterSeries | None = None
    """What the group spends beside the programme; without it capital expenditure is not compared."""
    price_lists: dict[Name, str] = Field(default_factory=dict)
    """For a workload in tokens, the model in the catalogue of prices whose list its price follows."""
