"""Many answers at once are the single answers."""

import numpy as np
import pytest
from throughput_grid import output_rates

from capexpand.errors import CaseError
from capexpand.hardware.estimate import ServingQuestion, serve
from capexpand.hardware.specs import Load


def test_the_array_holds_the_single_answers():
    models, chips, lengths = (
        ("Llama 3.1 8B", "DeepSeek V3"),
        ("H20", "H200"),
        np.array([100.0, 3000.0, 20000.0]),
    )
    load = Load(lengths, 500.0, time_per_token_s=0.06)
    found = output_rates(models, chips, load)
    assert found.shape == (2, 2, 3)
    for i, model in enumerate(models):
        for j, chip in enumerate(chips):
            for k, length in enumerate(lengths):
                alone = serve(
                    ServingQuestion(
                        model, chip, load=Load(length, 500.0, time_per_token_s=0.06), way="together"
                    )
                )
                assert found[i, j, k] == pytest.approx(alone.output_tokens_per_s)


def test_blocks_do_not_show():
    lengths = np.linspace(10, 30_000, 10_000)
    whole = output_rates(("Qwen3 32B",), ("H20",), Load(lengths, 200.0))[0, 0]
    assert whole[::2500] == pytest.approx(
        output_rates(("Qwen3 32B",), ("H20",), Load(lengths[::2500], 200.0))[0, 0]
    )
    assert (np.diff(whole) <= 1e-9 * whole[:-1]).all()


def test_loads_keep_their_shape():
    load = Load(np.ones((4, 1)) * 100, np.ones((1, 5)) * 50)
    assert output_rates(("Qwen3 32B",), ("H20",), load).shape == (1, 1, 4, 5)


def test_one_impossible_load_among_many_is_an_error():
    with pytest.raises(CaseError, match="input_tokens"):
        output_rates(("Qwen3 32B",), ("H20",), Load(np.array([100.0, -1.0]), 50.0))
