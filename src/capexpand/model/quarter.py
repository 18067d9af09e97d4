"""One quarter in a program: its equations, and for a policy the limits of debt and equity beside them."""

from __future__ import annotations

from capexpand.model.blocks import Blocks
from capexpand.model.data import ModelData
from capexpand.model.funding import add_funding
from capexpand.model.stage import Stage, State, add_stage


def add_quarter(lp: Blocks, m: ModelData, t: int, before: State) -> Stage:
    """Add all of a quarter to a program.

    Args:
        lp: the program under construction.
        m: the compiled case.
        t: the quarter, from 0.
        before: the state that the quarter before left.
    """
    return add_funding(lp, m, t, before.funding, add_stage(lp, m, t, before))
