"""More of anything never serves less: properties that physics demands."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capexpand.hardware.chips import chip_named, model_named
from capexpand.hardware.estimate import efficiency_for
from capexpand.hardware.precision import default_precision
from capexpand.hardware.serving import search
from capexpand.hardware.specs import Load

MODELS = ("Llama 3.1 8B", "Llama 3.1 70B", "DeepSeek V3", "Qwen3 30B-A3B", "gpt-oss 120B", "Mixtral 8x7B")
CHIPS = ("H20", "H100", "A800", "B200", "Ascend 910B", "MI300X", "L40S")

cases = st.fixed_dictionaries(
    {
        "model": st.sampled_from(MODELS),
        "chip": st.sampled_from(CHIPS),
        "chips": st.sampled_from([1, 2, 8, 16, 64]),
        "input_tokens": st.floats(1, 100_000),
        "output_tokens": st.floats(1, 20_000),
        "time_per_token_s": st.one_of(st.just(np.inf), st.floats(0.002, 0.5)),
        "time_to_first_token_s": st.one_of(st.just(np.inf), st.floats(0.05, 10)),
        "way": st.sampled_from(["together", "apart", "best"]),
    }
)
factors = st.floats(1.0, 4.0)


def requests(case, *, model=None, chip=None, load=None, chips=None):
    """Give the requests a second of all chips, at the efficiencies of the unchanged chip."""
    first_model, first_chip = model_named(case["model"]), chip_named(case["chip"])
    precision = default_precision(first_chip)
    efficiency, _ = efficiency_for(first_model, first_chip, precision)
    names = ("input_tokens", "output_tokens", "time_per_token_s", "time_to_first_token_s")
    count = case["chips"] if chips is None else chips
    found = search(
        model or first_model,
        chip or first_chip,
        precision=precision,
        load=load or Load(**{name: case[name] for name in names}),
        efficiency=efficiency,
        chips=float(count),
        way=case["way"],
    )
    return float(found.requests) * count


@pytest.mark.parametrize(
    "field",
    [
        "memory_gb",
        "memory_bandwidth_gb_per_s",
        "interconnect_gb_per_s",
        "scale_out_gb_per_s",
        "scale_up_chips",
    ],
)
@given(case=cases, factor=factors)
@settings(max_examples=20, deadline=None)
def test_a_better_chip_never_serves_less(field, case, factor):
    chip = chip_named(case["chip"])
    better = replace(chip, **{field: getattr(chip, field) * factor})
    assert requests(case, chip=better) >= requests(case) * (1 - 1e-9)


@given(case=cases, factor=factors)
@settings(max_examples=30, deadline=None)
def test_more_arithmetic_never_serves_less(case, factor):
    chip = chip_named(case["chip"])
    rates = ("fp16_tflops", "fp8_tflops", "int8_tops", "fp4_tflops")
    better = replace(chip, **{name: getattr(chip, name) * factor for name in rates})
    assert requests(case, chip=better) >= requests(case) * (1 - 1e-9)


@pytest.mark.parametrize(
    "field",
    [
        "layers",
        "hidden_size",
        "attention_parameters",
        "dense_parameters",
        "routed_parameters",
        "cache_elements",
        "decode_attention_flops",
        "prefill_attention_flops",
    ],
)
@given(case=cases, factor=factors)
@settings(max_examples=15, deadline=None)
def test_a_smaller_model_never_serves_less(field, case, factor):
    model = model_named(case["model"])
    smaller = replace(model, **{field: getattr(model, field) / factor})
    assert requests(case, model=smaller) >= requests(case) * (1 - 1e-9)


@pytest.mark.parametrize("field", ["time_per_token_s", "time_to_first_token_s"])
@given(case=cases, factor=factors)
@settings(max_examples=30, deadline=None)
def test_a_looser_limit_never_serves_less(field, case, factor):
    assert requests({**case, field: case[field] * factor}) >= requests(case) * (1 - 1e-9)


@given(case=cases, times=st.integers(2, 5))
@settings(max_examples=40, deadline=None)
def test_twice_the_servers_never_serve_less_than_twice(case, times):
    assert requests(case, chips=case["chips"] * times) >= times * requests(case) * (1 - 1e-9)


@given(case=cases, factor=factors)
@settings(max_examples=20, deadline=None)
def test_a_cache_hit_never_serves_less(case, factor):
    names = ("input_tokens", "output_tokens", "time_per_token_s", "time_to_first_token_s")
    load = Load(**{name: case[name] for name in names})
    assert requests(case, load=replace(load, cached_fraction=1 - 1 / factor)) >= requests(case) * (1 - 1e-9)


def test_arrays_and_numbers_give_the_same_answer():
    model, chip = model_named("DeepSeek V3"), chip_named("H200")
    precision = default_precision(chip)
    efficiency, _ = efficiency_for(model, chip, precision)
    lengths = np.array([100.0, 2000.0, 9000.0])
    limits = {"efficiency": efficiency, "precision": precision, "chips": 16.0, "way": "best"}
    together = search(model, chip, load=Load(lengths, 500.0, time_per_token_s=0.05), **limits)
    for index, length in enumerate(lengths):
        alone = search(model, chip, load=Load(length, 500.0, time_per_token_s=0.05), **limits)
        assert together.requests[index] == pytest.approx(float(alone.requests), rel=1e-12)
