"""tokens, train, calibrate and chips as functions give what the command line prints."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

import capexpand as cx
from commands import capexpand


def printed(*arguments: object) -> Any:
    done = capexpand(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def plain(document: object) -> Any:
    return json.loads(json.dumps(document))


def test_tokens_as_a_function_gives_what_the_command_prints() -> None:
    found = cx.tokens("Llama 3.1 70B", "H100", count=8, output_tokens=512.0, hourly_price=2.0)
    assert isinstance(found, cx.ServedTokens)
    said = printed("tokens", "Llama 3.1 70B", "H100", "--count", 8, "--output", 512, "--hourly-price", 2)
    assert plain(found.document) == said
    assert "tokens/s" in repr(found)
    assert found.tables["tokens"].height == 1


def test_price_of_a_token_is_the_price_of_an_hour_over_the_tokens_of_an_hour() -> None:
    """Tokens of an hour at their prices make the price of the hour: input and output share it."""
    found = cx.tokens("Llama 3.1 70B", "H100", count=8, hourly_price=2.0)
    assert isinstance(found, cx.ServedTokens)
    assert found.costs is not None
    answer = found.answer
    hour = 8 * 2.0
    paid = (
        answer.input_tokens_per_s * 3600 / 1e6 * found.costs.per_million_input
        + answer.output_tokens_per_s * 3600 / 1e6 * found.costs.per_million_output
    )
    assert paid == pytest.approx(hour, rel=1e-6)


def test_a_curve_falls_in_tokens_per_chip_as_users_are_served_faster() -> None:
    found = cx.tokens("Llama 3.1 70B", "H100", count=8, pareto=True)
    assert isinstance(found, cx.TradeCurve)
    table = found.tables["curve"].sort("tokens_per_user_s")
    assert table.height > 3
    assert table["tokens_per_chip_s"].is_sorted(descending=True)


def test_training_as_a_function_gives_what_the_command_prints() -> None:
    found = cx.train("Llama 3.1 405B", "H100", chips=16_384, tokens=15e12)
    said = printed("train", "Llama 3.1 405B", "H100", "--chips", 16384, "--tokens", 15e12)
    assert said["days"] == pytest.approx(found.found.days)


def test_chips_as_a_function_give_what_the_command_prints() -> None:
    found = cx.chips("H20", on=date(2025, 4, 20), to="CN")
    assert plain(found.document) == printed("chips", "H20", "--on", "2025-04-20", "--to", "CN")
    assert found.tables["figures"].height > 5
    assert "accelerators" in repr(found)


def test_a_sale_to_nowhere_is_refused() -> None:
    with pytest.raises(cx.CaseError, match="say where the chips are to stand"):
        cx.chips("H20", buyer="Somebody")
    with pytest.raises(cx.CaseError, match="name a model and a chip"):
        cx.tokens("Llama 3.1 70B")
