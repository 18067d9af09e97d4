"""How jobs are ordered and placed: small objects that say what a user means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from capexpand.replay.packing.tasks import PlacementRule


class Order(IntEnum):
    """Which waiting job goes first.

    First come, first served is the fair default. Shortest first halves mean waiting where running times are
    known. Priority suits a fleet shared by production and research; fair share one shared by equals.
    """

    FIRST_COME = 0
    SHORTEST_FIRST = 1
    PRIORITY = 2
    FAIR_SHARE = 3


@dataclass(frozen=True, slots=True)
class SchedulingPolicy:
    """How a cluster decides.

    Args:
        order: which waiting job goes first. Fair share takes the tenant that holds the fewest accelerators.
        placement: which node is chosen among those with room.
        backfill: start a later job where the first one cannot start.
        preempt: under the priority order, take accelerators from jobs of lower priority, the latest first.
        keep_progress: a preempted job goes on where it stopped, where otherwise it begins again.
        seed: for the random placement.
    """

    order: Order = Order.FIRST_COME
    placement: PlacementRule = PlacementRule.BEST_FIT
    backfill: bool = False
    preempt: bool = False
    keep_progress: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.preempt and self.order is not Order.PRIORITY:
            raise ValueError("preemption needs the priority order: without priorities nobody gives way")
