"""What a user declares about the unknown: named processes, what each moves, and how they go together.

A process moves *targets*, dotted places of the case such as ``workloads.chat.demand``; a star stands for
any name. A continuous process is the logarithm of a factor, and an exponent says how strongly it moves a
target: at an exponent of 2 a factor of 1.1 multiplies by 1.21. In the first quarter everything stands
where the case puts it; the unknown begins with the second.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from capexpand.case.declared import Declared, Name, Title
from capexpand.case.figures import (
    Correlation,
    Exponent,
    Fraction,
    Jump,
    Life,
    Rate,
    Ratio,
    Spread,
    Transition,
)

Target = Annotated[str, Field(description="a place such as workloads.*.demand; * stands for any name")]


class Trend(Declared):
    """A factor that drifts away for good: the logarithm is a random walk."""

    title: Title = ""
    volatility: Spread  # standard deviation of the logarithm after one year
    moves: dict[Target, Exponent]
    keeps_mean: bool = True  # whether what it moves keeps the mean that the case declares


class Reversion(Declared):
    """A factor that strays and comes back: the logarithm halves its distance in every half-life."""

    title: Title = ""
    deviation: Spread  # standard deviation of the logarithm in the long run
    half_life: Life
    moves: dict[Target, Exponent]
    keeps_mean: bool = True


class Drift(Declared):
    """A growth rate that nobody knows: the logarithm grows by a rate that is estimated from what is seen.

    The unknown rate fades by half in every half-life, so that no mean explodes over a long horizon.
    With ``noise`` a change of one quarter tells only a part of it; without, the first change tells all.
    """

    title: str = ""
    deviation: Spread  # standard deviation of the yearly growth of the logarithm that is not known
    half_life: Life  # of the unknown growth
    noise: Spread | None = (
        None  # standard deviation of lasting surprises that say nothing of growth, in a year
    )
    moves: dict[Target, Exponent]
    keeps_mean: bool = True


class Shock(Declared):
    """A factor that jumps at random times; the jump fades by half in every half-life, or never."""

    title: Title = ""
    rate: Rate  # jumps a year
    size: Jump  # relative change of the factor by the median jump
    size_deviation: Spread | None = None  # standard deviation of the logarithm of a jump, 0 if absent
    half_life: Life | None = None
    moves: dict[Target, Exponent]
    keeps_mean: bool = True


class State(Declared):
    """A state of the world, with a factor for each target; for an export fee it is a share added."""

    title: Title = ""
    moves: dict[Target, Ratio] = Field(default_factory=dict)


class Regimes(Declared):
    """States that follow each other by chance, quarter by quarter.

    ``transitions`` gives, for each state, where it may go. A share is the probability in each quarter; a
    share per time, such as ``20 %/year``, is the rate of a chain in continuous time. What is left stays.
    """

    title: Title = ""
    initial: Name
    states: dict[Name, State]
    transitions: dict[Name, dict[Name, Transition]]
    keeps_mean: bool = False  # the case usually describes one of the states rather than their mean


class Delay(Declared):
    """Something due comes late: grid power, a rise of supply, deliveries. Each target waits by itself."""

    title: Title = ""
    quarters: dict[Annotated[int, Field(ge=0, le=40)], Fraction]  # chance of being late by so many quarters
    moves: tuple[Target, ...]


class Market(Declared):
    """Ties price and demand of workloads to productivity, so that no process moves one of them alone.

    The logarithm of price falls by ``pass_through`` of what productivity gains; that of demand rises by
    ``elasticity`` of what the price loses, whatever moved the price.
    """

    title: Title = ""
    workloads: tuple[Name, ...]
    pass_through: Ratio
    elasticity: Ratio


class CorrelationOf(Declared):
    """The correlation between the innovations of two trends or reversions."""

    between: tuple[Name, Name]
    value: Correlation


class Uncertainty(Declared):
    """Everything that is unknown about a case; nothing if empty."""

    trends: dict[Name, Trend] = Field(default_factory=dict)
    reversions: dict[Name, Reversion] = Field(default_factory=dict)
    drifts: dict[Name, Drift] = Field(default_factory=dict)
    shocks: dict[Name, Shock] = Field(default_factory=dict)
    regimes: dict[Name, Regimes] = Field(default_factory=dict)
    delays: dict[Name, Delay] = Field(default_factory=dict)
    markets: dict[Name, Market] = Field(default_factory=dict)
    correlations: tuple[CorrelationOf, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether no process is declared."""
        return not (
            self.trends or self.reversions or self.drifts or self.shocks or self.regimes or self.delays
        )
