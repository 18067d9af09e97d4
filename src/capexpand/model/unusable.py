"""Finds what a case declares to no use: workloads that nothing can ever serve, offers that never arrive."""

from __future__ import annotations

from collections.abc import Iterator

from capexpand.case.schema import Case, Workload
from capexpand.model.data import ModelData


def unusable(case: Case, m: ModelData) -> Iterator[str]:
    """Yields in words what can never be served or never arrives, though the case is valid.

    An offer that no destination may order is not among them: that is how a ban is written.

    Args:
        case: as ``load_case`` gives it.
    """
    for j, workload in enumerate(case.workloads.values()):
        if m.hire is not None and m.hire.service[:, j].any():
            continue
        if not m.workloads.served_by[:, j].any():
            reason = "no site may, by its latency, destination or exclusion"
            yield f"{workload.title}: can never be served: {reason}"
        elif not m.workloads.service[:, j].any():
            yield f"{workload.title}: can never be served: {_why_unserved(workload)}"
    for g, offer in enumerate(case.offers.values()):
        orders = [
            (m.offers.orderable[k], max(m.times.count - int(m.offers.lead_quarters[k]), 0))
            for k in range(len(m.offers.names))
            if m.offers.product[k] == g
        ]
        wanted = any(orderable.any() for orderable, _ in orders)
        if wanted and not any(orderable[:, :last].any() for orderable, last in orders):
            yield (
                f"{offer.title}: can never arrive: with a lead time of {offer.lead_time.written} every order "
                "comes after the horizon"
            )


def _why_unserved(workload: Workload) -> str:
    if workload.usable_fraction == 0:
        return "its usable share is 0"
    if workload.memory is None:
        return "its throughput is 0 on every offer"
    return f"no offer that serves it has {workload.memory.written} of memory"
