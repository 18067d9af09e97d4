"""Contracts in the oracle: what is signed of those on offer, what is kept free for the largest."""

from __future__ import annotations

from typing import Any


def contracts(o: Any) -> None:
    """Of a contract on offer no more is served than is signed."""
    c = o.m.contracts
    o.signed = None
    if c is None:
        return
    kept = 0.0 if o.m.redundancy is None else o.m.redundancy.contracts
    for j in c.workload if kept > 0.0 else ():
        name = o.m.workloads.names[j]
        could = o.data(o.m.workloads.service[:, j], "offer") * o.able.sel(workload=name, drop=True)
        spare = (o.free * could).sum("offer").sum(o.place)
        sold = o.z.sel(workload=name, drop=True).isel(tranche=0, drop=True)
        o.require(f"kept free for {name}", spare - kept * sold, ">=", 0.0)
    if not c.offered.any():
        return
    named = [o.m.workloads.names[j] for j in c.workload]
    o.coords["signing"] = named
    offered = o.data(c.offered, "signing")
    o.signed = o.variable("sigma", "signing", upper=1.0, exists=offered)
    for i, name in enumerate(named):
        if c.offered[i]:
            needs = c.volume[i] / o.m.workloads.productivity[c.workload[i]]
            sold = o.z.sel(workload=name, drop=True).isel(tranche=0, drop=True)
            part = o.signed.sel(signing=name, drop=True)
            o.require(f"signed {name}", sold - part * o.data(needs, "quarter"), "<=", 0.0)
