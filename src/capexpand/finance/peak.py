"""How near servers come to their peak as productivity grows: smaller models, software, and the rest.

Productivity multiplies what a server serves. Models that take fewer operations for the same use, and the rest
(answers from caches, shorter ones), leave the operations of a server as they are; software makes it compute
more, and its peak bounds that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.blocks import Floats
from capexpand.model.rates import TOKENS
from capexpand.optimiser.plan import Plan

PETA = 1e15


@dataclass(frozen=True, slots=True)
class Productivity:
    """Productivity of a workload at the horizon's end, taken apart.

    Args:
        workload: its place.
        growth: how many times what was served at the start a server serves at the end.
        smaller_models: of it, the factor of models that take fewer operations for the same use; None where
            the case names no model, so that operations are not known.
        software: of it, the factor of servers that compute more a second.
        rest: of it, what neither explains.
        offer: the option that comes nearest to its peak of those that serve it; None where none is known.
        quarter: when it does.
        share_of_peak: of the operations that its server could do at most, what it then does.
    """

    workload: int
    growth: float
    smaller_models: float | None
    software: float | None
    rest: float | None
    offer: int | None
    quarter: int | None
    share_of_peak: float | None


def shares_of_peak(plan: Plan) -> Floats:
    """Return the share of its peak at which a serving unit computes [offer option, workload, quarter].

    The rate counts at the peak of use, that is before the usable share is taken off. It is 0 where nothing
    is served, and where operations of a token or of the unit are not known.
    """
    m, w = plan.data, plan.data.workloads
    served = plan.serving.sum(axis=0)
    if w.operations is None:
        return np.zeros_like(served)
    rate = w.service / np.where(w.usable_fraction > 0.0, w.usable_fraction, 1.0)  # volume a quarter
    seconds = m.hours_per_quarter * 3600.0
    needed = rate[:, :, None] * (w.productivity * w.operations)[None] * TOKENS / seconds / PETA
    peak = np.broadcast_to(m.offers.compute_pflops[m.offers.product][:, None, None], served.shape)
    used = (served > 1e-6) & (peak > 0.0)
    return np.divide(needed, peak, out=np.zeros_like(served), where=used)


def productivity_parts(plan: Plan) -> tuple[Productivity, ...]:
    """Return the productivity of every workload whose grows, taken apart."""
    w, shares = plan.data.workloads, shares_of_peak(plan)
    found: list[Productivity] = []
    for j in range(len(w.names)):
        growth = float(w.productivity[j, -1] / w.productivity[j, 0])
        if abs(growth - 1.0) < 1e-9:
            continue
        smaller = software = rest = None
        if w.operations is not None and w.operations[j, -1] > 0.0:
            fewer = float(w.operations[j, 0] / w.operations[j, -1])
            stated = w.smaller_models
            smaller = fewer if stated is None else float(stated[j, -1] / stated[j, 0])
            software, rest = growth / fewer, fewer / smaller
        offer, quarter = np.unravel_index(int(shares[:, j].argmax()), shares[:, j].shape)
        most = float(shares[offer, j, quarter])
        known = most > 0.0
        found.append(
            Productivity(
                workload=j,
                growth=growth,
                smaller_models=smaller,
                software=software,
                rest=rest,
                offer=int(offer) if known else None,
                quarter=int(quarter) if known else None,
                share_of_peak=most if known else None,
            )
        )
    return tuple(found)
