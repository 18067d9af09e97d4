"""The serving engine against the plain loop over steps, and small cases worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from reference_serving import serve_plainly

from capexpand.errors import CaseError
from capexpand.replay.serving.outcome import Promise
from capexpand.replay.serving.replicas import Replica, Routing, StepTime
from capexpand.replay.serving.serve import highest_load, serve
from capexpand.replay.traces import make_request_trace

SIMPLE = Replica(StepTime(1.0, 0.1, 0.0, 0.0), step_tokens=100, sequences=10)


def requests(*rows, prefixes=None, block_tokens=0):
    arrival, prompt, output = (np.array(column) for column in zip(*rows, strict=True))
    return make_request_trace("small", arrival, prompt, output, prefixes=prefixes, block_tokens=block_tokens)


def random_case(seed):
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 70))
    block = int(random.integers(4, 20))
    prompt, output = random.integers(1, 200, count), random.integers(1, 60, count)
    arrival = np.cumsum(random.exponential(random.choice([0.001, 0.05, 0.3]), count))
    prefixes = [[int(random.integers(0, 3)) * 1000 + k for k in range(int(p) // block)] for p in prompt]
    trace = make_request_trace("r", arrival, prompt, output, prefixes=prefixes, block_tokens=block)
    page = int(random.choice([1, 4, 16]))
    sequences = int(random.integers(1, 20))
    time = StepTime(0.01, *(random.random(3) * [1e-4, 1e-5, 1e-4]).tolist())
    replica = Replica(
        time,
        step_tokens=int(random.integers(sequences, 300)),
        sequences=sequences,
        memory_tokens=None if random.random() < 0.2 else int(random.integers(260 + page, 1200)),
        page_tokens=page,
        cache_tokens=[0, None, int(random.integers(0, 30)) * block][int(random.integers(0, 3))],
    )
    return trace, replica, int(random.integers(1, 5)), int(random.integers(0, 4))


@pytest.mark.parametrize("routing", Routing)
@pytest.mark.parametrize("seed", range(25))
def test_times_and_placements_are_those_of_the_plain_loop(routing, seed):
    trace, replica, replicas, slack = random_case(seed)
    outcome = serve(trace, replica, replicas=replicas, routing=routing, slack=slack)
    plain, servers = serve_plainly(trace, replica, replicas=replicas, routing=routing, slack=slack)
    assert outcome.finish_s == pytest.approx([one.finish for one in plain], abs=1e-9)
    assert outcome.first_token_s == pytest.approx([one.first_token for one in plain], abs=1e-9)
    assert outcome.preempted.tolist() == [one.preempted for one in plain]
    assert outcome.reused_tokens.tolist() == [one.reused for one in plain]
    assert outcome.steps.tolist() == [one.steps for one in servers]
    assert outcome.busy_s == pytest.approx([one.busy for one in servers], abs=1e-9)
    where = {id(one): place for place, server in enumerate(servers) for one in server.assigned}
    assert outcome.replica.tolist() == [where[id(one)] for one in plain]
    if replica.pages is not None:
        peaks = [one.peak_pages * replica.page_tokens for one in servers]
        assert outcome.peak_memory_tokens.tolist() == peaks
    context = [one.token_seconds / max(one.busy, 1e-300) for one in servers]
    assert outcome.mean_context_tokens == pytest.approx(context)


def test_one_request_takes_its_prompt_and_a_step_for_each_further_token():
    """10 prompt tokens at 0.1 s each and a base of 1 s: 2 s to the first token; two more at 1 s: 4 s.

    Sensitivity: if the first token came only with the first decoding step the end would be at 5 s.
    """
    outcome = serve(requests((0, 10, 3)), SIMPLE)
    assert outcome.first_token_s.tolist() == pytest.approx([2.0])
    assert outcome.finish_s.tolist() == pytest.approx([4.0])
    assert outcome.time_per_token_s.tolist() == pytest.approx([1.0])


def test_a_long_prompt_is_cut_into_chunks():
    """250 tokens in steps of 100: 11 + 11 + 6 s. Sensitivity: in one step it would be 26 s."""
    outcome = serve(requests((0, 250, 1)), SIMPLE)
    assert outcome.first_token_s.tolist() == pytest.approx([28.0])
    assert outcome.steps.tolist() == [3]


def test_a_prompt_slows_down_those_who_decode_beside_it():
    """The first decodes at 1 s a token; the prompt of 50 tokens arrives during its second step, which began
    at 2.

    The step from 3 to 9 holds the prompt (1 + 5 s) and the first's last token. Sensitivity: with decoding
    apart the first would end at 4 s.
    """
    outcome = serve(requests((0, 10, 3), (2.5, 50, 1)), SIMPLE)
    assert outcome.finish_s.tolist() == pytest.approx([9.0, 9.0])


def test_memory_that_runs_out_takes_the_last_admitted_back():
    """Pages of one token, eight of them. Two prompts of 3 and 2, both want 5 tokens of output.

    Held after the prompts 5, after the steps 7; the next step needs 2 and has 1. The second gives up 3 pages
    and waits until the first is done (3 + 4 = 7 held), then computes its prompt and 2 generated tokens again.
    Sensitivity: with ten pages nobody is preempted.
    """
    replica = replace(SIMPLE, memory_tokens=8, page_tokens=1)
    trace = requests((0, 3, 5), (0, 2, 5))
    outcome = serve(trace, replica)
    assert outcome.preempted.tolist() == [0, 1]
    assert outcome.finish_s[1] > outcome.finish_s[0]
    assert serve(trace, replace(replica, memory_tokens=16)).preempted.tolist() == [0, 0]


def test_a_remembered_prefix_is_not_computed_again():
    """Two prompts of 40 with the same 4 blocks of 10; the second computes 1 token, since one must be
    computed.

    5 s and then 1.1 s. Sensitivity: without the cache 5 s again.
    """
    rows = ((0, 40, 1), (100, 40, 1))
    trace = requests(*rows, prefixes=[[1, 2, 3, 4], [1, 2, 3, 4]], block_tokens=10)
    outcome = serve(trace, replace(SIMPLE, cache_tokens=None))
    assert outcome.time_to_first_token_s.tolist() == pytest.approx([5.0, 1.1])
    assert outcome.reuse_fraction == pytest.approx(39 / 80)
    assert serve(trace, SIMPLE).time_to_first_token_s.tolist() == pytest.approx([5.0, 5.0])


def test_a_full_cache_forgets_the_end_of_the_oldest_prompt_first():
    """Room for 3 blocks; prompts 1-2-3, then 4: block 3 leaves. The third prompt reuses blocks 1 and 2."""
    rows = ((0, 30, 1), (100, 10, 1), (200, 30, 1))
    trace = requests(*rows, prefixes=[[1, 2, 3], [4], [1, 2, 3]], block_tokens=10)
    outcome = serve(trace, replace(SIMPLE, cache_tokens=30))
    assert outcome.reused_tokens.tolist() == [0, 0, 20]


def test_prefix_aware_routing_goes_where_the_prefix_is():
    rows = ((0, 40, 1), (0.5, 40, 1), (100, 40, 1), (101, 40, 1))
    prefixes = [[1, 2, 3, 4], [5, 6, 7, 8], [5, 6, 7, 8], [1, 2, 3, 4]]
    trace = requests(*rows, prefixes=prefixes, block_tokens=10)
    replica = replace(SIMPLE, cache_tokens=None)
    aware = serve(trace, replica, replicas=2, routing=Routing.PREFIX_AWARE, slack=0)
    assert aware.replica.tolist() == [0, 1, 1, 0]


def test_round_robin_takes_turns_and_least_outstanding_avoids_the_busy():
    trace = requests((0, 90, 50), (1, 1, 1), (30, 1, 1), (31, 1, 1))
    assert serve(trace, SIMPLE, replicas=2, routing=Routing.ROUND_ROBIN).replica.tolist() == [0, 1, 0, 1]
    assert serve(trace, SIMPLE, replicas=2).replica.tolist() == [0, 1, 1, 0]


def test_a_promise_counts_request_by_request():
    outcome = serve(requests((0, 10, 3), (100, 50, 3)), SIMPLE)
    assert outcome.kept_fraction(Promise(first_token_s=3)) == 0.5
    assert outcome.kept_fraction(Promise(end_to_end_s=10, per_token_s=1)) == 1.0
    assert outcome.goodput_per_s(Promise(first_token_s=3)) == pytest.approx(1 / outcome.makespan_s)


def test_the_highest_load_is_where_the_promise_begins_to_break():
    random = np.random.default_rng(1)
    trace = make_request_trace(
        "x", np.cumsum(random.exponential(20, 200)), random.integers(1, 80, 200), random.integers(1, 6, 200)
    )
    promise = Promise(first_token_s=15, share=0.9)
    factor = highest_load(trace, SIMPLE, promise)
    assert serve(trace.faster(factor), SIMPLE).kept_fraction(promise) >= 0.9
    assert serve(trace.faster(factor * 1.1), SIMPLE).kept_fraction(promise) < 0.9


def test_a_promise_that_nothing_keeps_allows_no_load():
    assert highest_load(requests((0, 10, 1), (9, 10, 1)), SIMPLE, Promise(first_token_s=0.5)) == 0.0


def test_a_promise_that_everything_keeps_has_no_highest_load():
    assert highest_load(requests((0, 10, 1), (9, 10, 1)), SIMPLE, Promise(first_token_s=50)) == float("inf")


def test_more_replicas_serve_no_later_in_total():
    trace, replica, _, _ = random_case(7)
    totals = [serve(trace, replica, replicas=count).end_to_end_s.sum() for count in (1, 4, 16)]
    assert totals[0] >= totals[1] >= totals[2]


def test_a_request_larger_than_a_replica_is_refused_or_counted():
    replica = replace(SIMPLE, memory_tokens=32, page_tokens=16)
    trace = requests((0, 10, 3), (1, 30, 3))
    with pytest.raises(CaseError, match="larger than the memory"):
        serve(trace, replica)
    outcome = serve(trace, replica, leave_out_bad=True)
    assert len(outcome.trace) == 1
    assert outcome.trace.exclusions.counts == {"larger than the memory of a replica": 1}


@pytest.mark.parametrize(
    "change", [{"sequences": 0}, {"step_tokens": 5}, {"memory_tokens": 4}, {"page_tokens": 0}]
)
def test_replicas_that_cannot_work_are_refused(change):
    with pytest.raises(ValueError, match="at least"):
        replace(SIMPLE, **change)


def test_a_step_must_take_time():
    with pytest.raises(ValueError, match="above 0"):
        StepTime(0.0, 1.0, 1.0, 1.0)


def test_a_fleet_needs_a_replica():
    with pytest.raises(CaseError, match="at least one replica"):
        serve(requests((0, 1, 1)), SIMPLE, replicas=0)
