"""Which decisions are the same in all points of a sweep, and where the others flip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.data import Floats
from capexpand.studies.sweep.axes import Axis, Point
from capexpand.studies.sweep.findings import SweepFindings
from capexpand.studies.sweep.outcomes import Outcome

NOTHING = 1e-6
"""Parts of a unit or of a megawatt below this are a solver's arithmetic."""
CLEAR = 0.9
"""Share of points that a threshold must tell apart to be named."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where a decision flips: it is taken on one side of a coordinate of an axis.

    Args:
        axis: that tells best.
        at: coordinate halfway between the two nearest points; of choices the one in question.
        above: whether it is taken above, or where the choice is made.
        share: of the points that this tells rightly.
    """

    axis: Axis
    at: float
    above: bool
    share: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Orders of one thing over all points.

    Args:
        name: of the offer with its destination, or of the power option.
        unit: ``units`` or ``MW``.
        least: [quarter] least ordered until then in any point.
        median: [quarter].
        most: [quarter].
        taken: share of points in which any is ordered.
        threshold: where it flips; None where it never does or no axis tells.
    """

    name: str
    unit: str
    least: Floats
    median: Floats
    most: Floats
    taken: float
    threshold: Threshold | None

    @property
    def anyway(self) -> float:
        """What is ordered in every point."""
        return float(self.least[-1])


def decisions(findings: SweepFindings) -> tuple[Decision, ...]:
    """Return every thing that is ordered in some point; those in all points first, then the largest.

    Points with other sites, offers or quarters than the case as it stands are left out.
    """
    planned = comparable(findings)
    if not planned:
        return ()
    m = findings.data
    at = np.array([point for point, _ in planned])
    found: list[Decision] = []
    units = np.stack([outcome.units_ordered for _, outcome in planned])
    for k, name in enumerate(m.offers.names):
        for d, destination in enumerate(m.destinations):
            where = f"{name}, {destination}" if len(m.destinations) > 1 else name
            found.append(_decision(where, "units", units[:, k, d], at, findings.axes))
    power = np.stack([outcome.power_ordered_mw for _, outcome in planned])
    for o, name in enumerate(m.power.names):
        found.append(_decision(f"power at {name}", "MW", power[:, o], at, findings.axes))
    taken = [one for one in found if one.most[-1] > NOTHING]
    return tuple(sorted(taken, key=lambda one: (-one.taken, one.unit, -float(one.median[-1]))))


def comparable(findings: SweepFindings) -> list[tuple[Point, Outcome]]:
    """Return the planned points whose orders are of the things of the case as it stands."""
    declared = findings.declared
    return [
        (point, outcome)
        for point, outcome in findings.planned
        if outcome.units_ordered.shape == declared.units_ordered.shape
        and outcome.power_ordered_mw.shape == declared.power_ordered_mw.shape
    ]


def _decision(name: str, unit: str, orders: Floats, at: Floats, axes: tuple[Axis, ...]) -> Decision:
    until = np.cumsum(np.maximum(orders, 0.0), axis=1)
    until = np.where(until > NOTHING, until, 0.0)
    taken = until[:, -1] > NOTHING
    share = float(taken.mean())
    threshold = _threshold(taken, at, axes) if 0.0 < share < 1.0 else None
    return Decision(
        name, unit, until.min(axis=0), np.median(until, axis=0), until.max(axis=0), share, threshold
    )


def _threshold(taken: np.ndarray, at: Floats, axes: tuple[Axis, ...]) -> Threshold | None:
    """The coordinate that best tells where a decision is taken; None where none tells clearly."""
    best: Threshold | None = None
    for number, axis in enumerate(axes):
        levels = np.unique(at[:, number])
        cuts = levels if not axis.numeric else (levels[1:] + levels[:-1]) / 2.0
        for cut in cuts:
            side = at[:, number] == cut if not axis.numeric else at[:, number] > cut
            right = float((side == taken).mean())
            for above, share in ((True, right), (False, 1.0 - right)):
                if best is None or share > best.share + 1e-12:
                    best = Threshold(axis, float(cut), above, share)
    common = max(float(taken.mean()), 1.0 - float(taken.mean()))
    return best if best is not None and best.share >= CLEAR and best.share > common + 1e-9 else None
