"""Rows of published measurements in the many ways that sources write them."""

import math

import pytest

from capexpand.hardware.layouts import Layout
from capexpand.hardware.measurements import Measurement, Unusable, parse_row

ROW = {
    "model": "DeepSeek-R1",
    "chip": "H200",
    "n_chips": "8",
    "precision": "FP8",
    "value": "1000",
    "source_title": "a bench",
}


def parse(metric, unit, **cells):
    return parse_row({**ROW, "metric": metric, "unit": unit, **cells}, 1)


@pytest.mark.parametrize(
    ("metric", "lengths"),
    [
        ("output throughput, ISL/OSL 1024/8192", (1024, 8192)),
        ("total throughput at 42 tok/s/user, 8k/1k fp8", (8192, 1024)),
        ("output, input 3000 output 500", (3000, 500)),
        ("output, ISL=2048, OSL=128", (2048, 128)),
        ("output, 1000 in / 200 out", (1000, 200)),
    ],
)
def test_lengths_are_read_from_the_words(metric, lengths):
    found = parse(metric, "tokens/s/GPU")
    assert isinstance(found, Measurement)
    assert (found.input_tokens, found.output_tokens) == lengths


@pytest.mark.parametrize(
    ("unit", "chips", "expected"),
    [
        ("tokens/s/GPU", "8", 1000.0),
        ("output tokens/s/NPU", "8", 1000.0),
        ("tokens/s/node", "96", 125.0),
        ("tokens/s/system", "8", 125.0),
        ("tokens per second per server", "16", 125.0),
        ("tokens/s", "4", 250.0),
        ("tokens/s/node", "1", 1000.0),
    ],
)
def test_rates_become_rates_of_a_chip(unit, chips, expected):
    assert parse("output, 1k/1k", unit, n_chips=chips).tokens_per_chip_s == pytest.approx(expected)


def test_the_number_of_chips_is_read_from_a_system_name():
    found = parse(
        "MLPerf v4.1 Offline",
        "output tokens/s/system",
        model="llama2-70b-99",
        chip="H200-SXM-141GBx8_TRT",
        n_chips="",
    )
    assert (found.chips, found.tokens_per_chip_s) == (8, 125.0)


@pytest.mark.parametrize(
    ("metric", "unit", "phase", "counted"),
    [
        ("prefill input per node, 2000-token inputs", "tokens/s/node", "prefill", "input"),
        ("decode output per node, 2000-token inputs", "tokens/s/node", "decode", "output"),
        ("total (in+out) throughput, 1k/1k", "total tokens/s/GPU", "together", "total"),
        ("output throughput, 1k/1k", "output tokens/s/GPU", "together", "output"),
    ],
)
def test_what_is_counted_is_read(metric, unit, phase, counted):
    found = parse(metric, unit)
    assert (found.phase, found.counted) == (phase, counted)


def test_limits_are_read():
    assert parse("total at 50 tok/s/user, 1k/1k", "total tokens/s/GPU").time_per_token_s == pytest.approx(
        0.02
    )
    assert parse("decode, TPOT < 15 ms", "tokens/s/NPU").time_per_token_s == pytest.approx(0.015)
    assert parse("output, 1k/1k, TTFT < 2 s", "tokens/s/GPU").time_to_first_token_s == pytest.approx(2)


def test_a_benchmark_brings_its_own_conditions():
    found = parse("MLPerf v5.1 Interactive", "tokens/s/system", model="llama2-70b-99")
    assert (found.suite, found.scenario) == ("mlperf", "interactive")
    assert (found.time_to_first_token_s, found.time_per_token_s) == (0.45, 0.04)
    offline = parse("MLPerf v4.1 Offline", "tokens/s/system", model="mixtral-8x7b")
    assert (offline.suite, offline.time_per_token_s) == ("mlperf_early", math.inf)


@pytest.mark.parametrize(
    ("written", "layout"),
    [("DEP8", Layout(data=8)), ("TP4", Layout(tensor=4)), ("TP8 + DP attention", Layout(data=8))],
)
def test_layouts_are_read(written, layout):
    assert parse(f"output, 1k/1k, {written}", "tokens/s/GPU").layout == layout


@pytest.mark.parametrize(
    ("written", "weights"),
    [
        ("FP8", "fp8"),
        ("NVFP4", "fp4"),
        ("BF16", "bf16"),
        ("INT8", "int8"),
        ("not stated", "fp8"),
        ("AWQ", "int4"),
    ],
)
def test_formats_are_read_and_guessed_where_not_stated(written, weights):
    assert parse("output, 1k/1k", "tokens/s/GPU", precision=written).weights == weights


@pytest.mark.parametrize(
    ("cells", "reason", "inference"),
    [
        ({"unit": "USD/Mtok"}, "not a rate of tokens", False),
        ({"unit": "queries/s"}, "not tokens each second", False),
        ({"unit": "W/system"}, "not a rate of tokens", False),
        ({"unit": "tokens/s/user"}, "one user", False),
        ({"metric": "training throughput", "unit": "tokens/s/GPU"}, "training", False),
        ({"model": "Unheard 9B"}, "not in the catalogue", False),
        ({"chip": "Abacus 3000"}, "not in the catalogue", False),
        ({"value": "about 5"}, "not a number", False),
        ({"value": "-5"}, "not a positive number", False),
        ({"unit": "tokens/s/system", "n_chips": ""}, "number of chips is not stated", True),
        ({"metric": "best ever"}, "lengths", True),
    ],
)
def test_a_row_that_cannot_be_used_says_why(cells, reason, inference):
    row = {"metric": "output, 1k/1k", "unit": "tokens/s/GPU", **cells}
    found = parse_row({**ROW, **row}, 7)
    assert isinstance(found, Unusable)
    assert reason in found.reason
    assert (found.inference, found.row) == (inference, 7)


def test_a_report_runs_as_its_source_describes():
    """DeepSeek's overview: 32 chips an instance to prefill, 144 to decode, whatever the node of the rate."""
    title = "DeepSeek-V3/R1 Inference System Overview"
    rows = [
        parse(f"{phase} tokens per node", "tokens/s/node", chip="H800", source_title=title)
        for phase in ("prefill input", "decode output")
    ]
    assert [(one.chips, str(one.layout)) for one in rows] == [(32, "DEP32"), (144, "DEP144")]


def test_ones_own_rate_of_one_phase_is_of_the_chips_that_it_names():
    """A server's decode rate was once taken for that of 144 chips."""
    own = parse("decode, ISL/OSL 2048/2048", "tokens/s/node")
    assert (own.chips, own.layout) == (8, None)


def test_a_sweep_on_one_server_serves_prompts_and_answers_together():
    metric = "total (in+out) throughput at 23 tok/s/user, 8k/1k fp8"
    amd, nvidia = (
        parse(metric, "total tokens/s/GPU", chip=chip, n_chips="", source_title="InferenceX compare page")
        for chip in ("MI300X", "B200")
    )
    assert (amd.chips, str(amd.layout), amd.apart, amd.running_max) == (8, "TP8", False, 64.0)
    assert (nvidia.chips, nvidia.layout, nvidia.apart) == (16, None, True)


def test_a_sweep_proposes_tokens_where_its_recipes_do():
    metric = "total (in+out) throughput at 42 tok/s/user, 8k/1k fp8"
    drafts = {
        chip: parse(
            metric, "total tokens/s/GPU", chip=chip, n_chips="", source_title="InferenceX compare page"
        ).draft_tokens
        for chip in ("GB200 NVL72", "B200", "H100", "MI300X")
    }
    assert drafts == {"GB200 NVL72": 3.0, "B200": 3.0, "H100": 0.0, "MI300X": 0.0}


@pytest.mark.parametrize(
    ("metric", "running", "draft"),
    [
        ("output, 1024/1024, concurrency 64", 64.0, 0.0),
        ("output, 1024/1024 at 256 concurrent requests, MTP3", 256.0, 3.0),
        ("output, ISL 1024 OSL 1024, batch size 32, with MTP", 32.0, 1.0),
        ("output, 8k/1k, conc=16, EAGLE3 2", 16.0, 2.0),
        ("output, 8k/1k without MTP, 16M tokens a batch", math.inf, 0.0),
        ("output, 2048/128, batch size 32 per GPU", math.inf, 0.0),
    ],
)
def test_requests_in_flight_and_tokens_proposed_ahead_are_read(metric, running, draft):
    found = parse(metric, "output tokens/s/system")
    assert (found.running_max, found.draft_tokens) == (running, draft)
    assert found.acceptance == (0.7 if draft else 0.0)


def test_a_submission_with_a_public_engine_is_not_taken_for_a_makers_own():
    suites = [
        parse(
            "MLPerf v5.1 Offline",
            "output tokens/s/system",
            model="llama3.1-8b",
            chip="H100",
            source_title="MLPerf Inference v5.1 closed datacenter",
            quote=f"5.1-0083 {submitter} 1x1 NVIDIA H100-SXM-80GB",
        ).suite
        for submitter in ("RedHat", "NVIDIA")
    ]
    assert suites == ["engine", "mlperf"]


def test_the_answers_of_a_summary_have_the_length_that_the_benchmark_checks():
    found = parse("MLPerf v6.1 Offline", "tokens/s/system", model="gpt-oss-120b", chip="GB300")
    assert (found.input_tokens, found.output_tokens) == (4000.0, 1278.2)
