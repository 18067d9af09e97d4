"""The places of a case that a process may move, and how a name with stars picks among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

Quantity = Literal[
    "grid",
    "build_cost",
    "build_limit",
    "colocation_fee",
    "energy_price",
    "contract_energy_price",
    "purchase_price",
    "lease_fee",
    "hire_fee",
    "hire_limit",
    "exit_cost",
    "resale",
    "colocation_exit_cost",
    "supply_limit",
    "export_fee",
    "delivery",
    "demand",
    "price",
    "penalty",
    "productivity",
    "market_share",
    "exchange_rate",
    "other_revenue",
    "reference_rate",
]

OF_OFFERS: frozenset[Quantity] = frozenset(
    {"purchase_price", "lease_fee", "supply_limit", "export_fee", "delivery", "exit_cost", "resale"}
)
"""Quantities of an offer."""

OF_WORKLOADS: frozenset[Quantity] = frozenset({"demand", "price", "penalty", "productivity", "market_share"})
"""Quantities of a workload."""

DELAYABLE: tuple[Quantity, ...] = ("grid", "supply_limit", "delivery")
"""What a delay can move."""


@dataclass(frozen=True, slots=True)
class MovableTarget:
    """One place that a process may move.

    Args:
        path: the dotted place.
        quantity: what stands there.
        name: of the site, offer, workload or currency.
        destination: of a supply, else None.
    """

    path: str
    quantity: Quantity
    name: str
    destination: str | None = None


def movable_targets(case: object) -> tuple[MovableTarget, ...]:
    """Return every place of a case that a process may move, in the order of the case.

    Args:
        case: a case, or the document behind one as plain mappings.
    """
    return tuple(_movable(case))


def matching_targets(pattern: str, targets: Sequence[MovableTarget]) -> tuple[MovableTarget, ...]:
    """Return the targets that a dotted name with stars picks; each step must match by itself.

    Args:
        pattern: such as ``offers.*.buy.price``.
        targets: from ``movable_targets``.
    """
    steps = pattern.split(".")
    return tuple(
        target
        for target in targets
        if len(places := target.path.split(".")) == len(steps)
        and all(fnmatchcase(place, step) for place, step in zip(places, steps, strict=True))
    )


def _movable(case: object) -> Iterator[MovableTarget]:
    opening = _part(case, "opening")
    if opening is not None and _part(opening, "other_revenue") is not None:
        yield MovableTarget("opening.other_revenue", "other_revenue", "")
    if _part(_part(case, "financing"), "reference_rate") is not None:
        yield MovableTarget("financing.reference_rate", "reference_rate", "")
    for name in _named(case, "exchange_rates"):
        yield MovableTarget(f"exchange_rates.{name}", "exchange_rate", name)
    for name, site in _named(case, "sites").items():
        yield from _of_site(name, site)
    for name, offer in _named(case, "offers").items():
        yield from _of_offer(name, offer)
    for name, cloud in _named(case, "clouds").items():
        yield from _of_cloud(name, cloud)
    for name, workload in _named(case, "workloads").items():
        place = f"workloads.{name}"
        if _part(workload, "contract") is not None:  # whose volume and price are agreed
            yield MovableTarget(f"{place}.productivity", "productivity", name)
            continue
        yield MovableTarget(f"{place}.demand", "demand", name)
        yield MovableTarget(f"{place}.market_share", "market_share", name)
        yield MovableTarget(f"{place}.productivity", "productivity", name)
        if _part(workload, "price") is not None or _part(workload, "prices") is not None:
            yield MovableTarget(f"{place}.price", "price", name)
        if _part(workload, "penalty") is not None:
            yield MovableTarget(f"{place}.penalty", "penalty", name)


def _of_site(name: str, site: object) -> Iterator[MovableTarget]:
    place = f"sites.{name}"
    yield MovableTarget(f"{place}.grid", "grid", name)
    yield MovableTarget(f"{place}.energy_price", "energy_price", name)
    for contract, terms in _named(_part(site, "energy"), "contracts").items():
        if _part(terms, "price") is None:  # storage has none
            continue
        path = f"{place}.energy.contracts.{contract}.price"
        yield MovableTarget(path, "contract_energy_price", f"{name}/{contract}")
    build = _part(site, "build")
    if build is not None:
        yield MovableTarget(f"{place}.build.cost", "build_cost", name)
        if _part(build, "limit") is not None:
            yield MovableTarget(f"{place}.build.limit", "build_limit", name)
    hosted = _part(site, "colocate")
    if hosted is not None:
        yield MovableTarget(f"{place}.colocate.fee", "colocation_fee", name)
        if _part(hosted, "exit_cost") is not None:
            yield MovableTarget(f"{place}.colocate.exit_cost", "colocation_exit_cost", name)


def _of_offer(name: str, offer: object) -> Iterator[MovableTarget]:
    place = f"offers.{name}"
    bought = _part(offer, "buy") is not None
    if bought:
        yield MovableTarget(f"{place}.buy.price", "purchase_price", name)
    leased = _part(offer, "lease")
    if leased is not None:
        yield MovableTarget(f"{place}.lease.fee", "lease_fee", name)
        if _part(leased, "exit_cost") is not None:
            yield MovableTarget(f"{place}.lease.exit_cost", "exit_cost", name)
    yield MovableTarget(f"{place}.delivery", "delivery", name)
    for destination, supply in _named(offer, "supply").items():
        if _part(supply, "limit") is not None:
            yield MovableTarget(f"{place}.supply.{destination}.limit", "supply_limit", name, destination)
        if bought:
            yield MovableTarget(f"{place}.supply.{destination}.fee", "export_fee", name, destination)


def _of_cloud(name: str, cloud: object) -> Iterator[MovableTarget]:
    place = f"clouds.{name}"
    ways = {"on_demand": ("on-demand", _part(cloud, "on_demand"))}
    ways |= {f"reserved.{way}": (way, terms) for way, terms in _named(cloud, "reserved").items()}
    ways |= {"spot": ("spot", _part(cloud, "spot"))}
    for field, (way, terms) in ways.items():
        if terms is None:
            continue
        yield MovableTarget(f"{place}.{field}.fee", "hire_fee", f"{name}/{way}")
        if _part(terms, "limit") is not None and field in ("on_demand", "spot"):
            yield MovableTarget(f"{place}.{field}.limit", "hire_limit", f"{name}/{way}")


def _part(block: object, name: str) -> object:
    """A field of a block or of the mapping behind one; None where it is absent."""
    return block.get(name) if isinstance(block, Mapping) else getattr(block, name, None)


def _named(block: object, name: str) -> Mapping[str, object]:
    part = _part(block, name)
    return part if isinstance(part, Mapping) else {}
