"""Made-up cases of any size, shaped like a real one: what they say means nothing, how long they take does."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from capexpand.model.compile import committed_grid, taxes
from capexpand.model.data import (
    Budget,
    ModelData,
    OfferOptions,
    OpeningState,
    PowerOptions,
    Role,
    Sites,
    Times,
    Workloads,
)
from capexpand.timevalue import discount_factors, end_discount_factor, quarter_starts

SEED = 7
LATENCY_CLASSES = 4


def synthetic(*, sites: int, offers: int, workloads: int, quarters: int) -> ModelData:
    """Return a case of a size.

    Sites lie in three destinations and four classes of latency; an offer is on sale for a third of the time
    and serves two thirds of the workloads; grids grow in steps, prices fall, demand and productivity rise.
    """
    rng = np.random.default_rng(SEED)
    times = _times(quarters)
    destination = np.arange(sites) % 3
    power = _power(rng, sites, quarters)
    served_by = np.arange(LATENCY_CLASSES)[:, None] <= rng.integers(0, LATENCY_CLASSES, workloads)
    served_by, group_of_class = np.unique(served_by, axis=0, return_inverse=True)
    grid = np.floor(np.cumsum(rng.uniform(0, 12, (sites, quarters)), axis=1) / 20) * 20 + 20
    opening = _opening(rng, destination, offers, quarters)
    effectiveness = rng.uniform(1.1, 1.5, sites)
    return ModelData(
        title=f"{sites} sites, {offers} offers, {workloads} workloads, {quarters} quarters",
        currency="CNY",
        times=times,
        destinations=("CN", "SG", "DE"),
        sites=Sites(
            names=_names("site", sites),
            titles=_names("Site", sites),
            destination=destination,
            grid_mw=grid,
            committed_grid_mw=committed_grid(
                grid, np.repeat(opening.power_mw[:, None] * effectiveness[:, None], quarters, 1)
            ),
            power_usage_effectiveness=effectiveness,
            energy_price=rng.uniform(3e-4, 8e-4, (sites, 1)) * np.ones(quarters),
            group=group_of_class.reshape(-1)[np.arange(sites) % LATENCY_CLASSES],
        ),
        power=power,
        offers=_offers(rng, offers, quarters),
        workloads=_workloads(rng, offers, workloads, served_by, quarters),
        budget=_budget(times, sites),
        taxes=taxes(
            times,
            rate=0.15,
            server_life_quarters=20,
            building_life_quarters=80,
            value_added_tax=0.13,
            recovery_quarters=2,
        ),
        opening=opening,
        whole_sizes=False,
        hours_per_quarter=2191.5,
    )


def _names(kind: str, count: int) -> tuple[str, ...]:
    return tuple(f"{kind} {i + 1}" for i in range(count))


def _times(quarters: int) -> Times:
    starts = quarter_starts(date(2025, 4, 1), quarters + 1)
    return Times(
        starts=starts[:quarters],
        ends=tuple(day - timedelta(days=1) for day in starts[1:]),
        discount=discount_factors(0.09, quarters),
        discount_end=end_discount_factor(0.09, quarters),
        window=(0, 12),
    )


def _power(rng: np.random.Generator, sites: int, quarters: int) -> PowerOptions:
    flat = np.ones((sites, quarters))
    return PowerOptions(
        names=_names("site", sites),
        site=np.arange(sites),
        owned=np.ones(sites, dtype=bool),
        lead_quarters=rng.integers(2, 7, sites),
        term_quarters=np.zeros(sites, dtype=np.int64),
        limit_mw=60 * flat,
        price=rng.uniform(25, 60, (sites, 1)) * flat,
        deposit_fraction=np.full(sites, 0.3),
        running_cost=0.4 * flat,
        exit_cost=0 * flat,
        hall_mw=np.zeros(sites),
        end_value=np.full(sites, 15.0),
    )


def _opening(rng: np.random.Generator, destination: np.ndarray, offers: int, quarters: int) -> OpeningState:
    sites = destination.size
    nothing = np.zeros(quarters)
    return OpeningState(
        power_mw=rng.uniform(0, 15, sites),
        power_due_mw=np.zeros((sites, quarters)),
        installed=np.where(np.arange(offers) < 2, rng.uniform(0, 300, (sites, offers)), 0.0),
        units_due=np.zeros((offers, 3, quarters)),
        payments_due=nothing,
        other_revenue=nothing,
        other_cost=nothing,
        depreciation=nothing,
    )


def _offers(rng: np.random.Generator, offers: int, quarters: int) -> OfferOptions:
    first = np.sort(rng.integers(-quarters // 3, quarters, offers))
    quarter = np.arange(quarters)
    sold = (quarter >= first[:, None]) & (quarter < first[:, None] + quarters // 3)
    orderable = sold[:, None, :] & (rng.random((offers, 3, 1)) < 0.8)
    price = rng.uniform(1.5, 4.0, (offers, 1, 1)) * rng.uniform(1.0, 1.3, (1, 3, 1)) * 0.99**quarter
    zero = np.zeros((offers, 3, quarters))
    return OfferOptions(
        names=_names("offer", offers),
        products=_names("offer", offers),
        product_titles=_names("Offer", offers),
        product=np.arange(offers),
        owned=np.ones(offers, dtype=bool),
        lead_quarters=rng.integers(1, 4, offers),
        term_quarters=np.zeros(offers, dtype=np.int64),
        price=price,
        export_fee=zero,
        import_duty=zero,
        deposit_fraction=np.full(offers, 0.3),
        running_cost=0.02 * np.ones((offers, quarters)),
        exit_cost=np.zeros((offers, quarters)),
        power_kw=rng.uniform(6, 14, offers),
        draw_fraction=np.full(offers, 0.7),
        attrition=np.full(offers, 0.01),
        orderable=orderable,
        limit=rng.uniform(50, 800, (offers, 3, 1)) * np.ones(quarters),
        least=zero,
        stock=np.where(rng.random(offers) < 0.2, rng.uniform(500, 4000, offers), np.inf),
        lot=np.zeros(offers),
        delayed=np.zeros(offers, dtype=np.bool_),
        released=np.ones((offers, quarters)),
        end_value=np.full(offers, 0.2),
        accelerators=np.full(offers, 8.0),
        compute_pflops=np.full(offers, 8.0),
    )


def _workloads(
    rng: np.random.Generator, offers: int, workloads: int, served_by: np.ndarray, quarters: int
) -> Workloads:
    generation = 1.03 ** np.arange(offers)[:, None]  # later offers serve more
    able = rng.random((offers, workloads)) < 0.67
    growth = 1.06 ** np.arange(quarters)
    demand = rng.uniform(500, 4000, (workloads, 1, 1)) * np.array([0.5, 0.3, 0.2])[None, :, None] * growth
    price = rng.uniform(0.25, 0.6, (workloads, 1, 1)) * np.array([1.0, 0.7, 0.4])[None, :, None]
    roles: tuple[Role, ...] = ("external", "internal", "external", "obligation")
    return Workloads(
        names=_names("workload", workloads),
        titles=_names("Workload", workloads),
        roles=tuple(roles[j % 4] for j in range(workloads)),
        units=("token",) * workloads,
        tranches=3,
        service=np.where(able, generation * rng.uniform(0.6, 1.4, (offers, workloads)), 0.0),
        served_by=served_by,
        productivity=1.04 ** np.arange(quarters) * np.ones((workloads, 1)),
        demand=demand,
        price=price * 0.99 ** np.arange(quarters),
        must_serve=np.zeros(workloads, dtype=bool),
        penalty=0.8 * np.ones((workloads, quarters)),
        margin_fraction=np.full((workloads, quarters), 0.9),
        usable_fraction=np.ones(workloads),
    )


def _budget(times: Times, sites: int) -> Budget:
    quarter = np.arange(times.count)
    inside = (quarter >= times.window[0]) & (quarter < times.window[1])
    return Budget(
        cap=np.where(inside, 1500.0 * sites, np.inf),
        floor=0.0,
        floor_penalty=2.0,
        renewal=np.where(inside, np.inf, 60.0 * sites),
        renewal_without_programme=np.full(times.count, 10.0 * sites),
    )
