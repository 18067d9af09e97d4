"""Declared uncertainty: named processes, the numbers that each moves, and their correlation.

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
    """Name in reports."""
    volatility: Spread
    """Standard deviation of the factor's logarithm after one year."""
    moves: dict[Target, Exponent]
    """Places of the case that the factor moves, each with its exponent."""
    keeps_mean: bool = True
    """Whether what it moves keeps the mean that the case declares."""


class Reversion(Declared):
    """A mean-reverting factor (Ornstein–Uhlenbeck): its logarithm halves its distance in every half-life."""

    title: Title = ""
    """Name in reports."""
    deviation: Spread
    """Standard deviation of the factor's logarithm in the long run."""
    half_life: Life
    """Time in which half of a deviation is gone."""
    moves: dict[Target, Exponent]
    """Places of the case that the factor moves, each with its exponent."""
    keeps_mean: bool = True
    """Whether what it moves keeps the mean that the case declares."""


class Drift(Declared):
    """A growth rate that nobody knows: the logarithm grows by a rate that is estimated from what is seen.

    The unknown rate fades by half in every half-life, so that no mean explodes over a long horizon.
    With ``noise`` a change of one quarter tells only a part of it; without, the first change tells all.
    """

    title: str = ""
    """Name in reports."""
    deviation: Spread
    """Standard deviation of the yearly growth that is not known."""
    half_life: Life
    """Time in which half of the unknown growth fades."""
    noise: Spread | None = None
    """Standard deviation over a year of lasting surprises that say nothing of growth; none if absent."""
    moves: dict[Target, Exponent]
    """Places of the case that the factor moves, each with its exponent."""
    keeps_mean: bool = True
    """Whether what it moves keeps the mean that the case declares."""


class Shock(Declared):
    """A factor that jumps at random times; the jump fades by half in every half-life, or never."""

    title: Title = ""
    """Name in reports."""
    rate: Rate
    """Jumps in a year."""
    size: Jump
    """Relative change of the factor by the median jump."""
    size_deviation: Spread | None = None
    """Standard deviation of the logarithm of a jump; 0 if absent."""
    half_life: Life | None = None
    """Time in which half of a jump fades; it stays if absent."""
    moves: dict[Target, Exponent]
    """Places of the case that the factor moves, each with its exponent."""
    keeps_mean: bool = True
    """Whether what it moves keeps the mean that the case declares."""


class WorldState(Declared):
    """A state of the world, with a factor for each target; for an export fee it is a share added."""

    title: Title = ""
    """Name in reports."""
    moves: dict[Target, Ratio] = Field(default_factory=dict)
    """Factor for each place of the case that the state moves; for an export fee a share that is added."""


class Regimes(Declared):
    """States that follow each other by chance, quarter by quarter.

    ``transitions`` gives, for each state, where it may go. A share is the probability in each quarter; a
    share per time, such as ``20 %/year``, is the rate of a chain in continuous time. What is left stays.
    """

    title: Title = ""
    """Name in reports."""
    initial: Name
    """State in the first quarter."""
    states: dict[Name, WorldState]
    """The states by name."""
    transitions: dict[Name, dict[Name, Transition]]
    """For each state where it may go: a probability in each quarter, or a rate such as `20 %/year`. What
    is left stays."""
    keeps_mean: bool = False
    """Whether what it moves keeps the mean that the case declares; mostly not, since the case describes
    one of the states."""


class Delay(Declared):
    """Something due comes late: grid power, a rise of supply, deliveries. Each target waits by itself."""

    title: Title = ""
    """Name in reports."""
    quarters: dict[Annotated[int, Field(ge=0, le=40)], Fraction]
    """Probability of being late by so many quarters."""
    moves: tuple[Target, ...]
    """Places of the case that may come late: grid power, a rise of supply, deliveries. Each waits by
    itself."""


class Market(Declared):
    """Ties price and demand of workloads to productivity, so that no process moves one of them alone.

    The logarithm of price falls by ``pass_through`` of what productivity gains; that of demand rises by
    ``elasticity`` of what the price loses, whatever moved the price.
    """

    title: Title = ""
    """Name in reports."""
    workloads: tuple[Name, ...]
    """Workloads whose price and demand follow productivity."""
    pass_through: Ratio
    """Share of a gain of productivity by which the logarithm of the price falls."""
    elasticity: Ratio
    """Rise of the logarithm of demand for a fall of that of the price."""


class CorrelationOf(Declared):
    """The correlation between the innovations of two trends or reversions."""

    between: tuple[Name, Name]
    """Two trends or reversions."""
    value: Correlation
    """Correlation of their innovations."""


class Uncertainty(Declared):
    """Everything that is unknown about a case; nothing if empty."""

    trends: dict[Name, Trend] = Field(default_factory=dict)
    """Factors that drift away for good."""
    reversions: dict[Name, Reversion] = Field(default_factory=dict)
    """Factors that revert to their mean."""
    drifts: dict[Name, Drift] = Field(default_factory=dict)
    """Growth rates that nobody knows."""
    shocks: dict[Name, Shock] = Field(default_factory=dict)
    """Factors that jump at random times."""
    regimes: dict[Name, Regimes] = Field(default_factory=dict)
    """States that follow each other by chance."""
    delays: dict[Name, Delay] = Field(default_factory=dict)
    """Things due that may come late."""
    markets: dict[Name, Market] = Field(default_factory=dict)
    """Ties of price and demand to productivity."""
    correlations: tuple[CorrelationOf, ...] = ()
    """Correlations between trends and reversions."""

    @property
    def empty(self) -> bool:
        """Whether no process is declared."""
        return not (
            self.trends or self.reversions or self.drifts or self.shocks or self.regimes or self.delays
        )
