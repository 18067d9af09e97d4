"""What a user declares of the age of a unit."""

from __future__ import annotations

from capexpand.case.declared import Declared
from capexpand.case.figures import FractionPerYear, Life


class Wear(Declared):
    """How age tells on an owned unit: beyond some age it fails more often and costs more to keep."""

    after: Life
    """Age from which this holds."""
    attrition: FractionPerYear
    """Share of such units that fail for good in a year, in place of the offer's."""
    maintenance: FractionPerYear
    """Yearly upkeep of such a unit, as a share of its price at the plan's start, in place of the offer's."""
