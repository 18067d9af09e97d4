"""Compiles the workloads of a case, and groups the sites that are alike to them."""

from __future__ import annotations

import numpy as np

from capexpand.case.blended_prices import listed_price
from capexpand.case.schema import Workload
from capexpand.model.compile_offers import Option
from capexpand.model.data import Flags, Floats, Integers, Workloads
from capexpand.model.rates import service_rates, software_gains
from capexpand.model.world import World

UNPAYABLE = (
    1e4  # money per volume that stands for an obligation without a price, where plans are only compared
)


def group_sites(world: World) -> tuple[Integers, Flags]:
    """Groups the sites that may serve the same workloads.

    Returns:
        The group of each site [site], and whether sites of a group may serve a workload
        [site group, workload].
    """
    may = np.array(
        [
            [_may_serve(world, name, workload) for workload in world.case.workloads.values()]
            for name in world.case.sites
        ]
    )
    served_by, group = np.unique(may, axis=0, return_inverse=True)
    return group.reshape(-1).astype(np.int64), served_by


def _may_serve(world: World, site_name: str, workload: Workload) -> bool:
    site = world.case.sites[site_name]
    near = workload.max_latency is None or (
        site.latency is not None and site.latency.value <= workload.max_latency.value
    )
    allowed = not workload.destinations or site.destination in workload.destinations
    return near and allowed and site_name not in workload.excluded_sites


def compile_workloads(world: World, service: Floats, served_by: Flags) -> Workloads:
    """Returns the workloads of a world.

    Args:
        world: the case and its calendar.
        service: [offer option, workload] from ``service_matrix``.
        served_by: [site group, workload] from ``group_sites``.
    """
    workloads = world.case.workloads
    tranches = max((len(workload.tranches) or 1) for workload in workloads.values())
    shape = (len(workloads), tranches, world.quarters)
    demand, price = np.zeros(shape), np.zeros(shape)
    for j, workload in enumerate(workloads.values()):
        total = world.series(workload.demand) * world.series(workload.market_share, 1.0)
        listed = world.series(listed_price(workload, world.case.calendar))
        parts = [(part.share.value, part.price.value) for part in workload.tranches] or [(1.0, 1.0)]
        for i, (share, level) in enumerate(parts):
            demand[j, i], price[j, i] = total * share, listed * level
    gains = software_gains(world.case, world.calendar.starts)
    finance = world.case.finance
    costs = [
        world.series(w.ordinary_costs or (finance.ordinary_costs if w.role == "external" else None))
        for w in workloads.values()
    ]
    productivity = np.array(
        [world.series(w.productivity, 1.0) * gains.get(name, 1.0) for name, w in workloads.items()]
    )
    smaller = np.array([world.series(w.smaller_models, 1.0) for w in workloads.values()])
    # what neither smaller models nor stated software explains takes operations off a token as well
    fewer = np.array(
        [
            smaller[j]
            if w.software is None
            else productivity[j] / (world.series(w.software) * gains.get(name, 1.0))
            for j, (name, w) in enumerate(workloads.items())
        ]
    )
    return Workloads(
        names=tuple(workloads),
        titles=tuple(w.title for w in workloads.values()),
        roles=tuple(w.role for w in workloads.values()),
        units=tuple(w.unit for w in workloads.values()),
        tranches=tranches,
        service=service,
        served_by=served_by,
        productivity=productivity,
        demand=demand,
        price=price,
        must_serve=np.array([w.role == "obligation" and w.penalty is None for w in workloads.values()]),
        penalty=np.array([world.series(w.penalty, UNPAYABLE) for w in workloads.values()]),
        margin_fraction=1.0 - np.array(costs),
        usable_fraction=np.array([w.usable_fraction for w in workloads.values()]),
        operations=np.array([_operations(world, w) for w in workloads.values()]) / fewer,
        smaller_models=smaller,
    )


def _operations(world: World, workload: Workload) -> Floats:
    """Least operations for a token that counts, by the model of today [quarter]; zero where none is named.

    They are two for each active parameter, and none for what is cached.
    """
    serving = workload.serving
    if serving is None:
        return np.zeros(world.quarters)
    from capexpand.hardware.chips import model_named

    prompt, answer = serving.input.value, serving.output.value
    computed = prompt * (1.0 - world.number(serving.cached)) + answer
    counted = answer + (prompt if serving.counted == "all" else 0.0)
    each = 2.0 * float(model_named(serving.model).parameters_active) * computed / counted
    return np.full(world.quarters, each)


def service_matrix(world: World, options: tuple[Option, ...]) -> Floats:
    """Returns a·r, the volume that a unit serves in a quarter, usable share taken [offer option, workload].

    It is 0 where the offer cannot serve the workload or its memory does not hold it; see ``service_rates``.
    """
    rates = service_rates(world.case)
    volume = np.array([[rate.volume_per_quarter for rate in line] for line in rates])
    workloads = world.case.workloads.values()
    usable = np.array([w.usable_fraction / (1.0 + world.number(w.reserve)) for w in workloads])
    return volume[[option.product for option in options]] * usable
