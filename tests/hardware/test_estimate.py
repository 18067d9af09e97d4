"""The answer in words: fits or not, what bounds it, energy; and published systems as worked examples."""

from dataclasses import replace
from datetime import date

import pytest

from capexpand.catalogue.throughput_facts import throughput_facts
from capexpand.errors import CaseError
from capexpand.hardware.chips import chip_named, model_named
from capexpand.hardware.estimate import ServingQuestion, serve, serve_within
from capexpand.hardware.layouts import Layout
from capexpand.hardware.specs import Load

DAY = {
    fact.metric: fact.value for fact in throughput_facts() if "system overview" in fact.source.title.lower()
}


def test_deepseeks_serving_day_is_reproduced():
    """One day in February 2025: 608 bn tokens in, 342 bn of them cached, 168 bn out at 20 to 22 a second.

    Published: 226.75 servers of eight H800 on average, 2 USD for a chip-hour, 87,072 USD; if every token were
    billed, 342 bn × 0.14 + 266 bn × 0.55 + 168 bn × 2.19 USD per million = 562,100 USD.
    Sensitivity: with the cached tokens prefilled anew the servers would be half as many again, with the
    software of a year and a half later a fifth fewer.
    """
    read, cached, out = (
        DAY[f"{name} per day"] for name in ("input tokens", "cached input tokens", "output tokens")
    )
    load = Load(3619.0, 1000.0, cached_fraction=cached / read, time_per_token_s=1 / 21)
    answer = serve(
        ServingQuestion(
            "DeepSeek V3",
            "H800",
            chips=1816,
            load=load,
            weights="fp8",
            cache="bf16",
            way="apart",
            suite="report",
            software_on=date(2025, 2, 28),
        )
    )
    servers = out / 86400 / answer.output_tokens_per_s * 227
    assert servers == pytest.approx(DAY["average nodes occupied over 24 h"], rel=0.2)
    assert servers * 8 * 24 * DAY["lease price assumed"] == pytest.approx(DAY["daily cost"], rel=0.2)
    income = (cached * 0.14 + (read - cached) * 0.55 + out * 2.19) / 1e6
    assert income == pytest.approx(DAY["theoretical daily revenue"], rel=0.001)


def test_what_does_not_fit_says_how_much_is_missing():
    answer = serve(ServingQuestion("Kimi K2", "H20", chips=8))
    assert not answer.fits
    assert "1,0" in answer.reason
    assert "800 GB" in answer.reason  # 8 × 96 · 2³⁰ bytes × 0.97
    assert answer.output_tokens_per_s == 0


def test_an_impossible_limit_says_what_is_possible():
    answer = serve(
        ServingQuestion("Llama 3.1 405B", "H100", chips=8, load=Load(1000.0, 100.0, time_per_token_s=0.001))
    )
    assert "ms at best" in answer.reason
    first = serve(
        ServingQuestion(
            "Llama 3.1 405B", "H100", chips=8, load=Load(100_000.0, 100.0, time_to_first_token_s=0.01)
        )
    )
    assert "first token" in first.reason


def test_energy_follows_power_and_rate():
    answer = serve(ServingQuestion("Llama 3.1 8B", "H100", chips=8))
    assert answer.power_kw == pytest.approx(8 * 0.7 * 1.22)
    hours = 1e6 / answer.output_tokens_per_s / 3600
    assert answer.energy_kwh_per_million_tokens == pytest.approx(answer.power_kw * hours)


def test_memory_is_never_overfilled():
    for model in ("Llama 3.1 70B", "DeepSeek V3", "gpt-oss 120B"):
        for chip in ("H20", "H200", "B200"):
            answer = serve(ServingQuestion(model, chip, chips=8))
            assert answer.weights_gb_per_chip + answer.cache_gb_per_chip <= answer.memory_gb_per_chip * 1.001
            assert sum(answer.time_shares) == pytest.approx(1)


def test_time_per_token_keeps_the_limit():
    for limit in (0.02, 0.05, 0.2):
        answer = serve(ServingQuestion("Qwen3 32B", "H20", load=Load(2000.0, 500.0, time_per_token_s=limit)))
        assert answer.time_per_token_s <= limit * (1 + 1e-9)


@pytest.mark.parametrize(
    "change",
    [
        {"memory_bandwidth_gb_per_s": 0.0},
        {"memory_gb": -1.0},
        {"fp16_tflops": float("nan")},
        {"power_w": float("inf")},
    ],
)
def test_an_impossible_chip_is_one_clear_error(change):
    with pytest.raises(CaseError) as caught:
        serve(ServingQuestion("Llama 3.1 8B", replace(chip_named("H20"), **change)))
    assert len(caught.value.problems) == 1
    assert next(iter(change)) in str(caught.value)


@pytest.mark.parametrize(
    "load",
    [
        Load(-1.0, 10.0),
        Load(10.0, 0.0),
        Load(10.0, 10.0, cached_fraction=1.5),
        Load(10.0, 10.0, time_per_token_s=0.0),
    ],
)
def test_an_impossible_load_is_one_clear_error(load):
    with pytest.raises(CaseError) as caught:
        serve(ServingQuestion("Llama 3.1 8B", "H20", load=load))
    assert len(caught.value.problems) == 1


def test_a_model_of_ones_own_is_served_too():
    mine = replace(model_named("Llama 3.1 8B"), name="mine", dense_parameters=1e9)
    assert (
        serve(ServingQuestion(mine, "H20")).output_tokens_per_s
        > serve(ServingQuestion("Llama 3.1 8B", "H20")).output_tokens_per_s
    )


def test_weights_published_in_4_bits_stay_so_unless_other_formats_are_asked_for():
    """A million million parameters take 1,026 GB in 8 bits, and about half of that as they were published."""
    published, widened = (
        serve(ServingQuestion("kimi-k2-thinking", "H200", weights=weights)) for weights in (None, "fp8")
    )
    assert (published.weights, widened.weights) == ("int4", "fp8")
    assert published.weights_gb_per_chip < 0.6 * widened.weights_gb_per_chip


def test_a_cache_of_4_bits_holds_more_sequences_whoever_chooses_the_weights():
    """Sensitivity: where the format of the cache counts only beside one of the weights, both are equal."""
    for model, layout in (("kimi-k2-thinking", Layout(data=8)), ("llama-3.1-70b", Layout(tensor=8))):
        usual, small = (
            serve(ServingQuestion(model, "H200", chips=8, cache=cache, layout=layout))
            for cache in ("fp8", "fp4")
        )
        each = [one.cache_gb_per_chip / one.batch_per_rank for one in (usual, small)]
        assert each[1] < 0.7 * each[0]


@pytest.mark.parametrize(
    ("model", "chip"), [("DeepSeek V3", "H200"), ("Qwen3 32B", "L4"), ("gpt-oss 120B", "GB200")]
)
def test_limits_that_are_searched_together_are_answered_as_each_alone(model, chip):
    limits, load = (0.2, 0.05, 0.02, 0.0001), Load(2000.0, 300.0)
    alone = tuple(
        serve(ServingQuestion(model, chip, load=replace(load, time_per_token_s=limit))) for limit in limits
    )
    assert serve_within(limits, ServingQuestion(model, chip, load=load)) == alone
    assert alone[0].fits > alone[-1].fits
