"""Capacity kept free for the largest contract: units that run and serve nothing, enough for each of them."""

from __future__ import annotations

import numpy as np

from capexpand.model.blocks import ABSENT, Blocks, Indices
from capexpand.model.data import ModelData


def keep_free(lp: Blocks, m: ModelData, t: int, *, sharing_rows: Indices, sold: Indices) -> Indices:
    """Σ_ck a_j r_kj s_ck ≥ share · z_j for each contract j:  the same s for all, so the largest decides.

    Args:
        t: the quarter, from 0.
        sharing_rows: [site group, offer option] what serves within what runs.
        sold: [workload, tranche] in base units.

    Returns:
        s [site group, offer option].
    """
    share = 0.0 if m.redundancy is None else m.redundancy.contracts
    if share == 0.0 or m.contracts is None:
        return np.full_like(sharing_rows, ABSENT)
    here, w, j = (m.times.labels[t],), m.workloads, m.contracts.workload
    asked = sold[j, 0] != ABSENT
    able = (
        w.served_by[:, j].T[:, :, None] & (w.service[:, j].T > 0.0)[:, None, :]
    )  # [contract, group, option]
    able &= (sharing_rows != ABSENT)[None] & asked[:, None, None]
    groups = tuple(f"group {i + 1}" for i in range(w.served_by.shape[0]))
    s = lp.columns("kept free", [groups, m.offers.names, here], where=able.any(axis=0)[:, :, None])[:, :, 0]
    rows = lp.rows(
        "kept free for a contract", [[w.names[i] for i in j], here], lower=0.0, where=asked[:, None]
    )[:, 0]
    lp.add(rows[:, None, None], np.where(able, s[None], ABSENT), w.service[:, j].T[:, None, :])
    lp.add(rows, sold[j, 0], -share)
    lp.add(sharing_rows, s)
    return s
