"""Replay jobs on a cluster: an order, a placement, backfill and preemption, over time."""
