"""From which kinds of evidence the uncertainty of a value comes, as far as the plan and its duals tell it.

Prices, volumes, rates and limits move the value by slopes that stand ready in a solved plan; so does their
growth. What moves it in other ways, as taxes and times do, is left to ``capexpand evidence``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from capexpand.case.evidence import EVIDENCE, REPORTED, Evidence, evidence_of, weakest
from capexpand.case.numbers import walk
from capexpand.case.reading import SHAPE_FIELDS
from capexpand.case.schema import Case
from capexpand.case.values import Figure, Series
from capexpand.model.blocks import Floats
from capexpand.model.data import Flags, ModelData
from capexpand.optimiser.plan import Plan
from capexpand.optimiser.slopes import ValueSlopes


@dataclass(frozen=True, slots=True)
class KindShare:
    """What one kind of evidence carries.

    Args:
        evidence: the kind.
        numbers: whose slope is known.
        share: of the variance from these numbers [fraction].
    """

    evidence: Evidence
    numbers: int
    share: float


@dataclass(frozen=True, slots=True)
class NumberSlope:
    """How a number of the case moves the value.

    Args:
        path: of the number.
        evidence: its kind.
        slope: change of the value for a relative change of 1 [money].
    """

    path: str
    evidence: Evidence
    slope: float

    @property
    def effect(self) -> float:
        """Change of the value for one deviation of the number [money], its sign kept."""
        return self.slope * self.evidence.deviation

    @property
    def removed(self) -> float:
        """Variance that goes if the number becomes a reported one [money²]."""
        left = min(REPORTED.deviation / self.evidence.deviation, 1.0)
        return self.effect**2 * (1.0 - left**2)


@dataclass(frozen=True, slots=True)
class EvidenceShares:
    """The evidence behind a programme's value.

    Args:
        kinds: the firmest first.
        deviation: standard deviation of the value from these numbers [money], taken as independent.
        numbers: whose slope is known; those first that are most worth finding in a source.
    """

    kinds: tuple[KindShare, ...]
    deviation: float
    numbers: tuple[NumberSlope, ...]

    def removed(self, number: NumberSlope) -> float:
        """Share of the variance that goes if a number becomes a reported one [fraction]."""
        return number.removed / self.deviation**2 if self.deviation > 0.0 else 0.0


def evidence_shares(case: Case, plan: Plan, base: Plan) -> EvidenceShares | None:
    """Return which kinds of evidence the variance of the value comes from; None where a plan has no duals.

    Args:
        case: that was planned.
        plan: with the programme.
        base: without it; what both earn is not the programme's.
    """
    if plan.slopes is None or base.slopes is None:
        return None
    found: list[NumberSlope] = []
    variance = dict.fromkeys(EVIDENCE, 0.0)
    counts = dict.fromkeys(EVIDENCE, 0)
    for place, number in walk(case):
        ours, theirs = (
            _by_quarter(each.data, each.slopes, place) for each in (plan, base) if each.slopes is not None
        )
        if ours is None or theirs is None:
            continue
        for inside, evidence, slope in _facts(case, number, ours - theirs):
            found.append(NumberSlope(".".join(map(str, (*place, *inside))), evidence, slope))
            variance[evidence] += found[-1].effect ** 2
            counts[evidence] += 1
    total = math.fsum(variance.values())
    return EvidenceShares(
        tuple(
            KindShare(kind, counts[kind], variance[kind] / total if total > 0.0 else 0.0) for kind in EVIDENCE
        ),
        math.sqrt(total),
        tuple(sorted(found, key=lambda one: (-one.removed, one.path))),
    )


_STEP = 1e-6  # relative change of a rate of growth


def _facts(
    case: Case, number: Figure | Series, slopes: Floats
) -> Iterator[tuple[tuple[str, ...], Evidence, float]]:
    """What a number holds to find out, each with its slope: its values as one, and each rate of growth.

    Args:
        slopes: [quarter] of the number in each quarter.
    """
    if isinstance(number, Figure):
        yield (), evidence_of(number), float(slopes.sum())
        return
    parts = dict(number.figures)
    values = [figure for inside, figure in parts.items() if inside.split(".", 1)[0] not in SHAPE_FIELDS]
    if values:
        yield (), weakest(values), float(slopes.sum())
    before = number.values(case.calendar)
    for position, (begins, rate) in enumerate(number.growth):
        name = "growth" if begins is None else f"growth.{begins}"
        if name in parts:
            growth = list(number.growth)
            growth[position] = begins, rate * (1.0 + _STEP)
            after = replace(number, growth=tuple(growth)).values(case.calendar)
            moved = np.divide(after, before, out=np.ones_like(after), where=before != 0.0) - 1.0
            yield tuple(name.split(".", 1)), evidence_of(parts[name]), float(slopes @ moved) / _STEP


def _by_quarter(m: ModelData, slopes: ValueSlopes | None, place: tuple[object, ...]) -> Floats | None:
    """The slopes of the number at a place [quarter]; None where plan and duals do not give them at once."""
    if slopes is None or len(place) < 3 or place[0] not in _OF_BLOCK:
        return None
    return _OF_BLOCK[str(place[0])](m, slopes, str(place[1]), place[2:])


def _of_workload(m: ModelData, slopes: ValueSlopes, name: str, place: tuple[object, ...]) -> Floats | None:
    at = m.workloads.names.index(name)
    match place:
        case ("price",):
            found = slopes.price[at].sum(axis=0)
        case ("tranches", int() as tranche, "price"):
            found = slopes.price[at, tranche]
        case ("ordinary_costs",):
            found = slopes.ordinary_costs[at]
        case ("demand",):
            found = slopes.demand[at]
        case ("usable_share",):
            found = slopes.service[:, at].sum(axis=0)
        case ("throughput", str() as product, *_):
            found = slopes.service[_options(m, product), at].sum(axis=0)
        case _:
            return None
    return found


def _of_offer(m: ModelData, slopes: ValueSlopes, name: str, place: tuple[object, ...]) -> Floats | None:
    options = _options(m, name)
    own, leased = options & m.offers.owned, options & ~m.offers.owned

    match place:
        case ("buy", "price"):
            found = slopes.unit_price[own].sum(axis=0)
            found[0] += (slopes.unit_running + slopes.unit_wear)[own].sum()  # shares of the first price
        case ("maintenance",):  # a share of the price
            found = (slopes.unit_running - slopes.worn_running)[own].sum(axis=0)
        case ("lease", "fee"):
            found = slopes.unit_running[leased].sum(axis=0)
        case ("supply", str() as destination, "limit") if destination in m.destinations:
            found = slopes.supply[m.offers.products.index(name), m.destinations.index(destination)]
        case _:
            return None
    return found


def _of_site(m: ModelData, slopes: ValueSlopes, name: str, place: tuple[object, ...]) -> Floats | None:
    at = m.sites.names.index(name)
    own, rented = ((m.power.site == at) & (m.power.owned == owned) for owned in (True, False))
    match place:
        case ("energy_price",) if m.energy is None:
            found = slopes.energy_price[at]
        case ("grid",):
            found = slopes.grid[at]
        case ("build", "cost"):
            found = slopes.hall_price[own].sum(axis=0)
        case ("build", "maintenance"):
            found = slopes.power_running[own].sum(axis=0)
        case ("colocate", "fee"):
            found = slopes.power_running[rented].sum(axis=0)
        case _:
            return None
    return found


def _options(m: ModelData, product: str) -> Flags:
    """The options to buy or lease an offer [offer option]."""
    known = product in m.offers.products
    return m.offers.product == (m.offers.products.index(product) if known else -1)


_OF_BLOCK: dict[str, Callable[[ModelData, ValueSlopes, str, tuple[object, ...]], Floats | None]] = {
    "workloads": _of_workload,
    "offers": _of_offer,
    "sites": _of_site,
}
