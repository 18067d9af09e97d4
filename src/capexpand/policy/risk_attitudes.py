"""How a planner weighs what may follow, as a user states it; each is a risk measure of the engine."""

from __future__ import annotations

from dataclasses import dataclass

from capexpand.errors import CaseError, Problem
from capexpand.sddp.risk import Expectation, RiskMeasure, WorstCase

__all__ = ["CVaR", "Expectation", "WorstCase", "read_risk"]


@dataclass(frozen=True, slots=True)
class CVaR:
    """A blend of the mean and of the mean of the worst futures, nested quarter by quarter.

    Args:
        level: share of futures that are not the worst, in [0, 1): at 0.9 the worst tenth counts as worst.
        weight: of the worst futures, in [0, 1]; the rest is on the mean. One half suits a careful planner; a
            weight of 1 ignores every good future and is rarely right.
    """

    level: float
    weight: float = 0.5

    def __post_init__(self) -> None:
        if not (0.0 <= self.level < 1.0 and 0.0 <= self.weight <= 1.0):
            text = (
                f"cvar needs a level in [0, 1) and a weight in [0, 1], not {self.level:g} and {self.weight:g}"
            )
            raise CaseError([Problem(text, path="risk")])

    def mixture(self) -> tuple[tuple[float, float], ...]:
        """Returns pairs of weight and tail fraction, as ``RiskMeasure`` wants them."""
        return ((1.0 - self.weight, 1.0), (self.weight, 1.0 - self.level))


def read_risk(text: str) -> RiskMeasure:
    """Returns the attitude that a text states: ``mean``, ``worst``, ``cvar:LEVEL`` or ``cvar:LEVEL:WEIGHT``.

    Args:
        text: as a user writes it.

    Raises:
        CaseError: the text is none of these.
    """
    kind, *numbers = text.strip().lower().split(":")
    try:
        values = [float(number) for number in numbers]
    except ValueError:
        values = [float("nan")] * 3
    if kind == "mean" and not values:
        return Expectation()
    if kind == "worst" and not values:
        return WorstCase()
    if kind == "cvar" and len(values) in {1, 2}:
        return CVaR(*values)
    message = f"{text!r} is not one of mean, worst, cvar:0.9, cvar:0.9:0.5 (level, weight of the worst)"
    raise CaseError([Problem(message, path="risk")])
