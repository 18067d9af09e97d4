"""A break-even study: break-evens, the share-price reaction, the claim on past spending."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

from capexpand.case.schema import Case
from capexpand.executing.choosing import engine_on
from capexpand.studies.breakeven.break_even import BreakEven, BreakEvens, Progress, Search, Target, break_even
from capexpand.studies.breakeven.distribution import Distribution, simulated
from capexpand.studies.breakeven.market import MarketFindings, value_added
from capexpand.studies.breakeven.past_spending import PastFindings, past_spending

SEED = 2
SCENARIOS = 500
USUAL_PAIRS = (("volume", "price"),)


@dataclass(frozen=True, slots=True)
class BreakevenFindings:
    """The findings of a break-even study.

    Args:
        break_evens: levels at which its net present value is zero.
        distribution: of its net present value, or None where nothing is declared unknown.
        market: what the market added, or None where the case says nothing about it.
        market_break_evens: what would make the plan worth what the market added, by target.
        past: the claim on past spending tested, or None where the case says nothing about it.
        missing: parts that the case says nothing about, in words.
        seed: of the futures behind the distribution.
    """

    break_evens: BreakEvens
    distribution: Distribution | None
    market: MarketFindings | None
    market_break_evens: tuple[tuple[Target, tuple[BreakEven, ...]], ...]
    past: PastFindings | None
    missing: tuple[str, ...]
    seed: int

    @property
    def case(self) -> Case:
        """The case as declared."""
        return self.break_evens.case


def breakeven(
    case: Case,
    drivers: tuple[str, ...] = (),
    *,
    pairs: tuple[tuple[str, str], ...] | None = None,
    transfer: bool | None = None,
    distribution: Distribution | None = None,
    scenarios: int = SCENARIOS,
    seed: int = SEED,
    workers: int = 1,
    on: str | Executor | None = None,
    progress: Progress | None = None,
) -> BreakevenFindings:
    """Find the break-even value of each driver, and the values implied by the share-price reaction.

    Args:
        case: as ``load_case`` gives it.
        drivers: names of drivers; all general ones if empty.
        pairs: of drivers; price against volume if absent.
        transfer: whether internal workloads count at their transfer value; decided by the case if absent.
        distribution: of the plan's value, such as a policy's; simulated if absent.
        scenarios: futures to simulate.
        seed: of their draws.
        workers: processes; what is found is the same with any number.
        on: where to look: ``ray`` or ``ray://HOST:PORT`` for a Ray cluster, an executor
            of ``concurrent.futures``, or processes of this machine if None; the result is the same.
        progress: is told what is being looked for.

    Raises:
        CaseError: the case has no such driver.
        InfeasibleError: no plan satisfies the case as declared.
        SolverError: a program could not be solved.
    """
    search = Search.of(case, transfer=transfer)
    wanted = _usual(search) if pairs is None else pairs
    with engine_on(on, workers=workers) as engine:
        found = break_even(case, drivers, pairs=wanted, progress=progress, search=search, engine=engine)
    announced = case.announcement
    missing: list[str] = []
    if distribution is None and not case.uncertainty.empty:
        if progress is not None:
            progress(f"{scenarios} futures")
        distribution = simulated(case, scenarios=scenarios, seed=seed, transfer=search.transfer)
    if distribution is None:
        missing.append("The case declares no uncertainty, so there is no NPV distribution.")
    market = break_evens_of_market = None
    if announced is not None and announced.market is not None:
        market = value_added(case, found.npv, distribution)
        break_evens_of_market = _market_break_evens(search, market, progress)
    else:
        missing.append("The case says nothing about the company's shares (announcement.market).")
    past = None
    if announced is not None and announced.past_spending is not None:
        past = past_spending(case)
    else:
        missing.append("The case says nothing about past spending (announcement.past_spending).")
    return BreakevenFindings(
        break_evens=found,
        distribution=distribution,
        market=market,
        market_break_evens=break_evens_of_market or (),
        past=past,
        missing=tuple(missing),
        seed=seed,
    )


def price_driver(search: Search) -> str:
    """Return the driver that stands for price: what customers pay, or what an hour is worth to the group."""
    return "price" if "price" in search.drivers else "transfer-value"


def _usual(search: Search) -> tuple[tuple[str, str], ...]:
    price = price_driver(search)
    return tuple((first, price) for first, _ in USUAL_PAIRS if price in search.drivers)


def _market_break_evens(
    search: Search, market: MarketFindings, progress: Progress | None
) -> tuple[tuple[Target, tuple[BreakEven, ...]], ...]:
    """Price and volume at which the plan is worth half of, and all of, what the first move may owe to it."""
    first = market.moves[0].programme
    drivers = tuple(
        search.drivers[name] for name in (price_driver(search), "volume") if name in search.drivers
    )
    targets = {"half of it": first.middle, "all of it": first.high if first.high > 0 else first.low}
    found: list[tuple[Target, tuple[BreakEven, ...]]] = []
    for name, value in targets.items():
        if progress is not None:
            progress(f"What the market added, {name}")
        target = Target(name, value)
        found.append((target, search.single(drivers, target)))
    return tuple(found)
