"""Answers for any model on any chip of the catalogue: possible, consistent, no worse with more of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from throughput_grid import output_rates

from capexpand.hardware.bands import band_kind, band_of
from capexpand.hardware.chips import chip_named, chip_register, model_named, model_register
from capexpand.hardware.estimate import ServingQuestion, formats_of, serve
from capexpand.hardware.room import BINARY_GB, USABLE_MEMORY
from capexpand.hardware.specs import Load

CHIPS, MODELS = sorted(chip_register().names), sorted(model_register().names)
LIMITS = np.array([math.inf, 0.05, 0.0125])

pairs = {"model": st.sampled_from(MODELS), "chip": st.sampled_from(CHIPS)}


@given(**pairs, counts=st.tuples(st.integers(1, 16), st.integers(1, 72)))
@settings(max_examples=10, deadline=None)
def test_rates_are_possible_and_fall_with_the_speed_of_a_user_and_rise_with_the_chips(model, chip, counts):
    load = Load(np.array([[1024.0], [16384.0]]), 512.0, time_per_token_s=LIMITS)
    few, many = (output_rates([model], [chip], load, count=count)[0, 0] for count in sorted(counts))
    for rates in (few, many):
        assert np.isfinite(rates).all()
        assert (rates >= 0).all()
        assert (np.diff(rates, axis=1) <= 1e-9 * rates[:, :1]).all()
    assert (many >= few * (1 - 1e-9)).all()


@given(**pairs, count=st.sampled_from([1, 8, 72]))
@settings(max_examples=15, deadline=None)
def test_nothing_is_served_only_where_the_weights_do_not_fit(model, chip, count):
    """Weights of more than the memory are never served; those of five sixths of it always are.

    The sixth is for workspace and for layouts that leave chips out. Sensitivity: with gpt-oss 120B in 8 bits,
    which no one publishes, an H100 would serve nothing (117 GB beside 83), and it serves it in 4 bits.
    """
    asked = ServingQuestion(model, chip, chips=count, load=Load(1024.0, 512.0), way="together")
    answer = serve(asked)
    weights = float(np.max(model_named(model).parameters_total)) * formats_of(asked).weight_bytes / 1e9
    memory = float(np.max(chip_named(chip).memory_gb)) * BINARY_GB * USABLE_MEMORY * count
    if weights > memory:
        assert not answer.fits
    if weights < memory * 5 / 6:
        assert answer.fits
    rates = output_rates([model], [chip], Load(1024.0, 512.0), count=count)
    assert float(rates.item()) == pytest.approx(answer.output_tokens_per_s)


NEWER = (
    ("A100", "H100"), ("H100", "H200"), ("H20", "H20 141GB"), ("H200", "B200"),
    ("B200", "B300"), ("GB200", "GB300"), ("GB300", "Rubin"), ("MI300X", "MI325X"), ("MI325X", "MI350X"),
    ("MI350X", "MI355X"), ("Ascend 910B", "Ascend 910C"), ("Trainium2", "Trainium3"), ("TPU v5e", "TPU v6e"),
    ("TPU v6e", "TPU v7"), ("Gaudi 2", "Gaudi 3"), ("L40S", "RTX PRO 6000 Server"),
)  # fmt: skip


@pytest.mark.parametrize("weights", [None, "fp8", "bf16"])
def test_the_next_of_a_line_of_chips_is_never_slower(weights):
    """Sensitivity: with steps of its own for memory, links and all formats a B300 served 0.4 of a B200."""
    load = Load(2048.0, 512.0, time_per_token_s=np.array([math.inf, 0.02]))
    for model in ("Llama 3.1 8B", "gpt-oss 20B"):
        chips = sorted({chip for pair in NEWER for chip in pair})
        found = dict(zip(chips, output_rates([model], chips, load, count=1, weights=weights)[0], strict=True))
        slower = [pair for pair in NEWER if (found[pair[1]] < found[pair[0]] * (1 - 1e-9)).any()]
        assert not slower, model


@pytest.mark.parametrize("experts", [False, True])
@pytest.mark.parametrize("one_phase", [False, True])
@pytest.mark.parametrize("installed", [False, True])
@pytest.mark.parametrize("seen", [False, True])
def test_a_band_holds_its_answer_and_is_wider_for_a_chip_without_measurements(
    experts, one_phase, installed, seen
):
    band = band_of(band_kind(experts=experts, one_phase=one_phase, installed=installed), seen=seen)
    usual = band_of(band_kind(experts=experts, one_phase=one_phase, installed=installed), seen=True)
    assert band.low < 1 < band.high
    assert band.high / band.low >= usual.high / usual.low
