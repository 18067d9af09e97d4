"""From which kinds of evidence the uncertainty of a value comes, as far as the plan and its duals tell it.

Prices, volumes, rates and limits move the value by slopes that stand ready in a solved plan. What moves it
in other ways, as growth rates, taxes and times do, is left to ``capexpand evidence``, which changes each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from capexpand.case.evidence import EVIDENCE, Evidence, evidence_of, weakest
from capexpand.case.numbers import walk
from capexpand.case.reading import SHAPE_FIELDS
from capexpand.case.schema import Case
from capexpand.case.values import Figure, Series
from capexpand.model.blocks import Floats
from capexpand.model.data import ModelData
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
class EvidenceShares:
    """The evidence behind a programme's value.

    Args:
        kinds: the firmest first.
        deviation: standard deviation of the value from these numbers [money], taken as independent.
        slopes: change of the value for a relative change of 1 of a number [money], by its path.
    """

    kinds: tuple[KindShare, ...]
    deviation: float
    slopes: dict[str, float]

    @property
    def numbers(self) -> int:
        """How many numbers have a slope."""
        return len(self.slopes)


def evidence_shares(case: Case, plan: Plan, base: Plan) -> EvidenceShares | None:
    """Return which kinds of evidence the variance of the value comes from; None where a plan has no duals.

    Args:
        case: that was planned.
        plan: with the programme.
        base: without it; what both earn is not the programme's.
    """
    if plan.slopes is None or base.slopes is None:
        return None
    found: dict[str, float] = {}
    variance = dict.fromkeys(EVIDENCE, 0.0)
    counts = dict.fromkeys(EVIDENCE, 0)
    for place, number in walk(case):
        slopes = [_slope(each.data, each.slopes, place) for each in (plan, base) if each.slopes is not None]
        if slopes[0] is None or slopes[1] is None:
            continue
        evidence = evidence_of(number) if isinstance(number, Figure) else _of_values(number)
        if evidence is None:
            continue
        slope = slopes[0] - slopes[1]
        found[".".join(map(str, place))] = slope
        variance[evidence] += (slope * evidence.deviation) ** 2
        counts[evidence] += 1
    total = math.fsum(variance.values())
    return EvidenceShares(
        tuple(
            KindShare(kind, counts[kind], variance[kind] / total if total > 0.0 else 0.0) for kind in EVIDENCE
        ),
        math.sqrt(total),
        found,
    )


def _of_values(series: Series) -> Evidence | None:
    """What the values of a series rest on, its growth aside."""
    values = [figure for inside, figure in series.figures if inside.split(".", 1)[0] not in SHAPE_FIELDS]
    return weakest(values) if values else None


def _slope(m: ModelData, slopes: ValueSlopes, place: tuple[object, ...]) -> float | None:
    """The slope of the number at a place; None where plan and duals do not give it at once."""
    if len(place) < 3 or place[0] not in _OF_BLOCK:
        return None
    return _OF_BLOCK[str(place[0])](m, slopes, str(place[1]), place[2:])


def _of_workload(m: ModelData, slopes: ValueSlopes, name: str, place: tuple[object, ...]) -> float | None:
    at = m.workloads.names.index(name)
    match place:
        case ("price",):
            found = slopes.price[at].sum()
        case ("tranches", int() as tranche, "price"):
            found = slopes.price[at, tranche]
        case ("ordinary_costs",):
            found = slopes.ordinary_costs[at]
        case ("demand",):
            found = slopes.demand[at]
        case ("usable_share",):
            found = slopes.service[:, at].sum()
        case ("throughput", str() as product, *_):
            found = sum(slopes.service[k, at] for k in _options(m, product))
        case _:
            return None
    return float(found)


def _of_offer(m: ModelData, slopes: ValueSlopes, name: str, place: tuple[object, ...]) -> float | None:
    def of(values: Floats, *, owned: bool) -> Floats:
        return sum((values[k] for k in _options(m, name) if m.offers.owned[k] == owned), np.zeros(()))

    match place:
        case ("buy", "price"):
            found = of(slopes.unit_price + slopes.unit_running + slopes.unit_wear, owned=True)
        case ("maintenance",):  # a share of the price
            found = of(slopes.unit_running - slopes.worn_running, owned=True)
        case ("lease", "fee"):
            found = of(slopes.unit_running, owned=False)
        case ("supply", str() as destination, "limit") if destination in m.destinations:
            found = slopes.supply[m.offers.products.index(name), m.destinations.index(destination)]
        case _:
            return None
    return float(found)


def _of_site(m: ModelData, slopes: ValueSlopes, name: str, place: tuple[object, ...]) -> float | None:
    at = m.sites.names.index(name)
    own, rented = ((m.power.site == at) & (m.power.owned == owned) for owned in (True, False))
    match place:
        case ("energy_price",) if m.energy is None:
            found = slopes.energy_price[at]
        case ("grid",):
            found = slopes.grid[at]
        case ("build", "cost"):
            found = slopes.hall_price[own].sum()
        case ("build", "maintenance"):
            found = slopes.power_running[own].sum()
        case ("colocate", "fee"):
            found = slopes.power_running[rented].sum()
        case _:
            return None
    return float(found)


def _options(m: ModelData, product: str) -> Iterator[int]:
    """The options to buy or lease an offer."""
    if product in m.offers.products:
        yield from np.flatnonzero(m.offers.product == m.offers.products.index(product)).tolist()


_OF_BLOCK: dict[str, Callable[[ModelData, ValueSlopes, str, tuple[object, ...]], float | None]] = {
    "workloads": _of_workload,
    "offers": _of_offer,
    "sites": _of_site,
}
