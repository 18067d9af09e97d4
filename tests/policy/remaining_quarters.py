"""The chain of the quarters that remain after a state, built anew: the reference for every shortcut."""

from __future__ import annotations

import numpy as np

from capexpand.model.blocks import Blocks, Floats, LinearProgram
from capexpand.model.data import ModelData
from capexpand.model.quarter import add_quarter
from capexpand.model.stage import Stage, State
from capexpand.policy.stages import PARTS, StateLayout


def program_from(
    m: ModelData, layout: StateLayout, quarter: int, state: Floats
) -> tuple[LinearProgram, list[Stage]]:
    """Return the chain of all quarters from one on, after a given state [slot]."""
    lp = Blocks()
    values = np.zeros(layout.live.shape[1])
    values[layout.kept] = np.maximum(state, 0.0)
    parts, start = {}, 0
    for part, shape in zip(PARTS, layout.shapes, strict=True):
        stretch = slice(start, start + int(np.prod(shape, dtype=np.int64)))
        fixed, there = values[stretch].reshape(shape), layout.live[quarter][stretch].reshape(shape)
        labels = [tuple(map(str, range(length))) for length in shape]
        parts[part] = lp.columns(f"before: {part}", labels, lower=fixed, upper=fixed, where=there)
        start = stretch.stop
    before = State(**parts)
    stages: list[Stage] = []
    for t in range(quarter, m.times.count):
        stages.append(add_quarter(lp, m, t, before))
        before = stages[-1].state
    return lp.build(), stages
