"""What it costs to change course, compiled."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChurnCosts:
    """Cost of changing from one quarter to the next, each a single number of money."""

    use: float  # money per unit that takes up another workload
    site: float  # money per unit whose work moves to another site
    order: float  # money per unit by which an order differs from that of the quarter before
    power_order: float  # the same of halls and colocation, money per MW

    @property
    def moves(self) -> bool:
        """Whether moving work costs anything."""
        return self.use > 0.0 or self.site > 0.0

    @property
    def orders(self) -> bool:
        """Whether changing orders costs anything."""
        return self.order > 0.0 or self.power_order > 0.0
