"""Whether a programme's revenue can be attributed: one rule for every command that must decide it."""

from __future__ import annotations

from capexpand.model.data import ModelData


def mostly_internal(m: ModelData) -> bool:
    """Tells whether most of what a case may earn is what the group would pay itself.

    What may be earned is demand at its price, in present value; revenue of such a programme cannot be
    attributed, and cash alone would call it a loss.
    """
    w = m.workloads
    worth = (w.demand * w.price).sum(axis=1) @ m.times.discount
    internal, external = (
        float(worth[[role == kind for role in w.roles]].sum()) for kind in ("internal", "external")
    )
    return internal > external
