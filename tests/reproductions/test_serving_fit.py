"""Step times fitted to runs: real ones, and made ones whose truth is known."""

import json

import numpy as np
import pytest

from capexpand.errors import CaseError
from capexpand.replay.serving.replicas import Replica, Routing, StepTime
from capexpand.replay.serving.serve import serve
from capexpand.replay.traces import make_request_trace
from capexpand_reproductions.minimise import minimise
from capexpand_reproductions.step_times import MeasuredRun, fit_and_predict
from capexpand_reproductions.vllm_runs import find_runs, read_run


def write_run(folder, rows, **meta):
    folder.mkdir(parents=True)
    names = ("input_toks", "output_toks", "queued_ts", "first_token_ts", "last_token_ts")
    lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
    (folder / "requests.jsonl").write_text("\n".join(lines) + "\n")
    engine = {"max_num_seqs": 8, "max_num_batched_tokens": 256}
    (folder / "meta.json").write_text(json.dumps({"engine_kwargs": engine, **meta}))
    return folder


def test_real_runs_are_predicted_from_their_first_half(traces):
    """Mean end to end within 4 %, 99th percentile within 5 %, for every run in the layout."""
    for folder in find_runs(traces):
        fitted = fit_and_predict(read_run(folder))
        assert abs(fitted.held_out.end_to_end_mean) < 0.04
        assert abs(fitted.held_out.end_to_end_p99) < 0.05


def test_the_truth_of_a_made_run_is_found():
    random = np.random.default_rng(3)
    trace = make_request_trace(
        "made",
        np.cumsum(random.exponential(0.2, 120)),
        random.integers(20, 900, 120),
        random.integers(2, 300, 120),
    )
    truth = StepTime(0.015, 8e-5, 1.5e-7, 6e-5)
    limits = Replica(truth, step_tokens=512, sequences=64)
    outcome = serve(trace, limits, routing=Routing.ROUND_ROBIN)
    run = MeasuredRun("made", trace, outcome.first_token_s, outcome.finish_s, limits)
    fitted = fit_and_predict(run)
    assert abs(fitted.held_out.end_to_end_mean) < 0.005
    assert fitted.step_time.per_prefill_token_s == pytest.approx(8e-5, rel=0.1)


def test_the_fit_does_not_see_the_second_half():
    """Other measured times in the second half leave the coefficients as they are."""
    random = np.random.default_rng(4)
    trace = make_request_trace(
        "made",
        np.cumsum(random.exponential(0.2, 40)),
        random.integers(20, 900, 40),
        random.integers(2, 100, 40),
    )
    limits = Replica(StepTime(0.015, 8e-5, 1.5e-7, 6e-5), step_tokens=512, sequences=64)
    outcome = serve(trace, limits, routing=Routing.ROUND_ROBIN)
    late = np.arange(40) >= 20
    honest = MeasuredRun("a", trace, outcome.first_token_s, outcome.finish_s, limits)
    spoilt = MeasuredRun("b", trace, outcome.first_token_s + 9 * late, outcome.finish_s + 9 * late, limits)
    assert fit_and_predict(honest).step_time == fit_and_predict(spoilt).step_time


def test_a_valley_is_walked_down_to_its_bottom():
    place, value = minimise(
        lambda x: float((1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2),
        np.array([-1.2, 1.0]),
        evaluations=2000,
        tolerance=1e-9,
    )
    assert place == pytest.approx([1.0, 1.0], abs=1e-4)
    assert value < 1e-8


def test_a_run_is_read_with_its_limits(tmp_path):
    cache = {"num_gpu_blocks": 11, "block_size": 16}
    folder = write_run(tmp_path / "run", [(5, 2, 11.0, 12.0, 13.0), (6, 1, 10.0, 10.5, 10.5)], kv_cache=cache)
    run = read_run(folder)
    assert run.trace.arrival_s.tolist() == [0.0, 1.0]
    assert run.trace.prompt_tokens.tolist() == [6, 5]
    assert run.finish_s.tolist() == [0.5, 3.0]
    assert run.limits.memory_tokens == 160
    assert find_runs(tmp_path) == (folder,)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"input_toks": 5}', "output_toks: is missing"),
        ("{", "not JSON"),
        (
            '{"input_toks": null, "output_toks": 1, "queued_ts": 1, "first_token_ts": 2, "last_token_ts": 3}',
            "number",
        ),
        ("", "no request"),
    ],
)
def test_a_damaged_run_is_named_by_line(tmp_path, line, message):
    folder = write_run(tmp_path / "run", [])
    (folder / "requests.jsonl").write_text(line + "\n")
    with pytest.raises(CaseError, match=message):
        read_run(folder)


def test_a_run_without_limits_is_refused(tmp_path):
    folder = write_run(tmp_path / "run", [(5, 2, 1.0, 2.0, 3.0)])
    (folder / "meta.json").write_text("{}")
    with pytest.raises(CaseError, match="engine_kwargs"):
        read_run(folder)
    (folder / "meta.json").write_text("{")
    with pytest.raises(CaseError, match="not JSON"):
        read_run(folder)


def test_a_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(CaseError, match=r"requests\.jsonl"):
        find_runs(tmp_path)
