"""Hired capacity in the equations of a quarter, and the options compiled from a case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.case.clouds import ON_DEMAND, SPOT, Cloud, Reserved, Spot, option_name
from capexpand.case.schema import Workload
from capexpand.case.standing import hirings
from capexpand.model.ages import aged
from capexpand.model.blocks import ABSENT, Blocks, Indices
from capexpand.model.compile_offers import Option
from capexpand.model.compile_workloads import service_matrix
from capexpand.model.data import ModelData
from capexpand.model.hire_options import Floats, HireOptions
from capexpand.model.world import World
from capexpand.timevalue import quarters_spanned


@dataclass(frozen=True, slots=True)
class Hire:
    """Columns and rows of hired capacity."""

    signed: Indices  # r [hire option] units reserved now
    hired: Indices  # v [hire option] units hired without a commitment
    serving: Indices  # y [hire option, workload] units that serve
    signings: Indices  # r of this quarter and of those before [hire option, age]
    rows: Indices  # [hire option] serving within what is hired


def hire_history(m: ModelData) -> Indices:
    """Return the memory of reservations before the first quarter [hire option, age]: there are none."""
    if m.hire is None:
        return np.zeros((0, 0), dtype=np.int64)
    age = int(np.max(m.hire.lead_quarters + m.hire.term_quarters, initial=0))
    return np.full((len(m.hire.names), max(age - 1, 0)), ABSENT, dtype=np.int64)


def add_hire(lp: Blocks, m: ModelData, t: int, history: Indices, service_rows: Indices) -> Hire:
    """Σ_j y ≤ v, or ≤ Σ of what was signed for and runs; y serves, v and r cost.

    A reservation's fee is fixed when it is signed, so all of its payments are charged then, each discounted
    from its own quarter.

    Args:
        t: the quarter, from 0.
        history: reservations of the quarters before [hire option, age].
        service_rows: [workload] what is served covers what is sold and owed.
    """
    nothing = np.zeros(0, dtype=np.int64)
    if m.hire is None:
        return Hire(nothing, nothing, np.zeros((0, len(m.workloads.names)), np.int64), history, nothing)
    o, here = m.hire, (m.times.labels[t],)
    limit = o.limit[:, t]
    in_time = t + o.lead_quarters < m.times.count
    r = lp.columns(
        "reserved", [o.names, here], lower=o.least[:, [t]], upper=limit[:, None],
        where=(o.reserved & in_time & (limit > 0))[:, None],
    )[:, 0]  # fmt: skip
    v = lp.columns(
        "hired", [o.names, here], upper=limit[:, None], where=(~o.reserved & (limit > 0))[:, None]
    )[:, 0]
    signings = np.concatenate((r[:, None], history), axis=1)
    running = [aged(signings, o.lead_quarters + age) for age in range(int(o.term_quarters.max(initial=0)))]
    within = [np.where(age < o.term_quarters, columns, ABSENT) for age, columns in enumerate(running)]
    there = v != ABSENT
    for columns in within:
        there = there | (columns != ABSENT)
    able = there[:, None] & (o.service > 0)
    y = lp.columns("hired serving", [o.names, m.workloads.names, here], where=able[:, :, None])[:, :, 0]
    rows = lp.rows("hired units", [o.names, here], upper=0.0, where=there[:, None])[:, 0]
    lp.add(rows[:, None], y)
    lp.add(rows, v, -1.0)
    for columns in within:
        lp.add(rows, columns, -1.0)
    lp.add(service_rows[None, :], y, o.service)
    kept = m.times.discount * (1.0 - m.taxes.rate)
    lp.add_cost(v, -kept[t] * o.fee[:, t])
    lp.add_cost(r, -paid_over_term(o, kept, t) * o.fee[:, t])
    return Hire(r, v, y, signings, rows)


def paid_over_term(options: HireOptions, weight: Floats, t: int) -> Floats:
    """Return the sum of weights over the quarters in which a reservation of now is paid [hire option].

    Args:
        weight: [quarter].
        t: the quarter of signing.
    """
    sums = np.concatenate(([0.0], np.cumsum(weight)))
    first = np.minimum(t + options.lead_quarters, weight.size)
    last = np.minimum(first + options.term_quarters, weight.size)
    return np.where(options.reserved, sums[last] - sums[first], 0.0)


def compile_hire(world: World) -> HireOptions | None:
    """Return the ways to hire capacity in a world, None where there are none."""
    case = world.case
    hired = hirings(case)
    if not hired:
        return None
    found = [(one.cloud, case.clouds[one.cloud], one.way) for one in hired]
    products = list(case.offers)
    units = service_matrix(
        world,
        tuple(
            Option(products.index(cloud.offer), case.offers[cloud.offer], cloud.offer, owned=False)
            for _, cloud, _ in found
        ),
    )
    may = np.array(
        [
            [_may_serve(name, cloud, way, key, workload) for key, workload in case.workloads.items()]
            for name, cloud, way in found
        ]
    )
    terms = [one.terms for one in hired]
    words = ["" if one.signing is None else f" ({one.signing.words})" for one in hired]
    lost = np.array([each.interrupted.value if isinstance(each, Spot) else 0.0 for each in terms])

    def spanned(pick: str) -> np.ndarray:
        times = [getattr(each, pick) if isinstance(each, Reserved) else None for each in terms]
        return np.array([0 if time is None else quarters_spanned(time.value) for time in times], np.int64)

    return HireOptions(
        names=tuple(option_name(one.cloud, one.way) + said for one, said in zip(hired, words, strict=True)),
        titles=tuple(
            f"{cloud.title}, {_way_words(way)}{said}"
            for (_, cloud, way), said in zip(found, words, strict=True)
        ),
        ways=tuple(_way_words(way) if way in (ON_DEMAND, SPOT) else "reserved" for _, _, way in found),
        offers=tuple(cloud.offer for _, cloud, _ in found),
        reserved=np.array([isinstance(each, Reserved) for each in terms]),
        lead_quarters=spanned("lead_time"),
        term_quarters=spanned("term"),
        fee=np.array([world.series(each.fee) for each in terms]),
        limit=np.array(
            [
                world.series(each.limit, np.inf)
                if isinstance(each, Reserved)
                else np.full(world.quarters, world.number(each.limit, np.inf))
                for each in terms
            ]
        ),
        service=np.where(may, units, 0.0) * (1.0 - lost)[:, None],
        accelerators=np.array([float(case.offers[cloud.offer].accelerators) for _, cloud, _ in found]),
        movers=tuple("" if one.signing else option_name(one.cloud, one.way) for one in hired),
        standing=np.array([one.signing is not None for one in hired]),
    )


def _way_words(way: str) -> str:
    return {ON_DEMAND: "on demand", SPOT: "spot"}.get(way, f"reserved ({way})")


def _may_serve(name: str, cloud: Cloud, way: str, key: str, workload: Workload) -> bool:
    near = workload.max_latency is None or (
        cloud.latency is not None and cloud.latency.value <= workload.max_latency.value
    )
    allowed = not workload.destinations or cloud.destination in workload.destinations
    chosen = cloud.ways[way].workloads
    return near and allowed and name not in workload.excluded_clouds and (not chosen or key in chosen)
