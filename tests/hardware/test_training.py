"""Training runs against what their authors report."""

import numpy as np
import pytest

from capexpand.catalogue.throughput_facts import throughput_facts
from capexpand.errors import CaseError
from capexpand.hardware.training import EXCHANGE_PS, ROUTING_ELEMENTS, train

GPU_HOURS = {(f.model, f.metric): f.value for f in throughput_facts() if f.unit == "GPU-h"}


@pytest.mark.parametrize(
    ("published", "model", "chip", "chips", "tokens", "weights", "within"),
    [
        (
            ("DeepSeek-V3 (671B/37B active)", "pre-training GPU hours"),
            "DeepSeek V3",
            "H800",
            2048,
            14.8e12,
            "fp8",
            0.20,
        ),
        (("Llama 3.1 405B", "training GPU hours"), "Llama 3.1 405B", "H100", 16384, 15.6e12, "bf16", 0.10),
        (("Llama 3.1 70B", "training GPU hours"), "Llama 3.1 70B", "H100", 2048, 15e12, "bf16", 0.20),
    ],
)
def test_published_gpu_hours_are_reproduced(published, model, chip, chips, tokens, weights, within):
    context = 4096.0 if model == "DeepSeek V3" else 8192.0
    run = train(model, chip, chips=chips, tokens=tokens, weights=weights, context_tokens=context)
    assert run.chip_hours == pytest.approx(GPU_HOURS[published], rel=within)


def test_a_run_adds_up():
    """Operations over the rate are the time; hours over 2048 chips over 24 the days; 2 an hour the cost.

    Sensitivity: without the lost tenth of the time the hours would be a tenth fewer.
    """
    run = train("DeepSeek V3", "H800", chips=2048, tokens=1e12, weights="fp8", price_per_chip_hour=2.0)
    rate = run.utilisation * 1979e12
    assert run.chip_hours == pytest.approx(run.operations / rate / 0.9 / 3600)
    assert run.days == pytest.approx(run.chip_hours / 2048 / 24)
    assert run.cost == pytest.approx(2 * run.chip_hours)
    assert run.energy_mwh == pytest.approx(run.chip_hours * 700 * 1.22 / 1e6)


def test_more_chips_finish_sooner_and_take_more_hours():
    few, many = (train("Llama 3.1 70B", "H100", chips=n, tokens=1e12) for n in (512, 8192))
    assert many.days < few.days
    assert many.chip_hours > few.chip_hours


def test_an_unknown_format_is_refused():
    with pytest.raises(CaseError, match="number format"):
        train("Llama 3.1 70B", "H100", chips=8, tokens=1e9, weights="fp3")


def test_published_rates_of_pre_training_are_met():
    """Megatron Bridge on four chips: dense models within 20 %, half of those with experts within 13 %.

    Sensitivity: with one factor for experts, as before, half of them were within 54 % only.
    """
    errors: dict[bool, list[float]] = {False: [], True: []}
    for fact in throughput_facts():
        if not fact.source.title.startswith("Megatron Bridge"):
            continue
        run = train(
            fact.model,
            fact.chip,
            chips=int(fact.chips or 0),
            tokens=1e12,
            weights=fact.precision.lower(),
            context_tokens=float(fact.metric.rpartition(" ")[2]),
        )
        errors["Llama" not in fact.model].append(abs(run.tokens_per_chip_s / fact.value - 1))
    assert (len(errors[False]), len(errors[True])) == (11, 17)
    assert max(errors[False]) < 0.2
    assert np.median(errors[True]) < 0.13


def test_experts_cost_their_way_over_the_links():
    """58 layers send 8 · 7168 elements and what routing costs, 4.53 million at 59.6 ps: 270 µs a token.

    Over the links of a rack an element takes 12.2 ps, so that a GB200 is 215 µs ahead of a B200 by this
    alone. Sensitivity: with one factor for all experts both would train at the same rate.
    """
    elements = 58 * (8 * 7168 + ROUTING_ELEMENTS)
    assert elements * EXCHANGE_PS["server"] * 1e-12 == pytest.approx(270e-6, rel=0.01)
    server, rack = (
        1 / train("DeepSeek V3", chip, chips=1024, tokens=1e12, weights="fp8").tokens_per_chip_s
        for chip in ("B200", "GB200")
    )
    peaks = 6 * 37.5e9 / 0.3 * (1 / 4.5e15 - 1 / 5e15)  # the GB200 is also rated higher by a tenth
    assert server - rack == pytest.approx(215e-6 + peaks, rel=0.1)
