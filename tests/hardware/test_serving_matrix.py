"""Answers on what a unit serves of a workload, kept by content."""

from dataclasses import replace

import pytest

from capexpand.hardware import matrix
from capexpand.hardware.matrix import OfferUnit, TokenService, answer_for, content_key
from capexpand.hardware.specs import Load

UNITS = (OfferUnit("h20 server", "H20", 8),)
CHAT = TokenService("chat", "Qwen3 32B", Load(1500.0, 400.0, time_per_token_s=0.05))


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
