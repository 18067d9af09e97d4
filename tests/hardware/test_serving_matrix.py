"""The matrix of offers and workloads, and answers kept by content."""

from dataclasses import replace

import pytest

from capexpand.errors import CaseError
from capexpand.hardware import matrix
from capexpand.hardware.estimate import serve
from capexpand.hardware.matrix import Measured, TokenService, Unit, answer_for, content_key, serving_matrix
from capexpand.hardware.specs import Load

UNITS = (Unit("h20 server", "H20", 8), Unit("910C server", "Ascend 910C", 8))
CHAT = TokenService("chat", "Qwen3 32B", Load(1500.0, 400.0, time_per_token_s=0.05))
BIG = TokenService("big", "Kimi K2", Load(1500.0, 400.0))


def test_cells_hold_what_one_unit_serves():
    cells = serving_matrix(UNITS, (CHAT, BIG))
    alone = serve("Qwen3 32B", "H20", chips=8, load=CHAT.load)
    assert cells[0][0].output_tokens_per_s == alone.output_tokens_per_s > 0
    assert cells[0][0].bound_by == alone.bound_by
    assert [len(row) for row in cells] == [2, 2]


def test_a_model_that_does_not_fit_says_why():
    cell = serving_matrix(UNITS, (BIG,))[0][0]
    assert cell.output_tokens_per_s == 0
    assert "does not fit" in cell.bound_by


def test_a_measured_value_takes_the_place_of_the_computed_one():
    measured = Measured("h20 server", "chat", 1234.0, "our own bench of 2025-02-01")
    cell = serving_matrix(UNITS, (CHAT,), measured=(measured,))[0][0]
    assert (cell.output_tokens_per_s, cell.bound_by, cell.source) == (1234.0, "measured", measured.source)
    assert cell.serving.output_tokens_per_s != 1234.0


@pytest.mark.parametrize(
    "change",
    [{"offer": "none"}, {"output_tokens_per_s": 0.0}, {"output_tokens_per_s": float("nan")}, {"source": " "}],
)
def test_a_wrong_measured_value_is_refused(change):
    measured = replace(Measured("h20 server", "chat", 1.0, "bench"), **change)
    with pytest.raises(CaseError):
        serving_matrix(UNITS, (CHAT,), measured=(measured,))


def test_the_key_follows_the_content_and_not_the_names():
    first = content_key(UNITS[0], CHAT)
    assert content_key(replace(UNITS[0], offer="renamed"), replace(CHAT, workload="renamed")) == first
    assert content_key(UNITS[0], replace(CHAT, load=replace(CHAT.load, output_tokens=401.0))) != first
    assert content_key(replace(UNITS[0], chips=16), CHAT) != first


def test_an_answer_is_kept_between_runs_and_a_damaged_one_computed_anew(tmp_path, monkeypatch):
    answer = answer_for(UNITS[0], CHAT, folder=tmp_path)
    monkeypatch.setattr(matrix, "_computed", lambda *_: pytest.fail("was computed again"))
    assert answer_for(UNITS[0], CHAT, folder=tmp_path) == answer
    monkeypatch.undo()
    (path,) = tmp_path.iterdir()
    path.write_text("{", encoding="utf-8")
    assert answer_for(UNITS[0], CHAT, folder=tmp_path) == answer
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
