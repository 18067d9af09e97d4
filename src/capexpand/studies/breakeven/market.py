"""The value that the market added on an announcement, as a range, beside the value of a plan."""

from __future__ import annotations

from dataclasses import dataclass

from capexpand.case.announcement import Market, Move, ShareRange
from capexpand.case.schema import Case
from capexpand.case.values import Figure
from capexpand.errors import CaseError, Problem
from capexpand.model.world import World
from capexpand.reporting.serial import MILLION
from capexpand.studies.breakeven.distribution import Distribution


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of an amount, and the middle between them."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """Half way between the bounds."""
        return (self.low + self.high) / 2.0


@dataclass(frozen=True, slots=True)
class ValueAdded:
    """The value implied by one move of the shares; money in millions of the case's currency.

    Args:
        name: of the move.
        title: of the move.
        before: value of all shares before it.
        gross: value added by the move.
        of_index: part of it that went with the market, as a range.
        net: what is left, as a range.
        programme: what of that the programme may have caused, as a range.
        per_share: the same for one share [currency].
        for_stake: the same for the stake [million], or None without one.
        chance: that the plan is worth the lower and the upper bound, each as bounds; None where unknown.
    """

    name: str
    title: str
    before: float
    gross: float
    of_index: Range
    net: Range
    programme: Range
    per_share: Range
    for_stake: Range | None
    chance: tuple[tuple[float, float], tuple[float, float]] | None


@dataclass(frozen=True, slots=True)
class StakeCheck:
    """Whether a stake's value and its number of shares go with the price of a share; in the price's currency.

    Args:
        implied: value divided by shares.
        bounds: of the same where the count is rounded to its first digit.
        before: price before the moves.
        after: price after the first move, or None where it has no gain.
        currency: of all of these.
    """

    implied: float
    bounds: Range
    before: float
    after: float | None
    currency: str

    @property
    def fits(self) -> bool:
        """Whether the price before or after lies within what rounding allows."""
        prices = [price for price in (self.before, self.after) if price is not None]
        return any(self.bounds.low <= price <= self.bounds.high for price in prices)


@dataclass(frozen=True, slots=True)
class MarketFindings:
    """The share-price reaction compared with the value of the plan.

    Args:
        shares: number of shares.
        npv_per_share: of the plan as assumed [currency].
        npv_for_stake: the same for the stake [million], or None.
        moves: in the order of the case; the first is the one whose implied values are sought.
        stake: whether the stake's two figures agree, or None without a stake.
        value_gap: for a move with both gain and value, value of all shares after it by these two, beside that
            by count and price after the first move: the difference as a share of the latter; by name.
    """

    shares: float
    npv_per_share: float
    npv_for_stake: float | None
    moves: tuple[ValueAdded, ...]
    stake: StakeCheck | None
    value_gap: dict[str, float]


def market_of(case: Case) -> Market:
    """Return what a case says about the company's shares.

    Raises:
        CaseError: it says nothing.
    """
    if case.announcement is None or case.announcement.market is None:
        message = (
            "says nothing about the company's shares; add announcement.market to hold the plan against it"
        )
        raise CaseError([Problem(message, file=case.provenance.path)])
    return case.announcement.market


def value_added(case: Case, npv: float, distribution: Distribution | None) -> MarketFindings:
    """Return what the market added, beside what the plan is worth.

    Args:
        case: with ``announcement.market``.
        npv: the plan's net present value as assumed [million].
        distribution: of the plan's value, if known.

    Raises:
        CaseError: the case says nothing about the company's shares.
    """
    market, world = market_of(case), World.of(case)
    shares = market.shares.value
    before = shares * world.number(market.price_before)
    stake = market.stake
    first = _or(next(iter(market.moves.values())).gain, 0.0)
    part = None if stake is None else stake.shares.value / shares
    moves = tuple(
        _value_added(name, move, market, world, before=before, part=part, distribution=distribution)
        for name, move in market.moves.items()
    )
    return MarketFindings(
        shares=shares,
        npv_per_share=npv * MILLION / shares,
        npv_for_stake=None if part is None else npv * part,
        moves=moves,
        stake=_stake(market),
        value_gap={
            name: _before(move, before, world) * (1.0 + move.gain.value) / (before * (1.0 + first)) - 1.0
            for name, move in market.moves.items()
            if move.gain is not None and move.value_added is not None
        },
    )


def _before(move: Move, before: float, world: World) -> float:
    """Value of all shares before a move: its own, where the move gives both its gain and its value."""
    if move.gain is not None and move.value_added is not None:
        return world.number(move.value_added) / move.gain.value
    return before


def _value_added(
    name: str,
    move: Move,
    market: Market,
    world: World,
    *,
    before: float,
    part: float | None,
    distribution: Distribution | None,
) -> ValueAdded:
    start = _before(move, before, world)
    gain = move.gain.value if move.gain is not None else 0.0
    gross = world.number(move.value_added) if move.value_added is not None else gain * start
    sensitivity = _or(market.index_sensitivity, 1.0)
    ends = (0.0, 0.0) if move.index_gain is None else (move.index_gain.low.value, move.index_gain.high.value)
    of_index = _range(*(sensitivity * end * start for end in ends))
    net = _range(gross - of_index.high, gross - of_index.low)
    share: ShareRange = move.due_to_programme or market.due_to_programme
    due = [amount * end.value for amount in (net.low, net.high) for end in (share.low, share.high)]
    programme = _range(*due)
    chance = None
    if distribution is not None:
        chance = (distribution.reaches(programme.low), distribution.reaches(programme.high))
    each = MILLION / market.shares.value
    return ValueAdded(
        name=name,
        title=move.title,
        before=start,
        gross=gross,
        of_index=of_index,
        net=net,
        programme=programme,
        per_share=Range(programme.low * each, programme.high * each),
        for_stake=None if part is None else Range(programme.low * part, programme.high * part),
        chance=chance,
    )


def _range(*amounts: float) -> Range:
    return Range(min(amounts), max(amounts))


def _or(figure: Figure | None, otherwise: float) -> float:
    return otherwise if figure is None else figure.value


def _stake(market: Market) -> StakeCheck | None:
    """Value by shares of the stake, beside the price of a share; both must be in one currency."""
    stake = market.stake
    if stake is None or stake.value.currency != market.price_before.currency:
        return None
    count = stake.shares.value
    half = 0.5 * 10.0 ** _exponent(count)
    worth = stake.value.value * MILLION
    first = next(iter(market.moves.values()))
    before = market.price_before.value * MILLION
    return StakeCheck(
        implied=worth / count,
        bounds=Range(worth / (count + half), worth / max(count - half, half)),
        before=before,
        after=None if first.gain is None else before * (1.0 + first.gain.value),
        currency=str(market.price_before.currency),
    )


def _exponent(count: float) -> int:
    """The power of ten of the first digit."""
    return len(str(int(count))) - 1
