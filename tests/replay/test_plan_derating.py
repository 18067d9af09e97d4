"""A trace scaled to a planned fleet, and the deratings of clusters put together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.errors import CaseError
from capexpand.replay.derating import Derating, ShareEstimate
from capexpand.replay.fleet import Fleet, NodeKind
from capexpand.replay.jobs.policies import SchedulingPolicy
from capexpand.replay.plan_derating import (
    PlannedCluster,
    combine,
    fit_to_plan,
    nodes_of_unit,
    part_for,
    planned_kind,
    replay_plan,
    weighted_mean,
)
from capexpand.replay.traces import JobDetails, make_job_trace


def jobs(count=500, *, size=1, duration=40.0, models=None, seed=0):
    random = np.random.default_rng(seed)
    return make_job_trace(
        "jobs",
        np.cumsum(random.exponential(1, count)),
        random.exponential(duration, count),
        np.full(count, size),
        details=JobDetails(models=models),
    )


@given(st.integers(1, 2000))
def test_a_unit_becomes_equal_nodes_that_replay_can_hold(accelerators):
    nodes, size = nodes_of_unit(accelerators)
    assert nodes * size == accelerators
    assert size <= 16


def test_a_rack_of_72_is_six_nodes_of_twelve():
    kind = planned_kind("rack", 2.4, accelerators=72, model="GB200", memory_gb=72 * 192)
    assert (kind.units, kind.accelerators) == (12, 12)
    assert kind.accelerator_memory_gib == pytest.approx(192e9 / 2**30, abs=1e-3)


def test_the_part_is_what_the_trace_fills_in_proportion():
    """About 40 accelerators are asked for at any time; 5:1 of eight each is 6 nodes in all for a load of 1.

    Sensitivity: without the load, a load of 0.5 would not need twice the part.
    """
    fleet = Fleet((NodeKind("new", 5000, 8), NodeKind("old", 1000, 8)))
    trace = jobs(5000)
    asked = trace.accelerator_seconds / trace.span_s
    part, half = part_for(fleet, trace, 1.0), part_for(fleet, trace, 0.1)
    assert part.accelerators == pytest.approx(asked, abs=8)
    assert half.accelerators == pytest.approx(10 * asked, abs=8)
    assert half.kinds[0].units == pytest.approx(5 * half.kinds[1].units, abs=5)


def test_the_part_holds_the_largest_gang_and_never_more_than_the_fleet():
    fleet = Fleet((NodeKind("new", 500, 8),))
    assert part_for(fleet, jobs(50, size=256, duration=0.1), 1.0).accelerators >= 256
    small = Fleet((NodeKind("new", 2, 8),))
    assert part_for(small, jobs(), 0.01) == small


def test_models_that_the_plan_has_not_are_dropped_and_others_kept():
    fleet = Fleet((NodeKind("new", 5, 8, "H20"),))
    assert fit_to_plan(jobs(4, models=["V100"] * 4), fleet).models == ("",)
    assert set(fit_to_plan(jobs(4, models=["H20", "V100", "", ""]), fleet).models) == {"H20", "V100", ""}
    with pytest.raises(CaseError, match="no job asks"):
        fit_to_plan(jobs(4, size=0), fleet)


def test_the_derating_of_a_plan_names_its_workloads_and_offers():
    fleet = Fleet((NodeKind("new", 300, 8), NodeKind("old", 300, 8)))
    clusters = [PlannedCluster("chat", "east", fleet), PlannedCluster("chat", "west", Fleet(fleet.kinds[:1]))]
    replays = replay_plan(clusters, jobs(2000), policy=SchedulingPolicy(backfill=True), load=1.5)
    rows = combine(replays)
    assert [(row.workload, row.offer) for row in rows] == [("chat", "all"), ("chat", "new"), ("chat", "old")]
    assert all(one.replay.load == pytest.approx(1.5) for one in replays)
    # single accelerators that may pass each other strand nothing
    assert rows[0].usable.fraction == pytest.approx(1, abs=0.01)


def test_gangs_strand_more_than_single_accelerators():
    cluster = [PlannedCluster("chat", "east", Fleet((NodeKind("new", 300, 8),)))]
    single, gang = (
        combine(replay_plan(cluster, jobs(2000, size=size), load=1.2))[0].usable.fraction for size in (1, 5)
    )
    assert gang < single - 0.05


def test_clusters_count_with_their_accelerators_and_intervals_are_not_narrowed():
    """(3 · 0.9 + 1 · 0.5) / 4 = 0.8; ends (3 · 0.8 + 0.4) / 4 = 0.7 and (3 · 1.0 + 0.6) / 4 = 0.9.

    Sensitivity: with independent errors the interval would be narrower than 0.2.
    """
    parts = [
        (3.0, Derating("a", "x", ShareEstimate(0.5, 0.4, 0.6, 9), ShareEstimate(0.9, 0.8, 1.0, 9))),
        (1.0, Derating("a", "x", ShareEstimate(0.5, 0.4, 0.6, 5), ShareEstimate(0.5, 0.4, 0.6, 5))),
    ]
    usable = weighted_mean("chat", "all", parts).usable
    assert (usable.fraction, usable.low, usable.high) == pytest.approx((0.8, 0.7, 0.9))
    assert usable.stretches == 5
