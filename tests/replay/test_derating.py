"""From a fleet and a trace to the share of it that a plan may count on."""

import json

import numpy as np
import pytest

from capexpand.errors import CaseError, InfeasibleError
from capexpand.executing.local import LocalProcesses
from capexpand.replay.derating import derate_serving, estimate, replay_fleet
from capexpand.replay.fleet import Fleet, NodeKind, read_fleet
from capexpand.replay.jobs.policies import SchedulingPolicy
from capexpand.replay.serving.outcome import Promise
from capexpand.replay.serving.replicas import Replica, StepTime
from capexpand.replay.serving.serve import serve
from capexpand.replay.sizing import (
    ReplicaKind,
    describe_promise,
    parse_promise,
    read_replica_kinds,
    size_fleet,
)
from capexpand.replay.traces import make_job_trace, make_request_trace


def steady_jobs(count=2000, size=1, *, seed=0):
    random = np.random.default_rng(seed)
    return make_job_trace(
        "steady", np.cumsum(random.exponential(1, count)), random.exponential(30, count), np.full(count, size)
    )


def some_requests(count=400, *, gap=0.5):
    random = np.random.default_rng(5)
    return make_request_trace(
        "chat",
        np.cumsum(random.exponential(gap, count)),
        random.integers(50, 800, count),
        random.integers(5, 200, count),
    )


REPLICA = Replica(StepTime(0.01, 1e-4, 1e-7, 5e-5), sequences=32, step_tokens=512, memory_tokens=40_000)


def test_an_interval_is_that_of_students_t():
    """Values 0.4, 0.5, 0.6: mean 0.5, s = 0.1, t(2) = 4.303: half width 4.303 * 0.1 / sqrt(3) = 0.2484."""
    found = estimate([0.4, 0.5, 0.6])
    assert found.fraction == pytest.approx(0.5)
    assert found.high - found.fraction == pytest.approx(0.2484, abs=1e-4)
    assert estimate([0.4]).low == 0.0
    assert estimate([0.4] * 50).low == pytest.approx(0.4)


def test_jobs_of_one_accelerator_strand_nothing_when_later_ones_may_pass():
    fleet = Fleet((NodeKind("h", 4, 8),))
    result = replay_fleet(fleet, steady_jobs(), policy=SchedulingPolicy(backfill=True), load=1.5)
    assert result.load == pytest.approx(1.5)
    assert result.deratings[0].usable.fraction == pytest.approx(1)
    assert result.deratings[0].utilisation.fraction == pytest.approx(1, abs=0.02)


def test_jobs_that_do_not_divide_a_node_strand_the_rest():
    """Jobs of 5 on nodes of 8: three of eight accelerators are never used."""
    fleet = Fleet((NodeKind("h", 6, 8),))
    result = replay_fleet(fleet, steady_jobs(size=5), load=2.0)
    assert result.deratings[0].usable.fraction == pytest.approx(5 / 8, abs=0.01)
    assert result.deratings[0].usable.low <= 5 / 8 <= result.deratings[0].usable.high + 1e-9


def test_offers_are_told_apart():
    fleet = Fleet((NodeKind("small", 4, 4), NodeKind("large", 4, 8)))
    result = replay_fleet(fleet, steady_jobs(size=5), load=1.2, leave_out_bad=True)
    by_offer = {one.offer: one for one in result.deratings}
    assert set(by_offer) == {"all", "small", "large"}
    assert by_offer["large"].utilisation.fraction <= 1
    with pytest.raises(CaseError, match="no accelerators"):
        replay_fleet(Fleet((NodeKind("cpu", 3, 0),)), steady_jobs())


def test_at_low_load_nobody_waits_and_everything_is_usable():
    result = replay_fleet(Fleet((NodeKind("h", 20, 8),)), steady_jobs(), load=0.2)
    assert result.deratings[0].usable.fraction == 1.0
    assert result.deratings[0].utilisation.fraction == pytest.approx(0.2, abs=0.05)


def test_a_tighter_promise_leaves_less_to_use():
    loose = derate_serving(some_requests(), REPLICA, Promise(first_token_s=20), replicas=2)
    tight = derate_serving(some_requests(), REPLICA, Promise(first_token_s=0.2), replicas=2)
    assert 0 < tight.usable.fraction < loose.usable.fraction <= 1
    assert tight.usable.low <= tight.usable.fraction <= tight.usable.high


def test_the_cheapest_fleet_is_the_smallest_that_keeps_the_promise():
    trace = some_requests(gap=0.05)
    promise = Promise(first_token_s=1.0, share=0.95)
    kinds = [ReplicaKind("fast", REPLICA, 10.0), ReplicaKind("dear", REPLICA, 99.0)]
    sizing = size_fleet(trace, kinds, promise, most_replicas=32, step_tokens=(512,), sequences=(32,))
    best = sizing.best
    assert best.kind.name == "fast"
    assert serve(trace, REPLICA, replicas=best.replicas).kept_fraction(promise) >= 0.95
    assert best.replicas == 1 or (
        serve(trace, REPLICA, replicas=best.replicas - 1).kept_fraction(promise) < 0.95
    )
    assert sizing.candidates == 64
    assert sizing.replayed < 20


def test_a_cheaper_slower_replica_wins_when_it_is_worth_it():
    trace = some_requests(gap=0.2)
    slow = Replica(StepTime(0.02, 2e-4, 2e-7, 1e-4), sequences=32, step_tokens=512)
    kinds = [ReplicaKind("fast", REPLICA, 10.0), ReplicaKind("slow", slow, 1.0)]
    promise = Promise(end_to_end_s=30)
    assert size_fleet(trace, kinds, promise, step_tokens=(512,), sequences=(32,)).best.kind.name == "slow"


@pytest.mark.parametrize("kinds", [1, 3])
def test_any_number_of_workers_finds_the_same_fleets(kinds):
    """Also those of a kind alone, whose every question follows from the answer before."""
    slow = Replica(StepTime(0.02, 2e-4, 2e-7, 1e-4), sequences=32, step_tokens=512)
    offered = [
        ReplicaKind("slow", slow, 1.0),
        ReplicaKind("fast", REPLICA, 10.0),
        ReplicaKind("dear", slow, 9.0),
    ]
    one, three = (
        size_fleet(
            some_requests(gap=0.05), offered[:kinds], Promise(end_to_end_s=30), most_replicas=16,
            step_tokens=(256, 512), sequences=(16, 32), engine=LocalProcesses(workers),
        )
        for workers in (1, 3)
    )  # fmt: skip
    names = [(found.kind.name, found.replicas, found.step_tokens, found.sequences) for found in one.by_kind]
    assert names == [
        (found.kind.name, found.replicas, found.step_tokens, found.sequences) for found in three.by_kind
    ]
    for this, that in zip(one.by_kind, three.by_kind, strict=True):
        assert this.kept_fraction == that.kept_fraction
        assert np.array_equal(this.outcome.finish_s, that.outcome.finish_s)
    assert (one.candidates, one.replayed) == (three.candidates, three.replayed)


def test_a_promise_that_cannot_be_kept_is_infeasible_in_words():
    with pytest.raises(InfeasibleError, match=r"first token within 0\.001 s"):
        size_fleet(some_requests(50), [ReplicaKind("x", REPLICA, 1.0)], Promise(first_token_s=0.001))


def test_promises_are_written_short():
    promise = parse_promise("ttft=2s, tpot=50ms,e2e=30s,share=95%")
    assert promise == Promise(2.0, 0.05, 30.0, 0.95)
    assert describe_promise(promise) == (
        "first token within 2 s, 0.05 s per later token, last token within 30 s for 95.0% of the requests"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ttft=2", "needs a unit"),
        ("ttft=xs", "not a number"),
        ("speed=2s", "unknown part"),
        ("share=0.9", "promises nothing"),
        ("ttft=1s,share=2", "share must lie"),
        ("ttft=0s", "above 0"),
    ],
)
def test_promises_that_make_no_sense_are_refused(text, message):
    with pytest.raises(CaseError, match=message):
        parse_promise(text)


def test_a_fleet_is_read_from_csv_and_json(tmp_path):
    rows = {"offer": "h", "units": 3, "accelerators": 8, "model": "H", "cpu_cores": 64}
    (tmp_path / "fleet.csv").write_text("offer,units,accelerators,model,cpu_cores\nh,3,8,H,64\n")
    (tmp_path / "fleet.json").write_text(json.dumps({"nodes": [rows]}))
    csv, document = (read_fleet(tmp_path / name) for name in ("fleet.csv", "fleet.json"))
    assert csv == document == Fleet((NodeKind("h", 3, 8, "H", 64.0),))
    assert csv.accelerators == 24
    assert csv.as_nodes().cpu_milli.tolist() == [64_000] * 3


def test_everything_wrong_with_a_fleet_is_said_at_once(tmp_path):
    wrong = {"offer": "", "units": "x", "accelerators": 99, "colour": "red"}
    (tmp_path / "fleet.json").write_text(json.dumps({"nodes": [wrong]}))
    with pytest.raises(CaseError) as caught:
        read_fleet(tmp_path / "fleet.json")
    text = str(caught.value)
    assert all(
        word in text
        for word in ("unknown field", "'x' is not a whole number", "at most 16", "offer: is missing")
    )
    for content, message in (("{", "not JSON"), ('{"nodes": 1}', "needs an object")):
        path = tmp_path / "fleet.json"
        path.write_text(content)
        with pytest.raises(CaseError, match=message):
            read_fleet(path)


def test_replicas_are_read_and_everything_wrong_is_said_at_once(tmp_path):
    path = tmp_path / "replicas.json"
    good = {"name": "h", "base_s": 0.01, "per_prefill_token_s": 1e-4, "per_cached_token_s": 1e-7}
    good |= {"per_sequence_s": 5e-5, "cost_per_hour": 2.5, "accelerators": 4, "memory_tokens": 1000}
    path.write_text(json.dumps({"replicas": [good]}))
    (kind,) = read_replica_kinds(path)
    assert kind.replica.memory_tokens == 1000
    assert kind.accelerators == 4
    path.write_text(json.dumps({"replicas": [{"base_s": "x", "colour": 1}, good | {"sequences": 9999}]}))
    with pytest.raises(CaseError) as caught:
        read_replica_kinds(path)
    text = str(caught.value)
    assert all(
        word in text
        for word in ("unknown field", "cost_per_hour: is missing", "'x' is not", "a token for each")
    )
    path.write_text("[]")
    with pytest.raises(CaseError, match="needs an object"):
        read_replica_kinds(path)
