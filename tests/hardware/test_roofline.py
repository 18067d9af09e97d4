"""Times small enough to work out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from capexpand.hardware.estimate import ServingQuestion, serve
from capexpand.hardware.layouts import Layout, candidate_layouts
from capexpand.hardware.precision import arithmetic_rate, precision_named
from capexpand.hardware.roofline import (
    Bench,
    Efficiency,
    decode_step,
    mean_context,
    prefill_request,
    shared_step,
    tokens_per_step,
    working_share,
)
from capexpand.hardware.room import batch_by_memory, batch_by_scheduler
from capexpand.hardware.serving import rates_decode, rates_prefill, rates_together, search
from capexpand.hardware.specs import ChipSpec, Load, ModelSpec

IDEAL = Efficiency(
    compute=1.0,
    expert_compute=1.0,
    memory=1.0,
    cache_memory=1.0,
    attention=1.0,
    links=1.0,
    layer_s=0.0,
    token_s=0.0,
    prompt_token_s=0.0,
    network_s=0.0,
)
DENSE = ModelSpec(
    name="ten billion",
    layers=10.0,
    hidden_size=1000.0,
    attention_parameters=4e9,
    dense_parameters=6e9,
    embedding_parameters=0.0,
    cache_elements=50_000.0,
    cache_shards=8.0,
)
EXPERTS = ModelSpec(
    name="experts",
    layers=10.0,
    hidden_size=1000.0,
    attention_parameters=1e9,
    dense_parameters=1e9,
    embedding_parameters=0.0,
    routed_parameters=16e9,
    experts_total=8.0,
    experts_active=1.0,
    expert_layers=10.0,
    cache_elements=50_000.0,
    cache_shards=8.0,
)
CHIP = ChipSpec(
    name="round",
    family="hopper",
    fp16_tflops=500.0,
    fp8_tflops=1000.0,
    int8_tops=1000.0,
    fp4_tflops=0.0,
    memory_gb=100.0,
    memory_bandwidth_gb_per_s=2000.0,
    interconnect_gb_per_s=200.0,
    scale_out_gb_per_s=10.0,
)
FP8 = precision_named("fp8")


def bench(model=DENSE, *, load=None, layout=None, efficiency=IDEAL, chip=CHIP):
    load = Load(1000.0, 200.0) if load is None else load
    return Bench(model, chip, FP8, arithmetic_rate(chip, FP8), load, efficiency, layout or Layout())


def test_one_sequence_waits_for_the_weights():
    """10 GB of weights over 2000 GB/s are 5 ms; two operations a weight over 10¹⁵ a second are 0.02 ms.

    Sensitivity: without the weights' traffic the answer would be 0.02 ms.
    """
    step = decode_step(bench(), 1.0)
    assert step.memory == pytest.approx(5e-3)
    assert step.compute == pytest.approx(2e-5)


def test_the_cache_is_read_once_a_token():
    """100 sequences of 1000 + 200/2 tokens, 50 kB a token, are 5.5 GB: 2.75 ms.

    Sensitivity: with the whole answer behind every token it would be 3 ms.
    """
    assert decode_step(bench(), 100.0).attention_memory == pytest.approx(2.75e-3)


def test_varied_answers_lengthen_the_mean_context():
    """An answer of mean 200 with variation 1 has 200 tokens behind it on average, not 100.

    Sensitivity: without the variation the context would be 1100.
    """
    assert mean_context(Load(1000.0, 200.0, output_variation=1.0)) == pytest.approx(1200.0)


def test_prefill_is_bound_by_arithmetic():
    """1000 tokens × 2 × 10¹⁰ operations over 10¹⁵ a second are 20 ms; half in the cache, 10 ms.

    Sensitivity: without the cached half the second answer would be 20 ms.
    """
    assert prefill_request(bench()).compute == pytest.approx(20e-3)
    cached = bench(load=Load(1000.0, 200.0, cached_fraction=0.5))
    assert prefill_request(cached).compute == pytest.approx(10e-3)


def test_a_small_batch_reads_only_the_experts_it_picks():
    """Two tokens with one of eight experts each touch 1 − (7/8)² = 23.4 % of 16 GB, beside 2 GB: 2.875 ms.

    Sensitivity: with every expert read the answer would be 9 ms.
    """
    assert decode_step(bench(EXPERTS), 2.0).memory == pytest.approx((2e9 + 16e9 * (1 - 0.875**2)) / 2e12)


def test_memory_bounds_the_batch():
    """100 · 2³⁰ B · 0.97 = 104.2 GB less 10 GB of weights; one sequence of 1200 tokens × 50 kB = 60 MB must
    have room, the others hold 1100 tokens, 55 MB, on average: 1 + (94.15 GB − 60 MB) / 55 MB = 1712.

    Sensitivity: with the whole answer held for each sequence it would be 1569.
    """
    assert batch_by_memory(bench()) == pytest.approx(1 + (100 * 1.024**3 * 0.97e9 - 10e9 - 60e6) / 55e6)


def test_a_model_that_fits_barely_runs_one_sequence():
    """30.5 bn weights of 16 bits are 61 GB; a chip of 64 GB holds 64 · 2³⁰ B · 0.97 = 66.7 GB.

    Sensitivity: at 64 · 10⁹ B · 0.92 = 58.9 GB it would not fit, and it was measured.
    """
    answer = serve(
        ServingQuestion("Qwen3 30B-A3B", "Ascend 910B", chips=1, weights="bf16", load=Load(2000.0, 100.0))
    )
    assert answer.fits


def test_a_draft_yields_more_tokens_a_step():
    """Three proposed tokens accepted with 0.7 each yield 1 + 0.7 + 0.49 + 0.343 = 2.533 tokens a step.

    Sensitivity: without the first token, which needs no acceptance, it would be 1.533.
    """
    assert tokens_per_step(Load(1.0, 1.0, draft_tokens=3.0, acceptance=0.7)) == pytest.approx(2.533)
    assert tokens_per_step(Load(1.0, 1.0)) == pytest.approx(1.0)


def test_a_pipeline_shares_its_batches_and_loses_to_the_bubble():
    """With a loss of 0.1 for each further stage four stages work 1 / 1.3 of the time, each a quarter batch.

    Sensitivity: without the bubble the share would be 1.
    """
    four = bench(layout=Layout(stages=4), efficiency=replace(IDEAL, bubble=0.1, batch_max=1000.0))
    assert working_share(four) == pytest.approx(1 / 1.3)
    assert batch_by_scheduler(four) == 250.0


def test_experts_with_few_tokens_reach_less_of_their_rate():
    """64 tokens × 1 of 8 experts are 8 for each expert; with half the rate at 8 they take twice as long.

    Sensitivity: without the padding both would be equal.
    """
    few = replace(IDEAL, expert_half=8.0)
    always = 2 * 64 * 2e9 / 1e15
    plain = decode_step(bench(EXPERTS), 64.0).compute - always
    assert decode_step(bench(EXPERTS, efficiency=few), 64.0).compute - always == pytest.approx(2 * plain)


def test_sparse_attention_reads_what_its_index_chose():
    """Of 1100 tokens it reads 100 × 50 kB, and all of an index of 5 kB a token: 5 + 5.5 = 10.5 MB a sequence.

    Sensitivity: with all tokens read it would be 60.5 MB.
    """
    sparse = replace(DENSE, selected_tokens=100.0, index_elements=5000.0)
    assert decode_step(bench(sparse), 1.0).attention_memory == pytest.approx(10.5e6 / 2e12)


def test_linear_attention_keeps_a_state_of_fixed_size():
    """A million elements of 4 bytes, read and written, are 8 MB a step whatever the context.

    Sensitivity: a cache would grow from 55 MB to 0.5 GB.
    """
    linear = replace(DENSE, cache_elements=0.0, state_elements=1e6)
    for prompt in (1000.0, 100_000.0):
        step = decode_step(bench(linear, load=Load(prompt, 200.0)), 1.0)
        assert step.attention_memory == pytest.approx(8e6 / 2e12)


def test_tensor_parallelism_halves_the_time_and_pays_on_the_links():
    """Two chips read 5 GB each: 2.5 ms. A token sends 10 × 2 × 1 × 1000 × 2 B = 40 kB at 100 GB/s: 0.4 µs.

    Sensitivity: without the factor 2 of the two all-reduces the links would take 0.2 µs.
    """
    step = decode_step(bench(layout=Layout(tensor=2)), 1.0)
    assert step.memory == pytest.approx(2.5e-3)
    assert step.links == pytest.approx(4e-7)


def test_expert_parallelism_beyond_the_scale_up_links_uses_the_network():
    """16 ranks: 10 layers × 1 expert × 1000 × 3 B × 15/16 = 28.1 kB at 10 GB/s: 2.8 µs a token.

    Sensitivity: over the scale-up links it would be 0.28 µs.
    """
    step = decode_step(bench(EXPERTS, layout=Layout(data=16)), 1.0)
    assert step.hidden == pytest.approx(10 * 1000 * 3 * 15 / 16 / 1e10)


def test_a_copy_beyond_the_scale_up_links_waits_for_the_network():
    """10 layers × 30 µs more on 16 chips where 8 are joined; on 8 chips nothing.

    Sensitivity: without it a step on 16 chips would have no fixed time at all.
    """
    slow = replace(IDEAL, network_s=3e-5)
    assert decode_step(bench(EXPERTS, layout=Layout(data=16), efficiency=slow), 1.0).fixed == pytest.approx(
        3e-4
    )
    assert decode_step(bench(EXPERTS, layout=Layout(data=8), efficiency=slow), 1.0).fixed == 0


def test_a_latency_limit_sets_the_batch():
    """Ideal decode: hypot(5 ms, m · 0.02 ms) + m · 0.0275 ms ≤ 10 ms has m = 151.2.

    Sensitivity: without the cache's 0.0275 ms a sequence it would be 433.
    """
    found = rates_decode(bench(load=Load(1000.0, 200.0, time_per_token_s=0.01)))
    m = float(found.batch)
    assert np.hypot(5e-3, m * 2e-5) + m * 2.75e-5 == pytest.approx(10e-3, rel=5e-3)
    assert m == pytest.approx(151.2, rel=5e-3)


def test_prompts_share_the_reading_of_the_weights_with_answers():
    """With m running a step carries m/200 prompts of 20 ms: hypot(m · 0.12 ms, 5 ms) + m · 0.0275 ms.

    Sensitivity: with the prompts' products beside the weights' reading it would be 3 % more at m = 100.
    """
    shared = bench(load=Load(1000.0, 200.0))
    assert shared_step(shared, 100.0) == pytest.approx(np.hypot(12e-3, 5e-3) + 2.75e-3)
    both, decode = rates_together(shared), rates_decode(shared)
    assert float(both.requests) < float(decode.requests)


def test_apart_chips_are_split_so_that_both_are_busy():
    """A request takes 1/p + 1/d chip-seconds, so eight chips apart serve 8 / (1/p + 1/d).

    Sensitivity: with an even split it would be 4 · min(p, d).
    """
    layout = (Layout(),)
    served = search(
        DENSE,
        CHIP,
        precision=FP8,
        load=Load(1000.0, 200.0),
        efficiency=IDEAL,
        chips=8.0,
        way="apart",
        layouts=layout,
    )
    p, d = float(rates_prefill(bench()).requests), float(rates_decode(bench()).requests)
    assert float(served.requests) == pytest.approx(1 / (1 / p + 1 / d))


def test_nothing_is_served_where_one_sequence_does_not_fit():
    huge = Load(2_000_000.0, 200.0)
    served = search(DENSE, CHIP, precision=FP8, load=huge, efficiency=IDEAL, chips=1.0)
    assert not served.fits
    assert served.requests == 0


def test_dense_models_are_not_offered_expert_parallelism():
    assert all(layout.data == 1 for layout in candidate_layouts(64, experts=False))
    assert any(layout.data > 1 for layout in candidate_layouts(64, experts=True))


def test_a_cache_of_four_bits_takes_its_scales_with_it():
    """Half a byte and a 16th of one for the scale of a block of 16; two bytes in 16 bits."""
    four, sixteen = (precision_named("fp8", cache=name).cache_bytes for name in ("fp4", "bf16"))
    assert (four, sixteen) == (0.5625, 2.0)


def test_prompts_kept_in_host_memory_are_read_back_beside_the_fresh_part():
    """Half of 1000 tokens is cached: 500 · 50,000 bytes at 5 GB/s are 5 ms, beside 500 fresh ones' 10 ms.

    Reading runs beside the products: √(10² + 5²) = 11.2 ms. Sensitivity: from the chip's own memory it would
    be 10 ms, and with nothing cached the rate of reading would not matter.
    """
    load = Load(1000.0, 100.0, cached_fraction=0.5)
    mine = bench(DENSE, load=load)
    own = prefill_request(mine)
    bound = float(own.total)
    away = prefill_request(replace(mine, load=replace(load, offload_gb_per_s=5.0)))
    assert float(away.hidden) == pytest.approx(0.005)
    assert float(away.total) == pytest.approx(np.hypot(bound, 0.005))
    fresh = replace(load, cached_fraction=0.0)
    times = [
        float(prefill_request(replace(mine, load=replace(fresh, offload_gb_per_s=rate))).total)
        for rate in (5.0, np.inf)
    ]
    assert times[0] == times[1]


def test_prefill_sends_a_token_to_each_server_once():
    """Eight of 64 experts lie on 2 · (1 − 2⁻⁸) of two servers, half of that elsewhere: 1 copy, not 8 · 15/16.

    Sensitivity: with a copy for each expert, as in decode, the exchange would take 7.5 times as long.
    """
    model = replace(EXPERTS, experts_total=64.0, experts_active=8.0)
    mine = bench(model, layout=Layout(data=16))
    prompt, step = prefill_request(mine), decode_step(mine, 1.0)
    for_one = float(prompt.hidden) / 1000
    assert float(step.hidden) / for_one == pytest.approx(7.5 / (1 - 2.0**-8), rel=1e-9)
