"""Step times worked out from models and chips: the same order as the hardware layer, and monotone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.errors import CaseError
from capexpand.hardware.chips import chip_named
from capexpand.hardware.estimate import ServingQuestion, running_copy
from capexpand.hardware.estimate import serve as estimate_serving
from capexpand.hardware.layouts import Layout
from capexpand.hardware.roofline import decode_step
from capexpand.hardware.specs import Load
from capexpand.replay.fleet import Fleet, NodeKind
from capexpand.replay.plan_derating import PlannedCluster
from capexpand.replay.plan_serving import combine_serving, replay_plan_serving, replica_kinds
from capexpand.replay.serving.from_hardware import linear_step_time, load_of, replica_on
from capexpand.replay.serving.outcome import Promise
from capexpand.replay.serving.serve import serve
from capexpand.replay.traces import make_request_trace

LOAD = Load(1024.0, 256.0)
PAIRS = (
    ("Llama 3.1 8B", "H100"),
    ("Llama 3.1 8B", "H20"),
    ("Llama 3.1 70B", "H100"),
    ("DeepSeek V3", "H200"),
    ("Qwen3 235B A22B", "B200"),
)


def numbers(one):
    return (one.base_s, one.per_prefill_token_s, one.per_cached_token_s, one.per_sequence_s)


def some_requests(count=1000, *, gap=0.02):
    random = np.random.default_rng(3)
    arrivals = np.cumsum(random.exponential(gap, count))
    return make_request_trace(
        "chat", arrivals, random.integers(200, 1500, count), random.integers(20, 300, count)
    )


@pytest.mark.parametrize(("model", "chip"), PAIRS)
def test_a_replayed_replica_serves_what_the_hardware_layer_says(model, chip):
    """Many equal requests at once: the same rate, but for the batch's filling and emptying (at most 30 %)."""
    found = replica_on(model, chip, LOAD)
    count = 6 * int(found.batch)
    trace = make_request_trace("same", np.arange(count) * 1e-9, np.full(count, 1024), np.full(count, 256))
    outcome = serve(trace, found.replica)
    rate = 0.9 * count / float(np.quantile(outcome.finish_s, 0.9)) / found.accelerators
    answer = estimate_serving(ServingQuestion(model, chip, load=LOAD, way="together"))
    assert 0.7 < rate / (answer.requests_per_s / answer.chips) < 1.15


@pytest.mark.parametrize(("model", "chip"), PAIRS)
def test_a_step_takes_what_the_hardware_layer_says_at_both_ends(model, chip):
    copy = running_copy(ServingQuestion(model, chip, load=LOAD))
    step = linear_step_time(copy)
    context = 1024 + 256 / 2
    full = copy.batch * (step.per_sequence_s + context * step.per_cached_token_s) + step.base_s
    assert full == pytest.approx(float(decode_step(copy.bench, copy.batch).total) / copy.rate)
    alone = step.base_s + step.per_sequence_s
    assert 0 < alone <= float(decode_step(copy.bench, 1.0).total) / copy.rate
    assert all(number > 0 for number in numbers(step))


@given(st.floats(1.05, 4), st.sampled_from(("compute", "memory")), st.sampled_from((1, 4)))
def test_a_faster_chip_shortens_steps(factor, what, ways):
    chip, layout = chip_named("H100"), Layout(tensor=ways)
    faster = (
        replace(chip, fp16_tflops=chip.fp16_tflops * factor, fp8_tflops=chip.fp8_tflops * factor)
        if what == "compute"
        else replace(chip, memory_bandwidth_gb_per_s=chip.memory_bandwidth_gb_per_s * factor)
    )
    before, after = (
        linear_step_time(
            running_copy(ServingQuestion("Llama 3.1 8B", one, load=LOAD, layout=layout, weights="fp8"))
        )
        for one in (chip, faster)
    )
    limit = 1 + 1e-9
    if what == "compute":
        assert after.per_prefill_token_s < before.per_prefill_token_s
    else:
        assert after.base_s + after.per_sequence_s < before.base_s + before.per_sequence_s
        assert after.per_cached_token_s <= before.per_cached_token_s * limit


def test_a_larger_model_takes_longer_and_leaves_less_memory():
    small, large = (
        replica_on(model, "H100", LOAD, layout=Layout(tensor=8))
        for model in ("Llama 3.1 8B", "Llama 3.1 70B")
    )
    pairs = zip(numbers(small.replica.step_time), numbers(large.replica.step_time), strict=True)
    base, prefill, cached, _ = pairs
    assert all(one < other for one, other in (base, prefill, cached))
    assert large.replica.memory_tokens < small.replica.memory_tokens
    assert large.accelerators == 8


def test_what_does_not_fit_is_refused():
    with pytest.raises(CaseError, match="does not fit"):
        replica_on("Kimi K2", "H20", LOAD)
    with pytest.raises(CaseError, match="does not fit"):
        replica_kinds("Kimi K2", [("H20", 1.0)], LOAD)


def test_a_tight_promise_makes_chunks_small():
    """70B on eight H20 takes about 75 µs a prompt token: 50 ms are 666 of them, so 512; else 8192."""
    layout = Layout(tensor=8)
    free = replica_on("Llama 3.1 70B", "H20", LOAD, layout=layout)
    tight = replica_on("Llama 3.1 70B", "H20", replace(LOAD, time_per_token_s=0.05), layout=layout)
    assert free.replica.step_tokens == 8192
    assert tight.replica.step_tokens == 512
    assert tight.replica.step_time.per_prefill_token_s == pytest.approx(75e-6, rel=0.1)


def test_every_way_to_split_a_model_is_a_kind():
    kinds = replica_kinds("Llama 3.1 8B", [("H100", 2.0), ("H20", 1.0)], LOAD)
    assert [kind.accelerators for kind, _ in kinds] == [1, 2, 4, 8, 1, 2, 4, 8]
    assert [kind.cost_per_hour for kind, _ in kinds][:4] == [2.0, 4.0, 8.0, 16.0]


def test_the_load_of_a_trace_is_that_of_its_lengths():
    trace = make_request_trace("two", np.array([0.0, 1.0]), np.array([100, 300]), np.array([10, 10]))
    load = load_of(trace, Promise(per_token_s=0.05))
    assert (load.input_tokens, load.output_tokens) == (200, 10)
    assert (load.input_variation, load.output_variation) == (0.5, 0.0)
    assert load.time_per_token_s == 0.05
    assert np.isinf(load.time_to_first_token_s)


def test_a_plan_serves_less_the_tighter_its_promise():
    fleet = Fleet((NodeKind("new", 50, 8, "H100 SXM5 80GB"), NodeKind("old", 50, 8, "H20 96GB")))
    clusters = [PlannedCluster("chat", "east", fleet), PlannedCluster("chat", "west", fleet)]
    loose, tight = (
        replay_plan_serving(
            clusters, some_requests(9000), "Llama 3.1 8B", Promise(first_token_s=limit, per_token_s=0.05)
        )
        for limit in (20.0, 0.1)
    )
    assert [(one.offer, one.accelerators) for one in loose] == [("new", 800), ("old", 800)]
    rows = combine_serving(loose)
    assert [(row.workload, row.offer) for row in rows] == [("chat", "all"), ("chat", "new"), ("chat", "old")]
    assert combine_serving(tight)[0].usable.fraction < rows[0].usable.fraction - 0.02


def test_a_trace_that_fits_into_one_batch_is_too_short():
    clusters = [PlannedCluster("chat", "east", Fleet((NodeKind("new", 50, 8, "H100"),)))]
    with pytest.raises(CaseError, match="100 requests are too few to load"):
        replay_plan_serving(clusters, some_requests(100), "Llama 3.1 8B", Promise(first_token_s=1.0))


def test_an_offer_without_an_accelerator_cannot_be_computed():
    clusters = [PlannedCluster("chat", "east", Fleet((NodeKind("server", 5, 8),)))]
    with pytest.raises(CaseError, match="offer server names no accelerator"):
        replay_plan_serving(clusters, some_requests(10), "Llama 3.1 8B", Promise(first_token_s=1.0))
