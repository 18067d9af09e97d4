"""What a unit serves is computed from its model and chip, unless the case says otherwise."""

import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from small_case import ABSENT, SMALL, compiled, loaded, offer, workload

from capexpand.errors import CaseError
from capexpand.hardware.calibration import Calibration, Level, write_calibration
from capexpand.hardware.efficiency import fitted_factors
from capexpand.hardware.estimate import ServingQuestion, serve
from capexpand.hardware.specs import Load
from capexpand.hardware.training import train
from capexpand.model.rates import SECONDS_PER_QUARTER, computed_workloads, service_rates, token_service

SERVING = {
    "model": "Qwen2.5 72B",
    "input": "2000 token",
    "output": "500 token",
    "cached": "25 %",
    "tpot": "50 ms",
    "ttft": "2 s",
}
H20 = {"offers.server.accelerator": "H20 96GB", "offers.server.accelerators": 8}
COMPUTED = {**H20, "workloads.chat.serving": SERVING, "workloads.chat.throughput": ABSENT}
LOAD = Load(2000.0, 500.0, 0.25, time_per_token_s=0.05, time_to_first_token_s=2.0)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def rate(changes: dict[str, object]):
    return service_rates(loaded(changes))[0][0]


def test_a_computed_rate_is_that_of_the_hardware_layer():
    """Tokens in and out of one server, as ``serve`` gives them, over a quarter of 7,889,400 seconds, in 1e12.

    Sensitivity: with the answers alone counted it would be a fifth (500 of 2500 tokens).
    """
    answer = serve(ServingQuestion("Qwen2.5 72B", "H20", chips=8, load=LOAD))
    both = (answer.input_tokens_per_s + answer.output_tokens_per_s) * 7_889_400 / 1e12
    found = rate(COMPUTED)
    assert (found.origin, found.bound_by) == ("computed", answer.bound_by)
    assert found.volume_per_quarter == pytest.approx(both, rel=1e-12)
    only = rate({**COMPUTED, "workloads.chat.serving": {**SERVING, "counted": "output"}})
    assert only.volume_per_quarter == pytest.approx(both / 5, rel=1e-9)


def test_the_plan_uses_the_computed_rate_times_the_usable_share():
    volume = rate(COMPUTED).volume_per_quarter
    data = compiled({**COMPUTED, "workloads.chat.usable_share": "40 %"})
    assert data.workloads.service[0, 0] == pytest.approx(0.4 * volume, rel=1e-12)


def test_a_stated_rate_takes_the_place_of_a_computed_one():
    measured = {"value": "9000 token/s", "source": "own test of March 2025"}
    found = rate({**COMPUTED, "workloads.chat.throughput": {"server": measured}})
    assert (found.origin, found.note) == ("stated", "own test of March 2025")
    assert found.volume_per_quarter == pytest.approx(9000 * SECONDS_PER_QUARTER / 1e12)


def test_the_share_reached_scales_what_is_computed():
    half = rate({**COMPUTED, "workloads.chat.serving": {**SERVING, "reached": 0.5}})
    assert half.volume_per_quarter == pytest.approx(rate(COMPUTED).volume_per_quarter / 2)


def test_a_rate_beside_its_own_is_a_share_of_the_computed_one():
    text = {"server": {"relative_to": "server", "times": 0.7, "reason": "young software"}}
    found = rate({**COMPUTED, "workloads.chat.throughput": text})
    assert found.origin == "relative"
    assert found.volume_per_quarter == pytest.approx(0.7 * rate(COMPUTED).volume_per_quarter)
    assert found.note == "0.7 × its computed rate: young software"


def test_a_successor_is_stated_beside_a_known_chip():
    successor = {"next": {"relative_to": "server", "times": 1.7, "reason": "trend"}}
    changes = {**COMPUTED, "offers.next": offer(), "workloads.chat.throughput": successor}
    (first,), (second,) = service_rates(loaded(changes))
    assert second.volume_per_quarter == pytest.approx(1.7 * first.volume_per_quarter)
    assert second.note == "1.7 × server: trend"


def test_what_does_not_fit_serves_nothing_and_says_why():
    big = {
        **COMPUTED,
        "workloads.chat.serving": {**SERVING, "model": "DeepSeek V3"},
        "offers.server.accelerators": 4,
    }
    found = rate(big)
    assert found.volume_per_quarter == 0.0
    assert found.note.startswith("does not fit: DeepSeek V3 needs 671 GB")
    assert compiled(big).workloads.service[0, 0] == 0.0
    together = rate(
        {**big, "workloads.chat.serving": {**SERVING, "model": "DeepSeek V3", "units_together": 8}}
    )
    assert together.volume_per_quarter > 0.0


def test_the_memory_that_a_workload_asks_for_holds_for_computed_rates():
    found = rate({**COMPUTED, "workloads.chat.memory": "800 GB", "offers.server.memory": "768 GB"})
    assert found.volume_per_quarter == 0.0
    assert found.note == "does not fit: the workload asks for 800 GB of memory, a unit has 768 GB"


def test_an_offer_without_an_accelerator_keeps_to_what_is_stated():
    rates = service_rates(loaded({**COMPUTED, "offers.cpu": offer()}))
    assert (rates[1][0].origin, rates[1][0].volume_per_quarter) == ("none", 0.0)
    stated = service_rates(loaded({}))[0][0]
    assert (stated.origin, stated.volume_per_quarter) == ("stated", 1.0)
    assert computed_workloads(loaded({})) == ()
    assert computed_workloads(loaded(COMPUTED)) == ("chat",)


def test_training_takes_the_utilisation_of_the_hardware_layer():
    """Operations of 8 chips in a quarter: those of the run over its chip-seconds at full progress."""
    training = {"model": "Qwen2.5 72B", "accelerators": 2048}
    changes = {
        **H20,
        "workloads.chat": workload(
            unit="FLOP",
            demand="1 ZFLOP/quarter",
            price="1 CNY/PFLOP",
            throughput={},
            training=training,
        ),
    }
    run = train("Qwen2.5 72B", "H20", chips=2048, tokens=1e12, goodput=1.0)
    expected = run.operations / (run.chip_hours * 3600) * 8 * SECONDS_PER_QUARTER / 1e21
    assert rate(changes).volume_per_quarter == pytest.approx(expected, rel=1e-9)


def test_answers_are_kept_by_content_and_read_again(tmp_path, monkeypatch):
    first = rate(COMPUTED)
    (kept,) = (tmp_path / "cache" / "capexpand" / "throughput").iterdir()
    text = kept.read_text()
    assert first.answer is not None
    changed = text.replace(repr(first.answer.output_tokens_per_s), "1.0")
    assert changed != text
    kept.write_text(changed)
    again = rate(COMPUTED)
    assert again.answer is not None
    assert again.answer.output_tokens_per_s == 1.0  # it was read, not computed
    rate({**COMPUTED, "workloads.chat.serving": {**SERVING, "tpot": "40 ms"}})
    assert len(list(kept.parent.iterdir())) == 2  # another question, another answer


def test_without_a_place_to_write_answers_are_computed(tmp_path, monkeypatch):
    expected = rate(COMPUTED).volume_per_quarter
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert rate(COMPUTED).volume_per_quarter == expected


def test_equal_questions_share_an_answer_whatever_the_workload_is_called(tmp_path):
    two = {**COMPUTED, "workloads.more": workload(serving=SERVING, throughput={})}
    chat, more = service_rates(loaded(two))[0]
    assert chat.volume_per_quarter == more.volume_per_quarter
    assert len(list(Path(tmp_path / "cache" / "capexpand" / "throughput").iterdir())) == 1
    assert replace(chat, workload="more") == more


def test_lengths_and_limits_arrive_in_the_units_of_the_hardware_layer():
    serving = loaded(COMPUTED).workloads["chat"].serving
    assert serving is not None
    assert token_service(serving, software_on=None).load == LOAD


def test_a_case_that_names_no_model_needs_no_hardware():
    assert "serving" not in SMALL["workloads"]["chat"]
    assert np.array_equal(compiled().workloads.service, [[1.0]])


DATED = {**COMPUTED, "workloads.chat.serving": {**SERVING, "software": "dated"}}


def test_dated_software_stands_at_the_first_quarter():
    """With software of 2025-04-01, seven months after the model's release, a server serves less.

    Sensitivity: with ``mature`` software the rate would be that of the test above.
    """
    answer = serve(ServingQuestion("Qwen2.5 72B", "H20", chips=8, load=LOAD, software_on=date(2025, 4, 1)))
    both = (answer.input_tokens_per_s + answer.output_tokens_per_s) * SECONDS_PER_QUARTER / 1e12
    found = rate(DATED)
    assert found.volume_per_quarter == pytest.approx(both, rel=1e-12)
    assert found.volume_per_quarter < rate(COMPUTED).volume_per_quarter
    assert found.note.endswith("software of 2025-04-01")


def test_dated_software_gains_in_the_plan_as_its_youth_is_halved():
    """The logarithm of the rate falls with youth, halved every 183 days from release.

    So between two quarters it gains the coefficient times the youth lost, whatever else the rate depends on,
    on top of the case's own productivity. Sensitivity: with ``mature`` software the gains would be 1.
    """
    own = [1.0, 1.1, 1.2, 1.3]
    days = ("2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01")
    data = compiled({**DATED, "workloads.chat.productivity": dict(zip(days, own, strict=True))})
    gains = data.workloads.productivity[0] / own
    logs = dict(fitted_factors().logs)
    reached = [
        logs.get("rate^chip_young", 0.0) * 0.5 ** ((date.fromisoformat(day) - date(2023, 11, 9)).days / 183)
        + logs.get("rate^model_young", 0.0)
        * 0.5 ** ((date.fromisoformat(day) - date(2024, 9, 19)).days / 183)
        for day in days
    ]
    np.testing.assert_allclose(gains, np.exp(np.array(reached) - reached[0]), rtol=1e-9)
    assert gains[-1] > gains[0] == 1.0
    assert compiled(COMPUTED).workloads.productivity[0].tolist() == [1.0] * 4


def test_offers_may_differ_in_whether_their_software_is_dated():
    """Of two equal servers one runs software of each quarter, the other mature one: it gains nothing.

    The workload gains the root of the dated one's gain g(t), so over the plan's quarters the dated server
    has the mean of ½ ln g(t) on top of its first rate and the mature one as much below its own.
    Sensitivity: with ``dated`` for all both would have the first rate of dated software.
    """
    two = {**DATED, "offers.other": {**offer(), "accelerator": "H20 96GB", "accelerators": 8}}
    by_offer = {**two, "workloads.chat.serving": {**SERVING, "software": {"server": "dated"}}}
    alone, mature = rate(DATED).volume_per_quarter, rate(COMPUTED).volume_per_quarter
    (dated,), (other,) = service_rates(loaded(by_offer))
    gains = compiled(DATED).workloads.productivity[0]
    half = np.log(gains) / 2
    assert dated.volume_per_quarter == pytest.approx(alone * math.exp(half.mean()))
    assert other.volume_per_quarter == pytest.approx(mature * math.exp(-half.mean()))
    np.testing.assert_allclose(compiled(by_offer).workloads.productivity[0], np.sqrt(gains))
    assert "for its pace beside other offers" in other.note
    assert "software of" not in other.note


def test_software_of_an_offer_that_there_is_not_is_refused():
    wrong = {**COMPUTED, "workloads.chat.serving": {**SERVING, "software": {"servr": "dated"}}}
    with pytest.raises(CaseError, match="names no offer; did you mean server"):
        loaded(wrong)


def test_a_calibration_moves_what_a_unit_serves_to_ones_own_level(tmp_path):
    """Measured at 0.7 of what is computed for all, 0.5 of that again on H20: a server serves 0.35.

    Sensitivity: without the file the factor would be 1, and of another chip it would be 0.7.
    """
    levels = (Level("", "", math.log(0.7), 3), Level("H20", "", math.log(0.5), 3))
    write_calibration(Calibration(levels, 0.1, 3, 0.6, 0.1, 0.1), tmp_path / "own.json")
    serving = {**SERVING, "calibration": str(tmp_path / "own.json")}
    found = rate({**COMPUTED, "workloads.chat.serving": serving})
    assert found.volume_per_quarter == pytest.approx(0.35 * rate(COMPUTED).volume_per_quarter)
    assert found.answer is not None
    assert found.answer.evidence == "calibrated"
    assert found.note.endswith("calibrated")


@pytest.mark.parametrize(
    ("content", "says"), [(None, "own.json"), ("{}", "is not a calibration"), ("[", "own.json:1")]
)
def test_a_file_that_is_no_calibration_is_refused_with_its_place(tmp_path, content, says):
    path = tmp_path / "own.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(CaseError, match=says):
        loaded({**COMPUTED, "workloads.chat.serving": {**SERVING, "calibration": str(path)}})
