"""Tests of finitely many requests: what the end of a test, and requests that come at a rate, cost."""

import math
from dataclasses import replace

import numpy as np
import pytest

from capexpand.hardware.burst import idle_share, of_one_copy
from capexpand.hardware.estimate import ServingQuestion, serve
from capexpand.hardware.lab_conditions import started
from capexpand.hardware.layouts import Layout
from capexpand.hardware.measurements import parse_row
from capexpand.hardware.specs import Load


def _row(**cells):
    usual = {
        "model": "Qwen3-32B",
        "chip": "H100 SXM",
        "n_chips": "1",
        "precision": "FP8",
        "metric": "total (in+out) tokens/s, medium prompt, optimised vllm",
        "value": "1000",
        "unit": "total tokens/s/system",
        "source_title": "GPUStack performance lab: qwen3-32b on h100",
        "quote": "| cmd: vllm serve Qwen/Qwen3-32B-FP8",
    }
    return parse_row(usual | cells, 1)


def _requests(load):
    return serve(
        ServingQuestion("Llama 3.1 8B", "H100", chips=1, load=load, layout=Layout(1), way="together")
    ).requests_per_s


def test_answers_of_one_length_that_all_run_at_once_end_together():
    """With 100 requests in 200 slots and no variation nothing runs empty."""
    assert idle_share(Load(100.0, 100.0, test_requests=100.0), slots=np.array(200.0)) == 0.0


def test_answers_that_vary_leave_the_longest_behind():
    """Of 1000 answers in flight whose standard deviation is their mean, the last takes ln 1000 − 0.42 longer.

    ln 1000 = 6.908, so 6.488 answers' steps. With 100 slots for them it is ln 100 − 0.42 = 4.185.
    """
    load = Load(100.0, 100.0, output_variation=1.0, test_requests=1000.0)
    assert float(idle_share(load, slots=np.array(1000.0))) == pytest.approx(6.488, abs=1e-3)
    assert float(idle_share(load, slots=np.array(100.0))) == pytest.approx(4.185, abs=1e-3)


def test_slots_that_are_filled_one_by_one_are_half_through_at_the_end():
    """Three waves of answers of one length lose half of a wave; one and a half waves a quarter."""
    load = Load(100.0, 100.0, test_requests=300.0)
    assert float(idle_share(load, slots=np.array(100.0))) == 0.5
    assert float(idle_share(load, slots=np.array(200.0))) == 0.25


def test_a_test_reaches_less_than_a_stream_and_tends_to_it():
    stream = _requests(Load(1000.0, 200.0, output_variation=1.0))
    tests = [
        _requests(Load(1000.0, 200.0, output_variation=1.0, test_requests=count))
        for count in (1e3, 1e4, 1e5, 1e7)
    ]
    assert tests == sorted(tests)
    assert tests[-1] < stream
    assert tests[-1] == pytest.approx(stream, rel=1e-2)


def test_no_more_is_served_than_arrives():
    """One request a second on a chip that could serve many: a hundred take 99 to 100 s and a little more."""
    load = Load(1000.0, 100.0, test_requests=100.0, arrivals_per_s=1.0)
    assert 0.9 < _requests(load) < 1.0
    assert _requests(replace(load, test_requests=math.inf)) == pytest.approx(1.0, rel=0.2)


def test_a_copy_gets_its_share_of_the_requests_in_flight():
    """Of 1000 requests in flight on eight chips, a copy on two of them gets 250."""
    load = Load(1.0, 1.0, running_max=1000.0, test_requests=2000.0)
    shared = of_one_copy(load, 2.0, 8.0)
    assert (float(shared.running_max), float(shared.test_requests)) == (250.0, 500.0)
    assert of_one_copy(Load(1.0, 1.0), 2.0, 8.0) == Load(1.0, 1.0)


@pytest.mark.parametrize(
    ("command", "chips", "layout", "sequences"),
    [
        ("vllm serve a/b --max-model-len 32768", 1, Layout(1), 1024.0),
        ("vllm serve a/b -tp 4 --max-num-seqs 300", 4, Layout(4), 300.0),
        ("python3 -m sglang.launch_server --tp-size=8 --enable-dp-attention", 8, Layout(8), math.inf),
        ("x --tp-size=8 --dp-size=8 --enable-dp-attention", 8, Layout(1, data=8), math.inf),
    ],
)
def test_a_command_says_how_an_engine_was_started(command, chips, layout, sequences):
    found = started("GPUStack performance lab: a", "sharegpt", f"| cmd: {command}", "H100")
    assert (found.chips, found.layout, found.sequences) == (chips, layout, sequences)


def test_an_engine_runs_on_one_chip_unless_told_otherwise():
    """A page that names two chips as its hardware and a command without a split measured one of them."""
    found = _row(n_chips="2", value="5000")
    assert (found.chips, found.tokens_per_chip_s) == (1, 5000.0)
    assert (found.test_requests, found.running_max) == (500.0, 1024.0)


def test_weights_that_one_chip_cannot_hold_keep_the_chips_that_are_stated():
    found = _row(model="Qwen3-235B-A22B", n_chips="8", precision="FP8")
    assert found.chips == 8


def test_the_makers_bench_spreads_attention_of_experts_over_ranks():
    """Its pages set attention data-parallel for models with experts, and say how many requests it sends."""
    cells = {
        "metric": "output throughput at max load, ISL/OSL 1000/1000, TP4,PP2",
        "n_chips": "8",
        "unit": "output tokens/s/system",
        "source_title": "TensorRT-LLM perf-overview v1.0",
        "quote": "",
    }
    found = _row(model="Qwen3-235B-A22B", **cells)
    assert (found.layout, found.test_requests) == (Layout(1, data=4, stages=2), 3000.0)
    assert _row(model="Llama 3.1 70B", **cells).layout == Layout(4, stages=2)
