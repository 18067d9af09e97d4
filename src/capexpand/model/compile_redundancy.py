"""Compiles what is kept free of power and units."""

from __future__ import annotations

import numpy as np

from capexpand.model.redundancy import Redundancy
from capexpand.model.world import World


def compile_redundancy(world: World, offers: tuple[str, ...]) -> Redundancy | None:
    """Return what may be used of what stands in a world, None where nothing is kept free.

    Args:
        world: the case and its calendar.
        offers: [offer option] name of the offer.
    """
    case = world.case
    power = np.ones(len(case.sites))
    for i, site in enumerate(case.sites.values()):
        if site.spare_blocks is not None:
            power[i] = 1.0 - 1.0 / site.spare_blocks
        elif site.spare_power is not None:
            power[i] = 1.0 - site.spare_power.value
    spares = [case.offers[name].spares for name in offers]
    units = np.array([1.0 if share is None else 1.0 - share.value for share in spares])
    contracts = world.number(case.contract_reserve)
    if power.min(initial=1.0) == 1.0 and units.min(initial=1.0) == 1.0 and contracts == 0.0:
        return None
    return Redundancy(power, units, contracts)
