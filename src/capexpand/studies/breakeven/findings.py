"""All that must be believed about one programme: break-evens, the market's answer, the claim on the past."""

from __future__ import annotations

from dataclasses import dataclass

from capexpand.case.schema import Case
from capexpand.studies.breakeven.break_even import BreakEven, BreakEvens, Progress, Search, Target, break_even
from capexpand.studies.breakeven.distribution import Distribution, simulated
from capexpand.studies.breakeven.market import MarketFindings, value_added
from capexpand.studies.breakeven.past_spending import PastFindings, past_spending

SEED = 2
SCENARIOS = 500
USUAL_PAIRS = (("volume", "price"),)


@dataclass(frozen=True, slots=True)
class BeliefFindings:
    """What must be believed about a programme.

    Args:
        break_evens: levels at which its net present value is zero.
        distribution: of its net present value, or None where nothing is declared unknown.
        market: what the market added, or None where the case says nothing about it.
        market_beliefs: what would make the plan worth what the market added, by target.
        past: the claim on past spending tested, or None where the case says nothing about it.
        missing: parts that the case says nothing about, in words.
        seed: of the futures behind the distribution.
    """

    break_evens: BreakEvens
    distribution: Distribution | None
    market: MarketFindings | None
    market_beliefs: tuple[tuple[Target, tuple[BreakEven, ...]], ...]
    past: PastFindings | None
    missing: tuple[str, ...]
    seed: int

    @property
    def case(self) -> Case:
        """The case as declared."""
        return self.break_evens.case


def believe(
    case: Case,
    beliefs: tuple[str, ...] = (),
    *,
    pairs: tuple[tuple[str, str], ...] | None = None,
    transfer: bool | None = None,
    distribution: Distribution | None = None,
    scenarios: int = SCENARIOS,
    seed: int = SEED,
    progress: Progress | None = None,
) -> BeliefFindings:
    """Finds what must be believed for a programme to pay, and for the market to have been right.

    Args:
        case: as ``load_case`` gives it.
        beliefs: names of levers; all general ones if empty.
        pairs: of levers; price against volume if absent.
        transfer: whether internal workloads count at their transfer value; decided by the case if absent.
        distribution: of the plan's value, such as a policy's; simulated if absent.
        scenarios: futures to simulate.
        seed: of their draws.
        progress: is told what is being looked for.

    Raises:
        CaseError: the case has no such belief.
        InfeasibleError: no plan satisfies the case as declared.
        SolverError: a program could not be solved.
    """
    search = Search.of(case, transfer=transfer)
    wanted = _usual(search) if pairs is None else pairs
    found = break_even(case, beliefs, pairs=wanted, progress=progress, search=search)
    announced = case.announcement
    missing: list[str] = []
    if distribution is None and not case.uncertainty.empty:
        if progress is not None:
            progress(f"{scenarios} futures")
        distribution = simulated(case, scenarios=scenarios, seed=seed, transfer=search.transfer)
    if distribution is None:
        missing.append("The case declares nothing unknown, so its value has no distribution.")
    market = beliefs_of_market = None
    if announced is not None and announced.market is not None:
        market = value_added(case, found.npv, distribution)
        beliefs_of_market = _market_beliefs(search, market, progress)
    else:
        missing.append("The case says nothing about the company's shares (announcement.market).")
    past = None
    if announced is not None and announced.past_spending is not None:
        past = past_spending(case)
    else:
        missing.append("The case says nothing about past spending (announcement.past_spending).")
    return BeliefFindings(
        break_evens=found,
        distribution=distribution,
        market=market,
        market_beliefs=beliefs_of_market or (),
        past=past,
        missing=tuple(missing),
        seed=seed,
    )


def price_lever(search: Search) -> str:
    """Returns the lever that stands for price: what customers pay, or what an hour is worth to the group.

    Args:
        search: of the case.
    """
    return "price" if "price" in search.levers else "transfer-value"


def _usual(search: Search) -> tuple[tuple[str, str], ...]:
    price = price_lever(search)
    return tuple((first, price) for first, _ in USUAL_PAIRS if price in search.levers)


def _market_beliefs(
    search: Search, market: MarketFindings, progress: Progress | None
) -> tuple[tuple[Target, tuple[BreakEven, ...]], ...]:
    """Price and volume at which the plan is worth half of, and all of, what the first move may owe to it."""
    first = market.moves[0].programme
    levers = tuple(search.levers[name] for name in (price_lever(search), "volume") if name in search.levers)
    targets = {"half of it": first.middle, "all of it": first.high if first.high > 0 else first.low}
    found: list[tuple[Target, tuple[BreakEven, ...]]] = []
    for name, value in targets.items():
        if progress is not None:
            progress(f"What the market added, {name}")
        target = Target(name, value)
        found.append((target, search.single(levers, target)))
    return tuple(found)
