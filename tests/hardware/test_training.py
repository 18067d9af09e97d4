"""Training runs against what their authors report."""

import pytest

from capexpand.catalogue.throughput_facts import throughput_facts
from capexpand.errors import CaseError
from capexpand.hardware.training import train

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
            0.10,
        ),
        (("Llama 3.1 405B", "training GPU hours"), "Llama 3.1 405B", "H100", 16384, 15.6e12, "bf16", 0.10),
        (("Llama 3.1 70B", "training GPU hours"), "Llama 3.1 70B", "H100", 2048, 15e12, "bf16", 0.20),
    ],
)
def test_published_gpu_hours_are_reproduced(published, model, chip, chips, tokens, weights, within):
    run = train(model, chip, chips=chips, tokens=tokens, weights=weights)
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
