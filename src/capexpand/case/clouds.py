"""Capacity hired from a cloud: a source of service without a site, on demand, reserved or spot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from capexpand.case.declared import Declared, Destination, Name, Title
from capexpand.case.figures import (
    Count,
    CountRateSeries,
    Duration,
    Fraction,
    Latency,
    Life,
    MoneyPerQuarterSeries,
)
from capexpand.case.references import Complaint

ON_DEMAND, SPOT = "on-demand", "spot"
"""Names of the two ways to hire without a commitment."""


class OnDemand(Declared):
    """Units hired for as long as they are used, at the fee of the day."""

    fee: MoneyPerQuarterSeries
    """Fee for a unit while it is hired, by date."""
    limit: Count | None = None
    """Most units that can be had at a time; no limit if absent."""
    workloads: tuple[Name, ...] = ()
    """Workloads that may run on them; all if empty."""


class Reserved(Declared):
    """Units committed to for a term: the fee is fixed when signing and paid whether they are used or not."""

    fee: MoneyPerQuarterSeries
    """Fee for a unit, fixed by the day of signing and paid whether the unit is used or not."""
    term: Life
    """Time after which the commitment expires."""
    lead_time: Duration | None = None
    """Time from signing to use; none if absent."""
    limit: CountRateSeries | None = None
    """Most units that can be signed for in a quarter; no limit if absent."""
    workloads: tuple[Name, ...] = ()
    """Workloads that may run on them; all if empty."""


class Spot(Declared):
    """Spare units at the fee of the day that the cloud may take away at any time."""

    fee: MoneyPerQuarterSeries
    """Fee for a unit while it is hired, by date."""
    interrupted: Fraction
    """Share of the time paid for that is lost when units are taken away."""
    limit: Count | None = None
    """Most units that can be had at a time; no limit if absent."""
    workloads: tuple[Name, ...] = ()
    """Workloads that may run on them; all if empty."""


class Cloud(Declared):
    """A cloud's machine for hire: no site, no power, no budget; its fees are a cost of operation."""

    title: Title
    """Name in reports."""
    offer: Name
    """Offer whose unit serves as much as a hired one."""
    destination: Destination
    """Country in which it runs."""
    latency: Latency | None = None
    """Delay to the users that it serves; needed where a workload has a limit."""
    on_demand: OnDemand | None = None
    """Terms of hire without a commitment."""
    reserved: dict[Name, Reserved] = Field(default_factory=dict)
    """Terms of commitments, by name."""
    spot: Spot | None = None
    """Terms of spare units that may be taken away."""

    @property
    def ways(self) -> dict[str, OnDemand | Reserved | Spot]:
        """The ways to hire it, by name."""
        ways: dict[str, OnDemand | Reserved | Spot] = {}
        if self.on_demand is not None:
            ways[ON_DEMAND] = self.on_demand
        ways |= self.reserved
        if self.spot is not None:
            ways[SPOT] = self.spot
        return ways


def option_name(cloud: str, way: str) -> str:
    """Return the name by which tables call a way to hire from a cloud."""
    return f"{cloud}/{way}"


def hired_offers(clouds: Mapping[str, Cloud]) -> set[str]:
    """Return the offers whose units some cloud hires out."""
    return {cloud.offer for cloud in clouds.values()}


def cloud_complaints(
    clouds: Mapping[str, Cloud], offers: Mapping[str, object], workloads: Mapping[str, object]
) -> Iterator[Complaint]:
    """Yield what is wrong with clouds beside the rest of a case.

    Args:
        clouds: the valid ones, by name.
    """
    for name, cloud in clouds.items():
        place = ("clouds", name)
        if not cloud.ways:
            yield place, "can be hired in no way; add on_demand, reserved or spot"
        if offers and cloud.offer not in offers:
            yield (*place, "offer"), f"there is no offer '{cloud.offer}'; a hired unit serves what one serves"
        for way in cloud.reserved:
            if way in (ON_DEMAND, SPOT):
                yield (*place, "reserved", way), "is another way to hire; choose a name such as one-year"
        for way, terms in cloud.ways.items():
            field = {ON_DEMAND: ("on_demand",), SPOT: ("spot",)}.get(way, ("reserved", way))
            for position, workload in enumerate(terms.workloads):
                if workloads and workload not in workloads:
                    yield (*place, *field, "workloads", position), f"there is no workload '{workload}'"
    for workload_name, workload in workloads.items():
        yield from _of_workload(workload_name, workload, clouds)


def _of_workload(name: str, workload: object, clouds: Mapping[str, Cloud]) -> Iterator[Complaint]:
    """What a workload asks of clouds must be known of them."""
    excluded: tuple[str, ...] = getattr(workload, "excluded_clouds", ())
    for position, cloud_name in enumerate(excluded):
        if cloud_name not in clouds:
            yield ("workloads", name, "excluded_clouds", position), f"there is no cloud '{cloud_name}'"
    if getattr(workload, "max_latency", None) is None:
        return
    for cloud_name, cloud in clouds.items():
        if cloud.latency is None and cloud_name not in excluded:
            yield ("clouds", cloud_name), f"needs its latency, since workload {name} has a limit"
