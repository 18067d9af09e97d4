"""Times small enough to work out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from capexpand.hardware.layouts import Layout, candidate_layouts
from capexpand.hardware.precision import arithmetic_rate, precision_named
from capexpand.hardware.roofline import (
    Bench,
    Efficiency,
    batch_by_memory,
    decode_step,
    mean_context,
    prefill_request,
)
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
    """92 GB usable less 10 GB of weights, over 1200 tokens × 50 kB = 60 MB a sequence: 1366 sequences.

    Sensitivity: with the weights not taken off it would be 1533.
    """
    assert batch_by_memory(bench()) == pytest.approx(82e9 / 60e6)


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
    assert step.links == pytest.approx(10 * 1000 * 3 * 15 / 16 / 1e10)


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


def test_sharing_chips_adds_the_times_of_prefill_and_decode():
    """With m running, a token costs step/m + prefill/answer = step/m + 20 ms/200.

    Sensitivity: without prefill the rate would be that of decode alone.
    """
    shared = bench(load=Load(1000.0, 200.0))
    both, decode = rates_together(shared), rates_decode(shared)
    per_token = 1 / (float(decode.requests) * 200) + 20e-3 / 200
    assert float(both.requests) * 200 == pytest.approx(1 / per_token)


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
